//! A ring that overtakes the read-out, a log that starts anew, and meters that are swapped.
#![allow(clippy::arithmetic_side_effects, reason = "a test may panic")]

mod model;

use emu_proto::{End, Event, Order, Readout, Verdict};
use model::{Fault, Meter, Plan, checkpoint, range, read, read_with, run, upto, with_rows};

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
