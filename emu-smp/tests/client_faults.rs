//! Faults that existing clients have shown, and quirks that servers have: each by name.

mod model;

use std::time::Duration;

use emu_smp::client::*;
use emu_smp::image::{SetStateRequest, StateRequest};
use emu_smp::os::{EchoRequest, ParametersRequest, ResetRequest};
use emu_smp::{Command, Group, GroupError, Operation, RawRequest, RawResponse, ReturnCode, Version};
use model::cbor::Body;
use model::device::{Behaviour, code, respond};
use model::link::{Link, Machine, Random, Way};
use model::*;

#[test]
fn an_operation_of_four_or_more_and_a_length_of_0xfff8_or_more_are_ignored() {
    let (mut exchange, request) = sent(session(), EchoRequest { text: "hi" });
    let answer = respond(&request, &Body::map(|body| body.string("r", "hi")));
    for op in 4..=7 {
        let mut bad = answer.clone();
        bad[0] = op;
        assert!(exchange.handle_datagram(START, &bad).is_none());
    }
    for length in 0xfff0..=0xffff_u16 {
        let mut bad = answer.clone();
        bad[2..4].copy_from_slice(&length.to_be_bytes());
        assert!(exchange.handle_datagram(START, &bad).is_none());
    }
    for length in 0..answer.len() {
        assert!(exchange.handle_datagram(START, &answer[..length]).is_none());
    }
    assert_eq!(exchange.ignored(), 4 + 16 + answer.len() as u32);
    assert!(exchange.handle_datagram(START, &answer).is_some());
}

#[test]
fn an_err_map_is_no_success() {
    let (mut exchange, request) = sent(session().with_version(Version::V1), StateRequest);
    let refusal = Body::map(|body| {
        body.text("err");
        body.open_map(|body| {
            body.number("group", 1);
            body.number("rc", 28);
        });
    });
    let datagram = respond(&request, &refusal);
    let answer = exchange.handle_datagram(START, &datagram).unwrap();
    let Err(Failure::Refused { refused, .. }) = answer else { panic!("{answer:?}") };
    assert_eq!(refused, Refused::Group(GroupError::IMAGE_ALREADY_PENDING));
    assert!(exchange.is_done() && exchange.poll_timeout().is_none());
}

#[test]
fn a_hash_that_is_missing_is_no_failure() {
    let (mut exchange, request) = sent(session(), StateRequest);
    let list = Body::map(|body| {
        body.list("images", |body| {
            body.open_map(|body| {
                body.number("slot", 0);
                body.string("version", "1.0.6");
            });
        });
    });
    let datagram = respond(&request, &list);
    let state = exchange.handle_datagram(START, &datagram).unwrap().unwrap();
    let image = state.images.iter().next().unwrap();
    assert_eq!((image.slot, image.hash, image.active), (0, None, false));
}

#[test]
fn first_chunk_fields_are_sent_again_when_the_device_wants_byte_0() {
    let (mut device, new) = device(Behaviour::default(), 60_000);
    let way = Way { delay: 10, restarts: vec![500], ..Way::default() };
    let (machine, requests, _) = upload(&mut device, &new, session(), way);
    assert!(machine.upload.outcome().unwrap().is_ok());
    assert!(machine.events.iter().any(|event| matches!(event, UploadEvent::Lost { offset: 1.. })));
    let firsts: Vec<_> =
        requests.iter().map(|(_, request)| body(request)).filter(|body| body.number("off") == Some(0)).collect();
    assert!(firsts.len() > 1);
    for first in firsts {
        assert_eq!(first.number("len"), Some(60_000));
        assert_eq!(first.bytes("sha"), Some(&new.sha[..]));
    }
    assert_eq!(device.image(1), Some(&new));
}

#[test]
fn a_stale_answer_does_not_put_the_client_one_reply_behind() {
    let mut session = session();
    let mut stale = Vec::new();
    for number in 0..1000_u32 {
        let text = number.to_string();
        let (mut exchange, request) = sent(session, EchoRequest { text: &text });
        // The answer before this one comes once more, in front of it.
        if number > 0 {
            assert!(exchange.handle_datagram(START, &stale).is_none());
            assert_eq!(exchange.ignored(), 1);
        }
        stale = respond(&request, &Body::map(|body| body.string("r", &text)));
        assert_eq!(exchange.handle_datagram(START, &stale).unwrap().unwrap().text, text);
        assert!(exchange.handle_datagram(START, &stale).is_none(), "a doubled answer");
        session = *exchange.session();
    }
}

