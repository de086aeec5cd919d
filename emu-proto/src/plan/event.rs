//! What a read-out has to tell besides its rows, and the short queue that holds it until it is asked for.

use core::fmt;
use core::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use heapless::Deque;

use crate::serial::SerialNumber;

/// Something about the log, or about an answer, that is no row: rows that are missing, a meter that was swapped, a clock
/// that jumped.
///
/// Prints as a sentence for operators. Ranges of indices include both ends.
///
/// ```
/// use emu_proto::Event;
///
/// let event = Event::Overrun { first: 17, last: 20 };
/// assert_eq!(event.undelivered(), Some(17..=20));
/// assert_eq!(event.to_string(), "rows 17 to 20 are lost: overwritten by the meter before the read-out came there");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Event {
    /// The meter's log skips these indices: rows before and after them are there.
    ///
    /// At the lower end of rows that were asked for by index or by count, the block of rows below is looked through for one
    /// that is there.
    Gap {
        /// The lowest missing index.
        first: u32,
        /// The highest missing index.
        last: u32,
    },
    /// The meter sent these rows repeatedly in a way that could not be read.
    Unreadable {
        /// The lowest missing index.
        first: u32,
        /// The highest missing index.
        last: u32,
    },
    /// The ring has overtaken the read-out: these rows were there, and were overwritten before they were read.
    Overrun {
        /// The lowest missing index.
        first: u32,
        /// The highest missing index.
        last: u32,
    },
    /// These rows were asked for by index, and the log's oldest row is younger: no row below them is there. They were not
    /// known to be there when the read-out started.
    Absent {
        /// The lowest missing index.
        first: u32,
        /// The highest missing index.
        last: u32,
    },
    /// More of the last rows were asked for than the log goes back.
    Fewer {
        /// How many rows were asked for.
        asked: u32,
        /// How many indices there are from the log's oldest row to the newest one; those that are missing in between are told
        /// as [`Gap`](Self::Gap).
        held: u32,
    },
    /// These rows were asked for by index, and the log's newest row is older: they were not logged when the read-out started.
    ///
    /// Not told if the upper end is [`u32::MAX`], which asks for all rows from the lower end on.
    NotYet {
        /// The lowest missing index.
        first: u32,
        /// The highest missing index.
        last: u32,
    },
    /// These rows were still to be read when the log became another one, or when answers came in another order; see the
    /// event before.
    NotRead {
        /// The lowest index that was not read.
        first: u32,
        /// The highest index that was not read.
        last: u32,
    },
    /// The log numbers its rows anew, or was cleared. Rows of the earlier numbering that were not read are gone.
    IndexRestart {
        /// The highest index that was known of the earlier numbering.
        index: u32,
        /// The newest index now; `None` if the log is empty.
        newest: Option<u32>,
    },
    /// Another meter answers at this address.
    MeterSwapped {
        /// The serial number of the meter that was read before.
        old: SerialNumber,
        /// The serial number of the meter that answers now.
        new: SerialNumber,
        /// The index of the new meter's row that showed it.
        index: u32,
    },
    /// From this row on, in the order of reading, the log's rows carry another serial number, and still it is the same
    /// log: its newest row has not changed its serial number.
    SerialChanged {
        /// The row's index.
        index: u32,
        /// The serial number expected.
        before: SerialNumber,
        /// The serial number of the row.
        after: SerialNumber,
    },
    /// A row at a place that was already passed came again or out of order; it was discarded.
    Duplicate {
        /// The row's index.
        index: u32,
    },
    /// Answers come in another order than asked for, or in none: twice in a row, a row came after one that should follow it.
    /// The read-out ends; what is left is [`NotRead`](Self::NotRead).
    OutOfOrder {
        /// The index of the row that came too late.
        index: u32,
        /// The index of the row that came before it.
        after: u32,
    },
    /// An answer holds rows outside of the range that was asked for; they were discarded. Told once an answer.
    Unasked {
        /// The first such row's index.
        index: u32,
    },
    /// More time than one interval lies between two neighbouring rows: a power failure, or the clock was set forward.
    TimeGap {
        /// The index of the later row.
        index: u32,
        /// The timestamp of the row before.
        before: DateTime<Utc>,
        /// The timestamp of the row.
        after: DateTime<Utc>,
    },
    /// Less time than one interval lies between two neighbouring rows, or time went backwards from a row to a later one.
    ClockJump {
        /// The index of the later row.
        index: u32,
        /// The timestamp of the row before.
        before: DateTime<Utc>,
        /// The timestamp of the row.
        after: DateTime<Utc>,
    },
    /// From this row on, in the order of reading, the meter's clock was not set: timestamps are before 2010.
    ClockUnset {
        /// The row's index.
        index: u32,
    },
    /// From this row on, in the order of reading, the meter's clock was set again.
    ClockSet {
        /// The row's index.
        index: u32,
    },
    /// So many events were dropped, since those before them had not been asked for.
    Missed {
        /// How many events.
        count: u32,
    },
}

