//! Group 0, OS: echo, tasks, memory pools, date and time, reset, parameters, names and boot loader.
//!
//! The console's echo (command 1) has no body that is known: Zephyr leaves it out.
//!
//! ```
//! use emu_smp::os::{
//!     BootMode, BootloaderRequest, BootloaderResponse, DateTime, DateTimeRequest, DateTimeResponse, EchoRequest,
//!     EchoResponse, Force, InfoRequest, InfoResponse, MemoryPool, MemoryPoolsRequest, ParametersRequest, ParametersResponse,
//!     ResetRequest, SetDateTimeRequest, Task, TasksRequest, TasksResponse,
//! };
//! use emu_smp::{Version, decode_response, encode_request};
//!
//! // What goes out, and what servers answer.
//! let mut frame = [0; 64];
//! encode_request(&EchoRequest { text: "hi" }, Version::V1, 1, &mut frame)?;
//! let EchoResponse { text } = decode_response::<EchoRequest>(b"\xa1arbhi")??;
//! assert_eq!(text, "hi");
//!
//! encode_request(&ParametersRequest, Version::V1, 2, &mut frame)?;
//! let parameters = decode_response::<ParametersRequest>(b"\xa2hbuf_size\x19\x01\x80ibuf_count\x04")??;
//! assert_eq!(parameters, ParametersResponse { buffer_size: 384, buffer_count: 4 });
//!
//! encode_request(&TasksRequest, Version::V1, 3, &mut frame)?;
//! let TasksResponse { tasks } = decode_response::<TasksRequest>(
//!     b"\xa1etasks\xa1didle\xa3dprio\x0fctid\x01estate\x00",
//! )??;
//! assert!(tasks.iter().any(|(name, task): (&str, Task)| name == "idle" && task.priority == 15));
//!
//! encode_request(&MemoryPoolsRequest, Version::V1, 4, &mut frame)?;
//! let pools = decode_response::<MemoryPoolsRequest>(
//!     b"\xa1dheap\xa4fblksiz\x18@enblks\x04enfree\x03cmin\x02",
//! )??;
//! assert!(pools.iter().all(|(_, pool): (&str, MemoryPool)| pool.free > 0));
//!
//! // Names, the boot loader, the clock.
//! encode_request(&InfoRequest { format: Some(InfoRequest::KERNEL_RELEASE) }, Version::V1, 5, &mut frame)?;
//! let InfoResponse { output } = decode_response::<InfoRequest>(b"\xa1foutpute4.4.0")??;
//! assert_eq!(output, "4.4.0");
//! encode_request(&BootloaderRequest { query: None }, Version::V1, 6, &mut frame)?;
//! let BootloaderResponse { bootloader, .. } = decode_response::<BootloaderRequest>(b"\xa1jbootloadergMCUboot")??;
//! assert_eq!(bootloader, Some("MCUboot"));
//! let datetime: DateTime = "2026-11-22T10:00:00".parse()?; // else `InvalidDateTime`
//! encode_request(&SetDateTimeRequest { datetime }, Version::V1, 7, &mut frame)?;
//! encode_request(&DateTimeRequest, Version::V1, 8, &mut frame)?;
//! let shown = decode_response::<DateTimeRequest>(b"\xa1hdatetimes2026-11-22T10:00:00")??;
//! assert_eq!(shown, DateTimeResponse { datetime });
//!
//! // Last: a restart into the boot loader, even if something is against it.
//! let reset = ResetRequest { force: Some(Force(true)), boot_mode: Some(BootMode::BOOTLOADER) };
//! let length = encode_request(&reset, Version::V1, 9, &mut frame)?;
//! assert_eq!(frame[8..length], *b"\xa2eforce\x01iboot_mode\x01");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: Zephyr, `smp_group_0.rst`, and what 4.4.0 answers.

use super::{Done, body, empty, named, requests};
use crate::cbor::{Decode, Encode, EncodeError, Entries, Kind, Malformed, Reader, Writer};

