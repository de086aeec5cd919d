//! The careful way through a row: any column order, any dialect, and an exact error.

use crate::columns::{Column, Quantity};
use crate::dialect::Deviations;
use crate::entry::{Entry, RawRow};
use crate::error::{Found, ReadErrorKind};
use crate::header::{Layout, Scale, Scaled};
use crate::time::read_time;

/// A fault within a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineError {
    pub(crate) kind: ReadErrorKind,
    pub(crate) column: Option<&'static str>,
    /// Where the faulty bytes start within the line.
    pub(crate) at: usize,
    pub(crate) found: Found,
}

/// Reads a line, without its line end, and notes the deviations that it has.
pub(crate) fn read_line<R: Entry>(line: &[u8], layout: &Layout, met: &mut Deviations) -> Result<R, LineError> {
    let mut row = RawRow::EMPTY;
    let mut cells = Cells::new(line, layout.delimiter);
    for number in layout.columns() {
        let column = number.and_then(|number| R::COLUMNS.get(number));
        let at = cells.at;
        let name = column.map(|column| column.name);
        let Some(cell) = cells.next() else { return Err(wrong_count(line, layout)) };
        let bytes = cell.map_err(|kind| LineError { kind, column: name, at, found: Found::new(rest(line, at)) })?;
        if let (Some(number), Some(column)) = (number, column) {
            let cell = Cell { bytes, column, number, scale: layout.scale(number) };
            cell.read(&mut row, met).map_err(|kind| LineError { kind, column: name, at, found: Found::new(bytes) })?;
        }
    }
    match cells.next() {
        None => {}
        Some(Ok(b"")) if cells.is_at_end() => met.insert(Deviations::TRAILING_DELIMITER),
        Some(_) => return Err(wrong_count(line, layout)),
    }
    met.insert(cells.met);
    Ok(R::from_cells(&row))
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
    pub(crate) fn new(line: &'a [u8], delimiter: u8) -> Self {
        Self { line, at: 0, delimiter, met: Deviations::empty() }
    }

    /// Returns where the next cell starts.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn is_at_end(&self) -> bool {
        self.at > self.line.len()
    }

    /// Returns the length of the next cell, which starts with a quote, up to the delimiter behind its closing quote.
    fn quoted(&self, rest: &[u8]) -> Option<usize> {
        let inside = rest.get(1..)?;
        let closing = inside.iter().position(|byte| *byte == b'"')?.checked_add(1)?;
        let end = closing.checked_add(1)?;
        let blanks = rest.get(end..)?.iter().take_while(|byte| **byte == b' ').count();
        let end = end.checked_add(blanks)?;
        match rest.get(end) {
            None => Some(end),
            Some(byte) if *byte == self.delimiter => Some(end),
            Some(_) => None,
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
            cell = cell.trim_ascii();
        }
        if let [b'"', inside @ .., b'"'] = cell {
            self.met.insert(Deviations::QUOTES);
            cell = inside;
        }
        Some(Ok(cell))
    }
}

/// One cell with what is known of its column.
struct Cell<'a> {
    bytes: &'a [u8],
    column: &'static Column,
    number: usize,
    scale: Scale,
}

impl Cell<'_> {
    fn read(&self, row: &mut RawRow, met: &mut Deviations) -> Result<(), ReadErrorKind> {
        if self.bytes.is_empty() || self.bytes == b"-" {
            return if self.column.optional { Ok(()) } else { Err(ReadErrorKind::Empty) };
        }
        if self.column.quantity == Quantity::Timestamp {
            return self.read_time(row, met);
        }
        let (value, decimals) = match integer(self.bytes) {
            Some(value) => (value, 0),
            None if self.scale.is_stated() => {
                met.insert(Deviations::OTHER_SCALE);
                decimal(self.bytes).ok_or(ReadErrorKind::Number)?
            }
            None => return Err(ReadErrorKind::Integer),
        };
        let (min, max) = self.column.quantity.range();
        let value = match self.scale.apply(value, decimals) {
            Scaled::Exact(value) if (min..=max).contains(&value) => value,
            Scaled::Exact(_) | Scaled::TooLarge => return Err(ReadErrorKind::Range { min, max }),
            Scaled::TooFine => return Err(ReadErrorKind::TooFine),
        };
        match self.column.quantity {
            Quantity::ActiveEnergy | Quantity::ReactiveEnergy if value < 0 => met.insert(Deviations::NEGATIVE_ENERGY),
            Quantity::SerialNumber if self.bytes.len() < 8 => met.insert(Deviations::SHORT_SERIAL_NUMBER),
            _ => {}
        }
        if !(self.column.optional && value == 0) {
            row.set_integer(self.number, value);
        }
        Ok(())
    }

    fn read_time(&self, row: &mut RawRow, met: &mut Deviations) -> Result<(), ReadErrorKind> {
        if self.column.optional && self.bytes.iter().all(|byte| *byte == b'0') {
            return Ok(());
        }
        let time = read_time(self.bytes, met).ok_or(ReadErrorKind::Time)?;
        row.set_time(self.number, time);
        Ok(())
    }
}

/// Reads digits with or without a minus sign; `None` for anything else, and for what an `i64` can not hold.
fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut magnitude = 0u64;
    if digits.len() <= 18 {
        for byte in digits {
            magnitude = magnitude.wrapping_mul(10).wrapping_add(digit(*byte)?);
        }
    } else {
        for byte in digits {
            magnitude = magnitude.checked_mul(10)?.checked_add(digit(*byte)?)?;
        }
    }
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Reads a number with a decimal point as an integer and the count of its decimals.
fn decimal(text: &[u8]) -> Option<(i64, u8)> {
    let point = text.iter().position(|byte| *byte == b'.')?;
    let (whole, fraction) = (text.get(..point)?, text.get(point.checked_add(1)?..)?);
    if fraction.is_empty() || !whole.last()?.is_ascii_digit() {
        return None;
    }
    let negative = whole.first() == Some(&b'-');
    let mut value = integer(whole)?;
    for byte in fraction {
        let digit = i64::try_from(digit(*byte)?).ok()?;
        value = value.checked_mul(10)?.checked_add(if negative { digit.wrapping_neg() } else { digit })?;
    }
    Some((value, u8::try_from(fraction.len()).ok()?))
}

fn digit(byte: u8) -> Option<u64> {
    let digit = byte.wrapping_sub(b'0');
    if digit > 9 { None } else { Some(u64::from(digit)) }
}

#[cold]
fn wrong_count(line: &[u8], layout: &Layout) -> LineError {
    let expected = layout.columns().count();
    let mut cells = Cells::new(line, layout.delimiter);
    let (mut count, mut at) = (0usize, line.len());
    loop {
        if count == expected {
            at = cells.at;
        }
        let Some(cell) = cells.next() else { break };
        count = count.saturating_add(1);
        if cell.is_err() {
            break;
        }
    }
    let narrow = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    LineError {
        kind: ReadErrorKind::CellCount { expected: narrow(expected), count: narrow(count) },
        column: None,
        at: at.min(line.len()),
        found: Found::new(rest(line, at)),
    }
}

fn rest(line: &[u8], at: usize) -> &[u8] {
    line.get(at..).unwrap_or_default()
}
