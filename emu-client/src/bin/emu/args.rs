//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use emu_client::emu_proto::Status;

use crate::firmware::args::{FIRMWARE_EXAMPLES, FIRMWARE_MORE, FirmwareCommand};
use crate::smp::args::{SMP_EXAMPLES, SmpCommandArgs};
use crate::status::read_bits;
use crate::when::{Since, When, read_duration};

/// Reads the logs of an energy meter EMU Professional II TCP/IP, and updates its firmware.
#[derive(Debug, Parser)]
#[command(name = "emu", version, term_width = 80, after_help = EXAMPLES, after_long_help = MORE, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads the load profile: one row every 15 minutes.
    #[command(after_help = EXAMPLES, after_long_help = MORE)]
    Data(ReadArgs),
    /// Reads the logbook of changes that matter to calibration.
    #[command(after_help = LOGBOOK_EXAMPLES, after_long_help = MORE)]
    Logbook(ReadArgs),
    /// Lists, updates, tests and confirms the meter's firmware.
    #[command(subcommand, after_help = FIRMWARE_EXAMPLES, after_long_help = FIRMWARE_MORE)]
    Firmware(FirmwareCommand),
    /// Asks the meter's SMP server for whatever else it knows.
    #[command(after_help = SMP_EXAMPLES)]
    Smp(SmpCommandArgs),
    /// Explains a status code of the load profile in the manual's words.
    #[command(after_help = "Examples:\n  emu status 33\n  emu status 0x21\n  emu status 0b100001")]
    Status {
        /// The status code: decimal, 0x… or 0b….
        #[arg(value_name = "BITS", value_parser = read_bits)]
        bits: Status,
    },
    /// Prints a completion script for a shell.
    #[command(after_help = "Example:\n  emu completions bash > ~/.local/share/bash-completion/completions/emu")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, Args)]
// So that `--last -1` is told as a number that is too small, and not as an option.
#[command(allow_negative_numbers = true)]
pub(crate) struct ReadArgs {
    /// The meter: a host, host:port or http://host:port/.
    #[arg(value_name = "METER", value_hint = ValueHint::Hostname)]
    pub(crate) meter: String,

    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Leave out rows that were logged after this time.
    #[arg(long, value_name = "TIME", help_heading = SELECTION)]
    pub(crate) until: Option<When>,

    /// Oldest row first (asc), which is the default, or newest first (desc). With --from above --to: desc.
    #[arg(long, value_enum, value_name = "ORDER", help_heading = SELECTION)]
    pub(crate) order: Option<OrderArg>,

    /// How to write rows. Default: by the output's extension; else table on a terminal, csv elsewhere.
    #[arg(long, short, value_enum, help_heading = OUTPUT)]
    pub(crate) format: Option<Format>,

    /// Show every column of the table.
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) wide: bool,

    /// Write to this file, whole or not at all. If it is also the file of --since, new rows are added to it.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) output: Option<PathBuf>,

    /// After the rows are written, save the place in the log here, for --since.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) checkpoint: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) connection: Connection,

    /// Say nothing but errors: no progress, no notices, no summary.
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say each request, too.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// Which rows.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// The last N rows. Without any choice: as many as the meter's own page shows, 3000 (logbook: 2048).
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "all", "since"], help_heading = SELECTION)]
    pub(crate) last: Option<u32>,

    /// From this index on, itself included.
    #[arg(long, value_name = "INDEX", conflicts_with_all = ["all", "since"], help_heading = SELECTION)]
    pub(crate) from: Option<u32>,

    /// Up to this index, itself included; without it, up to the newest.
    #[arg(long, value_name = "INDEX", requires = "from", help_heading = SELECTION)]
    pub(crate) to: Option<u32>,

    /// Everything that the meter holds: about three years.
    #[arg(long, conflicts_with = "since", help_heading = SELECTION)]
    pub(crate) all: bool,

    /// From this time on; or everything after the last row of a file: an earlier output (csv, jsonl), or a checkpoint.
    ///
    /// A file that does not exist yet is taken for an empty one if it is also the file of --output or --checkpoint.
    #[arg(long, value_name = "TIME|FILE", value_hint = ValueHint::FilePath, help_heading = SELECTION)]
    pub(crate) since: Option<Since>,
}

