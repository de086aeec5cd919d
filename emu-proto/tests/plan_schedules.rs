//! Thousands of read-outs of a made-up meter on which everything goes wrong: whatever happens, each row that was asked
//! for is delivered once, in order and as it was logged, or told as missing, and the plan comes to its end.
#![allow(clippy::arithmetic_side_effects, reason = "a test may panic")]

mod model;

use std::collections::BTreeSet;

use emu_proto::{Checkpoint, Event, Order};
use model::{Fault, Meter, Plan, START, Seen, run, time};
use proptest::prelude::*;

/// xorshift64*: the schedule of faults from one number.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        u32::try_from(high % u64::from(bound.max(1))).unwrap()
    }

    fn place(&mut self, bound: u32) -> usize {
        self.below(bound) as usize
    }
}

/// What the meter holds when the read-out starts.
#[derive(Debug, Clone)]
struct Log {
    first: u32,
    rows: u32,
    depth: u32,
    holes: Vec<(u32, u32)>,
    unreadable: Vec<u32>,
    /// The clock steps by so many seconds before the row with this number.
    jumps: Vec<(u32, i64)>,
    unset: Option<(u32, u32)>,
}

impl Log {
    fn meter(&self) -> Meter {
        let mut meter = Meter::new(12_345_678, self.first, self.depth);
        for (start, count) in &self.holes {
            meter.holes.extend(self.first + start..self.first + start + count);
        }
        meter.unreadable.extend(self.unreadable.iter().map(|place| self.first + place));
        for place in 0..self.rows {
            meter.clock += self.jumps.iter().filter(|(at, _)| *at == place).map(|(_, by)| by).sum::<i64>();
            let is_unset = self.unset.is_some_and(|(start, count)| (start..start + count).contains(&place));
            let clock = meter.clock;
            if is_unset {
                meter.clock = 900 * i64::from(place);
            }
            meter.log(1);
            if is_unset {
                meter.clock = clock + 900;
            }
        }
        meter.has_dropped = false;
        meter
    }
}

fn logs(jump: i64) -> impl Strategy<Value = Log> {
    let first = prop_oneof![Just(0), Just(1), 2..500_u32, Just(4_000_000_000)];
    (first, 1..160_u32, 5..200_u32, 0..6_u32).prop_flat_map(move |(first, rows, depth, damage)| {
        let some = |most: u32| 0..=usize::try_from(damage.min(most)).unwrap();
        (
            prop::collection::vec((1..rows.max(2), 1..9_u32), some(3)),
            prop::collection::vec(0..rows, some(2)),
            prop::collection::vec((0..rows, -jump..=jump), some(3)),
            prop::option::weighted(0.2, (0..rows, 1..30_u32)),
        )
            .prop_map(move |(holes, unreadable, jumps, unset): (Vec<_>, _, _, _)| {
                // A ring of holes alone would be an empty log.
                let depth = if holes.is_empty() { depth } else { depth.max(30) };
                Log { first, rows, depth, holes, unreadable, jumps, unset }
            })
    })
}

#[derive(Debug, Clone, Copy)]
enum Target {
    All,
    Last(u32),
    Indices(u32, u32),
    Since(u32),
    Times(Option<u32>, Option<u32>),
}

fn targets() -> impl Strategy<Value = Target> {
    prop_oneof![
        Just(Target::All),
        (1..200_u32).prop_map(Target::Last),
        (0..200_u32, 0..200_u32).prop_map(|(a, b)| Target::Indices(a, b)),
        (0..160_u32).prop_map(Target::Since),
        (prop::option::of(0..200_u32), prop::option::of(0..200_u32)).prop_map(|(a, b)| Target::Times(a, b)),
    ]
}

/// How often which faults come, until there were so many requests.
#[derive(Debug, Clone)]
struct Faults {
    seed: u64,
    one_in: u32,
    until: usize,
    growth: u32,
    is_never_terminated: bool,
}

fn faults() -> impl Strategy<Value = Faults> {
    let growth = prop_oneof![3 => Just(0), 2 => 1..3_u32, 1 => 1..40_u32];
    (any::<u64>(), 1..6_u32, 0..60_usize, growth, prop::bool::weighted(0.1)).prop_map(
        |(seed, one_in, until, growth, is_never_terminated)| Faults {
            seed,
            one_in,
            until,
            growth,
            is_never_terminated,
        },
    )
}

