//! What a network and a server can do wrong, over real sockets: rows are complete nevertheless, or the error says why.

mod common;

use std::error::Error as _;
use std::time::Duration;

use common::{QUICK, collect, meter, raw_server, read};
use emu_client::emu_proto::{Delimiter, Deviations, Dialect, HeaderForm, ReadErrorKind, write_header, write_row};
use emu_client::{Error, ErrorKind, LoadProfileEntry, Meter, Notice, Readout, ReadoutPlan, Step};
use emu_simulator::{BodyLength, Fault, Household, Simulator};
use tokio::io::AsyncWriteExt;

const FRAMINGS: [BodyLength; 3] = [BodyLength::Chunked, BodyLength::Stated, BodyLength::CloseDelimited];

/// A header and rows 1 to 2, as the known firmware writes them.
fn body() -> String {
    let mut body = String::new();
    write_header::<LoadProfileEntry>(&mut body, &Dialect::KNOWN).unwrap();
    for row in Household::new(1).rows().take(2) {
        write_row(&mut body, &Dialect::KNOWN, &row).unwrap();
    }
    body
}

/// The error of a read-out that has one, without retries.
async fn error_of(address: &str) -> Error {
    let policy = QUICK.retries(0);
    let meter = Meter::builder(address).policy(policy).build().unwrap();
    read(&meter, ReadoutPlan::indices(1, 2)).await.error.unwrap()
}

async fn error_with(fault: Fault) -> Error {
    let simulator = Simulator::builder().rows(10).fault(fault).start().await.unwrap();
    error_of(&simulator.url()).await
}

#[tokio::test]
async fn answers_cut_at_any_byte() {
    let simulators = FRAMINGS.map(|length| Simulator::builder().rows(25).body_length(length).start());
    for simulator in simulators {
        let simulator = simulator.await.unwrap();
        let expected = simulator.load_profile();
        let meter = meter(&simulator.url());
        // The header, then rows of some 110 bytes: near each line's end every byte, elsewhere some.
        for at in (0..660).step_by(61).chain(620..900).chain((900..3_600).step_by(29)) {
            simulator.set_faults([Fault::cut(at).every(2)]);
            let outcome = read(&meter, ReadoutPlan::indices(1, 25)).await.expect();
            assert_eq!(outcome.rows, expected, "cut at {at}");
            assert_eq!(outcome.uncommon_events(), [], "cut at {at}");
        }
    }
}

#[tokio::test]
async fn an_answer_of_no_bytes_is_not_a_log_without_rows() {
    for length in ["Content-Length: 0\r\n", "Connection: close\r\n"] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n{length}\r\n");
        let meter = meter(&raw_server(answer).await.to_string());
        for plan in [ReadoutPlan::all(), ReadoutPlan::last(5)] {
            let outcome = read(&meter, plan).await;
            let error = outcome.error.as_ref().expect("an error");
            assert!(matches!(error.kind(), ErrorKind::GaveUp { .. }), "{error:?}");
            assert!(error.with_causes().contains("the answer is empty"), "{}", error.with_causes());
            assert!(outcome.notices.iter().any(|notice| matches!(notice, Notice::Retry { .. })));
            assert_eq!(outcome.events(), []);
        }
    }
    // A header alone is one, and so is nothing where header lines are never written.
    let mut body = String::new();
    write_header::<LoadProfileEntry>(&mut body, &Dialect::KNOWN).unwrap();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let outcome = read(&meter(&raw_server(answer).await.to_string()), ReadoutPlan::all()).await.expect();
    assert_eq!((outcome.rows.len(), outcome.events()), (0, vec![]));
    let dialect = Dialect { header: HeaderForm::None, ..Dialect::KNOWN };
    let simulator = Simulator::builder().rows(5000).depth(50).dialect(dialect).start().await.unwrap();
    let outcome = read(&meter(&simulator.url()), ReadoutPlan::all()).await.expect();
    assert_eq!(outcome.rows, simulator.load_profile());
}

