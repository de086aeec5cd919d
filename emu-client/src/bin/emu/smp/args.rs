//! How to reach a meter's SMP server, and the command line of `emu smp`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};

use crate::when::read_duration;

/// The meter, and its SMP server.
#[derive(Debug, Args)]
pub(crate) struct SmpArgs {
    /// The meter: a host, or serial:PATH for a serial line, with @BAUD behind it if its rate is not 115200.
    ///
    /// host:port and http://host:port/ will do; of these the host is used, and the port of SMP is --smp-port.
    #[arg(value_name = "METER", value_hint = ValueHint::Hostname)]
    pub(crate) meter: String,

    #[command(flatten)]
    pub(crate) options: SmpOptions,
}

#[derive(Debug, Args)]
pub(crate) struct SmpOptions {
    /// The UDP port of the meter's SMP server [default: 1337]
    #[arg(long, global = true, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) smp_port: Option<u16>,

    /// How long the meter may be silent before it is given up.
    #[arg(long, global = true, value_name = "SECONDS", default_value = "30", value_parser = read_duration)]
    pub(crate) timeout: Duration,

    /// Speak this version of the protocol: 0, which every meter knows, or 1, whose errors say more.
    #[arg(long, global = true, value_name = "VERSION", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub(crate) smp_version: u8,

    /// Send no frame of more bytes than this [default: 1400; on a serial line 640]
    #[arg(long, global = true, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(64..))]
    pub(crate) largest_frame: Option<u16>,

    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SmpCommandArgs {
    #[command(flatten)]
    pub(crate) smp: SmpArgs,

    #[command(subcommand)]
    pub(crate) command: SmpCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SmpCommand {
    /// Sends a text, and prints what comes back.
    Echo {
        /// The text.
        #[arg(default_value = "hello")]
        text: String,
    },
    /// How large frames may be, and how many.
    Params,
    /// Lists groups of statistics, or prints one.
    Stats {
        /// The group.
        name: Option<String>,
    },
    /// Reads and writes settings.
    Settings {
        #[command(subcommand)]
        command: SettingsCommand,
    },
    /// Reads and writes files.
    Fs {
        #[command(subcommand)]
        command: FsCommand,
    },
    /// Runs a line of the device's shell; the exit code is 1 if the device's is not 0.
    Shell {
        /// The command and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Lists the groups of commands.
    Groups,
    /// Sends a body as it is, and prints the answer's.
    Raw {
        /// To read or to write.
        #[arg(value_enum)]
        operation: RawOperation,
        /// The group's number.
        group: u16,
        /// The command's number.
        command: u8,
        /// The body: CBOR in hexadecimal digits.
        #[arg(default_value = "a0")]
        body: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RawOperation {
    Read,
    Write,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// Prints a setting's bytes in hexadecimal digits.
    Read {
        /// The setting.
        name: String,
    },
    /// Writes a setting.
    Write {
        /// The setting.
        name: String,
        /// Its bytes in hexadecimal digits.
        value: String,
    },
    /// Deletes a setting.
    Delete {
        /// The setting.
        name: String,
    },
    /// Applies what was written.
    Commit,
    /// Loads all settings from the device's storage.
    Load,
    /// Saves settings to the device's storage.
    Save {
        /// The subtree; all without it.
        name: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FsCommand {
    /// Reads a file.
    Download {
        /// The file on the device.
        path: String,
        /// Where to write it: whole or not at all.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Writes a file.
    Upload {
        /// The file to read.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// The file on the device.
        path: String,
    },
    /// Prints a file's length in bytes.
    Status {
        /// The file on the device.
        path: String,
    },
    /// Prints a file's hash or checksum.
    Hash {
        /// The file on the device.
        path: String,
        /// Which: `crc32`, `sha256`, or what `fs hash-types` lists. The device's choice without it.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
    },
    /// Lists the hashes and checksums that the device knows.
    HashTypes,
    /// Closes the file that the device has open.
    Close,
}

pub(crate) const SMP_EXAMPLES: &str = "\
Examples:
  emu smp 192.168.1.20 echo
  emu smp 192.168.1.20 params --json
  emu smp 192.168.1.20 raw read 0 6
  emu smp serial:/dev/ttyUSB0 echo

SMP is the protocol of firmware updates. The meter is known to have what those
need: echo, params, and `emu firmware`. What it does not have, it refuses.

Exit codes: 0 answered, 1 failed or refused, 2 wrong command line.";
