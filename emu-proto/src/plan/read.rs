//! Reading the span, block by block.
//!
//! Each request starts with the row before those that are wanted, the *anchor*, which is known to be there: if another row
//! has its index, it is another log. And what is missing in an answer is never believed the first time: the rows are asked
//! for again. If the anchor comes and they do not, the log has a hole; if the anchor is gone as well, the ring has
//! overtaken it.

use super::Verdict;
use super::checkpoint::Checkpoint;
use super::continuity::is_clock_set;
use super::event::Event;
use super::machine::{Machine, State, Why};
use super::search::TRIES;
use super::target::{Order, Target};
use crate::serial::SerialNumber;

/// The span to be read, and how far it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The lowest and the highest index of the span.
    pub(super) low: u32,
    pub(super) high: u32,
    /// Rows whose clock was not set are within the times asked for from `core_low` on, and before `core_end`.
    pub(super) core_low: u64,
    pub(super) core_end: u64,
    /// The span in the order of reading; `next` is `None` after its last row.
    pub(super) first: u32,
    pub(super) next: Option<u32>,
    pub(super) last: u32,
    /// How many rows the span has at most, once it is known.
    pub(super) total: Option<u64>,
    /// A row that was there when it was last asked for: the last one read, or one that a search has found.
    pub(super) anchor: Option<Checkpoint>,
    /// The row that the search for the lower bound has found.
    pub(super) oldest_seen: Option<Checkpoint>,
    /// The serial number of the rows.
    pub(super) serial_number: SerialNumber,
    /// Whether the anchor is a checkpoint that was not compared with the log yet.
    pub(super) must_check: bool,
    /// Whether rows were missing in the last answer, and the first row that came after them.
    pub(super) is_suspect: bool,
    seen_after: Option<u32>,
    /// How far the last answer would have reached, in which nothing came.
    empty_to: Option<u32>,
    /// Whether the log is known to be the same although the anchor is gone.
    pub(super) is_vouched: bool,
    /// Whether the next request leaves the anchor out.
    is_bare: bool,
    /// How often `next` could not be read.
    tries: u8,
    /// How often two answers did not agree about what is missing from `next` on.
    doubts: u8,
    /// How many rows were last taken for unreadable, if none was read since.
    claimed: u32,
    /// Whether any row was read, or found to be unreadable.
    has_started: bool,
}

impl Reading {
    pub(super) const NOTHING: Self = Self::new(match SerialNumber::new(0) {
        Some(serial) => serial,
        None => SerialNumber::MAX,
    });

    pub(super) const fn new(serial_number: SerialNumber) -> Self {
        Self {
            low: 0,
            high: 0,
            core_low: 0,
            core_end: 0,
            first: 0,
            next: None,
            last: 0,
            total: None,
            anchor: None,
            oldest_seen: None,
            serial_number,
            must_check: false,
            is_suspect: false,
            seen_after: None,
            empty_to: None,
            is_vouched: false,
            is_bare: false,
            tries: 0,
            doubts: 0,
            claimed: 0,
            has_started: false,
        }
    }
}

impl Machine {
    /// Starts to read from one end of the span that was found.
    pub(super) fn start_reading(&mut self) {
        let reading = &mut self.reading;
        if reading.low > reading.high {
            return self.finish(true);
        }
        match self.order {
            Order::Ascending => {
                (reading.first, reading.last) = (reading.low, reading.high);
                reading.anchor = reading.oldest_seen;
                if let Target::Since(checkpoint) = self.target {
                    reading.first = checkpoint.index.saturating_add(1);
                    reading.anchor = Some(checkpoint);
                    reading.must_check = true;
                    reading.serial_number = checkpoint.serial_number;
                    self.continuity.seed(checkpoint);
                }
            }
            Order::Descending => {
                (reading.first, reading.last) = (reading.high, reading.low);
                reading.anchor = self.newest.filter(|newest| newest.index == reading.high);
            }
        }
        reading.next = Some(reading.first).filter(|first| !self.order.is_before(reading.last, *first));
        // A checkpoint that is read down to is no row of the span.
        let is_down_to_checkpoint = self.order == Order::Descending && matches!(self.target, Target::Since(_));
        let rows = u64::from(reading.first.abs_diff(reading.last));
        reading.total = Some(match reading.next {
            None => 0,
            Some(_) if is_down_to_checkpoint => rows,
            Some(_) => rows.saturating_add(1),
        });
        self.state = State::Read;
        self.finish_if_read();
    }

