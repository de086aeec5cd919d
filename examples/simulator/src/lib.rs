//! A simulated energy meter EMU Professional II TCP/IP: a real HTTP server with synthetic logs, a server for firmware updates,
//! and faults on request.
//!
//! For tests of code that reads such a meter, by whomever it was written, and for trying things out where there is no
//! meter. **All data is synthetic**, down to the web page: no capture of a real meter is public, and none was used. What
//! the meter does where the manual is silent is an assumption; [below](#assumptions) is a list.
//!
//! ```
//! use emu_simulator::{BodyLength, Fault, Household, Simulator};
//! # use std::io::{Read, Write};
//!
//! let simulator = Simulator::builder()
//!     .household(Household::new(42))
//!     .rows(1_000)
//!     .body_length(BodyLength::Stated)
//!     .fault(Fault::cut(10_000).first(1))
//!     .start_blocking()?;
//!
//! let get = |target: &str| -> std::io::Result<String> {
//!     let mut stream = std::net::TcpStream::connect(simulator.addr())?;
//!     write!(stream, "GET {target} HTTP/1.0\r\n\r\n")?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer)?;
//!     Ok(answer)
//! };
//! // The first answer breaks off; the second is whole.
//! assert!(get("/data/?from=1&to=100")?.len() < 11_000);
//! assert_eq!(get("/data/?from=1&to=100")?.lines().skip_while(|line| !line.is_empty()).count(), 102);
//! assert_eq!(simulator.requests().len(), 2);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! - [`Simulator`] is the running server; [`Builder`] says what it is like. It runs on the caller's tokio runtime or on a
//!   thread of its own.
//! - [`Household`] makes rows without any server, for benchmarks and fuzzing; [`Site`] sets the sizes of its numbers,
//!   [`Event`] puts power failures, clock changes and new transformers where a test needs them.
//! - [`Fault`] breaks answers; [`Defects`] breaks rows; [`emu_proto::Dialect`] and [`Quirks`] say how rows are written;
//!   [`Incident`] swaps or clears the meter while it is read.
//! - [`OnlineUpdates`] adds the server for firmware updates (SMP on UDP, and by [`SerialLine`] on a pseudo-terminal): two slots with the boot loader's rules, times that
//!   erasing and restarting take, a [`Link`] that loses and reorders, [`SmpQuirks`] of other firmware. [`TestImage`] makes
//!   update files for it, signed with a test key.
//!
//! The same seed makes the same rows, byte for byte, on every machine; with a clock that stands still, which is the
//! default, the same requests get the same answers.
//!
//! # Assumptions
//!
//! - A range of more entries than one request yields (3000, 2048) is answered by the first of them from `from` on, in the
//!   direction asked for.
//! - A range beyond what is kept yields fewer rows, or the header alone.
//! - A wrong query is answered with status 400, an unknown path with 404, another method than GET with 405.
//! - A row's momentary values are means over its 15 minutes, and its time is their end.
//! - Tariff 1 is Monday to Friday, 06:00 to 22:00 UTC.
//! - A full logbook takes no more entries, and each row's status says so.
//! - The server for firmware updates does as Zephyr's does, with MCUboot behind it that swaps two slots; it knows what updates
//!   need, and no more unless told to. Signatures are looked at when an image is to be started, not when it is uploaded.
//! - While the communication module restarts, only that server is away; the web server stays.
//! - Header names of the logbook, length of bodies in chunks, markup of pages.
//!
//! # What it does not do
//!
//! The "Current Readings" and "Configuration" pages, Modbus TCP, TLS.
//!
//! # Features
//!
//! - `cli` (default): the command `emu-simulator`. The library is the same without it, but for `clap`'s traits on a few
//!   enums.
#![forbid(unsafe_code)]

/// The README's example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod body;
mod chance;
mod clock;
mod device;
mod event;
mod fault;
mod firmware;
mod format;
mod household;
mod load;
mod meter;
mod pages;
mod phases;
mod records;
mod ring;
mod server;
mod simulator;
mod site;
mod wire;

pub use body::BodyLength;
pub use device::{Counts, Incident, Moment};
pub use emu_smp::ImageVersion;
pub use event::{Event, InvalidEvent};
pub use fault::Fault;
pub use firmware::{Boot, Link, OnlineUpdates, SerialLine, SmpQuirks, TestImage};
pub use format::{Defects, Malformed, NoneForm, Quirks};
pub use household::Household;
pub use records::{Record, Records};
pub use simulator::{Builder, Simulator};
pub use site::Site;
