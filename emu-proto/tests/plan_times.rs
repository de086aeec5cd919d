//! Read-outs by time of a made-up meter whose clock was wrong: nothing that was asked for is lost.
#![allow(clippy::arithmetic_side_effects, reason = "a test may panic")]

mod model;

use std::ops::{Bound, RangeBounds};

use chrono::{DateTime, Utc};
use emu_proto::{Checkpoint, Event, Order};
use model::{Fault, Meter, Plan, START, Seen, checkpoint, read, run, time, upto, with_rows};
use proptest::prelude::*;

/// Seconds that a month of rows takes, so that a clock wrong by less is made up for by the rows around a bound.
const MONTH: i64 = 31 * 86_400;

/// From one row's place on, so many rows have a clock that is wrong by so many seconds.
#[derive(Debug, Clone, Copy)]
struct Spell {
    start: u32,
    rows: u32,
    by: i64,
}

/// A meter with rows from 0 on, and what its clock should have said.
fn wrong_meter(rows: u32, spells: &[Spell]) -> Meter {
    let mut meter = Meter::new(12_345_678, 0, u32::MAX);
    let truth = |index: u32| START + 900 * i64::from(index);
    for index in 0..rows {
        let spell = spells.iter().find(|spell| (spell.start..spell.start + spell.rows).contains(&index));
        meter.clock = truth(index) + spell.map_or(0, |spell| spell.by);
        meter.log(1);
    }
    meter.clock = truth(rows);
    meter.history.clear();
    meter
}

/// Reads without a copy of the meter.
fn read_in_place(mut plan: Plan, meter: &mut Meter) -> Seen {
    let seen = run(&mut plan, meter, 1000, |_, _| Fault::None);
    assert!(plan.is_done());
    seen
}

/// The true time of the row at this place.
fn at(index: u32) -> DateTime<Utc> {
    time(START + 900 * (i64::from(index) + 1))
}

/// Every row whose time is within the range is delivered, and no other.
fn check(meter: &mut Meter, range: (Bound<DateTime<Utc>>, Bound<DateTime<Utc>>)) {
    let wanted: Vec<u32> =
        meter.ring.values().filter(|row| range.contains(&row.timestamp)).map(|row| row.index).collect();
    for order in [Order::Ascending, Order::Descending] {
        let mut indices = read_in_place(Plan::times(range).order(order), meter).indices();
        if order == Order::Descending {
            indices.reverse();
        }
        let (got, all) = (indices.len(), wanted.len());
        assert!(indices == wanted, "{got} of {all} rows in {range:?}, {order:?}");
    }
}

fn check_all(meter: &mut Meter, low: DateTime<Utc>, high: DateTime<Utc>) {
    check(meter, (Bound::Included(low), Bound::Included(high)));
    check(meter, (Bound::Included(low), Bound::Unbounded));
    check(meter, (Bound::Unbounded, Bound::Included(high)));
}

#[test]
fn times_have_inclusive_ends_and_may_be_open() {
    let meter = with_rows(100, 5000);
    let at = |index: u32| meter.ring[&index].timestamp;
    for order in [Order::Ascending, Order::Descending] {
        let indices = |plan: Plan| {
            let mut indices = read(plan.order(order), &meter).indices();
            if order == Order::Descending {
                indices.reverse();
            }
            indices
        };
        assert_eq!(indices(Plan::times(at(1000)..=at(1010))), upto(1000..=1010));
        assert_eq!(indices(Plan::times(at(1000)..at(1010))), upto(1000..=1009));
        assert_eq!(indices(Plan::times(at(5000)..)), upto(5000..=5099));
        assert_eq!(indices(Plan::times(..=at(110))), upto(100..=110));
        assert_eq!(indices(Plan::times(..)), upto(100..=5099));
        assert!(indices(Plan::times(time(0)..=time(START))).is_empty());
        assert!(indices(Plan::times(time(START + 900_000_000)..)).is_empty());
        assert_eq!(indices(Plan::all().until(at(105))), upto(100..=105));
        assert_eq!(indices(Plan::since(checkpoint(&meter, 3000)).until(at(3005))), upto(3001..=3005));
        assert!(indices(Plan::since(checkpoint(&meter, 3000)).until(at(2000))).is_empty());
        // Of two ends the earlier one counts.
        assert_eq!(indices(Plan::times(at(102)..=at(103)).until(at(105))), upto(102..=103));
        assert_eq!(indices(Plan::times(at(102)..=at(105)).until(at(103))), upto(102..=103));
    }
}

