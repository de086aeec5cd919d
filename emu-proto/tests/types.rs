//! What every public type can be relied on for, checked when this is compiled.

use core::fmt::Debug;

use emu_proto::*;

fn check<T: Send + Sync + Debug + Clone + 'static>() {}

/// What borrows its buffer alone has no second.
fn check_exclusive<T: Send + Sync + Debug + 'static>() {}

#[test]
fn every_type_can_be_shared_shown_and_cloned() {
    check::<(BufferTooSmall, Checkpoint, Column, ColumnOrder, Decoder<LoadProfileEntry>, Delimiter)>();
    check::<(Decoder<LogbookEntry>, Deviations, Dialect, DeciHertz, DeciVolts, End, Event, Found)>();
    check::<(HeaderCell, HeaderForm, InvalidCheckpoint, InvalidRequest, InvalidSerialNumber, LineEnd)>();
    check::<(LoadProfileEntry, Log, LogbookEntry, MilliAmperes, Milliseconds, Order, PowerFactor, Progress)>();
    check::<(PulsesPerKilowattHour, Quantity, ReadError, ReadErrorKind, Readout, ReadoutPlan<LoadProfileEntry>)>();
    check::<(ReadoutPlan<LogbookEntry>, RequestTarget, Rows<'static, LoadProfileEntry>, SerialNumber, Span, Status)>();
    check::<(TimeForm, VarHours, Verdict, WattHours, Watts)>();
    check::<(KnownDecoder<LoadProfileEntry>, KnownDecoder<LogbookEntry>, Rows<'static, LogbookEntry>)>();
    check_exclusive::<SliceWriter<'static>>();
}

#[test]
fn every_value_in_range_is_read_back_and_no_other_power_factor() {
    let example = b"2021-05-20T10:30:00Z;2;2;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;2326;2320;2304;99;99;0;500";
    let example: LoadProfileEntry = read_row(example).unwrap();
    let (low, high) = Quantity::PowerFactor.range();
    for value in i8::MIN..=i8::MAX {
        let row = LoadProfileEntry { power_factor_l2: PowerFactor(value), ..example };
        let mut line = String::new();
        write_row(&mut line, &Dialect::KNOWN, &row).unwrap();
        let read = read_row::<LoadProfileEntry>(line.trim_end().as_bytes());
        assert_eq!(read.ok(), (low..=high).contains(&i64::from(value)).then_some(row), "{value}");
    }
}

/// An error as a log line in JSON has it, and what prints, as it prints.
#[cfg(feature = "serde")]
#[test]
fn through_serde() {
    use serde_json::{json, to_value};

    let error = read_row::<LoadProfileEntry>(b"2021-05-20T10:30:00Z;2;x7").unwrap_err();
    assert_eq!(
        to_value(error).unwrap(),
        json!({"kind": "integer", "line": 1, "column": "Status", "offset": 23, "found": "x7"})
    );
    let voltage = LoadProfileEntry::COLUMNS.iter().find(|column| column.name == "Voltage L1-N").unwrap();
    assert_eq!(to_value(voltage.header()).unwrap(), json!("Voltage L1-N [1/10 V]"));
    assert_eq!(to_value(Readout::Last(5).target(Log::Logbook)).unwrap(), json!("/logbook/?last=5"));
    assert_eq!(to_value(Span(chrono::TimeDelta::seconds(90))).unwrap(), json!(90_000));
}
