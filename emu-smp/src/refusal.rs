//! What a device answers in place of what was asked for.
//!
//! ```text
//! {"rc": code, "rsn"?: text}             version 0; and whatever the server says before it comes to the command
//! {"err": {"group": g, "rc": code}}      version 1, from the command
//! ```
//!
//! Source: Zephyr, "SMP Protocol Specification", and what 4.4.0 and 3.4.99 answer.

use core::fmt::{self, Write};

use crate::body::{body, decode};
use crate::cbor::{DecodeError, Encode, EncodeError, Writer};
use crate::command::Group;
use crate::group_error::GroupError;
use crate::return_code::ReturnCode;

/// A request that the device refused.
///
/// ```
/// use emu_smp::{GroupError, Refusal};
///
/// let refusal = Refusal::find(b"\xbf\x63err\xbf\x65group\x01\x62rc\x09\xff\xff")?.unwrap();
/// assert_eq!(refusal.group_error(), Some(GroupError::IMAGE_NO_FREE_SLOT));
/// # Ok::<(), emu_smp::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Refusal<'a> {
    /// A general code.
    Code {
        /// The code.
        code: ReturnCode,
        /// The device's own words, from servers that have some.
        reason: Option<&'a str>,
    },
    /// A code of a group's own.
    Group(GroupError),
}

body! {
    /// The keys that make a response a refusal.
    struct Keys<'a> {
        /// The general code.
        code: Option<i32> = "rc",
        /// What for.
        reason: Option<&'a str> = "rsn",
        /// The group's code.
        error: Option<GroupCode> = "err",
    }

    /// A group and its code, as they stand in a frame.
    pub(crate) struct GroupCode {
        /// The group.
        group: Group = "group",
        /// The code.
        code: u16 = "rc",
    }
}

impl<'a> Refusal<'a> {
    /// Returns the refusal that a body holds, if it does. `rc: 0` is none, as older servers send it; an `err` with code 0
    /// is none either.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the body is no map, or a code is no number.
    pub fn find(body: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        let keys: Keys<'_> = decode(body)?;
        if let Some(error) = keys.error.filter(|error| error.code != 0) {
            return Ok(Some(Self::Group(GroupError { group: error.group, code: error.code })));
        }
        Ok(match keys.code {
            None | Some(0) => None,
            Some(code) => Some(Self::Code { code: ReturnCode(code), reason: keys.reason }),
        })
    }

    /// Returns the group's code; `None` if it is a general one.
    #[must_use]
    pub const fn group_error(&self) -> Option<GroupError> {
        match self {
            Self::Group(error) => Some(*error),
            Self::Code { .. } => None,
        }
    }

    /// Returns the general code; `None` if it is a group's.
    #[must_use]
    pub const fn code(&self) -> Option<ReturnCode> {
        match self {
            Self::Group(_) => None,
            Self::Code { code, .. } => Some(*code),
        }
    }
}

impl From<GroupError> for GroupCode {
    fn from(error: GroupError) -> Self {
        Self { group: error.group, code: error.code }
    }
}

impl From<ReturnCode> for Refusal<'_> {
    fn from(code: ReturnCode) -> Self {
        Self::Code { code, reason: None }
    }
}

impl From<GroupError> for Refusal<'_> {
    fn from(error: GroupError) -> Self {
        Self::Group(error)
    }
}

impl Encode for Refusal<'_> {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let keys = match *self {
            Self::Code { code, reason } => Keys { code: Some(code.0), reason, error: None },
            Self::Group(error) => Keys { code: None, reason: None, error: Some(error.into()) },
        };
        keys.encode(writer)
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { code, reason: None } => code.fmt(f),
            Self::Code { code, reason: Some(reason) } => {
                write!(f, "{code}: ")?;
                reason.chars().try_for_each(|letter| write_visibly(f, letter))
            }
            Self::Group(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Refusal<'_> {}

/// Writes a letter of a device's, escaped if a terminal would obey it or show it as another. (The standard library's own
/// `escape_debug` does so by tables, and can panic.)
fn write_visibly(f: &mut fmt::Formatter<'_>, letter: char) -> fmt::Result {
    let is_hidden = letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if letter.is_ascii() || is_hidden { write!(f, "{}", letter.escape_default()) } else { f.write_char(letter) }
}
