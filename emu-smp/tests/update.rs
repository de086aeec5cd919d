//! The whole update against the model: the manual's walk, every state that a device can be found in, and every place where
//! it can be cut off.

mod model;

use std::time::Duration;

use emu_smp::client::*;
use emu_smp::{GroupError, ReturnCode, Version};
use model::device::{Behaviour, Device, Image, Slot};
use model::link::{Link, Random, Way};
use model::*;

fn images() -> (Image, Image) {
    (Image::new(1, 3000, "1.0.6"), Image::new(2, 9000, "1.0.9"))
}

fn device(behaviour: Behaviour) -> (Device, Image) {
    let (old, new) = images();
    let mut device = Device::new(behaviour, &old);
    device.known.push(new.clone());
    (device, new)
}

fn slot(image: &Image) -> Slot {
    Slot { data: image.file.clone(), ..Slot::default() }
}

/// Runs an update to its end; returns it, when it ended, and what it told.
fn run(
    device: &mut Device,
    new: &Image,
    options: UpdateOptions,
) -> (Result<Updated, UpdateError>, u64, Vec<UpdateEvent>) {
    let mut machine = Updating::new(Session::new(Policy::DEFAULT), new, options);
    let mut link = Link::new(device, Way { delay: 10, ..Way::default() }, 1);
    assert!(link.run(&mut machine, 3_600_000), "{:?}", machine.update);
    (machine.update.outcome().unwrap(), link.now, machine.events)
}

fn assert_updated(device: &Device, new: &Image) {
    assert_eq!(device.image(0), Some(new));
    assert!(device.slots[0].confirmed);
}

#[test]
fn the_manuals_walk() {
    let (mut device, new) = device(Behaviour::default());
    let options = UpdateOptions { erase_old: true, ..UpdateOptions::default() };
    let (outcome, now, events) = run(&mut device, &new, options);
    assert_eq!(outcome, Ok(Updated::Updated));
    assert_updated(&device, &new);
    assert!(device.slots[1].data.is_empty());
    assert!((120_000..125_000).contains(&now), "{now}");
    assert_eq!(device.resets, 1);
    let steps: Vec<_> = events
        .iter()
        .filter_map(|event| if let UpdateEvent::Step(step) = event { Some(*step) } else { None })
        .collect();
    use UpdateStep::*;
    let expected =
        [Listing, Uploading, Verifying, Testing, Listing, Resetting, Waiting, Confirming, Listing, ErasingOld, Listing];
    assert_eq!(steps, expected);
    assert!(events.contains(&UpdateEvent::AboutToReset));
    assert!(events.contains(&UpdateEvent::LeftAlone { wait: Duration::from_secs(120) }));
    assert_eq!(events.last(), Some(&UpdateEvent::Done(Updated::Updated)));
}

#[test]
fn a_device_that_is_asked_early_is_gone_on_with_early() {
    let (mut device, new) = device(Behaviour { boot: 20_000, ..Behaviour::default() });
    let policy = Policy { early_poll: Some(Duration::ZERO), ..Policy::DEFAULT };
    let mut machine = Updating::new(Session::new(policy), &new, UpdateOptions::default());
    let mut link = Link::new(&mut device, Way::default(), 1);
    assert!(link.run(&mut machine, 60_000));
    assert_eq!(machine.update.outcome(), Some(Ok(Updated::Updated)));
    assert!(link.now < 30_000, "{}", link.now);
}

#[test]
fn the_target_that_runs_is_left_alone() {
    let (_, new) = images();
    let mut device = Device::new(Behaviour::default(), &new);
    let (outcome, _, events) = run(&mut device, &new, UpdateOptions::default());
    assert_eq!((outcome, device.resets), (Ok(Updated::NothingToDo), 0));
    assert!(events.contains(&UpdateEvent::AlreadyThere { slot: 0 }));
}

#[test]
fn the_target_that_runs_is_confirmed() {
    let (old, new) = images();
    let mut device = Device::new(Behaviour::default(), &new);
    device.known.push(old.clone());
    device.slots[0].confirmed = false;
    device.slots[1] = slot(&old);
    let (outcome, ..) = run(&mut device, &new, UpdateOptions::default());
    assert_eq!((outcome, device.resets), (Ok(Updated::Confirmed), 0));
    assert_updated(&device, &new);
}

