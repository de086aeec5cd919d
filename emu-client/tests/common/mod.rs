//! What the tests have in common.
#![allow(dead_code, reason = "each test file uses its part")]

use std::net::SocketAddr;
use std::time::Duration;

use emu_client::{
    Entry, Error, Event, Item, Items, LoadProfileEntry, LogbookEntry, Meter, Notice, Policy, ReadoutPlan,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Patience of a test.
pub(crate) const QUICK: Policy = Policy::new()
    .connect(Duration::from_secs(5))
    .idle(Duration::from_secs(5))
    .request(Duration::from_secs(20))
    .backoff(Duration::from_millis(1))
    .backoff_cap(Duration::from_millis(4));

pub(crate) fn meter(url: &str) -> Meter {
    Meter::builder(url).policy(QUICK).build().unwrap()
}

/// All that a read-out yielded.
#[derive(Debug)]
pub(crate) struct Outcome<R> {
    pub(crate) rows: Vec<R>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) error: Option<Error>,
    pub(crate) summary: emu_client::Summary,
    pub(crate) checkpoint: Option<emu_client::Checkpoint>,
}

impl<R> Outcome<R> {
    pub(crate) fn events(&self) -> Vec<Event> {
        let event = |notice: &Notice| if let Notice::Event(event) = notice { Some(*event) } else { None };
        self.notices.iter().filter_map(event).collect()
    }

    /// Events but for those that the simulated household has now and then.
    pub(crate) fn uncommon_events(&self) -> Vec<Event> {
        let mut events = self.events();
        events.retain(|event| !matches!(event, Event::TimeGap { .. } | Event::ClockJump { .. }));
        events
    }

    pub(crate) fn expect(self) -> Self {
        assert!(self.error.is_none(), "{:?}", self.error);
        self
    }
}

pub(crate) async fn read(meter: &Meter, plan: impl Into<ReadoutPlan<LoadProfileEntry>>) -> Outcome<LoadProfileEntry> {
    collect(meter.load_profile(plan).into_items()).await
}

pub(crate) async fn read_logbook(meter: &Meter, plan: impl Into<ReadoutPlan<LogbookEntry>>) -> Outcome<LogbookEntry> {
    collect(meter.logbook(plan).into_items()).await
}

pub(crate) async fn collect<R: Entry>(mut items: Items<R>) -> Outcome<R> {
    let (mut rows, mut notices, mut error) = (Vec::new(), Vec::new(), None);
    while let Some(item) = items.next().await {
        match item {
            Ok(Item::Row(row)) => rows.push(row),
            Ok(Item::Notice(notice)) => notices.push(notice),
            Err(end) => error = Some(end),
        }
    }
    assert!(items.next().await.is_none(), "an item after the end");
    Outcome { rows, notices, error, summary: items.summary(), checkpoint: items.checkpoint() }
}

/// Serves every connection by these bytes, once a request's head has come, and closes it.
pub(crate) async fn raw_server(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = read_head(&mut stream).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
            // Until the peer has read it all: no reset.
            let _ = stream.read_to_end(&mut head).await;
        }
    });
    address
}

/// Reads the head of a request, or what there is of it.
pub(crate) async fn read_head(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    head
}
