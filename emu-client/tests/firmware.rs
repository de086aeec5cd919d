//! A meter's firmware over real sockets, against the simulated meter: each step, bad links, interruptions, refusals.

use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use emu_client::Meter;
use emu_client::emu_smp::client::{
    Failure, Policy, Refused, UpdateError, UpdateEvent, UpdateOptions, Updated, UploadError, UploadEvent, UploadOptions,
};
use emu_client::emu_smp::{Command, GroupError, ReturnCode, Version};
use emu_client::firmware::{Firmware, Images, UpdateFile};
use emu_client::smp::{Error, ErrorKind, Moment};
use emu_simulator::{Boot, Link, OnlineUpdates, Simulator, SmpQuirks, TestImage};
use tokio::net::UdpSocket;

/// Patience of a test: quick to ask again, slow to give up.
const QUICK: Policy = Policy {
    first_timeout: Duration::from_millis(200),
    min_timeout: Duration::from_millis(50),
    max_timeout: Duration::from_millis(400),
    tries: 40,
    give_up: Duration::from_secs(15),
    erase_wait: Duration::from_secs(15),
    reset_wait: Duration::from_millis(100),
    return_wait: Duration::from_secs(30),
    poll_interval: Duration::from_millis(100),
    early_poll: None,
};

/// A bound on real time that only a hang breaks.
const HANGS: Duration = Duration::from_secs(120);

fn updates() -> OnlineUpdates {
    OnlineUpdates {
        reset_delay: Duration::from_millis(20),
        restart_time: Duration::from_millis(150),
        ..OnlineUpdates::default()
    }
}

fn start(updates: OnlineUpdates) -> Simulator {
    Simulator::builder().rows(3).online_updates(updates).start_blocking().unwrap()
}

/// The firmware of the meter at this UDP address.
fn at(address: SocketAddr, policy: Policy) -> Firmware {
    Meter::new(&SocketAddr::new(address.ip(), 80).to_string()).unwrap().smp().port(address.port()).policy(policy).into()
}

fn firmware(simulator: &Simulator) -> Firmware {
    at(simulator.smp_addr().unwrap(), QUICK)
}

fn image(version: &str) -> TestImage {
    TestImage::new(version.parse().unwrap()).size(20_000)
}

fn file(version: &str) -> UpdateFile {
    UpdateFile::from_bytes(image(version).to_bytes()).unwrap()
}

/// The list in short: slot, version, flags.
fn short(images: &Images) -> Vec<String> {
    let line = |image: &emu_client::firmware::Image| {
        let flags = [
            (image.active, " active"),
            (image.confirmed, " confirmed"),
            (image.pending, " pending"),
            (image.permanent, " permanent"),
        ];
        let flags: String = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name).collect();
        format!("{} {}{flags}", image.slot, image.version)
    };
    images.images.iter().map(line).collect()
}

fn refused(error: &Error) -> Refused {
    match error.kind().failure() {
        Some(Failure::Refused { refused, .. }) => *refused,
        _ => panic!("{error:?}"),
    }
}

fn update_error(error: &Error) -> UpdateError {
    match error.kind() {
        ErrorKind::Update { error, .. } => *error,
        _ => panic!("{error:?}"),
    }
}

