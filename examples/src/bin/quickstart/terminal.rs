//! The mean power on a terminal, as an area from zero, of braille characters: each has two dots by four.
//!
//! On a terminal, import and export have colours, unless `NO_COLOR` is set.

use std::io::{self, IsTerminal, Write};

use crate::profile::{Chart, Ticks};

const COLUMNS: usize = 73;
const ROWS: usize = 14;

/// The bits of a braille character's dots, by column and row from the top.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

pub(crate) fn write(out: &mut impl Write, chart: &Chart<'_>) -> io::Result<()> {
    let area = Area::of(chart);
    let has_colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    writeln!(out, "Mean power in {}, of {}, UTC; below zero is export\n", area.ticks.unit(), chart.slot().each())?;
    let mut labels = vec![String::new(); ROWS];
    for mark in area.ticks.marks() {
        labels[area.dots(mark) / 4] = area.ticks.label(mark);
    }
    let zero = area.dots(0) / 4;
    for (row, cells) in area.draw().iter().enumerate().rev() {
        let line: String = cells.iter().filter_map(|dots| char::from_u32(0x2800 + dots)).collect();
        let line = line.trim_end_matches('\u{2800}');
        let (colour, end) = match (has_colours, row >= zero) {
            (false, _) => ("", ""),
            (true, true) => ("\x1b[33m", "\x1b[0m"),
            (true, false) => ("\x1b[32m", "\x1b[0m"),
        };
        writeln!(out, "{:>7} {}{colour}{line}{end}", labels[row], if labels[row].is_empty() { '│' } else { '┤' })?;
    }
    let (axis, times) = time_axis(chart);
    writeln!(out, "{:>7} └{axis}\n{:>8} {times}", "", "")
}

/// The mean power of each column of dots.
struct Area {
    means: Vec<Option<i64>>,
    ticks: Ticks,
}

impl Area {
    fn of(chart: &Chart<'_>) -> Self {
        let slot = |x: usize| x as i64 * chart.width() / (COLUMNS * 2) as i64;
        let mean = |x: usize| Some(chart.power(slot(x), slot(x).max(slot(x + 1) - 1))?.mean());
        let means: Vec<Option<i64>> = (0..COLUMNS * 2).map(mean).collect();
        let known = || means.iter().flatten().copied().chain([0]);
        let ticks = Ticks::over(known().min().unwrap_or(0)..=known().max().unwrap_or(0));
        Self { means, ticks }
    }

    /// Returns how many dots from the bottom this power is.
    fn dots(&self, power: i64) -> usize {
        let most = ROWS * 4 - 1;
        let share = (power - self.ticks.bottom) as f64 / (self.ticks.top - self.ticks.bottom) as f64;
        ((share * most as f64).round() as usize).min(most)
    }

    /// Draws into rows of cells, the lowest first.
    fn draw(&self) -> Vec<[u32; COLUMNS]> {
        let mut rows = vec![[0; COLUMNS]; ROWS];
        let zero = self.dots(0);
        for (x, mean) in self.means.iter().enumerate() {
            let Some(mean) = mean.map(|mean| self.dots(mean)) else { continue };
            for y in zero.min(mean)..=zero.max(mean) {
                rows[y / 4][x / 2] |= DOTS[x % 2][3 - y % 4];
            }
        }
        rows
    }
}

/// Returns the axis of time with its marks, and what is written below.
fn time_axis(chart: &Chart<'_>) -> (String, String) {
    let (mut axis, mut labels) = (vec!['─'; COLUMNS], String::new());
    for (slot, label) in chart.times() {
        let column = (slot * COLUMNS as i64 / chart.width()) as usize;
        // What has no room is left out.
        if column > labels.chars().count() || labels.is_empty() {
            axis[column] = '┬';
            labels = format!("{labels:<column$}{label}");
        }
    }
    (axis.into_iter().collect(), labels)
}
