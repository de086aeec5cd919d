//! Read-outs of a made-up meter by `ReadoutPlan`: each target, each order, each event by name.
#![allow(clippy::arithmetic_side_effects, reason = "a test may panic")]

mod model;

use emu_proto::{Checkpoint, End, Event, LoadProfileEntry, Order, Readout, ReadoutPlan, Verdict};
use model::{Fault, Meter, Plan, START, Seen, row, run, time};

fn read(plan: Plan, meter: &Meter) -> Seen {
    read_with(plan, &mut meter.clone(), |_, _| Fault::None)
}

fn read_with(mut plan: Plan, meter: &mut Meter, fault: impl FnMut(&mut Meter, usize) -> Fault) -> Seen {
    let seen = run(&mut plan, meter, 1000, fault);
    assert!(plan.is_done(), "{:?}", seen.requests);
    seen
}

/// A meter with so many rows from `first` on.
fn with_rows(first: u32, count: u32) -> Meter {
    let mut meter = Meter::new(12_345_678, first, u32::MAX);
    meter.log(count);
    meter
}

fn checkpoint(meter: &Meter, index: u32) -> Checkpoint {
    Checkpoint::of(&meter.ring[&index])
}

fn range(from: u32, to: u32) -> Readout {
    Readout::Range { from, to }
}

fn upto(indices: impl IntoIterator<Item = u32>) -> Vec<u32> {
    indices.into_iter().collect()
}

// Targets.

#[test]
fn all_of_a_large_ring_is_read_in_blocks() {
    let meter = with_rows(19_751, 35_040);
    let seen = read(Plan::all(), &meter);
    assert_eq!(seen.indices(), upto(19_751..19_751 + 35_040));
    assert_eq!(seen.events, []);
    assert_eq!(seen.most_fruitless, 0);
    let blocks = seen.requests.iter().filter(|r| matches!(r, Readout::Range { from, to } if to - from > 1000)).count();
    assert!(blocks <= 15 && seen.requests.len() < 40, "{} requests", seen.requests.len());

    let seen = read(Plan::all().descending(), &meter);
    assert_eq!(seen.indices(), upto((19_751..19_751 + 35_040).rev()));
    assert_eq!(seen.events, []);
}

#[test]
fn the_last_rows_may_be_more_than_one_request_yields() {
    let meter = with_rows(7, 10_000);
    let seen = read(Plan::last(5000), &meter);
    assert_eq!(seen.indices(), upto(5007..10_007));
    assert_eq!(seen.requests, [Readout::Last(1), range(5007, 8006), range(8006, 10_006)]);
    let seen = read(Plan::last(3).descending(), &meter);
    assert_eq!(seen.indices(), [10_006, 10_005, 10_004]);
    let seen = read(Plan::last(0), &meter);
    assert!(seen.requests.is_empty());
    let seen = read(Plan::last(u32::MAX), &with_rows(7, 2));
    assert_eq!((seen.indices(), seen.events), (upto([7, 8]), vec![Event::Absent { first: 0, last: 6 }]));
}

#[test]
fn a_range_of_indices_has_inclusive_ends_in_either_order() {
    let meter = with_rows(0, 200);
    assert_eq!(read(Plan::indices(1, 100), &meter).indices(), upto(1..=100));
    assert_eq!(read(Plan::indices(20, 0), &meter).indices(), upto((0..=20).rev()));
    assert_eq!(read(Plan::indices(5, 5), &meter).indices(), [5]);
    assert_eq!(read(Plan::indices(20, 30).descending(), &meter).indices(), upto((20..=30).rev()));
    // What is not there yet is not waited for.
    let seen = read(Plan::indices(198, 300), &meter);
    assert_eq!((seen.indices(), seen.events), (upto([198, 199]), vec![]));
    assert_eq!(read(Plan::indices(300, 400), &meter).requests, [Readout::Last(1)]);
}

