//! The known firmware's dialect alone, in two thirds of the flash, a single row in less than half: for a microcontroller that
//! reads such meters and nothing else.
//!
//! ```text
//! body    = header LF *( row LF )       ; CRLF for LF, and no line end after the last row, are taken: nobody knows
//! header  = column *( ";" column )      ; all columns in the manual's order, with the names and units of `write_header`
//! row     = cell *( ";" cell )          ; time: `2021-05-20T10:30:00Z`, serial number: eight digits, else an integer
//! ```
//!
//! What is read here, [`Decoder::strict`](crate::Decoder::strict) reads as the same entry; what that refuses is refused here,
//! in fewer words where it merely deviates: as a cell that is not as expected.

use crate::columns::{Quantity, Table};
use crate::dialect::Deviations;
use crate::entry::Entry;
use crate::entry::sealed::Integers;
use crate::error::{ReadError, ReadErrorKind};
use crate::header::UNKNOWN;
use crate::lines::{Place, split_line};
use crate::number::Number;
use crate::row::LineError;
use crate::time::read_known_time;

const DELIMITER: u8 = b';';

/// Reads one row as the known firmware writes it, with or without a line end.
///
/// ```
/// use emu_proto::{LoadProfileEntry, ReadErrorKind, read_known_row};
///
/// let row = b"2021-05-20T10:30:00Z;2;2;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;\
///             2326;2320;2304;99;99;0;500\n";
/// let entry: LoadProfileEntry = read_known_row(row)?;
/// assert_eq!(entry.voltage_l1_n.to_string(), "232.6 V");
///
/// let error = read_known_row::<LoadProfileEntry>(b"2021-05-20 10:30:00;2;2;12345678").unwrap_err();
/// assert_eq!((error.kind, error.column), (ReadErrorKind::Time, Some("Timestamp")));
/// # Ok::<(), emu_proto::ReadError>(())
/// ```
///
/// # Errors
///
/// A [`ReadError`], with positions counted from the start of `line`. What other firmware might write, and
/// [`read_row`](crate::read_row) takes, is one.
pub fn read_known_row<R: Entry>(line: &[u8]) -> Result<R, ReadError> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut entry = R::EMPTY;
    match read_line(without_return(line), &R::TABLE, &mut entry) {
        Ok(()) => Ok(entry),
        Err(error) => Err(Place::START.locate(error, &R::TABLE)),
    }
}

/// Reads the rows of one body as the known firmware writes it, which is pushed in chunks of any size.
///
/// In calls and errors as [`Decoder`](crate::Decoder), and smaller: it takes one header line and one form of each value.
/// However the body is cut into chunks, rows, errors and positions are the same. `N` must hold the longest line without its
/// line feed.
///
/// How the firmware spells the logbook's header is not known for sure. One that is spelt in another way than
/// [`write_header`](crate::write_header) does is refused here as a whole, and taken by [`Decoder`](crate::Decoder).
///
/// # Call order
///
/// For each chunk, call [`decode`](Self::decode) until it returns `None`. At the end of the body, call
/// [`finish`](Self::finish) once if the body came whole, or [`finish_cut`](Self::finish_cut) if the connection broke. After
/// an error that [is fatal](ReadError::is_fatal), everything else is skipped.
///
/// ```
/// use emu_proto::{Dialect, KnownDecoder, LoadProfileEntry, write_header};
///
/// let mut body = String::new();
/// write_header::<LoadProfileEntry>(&mut body, &Dialect::KNOWN)?;
/// body += "2021-05-20T10:30:00Z;2;2;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;\
///          2326;2320;2304;99;99;0;500\n";
/// let mut decoder = KnownDecoder::<LoadProfileEntry>::new();
/// let mut indices = Vec::new();
/// for mut chunk in body.as_bytes().chunks(10) {
///     while let Some(row) = decoder.decode(&mut chunk) {
///         indices.push(row.unwrap().index);
///     }
/// }
/// assert_eq!((indices, decoder.finish()), (vec![2], None));
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KnownDecoder<R, const N: usize = 704> {
    state: State,
    place: Place,
    entry: R,
    /// The start of a line that has come in part.
    part: [u8; N],
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Rows,
    /// Within a line that is too long.
    LongLine,
    /// Nothing more is read.
    Done,
}

