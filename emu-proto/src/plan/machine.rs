//! The states of a plan, but for reading itself: what is newest, and from where to where.

use super::answer::Answer;
use super::checkpoint::Checkpoint;
use super::continuity::{Continuity, is_clock_set};
use super::event::{Event, Events};
use super::newest::{Newest, change};
use super::read::Reading;
use super::search::{Clock, Outcome, Search};
use super::target::{Moment, Order, Target, Times};
use super::{Progress, Verdict};
use crate::request::{Log, Readout};
use crate::serial::SerialNumber;

/// A plan but for the rows' type.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    /// What was ordered.
    pub(super) log: Log,
    pub(super) block: u32,
    pub(super) order: Order,
    pub(super) target: Target,
    pub(super) times: Times,
    /// What is known, and where the plan stands.
    pub(super) state: State,
    pub(super) newest: Option<Checkpoint>,
    pub(super) reading: Reading,
    pub(super) answer: Answer,
    /// What is told.
    pub(super) continuity: Continuity,
    pub(super) events: Events,
    pub(super) delivered: u64,
    pub(super) last_delivered: Option<Checkpoint>,
    /// Whether the plan started from a checkpoint.
    pub(super) is_resumed: bool,
    /// Whether a row that was left out as too late came before one that was delivered, or may: the checkpoint stays.
    pub(super) is_held: bool,
    pub(super) fruitless: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    /// The newest row is asked for.
    Newest(Newest),
    /// A bound is looked for.
    Search(Search, Goal),
    /// Rows are read.
    Read,
    /// Nothing more is asked for; whether all was read that was ordered.
    Done { is_complete: bool },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Why {
    /// The plan starts.
    Start,
    /// The checkpoint's row is gone, and the newest row was found below it.
    CheckpointGone(Checkpoint),
    /// Nothing came for a block of rows, asked for twice; and what is the next row that is there, if any.
    Empty { found: Option<(u32, Option<Checkpoint>)>, is_anchor_seen: bool },
    /// The row before those that are missing is missing too.
    AnchorGone,
    /// Another row stands at this index than did before.
    OtherRow { index: u32 },
    /// A row carries another serial number.
    Serial { index: u32, serial_number: SerialNumber },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// The checkpoint's row, above which the newest one should be, and is not.
    Checkpoint,
    /// The oldest row.
    Oldest,
    /// The first row of the times asked for.
    Low,
    /// The first row after them.
    High,
    /// The row after a hole.
    Resume { is_anchor_seen: bool },
    /// Any row below those that are missing at the lower end of what was asked for.
    Below,
}

impl Machine {
    pub(super) const fn new(log: Log, target: Target, order: Order, times: Times) -> Self {
        let interval = match log {
            Log::LoadProfile => 900,
            Log::Logbook => 0,
        };
        let state = match target {
            Target::Last(0) => State::Done { is_complete: true },
            _ => State::Newest(Newest::new(Why::Start)),
        };
        Self {
            log,
            block: log.limit(),
            order,
            target,
            times,
            state,
            newest: None,
            reading: Reading::NOTHING,
            answer: Answer::CLOSED,
            continuity: Continuity::new(interval),
            events: Events::new(),
            delivered: 0,
            last_delivered: None,
            is_resumed: matches!(target, Target::Since(_)),
            is_held: false,
            fruitless: 0,
        }
    }

