//! What can be wrong with a read-out, and where.

use core::fmt;

use crate::dialect::Deviations;

/// A fault in a read-out: what was expected, what was found, and where.
///
/// ```
/// use emu_proto::{LoadProfileEntry, read_row};
///
/// let error = read_row::<LoadProfileEntry>(b"2021-05-20T10:30:00Z;2;x7;12345678").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "line 1, column \"Status\", byte 23: expected an integer, found \"x7\""
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ReadError {
    /// What is wrong.
    pub kind: ReadErrorKind,
    /// The line, counted from 1, header and blank lines included.
    pub line: u32,
    /// The name of the column, where the fault lies in one that is known.
    pub column: Option<&'static str>,
    /// Where the faulty bytes start, counted from the start of the body.
    pub offset: u64,
    /// The faulty bytes, or the first of them.
    pub found: Found,
}

impl ReadError {
    /// Returns whether nothing more can be read of this body, since its columns are not known.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(
            self.kind,
            ReadErrorKind::Html
                | ReadErrorKind::NotALog
                | ReadErrorKind::HeaderTooLong { .. }
                | ReadErrorKind::TooManyColumns { .. }
                | ReadErrorKind::MissingColumn
                | ReadErrorKind::DuplicateColumn
                | ReadErrorKind::UnknownUnit
                | ReadErrorKind::StrictHeader(_)
        )
    }
}

impl core::error::Error for ReadError {}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column \"{column}\"")?;
        }
        write!(f, ", byte {}: {}", self.offset, self.kind)?;
        if self.found.is_empty() { Ok(()) } else { write!(f, ", found {}", self.found) }
    }
}

/// What is wrong with a read-out.
///
/// For an example, see [`ReadError`](crate::ReadError).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The body is a web page and no read-out. Nothing more is read.
    #[error("expected a read-out, not a web page")]
    Html,
    /// The first line is neither a header with a known column nor a row. Nothing more is read.
    #[error("expected a header line or a row of this log")]
    NotALog,
    /// The first line does not fit into the line buffer. Nothing more is read.
    #[error("expected a header line of at most {limit} bytes")]
    HeaderTooLong {
        /// The size of the line buffer.
        limit: usize,
    },
    /// The header has more cells than a reader can hold. Nothing more is read.
    #[error("expected a header line of at most {limit} columns")]
    TooManyColumns {
        /// The largest number of columns.
        limit: usize,
    },
    /// The header lacks the named column. Nothing more is read.
    #[error("the header lacks this column")]
    MissingColumn,
    /// The header has the named column twice. Nothing more is read.
    #[error("the header has this column twice")]
    DuplicateColumn,
    /// The header gives the named column a unit that is not known for it. Nothing more is read.
    #[error("expected a unit of this column's quantity")]
    UnknownUnit,
    /// The header deviates from the known firmware's, and the reader is strict. Nothing more is read.
    #[error("the header deviates from the known firmware's: {}", Sentences(*.0))]
    StrictHeader(Deviations),
    /// The row deviates from what the known firmware writes, and the reader is strict.
    #[error("the row deviates from the known firmware's: {}", Sentences(*.0))]
    StrictRow(Deviations),
    /// The line has fewer or more cells than the header, or than the log has columns.
    #[error("expected {expected} cells, not {count}")]
    CellCount {
        /// How many cells the line should have.
        expected: u16,
        /// How many it has.
        count: u16,
    },
    /// The cell is empty, and its column must hold a value.
    #[error("expected a value")]
    Empty,
    /// The cell is no point in time.
    #[error("expected a time such as 2021-05-20T10:30:00Z")]
    Time,
    /// The cell is no integer.
    #[error("expected an integer")]
    Integer,
    /// The cell is no number with decimals, in a column whose header states a unit.
    #[error("expected a number")]
    Number,
    /// The number is finer than the column's resolution, so that digits would be lost.
    #[error("expected a number no finer than the column's resolution")]
    TooFine,
    /// The number is outside of the column's range.
    #[error("expected a number from {min} to {max}")]
    Range {
        /// The smallest value of the column, in its resolution.
        min: i64,
        /// The largest value of the column, in its resolution.
        max: i64,
    },
    /// A cell starts with a double quote and does not end with one.
    #[error("expected a closing double quote")]
    Quote,
    /// The line does not fit into the line buffer. The next line is read on.
    #[error("expected a line of at most {limit} bytes")]
    LineTooLong {
        /// The size of the line buffer.
        limit: usize,
    },
    /// The body ends within a row. The rows before it are good.
    #[error("the body ends within a row; the last good row has {}", LastIndex(*.last_index))]
    Truncated {
        /// The index of the last row that was read, if there was one.
        last_index: Option<u32>,
    },
}

/// The first bytes of what was found, to be shown to people.
///
/// Prints in double quotes, with bytes that are no printable ASCII escaped, and dots if there was more.
///
/// For an example, see [`ReadError`](crate::ReadError).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Found {
    bytes: [u8; Found::MAX],
    length: u8,
    more: bool,
}

impl Found {
    /// How many bytes are kept.
    pub const MAX: usize = 24;

    pub(crate) const NOTHING: Self = Self { bytes: [0; Self::MAX], length: 0, more: false };

    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self::NOTHING.and(bytes)
    }

    /// Adds what was found behind.
    pub(crate) fn and(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            match self.bytes.get_mut(usize::from(self.length)) {
                Some(slot) => {
                    *slot = *byte;
                    self.length = self.length.saturating_add(1);
                }
                None => self.more = true,
            }
        }
        self
    }

    /// Returns the bytes that were kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Returns whether nothing was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dots = if self.more { "…" } else { "" };
        write!(f, "\"{}\"{dots}", self.as_bytes().escape_ascii())
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As the text that is printed, without the quotes.
#[cfg(feature = "serde")]
impl serde::Serialize for Found {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.as_bytes().escape_ascii())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Found {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=[u8]:a}", self.as_bytes());
    }
}

/// Prints deviations as sentences.
struct Sentences(Deviations);

impl fmt::Display for Sentences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for sentence in self.0.descriptions() {
            write!(f, "{separator}{sentence}")?;
            separator = "; ";
        }
        Ok(())
    }
}

/// Prints an index, or that there is none.
struct LastIndex(Option<u32>);

impl fmt::Display for LastIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(index) => write!(f, "index {index}"),
            None => f.write_str("not come"),
        }
    }
}
