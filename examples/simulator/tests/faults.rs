//! Every fault as a client meets it, over real sockets.

mod common;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use common::{Answer, connect, get, read_answer};
use emu_proto::{Delimiter, Dialect, HeaderForm, TimeForm};
use emu_simulator::{BodyLength, Builder, Fault, Household, Incident, Moment, Quirks, Simulator};

const LENGTHS: [BodyLength; 3] = [BodyLength::Chunked, BodyLength::Stated, BodyLength::CloseDelimited];

fn small() -> Builder {
    Simulator::builder().rows(200)
}

/// The body of all 200 rows, without any fault.
fn whole() -> Vec<u8> {
    get(&small().start_blocking().unwrap(), "/data/").body()
}

fn struck(fault: Fault, length: BodyLength) -> Answer {
    get(&small().body_length(length).fault(fault).start_blocking().unwrap(), "/data/")
}

#[test]
fn a_body_is_cut_at_the_byte() {
    let whole = whole();
    for length in LENGTHS {
        for at in [0, 1, 999, whole.len() - 1, whole.len()] {
            let answer = struck(Fault::cut(at as u64), length);
            assert_eq!((answer.status, answer.reset), (200, false), "{length:?} {at}");
            assert!(answer.body() == whole[..at], "{length:?} {at}: {} bytes", answer.body().len());
            let all_there = length == BodyLength::Stated && at == whole.len();
            assert!(length == BodyLength::CloseDelimited || answer.is_complete() == all_there, "{length:?} {at}");
        }
        let answer = struck(Fault::cut(whole.len() as u64 + 1), length);
        assert!(answer.body() == whole);
    }
}

#[test]
fn a_connection_is_reset_at_the_byte() {
    let whole = whole();
    for length in LENGTHS {
        for at in [0, 1, 5_000] {
            let answer = struck(Fault::reset(at as u64), length);
            assert!(answer.reset, "{length:?} {at}");
            // What was under way may be lost with the connection.
            assert!(whole[..at].starts_with(&answer.body()));
        }
    }
}

#[test]
fn a_long_body_is_cut_at_the_byte_though_the_client_is_slow() {
    let simulator = Simulator::builder().rows(3_000).fault(Fault::cut(300_000)).start_blocking().unwrap();
    let mut stream = connect(&simulator);
    stream.write_all(b"GET /data/ HTTP/1.1\r\nHost: m\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let answer = read_answer(&mut stream);
    assert_eq!((answer.body().len(), answer.reset), (300_000, false));
}

#[test]
fn pieces_are_sent_one_by_one() {
    let fault = Fault::chunks(1_000, Duration::from_millis(1));
    let answer = struck(fault.clone(), BodyLength::Chunked);
    let chunks = answer.chunks();
    assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.len() == 1_000));
    assert!(chunks.concat() == whole() && answer.is_complete());
    for length in [BodyLength::Stated, BodyLength::CloseDelimited] {
        assert!(struck(fault.clone(), length).body() == whole());
    }
}

#[test]
fn each_piece_leaves_before_the_next_is_made() {
    let pause = Duration::from_millis(20);
    let simulator = small().body_length(BodyLength::Stated).fault(Fault::chunks(300, pause)).start_blocking().unwrap();
    let mut stream = connect(&simulator);
    let start = Instant::now();
    stream.write_all(b"GET /data/?last=20 HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n").unwrap();
    let mut buffer = [0; 65_536];
    let first = stream.read(&mut buffer).unwrap();
    assert!(first < 1_000, "{first} bytes came at once");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    // The head and the last piece may not be whole ones.
    let pieces = (first + rest.len()) as u32 / 300;
    assert!(pieces > 4 && start.elapsed() >= pause * (pieces - 2));
}

#[test]
fn an_answer_is_delayed() {
    let start = Instant::now();
    let answer = struck(Fault::delay(Duration::from_millis(150)), BodyLength::Chunked);
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert!(answer.is_complete());
}

#[test]
fn another_answer_comes_in_place_of_the_log() {
    let error = struck(Fault::server_error(), BodyLength::Chunked);
    assert_eq!(error.status, 500);
    let page = struck(Fault::web_page(), BodyLength::Chunked);
    assert_eq!((page.status, page.header("content-type").as_deref()), (200, Some("text/html")));
    assert!(page.text().starts_with("<!DOCTYPE html>"));
    let odd = struck(Fault::content_type("application/octet-stream"), BodyLength::Chunked);
    assert_eq!(odd.header("content-type").as_deref(), Some("application/octet-stream"));
    assert!(odd.body() == whole());
    let moved = struck(Fault::redirect("http://example.org/data/"), BodyLength::Chunked);
    assert_eq!((moved.status, moved.header("location").as_deref()), (302, Some("http://example.org/data/")));
    // What is no header value does no harm.
    assert_eq!(struck(Fault::redirect("a\r\nb"), BodyLength::Chunked).header("location").as_deref(), Some("/"));
    assert_eq!(struck(Fault::content_type("a\nb"), BodyLength::Chunked).status, 200);
}

