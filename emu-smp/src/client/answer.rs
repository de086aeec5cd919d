//! What the machines read of an answer: whether it is a refusal, and two of its numbers.
//!
//! That is all that an upload needs, and most steps of an update. The bodies' own types read the same and more, each with a few
//! hundred bytes of code. Here a map is gone through anew for each key that is looked for, by the same few functions.

use super::failure::{Failure, Reason, Refused};
use crate::cbor::{Kind, Malformed, Reader};
use crate::command::{Command, Group};
use crate::group_error::GroupError;
use crate::return_code::ReturnCode;
use crate::text::is_same;

/// An answer that is no refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// The number at the first key that was asked for; 0 if none was.
    pub(super) first: u32,
    /// That at the second key, if it is there; a truth value counts as 0 or 1.
    pub(super) second: Option<u32>,
}

/// Which two numbers of an answer are read, of which the first must be there; no key is empty.
pub(super) type Keys = [&'static str; 2];

/// None.
pub(super) const NOTHING: &Keys = &[""; 2];
/// Which byte of an image the device wants, and whether the whole file has the SHA-256 that was announced.
pub(super) const OFFSET: &Keys = &["off", "match"];
/// How large the device's buffers are, and how many there are.
pub(super) const PARAMETERS: &Keys = &["buf_size", "buf_count"];

/// Reads the answer to a command, and of its numbers those at these keys.
#[inline(never)]
pub(super) fn read(command: Command, body: &[u8], keys: &Keys) -> Result<Answer, Failure> {
    let mut reader = Reader::new(body);
    match read_numbers(&mut reader, keys) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(refused)) => Err(Failure::Refused { command, refused }),
        Err(malformed) => Err(Failure::Malformed { command, error: reader.told(malformed) }),
    }
}

fn read_numbers(reader: &mut Reader<'_>, keys: &Keys) -> Result<Result<Answer, Refused>, Malformed> {
    if let Some(refused) = find_refusal(reader)? {
        return Ok(Err(refused));
    }
    let [first_key, second_key] = *keys;
    let first = number(reader, 0, first_key)?;
    if first.is_none() && !first_key.is_empty() {
        return Err(reader.missing(first_key));
    }
    Ok(Ok(Answer { first: first.unwrap_or_default(), second: number(reader, 0, second_key)? }))
}

/// Returns the refusal that the answer is, if it is one.
fn find_refusal(reader: &mut Reader<'_>) -> Result<Option<Refused>, Malformed> {
    if let Some(code @ 1..) = number(reader, 0, "rc")? {
        let reason = if find(reader, 0, "rsn")? { reader.string(Kind::Text, "a text of known length")? } else { &[] };
        let code = ReturnCode(code.cast_signed());
        return Ok(Some(Refused::Code { code, reason: Reason::new(reason) }));
    }
    if !find(reader, 0, "err")? {
        // Which is only known at the end.
        return reader.end().map(|()| None);
    }
    let start = reader.position();
    let code = number(reader, start, "rc")?.unwrap_or_default();
    let group = number(reader, start, "group")?.unwrap_or_default();
    let (Ok(code), Ok(group)) = (u16::try_from(code), u16::try_from(group)) else {
        return Err(reader.unexpected_at(start, NUMBER));
    };
    Ok((code != 0).then_some(Refused::Group(GroupError { group: Group(group), code })))
}

/// Returns whether an answer lists the image of this hash, and that does not run.
pub(super) fn lists(body: &[u8], hash: &[u8]) -> bool {
    let mut is_listed = false;
    // What cannot be read is not there.
    let _ = find_image(&mut Reader::new(body), hash, &mut is_listed);
    is_listed
}

fn find_image(reader: &mut Reader<'_>, hash: &[u8], is_listed: &mut bool) -> Result<(), Malformed> {
    if find(reader, 0, "images")? {
        let mut images = reader.list()?;
        while reader.has_next(&mut images) {
            let start = reader.position();
            let is_active = number(reader, start, "active")? == Some(1);
            let is_it = find(reader, start, "hash")? && !reader.is_null() && is_same(reader.bytes()?, hash);
            *is_listed |= is_it && !is_active;
            reader.go_to(start);
            reader.skip()?;
        }
    }
    Ok(())
}

/// Reads the number at a key of the map that starts there, a negative one as its two's complement; `None` if it is null or
/// not there.
#[inline(never)]
fn number(reader: &mut Reader<'_>, start: usize, key: &'static str) -> Result<Option<u32>, Malformed> {
    if !find(reader, start, key)? {
        return Ok(None);
    }
    reader.number32(NUMBER).map_err(|malformed| reader.within(key, malformed))
}

/// Goes to the value of a key of the map that starts there; returns whether there is one. If not, the map was read to its end.
#[inline(never)]
fn find(reader: &mut Reader<'_>, start: usize, key: &str) -> Result<bool, Malformed> {
    reader.go_to(start);
    let mut map = reader.map()?;
    while let Some(found) = reader.key_bytes(&mut map)? {
        if is_same(found, key.as_bytes()) {
            return Ok(true);
        }
        reader.skip()?;
    }
    Ok(false)
}

const NUMBER: &str = "a number of 32 bits";
