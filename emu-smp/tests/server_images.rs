//! The server's rules for images: uploading, testing, confirming and erasing them.

mod common;
mod firmware;

use common::Cbor;
use emu_smp::image::{EraseRequest, HashBytes, SetStateRequest, SlotInfoRequest, StateRequest, UploadRequest};
use emu_smp::os::ResetRequest;
use emu_smp::{Header, Request, Server, Version, encode_request};
use firmware::{Device, image};
use serde_json::{Value, json};

struct Bench {
    server: Server,
    device: Device,
    version: Version,
}

impl Bench {
    fn new() -> Self {
        Self { server: Server::new(), device: Device::new(), version: Version::V1 }
    }

    fn ask(&mut self, request: &impl Request) -> Value {
        let (mut frame, mut buffer) = ([0; 2_400], [0; 512]);
        let length = encode_request(request, self.version, 5, &mut frame).unwrap();
        self.send(&frame[..length], &mut buffer)
    }

    fn raw(&mut self, group: u8, command: u8, body: &[u8]) -> Value {
        let first = 2 | (self.version.bits() << 3);
        self.send(&[&[first, 0, 0, body.len() as u8, 0, group, 5, command], body].concat(), &mut [0; 512])
    }

    fn send(&mut self, mut datagram: &[u8], buffer: &mut [u8]) -> Value {
        let answer = self.server.answer(&mut self.device, &mut datagram, buffer).unwrap();
        let (_, body) = Header::split(answer).unwrap();
        Cbor::parse(body).0.to_json()
    }

    fn upload(&mut self, file: &[u8], sha: Option<&[u8]>) -> Value {
        let mut answer = json!(null);
        for (number, data) in file.chunks(512).enumerate() {
            let offset = number * 512;
            answer = self.ask(&piece(file.len(), offset, data, sha));
            assert_eq!(answer["off"], json!(offset + data.len()));
        }
        answer
    }

    /// Version and flags of what is listed.
    fn list(&mut self) -> Vec<String> {
        let listed = self.ask(&StateRequest);
        assert_eq!(listed["splitStatus"], json!(0));
        let flags = |image: &Value| -> String {
            let flags = ["active", "confirmed", "pending", "permanent"];
            flags.into_iter().filter(|flag| image[flag] == json!(true)).map(|flag| format!(" {flag}")).collect()
        };
        let images = listed["images"].as_array().unwrap().iter();
        images
            .map(|image| format!("{} {}{}", image["slot"], image["version"].as_str().unwrap(), flags(image)))
            .collect()
    }
}

fn piece<'a>(length: usize, offset: usize, data: &'a [u8], sha: Option<&'a [u8]>) -> UploadRequest<'a> {
    let first = (offset == 0).then_some(length as u32);
    UploadRequest {
        length: first,
        offset: offset as u32,
        sha: sha.filter(|_| offset == 0),
        data,
        image: first.map(|_| 0),
        upgrade: None,
    }
}

fn error(code: u16) -> Value {
    json!({"err": {"group": 1, "rc": code}})
}

fn set(hash: Option<&[u8]>, confirm: bool) -> SetStateRequest<'_> {
    SetStateRequest { hash: hash.map(HashBytes), confirm: Some(confirm) }
}

#[test]
fn the_walk_of_the_manual() {
    for version in [Version::V0, Version::V1] {
        let mut bench = Bench { version, ..Bench::new() };
        assert_eq!(bench.list(), ["0 1.0.6 active confirmed"]);
        bench.upload(&image(1, 0, 9, 1_500)[..1_500], None);
        assert_eq!(bench.list(), ["0 1.0.6 active confirmed", "1 1.0.9"]);
        let hash = bench.device.hash(1);
        assert!(bench.ask(&set(Some(&hash), false))["images"].is_array());
        assert_eq!(bench.list(), ["0 1.0.6 active confirmed", "1 1.0.9 pending"]);
        assert_eq!(bench.ask(&ResetRequest { force: None, boot_mode: None }), json!({}));
        assert_eq!(bench.device.resets, 1);
        bench.device.boot();
        assert_eq!(bench.list(), ["0 1.0.9 active", "1 1.0.6 confirmed"]);
        bench.ask(&set(Some(&hash), true));
        assert_eq!(bench.list(), ["0 1.0.9 active confirmed", "1 1.0.6"]);
        assert_eq!(bench.ask(&EraseRequest { slot: None }), json!({}));
        assert_eq!(bench.list(), ["0 1.0.9 active confirmed"]);
    }
}

