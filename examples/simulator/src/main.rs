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
            eprintln!("emu-simulator: can not listen on {address}: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Whoever reads this waits for the line, so it must not stay in a buffer; if nobody reads it, that is fine.
    let mut stdout = std::io::stdout();
    let _: std::io::Result<()> =
        writeln!(stdout, "listening on http://{}", simulator.addr()).and_then(|()| stdout.flush());
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("emu-simulator: can not wait for Ctrl-C: {error}");
        return ExitCode::FAILURE;
    }
    simulator.shutdown().await;
    ExitCode::SUCCESS
}
