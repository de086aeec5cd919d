//! The server beside a real one, and against bytes of any kind.

mod common;
mod firmware;

use common::Cbor;
use emu_smp::file_system::{ReadRequest, WriteRequest};
use emu_smp::{Firmware, Header, Operation, Server, Version, decode_response, encode_request};
use firmware::{Device, Twin};
use proptest::prelude::*;
use serde_json::{Value, json};

const EXCHANGES: &str = include_str!("data/zephyr_4.4.0_native_sim_udp.jsonl");

/// Those whose answer depends on the order of groups, and on what they say of themselves.
const ORDERED: [&str; 4] = ["enum list", "enum single 0", "enum details", "enum details subset"];

fn answers(firmware: &mut impl Firmware, mut datagram: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (mut server, mut buffer) = (Server::new(), vec![0; size]);
    let mut answers = Vec::new();
    while let Some(answer) = server.answer(firmware, &mut datagram, &mut buffer) {
        answers.push(answer.to_vec());
    }
    answers
}

fn bytes(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap().as_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn answers_as_a_real_server_does() {
    let (mut twin, mut compared) = (Twin::default(), 0);
    for line in EXCHANGES.lines() {
        let exchange: Value = serde_json::from_str(line).unwrap();
        let name = exchange["name"].as_str().unwrap();
        if ORDERED.contains(&name) {
            continue;
        }
        let answered = answers(&mut twin, &bytes(&exchange["req"]), 2_048);
        assert_eq!(answered.len(), 1, "{name}");
        let (header, body) = Header::split(&answered[0]).unwrap();
        let real = bytes(&exchange["rsp"][0]);
        let (real_header, _) = Header::split(&real).unwrap();
        assert_eq!(Header { length: 0, ..header }, Header { length: 0, ..real_header }, "{name}");
        assert_eq!(Cbor::parse(body).0.to_json(), exchange["body"], "{name}");
        compared += 1;
    }
    assert_eq!(compared, 68);
}

/// However large the buffer is, an answer is no longer than a frame can be, and the requests behind are answered, too.
#[test]
fn no_answer_is_longer_than_a_frame() {
    let (mut twin, name) = (Twin::default(), "/lfs1/v.txt");
    let data = vec![0x5a; 50_000];
    let mut frame = vec![0; 60_000];
    for (offset, length) in [(0, Some(100_000)), (50_000, None)] {
        let request = WriteRequest { length, offset, data: &data, name };
        let length = encode_request(&request, Version::V1, 1, &mut frame).unwrap();
        assert_eq!(answers(&mut twin, &frame[..length], 2_048).len(), 1);
    }
    let length = encode_request(&ReadRequest { offset: 0, name }, Version::V1, 2, &mut frame).unwrap();
    let answered = answers(&mut twin, &[&frame[..length]; 2].concat(), 200_000);
    assert_eq!(answered.len(), 2);
    let (header, body) = Header::split(&answered[0]).unwrap();
    assert_eq!((usize::from(header.length), answered[0].len()), (body.len(), body.len() + Header::LENGTH));
    let response = decode_response::<ReadRequest<'_>>(body).unwrap().unwrap();
    assert_eq!((response.offset, response.length), (0, Some(100_000)));
    assert!(response.data.len() > 65_000 && response.data.iter().all(|byte| *byte == 0x5a));
}

#[test]
fn groups_are_told() {
    let ask = |command, body: &[u8]| {
        let request = [&[0x08, 0, 0, body.len() as u8, 0, 10, 1, command], body].concat();
        let answered = answers(&mut Twin::default(), &request, 2_048).remove(0);
        Cbor::parse(&answered[8..]).0.to_json()
    };
    assert_eq!(ask(1, b"\xa0"), json!({"groups": [0, 2, 3, 8, 9, 10, 63]}));
    assert_eq!(ask(2, b"\xa0"), json!({"group": 0}));
    assert_eq!(ask(2, b"\xa1\x65index\x06"), json!({"group": 63, "end": true}));
    let some = json!({"groups": [{"group": 2, "name": "stat mgmt", "handlers": 2}, {"group": 63}]});
    assert_eq!(ask(3, b"\xa1\x66groups\x83\x02\x18\x3f\x01"), some);
}

#[test]
fn requests_in_one_datagram() {
    let echo = |sequence| [b"\x02\x00\x00\x06\x00\x00", &[sequence, 0][..], b"\xa1\x61d\x62hi"].concat();
    let unknown = b"\x00\x00\x00\x01\x00\x00\x07\x4d\xa0".to_vec();
    let sequences = |datagram: &[u8]| -> Vec<u8> {
        answers(&mut Device::new(), datagram, 64).iter().map(|answer| answer[6]).collect()
    };
    assert_eq!(sequences(&[echo(1), echo(2), echo(3)].concat()), [1, 2, 3]);
    // Behind a refusal, nothing is done; what is no header is dropped.
    assert_eq!(sequences(&[echo(1), unknown, echo(3)].concat()), [1, 7]);
    assert_eq!(sequences(&[echo(1), b"\x02\x00\x00".to_vec()].concat()), [1]);
    // A request that is cut short is told as such.
    let cut = answers(&mut Device::new(), &echo(5)[..12], 64);
    assert_eq!(cut, [b"\x03\x00\x00\x05\x00\x00\x05\x00\xa1\x62rc\x09"]);
    assert!(sequences(&echo(1)[..7]).is_empty());
}

#[test]
fn an_answer_that_does_not_fit_is_refused() {
    let list = b"\x08\x00\x00\x01\x00\x01\x09\x00\xa0";
    assert_eq!(answers(&mut Device::new(), list, 60), [b"\x09\x00\x00\x05\x00\x01\x09\x00\xa1\x62rc\x07"]);
    assert!(answers(&mut Device::new(), list, 12).is_empty());
    assert!(answers(&mut Device::new(), list, 0).is_empty());
}

/// Frames that are nearly right: known groups and commands, bodies of CBOR or of anything.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let keys = ["d", "off", "len", "data", "sha", "hash", "confirm", "slot", "image", "upgrade", "name", "val", "argv"];
    let value = prop_oneof![
        any::<u64>().prop_map(|number| Cbor::Number(number.into())),
        any::<i16>().prop_map(|number| Cbor::Number(number.into())),
        (0_i128..3_000).prop_map(Cbor::Number),
        proptest::collection::vec(any::<u8>(), 0..70).prop_map(Cbor::Bytes),
        (0_usize..1_500).prop_map(|length| Cbor::Bytes(firmware::image(1, 0, 9, 1_500)[..length].to_vec())),
        ".{0,8}".prop_map(Cbor::Text),
        (20_u8..23).prop_map(Cbor::Simple),
        Just(Cbor::List(vec![Cbor::Number(1), Cbor::Text("help".to_owned())])),
    ];
    let pair = (proptest::sample::select(keys.to_vec()), value);
    let body = proptest::collection::vec(pair, 0..6).prop_map(|pairs| {
        Cbor::Map(pairs.into_iter().map(|(key, value)| (Cbor::Text(key.to_owned()), value)).collect()).to_bytes(false)
    });
    let body = prop_oneof![8 => body, 1 => proptest::collection::vec(any::<u8>(), 0..64)];
    let head = (0_u8..32, 0_u16..12, any::<u8>(), 0_u8..9, prop_oneof![9 => Just(0_i32), 1 => -3..3_i32]);
    (head, body).prop_map(|((first, group, sequence, command, wrong), body)| {
        let length = (body.len() as i32 + wrong).max(0) as u16;
        let header = Header { length, ..Header::from_bytes([first, 0, 0, 0, 0, group as u8, sequence, command]) };
        [&header.to_bytes()[..], &body].concat()
    })
}

