//! Writing a body, value by value, into a buffer.

use super::Encode;
use super::error::EncodeError;
use super::head::{BREAK, FALSE, INDEFINITE, Kind, NULL, TRUE};
use crate::text::copy;

/// Writes one value after another of a frame's body into a buffer.
///
/// What does not fit is not written, nor any part of it: what was written before stands as it was.
///
/// ```
/// use emu_smp::Writer;
///
/// let mut buffer = [0; 32];
/// let mut writer = Writer::new(&mut buffer);
/// writer.begin_map()?;
/// writer.field("r", &"hi")?;
/// writer.end()?;
/// assert_eq!(writer.written(), b"\xbf\x61r\x62hi\xff");
/// # Ok::<(), emu_smp::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Writer<'a> {
    /// Starts at the first byte of the buffer.
    #[must_use]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn value<T: Encode + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.whole(|writer| value.encode(writer))
    }

    /// Writes a value, or as much of it as fits: for those who then give up.
    pub(crate) fn put<T: Encode + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.encode(self)
    }

    /// Writes a key and its value, unless the value is one that is left out.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn field<T: Encode + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), EncodeError> {
        if value.is_absent() {
            return Ok(());
        }
        self.whole(|writer| {
            key.encode(writer)?;
            value.encode(writer)
        })
    }

    /// Starts a map of so many pairs.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn map(&mut self, pairs: usize) -> Result<(), EncodeError> {
        self.length_head(Kind::Map, pairs)
    }

    /// Starts a list of so many items.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn list(&mut self, items: usize) -> Result<(), EncodeError> {
        self.length_head(Kind::List, items)
    }

    /// Starts a map that [`end`](Self::end) ends.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn begin_map(&mut self) -> Result<(), EncodeError> {
        self.raw(&[Kind::Map.first_byte() | INDEFINITE])
    }

    /// Starts a list that [`end`](Self::end) ends.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn begin_list(&mut self) -> Result<(), EncodeError> {
        self.raw(&[Kind::List.first_byte() | INDEFINITE])
    }

    /// Ends the map or list that was begun last.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn end(&mut self) -> Result<(), EncodeError> {
        self.raw(&[BREAK])
    }

    /// Writes a byte string of so many bytes, which `fill` supplies in place, and returns what `fill` does.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small; then `fill` is not called.
    pub fn bytes_with<T>(&mut self, length: usize, fill: impl FnOnce(&mut [u8]) -> T) -> Result<T, EncodeError> {
        self.whole(|writer| {
            writer.length_head(Kind::Bytes, length)?;
            writer.take(length).map(fill)
        })
    }

    /// Writes bytes that are CBOR already, as they are.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn raw(&mut self, cbor: &[u8]) -> Result<(), EncodeError> {
        copy(self.take(cbor.len())?, cbor);
        Ok(())
    }

    /// Returns what was written.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// How many bytes were written.
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// How many bytes the buffer has.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// Forgets what was written after so many bytes.
    pub fn truncate(&mut self, length: usize) {
        self.length = length.min(self.length);
    }

    /// How many bytes are left.
    pub(crate) const fn room(&self) -> usize {
        // No more are written than there are.
        self.buffer.len().wrapping_sub(self.length)
    }

    /// Writes the head of a byte string of so many bytes, which are written next.
    pub(crate) fn bytes_head(&mut self, length: usize) -> Result<(), EncodeError> {
        self.length_head(Kind::Bytes, length)
    }

    /// Writes the head of a text of so many bytes, which are written next.
    pub(crate) fn text_head(&mut self, length: usize) -> Result<(), EncodeError> {
        self.length_head(Kind::Text, length)
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn text(&mut self, text: &str) -> Result<(), EncodeError> {
        self.string(Kind::Text, text.as_bytes())
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.string(Kind::Bytes, bytes)
    }

    pub(crate) fn unsigned32(&mut self, number: u32) -> Result<(), EncodeError> {
        self.unsigned(number.into())
    }

    pub(crate) fn unsigned(&mut self, number: u64) -> Result<(), EncodeError> {
        self.head(Kind::Unsigned, number)
    }

    pub(crate) fn signed(&mut self, number: i64) -> Result<(), EncodeError> {
        // What is written of a negative number is how far below -1 it is.
        let kind = if number < 0 { Kind::Negative } else { Kind::Unsigned };
        self.head(kind, (if number < 0 { !number } else { number }).unsigned_abs())
    }

    pub(crate) fn truth(&mut self, is_true: bool) -> Result<(), EncodeError> {
        self.raw(&[if is_true { TRUE } else { FALSE }])
    }

    pub(crate) fn null(&mut self) -> Result<(), EncodeError> {
        self.raw(&[NULL])
    }

    /// Counts a pair more in the head of a map, which has room for 23.
    pub(super) fn count_pair(&mut self, head: usize) {
        if let Some(head) = self.buffer.get_mut(head) {
            *head = head.saturating_add(1);
        }
    }

    fn string(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), EncodeError> {
        self.whole(|writer| {
            writer.length_head(kind, bytes.len())?;
            writer.raw(bytes)
        })
    }

    fn length_head(&mut self, kind: Kind, length: usize) -> Result<(), EncodeError> {
        self.head(kind, u64::try_from(length).unwrap_or(u64::MAX))
    }

    /// Writes the head of a value in the fewest bytes: its kind, and the number that goes with it.
    #[inline(never)]
    fn head(&mut self, kind: Kind, number: u64) -> Result<(), EncodeError> {
        // In front of the number's last 1, 2, 4 or 8 bytes there is the first.
        let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
        let (start, info) = match number {
            0..24 => return self.raw(&[kind.first_byte() | h]),
            24..=0xff => (7, 24),
            0x100..=0xffff => (6, 25),
            0x1_0000..=0xffff_ffff => (4, 26),
            _ => (0, 27),
        };
        let mut head = [0, a, b, c, d, e, f, g, h];
        if let Some(first) = head.get_mut(start) {
            *first = kind.first_byte() | info;
        }
        self.raw(head.get(start..).unwrap_or_default())
    }

    /// Takes the next bytes of the buffer, to be written.
    pub(crate) fn take(&mut self, length: usize) -> Result<&mut [u8], EncodeError> {
        let full = EncodeError { capacity: self.capacity() };
        let rest = self.buffer.get_mut(self.length..).ok_or(full)?;
        let (place, _) = rest.split_at_mut_checked(length).ok_or(full)?;
        self.length = self.length.wrapping_add(length);
        Ok(place)
    }

    /// Writes several values, or none of them.
    fn whole<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T, EncodeError>) -> Result<T, EncodeError> {
        let start = self.length;
        write(self).inspect_err(|_| self.truncate(start))
    }
}
