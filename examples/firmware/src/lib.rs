//! emu on a microcontroller: what the programs of `src/bin` are made of.
//!
//! Neither heap nor executor: each program is a loop that polls its serial lines and sleeps in between. All but `board` and
//! `panic` knows nothing of the machine, and is tested on the host.
#![no_std]

pub mod asynchronous;
#[cfg(target_os = "none")]
pub mod board;
pub mod gateway;
pub mod line;
pub mod module;
#[cfg(target_os = "none")]
mod panic;

/// Free of the machine as well, though only one needs it.
#[cfg(all(test, not(target_os = "none")))]
#[path = "board/ring.rs"]
mod ring;
