//! SMP client with upload
#![no_std]
#![no_main]

use emu_smp::client::{Instant, Policy, Session, Upload, UploadOptions};
use footprint::answers::Buffers;
use footprint::file::{FILE, Flash};
use footprint::keep;

footprint::program! {
    state: Client = Client::new(),
    turn: turn,
    // The device's parameters, three pieces, silence, and the last piece twice: each the length of an answer's body, and the body.
    input: b"\x19\xbf\x68buf_size\x19\x08\x00\x69buf_count\x04\xff\
        \x09\xbf\x63off\x19\x01\x90\xff\x09\xbf\x63off\x19\x03\xe8\xff\x09\xbf\x63off\x19\x05\xdc\xff\
        \x00\x09\xbf\x63off\x19\x07\xd0\xff\x09\xbf\x63off\x19\x07\xd0\xff",
    count: 4,
    unit: "piece",
}

/// What a driver has.
struct Client {
    upload: Upload,
    buffers: Buffers,
    /// What each measured turn but the first starts with, whose stack is looked at.
    #[cfg(feature = "run")]
    start: &'static Upload,
}

#[cfg(feature = "run")]
static START: footprint::Place<Upload> = footprint::Place::EMPTY;

impl Client {
    fn new() -> Self {
        Self {
            upload: begin(),
            buffers: Buffers::EMPTY,
            #[cfg(feature = "run")]
            start: START.fill(begin()),
        }
    }

    #[cfg(feature = "run")]
    #[inline(never)]
    fn restart(&mut self) {
        if self.upload.outcome().is_some() {
            self.upload.clone_from(self.start);
        }
    }
}

#[inline(never)]
fn begin() -> Upload {
    Upload::new(Session::new(Policy::DEFAULT), &FILE, UploadOptions::default())
}

/// Uploads, with answers from a list.
fn turn(client: &mut Client, mut answers: &[u8]) {
    #[cfg(feature = "run")]
    client.restart();
    let Client { upload, buffers, .. } = client;
    let mut now = Instant::START;
    while let Some(body) = Buffers::next_body(&mut answers) {
        while let Some(length) = upload.poll_transmit(now, &mut Flash, &mut buffers.frame) {
            keep(&length);
        }
        while let Some(event) = upload.poll_event() {
            keep(&event);
        }
        if body.is_empty() {
            now = upload.poll_timeout().unwrap_or(now);
            upload.handle_timeout(now);
        } else {
            upload.handle_datagram(now, buffers.answer(body));
        }
    }
    #[cfg(feature = "run")]
    assert!(matches!(upload.outcome(), Some(Ok(_))));
}
