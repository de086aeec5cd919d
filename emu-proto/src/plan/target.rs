//! What is to be read, and in which order.

use core::num::NonZeroU32;
use core::ops::{Bound, RangeBounds};

use chrono::{DateTime, Utc};

use super::checkpoint::Checkpoint;

/// In which order rows are read and delivered.
///
/// For an example, see [`ReadoutPlan`](crate::ReadoutPlan).
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
    pub(super) since: Option<Moment>,
    pub(super) until: Option<Moment>,
}

impl Times {
    pub(super) const ALWAYS: Self = Self { since: None, until: None };

    /// Makes both ends inclusive.
    pub(super) fn new(range: &impl RangeBounds<DateTime<Utc>>) -> Self {
        let since = match range.start_bound() {
            Bound::Included(time) => Some(Moment::of(*time)),
            Bound::Excluded(time) => Some(Moment::of(*time).after()),
            Bound::Unbounded => None,
        };
        let until = match range.end_bound() {
            Bound::Included(time) => Some(Moment::of(*time)),
            Bound::Excluded(time) => Some(Moment::of(*time).before()),
            Bound::Unbounded => None,
        };
        Self { since, until }
    }

    pub(super) fn contain(&self, time: DateTime<Utc>) -> bool {
        let moment = Moment::of(time);
        self.since.is_none_or(|since| since <= moment) && self.until.is_none_or(|until| moment <= until)
    }
}

/// A point in time, to be compared, and what comes right before and after it: without the ways of `chrono`, which divide 64
/// bits and may panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    /// Unix seconds, in halves: so it takes no more room than a time of `chrono`, an `Option` around it included.
    high: i32,
    low: u32,
    /// Nanoseconds from 1 on. What is more than a second comes after its end and before the next second.
    part: NonZeroU32,
}

impl Moment {
    pub(super) fn of(time: DateTime<Utc>) -> Self {
        Self {
            part: NonZeroU32::MIN.saturating_add(time.timestamp_subsec_nanos()),
            ..Self::of_seconds(time.timestamp())
        }
    }

    /// The next one.
    pub(super) const fn after(self) -> Self {
        Self { part: self.part.saturating_add(1), ..self }
    }

    /// The one before.
    const fn before(self) -> Self {
        if let Some(part) = NonZeroU32::new(self.part.get().wrapping_sub(1)) {
            return Self { part, ..self };
        }
        let seconds = ((self.high as i64) << 32) | self.low as i64;
        Self { part: NonZeroU32::MAX, ..Self::of_seconds(seconds.saturating_sub(1)) }
    }

    const fn of_seconds(seconds: i64) -> Self {
        Self { high: (seconds >> 32) as i32, low: seconds as u32, part: NonZeroU32::MIN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_order() {
        let times = [(i64::from(i32::MIN) - 5, 0), (-1, 999_999_999), (0, 0), (0, 1), (5, 0), (1 << 33, 0)];
        let moments =
            times.map(|(seconds, nanoseconds)| Moment::of(DateTime::from_timestamp(seconds, nanoseconds).unwrap()));
        assert!(moments.is_sorted());
        for pair in moments.windows(2) {
            assert!(pair[0] < pair[0].after() && pair[0].after() <= pair[1], "{pair:?}");
            assert!(pair[0] <= pair[1].before() && pair[1].before() < pair[1], "{pair:?}");
        }
        assert_eq!(size_of::<Option<Moment>>(), size_of::<Option<DateTime<Utc>>>());
    }
}
