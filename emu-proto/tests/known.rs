//! The reader of the known dialect alone: what it takes, the strict reader of every dialect takes as well, and else it says
//! what is wrong.

mod common;

use common::*;
use emu_proto::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// Reads a body in pieces of these lengths, and what is left in one piece.
fn read_known<R: Entry>(body: &[u8], pieces: &[usize]) -> Vec<Result<R, ReadError>> {
    let mut decoder = KnownDecoder::<R>::new();
    let mut rows = rows_in_pieces(body, pieces, |piece| decoder.decode(piece));
    assert_eq!(decoder.offset(), body.len() as u64);
    rows.extend(decoder.finish());
    rows
}

/// Asserts that the reading is the same cut anywhere.
#[track_caller]
fn assert_cuts<R: Entry>(body: &str) -> Vec<Result<R, ReadError>> {
    let whole = read_known::<R>(body.as_bytes(), &[]);
    for at in 0..=body.len() {
        assert_eq!(read_known::<R>(body.as_bytes(), &[at]), whole, "cut at {at}");
    }
    assert_eq!(read_known::<R>(body.as_bytes(), &vec![1; body.len()]), whole, "cut at every byte");
    whole
}

/// The known firmware's body of two rows.
fn body() -> String {
    write_body(&Dialect::KNOWN, &[manual_entry(), manual_entry()])
}

#[test]
fn the_known_firmware() {
    for body in [body(), body().replace('\n', "\r\n"), body().trim_end().to_owned()] {
        assert_eq!(assert_cuts::<LoadProfileEntry>(&body), [Ok(manual_entry()); 2], "{body}");
    }
    let body = write_body(&Dialect::KNOWN, &[logbook_entry()]);
    assert_eq!(assert_cuts::<LogbookEntry>(&body), [Ok(logbook_entry())]);
    for row in [MANUAL_ROW.to_owned(), format!("{MANUAL_ROW}\n"), format!("{MANUAL_ROW}\r\n")] {
        assert_eq!(read_known_row(row.as_bytes()), Ok(manual_entry()));
    }
}

/// The logbook's values that may be none.
#[test]
fn nothing_is_empty_a_dash_or_zero() {
    for none in ["", "-", "0", "1970-01-01T00:00:00Z"] {
        let row = LOGBOOK_ROW.replacen("2021-05-20T11:30:05Z", none, 1);
        assert_eq!(
            read_known_row(row.as_bytes()),
            Ok(LogbookEntry { timestamp_after: None, ..logbook_entry() }),
            "{none}"
        );
    }
}

#[test]
fn every_other_dialect_is_refused() {
    let known = Dialect::KNOWN;
    for dialect in [
        Dialect { delimiter: Delimiter::Comma, ..known },
        Dialect { header: HeaderForm::None, ..known },
        Dialect { header: HeaderForm::Bare, ..known },
        Dialect { header: HeaderForm::Plain, ..known },
        Dialect { order: ColumnOrder::Reversed, ..known },
        Dialect { byte_order_mark: true, ..known },
        Dialect { quoted: true, ..known },
        Dialect { trailing_delimiter: true, ..known },
        Dialect { time: TimeForm::Blank, ..known },
        Dialect { time: TimeForm::Offset(120), ..known },
        Dialect { time: TimeForm::NoZone, ..known },
        Dialect { time: TimeForm::Epoch, ..known },
    ] {
        let rows = assert_cuts::<LoadProfileEntry>(&write_body(&dialect, &[manual_entry()]));
        assert!(matches!(rows[..], [Err(_)]), "{dialect:?}: {rows:?}");
    }
    let body = body();
    for (from, to) in
        [(";12345678;", ";2345678;"), (";0;0;0;2985", ";-5;0;0;2985"), (";2985;", ";2985 ;"), (";2985;", ";2985.0;")]
    {
        let rows = assert_cuts::<LoadProfileEntry>(&body.replacen(from, to, 1));
        assert!(matches!(rows[..], [Err(_), Ok(_)]), "{to}: {rows:?}");
    }
}

/// A cell of the second row is replaced: this is said, as of the strict reader's, and the next row is read.
#[test]
fn faults_in_a_row() {
    let (i32_min, i32_max) = (i64::from(i32::MIN), i64::from(i32::MAX));
    for (number, cell, kind) in [
        (0, "2021-02-29T00:00:00Z", ReadErrorKind::Time),
        (2, "", ReadErrorKind::Empty),
        (2, "x7", ReadErrorKind::Integer),
        (2, "7.0", ReadErrorKind::Integer),
        (3, "100000000", ReadErrorKind::Range { min: 0, max: 99_999_999 }),
        (12, "2147483648", ReadErrorKind::Range { min: i32_min, max: i32_max }),
        (26, "-101", ReadErrorKind::Range { min: -100, max: 100 }),
    ] {
        let mut cells: Vec<&str> = MANUAL_ROW.split(';').collect();
        cells[number] = cell;
        let header = write_body::<LoadProfileEntry>(&Dialect::KNOWN, &[]);
        let rows = assert_cuts::<LoadProfileEntry>(&format!("{header}{}\n{MANUAL_ROW}\n", cells.join(";")));
        let error = rows[0].unwrap_err();
        let before: usize = cells[..number].iter().map(|cell| cell.len() + 1).sum();
        assert_eq!((error.kind, error.line, error.offset), (kind, 2, (header.len() + before) as u64), "{cell}");
        assert_eq!(error.column, Some(LoadProfileEntry::COLUMNS[number].name));
        assert_eq!(error.found.as_bytes(), cell.as_bytes());
        assert_eq!(rows[1..], [Ok(manual_entry())]);
    }
}

