//! Read-outs of a model meter on which everything goes wrong, as the bytes say.
//!
//! ```text
//! input = log meter target *( what happens to a request )    ; then answers stop failing
//! ```
//!
//! Whatever happens: rows are delivered strictly in order, none twice, each as the meter logged it and within what was
//! asked for; once answers stop failing, the read-out ends within a bounded number of requests. As long as the meter stays
//! the same and tells no lies, each row is delivered or told as missing, and none is told as missing that is there.

mod fault;
mod meter;

use std::collections::HashSet;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use emu_proto::{
    Checkpoint, Event, LoadProfileEntry, LogbookEntry, Order, Readout, ReadoutPlan, SerialNumber, Verdict,
};

use self::fault::{Fault, answer};
use self::meter::{INTERVAL, Meter, ModelEntry, START, time};
use crate::bytes::Bytes;

/// Reads a model meter's log to its end.
///
/// # Panics
///
/// If a property does not hold.
pub fn plan(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    if bytes.flag() {
        Session::<LogbookEntry>::new(&mut bytes).run(&mut bytes);
    } else {
        Session::<LoadProfileEntry>::new(&mut bytes).run(&mut bytes);
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Target {
    All,
    Last(u32),
    Indices(u32, u32),
    Since(Checkpoint),
    Times(Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    Readout(Readout),
}

impl Target {
    fn take<R: ModelEntry>(bytes: &mut Bytes<'_>, meter: &Meter<R>) -> Self {
        let choice = bytes.below(10);
        let (a, b) = (u32::from(bytes.byte()), u32::from(bytes.byte()));
        let at = |place: u32| time(START + INTERVAL * i64::from(place));
        let indices = (meter.index_at(a), meter.index_at(b));
        match choice {
            1 => Self::Last(a),
            2 | 3 => Self::Indices(indices.0, indices.1),
            4 | 5 => meter.ring.get(&indices.0).map_or(Self::All, |row| Self::Since(Checkpoint::of(row))),
            // Of another meter, or of a row that the log never had.
            6 => Self::Since(Checkpoint {
                serial_number: SerialNumber::new(12_345_678 + b % 2).expect("eight digits"),
                index: indices.0,
                timestamp: at(b),
            }),
            7 => Self::Times((a < 200).then(|| at(a.min(b))), (b < 200).then(|| at(a.max(b)))),
            8 => Self::Readout(Readout::Range { from: indices.0, to: indices.1 }),
            9 => Self::Readout(if a % 2 == 0 { Readout::Newest } else { Readout::Last(b) }),
            _ => Self::All,
        }
    }

    fn plan<R: ModelEntry>(self) -> ReadoutPlan<R> {
        match self {
            Self::All => ReadoutPlan::all(),
            Self::Last(count) => ReadoutPlan::last(count),
            Self::Indices(from, to) => ReadoutPlan::indices(from, to),
            Self::Since(checkpoint) => ReadoutPlan::since(checkpoint),
            Self::Times(Some(from), Some(to)) => ReadoutPlan::times(from..=to),
            Self::Times(Some(from), None) => ReadoutPlan::times(from..),
            Self::Times(None, Some(to)) => ReadoutPlan::times(..=to),
            Self::Times(None, None) => ReadoutPlan::times(..),
            Self::Readout(readout) => ReadoutPlan::from(readout),
        }
    }

    /// The same without a request's form, and the order that comes with it.
    fn plain<R: ModelEntry>(self) -> (Self, Order) {
        match self {
            Self::Readout(Readout::Newest) => (Self::Last(R::LOG.limit()), Order::Descending),
            Self::Readout(Readout::Last(count)) => (Self::Last(count), Order::Descending),
            Self::Readout(Readout::Range { from, to }) => Self::Indices(from, to).plain::<R>(),
            Self::Indices(from, to) if from > to => (Self::Indices(to, from), Order::Descending),
            target => (target, Order::Ascending),
        }
    }
}

/// Rows that are not delivered, and the event that told it.
type Loss = (Event, RangeInclusive<u32>);

/// A read-out, with what the driver knows of it. A plan that was stopped is followed by another one.
struct Session<R: ModelEntry> {
    meter: Meter<R>,
    plan: ReadoutPlan<R>,
    target: Target,
    order: Order,
    until: Option<DateTime<Utc>>,
    block: u32,
    /// The newest row that was told before anything else was asked for: there the plan ends.
    newest: Option<u32>,
    is_start: bool,
    has_other_log: bool,
    /// Whether it was told that answers came in another order, as some did.
    has_disorder: bool,
    /// Up to which index there was told to be no row.
    below: Option<u32>,
    /// Rows of this plan, and of all plans that went on from each other.
    rows: Vec<R>,
    all_rows: HashSet<R>,
    /// What this plan, and all of them, told as not delivered.
    losses: Vec<Loss>,
    all_losses: Vec<Loss>,
    /// Whether the meter told no lies.
    is_honest: bool,
    requests: u16,
}

impl<R: ModelEntry> Session<R> {
    fn new(bytes: &mut Bytes<'_>) -> Self {
        let meter = Meter::new(bytes);
        let target = Target::take(bytes, &meter);
        let (plain, mut order) = target.plain::<R>();
        let mut plan = target.plan::<R>();
        let choice = bytes.byte();
        let block = [R::LOG.limit(), 2, 3, 7, 40, 0, 100, u32::MAX][usize::from(choice & 7)];
        plan = plan.block(block);
        if choice & 8 != 0 {
            plan = plan.descending();
            order = Order::Descending;
        }
        let until = (choice & 0x30 == 0x30).then(|| time(START + INTERVAL * i64::from(bytes.byte())));
        if let Some(until) = until {
            plan = plan.until(until);
        }
        Self {
            meter,
            plan,
            target: plain,
            order,
            until,
            block,
            newest: None,
            is_start: true,
            has_other_log: false,
            has_disorder: false,
            below: None,
            rows: Vec::new(),
            all_rows: HashSet::new(),
            losses: Vec::new(),
            all_losses: Vec::new(),
            is_honest: true,
            requests: 0,
        }
    }

    fn run(&mut self, bytes: &mut Bytes<'_>) {
        while !bytes.is_empty() && !self.plan.is_done() {
            let fault = self.happen(bytes);
            self.request(fault);
        }
        self.meter.repair();
        let rows = u32::try_from(self.meter.ring.len()).expect("few rows");
        let holes = self.meter.holes + 2;
        let most = 200 + 4 * rows + 60 * holes * holes;
        let patience = self.plan.fruitless() + 16;
        let mut count = 0;
        while !self.plan.is_done() {
            self.request(Fault::None);
            count += 1;
            assert!(count <= most, "more than {most} requests for {rows} rows");
            if self.plan.fruitless() > patience {
                // Whether the log was cleared is not concluded while its newest row cannot be read: the driver gives up, and
                // tries again when there is another one.
                let newest = self.meter.ring.keys().next_back();
                let is_unreadable = newest.is_some_and(|newest| self.meter.unreadable.contains(newest));
                assert!(is_unreadable, "nothing comes of answers that do not fail");
                return;
            }
        }
        assert_eq!(self.plan.poll_request(), None);
        self.check_end();
    }

    /// Something happens to the meter, to the driver, or to the next answer.
    fn happen(&mut self, bytes: &mut Bytes<'_>) -> Fault {
        let (what, count) = (bytes.below(24), u32::from(bytes.byte()));
        match what {
            0 => self.meter.log(count % 40),
            1 => self.meter.log(count * 4),
            2 => self.meter.restart(self.meter.serial, self.meter.index_at(0).min(count), count % 50),
            3 => self.meter.restart(87_654_321, count, count % 50),
            4 => {
                // The same log, with another serial number from now on.
                self.meter.serial = 12_345_679;
                self.is_honest = false;
            }
            5 | 6 => self.resume(count),
            _ => {}
        }
        let fault = Fault::take(bytes);
        self.is_honest &= fault.is_honest();
        fault
    }

    /// Drops the plan and goes on from its checkpoint, which is text when it is saved.
    fn resume(&mut self, growth: u32) {
        self.check_progress();
        let checkpoint = self.plan.checkpoint();
        if self.order == Order::Descending && !self.plan.is_done() {
            // What was read downwards and not to its end is read again.
            for row in &self.rows {
                self.all_rows.remove(row);
            }
        }
        // So is what was delivered behind a row that was left out as too late: the checkpoint stays in front of that.
        for row in self.rows.iter().filter(|row| checkpoint.is_some_and(|place| row.index() > place.index)) {
            self.all_rows.remove(row);
        }
        self.meter.log(growth % 8);
        let (target, order) = match checkpoint {
            Some(checkpoint) => {
                let saved: Checkpoint = checkpoint.to_string().parse().expect("what was printed");
                assert_eq!(saved, checkpoint);
                (Target::Since(saved), if growth < 128 { Order::Ascending } else { Order::Descending })
            }
            // Nothing to go on from: all over again.
            None => {
                self.all_rows.clear();
                self.all_losses.clear();
                (self.target, self.order)
            }
        };
        (self.target, self.order) = (target, order);
        self.plan = target.plan().block(self.block).order(order);
        if let Some(until) = self.until {
            self.plan = core::mem::replace(&mut self.plan, ReadoutPlan::all()).until(until);
        }
        (self.newest, self.is_start, self.has_other_log) = (None, true, false);
        self.rows.clear();
        self.all_losses.append(&mut self.losses);
    }

    fn request(&mut self, fault: Fault) {
        let Some(readout) = self.plan.poll_request() else { return };
        assert_eq!(self.plan.poll_request(), Some(readout), "asked twice, the same is answered");
        assert!(readout.count(R::LOG) <= u64::from(R::LOG.limit()), "{readout:?}");
        self.requests = self.requests.wrapping_add(1);
        match readout {
            Readout::Range { .. } => self.is_start = false,
            _ if self.is_start => self.newest = None,
            _ => {}
        }
        // Taken apart, since the plan and the meter are lent out while rows come.
        let mut plan = core::mem::replace(&mut self.plan, ReadoutPlan::all());
        let mut meter = core::mem::replace(&mut self.meter, Meter::new(&mut Bytes::new(&[])));
        let number = self.requests % 0x7fff;
        answer(&mut plan, &mut meter, readout, (fault, number), &mut |plan, row, verdict| {
            self.events(plan);
            if self.is_start {
                self.newest = self.newest.max(Some(row.index()));
            }
            if verdict == Verdict::Deliver {
                self.deliver(readout, *row);
            }
        });
        self.events(&mut plan);
        (self.plan, self.meter) = (plan, meter);
        self.check_progress();
    }

    fn events(&mut self, plan: &mut ReadoutPlan<R>) {
        while let Some(event) = plan.poll_event() {
            assert!(!matches!(event, Event::Missed { .. }), "a driver that asks misses nothing");
            assert!(!event.to_string().is_empty());
            if matches!(event, Event::IndexRestart { .. } | Event::MeterSwapped { .. }) {
                // What was told until now is of the log before; of this one all is read that is there.
                self.has_other_log = true;
                self.losses.clear();
            }
            if let Event::Fewer { asked, held } = event {
                let is_asked = matches!(self.target, Target::Last(count) if count == asked);
                assert!(is_asked && held < asked, "{event}");
                self.below = self.newest.and_then(|newest| newest.checked_sub(held));
            }
            self.has_disorder |= matches!(event, Event::OutOfOrder { .. });
            if let Some(rows) = event.undelivered() {
                assert!(!rows.is_empty(), "{event}");
                if let Event::NotYet { first, last } = event {
                    // Above the newest row that the plan knows, up to what was asked for.
                    assert!(self.newest.is_none_or(|newest| first > newest), "{event}");
                    assert!(matches!(self.target, Target::Indices(_, high) if high == last), "{event}");
                    continue;
                }
                assert!(self.rows.iter().all(|row| !rows.contains(&row.index())), "{event}, and delivered");
                self.losses.push((event, rows));
            }
        }
    }

    fn deliver(&mut self, readout: Readout, row: R) {
        let index = row.index();
        let Readout::Range { from, to } = readout else { panic!("row {index} was delivered of {readout:?}") };
        assert!((from.min(to)..=from.max(to)).contains(&index), "row {index} is none of {readout:?}");
        if let Some(last) = self.rows.last() {
            let is_ordered = match self.order {
                Order::Ascending => last.index() < index,
                Order::Descending => last.index() > index,
            };
            assert!(is_ordered, "row {index} after row {}", last.index());
        }
        assert!(
            self.is_wanted(&row),
            "row {index} was not asked for: {:?} up to {:?}, {row:?}",
            self.target,
            self.newest
        );
        let is_told = self.losses.iter().any(|(_, rows)| rows.contains(&index));
        assert!(!is_told || !self.is_plain(), "row {index} was told as missing");
        let is_new = self.all_rows.insert(row);
        assert!(is_new || !self.is_honest, "row {index} was delivered before");
        self.rows.push(row);
    }

    fn is_wanted(&self, row: &R) -> bool {
        let (index, logged) = (row.index(), row.timestamp());
        let is_set = logged.timestamp() >= CLOCK_SET;
        let is_known = self.newest.is_some_and(|newest| index <= newest);
        let is_in_time = |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| {
            !is_set || (from.is_none_or(|from| from <= logged) && to.is_none_or(|to| logged <= to))
        };
        let is_in_target = match self.target {
            Target::All | Target::Readout(_) => is_known,
            Target::Last(count) => is_known && self.newest.is_some_and(|newest| newest - index < count),
            Target::Indices(low, high) => is_known && (low..=high).contains(&index),
            Target::Since(checkpoint) => self.has_other_log || index > checkpoint.index,
            Target::Times(from, to) => is_known && is_in_time(from, to),
        };
        is_in_target && is_in_time(None, self.until)
    }

    /// Whether the meter stayed the same and told no lies, so that every row has to be accounted for.
    fn is_plain(&self) -> bool {
        self.is_honest && !self.meter.has_changed && !self.meter.has_wide_hole
    }

    fn check_progress(&self) {
        let progress = self.plan.progress();
        assert_eq!(progress.delivered, self.rows.len() as u64);
        assert!(progress.total.is_none_or(|total| progress.passed <= total), "{progress:?}");
        let since = match self.target {
            Target::Since(checkpoint) => Some(checkpoint),
            _ => None,
        };
        let reached = match self.order {
            Order::Ascending => self.rows.last(),
            Order::Descending => self.rows.first().filter(|_| self.plan.is_done()),
        };
        let checkpoint = self.plan.checkpoint();
        let is_given_up = self.order == Order::Descending && checkpoint == since;
        // Where rows are left out as too late, it may stay at a row before.
        let has_end = self.until.is_some() || matches!(self.target, Target::Times(_, Some(_)));
        let is_held =
            has_end && (checkpoint == since || self.rows.iter().any(|row| checkpoint == Some(Checkpoint::of(row))));
        assert!(checkpoint == reached.map(Checkpoint::of).or(since) || is_given_up || is_held, "{checkpoint:?}");
    }

    /// No row is lost in silence, and none is told as missing that is there.
    fn check_end(&self) {
        let is_foreign = matches!(self.target, Target::Since(_)) && self.has_other_log;
        let losses = || self.losses.iter().chain(&self.all_losses);
        let (Some(newest), true, false) = (self.newest, self.is_plain(), is_foreign) else { return };
        let delivered: HashSet<u32> = self.all_rows.iter().map(R::index).collect();
        let is_none_below = self.below.is_none_or(|below| self.meter.ring.range(..=below).next().is_none());
        assert!(is_none_below, "rows up to {:?} are there", self.below);
        for (event, rows) in losses().filter(|(event, _)| matches!(event, Event::Absent { .. })) {
            assert!(self.meter.ring.range(..rows.start()).next().is_none(), "{event}, and rows below are there");
        }
        for (index, row) in self.meter.ring.range(..=newest) {
            let was_bad = self.meter.was_bad.contains(index) || self.meter.unreadable.contains(index);
            let is_delivered = delivered.contains(index);
            let mut is_told = false;
            for (event, _) in losses().filter(|(_, rows)| rows.contains(index)) {
                is_told = true;
                // An earlier plan may have told it, and a later one got it.
                let is_true = is_delivered
                    || (was_bad && matches!(event, Event::Unreadable { .. }))
                    || (self.has_disorder && matches!(event, Event::NotRead { .. }));
                assert!(is_true, "row {index} is there: {event}");
            }
            // By time, rows around a clock that jumps may stand anywhere.
            let is_by_time = matches!(self.target, Target::Times(..)) || self.until.is_some();
            let may_be_missed = (is_by_time && self.meter.has_clock_jumped) || self.meter.unreadable.contains(index);
            let is_lost = self.is_wanted(row) && !is_delivered && !is_told;
            assert!(!is_lost || may_be_missed, "row {index} is lost");
        }
    }
}

/// Clocks that show an earlier time were never set: 2010-01-01T00:00:00Z.
const CLOCK_SET: i64 = 1_262_304_000;
