//! A model meter: a ring of rows, a clock, and what goes wrong with both. All rows are made up.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use chrono::{DateTime, Utc};
use emu_proto::{
    DeciHertz, Entry, LoadProfileEntry, LogbookEntry, Milliseconds, Readout, SerialNumber, Status, read_row,
};

use crate::bytes::Bytes;

/// An entry that a model meter can log.
pub(super) trait ModelEntry: Entry + Eq + Hash {
    /// Returns a row from which others are made.
    fn example() -> Self;

    /// Makes a row of this one; `generation` tells rows apart that have all else in common.
    fn make(self, serial: u32, index: u32, seconds: i64, generation: u32) -> Self;

    /// Makes what a row becomes that is cut within its last number; another one for each number.
    fn cut(self, number: u16) -> Self;
}

impl ModelEntry for LoadProfileEntry {
    fn example() -> Self {
        read_row(EXAMPLE).expect("a row")
    }

    fn make(self, serial: u32, index: u32, seconds: i64, generation: u32) -> Self {
        let status = Status::from_bits_retain(generation);
        Self { timestamp: time(seconds), index, serial_number: serial_number(serial), status, ..self }
    }

    fn cut(self, number: u16) -> Self {
        Self { frequency: DeciHertz(number.cast_signed()), ..self }
    }
}

impl ModelEntry for LogbookEntry {
    fn example() -> Self {
        read_row(LOGBOOK_EXAMPLE).expect("a row")
    }

    fn make(self, serial: u32, index: u32, seconds: i64, generation: u32) -> Self {
        let serial_number = serial_number(serial);
        Self { timestamp: time(seconds), index, serial_number, load_profile_index: generation, ..self }
    }

    fn cut(self, number: u16) -> Self {
        Self { s0_pulse_width_before: Some(Milliseconds(u32::from(number))), ..self }
    }
}

const EXAMPLE: &[u8] = b"2021-05-20T10:30:00Z;2;2;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;\
                         2326;2320;2304;99;99;0;32767";

const LOGBOOK_EXAMPLE: &[u8] = b"2021-05-20T10:30:00Z;;1;12345678;100;0;0;0;7;100;5;5;5;100;;100;;1000;;120;999999";

/// 2026-01-01T00:00:00Z.
pub(super) const START: i64 = 1_767_225_600;

pub(super) const INTERVAL: i64 = 900;

pub(super) fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a time of the model")
}

fn serial_number(digits: u32) -> SerialNumber {
    SerialNumber::new(digits).expect("a serial number of the model")
}

/// The meter.
#[derive(Debug)]
pub(super) struct Meter<R> {
    pub(super) serial: u32,
    pub(super) ring: BTreeMap<u32, R>,
    /// Rows that are always sent in a form that cannot be read.
    pub(super) unreadable: BTreeSet<u32>,
    /// Rows that were sent so at least once.
    pub(super) was_bad: BTreeSet<u32>,
    /// How many places without rows there are, and whether one is wider than the log's limit.
    pub(super) holes: u32,
    pub(super) has_wide_hole: bool,
    /// Whether the clock was set while there were rows, or was not set at all for a while.
    pub(super) has_clock_jumped: bool,
    /// Whether the log became another one.
    pub(super) has_changed: bool,
    /// How many indices the ring reaches back.
    depth: u32,
    /// The next row's index; `None` after the last number.
    next: Option<u32>,
    clock: i64,
    is_clock_unset: bool,
    generation: u32,
    example: R,
}

impl<R: ModelEntry> Meter<R> {
    /// Makes a meter with the log that the bytes say.
    pub(super) fn new(bytes: &mut Bytes<'_>) -> Self {
        let first = match bytes.below(4) {
            0 => 0,
            1 => u32::from(bytes.byte()),
            2 => 4_000_000_000,
            // A few rows before the end of the numbers.
            _ => u32::MAX - u32::from(bytes.byte()),
        };
        let depth = match bytes.below(3) {
            0 => 200_000,
            1 => 5 + u32::from(bytes.byte()),
            _ => 30,
        };
        let mut meter = Self {
            serial: 12_345_678,
            ring: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            was_bad: BTreeSet::new(),
            holes: 0,
            has_wide_hole: false,
            has_clock_jumped: false,
            has_changed: false,
            depth,
            next: Some(first),
            clock: START,
            is_clock_unset: false,
            generation: 0,
            example: R::example(),
        };
        for _ in 0..bytes.below(10) {
            meter.happen(bytes);
        }
        meter
    }

