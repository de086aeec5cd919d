//! The client's machines allocate nothing: a counting allocator stands still while an update runs from its first list to the
//! last; and they are small.

mod model;

use std::alloc::System;
use std::mem::size_of;

use emu_smp::client::*;
use emu_smp::os::EchoRequest;
use model::cbor::Body;
use model::device::{Image, respond};
use model::target;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What the device lists, in which order: a free slot, the target there, the target pending, twice, the target running, and
/// confirmed.
const LISTS: [(bool, bool, bool, bool); 6] = [
    (false, false, false, false),
    (true, false, false, false),
    (true, true, false, false),
    (true, true, false, false),
    (true, false, true, false),
    (true, false, true, true),
];

/// Alone in its program, so that nobody else allocates meanwhile.
fn main() {
    let (old, new) = (Image::new(1, 2000, "1.0.6"), Image::new(2, 9000, "1.0.9"));
    let target = target(&new);
    let lists = LISTS.map(|(is_there, is_pending, is_running, is_confirmed)| {
        Body::map(|body| {
            body.list("images", |body| {
                for (image, is_active) in [(&old, !is_running), (&new, is_running)] {
                    if image == &new && !is_there {
                        continue;
                    }
                    body.open_map(|body| {
                        body.number("slot", u32::from(!is_active));
                        body.string("version", image.version);
                        body.bytes("hash", &image.hash);
                        body.flag("pending", is_pending && !is_active);
                        body.flag("active", is_active);
                        body.flag("confirmed", (is_active && image == &old) || is_confirmed);
                    });
                }
            });
        })
    });
    let parameters = Body::map(|body| {
        body.number("buf_size", 2048);
        body.number("buf_count", 4);
    });
    let done = Body::map(|_| ());
    let mut offsets = Vec::new();
    for offset in 0..=9000_u32 {
        offsets.push(Body::map(|body| body.number("off", offset)));
    }
    // The answers' frames, made as they are needed: the model allocates, so its part is left out of the count.
    let mut update = Update::new(Session::new(Policy::DEFAULT), &target, UpdateOptions::default());
    let (mut now, mut buffer, mut listed, mut allocated, mut requests) = (Instant::START, [0; 1400], 0, 0, 0);
    let mut answers: Vec<Vec<u8>> = Vec::with_capacity(100);
    while update.outcome().is_none() {
        loop {
            let region = Region::new(ALLOCATOR);
            let length = update.poll_transmit(now, &mut &new.file[..], &mut buffer);
            while update.poll_event().is_some() {}
            allocated += region.change().allocations;
            let Some(length) = length else { break };
            requests += 1;
            let request = &buffer[..length];
            let body = match (request[5], request[7], request[0] & 7) {
                (0, 6, _) => &parameters,
                (1, 0, 0) => {
                    listed += 1;
                    &lists[listed - 1]
                }
                (1, 1, _) => {
                    let body = model::cbor::parse(&request[8..]).unwrap();
                    let end = body.number("off").unwrap() + body.bytes("data").unwrap().len() as u32;
                    &offsets[end as usize]
                }
                (1, 0, _) => &lists[listed - 1],
                _ => &done,
            };
            answers.push(respond(request, body));
        }
        let region = Region::new(ALLOCATOR);
        if answers.is_empty() {
            now = update.poll_timeout().unwrap();
            update.handle_timeout(now);
        }
        for answer in &answers {
            update.handle_datagram(now, answer);
        }
        allocated += region.change().allocations;
        answers.clear();
    }
    assert_eq!(update.outcome(), Some(Ok(Updated::Updated)));
    assert!(requests > 15 && listed == LISTS.len());
    assert_eq!(allocated, 0);

    let sizes = [
        ("session", size_of::<Session>(), 192),
        ("exchange", size_of::<Exchange<EchoRequest<'_>>>(), 448),
        ("upload", size_of::<Upload>(), 1152),
        ("update", size_of::<Update>(), 1792),
    ];
    for (name, size, most) in sizes {
        println!("{name}: {size} bytes");
        assert!(size <= most, "{name}: {size} bytes");
    }
    println!("an update allocates nothing: ok");
}
