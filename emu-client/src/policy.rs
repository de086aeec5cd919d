//! How long to wait, and how often to try again.

use std::time::Duration;

/// Timeouts and retries of all requests to a meter.
///
/// ```
/// use std::time::Duration;
/// use emu_client::Policy;
///
/// let policy = Policy::new().idle(Duration::from_secs(60)).retries(10);
/// assert_eq!((policy.connect, policy.retries), (Duration::from_secs(10), 10));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// How long a request may wait while other read-outs of the same [`Meter`](crate::Meter) have all of its
    /// connections. Default: 5 min.
    ///
    /// Longer than that they seldom take, unless one has stopped in the middle of an answer, and nobody reads it on.
    pub turn: Duration,
    /// How long the name's resolution and the connection may take together. Default: 10 s.
    pub connect: Duration,
    /// How long the meter may send nothing: before its answer, and between any two parts of it. Default: 30 s.
    pub idle: Duration,
    /// How long one request may take, without the time in which the caller does not ask for rows. Default: 5 min.
    ///
    /// An answer may have half a megabyte, and how fast meters send is not known.
    pub request: Duration,
    /// How often a request is tried again that has failed. Each row that comes sets the count back. Default: 5.
    pub retries: u32,
    /// How long to wait before the first retry; twice as long before each further one. Default: 500 ms.
    pub backoff: Duration,
    /// The longest wait before a retry. Default: 30 s.
    pub backoff_cap: Duration,
    /// Which part of each wait is left to chance, 0.0 to 1.0, so that readers of many meters do not march in step.
    /// Default: 0.5, so that waits are between half of the time and all of it.
    ///
    /// A number beyond that range is taken for its nearer end; NaN and the infinities for 0.0.
    pub jitter: f32,
}

impl Policy {
    /// The default policy: with its five retries, some 15 seconds of absence are ridden out.
    pub const DEFAULT: Self = Self {
        turn: Duration::from_secs(300),
        connect: Duration::from_secs(10),
        idle: Duration::from_secs(30),
        request: Duration::from_secs(300),
        retries: 5,
        backoff: Duration::from_millis(500),
        backoff_cap: Duration::from_secs(30),
        jitter: 0.5,
    };

    /// Returns the default policy.
    #[must_use]
    pub const fn new() -> Self {
        Self::DEFAULT
    }

    /// Sets how long a request may wait for other read-outs of the same meter.
    #[must_use]
    pub const fn turn(mut self, turn: Duration) -> Self {
        self.turn = turn;
        self
    }

    /// Sets how long resolution and connection may take together.
    #[must_use]
    pub const fn connect(mut self, connect: Duration) -> Self {
        self.connect = connect;
        self
    }

    /// Sets how long the meter may send nothing.
    #[must_use]
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Sets how long one request may take.
    #[must_use]
    pub const fn request(mut self, request: Duration) -> Self {
        self.request = request;
        self
    }

    /// Sets how often in a row a failed request is tried again.
    #[must_use]
    pub const fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets how long to wait before the first retry.
    #[must_use]
    pub const fn backoff(mut self, backoff: Duration) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the longest wait before a retry.
    #[must_use]
    pub const fn backoff_cap(mut self, backoff_cap: Duration) -> Self {
        self.backoff_cap = backoff_cap;
        self
    }

    /// Sets which part of each wait is left to chance, 0.0 to 1.0.
    #[must_use]
    pub const fn jitter(mut self, jitter: f32) -> Self {
        self.jitter = jitter;
        self
    }

    /// Returns how long to wait after this many failures in a row, at least one.
    pub(crate) fn wait_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let wait = self.backoff.saturating_mul(1u32.wrapping_shl(doublings)).min(self.backoff_cap);
        let jitter = if self.jitter.is_finite() { self.jitter.clamp(0.0, 1.0) } else { 0.0 };
        wait.mul_f32(1.0 - jitter * fastrand::f32())
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let policy = Policy::new().jitter(0.0).backoff_cap(Duration::from_secs(3));
        let waits: Vec<u128> = (1..=5).map(|failures| policy.wait_after(failures).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 3000, 3000]);
        assert_eq!(policy.wait_after(u32::MAX).as_millis(), 3000);
    }

    #[test]
    fn jitter_shortens_only() {
        for jitter in [0.5, 1.0, 7.0, f32::NAN] {
            let policy = Policy::new().jitter(jitter);
            for _ in 0..100 {
                let wait = policy.wait_after(1);
                assert!(wait <= policy.backoff && (jitter != 0.5 || wait >= policy.backoff / 2), "{wait:?}");
            }
        }
    }
}
