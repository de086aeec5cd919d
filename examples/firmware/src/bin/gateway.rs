//! Reads a meter's whole load profile over the first serial line, and updates its firmware over the second; both at once.
//!
//! ```sh
//! cargo run --release --bin gateway
//! ```
//!
//! It tells on the debugger's line what it does, and at the end one line each of what it has read and of the update; then it
//! ends. The update file is expected in the board's retained memory, where `examples/firmware/run` puts it; without one, it
//! reads only.
#![no_std]
#![no_main]

use embedded_io::Write;
use emu_firmware::board::{self, Board, SerialLine};
use emu_firmware::gateway::{Reader, Updater, stored_file};
use emu_proto::ReadoutPlan;
use emu_smp::client::{Instant, UpdateEvent};
use semihosting::println;

/// Short answers: a line that breaks loses less of them.
const ROWS_A_REQUEST: u32 = 500;

#[board::entry]
fn main() -> ! {
    let Some(mut board) = Board::take() else { board::exit(2) };
    let [log, console] = &mut board.lines[..] else {
        println!("two serial lines are needed");
        board::exit(2)
    };
    let mut reader = Reader::new(ReadoutPlan::all().block(ROWS_A_REQUEST));
    let mut updater = match stored_file(board.retained).map(Updater::new).transpose() {
        Ok(updater) => updater,
        Err(error) => {
            println!("update file: {error}");
            board::exit(2)
        }
    };
    while !reader.is_done() || updater.as_ref().is_some_and(|updater| updater.outcome().is_none()) {
        let mut is_busy = read(&mut reader, log);
        if let Some(updater) = &mut updater {
            is_busy |= update(updater, console);
        }
        if !is_busy {
            board::sleep();
        }
    }
    println!("read {} {}", reader.totals(), reader.counts());
    let is_updated = match updater.and_then(|updater| updater.outcome()) {
        Some(Ok(outcome)) => {
            println!("update {outcome:?}");
            true
        }
        Some(Err(error)) => {
            println!("update failed: {error}");
            false
        }
        None => {
            println!("update none");
            true
        }
    };
    board::exit(if reader.is_complete() && is_updated { 0 } else { 1 })
}

/// Does what there is to do on the log's line now; returns whether anything has come.
fn read(reader: &mut Reader, line: &mut SerialLine) -> bool {
    let mut buffer = [0; 128];
    let received = line.take(&mut buffer);
    let is_busy = !received.is_empty();
    reader.handle_bytes(now(), received);
    reader.handle_timeout(now());
    if let Some(length) = reader.poll_transmit(now(), &mut buffer) {
        send(line, buffer.get(..length));
    }
    is_busy
}

/// Does what there is to do on the console's line now; returns whether anything has come.
fn update(updater: &mut Updater<'_>, line: &mut SerialLine) -> bool {
    let mut buffer = [0; Updater::LINES];
    let received = line.take(&mut buffer);
    let is_busy = !received.is_empty();
    updater.handle_bytes(now(), received);
    updater.handle_timeout(now());
    while let Some(length) = updater.poll_transmit(now(), &mut buffer) {
        send(line, buffer.get(..length));
    }
    while let Some(event) = updater.poll_event() {
        match event {
            UpdateEvent::Step(step) => println!("update {step:?}"),
            UpdateEvent::Running { version: Some(version), .. } => println!("update from {version}"),
            _ => {}
        }
    }
    is_busy
}

/// Sends, and waits for it: at 115,200 baud up to 76 ms for the lines of a frame, in which the other line's ring takes what comes.
fn send(line: &mut SerialLine, bytes: Option<&[u8]>) {
    // A UART without a receiver at its end takes bytes as well: there is no error.
    let Ok(()) = line.write_all(bytes.unwrap_or_default());
}

fn now() -> Instant {
    Instant::from_millis(board::milliseconds())
}
