//! Passing over values that are not known, without recursion.

use super::error::{DecodeError, DecodeErrorKind};
use super::head::Kind;
use super::reader::{Reader, count, fault_at};

impl Reader<'_> {
    /// Skips a value, whatever it is: of any length, with or without maps and lists in it, eight deep at most.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the body ends within it, or it is no CBOR.
    pub fn skip(&mut self) -> Result<(), DecodeError> {
        let mut open = [Level::Items(0); MAX_DEPTH];
        let mut depth = 0_usize;
        loop {
            let start = self.position();
            let opened = match self.head()? {
                (Kind::Bytes | Kind::Text, Some(length)) => {
                    self.slice(start, length)?;
                    None
                }
                (kind @ (Kind::Bytes | Kind::Text), None) => {
                    self.skip_pieces(kind)?;
                    None
                }
                (Kind::List, Some(items)) => Some(Level::Items(count(items))),
                (Kind::List, None) => Some(Level::List),
                (Kind::Map, Some(pairs)) => Some(Level::Items(count(pairs).saturating_mul(2))),
                (Kind::Map, None) => Some(Level::Key),
                // Stands in front of the value that it is for.
                (Kind::Tag, _) => continue,
                (Kind::Simple, None) => return Err(fault_at(start, DecodeErrorKind::NotCbor)),
                (Kind::Unsigned | Kind::Negative | Kind::Simple, _) => None,
            };
            if let Some(level) = opened {
                *open.get_mut(depth).ok_or(fault_at(start, TOO_DEEP))? = level;
                depth = depth.saturating_add(1);
            }
            while let Some(level) = depth.checked_sub(1).and_then(|last| open.get_mut(last)) {
                if self.enter_next(level)? {
                    break;
                }
                depth = depth.saturating_sub(1);
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Whether the innermost map or list has another item; if not, its break is passed over.
    fn enter_next(&mut self, level: &mut Level) -> Result<bool, DecodeError> {
        if let Level::Items(left) = level {
            let has_next = *left > 0;
            *left = left.saturating_sub(1);
            return Ok(has_next);
        }
        if self.is_break()? {
            let place = self.position().saturating_sub(1);
            return if *level == Level::Value { Err(fault_at(place, DecodeErrorKind::NotCbor)) } else { Ok(false) };
        }
        *level = match *level {
            Level::Key => Level::Value,
            Level::Value => Level::Key,
            other => other,
        };
        Ok(true)
    }

    /// Passes over the pieces of a string, up to its break.
    fn skip_pieces(&mut self, kind: Kind) -> Result<(), DecodeError> {
        while self.has_next(&mut None)? {
            let start = self.position();
            match self.head()? {
                (found, Some(length)) if found == kind => self.slice(start, length)?,
                _ => return Err(fault_at(start, DecodeErrorKind::NotCbor)),
            };
        }
        Ok(())
    }
}

/// A map or list that is being skipped: what is to come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// So many items, keys and values both counted.
    Items(usize),
    /// Items, until the break.
    List,
    /// A key, or the break.
    Key,
    /// The value of a key.
    Value,
}

/// Commands nest four deep at most; more is skipped for the sake of keys that are not known.
const MAX_DEPTH: usize = 8;
const TOO_DEEP: DecodeErrorKind = DecodeErrorKind::TooDeep { most: MAX_DEPTH };
