//! Writing read-outs: header lines and rows, into anything that takes text or into a buffer.
//!
//! The simulated meter and a device are built on this, and what is written here is read back by the reader.

use core::fmt::{self, Write};

use chrono::{DateTime, Datelike, Timelike, Utc};

use crate::columns::{Column, Quantity};
use crate::dialect::{ColumnOrder, Dialect, HeaderForm, TimeForm};
use crate::entry::{Entry, RawRow};
use crate::units::write_decimal;

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
        out.write_char('\u{feff}')?;
    }
    if dialect.header == HeaderForm::None {
        return Ok(());
    }
    write_line(out, dialect, R::COLUMNS, |out, _, column| {
        let mut cell = column.header();
        match dialect.header {
            HeaderForm::Bare => cell.unit = "",
            HeaderForm::Plain => cell.unit = plain_unit(column.quantity),
            HeaderForm::Scaled | HeaderForm::None => {}
        }
        write!(out, "{cell}")
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
    let row = entry.to_cells();
    write_line(out, dialect, R::COLUMNS, |out, number, column| write_cell(out, dialect, &row, number, column))
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
        self.buffer.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// The text does not fit into the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[error("the buffer is too small for the text")]
pub struct BufferTooSmall;

/// Writes one line, cell by cell in the dialect's order.
fn write_line<W: Write>(
    out: &mut W,
    dialect: &Dialect,
    columns: &[Column],
    mut cell: impl FnMut(&mut W, usize, &Column) -> fmt::Result,
) -> fmt::Result {
    let delimiter = char::from(dialect.delimiter.byte());
    let mut first = true;
    let mut write = |(number, column): (usize, &Column)| {
        if !core::mem::take(&mut first) {
            out.write_char(delimiter)?;
        }
        if dialect.quoted {
            out.write_char('"')?;
        }
        cell(out, number, column)?;
        if dialect.quoted { out.write_char('"') } else { Ok(()) }
    };
    match dialect.order {
        ColumnOrder::Manual => columns.iter().enumerate().try_for_each(&mut write)?,
        ColumnOrder::Reversed => columns.iter().enumerate().rev().try_for_each(&mut write)?,
    }
    if dialect.trailing_delimiter {
        out.write_char(delimiter)?;
    }
    out.write_str(dialect.line_end.as_str())
}

fn write_cell(out: &mut impl Write, dialect: &Dialect, row: &RawRow, number: usize, column: &Column) -> fmt::Result {
    if !row.is_present(number) {
        return Ok(());
    }
    let integer = row.integer(number);
    match column.quantity {
        Quantity::Timestamp => write_time(out, dialect.time, row.time(number)),
        Quantity::SerialNumber => write!(out, "{integer:08}"),
        quantity if dialect.header == HeaderForm::Plain => write_decimal(out, integer, quantity.decimals()),
        _ => write!(out, "{integer}"),
    }
}

/// Writes a point in time; the date and time of day are those of the form's zone.
pub(crate) fn write_time(out: &mut impl Write, form: TimeForm, time: DateTime<Utc>) -> fmt::Result {
    let minutes_east = match form {
        TimeForm::Epoch => return write!(out, "{}", time.timestamp()),
        TimeForm::Offset(minutes) => minutes,
        TimeForm::Utc | TimeForm::Blank | TimeForm::NoZone => 0,
    };
    let offset = chrono::TimeDelta::minutes(i64::from(minutes_east));
    let local = time.checked_add_signed(offset).ok_or(fmt::Error)?.naive_utc();
    if !(0..=9999).contains(&local.year()) || minutes_east.unsigned_abs() >= 24 * 60 {
        // The form has no room for it.
        return Err(fmt::Error);
    }
    let separator = if form == TimeForm::Blank { ' ' } else { 'T' };
    write!(
        out,
        "{:04}-{:02}-{:02}{separator}{:02}:{:02}:{:02}",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second()
    )?;
    match form {
        TimeForm::Utc | TimeForm::Blank => out.write_char('Z'),
        TimeForm::NoZone | TimeForm::Epoch => Ok(()),
        TimeForm::Offset(_) => {
            let (sign, minutes) =
                if minutes_east < 0 { ('-', minutes_east.unsigned_abs()) } else { ('+', minutes_east.unsigned_abs()) };
            let (hours, minutes) = (minutes.checked_div(60).unwrap_or(0), minutes.checked_rem(60).unwrap_or(0));
            write!(out, "{sign}{hours:02}:{minutes:02}")
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
