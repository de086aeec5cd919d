//! The update server as a client sees it: the manual's walk and what it says beside it, over real sockets.

mod common;

use std::time::{Duration, Instant};

use common::smp::{Client, Refused};
use emu_simulator::{Boot, OnlineUpdates, Simulator, SmpQuirks, TestImage};
use emu_smp::enumeration::GroupListRequest;
use emu_smp::image::{EraseRequest, SlotInfoRequest};
use emu_smp::os::{ParametersRequest, ResetRequest};
use emu_smp::settings::{ReadRequest, WriteRequest};
use emu_smp::shell::ExecuteRequest;
use emu_smp::statistics::GroupRequest;
use emu_smp::{ImageVersion, List, Version, decode_response};

fn updates() -> OnlineUpdates {
    OnlineUpdates {
        reset_delay: Duration::from_millis(30),
        restart_time: Duration::from_millis(300),
        ..OnlineUpdates::default()
    }
}

fn start(updates: OnlineUpdates) -> Simulator {
    Simulator::builder().rows(10).online_updates(updates).start_blocking().unwrap()
}

fn image(version: &str) -> TestImage {
    TestImage::new(version.parse().unwrap()).size(20_000)
}

/// Steps 2 to 8, in both versions of the protocol.
#[test]
fn the_walk_of_the_manual() {
    for version in [Version::V0, Version::V1] {
        let simulator = start(updates());
        let mut client = Client::new(&simulator);
        client.version = version;
        let (new, file) = (image("1.0.9"), image("1.0.9").to_bytes());
        assert_eq!(client.list(), ["0 1.0.6 active confirmed"]);
        client.upload(&file);
        assert_eq!(simulator.flash(1), file);
        assert_eq!(client.list(), ["0 1.0.6 active confirmed", "1 1.0.9"]);
        client.set(Some(new.hash()), false).unwrap();
        assert_eq!(client.list(), ["0 1.0.6 active confirmed", "1 1.0.9 pending"]);
        client.reset();
        assert_eq!(client.list(), ["0 1.0.9 active", "1 1.0.6 confirmed"]);
        assert_eq!(simulator.firmware_version().to_string(), "1.0.9");
        client.set(Some(new.hash()), true).unwrap();
        assert_eq!(client.list(), ["0 1.0.9 active confirmed", "1 1.0.6"]);
        client.erase().unwrap();
        assert_eq!(client.list(), ["0 1.0.9 active confirmed"]);
        client.reset();
        assert_eq!(client.list(), ["0 1.0.9 active confirmed"]);
        assert_eq!(simulator.boots(), [Boot::Swapped, Boot::Same]);
    }
}

#[test]
fn what_is_not_confirmed_is_left_again() {
    let simulator = start(updates());
    let mut client = Client::new(&simulator);
    client.upload(&image("1.0.9").to_bytes());
    client.set(Some(image("1.0.9").hash()), false).unwrap();
    client.reset();
    assert_eq!(client.erase(), Err(Refused::Group(9)));
    // A power failure does as well.
    simulator.restart_module();
    client.wait_for_restart();
    assert_eq!(client.list(), ["0 1.0.6 active confirmed", "1 1.0.9"]);
    assert_eq!(simulator.boots(), [Boot::Swapped, Boot::Reverted]);
}

/// The manual: "Only signed update files ... are allowed". The boot loader looks, not the upload.
#[test]
fn what_is_not_signed_is_taken_but_not_started() {
    let simulator = start(updates());
    let mut client = Client::new(&simulator);
    for bad in [image("1.0.9").signed_with_other_key(), image("1.0.9").unsigned()] {
        client.upload(&bad.to_bytes());
        client.set(Some(bad.hash()), true).unwrap();
        client.reset();
        assert_eq!(client.list(), ["0 1.0.6 active confirmed"]);
    }
    assert_eq!(simulator.boots(), [Boot::Refused, Boot::Refused]);
}

#[test]
fn erasing_and_restarting_take_their_time() {
    let other = Some(image("1.0.9").to_bytes());
    let erase_time = Duration::from_millis(400);
    let simulator = start(OnlineUpdates { other, erase_time, ..updates() });
    let mut client = Client::new(&simulator);
    let taken = |client: &mut Client, request: &mut dyn FnMut(&mut Client)| {
        let start = Instant::now();
        request(client);
        start.elapsed()
    };
    assert!(taken(&mut client, &mut |client| client.erase().unwrap()) >= erase_time);
    // The slot is empty now; an upload starts at once.
    let file = image("1.0.9").to_bytes();
    assert!(taken(&mut client, &mut |client| drop(client.piece(&file, 0, 512))) < erase_time);
    simulator.change_updates(|updates| updates.write_time = Duration::from_millis(500));
    assert!(taken(&mut client, &mut |client| drop(client.piece(&file, 512, 512))) >= Duration::from_millis(250));
    // After the answer to a reset it is there for a while yet.
    client.ask(&ResetRequest { force: None, boot_mode: None }).unwrap();
    let restart = taken(&mut client, &mut Client::wait_for_restart);
    assert!(restart >= Duration::from_millis(300), "{restart:?}");
}

