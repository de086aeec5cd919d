//! Every dialect that users could plausibly meet: the same row comes out, and the deviation is told.
//!
//! All bodies are synthetic, made of the manual's example row; no raw capture of a real meter is public.

mod common;

use common::*;
use emu_proto::*;

/// A dialect, written; the rows must come out whatever it is, wherever it is cut, and these deviations be told.
fn check(dialect: Dialect, expected: Deviations) {
    let body = write_body(&dialect, &[manual_entry(), manual_entry()]);
    let reading = assert_cuts::<LoadProfileEntry>(body.as_bytes());
    assert_eq!(reading.deviations, expected, "{body}");
    assert_eq!(reading.good(), [manual_entry(), manual_entry()], "{body}");
    let strict = read_strict::<LoadProfileEntry>(&body);
    let accepted = strict.rows.iter().all(Result::is_ok);
    assert_eq!(accepted, expected.difference(Deviations::UNKNOWN).is_empty(), "strict: {:?}", strict.rows);
}

#[test]
fn the_known_firmware() {
    check(Dialect::KNOWN, Deviations::empty());
    let body = write_body(&Dialect::KNOWN, &[manual_entry()]);
    // The header as public clients of real meters need it.
    assert_eq!(
        body.lines().next().unwrap(),
        "Timestamp;Index;Status;Serial;\
         Active Energy Import L123 T1 [Wh];Active Energy Import L123 T2 [Wh];\
         Active Energy Export L123 T1 [Wh];Active Energy Export L123 T2 [Wh];\
         Reactive Energy Import L123 T1 [varh];Reactive Energy Import L123 T2 [varh];\
         Reactive Energy Export L123 T1 [varh];Reactive Energy Export L123 T2 [varh];\
         Active Power L123 [W];Active Power L1 [W];Active Power L2 [W];Active Power L3 [W];\
         Current L123 [mA];Current L1 [mA];Current L2 [mA];Current L3 [mA];Current N [mA];\
         Voltage L1-N [1/10 V];Voltage L2-N [1/10 V];Voltage L3-N [1/10 V];\
         Powerfactor L1 [1/100];Powerfactor L2 [1/100];Powerfactor L3 [1/100];Frequency [1/10 Hz]"
    );
    assert_eq!(body.lines().nth(1).unwrap(), MANUAL_ROW);
}

#[test]
fn each_deviation_alone() {
    let known = Dialect::KNOWN;
    check(Dialect { delimiter: Delimiter::Comma, ..known }, Deviations::DELIMITER);
    check(Dialect { delimiter: Delimiter::Tab, ..known }, Deviations::DELIMITER);
    check(Dialect { header: HeaderForm::None, ..known }, Deviations::NO_HEADER);
    check(Dialect { header: HeaderForm::Bare, ..known }, Deviations::NO_UNIT);
    check(Dialect { header: HeaderForm::Plain, ..known }, Deviations::OTHER_SCALE);
    check(Dialect { order: ColumnOrder::Reversed, ..known }, Deviations::COLUMN_ORDER);
    check(Dialect { byte_order_mark: true, ..known }, Deviations::BYTE_ORDER_MARK);
    check(Dialect { line_end: LineEnd::CrLf, ..known }, Deviations::CRLF);
    check(Dialect { quoted: true, ..known }, Deviations::QUOTES);
    check(Dialect { trailing_delimiter: true, ..known }, Deviations::TRAILING_DELIMITER);
    check(Dialect { time: TimeForm::Blank, ..known }, Deviations::TIME_BLANK);
    check(Dialect { time: TimeForm::Offset(120), ..known }, Deviations::TIME_OFFSET);
    check(Dialect { time: TimeForm::Offset(-90), ..known }, Deviations::TIME_OFFSET);
    check(Dialect { time: TimeForm::NoZone, ..known }, Deviations::TIME_NO_ZONE);
    check(Dialect { time: TimeForm::Epoch, ..known }, Deviations::TIME_EPOCH);
}

/// A body changed by hand; the row must come out, and these deviations be told.
fn check_edited(edit: impl Fn(String) -> String, expected: Deviations) {
    let body = edit(write_body(&Dialect::KNOWN, &[manual_entry()]));
    let reading = assert_cuts::<LoadProfileEntry>(body.as_bytes());
    assert_eq!(reading.deviations, expected, "{body}");
    assert_eq!(reading.good(), [manual_entry()], "{body}");
}

