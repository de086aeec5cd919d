//! The read-outs of the energy meter EMU Professional II TCP/IP as typed rows, and back.
//!
//! For whoever reads such a meter, on a server or on a microcontroller, and for whoever plays one: the load profile (28
//! values every 15 minutes for three years) and the logbook of changes, as CSV over HTTP. This crate knows the bytes and
//! what they mean; `emu-client` adds the network.
//!
//! ```
//! use emu_proto::{Decoder, LoadProfileEntry};
//!
//! // Chunks as they come from a socket or a UART, cut anywhere.
//! let chunks = [&b"2021-05-20T10:30:00Z;2;0;12345678;1500;0;20;0;0;0;0;0;2985;2010;992;0;12982;8"[..],
//!               &b"682;4300;0;0;2326;2320;2304;99;99;0;500\n2021-05-20T10:45:00Z;3;0;1234"[..]];
//! let mut decoder = Decoder::<LoadProfileEntry>::new();
//! for mut chunk in chunks {
//!     while let Some(row) = decoder.decode(&mut chunk) {
//!         match row {
//!             Ok(entry) => println!("{} {}", entry.timestamp, entry.active_energy_import_l123_t1),
//!             Err(error) => println!("{error}"),
//!         }
//!     }
//! }
//! // The body ends within a row: that is told, and where.
//! assert!(decoder.finish().is_some_and(|row| row.is_err()));
//! assert_eq!(decoder.last_index(), Some(2));
//! ```
//!
//! # What is here
//!
//! - [`LoadProfileEntry`] and [`LogbookEntry`]: one `Copy` struct a log, every column of the manual, each quantity an
//!   integer type that carries its scale. Their [`Column`] tables give names, units, ranges and OBIS codes.
//! - [`Decoder`] reads a body in pieces, [`read_body`] one in memory: every dialect that users could plausibly meet, found
//!   from the first line, with the [`Deviations`] from the known firmware told. A [`ReadError`] says line, column, byte and
//!   what was expected; the next line is read on.
//! - [`KnownDecoder`], [`read_known_row`]: the known firmware's dialect alone, for a microcontroller with little flash.
//! - [`write_header`], [`write_row`] write what the reader reads, for a device or a simulated one.
//! - [`Readout`] is one request, printed and parsed; [`ReadoutPlan`] turns a read-out of any length into requests, and the
//!   answers into rows that are complete and without doubles, with every gap, swap and clock jump as an [`Event`].
//!
//! # What it does not do
//!
//! - No I/O, no clock, no allocation, no `unsafe`. Bytes come in, rows come out.
//! - No guesses: a number in a scale that is not stated is in the manual's resolution, and what does not fit is an error.
//! - No energy of an interval: entries are register states. Whether a register went backwards, a meter was swapped or a
//!   clock jumped is told, not smoothed over.
//! - Not known, and therefore not promised: whether the real meter ends lines with LF or CRLF and the last line at all, how
//!   the logbook's columns are named, whether a row's time is the start or the end of its interval, and whether power and
//!   current are momentary values or means. No raw capture of a real meter is public; all test data is synthetic.
//!
//! # Features
//!
//! None is on by default; each only adds implementations.
//!
//! - `serde`: `Serialize` for every value and error, `Deserialize` for rows and whatever else can be stored; JSON keys name
//!   the unit ([`Column::key`]), the status is a number, the serial number a string.
//! - `defmt`: `defmt::Format`.
//!
//! Sources: the vendor's manual (Doc.Ref 1475, V1.6 of 27.05.2022), public clients of real meters, and the vendor's decoder
//! of the sister model.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, reason = "a test may panic"))]

mod calendar;
mod columns;
mod decoder;
mod dialect;
mod digits;
mod entry;
mod error;
mod fast;
mod fields;
mod header;
mod known;
mod lines;
mod load_profile;
mod logbook;
mod number;
mod plan;
mod print;
mod quick;
mod request;
mod row;
mod serial;
mod span;
mod status;
mod time;
mod units;
mod write;

pub use columns::{Column, HeaderCell, Quantity};
pub use decoder::{Decoder, Rows, read_body, read_row};
pub use dialect::{ColumnOrder, Delimiter, Deviations, Dialect, HeaderForm, LineEnd, TimeForm};
pub use entry::Entry;
pub use error::{Found, ReadError, ReadErrorKind};
pub use known::{KnownDecoder, read_known_row};
pub use load_profile::LoadProfileEntry;
pub use logbook::LogbookEntry;
pub use plan::{Checkpoint, End, Event, InvalidCheckpoint, Order, Progress, ReadoutPlan, Verdict};
pub use request::{InvalidRequest, Log, Readout, RequestTarget};
pub use serial::{InvalidSerialNumber, SerialNumber};
pub use span::Span;
pub use status::Status;
pub use units::{
    DeciHertz, DeciVolts, MilliAmperes, Milliseconds, PowerFactor, PulsesPerKilowattHour, VarHours, WattHours, Watts,
};
pub use write::{BufferTooSmall, SliceWriter, write_header, write_row, write_to_slice};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
