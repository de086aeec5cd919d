//! The meter without its network: two logs that grow, and what can befall them as a whole.

use chrono::{DateTime, TimeDelta, Utc};
use emu_proto::{LoadProfileEntry, LogbookEntry};

use crate::household::Household;
use crate::records::{Record, Records};
use crate::ring::Ring;

/// The simulated meter's logs, and the household that fills them.
#[derive(Debug)]
pub(crate) struct Meter {
    household: Household,
    records: Records,
    /// The next row, made before its time has come, and the true time at which it is logged.
    next: Option<(DateTime<Utc>, Record)>,
    load_profile: Ring<LoadProfileEntry>,
    logbook: Ring<LogbookEntry>,
    depth: usize,
}

impl Meter {
    /// Makes a meter that has logged `rows` rows and keeps the newest `depth` of them.
    pub(crate) fn new(household: Household, rows: u32, depth: usize) -> Self {
        let records = household.records();
        let logbook = Ring::new(household.logbook_depth);
        let load_profile = Ring::new(depth);
        let mut meter = Self { household, records, next: None, load_profile, logbook, depth };
        meter.prepare();
        meter.advance(rows);
        meter
    }

    pub(crate) fn load_profile(&self) -> &Ring<LoadProfileEntry> {
        &self.load_profile
    }

    pub(crate) fn logbook(&self) -> &Ring<LogbookEntry> {
        &self.logbook
    }

    /// Returns the true time of the newest row.
    pub(crate) fn true_time(&self) -> DateTime<Utc> {
        self.next.as_ref().map_or(self.records.true_time(), |(due, _)| *due - TimeDelta::minutes(15))
    }

    /// Logs this many rows and returns how many were logged: fewer only where the index has come to its end.
    pub(crate) fn advance(&mut self, rows: u32) -> u32 {
        (0..rows).take_while(|_| self.log()).count() as u32
    }

    /// Logs the rows whose time has come, but no more than `most` of them.
    pub(crate) fn advance_until(&mut self, now: DateTime<Utc>, most: u32) {
        for _ in 0..most {
            if self.next.as_ref().is_none_or(|(due, _)| *due > now) || !self.log() {
                return;
            }
        }
    }

    /// Clears both logs and starts their indices again at 1, then logs `rows` rows.
    pub(crate) fn restart(&mut self, rows: u32) {
        self.load_profile.clear();
        self.logbook.clear();
        self.records.restart_indices();
        // The row that is waiting was numbered before.
        self.prepare();
        self.advance(rows);
    }

    /// Puts another meter in this one's place: another serial number, other registers, an index that stands elsewhere,
    /// and as many rows up to the same time.
    pub(crate) fn swap(&mut self, seed: u64) {
        let rows = u32::try_from(self.load_profile.iter().count()).unwrap_or(u32::MAX);
        let first_index =
            self.household.first_index.checked_add(19_751).filter(|first| first.checked_add(rows).is_some());
        let household = self.household.replaced_by(seed).first_index(first_index.unwrap_or(1));
        let household = household.ending_at(self.true_time(), rows);
        *self = Self::new(household, rows, self.depth);
    }

    /// Logs the next row, if there is one.
    fn log(&mut self) -> bool {
        let Some((_, record)) = self.next.take() else { return false };
        self.load_profile.push(record.entry);
        record.changes.into_iter().for_each(|change| self.logbook.push(change));
        self.prepare();
        true
    }

    fn prepare(&mut self) {
        self.next = self.records.next().map(|record| (self.records.true_time(), record));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_when_their_time_has_come() {
        let mut meter = Meter::new(Household::new(1).quiet(), 96, 1_000);
        let newest = |meter: &Meter| meter.load_profile.newest().unwrap().index;
        let start = meter.true_time();
        meter.advance_until(start + TimeDelta::seconds(899), 10);
        assert_eq!(newest(&meter), 96);
        meter.advance_until(start + TimeDelta::minutes(30), 10);
        assert_eq!(newest(&meter), 98);
        meter.advance_until(start + TimeDelta::days(30), 10);
        assert_eq!(newest(&meter), 108);
    }

    #[test]
    fn a_swapped_meter_is_another_one_up_to_the_same_time() {
        let mut meter = Meter::new(Household::new(1).quiet(), 500, 200);
        let before = *meter.load_profile.newest().unwrap();
        meter.swap(2);
        let after = *meter.load_profile.newest().unwrap();
        assert_eq!(after.timestamp, before.timestamp);
        assert_ne!(after.serial_number, before.serial_number);
        assert_ne!(after.active_energy_import_l123_t1, before.active_energy_import_l123_t1);
        assert_eq!(meter.load_profile.iter().count(), 200);
        assert_eq!(meter.load_profile.iter().next().unwrap().index, 19_752);
    }

    #[test]
    fn a_restart_clears_the_logs_and_goes_on_with_the_registers() {
        let mut meter = Meter::new(Household::new(1), 5_000, 200);
        let before = *meter.load_profile.newest().unwrap();
        meter.restart(3);
        let indices: Vec<u32> = meter.load_profile.iter().map(|row| row.index).collect();
        assert_eq!(indices, [1, 2, 3]);
        let after = meter.load_profile.newest().unwrap();
        assert!(after.active_energy_import_l123_t2 >= before.active_energy_import_l123_t2);
        assert_eq!(after.serial_number, before.serial_number);
    }

    #[test]
    fn the_last_index_is_the_end() {
        let mut meter = Meter::new(Household::new(1).first_index(u32::MAX - 4), 3, 10);
        assert_eq!(meter.advance(10), 2);
        assert_eq!(meter.load_profile.newest().unwrap().index, u32::MAX);
        meter.restart(2);
        assert_eq!(meter.load_profile.newest().unwrap().index, 2);
    }
}
