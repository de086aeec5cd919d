//! Every malformed kind: what is wrong, where, and that the next row is read on.

mod common;

use common::*;
use emu_proto::*;

/// The body of the manual's row, with a faulty line between two good ones.
fn around(faulty: &str) -> (String, u64) {
    let mut body = write_body(&Dialect::KNOWN, &[manual_entry()]);
    let offset = body.len() as u64;
    body += faulty;
    body += "\n";
    body += MANUAL_ROW;
    body += "\n";
    (body, offset)
}

/// A faulty row between good ones: this is said of it, at this byte of the line, and the good ones come out.
#[track_caller]
fn check(faulty: &str, kind: ReadErrorKind, column: Option<&str>, at: u64, found: &[u8]) {
    let (body, offset) = around(faulty);
    let reading = assert_cuts::<LoadProfileEntry>(body.as_bytes());
    assert_eq!(reading.rows[0], Ok(manual_entry()));
    assert_eq!(reading.rows[2], Ok(manual_entry()));
    let fault = reading.fault();
    assert_eq!((fault.kind, fault.column, fault.line), (kind, column, 3));
    assert_eq!((fault.offset, fault.found.as_bytes()), (offset + at, found));
    assert!(!fault.is_fatal());
}

/// The manual's row with the cell of a column replaced; returns where that cell starts.
fn with_cell(number: usize, cell: &str) -> (String, u64) {
    let mut cells: Vec<&str> = MANUAL_ROW.split(';').collect();
    let at = cells[..number].iter().map(|cell| cell.len() as u64 + 1).sum();
    cells[number] = cell;
    (cells.join(";"), at)
}

#[track_caller]
fn check_cell(number: usize, cell: &str, kind: ReadErrorKind) {
    let (row, at) = with_cell(number, cell);
    let name = LoadProfileEntry::COLUMNS[number].name;
    check(&row, kind, Some(name), at, &cell.as_bytes()[..cell.len().min(Found::MAX)]);
}

#[test]
fn numbers() {
    for cell in ["x", "12x", "+5", "--5", "5-", "1e3", "0x10", "\u{ac}", "1 2", "5 ,"] {
        check_cell(2, cell, ReadErrorKind::Integer);
        check_cell(27, cell, ReadErrorKind::Number);
    }
    // Columns whose header states a unit take decimals, but not finer ones than they hold.
    for cell in [".5", "5.", "1.2.3", "-.5", "5.-1"] {
        check_cell(12, cell, ReadErrorKind::Number);
    }
    check_cell(12, "29.5", ReadErrorKind::TooFine);
    check_cell(4, "0.1", ReadErrorKind::TooFine);
}

#[test]
fn ranges() {
    let i32s = ReadErrorKind::Range { min: i64::from(i32::MIN), max: i64::from(i32::MAX) };
    let u32s = ReadErrorKind::Range { min: 0, max: i64::from(u32::MAX) };
    check_cell(1, "4294967296", u32s);
    check_cell(1, "-1", u32s);
    check_cell(2, "-1", u32s);
    check_cell(3, "100000000", ReadErrorKind::Range { min: 0, max: 99_999_999 });
    check_cell(12, "2147483648", i32s);
    check_cell(12, "-2147483649", i32s);
    check_cell(24, "101", ReadErrorKind::Range { min: -100, max: 100 });
    check_cell(24, "-101", ReadErrorKind::Range { min: -100, max: 100 });
    check_cell(27, "32768", ReadErrorKind::Range { min: -32768, max: 32767 });
    // Larger than anything that is held, however large.
    check_cell(4, "9223372036854775808", ReadErrorKind::Number);
    check_cell(1, "99999999999999999999999999999999", ReadErrorKind::Integer);
}

#[test]
fn times() {
    for cell in ["2021-05-20", "2021-05-20T10:30Z", "20.05.2021 10:30:00", "2021-02-30T10:30:00Z", "T", "10:30:00"] {
        check_cell(0, cell, ReadErrorKind::Time);
    }
}

