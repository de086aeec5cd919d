//! Answers that break or lie, and rows that are missing, doubled or never readable.
#![allow(clippy::arithmetic_side_effects, reason = "a test may panic")]

mod model;

use emu_proto::{Checkpoint, End, Event, LoadProfileEntry, Order, Readout, Verdict};
use model::{Fault, Meter, Plan, START, checkpoint, range, read, read_with, row, run, time, upto, with_rows};

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
fn a_hole_at_the_lower_end_is_a_gap_if_a_row_is_below_it() {
    let mut meter = Meter::new(1, 1, 100);
    meter.holes.extend([104, 105, 200]);
    meter.log(203);
    // The ring reaches down to 104, of which nobody can tell whether it was logged.
    assert_eq!(meter.oldest(), Some(106));
    let absent = |first, last| Event::Absent { first, last };
    let fewer = |asked| Event::Fewer { asked, held: 98 };
    let gap = |first, last| Event::Gap { first, last };
    for (low, count) in [(104, 100), (95, 109), (200, 4)] {
        let events = |below| if low == 200 { vec![gap(200, 200)] } else { vec![below, gap(200, 200)] };
        let rows: Vec<u32> = meter.ring.range(low..).map(|(index, _)| *index).collect();
        for block in [2, 5, 3000] {
            for (plan, below) in [(Plan::last(count), fewer(count)), (Plan::indices(low, 203), absent(low, 105))] {
                let events = events(below);
                let seen = read(plan.clone().block(block), &meter);
                assert_eq!((seen.indices(), seen.events), (rows.clone(), events.clone()), "from {low}, block {block}");
                assert!(count > 9 || seen.requests.len() <= 8, "{:?}", seen.requests);
                let mut seen = read(plan.block(block).descending(), &meter);
                seen.events.reverse();
                assert_eq!((seen.rows.len(), &seen.events), (rows.len(), &events), "to {low}, block {block}");
            }
        }
    }
    // All that was asked for.
    meter.holes.extend(210..220);
    meter.log(30);
    for (plan, event) in [
        (Plan::indices(200, 200), gap(200, 200)),
        (Plan::indices(211, 215), gap(211, 215)),
        (Plan::indices(215, 211), gap(211, 215)),
        (Plan::indices(90, 99), absent(90, 99)),
        (Plan::indices(99, 90), absent(90, 99)),
    ] {
        let seen = read(plan, &meter);
        assert_eq!((seen.indices(), seen.events), (vec![], vec![event]));
    }
}

#[test]
fn whether_a_row_is_below_a_hole_is_not_believed_at_once() {
    let mut meter = Meter::new(1, 1, u32::MAX);
    meter.holes.extend([6, 7]);
    meter.log(20);
    for (at, fault) in (0..9).flat_map(|at| [(at, Fault::Short(0)), (at, Fault::Broken(0)), (at, Fault::Bad(0))]) {
        for plan in [Plan::last(15), Plan::last(15).descending()] {
            let seen = read_with(plan, &mut meter.clone(), |_, n| if n == at { fault } else { Fault::None });
            assert_eq!(seen.rows.len(), 13, "{fault:?} at {at}");
            assert_eq!(seen.events, [Event::Gap { first: 6, last: 7 }], "{fault:?} at {at}");
        }
    }
    // Overwritten while the read-out comes to them: no row is below.
    let mut meter = with_rows(1, 20);
    meter.depth = 15;
    let grow = |_: &mut Meter, n| if n == 1 { Fault::Growing(0, 3) } else { Fault::None };
    let seen = read_with(Plan::last(20), &mut meter, grow);
    assert_eq!((seen.indices(), seen.events), (upto(9..=20), vec![Event::Fewer { asked: 20, held: 12 }]));
}

