//! Points in time, as the machines count them.

use core::ops::{Add, Sub};
use core::time::Duration;

/// A point in time: milliseconds since some start that the caller chooses, such as the program's own.
///
/// Arithmetic stops at the ends: nothing is before the start, and nothing later than [`MAX`](Self::MAX).
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
    pub fn saturating_add(self, duration: Duration) -> Self {
        let millis = duration.as_nanos().div_ceil(NANOS_PER_MILLI);
        Self(self.0.saturating_add(u64::try_from(millis).unwrap_or(u64::MAX)))
    }

    /// Returns the time from an earlier point on; zero if it is a later one.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
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

const NANOS_PER_MILLI: u128 = 1_000_000;
