//! What the machines read of an answer: whether it is a refusal, and two of its numbers.
//!
//! That is all that an upload needs, and most steps of an update. The bodies' own types read the same and more, each with a few
//! hundred bytes of code; here all answers go through one function.

use super::failure::{Failure, Reason, Refused};
use crate::cbor::{Kind, Malformed, Reader};
use crate::command::{Command, Group};
use crate::group_error::GroupError;
use crate::return_code::ReturnCode;

/// An answer that is no refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    /// The number at the first key that was asked for; 0 if none was.
    pub(super) first: u32,
    /// That at the second key, if it is there; a truth value counts as 0 or 1.
    pub(super) second: Option<u32>,
    /// Whether it is a list of images that has the one which is looked for, and that does not run.
    pub(super) is_listed: bool,
    pub(super) body: &'a [u8],
}

/// Which numbers of an answer are read: none but a refusal's code, which all begin with.
pub(super) const NOTHING: &[&str] = &["rc"];
/// Which byte of an image the device wants, and whether the whole file has the SHA-256 that was announced.
pub(super) const OFFSET: &[&str] = &["rc", "off", "match"];
/// How large the device's buffers are, and how many there are.
pub(super) const PARAMETERS: &[&str] = &["rc", "buf_size", "buf_count"];

/// Reads the answer to a command; of its numbers those at these keys, of which the first must be there. Looks for the image of
/// this hash.
#[inline(never)]
pub(super) fn read<'a>(
    command: Command,
    body: &'a [u8],
    keys: &[&'static str],
    hash: &[u8],
) -> Result<Answer<'a>, Failure> {
    let mut reader = Reader::new(body);
    let mut values = Values::NONE;
    let read = values.read(&mut reader, keys, Some(hash)).and_then(|()| reader.end());
    let [code, first, second] = values.numbers;
    let code = code.unwrap_or_default();
    let malformed = match (read, values.group_code) {
        (Err(malformed), _) => malformed,
        (_, Some(error)) if error.code != 0 => {
            return Err(Failure::Refused { command, refused: Refused::Group(error) });
        }
        _ if code != 0 => {
            let (code, reason) = (ReturnCode(code.cast_signed()), Reason::new(values.string));
            return Err(Failure::Refused { command, refused: Refused::Code { code, reason } });
        }
        _ => match (first, keys.get(1)) {
            (None, Some(key)) => reader.missing(key),
            _ => return Ok(Answer { first: first.unwrap_or_default(), second, is_listed: values.is_listed, body }),
        },
    };
    Err(Failure::Malformed { command, error: reader.told(malformed) })
}

/// What was read of a map.
struct Values<'a> {
    numbers: [Option<u32>; 3],
    /// What a refusal is for, or an image's hash.
    string: &'a [u8],
    group_code: Option<GroupError>,
    is_listed: bool,
}

impl<'a> Values<'a> {
    const NONE: Self = Self { numbers: [None; 3], string: &[], group_code: None, is_listed: false };

    /// Reads a map: an answer's whole one, in which an image of this hash is looked for, or one in it.
    fn read(&mut self, reader: &mut Reader<'a>, keys: &[&'static str], hash: Option<&[u8]>) -> Result<(), Malformed> {
        let mut map = reader.map()?;
        while let Some(key) = reader.key_bytes(&mut map)? {
            if let Some((known, place)) = keys.iter().zip(&mut self.numbers).find(|(known, _)| known.as_bytes() == key)
            {
                *place = number(reader).map_err(|malformed| reader.within(known, malformed))?;
                continue;
            }
            match (key, hash) {
                (b"rsn", Some(_)) => self.string = reader.string(Kind::Text, "a text of known length")?,
                (b"hash", None) if !reader.is_null() => self.string = reader.bytes()?,
                (b"err", Some(_)) => {
                    let mut error = Self::NONE;
                    error.read(reader, GROUP, None)?;
                    let [code, group, _] = error.numbers.map(|number| u16::try_from(number.unwrap_or_default()));
                    let (Ok(code), Ok(group)) = (code, group) else { return Err(reader.unexpected(NUMBER)) };
                    self.group_code = Some(GroupError { group: Group(group), code });
                }
                (b"images", Some(hash)) => {
                    let mut images = reader.list()?;
                    while reader.has_next(&mut images) {
                        let mut image = Self::NONE;
                        image.read(reader, IMAGE, None)?;
                        let [_, is_active, _] = image.numbers;
                        self.is_listed |= image.string == hash && is_active != Some(1);
                    }
                }
                _ => reader.skip()?,
            }
        }
        Ok(())
    }
}

/// Reads a number, a negative one as its two's complement; `None` if it is null.
fn number(reader: &mut Reader<'_>) -> Result<Option<u32>, Malformed> {
    if reader.is_null() {
        return Ok(None);
    }
    let number = match reader.kind() {
        Some(Kind::Simple) => i64::from(reader.truth()?),
        _ => reader.signed(u32::MAX.into(), NUMBER)?,
    };
    Ok(Some(number as u32))
}

const NUMBER: &str = "a number of 32 bits";
/// What the error of a group says.
const GROUP: &[&str] = &["rc", "group"];
/// What is read of an image besides its hash.
const IMAGE: &[&str] = &["rc", "active"];
