//! What several targets say of a reader: the results of a body, read in pieces, with every promise of the decoder asserted.

use emu_proto::{Decoder, Delimiter, Deviations, Entry, ReadError, ReadErrorKind};

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It came whole.
    Whole,
    /// The connection broke.
    Broken,
}

/// Everything that a decoder says of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<R> {
    /// Rows and faulty lines.
    pub rows: Vec<Result<R, ReadError>>,
    /// What was met, at the end.
    pub deviations: Deviations,
    /// The delimiter before the end was told.
    pub delimiter: Option<Delimiter>,
    /// The last index before the end was told.
    pub last_index: Option<u32>,
}

impl<R: Entry> Reading<R> {
    /// Returns whether nothing could be read from some line on.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.rows.iter().any(|row| row.as_ref().is_err_and(ReadError::is_fatal))
    }
}

/// Reads a body in pieces of these lengths, over and over; 0 is an empty piece. No lengths: in one piece.
///
/// # Panics
///
/// If the decoder breaks a promise: what it takes is what it says it took, deviations only grow, nothing comes after a
/// fatal error or after the end.
pub fn read_in_pieces<R: Entry, const N: usize>(
    mut decoder: Decoder<R, N>,
    body: &[u8],
    pieces: &[usize],
    ending: Ending,
) -> Reading<R> {
    let mut rows: Vec<Result<R, ReadError>> = Vec::new();
    let mut rest = body;
    let mut met = decoder.deviations();
    let mut lengths = pieces.iter().copied().cycle();
    let can_end = pieces.iter().any(|length| *length > 0);
    while !rest.is_empty() {
        let length = if can_end { lengths.next().unwrap_or(rest.len()) } else { rest.len() };
        let (mut piece, behind) = rest.split_at(length.min(rest.len()));
        loop {
            let before = piece.len();
            let row = decoder.decode(&mut piece);
            let taken = body.len() - behind.len() - piece.len();
            assert_eq!(decoder.offset(), taken as u64, "what was taken is what is told");
            assert!(decoder.deviations().contains(met), "deviations only grow");
            met = decoder.deviations();
            let Some(row) = row else { break };
            assert!(piece.len() < before, "a row takes bytes");
            assert!(!is_over(&rows), "nothing comes after a fatal error");
            rows.push(row);
        }
        assert!(piece.is_empty(), "a decoder that wants more has taken all");
        rest = behind;
    }
    assert_eq!(decoder.decode(&mut &[][..]), None, "nothing comes of nothing");
    let (delimiter, last_index) = (decoder.delimiter(), decoder.last_index());
    let last = rows.iter().rev().find_map(|row| row.as_ref().ok());
    assert_eq!(last_index, last.map(Entry::index), "the last row's index");
    let end = match ending {
        Ending::Whole => decoder.finish(),
        Ending::Broken => decoder.finish_cut().map(Err),
    };
    assert!(end.is_none() || !is_over(&rows), "nothing comes after a fatal error");
    if let Some(Err(ReadError { kind: ReadErrorKind::Truncated { last_index: told }, .. })) = end {
        assert_eq!(told, last_index, "the last good row's index");
    }
    rows.extend(end);
    assert!(decoder.deviations().contains(met), "deviations only grow");
    let deviations = decoder.deviations();
    assert_eq!(decoder.decode(&mut &body[..]), None, "a decoder reads one body");
    assert_eq!(decoder.finish(), None, "a body ends once");
    assert_eq!(decoder.finish_cut(), None, "a body ends once");
    assert_eq!(decoder.deviations(), deviations, "what is not read has no deviations");
    Reading { rows, deviations, delimiter, last_index }
}

/// Asserts that an error is where it says it is: its line, its offset, its column, the bytes found.
///
/// # Panics
///
/// If it is not.
pub fn check_error<R: Entry>(error: &ReadError, body: &[u8]) {
    let offset = usize::try_from(error.offset).expect("an offset within the body");
    let (before, behind) = body.split_at_checked(offset).expect("an offset within the body");
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    assert_eq!(error.line as usize, line, "the line of the offset: {error}");
    let found = error.found.as_bytes();
    let rest = behind.split(|byte| *byte == b'\n').next().unwrap_or_default();
    assert!(found.is_empty() || rest.windows(found.len()).any(|window| window == found), "what was found: {error}");
    if let Some(name) = error.column {
        assert!(R::COLUMNS.iter().any(|column| column.name == name), "a known column: {error}");
    }
    let told = error.to_string();
    assert!(!told.contains(|c: char| c.is_control()), "an error is one line of text: {told:?}");
}

fn is_over<R>(rows: &[Result<R, ReadError>]) -> bool {
    matches!(rows.last(), Some(Err(error)) if error.is_fatal())
}
