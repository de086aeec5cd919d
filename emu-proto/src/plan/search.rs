//! Finding a bound: the smallest index whose row is there or, if a time is given, whose row is no older than that.
//!
//! Bisection over single rows. In a ring the rows that are there are one stretch, so that one edge is to be found. A row
//! that is missing within the stretch would mislead: therefore the block of rows below the edge is read as well, and if
//! something is there, the search goes on below.
//!
//! A time is looked for between two rows that are there. That it rises along the log is a hint and no more: where the rows
//! that were looked at contradict it ([`Clock`]), the search ends with [`Outcome::Untrusted`]. A row that is missing, or
//! whose clock was not set, is as old as the next row above it whose clock was.

use super::Verdict;
use super::checkpoint::Checkpoint;
use super::continuity::is_clock_set;
use super::target::Moment;
use crate::request::Log;

/// A search under way. What is at `hi` fulfils the condition; nothing below `lo` is known to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search {
    /// The row's time; `None` if it need only be there.
    time: Option<Moment>,
    /// No index below this one is of interest.
    floor: u32,
    lo: u32,
    hi: u32,
    /// The row at `hi`, if it was read; of a time, the row there or above.
    row: Option<Checkpoint>,
    clock: Clock,
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
    /// The clock was not steady: time says nothing about places.
    Untrusted,
}

/// What the rows that were looked at say of the clock, each by how far it is ahead of its place: its time less what the
/// rows up to its index take. Power failures let that grow along the log; where it shrinks, the clock was set back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    interval: u32,
    /// So many intervals it may shrink: what rows that are looked at around a bound make up for.
    slack: u32,
    /// The largest of the rows below `lo`, and the smallest of those from `hi` on.
    most_below: i64,
    least_above: i64,
    /// That of the row below `lo`.
    last_below: i64,
}

impl Clock {
    const NOTHING: Self =
        Self { interval: 0, slack: 0, most_below: i64::MIN, least_above: i64::MAX, last_below: i64::MIN };

    /// Starts from the oldest and the newest row.
    pub(super) fn new(log: Log, interval: i64, oldest: Option<Checkpoint>, newest: Checkpoint) -> Self {
        let mut clock =
            Self { interval: u32::try_from(interval).unwrap_or(u32::MAX), slack: log.limit(), ..Self::NOTHING };
        clock.most_below = oldest.and_then(|oldest| clock.lead(oldest)).unwrap_or(i64::MIN);
        clock.least_above = clock.lead(newest).unwrap_or(i64::MAX);
        clock
    }

    /// How far the row is ahead of its place; `None` if its clock was not set.
    fn lead(&self, row: Checkpoint) -> Option<i64> {
        let due = i64::from(self.interval).saturating_mul(i64::from(row.index));
        is_clock_set(row.timestamp).then(|| row.timestamp.timestamp().saturating_sub(due))
    }

    /// Takes a row, which becomes the lowest one above the bound or the highest one below it.
    fn note(&mut self, row: Checkpoint, is_above: bool) {
        let Some(lead) = self.lead(row) else { return };
        if is_above {
            self.least_above = self.least_above.min(lead);
        } else {
            (self.most_below, self.last_below) = (self.most_below.max(lead), lead);
        }
    }

    /// Whether time went on with the rows, but for what may be made up for.
    pub(super) fn is_steady(&self) -> bool {
        let slack = i64::from(self.interval).saturating_mul(i64::from(self.slack));
        self.most_below <= self.least_above.saturating_add(slack)
    }

    /// Whether it went on evenly from the row below the bound to the one at it: else a spell of another clock may begin or
    /// end between them.
    fn is_even_up_to(&self, above: Option<Checkpoint>) -> bool {
        let lead = above.and_then(|row| self.lead(row));
        lead.is_some_and(|lead| lead.abs_diff(self.last_below) < u64::from(self.interval))
    }
}

/// An edge in a log with many holes is looked for so many times, each of which goes down by a block at least: enough for
/// all that a ring of three years holds. The first takes 32 halvings at most, the others fewer.
const ROUNDS: u8 = 64;

/// So many times a row is asked for that cannot be read.
pub(super) const TRIES: u8 = 3;

impl Search {
    /// Looks for a row that is there, from `floor` to `hi`. `row` is the one at `hi` if it is known to be there.
    pub(super) const fn new(floor: u32, hi: u32, row: Option<Checkpoint>) -> Self {
        Self {
            time: None,
            floor,
            lo: floor,
            hi,
            row,
            clock: Clock::NOTHING,
            is_proven: row.is_some(),
            is_absent: false,
            step: Step::Probe,
            rounds: 0,
            tries: 0,
            is_doubted: false,
            found: None,
        }
    }

    /// Looks for any row in the block below this index.
    pub(super) const fn below(index: u32) -> Self {
        // One block is all, whatever it holds.
        Self { is_proven: true, step: Step::Walk, rounds: ROUNDS, ..Self::new(0, index, None) }
    }

    /// Looks for a time, from the oldest row at `floor` to `newest`, which is no older.
    pub(super) const fn by_time(time: Moment, floor: u32, newest: Checkpoint, clock: Clock) -> Self {
        Self { time: Some(time), clock, ..Self::new(floor, newest.index, Some(newest)) }
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
            Step::Walk => true,
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
                // Where no clock was set up to `hi`, the row there or above is the next one.
                let reaches_hi = self.hi.saturating_sub(self.middle()) < limit;
                let next = found.or(self.row.filter(|_| reaches_hi));
                match next.map(|row| (row, self.holds(row))) {
                    Some((row, Some(holds))) => self.settle_time(row, holds),
                    // No clock was set for a whole block.
                    _ => Outcome::Untrusted,
                }
            }
            Step::Walk => self.walked(found, bad_lines > 0, limit),
        }
    }

    fn probed(&mut self, found: Option<Checkpoint>, is_unreadable: bool) -> Outcome {
        let is_by_time = self.time.is_some();
        match (found, found.and_then(|row| self.holds(row))) {
            (Some(row), Some(holds)) if is_by_time => self.settle_time(row, holds),
            _ if is_by_time => {
                self.step = Step::Wide;
                Outcome::Closer
            }
            (Some(_), _) => self.settle(true, false, found),
            (None, _) => self.settle(is_unreadable, !is_unreadable, None),
        }
    }

    /// Takes the row in the middle, or in its lieu the next one above whose clock was set.
    fn settle_time(&mut self, row: Checkpoint, holds: bool) -> Outcome {
        self.clock.note(row, holds);
        if !self.clock.is_steady() {
            return Outcome::Untrusted;
        }
        let outcome = self.settle(holds, false, Some(row));
        let is_found = matches!(outcome, Outcome::Found { is_edge: false, .. });
        if is_found && !self.clock.is_even_up_to(self.row) { Outcome::Untrusted } else { outcome }
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
            let index = if is_unreadable { self.walk_start(limit) } else { self.hi };
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
        match self.time {
            None => Some(true),
            Some(time) => is_clock_set(row.timestamp).then_some(Moment::of(row.timestamp) >= time),
        }
    }

    const fn middle(&self) -> u32 {
        u32::midpoint(self.lo, self.hi)
    }

    fn walk_start(&self, limit: u32) -> u32 {
        self.hi.saturating_sub(limit).max(self.floor)
    }
}
