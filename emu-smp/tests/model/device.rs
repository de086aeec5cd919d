//! A device with two slots, MCUboot's rules and a few buffers, in virtual time: what Zephyr's servers were seen to do.

use std::collections::VecDeque;

use super::cbor::{Body, Value, parse};

/// A file that is an image: the model knows its hash, as a real device reads it from the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    pub file: Vec<u8>,
    pub hash: [u8; 32],
    pub sha: [u8; 32],
    pub version: &'static str,
}

impl Image {
    /// An image whose bytes follow from its number.
    pub fn new(number: u8, length: usize, version: &'static str) -> Self {
        let file = (0..length).map(|at| (at as u8).wrapping_mul(31).wrapping_add((at >> 8) as u8) ^ number).collect();
        Self { file, hash: [number; 32], sha: [number ^ 0xff; 32], version }
    }
}

/// How the device behaves.
#[derive(Debug, Clone)]
pub struct Behaviour {
    pub buffer_size: u32,
    pub buffer_count: usize,
    /// `params` is unknown.
    pub has_parameters: bool,
    /// What is longer is cut, and answered with rc 9.
    pub cut: usize,
    /// What is longer is lost on the way.
    pub silent_from: usize,
    /// How long a request takes, and an erasure, in milliseconds.
    pub service: u64,
    pub erase: u64,
    /// From the answer to a reset until it goes down, and until it is up again.
    pub reset_delay: u64,
    pub boot: u64,
    /// The SHA-256 is compared at the end.
    pub has_image_check: bool,
    /// Success carries `rc: 0`.
    pub has_legacy_rc: bool,
    /// Erasing a free slot is refused.
    pub refuses_blank_erase: bool,
    /// Answers carry a key that nobody knows.
    pub has_unknown_keys: bool,
    /// The target does not start: MCUboot goes back at once.
    pub is_target_broken: bool,
    /// The target's signature is wrong: MCUboot erases it.
    pub is_target_unsigned: bool,
    /// A state write is refused: RAM-load.
    pub refuses_state_write: bool,
}

impl Behaviour {
    pub const USUAL: Self = Self {
        buffer_size: 2048,
        buffer_count: 2,
        has_parameters: true,
        cut: 1500,
        silent_from: 1473,
        service: 1,
        erase: 200,
        reset_delay: 200,
        boot: 3000,
        has_image_check: false,
        has_legacy_rc: false,
        refuses_blank_erase: false,
        has_unknown_keys: false,
        is_target_broken: false,
        is_target_unsigned: false,
        refuses_state_write: false,
    };
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::USUAL
    }
}

#[derive(Debug, Clone, Default)]
pub struct Slot {
    pub data: Vec<u8>,
    pub pending: bool,
    pub permanent: bool,
    pub confirmed: bool,
}

#[derive(Debug, Clone)]
struct Session {
    sha: Vec<u8>,
    length: u32,
    offset: u32,
}

/// The device.
#[derive(Debug)]
pub struct Device {
    pub behaviour: Behaviour,
    pub known: Vec<Image>,
    /// The first runs.
    pub slots: [Slot; 2],
    session: Option<Session>,
    waiting: VecDeque<Vec<u8>>,
    /// What is being done, until when, and whether a second buffer holds the answer.
    current: Option<(u64, Option<Vec<u8>>, usize)>,
    used: usize,
    down_until: Option<u64>,
    reset_at: Option<u64>,
    pub resets: u32,
    pub requests: u32,
    pub dropped: u32,
    /// The file that the last upload has completed.
    pub completed: Option<Vec<u8>>,
}

impl Device {
    /// A device that runs an image, confirmed.
    pub fn new(behaviour: Behaviour, running: &Image) -> Self {
        let slot = Slot { data: running.file.clone(), confirmed: true, ..Slot::default() };
        Self {
            behaviour,
            known: vec![running.clone()],
            slots: [slot, Slot::default()],
            session: None,
            waiting: VecDeque::new(),
            current: None,
            used: 0,
            down_until: None,
            reset_at: None,
            resets: 0,
            requests: 0,
            dropped: 0,
            completed: None,
        }
    }

    pub fn image(&self, slot: usize) -> Option<&Image> {
        self.known.iter().find(|image| image.file == self.slots[slot].data)
    }

    /// When something happens next without anything coming in.
    pub fn next_time(&self) -> Option<u64> {
        let done = self.current.as_ref().map(|(until, ..)| *until);
        [done, self.down_until, self.reset_at].into_iter().flatten().min()
    }

