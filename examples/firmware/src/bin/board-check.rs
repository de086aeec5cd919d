//! Checks `board` on a machine, such as one that it was newly written for: that the clock goes, that sleep ends, that memory
//! outlives a reset, and that a panic is told.
//!
//! It resets the machine once, and ends, if all is well, with the panic: exit code 101. With code 1 something was wrong.
#![no_std]
#![no_main]

use embedded_io::{ReadReady, Write};
use emu_firmware::board::{self, Board, entry};
use semihosting::println;

/// What is left in the memory for the start after the reset.
const MARK: &[u8] = b"board-check";

#[entry]
fn main() -> ! {
    let Some(Board { mut lines, retained }) = Board::take() else { board::exit(1) };
    check("everything is handed out once", Board::take().is_none());
    let place = retained.get_mut(..MARK.len()).unwrap_or_default();
    if place != MARK {
        let begun = board::milliseconds();
        (0..50).for_each(|_| board::sleep());
        check("sleep ends, and the clock goes on", board::milliseconds() >= begun + 25);
        for line in &mut lines {
            let is_written = line.write_all(b"board-check\r\n").and_then(|()| line.flush()).is_ok();
            check("a line without a receiver takes bytes", is_written && line.read_ready() == Ok(false));
        }
        place.copy_from_slice(MARK);
        println!("now the reset");
        board::reset();
    }
    place.fill(0);
    check("memory outlives a reset", true);
    panic!("all is well")
}

fn check(what: &str, is_so: bool) {
    println!("{} {what}", if is_so { "ok   " } else { "FAIL " });
    if !is_so {
        board::exit(1);
    }
}
