//! A read-out of any length as a plan of requests: what to ask next, and which of the answered rows to take.
//!
//! The meter answers 3000 rows of the load profile at most, or 2048 of the logbook, and its log is a ring: rows appear at
//! one end and vanish at the other while one reads. [`ReadoutPlan`] turns "everything since this row" into requests, and
//! their answers into rows that are complete, in order and without doubles; what the log lacks it reports.
//!
//! - `machine`: the states, from the newest row to the span that is to be read
//! - `newest`: the newest row, and whether the log is still the same
//! - `search`: finding the oldest row, or a time, by bisection
//! - `read`: block by block, with what is broken or doubled
//! - `missing`: rows that do not come
//! - `continuity`: the clock
//!
//! Source: manual, "Read-Out Data Logger" and "Read-Out Logbook" (limits, staggered requests, inclusive ends).

mod answer;
mod checkpoint;
mod continuity;
mod event;
mod machine;
mod missing;
mod newest;
mod read;
mod search;
mod target;

use core::ops::RangeBounds;

use chrono::{DateTime, TimeDelta, Utc};

pub use self::checkpoint::{Checkpoint, InvalidCheckpoint};
pub use self::event::Event;
use self::machine::{Machine, State};
pub use self::target::Order;
use self::target::{Moment, Target, Times};
use crate::entry::Entry;
use crate::request::Readout;

/// A read-out of any length, as a state machine without I/O.
///
/// It says what to ask, is told what the meter answers, and says of each row whether to take it. The driver owns the
/// connection, the time and the patience; it decides nothing about the log.
///
/// # Call order
///
/// 1. [`poll_request`](Self::poll_request) returns the next request, or `None` when the read-out is over.
/// 2. The driver performs it. For each row of the answer, in the answer's order, it calls
///    [`handle_row`](Self::handle_row) and does what the [`Verdict`] says; for each line that could not be read,
///    [`handle_bad_line`](Self::handle_bad_line). Where the end of the body is marked by nothing but the end of the
///    connection, and the last line has no line end, that line may have been cut within its last number: its row goes to
///    [`handle_unterminated`](Self::handle_unterminated).
/// 3. At the end of each answer it calls [`handle_end`](Self::handle_end), once, whatever came: a whole answer, a part,
///    or none.
/// 4. After any of these calls [`poll_event`](Self::poll_event) may have events; ask until there are none.
/// 5. Back to 1. After answers that brought nothing, [`fruitless`](Self::fruitless) says how many there were in a row: wait
///    longer each time, and give up in the end. The plan never does.
///
/// [`checkpoint`](Self::checkpoint) says from where a later read-out can go on. Save it after the rows that were
/// delivered are stored, not before.
///
/// A request that is dropped before its end was told is asked for again from the first row that is missing: nothing is
/// lost and nothing comes twice.
///
/// Requests overlap by a row: each starts with the last row that was read, by which the log is known to be the same still.
///
/// ```
/// use emu_proto::{Checkpoint, End, LoadProfileEntry, Readout, ReadoutPlan, Verdict};
///
/// fn sync(
///     since: Checkpoint,
///     mut ask: impl FnMut(Readout) -> std::io::Result<Vec<LoadProfileEntry>>,
///     mut store: impl FnMut(&LoadProfileEntry),
/// ) -> Option<Checkpoint> {
///     let mut plan = ReadoutPlan::<LoadProfileEntry>::since(since);
///     while let Some(readout) = plan.poll_request() {
///         let end = match ask(readout) {
///             Ok(rows) => {
///                 for row in rows {
///                     match plan.handle_row(&row) {
///                         Verdict::Deliver => store(&row),
///                         Verdict::Discard => {}
///                         Verdict::Abandon => break,
///                     }
///                 }
///                 End::Complete
///             }
///             Err(_) => End::Broken,
///         };
///         plan.handle_end(end);
///         while let Some(event) = plan.poll_event() {
///             eprintln!("{event}");
///         }
///         if plan.fruitless() > 5 {
///             break;
///         }
///     }
///     plan.checkpoint()
/// }
///
/// let since: Checkpoint = "12345678 4711 2021-05-20T10:30:00Z".parse()?;
/// // The log was cleared: nothing comes, and the place is kept.
/// assert_eq!(sync(since, |_| Ok(Vec::new()), |_| {}), Some(since));
/// # Ok::<(), emu_proto::InvalidCheckpoint>(())
/// ```
///
/// # What it promises
///
/// Rows are delivered in the order asked for, each once, and none from outside of what was asked for. A row that was
/// asked for and is not delivered is told in an event: [`Event::undelivered`]. Memory is constant, under 1 KiB. The span
/// ends at the newest row found first: what is logged while reading is the next read-out's.
///
/// The number of requests depends on the span and on what is wrong with the log, and is bounded: one for the newest row,
/// a search each for the oldest row and for the two ends of a range of time, one a block, and for each place where rows
/// are missing up to three and another search, and up to three more for those at the lower end. A search takes one request for each halving, 17 for the rows of three years
/// and 32 at most, and two or three more; each may be doubled by rows that are missing or whose clock was not set, and
/// trebled by rows that cannot be read. If holes mislead the search for a row that is there, it starts again below, 64
/// times at most, and each time a block of rows further down.
///
/// # What it takes for granted
///
/// That the meter sends a range in the order asked for. Where rows are missing in an answer, the rest of it is looked at: if
/// they come there, it is asked for again, and if they come so a second time, [`Event::OutOfOrder`] tells it and the read-out
/// ends, with what is left as [`Event::NotRead`]. It is not read in the order that comes: that would take an answer's worth of
/// memory. A meter that knows but one order can be read in that, see [`order`](Self::order). That rows which are there follow
/// each other without a hole wider than [`Log::limit`](crate::Log::limit): reading downwards, nothing is looked for below
/// such a hole, nor below it if it is in the way of the search for the oldest row. That a row which was missing in two
/// answers, both complete and without bad lines, is not there. That a log which is cleared numbers its rows from its
/// lowest index again, by which the row before those that are wanted becomes another one.
///
/// That the clock was right, if a range of time is asked for, is not taken for granted, but is not proven for each row
/// either. The oldest row, the newest one and those that bisection probes have to agree that the clock was steady but for
/// 31 days (a block of rows), and the two rows at each bound have to follow each other evenly; else all that the log holds
/// is read and filtered by time. Otherwise a block of rows beyond each bound is read and filtered. What remains is a spell
/// with the clock wrong by more than 31 days that neither a bound nor a probe touched, or that a longer power failure
/// hides from them: its rows are not delivered though their times are within the range, if they stand more than a block
/// away from it.
#[derive(Debug, Clone)]
pub struct ReadoutPlan<R: Entry> {
    machine: Machine,
    /// Where the plan started.
    since: Option<Checkpoint>,
    /// Rows that may have been cut, each with its place in the answer. Two, since requests with the row before and without
    /// it take turns.
    candidates: [Option<(R, u32)>; 2],
}

