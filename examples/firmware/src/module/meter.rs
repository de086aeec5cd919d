//! A small meter: its two logs in memory.

use emu_proto::{
    DeciHertz, DeciVolts, LoadProfileEntry, LogbookEntry, MilliAmperes, Milliseconds, PowerFactor,
    PulsesPerKilowattHour, SerialNumber, Status, VarHours, WattHours, Watts,
};

use super::ring::Ring;

/// A meter whose quarter of an hour lasts a second, so that its log can be watched as it grows.
///
/// Everything in it is synthetic: a load that goes up and down with the index, and no export. The same index always has the
/// same row, so that a host can tell what it should have read. At the start it looks back on [`Self::AT_START`] rows; as there
/// is no flash, each start is the same.
#[derive(Debug, Clone)]
pub struct Meter {
    load_profile: Ring<LoadProfileEntry, { Self::ROWS }>,
    logbook: Ring<LogbookEntry, { Self::LOGBOOK_ENTRIES }>,
    next_at: u64,
}

impl Meter {
    /// How many rows of the load profile it keeps.
    pub const ROWS: usize = 128;
    /// How many entries of the logbook it keeps.
    pub const LOGBOOK_ENTRIES: usize = 8;
    /// How many rows there are at the start.
    pub const AT_START: u32 = 96;
    /// How long it takes from row to row, in milliseconds.
    pub const INTERVAL: u64 = 1_000;
    /// Its serial number.
    pub const SERIAL_NUMBER: SerialNumber = match SerialNumber::new(345_678) {
        Some(number) => number,
        None => panic!("eight digits at most"),
    };

    /// Makes the meter as it is when it starts.
    #[must_use]
    pub fn new() -> Self {
        let mut meter = Self { load_profile: Ring::new(), logbook: Ring::new(), next_at: Self::INTERVAL };
        for change in 0..3 {
            meter.logbook.push(change_of_transformer(change));
        }
        for index in 1..=Self::AT_START {
            meter.load_profile.push(row(index));
        }
        meter
    }

    /// Returns the load profile.
    #[must_use]
    pub const fn load_profile(&self) -> &Ring<LoadProfileEntry, { Self::ROWS }> {
        &self.load_profile
    }

    /// Returns the logbook.
    #[must_use]
    pub const fn logbook(&self) -> &Ring<LogbookEntry, { Self::LOGBOOK_ENTRIES }> {
        &self.logbook
    }

    /// Logs what is due, with the time since the start in milliseconds.
    pub fn advance(&mut self, now: u64) {
        while self.next_at <= now {
            self.next_at += Self::INTERVAL;
            self.load_profile.push(row(self.load_profile.newest() + 1));
        }
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

/// When row 0 would have been: 2026-01-01T00:00:00Z.
const EPOCH: i64 = 1_767_225_600;

/// A quarter of an hour, in seconds.
const QUARTER: i64 = 900;

fn timestamp(index: u32) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(EPOCH + QUARTER * i64::from(index), 0).unwrap_or_default()
}

/// The row of an index: between 400 and 2,000 W, up and down every 16 rows, on tariff 1.
fn row(index: u32) -> LoadProfileEntry {
    let step = i32::try_from(index % 16).unwrap_or(0);
    let watts = 400 + 200 * step.min(16 - step);
    let current = watts * 1_000 / 230;
    // A quarter of an hour of 1,200 W on average.
    let energy = i64::from(index) * 300;
    LoadProfileEntry {
        timestamp: timestamp(index),
        index,
        status: Status::empty(),
        serial_number: Meter::SERIAL_NUMBER,
        active_energy_import_l123_t1: WattHours(energy),
        active_energy_import_l123_t2: WattHours(0),
        active_energy_export_l123_t1: WattHours(0),
        active_energy_export_l123_t2: WattHours(0),
        reactive_energy_import_l123_t1: VarHours(energy / 10),
        reactive_energy_import_l123_t2: VarHours(0),
        reactive_energy_export_l123_t1: VarHours(0),
        reactive_energy_export_l123_t2: VarHours(0),
        active_power_l123: Watts(watts),
        active_power_l1: Watts(watts / 2),
        active_power_l2: Watts(watts / 4),
        active_power_l3: Watts(watts / 4),
        current_l123: MilliAmperes(current),
        current_l1: MilliAmperes(current / 2),
        current_l2: MilliAmperes(current / 4),
        current_l3: MilliAmperes(current / 4),
        current_n: MilliAmperes(0),
        voltage_l1_n: DeciVolts(2_300 + step),
        voltage_l2_n: DeciVolts(2_310 - step),
        voltage_l3_n: DeciVolts(2_305),
        power_factor_l1: PowerFactor(99),
        power_factor_l2: PowerFactor(98),
        power_factor_l3: PowerFactor(100),
        frequency: DeciHertz(500),
    }
}

/// A change of the current transformer.
fn change_of_transformer(number: u32) -> LogbookEntry {
    let load_profile_index = 1 + number * 32;
    LogbookEntry {
        timestamp: timestamp(load_profile_index),
        timestamp_after: None,
        index: number + 1,
        serial_number: Meter::SERIAL_NUMBER,
        active_energy_import_l123_t1: row(load_profile_index).active_energy_import_l123_t1,
        active_energy_import_l123_t2: WattHours(0),
        active_energy_export_l123_t1: WattHours(0),
        active_energy_export_l123_t2: WattHours(0),
        load_profile_index,
        ct_primary: 100 + 50 * number,
        ct_primary_before: number.checked_sub(1).map(|before| 100 + 50 * before),
        ct_secondary: 5,
        ct_secondary_before: None,
        vt_primary: 100,
        vt_primary_before: None,
        vt_secondary: 100,
        vt_secondary_before: None,
        s0_pulse_value: PulsesPerKilowattHour(1_000),
        s0_pulse_value_before: None,
        s0_pulse_width: Milliseconds(120),
        s0_pulse_width_before: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_each_second() {
        let mut meter = Meter::new();
        assert_eq!((meter.load_profile().oldest(), meter.load_profile().newest()), (1, 96));
        meter.advance(999);
        assert_eq!(meter.load_profile().newest(), 96);
        meter.advance(40_000);
        assert_eq!((meter.load_profile().oldest(), meter.load_profile().newest()), (9, 136));
        for index in 9..=136 {
            assert_eq!(meter.load_profile().get(index), Some(row(index)));
        }
        assert_eq!(meter.logbook().newest(), 3);
    }
}