    pub(super) fn poll_request(&mut self) -> Option<Readout> {
        if self.answer.is_open && self.answer.is_touched {
            self.handle_end(false);
        }
        let limit = self.log.limit();
        let (is_repeated, mut is_anchor_seen) = (self.reading.is_suspect, false);
        // Asked twice, the same is answered.
        let mut is_vouched = self.answer.is_open && self.answer.is_vouched;
        let (readout, low, high) = match &mut self.state {
            State::Newest(newest) => {
                newest.row = None;
                (Readout::Last(newest.count), 0, u32::MAX)
            }
            State::Search(search, _) => {
                let (from, to) = search.ask(limit);
                (Readout::Range { from, to }, from, to)
            }
            State::Read => {
                let (from, to, asks_anchor) = self.span_to_ask()?;
                is_vouched |= core::mem::take(&mut self.reading.is_vouched);
                is_anchor_seen = !asks_anchor && self.has_passed_anchor();
                (Readout::Range { from, to }, from.min(to), from.max(to))
            }
            State::Done { .. } => return None,
        };
        self.answer = Answer { low, high, is_open: true, is_repeated, is_anchor_seen, is_vouched, ..Answer::CLOSED };
        Some(readout)
    }

    /// Takes a row; `is_whole` unless the row is the answer's last one and may be cut.
    pub(super) fn handle_row(&mut self, row: Checkpoint, is_whole: bool) -> Verdict {
        if !self.answer.is_open || self.answer.is_abandoned {
            return Verdict::Abandon;
        }
        self.answer.is_touched = true;
        // Where a row may be cut, others may be missing after it.
        self.answer.is_unsure |= !is_whole;
        self.answer.rows = self.answer.rows.saturating_add(1);
        if self.answer.rows > self.log.limit().saturating_mul(2) {
            // No meter does that. What came so far counts, and the answer as broken.
            self.answer.is_unsure = true;
            self.answer.is_abandoned = true;
            return Verdict::Abandon;
        }
        if row.index < self.answer.low || row.index > self.answer.high {
            if !core::mem::replace(&mut self.answer.has_unasked, true) {
                self.events.push(Event::Unasked { index: row.index });
            }
            return Verdict::Discard;
        }
        let verdict = match &mut self.state {
            State::Newest(newest) => newest.handle_row(row, is_whole),
            State::Search(search, _) => search.handle_row(row),
            State::Read => self.read_row(row, is_whole),
            State::Done { .. } => Verdict::Abandon,
        };
        if verdict == Verdict::Abandon {
            self.answer.is_abandoned = true;
        }
        verdict
    }

    /// How many rows of the answer were told.
    pub(super) const fn place_in_answer(&self) -> u32 {
        self.answer.rows
    }

    /// Whether a row that may be cut is wanted, and can be had at another place of an answer: without the row before it.
    pub(super) fn may_be_cut_alike(&self, index: u32) -> bool {
        let is_wanted = self.reading.next.is_some_and(|next| !self.order.is_before(index, next));
        matches!(self.state, State::Read) && is_wanted && self.answer.is_anchor_seen
    }

    pub(super) fn handle_bad_line(&mut self) {
        self.answer.is_touched = true;
        self.answer.bad_lines = self.answer.bad_lines.saturating_add(1);
    }

    pub(super) fn handle_end(&mut self, is_complete: bool) {
        if !core::mem::replace(&mut self.answer.is_open, false) {
            return;
        }
        let is_complete = is_complete && !self.answer.is_unsure;
        match self.state {
            // What the answer showed was drawn from it when it was abandoned.
            _ if self.answer.is_settled => {
                if self.answer.set_aside.is_some() && !is_complete && !self.answer.is_ordered {
                    // A single row shows no order, and what is missing may have been still to come.
                    self.reading.is_suspect = false;
                }
                if !self.answer.has_moved {
                    self.fruitless = self.fruitless.saturating_add(1);
                }
                self.finish_if_read();
            }
            State::Newest(newest) => self.newest_ended(newest, is_complete),
            State::Search(search, goal) => self.search_ended(search, goal, is_complete),
            State::Read => {
                self.read_ended(is_complete);
                self.finish_if_read();
            }
            State::Done { .. } => {}
        }
    }