/// Whatever comes, the answers are good frames that answer requests, and stay within the buffer.
fn check(server: &mut Server, device: &mut impl Firmware, datagram: &[u8], size: usize) {
    let mut rest = datagram;
    let mut buffer = vec![0xa5; size + 16];
    let mut left = rest.len();
    loop {
        let before = rest;
        let Some(answer) = server.answer(device, &mut rest, &mut buffer[..size]) else { break };
        assert!(answer.len() <= size);
        let (header, body) = Header::split(answer).unwrap();
        assert_eq!(body.len() + 8, answer.len());
        Cbor::parse(body);
        let request = Header::from_bytes(*before.first_chunk().unwrap());
        assert!(header.operation.is_response() && header.check_answers(&request).is_ok());
        assert!(matches!(header.version, Version::V0 | Version::V1));
        assert!(request.operation != Operation::Read || header.operation == Operation::ReadResponse);
        assert_eq!(buffer[size..], [0xa5; 16]);
        assert!(rest.len() < left);
        left = rest.len();
    }
}

proptest! {
    #[test]
    fn any_bytes(datagram in proptest::collection::vec(any::<u8>(), 0..100), size in 0_usize..300) {
        check(&mut Server::new(), &mut Device::new(), &datagram, size);
        check(&mut Server::new(), &mut Twin::default(), &datagram, size);
    }

    #[test]
    fn any_frames(datagrams in proptest::collection::vec(frames(), 1..20), size in 64_usize..400, checks: bool) {
        let (mut server, mut device) = (Server::new(), Device { checks, ..Device::new() });
        let running = device.slots[0];
        for datagram in &datagrams {
            check(&mut server, &mut device, datagram, size);
            check(&mut Server::new(), &mut Twin::default(), datagram, size);
        }
        // Nothing that came has touched the image that runs.
        prop_assert_eq!(device.slots[0], running);
    }
}
