//! The energy meter EMU Professional II TCP/IP over the network.
//!
//! For programs that collect load profiles: a [`Meter`] yields its two logs as streams of typed rows, complete and
//! without doubles, whatever the network does, and goes on from a [`Checkpoint`] the next time.
//!
//! ```no_run
//! use emu_client::{LoadProfileEntry, Meter};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let meter = Meter::new("192.168.1.20")?;
//!     let saved = std::fs::read_to_string("meter.checkpoint").ok().and_then(|text| text.parse().ok());
//!
//!     let mut rows = meter.sync::<LoadProfileEntry>(saved);
//!     while let Some(row) = rows.next().await {
//!         let row = row?;
//!         println!("{} {} {}", row.timestamp, row.active_energy_import_l123_t1, row.active_power_l123);
//!     }
//!     if let Some(place) = rows.checkpoint() {
//!         std::fs::write("meter.checkpoint", place.to_string())?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # What it does
//!
//! - [`Rows`] parses as bytes arrive and never holds a body; what fails is tried again by a [`Policy`].
//! - [`Items`] is the same with all that is no row: lost rows, swapped meters, lines that cannot be read, retries.
//! - [`Meter::firmware`] lists, uploads, tests and confirms images, or does the manual's whole update from whatever state it
//!   finds the meter in: see [`firmware`]. [`Meter::smp`] asks for whatever else the meter's SMP server knows.
//! - [`Smp::serial`](smp::Smp::serial) and [`Smp::console`](smp::Smp::console) do the same over a serial line.
//! - An [`Error`] says which meter, which request, what and why, and never the password.
//! - What is asked, and what the answers mean, is decided in [`emu_proto`]: [`ReadoutPlan`] and
//!   [`Decoder`](emu_proto::Decoder); for firmware in [`emu_smp`]. Here are the connection, the timers and the buffers.
//!
//! # What it does not do
//!
//! It writes nothing to the meter but firmware, speaks no TLS (the meter's manual describes plain HTTP), follows no redirect, uses
//! no proxy, and stores nothing. It does not smooth over what a log lacks.
//!
//! # Features
//!
//! - `serial`: serial ports of this computer, for SMP; without it, any stream that is a console.
//! - `cli`: the command `emu`, with `serial`. The library alone needs no feature.
#![forbid(unsafe_code)]

/// The README's example is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod address;
mod answer;
mod connection;
mod credentials;
mod error;
pub mod firmware;
mod items;
mod meter;
mod notice;
mod policy;
mod rows;
pub mod smp;
mod summary;

pub use address::{Address, InvalidAddress};
pub use credentials::Password;
pub use emu_proto;
pub use emu_proto::{
    Checkpoint, Deviations, Entry, Event, LoadProfileEntry, Log, LogbookEntry, Order, Progress, ReadError, Readout,
    ReadoutPlan, RequestTarget, Span,
};
pub use emu_smp;
pub use error::{Error, ErrorKind, Excerpt, Step};
pub use items::Items;
pub use meter::{BuildError, Builder, Meter};
pub use notice::{Item, Notice};
pub use policy::Policy;
pub use rows::Rows;
pub use summary::Summary;