#[test]
fn a_stalled_meter_says_nothing_until_the_client_leaves() {
    let simulator = small().one_at_a_time().fault(Fault::stall().first(1)).start_blocking().unwrap();
    let mut stream = connect(&simulator);
    stream.write_all(b"GET /data/ HTTP/1.1\r\nHost: m\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
    assert!(stream.read(&mut [0]).is_err());
    // As soon as it is gone, even a meter that serves one at a time goes on.
    drop(stream);
    assert_eq!(get(&simulator, "/data/?last=7").indices().len(), 7);
}

#[test]
fn an_endless_body_ends_when_the_client_leaves() {
    for length in LENGTHS {
        let builder = small().body_length(length).one_at_a_time().fault(Fault::endless().first(1));
        let simulator = builder.start_blocking().unwrap();
        let mut stream = connect(&simulator);
        stream.write_all(b"GET /data/ HTTP/1.1\r\nHost: m\r\n\r\n").unwrap();
        let mut read = 0;
        let mut buffer = vec![0; 65_536];
        while read < 5_000_000 {
            let length = stream.read(&mut buffer).unwrap();
            assert!(length > 0);
            read += length;
        }
        drop(stream);
        assert_eq!(get(&simulator, "/data/?last=7").indices().len(), 7);
    }
}

#[test]
fn an_endless_body_waits_for_a_client_that_does_not_read() {
    let simulator = small().fault(Fault::endless().first(1)).start_blocking().unwrap();
    let mut stream = connect(&simulator);
    stream.write_all(b"GET /data/ HTTP/1.1\r\nHost: m\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(get(&simulator, "/data/?last=7").indices().len(), 7);
}

#[test]
fn a_client_that_tries_again_gets_through() {
    let simulator = small().fault(Fault::server_error().first(2)).start_blocking().unwrap();
    let statuses = || [(); 4].map(|()| get(&simulator, "/data/?last=1").status);
    assert_eq!(statuses(), [500, 500, 200, 200]);
    simulator.set_faults([Fault::server_error().every(2)]);
    assert_eq!(statuses(), [200, 500, 200, 500]);
    simulator.set_faults([]);
    assert_eq!(statuses(), [200; 4]);
}

#[test]
fn the_dialect_is_the_one_asked_for() {
    let dialect = Dialect {
        delimiter: Delimiter::Comma,
        header: HeaderForm::None,
        time: TimeForm::Epoch,
        quoted: true,
        ..Dialect::KNOWN
    };
    let simulator = small().dialect(dialect).start_blocking().unwrap();
    assert!(get(&simulator, "/data/?last=1").text().starts_with("\"1767225600\",\"200\",\"0\",\""));
    simulator.set_dialect(Dialect::KNOWN, Quirks { no_final_line_end: true, ..Quirks::default() });
    let text = get(&simulator, "/data/?last=1").text();
    assert!(text.starts_with("Timestamp;") && !text.ends_with('\n'));
}

#[test]
fn the_meter_is_swapped_while_it_is_read() {
    let incident = Incident::Swap { at: Moment::Requests(1), seed: 77 };
    let simulator = small().incident(incident).log_after_each_request(2).start_blocking().unwrap();
    let serial = |answer: &Answer| answer.text().lines().nth(1).unwrap().split(';').nth(3).unwrap().to_owned();
    let (before, after) = (get(&simulator, "/data/"), get(&simulator, "/data/"));
    assert_ne!(serial(&before), serial(&after));
    assert_eq!((before.indices()[0], after.indices()[0]), (200, 19_751 + 202));
    assert_eq!(simulator.load_profile().last().unwrap().index, 19_751 + 204);
}

/// Faults in all combinations: whatever happens to a connection, the meter goes on and answers the next.
#[test]
fn every_combination_leaves_the_meter_alive() {
    let faults = [
        Fault::chunks(700, Duration::ZERO),
        Fault::cut(3_000),
        Fault::reset(2_000),
        Fault::web_page(),
        Fault::content_type("x"),
        Fault::delay(Duration::from_millis(1)),
        Fault::redirect("/"),
    ];
    for length in LENGTHS {
        for one_at_a_time in [false, true] {
            let builder = Simulator::builder().household(Household::new(1).quiet()).rows(60).body_length(length);
            let builder = if one_at_a_time { builder.one_at_a_time() } else { builder };
            let simulator = builder.start_blocking().unwrap();
            for combination in 0u32..1 << faults.len() {
                let chosen = faults.iter().enumerate().filter(|(number, _)| combination & (1 << number) != 0);
                simulator.set_faults(chosen.map(|(_, fault)| fault.clone().first(1)));
                get(&simulator, "/data/");
                assert_eq!(get(&simulator, "/data/").indices().len(), 60, "{length:?} {combination:#b}");
            }
        }
    }
}
