//! Reading the span, block by block.
//!
//! Each request starts with the row before those that are wanted, the *anchor*, which is known to be there: if another row
//! has its index, it is another log. What is missing in an answer is the matter of `missing`.

use core::cmp::Ordering;

use super::Verdict;
use super::answer::Answer;
use super::checkpoint::Checkpoint;
use super::continuity::is_clock_set;
use super::event::Event;
use super::machine::{Machine, State, Why};
use super::target::{Moment, Order, Target};
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
    /// How many rows the span has at most, once it is known; one less if it has all numbers.
    pub(super) total: Option<u32>,
    /// A row that was there when it was last asked for: the last one read, or one that a search has found.
    pub(super) anchor: Option<Checkpoint>,
    /// From where on rows are known to be there, if that was looked for.
    pub(super) oldest: Option<u32>,
    /// The serial number of the rows.
    pub(super) serial_number: SerialNumber,
    /// Whether the anchor is a checkpoint that was not compared with the log yet.
    pub(super) must_check: bool,
    /// Whether rows were missing in the last answer, and the first row that was seen after those that are missing.
    pub(super) is_suspect: bool,
    pub(super) seen_after: Option<u32>,
    /// How far the last answer would have reached, in which nothing came.
    pub(super) empty_to: Option<u32>,
    /// Whether the log was just seen to be the same although the anchor is gone: the next request may do without it.
    pub(super) is_vouched: bool,
    /// Whether the next request asks for as many rows as the meter gives, to see a row that may be cut once more.
    pub(super) is_wide: bool,
    /// Whether the next request leaves the anchor out.
    pub(super) is_bare: bool,
    /// How often `next` could not be read.
    pub(super) tries: u8,
    /// How often two answers did not agree about what is missing from `next` on.
    pub(super) doubts: u8,
    /// In how many answers since `next` was asked for the first time rows came in another order.
    pub(super) disorders: u8,
    /// How many rows were last taken for unreadable, if none was read since.
    pub(super) claimed: u32,
    /// Whether any row was read, or found to be unreadable.
    pub(super) has_started: bool,
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
            oldest: None,
            serial_number,
            must_check: false,
            is_suspect: false,
            seen_after: None,
            empty_to: None,
            is_vouched: false,
            is_wide: false,
            is_bare: false,
            tries: 0,
            doubts: 0,
            disorders: 0,
            claimed: 0,
            has_started: false,
        }
    }
}

