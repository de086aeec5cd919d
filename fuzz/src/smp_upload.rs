//! Uploads and updates against a device whose every answer is made of the bytes: they end, after a bounded number of requests and
//! in bounded time; they send what is in the file, and nothing else; and they succeed only if the device said so.
//!
//! ```text
//! input = flags options window buffer length *step
//! step  = kind ...                      ; silence, a right answer, one with another offset, a refusal, a list, any bytes
//! ```

use core::time::Duration;

use emu_smp::client::{Instant, Policy, Session, Target, Update, UpdateOptions, Upload, UploadOptions};
use emu_smp::image::{
    HashBytes, ImageState, SetStateRequest, StateRequest, StateResponse, UploadRequest, UploadResponse,
};
use emu_smp::os::ParametersResponse;
use emu_smp::{
    Command, Encode, Group, GroupError, Header, ImageHash, ImageVersion, List, Operation, Refusal, ReturnCode, decode,
    decode_response, encode_frame,
};

use crate::bytes::Bytes;

/// Runs an upload or an update against the device that the bytes make.
///
/// # Panics
///
/// If a property does not hold.
pub fn smp_upload(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let is_update = bytes.flag();
    let options = bytes.byte();
    let upload = UploadOptions {
        image: (options & 1 != 0).then_some(1),
        only_upgrade: options & 2 != 0,
        window: bytes.below(10) as u8,
    };
    let buffer = bytes.pick(&[1400, 600, 128, 70, 8, 2048, 0, 105]);
    let length = bytes.pick(&[5000, 0, 1, 31, 32, 300, 513, 40_000]);
    let file: Vec<u8> = (0..length).map(|at: u32| (at / 7) as u8 ^ at as u8).collect();
    let target = Target {
        hash: ImageHash::Sha256(HASH),
        sha: [2; 32],
        length,
        version: ImageVersion { major: 1, minor: 0, revision: 9, build: 0 },
    };
    let session = Session::new(Policy::DEFAULT);
    if is_update {
        let options = UpdateOptions {
            allow_old_firmware: options & 4 != 0,
            allow_downgrade: options & 64 != 0,
            erase_if_full: options & 8 != 0,
            erase_old: options & 16 != 0,
            hold_before_reset: options & 32 != 0,
            upload,
        };
        run(Update::new(session, &target, options), &file, buffer, bytes);
    } else {
        run(Upload::new(session, &target, upload), &file, buffer, bytes);
    }
}

/// An upload or an update, as it is driven.
trait Machine {
    fn poll_transmit(&mut self, now: Instant, source: &mut &[u8], buffer: &mut [u8]) -> Option<usize>;
    fn poll_events(&mut self) -> usize;
    /// Goes on, if it has stopped to be told to.
    fn go_on(&mut self) -> bool;
    fn poll_timeout(&self) -> Option<Instant>;
    fn handle_datagram(&mut self, now: Instant, datagram: &[u8]);
    fn handle_timeout(&mut self, now: Instant);
    /// How it has ended: whether it was done, and why not.
    fn outcome(&self) -> Option<Result<(), String>>;
    fn progress(&self) -> (u32, u32);
    /// What must have been said before it may succeed.
    fn may_succeed(&self, said: &Said) -> bool;
}

impl Machine for Upload {
    fn poll_transmit(&mut self, now: Instant, source: &mut &[u8], buffer: &mut [u8]) -> Option<usize> {
        self.poll_transmit(now, source, buffer)
    }

    fn poll_events(&mut self) -> usize {
        core::iter::from_fn(|| self.poll_event()).count()
    }

