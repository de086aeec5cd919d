//! The password is nowhere: neither in what is logged, at any level by any crate, nor in any `Debug` or `Display`.

mod common;

use std::io;
use std::sync::{Arc, Mutex};

use common::{QUICK, collect, raw_server};
use emu_client::{LoadProfileEntry, Meter, Password, Readout};
use emu_simulator::{Defects, Fault, Malformed, Simulator};
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
    assert!(shown.contains("[password]"), "nothing was sent back: {shown}");
    for text in [&shown, &logged] {
        for secret in [PASSWORD, TOKEN, "correct", "YWRtaW46"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