#[test]
fn a_key_that_is_new_is_skipped() {
    let behaviour = Behaviour { has_unknown_keys: true, has_legacy_rc: true, ..Behaviour::default() };
    let (mut device, new) = device(behaviour, 9000);
    let mut machine = Updating::new(session(), &new, UpdateOptions::default());
    assert!(Link::new(&mut device, Way::default(), 1).run(&mut machine, 600_000));
    assert_eq!(machine.update.outcome(), Some(Ok(Updated::Updated)));
}

#[test]
fn a_stale_header_without_a_body_is_ignored() {
    let (mut exchange, request) = sent(session().with_sequence(7), ParametersRequest);
    assert!(exchange.handle_datagram(START, &[1, 0, 0, 20, 0, 0, 6, 6]).is_none());
    assert!(exchange.handle_datagram(START, &[1, 0, 0, 20, 0, 0, 7, 6]).is_none());
    let parameters = Body::map(|body| {
        body.number("buf_size", 384);
        body.number("buf_count", 4);
    });
    let answer = respond(&request, &parameters);
    assert_eq!(exchange.handle_datagram(START, &answer).unwrap().unwrap().buffer_size, 384);
}

#[test]
fn a_request_is_sent_again_under_the_same_number_and_given_up() {
    let (mut exchange, request) = sent(session(), EchoRequest { text: "hi" });
    let (mut now, mut count, mut buffer) = (START, 1, [0; 64]);
    let mut waits = Vec::new();
    let failure = loop {
        let due = exchange.poll_timeout().unwrap();
        exchange.handle_timeout(Instant::from_millis(due.as_millis() - 1));
        assert_eq!(exchange.poll_transmit(now, &mut buffer), None, "too early");
        waits.push((due - now).as_millis());
        now = due;
        exchange.handle_timeout(now);
        if let Some(failure) = exchange.poll_failure() {
            break failure;
        }
        let length = exchange.poll_transmit(now, &mut buffer).unwrap();
        assert_eq!(buffer[..length], request);
        count += 1;
    };
    assert_eq!(waits, [1000, 2000, 4000, 8000, 8000, 7000]);
    let Failure::NoAnswer { sent, waited, .. } = failure else { panic!("{failure}") };
    assert_eq!((sent, waited), (count, Duration::from_secs(30)));
    assert_eq!(failure.to_string(), "no answer to echo: sent 6 times in 30000 ms");
    assert!(exchange.is_done() && exchange.poll_failure().is_none() && exchange.poll_timeout().is_none());
}

/// A device that is reset twice goes back to the image from which it came.
#[test]
fn a_reset_is_sent_once_and_what_writes_is_given_time() {
    let (mut exchange, _) = sent(session(), ResetRequest { force: None, boot_mode: None });
    let due = exchange.poll_timeout().unwrap();
    exchange.handle_timeout(due);
    assert!(matches!(exchange.poll_failure(), Some(Failure::NoAnswer { sent: 1, .. })));

    // Answers are known to take no time.
    let (mut exchange, request) = sent(session(), EchoRequest { text: "" });
    let answer = respond(&request, &Body::map(|body| body.string("r", "")));
    assert!(exchange.handle_datagram(START, &answer).is_some());
    let session = *exchange.session();
    assert_eq!(session.timeout(), Policy::DEFAULT.min_timeout);
    assert_eq!(sent(session, StateRequest).0.poll_timeout(), Some(START + Policy::DEFAULT.min_timeout));
    let confirm = SetStateRequest { hash: None, confirm: Some(true) };
    assert_eq!(sent(session, confirm).0.poll_timeout(), Some(START + Policy::DEFAULT.first_timeout));
}

#[test]
fn a_device_without_buffers_is_asked_again() {
    let (mut exchange, request) = sent(session(), EchoRequest { text: "hi" });
    let mut buffer = [0; 64];
    assert!(exchange.handle_datagram(START, &respond(&request, &code(2))).is_none());
    assert_eq!(exchange.poll_transmit(START, &mut buffer), None, "not at once");
    let due = exchange.poll_timeout().unwrap();
    exchange.handle_timeout(due);
    assert_eq!(exchange.poll_transmit(due, &mut buffer), Some(request.len()));
    let answer = respond(&request, &Body::map(|body| body.string("r", "hi")));
    assert_eq!(exchange.handle_datagram(due, &answer).unwrap().unwrap().text, "hi");
}

