//! Any command, with a body that the caller makes and reads: those of an application's own groups, and those that this crate
//! does not know yet.

use super::Request;
use crate::cbor::{Decode, DecodeError, Encode, EncodeError, Malformed, Reader, Writer};
use crate::command::{Command, Group};
use crate::header::Operation;
use crate::refusal::Refusal;

/// A request whose command and body are the caller's.
///
/// ```
/// use emu_smp::{Command, Group, Operation, RawRequest, Version, encode_request};
///
/// let command = Command { group: Group(70), number: 3 };
/// let request = RawRequest { operation: Operation::Write, command, body: b"\xa1\x61x\x01" };
/// let mut frame = [0; 32];
/// let length = encode_request(&request, Version::V1, 9, &mut frame)?;
/// assert_eq!(&frame[..length], b"\x0a\x00\x00\x04\x00\x46\x09\x03\xa1\x61x\x01");
/// # Ok::<(), emu_smp::EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RawRequest<'a> {
    /// [`Operation::Read`] or [`Operation::Write`].
    pub operation: Operation,
    /// The command.
    pub command: Command,
    /// The body as it is sent: CBOR, but for groups from 64 on, which may have anything.
    pub body: &'a [u8],
}

/// The body of the response to a [`RawRequest`], as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RawResponse<'a>(pub &'a [u8]);

impl Request for RawRequest<'_> {
    // Of no one command; what is sent is in the fields.
    const OPERATION: Operation = Operation::Read;
    const COMMAND: Command = Command { group: Group(u16::MAX), number: u8::MAX };
    type Response<'a> = RawResponse<'a>;

    fn operation(&self) -> Operation {
        self.operation
    }

    fn command(&self) -> Command {
        self.command
    }

    /// A body that is no map is no refusal.
    fn find_refusal(body: &[u8]) -> Result<Option<Refusal<'_>>, DecodeError> {
        Ok(Refusal::find(body).ok().flatten())
    }
}

impl Encode for RawRequest<'_> {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.raw(self.body)
    }
}

impl<'a> Decode<'a> for RawResponse<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self(reader.rest()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::decode_response;
    use crate::return_code::ReturnCode;

    #[test]
    fn a_body_as_it_came_or_the_refusal() {
        let respond = |body| decode_response::<RawRequest<'_>>(body).unwrap();
        assert_eq!(respond(b"\xa1\x61x\x01"), Ok(RawResponse(b"\xa1\x61x\x01")));
        assert_eq!(respond(b"no CBOR\xff"), Ok(RawResponse(b"no CBOR\xff")));
        assert_eq!(respond(b"\xbf\x62rc\x08\xff").unwrap_err().code(), Some(ReturnCode::NOT_SUPPORTED));
    }
}
