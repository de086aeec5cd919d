//! A caller may stop waiting for a row at any time, and loses nothing by that.

mod common;

use std::time::Duration;

use common::{QUICK, meter};
use emu_client::{ErrorKind, Item, LoadProfileEntry, Meter, Readout, ReadoutPlan, Step};
use emu_simulator::{BodyLength, Fault, Simulator};

#[tokio::test]
async fn futures_dropped_at_random_lose_nothing() {
    for (seed, length) in [BodyLength::Chunked, BodyLength::Stated, BodyLength::CloseDelimited].into_iter().enumerate()
    {
        let simulator = Simulator::builder()
            .rows(150)
            .body_length(length)
            .fault(Fault::chunks(97, Duration::from_micros(300)))
            .fault(Fault::delay(Duration::from_millis(2)))
            .fault(Fault::cut(7_000).every(3))
            .start()
            .await
            .unwrap();
        let mut rows = meter(&simulator.url()).load_profile(Readout::Range { from: 1, to: 150 });
        let mut chance = fastrand::Rng::with_seed(seed as u64);
        let (mut read, mut dropped) = (Vec::new(), 0);
        loop {
            let wait = Duration::from_micros(chance.u64(0..1_500));
            match tokio::time::timeout(wait, rows.next()).await {
                Ok(Some(row)) => read.push(row.unwrap()),
                Ok(None) => break,
                Err(_) => dropped += 1,
            }
        }
        assert_eq!(read, simulator.load_profile());
        assert!(dropped > 5, "only {dropped} were dropped");
        assert_eq!(rows.summary().rows, 150);
    }
}

#[tokio::test]
async fn futures_polled_once_lose_nothing() {
    let simulator = Simulator::builder().rows(80).fault(Fault::chunks(50, Duration::ZERO)).start().await.unwrap();
    let mut rows = meter(&simulator.url()).load_profile(ReadoutPlan::all());
    let mut read = Vec::new();
    loop {
        tokio::select! {
            biased;
            row = rows.next() => match row {
                Some(row) => read.push(row.unwrap()),
                None => break,
            },
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(read, simulator.load_profile());
}

#[tokio::test]
async fn a_stream_that_is_dropped_loses_nothing_that_was_yielded() {
    let simulator = Simulator::builder().rows(3_500).start().await.unwrap();
    let meter = meter(&simulator.url());
    let (mut read, mut checkpoint) = (Vec::new(), None);
    for most in [1, 10, 2_995, 4, 1_000] {
        let mut items = meter.sync::<LoadProfileEntry>(checkpoint).into_items();
        let mut count = 0;
        while count < most {
            match items.next().await {
                Some(Ok(Item::Row(row))) => {
                    read.push(row);
                    count += 1;
                }
                // Events stand before the row that they belong to: it is not counted as yielded by then.
                Some(Ok(Item::Notice(_))) => {
                    let last = read.last().map(emu_client::Checkpoint::of);
                    assert_eq!(items.checkpoint(), last);
                }
                Some(Err(error)) => panic!("{error}"),
                None => break,
            }
        }
        checkpoint = items.checkpoint();
    }
    assert_eq!(read, simulator.load_profile());
}

#[tokio::test]
async fn a_read_out_does_not_wait_for_ever_for_one_that_stopped() {
    let simulator = Simulator::builder().rows(3_000).start().await.unwrap();
    let policy = QUICK.turn(Duration::from_millis(200));
    let meter = Meter::builder(&simulator.url()).policy(policy).build().unwrap();
    let mut stopped = meter.load_profile(ReadoutPlan::all());
    for row in &simulator.load_profile()[..10] {
        assert_eq!(stopped.next().await.unwrap().unwrap(), *row);
    }
    let mut other = meter.logbook(Readout::Newest);
    let first = tokio::time::timeout(Duration::from_secs(20), other.next()).await.expect("waits for ever");
    let error = first.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout { step: Step::Turn, .. }), "{error:?}");
    assert!(error.to_string().contains("Builder::connections"), "{error}");
    assert!(other.next().await.is_none());
    // Who was waited for goes on, and then it is the other's turn.
    let mut count = 10;
    while let Some(row) = stopped.next().await {
        row.unwrap();
        count += 1;
    }
    assert_eq!(count, 3_000);
    assert!(meter.logbook(Readout::Newest).next().await.unwrap().is_ok());

    let meter = Meter::builder(&simulator.url()).policy(policy).connections(2).build().unwrap();
    let mut stopped = meter.load_profile(ReadoutPlan::all());
    stopped.next().await.unwrap().unwrap();
    assert!(meter.logbook(Readout::Newest).next().await.unwrap().is_ok());
}

#[tokio::test]
async fn streams_are_send_and_move_between_threads() {
    fn is_send<T: Send + 'static>(value: T) -> T {
        value
    }
    let simulator = Simulator::builder().rows(30).start().await.unwrap();
    let mut rows = is_send(meter(&simulator.url()).load_profile(Readout::Last(30)));
    rows.next().await.unwrap().unwrap();
    let rest = tokio::spawn(is_send(async move {
        let mut count = 0;
        while let Some(row) = rows.next().await {
            row.unwrap();
            count += 1;
        }
        count
    }));
    assert_eq!(rest.await.unwrap(), 29);
}
