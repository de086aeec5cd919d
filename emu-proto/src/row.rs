//! The careful way through a row: any column order, any dialect, and an exact error.
//!
//! One function reads the rows of both logs, by their tables, so that a program that reads both has it once.

use crate::columns::{Quantity, Table};
use crate::dialect::Deviations;
use crate::entry::sealed::Integers;
use crate::error::ReadErrorKind;
use crate::header::{Layout, Scale, UNKNOWN};
use crate::number::{Number, NumberFault};
use crate::time::read_time;

/// A fault within a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineError<'a> {
    pub(crate) kind: ReadErrorKind,
    /// The column's number, [`UNKNOWN`] for none.
    pub(crate) column: u8,
    /// Where the faulty bytes start within the line.
    pub(crate) at: usize,
    pub(crate) found: &'a [u8],
}

/// Reads a line from `start` on, without its line end, and notes the deviations that it has. All columns of the entry are
/// written, unless there is a fault.
pub(crate) fn read_line<'a>(
    line: &'a [u8],
    start: usize,
    layout: &Layout,
    table: &Table,
    entry: &mut dyn Integers,
    met: &mut Deviations,
) -> Result<(), LineError<'a>> {
    let mut cells = Cells::new(line, start, layout.delimiter);
    for number in layout.columns() {
        let at = cells.at;
        let Some(cell) = cells.next() else { return Err(wrong_count(line, start, layout)) };
        let outcome = match (cell, table.kind(number)) {
            (Err(fault), _) => Err((fault, rest(line, at))),
            (Ok(bytes), Some((quantity, optional))) => {
                let cell = Cell { quantity, optional, scale: layout.scale(number) };
                cell.read(bytes, met).map(|value| entry.put(number, value)).map_err(|kind| (kind, bytes))
            }
            // A column that the manual does not have: the cell may be anything.
            (Ok(_), None) => Ok(()),
        };
        if let Err((kind, found)) = outcome {
            return Err(LineError { kind, column: number, at, found });
        }
    }
    match cells.next() {
        None => {}
        Some(Ok(b"")) if cells.is_at_end() => met.insert(Deviations::TRAILING_DELIMITER),
        Some(_) => return Err(wrong_count(line, start, layout)),
    }
    met.insert(cells.met);
    Ok(())
}

/// The cells of a line, between delimiters, quotes and padding removed.
pub(crate) struct Cells<'a> {
    line: &'a [u8],
    /// Where the next cell starts; past the end of the line after the last one.
    at: usize,
    delimiter: u8,
    /// Which of quotes and padding were removed.
    pub(crate) met: Deviations,
}

impl<'a> Cells<'a> {
    pub(crate) fn new(line: &'a [u8], start: usize, delimiter: u8) -> Self {
        Self { line, at: start, delimiter, met: Deviations::empty() }
    }

    /// Returns where the next cell starts.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Returns whether there is no further cell.
    pub(crate) fn is_at_end(&self) -> bool {
        self.at > self.line.len()
    }

    /// Returns the length of the next cell, which starts with a quote, up to the delimiter behind its closing quote.
    fn quoted(&self, rest: &[u8]) -> Option<usize> {
        // The opening quote, what is quoted with the closing one, and blanks.
        let mut quotes = 0u8;
        let end = rest.iter().position(|byte| match *byte {
            b'"' => {
                quotes = quotes.saturating_add(1);
                quotes > 2
            }
            byte => quotes == 2 && byte != b' ',
        });
        match end.and_then(|end| rest.get(end)) {
            None if quotes == 2 => Some(rest.len()),
            Some(byte) if *byte == self.delimiter => end,
            _ => None,
        }
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Result<&'a [u8], ReadErrorKind>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.line.get(self.at..)?;
        let length = if rest.first() == Some(&b'"') {
            match self.quoted(rest) {
                Some(length) => length,
                None => return Some(Err(ReadErrorKind::Quote)),
            }
        } else {
            rest.iter().position(|byte| *byte == self.delimiter).unwrap_or(rest.len())
        };
        self.at = self.at.saturating_add(length).saturating_add(1);
        let mut cell = rest.get(..length).unwrap_or_default();
        if let [b' ', ..] | [.., b' '] = cell {
            self.met.insert(Deviations::PADDING);
            cell = trim(cell);
        }
        if let [b'"', inside @ .., b'"'] = cell {
            self.met.insert(Deviations::QUOTES);
            cell = inside;
        }
        Some(Ok(cell))
    }
}

/// What is known of a cell's column.
struct Cell {
    quantity: Quantity,
    optional: bool,
    scale: Scale,
}

impl Cell {
    /// Returns the column's integer, 0 for none.
    fn read(&self, bytes: &[u8], met: &mut Deviations) -> Result<i64, ReadErrorKind> {
        if matches!(bytes, [] | [b'-']) {
            return if self.optional { Ok(0) } else { Err(ReadErrorKind::Empty) };
        }
        if self.optional && bytes.iter().all(|byte| *byte == b'0') {
            return Ok(0);
        }
        if self.quantity == Quantity::Timestamp {
            return read_time(bytes, met).ok_or(ReadErrorKind::Time);
        }
        let is_stated = self.scale.is_stated();
        let no_number = if is_stated { ReadErrorKind::Number } else { ReadErrorKind::Integer };
        let (min, max) = self.quantity.range();
        let number = match Number::read(bytes, self.scale.power()) {
            Ok(number) if is_stated || !number.has_fraction => number,
            Err(NumberFault::TooFine) if is_stated => return Err(ReadErrorKind::TooFine),
            Err(NumberFault::TooLarge) => return Err(ReadErrorKind::Range { min, max }),
            Ok(_) | Err(NumberFault::Text | NumberFault::TooFine) => return Err(no_number),
        };
        if !(min..=max).contains(&number.value) {
            return Err(ReadErrorKind::Range { min, max });
        }
        let mut note = |deviation, is_met| met.set(deviation, is_met || met.contains(deviation));
        note(Deviations::OTHER_SCALE, number.has_fraction);
        let is_energy = matches!(self.quantity, Quantity::ActiveEnergy | Quantity::ReactiveEnergy);
        note(Deviations::NEGATIVE_ENERGY, number.is_negative && is_energy);
        note(Deviations::SHORT_SERIAL_NUMBER, number.digits < 8 && self.quantity == Quantity::SerialNumber);
        Ok(number.value)
    }
}

#[cold]
fn wrong_count<'a>(line: &'a [u8], start: usize, layout: &Layout) -> LineError<'a> {
    let expected = layout.cells().len() as u16;
    let mut cells = Cells::new(line, start, layout.delimiter);
    let (mut count, mut at) = (0u16, None);
    while !cells.is_at_end() {
        if count == expected {
            at = Some(cells.at);
        }
        count = count.saturating_add(1);
        if !matches!(cells.next(), Some(Ok(_))) {
            break;
        }
    }
    let kind = ReadErrorKind::CellCount { expected, count };
    let at = at.unwrap_or(line.len());
    LineError { kind, column: UNKNOWN, at, found: rest(line, at) }
}

/// Removes blanks on both sides; one function, however often it is used.
#[inline(never)]
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

fn rest(line: &[u8], at: usize) -> &[u8] {
    line.get(at..).unwrap_or_default()
}
