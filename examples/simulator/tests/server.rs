//! The server as the manual describes it, over real sockets.

mod common;

use std::io::Write;

use common::{connect, get, get_with, read_answer};
use emu_proto::{Dialect, Entry, LoadProfileEntry, LogbookEntry, write_header, write_row};
use emu_simulator::{BodyLength, Counts, Household, Simulator};

fn simulator(rows: u32) -> Simulator {
    Simulator::builder().rows(rows).start_blocking().unwrap()
}

fn body<'a, E: Entry>(rows: impl IntoIterator<Item = &'a E>) -> String {
    let mut body = String::new();
    write_header::<E>(&mut body, &Dialect::KNOWN).unwrap();
    rows.into_iter().for_each(|row| write_row(&mut body, &Dialect::KNOWN, row).unwrap());
    body
}

#[test]
fn every_form_of_both_logs() {
    let simulator = simulator(20_000);
    let rows = simulator.load_profile();
    let logbook = simulator.logbook();
    assert!(logbook.len() > 5);
    let newest_first = |count: usize| body::<LoadProfileEntry>(rows.iter().rev().take(count));

    let all = get(&simulator, "/data/");
    assert_eq!((all.status, all.header("content-type").as_deref()), (200, Some("text/csv")));
    assert_eq!(all.text(), newest_first(3_000));
    assert_eq!(get(&simulator, "/data/?last=96").text(), newest_first(96));
    assert_eq!(get(&simulator, "/data/?last=9999").text(), newest_first(3_000));
    assert_eq!(get(&simulator, "/data/?from=1&to=100").text(), body(&rows[..100]));
    assert_eq!(get(&simulator, "/data/?from=20&to=1").text(), body(rows[..20].iter().rev()));
    assert_eq!(get(&simulator, "/data/?from=1&to=9000").text(), body(&rows[..3_000]));
    assert_eq!(get(&simulator, "/data/?from=9000&to=1").text(), body(rows[6_000..9_000].iter().rev()));
    assert_eq!(get(&simulator, "/data/?from=20001&to=30000").text(), body::<LoadProfileEntry>([]));

    assert_eq!(get(&simulator, "/logbook/").text(), body(logbook.iter().rev()));
    assert_eq!(get(&simulator, "/logbook/?last=2").text(), body(logbook.iter().rev().take(2)));
    assert_eq!(get(&simulator, "/logbook/?from=2&to=4").text(), body(&logbook[1..4]));
    assert_eq!(get(&simulator, "/logbook/?from=99999&to=88888").text(), body::<LogbookEntry>([]));

    let Counts { requests, readouts, .. } = simulator.counts();
    assert_eq!((requests, readouts), (12, 12));
    assert_eq!(simulator.requests()[1], "/data/?last=96");
}

#[test]
fn three_years_are_there_at_once() {
    let simulator = Simulator::builder().start_blocking().unwrap();
    let rows = simulator.load_profile();
    assert_eq!(rows.len(), 105_120);
    assert_eq!(rows[105_119].timestamp, Household::NEWEST);
    assert_eq!((rows[0].index, rows[0].timestamp.to_string().get(..7)), (1, Some("2022-12")));
    assert_eq!(get(&simulator, "/data/?from=1&to=3000").indices().len(), 3_000);
}

