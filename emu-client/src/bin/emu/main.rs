//! The command `emu`: reads the logs of an energy meter EMU Professional II TCP/IP, and updates its firmware.
#![forbid(unsafe_code)]

mod args;
mod connect;
mod exit;
mod firmware;
mod format;
mod output;
mod previous;
mod read;
mod report;
mod smp;
mod status;
mod stderr;
mod table;
mod transfer;
mod when;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use emu_client::{LoadProfileEntry, LogbookEntry};

use crate::args::{Cli, Command};
use crate::smp::print;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Data(args) => read::run::<LoadProfileEntry>(&args),
        Command::Logbook(args) => read::run::<LogbookEntry>(&args),
        Command::Firmware(command) => firmware::run(&command),
        Command::Smp(args) => smp::run(&args),
        Command::Status { bits } => print(&status::explain(bits)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "emu", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if let Some(message) = failure.message {
                stderr::say(&message);
            }
            failure.exit.into()
        }
    }
}