/// Lists until the meter is back from a restart.
async fn list_after_restart(firmware: &mut Firmware, simulator: &Simulator, boots: usize) -> Vec<String> {
    while simulator.boots().len() < boots {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    short(&firmware.list().await.unwrap())
}

#[tokio::test]
async fn the_walk_of_the_manual() {
    for version in [Version::V0, Version::V1] {
        let simulator = start(updates());
        let address = simulator.smp_addr().unwrap();
        let smp = Meter::new("127.0.0.1").unwrap().smp().port(address.port()).policy(QUICK).version(version);
        let mut firmware = Firmware::from(smp);
        let (new, file) = (image("1.0.9").hash(), file("1.0.9"));
        assert_eq!(short(&firmware.list().await.unwrap()), ["0 1.0.6 active confirmed"]);
        firmware.upload(&file, UploadOptions::default()).finish().await.unwrap();
        assert_eq!(simulator.flash(1), file.bytes());
        assert_eq!(short(&firmware.list().await.unwrap()), ["0 1.0.6 active confirmed", "1 1.0.9"]);
        let tested = firmware.test(new).await.unwrap();
        assert_eq!(short(&tested), ["0 1.0.6 active confirmed", "1 1.0.9 pending"]);
        firmware.reset().await.unwrap();
        let listed = list_after_restart(&mut firmware, &simulator, 1).await;
        assert_eq!(listed, ["0 1.0.9 active", "1 1.0.6 confirmed"]);
        let hash = (version == Version::V0).then_some(new);
        let confirmed = firmware.confirm(hash).await.unwrap();
        assert_eq!(short(&confirmed), ["0 1.0.9 active confirmed", "1 1.0.6"]);
        assert_eq!(confirmed.active().unwrap().hash, Some(new));
        assert_eq!(confirmed.with_prefix(&new.to_string()[..8].to_uppercase()).count(), 1);
        firmware.erase(None).await.unwrap();
        assert_eq!(short(&firmware.list().await.unwrap()), ["0 1.0.9 active confirmed"]);
        assert_eq!(simulator.boots(), [Boot::Swapped]);
    }
}

#[tokio::test]
async fn echo_and_parameters() {
    let simulator = start(updates());
    let mut firmware = firmware(&simulator);
    assert_eq!(firmware.echo("déjà vu").await.unwrap(), "déjà vu");
    assert!(firmware.smp().session().round_trip().is_some());
    let parameters = firmware.parameters().await.unwrap();
    assert_eq!((parameters.buffer_size, parameters.buffer_count), (2_048, 4));
    // Firmware of 2021 may not know them. An upload does without.
    simulator.change_updates(|updates| updates.quirks.no_parameters = true);
    let error = firmware.parameters().await.unwrap_err();
    assert!(matches!(refused(&error), Refused::Code { code: ReturnCode::NOT_SUPPORTED, .. }), "{error}");
    let file = file("1.0.9");
    firmware.upload(&file, UploadOptions::default()).finish().await.unwrap();
    assert_eq!(simulator.flash(1), file.bytes());
}

#[tokio::test]
async fn what_the_meter_refuses() {
    let simulator = start(updates());
    let address = simulator.smp_addr().unwrap();
    let mut v1: Firmware =
        Meter::new("127.0.0.1").unwrap().smp().port(address.port()).policy(QUICK).version(Version::V1).into();
    let mut v0 = firmware(&simulator);
    let unknown = image("2.0.0").hash();
    let error = v1.test(unknown).await.unwrap_err();
    assert_eq!(refused(&error), Refused::Group(GroupError::IMAGE_HASH_NOT_FOUND));
    assert!(error.with_causes().starts_with("meter 127.0.0.1, SMP port "), "{error}");
    let error = v0.test(unknown).await.unwrap_err();
    assert!(matches!(refused(&error), Refused::Code { .. }), "{error}");
    assert_eq!(refused(&v1.erase(Some(0)).await.unwrap_err()), Refused::Group(GroupError::IMAGE_NO_FREE_SLOT));
    let error = v1.erase(Some(9)).await.unwrap_err();
    assert!(matches!(refused(&error), Refused::Group(_)), "{error}");
    // A file that is larger than the slot.
    simulator.change_updates(|updates| updates.slot_size = 1_000);
    let large = UpdateFile::from_bytes(TestImage::new("1.0.9".parse().unwrap()).size(600_000).to_bytes()).unwrap();
    let error = v1.upload(&large, UploadOptions::default()).finish().await.unwrap_err();
    assert_eq!(refused(&error), Refused::Group(GroupError::IMAGE_TOO_LARGE));
    assert!(matches!(error.kind(), ErrorKind::Upload { error: UploadError::Failed(_), .. }), "{error}");
    // All went on with the same socket and session.
    assert_eq!(short(&v1.list().await.unwrap()), ["0 1.0.6 active confirmed"]);
}

/// What happens on the way, and to the meter, changes nothing in what arrives.
#[tokio::test]
async fn an_upload_arrives_whole_over_every_link() {
    let milliseconds = Duration::from_millis;
    let links = [
        Link::default(),
        Link { loss: 0.05, ..Link::default() },
        Link { delay: milliseconds(3), jitter: milliseconds(6), seed: 2, ..Link::default() },
        Link { doubling: 0.2, seed: 3, ..Link::default() },
        Link { reordering: 0.1, seed: 4, ..Link::default() },
        Link { loss: 0.03, doubling: 0.05, reordering: 0.05, delay: milliseconds(2), jitter: milliseconds(4), seed: 5 },
    ];
    let mut options: Vec<OnlineUpdates> = links.iter().map(|link| OnlineUpdates { link: *link, ..updates() }).collect();
    options.push(OnlineUpdates { restarts: vec![5, 9], ..updates() });
    options.push(OnlineUpdates { buffer_count: 2, answers_when_full: true, ..updates() });
    options.push(OnlineUpdates { buffer_size: 384, buffer_count: 1, ..updates() });
    options.push(OnlineUpdates { largest_datagram: 700, erase_time: milliseconds(300), ..updates() });
    let all_quirks = SmpQuirks { legacy_rc: true, version_0_only: true, image_check: true, ..SmpQuirks::default() };
    options.push(OnlineUpdates { quirks: SmpQuirks { definite_lengths: true, ..all_quirks }, ..updates() });
    let upload = async |options: OnlineUpdates| {
        let told = format!("{options:?}");
        let is_restarting = !options.restarts.is_empty();
        let simulator = start(options);
        let (mut firmware, file) = (firmware(&simulator), file("1.0.9"));
        let mut run = firmware.upload(&file, UploadOptions::default());
        let (mut events, mut progress) = (Vec::new(), Vec::new());
        while let Some(moment) = run.next().await.unwrap() {
            match moment {
                Moment::Event(event) => events.push(event),
                Moment::Progress(now) => progress.push(now.bytes),
            }
        }
        run.finish().await.unwrap_or_else(|error| panic!("{}: {told}", error.with_causes()));
        assert_eq!(simulator.flash(1), file.bytes(), "{told}");
        assert!(matches!(events.last(), Some(UploadEvent::Done(_))), "{events:?} {told}");
        assert_eq!(progress.last(), Some(&20_000), "{told}");
        let losses = events.iter().filter(|event| matches!(event, UploadEvent::Lost { .. })).count();
        assert!(is_restarting || (losses == 0 && progress.is_sorted()), "{progress:?} {events:?} {told}");
    };
    let running: Vec<_> = options.into_iter().map(|options| Box::pin(upload(options))).collect();
    for run in join(running).await {
        run.unwrap_or_else(|_| panic!("an upload hangs"));
    }
}

/// Drives futures side by side, each for a bounded time.
async fn join<F: Future>(futures: Vec<F>) -> Vec<Result<F::Output, tokio::time::error::Elapsed>> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| Box::pin(tokio::time::timeout(HANGS, future))).collect();
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[tokio::test]
async fn an_update_and_the_same_again() {
    let simulator = start(updates());
    let (mut firmware, file) = (firmware(&simulator), file("1.0.9"));
    let options = UpdateOptions { hold_before_reset: true, erase_old: true, ..UpdateOptions::default() };
    let mut update = firmware.update(&file, options);
    let mut events = Vec::new();
    while let Some(moment) = update.next().await.unwrap() {
        if let Moment::Event(event) = moment {
            events.push(event);
        }
    }
    assert!(update.is_held() && events.contains(&UpdateEvent::AboutToReset), "{events:?}");
    assert_eq!(update.next().await.unwrap(), None);
    assert_eq!(simulator.boots(), []);
    update.proceed();
    assert_eq!(update.finish().await.unwrap(), Updated::Updated);
    assert_eq!(short(&firmware.list().await.unwrap()), ["0 1.0.9 active confirmed"]);
    assert_eq!(simulator.boots(), [Boot::Swapped]);
    let count = simulator.datagrams();
    assert_eq!(firmware.update(&file, UpdateOptions::default()).finish().await.unwrap(), Updated::NothingToDo);
    assert_eq!(simulator.datagrams(), count + 1);
}