#[test]
fn pieces_that_are_not_wanted_are_told_which_is() {
    let mut bench = Bench::new();
    let file = image(1, 0, 9, 1_500);
    let piece = |offset: usize, length: usize| piece(1_500, offset, &file[offset..offset + length], None);
    // No upload is under way.
    assert_eq!(bench.ask(&piece(512, 512)), json!({"off": 0}));
    assert_eq!(bench.ask(&piece(0, 512)), json!({"off": 512}));
    // One too far, one doubled.
    assert_eq!(bench.ask(&piece(1_024, 100)), json!({"off": 512}));
    assert_eq!(bench.ask(&piece(512, 512)), json!({"off": 1_024}));
    assert_eq!(bench.ask(&piece(512, 512)), json!({"off": 1_024}));
    // More than was announced, then the rest.
    assert_eq!(bench.ask(&piece(1_024, 477)), error(31));
    assert_eq!(bench.ask(&piece(1_024, 476)), json!({"off": 1_500}));
    assert_eq!(bench.device.slots[1], file);
    // It is over: a late double is told to start.
    assert_eq!(bench.ask(&piece(1_024, 476)), json!({"off": 0}));
}

#[test]
fn an_upload_goes_on_by_its_sha() {
    let mut bench = Bench::new();
    let file = image(1, 0, 9, 1_500);
    let first = |sha: Option<&'static [u8]>| piece(1_500, 0, &file[..256], sha);
    assert_eq!(bench.ask(&first(Some(&[1; 32]))), json!({"off": 256}));
    assert_eq!(bench.ask(&piece(1_500, 256, &file[256..600], None)), json!({"off": 600}));
    assert_eq!(bench.ask(&first(Some(&[1; 32]))), json!({"off": 600}));
    assert_eq!(bench.device.erased, 1);
    assert_eq!(bench.ask(&first(Some(&[2; 32]))), json!({"off": 256}));
    assert_eq!(bench.device.erased, 2);
    // Without one, it always starts.
    assert_eq!(bench.ask(&first(None)), json!({"off": 256}));
    assert_eq!(bench.ask(&first(None)), json!({"off": 256}));
    assert_eq!(bench.device.erased, 4);
    assert_eq!(bench.ask(&first(Some(&[3; 33]))), error(24));
    // After a restart, nothing is known of it.
    bench.server = Server::new();
    assert_eq!(bench.ask(&piece(1_500, 256, &file[256..600], None)), json!({"off": 0}));
}

#[test]
fn first_pieces_that_are_refused() {
    let mut bench = Bench::new();
    let file = image(1, 0, 9, 1_500);
    assert_eq!(bench.ask(&piece(1_500, 0, &file[..31], None)), error(22));
    assert_eq!(bench.ask(&piece(1_500, 0, &[0; 32], None)), error(23));
    assert_eq!(bench.ask(&UploadRequest { length: None, ..piece(0, 0, &file[..32], None) }), error(21));
    assert_eq!(bench.ask(&piece(Device::SIZE + 1, 0, &file[..32], None)), error(30));
    assert_eq!(bench.ask(&piece(32, 0, &file[..33], None)), error(31));
    assert_eq!(bench.ask(&UploadRequest { image: Some(1), ..piece(1_500, 0, &file[..32], None) }), error(9));
    assert_eq!(bench.raw(1, 1, b"\xa1\x64data\x41\x01"), error(20));
    assert_eq!(bench.raw(1, 1, b"\xa1\x63off\x00"), error(22));
    assert_eq!(bench.raw(1, 1, b"\xa1\x63off\x61x"), json!({"rc": 3}));
    // Only newer versions, if the client wants that; the same is not newer.
    for (revision, is_taken) in [(5, false), (6, false), (7, true)] {
        let file = image(1, 0, revision, 1_500);
        let answer = bench.ask(&UploadRequest { upgrade: Some(true), ..piece(1_500, 0, &file[..32], None) });
        assert_eq!(answer, if is_taken { json!({"off": 32}) } else { error(27) });
    }
    // In version 0, the general code that comes nearest.
    bench.version = Version::V0;
    assert_eq!(bench.ask(&piece(1_500, 0, &file[..31], None)), json!({"rc": 3}));
    assert_eq!(bench.ask(&piece(4_000, 0, &file[..32], None)), json!({"rc": 1}));
    // With the firmware's words, where it has any.
    assert_eq!(bench.ask(&piece(1_500, 0, &[0; 32], None)), json!({"rc": 1, "rsn": "magic mismatch"}));
}

