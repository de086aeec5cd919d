//! The way between client and meter: what is lost, doubled, late, or overtaken. The same seed does the same again.

use std::time::Duration;

use oorandom::Rand64;

/// A line that is not a good one, in either direction. By default nothing happens to a datagram.
///
/// ```
/// use std::time::Duration;
///
/// use emu_simulator::Link;
///
/// // 10 ms each way, give or take 2, and three datagrams of a hundred lost.
/// let link = Link { delay: Duration::from_millis(10), jitter: Duration::from_millis(2), loss: 0.03, ..Link::default() };
/// # let _ = link;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// What chance follows from.
    pub seed: u64,
    /// How likely a datagram is lost, 0 to 1.
    pub loss: f64,
    /// How likely it arrives twice.
    pub doubling: f64,
    /// How likely it is held back, so that those behind overtake it: by 20 ms more than the delay.
    pub reordering: f64,
    /// How long each is on its way.
    pub delay: Duration,
    /// By how much longer that may be, evenly spread.
    pub jitter: Duration,
}

impl Default for Link {
    fn default() -> Self {
        Self { seed: 1, loss: 0.0, doubling: 0.0, reordering: 0.0, delay: Duration::ZERO, jitter: Duration::ZERO }
    }
}

impl Link {
    /// By how much a datagram is held back that others are to overtake.
    const HELD_BACK: Duration = Duration::from_millis(20);
}

/// One direction of a link.
#[derive(Debug)]
pub(crate) struct Direction {
    link: Link,
    random: Rand64,
}

impl Direction {
    /// Returns one of the two directions, which have chance of their own.
    pub(crate) fn new(link: Link, is_to_meter: bool) -> Self {
        let seed = (u128::from(link.seed) << 1) | u128::from(is_to_meter);
        Self { link, random: Rand64::new(seed) }
    }

    /// Returns after what times copies of a datagram arrive: of none, one or two.
    pub(crate) fn send(&mut self) -> Vec<Duration> {
        if self.happens(self.link.loss) {
            return Vec::new();
        }
        let copies = if self.happens(self.link.doubling) { 2 } else { 1 };
        (0..copies).map(|_| self.travel()).collect()
    }

    fn travel(&mut self) -> Duration {
        let held_back = if self.happens(self.link.reordering) { Link::HELD_BACK } else { Duration::ZERO };
        let jitter = self.link.jitter.mul_f64(self.random.rand_float());
        self.link.delay.saturating_add(jitter).saturating_add(held_back)
    }

    /// Draws whether something happens, which leaves chance as it is if it never or always does.
    fn happens(&mut self, likely: f64) -> bool {
        likely > 0.0 && self.random.rand_float() < likely
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn travel(link: Link, count: usize) -> Vec<Vec<Duration>> {
        let mut direction = Direction::new(link, true);
        (0..count).map(|_| direction.send()).collect()
    }

    #[test]
    fn nothing_happens_by_default() {
        assert_eq!(travel(Link::default(), 3), vec![vec![Duration::ZERO]; 3]);
    }

    #[test]
    fn each_fault_happens_about_as_often_as_it_should() {
        let link = Link { loss: 0.1, doubling: 0.2, reordering: 0.5, ..Link::default() };
        let sent = travel(link, 10_000);
        let share = |is: &dyn Fn(&Vec<Duration>) -> bool| sent.iter().filter(|copies| is(copies)).count() / 100;
        assert!((9..=11).contains(&share(&|copies| copies.is_empty())));
        assert!((17..=19).contains(&share(&|copies| copies.len() == 2)));
        assert!((45..=60).contains(&share(&|copies| copies.first() == Some(&Link::HELD_BACK))));
        assert_eq!(sent, travel(link, 10_000));
        assert_ne!(sent, travel(Link { seed: 2, ..link }, 10_000));
    }

    #[test]
    fn delay_and_jitter() {
        let link = Link { delay: Duration::from_millis(10), jitter: Duration::from_millis(5), ..Link::default() };
        let times: Vec<Duration> = travel(link, 1_000).concat();
        assert!(times.iter().all(|time| (10..15).contains(&time.as_millis())));
        assert!(times.iter().max().unwrap().as_millis() == 14 && times.iter().min().unwrap().as_millis() == 10);
    }
}