#[test]
fn an_old_version_is_refused() {
    let new = images().1;
    for (version, is_old) in [("1.0.5", true), ("0.4.5", true), ("1.0.6", false), ("1.0.6.1", false), ("odd", true)] {
        let mut device = Device::new(Behaviour::default(), &Image::new(1, 3000, version));
        device.known.push(new.clone());
        let (outcome, ..) = run(&mut device, &new, UpdateOptions::default());
        let version = version.parse().ok();
        let expected = if is_old { Err(UpdateError::OldFirmware { version }) } else { Ok(Updated::Updated) };
        assert_eq!(outcome, expected);
        let options = UpdateOptions { allow_old_firmware: true, ..UpdateOptions::default() };
        assert!(run(&mut device, &new, options).0.is_ok());
    }
}

#[test]
fn an_image_that_is_there_already_is_not_uploaded() {
    for is_pending in [false, true] {
        let (mut device, new) = device(Behaviour::default());
        device.slots[1] = Slot { pending: is_pending, ..slot(&new) };
        let (outcome, _, events) = run(&mut device, &new, UpdateOptions::default());
        assert_eq!(outcome, Ok(Updated::Updated));
        assert_updated(&device, &new);
        assert!(events.contains(&UpdateEvent::AlreadyThere { slot: 1 }));
        assert!(!events.contains(&UpdateEvent::Step(UpdateStep::Uploading)));
        assert_eq!(events.contains(&UpdateEvent::Step(UpdateStep::Testing)), !is_pending);
    }
}

