//! Whether time goes on evenly from row to row. Only edges are told, so that a row causes two events at most.

use chrono::{DateTime, Utc};

use super::checkpoint::Checkpoint;
use super::event::{Event, Events};
use super::target::Order;

/// The rows' clock as far as it was followed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Continuity {
    /// Seconds between two rows; 0 where rows come at no fixed interval.
    pub(super) interval: i64,
    previous: Option<Checkpoint>,
    unset: bool,
}

impl Continuity {
    pub(super) const fn new(interval: i64) -> Self {
        Self { interval, previous: None, unset: false }
    }

    /// Goes on from a row that was told about earlier.
    pub(super) fn seed(&mut self, row: Checkpoint) {
        self.unset = !is_clock_set(row.timestamp);
        self.previous = Some(row);
    }

    /// Forgets all rows: those that follow are of another log.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.interval);
    }

    /// The row that was followed last.
    pub(super) const fn previous(&self) -> Option<Checkpoint> {
        self.previous
    }

    /// Compares a row with the one before it in the order of reading; `tells` what is found.
    pub(super) fn follow(&mut self, row: Checkpoint, order: Order, tells: bool, events: &mut Events) {
        let unset = !is_clock_set(row.timestamp);
        if !tells {
        } else if unset != self.unset {
            let index = row.index;
            events.push(if unset { Event::ClockUnset { index } } else { Event::ClockSet { index } });
        } else if !unset && let Some(previous) = self.previous {
            let (earlier, later) = match order {
                Order::Ascending => (previous, row),
                Order::Descending => (row, previous),
            };
            if let Some(event) = self.step(earlier, later) {
                events.push(event);
            }
        }
        self.unset = unset;
        self.previous = Some(row);
    }

    fn step(&self, earlier: Checkpoint, later: Checkpoint) -> Option<Event> {
        let (index, before, after) = (later.index, earlier.timestamp, later.timestamp);
        let seconds = after.timestamp().saturating_sub(before.timestamp());
        let are_neighbours = earlier.index.checked_add(1) == Some(index);
        if seconds < 0 {
            return Some(Event::ClockJump { index, before, after });
        }
        if self.interval == 0 || !are_neighbours || seconds == self.interval {
            return None;
        }
        Some(if seconds > self.interval {
            Event::TimeGap { index, before, after }
        } else {
            Event::ClockJump { index, before, after }
        })
    }
}

/// Whether a timestamp is of a clock that was set: clocks that never were count from 1970 or 2000.
pub(super) fn is_clock_set(time: DateTime<Utc>) -> bool {
    time.timestamp() >= YEAR_2010
}

/// 2010-01-01T00:00:00Z; the meter is younger.
const YEAR_2010: i64 = 1_262_304_000;