#[test]
fn wrong_requests_are_refused() {
    let simulator = simulator(10);
    for (target, status) in [
        ("/data/?last=x", 400),
        ("/logbook/?from=1", 400),
        ("/data/?last=4294967296", 400),
        ("/data", 404),
        ("/favicon.ico", 404),
        ("/", 200),
    ] {
        let answer = get(&simulator, target);
        assert_eq!(answer.status, status, "{target}");
        assert!(!answer.text().is_empty());
    }
    assert!(get(&simulator, "/").text().contains("synthetic"));
    let mut stream = connect(&simulator);
    stream.write_all(b"POST /data/ HTTP/1.1\r\nHost: meter\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(read_answer(&mut stream).status, 405);
}

#[test]
fn a_password_is_asked_for_where_one_is_set() {
    let simulator = Simulator::builder().rows(10).password("secret").start_blocking().unwrap();
    for headers in ["", "Authorization: Basic YWRtaW46d3Jvbmc=\r\n", "Authorization: Bearer x\r\n"] {
        let answer = get_with(&simulator, "/data/", headers);
        assert_eq!((answer.status, answer.header("content-type").as_deref()), (401, Some("text/html")));
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="));
    }
    // base64 of admin:secret
    let answer = get_with(&simulator, "/data/", "Authorization: Basic YWRtaW46c2VjcmV0\r\n");
    assert_eq!((answer.status, answer.indices().len()), (200, 10));
}

#[test]
fn the_end_of_a_body_is_told_in_three_ways() {
    for length in [BodyLength::Chunked, BodyLength::Stated, BodyLength::CloseDelimited] {
        let simulator = Simulator::builder().rows(50).body_length(length).start_blocking().unwrap();
        let answer = get(&simulator, "/data/");
        assert_eq!(answer.indices().len(), 50, "{length:?}");
        let told = (answer.header("transfer-encoding").is_some(), answer.header("content-length").is_some());
        match length {
            BodyLength::Chunked => assert_eq!((told, answer.is_complete()), ((true, false), true)),
            BodyLength::Stated => assert_eq!((told, answer.is_complete()), ((false, true), true)),
            BodyLength::CloseDelimited => {
                assert_eq!(told, (false, false));
                assert!(answer.head.starts_with("HTTP/1.0 200"));
            }
        }
    }
}

#[test]
fn a_connection_is_kept_for_further_requests() {
    let simulator = Simulator::builder().rows(5).body_length(BodyLength::Stated).start_blocking().unwrap();
    let mut stream = connect(&simulator);
    stream.write_all(b"GET /data/?last=1 HTTP/1.1\r\nHost: m\r\n\r\n").unwrap();
    stream.write_all(b"GET /data/?last=2 HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n").unwrap();
    let both = read_answer(&mut stream);
    assert_eq!(String::from_utf8(both.raw).unwrap().matches("HTTP/1.1 200 OK").count(), 1);
}

#[test]
fn a_small_device_serves_one_connection_at_a_time() {
    let simulator = Simulator::builder().rows(5).one_at_a_time().start_blocking().unwrap();
    let mut first = connect(&simulator);
    first.write_all(b"GET /data/?last=1 HTTP/1.1\r\n").unwrap();
    let mut second = connect(&simulator);
    second.write_all(b"GET /data/?last=2 HTTP/1.1\r\nHost: m\r\n\r\n").unwrap();
    second.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    let mut byte = [0];
    assert!(second.peek(&mut byte).is_err(), "the second must wait while the first is not done");
    first.write_all(b"Host: m\r\n\r\n").unwrap();
    // Both are closed after one answer, though neither asked for it.
    assert_eq!(read_answer(&mut first).indices().len(), 1);
    second.set_read_timeout(None).unwrap();
    assert_eq!(read_answer(&mut second).indices().len(), 2);
}

#[test]
fn the_same_seed_is_the_same_meter() {
    let text = |seed| {
        let simulator = Simulator::builder().household(Household::new(seed)).rows(500).start_blocking().unwrap();
        get(&simulator, "/data/").text() + &get(&simulator, "/logbook/").text()
    };
    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
}

#[test]
fn rows_come_by_hand_and_by_the_clock() {
    let simulator = simulator(96);
    assert_eq!(simulator.advance(4), 4);
    assert_eq!(get(&simulator, "/data/?last=1").indices(), [100]);
    assert_eq!(simulator.load_profile().len(), 100);

    // A quarter hour in a hundredth of a second.
    let fast = Simulator::builder().rows(96).speed(90_000.0).start_blocking().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while get(&fast, "/data/?last=1").indices()[0] < 110 {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn a_meter_of_today_has_its_newest_row_within_the_last_quarter_hour() {
    let simulator = Simulator::builder().household(Household::new(1).quiet()).rows(10).now().start_blocking().unwrap();
    let age = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now())
        - simulator.load_profile().last().unwrap().timestamp;
    assert!((0..=905).contains(&age.num_seconds()), "{age}");
}

#[tokio::test]
async fn a_thread_of_its_own_does_not_mind_a_runtime_around_it() {
    let simulator = simulator(3);
    assert_eq!(get(&simulator, "/data/").indices(), [3, 2, 1]);
    let address = simulator.addr();
    drop(simulator);
    assert!(std::net::TcpStream::connect(address).is_err(), "a dropped simulator has closed its port");
}

#[tokio::test]
async fn it_stops_when_it_is_dropped_and_its_port_is_free_again() {
    let simulator = Simulator::builder().rows(1).start().await.unwrap();
    let address = simulator.addr();
    // A connection that would stay open.
    let _open = tokio::net::TcpStream::connect(address).await.unwrap();
    simulator.shutdown().await;
    let again = Simulator::builder().rows(1).port(address.port()).start().await.unwrap();
    assert_eq!(again.addr(), address);
    drop(again);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        assert!(std::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}
