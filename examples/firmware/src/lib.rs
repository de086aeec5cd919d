//! emu on a microcontroller: what the programs of `src/bin` are made of.
//!
//! Neither heap nor executor: each program is a loop that polls its serial lines and sleeps in between.
#![no_std]

#[cfg(target_os = "none")]
pub mod board;
#[cfg(target_os = "none")]
mod panic;