/// What to do with a row.
///
/// For an example, see [`ReadoutPlan`](crate::ReadoutPlan).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[must_use]
pub enum Verdict {
    /// The row is wanted, and is the next one.
    Deliver,
    /// The row is not wanted: it came before, was not asked for, or serves only to find another one.
    Discard,
    /// The row is not wanted, nor is the rest of the answer: stop reading it, and tell its end.
    Abandon,
}

/// How an answer ended.
///
/// For an example, see [`ReadoutPlan`](crate::ReadoutPlan).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum End {
    /// All of it came. After [`Verdict::Abandon`] either may be told.
    ///
    /// An answer without rows is taken for a place without rows. It has a header line at least, unless the meter writes none:
    /// a body of no bytes at all is [`Broken`](Self::Broken).
    Complete,
    /// It did not come, or came in part: no connection, an error of HTTP, a body that is no read-out, that is cut or that has
    /// no bytes.
    Broken,
}

/// How far a read-out is; for a progress bar.
///
/// For an example, see [`ReadoutPlan`](crate::ReadoutPlan).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Progress {
    /// How many rows were delivered.
    pub delivered: u64,
    /// How many places of the span were passed, delivered or not.
    pub passed: u64,
    /// How many places the span has; `None` before it is known. A log read downwards may end before.
    pub total: Option<u64>,
}

impl<R: Entry> ReadoutPlan<R> {
    /// Plans to read everything that the log holds.
    #[must_use]
    pub const fn all() -> Self {
        Self::new(Target::Everything, Order::Ascending, Times::ALWAYS)
    }

    /// Plans to read the last `count` rows, which may be more than one request yields.
    ///
    /// Rows are counted by index. If the log goes back less, [`Event::Fewer`] says how far.
    #[must_use]
    pub const fn last(count: u32) -> Self {
        Self::new(Target::Last(count), Order::Ascending, Times::ALWAYS)
    }

