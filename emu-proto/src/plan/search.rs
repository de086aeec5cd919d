//! Finding a bound: the smallest index whose row is there and, if a time is given, is no older than that.
//!
//! Bisection over single rows. In a ring the rows that are there are one stretch, and time rises along it, so that one
//! edge is to be found. A row that is missing within the stretch would mislead: therefore the block of rows below an edge
//! that was found by absence is read as well, and if something is there, the search goes on below.
//!
//! A row whose clock was not set is as old as the next row above it whose clock was.

use chrono::{DateTime, Utc};

use super::Verdict;
use super::checkpoint::Checkpoint;
use super::continuity::is_clock_set;

/// A search under way. Everything at `hi` and above fulfils the condition; nothing below `lo` is known to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search {
    bound: Bound,
    /// No index below this one is of interest.
    floor: u32,
    lo: u32,
    hi: u32,
    /// The row at `hi`, if it was read.
    row: Option<Checkpoint>,
    /// Whether the row at `hi` is known to fulfil the condition; else it is asked for last.
    is_proven: bool,
    /// Whether the row below `lo` is not there; else it is too old, or there is none.
    is_absent: bool,
    step: Step,
    rounds: u8,
    tries: u8,
    /// Whether an answer that would end the search was empty once; that is believed the second time.
    is_doubted: bool,
    /// The row that the answer under way has brought.
    found: Option<Checkpoint>,
}

/// The condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// The row's time; `None` if it need only be there.
    pub(super) time: Option<DateTime<Utc>>,
    /// What holds for rows whose time cannot be known.
    pub(super) unknown: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The row in the middle.
    Probe,
    /// The rows from the middle upwards, for one whose clock was set.
    Wide,
    /// The block below the edge.
    Walk,
}

/// What an answer has brought.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// Nothing; the same is to be asked again.
    Nothing,
    /// A step further.
    Closer,
    /// The smallest index.
    Found {
        index: u32,
        /// The row there or above, if it was read.
        row: Option<Checkpoint>,
        /// Whether a block below it was looked through, or there is none.
        is_edge: bool,
    },
    /// No row fulfils the condition.
    Nowhere,
}

/// An edge in a log with many holes is looked for so many times; each round takes 33 requests at most.
const ROUNDS: u8 = 64;

/// So many times a row is asked for that cannot be read.
pub(super) const TRIES: u8 = 3;

impl Search {
    /// Starts a search from `floor` to `hi`. `row` is the one at `hi` if it is known to fulfil the condition.
    pub(super) const fn new(bound: Bound, floor: u32, hi: u32, row: Option<Checkpoint>) -> Self {
        Self {
            bound,
            floor,
            lo: floor,
            hi,
            row,
            is_proven: row.is_some(),
            is_absent: false,
            step: Step::Probe,
            rounds: 0,
            tries: 0,
            is_doubted: false,
            found: None,
        }
    }

    /// Returns the bound if nothing needs to be asked.
    pub(super) const fn at_once(&self) -> Option<Outcome> {
        if self.is_proven && self.lo >= self.hi {
            Some(Outcome::Found { index: self.hi, row: self.row, is_edge: true })
        } else {
            None
        }
    }

    /// Returns the lowest and the highest index to be asked for.
    pub(super) fn ask(&mut self, limit: u32) -> (u32, u32) {
        self.found = None;
        match self.step {
            Step::Probe => (self.middle(), self.middle()),
            Step::Wide => (self.middle(), self.middle().saturating_add(limit.saturating_sub(1)).min(self.hi)),
            Step::Walk => (self.walk_start(limit), self.hi.saturating_sub(1)),
        }
    }

    pub(super) fn handle_row(&mut self, row: Checkpoint) -> Verdict {
        if self.found.is_some() {
            return Verdict::Abandon;
        }
        let is_wanted = match self.step {
            Step::Probe => true,
            Step::Wide => is_clock_set(row.timestamp),
            Step::Walk => self.holds(row).unwrap_or(self.bound.unknown),
        };
        if !is_wanted {
            return Verdict::Discard;
        }
        self.found = Some(row);
        if self.step == Step::Probe { Verdict::Discard } else { Verdict::Abandon }
    }

