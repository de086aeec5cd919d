//! Properties of the household's rows over whole years, on every kind of site.

use std::fmt::Write;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use emu_proto::{Dialect, Entry, LoadProfileEntry, LogbookEntry, Status, write_header, write_row};
use emu_simulator::{Event, Household, Record, Site};

const YEAR: usize = 35_040;

fn year(site: Site, seed: u64) -> Vec<LoadProfileEntry> {
    Household::new(seed).site(site).rows().take(YEAR).collect()
}

fn active_registers(row: &LoadProfileEntry) -> [i64; 4] {
    [
        row.active_energy_import_l123_t1.get(),
        row.active_energy_import_l123_t2.get(),
        row.active_energy_export_l123_t1.get(),
        row.active_energy_export_l123_t2.get(),
    ]
}

fn reactive_registers(row: &LoadProfileEntry) -> [i64; 4] {
    [
        row.reactive_energy_import_l123_t1.get(),
        row.reactive_energy_import_l123_t2.get(),
        row.reactive_energy_export_l123_t1.get(),
        row.reactive_energy_export_l123_t2.get(),
    ]
}

/// Power, current, voltage and power factor of each phase.
fn phases(row: &LoadProfileEntry) -> [[i64; 4]; 3] {
    let cells = |power: i32, current: i32, voltage: i32, factor: i8| {
        [i64::from(power), i64::from(current), i64::from(voltage), i64::from(factor)]
    };
    [
        cells(row.active_power_l1.0, row.current_l1.0, row.voltage_l1_n.0, row.power_factor_l1.0),
        cells(row.active_power_l2.0, row.current_l2.0, row.voltage_l2_n.0, row.power_factor_l2.0),
        cells(row.active_power_l3.0, row.current_l3.0, row.voltage_l3_n.0, row.power_factor_l3.0),
    ]
}

/// Tariff 1 is Monday to Friday from 06:00 to 22:00, judged by the start of the interval.
fn is_tariff_1(timestamp: DateTime<Utc>) -> bool {
    let start = timestamp - TimeDelta::minutes(15);
    start.weekday().num_days_from_monday() < 5 && (6..22).contains(&start.hour())
}

#[test]
fn power_is_voltage_by_current_by_power_factor() {
    for site in Site::ALL {
        for row in year(site, 1) {
            for [power, current, voltage, factor] in phases(&row) {
                // 0.1 V by 1 mA by 0.01 is a millionth of a watt.
                let product = voltage * current * factor;
                assert!((power * 1_000_000 - product).abs() <= 500_000, "{site:?}: {row:?}");
                assert!((-100..=100).contains(&factor));
            }
        }
    }
}

#[test]
fn the_whole_is_the_sum_of_the_phases() {
    for site in Site::ALL {
        for row in year(site, 2) {
            let [l1, l2, l3] = phases(&row);
            assert_eq!(i64::from(row.active_power_l123.0), l1[0] + l2[0] + l3[0]);
            assert_eq!(i64::from(row.current_l123.0), l1[1] + l2[1] + l3[1]);
            let largest: i64 = [l1, l2, l3].iter().map(|phase| phase[1].abs()).sum();
            assert!((0..=largest + 1).contains(&i64::from(row.current_n.0)), "{row:?}");
        }
    }
}

#[test]
fn registers_grow_by_the_power_of_the_quarter_hour_in_the_tariff_of_the_hour() {
    for site in Site::ALL {
        for pair in year(site, 3).windows(2) {
            let (before, row) = (active_registers(&pair[0]), active_registers(&pair[1]));
            let power = i64::from(pair[1].active_power_l123.0);
            let mut expected = [0; 4];
            let direction = if power >= 0 { 0 } else { 2 };
            expected[direction + usize::from(!is_tariff_1(pair[1].timestamp))] = power.abs();
            for register in 0..4 {
                let grown = 4 * (row[register] - before[register]);
                assert!((grown - expected[register]).abs() < 4, "{site:?}, register {register}: {:?}", pair[1]);
            }
        }
    }
}