    /// Returns where the next request starts and ends, and whether it asks for the anchor.
    pub(super) fn span_to_ask(&self) -> Option<(u32, u32, bool)> {
        let reading = &self.reading;
        let next = reading.next?;
        // A repeated request asks for as much as the meter gives, to be sure of how wide a hole is.
        let count = if reading.is_suspect { self.log.limit() } else { self.block };
        let anchor = reading.anchor.filter(|anchor| {
            (reading.must_check || !reading.is_bare)
                && self.order.is_before(anchor.index, next)
                && anchor.index.abs_diff(next) < count
        });
        let from = anchor.map_or(next, |anchor| anchor.index);
        Some((from, self.order.further(from, count.saturating_sub(1), reading.last), anchor.is_some()))
    }

    /// Whether the anchor was read; else it is still to come.
    pub(super) fn has_passed_anchor(&self) -> bool {
        let reading = &self.reading;
        matches!((reading.anchor, reading.next), (Some(anchor), Some(next)) if self.order.is_before(anchor.index, next))
    }

    pub(super) fn read_row(&mut self, row: Checkpoint, is_whole: bool) -> Verdict {
        let Some(next) = self.reading.next else { return self.abandon() };
        let is_passed = self.order.is_before(row.index, next);
        let known = [self.reading.anchor, self.newest].into_iter().flatten().find(|known| known.index == row.index);
        if let Some(known) = known.filter(|known| !row.is_same_row(known)) {
            return self.find_another_log(&known, row, is_whole);
        }
        if is_passed && known.is_some() && !self.answer.is_anchor_seen {
            self.answer.is_anchor_seen = true;
            self.answer.bad_lines = 0;
            self.reading.must_check = false;
            return Verdict::Discard;
        }
        if is_passed {
            self.events.push(Event::Duplicate { index: row.index });
            return Verdict::Discard;
        }
        if !is_whole {
            return Verdict::Discard;
        }
        if self.reading.must_check && !self.give_up_check() {
            return self.abandon();
        }
        let checkpoint = self.checkpoint_below().filter(|checkpoint| checkpoint.index == row.index);
        let is_end = checkpoint.is_some_and(|checkpoint| checkpoint.is_same_row(&row));
        if !is_end && row.serial_number != self.reading.serial_number {
            self.ask_newest(Why::Serial { index: row.index, serial_number: row.serial_number });
            return self.abandon();
        }
        let is_known_log = self.reading.is_vouched || !self.is_anchor_gone(row.index) || self.vouch(row.index);
        if !is_known_log || (row.index != next && !self.believe_missing(next, row.index)) {
            return self.abandon();
        }
        match checkpoint {
            Some(_) if is_end => {
                self.answer.has_moved = true;
                self.reading.next = None;
                self.abandon()
            }
            Some(checkpoint) => {
                // Not the log that it was made of: all of it is read.
                self.tell_change(&checkpoint, row);
                self.target = Target::Everything;
                (self.reading.low, self.reading.last, self.reading.total) = (0, 0, None);
                self.accept(row)
            }
            None => self.accept(row),
        }
    }

    /// Another row stands where one is known that was read, or that the checkpoint names.
    fn find_another_log(&mut self, known: &Checkpoint, row: Checkpoint, is_whole: bool) -> Verdict {
        if !is_whole {
            return Verdict::Discard;
        }
        if self.reading.must_check {
            self.start_over(known, row);
        } else {
            self.tell_change(known, row);
            self.give_up();
        }
        self.abandon()
    }

    /// The checkpoint's row did not come. Returns whether it may be done without.
    fn give_up_check(&mut self) -> bool {
        if self.answer.bad_lines > 0 && !self.is_last_try() {
            return false;
        }
        if self.answer.bad_lines == 0 && !self.answer.is_repeated {
            self.suspect(None);
            return false;
        }
        if let (Target::Since(checkpoint), Some(newest)) = (self.target, self.newest)
            && checkpoint.serial_number != newest.serial_number
        {
            self.start_over(&checkpoint, newest);
            return false;
        }
        self.reading.must_check = false;
        true
    }

