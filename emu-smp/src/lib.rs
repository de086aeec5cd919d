//! SMP, the management protocol of MCUmgr, without allocation and without I/O.
//!
//! The energy meter EMU Professional II TCP/IP takes its firmware updates over SMP: frames of an 8-byte header and a CBOR
//! body, on UDP port 1337. This crate is for both ends of that wire, a host tool and a microcontroller without a heap.
//!
//! A frame is a [`Header`] and a body. Each command has a [`Request`] and its response, in the module of its group: [`os`],
//! [`image`], [`statistics`], [`settings`], [`file_system`], [`shell`], [`enumeration`], [`transport`], [`zephyr`]. What a
//! device answers in place of a response is a [`Refusal`], with the names of all codes ([`ReturnCode`], [`GroupError`]).
//!
//! ```
//! use emu_smp::{Header, Version, decode_response, encode_request, statistics::GroupRequest};
//!
//! // Asks for statistics, and reads what a real server answers.
//! let request = GroupRequest { name: "smp_svr_stats" };
//! let mut frame = [0; 64];
//! let length = encode_request(&request, Version::V1, 43, &mut frame)?;
//! let (asked, _) = Header::split(&frame[..length])?;
//!
//! let answer = b"\x09\x00\x00\x25\x00\x02\x2b\x00\xbf\x64name\x6dsmp_svr_stats\x66fields\xbf\x65ticks\x0d\xff\xff";
//! let (header, body) = Header::split(answer)?;
//! header.check_answers(&asked)?;
//! let statistics = decode_response::<GroupRequest>(body)??;
//! assert_eq!(statistics.fields.iter().collect::<Vec<_>>(), [("ticks", 13)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Beyond frames:
//!
//! - [`client`]: machines without I/O that ask until they are answered, upload an image, or update a device.
//! - [`Server`]: the device's side, over a [`Firmware`] that says what it has.
//! - [`ConsoleDecoder`], [`ConsoleEncoder`], [`RawDecoder`]: frames on a serial line.
//! - [`ImageVerifier`], [`ImageBuilder`]: MCUboot's image files, which an upload carries.
//!
//! Bodies of an application's own groups implement [`Encode`] and [`Decode`] by means of [`Writer`] and [`Reader`], as those
//! of this crate do.
//!
//! # What it does not do
//!
//! No sockets, serial ports, timers or randomness: bytes and time come in as arguments. No Bluetooth.
//!
//! # Features
//!
//! None is on by default; each only adds implementations.
//!
//! - `serde`: `Serialize` for bodies, names and errors, and `Deserialize` for those that borrow nothing from a frame.
//! - `defmt`: `defmt::Format` for the same.
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

mod body;
mod cbor;
pub mod client;
mod command;
mod console;
mod group_error;
mod header;
mod image_hash;
mod mcuboot;
mod message;
mod raw;
mod refusal;
mod return_code;
mod server;
mod text;

pub use body::{
    Done, RawRequest, RawResponse, Request, decode, enumeration, file_system, image, os, settings, shell, statistics,
    transport, zephyr,
};
pub use cbor::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, Entries, EntriesIter, List, ListIter, Malformed,
    MapReader, Reader, Writer,
};
pub use command::{Command, Group};
pub use console::{ConsoleDecoder, ConsoleEncoder, ConsoleError, Losses};
pub use group_error::GroupError;
pub use header::{Header, HeaderError, Operation, UnknownOperation, Version};
pub use image_hash::{ImageHash, ImageHashError};
pub use mcuboot::{
    FileKind, HashKind, ImageBuildError, ImageBuilder, ImageEntries, ImageFile, ImageFileError, ImageFlags,
    ImageHeader, ImagePadding, ImageVerifier, ImageVersion, ImageVersionError, NoUnknownSignature, SignatureKind,
    UnknownSignature,
};
pub use message::{Mismatch, decode_response, encode_frame, encode_request};
pub use raw::{RawDecoder, RawLosses};
pub use refusal::Refusal;
pub use return_code::ReturnCode;
pub use server::{Files, Firmware, ImageSlots, Os, Server, Settings, Shell, Slot, SlotImage, Statistics};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
