//! What several tests need: reading a body in pieces, entries at random, one named row.
#![allow(dead_code, unreachable_pub, reason = "a module of several tests, each of which uses its part")]

use emu_proto::*;
use proptest::prelude::*;

/// Everything that a reader says of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<R> {
    pub rows: Vec<Result<R, ReadError>>,
    pub deviations: Deviations,
}

impl<R: Entry> Reading<R> {
    /// The rows of a reading without a fault.
    pub fn good(self) -> Vec<R> {
        self.rows.into_iter().map(|row| row.expect("a good row")).collect()
    }

    /// The only fault of a reading.
    pub fn fault(self) -> ReadError {
        let mut faults = self.rows.into_iter().filter_map(Result::err);
        let fault = faults.next().expect("a fault");
        assert_eq!(faults.next(), None);
        fault
    }
}

/// Returns what a decoder yields of a body in pieces of these lengths, and what is left in one piece.
pub fn rows_in_pieces<R>(
    body: &[u8],
    pieces: &[usize],
    mut decode: impl FnMut(&mut &[u8]) -> Option<Result<R, ReadError>>,
) -> Vec<Result<R, ReadError>> {
    let mut rows = Vec::new();
    let mut rest = body;
    for length in pieces.iter().copied().chain([usize::MAX]) {
        let (mut piece, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        while let Some(row) = decode(&mut piece) {
            rows.push(row);
        }
        assert!(piece.is_empty(), "a decoder that wants more has taken all");
    }
    rows
}

/// Reads a body in pieces of these lengths, and what is left in one piece.
pub fn read_in_pieces<R: Entry, const N: usize>(
    mut decoder: Decoder<R, N>,
    body: &[u8],
    pieces: &[usize],
) -> Reading<R> {
    let mut rows = rows_in_pieces(body, pieces, |piece| decoder.decode(piece));
    assert_eq!(decoder.offset(), body.len() as u64);
    rows.extend(decoder.finish());
    Reading { rows, deviations: decoder.deviations() }
}

pub fn read<R: Entry>(body: impl AsRef<[u8]>) -> Reading<R> {
    read_in_pieces(Decoder::<R>::new(), body.as_ref(), &[])
}

pub fn read_strict<R: Entry>(body: impl AsRef<[u8]>) -> Reading<R> {
    read_in_pieces(Decoder::<R>::strict(), body.as_ref(), &[])
}

/// Asserts that the reading is the same cut anywhere: at each byte, and into pieces of one byte.
pub fn assert_cuts<R: Entry>(body: &[u8]) -> Reading<R> {
    let whole = read::<R>(body);
    for at in 0..=body.len() {
        assert_eq!(read_in_pieces(Decoder::<R>::new(), body, &[at]), whole, "cut at {at}");
    }
    assert_eq!(read_in_pieces(Decoder::<R>::new(), body, &vec![1; body.len()]), whole, "cut at every byte");
    whole
}

/// Asserts that each line reads as the careful reader reads it, which alone reads a last line without a line end: the
/// body is therefore broken off behind every line.
pub fn assert_careful<R: Entry>(body: &[u8]) {
    let mut decoder = Decoder::<R>::new();
    let mut end = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        let start = end;
        end += line.len();
        let mut rest = &body[start..end];
        let row = decoder.decode(&mut rest);
        let mut careful = Decoder::<R>::new();
        let mut rest = &body[..end - 1];
        while careful.decode(&mut rest).is_some() {}
        let expected = careful.finish();
        match row {
            // Told before the line's end.
            Some(Err(ReadError {
                kind: ReadErrorKind::LineTooLong { .. } | ReadErrorKind::HeaderTooLong { .. },
                ..
            })) => {}
            Some(Err(error)) if expected.is_some() => {
                let expected = expected.unwrap().unwrap_err();
                assert_eq!((error.line, decoder.offset()), (expected.line, end as u64));
            }
            row => assert_eq!(row.map(Result::ok), expected.map(Result::ok), "{}", line.escape_ascii()),
        }
        // Before the header, an end means that there is none; and an empty line without its end is none.
        if decoder.delimiter().is_some() && line != b"\n" {
            let expected = careful.deviations() - Deviations::NO_FINAL_LINE_END;
            assert_eq!(decoder.deviations(), expected, "{}", line.escape_ascii());
        }
    }
}

