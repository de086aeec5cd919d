//! Uploads over bad ways, thousands of them: each ends with the right image in the slot, or with a typed error, within
//! bounded time and requests. `EMU_SCHEDULES` sets how many.

mod model;

use emu_smp::client::*;
use model::device::{Behaviour, Device, Image};
use model::link::{Link, Random, Way};
use model::*;

/// A schedule that follows from its seed.
fn schedule(seed: u64) -> (Behaviour, Way, Session, UploadOptions, usize) {
    let mut random = Random(seed.wrapping_mul(0xd134_2543_de82_ef95) | 1);
    let behaviour = Behaviour {
        buffer_size: [256, 384, 512, 1024, 1500, 2048, 4096][random.below(7) as usize],
        buffer_count: 1 + random.below(6) as usize,
        has_parameters: !random.chance(200),
        cut: [600, 1280, 1500, 4096][random.below(4) as usize],
        silent_from: [580, 1000, 1300, 1473, 4096][random.below(5) as usize],
        service: random.below(20),
        erase: random.below(4000),
        boot: 500 + random.below(8000),
        has_image_check: random.chance(400),
        has_legacy_rc: random.chance(300),
        has_unknown_keys: random.chance(300),
        ..Behaviour::default()
    };
    let most_loss = if random.chance(200) { 400 } else { 80 };
    let mut way = Way {
        delay: random.below(60),
        jitter: if random.chance(500) { random.below(40) } else { 0 },
        loss: if random.chance(700) { random.below(most_loss) as u32 } else { 0 },
        doubling: if random.chance(500) { random.below(100) as u32 } else { 0 },
        late: if random.chance(400) { random.below(100) as u32 } else { 0 },
        lateness: random.below(2000),
        restarts: Vec::new(),
    };
    if random.chance(300) {
        way.restarts = (0..1 + random.below(3)).map(|_| random.below(15_000)).collect();
    }
    let largest = [400, 1232, 1400, 1472, 3000][random.below(5) as usize];
    let session = Session::new(Policy::DEFAULT).with_largest_frame(largest).with_sequence(random.below(256) as u8);
    let options = UploadOptions { window: random.below(9) as u8, ..UploadOptions::default() };
    let most = if random.chance(500) { 3000 } else { 30_000 };
    let length = 33 + random.below(most) as usize;
    (behaviour, way, session, options, length)
}

fn count() -> u64 {
    std::env::var("EMU_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000)
}

#[test]
fn every_schedule_ends_well_or_says_why() {
    let old = Image::new(1, 2000, "1.0.6");
    let (mut failures, mut slowest, mut most) = (0, 0, 0);
    let first = std::env::var("EMU_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for seed in first..first + count() {
        let (behaviour, way, session, options, length) = schedule(seed);
        let new = Image::new(2, length, "1.0.9");
        let is_mild = way.loss <= 50 && way.restarts.is_empty() && way.late == 0;
        let has_restarts = !way.restarts.is_empty();
        let mut device = Device::new(behaviour.clone(), &old);
        device.known.push(new.clone());
        let mut machine = Uploading::new(session, &new, options);
        let mut link = Link::new(&mut device, way.clone(), seed);
        let is_done = link.run(&mut machine, 1_000_000);
        assert!(is_done, "seed {seed} has no end: {behaviour:?} {way:?}");
        let (now, sent) = (link.now, link.sent);
        slowest = slowest.max(now);
        most = most.max(sent);
        match machine.upload.outcome().unwrap() {
            Ok(_) => {
                // A copy of the first piece that comes late starts another upload at once, and clears the slot; nothing can
                // be done about that, but to list the images afterwards.
                assert!(
                    device.completed.as_ref() == Some(&new.file),
                    "seed {seed}: not what was sent: {behaviour:?} {way:?}"
                );
                assert_eq!(machine.upload.progress().bytes, new.file.len() as u32);
            }
            Err(error) => {
                failures += 1;
                assert!(!is_mild, "seed {seed}: {error} in {now} ms: {behaviour:?} {way:?} {:?}", machine.events);
                assert!(
                    matches!(
                        error,
                        UploadError::Failed(Failure::NoAnswer { .. })
                            | UploadError::NoProgress { .. }
                            | UploadError::Mismatch
                    ) || has_restarts,
                    "seed {seed}: {error}"
                );
            }
        }
    }
    println!("{failures} of {} failed; the slowest took {slowest} ms, the most requests were {most}", count());
    // Most of the bad ways, too, are survived.
    assert!(failures * 20 < count(), "{failures} failed");
}
