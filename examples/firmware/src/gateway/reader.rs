//! The log's line: requests out, rows in. How they look there is in [`line`](crate::line).

use core::time::Duration;

use emu_proto::{BufferTooSmall, Decoder, End, LoadProfileEntry, Log, Readout, ReadoutPlan, Verdict, write_to_slice};
use emu_smp::client::Instant;

use super::report::{Counts, Totals};
use crate::line::{BROKEN, END};

/// Reads a load profile over a serial line: a [`ReadoutPlan`] that says what to ask, and a [`Decoder`] for the answer.
///
/// # How it is driven
///
/// In a loop, until [`is_done`](Self::is_done): [`poll_transmit`](Self::poll_transmit) and send what it writes; hand what came
/// to [`handle_bytes`](Self::handle_bytes), in whatever pieces; and at [`poll_timeout`](Self::poll_timeout), or simply each
/// time, call [`handle_timeout`](Self::handle_timeout).
///
/// It takes 2.5 KiB of memory at most, however long the log, and comes to an end whatever is on the line.
#[derive(Debug)]
pub struct Reader {
    plan: ReadoutPlan<LoadProfileEntry>,
    decoder: Decoder<LoadProfileEntry>,
    state: State,
    /// When the state ends though the line goes on and on.
    latest: Instant,
    /// The lowest and the highest index that were asked for last.
    asked: (u32, u32),
    /// How long the meter may be silent before it answers, in milliseconds.
    patience: u64,
    /// How many requests before the last one were not answered in time, and since when: their answers may still come.
    owed: u32,
    since: Instant,
    /// Whether these answers are being waited for, for the last time.
    is_draining: bool,
    totals: Totals,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The next request is sent at this time. What still comes belongs to no answer, and puts it off.
    Pausing { until: Instant },
    /// An answer is coming, and broken if nothing more comes until then.
    Answering { until: Instant, rest: Rest },
    /// It is over.
    Done { is_complete: bool },
}

/// What an answer is good for from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Rows that are wanted.
    Wanted,
    /// The plan has seen enough. A serial line can not be hung up on, so that the rest is let pass.
    Needless,
    /// It is no log, or the late answer to a request before.
    Unasked,
}

impl Reader {
    /// How long the meter may be silent within an answer, and at first before it. Before an answer it is twice as long after
    /// each that did not come, and after one that came late, so that a slow meter is not asked faster than it answers.
    pub const SILENCE: Duration = Duration::from_millis(SILENCE_MS);
    /// How long it may be silent before an answer at most, unless it was seen to take longer.
    pub const LONGEST_SILENCE: Duration = Duration::from_millis(LONGEST_SILENCE_MS);
    /// How long the line has to be silent after an answer that broke, so that nothing of it is taken for the next one's.
    pub const SETTLE: Duration = Duration::from_millis(SETTLE_MS);
    /// How long an answer may take in all, and what comes after it: the largest takes 80 s at 115,200 baud. One that takes
    /// longer is gone on with where it was.
    pub const LONGEST: Duration = Duration::from_millis(LONGEST_MS);
    /// How many answers that bring nothing are taken, one after the other. A place without rows needs a few.
    pub const PATIENCE: u32 = 20;

    /// Starts with a plan.
    #[must_use]
    pub const fn new(plan: ReadoutPlan<LoadProfileEntry>) -> Self {
        Self {
            plan,
            decoder: Decoder::new(),
            state: State::Pausing { until: Instant::START },
            latest: Instant::START,
            asked: (0, u32::MAX),
            patience: SILENCE_MS,
            owed: 0,
            since: Instant::START,
            is_draining: false,
            totals: Totals { rows: 0, first: None, last: None, index: 0, energies: [0; 8], active_power: 0 },
            counts: Counts {
                requests: 0,
                broken: 0,
                bad_lines: 0,
                gaps: 0,
                missing: 0,
                unreadable: 0,
                other_events: 0,
            },
        }
    }

