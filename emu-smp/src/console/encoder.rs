//! Writing a frame as lines for a serial console.

use super::crc::Crc;
use super::{CHECKSUM, FIRST, FURTHER, LENGTH, OVERHEAD};

/// Writes one frame as lines, into buffers of any size.
///
/// Every line but the last has 127 bytes, so that a buffer of [`MAX_LINE`](Self::MAX_LINE) bytes receives one line at a
/// time, and a smaller one, the transmit buffer of a UART, a piece of one. The base64 is one stream, cut at multiples of four
/// characters.
///
/// A Zephyr 4.4.0 whose shell shares the wire holds two lines only, and drops the third of a burst: towards such a one, leave
/// some 50 ms between the lines, or send frames of at most [`TWO_LINES`](Self::TWO_LINES) bytes.
///
/// It is an iterator of bytes, too, for a UART that takes one at a time.
///
/// ```
/// use emu_smp::ConsoleEncoder;
///
/// let frame = b"\x02\x00\x00\x06\x00\x00\x01\x00\xa1\x61d\x62hi";
/// let mut encoder = ConsoleEncoder::new(frame)?;
/// let mut uart = [0; 16];
/// assert_eq!(encoder.write(&mut uart), 16);
/// assert_eq!(&uart, b"\x06\x09ABACAAAGAAABAK");
/// assert_eq!(encoder.write(&mut uart), 11);
/// assert_eq!(&uart[..11], b"FhZGJoaU7E\n");
/// assert_eq!(encoder.write(&mut uart), 0);
///
/// const LENGTH: usize = ConsoleEncoder::encoded_length(14);
/// let mut whole = [0; LENGTH];
/// assert_eq!(ConsoleEncoder::encode(frame, &mut whole)?, b"\x06\x09ABACAAAGAAABAKFhZGJoaU7E\n");
/// # Ok::<(), emu_smp::ConsoleError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConsoleEncoder<'a> {
    frame: &'a [u8],
    length: [u8; LENGTH],
    checksum: [u8; CHECKSUM],
    /// How many bytes of the packet have been taken.
    taken: usize,
    /// Characters that are still to be written, from `written` on.
    group: [u8; 4],
    written: usize,
    /// How many bytes of the line have been written.
    column: usize,
    finished: bool,
}

impl<'a> ConsoleEncoder<'a> {
    /// How many bytes a line has at most, with its line feed.
    pub const MAX_LINE: usize = 127;

    /// How many bytes a frame has at most, so that the length in front of it holds.
    pub const MAX_FRAME: usize = 65_533;

    /// How many bytes a frame has at most that fits into two lines.
    pub const TWO_LINES: usize = 2 * DIGITS_IN_LINE / 4 * 3 - OVERHEAD;

    /// Begins to write a frame.
    ///
    /// # Errors
    ///
    /// [`ConsoleError::FrameTooLong`] if the frame has more than [`MAX_FRAME`](Self::MAX_FRAME) bytes.
    pub fn new(frame: &'a [u8]) -> Result<Self, ConsoleError> {
        let too_long = ConsoleError::FrameTooLong { length: frame.len() };
        let length = frame.len().checked_add(CHECKSUM).and_then(|length| u16::try_from(length).ok()).ok_or(too_long)?;
        Ok(Self {
            frame,
            length: length.to_be_bytes(),
            checksum: Crc::of(frame).to_bytes(),
            taken: 0,
            group: [0; 4],
            written: 4,
            column: 0,
            finished: false,
        })
    }

