//! The header in front of every SMP frame.
//!
//! ```text
//! byte 0      bits 7..5 reserved, bits 4..3 version, bits 2..0 operation
//! byte 1      flags, none defined
//! bytes 2..4  length of the body, big-endian, as all numbers here
//! bytes 4..6  group
//! byte 6      sequence number, the same in the response
//! byte 7      command within the group
//! ```
//!
//! Source: Zephyr, "SMP Protocol Specification" (`doc/services/device_mgmt/smp_protocol.rst`), and frames of a Zephyr 4.4.0
//! server.

use core::fmt;

use crate::command::{Command, Group};

/// The header of a frame.
///
/// ```
/// use emu_smp::{Group, Header, HeaderError, Operation, Version};
///
/// let header = Header {
///     operation: Operation::Read,
///     version: Version::V0,
///     flags: 0,
///     length: 1,
///     group: Group::IMAGE,
///     sequence: 70,
///     command: 0,
/// };
/// assert_eq!(header.to_bytes(), [0, 0, 0, 1, 0, 1, 70, 0]);
/// assert_eq!(Header::split(&[0, 0, 0, 1, 0, 1, 70]), Err(HeaderError::TooShort { length: 7 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Header {
    /// What the frame is: a request or a response, to read or to write.
    pub operation: Operation,
    /// The protocol version, which also says what shape errors have.
    pub version: Version,
    /// Flags; none is defined. Senders send 0, receivers ignore them.
    pub flags: u8,
    /// How many bytes of body follow.
    pub length: u16,
    /// The group of commands.
    pub group: Group,
    /// The sender's number of the request, which the response repeats.
    pub sequence: u8,
    /// The command within the group.
    pub command: u8,
}

impl Header {
    /// How many bytes a header has.
    pub const LENGTH: usize = 8;

    /// Splits a frame into its header and its body; bytes behind the body are left out.
    ///
    /// The reserved bits are ignored, as servers do.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] if there are fewer bytes than a header has, or than it announces.
    pub fn split(frame: &[u8]) -> Result<(Self, &[u8]), HeaderError> {
        let too_short = HeaderError::TooShort { length: frame.len() };
        let (header, rest) = frame.split_first_chunk().ok_or(too_short)?;
        let header = Self::from_bytes(*header);
        let truncated = HeaderError::Truncated { announced: header.length, length: rest.len() };
        let body = rest.get(..usize::from(header.length)).ok_or(truncated)?;
        Ok((header, body))
    }

    /// Returns the command: the group and the number within it.
    #[must_use]
    pub const fn id(&self) -> Command {
        Command { group: self.group, number: self.command }
    }

    /// Reads the eight bytes of a header; every eight bytes are one.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        let [first, flags, l0, l1, g0, g1, sequence, command] = bytes;
        Self {
            operation: Operation::from_bits(first),
            version: Version::from_bits(first >> 3),
            flags,
            length: u16::from_be_bytes([l0, l1]),
            group: Group(u16::from_be_bytes([g0, g1])),
            sequence,
            command,
        }
    }

    /// Returns the header's bytes, the reserved bits 0.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LENGTH] {
        let [l0, l1] = self.length.to_be_bytes();
        let [g0, g1] = self.group.0.to_be_bytes();
        let first = (self.version.bits() << 3) | self.operation.bits();
        [first, self.flags, l0, l1, g0, g1, self.sequence, self.command]
    }
}

/// What a frame is.
///
/// For an example, see [`Header`](crate::Header).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Operation {
    /// A request to read.
    Read,
    /// The response to [`Read`](Self::Read).
    ReadResponse,
    /// A request to write.
    Write,
    /// The response to [`Write`](Self::Write), and to a request whose operation is not known.
    WriteResponse,
    /// One of the operations 4 to 7, which nobody has defined.
    Unknown(UnknownOperation),
}

impl Operation {
    /// Returns the operation in the lowest three bits; the others are ignored.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 0b111 {
            0 => Self::Read,
            1 => Self::ReadResponse,
            2 => Self::Write,
            3 => Self::WriteResponse,
            bits => Self::Unknown(UnknownOperation(bits)),
        }
    }

    /// Returns the three bits of the operation.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Read => 0,
            Self::ReadResponse => 1,
            Self::Write => 2,
            Self::WriteResponse => 3,
            Self::Unknown(UnknownOperation(bits)) => bits,
        }
    }

    /// Returns whether the frame answers another.
    #[must_use]
    pub const fn is_response(self) -> bool {
        matches!(self, Self::ReadResponse | Self::WriteResponse)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::ReadResponse => f.write_str("read response"),
            Self::Write => f.write_str("write"),
            Self::WriteResponse => f.write_str("write response"),
            Self::Unknown(UnknownOperation(bits)) => write!(f, "operation {bits}"),
        }
    }
}