/// A body of these entries.
pub fn write_body<R: Entry>(dialect: &Dialect, entries: &[R]) -> String {
    let mut body = String::new();
    write_header::<R>(&mut body, dialect).unwrap();
    for entry in entries {
        write_row(&mut body, dialect, entry).unwrap();
    }
    body
}

/// The manual's example row: "CSV-File Structure" of the data logger, column "Example Value".
pub const MANUAL_ROW: &str = "2021-05-20T10:30:00Z;2;2;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;\
                              2326;2320;2304;99;99;0;500";

pub fn manual_entry() -> LoadProfileEntry {
    read_row(MANUAL_ROW.as_bytes()).unwrap()
}

/// A logbook row, synthetic: no example is known.
pub const LOGBOOK_ROW: &str =
    "2021-05-20T10:30:00Z;2021-05-20T11:30:05Z;7;00345678;1200;340;5;0;97;100;5;5;;400;;100;;1000;500;120;30";

pub fn logbook_entry() -> LogbookEntry {
    read_row(LOGBOOK_ROW.as_bytes()).unwrap()
}

/// Times that every form can hold: a day less than the reader takes, for the zones.
pub fn time() -> impl Strategy<Value = chrono::DateTime<chrono::Utc>> {
    let seconds = prop_oneof![0i64..=4_102_444_800, Just(0), 0i64..=253_402_214_399];
    seconds.prop_map(|seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap())
}

fn serial_number() -> impl Strategy<Value = SerialNumber> {
    (0u32..=99_999_999).prop_map(|digits| SerialNumber::new(digits).unwrap())
}

/// Integers of any length, so that short and long fields come as often.
fn of_any_length(min: i64, max: i64) -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => (0u32..19, any::<i64>()).prop_map(move |(digits, value)| (value % 10i64.pow(digits)).clamp(min, max)),
        1 => prop_oneof![Just(0), Just(min), Just(max)],
    ]
}

fn registers(min: i64) -> impl Strategy<Value = [i64; 8]> {
    prop::array::uniform8(of_any_length(min, i64::MAX))
}

/// Entries of the load profile with every value that the types hold; energies not below `least_energy`.
pub fn load_profile_entry(least_energy: i64) -> impl Strategy<Value = LoadProfileEntry> {
    let i32s = || of_any_length(i64::from(i32::MIN), i64::from(i32::MAX)).prop_map(|value| value as i32);
    let u32s = || of_any_length(0, i64::from(u32::MAX)).prop_map(|value| value as u32);
    (
        (time(), u32s(), u32s(), serial_number()),
        registers(least_energy),
        prop::array::uniform12(i32s()),
        prop::array::uniform3(-100i8..=100),
        prop_oneof![490i16..=510, any::<i16>()],
    )
        .prop_map(|((timestamp, index, status, serial_number), energy, values, power_factors, frequency)| {
            LoadProfileEntry {
                timestamp,
                index,
                status: Status::from_bits_retain(status),
                serial_number,
                active_energy_import_l123_t1: WattHours(energy[0]),
                active_energy_import_l123_t2: WattHours(energy[1]),
                active_energy_export_l123_t1: WattHours(energy[2]),
                active_energy_export_l123_t2: WattHours(energy[3]),
                reactive_energy_import_l123_t1: VarHours(energy[4]),
                reactive_energy_import_l123_t2: VarHours(energy[5]),
                reactive_energy_export_l123_t1: VarHours(energy[6]),
                reactive_energy_export_l123_t2: VarHours(energy[7]),
                active_power_l123: Watts(values[0]),
                active_power_l1: Watts(values[1]),
                active_power_l2: Watts(values[2]),
                active_power_l3: Watts(values[3]),
                current_l123: MilliAmperes(values[4]),
                current_l1: MilliAmperes(values[5]),
                current_l2: MilliAmperes(values[6]),
                current_l3: MilliAmperes(values[7]),
                current_n: MilliAmperes(values[8]),
                voltage_l1_n: DeciVolts(values[9]),
                voltage_l2_n: DeciVolts(values[10]),
                voltage_l3_n: DeciVolts(values[11]),
                power_factor_l1: PowerFactor(power_factors[0]),
                power_factor_l2: PowerFactor(power_factors[1]),
                power_factor_l3: PowerFactor(power_factors[2]),
                frequency: DeciHertz(frequency),
            }
        })
}

