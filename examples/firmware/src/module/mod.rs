//! The meter's communication module: the device's side of both crates.
//!
//! - `meter`: the two logs of a small meter, with synthetic values
//! - `ring`: a log of fixed size, which goes round
//! - `log_port`: request lines to bodies in CSV, row by row
//! - `slots`: two places for images in memory that outlives a reset, and the boot loader's rules
//! - `smp_port`: frames on a console to answers
//!
//! The loop around them is the program, `src/bin/meter-module.rs`.

mod log_port;
mod meter;
mod ring;
mod slots;
mod smp_port;

pub use self::log_port::LogPort;
pub use self::meter::Meter;
pub use self::ring::Ring;
pub use self::slots::{Boot, Slots};
pub use self::smp_port::{Device, SmpPort};
