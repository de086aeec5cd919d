//! Rows for people: aligned, units in the head, statuses in words.

use std::fmt::Write;

use emu_client::emu_proto::{Column, Dialect, HeaderForm, Quantity, Status, write_row};
use emu_client::{Entry, Log};

/// The layout of a table of one log.
pub(crate) struct Table {
    columns: Vec<Cell>,
    /// A row with its decimals, cells separated by `;`.
    cells: String,
}

struct Cell {
    /// Where its value stands in a row.
    position: usize,
    /// Where the value before a change stands.
    before: Option<usize>,
    title: String,
    unit: &'static str,
    quantity: Quantity,
    width: usize,
}

/// Columns that are shown unless all are, with titles that take little room.
const LOAD_PROFILE: &[(&str, &str)] = &[
    ("timestamp", "Time (UTC)"),
    ("index", "Index"),
    ("active_energy_import_l123_t1_wh", "Import T1"),
    ("active_energy_import_l123_t2_wh", "Import T2"),
    ("active_energy_export_l123_t1_wh", "Export T1"),
    ("active_energy_export_l123_t2_wh", "Export T2"),
    ("active_power_l123_w", "Power"),
    ("voltage_l1_n_dv", "L1-N"),
    ("voltage_l2_n_dv", "L2-N"),
    ("voltage_l3_n_dv", "L3-N"),
    ("frequency_dhz", "Freq."),
    ("status", "Status"),
];

const LOGBOOK: &[(&str, &str)] = &[
    ("timestamp", "Time (UTC)"),
    ("timestamp_after", "Time after"),
    ("index", "Index"),
    ("load_profile_index", "Row"),
    ("ct_primary", "CT prim."),
    ("ct_secondary", "CT sec."),
    ("vt_primary", "VT prim."),
    ("vt_secondary", "VT sec."),
    ("s0_pulse_value_per_kwh", "Pulse value"),
    ("s0_pulse_width_ms", "Pulse width"),
];

impl Table {
    pub(crate) fn new<R: Entry>(wide: bool) -> Self {
        let cell = |position: usize, column: &'static Column, title: &str, before| {
            let width = width(column.quantity) + if before { 8 } else { 0 };
            let width = width.max(title.len()).max(column.quantity.unit().len());
            Cell {
                position,
                before: None,
                title: title.to_owned(),
                unit: column.quantity.unit(),
                quantity: column.quantity,
                width,
            }
        };
        let find = |key: &str| R::COLUMNS.iter().position(|column| column.key == key);
        let columns = if wide {
            let all = R::COLUMNS.iter().enumerate();
            let mut all: Vec<Cell> = all.map(|(position, column)| cell(position, column, column.name, false)).collect();
            // Words of any length come last, where they spoil no alignment.
            all.sort_by_key(|cell| cell.quantity == Quantity::Status);
            all
        } else {
            let chosen = if R::LOG == Log::LoadProfile { LOAD_PROFILE } else { LOGBOOK };
            let place = |(key, title): &(&str, &str)| {
                let position = find(key)?;
                let before = R::COLUMNS.get(position + 1).filter(|next| is_before(key, next.key)).map(|_| position + 1);
                let column = R::COLUMNS.get(position)?;
                Some(Cell { before, ..cell(position, column, title, before.is_some()) })
            };
            chosen.iter().filter_map(place).collect()
        };
        Self { columns, cells: String::new() }
    }

    /// Writes titles and units.
    pub(crate) fn head(&self, out: &mut String) {
        self.line(out, |cell, text| text.push_str(&cell.title));
        self.line(out, |cell, text| text.push_str(cell.unit));
    }

    /// Writes a row.
    pub(crate) fn row<R: Entry>(&mut self, out: &mut String, row: &R) {
        self.cells.clear();
        // With decimals; a `String` takes everything.
        let dialect = Dialect { header: HeaderForm::Plain, ..Dialect::KNOWN };
        let _: std::fmt::Result = write_row(&mut self.cells, &dialect, row);
        let cells: Vec<&str> = self.cells.trim_end().split(';').collect();
        let value = |position: usize| cells.get(position).copied().unwrap_or_default();
        self.line(out, |cell, text| {
            let shown = value(cell.position);
            if let Some(before) = cell.before.map(value).filter(|before| !before.is_empty()) {
                text.push_str(before);
                text.push_str(" > ");
            }
            match cell.quantity {
                Quantity::Status => match shown.parse() {
                    Ok(0) => text.push('-'),
                    Ok(bits) => text.push_str(&Status::from_bits_retain(bits).to_string()),
                    Err(_) => text.push_str(shown),
                },
                Quantity::Timestamp if shown.is_empty() => text.push('-'),
                Quantity::Timestamp => text.push_str(&shown.replace('T', " ").replace('Z', "")),
                _ => text.push_str(shown),
            }
        });
    }

    fn line(&self, out: &mut String, mut write: impl FnMut(&Cell, &mut String)) {
        let mut text = String::new();
        for (number, cell) in self.columns.iter().enumerate() {
            text.clear();
            write(cell, &mut text);
            let gap = if number == 0 { "" } else { "  " };
            let width = cell.width;
            // A `String` takes everything.
            let _: std::fmt::Result = match cell.quantity {
                Quantity::Timestamp => write!(out, "{gap}{text:<width$}"),
                Quantity::Status => write!(out, "{gap}{text}"),
                _ => write!(out, "{gap}{text:>width$}"),
            };
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
}

/// Whether `next` holds the value before a change of `key`: `ct_primary_before`, `s0_pulse_width_before_ms`.
fn is_before(key: &str, next: &str) -> bool {
    next.contains("_before") && key.starts_with(next.split("_before").next().unwrap_or(next))
}

/// How wide the values of most meters are.
const fn width(quantity: Quantity) -> usize {
    match quantity {
        Quantity::Timestamp => 19,
        Quantity::ActiveEnergy | Quantity::ReactiveEnergy => 10,
        Quantity::SerialNumber => 8,
        Quantity::Index | Quantity::ActivePower | Quantity::Current => 7,
        _ => 5,
    }
}