#[test]
fn an_upload_breaks_with_a_restart_and_goes_on_with_a_retry() {
    let simulator = start(updates());
    let mut client = Client::new(&simulator);
    let file = image("1.0.9").to_bytes();
    assert_eq!(client.piece(&file, 0, 512), Ok((512, None)));
    assert_eq!(client.piece(&file, 512, 1_024), Ok((1_536, None)));
    // The client is started again, and finds where it was.
    let mut again = Client::new(&simulator);
    assert_eq!(again.piece(&file, 0, 512), Ok((1_536, None)));
    // The meter is: it has forgotten.
    simulator.restart_module();
    again.wait_for_restart();
    assert_eq!(again.piece(&file, 1_536, 512), Ok((0, None)));
    assert_eq!(again.list(), ["0 1.0.6 active confirmed"]);
    again.upload(&file);
    assert_eq!(simulator.flash(1), file);
}

#[test]
fn the_start_is_as_told() {
    let running = ImageVersion { major: 0, minor: 4, revision: 5, build: 2 };
    let other = Some(image("1.0.0").to_bytes());
    let simulator = start(OnlineUpdates { running, other, slot_size: 300_000, ..updates() });
    let mut client = Client::new(&simulator);
    assert_eq!(client.list(), ["0 0.4.5.2 active confirmed", "1 1.0.0"]);
    let body = client.body(&SlotInfoRequest);
    let info = decode_response::<SlotInfoRequest>(&body).unwrap().unwrap();
    let slots: Vec<_> = info.images.iter().flat_map(|image| image.slots).map(|slot| (slot.slot, slot.size)).collect();
    assert_eq!(slots, [(0, 300_000), (1, 300_000)]);
    let body = client.body(&ParametersRequest);
    let parameters = decode_response::<ParametersRequest>(&body).unwrap().unwrap();
    assert_eq!((parameters.buffer_size, parameters.buffer_count), (2_048, 4));
    assert_eq!(client.piece(&vec![0; 300_001], 0, 512), Err(Refused::Group(23)));
}

#[test]
fn without_online_updates_nothing_listens() {
    let simulator = Simulator::builder().rows(10).start_blocking().unwrap();
    assert_eq!(simulator.smp_addr(), None);
    // The web server's port is taken; its number on UDP is not.
    assert!(std::net::UdpSocket::bind(simulator.addr()).is_ok());
}

#[test]
fn each_quirk_has_its_effect() {
    let quirks = |quirks: SmpQuirks| start(OnlineUpdates { quirks, ..updates() });
    let none = SmpQuirks::default();
    let file = image("1.0.9").to_bytes();

    let simulator = quirks(SmpQuirks { no_parameters: true, no_slot_info: true, ..none });
    let mut client = Client::new(&simulator);
    assert_eq!(client.ask(&ParametersRequest), Err(Refused::Code(8)));
    assert_eq!(client.ask(&SlotInfoRequest), Err(Refused::Code(8)));

    let simulator = quirks(SmpQuirks { legacy_rc: true, refuses_blank_erase: true, ..none });
    let mut client = Client::new(&simulator);
    assert_eq!(client.body(&ResetRequest { force: None, boot_mode: None }), b"\xbf\x62rc\x00\xff");
    assert_eq!(client.erase(), Err(Refused::Code(1)));

    let simulator = quirks(SmpQuirks { definite_lengths: true, version_0_only: true, ..none });
    let mut client = Client::new(&simulator);
    client.send(&EraseRequest { slot: Some(0) });
    assert_eq!(client.receive(Duration::from_secs(1)).unwrap(), b"\x03\x00\x00\x05\x00\x01\x01\x05\xa1\x62rc\x06");

    let simulator = quirks(SmpQuirks { image_check: true, ..none });
    let mut client = Client::new(&simulator);
    assert_eq!(client.upload(&file), Some(true));
    assert_eq!(client.piece(&file, 0, 512), Ok((file.len(), Some(true))));

    let simulator = quirks(SmpQuirks { keeps_pending: true, ..none });
    let mut client = Client::new(&simulator);
    client.upload(&file);
    client.set(Some(image("1.0.9").hash()), false).unwrap();
    assert_eq!(client.erase(), Err(Refused::Group(9)));
    assert_eq!(client.piece(&file, 0, 512), Err(Refused::Group(9)));

    let simulator = quirks(SmpQuirks { keeps_images: true, ..none });
    let mut client = Client::new(&simulator);
    client.upload(&file);
    assert_eq!(client.piece(&file, 0, 512), Err(Refused::Group(9)));
    client.erase().unwrap();
    client.upload(&file);
}

#[test]
fn more_groups_on_request() {
    let simulator = start(updates());
    let mut client = Client::new(&simulator);
    assert_eq!(client.ask(&GroupListRequest), Err(Refused::Code(8)));
    simulator.change_updates(|updates| updates.has_all_groups = true);
    let body = client.body(&GroupListRequest);
    let groups = decode_response::<GroupListRequest>(&body).unwrap().unwrap().groups;
    assert_eq!(groups.iter().map(|group| group.0).collect::<Vec<u16>>(), [0, 1, 2, 3, 8, 9, 10, 63]);

    let body = client.body(&GroupRequest { name: "smp" });
    let counts = decode_response::<GroupRequest<'_>>(&body).unwrap().unwrap().fields;
    assert_eq!(counts.iter().collect::<Vec<_>>(), [("datagrams", 3), ("restarts", 0)]);
    client.ask(&WriteRequest { value: b"hall", name: "meter/name" }).unwrap();
    assert_eq!(client.body(&ReadRequest { name: "meter/name", max_size: Some(2) }), b"\xbf\x63val\x42ha\xff");
    let arguments = List::from(&["echo", "a", "b"][..]);
    assert_eq!(client.body(&ExecuteRequest { arguments }), b"\xbf\x61o\x67\r\na b\r\n\x63ret\x00\xff");
}
