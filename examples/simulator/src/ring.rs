//! A log of fixed depth, and the walk of one request through it.
//!
//! A walk remembers the index it is at, not a position: rows may be logged, and old ones dropped, while it goes on.

use std::collections::{BTreeSet, VecDeque};

use emu_proto::{Entry, Readout};

/// The newest entries of a log, oldest first, their indices rising.
#[derive(Debug)]
pub(crate) struct Ring<E> {
    entries: VecDeque<E>,
    depth: usize,
}

impl<E: Entry> Ring<E> {
    /// Makes an empty log that keeps `depth` entries, at least one.
    pub(crate) fn new(depth: usize) -> Self {
        Self { entries: VecDeque::new(), depth: depth.max(1) }
    }

    /// Adds an entry, whose index must be above all others, and drops the oldest one where the log is full.
    pub(crate) fn push(&mut self, entry: E) {
        if self.entries.len() >= self.depth {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn newest(&self) -> Option<&E> {
        self.entries.back()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &E> {
        self.entries.iter()
    }

    fn at_or_after(&self, index: u32) -> Option<&E> {
        self.entries.get(self.entries.partition_point(|entry| entry.index() < index))
    }

    fn at_or_before(&self, index: u32) -> Option<&E> {
        self.entries.get(self.entries.partition_point(|entry| entry.index() <= index).checked_sub(1)?)
    }
}

/// The way of one request through a log.
#[derive(Debug)]
pub(crate) struct Walk {
    /// The index that comes next, if it exists; `None` at the end.
    next: Option<u32>,
    last: u32,
    descending: bool,
    /// How many entries may still come.
    left: u32,
}

impl Walk {
    /// Starts the walk that answers `readout`.
    ///
    /// A range of more than the log's limit yields the first entries from `from` on, in the direction asked for. This is
    /// an assumption: the manual says only that there are no more.
    pub(crate) fn new<E: Entry>(readout: Readout, ring: &Ring<E>) -> Self {
        let newest = ring.newest().map(Entry::index);
        let limit = E::LOG.limit();
        match readout {
            Readout::Newest => Self { next: newest, last: 0, descending: true, left: limit },
            Readout::Last(count) => Self { next: newest, last: 0, descending: true, left: count.min(limit) },
            Readout::Range { from, to } => {
                Self { next: Some(from), last: to, descending: readout.is_descending(), left: limit }
            }
        }
    }

    /// Returns the next entry, passing over those whose index is among `holes`.
    pub(crate) fn next<E: Entry>(&mut self, ring: &Ring<E>, holes: &BTreeSet<u32>) -> Option<E> {
        while self.left > 0 {
            let index = self.next.take()?;
            let entry = *if self.descending { ring.at_or_before(index) } else { ring.at_or_after(index) }?;
            let index = entry.index();
            if if self.descending { index < self.last } else { index > self.last } {
                return None;
            }
            self.next = if self.descending { index.checked_sub(1) } else { index.checked_add(1) };
            if !holes.contains(&index) {
                self.left -= 1;
                return Some(entry);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::household::Household;
    use emu_proto::LoadProfileEntry;

    fn ring(rows: usize, depth: usize) -> Ring<LoadProfileEntry> {
        let mut ring = Ring::new(depth);
        Household::new(1).rows().take(rows).for_each(|row| ring.push(row));
        ring
    }

    fn read(ring: &Ring<LoadProfileEntry>, readout: Readout, holes: &[u32]) -> Vec<u32> {
        let holes = holes.iter().copied().collect();
        let mut walk = Walk::new(readout, ring);
        core::iter::from_fn(|| walk.next(ring, &holes)).map(|row| row.index).collect()
    }

    #[test]
    fn every_form_in_its_order() {
        let ring = ring(10, 6);
        assert_eq!(read(&ring, Readout::Newest, &[]), [10, 9, 8, 7, 6, 5]);
        assert_eq!(read(&ring, Readout::Last(2), &[]), [10, 9]);
        assert_eq!(read(&ring, Readout::Last(0), &[]), []);
        assert_eq!(read(&ring, Readout::Range { from: 6, to: 8 }, &[]), [6, 7, 8]);
        assert_eq!(read(&ring, Readout::Range { from: 8, to: 6 }, &[]), [8, 7, 6]);
        assert_eq!(read(&ring, Readout::Range { from: 7, to: 7 }, &[]), [7]);
    }

    #[test]
    fn beyond_the_ring_there_is_less_or_nothing() {
        let ring = ring(10, 6);
        assert_eq!(read(&ring, Readout::Range { from: 0, to: u32::MAX }, &[]), [5, 6, 7, 8, 9, 10]);
        assert_eq!(read(&ring, Readout::Range { from: u32::MAX, to: 0 }, &[]), [10, 9, 8, 7, 6, 5]);
        assert_eq!(read(&ring, Readout::Range { from: 1, to: 4 }, &[]), []);
        assert_eq!(read(&ring, Readout::Range { from: 20, to: 11 }, &[]), []);
    }

    #[test]
    fn holes_are_passed_over_and_do_not_count() {
        let ring = ring(10, 10);
        assert_eq!(read(&ring, Readout::Last(3), &[9, 8]), [10, 7, 6]);
        assert_eq!(read(&ring, Readout::Range { from: 8, to: 10 }, &[10]), [8, 9]);
    }

    #[test]
    fn no_more_than_the_limit_from_the_first_on() {
        let ring = ring(3_100, 5_000);
        let ascending = read(&ring, Readout::Range { from: 1, to: 3_100 }, &[]);
        assert_eq!((ascending.len(), ascending[0], ascending[2_999]), (3_000, 1, 3_000));
        let descending = read(&ring, Readout::Range { from: 3_100, to: 1 }, &[]);
        assert_eq!((descending.len(), descending[0], descending[2_999]), (3_000, 3_100, 101));
        assert_eq!(read(&ring, Readout::Last(5_000), &[]).len(), 3_000);
    }

    #[test]
    fn a_walk_goes_on_where_the_ring_has_been_overrun() {
        let mut ring = ring(10, 6);
        let mut walk = Walk::new(Readout::Range { from: 5, to: 20 }, &ring);
        let none = BTreeSet::new();
        assert_eq!(walk.next(&ring, &none).unwrap().index, 5);
        Household::new(1).rows().skip(10).take(5).for_each(|row| ring.push(row));
        assert_eq!(walk.next(&ring, &none).unwrap().index, 10);
    }
}
