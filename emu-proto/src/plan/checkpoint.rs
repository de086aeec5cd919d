//! A place in a log that a read-out has come to, to be kept in a file or in flash and gone on from.
//!
//! ```text
//! checkpoint = serial " " index " " time      12345678 4711 2021-05-20T10:30:00Z
//! ```

use core::fmt;
use core::str::FromStr;

use chrono::{DateTime, Utc};

use crate::calendar::time_of;
use crate::dialect::TimeForm;
use crate::entry::Entry;
use crate::number::Number;
use crate::print::write_integer;
use crate::serial::SerialNumber;
use crate::time::read_utc;
use crate::write::write_time;

/// The row that a read-out has come to: which meter, which index, and when it was logged.
///
/// The index says where to go on. Serial number and timestamp say whether the log is still the same one: a meter that
/// was swapped, or that numbers its rows anew, has another row at that index.
///
/// Printed and parsed as one line of text; seconds are its resolution, as they are the log's.
///
/// ```
/// use emu_proto::Checkpoint;
///
/// let saved = "00345678 4711 2021-05-20T10:30:00Z";
/// let checkpoint: Checkpoint = saved.parse()?;
/// assert_eq!(checkpoint.index, 4711);
/// assert_eq!(checkpoint.to_string(), saved);
/// # Ok::<(), emu_proto::InvalidCheckpoint>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Checkpoint {
    /// The serial number of the meter that logged the row.
    pub serial_number: SerialNumber,
    /// The row's index in its log.
    pub index: u32,
    /// When the row was logged, by the meter's clock, UTC.
    pub timestamp: DateTime<Utc>,
}

impl Checkpoint {
    /// Returns the checkpoint of this row.
    #[must_use]
    pub fn of<R: Entry>(row: &R) -> Self {
        Self { serial_number: row.serial_number(), index: row.index(), timestamp: row.timestamp() }
    }

    /// Whether both are the same row of the same log, to the second.
    pub(super) fn is_same_row(&self, other: &Self) -> bool {
        self.serial_number == other.serial_number
            && self.index == other.index
            && self.timestamp.timestamp() == other.timestamp.timestamp()
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_integer(f, i64::from(self.serial_number.get()), 8, 0)?;
        f.write_str(" ")?;
        write_integer(f, i64::from(self.index), 1, 0)?;
        f.write_str(" ")?;
        write_time(f, TimeForm::Utc, self.timestamp)
    }
}

impl FromStr for Checkpoint {
    type Err = InvalidCheckpoint;

    /// Takes what [`Display`](fmt::Display) prints; white space around it, such as a file's last line end, is ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut fields = text.as_bytes().trim_ascii().split(|byte| *byte == b' ');
        let (Some(serial), Some(index), Some(time), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(InvalidCheckpoint::Fields);
        };
        Ok(Self {
            serial_number: SerialNumber::read(serial).ok_or(InvalidCheckpoint::SerialNumber)?,
            index: number(index).ok_or(InvalidCheckpoint::Index)?,
            timestamp: read_utc(time).and_then(time_of).ok_or(InvalidCheckpoint::Timestamp)?,
        })
    }
}

/// A text that is no checkpoint.
///
/// For an example, see [`Checkpoint`](crate::Checkpoint).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum InvalidCheckpoint {
    /// There are not three fields with one blank between them.
    #[error("expected serial number, index and time, with one blank between them")]
    Fields,
    /// The first field is no serial number.
    #[error("expected a serial number of up to eight digits in the first field")]
    SerialNumber,
    /// The second field is no index.
    #[error("expected an index from 0 to 4294967295 in the second field")]
    Index,
    /// The third field is no time.
    #[error("expected a time such as 2021-05-20T10:30:00Z in the third field")]
    Timestamp,
}

/// Digits alone.
fn number(text: &[u8]) -> Option<u32> {
    let number = Number::read(text, 0).ok().filter(|number| number.digits == text.len())?;
    u32::try_from(number.value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        for (text, error) in [
            ("", InvalidCheckpoint::Fields),
            ("12345678 4711", InvalidCheckpoint::Fields),
            ("12345678 4711 2021-05-20T10:30:00Z x", InvalidCheckpoint::Fields),
            ("1234567x 4711 2021-05-20T10:30:00Z", InvalidCheckpoint::SerialNumber),
            ("12345678 +711 2021-05-20T10:30:00Z", InvalidCheckpoint::Index),
            ("12345678 4294967296 2021-05-20T10:30:00Z", InvalidCheckpoint::Index),
            ("12345678 4711 2021-05-20T10:30:00", InvalidCheckpoint::Timestamp),
            ("12345678 4711 2021-02-30T10:30:00Z", InvalidCheckpoint::Timestamp),
            ("12345678 4711 2021-05-20T24:30:00Z", InvalidCheckpoint::Timestamp),
            ("12345678 4711 21-05-20T10:30:00Z", InvalidCheckpoint::Timestamp),
        ] {
            assert_eq!(text.parse::<Checkpoint>(), Err(error), "{text}");
        }
        assert!("12345678 4294967295 1970-01-01T00:00:00Z\n".parse::<Checkpoint>().is_ok());
    }
}