#[test]
fn version_1_is_spoken_once_an_echo_in_it_was_answered() {
    let mut exchange = Exchange::new(session(), EchoRequest { text: "hi" }).in_version(Version::V1);
    let mut buffer = [0; 64];
    let length = exchange.poll_transmit(START, &mut buffer).unwrap();
    assert_eq!(exchange.session().version(), Version::V0);
    let answer = respond(&buffer[..length], &Body::map(|body| body.string("r", "hi")));
    assert!(exchange.handle_datagram(START, &answer).unwrap().is_ok());
    assert_eq!(exchange.session().version(), Version::V1);
}

#[test]
fn a_command_that_is_not_known_is_asked_too() {
    let command = Command { group: Group(70), number: 3 };
    let (mut exchange, request) = sent(session(), RawRequest { operation: Operation::Write, command, body: b"\xa0" });
    assert_eq!(request, [2, 0, 0, 1, 0, 70, 0, 3, 0xa0]);
    let datagram = respond(&request, b"anything");
    let answer = exchange.handle_datagram(START, &datagram).unwrap();
    assert_eq!(answer, Ok(RawResponse(b"anything")));
}

#[test]
fn a_device_that_erases_is_waited_for() {
    // Longer than everything else is waited for.
    let (mut device, new) = device(Behaviour { erase: 45_000, ..Behaviour::default() }, 9000);
    let (machine, requests, now) = upload(&mut device, &new, session(), Way { delay: 10, ..Way::default() });
    assert!(machine.upload.outcome().unwrap().is_ok());
    assert!(now < 46_000, "{now}");
    let firsts: Vec<_> = requests.iter().filter(|(_, request)| body(request).number("off") == Some(0)).collect();
    assert!((2..=10).contains(&firsts.len()));
    assert!(firsts.iter().all(|(_, request)| request[6] == firsts[0].1[6]), "one sequence number");
}

/// Neither the size of the buffers nor anything else says how large a frame may be: whatever passes, the upload does.
#[test]
fn no_size_that_a_device_tells_makes_an_upload_stall() {
    for (silent_from, cut) in
        [(4097, 4096), (1473, 1500), (4097, 1500), (1401, 1500), (1300, 1500), (700, 1500), (577, 4096), (300, 1500)]
    {
        for buffer_size in [128, 384, 1500, 2048, 70_000] {
            for largest in [1400, 1472, 4000] {
                let (mut device, new) =
                    device(Behaviour { silent_from, cut, buffer_size, ..Behaviour::default() }, 60_000);
                let session = session().with_largest_frame(largest);
                let (machine, requests, now) = upload(&mut device, &new, session, Way { delay: 10, ..Way::default() });
                assert!(machine.upload.outcome().unwrap().is_ok(), "{silent_from} {cut} {buffer_size}");
                assert_eq!(device.image(1), Some(&new));
                let most = requests.iter().map(|(_, request)| request.len()).max().unwrap();
                assert!(most <= usize::from(largest) && most <= buffer_size as usize);
                let passes = (buffer_size as usize).min(silent_from - 1).min(cut).min(1400);
                let (limit, round_trips) =
                    (if passes < 576 { 20_000 } else { 3000 }, 60_000 / (passes as u64 - 60) * 22);
                assert!(now < limit + round_trips, "{silent_from} {cut} {buffer_size} {largest}: {now}");
            }
        }
    }
}

/// A device on a serial console counts the length and the checksum of a packet for its buffer, also behind a bridge from UDP,
/// as Zephyr's does: frames that fill the buffer would never arrive.
#[test]
fn frames_leave_room_for_what_a_console_adds_to_them() {
    for buffer_size in [256, 384, 512, 1024] {
        let silent_from = buffer_size as usize - 3;
        let (mut device, new) = device(Behaviour { silent_from, buffer_size, ..Behaviour::default() }, 60_000);
        let (machine, requests, now) = upload(&mut device, &new, session(), Way { delay: 10, ..Way::default() });
        assert!(machine.upload.outcome().unwrap().is_ok(), "{buffer_size}");
        assert_eq!(device.image(1), Some(&new));
        assert!(requests.iter().all(|(_, request)| request.len() < silent_from), "{buffer_size}");
        let firsts = requests.iter().filter(|(_, request)| body(request).number("off") == Some(0));
        assert_eq!(firsts.count(), 1, "{buffer_size}");
        assert!(now < 10_000, "{buffer_size}: {now}");
    }
}

#[test]
fn without_parameters_a_piece_has_512_bytes_as_the_manuals_tool_sends() {
    let (mut device, new) = device(Behaviour { has_parameters: false, ..Behaviour::default() }, 60_000);
    let (machine, requests, _) = upload(&mut device, &new, session(), Way { delay: 10, ..Way::default() });
    assert!(machine.upload.outcome().unwrap().is_ok());
    assert_eq!(machine.upload.session().parameters(), Parameters::NotTold);
    let pieces: Vec<_> =
        requests.iter().filter_map(|(_, request)| body(request).bytes("data").map(<[u8]>::len)).collect();
    let (last, whole) = pieces.split_last().unwrap();
    assert!(*last < 512 && whole.iter().all(|length| *length == 512), "{pieces:?}");
}

