//! A small SMP client over a plain UDP socket: one request at a time, and the answers as they come.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use emu_simulator::Simulator;
use emu_smp::image::{EraseRequest, HashBytes, SetStateRequest, StateRequest, UploadRequest};
use emu_smp::os::{EchoRequest, ResetRequest};
use emu_smp::{Header, ImageHash, Refusal, Request, Version, decode_response, encode_request};

pub(crate) struct Client {
    pub(crate) socket: UdpSocket,
    pub(crate) version: Version,
    sequence: u8,
}

impl Client {
    pub(crate) fn new(simulator: &Simulator) -> Self {
        Self::at(simulator.smp_addr().unwrap())
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Self { socket, version: Version::V1, sequence: 0 }
    }

    /// Sends a request, and returns its sequence number.
    pub(crate) fn send(&mut self, request: &impl Request) -> u8 {
        self.sequence = self.sequence.wrapping_add(1);
        let mut frame = [0; 4_096];
        let length = encode_request(request, self.version, self.sequence, &mut frame).unwrap();
        // While nobody listens, the system says so at the next call.
        let _: std::io::Result<usize> = self.socket.send(&frame[..length]);
        self.sequence
    }

    /// Returns the next answer that comes within a time.
    pub(crate) fn receive(&self, within: Duration) -> Option<Vec<u8>> {
        self.socket.set_read_timeout(Some(within.max(Duration::from_millis(1)))).unwrap();
        let mut buffer = vec![0; 4_096];
        let length = self.socket.recv(&mut buffer).ok()?;
        buffer.truncate(length);
        Some(buffer)
    }

    /// Returns the sequence numbers of all answers until there is none for a while.
    pub(crate) fn sequences(&self) -> Vec<u8> {
        std::iter::from_fn(|| self.receive(Duration::from_millis(150))).map(|answer| answer[6]).collect()
    }

    /// Asks and waits for the answer's body.
    pub(crate) fn body(&mut self, request: &impl Request) -> Vec<u8> {
        let sequence = self.send(request);
        let answer = self.receive(Duration::from_secs(5)).expect("an answer");
        let (header, body) = Header::split(&answer).unwrap();
        assert_eq!(header.sequence, sequence);
        body.to_vec()
    }

    /// Asks for something that is done, and returns whether it was.
    pub(crate) fn ask<R: Request>(&mut self, request: &R) -> Result<(), Refused> {
        let body = self.body(request);
        decode_response::<R>(&body).unwrap().map(drop).map_err(|refusal| Refused::new(&refusal))
    }

    pub(crate) fn echo(&mut self) -> bool {
        self.send(&EchoRequest { text: "hi" });
        self.receive(Duration::from_millis(100)).is_some()
    }

    /// Version and flags of what is in the slots.
    pub(crate) fn list(&mut self) -> Vec<String> {
        let body = self.body(&StateRequest);
        let listed = decode_response::<StateRequest>(&body).unwrap().unwrap();
        let line = |image: emu_smp::image::ImageState<'_>| {
            let flags = [
                (image.active, " active"),
                (image.confirmed, " confirmed"),
                (image.pending, " pending"),
                (image.permanent, " permanent"),
            ];
            let flags: String = flags.into_iter().filter_map(|(is_set, flag)| is_set.then_some(flag)).collect();
            format!("{} {}{flags}", image.slot, image.version)
        };
        listed.images.iter().map(line).collect()
    }

    /// Sends a piece, and returns which is wanted next and whether all is well.
    pub(crate) fn piece(&mut self, file: &[u8], offset: usize, size: usize) -> Result<(usize, Option<bool>), Refused> {
        let is_first = offset == 0;
        let sha = sha(file);
        let request = UploadRequest {
            length: is_first.then_some(file.len() as u32),
            offset: offset as u32,
            sha: is_first.then_some(&sha),
            data: &file[offset..file.len().min(offset + size)],
            image: is_first.then_some(0),
            upgrade: None,
        };
        let body = self.body(&request);
        let response = decode_response::<UploadRequest<'_>>(&body).unwrap();
        response.map(|response| (response.offset as usize, response.matches)).map_err(|refusal| Refused::new(&refusal))
    }

    /// Uploads a file in pieces of 512 bytes, as the manual's tool does, and returns the last `match`.
    pub(crate) fn upload(&mut self, file: &[u8]) -> Option<bool> {
        let (mut offset, mut matches) = (0, None);
        while offset < file.len() {
            (offset, matches) = self.piece(file, offset, 512).unwrap();
        }
        matches
    }

    pub(crate) fn set(&mut self, hash: Option<ImageHash>, confirm: bool) -> Result<(), Refused> {
        let hash = hash.as_ref().map(HashBytes::from);
        self.ask(&SetStateRequest { hash, confirm: Some(confirm) })
    }

    pub(crate) fn erase(&mut self) -> Result<(), Refused> {
        self.ask(&EraseRequest { slot: None })
    }

    /// Resets, and waits until the meter is back.
    pub(crate) fn reset(&mut self) {
        self.ask(&ResetRequest { force: None, boot_mode: None }).unwrap();
        self.wait_for_restart();
    }

    /// Waits until the meter has gone away and is back.
    pub(crate) fn wait_for_restart(&mut self) {
        let start = Instant::now();
        while self.echo() {
            assert!(start.elapsed() < Duration::from_secs(5), "it does not go away");
        }
        while !self.echo() {
            assert!(start.elapsed() < Duration::from_secs(20), "it does not come back");
        }
        // What was sent while it was away has no answer any more.
        while self.receive(Duration::from_millis(20)).is_some() {}
    }
}

/// What was answered in place of what was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Code(i32),
    Group(u16),
}

impl Refused {
    fn new(refusal: &Refusal<'_>) -> Self {
        match refusal {
            Refusal::Code { code, .. } => Self::Code(code.0),
            Refusal::Group(error) => Self::Group(error.code),
        }
    }
}

/// The SHA-256 of a file.
pub(crate) fn sha(file: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(file).into()
}
