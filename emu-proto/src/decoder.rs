//! Reading a body that comes in pieces.

use crate::dialect::{Delimiter, Deviations};
use crate::entry::Entry;
use crate::error::{ReadError, ReadErrorKind};
use crate::header::{Layout, find_delimiter};
use crate::lines::{LineReader, Place, split_line};
use crate::row::read_line;

/// Reads the rows of one body, which is pushed in chunks of any size as they come from the network.
///
/// The decoder finds the dialect by itself from the first line, holds no more than one line of `N` bytes, and tells
/// afterwards by [`deviations`](Self::deviations) what it met that the known firmware does not write. However the body is
/// cut into chunks, rows, errors and positions are the same.
///
/// `N` must hold the longest line without its line feed: the header of the known firmware has 635 bytes, a row rarely more
/// than 250.
///
/// # Call order
///
/// For each chunk, call [`decode`](Self::decode) until it returns `None`: the chunk is then used up. At the end of the
/// body, call [`finish`](Self::finish) once if the body came whole, or [`finish_cut`](Self::finish_cut) if the connection
/// broke. After an error that [is fatal](ReadError::is_fatal), everything else is skipped. A decoder reads one body.
///
/// ```
/// use emu_proto::{Decoder, LoadProfileEntry, ReadErrorKind};
///
/// let body = b"2021-05-20T10:30:00Z;2;2;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;\
///              2326;2320;2304;99;99;0;500\n2021-05-20T10:45:00Z;3;0;1234";
/// let mut decoder = Decoder::<LoadProfileEntry>::new();
/// let mut indices = Vec::new();
/// for mut chunk in body.chunks(10) {
///     while let Some(row) = decoder.decode(&mut chunk) {
///         indices.push(row?.index);
///     }
/// }
/// assert_eq!(indices, [2]);
/// let error = decoder.finish().unwrap().unwrap_err();
/// assert_eq!(error.kind, ReadErrorKind::Truncated { last_index: Some(2) });
/// # Ok::<(), emu_proto::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Decoder<R, const N: usize = 704> {
    lines: LineReader<R>,
    /// The start of a line that has come in part.
    part: [u8; N],
    length: usize,
}

impl<R: Entry, const N: usize> Decoder<R, N> {
    /// Makes a decoder that reads every dialect.
    #[must_use]
    pub const fn new() -> Self {
        Self { lines: LineReader::new(N, false), part: [0; N], length: 0 }
    }

    /// Makes a decoder that refuses everything that the known firmware does not write, but for
    /// [`Deviations::UNKNOWN`], of which nobody knows whether it does. Leading zeros are no deviation: they change nothing.
    ///
    /// A logbook whose columns can only be taken by position is refused, too.
    #[must_use]
    pub const fn strict() -> Self {
        Self { lines: LineReader::new(N, true), part: [0; N], length: 0 }
    }

    /// Takes bytes from the front of `input` up to the end of the next row or faulty line, and returns that.
    ///
    /// Returns `None` when all of `input` has been taken and more is needed.
    ///
    /// # Errors
    ///
    /// A [`ReadError`] says what is wrong with a line. The next line can be read unless the error
    /// [is fatal](ReadError::is_fatal).
    #[inline]
    pub fn decode(&mut self, input: &mut &[u8]) -> Option<Result<R, ReadError>> {
        if self.length == 0
            && let Some((entry, length)) = self.lines.read_plain(input)
        {
            *input = input.get(length..).unwrap_or_default();
            return Some(Ok(*entry));
        }
        self.decode_line(input)
    }