#[test]
fn rows_older_than_the_oldest_are_absent() {
    let meter = with_rows(50, 100);
    for plan in [Plan::indices(10, 60), Plan::indices(60, 10)] {
        let seen = read(plan, &meter);
        assert_eq!(seen.rows.len(), 11);
        assert_eq!(seen.events, [Event::Absent { first: 10, last: 49 }]);
    }
    let meter = with_rows(50_000, 100);
    let seen = read(Plan::indices(0, u32::MAX), &meter);
    assert_eq!(seen.indices(), upto(50_000..50_100));
    assert_eq!(seen.events, [Event::Absent { first: 0, last: 49_999 }]);
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
fn a_request_becomes_the_plan_of_what_it_asks_for() {
    let meter = with_rows(1, 4000);
    assert_eq!(read(Plan::from(Readout::Newest), &meter).indices(), upto((1001..=4000).rev()));
    assert_eq!(read(Plan::from(Readout::Last(3500)), &meter).indices(), upto((501..=4000).rev()));
    assert_eq!(read(Plan::from(range(20, 1)), &meter).indices(), upto((1..=20).rev()));
}

#[test]
fn a_checkpoint_is_gone_on_from() {
    let meter = with_rows(1, 100);
    let seen = read(Plan::since(checkpoint(&meter, 90)), &meter);
    assert_eq!((seen.indices(), seen.events), (upto(91..=100), vec![]));
    assert_eq!(seen.requests, [Readout::Last(1), range(90, 100)]);
    let seen = read(Plan::since(checkpoint(&meter, 90)).descending(), &meter);
    assert_eq!((seen.indices(), seen.events), (upto((91..=100).rev()), vec![]));
    // Nothing new: one request.
    let mut plan = Plan::since(checkpoint(&meter, 100));
    let seen = run(&mut plan, &mut meter.clone(), 9, |_, _| Fault::None);
    assert_eq!((seen.requests.len(), seen.rows.len(), seen.events.len()), (1, 0, 0));
    assert_eq!(plan.checkpoint(), Some(checkpoint(&meter, 100)));
}

#[test]
fn the_smallest_and_the_largest_index_are_rows_like_others() {
    let mut meter = with_rows(u32::MAX - 5, 6);
    assert_eq!(meter.next, None);
    for plan in [Plan::all(), Plan::last(6), Plan::indices(u32::MAX - 5, u32::MAX), Plan::times(..)] {
        assert_eq!(read(plan.clone(), &meter).indices(), upto(u32::MAX - 5..=u32::MAX));
        assert_eq!(read(plan.descending(), &meter).indices(), upto((u32::MAX - 5..=u32::MAX).rev()));
    }
    let seen = read(Plan::since(checkpoint(&meter, u32::MAX - 1)), &meter);
    assert_eq!(seen.indices(), [u32::MAX]);
    assert!(read(Plan::since(checkpoint(&meter, u32::MAX)), &meter).indices().is_empty());
    meter.restart(0, 2);
    let seen = read(Plan::all().block(2), &meter);
    assert_eq!((seen.indices(), seen.events), (upto([0, 1]), vec![]));
    assert_eq!(read(Plan::all().descending().block(2), &meter).indices(), [1, 0]);
}

#[test]
fn an_empty_log_ends_the_plan() {
    for plan in [Plan::all(), Plan::last(5), Plan::indices(0, 9), Plan::times(..), Plan::all().descending()] {
        let seen = read(plan, &with_rows(0, 0));
        // Asked twice, since everything else depends on it.
        assert_eq!((seen.requests.len(), seen.events.len()), (2, 0));
    }
}

#[test]
fn rows_logged_while_reading_are_the_next_readouts() {
    let mut meter = with_rows(1, 20);
    let mut plan = Plan::all().block(5);
    let seen = run(&mut plan, &mut meter, 99, |_, _| Fault::Growing(1, 2));
    assert_eq!((seen.indices(), seen.events), (upto(1..=20), vec![]));
    let seen = read(Plan::since(plan.checkpoint().unwrap()), &meter);
    assert_eq!(seen.indices(), upto(21..=meter.newest().unwrap()));
}

// Answers that break.

#[test]
fn after_a_break_the_missing_rows_are_asked_for() {
    let mut meter = with_rows(1, 100);
    let faults =
        [Fault::None, Fault::Broken(40), Fault::Refused, Fault::Broken(1), Fault::Broken(0), Fault::Dropped(7)];
    let seen = read_with(Plan::last(100), &mut meter, |_, number| *faults.get(number).unwrap_or(&Fault::None));
    assert_eq!((seen.indices(), seen.events), (upto(1..=100), vec![]));
    assert_eq!(seen.requests[1..4], [range(1, 100), range(40, 100), range(40, 100)]);
}

#[test]
fn an_answer_that_ends_too_early_and_looks_whole_is_no_gap() {
    let meter = with_rows(5, 20);
    for (plan, rows) in [(Plan::all().block(6), 20), (Plan::last(9), 9), (Plan::since(checkpoint(&meter, 10)), 14)] {
        for (at, place) in (0..12).flat_map(|at| [(at, 0), (at, 1), (at, 2), (at, 5)]) {
            for plan in [plan.clone(), plan.clone().descending()] {
                let short = |_: &mut Meter, number| if number == at { Fault::Short(place) } else { Fault::None };
                let seen = read_with(plan, &mut meter.clone(), short);
                assert_eq!((seen.rows.len(), seen.events), (rows, vec![]), "answer {at} before row {place}");
            }
        }
    }
}

#[test]
fn a_link_that_carries_one_row_at_a_time_still_gets_all() {
    let mut meter = with_rows(1, 30);
    let seen = read_with(Plan::last(30), &mut meter, |_, _| Fault::Broken(1));
    assert_eq!((seen.indices(), seen.events), (upto(1..=30), vec![]));
}

#[test]
fn fruitless_answers_are_counted_until_one_brings_something() {
    let meter = with_rows(1, 10);
    let mut plan = Plan::last(10);
    for count in 0..7 {
        assert_eq!(plan.fruitless(), count);
        assert_eq!(plan.poll_request(), Some(Readout::Last(1)));
        plan.handle_end(End::Broken);
    }
    let seen = run(&mut plan, &mut meter.clone(), 1, |_, _| Fault::None);
    assert_eq!((seen.rows.len(), plan.fruitless()), (0, 0));
}

#[test]
fn a_row_that_may_be_cut_is_delivered_when_it_is_seen_whole() {
    // `perform` asserts that the cut row is not delivered.
    for cut_at in 0..5 {
        let mut meter = with_rows(1, 5);
        let faults = [Fault::None, Fault::Cut(cut_at)];
        let seen = read_with(Plan::last(5), &mut meter, |_, number| *faults.get(number).unwrap_or(&Fault::None));
        assert_eq!((seen.indices(), seen.events), (upto(1..=5), vec![]));
        assert_eq!(seen.rows, meter.ring.values().copied().collect::<Vec<_>>());
    }
    // A server that never ends the last line.
    for plan in [Plan::all(), Plan::all().descending(), Plan::last(5).block(2), Plan::times(time(START)..)] {
        let mut meter = with_rows(1, 5);
        let mut seen = read_with(plan, &mut meter, |_, _| Fault::Unterminated);
        seen.rows.sort_by_key(|row| row.index);
        assert_eq!((seen.indices(), seen.events), (upto(1..=5), vec![]));
    }
    let mut meter = with_rows(1, 1);
    let seen = read_with(Plan::all(), &mut meter, |_, _| Fault::Unterminated);
    assert_eq!((seen.indices(), seen.events), (upto([1]), vec![]));
}

#[test]
fn a_cut_after_so_many_bytes_never_misreads_a_row() {
    // A server that sends so many bytes of each answer and closes: 10 of header, 20 a row, the last number and the line end
    // being 4 of them. The first row has but one place, so that it has to come whole.
    for limit in 30..230 {
        for order in [Order::Ascending, Order::Descending] {
            let meter = with_rows(1, 9);
            let mut plan = Plan::all().order(order);
            let mut rows = Vec::new();
            while let Some(readout) = plan.poll_request().filter(|_| plan.fruitless() < 9) {
                let mut sent = 10;
                for index in meter.answer(readout) {
                    let row = meter.ring[&index];
                    sent += 20;
                    let verdict = match sent - limit {
                        ..=0 => plan.handle_row(&row),
                        1 => plan.handle_unterminated(&row),
                        cut @ 2..=3 => {
                            let frequency = emu_proto::DeciHertz(if cut == 2 { 50 } else { 5 });
                            plan.handle_unterminated(&LoadProfileEntry { frequency, ..row })
                        }
                        _ => {
                            plan.handle_end(if sent - limit < 20 { End::Broken } else { End::Complete });
                            break;
                        }
                    };
                    if verdict == Verdict::Deliver {
                        assert!(sent - limit < 2, "row {index} was cut at {limit}");
                        rows.push(index);
                    }
                    if verdict == Verdict::Abandon || sent >= limit {
                        break;
                    }
                }
                plan.handle_end(End::Complete);
            }
            // With room for two rows and a bit, all come.
            assert!(limit < 54 || rows.len() == 9, "{rows:?} at {limit}");
        }
    }
}

// Events.

#[test]
fn gap() {
    let mut meter = Meter::new(1, 1, u32::MAX);
    meter.holes.extend([4, 5, 9]);
    meter.log(12);
    let present: Vec<u32> = meter.ring.keys().copied().collect();
    let gaps = [Event::Gap { first: 4, last: 5 }, Event::Gap { first: 9, last: 9 }];
    for block in [2, 3, 4, 5, 3000] {
        let seen = read(Plan::all().block(block), &meter);
        assert_eq!((seen.indices(), &seen.events[..]), (present.clone(), &gaps[..]), "block {block}");
        let seen = read(Plan::all().descending().block(block), &meter);
        assert_eq!(seen.indices(), upto(present.iter().rev().copied()), "block {block}");
        assert_eq!(seen.events, [gaps[1], gaps[0]]);
    }
}

#[test]
fn gap_wider_than_a_request() {
    let mut meter = Meter::new(1, 1, u32::MAX);
    meter.holes.extend(500..10_000);
    meter.log(12_000);
    let present: Vec<u32> = meter.ring.keys().copied().collect();
    let seen = read(Plan::indices(1, 20_000), &meter);
    assert_eq!(seen.indices(), present);
    assert_eq!(seen.events, [Event::Gap { first: 500, last: 9999 }]);
    // Below such a hole nothing is looked for.
    let seen = read(Plan::indices(20_000, 1), &meter);
    assert_eq!(seen.indices(), upto((10_000..=12_000).rev()));
    assert_eq!(seen.events, [Event::Absent { first: 1, last: 9999 }]);
}

#[test]
fn a_hole_at_a_probe_does_not_hide_the_rows_below_it() {
    for hole in [500..600, 1000..1001, 7..8, 900..2500] {
        let mut meter = Meter::new(1, 0, u32::MAX);
        meter.holes.extend(hole.clone());
        meter.log(2600);
        let present: Vec<u32> = meter.ring.keys().copied().collect();
        let seen = read(Plan::all(), &meter);
        assert_eq!(seen.indices(), present);
        assert_eq!(seen.events, [Event::Gap { first: hole.start, last: hole.end - 1 }]);
        let seen = read(Plan::times(time(START + 900 * 5)..), &meter);
        assert_eq!(seen.indices(), present[4..], "{hole:?}");
    }
}

#[test]
fn unreadable() {
    let mut meter = with_rows(1, 10);
    meter.unreadable.extend([4, 5]);
    let event = [Event::Unreadable { first: 4, last: 5 }];
    let seen = read(Plan::last(10), &meter);
    assert_eq!((seen.indices(), &seen.events[..]), (vec![1, 2, 3, 6, 7, 8, 9, 10], &event[..]));
    // Asked for three times.
    assert_eq!(seen.requests, [Readout::Last(1), range(1, 10), range(3, 10), range(3, 10)]);
    let seen = read(Plan::all().descending().block(2), &meter);
    assert_eq!((seen.rows.len(), seen.events.len()), (8, 2), "{:?}", seen.events);
    // Once is no loss.
    meter.unreadable.clear();
    let seen = read_with(Plan::last(10), &mut meter, |_, n| if n < 3 { Fault::Bad(3) } else { Fault::None });
    assert_eq!((seen.indices(), seen.events), (upto(1..=10), vec![]));
}

#[test]
fn unreadable_at_either_end() {
    let mut meter = with_rows(1, 10);
    meter.unreadable.extend([1, 2, 9]);
    let seen = read(Plan::all(), &meter);
    assert_eq!(seen.indices(), [3, 4, 5, 6, 7, 8, 10]);
    assert_eq!(seen.events, [Event::Unreadable { first: 1, last: 2 }, Event::Unreadable { first: 9, last: 9 }]);
    // The newest cannot be read: the span ends before it, and the next read-out tells of it.
    meter.unreadable = [10].into();
    let mut plan = Plan::all();
    let seen = run(&mut plan, &mut meter, 99, |_, _| Fault::None);
    assert_eq!((seen.indices(), seen.events), (upto(1..=9), vec![]));
    meter.log(1);
    let seen = read(Plan::since(plan.checkpoint().unwrap()), &meter);
    assert_eq!((seen.indices(), seen.events), (upto([11]), vec![Event::Unreadable { first: 10, last: 10 }]));
}

#[test]
fn overrun_of_a_checkpoint() {
    let mut meter = Meter::new(1, 1, 50);
    meter.log(60);
    let saved = checkpoint(&meter, 40);
    meter.log(100);
    let lost = [Event::Overrun { first: 41, last: 110 }];
    let seen = read(Plan::since(saved), &meter);
    assert_eq!((seen.indices(), &seen.events[..]), (upto(111..=160), &lost[..]));
    let seen = read(Plan::since(saved).descending(), &meter);
    assert_eq!((seen.indices(), &seen.events[..]), (upto((111..=160).rev()), &lost[..]));
    // Far behind.
    meter.log(20_000);
    let seen = read(Plan::since(saved), &meter);
    assert_eq!((seen.rows.len(), &seen.events[..]), (50, &[Event::Overrun { first: 41, last: 20_110 }][..]));
}

#[test]
fn overrun_while_reading() {
    let mut meter = Meter::new(1, 1, 50);
    meter.log(60);
    // The ring runs on by 30 rows after the first block, which holds rows 11 to 20.
    let mut blocks = 0;
    let mut plan = Plan::all().block(10);
    let seen = run(&mut plan, &mut meter, 99, |meter, _| {
        if meter.newest() == Some(60) && blocks == 9 {
            meter.log(30);
        }
        blocks += 1;
        Fault::None
    });
    let lost = seen.events.iter().filter_map(Event::undelivered).next().expect("lost rows");
    assert!(matches!(seen.events[..], [Event::Overrun { .. }, Event::TimeGap { .. }] | [Event::Overrun { .. }]));
    assert_eq!(*lost.end(), 40);
    assert_eq!(seen.indices(), upto((11..*lost.start()).chain(41..=60)));
    // All of it.
    let mut meter = Meter::new(1, 1, 50);
    meter.log(60);
    let seen = read_with(Plan::last(20).block(10), &mut meter, |meter, number| {
        meter.log(if number == 2 { 500 } else { 0 });
        Fault::None
    });
    assert_eq!((seen.indices(), seen.events), (upto(41..=50), vec![Event::Overrun { first: 51, last: 60 }]));
}

#[test]
fn index_restart_since_a_checkpoint() {
    let mut meter = with_rows(1, 100);
    let saved = checkpoint(&meter, 90);
    for (count, newest) in [(20, Some(20)), (90, Some(90)), (95, Some(95))] {
        meter.restart(1, count);
        let event = [Event::IndexRestart { index: 90, newest }];
        let seen = read(Plan::since(saved), &meter);
        assert_eq!((seen.indices(), &seen.events[..]), (upto(1..=count), &event[..]));
        let seen = read(Plan::since(saved).descending(), &meter);
        assert_eq!((seen.indices(), &seen.events[..]), (upto((1..=count).rev()), &event[..]));
    }
    meter.restart(1, 0);
    let seen = read(Plan::since(saved), &meter);
    assert_eq!((seen.rows.len(), &seen.events[..]), (0, &[Event::IndexRestart { index: 90, newest: None }][..]));
}

#[test]
fn an_old_answer_for_the_newest_row_is_no_restart() {
    // A proxy between that answers from its memory, or a meter that has not found its counter yet.
    let meter = with_rows(1, 100);
    let saved = checkpoint(&meter, 90);
    let mut plan = Plan::since(saved);
    assert_eq!(plan.poll_request(), Some(Readout::Last(1)));
    assert_eq!(plan.handle_row(&meter.ring[&20]), Verdict::Discard);
    plan.handle_end(End::Complete);
    assert_eq!(plan.poll_request(), Some(range(90, 90)));
    assert_eq!(plan.handle_row(&meter.ring[&90]), Verdict::Discard);
    plan.handle_end(End::Complete);
    assert_eq!((plan.poll_request(), plan.poll_event(), plan.checkpoint()), (None, None, Some(saved)));
}

#[test]
fn index_restart_while_reading() {
    for (first, count, newest) in [(1, 0, None), (1, 3, Some(3)), (1, 40, Some(40)), (1, 60, Some(60))] {
        for order in [Order::Ascending, Order::Descending] {
            let mut meter = with_rows(1, 100);
            let old = meter.ring.clone();
            let mut plan = Plan::last(100).order(order).block(30);
            let seen = run(&mut plan, &mut meter, 99, |meter, number| {
                if number == 2 {
                    meter.restart(first, count);
                }
                Fault::None
            });
            assert!(plan.is_done());
            assert!(seen.rows.iter().all(|row| old[&row.index] == *row), "no row of the new log");
            assert_eq!(seen.rows.len(), 30);
            let left = if order == Order::Ascending { (31, 100) } else { (1, 70) };
            assert_eq!(seen.events[1], Event::NotRead { first: left.0, last: left.1 });
            assert!(
                matches!(seen.events[0], Event::IndexRestart { newest: n, .. } if n == newest),
                "{:?}",
                seen.events
            );
            // What comes next reads the new log, from where the old was left or from the start.
            let since = plan.checkpoint();
            assert_eq!(since.is_some(), order == Order::Ascending);
            if let Some(since) = since {
                let seen = read(Plan::since(since), &meter);
                assert_eq!(seen.indices(), upto(1..=count));
            }
        }
    }
}

#[test]
fn meter_swapped_since_a_checkpoint() {
    let old = with_rows(1, 100);
    let saved = checkpoint(&old, 90);
    for (first, count) in [(1, 20), (1, 90), (1, 200), (85, 200), (90, 3), (200, 5), (5000, 9000)] {
        let mut meter = Meter::new(87_654_321, first, u32::MAX);
        meter.log(count);
        let all = upto(first..first + count);
        for order in [Order::Ascending, Order::Descending] {
            let mut seen = read(Plan::since(saved).order(order), &meter);
            seen.rows.sort_by_key(|row| row.index);
            assert_eq!(seen.indices(), all);
            let [Event::MeterSwapped { old, new, .. }] = seen.events[..] else { panic!("{:?}", seen.events) };
            assert_eq!((old.get(), new.get()), (12_345_678, 87_654_321));
        }
    }
}

#[test]
fn meter_swapped_while_reading() {
    for (first, count) in [(1, 200), (1, 20), (1, 35), (31, 4), (500, 10)] {
        for order in [Order::Ascending, Order::Descending] {
            let mut meter = with_rows(1, 100);
            let mut other = Meter::new(87_654_321, first, u32::MAX);
            other.log(count);
            let mut plan = Plan::last(100).order(order).block(30);
            let seen = run(&mut plan, &mut meter, 99, |meter, number| {
                if number == 2 {
                    *meter = other.clone();
                }
                Fault::None
            });
            assert!(plan.is_done());
            assert_eq!(seen.rows.len(), 30);
            assert!(matches!(seen.events[0], Event::MeterSwapped { .. }), "{:?}", seen.events);
            let left = if order == Order::Ascending { (31, 100) } else { (1, 70) };
            assert_eq!(seen.events[1..], [Event::NotRead { first: left.0, last: left.1 }]);
            if order == Order::Ascending {
                let seen = read(Plan::since(plan.checkpoint().unwrap()), &meter);
                assert_eq!(seen.indices(), upto(first..first + count));
            }
        }
    }
}

#[test]
fn serial_changed_within_one_log_is_no_swap() {
    let mut meter = Meter::new(0, 1, u32::MAX);
    meter.log(10);
    meter.serial = 12_345_678;
    meter.log(10);
    let mut plan = Plan::all();
    let seen = run(&mut plan, &mut meter, 99, |_, _| Fault::None);
    assert_eq!(seen.indices(), upto(1..=20));
    let changes: Vec<u32> = seen
        .events
        .iter()
        .filter_map(|e| if let Event::SerialChanged { index, .. } = e { Some(*index) } else { None })
        .collect();
    assert_eq!((changes, seen.events.len()), (vec![1, 11], 2));
    // Nor since a checkpoint of the earlier rows.
    let seen = read(Plan::since(checkpoint(&meter, 5)), &meter);
    assert_eq!(seen.indices(), upto(6..=20));
    assert!(matches!(seen.events[..], [Event::SerialChanged { index: 11, .. }]));
}

#[test]
fn duplicate() {
    let mut meter = with_rows(1, 6);
    let seen =
        read_with(Plan::last(6), &mut meter, |_, number| if number == 1 { Fault::Twice(2) } else { Fault::None });
    assert_eq!((seen.indices(), seen.events), (upto(1..=6), vec![Event::Duplicate { index: 3 }]));
}

#[test]
fn rows_out_of_order_are_asked_for_again() {
    let mut plan = Plan::last(3);
    let rows = [row(1, 1, START), row(1, 2, START + 900), row(1, 3, START + 1800)];
    assert_eq!(plan.poll_request(), Some(Readout::Last(1)));
    assert_eq!(plan.handle_row(&rows[2]), Verdict::Discard);
    plan.handle_end(End::Complete);
    assert_eq!(plan.poll_request(), Some(range(1, 3)));
    assert_eq!(plan.handle_row(&rows[0]), Verdict::Deliver);
    assert_eq!(plan.handle_row(&rows[2]), Verdict::Abandon);
    assert_eq!(plan.handle_row(&rows[1]), Verdict::Abandon);
    plan.handle_end(End::Broken);
    assert_eq!(plan.poll_request(), Some(range(1, 3)));
    assert_eq!(plan.handle_row(&rows[0]), Verdict::Discard);
    assert_eq!(plan.handle_row(&rows[1]), Verdict::Deliver);
    assert_eq!(plan.handle_row(&rows[2]), Verdict::Deliver);
    plan.handle_end(End::Complete);
    assert_eq!((plan.poll_request(), plan.poll_event()), (None, None));
}

#[test]
fn unasked() {
    let mut meter = with_rows(100, 5);
    let seen = read_with(Plan::indices(0, 102), &mut meter, |_, _| Fault::Clamped);
    assert_eq!(seen.indices(), [100, 101, 102]);
    assert_eq!(seen.events, [Event::Absent { first: 0, last: 99 }]);
    // Bisection asks below the ring.
    let seen = read_with(Plan::all(), &mut meter, |_, _| Fault::Clamped);
    assert_eq!(seen.indices(), upto(100..105));
    assert!(!seen.events.is_empty() && seen.events.iter().all(|e| *e == Event::Unasked { index: 100 }));
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
fn missed() {
    let mut plan = Plan::indices(0, 40);
    let _ = plan.poll_request();
    let _ = plan.handle_row(&row(1, 40, START));
    plan.handle_end(End::Complete);
    let _ = plan.poll_request();
    for index in 0..=20 {
        let _ = plan.handle_row(&row(1, index / 2, START + 900 * i64::from(index / 2)));
    }
    let events: Vec<Event> = std::iter::from_fn(|| plan.poll_event()).collect();
    assert_eq!(events.len(), 9);
    assert_eq!(events[8], Event::Missed { count: 2 });
}

#[test]
fn the_logbook_is_read_alike() {
    use emu_proto::{Entry, LogbookEntry, Milliseconds, PulsesPerKilowattHour, WattHours};
    let row = |index: u32, seconds: i64| LogbookEntry {
        timestamp: time(seconds),
        timestamp_after: None,
        index,
        serial_number: row(1, 1, START).serial_number,
        active_energy_import_l123_t1: WattHours(i64::from(index)),
        active_energy_import_l123_t2: WattHours(0),
        active_energy_export_l123_t1: WattHours(0),
        active_energy_export_l123_t2: WattHours(0),
        load_profile_index: index,
        ct_primary: 5,
        ct_primary_before: None,
        ct_secondary: 5,
        ct_secondary_before: None,
        vt_primary: 100,
        vt_primary_before: None,
        vt_secondary: 100,
        vt_secondary_before: None,
        s0_pulse_value: PulsesPerKilowattHour(1000),
        s0_pulse_value_before: None,
        s0_pulse_width: Milliseconds(120),
        s0_pulse_width_before: None,
    };
    // Changes come at no interval, several at once, and one sets the clock back.
    let rows = [row(0, START), row(1, START), row(2, START + 77), row(3, START + 70), row(4, START + 9_000_000)];
    let mut plan = ReadoutPlan::<LogbookEntry>::all();
    let mut read = Vec::new();
    while let Some(readout) = plan.poll_request() {
        let asked: Vec<_> = match readout {
            Readout::Range { from, to } => {
                assert!(to - from < LogbookEntry::LOG.limit());
                rows.iter().filter(|row| (from..=to).contains(&row.index)).collect()
            }
            _ => rows.last().into_iter().collect(),
        };
        for row in asked {
            if plan.handle_row(row) == Verdict::Deliver {
                read.push(*row);
            }
        }
        plan.handle_end(End::Complete);
    }
    assert_eq!(read, rows);
    let jump = Event::ClockJump { index: 3, before: time(START + 77), after: time(START + 70) };
    assert_eq!((plan.poll_event(), plan.poll_event()), (Some(jump), None));
}

// The contract.

#[test]
fn calls_out_of_order_do_nothing() {
    let mut plan = Plan::all();
    assert_eq!(plan.handle_row(&row(1, 1, START)), Verdict::Abandon);
    plan.handle_end(End::Complete);
    plan.handle_bad_line();
    assert_eq!(plan.poll_request(), Some(Readout::Last(1)));
    plan.handle_end(End::Complete);
    plan.handle_end(End::Complete);
    plan.handle_end(End::Complete);
    assert!(!plan.is_done());
    assert_eq!(plan.fruitless(), 1);
}

#[test]
fn an_answer_without_end_is_abandoned() {
    let mut plan = Plan::last(10);
    let _ = plan.poll_request();
    let count = (0..1_000_000).take_while(|_| plan.handle_row(&row(1, 50, START)) != Verdict::Abandon).count();
    assert_eq!(count, 6000);
}

#[test]
fn progress_is_told_once_the_span_is_known() {
    let meter = with_rows(1, 100);
    let mut plan = Plan::last(40);
    assert_eq!((plan.progress().passed, plan.progress().total), (0, None));
    let _ = run(&mut plan, &mut meter.clone(), 1, |_, _| Fault::None);
    assert_eq!((plan.progress().passed, plan.progress().total), (0, Some(40)));
    let _ = run(&mut plan, &mut meter.clone(), 1, |_, _| Fault::Broken(10));
    assert_eq!((plan.progress().delivered, plan.progress().passed, plan.progress().total), (10, 10, Some(40)));
    let _ = run(&mut plan, &mut meter.clone(), 9, |_, _| Fault::None);
    assert_eq!((plan.progress().delivered, plan.progress().passed, plan.progress().total), (40, 40, Some(40)));
    let mut plan = Plan::since(checkpoint(&meter, 98)).descending();
    let _ = run(&mut plan, &mut meter.clone(), 9, |_, _| Fault::None);
    assert_eq!((plan.progress().delivered, plan.progress().passed, plan.progress().total), (2, 2, Some(2)));
}

#[test]
fn a_plan_is_small() {
    assert!(size_of::<ReadoutPlan<LoadProfileEntry>>() < 1024, "{}", size_of::<ReadoutPlan<LoadProfileEntry>>());
    assert!(size_of::<ReadoutPlan<emu_proto::LogbookEntry>>() < 1024);
    assert!(size_of::<Event>() <= 40);
}

#[test]
fn checkpoints_are_text_and_json() {
    let saved = checkpoint(&with_rows(4711, 1), 4711);
    assert_eq!(saved.to_string().parse(), Ok(saved));
    #[cfg(feature = "serde")]
    {
        let json = serde_json::to_string(&saved).unwrap();
        assert_eq!(json, r#"{"serial_number":"12345678","index":4711,"timestamp":"2026-01-01T00:15:00Z"}"#);
        assert_eq!(serde_json::from_str::<Checkpoint>(&json).unwrap(), saved);
        let event = Event::Gap { first: 1, last: 2 };
        assert_eq!(serde_json::to_string(&event).unwrap(), r#"{"gap":{"first":1,"last":2}}"#);
    }
}

#[test]
fn events_are_sentences() {
    let (before, after) = (time(START), time(START + 900));
    let (old, new) = (row(1, 1, START).serial_number, row(12_345_678, 1, START).serial_number);
    for (event, text) in [
        (Event::Gap { first: 4, last: 5 }, "rows 4 to 5 are missing in the meter's log"),
        (Event::Unreadable { first: 4, last: 4 }, "row 4 is lost: sent repeatedly, and never readable"),
        (Event::NotRead { first: 4, last: 5 }, "rows 4 to 5 are not read, since the log is not the same any more"),
        (
            Event::MeterSwapped { old, new, index: 9 },
            "meter 12345678 answers in place of meter 00000001 (seen at index 9)",
        ),
        (
            Event::TimeGap { index: 3, before, after },
            "time without rows before row 3: from 2026-01-01 00:00:00 UTC to 2026-01-01 00:15:00 UTC, 900 s",
        ),
    ] {
        assert_eq!(event.to_string(), text);
    }
}
