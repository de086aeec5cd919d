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
    let address = arguments.address();
    let simulator = match arguments.builder().start().await {
        Ok(simulator) => simulator,
        Err(error) => {
            return fail(&format!("can not listen on {address}: {error}"));
        }
    };
    // Whoever reads this waits for the line, so it must not stay in a buffer; if nobody reads it, that is fine.
    let mut stdout = std::io::stdout();
    let _: std::io::Result<()> =
        writeln!(stdout, "listening on http://{}", simulator.addr()).and_then(|()| stdout.flush());
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
