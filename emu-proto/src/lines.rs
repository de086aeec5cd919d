//! Reading lines one by one: the first one says how the others are to be read.

use memchr::memchr;

use crate::dialect::{Delimiter, Deviations};
use crate::entry::Entry;
use crate::error::{Found, ReadError, ReadErrorKind};
use crate::fast::LINE;
use crate::fields::RowCache;
use crate::header::{Layout, read_first_line};
use crate::quick;
use crate::row::{LineError, read_line};

/// Reads whole lines, and keeps count of where it is in the body.
#[derive(Debug, Clone)]
pub(crate) struct LineReader<R> {
    state: State,
    strict: bool,
    /// How long a line may be, without its line feed.
    limit: usize,
    cache: RowCache,
    /// The number of the current line, and where it starts in the body.
    number: u32,
    offset: u64,
    met: Deviations,
    last_index: Option<u32>,
    /// What the fast reader fills: it is copied once, into the answer.
    entry: R,
    /// The delimiter if rows can be plain, else 0.
    plain: u8,
}

#[derive(Debug, Clone)]
enum State {
    /// Before the first line that is not blank.
    Start,
    Rows(Layout),
    /// Within a line that is too long; the rest of it is dropped.
    LongLine(Layout),
    /// Nothing more is read.
    Done,
}

impl<R: Entry> LineReader<R> {
    pub(crate) const fn new(limit: usize, strict: bool) -> Self {
        Self {
            state: State::Start,
            strict,
            limit,
            cache: RowCache::NEW,
            number: 1,
            offset: 0,
            met: Deviations::empty(),
            last_index: None,
            entry: R::EMPTY,
            plain: 0,
        }
    }

    pub(crate) const fn deviations(&self) -> Deviations {
        self.met
    }

    pub(crate) const fn last_index(&self) -> Option<u32> {
        self.last_index
    }

