//! What the machines read of an answer: whether it is a refusal, and two of its numbers.
//!
//! That is all that an upload needs, and most steps of an update. The bodies' own types read the same and more, each with a few
//! hundred bytes of code; here all answers go through one function.

use super::failure::{Failure, Reason, Refused};
use crate::cbor::{Kind, Reader};
use crate::command::{Command, Group};
use crate::group_error::GroupError;
use crate::return_code::ReturnCode;

/// An answer that is no refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    /// The numbers at the keys that were asked for, if they are there; a truth value counts as 0 or 1.
    pub(super) numbers: [Option<u32>; 2],
    pub(super) body: &'a [u8],
}

/// Which numbers of an answer are read: none but a refusal's code, which all begin with.
pub(super) const NOTHING: &[&str] = &["rc"];
/// Which byte of an image the device wants, and whether the whole file has the SHA-256 that was announced.
pub(super) const OFFSET: &[&str] = &["rc", "off", "match"];
/// How large the device's buffers are, and how many there are.
pub(super) const PARAMETERS: &[&str] = &["rc", "buf_size", "buf_count"];

/// Reads the answer to a command; of its numbers those at these keys.
pub(super) fn read<'a>(command: Command, body: &'a [u8], keys: &[&str]) -> Result<Answer<'a>, Failure> {
    let mut reader = Reader::new(body);
    let mut values = Values { numbers: [None; 3], reason: &[], group_code: None };
    if values.read(&mut reader, keys, true).is_none() || reader.end().is_err() {
        let malformed = reader.unexpected("the value of an answer");
        return Err(Failure::Malformed { command, error: reader.told(malformed) });
    }
    let [code, first, second] = values.numbers;
    let refused = match (values.group_code, code) {
        (Some(error), _) if error.code != 0 => Refused::Group(error),
        (_, Some(code)) if code != 0 => {
            Refused::Code { code: ReturnCode(code.cast_signed()), reason: Reason::new(values.reason) }
        }
        _ => return Ok(Answer { numbers: [first, second], body }),
    };
    Err(Failure::Refused { command, refused })
}

/// The error that an answer lacks a key.
#[cold]
pub(super) fn missing(command: Command, body: &[u8], key: &'static str) -> Failure {
    let mut reader = Reader::new(body);
    let malformed = reader.missing(key);
    Failure::Malformed { command, error: reader.told(malformed) }
}

/// What was read of a map.
struct Values<'a> {
    numbers: [Option<u32>; 3],
    reason: &'a [u8],
    group_code: Option<GroupError>,
}

impl<'a> Values<'a> {
    /// Reads a map, an answer's whole one or that of a group's error; `None` if something else is there, in front of which the
    /// reader then stands.
    fn read(&mut self, reader: &mut Reader<'a>, keys: &[&str], is_outer: bool) -> Option<()> {
        let mut map = reader.map().ok()?;
        while let Some(key) = reader.key_bytes(&mut map).ok()? {
            if let Some(number) = keys.iter().position(|known| known.as_bytes() == key) {
                *self.numbers.get_mut(number)? = number_of(reader)?;
            } else if is_outer && key == b"rsn" {
                self.reason = reader.string(Kind::Text, "").ok()?;
            } else if is_outer && key == b"err" {
                let mut error = Values { numbers: [None; 3], reason: &[], group_code: None };
                error.read(reader, GROUP, false)?;
                let [code, group, _] = error.numbers;
                let (group, code) = (u16::try_from(group?).ok()?, u16::try_from(code?).ok()?);
                self.group_code = Some(GroupError { group: Group(group), code });
            } else {
                reader.skip().ok()?;
            }
        }
        Some(())
    }
}

/// What the error of a group says.
const GROUP: &[&str] = &["rc", "group"];

/// Reads a number, negative ones as their two's complement.
fn number_of(reader: &mut Reader<'_>) -> Option<Option<u32>> {
    if reader.is_null() {
        return Some(None);
    }
    let start = reader.clone();
    let number = match reader.head().ok()? {
        (Kind::Unsigned, Some(number)) => u32::try_from(number).ok(),
        (Kind::Negative, Some(number)) => i32::try_from(number).ok().map(|number| (!number).cast_unsigned()),
        (Kind::Simple, Some(number @ (20 | 21))) => Some(u32::from(number == 21)),
        _ => None,
    };
    if number.is_none() {
        *reader = start;
    }
    number.map(Some)
}
