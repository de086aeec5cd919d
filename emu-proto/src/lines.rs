//! Reading lines one by one: the first one says how the others are to be read.

use crate::columns::Table;
use crate::dialect::{Delimiter, Deviations};
use crate::entry::Entry;
use crate::error::{Found, ReadError, ReadErrorKind};
use crate::fast::LINE;
use crate::fields::RowCache;
use crate::header::{Layout, UNKNOWN, read_first_line};
use crate::quick;
use crate::row::{LineError, read_line};

/// Reads whole lines, and keeps count of where it is in the body.
#[derive(Debug, Clone)]
pub(crate) struct LineReader<R> {
    state: State,
    /// How the rows are to be read, once the first line has told.
    layout: Layout,
    strict: bool,
    /// How long a line may be, without its line feed.
    limit: usize,
    cache: RowCache,
    place: Place,
    met: Deviations,
    /// What the readers fill: it is copied once, into the answer.
    entry: R,
    /// The delimiter if rows can be plain, else 0.
    plain: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first line that is not blank.
    Start,
    Rows,
    /// Within a line that is too long; the rest of it is dropped.
    LongLine,
    /// Nothing more is read.
    Done,
}

impl<R: Entry> LineReader<R> {
    pub(crate) const fn new(limit: usize, strict: bool) -> Self {
        Self {
            state: State::Start,
            layout: Layout::EMPTY,
            strict,
            limit,
            cache: RowCache::NEW,
            place: Place::START,
            met: Deviations::empty(),
            entry: R::EMPTY,
            plain: 0,
        }
    }

    pub(crate) const fn deviations(&self) -> Deviations {
        self.met
    }

    pub(crate) const fn last_index(&self) -> Option<u32> {
        self.place.last_index
    }

    /// Returns where the current line starts in the body.
    pub(crate) const fn offset(&self) -> u64 {
        self.place.offset
    }

    pub(crate) fn delimiter(&self) -> Option<Delimiter> {
        match self.state {
            State::Rows | State::LongLine => {
                Delimiter::ALL.into_iter().find(|delimiter| delimiter.byte() == self.layout.delimiter)
            }
            State::Start | State::Done => None,
        }
    }