    /// Writes a whole frame into a buffer, and returns the lines.
    ///
    /// # Errors
    ///
    /// [`ConsoleError`] if the frame or its lines are too long.
    pub fn encode<'b>(frame: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], ConsoleError> {
        let mut encoder = ConsoleEncoder::new(frame)?;
        let needed = Self::encoded_length(frame.len());
        let space = buffer.len();
        let lines = buffer.get_mut(..needed).ok_or(ConsoleError::BufferTooSmall { needed, length: space })?;
        encoder.write(lines);
        Ok(lines)
    }

    /// Returns how many bytes the lines of a frame of `frame_length` bytes have, line feeds and all.
    #[must_use]
    pub const fn encoded_length(frame_length: usize) -> usize {
        let digits = frame_length.saturating_add(OVERHEAD).div_ceil(3).saturating_mul(4);
        digits.saturating_add(digits.div_ceil(DIGITS_IN_LINE).saturating_mul(LINE_OVERHEAD))
    }

    /// Writes as much as `buffer` takes, and returns how many bytes that was; 0 when all has been written.
    pub fn write(&mut self, buffer: &mut [u8]) -> usize {
        // The buffer comes first: the one that ends the zip early must not cost a byte of the other.
        buffer.iter_mut().zip(self).map(|(slot, byte)| *slot = byte).count()
    }

    /// Returns whether all has been written.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.finished
    }

    /// Takes three bytes of the packet, or the one or two that are left, as four characters; tells whether there were any.
    fn take_group(&mut self) -> bool {
        let left = self.frame.len().saturating_add(OVERHEAD).saturating_sub(self.taken);
        if left == 0 {
            return false;
        }
        let [a, b, c] = [0, 1, 2].map(|ahead| self.packet_byte(self.taken.saturating_add(ahead)));
        let [_, bits @ ..] = u32::from_be_bytes([0, a, b, c]).to_be_bytes();
        self.group = digits(bits);
        let [_, _, third, fourth] = &mut self.group;
        if left < 3 {
            *fourth = b'=';
        }
        if left < 2 {
            *third = b'=';
        }
        self.taken = self.taken.saturating_add(left.min(3));
        self.written = 0;
        true
    }

    /// Returns a byte of the packet, 0 behind its end.
    fn packet_byte(&self, at: usize) -> u8 {
        let in_frame = at.wrapping_sub(LENGTH);
        let in_checksum = in_frame.wrapping_sub(self.frame.len());
        let byte = self.length.get(at).or_else(|| self.frame.get(in_frame)).or_else(|| self.checksum.get(in_checksum));
        byte.copied().unwrap_or(0)
    }
}

impl Iterator for ConsoleEncoder<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.finished {
            return None;
        }
        // The first group is taken after the marker of the first line.
        let marker = if self.taken == 0 { FIRST } else { FURTHER };
        let column = self.column;
        self.column = column.saturating_add(1);
        if let Some(byte) = marker.get(column) {
            return Some(*byte);
        }
        // A line takes whole groups, so that none is begun that does not fit.
        if column < Self::MAX_LINE.saturating_sub(1) && (self.written < self.group.len() || self.take_group()) {
            let digit = self.group.get(self.written).copied();
            self.written = self.written.saturating_add(1);
            return digit;
        }
        self.column = 0;
        self.finished = self.taken >= self.frame.len().saturating_add(OVERHEAD) && self.written >= self.group.len();
        Some(b'\n')
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(Self::encoded_length(self.frame.len())))
    }
}

impl core::iter::FusedIterator for ConsoleEncoder<'_> {}

/// Returns three bytes as four characters.
const fn digits(bytes: [u8; 3]) -> [u8; 4] {
    let [a, b, c] = bytes;
    [digit(a >> 2), digit((a << 4) | (b >> 4)), digit((b << 2) | (c >> 6)), digit(c)]
}

/// Returns the character of the lowest six bits.
///
/// Each range starts 0 to 25, 26 to 51 and 52 to 61 behind its first character: nothing can overflow.
const fn digit(bits: u8) -> u8 {
    match bits & 0x3f {
        bits @ 0..=25 => bits.wrapping_add(b'A'),
        bits @ 26..=51 => bits.wrapping_sub(26).wrapping_add(b'a'),
        bits @ 52..=61 => bits.wrapping_sub(52).wrapping_add(b'0'),
        62 => b'+',
        _ => b'/',
    }
}

/// How many bytes of a line are no base64: its marker and its line feed.
const LINE_OVERHEAD: usize = FIRST.len() + 1;