    #[inline(never)]
    fn newest_ended(&mut self, mut newest: Newest, is_complete: bool) {
        let has_bad_lines = self.answer.bad_lines > 0;
        let is_empty = is_complete && !has_bad_lines && newest.row.is_none();
        let is_of_use = match (newest.row, newest.why) {
            // Believed the second time.
            (None, _) => is_empty && newest.is_empty,
            (Some(_), Why::Start) => true,
            // Lines that could not be read may hide rows that are newer than this one.
            (Some(row), Why::CheckpointGone(known)) => !has_bad_lines || known.index <= row.index,
            (Some(row), _) => !has_bad_lines || self.newest.is_none_or(|known| known.index <= row.index),
        };
        if !is_of_use {
            self.fruitless = self.fruitless.saturating_add(1);
            newest.is_empty |= is_empty;
            if has_bad_lines || self.answer.is_unsure {
                // From one row again after the most, since the log may have a newer one by now, which can be read.
                let limit = self.log.limit();
                newest.count = if newest.count >= limit { 1 } else { newest.count.saturating_mul(2).min(limit) };
            }
            self.state = State::Newest(newest);
            return;
        }
        match newest.why {
            Why::Start => {
                self.fruitless = 0;
                self.start(newest.row);
            }
            why => self.look_again(why, newest.row),
        }
    }

    /// Starts from the newest row: the span ends there, whatever is logged from now on.
    fn start(&mut self, newest: Option<Checkpoint>) {
        self.newest = newest;
        self.tell_not_yet();
        let Some(newest) = newest else {
            if let Target::Since(checkpoint) = self.target {
                self.events.push(Event::IndexRestart { index: checkpoint.index, newest: None });
            }
            return self.finish(true);
        };
        self.reading = Reading::new(newest.serial_number);
        if let Target::Since(checkpoint) = self.target {
            if newest.is_same_row(&checkpoint) {
                return self.finish(true);
            }
            if newest.index == checkpoint.index {
                return self.start_over(&checkpoint, newest);
            }
            if newest.index < checkpoint.index {
                // To read all again on the word of one answer would be rash: the checkpoint's row is asked for.
                let search = Search::new(checkpoint.index, checkpoint.index, None);
                return self.search(search, Goal::Checkpoint);
            }
        }
        self.find_low(newest);
    }

    /// Tells which of the rows that were asked for by index are above the newest one.
    fn tell_not_yet(&mut self) {
        let Target::Indices { low, high } = self.target else { return };
        let above = self.newest.map_or(Some(low), |newest| newest.index.checked_add(1).map(|above| above.max(low)));
        if let Some(first) = above.filter(|first| *first <= high && high < u32::MAX) {
            self.events.push(Event::NotYet { first, last: high });
        }
    }

    /// The checkpoint is of another log than the meter's: tells how it is another, and reads all there is.
    pub(super) fn start_over(&mut self, checkpoint: &Checkpoint, seen: Checkpoint) {
        self.tell_change(checkpoint, seen);
        self.target = Target::Everything;
        self.continuity.reset();
        let Some(newest) = self.newest else { return self.finish(true) };
        self.reading = Reading::new(newest.serial_number);
        self.find_low(newest);
    }

    /// Tells that `known` is of another log than `seen`, a row of the present one.
    pub(super) fn tell_change(&mut self, known: &Checkpoint, seen: Checkpoint) {
        self.events.push(if known.serial_number == seen.serial_number {
            Event::IndexRestart { index: known.index, newest: self.newest.map(|newest| newest.index) }
        } else {
            Event::MeterSwapped { old: known.serial_number, new: seen.serial_number, index: seen.index }
        });
    }

    fn find_low(&mut self, newest: Checkpoint) {
        let (low, high) = match self.target {
            Target::Everything => (0, newest.index),
            Target::Last(count) => (newest.index.saturating_sub(count.saturating_sub(1)), newest.index),
            Target::Indices { low, high } => (low, high.min(newest.index)),
            Target::Since(checkpoint) => (checkpoint.index, newest.index),
        };
        if low > high {
            return self.finish(true);
        }
        (self.reading.low, self.reading.high) = (low, high);
        (self.reading.core_low, self.reading.core_end) = (u64::from(low), u64::from(high).saturating_add(1));
        if self.needs_oldest() {
            self.search(Search::new(low, newest.index, Some(newest)), Goal::Oldest);
        } else {
            self.start_reading();
        }
    }

