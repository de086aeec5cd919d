//! The server allocates nothing: a counting allocator stands still while it takes an upload and lists what it has.

mod firmware;

use emu_smp::image::{StateRequest, UploadRequest};
use emu_smp::{Server, Version, encode_request};
use firmware::{Device, Twin, image};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Alone in its program, so that nobody else allocates meanwhile.
fn main() {
    let (mut server, mut device) = (Server::new(), Device::new());
    let (mut frame, mut buffer) = ([0; 1_024], [0; 512]);
    let file = image(1, 0, 9, 1_500);

    let region = Region::new(ALLOCATOR);
    for (number, data) in file[..1_500].chunks(500).enumerate() {
        let length = (number == 0).then_some(1_500);
        let offset = number as u32 * 500;
        let request = UploadRequest { length, offset, sha: Some(&[1; 32]), data, image: None, upgrade: None };
        let length = encode_request(&request, Version::V1, 1, &mut frame).unwrap();
        server.answer(&mut device, &mut &frame[..length], &mut buffer).unwrap();
    }
    let length = encode_request(&StateRequest, Version::V0, 1, &mut frame).unwrap();
    let listed = server.answer(&mut device, &mut &frame[..length], &mut buffer).unwrap().len();
    // Names, groups, a refusal.
    for request in
        [&b"\x08\x00\x00\x0a\x00\x00\x01\x07\xa1\x66format\x61a"[..], b"\x08\x00\x00\x01\x00\x0a\x01\x03\xa0"]
    {
        server.answer(&mut Twin::default(), &mut { request }, &mut buffer).unwrap();
    }
    server.answer(&mut Twin::default(), &mut &b"\x08\x00\x00\x01\x00\x02\x01\x00\xa0"[..], &mut buffer).unwrap();
    let change = region.change();

    assert_eq!((change.allocations, change.reallocations), (0, 0));
    assert_eq!(device.slots[1], file);
    assert!(listed > 200);
}
