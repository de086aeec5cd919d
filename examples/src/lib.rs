//! What the examples share: the meter that they read, energy by month, and how they end.
//!
//! Each program in `src/bin` shows one thing; the README lists them. Given the address of a meter they read that one;
//! without any they start a simulated meter, whose data is synthetic.
//!
//! This is no library to depend on: copy what is of use.
#![forbid(unsafe_code)]

mod energy;
mod exit;
mod source;

pub use energy::{Backwards, Energy, KilowattHours, Month, Registers};
pub use exit::{exit, say, tell};
pub use source::Source;

/// The project's front page: its programs are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
