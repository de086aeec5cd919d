//! Group 9, shell: running a command line on the device.
//!
//! ```text
//! {"o": text, "ret": exit code}    since Zephyr 3.4
//! {"o": text, "rc": exit code}     before, and where a build asks for it
//! {"rc": code}                     a refusal
//! ```
//!
//! ```
//! use emu_smp::shell::ExecuteRequest;
//! use emu_smp::{Version, decode_response, encode_request};
//!
//! let request = ExecuteRequest { arguments: ["kernel", "uptime"].as_slice().into() };
//! let mut frame = [0; 64];
//! let length = encode_request(&request, Version::V1, 1, &mut frame)?;
//! assert_eq!(frame[8..length], *b"\xa1dargv\x82fkernelfuptime");
//! let response = decode_response::<ExecuteRequest>(b"\xa2aolUptime: 3 mscret\x00")??;
//! assert_eq!((response.output, response.exit_code), ("Uptime: 3 ms", 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: Zephyr, `smp_group_9.rst`, and what 4.4.0 answers.

use super::{Request, body};
use crate::cbor::{Decode, DecodeError, Encode, EncodeError, List, Malformed, Reader, Writer};
use crate::command::Command;
use crate::header::Operation;
use crate::refusal::Refusal;

body! {
    /// Runs a command line.
    pub struct ExecuteRequest<'a> {
        /// The command and its arguments. Some servers join them with blanks, so that the whole line can be the only one.
        pub arguments: List<'a, &'a str> = "argv",
    }

    /// A response as it stands in the frame.
    struct Keys<'a> {
        output: &'a str = "o",
        exit_code: Option<i32> = "ret",
        legacy_exit_code: Option<i32> = "rc",
    }
}

/// What a command has printed, and whether it succeeded.
///
/// ```
/// use emu_smp::{decode_response, shell::ExecuteRequest};
///
/// // {"o": "", "rc": -8}, from an older server: the command failed, not the request.
/// let response = decode_response::<ExecuteRequest>(b"\xbf\x61o\x60\x62rc\x27\xff")?.unwrap();
/// assert_eq!(response.exit_code, -8);
/// // {"rc": 8}: there is no shell.
/// assert!(decode_response::<ExecuteRequest>(b"\xbf\x62rc\x08\xff")?.is_err());
/// # Ok::<(), emu_smp::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ExecuteResponse<'a> {
    /// What the command has printed, as a terminal would get it: line ends of two characters, one of them in front, and
    /// colours as escape sequences.
    pub output: &'a str,
    /// 0 if the command succeeded; below 0, an error number of C.
    pub exit_code: i32,
}

impl Request for ExecuteRequest<'_> {
    const OPERATION: Operation = Operation::Write;
    const COMMAND: Command = Command::SHELL_EXECUTE;
    type Response<'a> = ExecuteResponse<'a>;

    /// A code beside an output is the command's.
    fn find_refusal(body: &[u8]) -> Result<Option<Refusal<'_>>, DecodeError> {
        let refusal = Refusal::find(body)?;
        let is_general = matches!(refusal, Some(Refusal::Code { .. }));
        Ok(if is_general && has_output(body) == Ok(true) { None } else { refusal })
    }
}

/// Whether a response holds an output.
fn has_output(body: &[u8]) -> Result<bool, Malformed> {
    let mut reader = Reader::new(body);
    let mut map = reader.map()?;
    while let Some(key) = reader.key(&mut map)? {
        if key == "o" {
            return Ok(true);
        }
        reader.skip()?;
    }
    Ok(false)
}

impl<'a> Decode<'a> for ExecuteResponse<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let keys: Keys<'_> = reader.value()?;
        let exit_code = keys.exit_code.or(keys.legacy_exit_code).ok_or_else(|| reader.missing("ret"))?;
        Ok(Self { output: keys.output, exit_code })
    }
}

impl Encode for ExecuteResponse<'_> {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.put(&Keys { output: self.output, exit_code: Some(self.exit_code), legacy_exit_code: None })
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;
    use crate::message::decode_response;
    use crate::{GroupError, ReturnCode};

    #[test]
    fn an_exit_code_is_no_refusal() {
        let respond = |body| decode_response::<ExecuteRequest<'_>>(body).unwrap();
        let exit_code = |body| respond(body).map(|response| response.exit_code);
        assert_eq!(exit_code(b"\xa2\x61o\x60\x63ret\x27"), Ok(-8));
        assert_eq!(exit_code(b"\xa2\x62rc\x01\x61o\x60"), Ok(1));
        assert_eq!(exit_code(b"\xa2\x61o\x60\x62rc\x00"), Ok(0));
        // The server's own code beside the command's, from builds that always add one.
        assert_eq!(exit_code(b"\xa3\x61o\x60\x62rc\x00\x63ret\x05"), Ok(5));
        assert_eq!(respond(b"\xa1\x62rc\x03").unwrap_err().code(), Some(ReturnCode::INVALID));
        let refusal = respond(b"\xa2\x61o\x60\x63err\xa2\x65group\x09\x62rc\x03").unwrap_err();
        assert_eq!(refusal.group_error(), Some(GroupError::SHELL_EMPTY_COMMAND));
        assert_eq!(decode::<ExecuteResponse<'_>>(b"\xa1\x61o\x60").unwrap_err().key, "ret");
        assert_eq!(decode::<ExecuteResponse<'_>>(b"\xa1\x63ret\x00").unwrap_err().key, "o");
    }
}
