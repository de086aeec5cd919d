//! Writing read-outs: header lines and rows, into anything that takes text or into a buffer.
//!
//! The simulated meter and a device are built on this, and what is written here is read back by the reader.

use core::fmt::{self, Write};

use chrono::{DateTime, Utc};

use crate::calendar::Civil;
use crate::columns::Quantity;
use crate::dialect::{ColumnOrder, Dialect, HeaderForm, TimeForm};
use crate::entry::Entry;
use crate::print::write_integer;

/// Writes what stands before the first row: the byte-order mark and the header line, where the dialect has them.
///
/// ```
/// use emu_proto::{Dialect, LoadProfileEntry, write_header};
///
/// let mut body = String::new();
/// write_header::<LoadProfileEntry>(&mut body, &Dialect::KNOWN)?;
/// assert!(body.starts_with("Timestamp;Index;Status;Serial;Active Energy Import L123 T1 [Wh];"));
/// # Ok::<(), std::fmt::Error>(())
/// ```
///
/// # Errors
///
/// Only those of `out`.
pub fn write_header<R: Entry>(out: &mut impl Write, dialect: &Dialect) -> fmt::Result {
    if dialect.byte_order_mark {
        out.write_str("\u{feff}")?;
    }
    if dialect.header == HeaderForm::None {
        return Ok(());
    }
    write_line(out, dialect, R::TABLE.len(), |out, column| {
        let (quantity, _) = R::TABLE.kind(column).ok_or(fmt::Error)?;
        out.write_str(R::TABLE.name(column).ok_or(fmt::Error)?)?;
        let unit = match dialect.header {
            HeaderForm::Bare | HeaderForm::None => "",
            HeaderForm::Plain => plain_unit(quantity),
            HeaderForm::Scaled => quantity.header_unit(),
        };
        if unit.is_empty() {
            return Ok(());
        }
        out.write_str(" [")?;
        out.write_str(unit)?;
        out.write_char(']')
    })
}

/// Writes one row with its line end.
///
/// ```
/// use emu_proto::{Dialect, LogbookEntry, read_row, write_row};
///
/// let line = "2021-05-20T10:30:00Z;;1;00345678;100;0;0;0;7;100;5;5;5;100;;100;;1000;;120;\n";
/// let entry: LogbookEntry = read_row(line.as_bytes())?;
/// let mut written = String::new();
/// write_row(&mut written, &Dialect::KNOWN, &entry).unwrap();
/// assert_eq!(written, line);
/// # Ok::<(), emu_proto::ReadError>(())
/// ```
///
/// # Errors
///
/// Those of `out`, and for a time that the dialect's form has no room for: a year above 9999, an offset of a day or more.
pub fn write_row<R: Entry>(out: &mut impl Write, dialect: &Dialect, entry: &R) -> fmt::Result {
    write_line(out, dialect, R::TABLE.len(), |out, column| {
        let Some(value) = entry.get(column) else { return Ok(()) };
        let (quantity, _) = R::TABLE.kind(column).ok_or(fmt::Error)?;
        let (width, decimals) = match quantity {
            Quantity::Timestamp => return write_seconds(out, dialect.time, value),
            Quantity::SerialNumber => (8, 0),
            quantity if dialect.header == HeaderForm::Plain => {
                (usize::from(quantity.decimals()).saturating_add(1), usize::from(quantity.decimals()))
            }
            _ => (1, 0),
        };
        write_integer(out, value, width, decimals)
    })
}