/// The number of an operation that nobody has defined: 4 to 7.
///
/// For an example, see [`Header`](crate::Header).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "u8", into = "u8"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnknownOperation(u8);

impl UnknownOperation {
    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl From<UnknownOperation> for u8 {
    fn from(operation: UnknownOperation) -> Self {
        operation.0
    }
}

impl TryFrom<u8> for UnknownOperation {
    type Error = HeaderError;

    /// Takes 4 to 7.
    fn try_from(bits: u8) -> Result<Self, Self::Error> {
        if (4..=7).contains(&bits) { Ok(Self(bits)) } else { Err(HeaderError::NoUnknownOperation { bits }) }
    }
}

/// The protocol version of a frame.
///
/// A server answers in the version that it was asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Version {
    /// The original protocol, which the manual's tool speaks. The meter's firmware of 2021 and 2022 is older than the next
    /// version.
    V0,
    /// The later protocol, whose errors name the group that they come from.
    V1,
    /// Reserved.
    Reserved2,
    /// Reserved.
    Reserved3,
}

impl Version {
    /// Returns the version in the lowest two bits; the others are ignored.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 0b11 {
            0 => Self::V0,
            1 => Self::V1,
            2 => Self::Reserved2,
            _ => Self::Reserved3,
        }
    }

    /// Returns the two bits of the version.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
            Self::Reserved2 => 2,
            Self::Reserved3 => 3,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {}", self.bits())
    }
}

/// Bytes that are no frame.
///
/// For an example, see [`Header`](crate::Header).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HeaderError {
    /// There are fewer bytes than a header has.
    #[error("a frame starts with a header of 8 bytes; there are {length}")]
    TooShort {
        /// How many bytes there are.
        length: usize,
    },
    /// The frame ends before its body does.
    #[error("the header at byte 2 announces a body of {announced} bytes; there are {length}")]
    Truncated {
        /// How many bytes the header announces.
        announced: u16,
        /// How many bytes follow the header.
        length: usize,
    },
    /// An operation was to be made as unknown that is none.
    #[error("the unknown operations are 4 to 7, not {bits}")]
    NoUnknownOperation {
        /// The operation's number.
        bits: u8,
    },
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    /// Frames of a Zephyr 4.4.0 server (native simulator, UDP): "version 2 (reserved)" and "op 4".
    #[test]
    fn frames_of_a_real_server() {
        let (request, _) = Header::split(b"\x12\x00\x00\x06\x00\x00\x12\x00\xa1adbhi").unwrap();
        assert_eq!((request.operation, request.version), (Operation::Write, Version::Reserved2));
        let (answer, body) = Header::split(b"\x0b\x00\x00\x06\x00\x00\x12\x00\xbfbrc\x0d\xff").unwrap();
        assert_eq!((answer.operation, answer.version), (Operation::WriteResponse, Version::V1));
        assert_eq!((answer.sequence, body.len()), (request.sequence, 6));
        let (request, body) = Header::split(b"\x0c\x00\x00\x01\x00\x00\x1c\x00\xa0").unwrap();
        assert_eq!(
            (request.operation.to_string().as_str(), request.version.to_string().as_str()),
            ("operation 4", "version 1")
        );
        assert_eq!((request.operation.bits(), request.operation.is_response(), body), (4, false, &b"\xa0"[..]));
    }

    #[test]
    fn lengths_that_are_not_there() {
        assert_eq!(Header::split(&[]), Err(HeaderError::TooShort { length: 0 }));
        let error = Header::split(b"\x00\x00\xff\xf8\x00\x00\x00\x00\xa0").unwrap_err();
        assert_eq!(error, HeaderError::Truncated { announced: 0xfff8, length: 1 });
        assert!(UnknownOperation::try_from(3).is_err());
    }

    proptest! {
        /// Every eight bytes are a header, and all but the reserved bits come back.
        #[test]
        fn any_bytes(bytes in any::<[u8; Header::LENGTH]>()) {
            let mut expected = bytes;
            expected[0] &= 0b0001_1111;
            prop_assert_eq!(Header::from_bytes(bytes).to_bytes(), expected);
        }

        #[test]
        fn a_body_is_what_the_header_announces(frame in proptest::collection::vec(any::<u8>(), 0..600)) {
            match Header::split(&frame) {
                Ok((header, body)) => {
                    prop_assert_eq!(body.len(), usize::from(header.length));
                    prop_assert_eq!(body, &frame[8..8 + body.len()]);
                }
                Err(_) => prop_assert!(frame.len() < 8 || frame.len() - 8 < usize::from(u16::from_be_bytes([frame[2], frame[3]]))),
            }
        }
    }
}