    /// Plans to read the rows between two indices, both inclusive; descending if `from` is the larger one.
    ///
    /// Rows older than the log's oldest are told as [`Event::Absent`]. Rows above its newest are told as
    /// [`Event::NotYet`] and not waited for; up to [`u32::MAX`] is up to the newest.
    #[must_use]
    pub const fn indices(from: u32, to: u32) -> Self {
        if from > to {
            Self::new(Target::Indices { low: to, high: from }, Order::Descending, Times::ALWAYS)
        } else {
            Self::new(Target::Indices { low: from, high: to }, Order::Ascending, Times::ALWAYS)
        }
    }

    /// Plans to read the rows that were logged within a range of time, such as `a..=b`, `a..` or `..=b`, by the meter's
    /// clock.
    ///
    /// The bounds are found by bisection, and since clocks jump, a block of rows beyond each is looked at: 31 days. Where the
    /// clock is found to have been wrong by more, and next to a power failure, all that the log holds is looked at. So it is
    /// with the logbook, whose rows come at no interval.
    ///
    /// A row whose clock was not set has its place judged in lieu of its time: it is delivered if it stands between the
    /// bounds, or if there are none that can be trusted.
    ///
    /// Of rows beyond the bounds, nothing is told: events about the clock, and holes, are left out if the rows on both sides
    /// are earlier than the range, or both later. Rows that could not be read, or were overwritten meanwhile, are told
    /// wherever they stand, since nobody knows their times.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use emu_proto::{LoadProfileEntry, ReadoutPlan};
    ///
    /// let start = DateTime::from_timestamp(1_621_468_800, 0).unwrap();
    /// let one_day = ReadoutPlan::<LoadProfileEntry>::times(start..start + TimeDelta::days(1));
    /// ```
    #[must_use]
    pub fn times(range: impl RangeBounds<DateTime<Utc>>) -> Self {
        Self::new(Target::Everything, Order::Ascending, Times::new(&range))
    }

    /// Plans to read everything after the row of this checkpoint.
    ///
    /// The row itself is compared first. If the log has another one in its place, the meter was swapped or its index has
    /// restarted: that is told, and then all that the log holds is read.
    ///
    /// With [`until`](Self::until), the read-out ends in front of the first row that is too late.
    #[must_use]
    pub const fn since(checkpoint: Checkpoint) -> Self {
        let mut plan = Self::new(Target::Since(checkpoint), Order::Ascending, Times::ALWAYS);
        plan.since = Some(checkpoint);
        plan
    }

    /// Leaves out rows that were logged after `time`, by the meter's clock. Of several ends the earliest counts.
    ///
    /// After a checkpoint and ascending, the read-out ends in front of the first such row: what comes after it is the next
    /// read-out's, also where the clock was set back, so that the two deliver each row once. Else rows are filtered: those
    /// in front of `time` are delivered wherever they stand. Of rows that were asked for by index, by count or downwards to
    /// a checkpoint, each is looked at.
    #[must_use]
    pub fn until(mut self, time: DateTime<Utc>) -> Self {
        let (until, time) = (&mut self.machine.times.until, Moment::of(time));
        *until = Some(until.map_or(time, |earlier| earlier.min(time)));
        self
    }

    /// Reads in this order.
    #[must_use]
    pub const fn order(mut self, order: Order) -> Self {
        self.machine.order = order;
        self
    }

    /// Reads the newest row first.
    ///
    /// An interrupted descending read-out can not be gone on from: it has no [`checkpoint`](Self::checkpoint) before it
    /// is complete.
    #[must_use]
    pub const fn descending(self) -> Self {
        self.order(Order::Descending)
    }

    /// Expects this much time between two rows; a step of another size is told. Whole seconds count.
    ///
    /// Zero or less: only steps backwards are told, and times are not looked for by bisection: a range of time has all that
    /// the log holds looked at. The default is 15 minutes for the load profile and zero for the
    /// logbook.
    #[must_use]
    pub const fn interval(mut self, interval: TimeDelta) -> Self {
        let seconds = interval.num_seconds();
        self.machine.continuity.interval = if seconds > 0 { seconds } else { 0 };
        self
    }

    /// Asks for at most so many rows in a request: 2 at least, and no more than the log's limit, which is the default.
    ///
    /// For a link or a gateway that cannot carry long answers. Where rows are missing, and while a bound is looked for, up
    /// to the log's limit may be asked for nevertheless, since those answers are short or are abandoned.
    #[must_use]
    pub const fn block(mut self, rows: u32) -> Self {
        let limit = R::LOG.limit();
        self.machine.block = if rows < 2 {
            2
        } else if rows > limit {
            limit
        } else {
            rows
        };
        self
    }

