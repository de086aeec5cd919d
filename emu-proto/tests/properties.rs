//! What holds of every row and every dialect: what is written is read back, however it is cut.

mod common;

use common::*;
use emu_proto::*;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read(
        dialect in dialect(),
        entries in vec(load_profile_entry(i64::MIN), 1..5),
        pieces in vec(0usize..400, 0..40),
    ) {
        let body = write_body(&dialect, &entries);
        let whole = read::<LoadProfileEntry>(&body);
        prop_assert_eq!(&read_in_pieces(Decoder::<LoadProfileEntry>::new(), body.as_bytes(), &pieces), &whole);
        prop_assert_eq!(read_body::<LoadProfileEntry>(body.as_bytes()).collect::<Vec<_>>(), whole.rows.clone());
        prop_assert_eq!(whole.good(), entries);
    }

    #[test]
    fn what_is_written_of_the_logbook_is_read(
        dialect in dialect(),
        entries in vec(any_logbook_entry(), 1..5),
        pieces in vec(0usize..400, 0..40),
    ) {
        let body = write_body(&dialect, &entries);
        let whole = read::<LogbookEntry>(&body);
        prop_assert_eq!(&read_in_pieces(Decoder::<LogbookEntry>::new(), body.as_bytes(), &pieces), &whole);
        prop_assert_eq!(whole.good(), entries);
    }

    /// The known dialect is what the fast reader takes; one blank line makes no other reader, one padded cell does.
    #[test]
    fn the_fast_and_the_careful_reader_agree(entries in vec(load_profile_entry(0), 1..5)) {
        let body = write_body(&Dialect::KNOWN, &entries);
        let careful: String = body.lines().enumerate()
            .map(|(number, line)| if number == 0 { format!("{line}\n") } else { format!("{} \n", line) })
            .collect();
        prop_assert_eq!(read::<LoadProfileEntry>(&body).good(), read::<LoadProfileEntry>(&careful).good());
    }

    /// Whatever goes a faster way, be it good or damaged, reads as the careful reader reads it.
    #[test]
    fn the_quick_and_the_careful_reader_agree(
        dialect in dialect(),
        entries in vec(prop_oneof![4 => usual_entry(), 1 => load_profile_entry(i64::MIN)], 1..5),
        unit in prop::sample::select(vec![("", ""), ("W]", "kW]"), ("[V]", "[mV]"), ("[mA]", "[A]"), ("[Wh]", "[1/10 Wh]")]),
        new in prop::option::of("( ?[a-z0-9;\",. ]{0,5} ?|\"[a-z0-9;, ]{0,5}\" ?)"),
        damage in vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(&b";,\t\n\r\"-+. 0239Z"[..])]), 0..3),
    ) {
        // Each entry twice, so that its deviations have been noted when it comes again.
        let entries: Vec<_> = entries.into_iter().flat_map(|entry| [entry; 2]).collect();
        let mut body = write_body(&dialect, &entries).replace(unit.0, unit.1);
        if let Some(new) = new && dialect.header != HeaderForm::None && !dialect.byte_order_mark {
            let lines = body.split_inclusive('\n').enumerate();
            let cell = |number| if number == 0 { "new" } else { &new };
            body = lines.map(|(number, line)| format!("{}{}{line}", cell(number), char::from(dialect.delimiter.byte()))).collect();
        }
        let mut body = body.into_bytes();
        assert_careful::<LoadProfileEntry>(&body);
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        assert_careful::<LoadProfileEntry>(&body);
    }

    #[test]
    fn the_quick_and_the_careful_reader_agree_on_the_logbook(
        dialect in dialect(),
        entries in vec(any_logbook_entry(), 1..5),
        damage in vec((any::<prop::sample::Index>(), prop::sample::select(&b";,\t\n\r\"-+. 09Z"[..])), 0..3),
    ) {
        let mut body = write_body(&dialect, &entries).into_bytes();
        assert_careful::<LogbookEntry>(&body);
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        assert_careful::<LogbookEntry>(&body);
    }

    /// One byte of a good body is another: whatever comes of it, it comes however the body is cut.
    #[test]
    fn a_damaged_body_reads_the_same_however_it_is_cut(
        dialect in dialect(),
        entries in vec(load_profile_entry(0), 1..4),
        damage in vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(&b";,\t\n\r\"-+. 09Z"[..])]), 1..4),
        pieces in vec(0usize..200, 0..40),
    ) {
        let mut body = write_body(&dialect, &entries).into_bytes();
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let whole = read::<LoadProfileEntry>(&body);
        prop_assert_eq!(&read_in_pieces(Decoder::<LoadProfileEntry>::new(), &body, &pieces), &whole);
        // What is read can be written and read again.
        for entry in whole.rows.into_iter().flatten() {
            let again = write_body(&Dialect::KNOWN, &[entry]);
            prop_assert_eq!(read::<LoadProfileEntry>(&again).good(), [entry]);
        }
    }

    /// The way of a plain row and the careful way alone say the same of a damaged one: what one takes, both take alike.
    #[test]
    fn a_damaged_row_is_the_same_row_either_way_or_none(
        entry in load_profile_entry(0),
        damage in vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(&b";,-+ 0123456789:TZ\"\r"[..])]), 1..3),
    ) {
        let header = write_body::<LoadProfileEntry>(&Dialect::KNOWN, &[]);
        let mut row = write_body(&Dialect { header: HeaderForm::None, ..Dialect::KNOWN }, &[entry]).into_bytes();
        row.pop();
        for (at, byte) in damage {
            let at = at.index(row.len());
            row[at] = if byte == b'\n' { b'x' } else { byte };
        }
        // The line end sends it the fast way, a cut in front of it the other: `read_row` goes the careful way alone.
        let body = [header.as_bytes(), &row, b"\n"].concat();
        let read = read::<LoadProfileEntry>(&body).rows.pop().and_then(Result::ok);
        // Without a header no unit is stated, and decimals are refused.
        let careful = read_row::<LoadProfileEntry>(&row).ok();
        prop_assert!(read == careful || row.contains(&b'.'), "{:?} {:?}", read, careful);
    }

    /// No bytes at all make it panic, read past the end, or differ by cuts; a small buffer neither.
    #[test]
    fn any_bytes(body in vec(any::<u8>(), 0..600), pieces in vec(0usize..50, 0..40)) {
        let whole = read::<LoadProfileEntry>(&body);
        prop_assert_eq!(&read_in_pieces(Decoder::<LoadProfileEntry>::new(), &body, &pieces), &whole);
        let small = read_in_pieces(Decoder::<LogbookEntry, 32>::new(), &body, &[]);
        prop_assert_eq!(&read_in_pieces(Decoder::<LogbookEntry, 32>::new(), &body, &pieces), &small);
    }

    #[test]
    fn requests_are_read_back(from in any::<u32>(), to in any::<u32>(), form in 0..3) {
        let readout = match form {
            0 => Readout::Newest,
            1 => Readout::Last(from),
            _ => Readout::Range { from, to },
        };
        for log in [Log::LoadProfile, Log::Logbook] {
            prop_assert_eq!(Readout::parse_target(&readout.target(log).to_string()), Ok((log, readout)));
        }
    }

    #[test]
    fn any_request_line(target in ".{0,60}") {
        if let Ok((log, readout)) = Readout::parse_target(&target) {
            let printed = readout.target(log).to_string();
            prop_assert_eq!(Readout::parse_target(&printed), Ok((log, readout)));
        }
    }
}

