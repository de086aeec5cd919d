//! The newest row: asked for at the start, and again where the log may have become another one.

use super::machine::Why;
use super::{Checkpoint, Event, Verdict};

/// The newest row is asked for; of several the one with the highest index counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newest {
    pub(super) why: Why,
    /// More than one where the newest cannot be read.
    pub(super) count: u32,
    pub(super) row: Option<Checkpoint>,
    /// Whether the log was found empty once; that is believed the second time.
    pub(super) is_empty: bool,
}

impl Newest {
    pub(super) const fn new(why: Why) -> Self {
        Self { why, count: 1, row: None, is_empty: false }
    }

    pub(super) fn handle_row(&mut self, row: Checkpoint, is_whole: bool) -> Verdict {
        if is_whole && self.row.is_none_or(|known| known.index < row.index) {
            self.row = Some(row);
        }
        Verdict::Discard
    }
}

/// How a log whose newest row was `known` has become another one, judged by its newest row now.
pub(super) fn change(known: &Checkpoint, newest: Option<Checkpoint>) -> Option<Event> {
    let Some(newest) = newest else {
        return Some(Event::IndexRestart { index: known.index, newest: None });
    };
    if newest.serial_number != known.serial_number {
        let (old, new) = (known.serial_number, newest.serial_number);
        return Some(Event::MeterSwapped { old, new, index: newest.index });
    }
    let is_earlier = newest.index < known.index;
    if is_earlier || (newest.index == known.index && !newest.is_same_row(known)) {
        return Some(Event::IndexRestart { index: known.index, newest: Some(newest.index) });
    }
    None
}
