//! What is still to be told.

/// A few things, told in their order; of what does not fit, the oldest are kept.
#[derive(Debug, Clone)]
pub(super) struct Events<E> {
    places: [Option<E>; CAPACITY],
}

impl<E: Copy> Events<E> {
    pub(super) const NONE: Self = Self { places: [None; CAPACITY] };

    pub(super) fn push(&mut self, event: E) {
        if let Some(place) = self.places.iter_mut().find(|place| place.is_none()) {
            *place = Some(event);
        }
    }

    pub(super) fn pop(&mut self) -> Option<E> {
        // Each moves into the place before it; what leaves the first is returned.
        self.places.iter_mut().rev().fold(None, |later, place| core::mem::replace(place, later))
    }
}

/// More than come between two calls that ask for them.
const CAPACITY: usize = 8;