#[test]
fn time_gap_and_clock_jump() {
    let mut meter = with_rows(1, 3);
    let before = meter.clock;
    meter.clock += 1800;
    meter.log(2);
    let second = meter.clock;
    meter.clock -= 3600;
    meter.log(2);
    let gap = Event::TimeGap { index: 4, before: time(before), after: time(before + 2700) };
    let jump = Event::ClockJump { index: 6, before: time(second), after: time(second - 2700) };
    assert_eq!(read(Plan::all(), &meter).events, [gap, jump]);
    assert_eq!(read(Plan::all().descending(), &meter).events, [jump, gap]);
    assert_eq!(read(Plan::since(checkpoint(&meter, 3)), &meter).events, [gap, jump]);
    assert_eq!(read(Plan::since(checkpoint(&meter, 4)), &meter).events, [jump]);
    assert_eq!(read(Plan::all().interval(chrono::TimeDelta::zero()), &meter).events, [jump]);
    // A clock that stands still or stumbles.
    meter.clock -= 900;
    meter.log(1);
    assert!(matches!(read(Plan::last(2), &meter).events[..], [Event::ClockJump { index: 8, .. }]));
}

#[test]
fn clock_unset_and_set() {
    let mut meter = with_rows(1, 5);
    let clock = meter.clock;
    meter.clock = 0;
    meter.log(4);
    meter.clock = clock + 7 * 900;
    meter.log(3);
    let seen = read(Plan::all(), &meter);
    assert_eq!(seen.events, [Event::ClockUnset { index: 6 }, Event::ClockSet { index: 10 }]);
    let seen = read(Plan::all().descending(), &meter);
    assert_eq!(seen.events, [Event::ClockUnset { index: 9 }, Event::ClockSet { index: 5 }]);
    let seen = read(Plan::since(checkpoint(&meter, 7)), &meter);
    assert_eq!(seen.events, [Event::ClockSet { index: 10 }]);
}

#[test]
fn a_time_is_found_although_the_clock_was_unset_for_days() {
    let mut meter = with_rows(1, 500);
    let clock = meter.clock;
    meter.clock = 0;
    meter.log(400);
    meter.clock = clock + 400 * 900;
    meter.log(600);
    let at = |index: u32| meter.ring[&index].timestamp;
    assert_eq!(read(Plan::times(at(400)..=at(1000)), &meter).indices(), upto(400..=1000));
    assert_eq!(read(Plan::times(at(950)..=at(1000)), &meter).indices(), upto(950..=1000));
    assert_eq!(read(Plan::times(..=at(450)), &meter).indices(), upto(1..=450));
    assert_eq!(read(Plan::times(at(901)..), &meter).indices().last(), Some(&1500));
    // The clock was never set: nothing is known, and nothing is left out.
    let mut meter = Meter::new(1, 1, u32::MAX);
    meter.clock = 0;
    meter.log(300);
    assert_eq!(read(Plan::times(time(START)..), &meter).indices(), upto(1..=300));
}

#[test]
fn a_clock_that_was_wrong_for_weeks_loses_no_row() {
    for days in [-400, 31, 400] {
        for (start, rows) in [(4000, 2000), (2900, 200), (0, 3000), (7000, 3000), (9990, 10), (0, 10), (1, 9998)] {
            let mut meter = wrong_meter(10_000, &[Spell { start, rows, by: days * 86_400 }]);
            // Around where the spell starts and ends, by the true clock and by the wrong one.
            let end = start + rows;
            for (low, high) in [(start.saturating_sub(1), end + 1), (start, end), (start + rows / 2, end)] {
                check_all(&mut meter, at(low), at(high));
                // By a clock that is wrong by more than a month, the bounds are elsewhere.
                if days.abs() <= 31 {
                    let wrong = chrono::TimeDelta::days(days);
                    check_all(&mut meter, at(low) + wrong, at(high) + wrong);
                }
            }
        }
    }
}

#[test]
fn a_clock_that_was_set_back_for_good_loses_no_row() {
    let mut meter = wrong_meter(10_000, &[Spell { start: 4000, rows: 6000, by: -400 * 86_400 }]);
    check_all(&mut meter, at(3000), at(3999));
    check_all(&mut meter, at(4500) - chrono::TimeDelta::days(400), at(9000) - chrono::TimeDelta::days(400));
}

