//! The error codes that groups have of their own, and what they become for a client of version 0.
//!
//! Source: Zephyr, the error enumerations of `include/zephyr/mgmt/mcumgr/grp/`, and the groups' translations to general codes.

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
/// assert_eq!(error.to_string(), "an image is pending already: reset the device, or confirm the image \
///     (image error 28, IMAGE_ALREADY_PENDING)");
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

/// Declares the codes: constant, group, number, name in C without its prefix, the general code where that is another than
/// "unknown", and what a person needs to know.
macro_rules! errors {
    ($($constant:ident = $group:ident $code:literal $name:literal $(($general:ident))? $sentence:literal;)+) => {
        impl GroupError {
            $(#[doc = concat!("`", $name, "`: ", $sentence, ".")]
            pub const $constant: Self = Self { group: Group::$group, code: $code };)+

            /// Every code that is known, in the order of groups and numbers.
            pub const KNOWN: &'static [Self] = &[$(Self::$constant),+];

            /// Returns the code's name in C without its group's prefix, and what it means; `None` if it is not known.
            const fn text(self) -> Option<(&'static str, &'static str)> {
                match (self.group, self.code) {
                    $((Group::$group, $code) => Some(($name, $sentence)),)+
                    (_, 0) => Some(("OK", "no error")),
                    (_, 1) => Some(("UNKNOWN", "the device could not do it, and does not say why")),
                    _ => None,
                }
            }

            /// Returns the general code that stands for this one where a client speaks version 0.
            #[must_use]
            pub const fn to_return_code(self) -> ReturnCode {
                let mut rest = Self::TRANSLATED;
                while let Some(([group, code, general], others)) = rest.split_first() {
                    if self.group.0 == *group as u16 && self.code == *code as u16 {
                        return ReturnCode(*general as i32);
                    }
                    rest = others;
                }
                if self.code == 0 { ReturnCode::OK } else { ReturnCode::UNKNOWN }
            }

            /// The groups and codes for which there is a general code, and which. A byte each: a firmware has the table.
            const TRANSLATED: &'static [[u8; 3]] = &[$($(
                [Group::$group.0 as u8, $code, ReturnCode::$general.0 as u8],
            )?)+];
        }
    };
}

