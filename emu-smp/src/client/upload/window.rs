//! How many pieces may be under way at a time.
//!
//! A server holds requests and responses in the same few buffers, and loses without a word what finds none: two pieces under
//! way to a server of two buffers are one too many unless the way is long. So the window grows while answers come, and what it
//! has found to be too much it tries again more and more seldom. A loss now and then, as on a bad link, does not count.

use core::time::Duration;

/// The window.
#[derive(Debug, Clone)]
pub(super) struct Window {
    size: u8,
    limit: u8,
    /// How many pieces were accepted since the size changed.
    accepted: u8,
    /// How many have to be before it grows.
    hold: u8,
    /// How often pieces are lost of late, in 256ths.
    loss: u8,
}

impl Window {
    /// Starts with one piece, and never has more than `limit`.
    pub(super) fn new(limit: u8) -> Self {
        Self { size: 1, limit: limit.clamp(1, MAX_WINDOW), accepted: 0, hold: 1, loss: 0 }
    }

    pub(super) const fn size(&self) -> u8 {
        self.size
    }

    /// How long after a piece the next is sent at the earliest: a burst finds no buffers where pieces that come one by one do.
    /// It is a little less than the window would have them by itself, so that it holds nothing up.
    pub(super) fn spacing(&self, round_trip: Option<Duration>) -> Duration {
        match self.size {
            ..=1 => Duration::ZERO,
            size => {
                let share =
                    round_trip.unwrap_or_default().saturating_mul(3).checked_div(u32::from(size).saturating_mul(4));
                // Whole milliseconds, rounded down: what is due within one is due at once.
                Duration::from_millis(share.unwrap_or_default().as_millis().try_into().unwrap_or_default())
            }
        }
    }

    /// A piece was accepted.
    pub(super) fn handle_accepted(&mut self) {
        self.loss = self.loss.saturating_sub(self.loss.div_ceil(LOSS_MEMORY));
        self.accepted = self.accepted.saturating_add(1);
        if self.size < self.limit && self.accepted >= self.hold {
            self.size = self.size.saturating_add(1);
            self.accepted = 0;
        }
    }

    /// A piece was lost, seen from the answer to a later one.
    pub(super) fn handle_lost(&mut self) {
        let room = u8::MAX.saturating_sub(self.loss);
        self.loss = self.loss.saturating_add(room.div_ceil(LOSS_MEMORY));
        // A size that has just been reached has not shown yet that it is none too large.
        if self.loss > LOSS_TOO_MUCH || self.accepted < self.size.saturating_mul(2) {
            self.shrink();
        } else {
            self.accepted = 0;
        }
    }

    /// The device said that it has no buffer free.
    pub(super) fn handle_refused(&mut self) {
        self.shrink();
    }

    /// No answer came at all.
    pub(super) fn handle_silence(&mut self) {
        self.size = (self.size >> 1).max(1);
        self.accepted = 0;
    }

    fn shrink(&mut self) {
        if self.size > 1 {
            self.size = self.size.saturating_sub(1);
            self.hold = self.hold.max(SHORTEST_HOLD >> 1).saturating_mul(2).min(LONGEST_HOLD);
        }
        self.accepted = 0;
        self.loss = 0;
    }
}

/// The most pieces under way.
pub(super) const MAX_WINDOW: u8 = 8;
/// One over the weight of a loss in the average.
const LOSS_MEMORY: u8 = 8;
/// More than one in four.
const LOSS_TOO_MUCH: u8 = 64;
const SHORTEST_HOLD: u8 = 8;
const LONGEST_HOLD: u8 = 64;