pub use super::datetime::{DateTime, InvalidDateTime};
pub use super::memory_pools::{MemoryPool, MemoryPoolsResponse};

body! {
    /// Asks to be answered with the same text: whether anybody is there, and how long the way is.
    pub struct EchoRequest<'a> {
        /// The text. Servers answer an empty one if it is missing.
        pub text: &'a str = "d" or "",
    }

    /// The text that was sent.
    pub struct EchoResponse<'a> {
        /// The text.
        pub text: &'a str = "r",
    }

    /// The tasks that there are.
    pub struct TasksResponse<'a> {
        /// The tasks by their names, which can be empty.
        pub tasks: Entries<'a, Task> = "tasks",
    }

    /// A task. What a server does not count is missing.
    pub struct Task {
        /// Its priority: the lower, the more urgent; below 0, nothing interrupts it.
        pub priority: i32 = "prio",
        /// Its number.
        pub id: u32 = "tid",
        /// Its state, in the operating system's own bits.
        pub state: u32 = "state",
        /// How much of its stack it has used at most, in words of 4 bytes.
        pub stack_used: Option<u32> = "stkuse",
        /// How large its stack is, in words of 4 bytes.
        pub stack_size: Option<u32> = "stksiz",
        /// How often it was switched to.
        pub context_switches: Option<u32> = "cswcnt",
        /// How long it has run, in the operating system's ticks.
        pub runtime: Option<u64> = "runtime",
        /// When it last reported to the watchdog.
        pub last_checkin: Option<u32> = "last_checkin",
        /// When it will have to report to the watchdog.
        pub next_checkin: Option<u32> = "next_checkin",
    }

    /// The device's clock.
    pub struct DateTimeResponse {
        /// What it shows.
        pub datetime: DateTime = "datetime",
    }

    /// Sets the device's clock.
    pub struct SetDateTimeRequest {
        /// What it is to show.
        pub datetime: DateTime = "datetime",
    }

    /// Asks the server to restart. It answers first.
    pub struct ResetRequest {
        /// Whether to restart even if something is against it.
        pub force: Option<Force> = "force",
        /// What to start; Zephyr 4.2 and later.
        pub boot_mode: Option<BootMode> = "boot_mode",
    }

    /// How large a frame may be, and how many there may be.
    pub struct ParametersResponse {
        /// The size of a buffer in bytes, the header included. On UDP the frames that really pass are smaller.
        pub buffer_size: u32 = "buf_size",
        /// How many buffers there are, for requests and responses together.
        pub buffer_count: u32 = "buf_count",
    }

    /// Asks for names and versions.
    pub struct InfoRequest<'a> {
        /// Which, a letter each, as in [`InfoRequest::KERNEL_NAME`]; without it, the kernel's name. Whatever the order of
        /// the letters, the answer has its own.
        pub format: Option<&'a str> = "format",
    }

    /// Names and versions.
    pub struct InfoResponse<'a> {
        /// What was asked for, with blanks between.
        pub output: &'a str = "output",
    }

    /// Asks about the boot loader.
    pub struct BootloaderRequest<'a> {
        /// What: nothing for its name, [`BootloaderRequest::MODE`], or something that only that boot loader knows.
        pub query: Option<&'a str> = "query",
    }

    /// The boot loader, or what was asked about it.
    pub struct BootloaderResponse<'a> {
        /// Its name, as in `MCUboot`; if nothing else was asked.
        pub bootloader: Option<&'a str> = "bootloader",
        /// How it starts images; if that was asked.
        pub mode: Option<BootloaderMode> = "mode",
        /// Whether it refuses to start an older version than it has started; if the mode was asked.
        pub no_downgrade: Option<bool> = "no-downgrade",
    }
}

empty! {
    /// Asks which tasks there are.
    pub struct TasksRequest;

    /// Asks which memory pools there are.
    pub struct MemoryPoolsRequest;

    /// Asks what the device's clock shows.
    pub struct DateTimeRequest;

    /// Asks for the parameters of the transport.
    pub struct ParametersRequest;
}

