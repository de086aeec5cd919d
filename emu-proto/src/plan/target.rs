//! What is to be read, and in which order.

use core::ops::{Bound, RangeBounds};

use chrono::{DateTime, TimeDelta, Utc};

use super::checkpoint::Checkpoint;

/// In which order rows are read and delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Order {
    /// Oldest row first, with rising indices.
    #[default]
    Ascending,
    /// Newest row first, with falling indices.
    Descending,
}

impl Order {
    /// The index that comes next; `None` at the end of the numbers.
    pub(super) const fn after(self, index: u32) -> Option<u32> {
        match self {
            Self::Ascending => index.checked_add(1),
            Self::Descending => index.checked_sub(1),
        }
    }

    /// The index that came last; `None` at the end of the numbers.
    pub(super) const fn before(self, index: u32) -> Option<u32> {
        match self {
            Self::Ascending => index.checked_sub(1),
            Self::Descending => index.checked_add(1),
        }
    }

    /// The index so many places further, but not beyond `last`.
    pub(super) const fn further(self, index: u32, places: u32, last: u32) -> u32 {
        let far = match self {
            Self::Ascending => index.saturating_add(places),
            Self::Descending => index.saturating_sub(places),
        };
        if self.is_before(last, far) { last } else { far }
    }

    /// Whether `a` comes before `b`.
    pub(super) const fn is_before(self, a: u32, b: u32) -> bool {
        match self {
            Self::Ascending => a < b,
            Self::Descending => a > b,
        }
    }
}

/// Which rows, by index.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// All that the log holds.
    Everything,
    /// So many of the newest.
    Last(u32),
    /// An inclusive range.
    Indices { low: u32, high: u32 },
    /// All after this row.
    Since(Checkpoint),
}

/// Which rows, by time; both ends are inclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) until: Option<DateTime<Utc>>,
}

impl Times {
    pub(super) const ALWAYS: Self = Self { since: None, until: None };

    /// Makes both ends inclusive; an end beyond what the calendar holds is open.
    pub(super) fn new(range: &impl RangeBounds<DateTime<Utc>>) -> Self {
        let since = match range.start_bound() {
            Bound::Included(time) => Some(*time),
            Bound::Excluded(time) => Some(just_after(*time).unwrap_or(DateTime::<Utc>::MAX_UTC)),
            Bound::Unbounded => None,
        };
        let until = match range.end_bound() {
            Bound::Included(time) => Some(*time),
            Bound::Excluded(time) => {
                Some(time.checked_sub_signed(TimeDelta::nanoseconds(1)).unwrap_or(DateTime::<Utc>::MIN_UTC))
            }
            Bound::Unbounded => None,
        };
        Self { since, until }
    }

    pub(super) fn contain(&self, time: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time <= until)
    }
}

/// The next point in time.
pub(super) fn just_after(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    time.checked_add_signed(TimeDelta::nanoseconds(1))
}
