//! The meter's clock, by which rows are logged.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::server::Shared;

/// A clock that runs at a speed of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) start: DateTime<Utc>,
    pub(crate) since: Instant,
    pub(crate) speed: f64,
}

impl Clock {
    /// What the clock shows.
    fn now(&self) -> DateTime<Utc> {
        let passed = self.since.elapsed().as_secs_f64() * self.speed;
        // As a cast saturates, so does the clock, some thousand years from now.
        let passed = TimeDelta::milliseconds(((passed * 1_000.0) as i64).min(100_000_000_000_000));
        self.start.checked_add_signed(passed).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Logs rows as their time comes, for ever.
    pub(crate) async fn drive(self, shared: &Shared) {
        const MOST_AT_ONCE: u32 = 2_000;
        let tick = Duration::from_secs_f64((900.0 / self.speed / 2.0).clamp(0.01, 0.5));
        loop {
            tokio::time::sleep(tick).await;
            shared.with_device(|device| device.meter.advance_until(self.now(), MOST_AT_ONCE));
        }
    }
}
