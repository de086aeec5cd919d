//! One row: what [`read_row`] says is what a body of that line says, and what parses prints and parses to the same.

use emu_proto::{
    Delimiter, Deviations, Dialect, Entry, HeaderForm, LoadProfileEntry, LogbookEntry, ReadError, ReadErrorKind,
    read_body, read_row, write_header, write_row,
};

use crate::reading::check_error;

/// Reads the bytes up to the first line feed as a row of both logs.
///
/// # Panics
///
/// If a property does not hold.
pub fn row(data: &[u8]) {
    check::<LoadProfileEntry>(data);
    check::<LogbookEntry>(data);
}

fn check<R: Entry>(data: &[u8]) {
    // More than a line is no row, but must not be taken for a place outside of it either.
    if let Err(error) = read_row::<R>(data) {
        assert!(error.offset <= data.len() as u64, "an offset within the bytes: {error}");
    }
    let end = data.iter().position(|byte| *byte == b'\n').map_or(data.len(), |at| at + 1);
    let line = &data[..end];
    let outcome = read_row::<R>(line);
    match &outcome {
        Ok(entry) => check_print(entry),
        Err(error) => {
            assert!(!error.is_fatal() && error.line == 1, "the row alone is at fault: {error}");
            check_error::<R>(error, line);
        }
    }
    check_body(line, outcome);
}

/// What parses prints, and what is printed parses to the same.
fn check_print<R: Entry>(entry: &R) {
    let mut printed = String::new();
    write_row(&mut printed, &Dialect::KNOWN, entry).expect("what was read can be written");
    assert_eq!(read_row::<R>(printed.as_bytes()).as_ref(), Ok(entry), "{printed}");
    let mut again = String::new();
    write_row(&mut again, &Dialect::KNOWN, &read_row::<R>(printed.as_bytes()).expect("a row")).expect("written before");
    assert_eq!(printed, again, "one way of printing");
}

/// The line in bodies, where the fast reader has its turn too.
fn check_body<R: Entry>(line: &[u8], outcome: Result<R, ReadError>) {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let delimiter = find_delimiter(text);
    if text.len() > LONGEST || text.is_empty() || text == b"\r" {
        return;
    }
    let is_like_a_row = matches!(text.trim_ascii_start(), [b'0'..=b'9', ..] | [b'"', b'0'..=b'9', ..]);
    if is_like_a_row && delimiter.is_some() {
        let body = [text, b"\n"].concat();
        assert_eq!(read_body::<R>(&body).collect::<Vec<_>>(), [outcome], "the row alone");
    }

    // Names without units state no scale, as a row without a header has none.
    let dialect = Dialect { delimiter: delimiter.unwrap_or_default(), header: HeaderForm::Bare, ..Dialect::KNOWN };
    let start = header::<R>(&dialect);
    let mut body = start.clone().into_bytes();
    // First with little behind it, then with a lot, then with CRLF known: each goes another way.
    for _ in 0..3 {
        body.extend_from_slice(text);
        body.push(b'\n');
    }
    body.extend_from_slice(b"\r\n");
    body.extend_from_slice(text);
    body.push(b'\n');
    let mut at = start.len() as u64;
    let rows: Vec<_> = read_body::<R>(&body).collect();
    assert_eq!(rows.len(), 4, "each line is a row or an error");
    for (row, number) in rows.iter().zip([2, 3, 4, 6]) {
        let moved = outcome.map_err(|mut error| {
            (error.line, error.offset) = (number, error.offset + at);
            error
        });
        assert_eq!(*row, moved, "the row in line {number}");
        at += text.len() as u64 + if number == 4 { 3 } else { 1 };
    }

    // Without a line end a faulty row may have been cut.
    let mut rows = read_body::<R>(&body[..body.len() - 1]).skip(3);
    match (rows.next(), outcome) {
        (Some(Ok(entry)), Ok(expected)) => assert_eq!(entry, expected),
        (Some(Err(error)), Err(_)) => assert!(matches!(error.kind, ReadErrorKind::Truncated { .. }), "{error}"),
        (row, outcome) => panic!("{row:?} is not {outcome:?}"),
    }

    // Under the known header, where values may have decimals, whatever parses is the same.
    if let Ok(entry) = outcome {
        let known = Dialect { header: HeaderForm::Scaled, ..dialect };
        let body = [header::<R>(&known).as_bytes(), text, b"\n"].concat();
        let mut rows = read_body::<R>(&body);
        assert_eq!(rows.next(), Some(Ok(entry)));
        assert!(rows.next().is_none() && !rows.deviations().contains(Deviations::OTHER_SCALE));
    }
}

fn header<R: Entry>(dialect: &Dialect) -> String {
    let mut header = String::new();
    write_header::<R>(&mut header, dialect).expect("a string takes all");
    header
}

/// The first of `;`, `,` and TAB that stands outside of quotes.
fn find_delimiter(line: &[u8]) -> Option<Delimiter> {
    let is_outside = |at: usize| line[..at].iter().filter(|byte| **byte == b'"').count() % 2 == 0;
    let stands = |delimiter: &Delimiter| (0..line.len()).any(|at| line[at] == delimiter.byte() && is_outside(at));
    Delimiter::ALL.into_iter().find(stands)
}

/// What a decoder's line buffer holds.
const LONGEST: usize = 704;
