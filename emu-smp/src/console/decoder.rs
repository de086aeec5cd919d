//! Reading frames from a serial console.

use super::crc::Crc;
use super::losses::{Loss, Losses};
use super::{CHECKSUM, FIRST, FURTHER, LENGTH};
use crate::Header;

/// Finds the frames in the bytes of a serial console, which are pushed in pieces of any size as the UART delivers them.
///
/// Holds one frame of at most `N` bytes and nothing else of the wire; lines may be of any length, since some builds of
/// Zephyr take longer ones than 127 bytes. However the bytes are cut, frames and counts are the same.
///
/// A line may start anywhere, since a prompt has no line end: the bytes `06` and `04` occur neither in base64 nor in what a
/// shell prints, so that one of them ends the line before it, too. Lines may end with CR LF. The base64 may be one stream,
/// or each line's own with padding, as long as lines are cut at multiples of four characters.
///
/// What is lost is dropped until the next frame starts, and counted: see [`Losses`]. The checksum covers the frame and not
/// the length in front of it.
///
/// # Call order
///
/// For each piece, call [`decode`](Self::decode) until it returns `None`: the piece is then used up. A caller that gives up
/// waiting calls [`reset`](Self::reset); it need not, since a new frame starts by itself.
///
/// ```
/// use emu_smp::ConsoleDecoder;
///
/// let mut decoder = ConsoleDecoder::<256>::new();
/// let mut frames = Vec::new();
/// for mut piece in b"uart:~$ \x06\x09ABEDAAAHAAABAL9hcmJoaf8SXw==\r\nuart:~$ ".chunks(10) {
///     while let Some(frame) = decoder.decode(&mut piece) {
///         frames.push(frame.to_vec());
///     }
/// }
/// assert_eq!(frames, [b"\x03\x00\x00\x07\x00\x00\x01\x00\xbf\x61r\x62hi\xff"]);
/// assert_eq!(decoder.losses().total(), 0);
/// assert_eq!(decoder.losses().skipped_bytes, 16);
/// ```
#[derive(Debug, Clone)]
pub struct ConsoleDecoder<const N: usize> {
    buffer: [u8; N],
    line: Line,
    packet: Packet,
    /// How many bytes the packet announces behind its length.
    announced: u16,
    /// How many bytes of the packet have come, its length included.
    received: usize,
    crc: Crc,
    /// The group of four characters that is coming: its bits, its characters, and how many of these are padding.
    bits: u32,
    digits: u8,
    padding: u8,
    losses: Losses,
}

/// Where in a line the decoder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// In none that belongs to a frame.
    Outside,
    /// Behind the first byte of a marker.
    Marker(u8),
    /// In the base64.
    Base64,
}

/// What has come of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packet {
    /// Nothing.
    None,
    /// Some lines, and all well so far.
    Open,
    /// A loss has been counted, and the rest is to be dropped.
    Lost,
}

