//! How long an upload takes in virtual time, and how many requests.

mod model;

use emu_smp::client::*;
use model::device::{Behaviour, Device, Image};
use model::link::{Link, Way};
use model::*;

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

#[test]
fn figures() {
    for (buffer_count, delay, loss, window) in [
        (2, 10, 0, 0),
        (2, 10, 30, 0),
        (4, 10, 0, 0),
        (4, 10, 30, 0),
        (2, 0, 0, 0),
        (2, 0, 0, 1),
        (1, 0, 0, 0),
        (4, 0, 0, 0),
        (4, 0, 0, 1),
        (4, 50, 0, 0),
        (4, 10, 30, 1),
        (4, 10, 0, 1),
        (8, 50, 30, 0),
        (2, 10, 0, 1),
        (2, 10, 30, 1),
    ] {
        let behaviour = Behaviour { buffer_count, ..Behaviour::default() };
        let run = mean(&behaviour, &Way { delay, loss, ..Way::default() }, 1400, window);
        println!(
            "{buffer_count} buffers, {delay} ms, {loss} per mille, window {window}: {} ms, {} requests, {} bytes",
            run.millis, run.requests, run.bytes
        );
    }
}
