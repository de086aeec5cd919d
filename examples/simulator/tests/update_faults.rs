//! Each fault on the way to the update server, and in it, has its effect.

mod common;

use std::time::{Duration, Instant};

use common::smp::{Client, Refused};
use emu_simulator::{Link, OnlineUpdates, Simulator, SmpQuirks, TestImage};
use emu_smp::os::EchoRequest;
use emu_smp::statistics::GroupRequest;
use emu_smp::{Header, ReturnCode, Version};

const ECHO: EchoRequest<'_> = EchoRequest { text: "hi" };

fn start(updates: OnlineUpdates) -> Simulator {
    let restart_time = Duration::from_millis(300);
    Simulator::builder().rows(10).online_updates(OnlineUpdates { restart_time, ..updates }).start_blocking().unwrap()
}

fn on_link(link: Link) -> Simulator {
    start(OnlineUpdates { link, buffer_count: 200, ..OnlineUpdates::default() })
}

/// Sends so many echoes, and returns the sequence numbers of the answers.
fn echoes(simulator: &Simulator, count: usize) -> Vec<u8> {
    let mut client = Client::new(simulator);
    for _ in 0..count {
        client.send(&ECHO);
    }
    client.sequences()
}

#[test]
fn loss_doubling_and_reordering() {
    let whole: Vec<u8> = (1..=100).collect();
    assert_eq!(echoes(&on_link(Link::default()), 100), whole);

    let lossy = Link { loss: 0.2, ..Link::default() };
    let answered = echoes(&on_link(lossy), 100);
    // Four of five arrive, and four of five of their answers.
    assert!((50..80).contains(&answered.len()), "{}", answered.len());
    assert!(answered.is_sorted());
    assert_eq!(echoes(&on_link(lossy), 100), answered);
    assert_ne!(echoes(&on_link(Link { seed: 2, ..lossy }), 100), answered);

    let mut doubled = echoes(&on_link(Link { doubling: 0.2, ..Link::default() }), 100);
    assert!((120..170).contains(&doubled.len()), "{}", doubled.len());
    doubled.dedup();
    doubled.sort_unstable();
    doubled.dedup();
    assert_eq!(doubled, whole);

    let mut reordered = echoes(&on_link(Link { reordering: 0.2, ..Link::default() }), 100);
    assert!(!reordered.is_sorted());
    reordered.sort_unstable();
    assert_eq!(reordered, whole);
}

#[test]
fn delay_and_jitter() {
    let delay = Duration::from_millis(50);
    let simulator = on_link(Link { delay, jitter: Duration::from_millis(20), ..Link::default() });
    let mut client = Client::new(&simulator);
    let times: Vec<Duration> = (0..5)
        .map(|_| {
            let start = Instant::now();
            client.ask(&ECHO).unwrap();
            start.elapsed()
        })
        .collect();
    assert!(times.iter().all(|time| *time >= 2 * delay), "{times:?}");
    assert!(times.iter().any(|time| *time >= 2 * delay + Duration::from_millis(5)), "{times:?}");
}

#[test]
fn silence_and_its_end() {
    let simulator = start(OnlineUpdates { is_silent: true, ..OnlineUpdates::default() });
    assert!(echoes(&simulator, 3).is_empty());
    assert_eq!(simulator.datagrams(), 3);
    simulator.change_updates(|updates| updates.is_silent = false);
    assert_eq!(echoes(&simulator, 3), [1, 2, 3]);
}

#[test]
fn buffers_run_out() {
    let file = TestImage::new("1.0.9".parse().unwrap()).size(20_000).to_bytes();
    for answers_when_full in [false, true] {
        let erase_time = Duration::from_millis(200);
        let other = Some(file.clone());
        let updates =
            OnlineUpdates { buffer_count: 2, answers_when_full, erase_time, other, ..OnlineUpdates::default() };
        let simulator = start(updates);
        let mut client = Client::new(&simulator);
        // While the first erases, the second waits, and there is no place for more.
        client.send(&emu_smp::image::EraseRequest { slot: None });
        for _ in 0..3 {
            client.send(&ECHO);
        }
        let mut answers = Vec::new();
        while let Some(answer) = client.receive(Duration::from_millis(500)) {
            let refused = emu_smp::Refusal::find(&answer[8..]).unwrap().and_then(|refusal| refusal.code());
            answers.push((answer[6], refused));
        }
        let full = Some(ReturnCode::OUT_OF_MEMORY);
        let expected = [(3, full), (4, full), (1, None), (2, None)];
        assert_eq!(answers, expected[if answers_when_full { 0 } else { 2 }..]);
    }
}

#[test]
fn large_datagrams_get_no_answer() {
    let simulator = start(OnlineUpdates { largest_datagram: 1_472, ..OnlineUpdates::default() });
    let mut client = Client::new(&simulator);
    let text = "x".repeat(1_600);
    client.send(&EchoRequest { text: &text[..1_458] });
    client.send(&EchoRequest { text: &text[..1_459] });
    client.send(&EchoRequest { text: &text });
    assert_eq!(client.sequences(), [1]);
    // A buffer that is smaller than the datagram takes its beginning.
    simulator.change_updates(|updates| updates.buffer_size = 1_000);
    assert_eq!(client.ask(&EchoRequest { text: &text[..1_100] }), Err(Refused::Code(9)));
}

#[test]
fn it_restarts_by_itself() {
    let simulator = start(OnlineUpdates { restarts: vec![3, 2], ..OnlineUpdates::default() });
    let mut client = Client::new(&simulator);
    let answered = |client: &mut Client| -> Vec<bool> { (0..3).map(|_| client.echo()).collect() };
    assert_eq!(answered(&mut client), [true, true, false]);
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(answered(&mut client), [true, false, false]);
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(answered(&mut client), [true, true, true]);
    assert_eq!(simulator.boots().len(), 2);
}

#[test]
fn stale_headers() {
    let quirks = SmpQuirks { stale_headers: true, ..SmpQuirks::default() };
    let simulator = start(OnlineUpdates { quirks, has_all_groups: true, ..OnlineUpdates::default() });
    let mut client = Client::new(&simulator);
    client.version = Version::V0;
    client.send(&ECHO);
    client.send(&GroupRequest { name: "nope" });
    assert_eq!(client.receive(Duration::from_secs(1)).unwrap()[6], 1);
    let stale = client.receive(Duration::from_secs(1)).unwrap();
    let header = Header::from_bytes(*stale.first_chunk().unwrap());
    assert_eq!((stale.len(), header.length, header.sequence), (8, 20, 1));
}

#[test]
fn null_hashes_are_taken_unless_told_otherwise() {
    const CONFIRM: &[u8] = b"\x02\x00\x00\x10\x00\x01\x09\x00\xa2\x67confirm\xf5\x64hash\xf6";
    for (refuses_null_hash, is_refused) in [(false, false), (true, true)] {
        let quirks = SmpQuirks { refuses_null_hash, ..SmpQuirks::default() };
        let simulator = start(OnlineUpdates { quirks, ..OnlineUpdates::default() });
        let client = Client::new(&simulator);
        let length = u8::try_from(CONFIRM.len() - 8).unwrap();
        let frame = [&[2, 0, 0, length], &CONFIRM[4..]].concat();
        client.socket.send(&frame).unwrap();
        let answer = client.receive(Duration::from_secs(1)).unwrap();
        assert_eq!(answer.ends_with(b"\xbf\x62rc\x03\xff"), is_refused);
    }
}