    /// Takes the end of an answer, with the number of lines that could not be read.
    pub(super) fn handle_end(&mut self, is_complete: bool, bad_lines: u32, limit: u32) -> Outcome {
        let found = self.found.take();
        if found.is_none() && !is_complete {
            return Outcome::Nothing;
        }
        if found.is_none() && bad_lines > 0 {
            self.tries = self.tries.saturating_add(1);
            if self.tries < TRIES {
                return Outcome::Nothing;
            }
        }
        self.tries = 0;
        let is_final = self.step == Step::Walk || self.middle() >= self.hi;
        if found.is_none() && bad_lines == 0 && is_final && !core::mem::replace(&mut self.is_doubted, true) {
            return Outcome::Closer;
        }
        self.is_doubted = false;
        match self.step {
            Step::Probe => self.probed(found, bad_lines > 0),
            Step::Wide => {
                self.step = Step::Probe;
                // Where no clock was set up to `hi`, what holds there holds here.
                let reaches_hi = self.hi.saturating_sub(self.middle()) < limit;
                let unknown = reaches_hi || self.bound.unknown;
                let holds = found.and_then(|row| self.holds(row)).unwrap_or(unknown);
                self.settle(holds, false, None)
            }
            Step::Walk => self.walked(found, bad_lines > 0, limit),
        }
    }

    fn probed(&mut self, found: Option<Checkpoint>, is_unreadable: bool) -> Outcome {
        match found.map(|row| self.holds(row)) {
            Some(Some(holds)) => self.settle(holds, false, found),
            None if !is_unreadable => self.settle(false, true, None),
            None if self.bound.time.is_none() => self.settle(true, false, None),
            Some(None) | None => {
                self.step = Step::Wide;
                Outcome::Closer
            }
        }
    }

    /// Takes the answer for the row in the middle.
    fn settle(&mut self, holds: bool, is_absent: bool, row: Option<Checkpoint>) -> Outcome {
        let middle = self.middle();
        if holds {
            (self.hi, self.row, self.is_proven) = (middle, row, true);
        } else if middle >= self.hi {
            return Outcome::Nowhere;
        } else {
            (self.lo, self.is_absent) = (middle.saturating_add(1), is_absent);
        }
        if self.lo < self.hi || !self.is_proven {
            Outcome::Closer
        } else if self.is_absent && self.hi > self.floor {
            self.step = Step::Walk;
            Outcome::Closer
        } else {
            Outcome::Found { index: self.hi, row: self.row, is_edge: self.hi == self.floor }
        }
    }

    fn walked(&mut self, found: Option<Checkpoint>, is_unreadable: bool, limit: u32) -> Outcome {
        let Some(row) = found else {
            // Lines that cannot be read are rows nevertheless, and may be what is looked for.
            let index = if is_unreadable && self.bound.unknown { self.walk_start(limit) } else { self.hi };
            return Outcome::Found { index, row: self.row, is_edge: true };
        };
        (self.lo, self.hi, self.row, self.step) = (self.floor, row.index, Some(row), Step::Probe);
        self.is_absent = false;
        self.rounds = self.rounds.saturating_add(1);
        if self.lo < self.hi && self.rounds < ROUNDS {
            Outcome::Closer
        } else {
            Outcome::Found { index: self.hi, row: self.row, is_edge: true }
        }
    }

    /// Whether the row fulfils the condition; `None` if its clock was not set.
    fn holds(&self, row: Checkpoint) -> Option<bool> {
        match self.bound.time {
            None => Some(true),
            Some(time) => is_clock_set(row.timestamp).then_some(row.timestamp >= time),
        }
    }

    const fn middle(&self) -> u32 {
        u32::midpoint(self.lo, self.hi)
    }

    fn walk_start(&self, limit: u32) -> u32 {
        self.hi.saturating_sub(limit).max(self.floor)
    }
}
