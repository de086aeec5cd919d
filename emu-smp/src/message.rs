//! Frames whole: a request or a response with its header, out and in.

use crate::body::{Request, decode};
use crate::cbor::{DecodeError, EncodeError, Writer};
use crate::header::{Header, Operation, Version};
use crate::refusal::Refusal;

/// Writes a request with its header into a buffer, and returns how many bytes it takes.
///
/// ```
/// use emu_smp::{Version, encode_request, os::EchoRequest};
///
/// let mut frame = [0; 32];
/// let length = encode_request(&EchoRequest { text: "hi" }, Version::V0, 1, &mut frame)?;
/// assert_eq!(&frame[..length], b"\x02\x00\x00\x06\x00\x00\x01\x00\xa1\x61d\x62hi");
/// # Ok::<(), emu_smp::EncodeError>(())
/// ```
///
/// # Errors
///
/// [`EncodeError`] if the buffer is too small.
pub fn encode_request<R: Request>(
    request: &R,
    version: Version,
    sequence: u8,
    buffer: &mut [u8],
) -> Result<usize, EncodeError> {
    let header = Header {
        operation: request.operation(),
        version,
        flags: 0,
        length: 0,
        group: request.command().group,
        sequence,
        command: request.command().number,
    };
    encode_frame(header, buffer, |writer| request.encode(writer))
}

/// Writes a frame: the header, whose length is filled in, and whatever `body` writes. Returns how many bytes it takes.
///
/// ```
/// use emu_smp::{Encode, Header, Operation, encode_frame, os::EchoResponse};
///
/// // A device answers a request, in its version and with its number.
/// let (asked, _) = Header::split(b"\x02\x00\x00\x06\x00\x00\x01\x00\xa1\x61d\x62hi")?;
/// let header = Header { operation: Operation::WriteResponse, ..asked };
/// let mut frame = [0; 32];
/// let length = encode_frame(header, &mut frame, |writer| EchoResponse { text: "hi" }.encode(writer))?;
/// assert_eq!(&frame[..length], b"\x03\x00\x00\x06\x00\x00\x01\x00\xa1\x61r\x62hi");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`EncodeError`] if the buffer is too small, or the body longer than a header can say.
pub fn encode_frame(
    header: Header,
    buffer: &mut [u8],
    body: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<usize, EncodeError> {
    let mut body = Some(body);
    encode_frame_once(header, buffer, &mut |writer| body.take().map_or(Ok(()), |body| body(writer)))
}

/// The same for whatever writes the body, so that it is compiled once.
pub(crate) fn encode_frame_once(
    header: Header,
    buffer: &mut [u8],
    body: &mut dyn FnMut(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<usize, EncodeError> {
    let too_small = EncodeError { capacity: buffer.len() };
    let (head, rest) = buffer.split_first_chunk_mut::<{ Header::LENGTH }>().ok_or(too_small)?;
    let mut writer = Writer::new(rest);
    body(&mut writer).map_err(|_| too_small)?;
    let written = writer.length();
    let length = u16::try_from(written).map_err(|_| EncodeError { capacity: MAX_FRAME_LENGTH })?;
    *head = Header { length, ..header }.to_bytes();
    Ok(written.wrapping_add(Header::LENGTH))
}

/// Reads the body of the response to a request: what was asked for, or the device's refusal.
///
/// ```
/// use emu_smp::{Group, Refusal, ReturnCode, decode_response, image::StateRequest};
///
/// let refused = decode_response::<StateRequest>(b"\xbf\x62rc\x08\xff")?;
/// assert_eq!(refused.unwrap_err().to_string(), "the device does not know this command (rc 8, ENOTSUP)");
/// # Ok::<(), emu_smp::DecodeError>(())
/// ```
///
/// # Errors
///
/// [`DecodeError`] if the body is neither.
pub fn decode_response<R: Request>(body: &[u8]) -> Result<Result<R::Response<'_>, Refusal<'_>>, DecodeError> {
    match R::find_refusal(body)? {
        Some(refusal) => Ok(Err(refusal)),
        None => decode(body).map(Ok),
    }
}

/// How many bytes the longest frame has: a header, and a body as long as that can say.
const MAX_FRAME_LENGTH: usize = Header::LENGTH.saturating_add(65_535);

impl Header {
    /// Checks that this is the header of the response to a request: group, command, sequence number and direction.
    ///
    /// The version is not looked at: a server that does not know the one it was asked in says so in another.
    ///
    /// # Errors
    ///
    /// [`Mismatch`] names the first that differs.
    pub fn check_answers(&self, request: &Self) -> Result<(), Mismatch> {
        let is_expected = match self.operation {
            Operation::ReadResponse => request.operation == Operation::Read,
            // Also the operation of errors, whatever was asked.
            Operation::WriteResponse => true,
            _ => return Err(Mismatch::NoResponse),
        };
        if self.sequence != request.sequence {
            return Err(Mismatch::Sequence { expected: request.sequence, found: self.sequence });
        }
        if self.id() != request.id() || !is_expected {
            return Err(Mismatch::Command { expected: request.id(), found: self.id() });
        }
        Ok(())
    }
}

/// A frame that is no response to the request it should answer.
///
/// For an example, see [`Exchange`](crate::client::Exchange).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Mismatch {
    /// It is no response.
    #[error("expected a response, found a request")]
    NoResponse,
    /// It answers another request.
    #[error("expected the response to request {expected}, found that to request {found}")]
    Sequence {
        /// The request's sequence number.
        expected: u8,
        /// The frame's.
        found: u8,
    },
    /// It answers another command.
    #[error("expected the response to {expected}, found that to {found}")]
    Command {
        /// The request's command.
        expected: crate::command::Command,
        /// The frame's.
        found: crate::command::Command,
    },
}
