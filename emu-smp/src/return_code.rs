//! The general error codes.
//!
//! Source: Zephyr, `include/zephyr/mgmt/mcumgr/mgmt/mgmt_defines.h`.

use core::fmt;

/// A general error code. Numbers that are not known are kept; those from 256 on are an application's own.
///
/// ```
/// use emu_smp::ReturnCode;
///
/// assert_eq!(ReturnCode::OUT_OF_MEMORY.to_string(), "the device has no buffer free (rc 2, ENOMEM)");
/// assert_eq!(ReturnCode(300).to_string(), "the device answers with an error that is not known (rc 300)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ReturnCode(pub i32);

/// Declares the codes: constant, number, name in C, what a person needs to know.
macro_rules! codes {
    ($($constant:ident = $code:literal $name:literal $sentence:literal;)+) => {
        impl ReturnCode {
            $(#[doc = concat!("`", $name, "`: ", $sentence, ".")] pub const $constant: Self = Self($code);)+

            /// Returns the code's name in C, if it is known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($name),)+
                    _ => None,
                }
            }

            const fn sentence(self) -> &'static str {
                match self.0 {
                    $($code => $sentence,)+
                    _ => "the device answers with an error that is not known",
                }
            }
        }
    };
}

codes! {
    OK = 0 "EOK" "no error";
    UNKNOWN = 1 "EUNKNOWN" "the device could not do it, and does not say why";
    OUT_OF_MEMORY = 2 "ENOMEM" "the device has no buffer free";
    INVALID = 3 "EINVAL" "the device does not understand the request";
    TIMEOUT = 4 "ETIMEOUT" "it took the device too long";
    NO_ENTRY = 5 "ENOENT" "the device has nothing of that name";
    BAD_STATE = 6 "EBADSTATE" "the device's state does not allow it";
    MESSAGE_SIZE = 7 "EMSGSIZE" "the answer is too large for the device's buffer";
    NOT_SUPPORTED = 8 "ENOTSUP" "the device does not know this command";
    CORRUPT = 9 "ECORRUPT" "the request came to the device damaged, or cut short";
    BUSY = 10 "EBUSY" "the device is busy with something else";
    ACCESS_DENIED = 11 "EACCESSDENIED" "the device does not allow it";
    TOO_OLD = 12 "UNSUPPORTED_TOO_OLD" "the device speaks a later version of the protocol only";
    TOO_NEW = 13 "UNSUPPORTED_TOO_NEW" "the device speaks an earlier version of the protocol only";
}

impl fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (rc {}", self.sentence(), self.0)?;
        if let Some(name) = self.name() {
            write!(f, ", {name}")?;
        }
        f.write_str(")")
    }
}