/// Chooses the fault of each request.
fn schedule(faults: &Faults, span: u32) -> impl FnMut(&mut Meter, usize) -> Fault + use<> {
    let faults = faults.clone();
    let mut random = Random::new(faults.seed);
    let mut answered = 9;
    move |meter, number| {
        if faults.is_never_terminated {
            return Fault::Unterminated;
        }
        if number >= faults.until || random.below(faults.one_in) != 0 {
            answered += 1;
            return Fault::None;
        }
        if faults.growth > 0 && random.below(3) == 0 {
            meter.log(random.below(faults.growth) + 1);
        }
        let most = if random.below(2) == 0 { 3 } else { span };
        let place = random.place(most);
        let fault = match random.below(11) {
            0 => Fault::Refused,
            1 | 2 => Fault::Broken(place),
            // Complete answers that lack rows are believed when they come twice.
            3 if answered > 3 => Fault::Short(place),
            4 => Fault::Bad(place),
            5 => Fault::Unterminated,
            6 => Fault::Cut(place),
            7 => {
                if random.below(2) == 0 {
                    Fault::Twice(place)
                } else {
                    Fault::Repeated
                }
            }
            8 => Fault::Clamped,
            // A ring is not overwritten whole while one answer is under way.
            9 if faults.growth > 0 => Fault::Growing(place, (random.below(faults.growth) + 1).min(meter.depth - 1)),
            10 => Fault::Dropped(place),
            _ => Fault::None,
        };
        if matches!(fault, Fault::Short(_)) {
            answered = 0;
        }
        fault
    }
}

/// What was asked for, as indices, and whether every one of them has to be accounted for.
struct Asked {
    low: u32,
    high: u32,
    is_exact: bool,
}

/// Makes the plan, and says what it asks for once the newest row is known.
fn plan(target: Target, meter: &Meter) -> (Plan, impl Fn(u32) -> Asked + use<>) {
    let first = meter.history.first_key_value().map_or(0, |(index, _)| *index);
    let place = move |place: u32| first.saturating_add(place);
    let at = |place: u32| time(START + 900 * i64::from(place));
    // The checkpoint may be of a row that the ring holds no more.
    let saved = match target {
        Target::Since(number) => meter.history.range(place(number)..).next().or(meter.history.last_key_value()),
        _ => None,
    };
    let saved = saved.map(|(_, row)| Checkpoint::of(row));
    let plan = match (target, saved) {
        (Target::All, _) => Plan::all(),
        (Target::Last(count), _) => Plan::last(count),
        (Target::Indices(a, b), _) => Plan::indices(place(a), place(b)),
        (Target::Since(_), Some(saved)) => Plan::since(saved),
        (Target::Since(_), None) => Plan::all(),
        (Target::Times(Some(a), Some(b)), _) => Plan::times(at(a.min(b))..=at(a.max(b))),
        (Target::Times(Some(a), None), _) => Plan::times(at(a)..),
        (Target::Times(None, Some(b)), _) => Plan::times(..=at(b)),
        (Target::Times(None, None), _) => Plan::times(..),
    };
    let asked = move |newest: u32| match (target, saved) {
        (Target::Last(count), _) => Asked { low: newest.saturating_sub(count - 1), high: newest, is_exact: true },
        (Target::Indices(a, b), _) => Asked { low: place(a.min(b)), high: place(a.max(b)).min(newest), is_exact: true },
        (Target::Since(_), Some(saved)) => {
            Asked { low: saved.index.saturating_add(1), high: newest, is_exact: saved.index < u32::MAX }
        }
        _ => Asked { low: 0, high: newest, is_exact: false },
    };
    (plan, asked)
}

fn is_set(row: &emu_proto::LoadProfileEntry) -> bool {
    row.timestamp.timestamp() > 1_262_304_000
}