#[test]
fn counts_of_cells() {
    for (row, count) in [(MANUAL_ROW.trim_end_matches(";500"), 27), (&format!("{MANUAL_ROW};1"), 29)] {
        let error = read_known_row::<LoadProfileEntry>(row.as_bytes()).unwrap_err();
        let of_every_dialect = read_row::<LoadProfileEntry>(row.as_bytes()).unwrap_err();
        assert_eq!((error, error.kind), (of_every_dialect, ReadErrorKind::CellCount { expected: 28, count }));
    }
}

/// What is no read-out is fatal: one error, and nothing more.
#[test]
fn faults_in_the_header() {
    let spelt = ReadErrorKind::StrictHeader(Deviations::HEADER_SPELLING);
    let body = body();
    for (body, kind, column) in [
        ("<html>\n<p>\n".to_owned(), ReadErrorKind::Html, None),
        ("<html>".to_owned(), ReadErrorKind::Html, None),
        ("error 500".to_owned(), ReadErrorKind::NotALog, Some("Timestamp")),
        (format!("{MANUAL_ROW}\n"), ReadErrorKind::StrictHeader(Deviations::NO_HEADER), None),
        (body.replacen(";Index", ";index", 1), spelt, Some("Index")),
        (body.replacen("[1/10 V]", "[V]", 1), spelt, Some("Voltage L1-N")),
        (body.replacen(";Frequency [1/10 Hz]", "", 1), ReadErrorKind::CellCount { expected: 28, count: 27 }, None),
    ] {
        let rows = assert_cuts::<LoadProfileEntry>(&body);
        let [Err(error)] = rows[..] else { panic!("{rows:?}") };
        assert_eq!((error.kind, error.column, error.line), (kind, column, 1), "{body}");
    }
    let long = format!("{}\n{MANUAL_ROW}\n", "Timestamp;".repeat(100));
    let error = assert_cuts::<LoadProfileEntry>(&long)[0].unwrap_err();
    assert_eq!((error.kind, error.is_fatal()), (ReadErrorKind::HeaderTooLong { limit: 704 }, true));
}

#[test]
fn a_line_that_is_too_long_and_a_body_that_is_cut() {
    let body = body();
    let long = body.replacen(";2985;", &format!(";{}2985;", "0".repeat(700)), 1);
    let rows = assert_cuts::<LoadProfileEntry>(&long);
    assert_eq!(rows[0].unwrap_err().kind, ReadErrorKind::LineTooLong { limit: 704 });
    assert_eq!(rows[1..], [Ok(manual_entry())]);
    let header = write_body::<LoadProfileEntry>(&Dialect::KNOWN, &[]);
    for length in 1..body.len() - 4 {
        let rows = read_known::<LoadProfileEntry>(&body.as_bytes()[..length], &[]);
        let error = rows.last().and_then(|row| row.err());
        let is_between = [header.len() - 1, header.len(), header.len() + MANUAL_ROW.len() + 1].contains(&length);
        // Of the last number, what is there may be a number.
        let is_number = (header.len() + MANUAL_ROW.len() - 2..=header.len() + MANUAL_ROW.len()).contains(&length);
        if !is_between && !is_number {
            let last_index = (length > header.len() + MANUAL_ROW.len()).then_some(2);
            assert_eq!(error.unwrap().kind, ReadErrorKind::Truncated { last_index }, "{length}");
        }
    }
    let mut decoder = KnownDecoder::<LoadProfileEntry>::new();
    let mut rest = &body.as_bytes()[..body.len() - 1];
    assert_eq!(decoder.decode(&mut rest), Some(Ok(manual_entry())));
    assert_eq!(decoder.decode(&mut rest), None);
    assert_eq!(decoder.finish_cut().unwrap().kind, ReadErrorKind::Truncated { last_index: Some(2) });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_written_is_read(
        entries in vec(load_profile_entry(0), 1..5),
        pieces in vec(0usize..400, 0..40),
    ) {
        let body = write_body(&Dialect::KNOWN, &entries);
        let rows: Result<Vec<_>, _> = read_known::<LoadProfileEntry>(body.as_bytes(), &pieces).into_iter().collect();
        prop_assert_eq!(rows, Ok(entries));
    }

    /// Whatever the damage to the rows: what is read, is what the strict reader of every dialect reads as well.
    #[test]
    fn the_same_rows_as_the_strict_reader(
        entries in vec(load_profile_entry(0), 1..4),
        damage in vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(&b";\n\r-+. 0239Z"[..])]), 0..3),
    ) {
        let mut body = write_body(&Dialect::KNOWN, &entries).into_bytes();
        let header = write_body::<LoadProfileEntry>(&Dialect::KNOWN, &[]).len();
        for (place, byte) in damage {
            let place = header + place.index(body.len() - header);
            body[place] = byte;
        }
        let known: Vec<_> = read_known::<LoadProfileEntry>(&body, &[]).into_iter().flatten().collect();
        let strict: Vec<_> = read_strict::<LoadProfileEntry>(&body).rows.into_iter().flatten().collect();
        prop_assert_eq!(known, strict);
    }
}