/// Nobody lets a held update go on: it ends, and says so. Another one goes on from there.
#[tokio::test]
async fn an_update_that_is_held_and_left() {
    let simulator = start(updates());
    let (mut firmware, file) = (firmware(&simulator), file("1.0.9"));
    let options = UpdateOptions { hold_before_reset: true, ..UpdateOptions::default() };
    let error = firmware.update(&file, options).finish().await.unwrap_err();
    assert_eq!(update_error(&error), UpdateError::Cancelled);
    assert_eq!(short(&firmware.list().await.unwrap())[1], "1 1.0.9 pending");
    assert_eq!(firmware.update(&file, UpdateOptions::default()).finish().await.unwrap(), Updated::Updated);
}

#[tokio::test]
async fn an_update_goes_on_from_every_state() {
    let (hash, file) = (image("1.0.9").hash(), &file("1.0.9"));
    for state in 0..6 {
        let simulator = start(updates());
        let mut firmware = firmware(&simulator);
        if state == 1 {
            // Half an upload.
            let mut run = firmware.upload(file, UploadOptions::default());
            while !matches!(run.next().await.unwrap(), Some(Moment::Progress(progress)) if progress.bytes > 5_000) {}
        }
        if state >= 2 {
            firmware.upload(file, UploadOptions::default()).finish().await.unwrap();
        }
        if state >= 3 {
            firmware.test(hash).await.unwrap();
        }
        if state >= 4 {
            firmware.reset().await.unwrap();
            list_after_restart(&mut firmware, &simulator, 1).await;
        }
        if state >= 5 {
            firmware.confirm(None).await.unwrap();
        }
        let expected = match state {
            0..=3 => Updated::Updated,
            4 => Updated::Confirmed,
            _ => Updated::NothingToDo,
        };
        let updated = firmware.update(file, UpdateOptions::default()).finish().await.unwrap();
        assert_eq!(updated, expected, "state {state}");
        let listed = short(&firmware.list().await.unwrap());
        assert_eq!(listed, ["0 1.0.9 active confirmed", "1 1.0.6"], "state {state}");
        assert_eq!(simulator.boots(), [Boot::Swapped], "state {state}");
    }
}

