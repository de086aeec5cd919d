//! Read-outs of the simulated meter over real sockets: rows complete, none doubled, in order.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use chrono::TimeDelta;
use common::{collect, meter, read, read_logbook};
use emu_client::emu_proto::{ColumnOrder, Delimiter, Deviations, Dialect, HeaderForm, LineEnd, TimeForm};
use emu_client::{Checkpoint, Event, LoadProfileEntry, Meter, Notice, Readout, ReadoutPlan};
use emu_simulator::{BodyLength, Defects, Fault, Household, Incident, Malformed, Moment, NoneForm, Quirks, Simulator};

const FRAMINGS: [BodyLength; 3] = [BodyLength::Chunked, BodyLength::Stated, BodyLength::CloseDelimited];

#[tokio::test]
async fn everything_by_every_framing() {
    for length in FRAMINGS {
        let simulator = Simulator::builder().rows(7_000).body_length(length).start().await.unwrap();
        let outcome = read(&meter(&simulator.url()), ReadoutPlan::all()).await.expect();
        assert_eq!(outcome.rows, simulator.load_profile());
        assert_eq!(outcome.uncommon_events(), []);
        assert_eq!(outcome.summary.rows, 7_000);
        assert_eq!(outcome.summary.requests, simulator.counts().requests);
        assert_eq!(outcome.summary.retries, 0);
        assert_eq!(outcome.checkpoint, Some(Checkpoint::of(outcome.rows.last().unwrap())));
    }
}

