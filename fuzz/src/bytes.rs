//! A small reader of bytes, from which targets make choices, values and texts.
//!
//! At the end of the bytes every choice is the first one and every number 0, so that each input is a whole test.

use chrono::{DateTime, Utc};

/// Bytes that are taken from the front.
#[derive(Debug, Clone)]
pub struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// Makes a reader of these bytes.
    #[must_use]
    pub const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// Returns whether no bytes are left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes all bytes that are left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// Takes so many bytes, or as many as are left.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Takes a line, which ends before a line feed or with the bytes; drops the line feed.
    pub fn line(&mut self) -> &'a [u8] {
        let length = self.rest.iter().position(|byte| *byte == b'\n').unwrap_or(self.rest.len());
        let line = self.take(length);
        self.take(1);
        line
    }

    /// Takes a byte; 0 at the end.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// Takes a choice; the first one at the end.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Takes a number below `bound`, which is 256 at most, of one byte.
    pub fn below(&mut self, bound: u32) -> u32 {
        u32::from(self.byte()) % bound.max(1)
    }

    /// Takes one of these.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// Takes two bytes as a number, the lower one first.
    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// Takes a number of any length, so that short and long ones come as easily, within these bounds.
    pub fn number(&mut self, (min, max): (i64, i64)) -> i64 {
        let choice = self.byte();
        let value = match choice & 0x0f {
            14 => return min,
            15 => return max,
            length => {
                let bytes = self.take(usize::from(length).min(8));
                bytes.iter().fold(0i64, |sum, byte| (sum << 8) | i64::from(*byte))
            }
        };
        let value = if choice & 0x10 == 0 { value } else { value.wrapping_neg() };
        value.clamp(min, max)
    }

    /// Takes a time from 1970 on that every form of writing can hold: a day less than the reader takes, for the zones.
    pub fn time(&mut self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.number((0, 253_402_214_399)), 0).unwrap_or_default()
    }
}
