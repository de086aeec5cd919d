//! How large frames may be: not what the device says, but what is seen to pass.
//!
//! A server on UDP tells the size of its buffers, 2048 bytes as a rule, and cuts what is longer than 1500 bytes; a network
//! between loses what is longer than it carries, without a word. So a size counts once a frame of it was answered, and larger
//! ones are tried with single pieces of an image, each of which can be sent again in a smaller frame.

use super::session::Parameters;

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct FrameSize {
    /// The largest that was answered; 0 if none was.
    proven: u16,
    /// The largest that the caller allows.
    largest: u16,
    /// The smallest that is known not to pass.
    ceiling: u16,
    /// How often the size that is being tried was not answered.
    misses: u8,
}

impl FrameSize {
    pub(super) const NOT_KNOWN: Self = Self { proven: 0, largest: COMMON, ceiling: u16::MAX, misses: 0 };
    /// The largest on a serial line.
    pub(super) const SERIAL: u16 = NOT_TOLD;

    pub(super) const fn with_largest(mut self, bytes: u16) -> Self {
        self.largest = bytes;
        self
    }

    pub(super) const fn largest(&self) -> u16 {
        self.largest
    }

    pub(super) const fn proven(&self) -> u16 {
        self.proven
    }

    /// The size that is used: the largest that has passed, else one that should.
    pub(super) fn usable(&self, parameters: Parameters) -> u16 {
        // One that says nothing of its buffers gets what the manual's tool sends, from the first piece on.
        let start = if matches!(parameters, Parameters::NotTold) { NOT_TOLD } else { START };
        let start = if start < self.ceiling { start } else { Self::halve(self.ceiling) };
        let size = if self.proven == 0 { start } else { self.proven };
        size.min(self.cap(parameters))
    }

    /// The size of a single request: as large as it needs to be for a piece of 512 bytes, unless that is known not to pass.
    pub(super) fn single(&self, parameters: Parameters) -> u16 {
        let size = NOT_TOLD.min(self.cap(parameters));
        if size < self.ceiling { size } else { self.usable(parameters) }
    }

    /// The size that is worth trying, if one is: 1400 first, then larger or smaller ones.
    pub(super) fn candidate(&self, parameters: Parameters) -> Option<u16> {
        if matches!(parameters, Parameters::NotTold) {
            return None;
        }
        let cap = self.cap(parameters);
        let goal = match self.proven {
            ..COMMON => COMMON,
            COMMON..ETHERNET => ETHERNET,
            _ => cap,
        };
        let goal = goal.min(cap);
        let lower =
            || LADDER.iter().rev().find(|size| **size < self.ceiling && **size <= cap).copied().unwrap_or_default();
        let size = if goal < self.ceiling { goal } else { lower() };
        Some(size).filter(|size| *size > self.proven)
    }

    /// A frame of this size was answered.
    pub(super) fn handle_answered(&mut self, size: u16) {
        if size > self.proven {
            self.proven = size;
            self.misses = 0;
            if size >= self.ceiling {
                self.ceiling = u16::MAX;
            }
        }
    }

    /// A frame of a size that was tried was not answered, which may be chance, or was refused for its size.
    pub(super) fn handle_missed(&mut self, size: u16, is_certain: bool) {
        self.misses = self.misses.saturating_add(1);
        if size > self.proven && (is_certain || self.misses >= CHANCES) {
            self.ceiling = self.ceiling.min(size);
            self.misses = 0;
        }
    }

    /// Even what has passed is not answered any more: smaller ones from now on, until larger ones pass again.
    pub(super) fn shrink(&mut self) {
        self.proven = Self::halve(self.proven);
        self.misses = 0;
    }

    /// Half of a size.
    pub(super) fn halve(size: u16) -> u16 {
        (size >> 1).max(SMALLEST).min(size)
    }

    #[inline(never)]
    fn cap(&self, parameters: Parameters) -> u16 {
        let buffer = match parameters {
            Parameters::Told { buffer_size, .. } if buffer_size > CONSOLE_OVERHEAD => {
                u16::try_from(buffer_size.wrapping_sub(CONSOLE_OVERHEAD)).unwrap_or(u16::MAX)
            }
            // No buffers at all is no answer, either.
            _ => NOT_TOLD,
        };
        buffer.min(self.largest)
    }
}

/// The length and the checksum that a frame has with it on a serial console, where they count for the buffer, too; and there may
/// be one behind a bridge that nobody knows of.
const CONSOLE_OVERHEAD: u32 = 4;
/// The smallest that is fallen back to: it holds a first piece of 32 bytes with all that goes with it.
const SMALLEST: u16 = 128;
/// The first size of all, which passes everywhere.
const START: u16 = 576;
/// What holds a piece of 512 bytes, as the manual's tool sends, to a device that does not say how large its buffers are.
const NOT_TOLD: u16 = 640;
/// What passes almost everywhere.
const COMMON: u16 = 1400;
/// What passes over Ethernet, in IPv4.
const ETHERNET: u16 = 1472;
/// What is tried below a size that does not pass: half of the buffer's usual size, and IPv6's least.
const LADDER: [u16; 4] = [768, 1024, 1232, COMMON];
/// How often a size is tried.
const CHANCES: u8 = 2;

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    fn told(buffer_size: u32) -> Parameters {
        Parameters::Told { buffer_size, buffer_count: 2 }
    }

    /// Answers frames up to this size; returns the sizes that were tried, and that which is used at the end.
    fn tried(largest: u16, buffer_size: u32, passes: u16) -> (Vec<u16>, u16) {
        let (mut size, mut tried) = (FrameSize::NOT_KNOWN.with_largest(largest), Vec::new());
        size.handle_answered(size.usable(told(buffer_size)));
        while let Some(candidate) = size.candidate(told(buffer_size)) {
            tried.push(candidate);
            if candidate <= passes {
                size.handle_answered(candidate);
            } else {
                size.handle_missed(candidate, false);
            }
            assert!(tried.len() < 20);
        }
        (tried, size.usable(told(buffer_size)))
    }

    #[test]
    fn the_common_size_is_tried_first_and_others_from_there() {
        assert_eq!(tried(1400, 2048, 1472), ([1400].into(), 1400));
        assert_eq!(tried(1472, 2048, 1472), ([1400, 1472].into(), 1472));
        assert_eq!(tried(9000, 2048, 1472), ([1400, 1472, 2044, 2044].into(), 1472));
        assert_eq!(tried(1400, 2048, 1300), ([1400, 1400, 1232].into(), 1232));
        assert_eq!(tried(1400, 2048, 600), ([1400, 1400, 1232, 1232, 1024, 1024, 768, 768].into(), 576));
        assert_eq!(tried(1400, 384, 1472), ([].into(), 380));
        assert_eq!(tried(1400, 1000, 1472), ([996].into(), 996));
        assert_eq!(tried(1400, 0, 1472), ([640].into(), 640));
        assert_eq!((tried(1400, 96, 1472), tried(64, 2048, 1472)), (([].into(), 92), ([].into(), 64)));
    }

    #[test]
    fn what_does_not_pass_any_more_is_halved_and_tried_again() {
        let mut size = FrameSize::NOT_KNOWN;
        size.handle_answered(1400);
        size.shrink();
        assert_eq!((size.usable(told(2048)), size.candidate(told(2048))), (700, Some(1400)));
        size.handle_missed(1400, true);
        assert_eq!(size.candidate(told(2048)), Some(1232));
        for _ in 0..9 {
            size.shrink();
        }
        assert_eq!(size.usable(told(2048)), 128);
    }
}