    /// Something happens to the log.
    fn happen(&mut self, bytes: &mut Bytes<'_>) {
        let (what, count) = (bytes.below(16), u32::from(bytes.byte()));
        match what {
            0..=4 => self.log(count % 64),
            5 | 6 => self.skip(count % 8),
            7 => self.skip(R::LOG.limit() - 8 + count % 16),
            8 => self.skip(count * 1_000_003),
            // More rows than one answer holds, once.
            9 if self.ring.len() < 1000 => self.log(R::LOG.limit() - 4 + count % 8),
            10..=12 => self.set_clock(what == 12, count),
            13 | 14 => self.spoil(count),
            _ => self.log(1),
        }
    }

    /// The clock jumps, or loses its time, or gets it back.
    fn set_clock(&mut self, is_lost: bool, count: u32) {
        self.has_clock_jumped = true;
        self.is_clock_unset ^= is_lost;
        if !is_lost {
            self.clock += (i64::from(count) - 128) * 300;
        }
    }

    /// Logs so many rows.
    pub(super) fn log(&mut self, count: u32) {
        for _ in 0..count {
            let Some(index) = self.next else { return };
            self.clock += INTERVAL;
            self.next = index.checked_add(1);
            let seconds = if self.is_clock_unset { self.clock - START } else { self.clock };
            // A clock that was set back before 1970 is no matter of the plan's.
            self.ring.insert(index, self.example.make(self.serial, index, seconds.max(0), self.generation));
            let oldest = index.saturating_sub(self.depth - 1);
            while self.ring.first_key_value().is_some_and(|(index, _)| *index < oldest) {
                self.ring.pop_first();
            }
        }
    }

    /// Leaves so many indices without rows.
    fn skip(&mut self, count: u32) {
        let Some(after) = self.next.and_then(|next| next.checked_add(count)) else { return };
        self.next = Some(after);
        self.holes += 1;
        // Holes that follow each other are one.
        let width = self.newest().map_or(0, |newest| after - newest);
        self.has_wide_hole |= width >= R::LOG.limit();
    }

    /// A row of the ring can not be read any more.
    fn spoil(&mut self, place: u32) {
        if let Some((index, _)) = self.ring.iter().nth(place as usize) {
            self.unreadable.insert(*index);
        }
    }

    /// A meter of which no row can be read is the driver's to give up: this makes it readable.
    pub(super) fn repair(&mut self) {
        if self.ring.keys().all(|index| self.unreadable.contains(index)) {
            self.unreadable.clear();
        }
    }

    /// Clears the log and numbers rows from `first` on; another meter if `serial` is another.
    pub(super) fn restart(&mut self, serial: u32, first: u32, count: u32) {
        self.serial = serial;
        self.ring.clear();
        self.unreadable.clear();
        self.next = Some(first);
        self.clock += 17;
        self.generation += 1;
        self.has_changed = true;
        self.log(count);
    }

    pub(super) fn newest(&self) -> Option<u32> {
        self.ring.last_key_value().map(|(index, _)| *index)
    }

    /// Returns a row's index by its place in the ring, or one close behind the ring.
    pub(super) fn index_at(&self, place: u32) -> u32 {
        let behind = || self.newest().unwrap_or(0).saturating_add(place % 8);
        self.ring.keys().nth(place as usize).copied().unwrap_or_else(behind)
    }

    /// Returns the indices that the manual says are answered.
    pub(super) fn answer(&self, readout: Readout) -> Vec<u32> {
        let limit = R::LOG.limit();
        let range = |low: u32, high: u32| self.ring.range(low..=high).map(|(index, _)| *index);
        match readout {
            Readout::Newest => self.answer(Readout::Last(limit)),
            Readout::Last(count) => self.ring.keys().rev().copied().take(count.min(limit) as usize).collect(),
            Readout::Range { from, to } if from <= to => range(from, to).take(limit as usize).collect(),
            Readout::Range { from, to } => range(to, from).rev().take(limit as usize).collect(),
        }
    }
}