/// A line in a dialect that is known by then, in which the quick reader tries first.
#[test]
fn faults_in_another_dialect() {
    let dialect = Dialect { time: TimeForm::Offset(60), header: HeaderForm::Plain, quoted: true, ..Dialect::KNOWN };
    let good = write_body(&dialect, &[manual_entry(); 2]);
    let line = good.lines().nth(1).unwrap();
    for (from, to, kind) in [
        ("+01:00", "+24:00", ReadErrorKind::Time),
        ("+01:00", "+01:60", ReadErrorKind::Time),
        ("+01:00", "+01.00", ReadErrorKind::Time),
        ("T11:30", "T24:30", ReadErrorKind::Time),
        ("05-20T", "02-30T", ReadErrorKind::Time),
        ("2021-05-20T", "1970-01-01T", ReadErrorKind::Time),
        ("\"232.6\"", "\"232.61\"", ReadErrorKind::TooFine),
        ("\"232.6\"", "\"214748364.8\"", ReadErrorKind::Range { min: i64::from(i32::MIN), max: i64::from(i32::MAX) }),
        ("\"0.99\"", "\"1.01\"", ReadErrorKind::Range { min: -100, max: 100 }),
        ("\"232.6\"", "\"2.32.6\"", ReadErrorKind::Number),
        ("\"12345678\"", "\"1234567.8\"", ReadErrorKind::Integer),
    ] {
        let changed = line.replacen(from, to, 1);
        let changed = if from.starts_with("2021") { changed.replacen("T11:30", "T00:30", 1) } else { changed };
        let body = format!("{good}{changed}\n{line}\n");
        let reading = assert_cuts::<LoadProfileEntry>(body.as_bytes());
        assert_eq!(reading.rows[3], Ok(manual_entry()));
        let fault = reading.fault();
        assert_eq!((fault.kind, fault.line), (kind, 4), "{changed}");
    }
}

#[test]
fn empty_cells() {
    for number in 0..28 {
        check_cell(number, "", ReadErrorKind::Empty);
        check_cell(number, "-", ReadErrorKind::Empty);
    }
}

#[test]
fn counts_of_cells() {
    let short = MANUAL_ROW.strip_suffix(";500").unwrap();
    let kind = |count| ReadErrorKind::CellCount { expected: 28, count };
    check(short, kind(27), None, short.len() as u64, b"");
    check("2021-05-20T10:30:00Z", kind(1), None, 20, b"");
    let long = format!("{MANUAL_ROW};1");
    check(&long, kind(29), None, long.len() as u64 - 1, b"1");
    let longer = format!("{MANUAL_ROW};;");
    check(&longer, kind(30), None, longer.len() as u64 - 1, b";");
}

#[test]
fn quotes() {
    let (row, at) = with_cell(5, "\"0");
    check(&row, ReadErrorKind::Quote, Some("Active Energy Import L123 T2"), at, &row.as_bytes()[at as usize..][..24]);
    let (row, at) = with_cell(5, "\"0\"1");
    check(&row, ReadErrorKind::Quote, Some("Active Energy Import L123 T2"), at, &row.as_bytes()[at as usize..][..24]);
    // A delimiter within quotes belongs to the cell.
    check_cell_quoted();
}

fn check_cell_quoted() {
    let (row, at) = with_cell(2, "\"1;2\"");
    check(&row, ReadErrorKind::Integer, Some("Status"), at, b"1;2");
}

#[test]
fn a_line_that_is_too_long() {
    let long = "9".repeat(705);
    check(&long, ReadErrorKind::LineTooLong { limit: 704 }, None, 0, &[b'9'; 24]);
    // The longest line that fits is read: the fault is another one.
    let (body, _) = around(&"9".repeat(704));
    let kind = assert_cuts::<LoadProfileEntry>(body.as_bytes()).fault().kind;
    assert_eq!(kind, ReadErrorKind::Time);
}

#[test]
fn a_long_line_in_a_small_buffer_is_an_error_however_it_is_cut() {
    let body = format!("{MANUAL_ROW}\n2021-05-20T10:45:00Z;3\n{MANUAL_ROW}\n");
    let whole = read_in_pieces(Decoder::<LoadProfileEntry, 100>::new(), body.as_bytes(), &[]);
    let expected = ReadErrorKind::HeaderTooLong { limit: 100 };
    assert_eq!(whole.clone().fault().kind, expected);
    for at in 0..body.len() {
        assert_eq!(read_in_pieces(Decoder::<LoadProfileEntry, 100>::new(), body.as_bytes(), &[at]), whole);
    }
}

#[test]
fn a_body_cut_within_a_row() {
    let (body, offset) = around(MANUAL_ROW);
    for length in offset as usize + 1..offset as usize + MANUAL_ROW.len() - 2 {
        let fault = read::<LoadProfileEntry>(&body[..length]).fault();
        assert_eq!(fault.kind, ReadErrorKind::Truncated { last_index: Some(2) });
        assert_eq!((fault.line, fault.offset), (3, offset));
    }
    // Whether "50" was cut from "500" can not be seen: a body that broke off never yields its last line.
    let mut decoder = Decoder::<LoadProfileEntry>::new();
    let mut piece = &body.as_bytes()[..offset as usize + MANUAL_ROW.len() - 1];
    assert!(decoder.decode(&mut piece).unwrap().is_ok());
    assert_eq!(decoder.decode(&mut piece), None);
    assert_eq!(decoder.finish_cut().unwrap().kind, ReadErrorKind::Truncated { last_index: Some(2) });
    assert_eq!(decoder.finish(), None);
}