    /// Goes on to this time; returns what it sends.
    pub fn run(&mut self, now: u64) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        if self.reset_at.is_some_and(|at| at <= now) {
            self.restart(now);
        }
        if self.down_until.is_some_and(|until| until <= now) {
            self.down_until = None;
        }
        if self.current.as_ref().is_some_and(|(until, ..)| *until <= now) {
            let (_, answer, buffers) = self.current.take().unwrap();
            self.used -= buffers;
            sent.extend(answer);
            self.start_next(now);
        }
        sent
    }

    /// A datagram comes in.
    pub fn receive(&mut self, now: u64, datagram: &[u8]) {
        if self.down_until.is_some() || datagram.len() >= self.behaviour.silent_from {
            return;
        }
        if self.used >= self.behaviour.buffer_count {
            self.dropped += 1;
            return;
        }
        self.used += 1;
        self.waiting.push_back(datagram[..datagram.len().min(self.behaviour.cut)].to_vec());
        self.start_next(now);
    }

    /// The power goes, or it was asked to.
    pub fn restart(&mut self, now: u64) {
        self.reset_at = None;
        self.resets += 1;
        self.session = None;
        self.waiting.clear();
        self.current = None;
        self.used = 0;
        self.down_until = Some(now + self.behaviour.boot);
        let is_whole = self.image(1).is_some();
        let [first, second] = &mut self.slots;
        if second.pending && is_whole {
            let is_confirmed = second.permanent;
            (second.pending, second.permanent) = (false, false);
            if self.behaviour.is_target_unsigned {
                *second = Slot::default();
            } else if !self.behaviour.is_target_broken {
                std::mem::swap(first, second);
                first.confirmed = is_confirmed;
                second.confirmed = false;
            }
        } else if !first.confirmed {
            std::mem::swap(first, second);
            first.confirmed = true;
            second.confirmed = false;
        }
    }

    fn start_next(&mut self, now: u64) {
        if self.current.is_some() {
            return;
        }
        let Some(request) = self.waiting.pop_front() else { return };
        self.requests += 1;
        if request.len() < 8 {
            self.used -= 1;
            return self.start_next(now);
        }
        if self.used >= self.behaviour.buffer_count && self.behaviour.buffer_count > 1 {
            let answer = respond(&request, &code(2));
            self.current = Some((now, Some(answer), 1));
            return;
        }
        self.used += 1;
        let (answer, time) = self.answer(now, &request);
        self.current = Some((now + time, answer, 2));
    }

    fn answer(&mut self, now: u64, request: &[u8]) -> (Option<Vec<u8>>, u64) {
        let service = self.behaviour.service;
        let length = usize::from(u16::from_be_bytes([request[2], request[3]]));
        if request.len() < 8 + length {
            return (Some(respond(request, &code(9))), service);
        }
        let (op, group, command) = (request[0] & 7, u16::from_be_bytes([request[4], request[5]]), request[7]);
        let Some(body) = parse(&request[8..8 + length]) else { return (Some(respond(request, &code(3))), service) };
        let (body, time) = match (op, group, command) {
            (_, 0, 0) => {
                let Some(Value::Text(text)) = body.get("d").cloned() else { return (None, service) };
                (self.done(|body| body.string("r", &text)), service)
            }
            (2, 0, 5) => {
                self.reset_at = Some(now + service + self.behaviour.reset_delay);
                (self.done(|_| ()), service)
            }
            (0, 0, 6) if self.behaviour.has_parameters => {
                let (size, count) = (self.behaviour.buffer_size, self.behaviour.buffer_count as u32);
                let body = self.done(|body| {
                    body.number("buf_size", size);
                    body.number("buf_count", count);
                });
                (body, service)
            }
            (0, 1, 0) => (self.list(), service),
            (2, 1, 0) => (self.set_state(request, &body), service),
            (2, 1, 1) => self.upload(request, &body),
            (2, 1, 5) => self.erase(request),
            _ => (code(8), service),
        };
        (Some(respond(request, &body)), time)
    }

    fn done(&self, fill: impl FnOnce(&mut Body)) -> Vec<u8> {
        Body::map(|body| {
            if self.behaviour.has_legacy_rc {
                body.number("rc", 0);
            }
            if self.behaviour.has_unknown_keys {
                body.list("new", |body| body.open_map(|body| body.number("deep", 70_000)));
            }
            fill(body);
        })
    }

    fn list(&self) -> Vec<u8> {
        self.done(|body| {
            body.list("images", |body| {
                for (number, slot) in self.slots.iter().enumerate() {
                    let Some(image) = self.image(number) else { continue };
                    body.open_map(|body| {
                        body.number("slot", number as u32);
                        body.string("version", image.version);
                        body.bytes("hash", &image.hash);
                        body.flag("bootable", true);
                        body.flag("pending", slot.pending);
                        body.flag("confirmed", slot.confirmed);
                        body.flag("active", number == 0);
                        body.flag("permanent", slot.permanent);
                    });
                }
            });
            body.number("splitStatus", 0);
        })
    }

    fn set_state(&mut self, request: &[u8], body: &Value) -> Vec<u8> {
        let is_confirm = body.get("confirm") == Some(&Value::Bool(true));
        if self.behaviour.refuses_state_write {
            return code(8);
        }
        let hash = body.bytes("hash").unwrap_or_default().to_vec();
        let slot = (0..2).find(|slot| self.image(*slot).is_some_and(|image| image.hash[..] == hash[..]));
        match (slot, is_confirm) {
            (None, false) => return group_error(request, 1, 8, 1),
            (Some(0), false) => return group_error(request, 1, 33, 6),
            (Some(0), true) | (None, true) => self.slots[0].confirmed = true,
            (_, is_permanent) => {
                if self.slots[1].pending {
                    return group_error(request, 1, 28, 6);
                }
                (self.slots[1].pending, self.slots[1].permanent) = (true, is_permanent);
            }
        }
        self.list()
    }

    fn erase(&mut self, request: &[u8]) -> (Vec<u8>, u64) {
        let service = self.behaviour.service;
        if self.slots[1].pending || !self.slots[0].confirmed {
            return (group_error(request, 1, 9, 6), service);
        }
        if self.slots[1].data.is_empty() && self.behaviour.refuses_blank_erase {
            return (group_error(request, 1, 1, 1), service);
        }
        self.slots[1] = Slot::default();
        self.session = None;
        (self.done(|_| ()), self.behaviour.erase)
    }

    fn upload(&mut self, request: &[u8], body: &Value) -> (Vec<u8>, u64) {
        let service = self.behaviour.service;
        let (Some(offset), Some(data)) = (body.number("off"), body.bytes("data")) else {
            return (group_error(request, 1, 20, 3), service);
        };
        let mut time = service;
        if offset == 0 {
            let Some(length) = body.number("len") else { return (group_error(request, 1, 21, 3), service) };
            if data.len() < 32 {
                return (group_error(request, 1, 22, 3), service);
            }
            let sha = body.bytes("sha").unwrap_or_default().to_vec();
            let is_same = |session: &Session| session.sha == sha && !sha.is_empty();
            if let Some(session) = self.session.as_ref().filter(|session| is_same(session)) {
                return (self.wanted(session.offset, None), service);
            }
            if self.slots[1].pending || !self.slots[0].confirmed {
                return (group_error(request, 1, 9, 6), service);
            }
            let known = self.image(1).filter(|image| image.sha[..] == sha[..] && image.file.len() as u32 == length);
            if self.behaviour.has_image_check && known.is_some() {
                return (self.wanted(length, Some(true)), service);
            }
            time += self.behaviour.erase;
            self.slots[1] = Slot::default();
            self.session = Some(Session { sha, length, offset: 0 });
        }
        let Some(session) = &mut self.session else { return (self.wanted(0, None), service) };
        if offset == session.offset {
            if session.offset + data.len() as u32 > session.length {
                return (group_error(request, 1, 31, 1), service);
            }
            self.slots[1].data.extend(data);
            session.offset += data.len() as u32;
        }
        let (wanted, is_done) = (session.offset, session.offset == session.length);
        let mut matches = None;
        if is_done {
            let session = self.session.take().unwrap();
            self.completed = Some(self.slots[1].data.clone());
            if self.behaviour.has_image_check {
                matches = Some(self.image(1).is_some_and(|image| image.sha[..] == session.sha[..]));
            }
        }
        (self.wanted(wanted, matches), time)
    }

    fn wanted(&self, offset: u32, matches: Option<bool>) -> Vec<u8> {
        self.done(|body| {
            body.number("off", offset);
            if let Some(matches) = matches {
                body.flag("match", matches);
            }
        })
    }
}

/// Writes the answer to a request: version and sequence number are its own.
pub fn respond(request: &[u8], body: &[u8]) -> Vec<u8> {
    let op = if request[0] & 7 == 0 { 1 } else { 3 };
    let mut frame = vec![(request[0] & 0x18) | op, 0];
    frame.extend((body.len() as u16).to_be_bytes());
    frame.extend(&request[4..8]);
    frame.extend(body);
    frame
}

pub fn code(code: u32) -> Vec<u8> {
    Body::map(|body| body.number("rc", code))
}

/// A group's error in version 1, a general one in version 0.
fn group_error(request: &[u8], group: u32, rc: u32, general: u32) -> Vec<u8> {
    if request[0] & 0x18 == 0 {
        return code(general);
    }
    Body::map(|body| {
        body.text("err");
        body.open_map(|body| {
            body.number("group", group);
            body.number("rc", rc);
        });
    })
}