#[test]
fn a_steady_clock_is_believed() {
    let mut meter = wrong_meter(60_000, &[]);
    let day = |meter: &Meter, times: std::ops::RangeInclusive<DateTime<Utc>>| {
        let seen = read(Plan::times(times), meter);
        assert_eq!(seen.indices(), (40_000..=40_095).collect::<Vec<_>>());
        (seen.requests.len(), seen.events.len())
    };
    // Each bound and the oldest row by 16 requests or 17, and 6096 rows.
    let (requests, events) = day(&meter, at(40_000)..=at(40_095));
    assert!(requests <= 60 && events == 0, "{requests} requests, {events} events");
    // A power failure of months, a clock that is a few seconds off and rows that are missing do not change that.
    let mut lossy = Meter::new(12_345_678, 0, u32::MAX);
    lossy.ring = meter.ring.clone();
    for row in lossy.ring.values_mut() {
        let before = if row.index < 20_000 { 90 * 86_400 } else { 0 };
        row.timestamp = time(row.timestamp.timestamp() - before + i64::from(row.index % 7));
    }
    lossy.ring.retain(|index, _| index % 1000 != 500);
    meter = lossy;
    meter.ring.insert(40_096, model::row(12_345_678, 40_096, at(40_096).timestamp()));
    let (requests, _) = day(&meter, at(40_000)..=at(40_095) + chrono::TimeDelta::seconds(7));
    assert!(requests <= 70, "{requests} requests");
}

#[test]
fn the_clock_is_told_of_where_rows_are_left_out() {
    let meter = wrong_meter(100, &[Spell { start: 50, rows: 10, by: 200 * 900 }]);
    for plan in [Plan::times(at(40)..=at(70)), Plan::times(at(40)..=at(70)).descending(), Plan::all().until(at(70))] {
        let seen = read(plan, &meter);
        assert!(seen.rows.iter().all(|row| !(50..60).contains(&row.index)));
        let mut told: Vec<u32> = seen
            .events
            .iter()
            .map(|event| match event {
                Event::TimeGap { index, .. } | Event::ClockJump { index, .. } => *index,
                _ => panic!("{event}"),
            })
            .collect();
        told.sort_unstable();
        assert_eq!(told, [50, 60]);
    }
}

#[test]
fn what_until_leaves_out_comes_with_the_next_read_out() {
    let meter = wrong_meter(100, &[Spell { start: 51, rows: 10, by: 200 * 900 }]);
    let since = Plan::since(Checkpoint::of(&meter.ring[&20]));
    let mut plan = since.clone().until(at(80));
    let seen = run(&mut plan, &mut meter.clone(), 99, |_, _| Fault::None);
    assert_eq!((seen.indices(), seen.events), ((21..=50).collect(), vec![]));
    assert_eq!(plan.progress().passed, 30);
    assert_eq!(plan.checkpoint(), Some(Checkpoint::of(&meter.ring[&50])));
    let seen = read(Plan::since(plan.checkpoint().unwrap()), &meter);
    assert_eq!((seen.indices(), seen.events.len()), ((51..=99).collect(), 2));
    // Where rows are filtered, the checkpoint stays before the first that is left out.
    let mut plan = Plan::all().until(at(80));
    let seen = run(&mut plan, &mut meter.clone(), 99, |_, _| Fault::None);
    assert_eq!(seen.indices(), (0..=50).chain(61..=80).collect::<Vec<_>>());
    assert_eq!(plan.checkpoint(), Some(Checkpoint::of(&meter.ring[&50])));
    // Downwards it does not move, unless all that is left out is newer than what is delivered.
    let mut plan = since.clone().until(at(80)).descending();
    let seen = run(&mut plan, &mut meter.clone(), 99, |_, _| Fault::None);
    assert_eq!(seen.indices(), (61..=80).rev().chain((21..=50).rev()).collect::<Vec<_>>());
    assert_eq!(plan.checkpoint(), Some(Checkpoint::of(&meter.ring[&20])));
    let mut plan = since.until(at(40)).descending();
    let _ = run(&mut plan, &mut meter.clone(), 99, |_, _| Fault::None);
    assert_eq!(plan.checkpoint(), Some(Checkpoint::of(&meter.ring[&40])));
}

