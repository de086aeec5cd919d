//! A meter in virtual time, and a driver that reads it through a plan with faults on the way. All rows are made up.
#![allow(dead_code, reason = "each file of tests uses a part")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use emu_proto::{
    Checkpoint, DeciHertz, DeciVolts, End, Entry, Event, LoadProfileEntry, MilliAmperes, PowerFactor, Readout,
    ReadoutPlan, SerialNumber, Status, VarHours, Verdict, WattHours, Watts,
};

pub(crate) type Plan = ReadoutPlan<LoadProfileEntry>;

/// 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600;

pub(crate) fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A row whose every value depends on meter, index and time.
pub(crate) fn row(serial: u32, index: u32, seconds: i64) -> LoadProfileEntry {
    let seed = i64::from(index) * 7919 + i64::from(serial % 1000) + seconds % 1000;
    let small = |factor: i64| i32::try_from(seed * factor % 30_000).unwrap();
    LoadProfileEntry {
        timestamp: time(seconds),
        index,
        status: Status::empty(),
        serial_number: SerialNumber::new(serial).unwrap(),
        active_energy_import_l123_t1: WattHours(seed * 3),
        active_energy_import_l123_t2: WattHours(seed * 5),
        active_energy_export_l123_t1: WattHours(seed),
        active_energy_export_l123_t2: WattHours(0),
        reactive_energy_import_l123_t1: VarHours(seed),
        reactive_energy_import_l123_t2: VarHours(seed),
        reactive_energy_export_l123_t1: VarHours(0),
        reactive_energy_export_l123_t2: VarHours(0),
        active_power_l123: Watts(small(3)),
        active_power_l1: Watts(small(5)),
        active_power_l2: Watts(small(7)),
        active_power_l3: Watts(small(11)),
        current_l123: MilliAmperes(small(13)),
        current_l1: MilliAmperes(small(17)),
        current_l2: MilliAmperes(small(19)),
        current_l3: MilliAmperes(small(23)),
        current_n: MilliAmperes(0),
        voltage_l1_n: DeciVolts(2300),
        voltage_l2_n: DeciVolts(2301),
        voltage_l3_n: DeciVolts(2302),
        power_factor_l1: PowerFactor(99),
        power_factor_l2: PowerFactor(98),
        power_factor_l3: PowerFactor(97),
        frequency: DeciHertz(500),
    }
}

/// The meter: a ring of rows, and a clock.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    pub(crate) serial: u32,
    pub(crate) ring: BTreeMap<u32, LoadProfileEntry>,
    /// Every row that was ever logged, but for those before a restart.
    pub(crate) history: BTreeMap<u32, LoadProfileEntry>,
    /// How many indices the ring reaches back.
    pub(crate) depth: u32,
    /// The next row's index; `None` after the last number.
    pub(crate) next: Option<u32>,
    pub(crate) clock: i64,
    /// Indices that are never logged.
    pub(crate) holes: BTreeSet<u32>,
    /// Rows that are always sent in a form that cannot be read.
    pub(crate) unreadable: BTreeSet<u32>,
    /// Rows that were sent so at least once.
    pub(crate) was_bad: BTreeSet<u32>,
    pub(crate) has_dropped: bool,
}

impl Meter {
    pub(crate) fn new(serial: u32, first: u32, depth: u32) -> Self {
        Self {
            serial,
            ring: BTreeMap::new(),
            history: BTreeMap::new(),
            depth,
            next: Some(first),
            clock: START,
            holes: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            was_bad: BTreeSet::new(),
            has_dropped: false,
        }
    }

    pub(crate) fn log(&mut self, count: u32) {
        for _ in 0..count {
            let Some(index) = self.next else { return };
            self.clock += 900;
            self.next = index.checked_add(1);
            if !self.holes.contains(&index) {
                let row = row(self.serial, index, self.clock);
                self.ring.insert(index, row);
                self.history.insert(index, row);
            }
            let oldest = index.saturating_sub(self.depth - 1);
            while self.ring.first_key_value().is_some_and(|(index, _)| *index < oldest) {
                self.ring.pop_first();
                self.has_dropped = true;
            }
        }
    }

    /// Clears the log and numbers rows from `first` on.
    pub(crate) fn restart(&mut self, first: u32, count: u32) {
        self.ring.clear();
        self.history.clear();
        self.was_bad.clear();
        self.next = Some(first);
        self.log(count);
    }