#[test]
fn what_no_writer_writes() {
    check_edited(|body| body.trim_end().to_owned(), Deviations::NO_FINAL_LINE_END);
    check_edited(|body| body.replace('\n', "\n\n"), Deviations::BLANK_LINE);
    check_edited(|body| format!("\r\n\n{body}"), Deviations::BLANK_LINE | Deviations::CRLF);
    check_edited(|body| body.replace(";2985;", "; 2985 ;"), Deviations::PADDING);
    check_edited(|body| body.replace(";2985;", ";\"2985\";"), Deviations::QUOTES);
    check_edited(|body| body.replace(";2985;", ";2985.0;"), Deviations::OTHER_SCALE);
    check_edited(|body| body.replace("Serial;", "serial NUMBER;"), Deviations::HEADER_SPELLING);
    check_edited(|body| body.replace("[1/10 V]", "[1/10V]"), Deviations::HEADER_SPELLING);
    check_edited(|body| body.replace("Frequency [", "Frequency["), Deviations::empty());
    check_edited(
        |body| body.replace("Index;", "Index;New column;").replace("Z;2;", "Z;2;whatever;"),
        Deviations::UNKNOWN_COLUMN | Deviations::COLUMN_ORDER,
    );
    check_edited(
        |body| body.replace("Active Power L1 [W]", "Active Power L1 [kW]").replace(";2010;", ";2.010;"),
        Deviations::OTHER_SCALE,
    );
    check_edited(
        |body| body.replace("Voltage L2-N [1/10 V]", "Voltage L2-N [1/100 V]").replace(";2320;", ";23200;"),
        Deviations::OTHER_SCALE,
    );
    check_edited(
        |body| body.replace("Current L1 [mA]", "Current L1 [A]").replace(";8682;", ";8.682;"),
        Deviations::OTHER_SCALE,
    );
}

#[test]
fn short_serial_numbers_are_filled() {
    let body = write_body(&Dialect::KNOWN, &[manual_entry()]).replace("12345678", "45678");
    let reading = assert_cuts::<LoadProfileEntry>(body.as_bytes());
    assert_eq!(reading.deviations, Deviations::SHORT_SERIAL_NUMBER);
    assert_eq!(reading.good()[0].serial_number.to_string(), "00045678");
}

#[test]
fn negative_energies_are_taken_and_told() {
    let row = MANUAL_ROW.replacen("12345678;0;0;0;", "12345678;0;0;-17;", 1);
    let body = write_body::<LoadProfileEntry>(&Dialect::KNOWN, &[]) + &row + "\n";
    let reading = assert_cuts::<LoadProfileEntry>(body.as_bytes());
    assert_eq!(reading.deviations, Deviations::NEGATIVE_ENERGY);
    assert_eq!(reading.good()[0].active_energy_export_l123_t1, WattHours(-17));
    let fault = read_strict::<LoadProfileEntry>(&body).fault();
    assert_eq!(fault.kind, ReadErrorKind::StrictRow(Deviations::NEGATIVE_ENERGY));
}

#[test]
fn a_scale_is_never_guessed() {
    let known = write_body(&Dialect::KNOWN, &[manual_entry()]);
    // A decimal point where no unit says what it means.
    let body = known.replace("Frequency [1/10 Hz]", "Frequency").replace(";500\n", ";50.0\n");
    assert_eq!(read::<LoadProfileEntry>(&body).fault().kind, ReadErrorKind::Integer);
    // Nor where another column's unit does.
    let body = body.replace("Active Power L3 [W]", "Active Power L3 [kW]");
    assert_eq!(read::<LoadProfileEntry>(&body).fault().kind, ReadErrorKind::Integer);
    // A unit of another quantity.
    // Zeros in front mean nothing; what is no power of ten is no scale.
    let zeros = read::<LoadProfileEntry>(known.replace("[1/10 Hz]", "[1/010 Hz]"));
    assert_eq!(zeros.rows, read::<LoadProfileEntry>(known.clone()).rows);
    for unit in ["[1/20 Hz]", "[1/11 Hz]", "[1/0 Hz]", "[1/ Hz]", "[1/10000000000 Hz]"] {
        let fault = read::<LoadProfileEntry>(known.replace("[1/10 Hz]", unit)).fault();
        assert_eq!(fault.kind, ReadErrorKind::UnknownUnit, "{unit}");
    }
    let fault = read::<LoadProfileEntry>(known.replace("[1/10 Hz]", "[1/10 V]")).fault();
    assert_eq!((fault.kind, fault.column), (ReadErrorKind::UnknownUnit, Some("Frequency")));
    // A unit that is a spelling of another or a fault.
    let fault = read::<LoadProfileEntry>(known.replace("Current L1 [mA]", "Current L1 [MA]")).fault();
    assert_eq!((fault.kind, fault.column), (ReadErrorKind::UnknownUnit, Some("Current L1")));
    // Brackets that say nothing state no scale.
    let reading = read::<LoadProfileEntry>(known.replace("Powerfactor L1 [1/100]", "Powerfactor L1 []"));
    assert_eq!(reading.good(), [manual_entry()]);
    // More digits than the type holds.
    let body = known.replace("[1/10 Hz]", "[Hz]").replace(";500\n", ";50.01\n");
    assert_eq!(read::<LoadProfileEntry>(&body).fault().kind, ReadErrorKind::TooFine);
    // Digits that are all zeros are no more than it holds.
    let body = known.replace("[1/10 Hz]", "[Hz]").replace(";500\n", ";50.00\n");
    assert_eq!(read::<LoadProfileEntry>(&body).good(), [manual_entry()]);
}