fn cases(default: u32) -> ProptestConfig {
    let cases = std::env::var("PLAN_CASES").map_or(default, |cases| cases.parse().unwrap());
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn offsets() -> impl Strategy<Value = i64> {
    prop_oneof![-MONTH..=MONTH, -500 * 86_400..=500 * 86_400_i64]
}

proptest! {
    #![proptest_config(cases(40))]

    /// A spell of any length: within a month anywhere, of any size where a bound is within it or beside it.
    #[test]
    fn no_row_is_lost_to_a_spell(
        rows in 1..12_000_u32,
        start in 0..12_000_u32,
        length in prop_oneof![1..100_u32, 1..9000_u32],
        by in offsets(),
        inside in 0..9000_u32,
        other in 0..14_000_u32,
        is_wrong in any::<bool>(),
    ) {
        let start = start % rows;
        let spell = Spell { start, rows: length.min(rows - start), by };
        let mut meter = wrong_meter(rows, &[spell]);
        let other = at(other);
        let is_small = by.abs() <= MONTH;
        let wrong = chrono::TimeDelta::seconds(if is_wrong && is_small { by } else { 0 });
        let touching = at(start + inside % (spell.rows + 1)) + wrong;
        let bounds = if is_small { [other, touching] } else { [touching, touching] };
        check_all(&mut meter, bounds[0].min(bounds[1]), bounds[0].max(bounds[1]));
    }

    /// Up to a time and on from there, each row once, whatever the clock did.
    #[test]
    fn until_and_on_from_there_is_each_row_once(
        rows in 2..4000_u32,
        spells in prop::collection::vec((0..4000_u32, 1..2000_u32, offsets()), 0..4),
        unset in prop::option::of((0..4000_u32, 1..300_u32)),
        from in 0..4000_u32,
        stops in prop::collection::vec((0..5000_u32, 1..9_usize), 1..5),
        block in prop_oneof![Just(7), Just(500), Just(3000)],
    ) {
        let spells: Vec<Spell> = spells.into_iter().map(|(start, rows, by)| Spell { start, rows, by }).collect();
        let mut meter = wrong_meter(rows, &spells);
        if let Some((start, count)) = unset {
            for index in start..start + count {
                if let Some(row) = meter.ring.get_mut(&index) {
                    row.timestamp = time(900 * i64::from(index));
                }
            }
        }
        let from = from % rows;
        let mut saved = Checkpoint::of(&meter.ring[&from]);
        let mut indices = Vec::new();
        for (until, requests) in stops {
            let mut plan = Plan::since(saved).until(at(until)).block(block);
            let seen = run(&mut plan, &mut meter, requests, |_, _| Fault::None);
            prop_assert!(seen.rows.iter().all(|row| row.timestamp <= at(until)));
            indices.extend(seen.indices());
            saved = plan.checkpoint().unwrap();
        }
        indices.extend(read(Plan::since(saved), &meter).indices());
        prop_assert_eq!(indices, (from + 1..rows).collect::<Vec<_>>());
    }
}

#[test]
fn what_happened_outside_of_the_times_is_not_told() {
    let mut meter =
        wrong_meter(400, &[Spell { start: 50, rows: 10, by: 7200 }, Spell { start: 300, rows: 9, by: 7200 }]);
    for hole in [100, 101, 199, 350] {
        meter.ring.remove(&hole);
    }
    let hole = |first, last| Event::Gap { first, last };
    for (from, to, events) in [
        (150, 180, vec![]),
        // Either neighbour is in the range, or the range lies between the two.
        (200, 250, vec![hole(199, 199)]),
        (120, 198, vec![hole(199, 199)]),
        (100, 101, vec![hole(100, 101)]),
        (102, 102, vec![hole(100, 101)]),
        (90, 99, vec![hole(100, 101)]),
        (110, 220, vec![hole(199, 199)]),
    ] {
        for plan in [Plan::times(at(from)..=at(to)), Plan::times(at(from)..=at(to)).descending()] {
            let seen = read(plan, &meter);
            let rows = meter.ring.values().filter(|row| (at(from)..=at(to)).contains(&row.timestamp)).count();
            assert_eq!((seen.rows.len(), &seen.events), (rows, &events), "{from} to {to}");
        }
    }
    let seen = read(Plan::times(at(305)..=at(330)), &meter);
    assert!(seen.events.iter().any(|event| matches!(event, Event::ClockJump { index: 309, .. })), "{:?}", seen.events);
    assert!(!seen.events.iter().any(|event| matches!(event, Event::Gap { .. })), "{:?}", seen.events);
}