/// How many characters of base64 a line has at most, a multiple of four.
const DIGITS_IN_LINE: usize = ConsoleEncoder::MAX_LINE - LINE_OVERHEAD;

const _: () = assert!(DIGITS_IN_LINE.is_multiple_of(4) && ConsoleEncoder::MAX_FRAME + CHECKSUM == u16::MAX as usize);

/// A frame that cannot be written as lines.
///
/// For an example, see [`ConsoleDecoder`](crate::ConsoleDecoder).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ConsoleError {
    /// The length in front of the frame cannot hold the frame's.
    #[error("a frame on a serial console has at most 65533 bytes, not {length}")]
    FrameTooLong {
        /// How many bytes the frame has.
        length: usize,
    },
    /// The lines do not fit into the buffer.
    #[error("the lines of the frame have {needed} bytes; the buffer has {length}")]
    BufferTooSmall {
        /// How many bytes the lines have.
        needed: usize,
        /// How many bytes the buffer has.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::ConsoleDecoder;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// Made with the Python package smp 4.2.0: `list(smp.packet.encode(frame, 128))`, whose lines then have 124 characters,
    /// as ours. The frame is an echo of 80 characters.
    #[test]
    fn as_the_python_package_smp() {
        let mut frame = b"\x02\x00\x00\x55\x00\x00\x02\x00\xa1\x61d\x78\x50".to_vec();
        frame.extend(0x30..0x80_u8);
        let lines = b"\x06\tAF8CAABVAAACAKFhZHhQMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFi\
            Y2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9\n\x04\x14fn8PUg==\n";
        let mut buffer = [0; 200];
        assert_eq!(ConsoleEncoder::encode(&frame, &mut buffer).unwrap(), lines);
    }

    #[test]
    fn what_does_not_fit() {
        let long = vec![0; 65_534];
        let too_long = ConsoleError::FrameTooLong { length: 65_534 };
        assert_eq!(ConsoleEncoder::new(&long).unwrap_err(), too_long);
        assert!(ConsoleEncoder::new(&long[1..]).is_ok());
        let error = ConsoleEncoder::encode(&long[..8], &mut [0; 18]).unwrap_err();
        assert_eq!(error, ConsoleError::BufferTooSmall { needed: 19, length: 18 });
        assert_eq!(ConsoleEncoder::encoded_length(usize::MAX), usize::MAX);
        assert_eq!(ConsoleEncoder::encoded_length(ConsoleEncoder::TWO_LINES), 2 * ConsoleEncoder::MAX_LINE);
    }

    /// Every length around the ends of lines: no line is empty, none too long, and the length is as foretold.
    #[test]
    fn every_length() {
        for length in 0..400 {
            let frame = vec![0xff; length];
            let lines: Vec<u8> = ConsoleEncoder::new(&frame).unwrap().collect();
            assert_eq!(lines.len(), ConsoleEncoder::encoded_length(length));
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                assert!((7..=ConsoleEncoder::MAX_LINE).contains(&line.len()), "{length}: {}", line.len());
            }
        }
    }

    proptest! {
        /// What is written reads back, and is the same however small the buffers are.
        #[test]
        fn round_trip(frame in proptest::collection::vec(any::<u8>(), 8..600), sizes in proptest::collection::vec(1_usize..150, 1..8)) {
            let mut whole = [0; ConsoleEncoder::encoded_length(600)];
            let whole = ConsoleEncoder::encode(&frame, &mut whole).unwrap();
            let mut encoder = ConsoleEncoder::new(&frame).unwrap();
            let mut pieces = Vec::new();
            for size in sizes.iter().cycle() {
                let mut buffer = vec![0; *size];
                let length = encoder.write(&mut buffer);
                prop_assert!(length == *size || encoder.is_finished());
                if length == 0 {
                    break;
                }
                pieces.extend_from_slice(&buffer[..length]);
            }
            prop_assert_eq!(&pieces, whole);
            let mut decoder = ConsoleDecoder::<600>::new();
            prop_assert_eq!(decoder.decode(&mut &whole[..]), Some(&frame[..]));
        }
    }
}