#[tokio::test]
async fn every_answer_cut_at_the_same_byte() {
    for length in FRAMINGS {
        let simulator = Simulator::builder().rows(200).body_length(length).start().await.unwrap();
        for at in [1_100, 1_500, 2_001] {
            simulator.set_faults([Fault::cut(at)]);
            let outcome = read(&meter(&simulator.url()), ReadoutPlan::indices(1, 200)).await.expect();
            assert_eq!(outcome.rows, simulator.load_profile(), "{length:?}, cut at {at}");
            assert_eq!(outcome.uncommon_events(), [], "{length:?}, cut at {at}");
        }
    }
}

#[tokio::test]
async fn deviations_of_answers_that_are_cut_are_told() {
    let dialect = Dialect { delimiter: Delimiter::Comma, ..Dialect::KNOWN };
    let simulator = Simulator::builder().rows(50).dialect(dialect).fault(Fault::cut(1_100)).start().await.unwrap();
    let outcome = read(&meter(&simulator.url()), ReadoutPlan::indices(1, 50)).await.expect();
    assert_eq!(outcome.summary.deviations, Deviations::DELIMITER);
    assert_eq!(outcome.notices.iter().filter(|notice| matches!(notice, Notice::Deviations(_))).count(), 1);
}

#[tokio::test]
async fn connections_that_are_reset() {
    for length in FRAMINGS {
        let simulator = Simulator::builder().rows(4_000).body_length(length).start().await.unwrap();
        for at in [0, 300, 5_000, 200_000] {
            simulator.set_faults([Fault::reset(at).every(3)]);
            let outcome = read(&meter(&simulator.url()), ReadoutPlan::all()).await.expect();
            assert_eq!(outcome.rows, simulator.load_profile(), "{length:?}, reset at {at}");
            assert_eq!(outcome.uncommon_events(), []);
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_says_where() {
    for length in FRAMINGS {
        let simulator = Simulator::builder().rows(25).body_length(length).start().await.unwrap();
        // Within a row, far behind the header.
        simulator.set_faults([Fault::cut(2_001).only(2)]);
        let outcome = read(&meter(&simulator.url()), ReadoutPlan::indices(1, 25)).await.expect();
        assert_eq!(outcome.rows, simulator.load_profile());
        let said = outcome.notices.iter().find(|notice| matches!(notice, Notice::Retry { .. })).unwrap().to_string();
        if length == BodyLength::CloseDelimited {
            assert!(said.contains("the body ends within a row; the last good row has index 8"), "{said}");
        } else {
            let expected = "/data/?from=1&to=25: the connection broke at byte 2001 of the answer, after row 8; trying";
            assert!(said.contains(expected), "{length:?}: {said}");
        }
    }
    let simulator = Simulator::builder().rows(25).fault(Fault::reset(300)).start().await.unwrap();
    let error = error_of(&simulator.url()).await;
    let ErrorKind::BrokeOff { last_index: None, cause, .. } = error.kind() else { panic!("{error:?}") };
    assert!(error.source().unwrap().to_string() == cause.to_string(), "{error:?}");
    assert!(error.with_causes().contains(" of the answer, before a whole row: Connection reset"), "{error:?}");
}

#[tokio::test]
async fn status_500_is_tried_again() {
    let simulator = Simulator::builder().rows(100).fault(Fault::server_error().first(3)).start().await.unwrap();
    let outcome = read(&meter(&simulator.url()), ReadoutPlan::last(50)).await.expect();
    assert_eq!(outcome.rows, simulator.load_profile()[50..]);
    assert_eq!(outcome.summary.retries, 3);
    let waits: Vec<u32> = outcome.notices.iter().filter_map(failures).collect();
    assert_eq!(waits, [1, 2, 3]);

    simulator.set_faults([Fault::server_error()]);
    let error = read(&meter(&simulator.url()), ReadoutPlan::last(50)).await.error.unwrap();
    let ErrorKind::GaveUp { tries: 6, last } = error.kind() else { panic!("{error:?}") };
    assert!(matches!(**last, ErrorKind::Status(500)));
    assert!(error.source().is_some());
    assert_eq!(simulator.requests().len(), 3 + 2 + 6);
    assert_eq!(
        error.with_causes(),
        format!(
            "meter {}, /data/?last=1: gave up after 6 tries in a row without a row: the meter answered status 500",
            simulator.addr()
        )
    );
}

fn failures(notice: &Notice) -> Option<u32> {
    match notice {
        Notice::Retry { failures, wait, .. } => {
            assert!(*wait <= QUICK.backoff_cap);
            Some(*failures)
        }
        _ => None,
    }
}

#[tokio::test]
async fn a_silent_meter() {
    let policy = QUICK.idle(Duration::from_millis(250)).retries(1);
    let simulator = Simulator::builder().rows(30).fault(Fault::stall().first(1)).start().await.unwrap();
    let meter = Meter::builder(&simulator.url()).policy(policy).build().unwrap();
    assert_eq!(read(&meter, ReadoutPlan::last(30)).await.expect().rows, simulator.load_profile());
    // Within an answer.
    let pause = Duration::from_millis(700);
    simulator.set_faults([Fault::chunks(1_000, pause).first(1)]);
    assert_eq!(read(&meter, ReadoutPlan::last(30)).await.expect().rows, simulator.load_profile());
    simulator.set_faults([Fault::stall()]);
    let error = read(&meter, ReadoutPlan::last(30)).await.error.unwrap();
    let ErrorKind::GaveUp { last, .. } = error.kind() else { panic!("{error:?}") };
    assert!(matches!(**last, ErrorKind::Timeout { step: Step::Idle, limit } if limit == policy.idle));
    assert!(error.with_causes().ends_with("timed out: the silence of the meter took longer than 250 ms"));
}

#[tokio::test]
async fn a_meter_that_sends_and_sends_slowly() {
    let policy = QUICK.request(Duration::from_millis(150)).retries(0);
    let fault = Fault::chunks(20, Duration::from_millis(20));
    let simulator = Simulator::builder().rows(30).fault(fault).start().await.unwrap();
    let meter = Meter::builder(&simulator.url()).policy(policy).build().unwrap();
    let error = read(&meter, ReadoutPlan::last(30)).await.error.unwrap();
    assert!(matches!(error.kind(), ErrorKind::Timeout { step: Step::Request, .. }), "{error:?}");
}

#[tokio::test]
async fn silence_is_counted_from_the_last_bytes() {
    let policy = QUICK.idle(Duration::from_millis(500)).retries(0);
    let fault = Fault::chunks(500, Duration::from_millis(40));
    let simulator = Simulator::builder().rows(60).fault(fault).start().await.unwrap();
    let meter = Meter::builder(&simulator.url()).policy(policy).build().unwrap();
    assert_eq!(read(&meter, Readout::Range { from: 1, to: 60 }).await.expect().rows, simulator.load_profile());
}

#[tokio::test]
async fn a_caller_that_takes_its_time_meets_no_timeout() {
    let policy = QUICK.idle(Duration::from_millis(300)).request(Duration::from_millis(500)).retries(0);
    let fault = Fault::chunks(2_000, Duration::from_millis(1));
    let simulator = Simulator::builder().rows(60).fault(fault).start().await.unwrap();
    let meter = Meter::builder(&simulator.url()).policy(policy).build().unwrap();
    let mut rows = meter.load_profile(Readout::Range { from: 1, to: 60 });
    let mut read = Vec::new();
    while let Some(row) = rows.next().await {
        read.push(row.unwrap());
        if read.len() % 15 == 0 {
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }
    assert_eq!(read, simulator.load_profile());
}

#[tokio::test]
async fn nobody_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = error_of(&address).await;
    assert!(matches!(error.kind(), ErrorKind::Connect(_)), "{error:?}");
    assert!(error.to_string().starts_with(&format!("meter {address}, /data/?last=1: cannot connect")));
}

#[tokio::test]
async fn a_name_that_is_none() {
    let policy = QUICK.connect(Duration::from_secs(2)).retries(0);
    let meter = Meter::builder("meter.invalid").policy(policy).build().unwrap();
    let error = read(&meter, Readout::Newest).await.error.unwrap();
    // Where there is no name server at all, that may take longer.
    assert!(
        matches!(error.kind(), ErrorKind::Resolve(_) | ErrorKind::Timeout { step: Step::Connect, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn access_protection() {
    let simulator = Simulator::builder().rows(30).password("sesame").start().await.unwrap();
    let with = |password: &str| {
        let builder = Meter::builder(&simulator.url()).policy(QUICK);
        builder.password(password).build().unwrap()
    };
    let error = read(&meter(&simulator.url()), ReadoutPlan::last(3)).await.error.unwrap();
    assert!(matches!(error.kind(), ErrorKind::Unauthorized { password_given: false }));
    assert!(error.to_string().ends_with("the meter wants a user and a password"));
    let error = read(&with("simsim"), ReadoutPlan::last(3)).await.error.unwrap();
    assert!(matches!(error.kind(), ErrorKind::Unauthorized { password_given: true }));
    assert!(error.to_string().ends_with("the meter wants another user or password"));
    // Neither was tried again.
    assert_eq!(simulator.requests().len(), 2);
    assert_eq!(read(&with("sesame"), ReadoutPlan::last(3)).await.expect().rows, simulator.load_profile()[27..]);
    let other = Meter::builder(&simulator.url()).policy(QUICK).user("root").password("sesame").build().unwrap();
    assert!(read(&other, Readout::Newest).await.error.is_some());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Simulator::builder().rows(10).start().await.unwrap();
    let location = format!("{}data/", other.url());
    let fault = Fault::redirect(&*location);
    let simulator = Simulator::builder().rows(10).password("sesame").fault(fault).start().await.unwrap();
    let meter = Meter::builder(&simulator.url()).policy(QUICK).password("sesame").build().unwrap();
    let error = read(&meter, Readout::Newest).await.error.unwrap();
    let ErrorKind::Redirect { status: 302, location: named } = error.kind() else { panic!("{error:?}") };
    assert_eq!(named.as_str(), location);
    assert_eq!((simulator.requests().len(), other.requests().len()), (1, 0));
}

#[tokio::test]
async fn something_else_than_csv() {
    let error = error_with(Fault::web_page()).await;
    let ErrorKind::ContentType { found, start } = error.kind() else { panic!("{error:?}") };
    assert_eq!(found.as_str(), "text/html");
    assert!(start.as_str().starts_with("<!") || start.as_str().starts_with("<html"), "{start}");
    let error = error_with(Fault::content_type("application/octet-stream")).await;
    let ErrorKind::ContentType { start, .. } = error.kind() else { panic!("{error:?}") };
    assert!(start.as_str().starts_with("Timestamp;Index;"), "{start}");

    for accepted in ["text/csv; charset=utf-8", "TEXT/CSV", "application/x; text/csv"] {
        let simulator = Simulator::builder().rows(9).fault(Fault::content_type(accepted)).start().await.unwrap();
        assert_eq!(read(&meter(&simulator.url()), ReadoutPlan::last(9)).await.expect().rows.len(), 9);
    }
}

#[tokio::test]
async fn a_web_page_that_says_it_is_csv() {
    let address = raw_server("HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n<html>\nno meter here").await;
    let error = error_of(&address.to_string()).await;
    let ErrorKind::Read(read) = error.kind() else { panic!("{error:?}") };
    assert_eq!(read.kind, ReadErrorKind::Html);
    assert!(error.with_causes().ends_with("expected a read-out, not a web page, found \"<html>\""));
}

#[tokio::test]
async fn a_changed_format_is_an_error_and_no_wrong_number() {
    let body = body().replace("Voltage L2-N", "Tension L2-N");
    let address = raw_server(format!("HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n{body}")).await;
    let error = error_of(&address.to_string()).await;
    assert!(error.with_causes().contains("column \"Voltage L2-N\""), "{}", error.with_causes());
}

#[tokio::test]
async fn no_content_type_is_told() {
    let answer = format!("HTTP/1.0 200 OK\r\n\r\n{}", body());
    let address = raw_server(answer).await;
    let outcome = read(&meter(&address.to_string()), ReadoutPlan::indices(1, 2)).await.expect();
    assert_eq!(outcome.rows, Household::new(1).rows().take(2).collect::<Vec<_>>());
    assert_eq!(outcome.notices.iter().filter(|notice| matches!(notice, Notice::NoContentType)).count(), 1);
}

#[tokio::test]
async fn heads_that_are_not_quite_right() {
    let length = body().len();
    for head in [
        format!("HTTP/1.1 200\r\ncontent-type : text/csv\r\nContent-Length: {length}\r\n"),
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n@!: x\r\ncontent-length: {length}\r\n"),
        "HTTP/1.0 200 Gut\r\nServer: emu\r\nContent-Type: text/csv\r\nConnection: close\r\n".to_owned(),
    ] {
        let address = raw_server(format!("{head}\r\n{}", body())).await;
        let outcome = read(&meter(&address.to_string()), ReadoutPlan::indices(1, 2)).await.expect();
        assert_eq!(outcome.rows.len(), 2, "{head}");
        // The first two promise to keep the connection and do not: that is no failure.
        assert_eq!(outcome.summary.retries, 0, "{head}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_is_closed_by_the_next_request_is_no_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body().len(), body());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            common::read_head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            common::read_head(&mut stream).await;
        }
    });
    let outcome = read(&meter(&address.to_string()), ReadoutPlan::indices(1, 2)).await.expect();
    assert_eq!((outcome.rows.len(), outcome.summary.requests, outcome.summary.retries), (2, 2, 0));
}

#[tokio::test]
async fn something_else_than_http() {
    for answer in ["", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 2"] {
        let address = raw_server(answer).await;
        let error = error_of(&address.to_string()).await;
        assert!(matches!(error.kind(), ErrorKind::Http(_)), "{error:?}");
    }
}

#[tokio::test]
async fn an_endless_answer() {
    for length in FRAMINGS {
        let simulator =
            Simulator::builder().rows(50).body_length(length).fault(Fault::endless()).start().await.unwrap();
        let outcome = read(&meter(&simulator.url()), ReadoutPlan::indices(1, 50)).await.expect();
        assert_eq!(outcome.rows, simulator.load_profile());
    }
}

#[tokio::test]
async fn a_body_that_is_longer_than_any_read_out() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n{}", body());
    let address = raw_server([head.as_bytes(), &[b'\n'; 4_000_000]].concat()).await;
    let error = error_of(&address.to_string()).await;
    assert!(matches!(error.kind(), ErrorKind::TooLong { limit: 3_088_384 }), "{error:?}");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\nTimestamp;";
    let address = raw_server([head.as_bytes(), &[b'x'; 100_000]].concat()).await;
    let error = error_of(&address.to_string()).await;
    let ErrorKind::Read(read) = error.kind() else { panic!("{error:?}") };
    assert!(matches!(read.kind, ReadErrorKind::HeaderTooLong { .. }));
}

#[tokio::test]
async fn other_statuses() {
    let address = raw_server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    let outcome = read(&meter(&address.to_string()), Readout::Newest).await;
    assert!(matches!(outcome.error.unwrap().kind(), ErrorKind::Status(404)));
    assert_eq!(outcome.summary.retries, 0);
}

#[tokio::test]
async fn rows_before_an_error_count_and_a_later_read_out_goes_on() {
    let simulator = Simulator::builder().rows(9_000).start().await.unwrap();
    let policy = QUICK.retries(0);
    let meter = Meter::builder(&simulator.url()).policy(policy).build().unwrap();
    // The newest row, one block, and a part of the next.
    simulator.set_faults([Fault::reset(100_000).only(3)]);
    let first = read(&meter, ReadoutPlan::indices(1, u32::MAX)).await;
    assert!(first.error.is_some());
    assert!(first.rows.len() >= 3_000 && first.rows.len() < 6_000);
    let second = collect(meter.sync::<LoadProfileEntry>(first.checkpoint).into_items()).await.expect();
    let rows = [first.rows, second.rows].concat();
    assert_eq!(rows, simulator.load_profile());
}