    /// Whether the oldest row has to be found first. Read downwards it is found by coming to it.
    fn needs_oldest(&self) -> bool {
        let is_any_time = self.times.since.is_none() && self.times.until.is_none();
        matches!(self.target, Target::Everything) && (self.order == Order::Ascending || !is_any_time)
    }

    /// Whether the read-out ends in front of the first row that is too late, instead of leaving out such rows.
    pub(super) fn ends_at_until(&self) -> bool {
        self.is_resumed && self.order == Order::Ascending
    }

    /// What the oldest and the newest row say of the clock; `None` if bounds cannot be told by time.
    fn clock(&self) -> Option<Clock> {
        let newest = self.newest.filter(|_| self.continuity.interval > 0)?;
        let clock = Clock::new(self.log, self.continuity.interval, self.reading.anchor, newest);
        clock.is_steady().then_some(clock)
    }

    /// Looks for the first row of the times asked for, from the oldest one on.
    fn find_since(&mut self, newest: Checkpoint) {
        let Some(since) = self.times.since else { return self.find_until(newest) };
        let Some(clock) = self.clock() else { return self.start_reading() };
        if is_clock_set(newest.timestamp) && Moment::of(newest.timestamp) < since {
            self.reading.core_low = u64::from(newest.index).saturating_add(1);
            return self.find_until(newest);
        }
        self.search(Search::by_time(since, self.reading.low, newest, clock), Goal::Low);
    }

    /// Looks for the first row after the times asked for.
    fn find_until(&mut self, newest: Checkpoint) {
        let until = self.times.until.filter(|until| {
            !self.ends_at_until() && is_clock_set(newest.timestamp) && Moment::of(newest.timestamp) > *until
        });
        let Some(time) = until.map(Moment::after) else { return self.narrow() };
        let Some(clock) = self.clock() else { return self.start_reading() };
        self.search(Search::by_time(time, self.reading.low, newest, clock), Goal::High);
    }

    /// Reads between the bounds that were found, and a block beyond each, since clocks jump.
    fn narrow(&mut self) {
        let Reading { low, high, core_low, core_end, .. } = self.reading;
        let limit = u64::from(self.log.limit());
        let from = u32::try_from(core_low.saturating_sub(limit)).unwrap_or(u32::MAX);
        let to = u32::try_from(core_end.saturating_add(limit).saturating_sub(1)).unwrap_or(u32::MAX);
        (self.reading.low, self.reading.high) = (low.max(from), high.min(to));
        if low < from {
            (self.reading.oldest, self.reading.anchor) = (Some(from), None);
        }
        self.start_reading();
    }

    pub(super) fn search(&mut self, search: Search, goal: Goal) {
        match search.at_once() {
            Some(outcome) => self.search_came_to(search, goal, outcome),
            None => self.state = State::Search(search, goal),
        }
    }

    #[inline(never)]
    fn search_ended(&mut self, mut search: Search, goal: Goal, is_complete: bool) {
        let outcome = search.handle_end(is_complete, self.answer.bad_lines, self.log.limit());
        self.fruitless = match outcome {
            Outcome::Nothing => self.fruitless.saturating_add(1),
            _ => 0,
        };
        self.search_came_to(search, goal, outcome);
    }