#[test]
fn gap_wider_than_a_request() {
    let mut meter = Meter::new(1, 1, u32::MAX);
    meter.holes.extend(500..10_000);
    meter.log(12_000);
    let present: Vec<u32> = meter.ring.keys().copied().collect();
    let seen = read(Plan::indices(1, 12_000), &meter);
    assert_eq!(seen.indices(), present);
    assert_eq!(seen.events, [Event::Gap { first: 500, last: 9999 }]);
    // Below such a hole nothing is looked for.
    let seen = read(Plan::indices(12_000, 1), &meter);
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
fn a_newest_row_that_cannot_be_read_is_waited_for_no_longer_than_it_is_the_newest() {
    let mut meter = with_rows(0, 10);
    let gone = Checkpoint { index: 20, ..checkpoint(&meter, 9) };
    meter.unreadable.insert(9);
    let mut plan = Plan::since(gone);
    let seen = run(&mut plan, &mut meter, 60, |_, _| Fault::None);
    assert_eq!((seen.rows.len(), plan.is_done()), (0, false));
    meter.log(3);
    let seen = run(&mut plan, &mut meter, 60, |_, _| Fault::None);
    assert_eq!((seen.rows.len(), plan.is_done()), (12, true));
    assert!(seen.events.contains(&Event::Unreadable { first: 9, last: 9 }));
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
    assert_eq!(plan.handle_row(&rows[2]), Verdict::Discard);
    assert_eq!(plan.handle_row(&rows[1]), Verdict::Abandon);
    plan.handle_end(End::Broken);
    assert_eq!(plan.poll_request(), Some(range(1, 3)));
    assert_eq!(plan.handle_row(&rows[0]), Verdict::Discard);
    assert_eq!(plan.handle_row(&rows[1]), Verdict::Deliver);
    assert_eq!(plan.handle_row(&rows[2]), Verdict::Deliver);
    plan.handle_end(End::Complete);
    assert_eq!((plan.poll_request(), plan.poll_event()), (None, None));
}

/// Reads from a meter with this fault, and returns what is not read. Nothing else is told but that the order is another one.
fn not_read(plan: Plan, meter: &Meter, fault: Fault, case: &str) -> Option<(u32, u32)> {
    let mut plan = plan;
    let seen = run(&mut plan, &mut meter.clone(), 200, |_, _| fault);
    assert!(plan.is_done(), "{case}");
    match seen.events[..] {
        [] => {
            assert_eq!(Some(plan.progress().delivered), plan.progress().total, "{case}");
            None
        }
        [Event::OutOfOrder { index, after }, Event::NotRead { first, last }] => {
            assert!(meter.ring.contains_key(&index) && meter.ring.contains_key(&after), "{case}");
            assert!(seen.rows.iter().all(|row| !(first..=last).contains(&row.index)), "{case}");
            assert_ne!(plan.checkpoint().map(|place| place.index), meter.newest(), "{case}");
            Some((first, last))
        }
        _ => panic!("{case}: {:?}", seen.events),
    }
}

#[test]
fn rows_in_another_order_are_not_told_as_lost() {
    let meter = with_rows(0, 50);
    let since = |index| Plan::since(checkpoint(&meter, index));
    for block in [2, 3, 7, 3000] {
        for (plan, first) in [
            (Plan::last(5), 45),
            (Plan::all(), 0),
            (Plan::indices(20, 30), 20),
            (since(29), 30),
            (Plan::times(time(START)..), 0),
        ] {
            let case = format!("from {first}, block {block}");
            let rest = not_read(plan.clone().block(block), &meter, Fault::Backwards, &case);
            assert_eq!(rest.map(|(first, _)| first), Some(first), "{case}");
            let rest = not_read(plan.block(block).descending(), &meter, Fault::Backwards, &case);
            assert_eq!(rest.map(|(first, _)| first), Some(first), "{case}, descending");
        }
        for place in 0..9 {
            let case = format!("mixed from place {place}, block {block}");
            for plan in [Plan::last(20), since(29)] {
                for plan in [plan.clone(), plan.descending()] {
                    let rest = not_read(plan.block(block), &meter, Fault::Mixed(place), &case);
                    // If each answer has a new row in its place, all are read.
                    assert!(rest.is_some() || place > 0 || block == 2, "{case}");
                }
            }
        }
    }
    // An answer that is empty says nothing of the next one, which asks for more.
    let ring = with_rows(40, 30);
    for plan in [Plan::indices(20, 60).block(3), Plan::indices(0, 45).block(7), Plan::last(60).block(2)] {
        let rest = not_read(plan.clone(), &ring, Fault::Backwards, "below the ring");
        assert!(rest.is_some_and(|(first, _)| first < 40));
    }
    // The order of one row is right.
    assert_eq!(not_read(Plan::last(1), &meter, Fault::Backwards, "one row"), None);
    // Once is no order.
    for at in 0..9 {
        for plan in [Plan::last(20).block(7), since(29), Plan::last(20).descending()] {
            let fault = |_: &mut Meter, n| if n == at { Fault::Backwards } else { Fault::None };
            let seen = read_with(plan, &mut meter.clone(), fault);
            assert_eq!((seen.rows.len(), seen.events), (20, vec![]), "answer {at}");
        }
    }
}

#[test]
fn one_row_of_a_broken_answer_shows_no_order() {
    // Newest first whatever is asked, and the link breaks after the first row.
    let meter = with_rows(0, 50);
    let mut plan = Plan::last(5);
    while let Some(readout) = plan.poll_request().filter(|_| plan.fruitless() < 9) {
        let Readout::Range { to, .. } = readout else {
            let _ = plan.handle_row(&meter.ring[&49]);
            plan.handle_end(End::Complete);
            continue;
        };
        assert_ne!(plan.handle_row(&meter.ring[&to]), Verdict::Deliver);
        plan.handle_end(End::Broken);
    }
    assert_eq!((plan.is_done(), plan.poll_event()), (false, None));
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

/// Reads with these faults, and checks that all readable rows come and no other is told as lost, but for holes.
fn all_that_can_be_read(plan: &Plan, meter: &Meter, fault: impl Fn(usize) -> Fault, case: &str) {
    let seen = read_with(plan.clone(), &mut meter.clone(), |_, number| fault(number));
    for event in &seen.events {
        assert!(matches!(event, Event::Unreadable { .. } | Event::Gap { .. }), "{case}: {event}");
        for index in event.undelivered().into_iter().flatten() {
            assert!(meter.unreadable.contains(&index) || meter.holes.contains(&index), "{case}: {event}");
        }
    }
}

#[test]
fn a_damaged_line_of_the_checkpoint_is_not_taken_for_the_next_row() {
    let mut meter = with_rows(0, 5);
    meter.unreadable.insert(0);
    for at in 0..6 {
        let plan = Plan::since(checkpoint(&meter, 0)).block(3);
        all_that_can_be_read(
            &plan,
            &meter,
            |n| if n == at { Fault::Short(1) } else { Fault::None },
            &format!("answer {at}"),
        );
        let seen = read_with(plan, &mut meter.clone(), |_, n| if n == at { Fault::Short(1) } else { Fault::None });
        assert_eq!((seen.indices(), seen.events), (upto(1..=4), vec![]), "answer {at}");
    }
}

#[test]
fn a_row_that_came_once_is_not_taken_for_unreadable() {
    let mut meter = with_rows(0, 15);
    meter.unreadable.extend([11, 12]);
    for (at, order) in (0..40).flat_map(|at| [(at, Order::Ascending), (at, Order::Descending)]) {
        let plan = Plan::all().block(2).order(order);
        all_that_can_be_read(
            &plan,
            &meter,
            |n| if n == at { Fault::Short(1) } else { Fault::None },
            &format!("answer {at}"),
        );
    }
}

#[test]
fn a_place_where_a_damaged_line_stood_is_not_empty() {
    let mut meter = Meter::new(12_345_678, 0, u32::MAX);
    meter.holes.extend(5..8);
    meter.unreadable.insert(4);
    meter.log(15);
    for (a, b) in (0..20).flat_map(|a| (a + 2..20).map(move |b| (a, b))) {
        let fault = |n| if n == a || n == b { Fault::Short(0) } else { Fault::None };
        all_that_can_be_read(&Plan::indices(8, 4).block(2), &meter, fault, &format!("answers {a} and {b}"));
    }
}
