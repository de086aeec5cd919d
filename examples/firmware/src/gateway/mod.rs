//! The gateway: it reads a meter's load profile over one serial line, and updates the meter's firmware over another.
//!
//! Both are state machines that never wait, so that one loop serves both lines at once, without an operating system, a heap or
//! an async runtime; the loop is the program, `src/bin/gateway.rs`.
//!
//! - `reader`: bytes of the log's line to rows, and which rows to ask for next
//! - `updater`: the update file to frames on the meter's console line
//! - `report`: what was read, counted and summed
//! - `stored`: the update file in memory
//!
//! What is decided about rows is decided in `emu_proto`, what about the update in `emu_smp`. What is here moves bytes and looks
//! at the clock.

#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reader;
mod report;
mod stored;
#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
mod tests;
mod updater;

pub use self::reader::Reader;
pub use self::report::{Counts, Totals};
pub use self::stored::stored_file;
pub use self::updater::Updater;
