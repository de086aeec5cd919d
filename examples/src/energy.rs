//! Energy by month and tariff, from the differences of registers.
//!
//! A meter counts in registers that only grow, so what was used between two rows is a difference, and rows that are
//! missing between them, for a power failure or otherwise, lose nothing. Three things must not be taken for energy: a
//! register that goes backwards and comes back, one that starts again from zero, and another meter's registers.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike, NaiveTime, Utc};
use emu_proto::{LoadProfileEntry, SerialNumber};

/// The active energy of some time, in Wh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registers {
    /// Imported, tariff 1.
    pub import_t1: i64,
    /// Imported, tariff 2.
    pub import_t2: i64,
    /// Exported, tariff 1.
    pub export_t1: i64,
    /// Exported, tariff 2.
    pub export_t2: i64,
}

impl Registers {
    /// Their names, in the order of [`values`](Self::values).
    pub const NAMES: [&str; 4] = ["import T1", "import T2", "export T1", "export T2"];

    /// Returns the four of them.
    #[must_use]
    pub const fn values(self) -> [i64; 4] {
        [self.import_t1, self.import_t2, self.export_t1, self.export_t2]
    }

    const fn of([import_t1, import_t2, export_t1, export_t2]: [i64; 4]) -> Self {
        Self { import_t1, import_t2, export_t1, export_t2 }
    }
}

/// Energy by month, of rows in ascending order.
///
/// The energy between two rows counts for the month in which that time began, UTC. So a row of midnight, the first of a
/// month, ends the month before. Rows whose clock was not set count for the month of the last row whose clock was.
#[derive(Debug, Clone, Default)]
pub struct Energy {
    months: BTreeMap<Month, [i64; 4]>,
    previous: Option<Previous>,
}

#[derive(Debug, Clone, Copy)]
struct Previous {
    serial_number: SerialNumber,
    month: Option<Month>,
    registers: [Register; 4],
}

impl Energy {
    /// Takes the next row, and tells each register that went backwards, which adds nothing.
    pub fn add(&mut self, row: &LoadProfileEntry, mut tell: impl FnMut(Backwards)) {
        let states = [
            row.active_energy_import_l123_t1.get(),
            row.active_energy_import_l123_t2.get(),
            // Older meters of the family print these as negative numbers.
            row.active_energy_export_l123_t1.get().saturating_abs(),
            row.active_energy_export_l123_t2.get().saturating_abs(),
        ];
        let next_month = Month::of(row.timestamp);
        let Some(previous) = self.previous.as_mut().filter(|previous| previous.serial_number == row.serial_number)
        else {
            // The first row, or another meter's: its registers are where to count from.
            let registers = states.map(Register::new);
            self.previous = Some(Previous { serial_number: row.serial_number, month: next_month, registers });
            return;
        };
        let mut gains = [0; 4];
        for (((gain, register), state), name) in
            gains.iter_mut().zip(&mut previous.registers).zip(states).zip(Registers::NAMES)
        {
            match register.follow(state) {
                Ok(more) => *gain = more,
                Err(from) => tell(Backwards { name, from, to: state }),
            }
        }
        if let Some(month) = previous.month.or(next_month) {
            let sums = self.months.entry(month).or_default();
            for (sum, gain) in sums.iter_mut().zip(gains) {
                *sum = sum.saturating_add(gain);
            }
        }
        previous.month = next_month.or(previous.month);
    }

    /// Returns what was counted in each month, in order.
    pub fn months(&self) -> impl Iterator<Item = (Month, Registers)> {
        self.months.iter().map(|(month, sums)| (*month, Registers::of(*sums)))
    }

    /// Returns what was counted in all.
    #[must_use]
    pub fn total(&self) -> Registers {
        let add = |total: [i64; 4], sums: &[i64; 4]| {
            let mut pairs = total.iter().zip(sums).map(|(total, sum)| total.saturating_add(*sum));
            [(); 4].map(|()| pairs.next().unwrap_or_default())
        };
        Registers::of(self.months.values().fold([0; 4], add))
    }
}

/// A register that went backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backwards {
    /// Which one, of [`Registers::NAMES`].
    pub name: &'static str,
    /// Its state before, in Wh.
    pub from: i64,
    /// Its state in the row, in Wh.
    pub to: i64,
}

impl fmt::Display for Backwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "register {} went backwards, from {} Wh to {} Wh; not counted", self.name, self.from, self.to)
    }
}

/// One register as far as it was followed.
#[derive(Debug, Clone, Copy)]
struct Register {
    state: i64,
    /// Where it stood before it went backwards, until it is known whether it comes back.
    before: Option<i64>,
}

impl Register {
    const fn new(state: i64) -> Self {
        Self { state, before: None }
    }

    /// Returns what was gained, or where it stood if it went backwards.
    ///
    /// A register that was read as 0 once, and then as before, has gained the difference to what it was before. One that
    /// goes on from 0 has started again.
    fn follow(&mut self, state: i64) -> Result<i64, i64> {
        let from = std::mem::replace(&mut self.state, state);
        if state < from {
            self.before = self.before.or(Some(from));
            return Err(from);
        }
        // While it stands still nothing is decided.
        if state == from {
            return Ok(0);
        }
        let base = self.before.take().filter(|before| state >= *before).unwrap_or(from);
        Ok(state.saturating_sub(base))
    }
}