#[test]
fn the_logbook_by_its_names() {
    let body = write_body(&Dialect::KNOWN, &[logbook_entry()]);
    let reading = assert_cuts::<LogbookEntry>(body.as_bytes());
    assert_eq!(reading.deviations, Deviations::empty());
    assert_eq!(reading.good(), [logbook_entry()]);
    let entry = logbook_entry();
    assert_eq!((entry.ct_primary, entry.ct_primary_before, entry.ct_secondary_before), (100, Some(5), None));
    assert_eq!(entry.s0_pulse_value_before, Some(PulsesPerKilowattHour(500)));
    assert_eq!(entry.load_profile_index, 97);
}

#[test]
fn the_logbook_with_the_manuals_names() {
    let header = "Timestamp;Timestamp after change;Index;Serial Number;Active Energy Import L123 T1 [Wh];\
                  Active Energy Import L123 T2 [Wh];Active Energy Export L123 T1 [Wh];Active Energy Export L123 T2 [Wh];\
                  Index of corresponding load profile entry;CT setting primary actual;CT setting primary pre change(if);\
                  CT setting secondary actual;CT setting secondary pre change(if);VT setting primary actual;\
                  VT setting primary pre change(if);VT setting secondary actual;VT setting secondary pre change(if);\
                  S0 pulse value actual;S0 pulse value pre change(if);S0 pulse width actual;S0 pulse width pre change(if)";
    let reading = assert_cuts::<LogbookEntry>(format!("{header}\n{LOGBOOK_ROW}\n").as_bytes());
    assert_eq!(reading.deviations, Deviations::empty());
    assert_eq!(reading.good(), [logbook_entry()]);
}

#[test]
fn the_logbook_with_unknown_names_goes_by_position() {
    let names: Vec<String> = (1..=21).map(|number| format!("Spalte {number}")).collect();
    let mixed = ["Timestamp", "neue Zeit", "Index", "Serial"].map(str::to_owned);
    for header in [names.join(";"), [&mixed[..], &names[4..]].concat().join(";")] {
        let reading = assert_cuts::<LogbookEntry>(format!("{header}\n{LOGBOOK_ROW}\n").as_bytes());
        assert_eq!(reading.deviations, Deviations::HEADER_BY_POSITION);
        assert_eq!(reading.good(), [logbook_entry()]);
    }
    // A strict reader takes no column by position.
    let header = names.join(";");
    let fault = read_strict::<LogbookEntry>(format!("{header}\n{LOGBOOK_ROW}\n")).fault();
    assert_eq!(fault.kind, ReadErrorKind::StrictHeader(Deviations::HEADER_BY_POSITION));
    // A name that speaks of another transformer contradicts the manual's order.
    let header = header.replace("Spalte 10;", "Wandler VT primär;");
    assert_eq!(read::<LogbookEntry>(format!("{header}\n{LOGBOOK_ROW}\n")).fault().kind, ReadErrorKind::NotALog);
    // A name that is known and stands elsewhere contradicts the manual's order.
    let moved = [&["Index".to_owned()], &names[1..]].concat().join(";");
    let fault = read::<LogbookEntry>(format!("{moved}\n{LOGBOOK_ROW}\n")).fault();
    assert_eq!((fault.kind, fault.column), (ReadErrorKind::MissingColumn, Some("Timestamp")));
}

#[test]
fn the_logbooks_empty_values() {
    for nothing in ["", "-", "0", "\"\""] {
        let row = format!(
            "2021-05-20T10:30:00Z;{nothing};1;12345678;1;2;3;4;5;6;{nothing};7;{nothing};8;{nothing};9;{nothing};10;{nothing};11;{nothing}"
        );
        let entry: LogbookEntry = read_row(row.as_bytes()).unwrap();
        assert_eq!(entry.timestamp_after, None);
        let zero = row.replacen(&format!("Z;{nothing};"), "Z;1970-01-01T00:00:00Z;", 1);
        assert_eq!(read_row::<LogbookEntry>(zero.as_bytes()).unwrap().timestamp_after, None);
        // The second line goes the quick way.
        let rows = read::<LogbookEntry>(format!("{row}\n{zero}\n")).good();
        assert_eq!(rows, [entry, entry]);
        assert_eq!((entry.ct_primary_before, entry.vt_secondary_before), (None, None));
        assert_eq!((entry.s0_pulse_value_before, entry.s0_pulse_width_before), (None, None));
        assert_eq!((entry.ct_primary, entry.s0_pulse_width), (6, Milliseconds(11)));
    }
}

/// An energy has no sign in strict mode, not even that of a zero: what prints it is another firmware.
#[test]
fn the_sign_of_a_zero_is_told() {
    let row = MANUAL_ROW.replacen("12345678;0;", "12345678;-0;", 1);
    let body = write_body::<LoadProfileEntry>(&Dialect::KNOWN, &[]) + &row + "\n";
    let reading = assert_cuts::<LoadProfileEntry>(body.as_bytes());
    assert_eq!(reading.deviations, Deviations::NEGATIVE_ENERGY);
    assert_eq!(reading.good(), [manual_entry()]);
    assert!(read_strict::<LoadProfileEntry>(&body).rows[0].is_err());
}
