//! A model of a device, a way that loses and doubles, and drivers for the machines: all in virtual time.
#![allow(dead_code, unreachable_pub, reason = "a module of several tests, each of which uses its part")]

pub mod cbor;
pub mod device;
pub mod link;

use std::cell::RefCell;
use std::rc::Rc;

use cbor::{Value, parse};
use device::{Behaviour, Device, Image};
use emu_smp::ImageHash;
use emu_smp::client::*;
use link::{Link, Machine, Way};

/// What is to be known of an image.
pub fn target(image: &Image) -> Target {
    Target {
        hash: ImageHash::Sha256(image.hash),
        sha: image.sha,
        length: image.file.len() as u32,
        version: image.version.parse().unwrap(),
    }
}

pub struct Uploading<'a> {
    pub upload: Upload,
    pub file: &'a [u8],
    pub events: Vec<UploadEvent>,
}

impl<'a> Uploading<'a> {
    pub fn new(session: Session, image: &'a Image, options: UploadOptions) -> Self {
        Self { upload: Upload::new(session, &target(image), options), file: &image.file, events: Vec::new() }
    }
}

impl Machine for Uploading<'_> {
    fn transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        self.upload.poll_transmit(now, &mut self.file, buffer)
    }

    fn datagram(&mut self, now: Instant, datagram: &[u8]) {
        self.upload.handle_datagram(now, datagram);
    }

    fn timeout(&mut self, now: Instant) {
        self.upload.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.upload.poll_timeout()
    }

    fn is_done(&self) -> bool {
        self.upload.outcome().is_some()
    }

    fn after(&mut self) {
        self.events.extend(std::iter::from_fn(|| self.upload.poll_event()));
    }
}

pub struct Updating<'a> {
    pub update: Update,
    pub file: &'a [u8],
    pub events: Vec<UpdateEvent>,
    /// Whether a hold ends the run.
    pub stops_when_held: bool,
}

impl<'a> Updating<'a> {
    pub fn new(session: Session, image: &'a Image, options: UpdateOptions) -> Self {
        let update = Update::new(session, &target(image), options);
        Self { update, file: &image.file, events: Vec::new(), stops_when_held: false }
    }
}

impl Machine for Updating<'_> {
    fn transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        self.update.poll_transmit(now, &mut self.file, buffer)
    }

    fn datagram(&mut self, now: Instant, datagram: &[u8]) {
        self.update.handle_datagram(now, datagram);
    }

    fn timeout(&mut self, now: Instant) {
        self.update.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.update.poll_timeout()
    }

    fn is_done(&self) -> bool {
        self.update.outcome().is_some() || (self.stops_when_held && self.update.is_held())
    }

    fn after(&mut self) {
        self.events.extend(std::iter::from_fn(|| self.update.poll_event()));
    }
}

/// When all of them begin.
pub const START: Instant = Instant::START;

pub fn session() -> Session {
    Session::new(Policy::DEFAULT)
}

/// A request that was sent once, and its frame.
pub fn sent<R: emu_smp::Request>(session: Session, request: R) -> (Exchange<R>, Vec<u8>) {
    let mut exchange = Exchange::new(session, request);
    let mut buffer = [0; 256];
    let length = exchange.poll_transmit(START, &mut buffer).unwrap();
    (exchange, buffer[..length].to_vec())
}

/// Uploads to a device; returns the machine and the requests with the times at which they were sent.
pub fn upload<'a>(
    device: &mut Device,
    new: &'a Image,
    session: Session,
    way: Way,
) -> (Uploading<'a>, Vec<(u64, Vec<u8>)>, u64) {
    let mut machine = Uploading::new(session, new, UploadOptions::default());
    let requests = Rc::new(RefCell::new(Vec::new()));
    let mut link = Link::new(device, way, 1);
    let seen = requests.clone();
    link.tap = Box::new(move |now, request| {
        seen.borrow_mut().push((now, request.to_vec()));
        true
    });
    assert!(link.run(&mut machine, 3_600_000));
    let now = link.now;
    drop(link);
    (machine, requests.take(), now)
}

pub fn device(behaviour: Behaviour, length: usize) -> (Device, Image) {
    let (old, new) = (Image::new(1, 2000, "1.0.6"), Image::new(2, length, "1.0.9"));
    let mut device = Device::new(behaviour, &old);
    device.known.push(new.clone());
    (device, new)
}

pub fn body(request: &[u8]) -> Value {
    parse(&request[8..]).unwrap()
}