    /// The checkpoint, if the plan reads down to its row.
    fn checkpoint_below(&self) -> Option<Checkpoint> {
        match (self.target, self.order) {
            (Target::Since(checkpoint), Order::Descending) => Some(checkpoint),
            _ => None,
        }
    }

    /// Rows from `next` up to the one before `index` did not come. Returns whether that is final.
    fn believe_missing(&mut self, next: u32, index: u32) -> bool {
        let Some(last) = self.order.before(index) else { return false };
        if self.answer.bad_lines > 0 {
            if !self.is_last_try() {
                return false;
            }
            self.events.push(Event::Unreadable { first: next.min(last), last: next.max(last) });
        } else if self.agrees_with_last_answer(index) || self.is_last_doubt() {
            self.tell_loss(next, last, self.answer.is_anchor_seen);
            self.reading.seen_after = None;
        } else {
            self.suspect(Some(index));
            return false;
        }
        self.reading.next = Some(index);
        true
    }

    /// Whether the anchor should have come before the row with this index, and did not.
    fn is_anchor_gone(&self, index: u32) -> bool {
        !self.answer.is_anchor_seen
            && self.reading.anchor.is_some_and(|anchor| self.order.is_before(anchor.index, index))
    }

    /// The anchor is gone, by which the log is known. Returns whether that is to be put up with.
    fn vouch(&mut self, index: u32) -> bool {
        if self.answer.bad_lines > 0 {
            // It may be among them.
            return self.is_last_try();
        }
        if self.answer.is_repeated {
            self.ask_newest(Why::AnchorGone);
        } else {
            self.suspect(Some(index));
        }
        false
    }

    /// Whether the rows before `index` were missing in the answer before this one as well.
    fn agrees_with_last_answer(&self, index: u32) -> bool {
        self.answer.is_repeated && self.reading.seen_after.is_none_or(|seen| !self.order.is_before(seen, index))
    }

    /// Has the same rows asked for once more.
    fn suspect(&mut self, seen_after: Option<u32>) {
        self.reading.is_suspect = true;
        self.reading.seen_after = seen_after;
        self.reading.empty_to = None;
        self.reading.is_bare = false;
    }

