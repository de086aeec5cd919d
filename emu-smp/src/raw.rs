//! Frames on a serial line without framing.
//!
//! The frames follow each other as they are; where one ends, its header's length says. Nothing marks a start: after a byte
//! that is lost or too much, only a pause on the line tells where the next frame begins.
//!
//! Source: Zephyr, "SMP Transport Specification" (`doc/services/device_mgmt/smp_transport.rst`), and its raw UART transport, which
//! drops what has come after a pause, and a frame that is larger than its buffer.

use crate::Header;

/// Finds the frames in the bytes of a raw serial line, which are pushed in pieces of any size.
///
/// Holds one frame of at most `N` bytes. However the bytes are cut, frames and counts are the same.
///
/// # Call order
///
/// For each piece, call [`decode`](Self::decode) until it returns `None`: the piece is then used up. After a pause that is
/// longer than any within a frame, call [`reset`](Self::reset): the caller has the clock.
///
/// ```
/// use emu_smp::RawDecoder;
///
/// let mut decoder = RawDecoder::<64>::new();
/// let mut piece = &b"\x03\x00\x00\x01\x00\x00\x01\x00\xa0\x03\x00"[..];
/// assert_eq!(decoder.decode(&mut piece), Some(&b"\x03\x00\x00\x01\x00\x00\x01\x00\xa0"[..]));
/// assert_eq!(decoder.decode(&mut piece), None);
/// decoder.reset();
/// assert_eq!(decoder.losses().cut_short, 1);
/// ```
#[derive(Debug, Clone)]
pub struct RawDecoder<const N: usize> {
    buffer: [u8; N],
    header: [u8; Header::LENGTH],
    /// How many bytes of the frame have come.
    received: usize,
    losses: RawLosses,
}

impl<const N: usize> RawDecoder<N> {
    /// Makes a decoder that waits for a frame.
    #[must_use]
    pub const fn new() -> Self {
        let losses = RawLosses { cut_short: 0, too_large: 0 };
        Self { buffer: [0; N], header: [0; Header::LENGTH], received: 0, losses }
    }

    /// Takes bytes from the front of `input` up to the end of the next frame, and returns that.
    ///
    /// Returns `None` when all of `input` has been taken and more is needed. A frame of more than `N` bytes is skipped.
    pub fn decode(&mut self, input: &mut &[u8]) -> Option<&[u8]> {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            if let Some(length) = self.take(*byte)
                && length <= N
            {
                return self.buffer.get(..length);
            }
        }
        None
    }

    /// Drops what has come of a frame: the next byte begins a new one.
    pub const fn reset(&mut self) {
        // A frame that is too large has been counted as soon as that was known.
        if self.received > 0 && !(self.received >= Header::LENGTH && self.length() > N) {
            self.losses.cut_short = self.losses.cut_short.saturating_add(1);
        }
        self.received = 0;
    }

    /// Returns what was lost so far.
    #[must_use]
    pub const fn losses(&self) -> RawLosses {
        self.losses
    }

    /// Takes one byte, and returns the length of the frame that it ends.
    fn take(&mut self, byte: u8) -> Option<usize> {
        for bytes in [&mut self.header[..], &mut self.buffer] {
            if let Some(slot) = bytes.get_mut(self.received) {
                *slot = byte;
            }
        }
        self.received = self.received.saturating_add(1);
        if self.received < Header::LENGTH {
            return None;
        }
        let length = self.length();
        if self.received == Header::LENGTH && length > N {
            self.losses.too_large = self.losses.too_large.saturating_add(1);
        }
        if self.received < length {
            return None;
        }
        self.received = 0;
        Some(length)
    }

    /// Returns how many bytes the frame has, once its header has come.
    const fn length(&self) -> usize {
        let header = Header::from_bytes(self.header);
        Header::LENGTH.saturating_add(header.length as usize)
    }
}

impl<const N: usize> Default for RawDecoder<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a [`RawDecoder`] lost; each counter stays at its largest value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RawLosses {
    /// Frames that a reset dropped before they were whole.
    pub cut_short: u32,
    /// Frames that are larger than the decoder's buffer.
    pub too_large: u32,
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, RawLosses) {
        let mut decoder = RawDecoder::<32>::default();
        let mut frames = Vec::new();
        for mut piece in pieces {
            while let Some(frame) = decoder.decode(&mut piece) {
                frames.push(frame.to_vec());
            }
            assert!(piece.is_empty());
        }
        (frames, decoder.losses())
    }

    fn frame(body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap();
        let mut header = Header::from_bytes([2, 0, 0, 0, 0, 0, 9, 0]);
        header.length = length;
        [&header.to_bytes(), body].concat()
    }

    #[test]
    fn frames_that_follow_each_other() {
        let bytes = [frame(b"\xa0"), frame(&[]), frame(&[7; 24])].concat();
        for at in 0..bytes.len() {
            let (frames, losses) = decode([&bytes[..at], &bytes[at..]]);
            assert_eq!(frames, [frame(b"\xa0"), frame(&[]), frame(&[7; 24])], "cut at {at}");
            assert_eq!(losses, RawLosses::default());
        }
    }

    #[test]
    fn a_frame_that_is_too_large_is_skipped() {
        let bytes = [frame(&[7; 25]), frame(b"\xa0")].concat();
        assert_eq!(decode(bytes.chunks(1)), (std::vec![frame(b"\xa0")], RawLosses { cut_short: 0, too_large: 1 }));
    }

    #[test]
    fn a_reset_drops_what_has_come() {
        let mut decoder = RawDecoder::<32>::new();
        decoder.reset();
        assert_eq!(decoder.decode(&mut &frame(&[7; 25])[..8]), None);
        decoder.reset();
        assert_eq!(decoder.losses(), RawLosses { cut_short: 0, too_large: 1 });
        assert_eq!(decoder.decode(&mut &frame(b"\xa0")[..8]), None);
        decoder.reset();
        assert_eq!(decoder.losses(), RawLosses { cut_short: 1, too_large: 1 });
        assert_eq!(decoder.decode(&mut &frame(b"\xa0")[..]), Some(&frame(b"\xa0")[..]));
        // A buffer that holds no header cannot hold a frame.
        assert_eq!(RawDecoder::<7>::new().decode(&mut &frame(&[])[..]), None);
    }

    proptest! {
        #[test]
        fn the_same_however_it_is_cut(bytes in proptest::collection::vec(0..4_u8, 0..300), size in 1_usize..20) {
            prop_assert_eq!(decode(bytes.chunks(size)), decode([&bytes[..]]));
        }
    }
}
