//! Groups and commands: open numbers with the names of those that are known.
//!
//! Source: Zephyr, "SMP Protocol Specification", and `smp_groups/`.

use core::fmt;

/// A group of commands.
///
/// Numbers that are not known are kept; those from 64 on are an application's own.
///
/// ```
/// use emu_smp::Group;
///
/// assert_eq!(Group::IMAGE.to_string(), "image");
/// assert_eq!(Group(70).to_string(), "group 70");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Group(pub u16);

impl Group {
    /// Echo, tasks, memory pools, date and time, reset, parameters, names, boot loader.
    pub const OS: Self = Self(0);
    /// Firmware images.
    pub const IMAGE: Self = Self(1);
    /// Statistics.
    pub const STATISTICS: Self = Self(2);
    /// Settings.
    pub const SETTINGS: Self = Self(3);
    /// Log; in no server of today.
    pub const LOG: Self = Self(4);
    /// Crash, or run-time tests.
    pub const CRASH: Self = Self(5);
    /// Split images.
    pub const SPLIT: Self = Self(6);
    /// Run; in no server of today.
    pub const RUN: Self = Self(7);
    /// Files.
    pub const FILE_SYSTEM: Self = Self(8);
    /// The shell.
    pub const SHELL: Self = Self(9);
    /// Which groups there are.
    pub const ENUMERATION: Self = Self(10);
    /// Transports, and bridges between them.
    pub const TRANSPORT: Self = Self(11);
    /// What only Zephyr has.
    pub const ZEPHYR: Self = Self(63);

    /// Returns the group's name, if it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::OS => "OS",
            Self::IMAGE => "image",
            Self::STATISTICS => "statistics",
            Self::SETTINGS => "settings",
            Self::LOG => "log",
            Self::CRASH => "crash",
            Self::SPLIT => "split",
            Self::RUN => "run",
            Self::FILE_SYSTEM => "file system",
            Self::SHELL => "shell",
            Self::ENUMERATION => "enumeration",
            Self::TRANSPORT => "transport",
            Self::ZEPHYR => "Zephyr basic",
            _ => return None,
        })
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "group {}", self.0),
        }
    }
}

/// A command: its group and its number there.
///
/// ```
/// use emu_smp::{Command, Group};
///
/// assert_eq!(Command::IMAGE_UPLOAD, Command { group: Group::IMAGE, number: 1 });
/// assert_eq!(Command::IMAGE_UPLOAD.to_string(), "image upload");
/// assert_eq!(Command { group: Group(70), number: 3 }.to_string(), "command 3 of group 70");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Command {
    /// The group.
    pub group: Group,
    /// The number within the group.
    pub number: u8,
}

/// Declares the commands that are known: constant, group, number, name.
macro_rules! commands {
    ($($(#[$meta:meta])+ $constant:ident = $group:ident $number:literal $name:literal;)+) => {
        impl Command {
            $($(#[$meta])+ pub const $constant: Self = Self { group: Group::$group, number: $number };)+

            /// Returns the command's name, if it is known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                Some(match self {
                    $(Self::$constant => $name,)+
                    _ => return None,
                })
            }
        }
    };
}

commands! {
    /// Sends a text back.
    ECHO = OS 0 "echo";
    /// Switches the console's echo; not in Zephyr.
    CONSOLE_ECHO = OS 1 "console echo";
    /// What tasks there are.
    TASK_STATISTICS = OS 2 "task statistics";
    /// What memory pools there are.
    MEMORY_POOLS = OS 3 "memory pools";
    /// Reads or sets the clock.
    DATETIME = OS 4 "date and time";
    /// Restarts the device.
    RESET = OS 5 "reset";
    /// The transport's parameters.
    PARAMETERS = OS 6 "parameters";
    /// Names and versions of the operating system.
    OS_INFO = OS 7 "OS info";
    /// Which boot loader there is.
    BOOTLOADER_INFO = OS 8 "boot loader info";
    /// The images, and which of them to start.
    IMAGE_STATE = IMAGE 0 "image state";
    /// Writes an image.
    IMAGE_UPLOAD = IMAGE 1 "image upload";
    /// Erases an image.
    IMAGE_ERASE = IMAGE 5 "image erase";
    /// The slots and their sizes.
    SLOT_INFO = IMAGE 6 "slot info";
    /// The values of one group of statistics.
    STATISTICS_GROUP = STATISTICS 0 "statistics group";
    /// Which groups of statistics there are.
    STATISTICS_LIST = STATISTICS 1 "statistics list";
    /// Reads or writes a setting.
    SETTING = SETTINGS 0 "setting";
    /// Deletes a setting.
    SETTING_DELETE = SETTINGS 1 "setting delete";
    /// Applies what was written.
    SETTINGS_COMMIT = SETTINGS 2 "settings commit";
    /// Loads or saves settings.
    SETTINGS_STORAGE = SETTINGS 3 "settings load or save";
    /// Reads or writes a file.
    FILE = FILE_SYSTEM 0 "file";
    /// How large a file is.
    FILE_STATUS = FILE_SYSTEM 1 "file status";
    /// A hash or checksum of a file.
    FILE_HASH = FILE_SYSTEM 2 "file hash";
    /// Which hashes and checksums there are.
    FILE_HASH_TYPES = FILE_SYSTEM 3 "file hash types";
    /// Closes a file that an earlier command has opened.
    FILE_CLOSE = FILE_SYSTEM 4 "file close";
    /// Runs a line of the shell.
    SHELL_EXECUTE = SHELL 0 "shell execute";
    /// How many groups there are.
    GROUP_COUNT = ENUMERATION 0 "group count";
    /// Which groups there are.
    GROUP_LIST = ENUMERATION 1 "group list";
    /// One group by its place.
    GROUP_BY_INDEX = ENUMERATION 2 "group by index";
    /// What groups say of themselves.
    GROUP_DETAILS = ENUMERATION 3 "group details";
    /// Bridges to another transport.
    TRANSPORT_CONNECT = TRANSPORT 0 "transport connect";
    /// Ends a bridge.
    TRANSPORT_DISCONNECT = TRANSPORT 1 "transport disconnect";
    /// What bridges there are.
    TRANSPORT_STATUS = TRANSPORT 2 "transport status";
    /// Which transports there are.
    TRANSPORT_LIST = TRANSPORT 6 "transport list";
    /// What modes a transport has.
    TRANSPORT_MODES = TRANSPORT 7 "transport modes";
    /// What a mode of a transport needs.
    TRANSPORT_CONFIGURATION = TRANSPORT 8 "transport configuration";
    /// Erases the storage partition.
    STORAGE_ERASE = ZEPHYR 0 "storage erase";
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None if self.group.name().is_some() => write!(f, "command {} of the {} group", self.number, self.group),
            None => write!(f, "command {} of {}", self.number, self.group),
        }
    }
}
