//! Passing over values that are not known, without recursion.

use super::error::{DecodeErrorKind, Malformed};
use super::head::{Head, Kind};
use super::reader::Reader;

impl Reader<'_> {
    /// Skips a value, whatever it is: of any length, with or without maps and lists in it, eight deep at most.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the body ends within it, or it is no CBOR.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        // What is left of the innermost map or list, as if the value was a list's only item; and of those around it.
        let mut left = 1_usize;
        let mut around = [0_usize; MAX_DEPTH];
        let mut depth = 0_usize;
        let mut is_tagged = false;
        loop {
            while left == 0 {
                let Some(outer) = depth.checked_sub(1) else { return Ok(()) };
                left = around.get(outer).copied().unwrap_or_default();
                depth = outer;
            }
            let start = self.position();
            let head = self.head()?;
            if head.kind == Kind::Tag {
                // The value that it is for is to come.
                is_tagged = true;
                continue;
            }
            if head == Head::BREAK {
                if is_tagged || !matches!(left, LIST | KEY) {
                    return Err(self.fault_at(start, DecodeErrorKind::NotCbor));
                }
                left = 0;
                continue;
            }
            is_tagged = false;
            left = match left {
                LIST => LIST,
                KEY => VALUE,
                VALUE => KEY,
                items => items.saturating_sub(1),
            };
            let count = self.count();
            let inner = match (head.kind, head.is_open) {
                (Kind::Bytes | Kind::Text, false) => {
                    self.slice(start, count)?;
                    continue;
                }
                (kind @ (Kind::Bytes | Kind::Text), true) => {
                    self.skip_pieces(kind)?;
                    continue;
                }
                (Kind::List, false) => count.min(MOST),
                (Kind::Map, false) => count.saturating_mul(2).min(MOST),
                (Kind::List, true) => LIST,
                (Kind::Map, true) => KEY,
                _ => continue,
            };
            let Some(outer) = around.get_mut(depth) else { return Err(self.fault_at(start, TOO_DEEP)) };
            *outer = left;
            depth = depth.saturating_add(1);
            left = inner;
        }
    }

    /// Passes over the pieces of a string, up to its break.
    fn skip_pieces(&mut self, kind: Kind) -> Result<(), Malformed> {
        loop {
            let start = self.position();
            match self.head()? {
                Head::BREAK => return Ok(()),
                head if head == Head::closed(kind) => self.slice(start, self.count())?,
                _ => return Err(self.fault_at(start, DecodeErrorKind::NotCbor)),
            };
        }
    }
}

/// What is left of a map or list of indefinite length: items and then a break, a key or a break, a key's value. Of others it
/// is the number of items, keys and values both counted.
const LIST: usize = usize::MAX;
const KEY: usize = LIST.saturating_sub(1);
const VALUE: usize = KEY.saturating_sub(1);
/// As many items as there are not: each has a byte at least.
const MOST: usize = VALUE.saturating_sub(1);

/// Commands nest four deep at most; more is skipped for the sake of keys that are not known.
const MAX_DEPTH: usize = 8;
const TOO_DEEP: DecodeErrorKind = DecodeErrorKind::TooDeep { most: MAX_DEPTH };
