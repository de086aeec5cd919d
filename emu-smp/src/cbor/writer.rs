//! Writing a body, value by value, into a buffer.

use minicbor::Encoder;
use minicbor::encode::Write as _;
use minicbor::encode::write::{Cursor, EndOfSlice};

use super::Encode;
use super::error::EncodeError;

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
    encoder: Encoder<Cursor<&'a mut [u8]>>,
}

impl<'a> Writer<'a> {
    /// Starts at the first byte of the buffer.
    #[must_use]
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { encoder: Encoder::new(Cursor::new(buffer)) }
    }

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn value<T: Encode + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.whole(|writer| value.encode(writer))
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
        self.write(|encoder| encoder.map(u64::try_from(pairs).unwrap_or(u64::MAX)).map(drop))
    }

    /// Starts a list of so many items.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn list(&mut self, items: usize) -> Result<(), EncodeError> {
        self.write(|encoder| encoder.array(u64::try_from(items).unwrap_or(u64::MAX)).map(drop))
    }

    /// Starts a map that [`end`](Self::end) ends.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn begin_map(&mut self) -> Result<(), EncodeError> {
        self.write(|encoder| encoder.begin_map().map(drop))
    }

    /// Starts a list that [`end`](Self::end) ends.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn begin_list(&mut self) -> Result<(), EncodeError> {
        self.write(|encoder| encoder.begin_array().map(drop))
    }

    /// Ends the map or list that was begun last.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn end(&mut self) -> Result<(), EncodeError> {
        self.write(|encoder| encoder.end().map(drop))
    }

    /// Writes a byte string of so many bytes, which `fill` supplies in place, and returns what `fill` does.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small; then `fill` is not called.
    pub fn bytes_with<T>(&mut self, length: usize, fill: impl FnOnce(&mut [u8]) -> T) -> Result<T, EncodeError> {
        let too_small = EncodeError { capacity: self.capacity() };
        self.whole(|writer| {
            writer.write(|encoder| encoder.bytes_len(u64::try_from(length).unwrap_or(u64::MAX)).map(drop))?;
            let cursor = writer.encoder.writer_mut();
            let start = cursor.position();
            let end = start.checked_add(length).ok_or(too_small)?;
            let filled = fill(cursor.get_mut().get_mut(start..end).ok_or(too_small)?);
            cursor.set_position(end);
            Ok(filled)
        })
    }

    /// Writes bytes that are CBOR already, as they are.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    pub fn raw(&mut self, cbor: &[u8]) -> Result<(), EncodeError> {
        self.write(|encoder| encoder.writer_mut().write_all(cbor).map_err(minicbor::encode::Error::write))
    }

    /// Returns what was written.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        let cursor = self.encoder.writer();
        cursor.get_ref().get(..cursor.position()).unwrap_or_default()
    }

    /// How many bytes the buffer has.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.encoder.writer().get_ref().len()
    }

    /// Forgets what was written after so many bytes.
    pub fn truncate(&mut self, length: usize) {
        let cursor = self.encoder.writer_mut();
        cursor.set_position(length.min(cursor.position()));
    }

    /// Writes with minicbor.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&mut Encoder<Cursor<&'a mut [u8]>>) -> Result<(), minicbor::encode::Error<EndOfSlice>>,
    ) -> Result<(), EncodeError> {
        let capacity = self.capacity();
        self.whole(|writer| write(&mut writer.encoder).map_err(|_| EncodeError { capacity }))
    }

    /// Writes several values, or none of them.
    fn whole<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T, EncodeError>) -> Result<T, EncodeError> {
        let start = self.encoder.writer().position();
        write(self).inspect_err(|_| self.truncate(start))
    }
}