#[test]
fn reactive_registers_never_shrink_and_grow_by_no_more_than_the_apparent_power() {
    for site in Site::ALL {
        for pair in year(site, 4).windows(2) {
            let apparent: i64 = phases(&pair[1]).iter().map(|phase| phase[1].abs() * phase[2] / 10_000 + 1).sum();
            let (before, row) = (reactive_registers(&pair[0]), reactive_registers(&pair[1]));
            for register in 0..4 {
                assert!((0..=apparent / 4 + 1).contains(&(row[register] - before[register])), "{:?}", pair[1]);
            }
        }
    }
}

#[test]
fn time_is_the_end_of_a_quarter_hour_and_only_a_power_failure_leaves_some_out() {
    for seed in 0..4 {
        let rows = year(Site::HouseWithSun, seed);
        let mut failures = 0;
        for pair in rows.windows(2) {
            assert_eq!(pair[1].index, pair[0].index + 1);
            assert_eq!(pair[1].timestamp.timestamp() % 900, 0);
            let minutes = (pair[1].timestamp - pair[0].timestamp).num_minutes();
            if minutes != 15 {
                assert!(minutes > 15 && pair[1].status.contains(Status::POWER_FAILURE), "{:?}", pair[1]);
                failures += 1;
            }
        }
        assert!(failures > 0);
    }
}

#[test]
fn voltage_and_frequency_stay_where_a_grid_keeps_them() {
    for row in year(Site::HouseWithSun, 5) {
        assert!((495..=505).contains(&row.frequency.0));
        for [_, _, voltage, _] in phases(&row) {
            assert!((2_070..=2_530).contains(&voltage), "{row:?}");
        }
    }
}

#[test]
fn sites_differ_as_they_say() {
    let digits = |value: i64| value.unsigned_abs().to_string().len();
    let last = |site| *year(site, 6).last().unwrap();
    assert!((9..=10).contains(&digits(last(Site::Factory).active_energy_import_l123_t1.get())));
    assert!(digits(last(Site::JustInstalled).active_energy_import_l123_t1.get()) <= 6);
    assert_eq!(last(Site::SmallFlat).voltage_l2_n.get(), 0);

    let exporting = |site| year(site, 6).iter().filter(|row| row.active_power_l123.get() < 0).count();
    assert_eq!(exporting(Site::SmallFlat), 0);
    assert!((YEAR / 10..YEAR / 2).contains(&exporting(Site::HouseWithSun)));
    assert!(exporting(Site::SolarPlant) > YEAR * 2 / 5);
    assert!(year(Site::SolarPlant, 6).iter().any(|row| row.current_l1.get() < 0));
    assert!(year(Site::HouseWithSun, 6).iter().any(|row| row.power_factor_l1.get() < 0));
}

#[test]
fn registers_wrap_at_32_bits_on_request() {
    let wide = Household::new(7).site(Site::Factory);
    let pairs = wide.rows().zip(wide.clone().wrapping_registers().rows()).step_by(997);
    let mut wrapped = 0;
    for (wide, narrow) in pairs {
        let (wide, narrow) = (active_registers(&wide), active_registers(&narrow));
        assert_eq!(wide.map(|register| register & 0xffff_ffff), narrow);
        wrapped += usize::from(wide != narrow);
        if wrapped > 20 {
            return;
        }
    }
    panic!("no register wrapped");
}