#[test]
fn a_match_that_is_false_is_an_error() {
    let (mut device, mut new) = device(Behaviour { has_image_check: true, ..Behaviour::default() }, 9000);
    new.sha = [9; 32];
    let (machine, ..) = upload(&mut device, &new, session(), Way::default());
    assert_eq!(machine.upload.outcome(), Some(Err(UploadError::Mismatch)));
}

#[test]
fn an_image_that_is_there_is_not_sent_again() {
    let (mut device, new) = device(Behaviour { has_image_check: true, ..Behaviour::default() }, 9000);
    device.slots[1].data = new.file.clone();
    let (machine, requests, _) = upload(&mut device, &new, session(), Way::default());
    assert_eq!(machine.upload.outcome(), Some(Ok(Uploaded { is_checked: true })));
    assert_eq!(requests.len(), 2);
}

#[test]
fn an_upload_that_broke_is_gone_on_with() {
    let (mut device, new) = device(Behaviour::default(), 60_000);
    let mut first = Uploading::new(session(), &new, UploadOptions::default());
    let mut link = Link::new(&mut device, Way { delay: 10, ..Way::default() }, 1);
    assert!(!link.run(&mut first, 700));
    first.upload.cancel();
    assert_eq!(first.upload.outcome(), Some(Err(UploadError::Cancelled)));
    assert_eq!(
        (first.upload.poll_timeout(), first.upload.poll_event()),
        (None, Some(UploadEvent::Failed(UploadError::Cancelled)))
    );
    let reached = first.upload.progress().bytes;
    let (second, requests, _) = upload(&mut device, &new, session(), Way { delay: 10, ..Way::default() });
    let UploadEvent::Started { offset } = second.events[0] else { panic!("{:?}", second.events) };
    assert!(offset >= reached && reached > 20_000);
    assert!(second.upload.outcome().unwrap().is_ok());
    assert!(requests.len() < 35, "{}", requests.len());
}

/// The last answer is lost; the device is done with the upload, and says that it wants byte 0.
#[test]
fn a_lost_last_answer_does_not_start_the_upload_again() {
    let (mut device, new) = device(Behaviour::default(), 20_000);
    let mut machine = Uploading::new(session(), &new, UploadOptions::default());
    let mut link = Link::new(&mut device, Way { delay: 10, ..Way::default() }, 1);
    let mut is_lost = false;
    link.filter = Box::new(move |_, answer| {
        let is_last = answer[8..].windows(6).any(|window| window == b"off\x19\x4e\x20");
        !is_last || std::mem::replace(&mut is_lost, true)
    });
    assert!(link.run(&mut machine, 60_000));
    assert_eq!(machine.upload.outcome(), Some(Ok(Uploaded { is_checked: false })));
    assert!(link.sent < 26, "{}", link.sent);
    assert!(!machine.events.iter().any(|event| matches!(event, UploadEvent::Lost { .. })));
}

/// One piece is lost: the upload goes back once, at once, and sends twice what it has to.
#[test]
fn one_loss_costs_one_window() {
    for lost in 5..30 {
        let behaviour = Behaviour { buffer_count: 8, ..Behaviour::default() };
        let (mut device, new) = device(behaviour, 60_000);
        let session =
            session().with_parameters(&emu_smp::os::ParametersResponse { buffer_size: 2048, buffer_count: 8 });
        let mut machine = Uploading::new(session, &new, UploadOptions::default());
        let mut link = Link::new(&mut device, Way { delay: 25, ..Way::default() }, 1);
        let mut count = 0;
        link.tap = Box::new(move |_, _| {
            count += 1;
            count != lost
        });
        assert!(link.run(&mut machine, 60_000));
        assert!(machine.upload.outcome().unwrap().is_ok());
        let without = 46;
        assert!(link.sent <= without + 8, "loss of {lost}: {} requests", link.sent);
        assert!(link.now < 1200, "loss of {lost}: {} ms", link.now);
    }
}

/// The manual's tool sends again without pause, for ever.
#[test]
fn a_refusal_of_every_piece_ends_the_upload() {
    let (mut device, new) = device(Behaviour::default(), 9000);
    device.slots[1].pending = true;
    let (machine, requests, _) = upload(&mut device, &new, session(), Way::default());
    let outcome = machine.upload.outcome().unwrap();
    let Err(UploadError::Failed(Failure::Refused { refused, .. })) = outcome else { panic!("{outcome:?}") };
    assert_eq!((refused.code(), requests.len()), (Some(ReturnCode::BAD_STATE), 2));
}