/// A month, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i32,
    month: u32,
}

impl Month {
    /// Returns the month of this time, unless it is of a clock that was never set.
    fn of(time: DateTime<Utc>) -> Option<Self> {
        // The meter is younger.
        (time.year() >= 2010).then(|| Self { year: time.year(), month: time.month() })
    }

    /// Returns whether a month begins at this time.
    #[must_use]
    pub fn is_start(time: DateTime<Utc>) -> bool {
        time.day() == 1 && time.time() == NaiveTime::MIN
    }
}

impl fmt::Display for Month {
    /// Prints `2025-01`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// Prints Wh in kWh, by integers: `12.345`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KilowattHours(
    /// The energy in Wh.
    pub i64,
);

impl fmt::Display for KilowattHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let watt_hours = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:03}", watt_hours / 1_000, watt_hours % 1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use emu_proto::{WattHours, read_row};

    /// Rows every quarter hour, the last of them at midnight when January begins, with these states of import T1.
    fn rows(states: &[i64]) -> Vec<LoadProfileEntry> {
        let row = b"2025-01-01T00:00:00Z;2;0;12345678;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;500";
        let last: LoadProfileEntry = read_row(row).unwrap();
        let times = (0..states.len() as i32).rev().map(|before| last.timestamp - TimeDelta::minutes(15) * before);
        let rows = states.iter().zip(times);
        let rows = rows.map(|(state, timestamp)| LoadProfileEntry {
            timestamp,
            active_energy_import_l123_t1: WattHours(*state),
            ..last
        });
        rows.collect()
    }

    /// The months with their sums, and how often a register went backwards.
    fn count(rows: &[LoadProfileEntry]) -> (Vec<(String, i64)>, usize) {
        let (mut energy, mut told) = (Energy::default(), 0);
        for row in rows {
            energy.add(row, |_| told += 1);
        }
        (energy.months().map(|(month, sums)| (month.to_string(), sums.import_t1)).collect(), told)
    }

    fn sum(states: &[i64]) -> (i64, usize) {
        let (months, told) = count(&rows(states));
        (months.iter().map(|(_, sum)| sum).sum(), told)
    }

    #[test]
    fn a_row_of_midnight_ends_the_month_before() {
        let mut rows = rows(&[100, 110, 130]);
        assert_eq!(count(&rows).0, [("2024-12".to_owned(), 30)]);
        let next = LoadProfileEntry {
            timestamp: rows[2].timestamp + TimeDelta::days(40),
            active_energy_import_l123_t1: WattHours(1_130),
            ..rows[2]
        };
        rows.push(next);
        // The time without rows began in January.
        assert_eq!(count(&rows).0, [("2024-12".to_owned(), 30), ("2025-01".to_owned(), 1_000)]);
    }

    #[test]
    fn what_goes_backwards_is_told_and_not_counted() {
        // Read as 0 once or for some time, and then as before: no spike.
        assert_eq!(sum(&[100_000, 0, 100_010]), (10, 1));
        assert_eq!(sum(&[100_000, 0, 0, 100_010, 100_020]), (20, 1));
        // Started again: what follows counts from there, even when it comes to where it was.
        assert_eq!(sum(&[100, 0, 10, 20]), (20, 1));
        assert_eq!(sum(&[100, 0, 60, 120]), (120, 1));
        assert_eq!(sum(&[4_294_967_290, 4, 14]), (10, 1));
        assert_eq!(sum(&[100, 50, 20, 30]), (10, 2));
    }

    #[test]
    fn another_meter_s_registers_are_no_energy() {
        let mut rows = rows(&[100, 110, 999_999]);
        rows[2].serial_number = SerialNumber::MAX;
        assert_eq!(count(&rows), (vec![("2024-12".to_owned(), 10)], 0));
    }

    #[test]
    fn rows_of_a_lost_clock_count_for_the_month_before() {
        let mut rows = rows(&[100, 110, 130]);
        rows[1].timestamp = DateTime::UNIX_EPOCH;
        assert_eq!(count(&rows).0, [("2024-12".to_owned(), 30)]);
    }

    #[test]
    fn negative_exports_are_counted_as_exports() {
        let mut rows = rows(&[0, 0]);
        rows[0].active_energy_export_l123_t2 = WattHours(-100);
        rows[1].active_energy_export_l123_t2 = WattHours(-130);
        let mut energy = Energy::default();
        rows.iter().for_each(|row| energy.add(row, |backwards| panic!("{backwards}")));
        assert_eq!(energy.total(), Registers { export_t2: 30, ..Registers::default() });
    }

    #[test]
    fn kilowatt_hours_are_padded_and_keep_their_zeros() {
        assert_eq!(format!("{:>9}", KilowattHours(12_045)), "   12.045");
        assert_eq!(KilowattHours(-7).to_string(), "-0.007");
    }
}
