//! Going through a map by the keys that are known, and writing one key by key.
//!
//! What a body is made of goes through here, so that of each type of body no more than its fields is compiled for itself.

use super::error::{DecodeErrorKind, EncodeError, Malformed};
use super::head::Kind;
use super::reader::Reader;
use super::writer::Writer;
use super::{Decode, Encode};

impl<'a> Reader<'a> {
    /// Reads a map of which these keys are known, at most 32: has `read` read the value of each, which it is told by its
    /// place among the keys. Others are skipped with their values.
    pub(crate) fn fields(
        &mut self,
        keys: &[&'static str],
        read: &mut dyn FnMut(&mut Self, usize) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let mut map = self.map()?;
        // A bit for each key that was there.
        let mut seen = 0_u32;
        while self.find_key(&mut map)? {
            let start = self.position();
            let found = self.string(Kind::Text, "")?;
            let Some((number, key)) = keys.iter().enumerate().find(|(_, known)| known.as_bytes() == found) else {
                self.utf8(start, found)?;
                self.skip()?;
                continue;
            };
            let bit = 1_u32.wrapping_shl(u32::try_from(number).unwrap_or_default());
            let is_first = seen & bit == 0;
            seen |= bit;
            let read = if is_first { read(self, number) } else { Err(self.fault(DecodeErrorKind::Twice)) };
            read.map_err(|malformed| self.within(key, malformed))?;
        }
        Ok(())
    }

    /// Reads a value into its place.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn place<T: Decode<'a>>(&mut self, place: &mut Option<T>) -> Result<(), Malformed> {
        *place = Some(T::decode(self)?);
        Ok(())
    }
}

/// Writes the pairs of a map, of which there are at most 23, and counts them.
///
/// What does not fit is told at the end.
#[derive(Debug)]
pub(crate) struct MapWriter<'w, 'b> {
    writer: &'w mut Writer<'b>,
    /// Where the map's head is.
    start: usize,
    result: Result<(), EncodeError>,
}

impl<'b> Writer<'b> {
    /// Starts a map whose pairs are counted as they are written.
    pub(crate) fn fields(&mut self) -> MapWriter<'_, 'b> {
        let start = self.written().len();
        let result = self.map(0);
        MapWriter { writer: self, start, result }
    }
}

impl MapWriter<'_, '_> {
    /// Writes a key and its value, unless the value is one that is left out.
    pub(crate) fn field<T: Encode + ?Sized>(&mut self, key: &str, value: &T) {
        if !value.is_absent() && self.key(key) {
            self.result = value.encode(self.writer);
        }
    }

    /// Ends the map.
    pub(crate) fn end(self) -> Result<(), EncodeError> {
        self.result
    }

    /// Writes a key, and counts it in the map's head; returns whether it is there.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn key(&mut self, key: &str) -> bool {
        if self.result.is_ok() {
            self.writer.count_pair(self.start);
            self.result = self.writer.text(key);
        }
        self.result.is_ok()
    }
}
