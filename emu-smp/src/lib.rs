//! SMP, the management protocol of MCUmgr, without allocation and without I/O.
//!
//! The energy meter EMU Professional II TCP/IP takes its firmware updates over SMP: frames of an 8-byte header and a CBOR
//! body, on UDP port 1337. This crate is for both ends of that wire, a host tool and a microcontroller without a heap.
//!
//! So far it holds the frame [`Header`]. Bodies, errors, framing, image files and the client and server machines follow.
//!
//! ```
//! use emu_smp::{Group, Header, Operation, Version};
//!
//! // "echo", as a real server received it, and the header of its answer.
//! let (header, body) = Header::split(b"\x02\x00\x00\x06\x00\x00\x01\x00\xa1\x61d\x62hi")?;
//! assert_eq!((header.operation, header.version, header.group), (Operation::Write, Version::V0, Group::OS));
//! assert_eq!(body, b"\xa1\x61d\x62hi");
//! let answer = Header { operation: Operation::WriteResponse, length: 7, ..header };
//! assert_eq!(answer.to_bytes(), *b"\x03\x00\x00\x07\x00\x00\x01\x00");
//! # Ok::<(), emu_smp::HeaderError>(())
//! ```
//!
//! # What it does not do
//!
//! No sockets, serial ports, timers or randomness: bytes and time come in as arguments. No Bluetooth.
//!
//! # Features
//!
//! None is on by default; each only adds implementations.
//!
//! - `serde`: `Serialize` and `Deserialize` for every type.
//! - `defmt`: `defmt::Format` for every type.
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

pub use body::{
    Done, RawRequest, RawResponse, Request, decode, enumeration, file_system, image, os, settings, shell, statistics,
    transport, zephyr,
};
pub use cbor::{
    Decode, DecodeError, DecodeErrorKind, Encode, EncodeError, Entries, EntriesIter, List, ListIter, MapReader, Reader,
    Writer,
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
