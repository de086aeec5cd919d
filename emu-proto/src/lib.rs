//! The read-outs of the energy meter EMU Professional II TCP/IP as typed rows, and back.
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

mod columns;
mod decoder;
mod dialect;
mod digits;
mod entry;
mod error;
mod fast;
mod fields;
mod header;
mod lines;
mod load_profile;
mod logbook;
mod plan;
mod quick;
mod request;
mod row;
mod serial;
mod status;
mod time;
mod units;
mod write;

pub use columns::{Column, HeaderCell, Quantity};
pub use decoder::{Decoder, Rows, read_body, read_row};
pub use dialect::{ColumnOrder, Delimiter, Deviations, Dialect, HeaderForm, LineEnd, TimeForm};
pub use entry::Entry;
pub use error::{Found, ReadError, ReadErrorKind};
pub use load_profile::LoadProfileEntry;
pub use logbook::LogbookEntry;
pub use plan::{Checkpoint, End, Event, InvalidCheckpoint, Order, Progress, ReadoutPlan, Verdict};
pub use request::{InvalidRequest, Log, Readout, RequestTarget};
pub use serial::{InvalidSerialNumber, SerialNumber};
pub use status::Status;
pub use units::{
    DeciHertz, DeciVolts, MilliAmperes, Milliseconds, PowerFactor, PulsesPerKilowattHour, VarHours, WattHours, Watts,
};
pub use write::{BufferTooSmall, SliceWriter, write_header, write_row, write_to_slice};