    /// Returns the next request, or `None` when the read-out is over.
    ///
    /// Asked again before anything was told of the answer, returns the same. Asked again before the end of the answer was
    /// told, takes that answer for broken.
    #[must_use]
    pub fn poll_request(&mut self) -> Option<Readout> {
        self.machine.poll_request()
    }

    /// Takes the answer's next row.
    pub fn handle_row(&mut self, row: &R) -> Verdict {
        self.machine.handle_row(Checkpoint::of(row), true)
    }

    /// Takes the answer's last row, if nobody can know whether it is whole: no line end follows it, and nothing but the
    /// end of the connection marks the end of the body.
    ///
    /// `500` may have been cut to `50`. The row is asked for again, and delivered when it comes with a line end, or a
    /// second time in the same form and at another place in the answer: a server that cuts after so many bytes cuts it
    /// elsewhere then. The log's first row has but one place.
    pub fn handle_unterminated(&mut self, row: &R) -> Verdict {
        let place = self.machine.place_in_answer();
        let may_be_cut_alike = self.machine.may_be_cut_alike(row.index());
        let mut candidates = self.candidates.iter().flatten().filter(|(candidate, _)| candidate == row);
        let is_confirmed = candidates.any(|(_, before)| *before != place || !may_be_cut_alike);
        if !self.candidates.contains(&Some((*row, place))) {
            self.candidates.rotate_right(1);
            if let Some(slot) = self.candidates.first_mut() {
                *slot = Some((*row, place));
            }
        }
        self.machine.handle_row(Checkpoint::of(row), is_confirmed)
    }

    /// Takes note of a line of the answer that could not be read.
    ///
    /// If a row turns out to be missing there, it is asked for again. After the third time it is told as
    /// [`Event::Unreadable`].
    pub fn handle_bad_line(&mut self) {
        self.machine.handle_bad_line();
    }

    /// Takes the end of the answer. Without a request under way this does nothing.
    pub fn handle_end(&mut self, end: End) {
        self.machine.handle_end(end == End::Complete);
    }

    /// Returns the oldest event that was not returned yet.
    ///
    /// A few events are kept. If they are not asked for, later ones are dropped and counted: [`Event::Missed`].
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.machine.events.poll()
    }

    /// Returns the place from which a later read-out can go on, without losing or doubling a row.
    ///
    /// Ascending, that is the row that was delivered last. Descending, it is the newest row, once the read-out is complete.
    /// Before, it is where this plan started, or `None`.
    ///
    /// It never passes a row that [`until`](Self::until) or the end of a range of time left out. Where such a row stands
    /// among those that are delivered, since a clock was wrong, it stays: ascending at the row delivered before it,
    /// descending where the plan started. A read-out that goes on from there delivers the rows after it once more. The
    /// ascending read-out from a checkpoint ends there instead, and delivers none twice. Rows that are left out as too early
    /// hold nothing up.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let is_complete = matches!(self.machine.state, State::Done { is_complete: true });
        let reached = match self.machine.order {
            Order::Ascending => self.machine.last_delivered,
            Order::Descending => self.machine.last_delivered.filter(|_| is_complete && !self.machine.is_held),
        };
        reached.or(self.since)
    }

    /// Returns whether the read-out is over: [`poll_request`](Self::poll_request) returns nothing more.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.machine.state, State::Done { .. })
    }

    /// Returns how far the read-out is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.machine.progress()
    }

    /// Returns how many answers in a row have brought the read-out no further.
    ///
    /// One or two are common where the log lacks rows, since what is missing is asked for twice. A meter that cannot be
    /// reached makes it grow without end.
    #[must_use]
    pub const fn fruitless(&self) -> u32 {
        self.machine.fruitless
    }

    const fn new(target: Target, order: Order, times: Times) -> Self {
        Self { machine: Machine::new(R::LOG, target, order, times), since: None, candidates: [None; 2] }
    }
}

impl<R: Entry> From<Readout> for ReadoutPlan<R> {
    /// Plans to read what this request asks for, beyond what one answer may hold, in the request's order.
    fn from(readout: Readout) -> Self {
        match readout {
            Readout::Newest => Self::last(R::LOG.limit()).descending(),
            Readout::Last(count) => Self::last(count).descending(),
            Readout::Range { from, to } => Self::indices(from, to),
        }
    }
}