#[cfg(feature = "serde")]
proptest! {
    #[test]
    fn json_says_the_unit_and_is_read_back(entry in load_profile_entry(i64::MIN), change in any_logbook_entry()) {
        let json = serde_json::to_value(entry).unwrap();
        for column in LoadProfileEntry::COLUMNS {
            prop_assert!(json.get(column.key).is_some(), "{}", column.key);
        }
        prop_assert_eq!(serde_json::from_value::<LoadProfileEntry>(json).unwrap(), entry);
        let json = serde_json::to_value(change).unwrap();
        for column in LogbookEntry::COLUMNS {
            prop_assert!(json.get(column.key).is_some(), "{}", column.key);
        }
        prop_assert_eq!(serde_json::from_value::<LogbookEntry>(json).unwrap(), change);
    }
}

#[cfg(feature = "serde")]
#[test]
fn the_manuals_row_as_json() {
    let json = serde_json::to_string(&manual_entry()).unwrap();
    assert!(json.starts_with(
        r#"{"timestamp":"2021-05-20T10:30:00Z","index":2,"status":2,"serial_number":"12345678","active_energy_import_l123_t1_wh":0,"#
    ));
    assert!(json.contains(r#""voltage_l1_n_dv":2326,"#));
}

#[test]
fn a_decoder_is_under_one_kibibyte() {
    assert!(size_of::<Decoder<LoadProfileEntry>>() < 1024, "{}", size_of::<Decoder<LoadProfileEntry>>());
    assert!(size_of::<Decoder<LogbookEntry>>() < 1024, "{}", size_of::<Decoder<LogbookEntry>>());
}