#[test]
fn a_body_cut_within_the_header() {
    let body = write_body(&Dialect::KNOWN, &[manual_entry()]);
    let header = body.lines().next().unwrap().len();
    for length in 10..header - 30 {
        let fault = read::<LoadProfileEntry>(&body[..length]).fault();
        assert_eq!(fault.kind, ReadErrorKind::Truncated { last_index: None }, "{length}");
    }
    // A header alone is no error: there may be no rows.
    assert_eq!(read::<LoadProfileEntry>(&body[..header]).rows, []);
    assert_eq!(read::<LoadProfileEntry>(&body[..=header]).rows, []);
}

/// The first line is at fault: nothing is read.
#[track_caller]
fn check_fatal(body: &str, kind: ReadErrorKind, column: Option<&str>) {
    let reading = assert_cuts::<LoadProfileEntry>(body.as_bytes());
    assert_eq!(reading.rows.len(), 1);
    let fault = reading.fault();
    assert_eq!((fault.kind, fault.column), (kind, column));
    assert!(fault.is_fatal());
}

#[test]
fn what_is_no_read_out() {
    check_fatal("<!DOCTYPE html>\n<html>\n", ReadErrorKind::Html, None);
    check_fatal("  <html></html>", ReadErrorKind::Html, None);
    check_fatal("401 Unauthorized\n", ReadErrorKind::NotALog, None);
    check_fatal("Name;Value\na;b\n", ReadErrorKind::NotALog, None);
    check_fatal("{\"error\": 1, \"x\": 2}\n", ReadErrorKind::NotALog, None);
}

#[test]
fn a_header_without_a_column() {
    let known = write_body(&Dialect::KNOWN, &[manual_entry()]);
    for column in LoadProfileEntry::COLUMNS {
        let name = column.header().to_string();
        check_fatal(&known.replacen(&name, "Unknown", 1), ReadErrorKind::MissingColumn, Some(column.name));
    }
    check_fatal(
        &known.replace("Active Power L2", "Active Power L1"),
        ReadErrorKind::DuplicateColumn,
        Some("Active Power L1"),
    );
    let wide = format!("{}{}", "x;".repeat(30), known);
    check_fatal(&wide, ReadErrorKind::TooManyColumns { limit: 48 }, None);
}

#[test]
fn a_header_alone_and_no_body_at_all_are_no_errors() {
    let reading = assert_cuts::<LoadProfileEntry>(write_body::<LoadProfileEntry>(&Dialect::KNOWN, &[]).as_bytes());
    assert_eq!((reading.rows.len(), reading.deviations), (0, Deviations::empty()));
    let reading = assert_cuts::<LoadProfileEntry>(b"");
    assert_eq!((reading.rows.len(), reading.deviations), (0, Deviations::empty()));
}

#[test]
fn a_header_that_is_cut_is_not_told_as_missing() {
    let body = write_body::<LoadProfileEntry>(&Dialect::KNOWN, &[]);
    for cut in 0..body.len() {
        let mut decoder = Decoder::<LoadProfileEntry>::new();
        let mut rest = &body.as_bytes()[..cut];
        assert_eq!(decoder.decode(&mut rest), None);
        let _ = decoder.finish_cut();
        assert_eq!(decoder.deviations(), Deviations::empty(), "cut at {cut}");
    }
}

#[test]
fn messages_say_what_where_and_what_was_expected() {
    let (row, _) = with_cell(21, "23x");
    let (body, _) = around(&row);
    assert_eq!(
        read::<LoadProfileEntry>(&body).fault().to_string(),
        "line 3, column \"Voltage L1-N\", byte 835: expected a number, found \"23x\""
    );
    let fault = read::<LoadProfileEntry>(&body[..body.len() - 5]).rows.pop().unwrap().unwrap_err();
    assert_eq!(
        fault.to_string(),
        "line 4, byte 861: the body ends within a row; the last good row has index 2, \
         found \"2021-05-20T10:30:00Z;2;2\"…"
    );
}

#[test]
fn bytes_that_are_no_text_are_escaped() {
    let error = read_row::<LoadProfileEntry>(b"2021-05-20T10:30:00Z;\xff\n;1").unwrap_err();
    assert_eq!(error.to_string(), r#"line 1, column "Index", byte 21: expected an integer, found "\xff\n""#);
}