    fn is_last_try(&mut self) -> bool {
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

    fn accept(&mut self, row: Checkpoint) -> Verdict {
        self.answer.has_moved = true;
        self.answer.is_anchor_seen = true;
        self.answer.bad_lines = 0;
        self.reading.is_suspect = false;
        self.reading.is_bare = false;
        self.reading.is_vouched = false;
        self.reading.claimed = 0;
        self.reading.anchor = Some(row);
        self.reading.has_started = true;
        self.go_on_after(row.index);
        let is_wanted = if is_clock_set(row.timestamp) {
            self.times.contain(row.timestamp)
        } else {
            (self.reading.core_low..self.reading.core_end).contains(&u64::from(row.index))
        };
        if !is_wanted {
            return Verdict::Discard;
        }
        self.continuity.follow(row, self.order, &mut self.events);
        self.delivered = self.delivered.saturating_add(1);
        if self.last_delivered.is_none() || self.order == Order::Ascending {
            self.last_delivered = Some(row);
        }
        Verdict::Deliver
    }

    /// Takes the end of an answer from which nothing was drawn yet.
    pub(super) fn read_ended(&mut self, is_complete: bool) {
        let Some(next) = self.reading.next else { return };
        let answer = self.answer;
        if answer.has_moved {
            // Whatever is missing after the last row is asked for first in the next request.
            self.reading.is_suspect = false;
            return;
        }
        self.fruitless = self.fruitless.saturating_add(1);
        if !is_complete {
            // If the anchor is all that came before the break, it is left out once: the log was just seen to be the same,
            // and a cut after so many bytes does not cut the same row in the same place.
            self.reading.is_suspect = false;
            self.reading.is_bare = !self.reading.is_bare && answer.is_anchor_seen;
        } else if answer.bad_lines > 0 {
            if self.is_last_try() {
                self.claim_unreadable(next);
            }
        } else {
            self.came_empty();
        }
    }

    /// A whole answer held nothing new. That is believed if the one before, no shorter, did not either.
    fn came_empty(&mut self) {
        let (answer, before) = (self.answer, self.reading.empty_to);
        let searched = if self.order == Order::Ascending { answer.high } else { answer.low };
        let is_confirmed = before.is_some_and(|before| !self.order.is_before(before, searched));
        if answer.is_repeated && is_confirmed {
            self.reading.is_suspect = false;
            return self.ask_newest(Why::Empty { searched, is_anchor_seen: answer.is_anchor_seen });
        }
        self.suspect(None);
        self.reading.empty_to = Some(searched);
    }

    /// An answer held nothing but lines that cannot be read, three times: as many rows are taken for unreadable.
    ///
    /// They may stand further on, after a hole. Then the same comes again, and twice as many are taken.
    fn claim_unreadable(&mut self, next: u32) {
        let answer = self.answer;
        let asked = if self.order == Order::Ascending { answer.high } else { answer.low };
        let count = answer.bad_lines.max(self.reading.claimed.saturating_mul(2));
        let last = self.order.further(next, count.saturating_sub(1), asked);
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

    /// The block from the next row to `searched` holds nothing, and the log is still the same.
    pub(super) fn block_was_empty(&mut self, searched: u32, is_anchor_seen: bool) {
        let Some(next) = self.reading.next else { return };
        if let (true, Target::Since(checkpoint), Some(newest)) = (self.reading.must_check, self.target, self.newest)
            && checkpoint.serial_number != newest.serial_number
        {
            return self.start_over(&checkpoint, newest);
        }
        self.reading.must_check = false;
        match self.order {
            Order::Ascending if searched < self.reading.last => {
                self.find_next(searched.saturating_add(1), is_anchor_seen);
            }
            Order::Ascending => self.resume(None, is_anchor_seen),
            Order::Descending => {
                self.tell_end_of_ring(next);
                self.finish(true);
            }
        }
    }

    /// Goes on from the row that was found after a hole, or ends where there is none.
    pub(super) fn resume(&mut self, found: Option<(u32, Option<Checkpoint>)>, is_anchor_seen: bool) {
        let Some(next) = self.reading.next else { return };
        let last = found.map_or(Some(self.reading.last), |(index, _)| self.order.before(index));
        if let Some(last) = last.filter(|last| !self.order.is_before(*last, next)) {
            self.tell_loss(next, last, is_anchor_seen);
            self.go_on_after(last);
        }
        if let Some((_, row)) = found {
            self.reading.anchor = row;
        }
        self.state = State::Read;
        self.finish_if_read();
    }

    /// Tells why rows are missing, both of which ends are given in the order of reading.
    fn tell_loss(&mut self, next: u32, last: u32, is_anchor_seen: bool) {
        let (first, last) = (next.min(last), next.max(last));
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

    /// Rows that were never known to be there.
    fn tell_absent(&mut self, first: u32, last: u32) {
        if self.reading.has_started {
            self.events.push(Event::Gap { first, last });
        } else if matches!(self.target, Target::Last(_) | Target::Indices { .. }) {
            self.events.push(Event::Absent { first, last });
        }
    }

    /// A plan that reads downwards has come to the ring's end, with these rows still wanted.
    fn tell_end_of_ring(&mut self, next: u32) {
        let newest = self.newest;
        let known = match self.target {
            Target::Since(checkpoint) => {
                if let Some(newest) = newest.filter(|newest| newest.serial_number != checkpoint.serial_number) {
                    return self.tell_change(&checkpoint, newest);
                }
                checkpoint.index.checked_add(1)
            }
            _ => self.reading.oldest_seen.map(|row| row.index),
        };
        match known {
            Some(known) if known <= next => self.events.push(Event::Overrun { first: known, last: next }),
            Some(_) => {}
            None if matches!(self.target, Target::Last(_) | Target::Indices { .. }) => {
                self.events.push(Event::Absent { first: self.reading.last, last: next });
            }
            None => {}
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

    fn go_on_after(&mut self, index: u32) {
        let last = self.reading.last;
        self.reading.next = self.order.after(index).filter(|next| !self.order.is_before(last, *next));
        (self.reading.tries, self.reading.doubts) = (0, 0);
        self.fruitless = 0;
    }

    pub(super) fn finish_if_read(&mut self) {
        if matches!(self.state, State::Read) && self.reading.next.is_none() {
            self.finish(true);
        }
    }

    /// The rest of the answer is of no use, and what it showed has been drawn from it.
    fn abandon(&mut self) -> Verdict {
        self.answer.is_settled = true;
        Verdict::Abandon
    }
}
