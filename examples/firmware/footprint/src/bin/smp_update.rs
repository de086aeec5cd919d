//! SMP client that updates a device: lists, uploads, tests, resets, waits and confirms
#![no_std]
#![no_main]

use emu_smp::client::{ImageSource, Instant, Policy, ReadError, Session, Target, Update, UpdateOptions};
use emu_smp::{ImageHash, ImageVersion};
use footprint::answers::Buffers;
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

/// A file of which nothing is in memory.
struct Flash;

impl ImageSource for Flash {
    fn length(&self) -> u32 {
        LENGTH
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), ReadError> {
        // Whatever is there already, as a driver of a flash would have put it there.
        keep(&(offset, buffer));
        Ok(())
    }
}

const LENGTH: u32 = 2000;

/// What is known of it.
static TARGET: Target = Target {
    hash: ImageHash::Sha256([1; 32]),
    sha: [2; 32],
    length: LENGTH,
    version: ImageVersion { major: 1, minor: 0, revision: 9, build: 0 },
};

#[inline(never)]
fn begin() -> Update {
    Update::new(Session::new(Policy::DEFAULT), &TARGET, UpdateOptions::default())
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
