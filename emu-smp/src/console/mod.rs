//! Frames on a serial console.
//!
//! ```text
//! lines     first, at most 127 bytes    06 09 base64 0a
//!           each further                04 14 base64 0a
//! packet    what the base64 holds       length of all that follows (2 bytes), frame, checksum of the frame (2 bytes)
//! checksum  CRC-16/XMODEM               polynomial 0x1021, from 0, high byte first
//! ```
//!
//! The numbers are big-endian. The lines share the wire with a shell: its prompt comes in front of a line, its output
//! between lines.
//!
//! Source: Zephyr, "SMP Transport Specification" (`doc/services/device_mgmt/smp_transport.rst`), and what Zephyr 4.4.0 wrote.

mod crc;
mod decoder;
mod encoder;
mod losses;

pub use decoder::ConsoleDecoder;
pub use encoder::{ConsoleEncoder, ConsoleError};
pub use losses::Losses;

/// How the first line of a packet starts.
const FIRST: [u8; 2] = [0x06, 0x09];

/// How every further line of a packet starts.
const FURTHER: [u8; 2] = [0x04, 0x14];

/// How many bytes of a packet are not the frame's: the length and the checksum.
const OVERHEAD: usize = LENGTH + CHECKSUM;

/// How many bytes the length in front of a frame has.
const LENGTH: usize = 2;

/// How many bytes the checksum behind a frame has.
const CHECKSUM: usize = 2;
