//! How long a device is waited for, how large frames are, and files over ways that lose answers.

mod model;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use emu_smp::client::*;
use emu_smp::image::{SetStateRequest, StateRequest};
use emu_smp::os::{EchoRequest, ParametersRequest, ResetRequest};
use emu_smp::{ReturnCode, Version};
use model::cbor::Body;
use model::device::{Behaviour, Device, Image, code, respond};
use model::link::{Link, Random, Way};
use model::*;

/// What a way without anybody at its end does to an exchange: when it is given up, and as what.
fn silence<R: emu_smp::Request>(policy: Policy, session: Session, request: R) -> (u64, Failure) {
    let mut exchange = Exchange::new(session.with_policy(policy), request);
    let (mut now, mut buffer) = (START, [0; 256]);
    loop {
        let _ = exchange.poll_transmit(now, &mut buffer);
        now = exchange.poll_timeout().unwrap();
        exchange.handle_timeout(now);
        if let Some(failure) = exchange.poll_failure() {
            return (now.as_millis(), failure);
        }
    }
}

/// A session in which an echo was answered at once.
fn heard() -> Session {
    let (mut exchange, request) = sent(session(), EchoRequest { text: "" });
    assert!(exchange.handle_datagram(START, &respond(&request, &Body::map(|body| body.string("r", "")))).is_some());
    *exchange.session()
}

#[test]
fn silence_is_given_up_when_the_policy_says_so() {
    let (old, new) = (Image::new(1, 2000, "1.0.6"), Image::new(2, 9000, "1.0.9"));
    for seconds in [1, 2, 10, 200] {
        let policy = Policy { give_up: Duration::from_secs(seconds), ..Policy::DEFAULT };
        let (expected, session) = (seconds * 1000, session().with_policy(policy));
        assert_eq!(silence(policy, session, StateRequest).0, expected);
        assert_eq!(silence(policy, session, SetStateRequest { hash: None, confirm: None }).0, expected);
        assert_eq!(silence(policy, session, emu_smp::image::EraseRequest { slot: None }).0, expected);
        assert_eq!(silence(policy, session, ResetRequest { force: None, boot_mode: None }).0, expected);

        let mut device = Device::new(Behaviour::default(), &old);
        let mut machine = Updating::new(session, &new, UpdateOptions::default());
        let mut link = Link::new(&mut device, Way::default(), 1);
        link.tap = Box::new(|_, _| false);
        assert!(link.run(&mut machine, 1_000_000));
        assert_eq!(link.now, expected);
        let mut machine = Uploading::new(session, &new, UploadOptions::default());
        let mut link = Link::new(&mut device, Way::default(), 1);
        link.tap = Box::new(|_, _| false);
        assert!(link.run(&mut machine, 1_000_000));
        assert_eq!(link.now, expected);

        // In the middle of an upload.
        let mut machine = Uploading::new(session, &new, UploadOptions::default());
        let mut link = Link::new(&mut device, Way { delay: 10, ..Way::default() }, 1);
        link.tap = Box::new(|now, _| now < 260);
        assert!(link.run(&mut machine, 1_000_000));
        // From the last answer on, but for a piece in a larger frame.
        assert!((expected..expected + 1500).contains(&link.now), "{}", link.now);
        let outcome = machine.upload.outcome().unwrap();
        assert!(matches!(outcome, Err(UploadError::Failed(Failure::NoAnswer { .. }))), "{outcome:?}");
    }
}

#[test]
fn a_device_is_waited_for_while_it_erases_only_if_it_was_heard() {
    let erase = emu_smp::image::EraseRequest { slot: None };
    assert_eq!(silence(Policy::DEFAULT, session(), erase).0, 30_000);
    assert_eq!(silence(Policy::DEFAULT, heard(), erase).0, 90_000);
    let policy = Policy { give_up: Duration::from_secs(200), ..Policy::DEFAULT };
    assert_eq!(silence(policy, heard(), erase).0, 200_000);
}

#[test]
fn an_outage_shorter_than_the_patience_is_survived() {
    let (mut device, new) = device(Behaviour::default(), 60_000);
    let policy = Policy { give_up: Duration::from_secs(200), ..Policy::DEFAULT };
    let mut machine = Uploading::new(session().with_policy(policy), &new, UploadOptions::default());
    let mut link = Link::new(&mut device, Way { delay: 10, ..Way::default() }, 1);
    link.tap = Box::new(|now, _| !(400..120_400).contains(&now));
    assert!(link.run(&mut machine, 1_000_000));
    assert!(machine.upload.outcome().unwrap().is_ok(), "{:?}", machine.upload.outcome());
    assert!(link.now < 132_000, "{}", link.now);
}