#[test]
fn the_logbook_points_at_the_rows_that_tell_the_same() {
    for seed in 0..3 {
        let records: Vec<Record> = Household::new(seed).records().take(Household::THREE_YEARS as usize).collect();
        let first = records[0].entry.index;
        let logbook: Vec<LogbookEntry> = records.iter().flat_map(|record| record.changes.clone()).collect();
        assert!(logbook.len() > 30);
        assert!(logbook.windows(2).all(|pair| pair[1].index == pair[0].index + 1));
        assert_eq!(logbook.iter().filter(|entry| entry.ct_primary_before.is_some()).count(), 1);
        for entry in &logbook {
            let position = (entry.load_profile_index - first) as usize;
            let row = &records[position].entry;
            assert_eq!(
                row.status.contains(Status::TIME_CHANGED),
                records[position].changes[0].timestamp_after.is_some()
            );
            if let Some(before) = entry.ct_primary_before {
                assert!(row.status.contains(Status::CT_RATIO_CHANGED) && entry.ct_primary != before);
            }
            assert!(entry.timestamp < row.timestamp);
            assert!(entry.timestamp > row.timestamp - TimeDelta::minutes(15));
            if position > 0 {
                let before = active_registers(&records[position - 1].entry);
                assert_eq!(entry.active_energy_import_l123_t1.get(), before[0]);
            }
        }
        let told = |bit| records.iter().filter(|record| record.entry.status.contains(bit)).count();
        assert_eq!(told(Status::CT_RATIO_CHANGED), 1);
        assert!(told(Status::NO_TIME_SYNCHRONIZATION) > 0);
    }
}

#[test]
fn events_come_where_they_were_put() {
    let household = Household::new(1)
        .quiet()
        .event(10, Event::PowerFailure { quarters: 3 })
        .event(20, Event::ClockStep { quarters: -4 })
        .event(30, Event::ClockLost { rows: 5 })
        .event(40, Event::CtPrimary(200))
        .event(40, Event::PulseWidth(60))
        .event(50, Event::StatusBits(0x104))
        .event(60, Event::NoTimeSynchronization { rows: 2 });
    let records: Vec<Record> = household.records().take(100).collect();
    let row = |index: usize| records[index - 1].entry;
    let minutes = |index: usize| (row(index).timestamp - row(index - 1).timestamp).num_minutes();

    assert_eq!((minutes(10), row(10).status), (60, Status::POWER_FAILURE));
    assert_eq!((minutes(20), row(20).status), (-45, Status::TIME_CHANGED));
    let step = &records[19].changes[0];
    assert_eq!((step.timestamp_after.unwrap() - step.timestamp).num_minutes(), -60);

    assert_eq!(row(30).timestamp.to_string(), "1970-01-01 00:15:00 UTC");
    assert_eq!(row(30).status, Status::POWER_FAILURE | Status::NO_TIME_SYNCHRONIZATION);
    assert_eq!(row(34).timestamp.to_string(), "1970-01-01 01:15:00 UTC");
    assert_eq!(row(35).status, Status::TIME_CHANGED);
    assert_eq!(row(35).timestamp - row(29).timestamp, TimeDelta::minutes(6 * 15));
    assert_eq!(records[34].changes[0].timestamp.year(), 1970);

    assert_eq!(row(40).status, Status::CT_RATIO_CHANGED | Status::PULSE_LENGTH_CHANGED);
    let change = &records[39].changes[0];
    assert_eq!((change.ct_primary, change.ct_primary_before), (200, Some(75)));
    assert_eq!((change.s0_pulse_width.get(), change.s0_pulse_value_before), (60, None));
    assert_eq!(row(50).status.bits(), 0x104);
    assert_eq!([59, 60, 61, 62].map(|index| row(index).status.bits()), [0, 0x40, 0x40, 0]);
    // An interval is counted by the meter's own clock, and no time is lost in the registers.
    assert!(records.windows(2).all(|pair| active_registers(&pair[1].entry) >= active_registers(&pair[0].entry)));
}