impl<const N: usize> ConsoleDecoder<N> {
    /// Makes a decoder that waits for a frame.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            buffer: [0; N],
            line: Line::Outside,
            packet: Packet::None,
            announced: 0,
            received: 0,
            crc: Crc::new(),
            bits: 0,
            digits: 0,
            padding: 0,
            losses: Losses::NONE,
        }
    }

    /// Takes bytes from the front of `input` up to the end of the next frame, and returns that.
    ///
    /// Returns `None` when all of `input` has been taken and more is needed.
    pub fn decode(&mut self, input: &mut &[u8]) -> Option<&[u8]> {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            if let Some(length) = self.take(*byte) {
                return self.buffer.get(..length);
            }
        }
        None
    }

    /// Drops what has come of a frame, and waits for the next.
    pub const fn reset(&mut self) {
        self.abandon();
        self.packet = Packet::None;
        self.line = Line::Outside;
    }

    /// Returns what was lost so far.
    #[must_use]
    pub const fn losses(&self) -> Losses {
        self.losses
    }

    /// Takes one byte, and returns the length of the frame that it ends.
    fn take(&mut self, byte: u8) -> Option<usize> {
        let next = match byte {
            b'\n' | b'\r' => Line::Outside,
            byte if byte == FIRST[0] || byte == FURTHER[0] => Line::Marker(byte),
            byte => {
                match self.line {
                    Line::Base64 => self.take_digit(byte),
                    Line::Marker(marker) => self.start_line([marker, byte]),
                    Line::Outside => self.skip(1),
                }
                return None;
            }
        };
        match core::mem::replace(&mut self.line, next) {
            Line::Base64 => self.end_line(),
            Line::Marker(_) => {
                self.skip(1);
                None
            }
            Line::Outside => None,
        }
    }

    fn start_line(&mut self, marker: [u8; 2]) {
        self.line = Line::Base64;
        self.digits = 0;
        self.padding = 0;
        match marker {
            FIRST => {
                self.abandon();
                self.packet = Packet::Open;
                self.received = 0;
                self.crc = Crc::new();
            }
            FURTHER if self.packet == Packet::None => self.lose(Loss::Headless),
            FURTHER => {}
            _ => {
                self.line = Line::Outside;
                self.skip(2);
            }
        }
    }

    fn take_digit(&mut self, byte: u8) {
        if self.packet != Packet::Open {
            return;
        }
        // Padding ends a line's base64: only more padding may follow, to the end of the group.
        let digit = match (byte, self.padding, self.digits) {
            (b'=', 0, 2 | 3) | (b'=', 1, 3) => {
                self.padding = self.padding.saturating_add(1);
                Some(0)
            }
            (byte, 0, _) => value(byte),
            _ => None,
        };
        let Some(digit) = digit else { return self.lose(Loss::Base64) };
        self.bits = (self.bits << 6) | u32::from(digit);
        self.digits = self.digits.saturating_add(1);
        if self.digits == 4 {
            self.digits = 0;
            let [_, bytes @ ..] = self.bits.to_be_bytes();
            for byte in bytes.iter().take(3_usize.saturating_sub(self.padding.into())) {
                self.take_packet_byte(*byte);
            }
        }
    }

    fn take_packet_byte(&mut self, byte: u8) {
        // The byte before, of the same group, may have been one too much.
        if self.packet != Packet::Open {
            return;
        }
        let at = self.received;
        self.received = at.saturating_add(1);
        match at.checked_sub(LENGTH) {
            None if at == 0 => self.announced = u16::from_be_bytes([byte, 0]),
            None => {
                self.announced |= u16::from(byte);
                match self.frame_length() {
                    Some(length) if length > N => self.lose(Loss::TooLarge),
                    Some(length) if length >= Header::LENGTH => {}
                    _ => self.lose(Loss::Length),
                }
            }
            Some(at) if at >= usize::from(self.announced) => self.lose(Loss::Length),
            Some(at) => {
                self.crc = self.crc.push(byte);
                // The checksum needs no place, and may have none.
                if let Some(slot) = self.buffer.get_mut(at) {
                    *slot = byte;
                }
            }
        }
    }

    /// Ends a line, and returns the length of the frame that this completes.
    fn end_line(&mut self) -> Option<usize> {
        if self.packet != Packet::Open {
            return None;
        }
        if self.digits != 0 {
            self.lose(Loss::Base64);
            return None;
        }
        if self.received < LENGTH.saturating_add(self.announced.into()) || self.received < LENGTH {
            return None;
        }
        if !self.crc.is_right() {
            self.lose(Loss::Checksum);
            return None;
        }
        self.packet = Packet::None;
        self.frame_length()
    }

    /// Returns the length of the frame in the packet.
    fn frame_length(&self) -> Option<usize> {
        usize::from(self.announced).checked_sub(CHECKSUM)
    }

    /// Counts a frame that will not be completed.
    const fn abandon(&mut self) {
        if matches!(self.packet, Packet::Open) {
            self.losses.count(Loss::CutShort);
        }
    }

    fn lose(&mut self, loss: Loss) {
        self.packet = Packet::Lost;
        self.losses.count(loss);
    }

    fn skip(&mut self, bytes: u32) {
        self.losses.skipped_bytes = self.losses.skipped_bytes.saturating_add(bytes);
    }
}

