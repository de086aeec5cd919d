//! Points in time, as the machines count them, and lengths of time in milliseconds.
//!
//! Inside, the machines reckon in whole milliseconds of 32 bits: a small microcontroller divides neither
//! 64 bits nor the 128 of a [`Duration`]'s nanoseconds.

use core::ops::{Add, Sub};
use core::time::Duration;

/// A point in time: milliseconds since some start that the caller chooses, such as the program's own.
///
/// Arithmetic stops at the ends: nothing is before the start, and nothing later than [`MAX`](Self::MAX). A machine keeps the
/// lower 32 bits, and may therefore be left alone for 24 days at most between two calls.
///
/// ```
/// use core::time::Duration;
/// use emu_smp::client::Instant;
///
/// let start = Instant::from_millis(1_000);
/// let later = start + Duration::from_millis(250);
/// assert_eq!(later - start, Duration::from_millis(250));
/// assert_eq!(start - later, Duration::ZERO);
/// assert_eq!(start + Duration::MAX, Instant::MAX);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u64);

impl Instant {
    /// The start.
    pub const START: Self = Self(0);
    /// The latest point in time there is.
    pub const MAX: Self = Self(u64::MAX);

    /// Returns the point so many milliseconds after the start.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns how many milliseconds after the start it is.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the point so much later. A part of a millisecond counts as a whole one, so that nothing is due too early.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        let seconds = duration.as_secs();
        if seconds > u64::MAX / 1000 {
            return Self::MAX;
        }
        let rest = duration.subsec_nanos().div_ceil(NANOS_PER_MILLI);
        Self(self.0.saturating_add(seconds.wrapping_mul(1000)).saturating_add(rest as u64))
    }

    /// Returns the time from an earlier point on; zero if it is a later one.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        duration(self.0.saturating_sub(earlier.0))
    }

    /// Returns the point as the machines keep it.
    pub(super) const fn moment(self) -> Moment {
        Moment(self.0 as u32)
    }

    /// Returns which point a moment near this one is.
    pub(super) const fn at(self, moment: Moment) -> Self {
        Self(self.0.wrapping_add_signed(moment.0.wrapping_sub(self.0 as u32).cast_signed() as i64))
    }
}

/// A point in time inside a machine: milliseconds, of which the lower 32 bits are kept. Which of two is the later one holds for
/// those that are less than 24 days apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(u32);

impl Moment {
    /// One that means nothing.
    pub(super) const NONE: Self = Self(0);

    /// Returns the point so many milliseconds later, of which there are not more than of the longest wait.
    pub(super) const fn after(self, millis: u32) -> Self {
        Self(self.0.wrapping_add(millis))
    }

    /// Whether that has come by now.
    pub(super) const fn has_reached(self, due: Self) -> bool {
        self.0.wrapping_sub(due.0).cast_signed() >= 0
    }

    /// Returns the earlier of two.
    pub(super) const fn min(self, other: Self) -> Self {
        if other.has_reached(self) { self } else { other }
    }

    /// Returns the time from an earlier point on.
    pub(super) const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.millis_since(earlier) as u64)
    }

    /// Returns how many milliseconds have passed since an earlier point; 0 if it is a later one.
    pub(super) const fn millis_since(self, earlier: Self) -> u32 {
        if self.has_reached(earlier) { self.0.wrapping_sub(earlier.0) } else { 0 }
    }
}

/// As [`saturating_add`](Instant::saturating_add).
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

/// As [`saturating_since`](Instant::saturating_since).
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_since(earlier)
    }
}

/// Returns a length of time in milliseconds, 12 days at most. A part of a millisecond counts as a whole one.
#[inline(never)]
pub(super) const fn millis(duration: &Duration) -> u32 {
    let seconds = duration.as_secs();
    if seconds > MOST_SECONDS {
        return LONGEST;
    }
    (seconds as u32).wrapping_mul(1000).wrapping_add(duration.subsec_nanos().div_ceil(NANOS_PER_MILLI))
}

/// Returns so many milliseconds, divided 16 bits at a time.
const fn duration(millis: u64) -> Duration {
    let ([a, b, c, d, e, f, g, h], mut seconds, mut rest) = (millis.to_be_bytes(), 0_u64, 0_u32);
    let mut parts: &[[u8; 2]] = &[[a, b], [c, d], [e, f], [g, h]];
    while let [[high, low], others @ ..] = parts {
        let part = (rest << 16) | u16::from_be_bytes([*high, *low]) as u32;
        (seconds, rest) = ((seconds << 16) | (part / 1000) as u64, part % 1000);
        parts = others;
    }
    Duration::new(seconds, rest.wrapping_mul(NANOS_PER_MILLI))
}

const NANOS_PER_MILLI: u32 = 1_000_000;
/// The longest wait in milliseconds, 12 days; and as many whole seconds less one.
const LONGEST: u32 = 1 << 30;
const MOST_SECONDS: u64 = 1_073_740;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_those_of_the_library() {
        for millis in [0, 1, 999, 1000, 65_535, 65_536, 4_294_967_296, 1 << 48, u64::MAX / 3, u64::MAX] {
            assert_eq!(Instant(millis) - Instant::START, Duration::from_millis(millis));
            assert_eq!(Instant::START + Duration::from_millis(millis), Instant(millis));
        }
        assert_eq!(Instant::START + Duration::from_nanos(1), Instant(1));
        assert_eq!(Instant(3) + Duration::new(u64::MAX / 1000, 999_000_000), Instant::MAX);
        assert_eq!((millis(&Duration::from_micros(1001)), millis(&Duration::MAX)), (2, LONGEST));
        assert_eq!(millis(&Duration::new(MOST_SECONDS, 999_999_999)), 1_073_741_000);
        for start in [0, 5, 1 << 31, u64::from(u32::MAX), 1 << 32, 1 << 40] {
            let (start, later) = (Instant(start), Instant(start + 100));
            assert_eq!(start.at(later.moment()), later);
            assert_eq!(later.at(start.moment()), start);
            assert_eq!(start.moment().after(100), later.moment());
            assert_eq!(
                (later.moment().millis_since(start.moment()), start.moment().millis_since(later.moment())),
                (100, 0)
            );
            assert!(later.moment().has_reached(start.moment()) && !start.moment().has_reached(later.moment()));
            assert_eq!(later.moment().min(start.moment()), start.moment().min(later.moment()));
        }
        assert_eq!(millis(&Duration::from_secs(MOST_SECONDS + 1)), LONGEST);
    }
}