/// Cut off at any moment by a dropped future, some by a new program and some in the same, it ends well in the end.
#[tokio::test]
async fn an_update_that_is_dropped_at_random_goes_on() {
    let update = async |seed: u64| {
        let mut random = fastrand::Rng::with_seed(seed);
        let link = Link { loss: 0.02, seed, delay: Duration::from_millis(2), ..Link::default() };
        let simulator = start(OnlineUpdates { link, ..updates() });
        let (mut firmware, file) = (firmware(&simulator), file("1.0.9"));
        for run in 0..12 {
            let patience = if run < 8 { Duration::from_millis(random.u64(0..150)) } else { HANGS };
            let update = firmware.update(&file, UpdateOptions::default()).finish();
            match tokio::time::timeout(patience, update).await {
                Ok(Ok(_)) => break,
                // A reset that came right after the one of the run before it takes the meter back to the old image.
                Ok(Err(error)) => assert!(
                    matches!(update_error(&error), UpdateError::Reverted { .. }),
                    "{} {:?}",
                    error.with_causes(),
                    simulator.boots()
                ),
                Err(_) => {}
            }
            if random.bool() {
                firmware = at(simulator.smp_addr().unwrap(), QUICK);
            }
        }
        let listed = short(&firmware.list().await.unwrap());
        assert_eq!(listed[0], "0 1.0.9 active confirmed", "seed {seed} {:?}", simulator.boots());
    };
    let running: Vec<_> = (0..10).map(|seed| Box::pin(update(seed))).collect();
    for run in join(running).await {
        run.unwrap_or_else(|_| panic!("an update hangs"));
    }
}

/// Answers that come late are to requests that nobody waits for any more.
#[tokio::test]
async fn late_answers_are_not_taken_for_others() {
    let link = Link { delay: Duration::from_millis(15), jitter: Duration::from_millis(10), ..Link::default() };
    let simulator = start(OnlineUpdates { link, buffer_count: 100, ..updates() });
    let mut firmware = firmware(&simulator);
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..40 {
        let patience = Duration::from_millis(random.u64(0..60));
        let text = format!("dropped {round}");
        if let Ok(answer) = tokio::time::timeout(patience, firmware.echo(&text)).await {
            assert_eq!(answer.unwrap(), text);
        }
        if round % 4 == 0 {
            let text = format!("waited for {round}");
            assert_eq!(firmware.echo(&text).await.unwrap(), text);
        }
        if round % 10 == 0 {
            assert_eq!(short(&firmware.list().await.unwrap()), ["0 1.0.6 active confirmed"]);
        }
    }
}

