//! A site with a meter, described: what it is, who it is, where its log starts. Its rows follow from that.
//!
//! Everything is synthetic. No capture of a real meter is public, and none was used.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use emu_proto::{LoadProfileEntry, SerialNumber};

use crate::chance::{Purpose, chance};
use crate::event::{Event, Schedule};
use crate::load::QUARTERS_A_DAY;
use crate::records::Records;
use crate::site::Site;

/// A site with a meter, of which rows are made without any server.
///
/// The same description yields the same rows, byte for byte, on every machine. Two seeds make two households with
/// serial numbers, registers, weather and events of their own.
///
/// ```
/// use emu_simulator::Household;
///
/// let year: Vec<_> = Household::new(1).rows().take(35_040).collect();
/// assert_eq!(year[0].index, 1);
/// assert!(year.windows(2).all(|pair| pair[1].index == pair[0].index + 1));
/// ```
///
/// # What the rows say
///
/// - A row's time is the end of its interval of 15 minutes. Power, current, voltage, power factor and frequency are
///   means over that interval, and the registers grow by a quarter of the power: import by what is positive, export by
///   what is negative. (Whether a real meter prints means or momentary values is not known.)
/// - Of each phase, P = U · I · PF exactly, but for the rounding of P to 1 W. L123 is the sum of the phases. The
///   current N is the geometric sum.
/// - Exported power shows in a negative power factor, at [`Site::SolarPlant`] in a negative current.
/// - Tariff 1 is Monday to Friday from 06:00 to 22:00 by the meter's clock (UTC), tariff 2 the rest.
/// - Now and then, by lot: power failures, during which no rows are logged, settings of the clock by up to two
///   minutes, spells without time synchronisation, and once, in 2024 or 2025, another current transformer.
#[derive(Debug, Clone)]
pub struct Household {
    pub(crate) seed: u64,
    pub(crate) site: Site,
    pub(crate) serial_number: SerialNumber,
    pub(crate) first_index: u32,
    start: Start,
    pub(crate) logbook_depth: usize,
    pub(crate) wrapping: bool,
    pub(crate) quiet: bool,
    pub(crate) events: BTreeMap<u32, Vec<Event>>,
}

impl Household {
    /// The time of the newest row wherever none is given: 2026-01-01T00:00:00Z, so that rows do not depend on the day.
    pub const NEWEST: DateTime<Utc> = match DateTime::from_timestamp(1_767_225_600, 0) {
        Some(time) => time,
        None => DateTime::UNIX_EPOCH,
    };

    /// How many rows three years have, which is about what the meter keeps: 105,120.
    pub const THREE_YEARS: u32 = 105_120;