/// After losses, requests that write are waited for no longer than before, once one is answered.
#[test]
fn a_loss_long_ago_costs_a_later_request_nothing() {
    let mut session = heard();
    let usual = session.timeout();
    let confirm = SetStateRequest { hash: None, confirm: Some(true) };
    let mut buffer = [0; 64];
    for _ in 0..5 {
        let (mut exchange, request) = sent(session, confirm);
        let due = exchange.poll_timeout().unwrap();
        assert_eq!(due, START + Policy::DEFAULT.first_timeout);
        exchange.handle_timeout(due);
        let _ = exchange.poll_transmit(due, &mut buffer);
        let list = respond(&request, &Body::map(|body| body.list("images", |_| ())));
        assert!(exchange.handle_datagram(due, &list).is_some());
        // One that is not lost.
        let (mut exchange, request) = sent(*exchange.session(), confirm);
        let list = respond(&request, &Body::map(|body| body.list("images", |_| ())));
        assert!(exchange.handle_datagram(START, &list).is_some());
        session = *exchange.session();
        assert_eq!(session.timeout(), usual);
    }
}

#[test]
fn a_device_that_is_busy_to_the_end_is_told_as_busy() {
    for rc in [2, 10] {
        let (mut exchange, request) = sent(session(), StateRequest);
        let (mut now, mut buffer) = (START, [0; 64]);
        let failure = loop {
            assert!(exchange.handle_datagram(now, &respond(&request, &code(rc))).is_none());
            now = exchange.poll_timeout().unwrap();
            exchange.handle_timeout(now);
            if let Some(failure) = exchange.poll_failure() {
                break failure;
            }
            let _ = exchange.poll_transmit(now, &mut buffer);
        };
        let Failure::Refused { refused, .. } = failure else { panic!("{failure}") };
        assert_eq!((refused.code(), now.as_millis()), (Some(ReturnCode(rc as i32)), 30_000));
    }
}

#[test]
fn a_reset_is_waited_for_as_long_as_anything_else() {
    let (mut exchange, request) = sent(session(), ResetRequest { force: None, boot_mode: None });
    assert_eq!(exchange.poll_timeout(), Some(START + Policy::DEFAULT.give_up));
    let later = Instant::from_millis(1400);
    assert!(exchange.handle_datagram(later, &respond(&request, &Body::map(|_| ()))).unwrap().is_ok());
}

/// Uploads a file over a way that loses answers, to a server that refuses what is not for the file's end; returns what the
/// server has at the end, and how long the longest frame was.
fn upload_file(session: Session, bytes: &[u8], buffer_size: usize) -> (Vec<u8>, usize) {
    let mut upload = FileUpload::new("/lfs1/f", bytes).with_piece(session.file_piece("/lfs1/f"));
    let (mut session, mut file, mut random, mut now, mut longest) = (session, Vec::new(), Random(7), START, 0);
    let mut asks = false;
    let mut buffer = [0; 1400];
    while let Some(request) = upload.next_request() {
        if asks {
            asks = false;
            assert!(upload.handle_refusal(file.len() as u64).unwrap());
            continue;
        }
        let mut exchange = Exchange::new(session, request);
        loop {
            if let Some(length) = exchange.poll_transmit(now, &mut buffer) {
                longest = longest.max(length);
                let request = &buffer[..length];
                let body = body(request);
                let offset = body.number("off").unwrap() as usize;
                let is_there = length <= buffer_size;
                let is_taken = is_there && (offset == 0 || offset == file.len());
                if is_taken {
                    file.truncate(offset);
                    file.extend(body.bytes("data").unwrap());
                }
                let answer = match (is_taken, request[0] & 0x18) {
                    (true, _) => Body::map(|body| body.number("off", file.len() as u32)),
                    (false, 0) => code(1),
                    (false, _) => Body::map(|body| {
                        body.text("err");
                        body.open_map(|body| {
                            body.number("group", 8);
                            body.number("rc", 11);
                        });
                        body.number("len", file.len() as u32);
                    }),
                };
                if is_there && !random.chance(200) {
                    let answer = respond(request, &answer);
                    match exchange.handle_datagram(now, &answer).unwrap() {
                        Ok(response) => upload.handle(&response).unwrap(),
                        Err(Failure::Refused { .. }) => match exchange.refused_length() {
                            Some(length) => assert!(upload.handle_refusal(length).unwrap()),
                            None => asks = true,
                        },
                        Err(failure) => panic!("{failure}"),
                    }
                    session = *exchange.session();
                    break;
                }
            }
            now = exchange.poll_timeout().unwrap();
            exchange.handle_timeout(now);
            assert_eq!(exchange.poll_failure(), None);
        }
    }
    assert!(now.as_millis() < 60_000, "{now:?}");
    (file, longest)
}

