//! The password is nowhere: neither in what is logged, at any level by any crate, nor in any `Debug` or `Display`.

mod common;

use std::error::Error as _;
use std::io;
use std::sync::{Arc, Mutex};

use common::{QUICK, collect, raw_server};
use emu_client::emu_proto::{Dialect, write_header, write_row};
use emu_client::{LoadProfileEntry, Meter, Password, Readout};
use emu_simulator::{Defects, Fault, Household, Malformed, Simulator};
use tracing_subscriber::fmt::MakeWriter;

const PASSWORD: &str = "correct horse";
/// `admin:correct horse`
const TOKEN: &str = "YWRtaW46Y29ycmVjdCBob3JzZQ";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A header and a row.
fn body_of_rows() -> String {
    let mut body = String::new();
    write_header::<LoadProfileEntry>(&mut body, &Dialect::KNOWN).unwrap();
    for row in Household::new(1).rows().take(1) {
        write_row(&mut body, &Dialect::KNOWN, &row).unwrap();
    }
    body
}

#[tokio::test]
async fn the_password_is_shown_nowhere() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).with_ansi(false);
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let mut shown = format!("{:?}", Password::from(PASSWORD));

    let defects = Defects { malformed: [(4, Malformed::Garbage)].into(), ..Defects::default() };
    let faults = [
        None,
        Some(Fault::server_error().first(1)),
        Some(Fault::server_error()),
        Some(Fault::web_page()),
        Some(Fault::stall()),
        Some(Fault::cut(900)),
        Some(Fault::reset(900)),
        Some(Fault::redirect(format!("http://admin:{PASSWORD}@other/?auth={TOKEN}"))),
        Some(Fault::content_type(format!("text/html; auth=\"{TOKEN}\"; password=\"{PASSWORD}\""))),
    ];
    let policy = QUICK.retries(1).idle(std::time::Duration::from_millis(50));
    let mut addresses = Vec::new();
    let mut simulators = Vec::new();
    for password in [PASSWORD, "another"] {
        for fault in faults.clone() {
            let builder = Simulator::builder().rows(20).password(password).defects(defects.clone());
            let builder = fault.into_iter().fold(builder, emu_simulator::Builder::fault);
            let simulator = builder.start().await.unwrap();
            addresses.push(simulator.addr().to_string());
            simulators.push(simulator);
        }
    }
    let echo = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nAuthorization: Basic {TOKEN} ({PASSWORD})");
    addresses.push(raw_server(echo).await.to_string());
    // A read-out by its type: what cannot be read in it is shown, too.
    let row = body_of_rows();
    for (lines, length) in [
        (format!("user=admin;pw={PASSWORD}\n"), true),
        (format!("user=admin;pw={PASSWORD}"), false),
        (format!("Authorization: Basic {TOKEN}==\n"), true),
        (format!("pass {PASSWORD}\nAuthorization: Basic {TOKEN}==\n"), false),
        (format!("{TOKEN};{PASSWORD}\n"), true),
        (format!("{row}{PASSWORD}\n"), true),
        (format!("{row}2026-01-01T00:15:00Z;3;{PASSWORD};12345678\n"), true),
        (format!("{row}2026-01-01T00:15:00Z;3;Basic {TOKEN};12345678\n"), true),
        (format!("{row}Authorization: Basic {TOKEN};and more;"), false),
        (format!("{row}2026-01-01T00:15:00Z;3;0123456789012345{};12345678\n", &PASSWORD[..9]), true),
    ] {
        let length = if length { format!("Content-Length: {}\r\n", lines.len()) } else { String::new() };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n{length}\r\n{lines}");
        addresses.push(raw_server(answer).await.to_string());
    }
    addresses.push("127.0.0.1:1".to_owned());
    for address in addresses {
        let builder = Meter::builder(&address).policy(policy).password(PASSWORD);
        shown += &format!("{builder:?}");
        let meter = builder.build().unwrap();
        let rows = meter.read::<LoadProfileEntry>(Readout::Range { from: 1, to: 20 });
        shown += &format!("{meter:?} {rows:?}");
        let outcome = collect(rows.into_items()).await;
        for notice in &outcome.notices {
            shown += &format!("{notice:?} {notice}\n");
        }
        if let Some(error) = &outcome.error {
            shown += &format!("{error:?} {error:#?} {error} {}\n", error.with_causes());
            let mut cause = error.source();
            while let Some(error) = cause {
                shown += &format!("{error:?} {error}\n");
                cause = error.source();
            }
        }
    }
    for address in [format!("http://admin:{PASSWORD}@127.0.0.1"), format!("admin:{PASSWORD}@meter")] {
        let error = Meter::builder(&address).build().unwrap_err();
        shown += &format!("{error:?} {error} {:?}", Meter::builder(&address));
    }
    let error = Meter::builder("meter").user("a:b").password(PASSWORD).build().unwrap_err();
    shown += &format!("{error:?} {error}");

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("request failed, trying again") && logged.contains("read-out failed"), "{logged}");
    assert!(shown.matches("found \"[password]\"").count() > 10, "nothing was sent back: {shown}");
    for text in [&shown, &logged] {
        for secret in [PASSWORD, TOKEN, "correct", "corr", "horse", "YWRtaW46", "YWRtaW"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