#[test]
fn a_clock_that_is_set_and_its_rows_tell_the_same() {
    let quarter = TimeDelta::minutes(15);
    for seconds in [-7_200, -900, -899, -300, -214, -1, 0, 1, 600, 685, 686, 899, 900, 1_000, 7_200, 86_400] {
        let event = Event::TimeChange { seconds };
        let household = Household::new(1).quiet().event(20, event);
        let records: Vec<Record> = household.records().take(22).collect();
        let [before, row, after] = [18, 19, 20].map(|place| records[place].entry);
        assert_eq!((row.index, row.status), (20, Status::TIME_CHANGED));
        let [change] = records[19].changes[..] else { panic!("{event}: {:?}", records[19].changes) };
        let set_to = change.timestamp_after.unwrap();
        assert_eq!(set_to - change.timestamp, TimeDelta::seconds(seconds.into()), "{event}");
        // The clock went on from the row before to when it was set, and from there to the row's quarter hour.
        assert_eq!(change.timestamp - before.timestamp, TimeDelta::seconds(214), "{event}");
        let rest = row.timestamp - set_to;
        assert!(rest > TimeDelta::zero() && rest <= quarter, "{event}: {rest}");
        assert_eq!((row.timestamp.timestamp() % 900, after.timestamp - row.timestamp), (0, quarter), "{event}");
        let registers: Vec<[i64; 4]> = records.iter().map(|record| active_registers(&record.entry)).collect();
        assert!(registers.is_sorted_by(|a, b| a.iter().zip(b).all(|(a, b)| a <= b)), "{event}");
    }
    // Two settings in one interval, and one of a clock that is lost.
    let household = Household::new(1).quiet().event(20, Event::TimeChange { seconds: 3_600 });
    let household = household.event(20, Event::ClockStep { quarters: -8 }).event(30, Event::ClockLost { rows: 5 });
    let household = household.event(32, Event::TimeChange { seconds: 1_800 });
    let records: Vec<Record> = household.records().take(36).collect();
    let steps = |index: usize| (records[index - 1].entry.timestamp - records[index - 2].entry.timestamp) / 900;
    let steps = [20, 21, 31, 32, 33].map(|index| steps(index).num_seconds());
    assert_eq!(steps, [1 + 4 - 8, 1, 1, 1 + 2, 1]);
    for changes in [&records[19].changes, &records[31].changes] {
        for change in changes {
            let expected =
                if change.load_profile_index == 32 { 1_800 } else { [3_600, -7_200][change.index as usize - 1] };
            assert_eq!((change.timestamp_after.unwrap() - change.timestamp).num_seconds(), expected);
        }
    }
    assert_eq!(
        records[19].changes[1].timestamp - records[19].changes[0].timestamp_after.unwrap(),
        TimeDelta::seconds(1)
    );
}

#[test]
fn a_full_logbook_says_so() {
    let household = Household::new(1)
        .quiet()
        .logbook_depth(2)
        .event(3, Event::CtPrimary(1))
        .event(5, Event::CtPrimary(2))
        .event(7, Event::CtPrimary(3));
    let records: Vec<Record> = household.records().take(9).collect();
    assert_eq!(records.iter().map(|record| record.changes.len()).sum::<usize>(), 2);
    let full: Vec<u32> = records
        .iter()
        .filter(|record| record.entry.status.contains(Status::LOGBOOK_FULL))
        .map(|record| record.entry.index)
        .collect();
    assert_eq!(full, [5, 6, 7, 8, 9]);
}

/// Bodies must not change by accident: benchmarks, fuzz seeds and integrators' tests stand on them.
#[test]
fn bodies_are_pinned() {
    let body = |household: &Household| {
        let mut body = String::new();
        write_header::<LoadProfileEntry>(&mut body, &Dialect::KNOWN).unwrap();
        for row in household.rows().step_by(7).take(3_000) {
            write_row(&mut body, &Dialect::KNOWN, &row).unwrap();
        }
        body
    };
    let mut all = String::new();
    for household in Household::dozen() {
        writeln!(all, "{:016x}", fnv1a(body(&household).as_bytes())).unwrap();
    }
    assert_eq!(format!("{:016x}", fnv1a(body(&Household::new(1)).as_bytes())), "380016c5f22cd758");
    assert_eq!(format!("{:016x}", fnv1a(all.as_bytes())), "f4357e91803a196a");
}

/// FNV-1a of 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn every_row_has_the_household_s_serial_number() {
    let household = Household::new(8);
    let first = household.rows().next().unwrap();
    assert!(household.rows().take(100).all(|row| row.serial_number() == first.serial_number));
}
