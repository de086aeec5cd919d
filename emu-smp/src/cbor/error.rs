//! What can be wrong with a body, and where.

use core::fmt;

/// That a body is not what it should be. What is wrong, the [`Reader`](crate::Reader) has
/// [kept](crate::Reader::error), and [`decode`](crate::decode) tells.
///
/// It says no more so that it costs no more: a value is read in one or two registers, which matters to a microcontroller's
/// flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[error("the body is not what it should be")]
pub struct Malformed(pub(super) ());

/// A body that is not what it should be.
///
/// ```
/// use emu_smp::{DecodeErrorKind, Reader};
///
/// // {"off": -1}, read as what an upload is answered with.
/// let error = emu_smp::decode::<emu_smp::image::UploadResponse>(b"\xa1\x63off\x20").unwrap_err();
/// assert_eq!((error.offset, error.key), (13, "off"));
/// assert_eq!(error.to_string(), "at byte 13 of the frame, in `off`: expected a number from 0 to 4294967295");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DecodeError {
    /// Where, in bytes from the start of the frame's header.
    pub offset: usize,
    /// The key whose value is concerned; empty if it is none.
    pub key: &'static str,
    /// What is wrong.
    pub kind: DecodeErrorKind,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {} of the frame", self.offset)?;
        if !self.key.is_empty() {
            write!(f, ", in `{}`", self.key)?;
        }
        write!(f, ": {}", self.kind)
    }
}

impl core::error::Error for DecodeError {}

/// What can be wrong with a body.
///
/// For an example, see [`DecodeError`](crate::DecodeError).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The body ends within a value.
    #[error("the body ends within a value")]
    End,
    /// Another value is there.
    #[error("expected {expected}")]
    Expected {
        /// What should be there, as a noun.
        expected: &'static str,
    },
    /// A text is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A map lacks a key.
    #[error("the key is missing")]
    Missing,
    /// A map has a key twice.
    #[error("the key is there twice")]
    Twice,
    /// Maps and lists lie deeper within each other than any command has them.
    #[error("maps and lists are nested more than {most} deep")]
    TooDeep {
        /// How deep they may be nested.
        most: usize,
    },
    /// The bytes are no CBOR.
    #[error("not CBOR")]
    NotCbor,
    /// Bytes follow the body's value.
    #[error("the body goes on behind its end")]
    Trailing,
}

/// A buffer that is too small for a frame.
///
/// For an example, see [`Writer`](crate::Writer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[error("the frame does not fit into {capacity} bytes")]
pub struct EncodeError {
    /// How many bytes the buffer has, or a frame can have.
    pub capacity: usize,
}