    fn go_on(&mut self) -> bool {
        false
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        self.handle_datagram(now, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn outcome(&self) -> Option<Result<(), String>> {
        Some(self.outcome()?.map(drop).map_err(|error| error.to_string()))
    }

    fn progress(&self) -> (u32, u32) {
        (self.progress().bytes, self.progress().total)
    }

    fn may_succeed(&self, said: &Said) -> bool {
        said.wants_the_end || said.lists_target
    }
}

impl Machine for Update {
    fn poll_transmit(&mut self, now: Instant, source: &mut &[u8], buffer: &mut [u8]) -> Option<usize> {
        self.poll_transmit(now, source, buffer)
    }

    fn poll_events(&mut self) -> usize {
        core::iter::from_fn(|| self.poll_event()).count()
    }

    fn go_on(&mut self) -> bool {
        let is_held = self.is_held();
        self.proceed();
        is_held
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        self.handle_datagram(now, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn outcome(&self) -> Option<Result<(), String>> {
        Some(self.outcome()?.map(drop).map_err(|error| error.to_string()))
    }

    fn progress(&self) -> (u32, u32) {
        (self.progress().bytes, self.progress().total)
    }

    fn may_succeed(&self, said: &Said) -> bool {
        said.runs_target
    }
}

/// What the device has said, of what a success has to stand on.
#[derive(Debug, Default)]
struct Said {
    /// In answer to a piece, that it wants what comes behind the last byte.
    wants_the_end: bool,
    /// That it has the target, which does not run.
    lists_target: bool,
    /// That it runs the target, confirmed.
    runs_target: bool,
}

/// The device: what it was sent, and what it has said.
struct Device<'a> {
    file: &'a [u8],
    sent: Vec<Header>,
    /// Where the piece of a request begins and ends.
    pieces: Vec<Option<(u32, u32)>>,
    /// How many bytes it has.
    held: u32,
    /// Whether it was told last to confirm and not to test; then what it was told to do and has.
    is_to_confirm: bool,
    is_pending: bool,
    runs_target: bool,
    is_confirmed: bool,
    said: Said,
}

fn run<M: Machine>(mut machine: M, file: &[u8], capacity: usize, mut bytes: Bytes<'_>) {
    let mut device = Device::new(file);
    let mut buffer = vec![0; capacity];
    let mut now = Instant::START;
    let (mut steps, mut idle, mut events) = (0, 0, 0);
    // When and after how many requests the device fell silent for good.
    let mut silence = None;
    let outcome = loop {
        let before = device.sent.len();
        while let Some(length) = machine.poll_transmit(now, &mut &*file, &mut buffer) {
            device.receive(&buffer[..length]);
            assert!(device.sent.len() <= before + WINDOW, "no more at once than may be under way");
        }
        events += machine.poll_events();
        let (done, total) = machine.progress();
        assert!(done <= total && total as usize == file.len());
        if let Some(outcome) = machine.outcome() {
            break outcome;
        }
        if machine.go_on() {
            continue;
        }
        let due = machine.poll_timeout().expect("as long as there is no outcome, something is waited for");
        if bytes.is_empty() {
            let (since, requests) = *silence.get_or_insert((now, device.sent.len()));
            assert!(now.saturating_since(since) <= LONGEST, "it goes on after {LONGEST:?} of silence");
            assert!(device.sent.len() <= requests + MOST, "it goes on after {MOST} requests without an answer");
        }
        steps += 1;
        assert!(device.sent.len() <= steps * WINDOW, "requests are answers' or time's fault");
        match if bytes.is_empty() { None } else { device.answer(&mut bytes) } {
            Some(datagram) => {
                now = now.saturating_add(Duration::from_millis(u64::from(bytes.byte())));
                machine.handle_datagram(now, &datagram);
            }
            None => {
                let passed = due.saturating_since(now);
                idle = if passed.is_zero() { idle + 1 } else { 0 };
                assert!(idle < 8, "time stands still at {now:?}");
                now = now.max(due);
                machine.handle_timeout(now);
            }
        }
    };
    assert!(events >= 1, "the end is told");
    assert_eq!(machine.poll_events(), 0, "the end is told once");
    match &outcome {
        Ok(()) => {
            assert!(
                machine.may_succeed(&device.said),
                "success, though the device has said no more than {:?}",
                device.said
            );
        }
        Err(error) => assert!(!error.is_empty() && !error.contains(char::is_control), "{error}"),
    }
    // Nothing changes any more.
    let datagram = device.encode(device.sent.last().copied(), &UploadResponse { offset: 0, matches: None });
    machine.handle_datagram(now, &datagram);
    machine.handle_timeout(Instant::MAX);
    assert_eq!(machine.poll_transmit(Instant::MAX, &mut &*file, &mut buffer), None);
    assert_eq!((machine.poll_timeout(), machine.outcome()), (None, Some(outcome)));
}

impl<'a> Device<'a> {
    fn new(file: &'a [u8]) -> Self {
        Self {
            file,
            sent: Vec::new(),
            pieces: Vec::new(),
            held: 0,
            is_to_confirm: false,
            is_pending: false,
            runs_target: false,
            is_confirmed: false,
            said: Said::default(),
        }
    }

    /// Takes a request: a whole frame, of a command that there is a reason for, and with bytes of the file where they belong.
    fn receive(&mut self, frame: &[u8]) {
        let (header, body) = Header::split(frame).expect("a frame");
        assert_eq!(frame.len(), Header::LENGTH + body.len());
        assert!(matches!(header.group, Group::IMAGE | Group::OS), "{header:?}");
        let piece = (header.id() == Command::IMAGE_UPLOAD).then(|| {
            let request: UploadRequest<'_> = decode(body).expect("a piece");
            let start = request.offset as usize;
            let end = start + request.data.len();
            assert_eq!(self.file.get(start..end), Some(request.data), "a piece at byte {start}");
            let is_first = start == 0;
            assert_eq!(request.length, is_first.then_some(self.file.len() as u32));
            assert_eq!(request.sha.is_some(), is_first);
            (start as u32, end as u32)
        });
        if (header.id(), header.operation) == (Command::IMAGE_STATE, Operation::Write) {
            let request: SetStateRequest<'_> = decode(body).expect("what to start");
            assert_eq!(request.hash, Some(HashBytes(&HASH)));
            self.is_to_confirm = request.confirm == Some(true);
        }
        self.sent.push(header);
        self.pieces.push(piece);
    }

    /// Makes a datagram out of the bytes; none is silence.
    fn answer(&mut self, bytes: &mut Bytes<'_>) -> Option<Vec<u8>> {
        let kind = bytes.byte();
        // As a rule the latest request is answered, else one of those before it.
        let back = if kind & 0x80 == 0 { 0 } else { usize::from(bytes.byte()) };
        let at = self.sent.len().checked_sub(1 + back % self.sent.len().max(1))?;
        let (request, piece) = (self.sent[at], self.pieces[at]);
        let length = self.file.len() as u32;
        let datagram = match kind % 10 {
            0 => return None,
            1 | 2 => self.answer_right(request, piece),
            3 => {
                let offsets = [0, length, self.held, self.held.wrapping_add(1), length.wrapping_add(1), u32::MAX];
                let offset = if bytes.flag() { bytes.pick(&offsets) } else { bytes.short().into() };
                let matches = bytes.pick(&[None, Some(true), Some(false)]);
                self.encode(Some(request), &UploadResponse { offset, matches })
            }
            4 => {
                let code = ReturnCode(bytes.pick(&[2, 10, 9, 7, 3, 8, 1, 6, 256, -1]));
                self.encode(Some(request), &Refusal::Code { code, reason: Some("because\n") })
            }
            5 => {
                let error = GroupError { group: Group::IMAGE, code: bytes.below(36) as u16 };
                self.encode(Some(request), &Refusal::Group(error))
            }
            6 => {
                let images: Vec<ImageState<'_>> = (0..bytes.below(4)).map(|slot| image(slot, bytes.byte())).collect();
                let list = StateResponse { images: List::from(&images[..]), split_status: None };
                self.encode(Some(request), &list)
            }
            7 => {
                let sizes = [2048, 256, 0, 40, 104, u32::MAX];
                let counts = [4, 2, 1, 0, 255, u32::MAX];
                let (buffer_size, buffer_count) = (bytes.pick(&sizes), bytes.pick(&counts));
                self.encode(Some(request), &ParametersResponse { buffer_size, buffer_count })
            }
            8 => {
                let body_length = usize::from(bytes.byte());
                let body = bytes.take(body_length).to_vec();
                let length = body.len() as u16;
                [&Header { length, ..response_to(request) }.to_bytes()[..], &body].concat()
            }
            _ => {
                let length = usize::from(bytes.byte());
                bytes.take(length).to_vec()
            }
        };
        self.note(&datagram);
        Some(datagram)
    }

    /// What a device answers that takes each piece in its turn, has one slot free, and starts what it is told to.
    fn answer_right(&mut self, request: Header, piece: Option<(u32, u32)>) -> Vec<u8> {
        let length = self.file.len() as u32;
        match (request.id(), piece) {
            (_, Some((start, end))) => {
                if start == self.held || start == 0 {
                    self.held = self.held.max(end);
                }
                self.encode(Some(request), &UploadResponse { offset: self.held, matches: None })
            }
            (Command::PARAMETERS, _) => {
                self.encode(Some(request), &ParametersResponse { buffer_size: 1024, buffer_count: 4 })
            }
            (Command::IMAGE_STATE, _) => {
                if request.operation == Operation::Write {
                    self.is_confirmed |= self.is_to_confirm;
                    self.is_pending |= !self.is_to_confirm;
                }
                let images = if self.runs_target {
                    let confirmed = if self.is_confirmed { CONFIRMED } else { 0 };
                    [image(0, TARGET | ACTIVE | confirmed), image(1, 0)]
                } else {
                    [image(0, ACTIVE | CONFIRMED), image(1, TARGET | if self.is_pending { PENDING } else { 0 })]
                };
                let count = if self.held < length { 1 } else { 2 };
                self.encode(
                    Some(request),
                    &StateResponse { images: List::from(&images[..count]), split_status: Some(0) },
                )
            }
            (Command::RESET, _) => {
                self.runs_target |= self.is_pending;
                self.encode(Some(request), &emu_smp::Done)
            }
            _ => self.encode(Some(request), &emu_smp::Done),
        }
    }

    /// Writes the answer to a request.
    fn encode<T: Encode>(&self, request: Option<Header>, body: &T) -> Vec<u8> {
        let mut frame = vec![0; 1024];
        let Some(request) = request else { return Vec::new() };
        let length =
            encode_frame(response_to(request), &mut frame, |writer| writer.value(body)).expect("a short answer");
        frame.truncate(length);
        frame
    }

    /// Takes note of what a datagram says that the device sends, of whichever of its requests.
    fn note(&mut self, datagram: &[u8]) {
        let mut rest = datagram;
        while let Ok((header, body)) = Header::split(rest) {
            rest = &rest[Header::LENGTH + body.len()..];
            if header.id() == Command::IMAGE_UPLOAD
                && let Ok(Ok(response)) = decode_response::<UploadRequest<'_>>(body)
            {
                self.said.wants_the_end |=
                    response.offset as usize == self.file.len() && response.matches != Some(false);
            }
            if header.id() == Command::IMAGE_STATE
                && let Ok(Ok(list)) = decode_response::<StateRequest>(body)
            {
                let mut targets = list.images.iter().filter(|image| image.hash == Some(HashBytes(&HASH)));
                self.said.lists_target |= targets.clone().any(|image| !image.active);
                self.said.runs_target |= targets.any(|image| image.active && image.confirmed);
            }
        }
    }
}

fn response_to(request: Header) -> Header {
    let operation = match request.operation {
        Operation::Read => Operation::ReadResponse,
        _ => Operation::WriteResponse,
    };
    Header { operation, ..request }
}

/// An image that is what the bits say.
fn image(slot: u32, bits: u8) -> ImageState<'static> {
    let is = |bit: u8| bits & bit != 0;
    ImageState {
        image: u32::from(is(0x40)),
        slot,
        version: match (is(TARGET), is(0x80)) {
            (true, _) => "1.0.9",
            (false, false) => "1.0.6",
            (false, true) => "0.9",
        },
        hash: (!is(0x20)).then_some(HashBytes(if is(TARGET) { &HASH } else { &[7; 32] })),
        bootable: true,
        pending: is(PENDING),
        confirmed: is(CONFIRMED),
        active: is(ACTIVE),
        permanent: is(0x10),
    }
}

const TARGET: u8 = 1;
const ACTIVE: u8 = 2;
const CONFIRMED: u8 = 4;
const PENDING: u8 = 8;

/// The target's hash.
const HASH: [u8; 32] = [1; 32];

/// How many requests may be under way.
const WINDOW: usize = 8;

/// How long an end may take without an answer: an update waits for the device to come back, and asks again.
const LONGEST: Duration = Duration::from_secs(1200);

/// How many requests it may take.
const MOST: usize = 300;