#[tokio::test]
async fn a_connection_is_kept_until_the_read_out_ends() {
    let simulator = Simulator::builder().rows(7_000).body_length(BodyLength::Stated).start().await.unwrap();
    // Between both, a relay that counts connections, and those that are closed.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, target) = (listener.local_addr().unwrap(), simulator.addr());
    let (opened, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (Arc::clone(&opened), Arc::clone(&closed));
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            counters.0.fetch_add(1, SeqCst);
            let mut far = tokio::net::TcpStream::connect(target).await.unwrap();
            let closed = Arc::clone(&counters.1);
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                closed.fetch_add(1, SeqCst);
            });
        }
    });
    let closes = async |count| {
        while closed.load(SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let meter = meter(&address.to_string());
    let outcome = read(&meter, ReadoutPlan::all()).await.expect();
    assert_eq!(outcome.rows, simulator.load_profile());
    // Somebody else may have it now, although the meter's clones live on.
    closes(1).await;
    assert_eq!(opened.load(SeqCst), 1);
    let mut rows = meter.clone().load_profile(ReadoutPlan::all());
    rows.next().await.unwrap().unwrap();
    drop(rows);
    closes(2).await;
    assert_eq!(opened.load(SeqCst), 2);
}

#[tokio::test]
async fn every_choice_of_rows() {
    let simulator = Simulator::builder().rows(9_000).start().await.unwrap();
    let (meter, all) = (meter(&simulator.url()), simulator.load_profile());
    let backwards = |rows: &[LoadProfileEntry]| rows.iter().rev().copied().collect::<Vec<_>>();

    assert_eq!(read(&meter, Readout::Newest).await.expect().rows, backwards(&all[6_000..]));
    assert_eq!(read(&meter, Readout::Last(7_000)).await.expect().rows, backwards(&all[2_000..]));
    assert_eq!(read(&meter, Readout::Range { from: 5, to: 8 }).await.expect().rows, all[4..8]);
    assert_eq!(read(&meter, Readout::Range { from: 8, to: 5 }).await.expect().rows, backwards(&all[4..8]));
    assert_eq!(read(&meter, ReadoutPlan::last(96)).await.expect().rows, all[8_904..]);
    let (from, to) = (all[1_000].timestamp, all[5_000].timestamp);
    assert_eq!(read(&meter, ReadoutPlan::times(from..=to)).await.expect().rows, all[1_000..=5_000]);
    assert_eq!(
        read(&meter, ReadoutPlan::times(to + TimeDelta::days(900)..)).await.expect().rows,
        [] as [LoadProfileEntry; 0]
    );
    let sync = meter.sync::<LoadProfileEntry>(Some(Checkpoint::of(&all[8_000])));
    assert_eq!(collect(sync.into_items()).await.expect().rows, all[8_001..]);
    assert_eq!(collect(meter.sync::<LoadProfileEntry>(None).into_items()).await.expect().rows, all);
    assert_eq!(read(&meter, Readout::Last(0)).await.expect().rows, [] as [LoadProfileEntry; 0]);
}

#[tokio::test]
async fn the_logbook_too() {
    let simulator = Simulator::builder().start().await.unwrap();
    let expected = simulator.logbook();
    assert!(expected.len() > 50);
    let outcome = read_logbook(&meter(&simulator.url()), ReadoutPlan::all()).await.expect();
    assert_eq!(outcome.rows, expected);
    let mut rows = meter(&simulator.url()).logbook(Readout::Last(3));
    let mut read = Vec::new();
    while let Some(row) = rows.next().await {
        read.push(row.unwrap());
    }
    assert_eq!(read.iter().rev().copied().collect::<Vec<_>>(), expected[expected.len() - 3..]);
    assert_eq!(rows.summary().rows, 3);
}

#[tokio::test]
async fn an_empty_log_is_no_error() {
    let simulator = Simulator::builder().rows(0).start().await.unwrap();
    let outcome = read(&meter(&simulator.url()), ReadoutPlan::all()).await.expect();
    assert_eq!((outcome.rows.len(), outcome.checkpoint), (0, None));
}

#[tokio::test]
async fn pieces_of_any_size() {
    for length in FRAMINGS {
        for bytes in [1, 7, 536, 1_460] {
            let simulator = Simulator::builder()
                .rows(60)
                .body_length(length)
                .fault(Fault::chunks(bytes, Duration::ZERO))
                .start()
                .await
                .unwrap();
            let outcome = read(&meter(&simulator.url()), Readout::Range { from: 20, to: 60 }).await.expect();
            assert_eq!(outcome.rows, simulator.load_profile()[19..], "{length:?}, {bytes}");
        }
    }
}

#[tokio::test]
async fn one_connection_at_a_time() {
    for length in FRAMINGS {
        let simulator = Simulator::builder().rows(4_000).body_length(length).one_at_a_time().start().await.unwrap();
        let meter = meter(&simulator.url());
        let outcome = read(&meter, ReadoutPlan::all()).await.expect();
        assert_eq!(outcome.rows, simulator.load_profile());
        // Two read-outs of one meter take turns.
        let (left, right) =
            tokio::join!(read(&meter, ReadoutPlan::last(3_500)), read_logbook(&meter, ReadoutPlan::all()));
        assert_eq!(left.expect().rows, simulator.load_profile()[500..]);
        assert_eq!(right.expect().rows, simulator.logbook());
    }
}

#[tokio::test]
async fn parallel_requests_if_asked_for() {
    let simulator = Simulator::builder().rows(4_000).start().await.unwrap();
    let meter = Meter::builder(&simulator.url()).policy(common::QUICK).connections(2).build().unwrap();
    let mut first = meter.load_profile(Readout::Last(3_000));
    assert!(first.next().await.unwrap().is_ok());
    // The first one is in the middle of its answer.
    let second = read(&meter, Readout::Last(10)).await.expect();
    assert_eq!(second.rows.len(), 10);
    let mut count = 1;
    while let Some(row) = first.next().await {
        row.unwrap();
        count += 1;
    }
    assert_eq!(count, 3_000);
}

#[tokio::test]
async fn every_dialect_is_read_and_its_deviations_told() {
    let dialects = [
        (Dialect { delimiter: Delimiter::Comma, ..Dialect::KNOWN }, Deviations::DELIMITER),
        (Dialect { delimiter: Delimiter::Tab, ..Dialect::KNOWN }, Deviations::DELIMITER),
        (Dialect { header: HeaderForm::None, ..Dialect::KNOWN }, Deviations::NO_HEADER),
        (Dialect { header: HeaderForm::Bare, ..Dialect::KNOWN }, Deviations::NO_UNIT),
        (Dialect { header: HeaderForm::Plain, ..Dialect::KNOWN }, Deviations::OTHER_SCALE),
        (Dialect { order: ColumnOrder::Reversed, ..Dialect::KNOWN }, Deviations::COLUMN_ORDER),
        (Dialect { line_end: LineEnd::CrLf, ..Dialect::KNOWN }, Deviations::CRLF),
        (Dialect { time: TimeForm::Offset(120), ..Dialect::KNOWN }, Deviations::TIME_OFFSET),
        (Dialect { time: TimeForm::Blank, ..Dialect::KNOWN }, Deviations::TIME_BLANK),
        (Dialect { time: TimeForm::NoZone, ..Dialect::KNOWN }, Deviations::TIME_NO_ZONE),
        (Dialect { time: TimeForm::Epoch, ..Dialect::KNOWN }, Deviations::TIME_EPOCH),
        (Dialect { byte_order_mark: true, ..Dialect::KNOWN }, Deviations::BYTE_ORDER_MARK),
        (Dialect { quoted: true, ..Dialect::KNOWN }, Deviations::QUOTES),
        (Dialect { trailing_delimiter: true, ..Dialect::KNOWN }, Deviations::TRAILING_DELIMITER),
    ];
    for (dialect, deviation) in dialects {
        for length in FRAMINGS {
            let simulator = Simulator::builder().rows(300).dialect(dialect).body_length(length).start().await.unwrap();
            let meter = meter(&simulator.url());
            let outcome = read(&meter, ReadoutPlan::all()).await.expect();
            assert_eq!(outcome.rows, simulator.load_profile(), "{dialect:?}");
            assert!(outcome.summary.deviations.contains(deviation), "{dialect:?}: {:?}", outcome.summary.deviations);
            let told = |notice: &Notice| matches!(notice, Notice::Deviations(told) if told.contains(deviation));
            assert_eq!(outcome.notices.iter().filter(|notice| told(notice)).count(), 1, "{dialect:?}");
            let logbook = read_logbook(&meter, ReadoutPlan::all()).await;
            if dialect.header == HeaderForm::None && simulator.logbook().is_empty() {
                // Nobody can tell that from an answer that did not come.
                assert!(logbook.error.is_some_and(|error| error.with_causes().contains("the answer is empty")));
            } else {
                assert_eq!(logbook.expect().rows, simulator.logbook());
            }
        }
    }
}

#[tokio::test]
async fn every_quirk_is_read() {
    let quirks = [
        Quirks { no_final_line_end: true, ..Quirks::default() },
        Quirks { blank_lines: true, ..Quirks::default() },
        Quirks { extra_column: true, ..Quirks::default() },
        Quirks { short_serials: true, ..Quirks::default() },
        Quirks { padding: true, ..Quirks::default() },
        Quirks { lower_case_header: true, ..Quirks::default() },
        Quirks { unknown_logbook_header: true, ..Quirks::default() },
        Quirks { none: NoneForm::Dash, ..Quirks::default() },
        Quirks { none: NoneForm::Zero, ..Quirks::default() },
    ];
    for quirks in quirks {
        for length in FRAMINGS {
            let simulator = Simulator::builder().rows(3_100).quirks(quirks).body_length(length).start().await.unwrap();
            let meter = meter(&simulator.url());
            let outcome = read(&meter, ReadoutPlan::all()).await.expect();
            assert_eq!(outcome.rows, simulator.load_profile(), "{quirks:?} {length:?}");
            assert_eq!(outcome.uncommon_events(), [], "{quirks:?} {length:?}");
            let logbook = read_logbook(&meter, ReadoutPlan::all()).await.expect();
            assert_eq!(logbook.rows, simulator.logbook(), "{quirks:?} {length:?}");
        }
    }
}

#[tokio::test]
async fn rows_that_are_logged_while_one_reads_are_the_next_read_out_s() {
    let simulator =
        Simulator::builder().rows(9_000).log_after_rows(500, 3).log_after_each_request(2).start().await.unwrap();
    let meter = meter(&simulator.url());
    let first = read(&meter, ReadoutPlan::all()).await.expect();
    assert_eq!(first.rows, simulator.load_profile()[..first.rows.len()]);
    assert!(first.rows.len() >= 9_000);
    let second = collect(meter.sync::<LoadProfileEntry>(first.checkpoint).into_items()).await.expect();
    let mut rows = first.rows;
    rows.extend(second.rows);
    assert_eq!(rows, simulator.load_profile()[..rows.len()]);
    assert!(rows.len() > 9_060, "{}", rows.len());
    assert_eq!(second.checkpoint, rows.last().map(Checkpoint::of));
}

#[tokio::test]
async fn a_ring_that_overtakes_the_read_out_is_told_with_the_lost_rows() {
    let simulator = Simulator::builder().rows(8_000).depth(8_000).log_after_rows(100, 150).start().await.unwrap();
    let before = simulator.load_profile();
    let outcome = read(&meter(&simulator.url()), ReadoutPlan::all()).await.expect();
    let lost: u64 = outcome.summary.undelivered;
    assert!(
        lost > 0 && outcome.events().iter().any(|event| matches!(event, Event::Overrun { .. })),
        "{:?}",
        outcome.events()
    );
    assert_eq!(outcome.rows.len() as u64 + lost, before.len() as u64);
    assert!(outcome.rows.windows(2).all(|pair| pair[0].index < pair[1].index));
    assert!(outcome.rows.iter().all(|row| before[row.index as usize - 1] == *row));
}

#[tokio::test]
async fn a_swapped_meter_is_told_and_its_rows_are_not_mixed_up() {
    for at in [Moment::Requests(0), Moment::Requests(2), Moment::Rows(1_000)] {
        let simulator = Simulator::builder()
            .rows(7_000)
            .depth(7_000)
            .incident(Incident::Swap { at, seed: 99 })
            .start()
            .await
            .unwrap();
        let before = simulator.load_profile();
        let meter = meter(&simulator.url());
        let checkpoint = Checkpoint::of(&before[100]);
        let outcome = collect(meter.sync::<LoadProfileEntry>(Some(checkpoint)).into_items()).await.expect();
        assert!(
            outcome.events().iter().any(|event| matches!(event, Event::MeterSwapped { .. })),
            "{at:?}: {:?}",
            outcome.events()
        );
        let after = simulator.load_profile();
        let other = collect(meter.sync::<LoadProfileEntry>(outcome.checkpoint).into_items()).await.expect();
        let own = |rows: &[LoadProfileEntry], serial| rows.iter().filter(|row| row.serial_number == serial).count();
        let serial = after[0].serial_number;
        assert_eq!(own(&outcome.rows, serial) + own(&other.rows, serial), after.len(), "{at:?}");
        let old = own(&outcome.rows, before[0].serial_number);
        assert_eq!(outcome.rows[..old], before[101..101 + old]);
    }
}

#[tokio::test]
async fn an_index_that_starts_again_is_told() {
    let simulator = Simulator::builder().rows(5_000).start().await.unwrap();
    let meter = meter(&simulator.url());
    let checkpoint = Checkpoint::of(simulator.load_profile().last().unwrap());
    simulator.add_incident(Incident::Restart { at: Moment::Requests(0), rows: 40 });
    let outcome = collect(meter.sync::<LoadProfileEntry>(Some(checkpoint)).into_items()).await.expect();
    assert!(
        outcome.events().contains(&Event::IndexRestart { index: 5_000, newest: Some(40) }),
        "{:?}",
        outcome.events()
    );
    assert_eq!(outcome.rows, simulator.load_profile());
}

#[tokio::test]
async fn holes_and_doubles_are_told() {
    let defects =
        Defects { holes: (100..=120).chain([3_050]).collect(), doubled: [7, 50].into(), ..Defects::default() };
    let simulator = Simulator::builder().rows(4_000).defects(defects.clone()).start().await.unwrap();
    let outcome = read(&meter(&simulator.url()), ReadoutPlan::all()).await.expect();
    let mut expected = simulator.load_profile();
    expected.retain(|row| !defects.holes.contains(&row.index));
    assert_eq!(outcome.rows, expected);
    let events = outcome.events();
    assert!(events.contains(&Event::Gap { first: 100, last: 120 }), "{events:?}");
    assert!(events.contains(&Event::Gap { first: 3_050, last: 3_050 }), "{events:?}");
    assert!(events.contains(&Event::Duplicate { index: 7 }) && events.contains(&Event::Duplicate { index: 50 }));
    assert_eq!(outcome.summary.undelivered, 22);
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_told_and_the_others_read() {
    let kinds = [
        Malformed::Garbage,
        Malformed::Binary,
        Malformed::MissingCell,
        Malformed::ExtraCell,
        Malformed::LongLine,
        Malformed::BadTime,
    ];
    for kind in kinds {
        for (rows, bad) in [(300, 1), (300, 150), (300, 300)] {
            let defects = Defects { malformed: [(bad, kind)].into(), ..Defects::default() };
            let simulator = Simulator::builder().rows(rows).defects(defects).start().await.unwrap();
            let outcome = read(&meter(&simulator.url()), ReadoutPlan::all()).await.expect();
            let mut expected = simulator.load_profile();
            expected.retain(|row| row.index != bad);
            assert_eq!(outcome.rows, expected, "{kind:?} at {bad}");
            assert!(outcome.summary.bad_lines > 0);
            let told = |notice: &Notice| matches!(notice, Notice::BadLine { .. });
            assert_eq!(outcome.notices.iter().filter(|notice| told(notice)).count() as u64, outcome.summary.bad_lines);
            if bad == 150 {
                assert_eq!(outcome.uncommon_events(), [Event::Unreadable { first: bad, last: bad }], "{kind:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_log_of_unreadable_rows_ends_with_an_error() {
    let defects =
        Defects { malformed: (1..=50).map(|index| (index, Malformed::Garbage)).collect(), ..Defects::default() };
    let simulator = Simulator::builder().rows(50).defects(defects).start().await.unwrap();
    let outcome = read(&meter(&simulator.url()), ReadoutPlan::all()).await;
    let error = outcome.error.unwrap();
    assert!(matches!(error.kind(), emu_client::ErrorKind::NoProgress { last: Some(_), .. }), "{error:?}");
    assert!(error.with_causes().contains("column \"Active Power L123\""), "{}", error.with_causes());
}

#[tokio::test]
async fn every_kind_of_household() {
    for household in Household::dozen() {
        let simulator = Simulator::builder().household(household).rows(3_200).start().await.unwrap();
        let outcome = read(&meter(&simulator.url()), ReadoutPlan::last(3_100)).await.expect();
        assert_eq!(outcome.rows, simulator.load_profile()[100..]);
    }
}