#[tokio::test]
async fn what_keeps_an_update_from_being_done() {
    let file = &file("1.0.9");
    let old = "1.0.5".parse().unwrap();
    let simulator = start(OnlineUpdates { running: old, ..updates() });
    let error = firmware(&simulator).update(file, UpdateOptions::default()).finish().await.unwrap_err();
    assert_eq!(update_error(&error), UpdateError::OldFirmware { version: Some(old) });
    assert!(simulator.flash(1).is_empty() && simulator.boots().is_empty());
    let options = UpdateOptions { allow_old_firmware: true, ..UpdateOptions::default() };
    assert_eq!(firmware(&simulator).update(file, options).finish().await.unwrap(), Updated::Updated);

    let other = image("1.0.7").to_bytes();
    let simulator = start(OnlineUpdates { other: Some(other.clone()), ..updates() });
    let error = firmware(&simulator).update(file, UpdateOptions::default()).finish().await.unwrap_err();
    assert!(matches!(update_error(&error), UpdateError::NoFreeSlot { taken } if taken.slot == 1), "{error}");
    assert_eq!(simulator.flash(1), other);
    let options = UpdateOptions { erase_if_full: true, ..UpdateOptions::default() };
    assert_eq!(firmware(&simulator).update(file, options).finish().await.unwrap(), Updated::Updated);

    let simulator = start(updates());
    let foreign = UpdateFile::from_bytes(image("1.0.9").signed_with_other_key().to_bytes()).unwrap();
    let error = firmware(&simulator).update(&foreign, UpdateOptions::default()).finish().await.unwrap_err();
    assert!(matches!(update_error(&error), UpdateError::NotAccepted { .. }), "{error}");
    assert_eq!((simulator.boots(), simulator.firmware_version().to_string().as_str()), (vec![Boot::Refused], "1.0.6"));

    // A meter that does not come back.
    let simulator = start(OnlineUpdates { restart_time: Duration::from_secs(3_600), ..updates() });
    let policy = Policy { return_wait: Duration::from_millis(500), ..QUICK };
    let mut firmware = at(simulator.smp_addr().unwrap(), policy);
    let error = firmware.update(file, UpdateOptions::default()).finish().await.unwrap_err();
    assert!(matches!(update_error(&error), UpdateError::NotBack { .. }), "{error}");
}

#[tokio::test]
async fn silence_ends_within_the_policy_s_time() {
    let simulator = start(OnlineUpdates { is_silent: true, ..updates() });
    let wait = Duration::from_millis(600);
    let mut firmware = at(simulator.smp_addr().unwrap(), Policy { give_up: wait, erase_wait: wait, ..QUICK });
    let file = file("1.0.9");
    let start = Instant::now();
    let error = firmware.list().await.unwrap_err();
    let Some(Failure::NoAnswer { command, sent, .. }) = error.kind().failure() else { panic!("{error}") };
    assert!(*command == Command::IMAGE_STATE && *sent >= 2, "{error}");
    assert!((wait..HANGS).contains(&start.elapsed()), "{:?}", start.elapsed());
    let error = firmware.upload(&file, UploadOptions::default()).finish().await.unwrap_err();
    assert!(matches!(error.kind().failure(), Some(Failure::NoAnswer { .. })), "{error}");
    let error = firmware.update(&file, UpdateOptions::default()).finish().await.unwrap_err();
    assert!(matches!(update_error(&error), UpdateError::Failed(Failure::NoAnswer { .. })), "{error}");
    assert!(start.elapsed() < HANGS, "{:?}", start.elapsed());
    // The end of it is no end of the socket.
    simulator.change_updates(|updates| updates.is_silent = false);
    assert_eq!(firmware.echo("hi").await.unwrap(), "hi");
}