#[test]
fn lost_answers_do_not_end_the_upload_of_a_file() {
    let bytes: Vec<u8> = (0..20_000_u32).map(|at| (at * 7) as u8).collect();
    for version in [Version::V0, Version::V1] {
        assert_eq!(upload_file(session().with_version(version), &bytes, 1500).0, bytes);
    }
}

#[test]
fn pieces_of_a_file_fit_into_the_devices_buffers() {
    let (mut exchange, request) = sent(session(), ParametersRequest);
    let parameters = Body::map(|body| {
        body.number("buf_size", 384);
        body.number("buf_count", 4);
    });
    assert!(exchange.handle_datagram(START, &respond(&request, &parameters)).unwrap().is_ok());
    let session = *exchange.session();
    assert_eq!(session.parameters(), Parameters::Told { buffer_size: 384, buffer_count: 4 });
    let (file, longest) = upload_file(session, &[7; 5000], 384);
    assert_eq!(file, [7; 5000]);
    assert!((340..=384).contains(&longest), "{longest}");
}

#[test]
fn no_frame_is_larger_than_the_session_allows() {
    let text = "a".repeat(600);
    let mut buffer = [0; 2048];
    for (largest, fits) in [(64, false), (612, false), (613, false), (614, true), (1400, true)] {
        let mut exchange = Exchange::new(session().with_largest_frame(largest), EchoRequest { text: &text });
        let length = exchange.poll_transmit(START, &mut buffer);
        assert_eq!(length.is_some(), fits, "{largest}: {length:?}");
        assert!(length.is_none_or(|length| length <= usize::from(largest)));
        assert_eq!(matches!(exchange.poll_failure(), Some(Failure::TooLarge { .. })), !fits);
    }
    assert!(
        Exchange::new(session(), EchoRequest { text: &"a".repeat(1500) }).poll_transmit(START, &mut buffer).is_none()
    );
}

/// Neither is silently raised, to wait for an answer that cannot come. Four bytes of a buffer are left free.
#[test]
fn frames_too_small_for_an_upload_are_told_at_once() {
    for (largest, buffer_size, too_small) in
        [(64, 2048, Some(64)), (1400, 100, Some(96)), (1400, 116, None), (112, 2048, None), (1400, 0, None)]
    {
        let (mut device, new) = device(Behaviour { buffer_size, ..Behaviour::default() }, 1000);
        let session = session().with_largest_frame(largest);
        let (machine, requests, now) = upload(&mut device, &new, session, Way { delay: 10, ..Way::default() });
        let outcome = machine.upload.outcome().unwrap();
        match too_small {
            Some(capacity) => assert_eq!((outcome, now), (Err(UploadError::Buffer { capacity }), 21)),
            None => assert!(outcome.is_ok(), "{outcome:?}"),
        }
        assert!(requests.iter().all(|(_, request)| request.len() <= usize::from(largest)));
    }
}

/// On a serial line one piece is under way at a time, in frames that the device's buffer holds, and answers that take long are
/// waited for.
#[test]
fn a_serial_line_is_asked_one_thing_at_a_time() {
    for (buffer_size, has_parameters, largest) in [(384, true, 380), (2048, true, 640), (2048, false, 579)] {
        let (old, new) = (Image::new(1, 2000, "1.0.6"), Image::new(2, 9000, "1.0.9"));
        let behaviour = Behaviour { buffer_size, has_parameters, service: 400, ..Behaviour::USUAL };
        let mut device = Device::new(behaviour, &old);
        device.known.push(new.clone());
        let mut machine = Uploading::new(Session::serial(Policy::SERIAL), &new, UploadOptions::default());
        let mut link = Link::new(&mut device, Way { delay: 80, ..Way::default() }, 1);
        let under_way = Rc::new(Cell::new(0));
        let longest = Rc::new(Cell::new(0));
        let (sent, answered, length) = (under_way.clone(), under_way.clone(), longest.clone());
        link.tap = Box::new(move |_, frame| {
            sent.set(sent.get() + 1);
            length.set(length.get().max(frame.len()));
            assert_eq!(sent.get(), 1);
            true
        });
        link.filter = Box::new(move |_, _| {
            answered.set(answered.get() - 1);
            true
        });
        assert!(link.run(&mut machine, 600_000));
        assert_eq!((longest.get(), under_way.get()), (largest, 0));
        assert_eq!(machine.upload.outcome().map(|outcome| outcome.map(drop)), Some(Ok(())));
    }
}
