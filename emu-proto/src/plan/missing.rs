//! Rows that do not come.
//!
//! What is missing in an answer is never believed the first time: the rows are asked for again, as many as the meter gives.
//! If the anchor comes and they do not, the log has a hole; if the anchor is gone as well, and the log is still the same,
//! the ring has overtaken it. Where lines could not be read, that happens three times.

use super::checkpoint::Checkpoint;
use super::event::Event;
use super::machine::{Goal, Machine, State, Why};
use super::read::Reading;
use super::search::{Outcome, Search, TRIES};
use super::target::{Order, Target};

impl Machine {
    /// Rows from `next` up to the one before `row` did not come. Returns whether that is final.
    pub(super) fn believe_missing(&mut self, next: u32, row: Checkpoint) -> bool {
        let index = row.index;
        let Some(last) = self.order.before(index) else { return false };
        if self.answer.bad_lines > 0 {
            if !self.is_last_try() {
                self.reading.seen_after = Some(index);
                return false;
            }
            self.events.push(Event::Unreadable { first: next.min(last), last: next.max(last) });
        } else if self.agrees_with_last_answer(index) || self.is_last_doubt() {
            if self.order == Order::Ascending && !self.answer.is_anchor_seen && self.must_look_below(next) {
                self.look_below(next, Some((index, Some(row))));
                return false;
            }
            self.tell_loss(next, last, self.answer.is_anchor_seen, Some(row));
            self.reading.seen_after = None;
        } else {
            self.suspect(Some(index));
            return false;
        }
        self.reading.next = Some(index);
        true
    }

    /// Whether the anchor should have come before the row with this index, and did not.
    pub(super) fn is_anchor_gone(&self, index: u32) -> bool {
        !self.answer.is_anchor_seen
            && self.reading.anchor.is_some_and(|anchor| self.order.is_before(anchor.index, index))
    }

    /// The anchor is gone, by which the log is known. Returns whether that is to be put up with.
    pub(super) fn vouch(&mut self, index: u32) -> bool {
        let has_bad_lines = self.answer.bad_lines > 0;
        // It may be among them.
        if has_bad_lines && !self.is_last_try() {
            return false;
        }
        if self.answer.is_vouched {
            return true;
        }
        if has_bad_lines || self.answer.is_repeated {
            self.ask_newest(Why::AnchorGone);
        } else {
            self.suspect(Some(index));
        }
        false
    }

    /// Whether the rows before `index` were missing in the answer before this one as well.
    fn agrees_with_last_answer(&self, index: u32) -> bool {
        let reached = match (self.reading.seen_after, self.reading.empty_to) {
            (Some(seen), _) => Some(seen),
            (None, Some(to)) => self.order.after(to),
            (None, None) => None,
        };
        self.answer.is_repeated && reached.is_some_and(|reached| !self.order.is_before(reached, index))
    }

    /// Has the same rows asked for once more.
    pub(super) fn suspect(&mut self, seen_after: Option<u32>) {
        self.reading.is_suspect = true;
        self.reading.seen_after = seen_after;
        self.reading.empty_to = None;
        self.reading.is_bare = false;
    }

    pub(super) fn is_last_try(&mut self) -> bool {
        self.reading.tries = self.reading.tries.saturating_add(1);
        self.reading.tries >= TRIES
    }

    /// Whether repeated answers have disagreed often enough about which rows are missing.
    fn is_last_doubt(&mut self) -> bool {
        if self.answer.is_repeated {
            self.reading.doubts = self.reading.doubts.saturating_add(1);
        }
        self.reading.doubts >= TRIES
    }

    /// A whole answer held nothing new. That is believed if the one before, no shorter, did not either.
    pub(super) fn came_empty(&mut self) {
        let (answer, before) = (self.answer, self.reading.empty_to);
        let searched = if self.order == Order::Ascending { answer.high } else { answer.low };
        let is_confirmed = before.is_some_and(|before| !self.order.is_before(before, searched));
        if answer.is_repeated && is_confirmed {
            self.reading.is_suspect = false;
            let is_anchor_seen = answer.is_anchor_seen;
            return match self.order {
                Order::Ascending if searched < self.reading.last => {
                    self.find_next(searched.saturating_add(1), is_anchor_seen);
                }
                _ => self.ask_newest(Why::Empty { found: None, is_anchor_seen }),
            };
        }
        self.suspect(None);
        self.reading.empty_to = Some(searched);
    }

