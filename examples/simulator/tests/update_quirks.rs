//! What one firmware's update server does otherwise than another's, over real sockets.

mod common;

use std::time::Duration;

use common::smp::{Client, Refused, sha};
use emu_simulator::{Boot, OnlineUpdates, Simulator, SmpQuirks, TestImage};
use emu_smp::image::{EraseRequest, StateRequest, UploadRequest};
use emu_smp::os::EchoRequest;
use emu_smp::{Refusal, Version, decode_response};

fn start(updates: OnlineUpdates) -> Simulator {
    let (reset_delay, restart_time) = (Duration::from_millis(30), Duration::from_millis(300));
    let updates = OnlineUpdates { reset_delay, restart_time, ..updates };
    Simulator::builder().rows(10).online_updates(updates).start_blocking().unwrap()
}

fn with(quirks: SmpQuirks) -> Simulator {
    start(OnlineUpdates { quirks, ..OnlineUpdates::default() })
}

fn image(version: &str) -> TestImage {
    TestImage::new(version.parse().unwrap()).size(20_000)
}

fn first(file: &[u8]) -> UploadRequest<'_> {
    let length = Some(u32::try_from(file.len()).unwrap());
    UploadRequest { length, offset: 0, sha: None, data: &file[..512], image: Some(0), upgrade: None }
}

#[test]
fn the_highest_version_is_loaded_into_memory() {
    let simulator = with(SmpQuirks { ram_load: true, ..SmpQuirks::default() });
    let mut client = Client::new(&simulator);
    client.upload(&image("1.0.9").to_bytes());
    for confirm in [false, true] {
        assert_eq!(client.set(Some(image("1.0.9").hash()), confirm), Err(Refused::Code(8)));
        assert_eq!(client.set(None, confirm), Err(Refused::Code(8)));
    }
    client.reset();
    assert_eq!(client.list(), ["0 1.0.6", "1 1.0.9 active confirmed"]);
    assert_eq!(simulator.firmware_version().to_string(), "1.0.9");
    // The slot that is not active is the first now.
    client.erase().unwrap();
    assert_eq!(client.list(), ["1 1.0.9 active confirmed"]);
    client.upload(&image("1.0.7").to_bytes());
    client.reset();
    assert_eq!(client.list(), ["0 1.0.7", "1 1.0.9 active confirmed"]);
    assert_eq!(client.ask(&EraseRequest { slot: Some(1) }), Err(Refused::Group(9)));
    client.upload(&image("1.1.0").to_bytes());
    client.reset();
    assert_eq!(client.list(), ["0 1.1.0 active confirmed", "1 1.0.9"]);
    assert_eq!(simulator.boots(), [Boot::Swapped, Boot::Same, Boot::Swapped]);
}

#[test]
fn refused_uploads_have_reasons_in_version_0() {
    let file = image("1.0.9").to_bytes();
    let too_large = UploadRequest { length: Some(1 << 20), ..first(&file) };
    let no_length = UploadRequest { length: None, ..first(&file) };
    let no_magic = UploadRequest { data: &[0; 64], ..first(&file) };
    let requests = [(too_large, "img too large"), (no_length, "header malformed"), (no_magic, "magic mismatch")];
    for (upload_reasons, version) in [(true, Version::V0), (true, Version::V1), (false, Version::V0)] {
        let simulator = with(SmpQuirks { upload_reasons, ..SmpQuirks::default() });
        let mut client = Client::new(&simulator);
        client.version = version;
        for (request, words) in requests {
            let body = client.body(&request);
            let found = match Refusal::find(&body).unwrap().unwrap() {
                Refusal::Code { reason, .. } => reason,
                Refusal::Group(_) => None,
            };
            assert_eq!(found, (upload_reasons && version == Version::V0).then_some(words));
        }
    }
}

