//! What was read: counted and summed.

use core::fmt;

use emu_proto::{Event, LoadProfileEntry};

/// Sums over rows, modulo 2^64. With the number of rows they show whether a read-out is the same as another one, in whatever
/// order and however often interrupted it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many rows.
    pub rows: u64,
    /// The index of the first row that was delivered.
    pub first: Option<u32>,
    /// The index of the last one.
    pub last: Option<u32>,
    /// The sum of the indices.
    pub index: u64,
    /// The sums of the eight energy registers, in the order of the columns, in Wh and varh.
    pub energies: [i64; 8],
    /// The sum of the active power of all phases, in W.
    pub active_power: i64,
}

impl Totals {
    /// Adds a row.
    pub fn add(&mut self, row: &LoadProfileEntry) {
        self.rows = self.rows.wrapping_add(1);
        self.first = self.first.or(Some(row.index));
        self.last = Some(row.index);
        self.index = self.index.wrapping_add(row.index.into());
        let registers = [
            row.active_energy_import_l123_t1.get(),
            row.active_energy_import_l123_t2.get(),
            row.active_energy_export_l123_t1.get(),
            row.active_energy_export_l123_t2.get(),
            row.reactive_energy_import_l123_t1.get(),
            row.reactive_energy_import_l123_t2.get(),
            row.reactive_energy_export_l123_t1.get(),
            row.reactive_energy_export_l123_t2.get(),
        ];
        for (sum, register) in self.energies.iter_mut().zip(registers) {
            *sum = sum.wrapping_add(register);
        }
        self.active_power = self.active_power.wrapping_add(row.active_power_l123.get().into());
    }
}

/// Prints `rows=2 first=7 last=8 index=15 energies=1,2,3,4,5,6,7,8 power=-9`.
impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows={}", self.rows)?;
        if let (Some(first), Some(last)) = (self.first, self.last) {
            write!(f, " first={first} last={last}")?;
        }
        write!(f, " index={} energies=", self.index)?;
        for (number, sum) in self.energies.iter().enumerate() {
            write!(f, "{}{sum}", if number == 0 { "" } else { "," })?;
        }
        write!(f, " power={}", self.active_power)
    }
}

/// What happened on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests that were sent.
    pub requests: u32,
    /// Answers that broke off, or did not come.
    pub broken: u32,
    /// Lines that could not be read; the same row may be read when it is asked for again.
    pub bad_lines: u32,
    /// Places where rows are missing, for whatever reason.
    pub gaps: u32,
    /// How many rows are missing there.
    pub missing: u64,
    /// How many of these were sent, and could never be read.
    pub unreadable: u64,
    /// Everything else that the plan tells: clocks that were set, rows that came twice, another meter.
    pub other_events: u32,
}

impl Counts {
    /// Counts what a plan tells.
    pub fn add(&mut self, event: &Event) {
        let Some(indices) = event.undelivered() else {
            self.other_events = self.other_events.saturating_add(1);
            return;
        };
        let rows = u64::from(indices.end().abs_diff(*indices.start())).saturating_add(1);
        self.gaps = self.gaps.saturating_add(1);
        self.missing = self.missing.saturating_add(rows);
        if matches!(event, Event::Unreadable { .. }) {
            self.unreadable = self.unreadable.saturating_add(rows);
        }
    }
}

/// Prints `requests=9 broken=1 bad_lines=3 gaps=2 missing=4 unreadable=1 other_events=0`.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "requests={} broken={} bad_lines={}", self.requests, self.broken, self.bad_lines)?;
        write!(f, " gaps={} missing={} unreadable={}", self.gaps, self.missing, self.unreadable)?;
        write!(f, " other_events={}", self.other_events)
    }
}