    /// So many lines that cannot be read are all that came: as many rows are taken for unreadable.
    ///
    /// They may stand further on, after a hole. Then the same comes again, and twice as many are taken.
    pub(super) fn claim_unreadable(&mut self, next: u32, lines: u32) {
        let answer = self.answer;
        let asked = if self.order == Order::Ascending { answer.high } else { answer.low };
        let count = lines.max(self.reading.claimed.saturating_mul(2));
        let last = self.order.further(next, count.saturating_sub(1), asked);
        // A row that came before can be read.
        let seen = self.reading.seen_after.and_then(|seen| self.order.before(seen));
        let last =
            seen.filter(|seen| !self.order.is_before(*seen, next) && self.order.is_before(*seen, last)).unwrap_or(last);
        // The checkpoint's own row is not lost.
        let lowest = self.checkpoint_below().map_or(0, |checkpoint| checkpoint.index.saturating_add(1));
        let (first, end) = (next.min(last).max(lowest), next.max(last));
        if first <= end {
            self.events.push(Event::Unreadable { first, last: end });
        }
        self.reading.claimed = count;
        self.reading.has_started = true;
        // With the row before them, they would come again as well.
        self.reading.anchor = None;
        self.go_on_after(last);
    }

    /// Nothing is there from the next row up to the one that was found, and the log is still the same.
    pub(super) fn block_was_empty(&mut self, found: Option<(u32, Option<Checkpoint>)>, is_anchor_seen: bool) {
        let Some(next) = self.reading.next else { return };
        if let (true, Target::Since(checkpoint), Some(newest)) = (self.reading.must_check, self.target, self.newest)
            && checkpoint.serial_number != newest.serial_number
        {
            return self.start_over(&checkpoint, newest);
        }
        self.reading.must_check = false;
        match self.order {
            Order::Ascending => self.resume(found, is_anchor_seen),
            Order::Descending => self.end_of_ring(next),
        }
    }

    /// Goes on from the row that was found after a hole, or ends where there is none.
    fn resume(&mut self, found: Option<(u32, Option<Checkpoint>)>, is_anchor_seen: bool) {
        let Some(next) = self.reading.next else { return };
        let last = found.map_or(Some(self.reading.last), |(index, _)| self.order.before(index));
        if let Some(last) = last.filter(|last| !self.order.is_before(*last, next)) {
            if !is_anchor_seen && self.must_look_below(next) {
                return self.look_below(next, found);
            }
            self.tell_loss(next, last, is_anchor_seen, found.and_then(|(_, row)| row));
            self.go_on_after(last);
        }
        if let Some((_, row)) = found {
            self.reading.anchor = row;
        }
        self.state = State::Read;
        self.finish_if_read();
    }

    /// Tells why rows are missing, both of which ends are given in the order of reading; `after` is the row after them.
    fn tell_loss(&mut self, next: u32, last: u32, is_anchor_seen: bool, after: Option<Checkpoint>) {
        let (first, last) = (next.min(last), next.max(last));
        let is_known_before = self.continuity.previous().is_some();
        if is_known_before && is_anchor_seen && after.is_some_and(|row| self.is_outside(row)) {
            // A hole between two rows that nobody asked for.
            return;
        }
        if self.order == Order::Descending || is_anchor_seen {
            return self.events.push(Event::Gap { first, last });
        }
        match self.reading.anchor {
            Some(anchor) if anchor.index <= last => {
                let known = anchor.index.max(first);
                if let Some(unknown) = known.checked_sub(1).filter(|unknown| *unknown >= first) {
                    self.tell_absent(first, unknown);
                }
                self.events.push(Event::Overrun { first: known, last });
            }
            _ => self.tell_absent(first, last),
        }
    }