/// Entries of the load profile as meters log them: the faster readers take these, whatever their dialect.
pub fn usual_entry() -> impl Strategy<Value = LoadProfileEntry> {
    load_profile_entry(0).prop_map(|mut entry| {
        for energy in [
            &mut entry.active_energy_import_l123_t1.0,
            &mut entry.active_energy_import_l123_t2.0,
            &mut entry.active_energy_export_l123_t1.0,
            &mut entry.active_energy_export_l123_t2.0,
            &mut entry.reactive_energy_import_l123_t1.0,
            &mut entry.reactive_energy_import_l123_t2.0,
            &mut entry.reactive_energy_export_l123_t1.0,
            &mut entry.reactive_energy_export_l123_t2.0,
        ] {
            *energy %= 1_000_000_000_000;
        }
        entry
    })
}

/// Entries of the logbook with every value that can be told from "none".
pub fn any_logbook_entry() -> impl Strategy<Value = LogbookEntry> {
    let before = || prop::option::of(1u32..=u32::MAX);
    (
        (
            time(),
            // In Unix seconds, the first second of 1970 is 0, which means "none".
            prop::option::of(time().prop_filter("0 is none", |time| time.timestamp() != 0)),
            any::<u32>(),
            serial_number(),
        ),
        prop::array::uniform4(0..=i64::MAX),
        prop::array::uniform7(any::<u32>()),
        (before(), before(), before(), before(), before(), before()),
    )
        .prop_map(|((timestamp, timestamp_after, index, serial_number), energy, now, before)| LogbookEntry {
            timestamp,
            timestamp_after,
            index,
            serial_number,
            active_energy_import_l123_t1: WattHours(energy[0]),
            active_energy_import_l123_t2: WattHours(energy[1]),
            active_energy_export_l123_t1: WattHours(energy[2]),
            active_energy_export_l123_t2: WattHours(energy[3]),
            load_profile_index: now[0],
            ct_primary: now[1],
            ct_primary_before: before.0,
            ct_secondary: now[2],
            ct_secondary_before: before.1,
            vt_primary: now[3],
            vt_primary_before: before.2,
            vt_secondary: now[4],
            vt_secondary_before: before.3,
            s0_pulse_value: PulsesPerKilowattHour(now[5]),
            s0_pulse_value_before: before.4.map(PulsesPerKilowattHour),
            s0_pulse_width: Milliseconds(now[6]),
            s0_pulse_width_before: before.5.map(Milliseconds),
        })
}

/// Every way of writing that a reader can read back.
pub fn dialect() -> impl Strategy<Value = Dialect> {
    let delimiter = prop::sample::select(&Delimiter::ALL[..]);
    let header = prop::sample::select(vec![HeaderForm::Scaled, HeaderForm::Bare, HeaderForm::Plain, HeaderForm::None]);
    let times = prop_oneof![
        Just(TimeForm::Utc),
        Just(TimeForm::Blank),
        Just(TimeForm::NoZone),
        Just(TimeForm::Epoch),
        (-1439i16..=1439).prop_map(TimeForm::Offset),
    ];
    (delimiter, header, times, any::<[bool; 5]>()).prop_map(|(delimiter, header, time, flags)| Dialect {
        delimiter,
        header,
        // Without a header, only the manual's order can be read.
        order: if flags[0] && header != HeaderForm::None { ColumnOrder::Reversed } else { ColumnOrder::Manual },
        line_end: if flags[1] { LineEnd::CrLf } else { LineEnd::Lf },
        time,
        byte_order_mark: flags[2],
        quoted: flags[3],
        trailing_delimiter: flags[4],
    })
}
