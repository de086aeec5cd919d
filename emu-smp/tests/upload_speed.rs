//! How long an upload takes in virtual time, and how many requests.

mod model;

use emu_smp::client::*;
use model::device::{Behaviour, Device, Image};
use model::link::{Link, Way};
use model::*;

const TWO: Behaviour = Behaviour { buffer_count: 2, ..Behaviour::USUAL };
const FOUR: Behaviour = Behaviour { buffer_count: 4, ..Behaviour::USUAL };

#[derive(Debug)]
struct Run {
    millis: u64,
    requests: u32,
    bytes: u64,
}

fn upload(behaviour: Behaviour, way: Way, largest: u16, window: u8, seed: u64) -> Run {
    let (old, new) = (Image::new(1, 2000, "1.0.6"), Image::new(2, 200 * 1024, "1.0.9"));
    let mut device = Device::new(behaviour, &old);
    device.known.push(new.clone());
    let session = Session::new(Policy::DEFAULT).with_largest_frame(largest);
    let mut machine = Uploading::new(session, &new, UploadOptions { window, ..UploadOptions::default() });
    let mut link = Link::new(&mut device, way, seed);
    assert!(link.run(&mut machine, 600_000));
    let run = Run { millis: link.now, requests: link.sent, bytes: link.sent_bytes };
    assert_eq!(machine.upload.outcome().map(|outcome| outcome.map(drop)), Some(Ok(())));
    assert_eq!(device.image(1), Some(&new));
    run
}

/// The mean of a few seeds.
fn mean(behaviour: &Behaviour, way: &Way, largest: u16, window: u8) -> Run {
    let seeds = if way.loss == 0 { 1 } else { 20 };
    let runs: Vec<_> = (1..=seeds).map(|seed| upload(behaviour.clone(), way.clone(), largest, window, seed)).collect();
    Run {
        millis: runs.iter().map(|run| run.millis).sum::<u64>() / seeds,
        requests: runs.iter().map(|run| run.requests).sum::<u32>() / seeds as u32,
        bytes: runs.iter().map(|run| run.bytes).sum::<u64>() / seeds,
    }
}

/// What a client with 240-byte frames and one in flight takes: a round trip for each of about a thousand pieces, and a timeout
/// of a second for each loss.
fn one_small_piece_at_a_time(way: &Way, service: u64) -> u64 {
    let pieces = 200 * 1024 / 200;
    let losses = pieces * u64::from(way.loss) * 2 / 1000;
    pieces * (2 * way.delay + service) + losses * 1000
}

#[test]
fn ten_milliseconds_and_four_buffers() {
    let way = Way { delay: 10, ..Way::default() };
    let run = mean(&FOUR, &way, 1400, 0);
    assert!(run.millis * 3 < one_small_piece_at_a_time(&way, 1), "{run:?}");
    assert!(run.millis < 1200 && run.requests < 155, "{run:?}");
}

#[test]
fn ten_milliseconds_four_buffers_and_losses() {
    let way = Way { delay: 10, loss: 30, ..Way::default() };
    let run = mean(&FOUR, &way, 1400, 0);
    assert!(run.millis * 8 < one_small_piece_at_a_time(&way, 1), "{run:?}");
    assert!(run.millis < 1900 && run.requests < 180, "{run:?}");
}

#[test]
fn ten_milliseconds_and_two_buffers() {
    let way = Way { delay: 10, ..Way::default() };
    let (run, one) = (mean(&TWO, &way, 1400, 0), mean(&TWO, &way, 1400, 1));
    assert!(run.millis * 3 < one.millis * 2, "{run:?} {one:?}");
    let way = Way { loss: 30, ..way };
    let (run, one) = (mean(&TWO, &way, 1400, 0), mean(&TWO, &way, 1400, 1));
    assert!(run.millis * 4 < one.millis * 3, "{run:?} {one:?}");
}

/// Trying whether the device takes more than one costs a few pieces.
#[test]
fn no_delay_and_few_buffers() {
    for service in [1, 5, 20, 60] {
        for buffer_count in 1..=4 {
            let behaviour = Behaviour { buffer_count, service, ..Behaviour::default() };
            let (run, one) = (mean(&behaviour, &Way::default(), 1400, 0), mean(&behaviour, &Way::default(), 1400, 1));
            let way = Way::default();
            assert!(run.millis < one_small_piece_at_a_time(&way, service));
            println!("{service} ms, {buffer_count} buffers: {run:?} {one:?}");
            assert!(run.millis * 100 <= one.millis * 106, "{service} ms, {buffer_count} buffers: {run:?} {one:?}");
        }
    }
}

#[test]
fn figures() {
    for (buffer_count, delay, loss) in
        [(2, 10, 0), (2, 10, 30), (4, 10, 0), (4, 10, 30), (2, 0, 0), (2, 50, 0), (4, 50, 0)]
    {
        let behaviour = Behaviour { buffer_count, ..Behaviour::default() };
        let way = Way { delay, loss, ..Way::default() };
        println!("{buffer_count} buffers, {delay} ms, {loss} in 1000 lost: {:?}", mean(&behaviour, &way, 1400, 0));
    }
    // As the meter's firmware may be: it does not say what it takes, and gets 512 bytes a piece.
    for (buffer_count, loss) in [(1, 0), (2, 0), (2, 30), (4, 0), (4, 30)] {
        let behaviour = Behaviour { buffer_count, has_parameters: false, ..Behaviour::default() };
        let way = Way { delay: 10, loss, ..Way::default() };
        let run = mean(&behaviour, &way, 1400, 0);
        println!("not told, {buffer_count} buffers, 10 ms, {loss} in 1000 lost: {run:?}");
        // One of them at a time takes 8.8 s and more.
        assert!(run.millis < if loss == 0 { 2600 } else { 3800 }, "{run:?}");
    }
}
