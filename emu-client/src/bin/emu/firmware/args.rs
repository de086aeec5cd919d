//! The command line of `emu firmware`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};

use crate::smp::args::SmpArgs;
use crate::when::read_duration;

#[derive(Debug, Subcommand)]
pub(crate) enum FirmwareCommand {
    /// Lists the images that the meter holds.
    #[command(after_help = "Example:\n  emu firmware list 192.168.1.20")]
    List(SmpArgs),
    /// Writes an image into the free slot. Broken off, it goes on where it was when it is run again.
    #[command(after_help = "Example:\n  emu firmware upload 192.168.1.20 emu_professional_ii-1.0.9.bin")]
    Upload {
        #[command(flatten)]
        smp: SmpArgs,
        /// The image: a signed update file of the vendor's. It is verified before a byte is sent.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Marks an image to be started once, at the next reset.
    #[command(after_help = "Example:\n  emu firmware test 192.168.1.20 c82baa87")]
    Test {
        #[command(flatten)]
        smp: SmpArgs,
        /// The image's hash, or as many of its first digits as no other image has.
        #[arg(value_name = "HASH")]
        hash: String,
    },
    /// Confirms an image: it is started from now on.
    #[command(after_help = "Example:\n  emu firmware confirm 192.168.1.20")]
    Confirm {
        #[command(flatten)]
        smp: SmpArgs,
        /// The image's hash, or as many of its first digits as no other image has. Without it, the image that runs.
        #[arg(value_name = "HASH")]
        hash: Option<String>,
    },
    /// Erases the image that does not run.
    #[command(after_help = "Example:\n  emu firmware erase 192.168.1.20")]
    Erase {
        #[command(flatten)]
        smp: SmpArgs,
        /// The slot, if not the one that the meter chooses.
        #[arg(long, value_name = "SLOT")]
        slot: Option<u32>,
    },
    /// Restarts the communication module. Meter readings are not touched.
    #[command(after_help = "Example:\n  emu firmware reset 192.168.1.20")]
    Reset(SmpArgs),
    /// Does the whole update: upload, test, restart, confirm. Broken off, it goes on where it was when it is run again.
    #[command(after_help = UPDATE, after_long_help = UPDATE)]
    Update(UpdateArgs),
    /// Checks an update file, without a meter.
    #[command(after_help = "Example:\n  emu firmware verify emu_professional_ii-1.0.9.bin")]
    Verify {
        /// The image.
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Says what the meter tells of itself: images, slots, buffers, operating system, boot loader.
    #[command(after_help = "Example:\n  emu firmware info 192.168.1.20")]
    Info(SmpArgs),
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    pub(crate) smp: SmpArgs,

    /// The image: a signed update file of the vendor's. It is verified before a byte is sent.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,

    /// Do not ask before the restart.
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// How long the meter may take to start the new image, before it is asked whether it is back. It is asked for as long again and more.
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = read_duration)]
    pub(crate) wait: Duration,

    /// Update a meter whose firmware is older than 1.0.6, which the manual says is not possible.
    #[arg(long)]
    pub(crate) allow_old_firmware: bool,

    /// Go to an older version than the one that runs.
    #[arg(long)]
    pub(crate) allow_downgrade: bool,

    /// If both slots are taken, erase the image that does not run.
    #[arg(long)]
    pub(crate) erase: bool,

    /// Erase the old image at the end. Otherwise it stays, and can be gone back to.
    #[arg(long)]
    pub(crate) erase_old: bool,
}

/// The walk stands in the short help and in the long one.
macro_rules! walk {
    () => {
        "\
Examples:
  emu firmware update 192.168.1.20 FILE       the whole update, by one command
  emu firmware update serial:/dev/ttyUSB0 FILE   over a serial line
  emu firmware verify FILE

The same step by step, as in the manual's chapter \"Firmware-Update\":
  emu firmware list 192.168.1.20
  emu firmware upload 192.168.1.20 FILE
  emu firmware test 192.168.1.20 HASH         of the list, its first digits do
  emu firmware reset 192.168.1.20             and wait for 120 s
  emu firmware list 192.168.1.20
  emu firmware confirm 192.168.1.20 HASH
  emu firmware erase 192.168.1.20             the old image, if you want"
    };
}

pub(crate) const FIRMWARE_EXAMPLES: &str = walk!();

pub(crate) const FIRMWARE_MORE: &str = concat!(
    walk!(),
    "

The meter:
  Its firmware must be 1.0.6 or later, updates must be allowed on its
  configuration page (\"Online-Update erlauben\"), and UDP port 1337 must be
  reachable. Meter readings, and what matters to calibration, are not touched.
  An image that was started and is not confirmed is left again at the next
  restart.

Serial lines:
  serial:PATH in place of the host, such as serial:/dev/ttyUSB0 (on Windows
  serial:COM3), with @BAUD behind it if its rate is not 115200; 8 data bits, no
  parity. The device speaks SMP on its console there, beside what else it
  prints. A port that goes away when the device restarts is waited for. Where
  a shell shares the console, add --largest-frame 182.

Output:
  list, test and confirm print the lines of the manual's tool, erase and reset
  \"Done\"; --json prints objects in their place. All else, and a progress bar
  if it is a terminal, goes to standard error.

Exit codes:
  0    done
  1    failed: no answer, a refusal, a file that is no update, …
  2    the command line is wrong
  3    update: not restarted, since you said no
  130  interrupted (143: terminated); run it again to go on"
);

const UPDATE: &str = "\
Examples:
  emu firmware update 192.168.1.20 emu_professional_ii-1.0.9.bin
  emu firmware update 192.168.1.20 FILE --yes --erase     in a script

What it does, as the manual's chapter \"Firmware-Update\" has it: lists the
images, uploads FILE into the free slot, compares the hash, marks the image to
be tested, asks, restarts the communication module, waits until the meter is
back (120 s, and then by asking), and confirms the image if it is the one that
runs. If it is another, the boot loader went back, and that is an error.
The meter goes on measuring and logging all the while.

Run again after an interruption, it finds out how far it was and goes on.

Exit codes:
  0    the meter runs the image of FILE, confirmed: now, or before already
  1    failed: no answer, both slots taken, gone back to the old image, …
  2    the command line is wrong, or nobody can be asked and --yes is missing
  3    not restarted, since you said no; the image is in the meter, marked
  130  interrupted (143: terminated); run it again to go on";
