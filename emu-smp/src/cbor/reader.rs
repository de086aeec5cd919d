//! Reading a body, value by value.
//!
//! No length that a peer announces is believed: whatever it says, reading ends at the first byte that is missing.

use super::Decode;
use super::error::{DecodeError, DecodeErrorKind, Malformed};
use super::head::{BREAK, FALSE, Head, INDEFINITE, INDEFINITE_TEXT, Kind, NULL, TRUE, UNDEFINED};
use crate::header::Header;

/// Reads one value after another of a frame's body.
///
/// ```
/// use emu_smp::{Decode, Malformed, Reader, decode};
///
/// struct Offset(u32);
///
/// impl Decode<'_> for Offset {
///     fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
///         let mut offset = None;
///         let mut map = reader.map()?;
///         while let Some(key) = reader.key(&mut map)? {
///             match key {
///                 "off" => reader.field("off", &mut offset)?,
///                 _ => reader.skip()?,
///             }
///         }
///         reader.present("off", offset).map(Self)
///     }
/// }
///
/// // {"off": 512, "more": [1, [2]]}; keys that are not known are skipped.
/// let offset: Offset = decode(b"\xbf\x63off\x19\x02\x00\x64more\x82\x01\x9f\x02\xff\xff")?;
/// assert_eq!(offset.0, 512);
/// # Ok::<(), emu_smp::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    body: &'a [u8],
    position: usize,
    /// That of the head that was read last.
    number: u64,
    /// What was found to be wrong.
    error: Option<DecodeError>,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of a body.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self { body, position: 0, number: 0, error: None }
    }

    /// Returns what is wrong with the body, if something was found to be.
    #[must_use]
    pub const fn error(&self) -> Option<DecodeError> {
        self.error
    }

    /// Returns what is wrong.
    #[cold]
    pub(crate) fn told(&self, _: Malformed) -> DecodeError {
        // Whoever made that up without a reader gets the place.
        let offset = self.position.saturating_add(Header::LENGTH);
        self.error.unwrap_or(DecodeError { offset, key: "", kind: DecodeErrorKind::NotCbor })
    }

    /// Reads a value of the type asked for.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if it is not there.
    pub fn value<T: Decode<'a>>(&mut self) -> Result<T, Malformed> {
        T::decode(self)
    }

    /// Starts to read a map, of definite or indefinite length. [`key`](Self::key) goes through it.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there is no map.
    pub fn map(&mut self) -> Result<MapReader, Malformed> {
        self.container(Kind::Map, "a map").map(|left| MapReader { left })
    }

    /// Reads the next key of a map whose keys are texts; `None` at its end. Keys that are no text, or one in pieces, are
    /// skipped with their values.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the body ends within the map.
    pub fn key(&mut self, map: &mut MapReader) -> Result<Option<&'a str>, Malformed> {
        if self.find_key(map)? { self.text().map(Some) } else { Ok(None) }
    }

    /// The same, but for that the key is UTF-8.
    pub(crate) fn key_bytes(&mut self, map: &mut MapReader) -> Result<Option<&'a [u8]>, Malformed> {
        if self.find_key(map)? { self.string(Kind::Text, "a text of known length").map(Some) } else { Ok(None) }
    }

    /// Goes to the next key that is a text in one piece; returns whether there is one.
    pub(super) fn find_key(&mut self, map: &mut MapReader) -> Result<bool, Malformed> {
        while self.has_next(&mut map.left) {
            if self.peek().is_some_and(|byte| Kind::of(byte) == Kind::Text && byte != INDEFINITE_TEXT) {
                return Ok(true);
            }
            self.skip()?;
            self.skip()?;
        }
        Ok(false)
    }

    /// Reads the value of a key into its place.
    ///
    /// # Errors
    ///
    /// [`Malformed`] with the key if another value is there, or the place is taken: the key is there twice.
    pub fn field<T: Decode<'a>>(&mut self, key: &'static str, place: &mut Option<T>) -> Result<(), Malformed> {
        let read = if place.is_some() { Err(self.fault(DecodeErrorKind::Twice)) } else { self.place(place) };
        read.map_err(|malformed| self.within(key, malformed))
    }

    /// Returns what was read for a key, or what stands for its absence.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the key must be there.
    pub fn present<T: Decode<'a>>(&mut self, key: &'static str, place: Option<T>) -> Result<T, Malformed> {
        place.or_else(T::absent).ok_or_else(|| self.missing(key))
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if something does.
    pub fn end(&mut self) -> Result<(), Malformed> {
        if self.position == self.body.len() { Ok(()) } else { Err(self.fault(DecodeErrorKind::Trailing)) }
    }

    /// Skips a map, and checks that it is one.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there is no map, or the body ends within it.
    pub fn skip_map(&mut self) -> Result<(), Malformed> {
        self.fields(&[], &mut |_, _| Ok(()))
    }

    /// Takes whatever is left, CBOR or not.
    pub fn rest(&mut self) -> &'a [u8] {
        let start = self.position;
        self.position = self.body.len();
        self.since(start)
    }

    /// Goes back to a place where it was before.
    pub(crate) fn go_to(&mut self, position: usize) {
        self.position = position;
    }

    /// How many bytes were read.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Returns the bytes from an earlier position up to this one.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.body.get(start..self.position).unwrap_or_default()
    }

    /// Starts to read a list; returns how many items are to come, or `None` if a break ends it.
    pub(crate) fn list(&mut self) -> Result<Option<usize>, Malformed> {
        self.container(Kind::List, "a list")
    }

    /// Whether an item of a list or a pair of a map is to come, of which it is told how many are left. At the end of the
    /// body one is, which then is not found.
    pub(crate) fn has_next(&mut self, left: &mut Option<usize>) -> bool {
        match left {
            Some(count) => {
                let has_next = *count > 0;
                *count = count.wrapping_sub(usize::from(has_next));
                has_next
            }
            None => !self.take_if(|byte| byte == BREAK),
        }
    }

    /// Whether the next value is null or undefined, which then is passed over.
    pub(crate) fn is_null(&mut self) -> bool {
        self.take_if(|byte| matches!(byte, NULL | UNDEFINED))
    }

    /// What kind the next value is of, by its first byte; `None` at the end of the body.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.peek().map(Kind::of)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let start = self.position;
        let bytes = self.string(Kind::Text, "a text of known length")?;
        self.utf8(start, bytes)
    }

    /// Checks that the text that starts there is UTF-8.
    pub(super) fn utf8(&mut self, start: usize, bytes: &'a [u8]) -> Result<&'a str, Malformed> {
        core::str::from_utf8(bytes).map_err(|_| self.fault_at(start, DecodeErrorKind::NotUtf8))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        self.string(Kind::Bytes, "a byte string of known length")
    }

    /// Reads a number of 32 bits; the rest is as with [`unsigned`](Self::unsigned).
    pub(crate) fn unsigned32(&mut self, most: u32, expected: &'static str) -> Result<u32, Malformed> {
        self.unsigned(most.into(), expected).map(|number| number as u32)
    }

    /// Reads a number from 0 to `most`; `expected` says so, for the error.
    pub(crate) fn unsigned(&mut self, most: u64, expected: &'static str) -> Result<u64, Malformed> {
        let start = self.position;
        match self.head()? {
            Head { kind: Kind::Unsigned, .. } if self.number <= most => Ok(self.number),
            _ => Err(self.unexpected_at(start, expected)),
        }
    }

    /// Reads a number from `-most - 1` to `most`; `expected` says so, for the error.
    pub(crate) fn signed(&mut self, most: i64, expected: &'static str) -> Result<i64, Malformed> {
        let start = self.position;
        let head = self.head()?;
        match (head.kind, i64::try_from(self.number)) {
            (Kind::Unsigned, Ok(number)) if number <= most => Ok(number),
            // What stands there is how far below -1 the number is.
            (Kind::Negative, Ok(number)) if number <= most => Ok(!number),
            _ => Err(self.unexpected_at(start, expected)),
        }
    }

    /// Reads a number of 32 bits, a negative one as its two's complement, or a truth value as 0 or 1; `None` if it is null.
    pub(crate) fn number32(&mut self, expected: &'static str) -> Result<Option<u32>, Malformed> {
        let (start, first) = (self.position, self.peek().unwrap_or_default());
        let head = self.head()?;
        match (head.kind, u32::try_from(self.number)) {
            (Kind::Unsigned, Ok(number)) => Ok(Some(number)),
            (Kind::Negative, Ok(number)) => Ok(Some(!number)),
            (Kind::Simple, Ok(number)) if matches!(first, FALSE..=UNDEFINED) => {
                // Of its lower five bits, the last tells true from false, and the one before null from either.
                Ok(Some(number & 1).filter(|_| number & 2 == 0))
            }
            _ => Err(self.unexpected_at(start, expected)),
        }
    }

    pub(crate) fn truth(&mut self) -> Result<bool, Malformed> {
        match self.peek() {
            Some(byte @ (FALSE | TRUE)) => {
                self.position = self.position.saturating_add(1);
                Ok(byte == TRUE)
            }
            _ => Err(self.unexpected("true or false")),
        }
    }

    /// Notes that something else is there than what is expected; if not even the head of a value is, then that.
    #[cold]
    pub(crate) fn unexpected(&mut self, expected: &'static str) -> Malformed {
        let start = self.position;
        match self.head() {
            Ok(_) => self.unexpected_at(start, expected),
            Err(malformed) => malformed,
        }
    }

    /// Notes that something else is there than what is expected.
    #[cold]
    pub(crate) fn unexpected_at(&mut self, start: usize, expected: &'static str) -> Malformed {
        self.fault_at(start, DecodeErrorKind::Expected { expected })
    }

    /// Notes what is wrong with the next byte.
    #[cold]
    pub(crate) fn fault(&mut self, kind: DecodeErrorKind) -> Malformed {
        self.fault_at(self.position, kind)
    }

    /// Notes what is wrong at a place in the body, which it names as a place in the frame.
    #[cold]
    #[inline(never)]
    pub(super) fn fault_at(&mut self, position: usize, kind: DecodeErrorKind) -> Malformed {
        self.error = Some(DecodeError { offset: position.wrapping_add(Header::LENGTH), key: "", kind });
        Malformed(())
    }

    /// Notes that a key is missing.
    #[cold]
    pub(crate) fn missing(&mut self, key: &'static str) -> Malformed {
        let malformed = self.fault(DecodeErrorKind::Missing);
        self.within(key, malformed)
    }

    /// Returns the key that was found to be missing.
    pub(crate) fn missing_key(&self) -> Option<&'static str> {
        let error = self.error.filter(|error| error.kind == DecodeErrorKind::Missing)?;
        Some(error.key)
    }

    /// Notes whose value is wrong, unless a key within that is named already.
    #[cold]
    pub(crate) fn within(&mut self, key: &'static str, malformed: Malformed) -> Malformed {
        if let Some(error) = &mut self.error
            && error.key.is_empty()
        {
            error.key = key;
        }
        malformed
    }

    /// Reads the head of a map or list: how many pairs or items are to come, or `None` if a break ends it.
    fn container(&mut self, kind: Kind, expected: &'static str) -> Result<Option<usize>, Malformed> {
        let start = self.position;
        match self.head()? {
            head if head.kind == kind => Ok((!head.is_open).then(|| self.count())),
            _ => Err(self.unexpected_at(start, expected)),
        }
    }

    /// Reads a text or byte string in one piece.
    pub(crate) fn string(&mut self, kind: Kind, expected: &'static str) -> Result<&'a [u8], Malformed> {
        let start = self.position;
        match self.head()? {
            head if head == Head::closed(kind) => self.slice(start, self.count()),
            _ => Err(self.unexpected_at(start, expected)),
        }
    }

    /// Reads the head of a value. The number that goes with it, which is a value, a length, a tag or a float's bits, is
    /// kept until the next head is read.
    pub(crate) fn head(&mut self) -> Result<Head, Malformed> {
        let start = self.position;
        let Some(first) = self.peek() else { return Err(self.fault(DecodeErrorKind::End)) };
        let (kind, info) = (Kind::of(first), first & INDEFINITE);
        self.position = start.wrapping_add(1);
        self.number = u64::from(info);
        if info < 24 {
            return Ok(Head { kind, is_open: false });
        }
        if info < 28 {
            let argument = self.slice(start, 1 << (info & 0b11))?;
            self.number = argument.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
            return Ok(Head { kind, is_open: false });
        }
        if info < INDEFINITE || matches!(kind, Kind::Unsigned | Kind::Negative | Kind::Tag) {
            return Err(self.fault_at(start, DecodeErrorKind::NotCbor));
        }
        Ok(Head { kind, is_open: true })
    }

    /// Returns the number of the head that was read last, as one of bytes or items. Beyond all that there can be, one is as
    /// good as another.
    pub(super) fn count(&self) -> usize {
        usize::try_from(self.number).unwrap_or(usize::MAX)
    }

    /// Reads so many bytes of the value that starts at `start`.
    pub(super) fn slice(&mut self, start: usize, length: usize) -> Result<&'a [u8], Malformed> {
        let from = self.position;
        let slice = self.body.get(from..).and_then(|rest| rest.get(..length));
        let Some(slice) = slice else { return Err(self.fault_at(start, DecodeErrorKind::End)) };
        self.position = from.wrapping_add(length);
        Ok(slice)
    }

    /// Passes over the next byte if it is one of those, and says so.
    fn take_if(&mut self, is_one: impl FnOnce(u8) -> bool) -> bool {
        let is_one = self.peek().is_some_and(is_one);
        self.position = self.position.wrapping_add(usize::from(is_one));
        is_one
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.position).copied()
    }
}

/// How far a map was read.
///
/// For an example, see [`Reader`](crate::Reader).
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MapReader {
    /// How many pairs are to come; `None` if a break ends the map.
    left: Option<usize>,
}