    /// Returns the household with this seed: a [`Site::HouseWithSun`] that started three years before
    /// [`NEWEST`](Self::NEWEST), with a serial number that follows from the seed, and index 1 first.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            site: Site::default(),
            serial_number: serial_number(seed),
            first_index: 1,
            start: Start::Ending { quarter: quarter_at_or_before(Self::NEWEST), rows: Self::THREE_YEARS },
            logbook_depth: 2_048,
            wrapping: false,
            quiet: false,
            events: BTreeMap::new(),
        }
    }

    /// Returns twelve different households: every kind of site, indices from 1 digit to 10, registers of all sizes.
    ///
    /// For benchmarks and for the seeds of fuzzing, which must not be tuned to one meter.
    pub fn dozen() -> impl Iterator<Item = Self> {
        const FIRST_INDICES: [u32; 4] = [1, 19_752, 4_000_000_000, 870_112];
        (0u64..12).zip(Site::ALL.into_iter().cycle()).map(|(number, site)| {
            let first_index = FIRST_INDICES[number as usize % FIRST_INDICES.len()];
            Self::new(100 + number).site(site).first_index(first_index)
        })
    }

    /// Sets the kind of site.
    #[must_use]
    pub fn site(mut self, site: Site) -> Self {
        self.site = site;
        self
    }

    /// Sets the serial number.
    #[must_use]
    pub fn serial_number(mut self, serial_number: SerialNumber) -> Self {
        self.serial_number = serial_number;
        self
    }

    /// Sets the index of the first row.
    #[must_use]
    pub fn first_index(mut self, index: u32) -> Self {
        self.first_index = index;
        self
    }

    /// Makes the rows start at the first full quarter hour at or after this time.
    #[must_use]
    pub fn starting_at(mut self, time: DateTime<Utc>) -> Self {
        let before = time.checked_sub_signed(TimeDelta::nanoseconds(1)).unwrap_or(time);
        self.start = Start::At(quarter_at_or_before(before).saturating_add(1));
        self
    }

    /// Makes the rows start so that the `rows`-th stands at the last full quarter hour at or before `newest`, or before
    /// the power failure at that time.
    ///
    /// Events that were put in by [`event`](Self::event) move the end, where they cost rows or set the clock.
    #[must_use]
    pub fn ending_at(mut self, newest: DateTime<Utc>, rows: u32) -> Self {
        self.start = Start::Ending { quarter: quarter_at_or_before(newest), rows };
        self
    }

    /// Makes something happen in the interval before the row with this index; may be called again for the same index.
    #[must_use]
    pub fn event(mut self, index: u32, event: Event) -> Self {
        self.events.entry(index).or_default().push(event);
        self
    }

    /// Makes nothing happen by lot.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Sets how many entries the logbook takes (2048); then it is full, and the status says so.
    ///
    /// That a full logbook takes no more, while the load profile goes round, is an assumption.
    #[must_use]
    pub fn logbook_depth(mut self, entries: usize) -> Self {
        self.logbook_depth = entries;
        self
    }

    /// Makes the registers start again from 0 at 2³² Wh, as they would if they had 32 bits.
    #[must_use]
    pub fn wrapping_registers(mut self) -> Self {
        self.wrapping = true;
        self
    }

    /// Returns the rows of the load profile, oldest first. They end only when the index does, at `u32::MAX`.
    pub fn rows(&self) -> impl Iterator<Item = LoadProfileEntry> + use<> {
        self.records().map(|record| record.entry)
    }

    /// Returns the rows of the load profile, each with the entries of the logbook that belong to it.
    #[must_use]
    pub fn records(&self) -> Records {
        Records::new(self)
    }

    /// Returns the same site with another meter and another seed, where nothing is put in as an event.
    pub(crate) fn replaced_by(&self, seed: u64) -> Self {
        let serial_number = match serial_number(seed) {
            same if same == self.serial_number => serial_number(seed.wrapping_add(1)),
            other => other,
        };
        Self { seed, serial_number, events: BTreeMap::new(), ..self.clone() }
    }

    /// Returns the quarter hour since 1970 whose row comes first, if there is no power failure.
    pub(crate) fn first_quarter(&self) -> i64 {
        let (mut quarter, mut left) = match self.start {
            Start::At(quarter) => return quarter,
            Start::Ending { quarter, rows } => (quarter, rows),
        };
        let schedule = Schedule::new(self.seed, self.quiet);
        while left > 0 {
            let (day, of_day) = split_day(quarter);
            let outage = schedule.outage(day);
            let rows = match outage {
                Some(outage) if outage.contains(&of_day) => 0,
                Some(_) => 1,
                // A day without a power failure has all its rows.
                None => u32::try_from(of_day + 1).unwrap_or(1).min(left),
            };
            left -= rows;
            quarter = quarter.saturating_sub(i64::from(rows.max(1)));
        }
        quarter.saturating_add(1)
    }
}

/// Where the rows of a household start.
#[derive(Debug, Clone, Copy)]
enum Start {
    /// At this quarter hour since 1970.
    At(i64),
    /// So that the last of so many rows stands at this quarter hour.
    Ending { quarter: i64, rows: u32 },
}

/// Splits a quarter hour since 1970 into the day and the interval of that day which it ends.
pub(crate) fn split_day(quarter: i64) -> (i64, i64) {
    let start = quarter.saturating_sub(1);
    (start.div_euclid(QUARTERS_A_DAY), start.rem_euclid(QUARTERS_A_DAY))
}

fn quarter_at_or_before(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(900)
}

/// A serial number of its own for each seed; some start with zeros.
fn serial_number(seed: u64) -> SerialNumber {
    let mut lots = chance(seed, Purpose::Identity, 0);
    let digits = lots.rand_range(0..30_000_000);
    SerialNumber::new(u32::try_from(digits).unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_row_stands_where_asked() {
        for (seed, rows) in [(1, 1), (2, 96), (3, 10_000), (4, 35_040)] {
            let newest = Household::new(seed).ending_at(Household::NEWEST, rows).rows().nth(rows as usize - 1).unwrap();
            assert_eq!(newest.timestamp, Household::NEWEST, "seed {seed}");
            assert_eq!(newest.index, rows);
        }
    }

    #[test]
    fn a_start_between_quarter_hours_is_moved_to_the_next() {
        for (start, first) in [(900, 900), (901, 1_800), (1_799, 1_800)] {
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let row = Household::new(1).quiet().starting_at(start).rows().next().unwrap();
            assert_eq!(row.timestamp.timestamp(), first);
        }
    }

    #[test]
    fn a_dozen_households_are_twelve_meters() {
        let serials: std::collections::BTreeSet<_> =
            Household::dozen().map(|household| household.rows().next().unwrap().serial_number).collect();
        assert_eq!(serials.len(), 12);
    }

    #[test]
    fn rows_end_with_the_last_index() {
        let household = Household::new(1).first_index(u32::MAX - 2);
        assert_eq!(household.rows().map(|row| row.index).last(), Some(u32::MAX));
        assert_eq!(household.rows().count(), 3);
    }
}