    /// Goes on where the line at the front is not plain, or not whole.
    #[inline(never)]
    fn decode_line(&mut self, input: &mut &[u8]) -> Option<Result<R, ReadError>> {
        loop {
            if self.length == 0
                && let Some((entry, length)) = self.lines.read_quick(input)
            {
                *input = input.get(length..).unwrap_or_default();
                return Some(Ok(*entry));
            }
            let (part, ended) = split_line(input);
            if part.is_empty() && !ended {
                return None;
            }
            match self.take(part, ended) {
                Ok(false) => {}
                Ok(true) => return Some(Ok(*self.lines.entry())),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Ends the body, and returns its last row if that has no line end.
    ///
    /// A row without a line end is good only if the body is known to have come whole: nobody can tell whether its last
    /// number was cut short.
    ///
    /// # Errors
    ///
    /// [`ReadErrorKind::Truncated`] if the last line is no whole row.
    pub fn finish(&mut self) -> Option<Result<R, ReadError>> {
        let line = self.part.get(..core::mem::take(&mut self.length)).unwrap_or_default();
        if line.is_empty() {
            self.lines.finish();
            return None;
        }
        let truncated = self.lines.truncated(line);
        let outcome = match self.lines.read_line(line) {
            Err(error) if !is_of_a_whole_line(error.kind) => Some(Err(truncated)),
            outcome => {
                self.lines.unterminated();
                match outcome {
                    Ok(false) => None,
                    Ok(true) => Some(Ok(*self.lines.entry())),
                    Err(error) => Some(Err(error)),
                }
            }
        };
        self.lines.finish();
        outcome
    }

    /// Ends a body of which the rest did not come, and returns what is known of the row in which it broke off.
    pub fn finish_cut(&mut self) -> Option<ReadError> {
        let line = self.part.get(..core::mem::take(&mut self.length)).unwrap_or_default();
        self.lines.finish();
        (!line.is_empty()).then(|| self.lines.truncated(line))
    }

    /// Returns what was met so far that the known firmware does not write.
    #[must_use]
    pub const fn deviations(&self) -> Deviations {
        self.lines.deviations()
    }

    /// Returns the delimiter, once the first line has been read.
    #[must_use]
    pub fn delimiter(&self) -> Option<Delimiter> {
        self.lines.delimiter()
    }

    /// Returns the index of the last row that was read.
    #[must_use]
    pub const fn last_index(&self) -> Option<u32> {
        self.lines.last_index()
    }

    /// Returns how many bytes have been taken.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.lines.offset().saturating_add(self.length as u64)
    }

    /// Takes a line or a part of one; returns whether a row has come.
    fn take(&mut self, part: &[u8], ended: bool) -> Result<bool, ReadError> {
        if self.lines.is_skipping() {
            self.lines.skip(part.len(), ended);
            return Ok(false);
        }
        if ended && self.length == 0 && part.len() <= N {
            return self.lines.read_line(part);
        }
        let end = self.length.saturating_add(part.len());
        let Some(slot) = self.part.get_mut(self.length..end) else {
            let kept = self.part.get(..core::mem::take(&mut self.length)).unwrap_or_default();
            return Err(self.lines.too_long(kept, part, ended));
        };
        // Of the same length: no copying that could panic.
        for (slot, byte) in slot.iter_mut().zip(part) {
            *slot = *byte;
        }
        if !ended {
            self.length = end;
            return Ok(false);
        }
        self.length = 0;
        if cfg!(target_pointer_width = "64")
            && let Some(slot) = self.part.get_mut(end)
        {
            *slot = b'\n';
            if self.lines.read_plain(&self.part).is_some() || self.lines.read_quick(&self.part).is_some() {
                return Ok(true);
            }
        }
        self.lines.read_line(self.part.get(..end).unwrap_or_default())
    }
}

impl<R: Entry, const N: usize> Default for Decoder<R, N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether more bytes at the end of the line would not have cured the fault.
const fn is_of_a_whole_line(kind: ReadErrorKind) -> bool {
    matches!(
        kind,
        ReadErrorKind::Html | ReadErrorKind::NotALog | ReadErrorKind::StrictHeader(_) | ReadErrorKind::StrictRow(_)
    )
}

/// Reads a whole body that is in memory; an iterator over its rows and faulty lines.
///
/// The body is taken for complete, so that a last row without a line end is good. Rows are parsed where they lie.
///
/// ```
/// use emu_proto::{Deviations, LogbookEntry, read_body};
///
/// let body = b"2021-05-20T10:30:00Z,,1,12345678,100,0,0,0,7,100,5,5,5,100,,100,,1000,,120,";
/// let mut rows = read_body::<LogbookEntry>(body);
/// assert_eq!(rows.next().unwrap()?.ct_primary, 100);
/// assert!(rows.next().is_none());
/// assert!(rows.deviations().contains(Deviations::DELIMITER | Deviations::NO_HEADER));
/// # Ok::<(), emu_proto::ReadError>(())
/// ```
#[must_use]
pub const fn read_body<R: Entry>(body: &[u8]) -> Rows<'_, R> {
    Rows { decoder: Decoder::new(), rest: body, finished: false }
}

/// The rows of a body in memory; made by [`read_body`].
#[derive(Debug, Clone)]
pub struct Rows<'a, R> {
    decoder: Decoder<R>,
    rest: &'a [u8],
    finished: bool,
}

impl<R: Entry> Rows<'_, R> {
    /// Returns what was met so far that the known firmware does not write.
    #[must_use]
    pub const fn deviations(&self) -> Deviations {
        self.decoder.deviations()
    }
}

impl<R: Entry> Iterator for Rows<'_, R> {
    type Item = Result<R, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut row = self.decoder.decode(&mut self.rest);
        if row.is_none() && !core::mem::replace(&mut self.finished, true) {
            row = self.decoder.finish();
        }
        row
    }
}

/// Reads one row without a header, with or without a line end: columns by position, values in the manual's resolution.
///
/// # Errors
///
/// A [`ReadError`], with positions counted from the start of `line`.
pub fn read_row<R: Entry>(line: &[u8]) -> Result<R, ReadError> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut layout = Layout::EMPTY;
    layout.delimiter = find_delimiter(line).unwrap_or_default().byte();
    layout.by_position(&R::TABLE);
    let mut entry = R::EMPTY;
    match read_line(line, 0, &layout, &R::TABLE, &mut entry, &mut Deviations::empty()) {
        Ok(()) => Ok(entry),
        Err(error) => Err(Place::START.locate(error, &R::TABLE)),
    }
}