    /// Writes the request that is to be sent now, and returns its length; `None` if none is.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        let State::Pausing { until } = self.state else { return None };
        if now < until {
            return None;
        }
        if self.plan.fruitless() > Self::PATIENCE {
            self.state = State::Done { is_complete: false };
            return None;
        }
        let Some(readout) = self.plan.poll_request() else {
            self.state = State::Done { is_complete: true };
            return None;
        };
        let request = write_to_slice(buffer, |out| {
            use core::fmt::Write;
            writeln!(out, "{}", readout.target(Log::LoadProfile))
        });
        self.decoder = Decoder::new();
        self.asked = match readout {
            Readout::Range { from, to } => (from.min(to), from.max(to)),
            Readout::Newest | Readout::Last(_) => (0, u32::MAX),
        };
        if core::mem::take(&mut self.is_draining) {
            self.owed = 0;
        }
        if self.owed == 0 {
            self.since = now;
        }
        self.state = State::Answering { until: after(now, self.patience), rest: Rest::Wanted };
        self.latest = now + Self::LONGEST;
        self.counts.requests = self.counts.requests.saturating_add(1);
        match request {
            Ok(length) => Some(length),
            Err(BufferTooSmall) => {
                self.state = State::Done { is_complete: false };
                None
            }
        }
    }

    /// Takes what came from the meter.
    pub fn handle_bytes(&mut self, now: Instant, mut bytes: &[u8]) {
        let is_mark = |byte: &u8| matches!(*byte, END | BROKEN);
        while let Some(at) = bytes.iter().position(is_mark)
            && let Some((text, [mark, rest @ ..])) = bytes.split_at_checked(at)
        {
            self.handle_text(now, text);
            self.handle_mark(now, if *mark == END { End::Complete } else { End::Broken });
            bytes = rest;
        }
        if !bytes.is_empty() {
            self.handle_text(now, bytes);
        }
    }

    /// Notices that time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let State::Answering { until, .. } = self.state
            && until <= now
        {
            self.handle_end(now, End::Broken);
            // It may still come, and must not be taken for the answer to another request.
            self.owed = self.owed.saturating_add(1);
            self.patience = self.patience.saturating_mul(2).min(LONGEST_SILENCE_MS).max(self.patience);
            self.state = State::Pausing { until: after(now, self.patience) };
        }
    }

    /// Returns when there is something to do although nothing comes; `None` at the end.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Pausing { until } | State::Answering { until, .. } => Some(until),
            State::Done { .. } => None,
        }
    }

    /// Returns whether it is over.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done { .. })
    }

    /// Returns whether everything was read that there is.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, State::Done { is_complete: true })
    }

    /// Returns the sums over the rows so far.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Returns what happened so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Takes a piece of a body.
    fn handle_text(&mut self, now: Instant, mut text: &[u8]) {
        match &mut self.state {
            State::Pausing { until } => *until = (*until).max((now + Self::SETTLE).min(self.latest)),
            State::Answering { until, rest } => {
                *until = (now + Self::SILENCE).min(self.latest);
                while *rest == Rest::Wanted
                    && let Some(row) = self.decoder.decode(&mut text)
                {
                    match row {
                        Ok(row) if row.index < self.asked.0 || row.index > self.asked.1 => *rest = Rest::Unasked,
                        Ok(row) => match self.plan.handle_row(&row) {
                            // Here a gateway stores the row, or sends it on.
                            Verdict::Deliver => self.totals.add(&row),
                            Verdict::Discard => {}
                            Verdict::Abandon => *rest = Rest::Needless,
                        },
                        Err(error) => {
                            self.counts.bad_lines = self.counts.bad_lines.saturating_add(1);
                            self.plan.handle_bad_line();
                            if error.is_fatal() {
                                *rest = Rest::Unasked;
                            }
                        }
                    }
                }
                while let Some(event) = self.plan.poll_event() {
                    self.counts.add(&event);
                }
            }
            State::Done { .. } => {}
        }
    }

    /// Takes a mark of the line: the end of the answer, or of one to a request before.
    fn handle_mark(&mut self, now: Instant, end: End) {
        let is_late = self.owed > 0;
        if is_late || matches!(self.state, State::Answering { .. }) {
            let taken = now.as_millis().saturating_sub(self.since.as_millis());
            let least = if is_late { self.patience } else { SILENCE_MS };
            self.patience = taken.saturating_mul(2).min(LONGEST_MS).max(least);
        }
        match self.state {
            State::Answering { .. } => {
                self.handle_end(now, end);
                self.is_draining = is_late;
            }
            State::Pausing { .. } => self.owed = self.owed.saturating_sub(1),
            State::Done { .. } => {}
        }
        // If there is something more to ask.
        if is_late
            && !self.plan.is_done()
            && let State::Pausing { until } = &mut self.state
        {
            *until = after(now, if self.owed > 0 { self.patience } else { SETTLE_MS });
        }
    }

    /// Takes the end of an answer. A body without a single byte is none, whatever marks its end.
    fn handle_end(&mut self, now: Instant, mut end: End) {
        let State::Answering { rest, .. } = self.state else { return };
        if rest == Rest::Unasked || self.decoder.offset() == 0 {
            end = End::Broken;
        }
        if rest == Rest::Wanted && end == End::Complete {
            // A last row without a line end: the mark behind it says that it is whole.
            match self.decoder.finish() {
                Some(Ok(row)) if self.plan.handle_row(&row) == Verdict::Deliver => self.totals.add(&row),
                Some(Err(_)) => end = End::Broken,
                _ => {}
            }
        }
        if end == End::Broken {
            self.counts.broken = self.counts.broken.saturating_add(1);
        }
        self.plan.handle_end(end);
        while let Some(event) = self.plan.poll_event() {
            self.counts.add(&event);
        }
        // Longer each time.
        let times = if end == End::Broken { self.plan.fruitless().max(1) } else { 0 };
        let pause = u64::from(times).saturating_mul(SETTLE_MS);
        self.latest = now + Self::LONGEST;
        self.state = State::Pausing { until: after(now, pause) };
    }
}

// Milliseconds, since a `Duration` is added and multiplied by dividing, which a Cortex-M0 can not.
const SILENCE_MS: u64 = 3_000;
const LONGEST_SILENCE_MS: u64 = 15_000;
const SETTLE_MS: u64 = 200;
const LONGEST_MS: u64 = 120_000;

fn after(now: Instant, milliseconds: u64) -> Instant {
    Instant::from_millis(now.as_millis().saturating_add(milliseconds))
}