#[test]
fn a_firmware_that_looks_tells_whether_all_is_well() {
    let mut bench = Bench::new();
    bench.device.checks = true;
    let file = &image(1, 0, 9, 1_500)[..1_500];
    assert_eq!(bench.upload(file, Some(&[1; 32])), json!({"off": 1_500, "match": false}));
    // Nor is it well without a SHA-256, or with a part of one.
    for sha in [None, Some(&file[..31])] {
        assert_eq!(bench.upload(file, sha), json!({"off": 1_500, "match": false}));
    }
    bench.ask(&EraseRequest { slot: None });
    assert_eq!(bench.upload(file, Some(&file[..32])), json!({"off": 1_500, "match": true}));
    // It is there: nothing is to be done.
    let erased = bench.device.erased;
    assert_eq!(bench.ask(&piece(1_500, 0, &file[..512], Some(&file[..32]))), json!({"off": 1_500, "match": true}));
    assert_eq!(bench.device.erased, erased);
}

#[test]
fn what_may_be_started() {
    let mut bench = Bench::new();
    let (running, unknown) = (bench.device.hash(0), [9; 32]);
    assert_eq!(bench.ask(&set(Some(&unknown), false)), error(8));
    assert_eq!(bench.ask(&set(Some(&unknown[..31]), false)), error(24));
    assert_eq!(bench.ask(&set(None, false)), error(24));
    assert_eq!(bench.ask(&set(Some(&[]), false)), error(24));
    assert_eq!(bench.ask(&set(Some(&running), false)), error(33));
    // The running one: by its hash, without one, with an empty one, with null as the manual's tool sends it.
    let list = bench.ask(&StateRequest);
    assert_eq!(bench.ask(&set(Some(&running), true)), list);
    assert_eq!(bench.ask(&set(None, true)), list);
    assert_eq!(bench.ask(&set(Some(&[]), true)), list);
    assert_eq!(bench.raw(1, 0, b"\xa2\x67confirm\xf5\x64hash\xf6"), list);

    bench.upload(&image(1, 0, 9, 1_500)[..1_500], None);
    let new = bench.device.hash(1);
    bench.ask(&set(Some(&new), false));
    bench.ask(&set(Some(&new), true));
    assert_eq!(bench.list()[1], "1 1.0.9 pending permanent");
    assert_eq!(bench.ask(&set(Some(&new), false)), error(28));
    // On trial, only the running image can be confirmed.
    bench.device.pending = Some(false);
    bench.device.boot();
    assert_eq!(bench.list(), ["0 1.0.9 active", "1 1.0.6 confirmed"]);
    assert_eq!(bench.ask(&set(Some(&running), true)), error(28));
    assert_eq!(bench.ask(&EraseRequest { slot: None }), error(9));
    assert_eq!(bench.ask(&piece(1_500, 0, &image(1, 0, 9, 1_500)[..32], None)), error(9));
    bench.ask(&set(None, true));
    assert_eq!(bench.list(), ["0 1.0.9 active confirmed", "1 1.0.6"]);
}

#[test]
fn what_may_be_erased() {
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&EraseRequest { slot: Some(0) }), error(9));
    assert_eq!(bench.ask(&EraseRequest { slot: Some(9) }), error(10));
    assert_eq!(bench.ask(&EraseRequest { slot: Some(1) }), json!({}));
    // An upload into it is over.
    let file = image(1, 0, 9, 1_500);
    bench.ask(&piece(1_500, 0, &file[..512], Some(&[1; 32])));
    assert_eq!(bench.ask(&EraseRequest { slot: None }), json!({}));
    assert_eq!(bench.ask(&piece(1_500, 512, &file[512..600], None)), json!({"off": 0}));
    // Where the image runs from the second slot, the first is the one that is free.
    bench.device.slots.swap(0, 1);
    bench.device.active = 1;
    assert_eq!(bench.list(), ["1 1.0.6 active confirmed"]);
    assert_eq!(bench.ask(&EraseRequest { slot: Some(1) }), error(9));
    assert_eq!(bench.upload(&file[..1_500], None), json!({"off": 1_500}));
    assert_eq!(bench.device.slots[0], file);
    bench.version = Version::V0;
    assert_eq!(bench.ask(&EraseRequest { slot: Some(1) }), json!({"rc": 6}));
}

#[test]
fn slots_are_told() {
    let slots = json!([{"slot": 0, "size": 2_048}, {"slot": 1, "size": 2_048, "upload_image_id": 0}]);
    assert_eq!(Bench::new().ask(&SlotInfoRequest), json!({"images": [{"image": 0, "slots": slots}]}));
}