    fn search_came_to(&mut self, search: Search, goal: Goal, outcome: Outcome) {
        match (outcome, goal) {
            (Outcome::Nothing | Outcome::Closer, _) => self.state = State::Search(search, goal),
            (outcome, Goal::Checkpoint) => match (outcome, self.target) {
                (Outcome::Found { row: Some(row), .. }, Target::Since(checkpoint)) if !row.is_same_row(&checkpoint) => {
                    self.start_over(&checkpoint, row);
                }
                (Outcome::Nowhere, Target::Since(checkpoint)) => self.ask_newest(Why::CheckpointGone(checkpoint)),
                // It is there: a newer one could not be read, or was not told of. A later read-out will find it.
                _ => self.finish(true),
            },
            (Outcome::Found { index, row, .. }, Goal::Oldest) => {
                (self.reading.low, self.reading.core_low) = (index, u64::from(index));
                self.reading.oldest = row.map(|row| row.index);
                self.reading.anchor = row;
                match self.newest {
                    Some(newest) => self.find_since(newest),
                    None => self.finish(true),
                }
            }
            (Outcome::Found { index, .. }, Goal::Low) => {
                self.reading.core_low = u64::from(index);
                match self.newest {
                    Some(newest) => self.find_until(newest),
                    None => self.finish(true),
                }
            }
            (Outcome::Found { index, .. }, Goal::High) => {
                self.reading.core_end = u64::from(index);
                self.narrow();
            }
            (Outcome::Nowhere | Outcome::Untrusted, Goal::Oldest | Goal::Low | Goal::High) => {
                // Time says nothing about places: all is read, and what has no time is left in.
                let Reading { low, high, .. } = self.reading;
                (self.reading.core_low, self.reading.core_end) = (u64::from(low), u64::from(high).saturating_add(1));
                self.start_reading();
            }
            (Outcome::Found { index, row, .. }, Goal::Resume { is_anchor_seen }) => {
                self.ask_newest(Why::Empty { found: Some((index, row)), is_anchor_seen });
            }
            (Outcome::Nowhere | Outcome::Untrusted, Goal::Resume { is_anchor_seen }) => {
                self.ask_newest(Why::Empty { found: None, is_anchor_seen });
            }
            (outcome, Goal::Below) => self.looked_below(outcome),
        }
    }

    /// Asks for the newest row again, to see whether the log is still the same.
    pub(super) fn ask_newest(&mut self, why: Why) {
        self.state = State::Newest(Newest::new(why));
    }

    fn look_again(&mut self, why: Why, newest: Option<Checkpoint>) {
        if let (Why::CheckpointGone(checkpoint), Some(newest)) = (why, newest) {
            self.newest = Some(newest);
            if newest.index < checkpoint.index {
                return self.start_over(&checkpoint, newest);
            }
            return self.start(Some(newest));
        }
        self.state = State::Read;
        if let Some(event) = self.newest.and_then(|known| change(&known, newest)) {
            if self.reading.must_check || matches!(why, Why::CheckpointGone(_)) {
                // Nothing was read yet: the checkpoint is to be compared with the log as it is now.
                return self.start(newest);
            }
            self.events.push(event);
            return self.give_up();
        }
        match why {
            Why::Start | Why::CheckpointGone(_) => {}
            Why::OtherRow { index } => {
                self.events.push(Event::IndexRestart { index, newest: newest.map(|newest| newest.index) });
                self.give_up();
            }
            Why::AnchorGone => self.reading.is_vouched = true,
            Why::Empty { found, is_anchor_seen } => self.block_was_empty(found, is_anchor_seen),
            Why::Serial { index, serial_number } => {
                let before = core::mem::replace(&mut self.reading.serial_number, serial_number);
                self.events.push(Event::SerialChanged { index, before, after: serial_number });
            }
        }
    }

    /// Looks for the next row that is there, from `from` on.
    pub(super) fn find_next(&mut self, from: u32, is_anchor_seen: bool) {
        self.search(Search::new(from, self.reading.last, None), Goal::Resume { is_anchor_seen });
    }

    pub(super) fn progress(&self) -> Progress {
        let Reading { first, next, total, .. } = self.reading;
        let passed = match (next, total) {
            (Some(next), Some(_)) => first.abs_diff(next),
            (_, total) => total.unwrap_or(0),
        };
        Progress { delivered: self.delivered, passed: u64::from(passed), total: total.map(u64::from) }
    }

    pub(super) fn finish(&mut self, is_complete: bool) {
        self.state = State::Done { is_complete };
    }
}