#[test]
fn two_taken_slots_are_told_or_cleared() {
    let (mut device, new) = device(Behaviour::default());
    let third = Image::new(3, 4000, "1.0.7");
    device.known.push(third.clone());
    device.slots[1] = slot(&third);
    let (outcome, ..) = run(&mut device, &new, UpdateOptions::default());
    let Err(UpdateError::NoFreeSlot { taken }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((taken.slot, taken.version, taken.is_pending), (1, "1.0.7".parse().ok(), false));
    assert_eq!(outcome.unwrap_err().to_string(), "both slots are taken: slot 1 holds 1.0.7");

    let options = UpdateOptions { erase_if_full: true, ..UpdateOptions::default() };
    assert_eq!(run(&mut device, &new, options).0, Ok(Updated::Updated));
    assert_updated(&device, &new);
}

#[test]
fn a_slot_that_cannot_be_cleared_is_told() {
    let (mut device, new) = device(Behaviour::default());
    let third = Image::new(3, 4000, "1.0.7");
    device.known.push(third.clone());
    device.slots[1] = Slot { pending: true, ..slot(&third) };
    let options = UpdateOptions { erase_if_full: true, ..UpdateOptions::default() };
    for version in [Version::V0, Version::V1] {
        let session = Session::new(Policy::DEFAULT).with_version(version);
        let mut machine = Updating::new(session, &new, options);
        assert!(Link::new(&mut device, Way::default(), 1).run(&mut machine, 600_000));
        let outcome = machine.update.outcome().unwrap();
        let Err(UpdateError::Failed(Failure::Refused { refused, .. })) = outcome else { panic!("{outcome:?}") };
        match version {
            Version::V0 => assert_eq!(refused.code(), Some(ReturnCode::BAD_STATE)),
            _ => assert_eq!(refused, Refused::Group(GroupError::IMAGE_NO_FREE_SLOT)),
        }
    }
}

#[test]
fn an_image_that_does_not_start_is_told() {
    let (mut device, new) = device(Behaviour { is_target_broken: true, ..Behaviour::default() });
    let (outcome, ..) = run(&mut device, &new, UpdateOptions::default());
    assert_eq!(outcome, Err(UpdateError::Reverted { version: "1.0.6".parse().ok() }));
}

/// MCUboot erases an image whose signature is wrong: running the same again leads nowhere.
#[test]
fn an_image_that_the_boot_loader_does_not_accept_is_told() {
    let (mut device, new) = device(Behaviour { is_target_unsigned: true, ..Behaviour::default() });
    let (outcome, ..) = run(&mut device, &new, UpdateOptions::default());
    assert_eq!(outcome, Err(UpdateError::NotAccepted { version: "1.0.6".parse().ok() }));
}

#[test]
fn an_older_version_is_installed_only_if_that_is_allowed() {
    let version = |text: &str| text.parse().unwrap();
    for (running, target, erases) in [("1.0.9", "1.0.7", false), ("1.0.9", "1.0.5", true), ("1.0.5", "1.0.4", false)] {
        let (old, new) = (Image::new(1, 3000, running), Image::new(2, 9000, target));
        let mut device = Device::new(Behaviour::default(), &old);
        device.known.push(new.clone());
        let third = Image::new(3, 4000, "1.0.8");
        if erases {
            device.known.push(third.clone());
            device.slots[1] = slot(&third);
        }
        let mut options = UpdateOptions { erase_if_full: true, ..UpdateOptions::default() };
        let mut errors = Vec::new();
        while let Err(error) = run(&mut device, &new, options).0 {
            // Nothing was touched.
            assert_eq!((device.resets, device.image(1)), (0, erases.then_some(&third)));
            match error {
                UpdateError::Downgrade { .. } => options.allow_downgrade = true,
                _ => options.allow_old_firmware = true,
            }
            errors.push(error);
        }
        let downgrade = UpdateError::Downgrade { running: version(running), target: version(target) };
        let expected = match (running, target) {
            (_, "1.0.7") => [downgrade].to_vec(),
            ("1.0.5", _) => [UpdateError::OldFirmware { version: Some(version(running)) }, downgrade].to_vec(),
            _ => [UpdateError::OldTarget { version: version(target) }, downgrade].to_vec(),
        };
        assert_eq!(errors, expected);
        assert_updated(&device, &new);
    }
}

/// A second reset would revert what the first starts.
#[test]
fn a_wait_shorter_than_the_device_needs_to_go_down_sends_no_second_reset() {
    for (seconds, reset_delay, way) in [(0, 2000, 0), (1, 4000, 0), (1, 9000, 0), (1, 4000, 900)] {
        let (mut device, new) = device(Behaviour { reset_delay, ..Behaviour::default() });
        let policy = Policy {
            reset_wait: Duration::from_secs(seconds),
            poll_interval: Duration::from_secs(1),
            return_wait: Duration::from_secs(60),
            ..Policy::DEFAULT
        };
        let mut machine = Updating::new(Session::new(policy), &new, UpdateOptions::default());
        let mut link = Link::new(&mut device, Way { delay: 10 + way, ..Way::default() }, 1);
        let resets = std::rc::Rc::new(std::cell::Cell::new(0));
        let seen = resets.clone();
        link.tap = Box::new(move |_, request| {
            seen.set(seen.get() + u32::from(request[5] == 0 && request[7] == 5));
            true
        });
        assert!(link.run(&mut machine, 3_600_000));
        assert_eq!((machine.update.outcome(), resets.get()), (Some(Ok(Updated::Updated)), 1));
    }
}

#[test]
fn a_device_that_stays_away_is_given_up() {
    let (mut device, new) = device(Behaviour { boot: 10_000_000, ..Behaviour::default() });
    let (outcome, now, _) = run(&mut device, &new, UpdateOptions::default());
    assert!(matches!(outcome, Err(UpdateError::NotBack { .. })), "{outcome:?}");
    assert!((600_000..620_000).contains(&now), "{now}");
}

/// The list takes longer than the time from one question to the next.
#[test]
fn a_slow_list_is_taken_while_waiting() {
    let (mut device, new) = device(Behaviour::default());
    let mut machine = Updating::new(Session::new(Policy::DEFAULT), &new, UpdateOptions::default());
    let mut link = Link::new(&mut device, Way { delay: 3500, ..Way::default() }, 1);
    assert!(link.run(&mut machine, 3_600_000));
    assert_eq!(machine.update.outcome(), Some(Ok(Updated::Updated)));
    assert!(link.now < 400_000, "{}", link.now);
}

#[test]
fn a_device_without_test_is_told() {
    let (mut device, new) = device(Behaviour { refuses_state_write: true, ..Behaviour::default() });
    let (outcome, ..) = run(&mut device, &new, UpdateOptions::default());
    let Err(UpdateError::Failed(Failure::Refused { refused, .. })) = outcome else { panic!("{outcome:?}") };
    assert_eq!(refused.code(), Some(ReturnCode::NOT_SUPPORTED));
}

#[test]
fn it_can_be_held_before_the_reset() {
    let (mut device, new) = device(Behaviour::default());
    let options = UpdateOptions { hold_before_reset: true, ..UpdateOptions::default() };
    let mut machine = Updating::new(Session::new(Policy::DEFAULT), &new, options);
    machine.stops_when_held = true;
    let mut link = Link::new(&mut device, Way::default(), 1);
    assert!(link.run(&mut machine, 60_000));
    assert!(machine.update.is_held());
    assert_eq!((machine.update.poll_timeout(), machine.update.step()), (None, UpdateStep::Held));
    assert_eq!(link.device.resets, 0);
    // Meanwhile the power went, and the target was started by that.
    let now = link.now;
    link.device.restart(now);
    link.device.run(now + 10_000);
    machine.update.proceed();
    assert!(link.run(&mut machine, 600_000));
    assert_eq!((machine.update.outcome(), link.device.resets), (Some(Ok(Updated::Updated)), 1));
    assert_updated(&device, &new);
}

#[test]
fn a_lost_reset_is_noticed_and_asked_for_again() {
    let (mut device, new) = device(Behaviour::default());
    device.slots[1] = Slot { pending: true, ..slot(&new) };
    let mut machine = Updating::new(Session::new(Policy::DEFAULT), &new, UpdateOptions::default());
    let mut link = Link::new(&mut device, Way::default(), 1);
    let mut is_lost = false;
    link.tap = Box::new(move |_, request| (request[5], request[7]) != (0, 5) || std::mem::replace(&mut is_lost, true));
    assert!(link.run(&mut machine, 600_000));
    assert_eq!((machine.update.outcome(), link.device.resets), (Some(Ok(Updated::Updated)), 1));
    assert_updated(&device, &new);
}

#[test]
fn an_erasure_that_was_done_before_its_answer_was_lost_is_no_error() {
    let (mut device, new) = device(Behaviour { refuses_blank_erase: true, ..Behaviour::default() });
    let third = Image::new(3, 4000, "1.0.7");
    device.known.push(third.clone());
    device.slots[1] = slot(&third);
    let options = UpdateOptions { erase_if_full: true, ..UpdateOptions::default() };
    let mut machine = Updating::new(Session::new(Policy::DEFAULT), &new, options);
    let mut link = Link::new(&mut device, Way::default(), 1);
    let mut is_lost = false;
    link.filter = Box::new(move |_, answer| answer[7] != 5 || std::mem::replace(&mut is_lost, true));
    assert!(link.run(&mut machine, 600_000));
    assert_eq!(machine.update.outcome(), Some(Ok(Updated::Updated)));
}

/// Each request and each answer of an update is in turn the last before the client is gone, and the last before the device's
/// power fails; then a new update is started.
#[test]
fn an_update_cut_off_anywhere_is_gone_on_with() {
    let times = {
        let (mut device, new) = device(Behaviour { boot: 4000, ..Behaviour::default() });
        let options = UpdateOptions { erase_old: true, ..UpdateOptions::default() };
        let mut machine = Updating::new(Session::new(Policy::DEFAULT), &new, options);
        let times = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let mut link = Link::new(&mut device, Way { delay: 5, ..Way::default() }, 1);
        let seen = times.clone();
        link.tap = Box::new(move |now, _| {
            seen.borrow_mut().extend([now + 1, now + 6, now + 8, now + 100]);
            true
        });
        assert!(link.run(&mut machine, 600_000));
        times.take()
    };
    assert!(times.len() > 60);
    for cut in times {
        for fails_device in [false, true] {
            let (mut device, new) = device(Behaviour { boot: 4000, ..Behaviour::default() });
            let options = UpdateOptions { erase_old: true, ..UpdateOptions::default() };
            let mut first = Updating::new(Session::new(Policy::DEFAULT), &new, options);
            let mut link = Link::new(&mut device, Way { delay: 5, ..Way::default() }, 1);
            link.run(&mut first, cut);
            if fails_device {
                link.device.restart(cut);
            }
            // The device may be starting, too.
            let mut now = cut;
            for _ in 0..3 {
                while let Some(next) = device.next_time().filter(|next| *next < cut + 60_000) {
                    now = now.max(next);
                    device.run(now);
                }
            }
            let (outcome, ..) = run(&mut device, &new, options);
            assert!(outcome.is_ok(), "cut at {cut}, the device's power {fails_device}: {outcome:?}");
            assert_updated(&device, &new);
        }
    }
}

/// Updates over bad ways and with restarts at any moment: each ends with the target running and confirmed, or with a typed
/// error, within bounded time; and then an update over a good way ends well.
#[test]
fn every_schedule_ends_well_or_says_why() {
    let count = std::env::var("EMU_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000);
    let mut failures = 0;
    for seed in 1..=count {
        let mut random = Random(seed * 0x9e37_79b9 + 77);
        let behaviour = Behaviour {
            buffer_count: 1 + random.below(4) as usize,
            has_parameters: random.chance(800),
            service: random.below(10),
            erase: random.below(3000),
            boot: random.below(200_000),
            has_image_check: random.chance(400),
            refuses_blank_erase: random.chance(500),
            ..Behaviour::default()
        };
        let mut way = Way {
            delay: random.below(50),
            jitter: random.below(20),
            loss: random.below(100) as u32,
            doubling: random.below(50) as u32,
            late: if random.chance(300) { random.below(50) as u32 } else { 0 },
            lateness: random.below(1000),
            restarts: Vec::new(),
        };
        if random.chance(400) {
            way.restarts = (0..1 + random.below(3)).map(|_| random.below(200_000)).collect();
        }
        let (mut device, new) = device(behaviour.clone());
        let options = UpdateOptions {
            erase_if_full: random.chance(500),
            erase_old: random.chance(500),
            ..UpdateOptions::default()
        };
        let policy =
            Policy { early_poll: Some(Duration::from_secs(1)).filter(|_| random.chance(500)), ..Policy::DEFAULT };
        let mut machine = Updating::new(Session::new(policy), &new, options);
        let mut link = Link::new(&mut device, way.clone(), seed);
        assert!(link.run(&mut machine, 3_600_000), "seed {seed}: {behaviour:?} {way:?} {:?}", machine.update);
        assert!(link.sent < 3000, "seed {seed}: {} requests", link.sent);
        let mut now = link.now;
        match machine.update.outcome().unwrap() {
            Ok(_) => assert_updated(&device, &new),
            Err(error) => {
                failures += 1;
                // Without a power cut, nothing is lost for good. With one, the target that was not confirmed yet is left
                // again, or the device is away for too long.
                let is_cut = matches!(
                    error,
                    UpdateError::Reverted { .. }
                        | UpdateError::Failed(Failure::NoAnswer { .. })
                        | UpdateError::Upload(UploadError::Failed(Failure::NoAnswer { .. }))
                );
                let has_restarts = !way.restarts.is_empty();
                assert!(has_restarts && is_cut, "seed {seed}: {error}: {behaviour:?} {way:?} {:?}", machine.events);
            }
        }
        while let Some(next) = device.next_time().filter(|next| *next < now + 1_000_000) {
            now = next;
            device.run(now);
        }
        device.behaviour.boot = 3000;
        let (outcome, ..) = run(&mut device, &new, options);
        assert!(outcome.is_ok(), "seed {seed}, again: {outcome:?} {behaviour:?} {way:?}");
    }
    println!("{failures} of {count} failed at first");
}
