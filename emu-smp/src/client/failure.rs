//! Why a request was not answered as it should be.

use core::fmt;
use core::time::Duration;

use crate::cbor::{DecodeError, EncodeError};
use crate::command::Command;
use crate::group_error::GroupError;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// A request that came to nothing.
///
/// For an example, see [`Exchange`](crate::client::Exchange).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Failure {
    /// The device did not answer.
    #[error("no answer to {command}: sent {sent} times in {} ms", waited.as_millis())]
    NoAnswer {
        /// What was asked.
        command: Command,
        /// How often it was sent.
        sent: u8,
        /// For how long it was waited.
        waited: Duration,
    },
    /// The device refused.
    #[error("{command} was refused: {refused}")]
    Refused {
        /// What was asked.
        command: Command,
        /// What it answered.
        refused: Refused,
    },
    /// The answer is not what it should be.
    #[error("the answer to {command} cannot be read: {error}")]
    Malformed {
        /// What was asked.
        command: Command,
        /// What is wrong with the answer.
        error: DecodeError,
    },
    /// The request does not fit into the caller's buffer, or is larger than the session's largest frame.
    #[error("{command} cannot be sent: {error}")]
    TooLarge {
        /// What was to be asked.
        command: Command,
        /// What it does not fit into.
        error: EncodeError,
    },
}

/// A refusal, kept beyond the frame that it came in.
///
/// For an example, see [`Exchange`](crate::client::Exchange).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Refused {
    /// A general code.
    Code {
        /// The code.
        code: ReturnCode,
        /// The device's own words; empty if it has none.
        reason: Reason,
    },
    /// A code of a group's own.
    Group(GroupError),
}

impl Refused {
    /// Returns the refusal as it stands in a frame.
    #[must_use]
    pub fn as_refusal(&self) -> Refusal<'_> {
        match self {
            Self::Code { code, reason } => {
                Refusal::Code { code: *code, reason: Some(reason.as_str()).filter(|reason| !reason.is_empty()) }
            }
            Self::Group(error) => Refusal::Group(*error),
        }
    }

    /// Returns the general code; `None` if it is a group's.
    #[must_use]
    pub const fn code(&self) -> Option<ReturnCode> {
        match self {
            Self::Code { code, .. } => Some(*code),
            Self::Group(_) => None,
        }
    }
}

impl From<Refusal<'_>> for Refused {
    fn from(refusal: Refusal<'_>) -> Self {
        match refusal {
            Refusal::Code { code, reason } => {
                Self::Code { code, reason: Reason::new(reason.unwrap_or_default().as_bytes()) }
            }
            Refusal::Group(error) => Self::Group(error),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_refusal().fmt(f)
    }
}

/// The device's own words about a refusal: the first 32 bytes of them.
///
/// For an example, see [`Exchange`](crate::client::Exchange).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    bytes: [u8; Self::CAPACITY],
    length: u8,
}

impl Reason {
    const CAPACITY: usize = 32;

    pub(super) fn new(text: &[u8]) -> Self {
        // At most what has room, which is less than 256.
        let length = text.len().min(Self::CAPACITY) as u8;
        Self { bytes: core::array::from_fn(|place| text.get(place).copied().unwrap_or_default()), length }
    }

    /// Returns the words, up to what is no UTF-8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        // What was cut within a character ends in front of it.
        let text = bytes.utf8_chunks().next();
        text.map_or("", |text| text.valid())
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Reason {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}", self.as_str());
    }
}