impl<const N: usize> Default for ConsoleDecoder<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the six bits of a character.
const fn value(digit: u8) -> Option<u8> {
    // Each range is subtracted from by its own first character: nothing can overflow.
    Some(match digit {
        b'A'..=b'Z' => digit.wrapping_sub(b'A'),
        b'a'..=b'z' => digit.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => digit.wrapping_sub(b'0').wrapping_add(52),
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::ConsoleEncoder;
    use proptest::prelude::*;
    use std::vec::Vec;

    type Outcome = (Vec<Vec<u8>>, Losses);

    /// Decodes pieces, with a buffer of 100 bytes.
    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let mut decoder = ConsoleDecoder::<100>::new();
        let mut frames = Vec::new();
        for mut piece in pieces {
            while let Some(frame) = decoder.decode(&mut piece) {
                frames.push(frame.to_vec());
            }
            assert!(piece.is_empty());
        }
        (frames, decoder.losses())
    }

    /// Decodes bytes whole, cut in two at every byte, and byte by byte: each time with the same outcome.
    fn decode_cut_everywhere(bytes: &[u8]) -> Outcome {
        let whole = decode([bytes]);
        for at in 0..bytes.len() {
            assert_eq!(decode([&bytes[..at], &bytes[at..]]), whole, "cut at {at}");
        }
        assert_eq!(decode(bytes.chunks(1)), whole);
        whole
    }

    /// Asserts that bytes hold some frames and that these losses are counted.
    #[track_caller]
    fn assert_decodes(bytes: &[u8], frames: &[&[u8]], losses: Losses) {
        let (found, counted) = decode_cut_everywhere(bytes);
        assert_eq!((found.iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice(), counted), (frames, losses));
    }

    const NONE: Losses = Losses::NONE;

    /// The answer of Zephyr 4.4.0 (native simulator, serial) to an echo of "hi".
    const HI: &[u8] = b"\x03\x00\x00\x07\x00\x00\x01\x00\xbfarbhi\xff";
    const HI_LINES: &[u8] = b"\x06\tABEDAAAHAAABAL9hcmJoaf8SXw==\n";

    /// Its answer to an echo of 80 characters, in two lines.
    const LONG_LINES: &[u8] =
        b"\x06\tAGADAABWAAACAL9hcnhQMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFi\
        Y2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9\n\x04\x14fn//lJM=\n";

    fn long() -> Vec<u8> {
        let mut frame = b"\x03\x00\x00\x56\x00\x00\x02\x00\xbfarx\x50".to_vec();
        frame.extend(0x30..0x80_u8);
        frame.push(0xff);
        frame
    }

    /// The first and the second line of it.
    fn long_parts() -> (&'static [u8], &'static [u8]) {
        LONG_LINES.split_at(127)
    }

    #[test]
    fn answers_of_a_real_server() {
        assert_decodes(HI_LINES, &[HI], NONE);
        assert_decodes(LONG_LINES, &[&long()], NONE);
        // An echo of 78 letters: that server does not part the checksum, and leaves the first line two bytes short.
        let lines =
            b"\x06\tAF4DAABUAAADAL9hcnhOYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5emFi\
            Y2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6\n\x04\x14/+2Y\n";
        let (frames, losses) = decode_cut_everywhere(lines);
        assert_eq!((frames.len(), frames[0].len(), losses), (1, 92, NONE));
        assert_eq!(frames[0][13..91], b"abcdefghijklmnopqrstuvwxyz".repeat(3));
    }

    /// What a Zephyr 4.4.0 with its shell on the same wire wrote first, with an answer behind the prompt.
    #[test]
    fn behind_a_prompt() {
        let prompt = b"\x1b[m\r\n\x1b[1;32muart:~$ \x1b[m";
        let skipped = Losses { skipped_bytes: 21, ..NONE };
        assert_decodes(&[prompt, HI_LINES].concat(), &[HI], skipped);
        let (first, second) = long_parts();
        assert_decodes(&[first, prompt, second].concat(), &[&long()], skipped);
    }

    /// Made with the Python package smp 4.2.0: `smp.packet.encode(b"Hello, world!", line_length=8)`.
    #[test]
    fn short_lines_of_the_python_package_smp() {
        let lines = b"\x06\tAA9I\n\x04\x14ZWxs\n\x04\x14bywg\n\x04\x14d29y\n\x04\x14bGQh\n\x04\x14et4=\n";
        assert_decodes(lines, &[b"Hello, world!"], NONE);
    }

    /// Each line's base64 of its own: the lines hold 2, 4, 5 and 6 bytes.
    #[test]
    fn padding_within_a_packet() {
        let lines = b"\x06\tAA8=\r\n\x04\x14SGVsbA==\r\n\x04\x14bywgd28=\r\n\x04\x14cmxkIXre\r\n";
        assert_decodes(lines, &[b"Hello, world!"], NONE);
    }

    #[test]
    fn a_line_end_that_is_lost() {
        let (first, second) = long_parts();
        let lines = [first.trim_ascii_end(), second.trim_ascii_end(), HI_LINES].concat();
        assert_decodes(&lines, &[&long(), HI], NONE);
        assert_decodes(&[b"\x06\n\x04\x06" as &[u8], HI_LINES].concat(), &[HI], Losses { skipped_bytes: 3, ..NONE });
    }

    #[test]
    fn lines_that_are_missing_or_doubled() {
        let (first, second) = long_parts();
        assert_decodes(&[first, HI_LINES].concat(), &[HI], Losses { cut_short: 1, ..NONE });
        assert_decodes(&[second, second, HI_LINES].concat(), &[HI], Losses { headless: 1, ..NONE });
        assert_decodes(&[first, first, second].concat(), &[&long()], Losses { cut_short: 1, ..NONE });
        assert_decodes(&[first, second, second].concat(), &[&long()], Losses { headless: 1, ..NONE });
        let middle =
            b"\x06\tAA9I\n\x04\x14ZWxs\n\x04\x14ZWxs\n\x04\x14bywg\n\x04\x14d29y\n\x04\x14bGQh\n\x04\x14et4=\n";
        assert_decodes(middle, &[], Losses { length: 1, ..NONE });
    }

    #[test]
    fn damaged_lines() {
        let base64 = Losses { base64: 1, ..NONE };
        for bad in
            [&b"\x06\tABED*AAHAAABAL9hcmJoaf8SXw==\n"[..], b"\x06\tABEDAAAHAAABAL9hcmJoaf8SX\n", b"\x06\tABE=ABED\n"]
        {
            assert_decodes(&[bad, HI_LINES].concat(), &[HI], base64);
        }
        for bad in [&b"\x06\tA===\n"[..], b"\x06\t====\n", b"\x06\tAB==\n\x04\x14=\n", b"\x06\tAB=E\n", b"\x06\tAB==="]
        {
            assert_decodes(&[bad, HI_LINES].concat(), &[HI], base64);
        }
        assert_decodes(b"\x06\tABEDAAAHAAABAL9hcmJoaf8SXg==\n", &[], Losses { checksum: 1, ..NONE });
        // A frame of 7 bytes, a length of 1, and 98 bytes more than announced.
        assert_decodes(b"\x06\tAAkA\n", &[], Losses { length: 1, ..NONE });
        assert_decodes(b"\x06\tAAEA\n", &[], Losses { length: 1, ..NONE });
        let long = LONG_LINES.to_vec();
        assert_decodes(&[b"\x06\tABED", &long[6..]].concat(), &[], Losses { length: 1, ..NONE });
    }

    #[test]
    fn a_frame_that_is_too_large() {
        let lines = |length| ConsoleEncoder::new(&[7; 101][..length]).unwrap().collect::<Vec<_>>();
        assert_decodes(&lines(100), &[&[7; 100]], NONE);
        assert_decodes(&[lines(101).as_slice(), HI_LINES].concat(), &[HI], Losses { too_large: 1, ..NONE });
    }

    #[test]
    fn a_reset_drops_what_has_come() {
        let (first, second) = long_parts();
        let mut decoder = ConsoleDecoder::<100>::default();
        decoder.reset();
        assert_eq!(decoder.losses(), NONE);
        assert_eq!(decoder.decode(&mut &first[..]), None);
        decoder.reset();
        assert_eq!(decoder.decode(&mut &second[..]), None);
        assert_eq!(decoder.decode(&mut &HI_LINES[..]), Some(HI));
        assert_eq!(decoder.losses(), Losses { cut_short: 1, headless: 1, ..NONE });
        assert_eq!(decoder.losses().total(), 2);
    }

    /// Lines of frames, some damaged, among noise and what a shell prints.
    fn wire() -> impl Strategy<Value = Vec<u8>> {
        let lines = || {
            proptest::collection::vec(any::<u8>(), 8..110)
                .prop_map(|frame| ConsoleEncoder::new(&frame).unwrap().collect::<Vec<_>>())
        };
        let damaged = (lines(), any::<proptest::sample::Index>(), any::<u8>()).prop_map(|(mut lines, at, byte)| {
            *at.get_mut(&mut lines) = byte;
            lines
        });
        let cut = (lines(), any::<proptest::sample::Index>()).prop_map(|(mut lines, at)| {
            lines.truncate(at.index(lines.len()));
            lines
        });
        let noise = proptest::collection::vec(
            prop_oneof![any::<u8>(), Just(6), Just(9), Just(4), Just(0x14), Just(b'\n')],
            0..20,
        );
        let piece = prop_oneof![3 => lines(), 1 => damaged, 1 => cut, 1 => noise, 1 => Just(b"uart:~$ ".to_vec())];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn the_same_however_it_is_cut(bytes in wire(), sizes in proptest::collection::vec(1_usize..40, 1..20)) {
            let mut pieces = Vec::new();
            let mut rest = &bytes[..];
            for size in sizes.iter().cycle() {
                let (piece, behind) = rest.split_at((*size).min(rest.len()));
                pieces.push(piece);
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(decode(pieces), decode([&bytes[..]]));
        }

        /// Whatever came before, a frame whose lines come whole is found.
        #[test]
        fn a_whole_frame_is_found_behind_anything(bytes in wire(), noise in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (frames, _) = decode([&bytes[..], &noise, HI_LINES]);
            prop_assert_eq!(frames.last().map(Vec::as_slice), Some(HI));
        }
    }
}