#[test]
fn the_number_of_the_image_is_left_out() {
    for omits_image in [false, true] {
        let simulator = with(SmpQuirks { omits_image, ..SmpQuirks::default() });
        let mut client = Client::new(&simulator);
        client.upload(&image("1.0.9").to_bytes());
        let body = client.body(&StateRequest);
        assert_eq!(body.windows(6).filter(|bytes| bytes == b"\x65image").count(), if omits_image { 0 } else { 2 });
        assert_eq!(client.list(), ["0 1.0.6 active confirmed", "1 1.0.9"]);
        let listed = decode_response::<StateRequest>(&body).unwrap().unwrap();
        assert!(listed.images.iter().all(|listed| listed.image == 0));
    }
}

#[test]
fn other_images_are_taken_in_silence() {
    let file = image("1.0.9").to_bytes();
    for number in [1, 3] {
        let request = UploadRequest { image: Some(number), ..first(&file) };
        assert_eq!(Client::new(&with(SmpQuirks::default())).ask(&request), Err(Refused::Group(9)));
        let simulator = with(SmpQuirks { ignores_image: true, ..SmpQuirks::default() });
        assert_eq!(Client::new(&simulator).ask(&request), Ok(()));
        assert_eq!(simulator.flash(1), file[..512]);
    }
}

#[test]
fn large_datagrams_are_cut() {
    let text = "x".repeat(1_600);
    let updates = OnlineUpdates { cuts_large_datagrams: true, buffer_size: 2_048, ..OnlineUpdates::default() };
    let simulator = start(updates);
    let mut client = Client::new(&simulator);
    assert_eq!(client.ask(&EchoRequest { text: &text[..1_480] }), Ok(()));
    assert_eq!(client.ask(&EchoRequest { text: &text }), Err(Refused::Code(9)));
    assert_eq!(client.ask(&EchoRequest { text: "hi" }), Ok(()));
}

#[test]
fn nothing_is_heard_while_it_erases() {
    for deaf_while_erasing in [false, true] {
        let updates = OnlineUpdates {
            erase_time: Duration::from_millis(300),
            other: Some(image("1.0.9").to_bytes()),
            quirks: SmpQuirks { deaf_while_erasing, ..SmpQuirks::default() },
            ..OnlineUpdates::default()
        };
        let simulator = start(updates);
        let mut client = Client::new(&simulator);
        client.send(&first(&image("1.0.10").to_bytes()));
        std::thread::sleep(Duration::from_millis(50));
        client.send(&first(&image("1.0.10").to_bytes()));
        client.send(&EchoRequest { text: "hi" });
        let answered = std::iter::from_fn(|| client.receive(Duration::from_secs(1))).map(|answer| answer[6]);
        // It takes the second for a new upload, for it has no SHA-256, and erases again.
        assert_eq!(answered.collect::<Vec<u8>>(), if deaf_while_erasing { &[1][..] } else { &[1, 2, 3] });
        assert!(client.echo());
    }
}

#[test]
fn a_wrong_or_missing_sha_does_not_match() {
    let simulator = with(SmpQuirks { image_check: true, ..SmpQuirks::default() });
    let mut client = Client::new(&simulator);
    let file = image("1.0.9").to_bytes();
    let right = sha(&file);
    for (sha, is_right) in
        [(None, false), (Some(&[7; 32][..]), false), (Some(&right[..31]), false), (Some(&right), true)]
    {
        client.erase().unwrap();
        client.ask(&UploadRequest { sha, ..first(&file) }).unwrap();
        let rest = UploadRequest { length: None, offset: 512, sha: None, data: &[], image: None, upgrade: None };
        let mut matches = None;
        for (number, data) in file.chunks(512).enumerate().skip(1) {
            let offset = u32::try_from(number * 512).unwrap();
            let body = client.body(&UploadRequest { offset, data, ..rest });
            matches = decode_response::<UploadRequest<'_>>(&body).unwrap().unwrap().matches;
        }
        assert_eq!(matches, Some(is_right));
    }
}