errors! {
    OS_INVALID_FORMAT = OS 2 "INVALID_FORMAT" (INVALID)
        "the device does not know one of the letters that say what to tell";
    OS_QUERY_YIELDS_NO_ANSWER = OS 3 "QUERY_YIELDS_NO_ANSWER" (NO_ENTRY)
        "the boot loader has no answer to this question";
    OS_RTC_NOT_SET = OS 4 "RTC_NOT_SET" (NO_ENTRY) "the device's clock was not set: set it first";
    OS_RTC_COMMAND_FAILED = OS 5 "RTC_COMMAND_FAILED"
        "the device's clock does not work, or does not take this time";
    OS_QUERY_RESPONSE_VALUE_NOT_VALID = OS 6 "QUERY_RESPONSE_VALUE_NOT_VALID"
        "the boot loader's answer makes no sense";
    OS_HEAP_STATS_FETCH_FAILED = OS 7 "HEAP_STATS_FETCH_FAILED"
        "the device can not tell how its memory is used";

    IMAGE_FLASH_CONFIG_QUERY_FAILED = IMAGE 2 "FLASH_CONFIG_QUERY_FAIL"
        "the device can not find out how its flash is laid out";
    IMAGE_NO_IMAGE = IMAGE 3 "NO_IMAGE" (NO_ENTRY) "there is no image in the slot: upload one first";
    IMAGE_NO_TLVS = IMAGE 4 "NO_TLVS" (NO_ENTRY)
        "the image in the slot ends before its hash and signature: upload it again";
    IMAGE_INVALID_TLV = IMAGE 5 "INVALID_TLV"
        "what follows the image in the slot is damaged: upload it again";
    IMAGE_TLV_MULTIPLE_HASHES_FOUND = IMAGE 6 "TLV_MULTIPLE_HASHES_FOUND"
        "the image in the slot has more than one hash: it was built wrongly";
    IMAGE_TLV_INVALID_SIZE = IMAGE 7 "TLV_INVALID_SIZE"
        "the hash of the image in the slot has a wrong length: it was built for another boot loader";
    IMAGE_HASH_NOT_FOUND = IMAGE 8 "HASH_NOT_FOUND"
        "no image on the device has this hash: list the images to see which there are";
    IMAGE_NO_FREE_SLOT = IMAGE 9 "NO_FREE_SLOT" (BAD_STATE)
        "no slot is free: what is in it is active, or to be started or gone back to";
    IMAGE_FLASH_OPEN_FAILED = IMAGE 10 "FLASH_OPEN_FAILED"
        "the device can not open the slot: perhaps it has none of that number";
    IMAGE_FLASH_READ_FAILED = IMAGE 11 "FLASH_READ_FAILED" "the device can not read its flash";
    IMAGE_FLASH_WRITE_FAILED = IMAGE 12 "FLASH_WRITE_FAILED"
        "the device can not write its flash: erase the slot and upload again";
    IMAGE_FLASH_ERASE_FAILED = IMAGE 13 "FLASH_ERASE_FAILED" "the device can not erase its flash";
    IMAGE_INVALID_SLOT = IMAGE 14 "INVALID_SLOT" (INVALID) "the device has no slot of this number";
    IMAGE_NO_FREE_MEMORY = IMAGE 15 "NO_FREE_MEMORY" (OUT_OF_MEMORY)
        "the device has not enough memory free: try again, or reset it first";
    IMAGE_FLASH_CONTEXT_ALREADY_SET = IMAGE 16 "FLASH_CONTEXT_ALREADY_SET"
        "the device is writing its flash for somebody else";
    IMAGE_FLASH_CONTEXT_NOT_SET = IMAGE 17 "FLASH_CONTEXT_NOT_SET"
        "the device did not prepare its flash: start the upload again";
    IMAGE_FLASH_AREA_DEVICE_NULL = IMAGE 18 "FLASH_AREA_DEVICE_NULL"
        "the device does not find the flash of the slot";
    IMAGE_INVALID_PAGE_OFFSET = IMAGE 19 "INVALID_PAGE_OFFSET" (INVALID)
        "the device's flash has no page there";
    IMAGE_INVALID_OFFSET = IMAGE 20 "INVALID_OFFSET" (INVALID) "the place in the image is missing or wrong";
    IMAGE_INVALID_LENGTH = IMAGE 21 "INVALID_LENGTH" (INVALID) "the length of the image is missing or wrong";
    IMAGE_INVALID_HEADER = IMAGE 22 "INVALID_IMAGE_HEADER" (INVALID)
        "the image's header is cut short, or not one: check the file";
    IMAGE_INVALID_HEADER_MAGIC = IMAGE 23 "INVALID_IMAGE_HEADER_MAGIC"
        "the file is no image for this boot loader: check that it is the signed one";
    IMAGE_INVALID_HASH = IMAGE 24 "INVALID_HASH" (INVALID) "the hash is missing or has a wrong length";
    IMAGE_INVALID_FLASH_ADDRESS = IMAGE 25 "INVALID_FLASH_ADDRESS" (INVALID)
        "the image was built for another address than its slot has";
    IMAGE_VERSION_GET_FAILED = IMAGE 26 "VERSION_GET_FAILED"
        "the device can not read the version of the image that runs";
    IMAGE_CURRENT_VERSION_IS_NEWER = IMAGE 27 "CURRENT_VERSION_IS_NEWER" (BAD_STATE)
        "the image that runs is newer: upload without asking for an upgrade to go back";
    IMAGE_ALREADY_PENDING = IMAGE 28 "IMAGE_ALREADY_PENDING" (BAD_STATE)
        "an image is pending already: reset the device, or confirm the image";
    IMAGE_INVALID_VECTOR_TABLE = IMAGE 29 "INVALID_IMAGE_VECTOR_TABLE"
        "the image does not start as a program for this processor does";
    IMAGE_TOO_LARGE = IMAGE 30 "INVALID_IMAGE_TOO_LARGE" "the image is larger than its slot";
    IMAGE_DATA_OVERRUN = IMAGE 31 "INVALID_IMAGE_DATA_OVERRUN"
        "more bytes came than the image was announced to have: start the upload again";
    IMAGE_CONFIRMATION_DENIED = IMAGE 32 "IMAGE_CONFIRMATION_DENIED"
        "the device's program does not allow to confirm the image";
    IMAGE_TEST_OF_ACTIVE_DENIED = IMAGE 33 "IMAGE_SETTING_TEST_TO_ACTIVE_DENIED"
        "the image runs already: there is nothing to test";
    IMAGE_ACTIVE_SLOT_NOT_KNOWN = IMAGE 34 "ACTIVE_SLOT_NOT_KNOWN" "the device can not tell which image runs";

    STATISTICS_INVALID_GROUP = STATISTICS 2 "INVALID_GROUP" (NO_ENTRY)
        "the device has no statistics of this name: list them to see which there are";
    STATISTICS_INVALID_NAME = STATISTICS 3 "INVALID_STAT_NAME" (NO_ENTRY)
        "the device has no statistics of this name: list them to see which there are";
    STATISTICS_INVALID_SIZE = STATISTICS 4 "INVALID_STAT_SIZE" (INVALID)
        "the device has a statistic of a size that it can not send";
    STATISTICS_WALK_ABORTED = STATISTICS 5 "WALK_ABORTED" "the device gave up going through its statistics";

    SETTINGS_KEY_TOO_LONG = SETTINGS 2 "KEY_TOO_LONG" (INVALID)
        "the name of the setting is longer than the device takes";
    SETTINGS_KEY_NOT_FOUND = SETTINGS 3 "KEY_NOT_FOUND" (NO_ENTRY) "the device has no setting of this name";
    SETTINGS_READ_NOT_SUPPORTED = SETTINGS 4 "READ_NOT_SUPPORTED" (NO_ENTRY) "this setting can not be read";
    SETTINGS_ROOT_KEY_NOT_FOUND = SETTINGS 5 "ROOT_KEY_NOT_FOUND"
        "the device has no settings that start with this name";
    SETTINGS_WRITE_NOT_SUPPORTED = SETTINGS 6 "WRITE_NOT_SUPPORTED" "this setting can not be written";
    SETTINGS_DELETE_NOT_SUPPORTED = SETTINGS 7 "DELETE_NOT_SUPPORTED" "this setting can not be deleted";
    SETTINGS_SAVE_NOT_SUPPORTED = SETTINGS 8 "SAVE_NOT_SUPPORTED"
        "the device can not save settings one by one, or not at all";

    FILE_INVALID_NAME = FILE_SYSTEM 2 "FILE_INVALID_NAME" (INVALID)
        "the device does not take the file's name: it starts with a mount point, as in /lfs1/name";
    FILE_NOT_FOUND = FILE_SYSTEM 3 "FILE_NOT_FOUND" (NO_ENTRY) "there is no file of this name";
    FILE_IS_DIRECTORY = FILE_SYSTEM 4 "FILE_IS_DIRECTORY" "the name is that of a directory";
    FILE_OPEN_FAILED = FILE_SYSTEM 5 "FILE_OPEN_FAILED" "the device can not open the file";
    FILE_SEEK_FAILED = FILE_SYSTEM 6 "FILE_SEEK_FAILED" "the device does not get to this place in the file";
    FILE_READ_FAILED = FILE_SYSTEM 7 "FILE_READ_FAILED" "the device can not read the file";
    FILE_TRUNCATE_FAILED = FILE_SYSTEM 8 "FILE_TRUNCATE_FAILED" "the device can not shorten the file";
    FILE_DELETE_FAILED = FILE_SYSTEM 9 "FILE_DELETE_FAILED" "the device can not delete the file";
    FILE_WRITE_FAILED = FILE_SYSTEM 10 "FILE_WRITE_FAILED"
        "the device can not write the file: perhaps there is no space left";
    FILE_OFFSET_NOT_VALID = FILE_SYSTEM 11 "FILE_OFFSET_NOT_VALID"
        "the piece does not follow what the file has: go on from its length";
    FILE_OFFSET_LARGER_THAN_FILE = FILE_SYSTEM 12 "FILE_OFFSET_LARGER_THAN_FILE"
        "the place is behind the end of the file";
    FILE_HASH_NOT_FOUND = FILE_SYSTEM 13 "CHECKSUM_HASH_NOT_FOUND" (INVALID)
        "the device does not know this hash or checksum: list those that it knows";
    FILE_MOUNT_POINT_NOT_FOUND = FILE_SYSTEM 14 "MOUNT_POINT_NOT_FOUND" (NO_ENTRY)
        "no file system is mounted at the start of this name";
    FILE_READ_ONLY = FILE_SYSTEM 15 "READ_ONLY_FILESYSTEM" "the file system can only be read";
    FILE_EMPTY = FILE_SYSTEM 16 "FILE_EMPTY" "the file is empty: there is nothing to hash";

    SHELL_COMMAND_TOO_LONG = SHELL 2 "COMMAND_TOO_LONG" (INVALID)
        "the command is longer than the device's shell takes";
    SHELL_EMPTY_COMMAND = SHELL 3 "EMPTY_COMMAND" (INVALID) "there is no command to run";

    ENUMERATION_TOO_MANY_ENTRIES = ENUMERATION 2 "TOO_MANY_GROUP_ENTRIES"
        "more groups were asked about than the device takes: ask about fewer";
    ENUMERATION_OUT_OF_MEMORY = ENUMERATION 3 "INSUFFICIENT_HEAP_FOR_ENTRIES"
        "the device has no memory for so many groups: ask about fewer";
    ENUMERATION_INDEX_TOO_LARGE = ENUMERATION 4 "INDEX_TOO_LARGE" "the device has fewer groups";

    TRANSPORT_MISSING_FUNCTIONS = TRANSPORT 2 "TRANSPORT_MISSING_REQUIRED_FUNCTIONS" (NO_ENTRY)
        "this transport can not be bridged";
    TRANSPORT_MISSING_INFO_FUNCTIONS = TRANSPORT 3 "TRANSPORT_MISSING_INFO_FUNCTIONS" (NO_ENTRY)
        "this transport does not tell what modes it has";
    TRANSPORT_INVALID = TRANSPORT 4 "INVALID_TRANSPORT" (INVALID)
        "the device has no transport of this number: list them to see which there are";
    TRANSPORT_INVALID_MODE = TRANSPORT 5 "INVALID_MODE" (INVALID)
        "the transport has no mode of this number: list them to see which there are";
    TRANSPORT_ALL_CONTEXTS_USED = TRANSPORT 6 "ALL_CONTEXTS_USED" (BAD_STATE)
        "the device has as many bridges as it can: end one first";
    TRANSPORT_BOTH_PARAMETERS = TRANSPORT 7 "BOTH_TRANSPORT_AND_ALL_PARAMETERS" (INVALID)
        "end one transport's bridge, or all: not both";
    TRANSPORT_NOT_BRIDGED = TRANSPORT 8 "NOT_BRIDGED" (BAD_STATE) "the transport has no bridge";
    TRANSPORT_SAME_DEVICE = TRANSPORT 9 "SAME_BRIDGE_DEVICE_DISALLOWED" (INVALID)
        "a transport can not be bridged to itself";
    TRANSPORT_INCOMING_NOT_SUPPORTED = TRANSPORT 10 "TRANSPORT_INGOING_NOT_SUPPORTED"
        "no bridge can start at this transport";
    TRANSPORT_OUTGOING_NOT_SUPPORTED = TRANSPORT 11 "TRANSPORT_OUTGOING_NOT_SUPPORTED"
        "no bridge can end at this transport";
    TRANSPORT_INCOMING_ALREADY_BRIDGED = TRANSPORT 12 "TRANSPORT_INCOMING_TRANSPORT_ALREADY_BRIDGED"
        "this transport is bridged already: end its bridge first";
    TRANSPORT_OUTGOING_ALREADY_BRIDGED = TRANSPORT 13 "TRANSPORT_OUTGOING_TRANSPORT_ALREADY_BRIDGED"
        "a bridge ends at that transport already: end it first";
    TRANSPORT_MISSING_PARAMETER = TRANSPORT 14 "CONNECT_MISSING_PARAMETER"
        "the transport needs a parameter more: ask for its configuration";
    TRANSPORT_INVALID_PARAMETER = TRANSPORT 15 "CONNECT_INVALID_PARAMETER"
        "a parameter has a value that the transport does not take";
    TRANSPORT_UNSUPPORTED_PARAMETER = TRANSPORT 16 "CONNECT_UNSUPPORTED_PARAMETER"
        "the transport does not know one of the parameters";
    TRANSPORT_CONNECT_FAILED = TRANSPORT 17 "CONNECT_FAILED" "the transport could not connect";

    ZEPHYR_FLASH_OPEN_FAILED = ZEPHYR 2 "FLASH_OPEN_FAILED" (NO_ENTRY)
        "the device has no storage partition, or can not open it";
    ZEPHYR_FLASH_CONFIG_QUERY_FAILED = ZEPHYR 3 "FLASH_CONFIG_QUERY_FAIL"
        "the device can not find out how its storage is laid out";
    ZEPHYR_FLASH_ERASE_FAILED = ZEPHYR 4 "FLASH_ERASE_FAILED" "the device can not erase its storage";
}