impl<R: Entry, const N: usize> KnownDecoder<R, N> {
    /// Makes a decoder for one body.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Header, place: Place::START, entry: R::EMPTY, part: [0; N], length: 0 }
    }

    /// Takes bytes from the front of `input` up to the end of the next row or faulty line, and returns that.
    ///
    /// Returns `None` when all of `input` has been taken and more is needed.
    ///
    /// # Errors
    ///
    /// A [`ReadError`] says what is wrong with a line. The next line can be read unless the error
    /// [is fatal](ReadError::is_fatal).
    pub fn decode(&mut self, input: &mut &[u8]) -> Option<Result<R, ReadError>> {
        loop {
            let (part, ended) = split_line(input);
            if part.is_empty() && !ended {
                return None;
            }
            match self.take(part, ended) {
                Ok(false) => {}
                Ok(true) => return Some(Ok(self.entry)),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Ends the body, and returns its last row if that has no line end.
    ///
    /// A row without a line end is good only if the body is known to have come whole: nobody can tell whether its last
    /// number was cut short.
    ///
    /// # Errors
    ///
    /// [`ReadErrorKind::Truncated`] if the last line is no whole row.
    pub fn finish(&mut self) -> Option<Result<R, ReadError>> {
        let before = self.place.clone();
        let length = core::mem::take(&mut self.length);
        let outcome = if length == 0 { Ok(false) } else { self.read(length) };
        self.state = State::Done;
        match outcome {
            Ok(false) => None,
            Ok(true) => Some(Ok(self.entry)),
            // More bytes would not have cured these.
            Err(error) if matches!(error.kind, ReadErrorKind::Html | ReadErrorKind::NotALog | NO_HEADER) => {
                Some(Err(error))
            }
            Err(_) => Some(Err(before.truncated(self.part.get(..length).unwrap_or_default()))),
        }
    }

    /// Ends a body of which the rest did not come, and returns what is known of the row in which it broke off.
    pub fn finish_cut(&mut self) -> Option<ReadError> {
        let line = self.part.get(..core::mem::take(&mut self.length)).unwrap_or_default();
        self.state = State::Done;
        if line.is_empty() { None } else { Some(self.place.truncated(line)) }
    }

    /// Returns the index of the last row that was read.
    #[must_use]
    pub const fn last_index(&self) -> Option<u32> {
        self.place.last_index
    }

    /// Returns how many bytes have been taken.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.place.offset.saturating_add(self.length as u64)
    }

    /// Takes a line or a part of one; returns whether there is now a row in `entry`.
    fn take(&mut self, part: &[u8], ended: bool) -> Result<bool, ReadError> {
        if matches!(self.state, State::LongLine | State::Done) {
            self.skip(part.len(), ended);
            return Ok(false);
        }
        let start = self.length;
        let end = start.saturating_add(part.len());
        let Some(slots) = self.part.get_mut(start..end) else {
            return Err(self.too_long(part, ended));
        };
        // Of the same length: no copying that could panic.
        for (slot, byte) in slots.iter_mut().zip(part) {
            *slot = *byte;
        }
        self.length = end;
        if !ended {
            return Ok(false);
        }
        self.length = 0;
        self.read(end)
    }

    /// Reads the line that has come, of this length.
    fn read(&mut self, length: usize) -> Result<bool, ReadError> {
        let line = without_return(self.part.get(..length).unwrap_or_default());
        let is_row = self.state == State::Rows;
        let outcome = match self.state {
            State::Header => read_header(line, &R::TABLE),
            _ => read_line(line, &R::TABLE, &mut self.entry),
        };
        let outcome = match outcome {
            Ok(()) => {
                self.state = State::Rows;
                if is_row {
                    self.place.last_index = Some(self.entry.index());
                }
                Ok(is_row)
            }
            Err(error) => {
                if !is_row {
                    self.state = State::Done;
                }
                Err(self.place.locate(error, &R::TABLE))
            }
        };
        self.place.advance((length as u64).saturating_add(1));
        outcome
    }

    #[cold]
    fn too_long(&mut self, part: &[u8], ended: bool) -> ReadError {
        let (kind, state) = if self.state == State::Header {
            (ReadErrorKind::HeaderTooLong { limit: N }, State::Done)
        } else {
            (ReadErrorKind::LineTooLong { limit: N }, State::LongLine)
        };
        let kept = self.part.get(..core::mem::take(&mut self.length)).unwrap_or_default();
        let error = self.place.too_long(kind, kept, part);
        self.state = state;
        self.skip(kept.len().saturating_add(part.len()), ended);
        error
    }

    fn skip(&mut self, length: usize, ended: bool) {
        self.place.skip(length, ended);
        if ended && self.state == State::LongLine {
            self.state = State::Rows;
        }
    }
}

impl<R: Entry, const N: usize> Default for KnownDecoder<R, N> {
    fn default() -> Self {
        Self::new()
    }
}

/// The first line is a row.
const NO_HEADER: ReadErrorKind = ReadErrorKind::StrictHeader(Deviations::NO_HEADER);

/// Compares a line with the header that the known firmware writes.
fn read_header<'a>(line: &'a [u8], table: &Table) -> Result<(), LineError<'a>> {
    let kind = match line {
        [b'<', ..] => Some(ReadErrorKind::Html),
        [b'0'..=b'9', ..] => Some(NO_HEADER),
        _ => None,
    };
    if let Some(kind) = kind {
        return Err(LineError { kind, column: UNKNOWN, at: 0, found: line });
    }
    each_cell(line, table, |cell, column, (quantity, _)| {
        let name = table.name(column).unwrap_or_default().as_bytes();
        let unit = quantity.header_unit().as_bytes();
        match cell.strip_prefix(name) {
            Some(b"") if unit.is_empty() => Ok(()),
            Some([b' ', b'[', own @ .., b']']) if own == unit => Ok(()),
            None if column == 0 && !name.starts_with(cell) => Err(ReadErrorKind::NotALog),
            _ => Err(ReadErrorKind::StrictHeader(Deviations::HEADER_SPELLING)),
        }
    })
}