/// How to reach the meter.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// The user, if the meter is protected. The password comes from the environment (`EMU_PASSWORD`), --password-file or --ask-password.
    #[arg(long, value_name = "NAME", default_value = "admin", help_heading = CONNECTION)]
    pub(crate) user: String,

    /// Take the password from the first line of this file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = CONNECTION)]
    pub(crate) password_file: Option<PathBuf>,

    /// Ask for the password. On a terminal it is asked for anyway if the meter wants one.
    #[arg(long, conflicts_with = "password_file", help_heading = CONNECTION)]
    pub(crate) ask_password: bool,

    /// How long the meter may be silent; a whole request may take ten times as long.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = read_duration, help_heading = CONNECTION)]
    pub(crate) timeout: Duration,

    /// How often in a row a failed request is tried again, with growing waits between.
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = CONNECTION)]
    pub(crate) retries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArg {
    /// Oldest row first.
    Asc,
    /// Newest row first.
    Desc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the main columns, with units in the head and statuses in words.
    Table,
    /// As the meter itself writes it.
    Csv,
    /// One array of objects.
    Json,
    /// One object a line.
    Jsonl,
}

impl fmt::Display for Format {
    /// Prints the name that the command line takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

const SELECTION: &str = "Which rows";
const OUTPUT: &str = "Output";
const CONNECTION: &str = "Connection";

/// Examples stand in the short help and in the long one.
macro_rules! examples {
    () => {
        "\
Examples:
  emu data 192.168.1.20                          newest 3000 rows, oldest first
  emu data 192.168.1.20 --since 2h               the last two hours
  emu data 192.168.1.20 --since 2025-01-01 --until 2025-02-01 -o january.csv
  emu data 192.168.1.20 --all --format jsonl | jq .active_power_l123_w
  emu data 192.168.1.20 --since m.csv -o m.csv   add what is new, every night
  emu data meter.example:8080 --from 100 --to 1  a hundred rows, newest first"
    };
}

const EXAMPLES: &str = examples!();

const LOGBOOK_EXAMPLES: &str = "\
Examples:
  emu logbook 192.168.1.20
  emu logbook 192.168.1.20 --last 20 --order desc
  emu logbook 192.168.1.20 --all -o logbook.csv";

const MORE: &str = concat!(
    examples!(),
    "
  emu logbook 192.168.1.20 --all -o logbook.csv
  EMU_PASSWORD=… emu data 192.168.1.20 --last 96
  emu firmware update 192.168.1.20 FILE          see emu firmware --help

Times:
  2025-01-31T12:00:00Z or with an offset (RFC 3339); 2025-01-31, which is
  midnight UTC; or 90m, 2h, 7d, 4w ago by this computer's clock. All are
  compared with the meter's own clock. Both ends are included. A file with
  such a name is written ./7d.

Files:
  A file is written whole or not at all: beside it first, then moved into its
  place. With --since FILE and -o FILE the same, rows that are in FILE already
  stay as they are and new ones are added; run twice, nothing doubles. A last
  line without a line end is cut off and its row is read anew. If the read-out
  fails on the way, the rows that came are added nevertheless, since the next
  run goes on from there. That FILE is csv or jsonl, oldest row first; a line
  in it that cannot be read stays, and makes the exit code 3. If somebody else
  writes FILE meanwhile, it is left alone, and the exit code is 1.
  Rows of another meter are not added: exit code 3, and the serial numbers are
  named. If the meter was replaced, start a new file.
  --checkpoint is saved after a failure, too, if rows went to standard output.

Standard error:
  a summary, and each gap, deviation and event in a sentence; a progress bar
  if it is a terminal.

Exit codes:
  0    all that was asked for was read, or whoever reads the output wants no
       more of it
  1    failed: no connection, no read-out in the answer, a file that cannot
       be written, …
  2    the command line is wrong
  3    read, but rows are missing, lost or unreadable, or the log is not the
       one it was (meter swapped, log cleared)
  4    the meter wants a user and a password, or others
  130  interrupted (143: terminated)"
);