    pub(crate) fn newest(&self) -> Option<u32> {
        self.ring.last_key_value().map(|(index, _)| *index)
    }

    pub(crate) fn oldest(&self) -> Option<u32> {
        self.ring.first_key_value().map(|(index, _)| *index)
    }

    /// The indices that the manual says are answered.
    pub(crate) fn answer(&self, readout: Readout) -> Vec<u32> {
        let limit = usize::try_from(LoadProfileEntry::LOG.limit()).unwrap();
        match readout {
            Readout::Newest => self.ring.keys().rev().take(limit).copied().collect(),
            Readout::Last(count) => self.ring.keys().rev().take(limit.min(count as usize)).copied().collect(),
            Readout::Range { from, to } if from <= to => {
                self.ring.range(from..=to).take(limit).map(|(i, _)| *i).collect()
            }
            Readout::Range { from, to } => self.ring.range(to..=from).rev().take(limit).map(|(i, _)| *i).collect(),
        }
    }
}

/// What goes wrong with one answer; a number is the place of the row within the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// No answer.
    Refused,
    /// Breaks before this row.
    Broken(usize),
    /// Ends before this row, and looks complete.
    Short(usize),
    /// This row cannot be read.
    Bad(usize),
    /// The last row has no line end.
    Unterminated,
    /// Ends within this row's last number, and the connection is closed as it always is.
    Cut(usize),
    /// This row comes twice.
    Twice(usize),
    /// All rows from the middle come twice.
    Repeated,
    /// The rows come in the other order.
    Backwards,
    /// The rows come in no order: from the place on, every second one comes last.
    Mixed(usize),
    /// A range outside of the ring is answered with the rows at the ring's nearer end.
    Clamped,
    /// So many rows are logged before this row is sent.
    Growing(usize, u32),
    /// The driver stops in front of this row and forgets to tell the end.
    Dropped(usize),
}

/// What a driver has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) rows: Vec<LoadProfileEntry>,
    pub(crate) events: Vec<Event>,
    pub(crate) requests: Vec<Readout>,
    /// The newest row that the plan was told before it asked for anything else.
    pub(crate) newest: Option<u32>,
    /// The newest rows that it was told later, asked for because the checkpoint's row was not to be had: as long as nothing
    /// was read, the plan may start anew from one of them.
    pub(crate) newest_again: Vec<Option<u32>>,
    pub(crate) most_fruitless: u32,
}

impl Seen {
    pub(crate) fn indices(&self) -> Vec<u32> {
        self.rows.iter().map(|row| row.index).collect()
    }

    /// Where the span ends: at the newest row that was told first, or told again and read up to.
    pub(crate) fn end(&self) -> Option<u32> {
        let told = self.events.iter().filter(|event| !matches!(event, Event::NotYet { .. }));
        let told = told.filter_map(Event::undelivered).map(|range| *range.end());
        let furthest = told.chain(self.indices()).max();
        let ends = self.newest.into_iter().chain(self.newest_again.iter().flatten().copied());
        ends.clone().filter(|end| furthest.is_none_or(|index| index <= *end)).min().or(self.newest)
    }
}

/// Runs the plan to its end, or until `most` requests were made. `fault` is asked before each request.
pub(crate) fn run(
    plan: &mut Plan,
    meter: &mut Meter,
    most: usize,
    mut fault: impl FnMut(&mut Meter, usize) -> Fault,
) -> Seen {
    let mut seen = Seen::default();
    let mut has_asked_range = false;
    while seen.requests.len() < most {
        let Some(readout) = plan.poll_request() else { break };
        assert_eq!(plan.poll_request(), Some(readout), "asked twice, the same is answered");
        let number = seen.requests.len();
        seen.requests.push(readout);
        has_asked_range |= matches!(readout, Readout::Range { .. });
        if matches!(readout, Readout::Last(_)) && !has_asked_range {
            seen.newest = None;
        }
        let is_untouched = seen.rows.is_empty() && seen.events.iter().all(|event| event.undelivered().is_none());
        let newest = match readout {
            _ if !has_asked_range => Told::First,
            Readout::Last(_) if is_untouched => Told::Again,
            _ => Told::No,
        };
        let fault = fault(meter, number);
        perform(plan, meter, readout, fault, &mut seen, newest);
        while let Some(event) = plan.poll_event() {
            assert!(!matches!(event, Event::Missed { .. }));
            seen.events.push(event);
        }
        seen.most_fruitless = seen.most_fruitless.max(plan.fruitless());
    }
    while let Some(event) = plan.poll_event() {
        seen.events.push(event);
    }
    seen
}

