//! SMP client that updates a device: lists, uploads, tests, resets, waits and confirms
#![no_std]
#![no_main]

use emu_smp::client::{Instant, Policy, Session, Update, UpdateOptions};
use footprint::answers::Buffers;
use footprint::file::{FILE, Flash};
use footprint::keep;

footprint::program! {
    state: Client = Client::new(),
    turn: turn,
    // The list of images, the device's parameters, four bytes that it wants; the list with the new image; that it is tested;
    // the list; that it is reset; silence; the list; that it is confirmed; the list.
    input: b"\x5b\xbffimages\x9f\xbfdslot\x00gversione1.0.6dhashX \x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09factive\xf5iconfirmed\xf5\xff\xff\xff\
        \x19\xbfhbuf_size\x19\x08\x00ibuf_count\x04\xff\
        \x09\xbfcoff\x19\x01\x90\xff\
        \x09\xbfcoff\x19\x03\xe8\xff\
        \x09\xbfcoff\x19\x05\xdc\xff\
        \x09\xbfcoff\x19\x07\xd0\xff\
        \x98\xbffimages\x9f\xbfdslot\x00gversione1.0.6dhashX \x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09factive\xf5iconfirmed\xf5\xff\xbfdslot\x01gversione1.0.9dhashX \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\xff\xff\xff\
        \x02\xbf\xff\
        \xa1\xbffimages\x9f\xbfdslot\x00gversione1.0.6dhashX \x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09factive\xf5iconfirmed\xf5\xff\xbfdslot\x01gversione1.0.9dhashX \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01gpending\xf5\xff\xff\xff\
        \x02\xbf\xff\
        \x00\
        \x50\xbffimages\x9f\xbfdslot\x00gversione1.0.9dhashX \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01factive\xf5\xff\xff\xff\
        \x02\xbf\xff\
        \x5b\xbffimages\x9f\xbfdslot\x00gversione1.0.9dhashX \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01factive\xf5iconfirmed\xf5\xff\xff\xff",
    count: 1,
    unit: "update",
}

/// What a driver has.
struct Client {
    update: Update,
    buffers: Buffers,
    /// What each measured turn but the first starts with, whose stack is looked at.
    #[cfg(feature = "run")]
    start: &'static Update,
}

#[cfg(feature = "run")]
static START: footprint::Place<Update> = footprint::Place::EMPTY;

impl Client {
    fn new() -> Self {
        Self {
            update: begin(),
            buffers: Buffers::EMPTY,
            #[cfg(feature = "run")]
            start: START.fill(begin()),
        }
    }

    #[cfg(feature = "run")]
    #[inline(never)]
    fn restart(&mut self) {
        if self.update.outcome().is_some() {
            self.update.clone_from(self.start);
        }
    }
}

#[inline(never)]
fn begin() -> Update {
    Update::new(Session::new(Policy::DEFAULT), &FILE, UpdateOptions::default())
}

/// Updates, with answers from a list.
fn turn(client: &mut Client, mut answers: &[u8]) {
    #[cfg(feature = "run")]
    client.restart();
    let Client { update, buffers, .. } = client;
    let mut now = Instant::START;
    while let Some(body) = Buffers::next_body(&mut answers) {
        while let Some(length) = update.poll_transmit(now, &mut Flash, &mut buffers.frame) {
            keep(&length);
        }
        while let Some(event) = update.poll_event() {
            keep(&event);
        }
        if body.is_empty() {
            now = update.poll_timeout().unwrap_or(now);
            update.handle_timeout(now);
        } else {
            update.handle_datagram(now, buffers.answer(body));
        }
    }
    #[cfg(feature = "run")]
    assert!(matches!(update.outcome(), Some(Ok(_))));
}