/// In so many answers that bring the read-out no further, rows come in another order before that is believed.
const DISORDERS: u8 = 2;

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
        let rows = reading.first.abs_diff(reading.last);
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
        let count = if reading.is_suspect || reading.is_wide { self.log.limit() } else { self.block };
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
        if let Some(aside) = self.answer.set_aside {
            return self.look_on(row.index, aside, next);
        }
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
            return self.set_aside(row.index);
        }
        let checkpoint = self.checkpoint_below().filter(|checkpoint| checkpoint.index == row.index);
        let is_end = checkpoint.is_some_and(|checkpoint| checkpoint.is_same_row(&row));
        if !is_end && row.serial_number != self.reading.serial_number {
            self.ask_newest(Why::Serial { index: row.index, serial_number: row.serial_number });
            return self.abandon();
        }
        let is_known_log = !self.is_anchor_gone(row.index) || self.vouch(row.index);
        if !is_known_log || (row.index != next && !self.believe_missing(next, row)) {
            return self.set_aside(row.index);
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
            None if self.ends_at_until() && self.is_late(row) => {
                // The row, and whatever comes after it, is the next read-out's.
                self.answer.has_moved = true;
                self.reading.total = Some(self.reading.first.abs_diff(row.index));
                self.reading.next = None;
                self.abandon()
            }
            None => self.accept(row),
        }
    }

    /// A row came of which those before it are missing. If they are to be asked for again, the rest of the answer serves to see
    /// whether they come after it.
    fn set_aside(&mut self, index: u32) -> Verdict {
        if !matches!(self.state, State::Read) {
            return self.abandon();
        }
        let Answer { low, high, has_moved, is_anchor_seen, .. } = self.answer;
        let has_anchor = is_anchor_seen && self.reading.anchor.is_some_and(|row| (low..=high).contains(&row.index));
        self.answer.is_ordered = has_moved || has_anchor;
        self.answer.set_aside = Some(index);
        self.reading.seen_after = self.reading.seen_after.or(Some(index));
        self.answer.is_settled = true;
        Verdict::Discard
    }

    /// Takes a row that comes after the one that was set aside.
    fn look_on(&mut self, index: u32, aside: u32, next: u32) -> Verdict {
        let is_awaited_anchor =
            !self.answer.is_anchor_seen && self.reading.anchor.is_some_and(|anchor| anchor.index == index);
        let is_wanted = !self.order.is_before(index, next) || is_awaited_anchor;
        self.answer.is_ordered |= self.order.is_before(aside, index);
        if !is_wanted || !self.order.is_before(index, aside) {
            return Verdict::Discard;
        }
        // Nothing is known of what is missing.
        self.reading.is_suspect = false;
        (self.reading.tries, self.reading.doubts, self.reading.seen_after) = (0, 0, None);
        self.reading.disorders = self.reading.disorders.saturating_add(1);
        if self.reading.disorders >= DISORDERS {
            self.events.push(Event::OutOfOrder { index, after: aside });
            self.give_up();
        }
        self.abandon()
    }

    /// Another row stands where one is known that was read, or that the checkpoint names.
    fn find_another_log(&mut self, known: &Checkpoint, row: Checkpoint, is_whole: bool) -> Verdict {
        if !is_whole {
            return Verdict::Discard;
        }
        match self.target {
            Target::Since(checkpoint) if self.reading.must_check && checkpoint.index == row.index => {
                self.start_over(known, row);
            }
            _ => self.ask_newest(Why::OtherRow { index: known.index }),
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
    pub(super) fn checkpoint_below(&self) -> Option<Checkpoint> {
        match (self.target, self.order) {
            (Target::Since(checkpoint), Order::Descending) => Some(checkpoint),
            _ => None,
        }
    }

    fn accept(&mut self, row: Checkpoint) -> Verdict {
        self.answer.has_moved = true;
        self.answer.is_anchor_seen = true;
        self.answer.bad_lines = 0;
        self.reading.is_suspect = false;
        self.reading.is_bare = false;
        self.reading.is_wide = false;
        self.reading.claimed = 0;
        self.reading.anchor = Some(row);
        self.reading.has_started = true;
        self.go_on_after(row.index);
        let tells = !self.is_outside(row);
        self.continuity.follow(row, self.order, tells, &mut self.events);
        if row.index == 0 {
            self.tell_first_row();
        }
        let is_late = self.is_late(row);
        let is_wanted = !is_late
            && if is_clock_set(row.timestamp) {
                self.times.contain(row.timestamp)
            } else {
                u64::from(row.index) >= self.reading.core_low
            };
        if !is_wanted {
            // What is left out as too late is another read-out's, which starts from a row before it.
            self.is_held |= is_late && (self.order == Order::Ascending || self.last_delivered.is_some());
            return Verdict::Discard;
        }
        self.delivered = self.delivered.saturating_add(1);
        if self.last_delivered.is_none() || (self.order == Order::Ascending && !self.is_held) {
            self.last_delivered = Some(row);
        }
        Verdict::Deliver
    }

    /// Whether both this row and the one read before it were logged before the times asked for, or both after them.
    pub(super) fn is_outside(&self, row: Checkpoint) -> bool {
        let side = self.side(row);
        side != Ordering::Equal && self.continuity.previous().is_none_or(|previous| self.side(previous) == side)
    }

    /// Where the row stands by the times asked for. One without a time is judged by its place.
    fn side(&self, row: Checkpoint) -> Ordering {
        let is_early = if is_clock_set(row.timestamp) {
            self.times.since.is_some_and(|since| Moment::of(row.timestamp) < since)
        } else {
            u64::from(row.index) < self.reading.core_low
        };
        match (is_early, self.is_late(row)) {
            (true, _) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => Ordering::Equal,
        }
    }

    /// Whether the row was logged after the times asked for. One without a time is judged by its place.
    fn is_late(&self, row: Checkpoint) -> bool {
        if is_clock_set(row.timestamp) {
            self.times.until.is_some_and(|until| Moment::of(row.timestamp) > until)
        } else {
            u64::from(row.index) >= self.reading.core_end
        }
    }

    /// Takes the end of an answer from which nothing was drawn yet.
    #[inline(never)]
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
            self.reading.is_wide = answer.is_unsure;
            self.reading.is_bare = !self.reading.is_bare && answer.is_anchor_seen;
        } else if answer.bad_lines > 0 {
            // Something is there.
            self.reading.empty_to = None;
            if self.is_last_try() {
                self.give_up_lines(next);
            }
        } else {
            self.came_empty();
        }
    }

    /// An answer held nothing but lines that cannot be read, three times.
    fn give_up_lines(&mut self, next: u32) {
        let answer = self.answer;
        let is_asked = |anchor: Checkpoint| (answer.low..=answer.high).contains(&anchor.index);
        // The first of them may be the anchor's, which was read before or is not wanted.
        let is_anchor_awaited = !answer.is_anchor_seen && self.has_passed_anchor();
        let anchors = u32::from(is_anchor_awaited && self.reading.anchor.is_some_and(is_asked));
        let rows = answer.bad_lines.saturating_sub(anchors);
        if rows > 0 {
            return self.claim_unreadable(next, rows);
        }
        if self.reading.must_check && !self.give_up_check() {
            return;
        }
        self.reading.anchor = None;
        self.reading.has_started = true;
        self.reading.tries = 0;
    }

    pub(super) fn go_on_after(&mut self, index: u32) {
        let last = self.reading.last;
        self.reading.next = self.order.after(index).filter(|next| !self.order.is_before(last, *next));
        let is_ahead = |seen: &u32| self.reading.next.is_some_and(|next| self.order.is_before(next, *seen));
        self.reading.seen_after = self.reading.seen_after.filter(is_ahead);
        (self.reading.tries, self.reading.doubts, self.reading.disorders) = (0, 0, 0);
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
