//! The pieces under way, in the order in which they were sent.

use crate::client::time::Moment;

/// A piece that was sent. Each transmission has a sequence number of its own, so that each answer says which it is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) at: Moment,
    /// Counts the transmissions.
    pub(super) order: u32,
    /// Where the piece begins.
    pub(super) offset: u32,
    /// How many bytes of data it has.
    pub(super) length: u16,
    /// How many bytes the frame has.
    pub(super) frame: u16,
    /// Whether the frame is larger than any that has passed so far.
    pub(super) is_trial: bool,
    /// Whether an answer is still expected. One that comes though it was given up is recognised.
    pub(super) is_live: bool,
    /// Whether it was not answered yet.
    pub(super) is_open: bool,
    pub(super) sequence: u8,
}

impl Sent {
    /// A place for one.
    const NONE: Self = Self {
        at: Moment::NONE,
        order: 0,
        offset: 0,
        length: 0,
        frame: 0,
        is_trial: false,
        is_live: false,
        is_open: false,
        sequence: 0,
    };
}

/// The pieces that were sent last.
#[derive(Debug, Clone)]
pub(super) struct InFlight {
    places: [Sent; CAPACITY],
    next_order: u32,
}

impl InFlight {
    pub(super) const NONE: Self = Self { places: [Sent::NONE; CAPACITY], next_order: 0 };

    /// The order that the next piece gets.
    pub(super) const fn next_order(&self) -> u32 {
        self.next_order
    }

    /// Notes a piece, in the place of that which was sent 16 before it: long before its sequence number comes again.
    pub(super) fn push(&mut self, sent: Sent) {
        let order = self.next_order;
        let index = order as usize & CAPACITY.saturating_sub(1);
        if let Some(place) = self.places.get_mut(index) {
            *place = Sent { order, ..sent };
        }
        self.next_order = order.wrapping_add(1);
    }

    /// Takes out the piece of this sequence number.
    pub(super) fn take(&mut self, sequence: u8) -> Option<Sent> {
        let sent = self.places.iter_mut().find(|sent| sent.sequence == sequence && sent.is_open)?;
        (sent.is_live, sent.is_open) = (false, false);
        Some(*sent)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        for sent in &mut self.places {
            (sent.is_live, sent.is_open) = (false, false);
        }
    }

    /// The pieces whose answers are expected.
    fn live(&self) -> impl Iterator<Item = &Sent> {
        self.places.iter().filter(|sent| sent.is_live)
    }

    /// How many there are.
    #[inline(never)]
    pub(super) fn count(&self) -> u32 {
        self.live().fold(0, |count, _| count.wrapping_add(1))
    }

    /// When the first of them was sent.
    pub(super) fn earliest(&self) -> Option<Moment> {
        self.live().fold(None, |first: Option<Moment>, sent| Some(first.map_or(sent.at, |first| first.min(sent.at))))
    }

    /// Whether a frame that is larger than any that has passed is among them.
    #[inline(never)]
    pub(super) fn has_trial(&self) -> bool {
        self.live().any(|sent| sent.is_trial)
    }

    /// The size of a frame that was tried, and that held the byte which the device still wants, if it was of this order or
    /// later.
    pub(super) fn missed_trial(&self, wanted: u32, since: u32) -> Option<u16> {
        let missed = self.places.iter().find(|sent| {
            sent.is_trial
                && !sent.is_live
                && sent.is_open
                && sent.order >= since
                && wanted.wrapping_sub(sent.offset) < u32::from(sent.length)
        });
        missed.map(|sent| sent.frame)
    }

    /// Gives up those for which `is_lost` holds.
    pub(super) fn give_up(&mut self, mut is_lost: impl FnMut(&Sent) -> bool) {
        for sent in self.places.iter_mut().filter(|sent| sent.is_live) {
            sent.is_live = !is_lost(sent);
        }
    }
}

/// Twice the largest window: as many again as were given up. A power of two.
const CAPACITY: usize = 16;