    /// Tries the fast reader on the line at the front of `input`; returns the row and the length with the line end.
    #[inline(always)]
    pub(crate) fn read_plain(&mut self, input: &[u8]) -> Option<(&R, usize)> {
        if cfg!(not(target_pointer_width = "64")) || self.plain == 0 {
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
        self.place.advance(length as u64);
        self.place.last_index = Some(self.entry.index());
        Some((&self.entry, length))
    }

    /// Tries the quick reader on the line at the front of `input`; returns the row and the length with the line end.
    pub(crate) fn read_quick(&mut self, input: &[u8]) -> Option<(&R, usize)> {
        if cfg!(not(target_pointer_width = "64")) {
            return None;
        }
        if self.state != State::Rows {
            return None;
        }
        let (layout, met, cache, entry) = (&self.layout, self.met, &mut self.cache, &mut self.entry);
        let length = with_padding(input, |line| quick::read_row(line, layout, met, cache, entry))?;
        if length > self.limit {
            return None;
        }
        self.place.advance(length as u64);
        self.place.last_index = Some(self.entry.index());
        Some((&self.entry, length))
    }

    /// Reads a line without its line feed; returns whether there is now a row in [`entry`](Self::entry): there is none of a
    /// header or a blank line.
    pub(crate) fn read_line(&mut self, line: &[u8]) -> Result<bool, ReadError> {
        let outcome = match self.read_unlocated(line) {
            Ok(is_row) => {
                if is_row {
                    self.place.last_index = Some(self.entry.index());
                }
                Ok(is_row)
            }
            Err(error) => Err(self.place.locate(error, &R::TABLE)),
        };
        self.place.advance((line.len() as u64).saturating_add(1));
        outcome
    }

    /// Returns the row that was read last.
    pub(crate) const fn entry(&self) -> &R {
        &self.entry
    }

    /// Returns whether what comes is dropped.
    pub(crate) const fn is_skipping(&self) -> bool {
        matches!(self.state, State::LongLine | State::Done)
    }

    /// Drops a part of a line.
    pub(crate) fn skip(&mut self, length: usize, ended: bool) {
        self.place.skip(length, ended);
        if ended && self.state == State::LongLine {
            self.state = State::Rows;
            self.choose();
        }
    }

    /// Gives up a line that does not fit into the buffer: `kept` is there already, `part` comes on top of it.
    #[cold]
    pub(crate) fn too_long(&mut self, kept: &[u8], part: &[u8], ended: bool) -> ReadError {
        let limit = self.limit;
        let kind = match self.state {
            State::Rows | State::LongLine => {
                self.state = State::LongLine;
                ReadErrorKind::LineTooLong { limit }
            }
            State::Start | State::Done => {
                self.state = State::Done;
                ReadErrorKind::HeaderTooLong { limit }
            }
        };
        self.plain = 0;
        let error = self.place.too_long(kind, kept, part);
        self.skip(kept.len().saturating_add(part.len()), ended);
        error
    }

    /// What is to be said if the body ends within this line.
    pub(crate) fn truncated(&self, line: &[u8]) -> ReadError {
        self.place.truncated(line)
    }

    /// Notes that the last line has no line end.
    pub(crate) fn unterminated(&mut self) {
        self.met.insert(Deviations::NO_FINAL_LINE_END);
    }

    pub(crate) fn finish(&mut self) {
        self.state = State::Done;
        self.plain = 0;
    }

    /// Reads a line; returns whether there is now a row in `entry`.
    fn read_unlocated<'a>(&mut self, line: &'a [u8]) -> Result<bool, LineError<'a>> {
        let (line, line_end) = match line {
            [line @ .., b'\r'] => (line, Deviations::CRLF),
            line => (line, Deviations::empty()),
        };
        let mut met = line_end;
        if line.is_empty() {
            met.insert(Deviations::BLANK_LINE);
            return self.accept(met, line, false).map(|()| false);
        }
        let mut start = 0;
        if self.state == State::Start {
            if line.starts_with(BYTE_ORDER_MARK) {
                start = BYTE_ORDER_MARK.len();
                met.insert(Deviations::BYTE_ORDER_MARK);
            }
            self.state = State::Done;
            let is_header = read_first_line(line, start, &mut self.layout, &R::TABLE, &mut met)?;
            self.accept(met, line, true)?;
            self.state = State::Rows;
            self.choose();
            if is_header {
                return Ok(false);
            }
            met = line_end;
        }
        if self.state != State::Rows {
            return Ok(false);
        }
        read_line(line, start, &self.layout, &R::TABLE, &mut self.entry, &mut met)?;
        self.accept(met, line, false).map(|()| true)
    }

    /// Notes a line's deviations, unless the reader is strict and refuses them.
    fn accept<'a>(&mut self, met: Deviations, line: &'a [u8], is_header: bool) -> Result<(), LineError<'a>> {
        let refused = met.difference(Deviations::UNKNOWN);
        if self.strict && !refused.is_empty() {
            let kind = if is_header { ReadErrorKind::StrictHeader(refused) } else { ReadErrorKind::StrictRow(refused) };
            return Err(LineError { kind, column: UNKNOWN, at: 0, found: line });
        }
        self.note(met);
        Ok(())
    }

    fn note(&mut self, met: Deviations) {
        self.met.insert(met);
        self.choose();
    }

    /// Decides whether the fast reader is to be asked: not where it would give up late in each row.
    fn choose(&mut self) {
        if cfg!(not(target_pointer_width = "64")) {
            // Neither of the two is asked.
            return;
        }
        self.cache.crlf = self.met.contains(Deviations::CRLF);
        const LATE: Deviations = Deviations::TRAILING_DELIMITER
            .union(Deviations::PADDING)
            .union(Deviations::NEGATIVE_ENERGY)
            .union(Deviations::SHORT_SERIAL_NUMBER);
        let is_plain = self.state == State::Rows && self.layout.is_plain && !self.met.intersects(LATE);
        self.plain = if is_plain { self.layout.delimiter } else { 0 };
    }
}

