//! How long answers take, and how long they are therefore waited for.
//!
//! Source: RFC 6298, "Computing TCP's Retransmission Timer".

use super::policy::Policy;
use super::time::millis;

/// The estimate of the round trip, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(super) struct RoundTrip {
    /// Eight times the smoothed round trip; `None` before the first.
    smoothed: Option<u32>,
    /// Four times the smoothed deviation from it.
    deviation: u32,
    /// How often the timeout was doubled since an answer was measured.
    doublings: u8,
}

impl RoundTrip {
    pub(super) const NOT_MEASURED: Self = Self { smoothed: None, deviation: 0, doublings: 0 };

    pub(super) const fn smoothed(&self) -> Option<u32> {
        match self.smoothed {
            Some(smoothed) => Some(smoothed >> 3),
            None => None,
        }
    }

    /// Takes how long an answer took to a request that was sent once: of one that was sent twice it is not known which was
    /// answered (Karn).
    pub(super) fn measure(&mut self, round_trip: u32) {
        let millis = round_trip.min(LONGEST);
        self.doublings = 0;
        match &mut self.smoothed {
            None => {
                self.smoothed = Some(millis << 3);
                self.deviation = millis << 1;
            }
            Some(smoothed) => {
                let difference = (*smoothed >> 3).abs_diff(millis);
                // RTTVAR <- 3/4 RTTVAR + 1/4 |SRTT - R|; SRTT <- 7/8 SRTT + 1/8 R.
                self.deviation = self.deviation.wrapping_sub(self.deviation >> 2).wrapping_add(difference);
                *smoothed = smoothed.wrapping_sub(*smoothed >> 3).wrapping_add(millis);
            }
        }
    }

    /// Waits twice as long from now on, until an answer was measured.
    pub(super) const fn back_off(&mut self) {
        self.doublings = self.doublings.saturating_add(1);
    }

    /// Waits no longer than what was measured says: the device is known to be there again.
    pub(super) const fn forget_back_off(&mut self) {
        self.doublings = 0;
    }

    /// How long an answer is waited for: SRTT + 4 RTTVAR, doubled for each time that none came, within the policy's bounds.
    pub(super) fn timeout(&self, policy: &Policy) -> u32 {
        let base = match self.smoothed {
            None => millis(&policy.first_timeout),
            Some(smoothed) => (smoothed >> 3).wrapping_add(self.deviation.max(1)).max(millis(&policy.min_timeout)),
        };
        let (most, doublings) = (millis(&policy.max_timeout), self.doublings.min(MOST_DOUBLINGS));
        let doubled = if base > most >> doublings { most } else { base << doublings };
        doubled.max(SHORTEST)
    }
}

/// Whatever the policy says, time goes on from one transmission to the next.
const SHORTEST: u32 = 1;
/// From a millisecond to more than any longest one.
const MOST_DOUBLINGS: u8 = 31;
/// More than a minute says nothing about the way to the device.
const LONGEST: u32 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6298, section 2: SRTT = R, RTTVAR = R/2; then RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R'|, SRTT = 7/8 SRTT + 1/8 R'.
    #[test]
    fn the_timeout_follows_the_round_trips() {
        let policy = Policy::DEFAULT;
        let mut round_trip = RoundTrip::NOT_MEASURED;
        assert_eq!((round_trip.smoothed(), round_trip.timeout(&policy)), (None, 1000));
        round_trip.measure(200);
        assert_eq!((round_trip.smoothed(), round_trip.timeout(&policy)), (Some(200), 600));
        round_trip.measure(280);
        assert_eq!((round_trip.smoothed(), round_trip.timeout(&policy)), (Some(210), 590));
        for _ in 0..100 {
            round_trip.measure(20);
        }
        assert_eq!(round_trip.timeout(&policy), millis(&policy.min_timeout));
    }

    #[test]
    fn silence_doubles_the_timeout_until_an_answer_is_measured() {
        let policy = Policy::DEFAULT;
        let mut round_trip = RoundTrip::NOT_MEASURED;
        round_trip.measure(100);
        for expected in [300, 600, 1200, 2400, 4800, 8000, 8000] {
            assert_eq!(round_trip.timeout(&policy), expected);
            round_trip.back_off();
        }
        for _ in 0..300 {
            round_trip.back_off();
        }
        assert_eq!(round_trip.timeout(&policy), millis(&policy.max_timeout));
        round_trip.measure(u32::MAX);
        assert_eq!(round_trip.timeout(&policy), millis(&policy.max_timeout));
        for _ in 0..60 {
            round_trip.measure(100);
        }
        assert!(round_trip.timeout(&policy) < 400);
    }
}
