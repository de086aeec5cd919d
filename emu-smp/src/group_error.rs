//! The error codes that groups have of their own, and what they become for a client of version 0.
//!
//! Source: Zephyr, the error enumerations of `include/zephyr/mgmt/mcumgr/grp/`; the translation, as 4.4.0 answers.

use core::fmt;

use crate::command::Group;
use crate::return_code::ReturnCode;

/// A code of a group's own. Numbers that are not known are kept; 0 is no error and 1 an unknown one in every group.
///
/// ```
/// use emu_smp::{Group, GroupError};
///
/// let error = GroupError::IMAGE_ALREADY_PENDING;
/// assert_eq!((error.group, error.code), (Group::IMAGE, 28));
/// assert_eq!(error.to_string(), "an image is pending already (image error 28, IMAGE_ALREADY_PENDING)");
/// assert_eq!(GroupError { group: Group(70), code: 5 }.to_string(), "an error that is not known (group 70 error 5)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct GroupError {
    /// The group whose code it is.
    pub group: Group,
    /// The code.
    pub code: u16,
}

/// Declares the codes: constant, group, number, name in C without its prefix, what a person needs to know.
macro_rules! errors {
    ($($constant:ident = $group:ident $code:literal $name:literal $sentence:literal;)+) => {
        impl GroupError {
            $(#[doc = concat!("`", $name, "`: ", $sentence, ".")]
            pub const $constant: Self = Self { group: Group::$group, code: $code };)+

            /// Returns the code's name in C without its group's prefix, and what it means; `None` if it is not known.
            const fn text(self) -> Option<(&'static str, &'static str)> {
                match (self.group, self.code) {
                    $((Group::$group, $code) => Some(($name, $sentence)),)+
                    (_, 1) => Some(("UNKNOWN", "the device could not do it, and does not say why")),
                    _ => None,
                }
            }
        }
    };
}

errors! {
    IMAGE_FLASH_CONFIG_QUERY_FAILED = IMAGE 2 "FLASH_CONFIG_QUERY_FAIL" "the device does not find its flash";
    IMAGE_NO_IMAGE = IMAGE 3 "NO_IMAGE" "there is no image in the slot";
    IMAGE_HASH_NOT_FOUND = IMAGE 8 "HASH_NOT_FOUND" "no image on the device has this hash";
    IMAGE_NO_FREE_SLOT = IMAGE 9 "NO_FREE_SLOT" "no slot is free: what is in it is active, or to be started or gone back to";
    IMAGE_INVALID_LENGTH = IMAGE 21 "INVALID_LENGTH" "the length of the image is missing or wrong";
    IMAGE_ALREADY_PENDING = IMAGE 28 "IMAGE_ALREADY_PENDING" "an image is pending already";
}

impl GroupError {
    /// Returns the code's name in C without its group's prefix, if it is known.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.text().map(|(name, _)| name)
    }

    /// Returns the general code that stands for this one where a client speaks version 0.
    #[must_use]
    pub const fn to_return_code(self) -> ReturnCode {
        match self {
            Self::IMAGE_INVALID_LENGTH => ReturnCode::INVALID,
            _ => ReturnCode::UNKNOWN,
        }
    }
}

impl fmt::Display for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (group, code) = (self.group, self.code);
        match self.text() {
            Some((name, sentence)) => write!(f, "{sentence} ({group} error {code}, {name})"),
            None => write!(f, "an error that is not known ({group} error {code})"),
        }
    }
}