/// Reads a line, without its line end. All columns of the entry are written, unless there is a fault.
fn read_line<'a>(line: &'a [u8], table: &Table, entry: &mut dyn Integers) -> Result<(), LineError<'a>> {
    each_cell(line, table, |cell, column, (quantity, optional)| {
        read_cell(cell, quantity, optional).map(|value| entry.put(column, value))
    })
}

/// Looks at each cell of a line, which has as many as there are columns.
fn each_cell<'a>(
    line: &'a [u8],
    table: &Table,
    mut look: impl FnMut(&'a [u8], u8, (Quantity, bool)) -> Result<(), ReadErrorKind>,
) -> Result<(), LineError<'a>> {
    let cells = || line.split(|byte| *byte == DELIMITER);
    let (mut column, mut at) = (0u8, 0usize);
    for cell in cells() {
        let Some(kind) = table.kind(column) else { break };
        look(cell, column, kind).map_err(|kind| LineError { kind, column, at, found: cell })?;
        column = column.saturating_add(1);
        at = at.saturating_add(cell.len()).saturating_add(1);
    }
    let (expected, count) = (table.len(), cells().count());
    if count == expected {
        return Ok(());
    }
    let narrow = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let kind = ReadErrorKind::CellCount { expected: narrow(expected), count: narrow(count) };
    let at = at.min(line.len());
    Err(LineError { kind, column: UNKNOWN, at, found: line.get(at..).unwrap_or_default() })
}

/// Returns a cell's integer, 0 for none.
fn read_cell(cell: &[u8], quantity: Quantity, optional: bool) -> Result<i64, ReadErrorKind> {
    if matches!(cell, [] | [b'-']) {
        return if optional { Ok(0) } else { Err(ReadErrorKind::Empty) };
    }
    if quantity == Quantity::Timestamp {
        return match read_known_time(cell) {
            Some(seconds) => Ok(seconds),
            None if optional && cell.iter().all(|byte| *byte == b'0') => Ok(0),
            None => Err(ReadErrorKind::Time),
        };
    }
    let (min, max) = quantity.range();
    let number = match Number::read(cell, 0) {
        Ok(number) if !number.has_fraction => number,
        _ => return Err(ReadErrorKind::Integer),
    };
    if !(min..=max).contains(&number.value) {
        return Err(ReadErrorKind::Range { min, max });
    }
    match quantity {
        Quantity::ActiveEnergy | Quantity::ReactiveEnergy if number.is_negative => {
            Err(ReadErrorKind::StrictRow(Deviations::NEGATIVE_ENERGY))
        }
        Quantity::SerialNumber if number.digits < 8 => Err(ReadErrorKind::StrictRow(Deviations::SHORT_SERIAL_NUMBER)),
        _ => Ok(number.value),
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