/// Linux tells of a port that nobody has; elsewhere it may be silence.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_closed_port_is_told_quickly_and_may_open_again() {
    let address = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    // If it were waited for as for silence, this would hang.
    let patient = Policy { give_up: Duration::from_secs(600), erase_wait: Duration::from_secs(600), ..QUICK };
    let mut firmware = at(address, Policy { tries: 200, ..patient });
    let file = file("1.0.9");
    let is_closed = |error: Error| assert!(matches!(error.kind(), ErrorKind::PortClosed { .. }), "{error:?}");
    let work = async {
        is_closed(firmware.list().await.unwrap_err());
        is_closed(firmware.echo("again").await.unwrap_err());
        is_closed(firmware.upload(&file, UploadOptions::default()).finish().await.unwrap_err());
        is_closed(firmware.update(&file, UpdateOptions::default()).finish().await.unwrap_err());
    };
    tokio::time::timeout(HANGS, work).await.expect("a closed port is told");
    // Updates are allowed now.
    let _simulator = start(OnlineUpdates { port: address.port(), ..updates() });
    assert_eq!(firmware.echo("hi").await.unwrap(), "hi");
    assert_eq!(firmware.list().await.unwrap().images.len(), 1);
}

/// Answers an echo with a text of one's own.
fn echo_answer(request: &[u8], text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 24);
    let head = [3, 0, 0, 4 + length - 1 + 1, 0, 0, request[6], 0, 0xa1, 0x61, b'r', 0x60 + length];
    [&head[..], text.as_bytes()].concat()
}

#[tokio::test]
async fn answers_from_elsewhere_are_not_heard() {
    let meter = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut firmware = at(meter.local_addr().unwrap(), QUICK);
    let serve = async {
        let mut buffer = [0; 2_048];
        loop {
            let (length, client) = meter.recv_from(&mut buffer).await.unwrap();
            let request = &buffer[..length];
            stranger.send_to(&echo_answer(request, "stranger"), client).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            // Nor is what is no answer to it: too short, of another sequence number.
            meter.send_to(&request[..7], client).await.unwrap();
            let other = [&request[..6], &[request[6].wrapping_sub(1)], &request[7..]].concat();
            meter.send_to(&echo_answer(&other, "before"), client).await.unwrap();
            meter.send_to(&echo_answer(request, "meter"), client).await.unwrap();
        }
    };
    let ask = async {
        for _ in 0..5 {
            assert_eq!(firmware.echo("hi").await.unwrap(), "meter");
        }
    };
    tokio::select! {
        () = serve => {}
        () = ask => {}
    }
}

#[tokio::test]
async fn over_ipv6() {
    let local = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    // Not every machine has it.
    if std::net::UdpSocket::bind(local).is_err() {
        return;
    }
    let simulator = Simulator::builder().rows(3).address(local).online_updates(updates()).start_blocking().unwrap();
    let (mut firmware, file) = (firmware(&simulator), file("1.0.9"));
    assert_eq!(firmware.update(&file, UpdateOptions::default()).finish().await.unwrap(), Updated::Updated);
    assert_eq!(firmware.smp().location().to_string(), "::1");
}

/// A name may have several addresses: that which answers is the meter's.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_with_several_addresses() {
    let simulator = start(updates());
    let port = simulator.smp_addr().unwrap().port();
    let mut firmware: Firmware = Meter::new("localhost").unwrap().smp().port(port).policy(QUICK).into();
    assert_eq!(firmware.echo("hi").await.unwrap(), "hi");
    let error = Meter::new("no-such-meter.invalid").unwrap().firmware().list().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Resolve(_)), "{error:?}");
}

#[tokio::test]
async fn two_meters_at_once() {
    let meters = [start(updates()), start(OnlineUpdates { running: "1.0.8".parse().unwrap(), ..updates() })];
    let file = &file("1.0.9");
    let update = async |simulator: &Simulator| {
        firmware(simulator).update(file, UpdateOptions::default()).finish().await.unwrap()
    };
    let (one, other) = tokio::join!(update(&meters[0]), update(&meters[1]));
    assert_eq!([one, other], [Updated::Updated; 2]);
    for simulator in &meters {
        assert_eq!(simulator.firmware_version().to_string(), "1.0.9");
    }
}