impl Event {
    /// Returns the indices that were asked for and that this event says were not delivered; `None` for an event that is
    /// not about missing rows, and for [`Fewer`](Self::Fewer), since rows that were asked for by count have no indices.
    #[must_use]
    pub const fn undelivered(&self) -> Option<RangeInclusive<u32>> {
        match *self {
            Self::Gap { first, last }
            | Self::Unreadable { first, last }
            | Self::Overrun { first, last }
            | Self::Absent { first, last }
            | Self::NotYet { first, last }
            | Self::NotRead { first, last } => Some(first..=last),
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Gap { first, last } => write!(f, "{} missing in the meter's log", Rows(first, last)),
            Self::Unreadable { first, last } => {
                write!(f, "{} lost: sent repeatedly, and never readable", Rows(first, last))
            }
            Self::Overrun { first, last } => {
                write!(f, "{} lost: overwritten by the meter before the read-out came there", Rows(first, last))
            }
            Self::Absent { first, last } => write!(f, "{} not in the meter's log (any more)", Rows(first, last)),
            Self::Fewer { asked, held } => {
                let (rows, were) = (if held == 1 { "row" } else { "rows" }, if asked == 1 { "was" } else { "were" });
                write!(f, "the log goes back {held} {rows}, and {asked} {were} asked for")
            }
            Self::NotYet { first, last } => write!(f, "{} not logged yet", Rows(first, last)),
            Self::NotRead { first, last } => {
                write!(f, "{} not read, for the reason told before", Rows(first, last))
            }
            Self::IndexRestart { index, newest: Some(newest) } => {
                write!(f, "the log numbers its rows anew: it had reached index {index}, and is now at {newest}")
            }
            Self::IndexRestart { index, newest: None } => {
                write!(f, "the log was cleared: it had reached index {index}, and is empty now")
            }
            Self::MeterSwapped { old, new, index } => {
                write!(f, "meter {new} answers in place of meter {old} (seen at index {index})")
            }
            Self::SerialChanged { index, before, after } => {
                write!(f, "from row {index} on, rows carry serial number {after} in place of {before}")
            }
            Self::Duplicate { index } => write!(f, "row {index} came again, and was discarded"),
            Self::OutOfOrder { index, after } => {
                write!(f, "answers come in another order than asked for: row {index} after row {after}")
            }
            Self::Unasked { index } => {
                write!(f, "the meter sent row {index}, which was not asked for; it was discarded")
            }
            Self::TimeGap { index, before, after } => {
                write!(f, "time without rows before row {index}: {}", Step(before, after))
            }
            Self::ClockJump { index, before, after } => {
                write!(f, "the clock jumped at row {index}: {}", Step(before, after))
            }
            Self::ClockUnset { index } => write!(f, "the meter's clock was not set from row {index} on"),
            Self::ClockSet { index } => write!(f, "the meter's clock was set again from row {index} on"),
            Self::Missed { count } => write!(f, "{count} more events were dropped"),
        }
    }
}

/// Prints "row 5 is" or "rows 5 to 7 are".
struct Rows(u32, u32);

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 { write!(f, "row {} is", self.0) } else { write!(f, "rows {} to {} are", self.0, self.1) }
    }
}

/// Prints two points in time and the seconds between them.
struct Step(DateTime<Utc>, DateTime<Utc>);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.1.timestamp().saturating_sub(self.0.timestamp());
        write!(f, "from {} to {}, {seconds} s", self.0, self.1)
    }
}

/// The events that were not asked for yet; the oldest are kept, and what does not fit is counted.
#[derive(Debug, Clone)]
pub(super) struct Events {
    queue: Deque<Event, CAPACITY>,
    missed: u32,
}

/// More than any single call can cause.
const CAPACITY: usize = 8;

impl Events {
    pub(super) const fn new() -> Self {
        Self { queue: Deque::new(), missed: 0 }
    }

    pub(super) fn push(&mut self, event: Event) {
        // Once something was dropped, later events are too, so that the count stands in its place.
        if self.missed > 0 || self.queue.push_back(event).is_err() {
            self.missed = self.missed.saturating_add(1);
        }
    }

    pub(super) fn poll(&mut self) -> Option<Event> {
        self.queue.pop_front().or_else(|| match core::mem::take(&mut self.missed) {
            0 => None,
            count => Some(Event::Missed { count }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_in_its_place() {
        let mut events = Events::new();
        for index in 0..11 {
            events.push(Event::Duplicate { index });
        }
        for index in 0..8 {
            assert_eq!(events.poll(), Some(Event::Duplicate { index }));
        }
        events.push(Event::Duplicate { index: 11 });
        assert_eq!(events.poll(), Some(Event::Missed { count: 4 }));
        assert_eq!(events.poll(), None);
        events.push(Event::Duplicate { index: 12 });
        assert_eq!(events.poll(), Some(Event::Duplicate { index: 12 }));
    }
}