/// Writes whatever prints itself into the front of `buffer` and returns how many bytes that took.
///
/// ```
/// use emu_proto::{Log, Readout, write_to_slice};
///
/// let mut buffer = [0; 64];
/// let length = write_to_slice(&mut buffer, |out| {
///     use core::fmt::Write;
///     write!(out, "GET {} HTTP/1.1\r\n", Readout::Last(96).target(Log::LoadProfile))
/// })?;
/// assert_eq!(&buffer[..length], b"GET /data/?last=96 HTTP/1.1\r\n");
/// # Ok::<(), emu_proto::BufferTooSmall>(())
/// ```
///
/// # Errors
///
/// [`BufferTooSmall`] if the text does not fit; `buffer` then holds as much of it as was written before.
pub fn write_to_slice(
    buffer: &mut [u8],
    write: impl FnOnce(&mut SliceWriter<'_>) -> fmt::Result,
) -> Result<usize, BufferTooSmall> {
    let mut writer = SliceWriter { buffer, length: 0 };
    match write(&mut writer) {
        Ok(()) => Ok(writer.length),
        Err(fmt::Error) => Err(BufferTooSmall),
    }
}

/// A [`core::fmt::Write`] over a caller's buffer; handed out by [`write_to_slice`].
#[derive(Debug)]
pub struct SliceWriter<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl Write for SliceWriter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.checked_add(text.len()).ok_or(fmt::Error)?;
        let slot = self.buffer.get_mut(self.length..end).ok_or(fmt::Error)?;
        // In place of `copy_from_slice`, whose panic the compiler does not always see to be out of reach.
        slot.iter_mut().zip(text.bytes()).for_each(|(slot, byte)| *slot = byte);
        self.length = end;
        Ok(())
    }

    fn write_char(&mut self, character: char) -> fmt::Result {
        match self.buffer.get_mut(self.length) {
            Some(slot) if character.is_ascii() => {
                *slot = character as u8;
                self.length = self.length.saturating_add(1);
                Ok(())
            }
            _ => self.write_str(character.encode_utf8(&mut [0; 4])),
        }
    }
}

/// The text does not fit into the buffer.
///
/// For an example, see [`write_to_slice`](crate::write_to_slice).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[error("the buffer is too small for the text")]
pub struct BufferTooSmall;

/// Writes one line, cell by cell in the dialect's order.
fn write_line<W: Write>(
    out: &mut W,
    dialect: &Dialect,
    columns: usize,
    mut cell: impl FnMut(&mut W, u8) -> fmt::Result,
) -> fmt::Result {
    let delimiter = char::from(dialect.delimiter.byte());
    for (place, column) in (0u8..).take(columns).enumerate() {
        if place > 0 {
            out.write_char(delimiter)?;
        }
        if dialect.quoted {
            out.write_char('"')?;
        }
        cell(
            out,
            match dialect.order {
                ColumnOrder::Manual => column,
                ColumnOrder::Reversed => u8::try_from(columns).unwrap_or(u8::MAX).wrapping_sub(1).wrapping_sub(column),
            },
        )?;
        if dialect.quoted {
            out.write_char('"')?;
        }
    }
    if dialect.trailing_delimiter {
        out.write_char(delimiter)?;
    }
    out.write_str(dialect.line_end.as_str())
}

/// Writes a point in time; the date and time of day are those of the form's zone.
pub(crate) fn write_time(out: &mut impl Write, form: TimeForm, time: DateTime<Utc>) -> fmt::Result {
    write_seconds(out, form, time.timestamp())
}

/// Writes a point in time that is given in Unix seconds.
fn write_seconds(out: &mut impl Write, form: TimeForm, seconds: i64) -> fmt::Result {
    let minutes_east = match form {
        TimeForm::Epoch => return write_integer(out, seconds, 1, 0),
        TimeForm::Offset(minutes) => minutes,
        TimeForm::Utc | TimeForm::Blank | TimeForm::NoZone => 0,
    };
    let minutes = u32::from(minutes_east.unsigned_abs());
    let local = Civil::of(seconds.wrapping_add(i64::from(minutes_east).wrapping_mul(60)));
    let local = local.filter(|_| minutes < 24 * 60).ok_or(fmt::Error)?;
    let separator = if form == TimeForm::Blank { ' ' } else { 'T' };
    write_integer(out, i64::from(local.year), 4, 0)?;
    let minute = local.second / 60;
    for (before, number) in
        [('-', local.month), ('-', local.day), (separator, minute / 60), (':', minute % 60), (':', local.second % 60)]
    {
        out.write_char(before)?;
        write_integer(out, i64::from(number), 2, 0)?;
    }
    match form {
        TimeForm::Utc | TimeForm::Blank => out.write_char('Z'),
        TimeForm::NoZone | TimeForm::Epoch => Ok(()),
        TimeForm::Offset(_) => {
            out.write_char(if minutes_east < 0 { '-' } else { '+' })?;
            write_integer(out, i64::from(minutes / 60), 2, 0)?;
            out.write_char(':')?;
            write_integer(out, i64::from(minutes % 60), 2, 0)
        }
    }
}

/// The unit in the brackets of a header in plain units; 1 for a plain number with decimals.
fn plain_unit(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::PowerFactor => "1",
        _ => quantity.unit(),
    }
}