    /// Whether rows from `first` on, which are missing, are the lowest that were asked for and might have rows below them.
    fn must_look_below(&self, first: u32) -> bool {
        let is_lowest = !self.reading.has_started && self.reading.anchor.is_none();
        let is_by_index = matches!(self.target, Target::Last(_) | Target::Indices { .. });
        is_by_index && first > 0 && (is_lowest || self.order == Order::Descending)
    }

    /// Looks for a row below those that are missing, from `first` on: what the ring has overwritten has none. `after` is the
    /// row after them.
    fn look_below(&mut self, first: u32, after: Option<(u32, Option<Checkpoint>)>) {
        self.reading.seen_after = after.map(|(index, _)| index);
        self.reading.anchor = after.and_then(|(_, row)| row);
        self.search(Search::below(first), Goal::Below);
    }

    /// Tells what is missing at the lower end, and goes on after it.
    pub(super) fn looked_below(&mut self, outcome: Outcome) {
        let Reading { low, last, next, seen_after, .. } = self.reading;
        let Some(next) = next else { return self.finish(true) };
        let (first, last) = match self.order {
            Order::Ascending => (next, seen_after.map_or(Some(last), |index| self.order.before(index)).unwrap_or(next)),
            Order::Descending => (low, next),
        };
        let is_below = matches!(outcome, Outcome::Found { index, .. } if index < first);
        if is_below {
            self.events.push(Event::Gap { first, last });
        } else {
            self.tell_below_log(first, last);
        }
        self.reading.seen_after = None;
        self.go_on_after(if self.order == Order::Ascending { last } else { first });
        self.state = State::Read;
        self.finish_if_read();
    }

    /// Rows that were never known to be there.
    fn tell_absent(&mut self, first: u32, last: u32) {
        if self.reading.has_started {
            self.events.push(Event::Gap { first, last });
        } else {
            self.tell_below_log(first, last);
        }
    }

    /// The log's very first row came: there are none below it, and maybe more were asked for.
    pub(super) fn tell_first_row(&mut self) {
        if let (Target::Last(asked), Some(held)) = (self.target, self.newest.and_then(|row| row.index.checked_add(1)))
            && held < asked
        {
            self.events.push(Event::Fewer { asked, held });
        }
    }

    /// Tells rows that are older than the oldest one, if they were asked for.
    fn tell_below_log(&mut self, first: u32, last: u32) {
        match self.target {
            Target::Indices { .. } => self.events.push(Event::Absent { first, last }),
            Target::Last(asked) => {
                let held = self.newest.map_or(0, |newest| newest.index.saturating_sub(last));
                self.events.push(Event::Fewer { asked, held });
            }
            Target::Everything | Target::Since(_) => {}
        }
    }

    /// A plan that reads downwards has come to the ring's end, with these rows still wanted.
    fn end_of_ring(&mut self, next: u32) {
        let low = self.reading.last;
        // A hole that is wider than an answer ends the read-out: then the rows above `low` were not looked for.
        let is_looked_through = self.reading.empty_to.is_some_and(|to| to <= low);
        if is_looked_through && self.reading.oldest.is_none() && self.must_look_below(low) {
            return self.look_below(low, None);
        }
        self.tell_end_of_ring(next);
        self.finish(true);
    }

    fn tell_end_of_ring(&mut self, next: u32) {
        let newest = self.newest;
        let known = match self.target {
            Target::Since(checkpoint) => {
                if let Some(newest) = newest.filter(|newest| newest.serial_number != checkpoint.serial_number) {
                    return self.tell_change(&checkpoint, newest);
                }
                checkpoint.index.checked_add(1)
            }
            _ => self.reading.oldest,
        };
        match known {
            Some(known) if known <= next => self.events.push(Event::Overrun { first: known, last: next }),
            Some(_) => {}
            None => self.tell_below_log(self.reading.last, next),
        }
    }

    /// The log is another one now: what is left is told as not read.
    pub(super) fn give_up(&mut self) {
        if let Some(next) = self.reading.next {
            let below = self.checkpoint_below().map(|checkpoint| checkpoint.index.saturating_add(1));
            let last = below.unwrap_or(self.reading.last);
            if !self.order.is_before(last, next) {
                self.events.push(Event::NotRead { first: next.min(last), last: next.max(last) });
            }
        }
        self.finish(false);
    }
}