impl GroupError {
    /// Returns the code's name in C without its group's prefix, if it is known.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.text().map(|(name, _)| name)
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

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    /// What a Zephyr 4.4.0 server answers in version 0 and in version 1 to the same requests.
    #[test]
    fn translated_as_a_real_server_does() {
        for (group, code, general) in [
            (Group::OS, 2, 3),
            (Group::IMAGE, 8, 1),
            (Group::IMAGE, 9, 6),
            (Group::IMAGE, 21, 3),
            (Group::IMAGE, 22, 3),
            (Group::IMAGE, 23, 1),
            (Group::STATISTICS, 3, 5),
            (Group::SETTINGS, 5, 1),
            (Group::FILE_SYSTEM, 3, 5),
            (Group::SHELL, 3, 3),
            (Group::ENUMERATION, 4, 1),
        ] {
            let error = GroupError { group, code };
            assert_eq!(error.to_return_code().0, general, "{error}");
        }
    }

    /// Zephyr answers 0 for two codes of its own group; an error is none here.
    #[test]
    fn no_error_becomes_success() {
        for error in GroupError::KNOWN {
            assert_ne!(error.to_return_code(), ReturnCode::OK, "{error}");
        }
    }

    #[test]
    fn the_table_is_whole_and_in_order() {
        let groups = [(0, 7), (1, 34), (2, 5), (3, 8), (8, 16), (9, 3), (10, 4), (11, 17), (63, 4)];
        let all = groups.iter().flat_map(|(group, last)| (2..=*last).map(|code| (*group, code)));
        assert!(GroupError::KNOWN.iter().map(|error| (error.group.0, error.code)).eq(all));
        for error in GroupError::KNOWN {
            let text = error.to_string();
            let tail = std::format!("({} error {}, {})", error.group, error.code, error.name().unwrap());
            assert!(text.ends_with(&tail) && !text.starts_with(char::is_uppercase), "{text}");
        }
        assert_eq!(GroupError { group: Group::ZEPHYR, code: 5 }.name(), None);
        assert_eq!(GroupError { group: Group(64), code: 1 }.name(), Some("UNKNOWN"));
    }
}