    /// Returns where the current line starts in the body.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn delimiter(&self) -> Option<Delimiter> {
        match &self.state {
            State::Rows(layout) | State::LongLine(layout) => {
                Delimiter::ALL.into_iter().find(|delimiter| delimiter.byte() == layout.delimiter)
            }
            State::Start | State::Done => None,
        }
    }

    /// Tries the fast reader on the line at the front of `input`; returns the row and the length with the line end.
    #[inline(always)]
    pub(crate) fn read_plain(&mut self, input: &[u8]) -> Option<(&R, usize)> {
        if self.plain == 0 {
            return None;
        }
        let length = if input.len() >= LINE {
            R::read_plain(input, self.plain, &mut self.cache, &mut self.entry)?
        } else {
            read_padded(input, self.plain, &mut self.cache, &mut self.entry)?
        };
        // However the input is cut, a line that is too long for the buffer is an error.
        if length > self.limit {
            return None;
        }
        self.advance(length as u64);
        self.last_index = Some(self.entry.index());
        Some((&self.entry, length))
    }

    /// Tries the quick reader on the line at the front of `input`; returns the row and the length with the line end.
    pub(crate) fn read_quick(&mut self, input: &[u8]) -> Option<(&R, usize)> {
        if cfg!(not(target_pointer_width = "64")) {
            return None;
        }
        let State::Rows(layout) = &self.state else { return None };
        let (met, cache, entry) = (self.met, &mut self.cache, &mut self.entry);
        let length = with_padding(input, |line| quick::read_row(line, layout, met, cache, entry))?;
        if length > self.limit {
            return None;
        }
        self.advance(length as u64);
        self.last_index = Some(self.entry.index());
        Some((&self.entry, length))
    }

    /// Reads a line without its line feed; returns nothing for a header and for a blank line.
    pub(crate) fn read(&mut self, line: &[u8]) -> Option<Result<R, ReadError>> {
        let outcome = match self.read_unlocated(line) {
            None => None,
            Some(Ok(entry)) => {
                self.last_index = Some(entry.index());
                Some(Ok(entry))
            }
            Some(Err(error)) => Some(Err(self.locate(error))),
        };
        self.advance((line.len() as u64).saturating_add(1));
        outcome
    }

    /// Returns whether what comes is dropped.
    pub(crate) const fn is_skipping(&self) -> bool {
        matches!(self.state, State::LongLine(_) | State::Done)
    }

    /// Drops a part of a line.
    pub(crate) fn skip(&mut self, length: usize, ended: bool) {
        self.offset = self.offset.saturating_add(length as u64);
        if ended {
            self.advance(1);
            if let State::LongLine(layout) = core::mem::replace(&mut self.state, State::Done) {
                self.state = State::Rows(layout);
                self.choose();
            }
        }
    }

    /// Gives up a line that does not fit into the buffer: `kept` is there already, `part` comes on top of it.
    #[cold]
    pub(crate) fn too_long(&mut self, kept: &[u8], part: &[u8], ended: bool) -> ReadError {
        let mut start = [0; Found::MAX + 1];
        let found = start.iter_mut().zip(kept.iter().chain(part)).map(|(slot, byte)| *slot = *byte).count();
        let found = Found::new(start.get(..found).unwrap_or_default());
        let limit = self.limit;
        let (kind, state) = match core::mem::replace(&mut self.state, State::Done) {
            State::Rows(layout) | State::LongLine(layout) => {
                (ReadErrorKind::LineTooLong { limit }, State::LongLine(layout))
            }
            State::Start | State::Done => (ReadErrorKind::HeaderTooLong { limit }, State::Done),
        };
        self.state = state;
        self.plain = 0;
        let error = self.locate(LineError { kind, column: None, at: 0, found });
        self.skip(kept.len().saturating_add(part.len()), ended);
        error
    }

    /// What is to be said if the body ends within this line.
    pub(crate) fn truncated(&self, line: &[u8]) -> ReadError {
        let kind = ReadErrorKind::Truncated { last_index: self.last_index };
        self.locate(LineError { kind, column: None, at: 0, found: Found::new(line) })
    }

    /// Notes that the last line has no line end.
    pub(crate) fn unterminated(&mut self) {
        self.met.insert(Deviations::NO_FINAL_LINE_END);
    }

    pub(crate) fn finish(&mut self) {
        self.state = State::Done;
        self.plain = 0;
    }

    fn read_unlocated(&mut self, line: &[u8]) -> Option<Result<R, LineError>> {
        let (line, line_end) = match line {
            [line @ .., b'\r'] => (line, Deviations::CRLF),
            line => (line, Deviations::empty()),
        };
        if line.is_empty() {
            return self.accept_row(line_end | Deviations::BLANK_LINE, line).err().map(Err);
        }
        let mut row = line;
        if matches!(self.state, State::Start) {
            match self.read_first(line, line_end) {
                Ok(None) => return None,
                Ok(Some(first_row)) => row = first_row,
                Err(error) => {
                    self.state = State::Done;
                    return Some(Err(error));
                }
            }
        }
        let State::Rows(layout) = &self.state else { return None };
        let skipped = line.len().saturating_sub(row.len());
        let mut met = line_end;
        Some(match read_line(row, layout, &mut met) {
            Ok(entry) => self.accept_row(met, line).map(|()| entry),
            Err(error) => Err(LineError { at: error.at.saturating_add(skipped), ..error }),
        })
    }

    /// Reads the first line; returns it without its byte-order mark if it is no header but a row.
    fn read_first<'a>(&mut self, line: &'a [u8], line_end: Deviations) -> Result<Option<&'a [u8]>, LineError> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let (text, skipped) = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) => (text, BYTE_ORDER_MARK.len()),
            None => (line, 0),
        };
        let first =
            read_first_line::<R>(text).map_err(|error| LineError { at: error.at.saturating_add(skipped), ..error })?;
        let mut met = first.met | line_end;
        met.set(Deviations::BYTE_ORDER_MARK, skipped > 0);
        if let Some(refused) = self.refused(met) {
            let kind = ReadErrorKind::StrictHeader(refused);
            return Err(LineError { kind, column: None, at: 0, found: Found::new(line) });
        }
        self.state = State::Rows(first.layout);
        self.note(met);
        Ok((!first.is_header).then_some(text))
    }

    /// Notes a line's deviations, unless the reader is strict and refuses them.
    fn accept_row(&mut self, met: Deviations, line: &[u8]) -> Result<(), LineError> {
        if let Some(refused) = self.refused(met) {
            let kind = ReadErrorKind::StrictRow(refused);
            return Err(LineError { kind, column: None, at: 0, found: Found::new(line) });
        }
        self.note(met);
        Ok(())
    }

    fn note(&mut self, met: Deviations) {
        self.met.insert(met);
        self.cache.crlf = self.met.contains(Deviations::CRLF);
        self.choose();
    }

    /// Decides whether the fast reader is to be asked: not where it would give up late in each row.
    fn choose(&mut self) {
        const LATE: Deviations = Deviations::TRAILING_DELIMITER
            .union(Deviations::PADDING)
            .union(Deviations::NEGATIVE_ENERGY)
            .union(Deviations::SHORT_SERIAL_NUMBER);
        self.plain = match &self.state {
            State::Rows(layout) if layout.is_plain && !self.met.intersects(LATE) => layout.delimiter,
            _ => 0,
        };
    }

    fn refused(&self, met: Deviations) -> Option<Deviations> {
        let refused = met.difference(Deviations::UNKNOWN);
        (self.strict && !refused.is_empty()).then_some(refused)
    }

    fn advance(&mut self, length: u64) {
        // Neither is reached by any body.
        self.offset = self.offset.wrapping_add(length);
        self.number = self.number.wrapping_add(1);
    }

    fn locate(&self, error: LineError) -> ReadError {
        ReadError {
            kind: error.kind,
            line: self.number,
            column: error.column,
            offset: self.offset.saturating_add(error.at as u64),
            found: error.found,
        }
    }
}

/// Gives the quick reader, which looks ahead, something to look at behind a last line.
fn with_padding<const LENGTH: usize>(input: &[u8], read: impl FnOnce(&[u8; LENGTH]) -> Option<usize>) -> Option<usize> {
    if let Some(line) = input.first_chunk() {
        return read(line);
    }
    memchr(b'\n', input)?;
    let mut padded = [0; LENGTH];
    padded.get_mut(..input.len())?.copy_from_slice(input);
    read(&padded)
}

/// Gives the fast reader, which looks ahead, something to look at behind a last line.
#[inline(never)]
fn read_padded<R: Entry>(input: &[u8], delimiter: u8, cache: &mut RowCache, entry: &mut R) -> Option<usize> {
    memchr(b'\n', input)?;
    let mut padded = [0; LINE];
    padded.get_mut(..input.len())?.copy_from_slice(input);
    R::read_plain(&padded, delimiter, cache, entry)
}