requests! {
    EchoRequest<'r>: Write ECHO => EchoResponse<'a>;
    TasksRequest: Read TASK_STATISTICS => TasksResponse<'a>;
    MemoryPoolsRequest: Read MEMORY_POOLS => MemoryPoolsResponse<'a>;
    DateTimeRequest: Read DATETIME => DateTimeResponse;
    SetDateTimeRequest: Write DATETIME => Done;
    ResetRequest: Write RESET => Done;
    ParametersRequest: Read PARAMETERS => ParametersResponse;
    InfoRequest<'r>: Read OS_INFO => InfoResponse<'a>;
    BootloaderRequest<'r>: Read BOOTLOADER_INFO => BootloaderResponse<'a>;
}

named! {
    /// What a device starts after a reset.
    pub struct BootMode(u8), "boot mode" {
        /// The application.
        NORMAL = 0 "normal";
        /// The boot loader, to stay there.
        BOOTLOADER = 1 "boot loader";
    }

    /// How a boot loader starts images.
    ///
    /// ```
    /// use emu_smp::os::BootloaderMode;
    ///
    /// assert_eq!(BootloaderMode::SWAP_WITHOUT_SCRATCH.to_string(), "swap without scratch");
    /// assert_eq!(BootloaderMode(12).to_string(), "boot loader mode 12");
    /// ```
    pub struct BootloaderMode(i32), "boot loader mode" {
        /// It does not say.
        UNKNOWN = -1 "unknown";
        /// There is one slot.
        SINGLE_APPLICATION = 0 "single application";
        /// The slots are swapped, by way of a scratch area.
        SWAP_WITH_SCRATCH = 1 "swap with scratch";
        /// The new image is written over the old one: there is no way back.
        OVERWRITE_ONLY = 2 "overwrite only";
        /// The slots are swapped, sector by sector.
        SWAP_WITHOUT_SCRATCH = 3 "swap without scratch";
        /// Images run where they are, the latest first.
        DIRECT_XIP = 4 "direct execution in place";
        /// Images run where they are, and one that is not confirmed is left again.
        DIRECT_XIP_WITH_REVERT = 5 "direct execution in place with revert";
        /// Images are copied into memory to run there.
        RAM_LOAD = 6 "load into memory";
        /// One slot holds a program that takes updates.
        FIRMWARE_LOADER = 7 "firmware loader";
    }
}

impl InfoRequest<'_> {
    /// The kernel's name, as in `Zephyr`.
    pub const KERNEL_NAME: &'static str = "s";
    /// The device's name in its network.
    pub const NODE_NAME: &'static str = "n";
    /// The kernel's release.
    pub const KERNEL_RELEASE: &'static str = "r";
    /// The kernel's version.
    pub const KERNEL_VERSION: &'static str = "v";
    /// When it was built.
    pub const BUILD_TIME: &'static str = "b";
    /// The machine.
    pub const MACHINE: &'static str = "m";
    /// The processor.
    pub const PROCESSOR: &'static str = "p";
    /// The hardware platform.
    pub const HARDWARE_PLATFORM: &'static str = "i";
    /// The operating system.
    pub const OPERATING_SYSTEM: &'static str = "o";
    /// Everything.
    pub const ALL: &'static str = "a";
}

impl BootloaderRequest<'_> {
    /// Asks how the boot loader starts images.
    pub const MODE: &'static str = "mode";
}

/// A yes or no that servers of different age take as a truth value or as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Force(pub bool);

impl Encode for Force {
    const MAX_LENGTH: Option<usize> = Some(1);

    /// As a number, which older servers take, too.
    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.put(&u8::from(self.0))
    }
}

impl Decode<'_> for Force {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        if reader.kind() == Some(Kind::Simple) {
            return reader.value().map(Self);
        }
        reader.value::<i64>().map(|number| Self(number != 0))
    }
}