/// Where a reader is in the body.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The number of the current line, and where it starts in the body.
    number: u32,
    pub(crate) offset: u64,
    pub(crate) last_index: Option<u32>,
}

impl Place {
    pub(crate) const START: Self = Self { number: 1, offset: 0, last_index: None };

    /// Passes a line.
    pub(crate) fn advance(&mut self, length: u64) {
        // Neither is reached by any body.
        self.offset = self.offset.wrapping_add(length);
        self.number = self.number.wrapping_add(1);
    }

    /// Passes a part of a line.
    pub(crate) fn skip(&mut self, length: usize, ended: bool) {
        self.offset = self.offset.saturating_add(length as u64);
        if ended {
            self.advance(1);
        }
    }

    /// What is to be said if the body ends within this line.
    pub(crate) fn truncated(&self, line: &[u8]) -> ReadError {
        let kind = ReadErrorKind::Truncated { last_index: self.last_index };
        self.whole_line(kind, Found::new(line))
    }

    /// What is to be said of a line that does not fit: `kept` is there already, `part` comes on top of it.
    pub(crate) fn too_long(&self, kind: ReadErrorKind, kept: &[u8], part: &[u8]) -> ReadError {
        self.whole_line(kind, Found::new(kept).and(part))
    }

    fn whole_line(&self, kind: ReadErrorKind, found: Found) -> ReadError {
        ReadError { kind, line: self.number, column: None, offset: self.offset, found }
    }

    pub(crate) fn locate(&self, error: LineError<'_>, table: &Table) -> ReadError {
        ReadError {
            column: table.name(error.column),
            offset: self.offset.saturating_add(error.at as u64),
            ..self.whole_line(error.kind, Found::new(error.found))
        }
    }
}

/// Splits `input` at its first line feed, which is dropped; tells whether there was one.
pub(crate) fn split_line<'a>(input: &mut &'a [u8]) -> (&'a [u8], bool) {
    let Some(end) = line_feed(input) else { return (core::mem::take(input), false) };
    let line = input.get(..end).unwrap_or_default();
    *input = input.get(end.saturating_add(1)..).unwrap_or_default();
    (line, true)
}

/// Returns where the first line feed is.
fn line_feed(input: &[u8]) -> Option<usize> {
    if cfg!(target_pointer_width = "64") {
        memchr::memchr(b'\n', input)
    } else {
        // What the search by words gains on a line is little, and takes flash.
        input.iter().position(|byte| *byte == b'\n')
    }
}

/// Gives the quick reader, which looks ahead, something to look at behind a last line.
fn with_padding<const LENGTH: usize>(input: &[u8], read: impl FnOnce(&[u8; LENGTH]) -> Option<usize>) -> Option<usize> {
    if let Some(line) = input.first_chunk() {
        return read(line);
    }
    line_feed(input)?;
    let mut padded = [0; LENGTH];
    padded.get_mut(..input.len())?.copy_from_slice(input);
    read(&padded)
}

/// Gives the fast reader, which looks ahead, something to look at behind a last line.
#[inline(never)]
fn read_padded<R: Entry>(input: &[u8], delimiter: u8, cache: &mut RowCache, entry: &mut R) -> Option<usize> {
    line_feed(input)?;
    let mut padded = [0; LINE];
    padded.get_mut(..input.len())?.copy_from_slice(input);
    R::read_plain(&padded, delimiter, cache, entry)
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
