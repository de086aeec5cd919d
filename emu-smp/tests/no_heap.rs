//! Nothing is allocated: a counting allocator stands still while bodies are read and written.

use emu_smp::image::{HashBytes, ImageState, StateRequest, StateResponse, UploadRequest};
use emu_smp::os::{DateTime, MemoryPool, MemoryPoolsRequest, MemoryPoolsResponse, SetDateTimeRequest, TasksRequest};
use emu_smp::*;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Alone in its program, so that nobody else allocates meanwhile.
fn main() {
    let image = ImageState {
        image: 0,
        slot: 0,
        version: "1.0.6",
        hash: Some(HashBytes(&[7; 32])),
        bootable: true,
        pending: false,
        confirmed: true,
        active: true,
        permanent: false,
    };
    let images = [image, ImageState { slot: 1, ..image }];
    let pool = MemoryPool { block_size: 64, blocks: 4, free: 3, least_free: 2 };
    let pools = [("heap", pool), ("net", pool)];
    let tasks = b"\xbf\x65tasks\xbf\x64main\xbf\x64prio\x20\x63tid\x02\x65state\x02\x61x\x9f\xbf\xff\xff\xff\xff\xff";
    let mut frame = [0; 1024];
    let mut buffer = [0; 1024];

    let region = Region::new(ALLOCATOR);
    let upload = UploadRequest {
        length: Some(2000),
        offset: 0,
        sha: Some(&[1; 32]),
        data: &[2; 512],
        image: None,
        upgrade: None,
    };
    let uploaded = encode_request(&upload, Version::V0, 1, &mut frame).unwrap();
    let (_, body) = Header::split(&frame[..uploaded]).unwrap();
    let is_same = decode(body) == Ok(upload);

    let mut writer = Writer::new(&mut buffer);
    writer.value(&StateResponse { images: images.as_slice().into(), split_status: Some(0) }).unwrap();
    let listed = decode_response::<StateRequest>(writer.written()).unwrap().unwrap();
    let confirmed = listed.images.iter().filter(|image| image.confirmed).count();

    let mut writer = Writer::new(&mut buffer);
    writer.value(&MemoryPoolsResponse::from(pools.as_slice())).unwrap();
    let found = decode_response::<MemoryPoolsRequest>(writer.written()).unwrap().unwrap();
    let free: u32 = found.iter().map(|(_, pool)| pool.free).sum();

    let running = decode_response::<TasksRequest>(tasks).unwrap().unwrap().tasks.iter().count();
    let cut = decode_response::<TasksRequest>(&tasks[..20]).is_err();
    let datetime: DateTime = "2026-11-22T10:00:00.25+01:00".parse().unwrap();
    let is_set = encode_request(&SetDateTimeRequest { datetime }, Version::V1, 2, &mut frame).is_ok();
    let refused = decode_response::<StateRequest>(b"\xbf\x62rc\x08\xff").unwrap().is_err();
    let too_small = encode_request(&upload, Version::V0, 1, &mut frame[..100]).is_err();
    let used = region.change();

    assert!(is_same && cut && is_set && refused && too_small);
    assert_eq!((confirmed, free, running), (2, 6, 1));
    assert_eq!((used.allocations, used.reallocations, used.bytes_allocated), (0, 0, 0));
    println!("reading and writing bodies allocates nothing: ok");
}
