//! Reading a body, value by value.

use minicbor::Decoder;
use minicbor::data::Type;

use super::Decode;
use super::error::{DecodeError, DecodeErrorKind};
use crate::header::Header;

/// Reads one value after another of a frame's body.
///
/// ```
/// use emu_smp::Reader;
///
/// // {"off": 512, "more": [1, [2]]}; keys that are not known are skipped.
/// let mut reader = Reader::new(b"\xbf\x63off\x19\x02\x00\x64more\x82\x01\x9f\x02\xff\xff");
/// let mut offset: Option<u32> = None;
/// let mut map = reader.map()?;
/// while let Some(key) = reader.key(&mut map)? {
///     match key {
///         "off" => reader.field("off", &mut offset)?,
///         _ => reader.skip()?,
///     }
/// }
/// assert_eq!(offset, Some(512));
/// # Ok::<(), emu_smp::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    decoder: Decoder<'a>,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of a body.
    #[must_use]
    pub fn new(body: &'a [u8]) -> Self {
        Self { decoder: Decoder::new(body) }
    }

    /// Reads a value of the type asked for.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if it is not there.
    pub fn value<T: Decode<'a>>(&mut self) -> Result<T, DecodeError> {
        T::decode(self)
    }

    /// Starts to read a map, of definite or indefinite length. [`key`](Self::key) goes through it.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if there is no map.
    pub fn map(&mut self) -> Result<MapReader, DecodeError> {
        let start = self.position();
        let left = self.decoder.map().map_err(|error| self.error(start, &error, "a map"))?;
        Ok(MapReader { left })
    }

    /// Reads the next key of a map whose keys are texts; `None` at its end. Keys that are no text are skipped with their
    /// values.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the body ends within the map.
    pub fn key(&mut self, map: &mut MapReader) -> Result<Option<&'a str>, DecodeError> {
        while self.has_next(&mut map.left)? {
            if self.data_type()? == Type::String {
                return self.text().map(Some);
            }
            self.skip()?;
            self.skip()?;
        }
        Ok(None)
    }

    /// Reads the value of a key into its place.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] with the key if another value is there, or the place is taken: the key is there twice.
    pub fn field<T: Decode<'a>>(&mut self, key: &'static str, place: &mut Option<T>) -> Result<(), DecodeError> {
        if place.is_some() {
            return Err(DecodeError { key, ..self.fault(DecodeErrorKind::Twice) });
        }
        *place = Some(T::decode(self).map_err(|error| match error.key {
            "" => DecodeError { key, ..error },
            _ => error,
        })?);
        Ok(())
    }

    /// Returns what was read for a key, or what stands for its absence.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::Missing`] if the key must be there.
    pub fn present<T: Decode<'a>>(&self, key: &'static str, place: Option<T>) -> Result<T, DecodeError> {
        place.or_else(T::absent).ok_or(DecodeError { key, ..self.fault(DecodeErrorKind::Missing) })
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    ///
    /// [`DecodeErrorKind::Trailing`] if something does.
    pub fn end(&self) -> Result<(), DecodeError> {
        if self.position() == self.decoder.input().len() { Ok(()) } else { Err(self.fault(DecodeErrorKind::Trailing)) }
    }

    /// Skips a value, whatever it is: of any length, with or without maps and lists in it, eight deep at most.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the body ends within it, or it is no CBOR.
    pub fn skip(&mut self) -> Result<(), DecodeError> {
        // For each map or list that is open, how many items are to come; `None` until its break.
        let mut open = [Some(0); MAX_DEPTH];
        let mut depth = 0_usize;
        loop {
            let start = self.position();
            let children = match self.data_type()? {
                Type::Array | Type::ArrayIndef => {
                    Some(self.decoder.array().map_err(|error| self.error(start, &error, "a list"))?)
                }
                Type::Map | Type::MapIndef => {
                    let pairs = self.decoder.map().map_err(|error| self.error(start, &error, "a map"))?;
                    Some(match pairs {
                        // More than there are bytes: whatever the number, the end comes first.
                        Some(pairs) => Some(pairs.saturating_mul(2)),
                        None => None,
                    })
                }
                Type::Tag => {
                    self.decoder.tag().map_err(|error| self.error(start, &error, "a tag"))?;
                    continue;
                }
                kind => {
                    self.skip_single(kind)?;
                    None
                }
            };
            if let Some(children) = children {
                let too_deep = DecodeError { offset: offset(start), ..self.fault(TOO_DEEP) };
                *open.get_mut(depth).ok_or(too_deep)? = children;
                depth = depth.saturating_add(1);
            }
            // Closes whatever ends here.
            loop {
                let Some(innermost) = depth.checked_sub(1).and_then(|last| open.get_mut(last)) else { return Ok(()) };
                if self.has_next(innermost)? {
                    break;
                }
                depth = depth.saturating_sub(1);
            }
        }
    }

    /// Skips a map, and checks that it is one.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if there is no map, or the body ends within it.
    pub fn skip_map(&mut self) -> Result<(), DecodeError> {
        let mut map = self.map()?;
        while self.key(&mut map)?.is_some() {
            self.skip()?;
        }
        Ok(())
    }

    /// How many bytes were read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.decoder.position()
    }

    /// Returns the bytes from an earlier position up to this one.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.decoder.input().get(start..self.position()).unwrap_or_default()
    }

    /// Starts to read a list; returns how many items are to come, or `None` if a break ends it.
    pub(crate) fn list(&mut self) -> Result<Option<u64>, DecodeError> {
        let start = self.position();
        self.decoder.array().map_err(|error| self.error(start, &error, "a list"))
    }

    /// Whether an item of a list or a pair of a map is to come, of which it is told how many are left.
    pub(crate) fn has_next(&mut self, left: &mut Option<u64>) -> Result<bool, DecodeError> {
        match left {
            Some(0) => Ok(false),
            Some(count) => {
                *count = count.saturating_sub(1);
                Ok(true)
            }
            None if self.data_type()? == Type::Break => {
                self.decoder.set_position(self.position().saturating_add(1));
                Ok(false)
            }
            None => Ok(true),
        }
    }

    /// Whether the next value is null or undefined, which then is passed over.
    pub(crate) fn is_null(&mut self) -> Result<bool, DecodeError> {
        let is_null = matches!(self.data_type()?, Type::Null | Type::Undefined);
        if is_null {
            self.decoder.set_position(self.position().saturating_add(1));
        }
        Ok(is_null)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        self.read("a text of known length", Decoder::str)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        self.read("a byte string of known length", Decoder::bytes)
    }

    /// Reads with minicbor; `expected` says what, for the error.
    pub(crate) fn read<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&mut Decoder<'a>) -> Result<T, minicbor::decode::Error>,
    ) -> Result<T, DecodeError> {
        let start = self.position();
        read(&mut self.decoder).map_err(|error| self.error(start, &error, expected))
    }

    /// An error at the next byte.
    pub(crate) fn fault(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { offset: offset(self.position()), key: "", kind }
    }

    /// Passes over a value that holds no other values.
    fn skip_single(&mut self, kind: Type) -> Result<(), DecodeError> {
        match kind {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => self.read("a number", Decoder::u64).map(drop),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => self.read("a number", Decoder::int).map(drop),
            Type::Bytes => self.bytes().map(drop),
            // Whether it is UTF-8 is of no interest; its head is as that of bytes.
            Type::String => self.text().map(drop),
            Type::BytesIndef | Type::StringIndef => self.skip_pieces(),
            Type::Bool | Type::Null | Type::Undefined => self.skip_bytes(1),
            Type::Simple => self.read("a simple value", Decoder::simple).map(drop),
            Type::F16 => self.skip_bytes(3),
            Type::F32 => self.skip_bytes(5),
            Type::F64 => self.skip_bytes(9),
            _ => Err(self.fault(DecodeErrorKind::NotCbor)),
        }
    }

    /// Passes over a string that comes in pieces.
    fn skip_pieces(&mut self) -> Result<(), DecodeError> {
        self.skip_bytes(1)?;
        while self.has_next(&mut None)? {
            match self.data_type()? {
                Type::Bytes => self.bytes().map(drop)?,
                Type::String => self.text().map(drop)?,
                _ => return Err(self.fault(DecodeErrorKind::NotCbor)),
            }
        }
        Ok(())
    }

    fn skip_bytes(&mut self, count: usize) -> Result<(), DecodeError> {
        let end = self.position().saturating_add(count);
        if end > self.decoder.input().len() {
            return Err(self.fault(DecodeErrorKind::End));
        }
        self.decoder.set_position(end);
        Ok(())
    }

    fn data_type(&self) -> Result<Type, DecodeError> {
        let position = self.position();
        self.decoder.datatype().map_err(|error| self.error(position, &error, "a value"))
    }

    /// Turns minicbor's error into this crate's, whose place is where the value starts.
    fn error(&self, start: usize, error: &minicbor::decode::Error, expected: &'static str) -> DecodeError {
        let is_utf8 =
            matches!(self.decoder.input().get(start), Some(head) if head >> 5 == 3) && !error.is_type_mismatch();
        let kind = if error.is_end_of_input() {
            DecodeErrorKind::End
        } else if is_utf8 {
            DecodeErrorKind::NotUtf8
        } else {
            DecodeErrorKind::Expected { expected }
        };
        DecodeError { offset: offset(start), key: "", kind }
    }
}

/// How far a map was read.
#[derive(Debug, Clone, Copy)]
pub struct MapReader {
    /// How many pairs are to come; `None` if a break ends the map.
    left: Option<u64>,
}

/// Commands nest three deep at most; more is skipped for the sake of keys that are not known.
const MAX_DEPTH: usize = 8;
const TOO_DEEP: DecodeErrorKind = DecodeErrorKind::TooDeep { most: MAX_DEPTH };

/// The place in the frame of a place in its body.
fn offset(position: usize) -> usize {
    position.saturating_add(Header::LENGTH)
}
