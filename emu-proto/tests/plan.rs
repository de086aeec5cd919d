//! Read-outs of a made-up meter by `ReadoutPlan`: each target, each order, and the contract.
#![allow(clippy::arithmetic_side_effects, reason = "a test may panic")]

mod model;

use emu_proto::{End, Event, LoadProfileEntry, Order, Readout, ReadoutPlan, Verdict};
use model::{Fault, Plan, START, checkpoint, range, read, row, run, time, upto, with_rows};

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
    let fewer = |asked, held| vec![Event::Fewer { asked, held }];
    assert_eq!((seen.indices(), seen.events), (upto([7, 8]), fewer(u32::MAX, 2)));
    // The first row of all may be row 0 or row 1, or another one.
    for (first, count) in [(0, 6), (1, 6), (1, 7), (7, 6), (7, 200_000)] {
        for plan in [Plan::last(count), Plan::last(count).descending()] {
            let seen = read(plan, &with_rows(first, 5));
            assert_eq!((seen.rows.len(), seen.events), (5, fewer(count, 5)), "{count} from {first}");
        }
        assert_eq!(read(Plan::last(5), &with_rows(first, 5)).events, []);
    }
}

#[test]
fn a_range_of_indices_has_inclusive_ends_in_either_order() {
    let meter = with_rows(0, 200);
    assert_eq!(read(Plan::indices(1, 100), &meter).indices(), upto(1..=100));
    assert_eq!(read(Plan::indices(20, 0), &meter).indices(), upto((0..=20).rev()));
    assert_eq!(read(Plan::indices(5, 5), &meter).indices(), [5]);
    assert_eq!(read(Plan::indices(20, 30).descending(), &meter).indices(), upto((20..=30).rev()));
    // What is not there yet is not waited for.
    let not_yet = |first, last| vec![Event::NotYet { first, last }];
    for plan in [Plan::indices(198, 300), Plan::indices(300, 198).order(Order::Ascending)] {
        let seen = read(plan, &meter);
        assert_eq!((seen.indices(), seen.events), (upto([198, 199]), not_yet(200, 300)));
    }
    let seen = read(Plan::indices(300, 400), &meter);
    assert_eq!((seen.requests, seen.events), (vec![Readout::Last(1)], not_yet(300, 400)));
    // Up to the largest number is up to the newest row.
    let seen = read(Plan::indices(198, u32::MAX), &meter);
    assert_eq!((seen.indices(), seen.events), (upto([198, 199]), vec![]));
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
    let seen = read(Plan::indices(0, 9), &with_rows(0, 0));
    assert_eq!((seen.requests.len(), seen.events), (2, vec![Event::NotYet { first: 0, last: 9 }]));
    for plan in [Plan::all(), Plan::last(5), Plan::times(..), Plan::all().descending()] {
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
        assert_eq!(serde_json::from_str::<emu_proto::Checkpoint>(&json).unwrap(), saved);
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
        (Event::Fewer { asked: 5000, held: 1 }, "the log goes back 1 row, and 5000 were asked for"),
        (Event::NotYet { first: 4, last: 5 }, "rows 4 to 5 are not logged yet"),
        (Event::NotRead { first: 4, last: 5 }, "rows 4 to 5 are not read, for the reason told before"),
        (Event::OutOfOrder { index: 4, after: 5 }, "answers come in another order than asked for: row 4 after row 5"),
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
