//! How many pieces may be under way at a time.
//!
//! A server holds requests and responses in the same few buffers, and loses without a word what finds none: two pieces under
//! way to a server of two buffers are one too many unless the way is long. So the window grows while answers come, until more
//! pieces under way would only wait at the device: then answers take longer by as much. What it has found to be too much it
//! tries again more and more seldom. A loss now and then, as on a bad link, does not count.

/// The window.
#[derive(Debug, Clone)]
pub(super) struct Window {
    size: u32,
    limit: u32,
    /// How many pieces were accepted since the size changed.
    accepted: u32,
    /// How many have to be before it grows.
    hold: u32,
    /// How often pieces are lost of late, in 256ths.
    loss: u32,
    /// How long answers take with one piece under way, and of late, in 16ths of a millisecond; 0 if it is not known.
    alone: u32,
    of_late: u32,
}

impl Window {
    /// Starts with one piece, and never has more than `limit`.
    pub(super) fn new(limit: u8) -> Self {
        let limit = u32::from(limit.clamp(1, MAX_WINDOW));
        Self { size: 1, limit, accepted: 0, hold: 1, loss: 0, alone: 0, of_late: 0 }
    }

    pub(super) const fn size(&self) -> u32 {
        self.size
    }

    /// How long after a piece the next is sent at the earliest: a burst finds no buffers where pieces that come one by one do.
    /// It is a little less than the window would have them by itself, so that it holds nothing up.
    ///
    /// In milliseconds, rounded down: what is due within one is due at once.
    pub(super) fn spacing(&self, round_trip: Option<u32>) -> u32 {
        if self.size <= 1 {
            return 0;
        }
        let share = round_trip.unwrap_or_default().wrapping_mul(3).checked_div(self.size.wrapping_mul(4));
        share.unwrap_or_default()
    }

    /// A piece was accepted, and its answer took so many milliseconds.
    pub(super) fn handle_accepted(&mut self, round_trip: u32) {
        self.loss = self.loss.saturating_sub(self.loss.div_ceil(LOSS_MEMORY));
        self.accepted = self.accepted.wrapping_add(1);
        let half = round_trip.min(LONGEST_ROUND_TRIP).wrapping_mul(8);
        let mean = if self.size == 1 { &mut self.alone } else { &mut self.of_late };
        *mean = half.wrapping_add(if *mean == 0 { half } else { *mean >> 1 });
        if self.size == 1 {
            self.grow(1);
        } else if self.accepted >= self.twice() {
            if self.is_waiting() { self.shrink() } else { self.grow(self.twice()) }
        }
    }

    /// Whether about one of the pieces under way waits at the device, so that one less would do.
    const fn is_waiting(&self) -> bool {
        let without = self.alone.wrapping_mul(self.size).wrapping_mul(14);
        self.of_late.wrapping_mul(self.size.wrapping_sub(1)).wrapping_mul(16) >= without
    }

    /// Twice the size.
    const fn twice(&self) -> u32 {
        self.size.wrapping_mul(2)
    }

    /// Grows, once so many pieces were accepted and the device has had its rest.
    fn grow(&mut self, accepted: u32) {
        if self.size < self.limit && self.accepted >= self.hold.max(accepted) {
            self.size = self.size.wrapping_add(1);
            (self.accepted, self.of_late) = (0, 0);
        }
    }

    /// A piece was lost, seen from the answer to a later one.
    pub(super) fn handle_lost(&mut self) {
        let room = u32::from(u8::MAX).saturating_sub(self.loss);
        self.loss = self.loss.wrapping_add(room.div_ceil(LOSS_MEMORY));
        // A size that has just been reached has not shown yet that it is none too large.
        if self.loss > LOSS_TOO_MUCH || self.accepted < self.twice() {
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
        (self.accepted, self.of_late) = (0, 0);
    }

    fn shrink(&mut self) {
        if self.size > 1 {
            self.size = self.size.wrapping_sub(1);
            self.hold = self.hold.max(SHORTEST_HOLD >> 1).wrapping_mul(2).min(LONGEST_HOLD);
        }
        (self.accepted, self.of_late, self.loss) = (0, 0, 0);
    }
}

/// The most pieces under way.
pub(in crate::client) const MAX_WINDOW: u8 = 8;
/// One over the weight of a loss in the average.
const LOSS_MEMORY: u32 = 8;
/// More than one in four.
const LOSS_TOO_MUCH: u32 = 64;
const SHORTEST_HOLD: u32 = 4;
const LONGEST_HOLD: u32 = 128;
/// More than a minute is as good as that; so what is reckoned with it has room in 32 bits.
const LONGEST_ROUND_TRIP: u32 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: u32 = 50;

    fn grown(limit: u8) -> Window {
        let mut window = Window::new(limit);
        for _ in 0..100 {
            window.handle_accepted(LONG);
        }
        window
    }

    #[test]
    fn it_grows_while_answers_take_no_longer() {
        assert_eq!(grown(4).size(), 4);
        assert_eq!(grown(0).size(), 1);
        assert_eq!(grown(200).size(), u32::from(MAX_WINDOW));
        assert_eq!(grown(4).spacing(Some(LONG)), 9);
        assert_eq!((grown(1).spacing(Some(LONG)), grown(4).spacing(None)), (0, 0));
    }

    #[test]
    fn pieces_that_only_wait_at_the_device_are_not_sent() {
        let (mut window, mut at_two) = (Window::new(4), 0);
        for _ in 0..1000 {
            window.handle_accepted(LONG * window.size());
            at_two += u32::from(window.size() == 2);
        }
        assert!(window.size() <= 2);
        assert!(at_two < 50, "{at_two}");
    }

    #[test]
    fn a_loss_now_and_then_does_not_count_and_many_do() {
        let mut window = grown(4);
        for _ in 0..50 {
            window.handle_lost();
            for _ in 0..15 {
                window.handle_accepted(LONG);
            }
        }
        assert_eq!(window.size(), 4);
        for _ in 0..20 {
            window.handle_lost();
            window.handle_accepted(LONG);
        }
        assert_eq!(window.size(), 1);
        let mut window = grown(4);
        window.handle_refused();
        assert_eq!(window.size(), 3);
        window.handle_silence();
        assert_eq!(window.size(), 1);
    }
}