/// Whether the target's times contain the row's; `None` if the row's clock was not set.
fn is_in_time(target: Target, row: &emu_proto::LoadProfileEntry) -> Option<bool> {
    let Target::Times(a, b) = target else { return Some(true) };
    if (a, b) == (None, None) {
        return Some(true);
    }
    let (a, b) = if a.is_some() && b.is_some() { (a.min(b), a.max(b)) } else { (a, b) };
    let seconds = row.timestamp.timestamp() - START;
    let holds = a.is_none_or(|a| seconds >= 900 * i64::from(a)) && b.is_none_or(|b| seconds <= 900 * i64::from(b));
    is_set(row).then_some(holds)
}

/// The promise, checked against the meter as it is after the read-out.
fn check(target: Target, order: Order, asked: &Asked, meter: &Meter, seen: &Seen) {
    // In order, once, as logged, and asked for.
    for pair in seen.rows.windows(2) {
        let is_ordered =
            if order == Order::Ascending { pair[0].index < pair[1].index } else { pair[0].index > pair[1].index };
        assert!(is_ordered, "order at {} and {}", pair[0].index, pair[1].index);
    }
    for row in &seen.rows {
        assert_eq!(meter.history.get(&row.index), Some(row), "a row as it was logged");
        assert!((asked.low..=asked.high).contains(&row.index), "row {} was not asked for", row.index);
        assert_ne!(is_in_time(target, row), Some(false), "row {} is outside of the times", row.index);
    }
    let delivered: BTreeSet<u32> = seen.rows.iter().map(|row| row.index).collect();

    // Rows that were asked for by count and are older than the log are not named.
    let mut below = None;
    // Events are true, and none covers what another one covers, or a row that was delivered.
    let mut missing = BTreeSet::new();
    let mut unreadable = BTreeSet::new();
    for event in &seen.events {
        if let Event::Fewer { asked: count, held } = *event {
            assert!(matches!(target, Target::Last(asked) if asked == count) && held < count, "{event}");
            let Some(end) = asked.high.checked_sub(held) else {
                // From row 0 on.
                assert!(asked.low == 0 && held == asked.high + 1, "{event}");
                continue;
            };
            assert!(meter.ring.range(..=end).next().is_none(), "{event}, and rows below are there");
            assert!(below.replace(asked.low..=end).is_none(), "told twice: {event}");
            continue;
        }
        let Some(range) = event.undelivered() else {
            let is_fine =
                !matches!(event, Event::MeterSwapped { .. } | Event::IndexRestart { .. } | Event::SerialChanged { .. });
            assert!(is_fine, "{event}");
            continue;
        };
        if let Event::NotYet { first, last } = *event {
            let Target::Indices(a, b) = target else { panic!("{event}") };
            assert!(asked.low.max(asked.high.saturating_add(1)) == first && first <= last, "{event}");
            assert_eq!(last - asked.low, a.abs_diff(b), "{event}");
            continue;
        }
        assert!(range.start() <= range.end() && asked.low <= *range.start() && *range.end() <= asked.high, "{event}");
        let is_there = |index: u32| meter.ring.contains_key(&index);
        match event {
            Event::Unreadable { .. } => {
                let is_true = |index: u32| !is_there(index) || meter.was_bad.contains(&index);
                assert!(range.clone().all(is_true), "{event}");
                unreadable.extend(range.clone());
            }
            Event::Gap { .. } => {
                let was_logged = range.clone().any(|index| meter.history.contains_key(&index));
                assert!(!was_logged || meter.has_dropped, "{event}");
                assert!(!range.clone().any(is_there), "{event}");
            }
            Event::Overrun { .. } => assert!(!range.clone().any(is_there), "{event}"),
            Event::Absent { first, .. } => {
                assert!(!range.clone().any(is_there), "{event}");
                assert!(meter.ring.range(..first).next().is_none(), "{event}, and rows below are there");
            }
            _ => panic!("{event}"),
        }
        for index in range {
            assert!(!delivered.contains(&index), "row {index} was delivered, and is told as missing");
            assert!(missing.insert(index), "row {index} is told as missing twice");
        }
    }
    for index in below.into_iter().flatten() {
        assert!(!delivered.contains(&index), "row {index} was delivered, and is told as older than the log");
        assert!(missing.insert(index), "row {index} is told as missing twice");
    }

    // Nothing is lost in silence.
    for (index, row) in meter.ring.range(asked.low..=asked.high.max(asked.low)) {
        let is_wanted = *index <= asked.high && is_in_time(target, row) == Some(true);
        let is_unreadable = unreadable.contains(index) || meter.unreadable.contains(index);
        assert!(!is_wanted || delivered.contains(index) || is_unreadable, "row {index} is lost");
    }
    let accounted: BTreeSet<u32> = delivered.union(&missing).copied().collect();
    if asked.is_exact && asked.low <= asked.high {
        assert_eq!(accounted, (asked.low..=asked.high).collect(), "each index that was asked for is accounted for");
    } else if matches!(target, Target::All)
        && let Some(start) = accounted.first()
    {
        // From the oldest that was found, or in the other order to the oldest.
        assert_eq!(accounted, (*start..=asked.high).collect(), "each index is accounted for");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PLAN_CASES").map_or(4000, |cases| cases.parse().unwrap()), failure_persistence: None, ..ProptestConfig::default() })]

    /// Rows that appear and vanish, answers that break, lie, stammer and end too early.
    #[test]
    fn every_row_once_or_told(
        log in logs(4000 * 900),
        target in targets(),
        descending in any::<bool>(),
        block in prop_oneof![2..9_u32, Just(40), Just(3000)],
        faults in faults(),
    ) {
        let mut meter = log.meter();
        // A meter of which no row can be read is the driver's to give up.
        prop_assume!(meter.ring.is_empty() || meter.ring.keys().any(|index| !meter.unreadable.contains(index)));
        let (plan, asked) = plan(target, &meter);
        let mut plan = plan.block(block);
        let order = match (target, descending) {
            // The order of the ends, unless another is asked for.
            (Target::Indices(a, b), false) if a > b => Order::Descending,
            (_, false) => Order::Ascending,
            (_, true) => Order::Descending,
        };
        plan = plan.order(order);
        let most = faults.until * 2 + 400 + 4 * log.rows as usize;
        let seen = run(&mut plan, &mut meter, most, schedule(&faults, log.rows));
        prop_assert!(plan.is_done(), "after {} requests: {:?}", seen.requests.len(), &seen.requests[seen.requests.len().saturating_sub(9)..]);
        let Some(newest) = seen.end() else {
            prop_assert!(seen.rows.is_empty());
            return Ok(());
        };
        check(target, order, &asked(newest), &meter, &seen);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PLAN_CASES").map_or(1500, |cases| cases.parse().unwrap()), failure_persistence: None, ..ProptestConfig::default() })]

    /// Stopped anywhere, also within an answer, and gone on from the saved checkpoint, again and again.
    #[test]
    fn resumed_from_any_checkpoint(
        log in logs(4000 * 900),
        block in prop_oneof![2..9_u32, Just(3000)],
        stops in prop::collection::vec((0..12_usize, 0..20_u32), 0..8),
        faults in faults(),
    ) {
        let mut meter = log.meter();
        prop_assume!(meter.ring.keys().any(|index| !meter.unreadable.contains(index)));
        let mut fault = schedule(&faults, log.rows);
        let mut saved: Option<Checkpoint> = None;
        let (mut all, mut number) = (Seen::default(), 0);
        let ends = stops.iter().map(|(requests, growth)| (*requests, *growth)).chain([(2000, 0)]);
        for (requests, growth) in ends {
            // What is saved is text.
            let resumed = saved.map(|saved| saved.to_string().parse().unwrap());
            let mut plan = resumed.map_or_else(Plan::all, Plan::since).block(block);
            let seen = run(&mut plan, &mut meter, requests, |meter, _| {
                number += 1;
                fault(meter, number)
            });
            all.newest = seen.end().or(all.newest);
            all.rows.extend(seen.rows);
            all.events.extend(seen.events);
            saved = plan.checkpoint();
            prop_assert!(requests < 2000 || plan.is_done(), "{:?}", seen.requests.last());
            meter.log(growth);
        }
        // A loss may be told again by the plan that goes on from before it.
        let mut told = BTreeSet::new();
        for range in all.events.iter().filter_map(Event::undelivered) {
            told.extend(range);
        }
        let delivered: BTreeSet<u32> = all.rows.iter().map(|row| row.index).collect();
        prop_assert!(all.rows.windows(2).all(|pair| pair[0].index < pair[1].index));
        prop_assert!(all.rows.iter().all(|row| meter.history.get(&row.index) == Some(row)));
        let newest = all.newest.unwrap();
        for index in meter.ring.range(..=newest).map(|(index, _)| index) {
            prop_assert!(delivered.contains(index) || meter.unreadable.contains(index) || meter.was_bad.contains(index));
        }
        if let Some(first) = delivered.first() {
            for index in *first..=newest {
                prop_assert!(delivered.contains(&index) || told.contains(&index), "{index} is lost");
            }
        }
        let has_restart = all.events.iter().any(|event| matches!(event, Event::IndexRestart { .. }));
        prop_assert!(!has_restart);
    }

    /// At any request the meter is another one, or its log starts anew; the next read-out reads all of that.
    #[test]
    fn another_log_at_any_moment(
        log in logs(0),
        since in prop::option::of(0..160_u32),
        descending in any::<bool>(),
        block in prop_oneof![2..9_u32, Just(3000)],
        when in 0..30_usize,
        is_other_meter in any::<bool>(),
        first in 0..160_u32,
        rows in 0..160_u32,
        faults in faults(),
    ) {
        let log = Log { unreadable: Vec::new(), unset: None, ..log };
        let mut meter = log.meter();
        let old = meter.history.clone();
        let saved = since.and_then(|place| old.values().nth(place as usize)).map(Checkpoint::of);
        let mut fault = schedule(&faults, log.rows);
        let (mut has_changed, mut last) = (false, Fault::None);
        let change = |meter: &mut Meter| {
            meter.holes.clear();
            meter.depth = u32::MAX;
            if is_other_meter {
                meter.serial = 87_654_321;
            }
            meter.clock += 17;
            // A log that starts anew does so from its lowest number.
            meter.restart(log.first.saturating_add(if is_other_meter { first } else { 0 }), rows);
        };
        let mut plan = saved.map_or_else(Plan::all, Plan::since).block(block);
        if descending {
            plan = plan.descending();
        }
        let most = faults.until * 2 + 400 + 4 * log.rows as usize;
        let seen = run(&mut plan, &mut meter, most, |meter, number| {
            // Not between an answer that broke and its repetition, which leaves out the row that would show it.
            if number >= when && last == Fault::None && !has_changed {
                has_changed = true;
                change(meter);
            }
            last = fault(meter, number);
            last
        });
        prop_assert!(plan.is_done(), "{:?}", &seen.requests[seen.requests.len().saturating_sub(9)..]);
        if !has_changed {
            change(&mut meter);
        }
        let is_old = |row: &emu_proto::LoadProfileEntry| {
            row.serial_number.get() == 12_345_678 && meter.history.get(&row.index) != Some(row)
        };
        prop_assert!(seen.rows.iter().all(|row| is_old(row) || meter.history.get(&row.index) == Some(row)));
        let mut new: Vec<u32> = seen.rows.iter().filter(|row| !is_old(row)).map(|row| row.index).collect();
        prop_assert!(new.is_empty() || new.len() == seen.rows.len(), "two logs in one read-out: {:?}", seen.events);
        let first_events = seen.events;
        if !descending {
            let mut next = plan.checkpoint().map_or_else(Plan::all, Plan::since);
            let seen = run(&mut next, &mut meter, 400, |_, _| Fault::None);
            prop_assert!(next.is_done());
            new.extend(seen.indices());
            // One that came damaged time and again, and was told as such.
            let unreadable = |event: &Event| matches!(event, Event::Unreadable { .. }).then(|| event.undelivered());
            let told: BTreeSet<u32> = first_events.iter().chain(&seen.events).filter_map(unreadable).flatten().flatten().collect();
            let is_excused = |index: &u32| told.contains(index) && meter.was_bad.contains(index);
            let readable: Vec<u32> = meter.ring.keys().copied().filter(|index| !is_excused(index)).collect();
            prop_assert_eq!(new, readable, "{:?}", seen.events);
        }
    }
}