#[test]
fn a_file_that_is_not_the_target_is_not_sent() {
    let (_, new) = device(Behaviour::default(), 9000);
    let mut upload = Upload::new(session(), &target(&new), UploadOptions::default());
    let mut buffer = [0; 1400];
    assert_eq!(upload.poll_transmit(START, &mut &new.file[1..], &mut buffer), None);
    assert_eq!(upload.outcome(), Some(Err(UploadError::Length { expected: 9000, found: 8999 })));
}

#[test]
fn a_buffer_that_is_too_small_is_told() {
    let (_, new) = device(Behaviour::default(), 9000);
    let session = session().with_parameters(&emu_smp::os::ParametersResponse { buffer_size: 2048, buffer_count: 4 });
    let mut upload = Upload::new(session, &target(&new), UploadOptions::default());
    assert_eq!(upload.poll_transmit(START, &mut &new.file[..], &mut [0; 90]), None);
    assert_eq!(upload.outcome(), Some(Err(UploadError::Buffer { capacity: 90 })));
}

/// A device that answers anything at all: offsets at random, refusals, answers to others, noise. It ends.
#[test]
fn a_device_that_answers_nonsense_is_given_up() {
    let (_, new) = device(Behaviour::default(), 9000);
    for seed in 1..3000 {
        let mut random = Random(seed);
        let mut machine = Uploading::new(session(), &new, UploadOptions::default());
        let (mut now, mut buffer, mut requests) = (START, [0; 1400], 0);
        let range = [10, 9000, 9001, 70_000][random.below(4) as usize];
        while !machine.is_done() {
            let mut last = Vec::new();
            while let Some(length) = machine.transmit(now, &mut buffer) {
                last = buffer[..length].to_vec();
                requests += 1;
            }
            if last.is_empty() || random.chance(100) {
                let Some(due) = machine.poll_timeout() else { break };
                now = now.max(due);
                machine.timeout(now);
                continue;
            }
            let mut answer = match random.below(10) {
                0 => respond(&last, &code(random.below(11) as u32)),
                _ => respond(&last, &Body::map(|body| body.number("off", random.below(range) as u32))),
            };
            if random.chance(100) {
                let at = random.below(answer.len() as u64) as usize;
                answer[at] ^= 1 << random.below(8);
            }
            now = now + Duration::from_millis(random.below(50));
            machine.datagram(now, &answer);
            assert!(requests < 20_000, "seed {seed}");
        }
        assert!(now < Instant::from_millis(3_600_000));
    }
}

/// Any bytes at all, to every machine.
#[test]
fn any_datagram_is_survived() {
    let (_, new) = device(Behaviour::default(), 9000);
    let mut random = Random(42);
    let mut update = Updating::new(session(), &new, UpdateOptions::default());
    let (mut exchange, _) = sent(session(), StateRequest);
    let mut buffer = [0; 1400];
    for _ in 0..20_000 {
        let _ = update.transmit(START, &mut buffer);
        let mut datagram: Vec<u8> = (0..random.below(40)).map(|_| random.next() as u8).collect();
        if datagram.len() >= 8 && random.chance(700) {
            let length = datagram.len() as u8 - 8;
            datagram[..8].copy_from_slice(&[1, 0, 0, length, 0, 1, 1, 0]);
        }
        update.datagram(START, &datagram);
        if exchange.handle_datagram(START, &datagram).is_some() {
            (exchange, _) = sent(session(), StateRequest);
        }
        if update.is_done() {
            update = Updating::new(session(), &new, UpdateOptions::default());
        }
    }
}

#[test]
fn every_type_can_be_shared_shown_and_cloned() {
    fn check<T: Send + Sync + std::fmt::Debug + Clone + 'static>() {}
    fn check_error<T: std::error::Error + Copy + PartialEq>() {}
    check::<(Exchange<StateRequest>, Failure, Instant, OtherImage, Parameters, Policy, ReadError, Reason, Refused)>();
    check::<(Session, Target, Update, UpdateError, UpdateEvent, UpdateOptions, UpdateStep, Updated)>();
    check::<(Upload, UploadError, UploadEvent, UploadOptions, UploadProgress, Uploaded)>();
    check_error::<Failure>();
    check_error::<UpdateError>();
    check_error::<UploadError>();
    check_error::<ReadError>();
}
