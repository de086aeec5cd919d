//! The careful way through a row: any column order, any dialect, and an exact error.

use chrono::DateTime;

use crate::columns::{Column, Quantity};
use crate::dialect::Deviations;
use crate::digits::leading_number;
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
        let at = cells.at;
        let column = number.and_then(|number| Some((number, R::COLUMNS.get(number)?)));
        let outcome = match column {
            Some((number, column)) => {
                Cell { column, number, scale: layout.scale(number) }.read(&mut cells, &mut row, met)
            }
            // A column that the manual does not have: the cell may be anything.
            None => cells.next_or_missing().map(|_| ()),
        };
        match outcome {
            Ok(()) => {}
            Err(Fault::Missing) => return Err(wrong_count(line, layout)),
            Err(Fault::Cell(kind)) => return Err(faulty_cell(kind, column.map(|(_, column)| column), cells, at)),
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

    fn next_or_missing(&mut self) -> Result<&'a [u8], Fault> {
        self.next().ok_or(Fault::Missing)?.map_err(Fault::Cell)
    }

    /// Takes the next cell if it is a number without padding, which most are, in one pass.
    fn number(&mut self) -> Option<Number> {
        let rest = self.line.get(self.at..)?;
        let is_quoted = rest.first() == Some(&b'"');
        let text = rest.get(usize::from(is_quoted)..)?;
        let is_negative = text.first() == Some(&b'-');
        let text = text.get(usize::from(is_negative)..)?;
        let (mut value, digits) = leading_number(text);
        let mut decimals = 0;
        let mut behind = text.get(digits..)?;
        if let [b'.', fraction @ ..] = behind {
            let (low, count) = leading_number(fraction);
            let power = 10i64.checked_pow(u32::try_from(count).ok()?)?;
            value = value.checked_mul(power)?.checked_add(low)?;
            decimals = count;
            behind = fraction.get(count..)?;
            if count == 0 {
                return None;
            }
        }
        if is_quoted {
            behind = behind.strip_prefix(b"\"")?;
        }
        if digits == 0 || behind.first().is_some_and(|byte| *byte != self.delimiter) {
            return None;
        }
        self.met.set(Deviations::QUOTES, is_quoted || self.met.contains(Deviations::QUOTES));
        self.at = self.line.len().checked_sub(behind.len())?.checked_add(1)?;
        let value = if is_negative { value.wrapping_neg() } else { value };
        Some(Number { value, digits, decimals: u8::try_from(decimals).ok()?, is_negative })
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

/// A number as it is printed, with its decimals as digits of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    value: i64,
    /// How many digits stand in front of the point.
    digits: usize,
    decimals: u8,
    /// Whether it has a sign, which 0 may have, too.
    is_negative: bool,
}

impl Number {
    fn parse(text: &[u8]) -> Option<Self> {
        if let Some(value) = Self::parse_long(text) {
            return Some(value);
        }
        let mut cells = Cells::new(text, 0);
        let number = cells.number()?;
        (cells.is_at_end() && text.first() != Some(&b'"')).then_some(number)
    }

    /// Reads an integer of any length, leading zeros included.
    fn parse_long(text: &[u8]) -> Option<Self> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let first = digits.first()?;
        first.is_ascii_digit().then_some(())?;
        let magnitude = digits.iter().try_fold(0u64, |sum, byte| {
            let digit = char::from(*byte).to_digit(10)?;
            sum.checked_mul(10)?.checked_add(u64::from(digit))
        })?;
        let value = if digits.len() < text.len() {
            0i64.checked_sub_unsigned(magnitude)?
        } else {
            i64::try_from(magnitude).ok()?
        };
        Some(Self { value, digits: digits.len(), decimals: 0, is_negative: digits.len() < text.len() })
    }
}

/// What is wrong with the next cell.
enum Fault {
    /// There is none.
    Missing,
    Cell(ReadErrorKind),
}

/// What is known of a cell's column.
struct Cell {
    column: &'static Column,
    number: usize,
    scale: Scale,
}

impl Cell {
    fn read(&self, cells: &mut Cells<'_>, row: &mut RawRow, met: &mut Deviations) -> Result<(), Fault> {
        if self.column.quantity != Quantity::Timestamp
            && let Some(number) = cells.number()
        {
            return self.store(number, row, met).map_err(Fault::Cell);
        }
        let bytes = cells.next_or_missing()?;
        self.read_bytes(bytes, row, met).map_err(Fault::Cell)
    }

    fn read_bytes(&self, bytes: &[u8], row: &mut RawRow, met: &mut Deviations) -> Result<(), ReadErrorKind> {
        if bytes.is_empty() || bytes == b"-" {
            return if self.column.optional { Ok(()) } else { Err(ReadErrorKind::Empty) };
        }
        if self.column.quantity != Quantity::Timestamp {
            let wanted = if self.scale.is_stated() { ReadErrorKind::Number } else { ReadErrorKind::Integer };
            return self.store(Number::parse(bytes).ok_or(wanted)?, row, met);
        }
        if self.column.optional && bytes.iter().all(|byte| *byte == b'0') {
            return Ok(());
        }
        let time = read_time(bytes, met).ok_or(ReadErrorKind::Time)?;
        // In every form, second 0 of 1970 is a 0, and as such no value where there may be none.
        if !self.column.optional || time != DateTime::UNIX_EPOCH {
            row.set_time(self.number, time);
        }
        Ok(())
    }

    fn store(&self, number: Number, row: &mut RawRow, met: &mut Deviations) -> Result<(), ReadErrorKind> {
        if number.decimals > 0 {
            if !self.scale.is_stated() {
                return Err(ReadErrorKind::Integer);
            }
            met.insert(Deviations::OTHER_SCALE);
        }
        let quantity = self.column.quantity;
        let (min, max) = quantity.range();
        let value = match self.scale.apply(number.value, number.decimals) {
            Scaled::Exact(value) if (min..=max).contains(&value) => value,
            Scaled::Exact(_) | Scaled::TooLarge => return Err(ReadErrorKind::Range { min, max }),
            Scaled::TooFine => return Err(ReadErrorKind::TooFine),
        };
        if number.is_negative && matches!(quantity, Quantity::ActiveEnergy | Quantity::ReactiveEnergy) {
            met.insert(Deviations::NEGATIVE_ENERGY);
        }
        if quantity == Quantity::SerialNumber && number.digits < 8 {
            met.insert(Deviations::SHORT_SERIAL_NUMBER);
        }
        if value != 0 || !self.column.optional {
            row.set_integer(self.number, value);
        }
        Ok(())
    }
}

/// Looks at a faulty cell again, for what to show of it.
#[cold]
fn faulty_cell(kind: ReadErrorKind, column: Option<&'static Column>, mut cells: Cells<'_>, at: usize) -> LineError {
    cells.at = at;
    let found = match cells.next() {
        Some(Ok(cell)) => cell,
        _ => rest(cells.line, at),
    };
    LineError { kind, column: column.map(|column| column.name), at, found: Found::new(found) }
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
