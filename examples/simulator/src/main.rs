//! The command `emu-simulator`: a simulated energy meter on a TCP port. All its data is synthetic.
#![forbid(unsafe_code)]

mod cli;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::Arguments;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(written) = arguments.write_test_image() {
        return match written {
            Ok(line) => {
                // The file is written, whether or not anybody reads of it.
                let _: std::io::Result<()> = std::io::stdout().write_all(format!("{line}\n").as_bytes());
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error.to_string()),
        };
    }
    let simulator = match arguments.start().await {
        Ok(simulator) => simulator,
        Err(error) => {
            return fail(&error.to_string());
        }
    };
    // Whoever reads this waits for the lines, so they must not stay in a buffer; if nobody reads them, that is fine.
    let mut stdout = std::io::stdout();
    let mut lines = format!("listening on http://{}\n", simulator.addr());
    if let Some(address) = simulator.smp_addr() {
        lines.push_str(&format!("firmware updates on udp://{address}\n"));
    }
    if let Some(path) = simulator.serial_path() {
        lines.push_str(&format!("firmware updates on serial:{}\n", path.display()));
    }
    let _: std::io::Result<()> = stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush());
    if let Err(error) = tokio::signal::ctrl_c().await {
        return fail(&format!("can not wait for Ctrl-C: {error}"));
    }
    simulator.shutdown().await;
    ExitCode::SUCCESS
}

/// Says why it ends. If standard error is closed or full, there is nobody to be told.
fn fail(why: &str) -> ExitCode {
    let _: std::io::Result<()> = std::io::stderr().write_all(format!("emu-simulator: {why}\n").as_bytes());
    ExitCode::FAILURE
}