/// Whether an answer may tell the newest row, from which the plan starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    First,
    Again,
    No,
}

fn perform(plan: &mut Plan, meter: &mut Meter, readout: Readout, fault: Fault, seen: &mut Seen, newest: Told) {
    if newest == Told::Again {
        seen.newest_again.push(None);
    }
    let mut indices = meter.answer(readout);
    if fault == Fault::Refused {
        return plan.handle_end(End::Broken);
    }
    if let (Fault::Clamped, Readout::Range { from, to }, true) = (fault, readout, indices.is_empty()) {
        let end = if from.min(to) > meter.newest().unwrap_or(0) { meter.newest() } else { meter.oldest() };
        indices.extend(end);
    }
    if fault == Fault::Backwards {
        indices.reverse();
    }
    if let Fault::Mixed(place) = fault
        && place < indices.len()
    {
        let rest = indices.split_off(place);
        let last = rest.iter().skip(1).step_by(2);
        indices.extend(rest.iter().step_by(2).chain(last));
    }
    if fault == Fault::Repeated {
        let middle = indices.len() / 2;
        indices.extend_from_within(middle..);
    }
    if let Fault::Twice(place) = fault
        && place < indices.len()
    {
        indices.insert(place, indices[place]);
    }
    let length = indices.len();
    for (place, index) in indices.into_iter().enumerate() {
        match fault {
            Fault::Broken(at) if at == place => return plan.handle_end(End::Broken),
            Fault::Short(at) if at == place => return plan.handle_end(End::Complete),
            Fault::Dropped(at) if at == place => return,
            Fault::Growing(at, count) if at == place => meter.log(count),
            _ => {}
        }
        // Overwritten while the answer was under way.
        let Some(row) = meter.ring.get(&index).copied() else { continue };
        if meter.unreadable.contains(&index) || fault == Fault::Bad(place) {
            meter.was_bad.insert(index);
            plan.handle_bad_line();
            continue;
        }
        let verdict = match fault {
            Fault::Cut(at) if at == place => {
                // Two cuts of a row are not in the same place.
                let cut = LoadProfileEntry { frequency: DeciHertz(i16::try_from(seen.requests.len()).unwrap()), ..row };
                assert_ne!(plan.handle_unterminated(&cut), Verdict::Deliver, "a row that was cut");
                return plan.handle_end(End::Complete);
            }
            Fault::Unterminated if place + 1 == length => plan.handle_unterminated(&row),
            _ => {
                if newest == Told::First {
                    seen.newest = seen.newest.max(Some(index));
                }
                if newest == Told::Again
                    && let Some(last) = seen.newest_again.last_mut()
                {
                    *last = (*last).max(Some(index));
                }
                plan.handle_row(&row)
            }
        };
        if newest == Told::First && verdict == Verdict::Discard {
            seen.newest = seen.newest.max(Some(index));
        }
        match verdict {
            Verdict::Deliver => seen.rows.push(row),
            Verdict::Discard => {}
            Verdict::Abandon => break,
        }
        while let Some(event) = plan.poll_event() {
            assert!(!matches!(event, Event::Missed { .. }));
            seen.events.push(event);
        }
    }
    plan.handle_end(End::Complete);
}

pub(crate) fn read(plan: Plan, meter: &Meter) -> Seen {
    read_with(plan, &mut meter.clone(), |_, _| Fault::None)
}

pub(crate) fn read_with(mut plan: Plan, meter: &mut Meter, fault: impl FnMut(&mut Meter, usize) -> Fault) -> Seen {
    let seen = run(&mut plan, meter, 1000, fault);
    assert!(plan.is_done(), "{:?}", seen.requests);
    seen
}

/// A meter with so many rows from `first` on.
pub(crate) fn with_rows(first: u32, count: u32) -> Meter {
    let mut meter = Meter::new(12_345_678, first, u32::MAX);
    meter.log(count);
    meter
}

pub(crate) fn checkpoint(meter: &Meter, index: u32) -> Checkpoint {
    Checkpoint::of(&meter.ring[&index])
}

pub(crate) fn range(from: u32, to: u32) -> Readout {
    Readout::Range { from, to }
}

pub(crate) fn upto(indices: impl IntoIterator<Item = u32>) -> Vec<u32> {
    indices.into_iter().collect()
}
