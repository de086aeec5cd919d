//! What an upload does, from the first piece to the last.

mod answers;

use super::UploadOptions;
use super::in_flight::{InFlight, Sent};
use super::outcome::{UploadError, UploadProgress, Uploaded};
use super::piece::Piece;
use super::window::{MAX_WINDOW, Window};
use crate::body::image::{HashBytes, StateRequest, StateResponse, UploadRequest, UploadResponse};
use crate::body::os::ParametersRequest;
use crate::client::events::Events;
use crate::client::failure::Failure;
use crate::client::flight::Flight;
use crate::client::frame_size::FrameSize;
use crate::client::session::{Parameters, Session};
use crate::client::target::{ImageSource, Target};
use crate::client::time::{Instant, millis};
use crate::command::Command;
use crate::header::{Header, Operation};
use crate::return_code::ReturnCode;

/// An upload without its session, which a whole update has for all its parts.
#[derive(Debug, Clone)]
pub(in crate::client) struct Uploader {
    target: Target,
    options: UploadOptions,
    stage: Stage,
    window: Window,
    in_flight: InFlight,
    /// The byte that the device wants, as far as is known; the furthest since it last started; the next that is sent.
    wanted: u32,
    furthest: u32,
    next: u32,
    /// The pieces of this order and later were sent since the upload last went back.
    barrier: u32,
    /// The order of the latest piece that was answered.
    newest: u32,
    /// Whether the file's last byte was sent.
    is_end_sent: bool,
    /// Not before then is anything sent, since the device is busy.
    pause: Option<Instant>,
    /// Not before then is the next piece sent, so that pieces come to the device one by one.
    pace: Instant,
    /// How often in a row the upload came no further.
    fruitless: u8,
    /// How often in a row no answer came, and since when the device is silent.
    silences: u8,
    silent_since: Instant,
    /// How often the device has lost the upload.
    losses: u8,
    ignored: u32,
    notes: Events<Note>,
    outcome: Option<Result<Uploaded, UploadError>>,
}

/// Something to tell.
#[derive(Debug, Clone, Copy)]
pub(in crate::client) enum Note {
    Started { offset: u32 },
    Lost { offset: u32 },
}

#[derive(Debug, Clone)]
enum Stage {
    /// Nothing was sent yet.
    Start,
    /// The device is asked for its parameters.
    Parameters(Flight),
    /// The first piece is sent, alone.
    First { flight: Flight, frame: u16 },
    /// The others.
    Stream,
    /// The device wants the first byte after the last was sent: it is asked whether it has the image.
    Check(Flight),
}

impl Uploader {
    pub(in crate::client) fn new(target: &Target, options: UploadOptions) -> Self {
        Self {
            target: *target,
            options,
            stage: Stage::Start,
            window: Window::new(1),
            in_flight: InFlight::NONE,
            wanted: 0,
            furthest: 0,
            next: 0,
            barrier: 0,
            newest: 0,
            is_end_sent: false,
            pause: None,
            pace: Instant::START,
            fruitless: 0,
            silences: 0,
            silent_since: Instant::START,
            losses: 0,
            ignored: 0,
            notes: Events::NONE,
            outcome: None,
        }
    }

    pub(in crate::client) const fn outcome(&self) -> Option<Result<Uploaded, UploadError>> {
        self.outcome
    }

    pub(in crate::client) fn poll_note(&mut self) -> Option<Note> {
        self.notes.pop()
    }

    pub(in crate::client) const fn ignored(&self) -> u32 {
        self.ignored
    }

    pub(in crate::client) const fn progress(&self) -> UploadProgress {
        // An answer that was overtaken names an earlier byte, and takes nothing away.
        let bytes = if matches!(self.outcome, Some(Ok(_))) { self.target.length } else { self.furthest };
        UploadProgress { bytes, total: self.target.length }
    }

    pub(in crate::client) const fn cancel(&mut self) {
        if self.outcome.is_none() {
            self.outcome = Some(Err(UploadError::Cancelled));
        }
    }

    pub(in crate::client) fn poll_timeout(&self, session: &Session) -> Option<Instant> {
        if self.outcome.is_some() {
            return None;
        }
        match &self.stage {
            Stage::Start => None,
            Stage::Parameters(flight) | Stage::First { flight, .. } | Stage::Check(flight) => flight.poll_timeout(),
            Stage::Stream => {
                let timeout = session.timeout_millis();
                let answer = self.in_flight.live().map(|sent| sent.at.after(timeout)).min();
                let next = Some(self.pace).filter(|_| self.pause.is_none() && self.has_room());
                let end = self.end_of_patience(session).filter(|_| answer.is_some());
                answer.into_iter().chain(end).chain(self.pause).chain(next).min()
            }
        }
    }

    pub(in crate::client) fn poll_transmit<S: ImageSource + ?Sized>(
        &mut self,
        session: &mut Session,
        now: Instant,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Option<usize> {
        if self.outcome.is_some() {
            return None;
        }
        if matches!(self.stage, Stage::Start) {
            self.start(session, now, source.length());
        }
        let frame = match &mut self.stage {
            _ if self.outcome.is_some() => return None,
            Stage::Start => return None,
            Stage::Parameters(flight) => {
                flight.poll_transmit(session, now, &ParametersRequest, buffer)?.map_err(Into::into)
            }
            Stage::Check(flight) => flight.poll_transmit(session, now, &StateRequest, buffer)?.map_err(Into::into),
            Stage::First { .. } => self.transmit_first(session, now, source, buffer)?,
            Stage::Stream => self.transmit_next(session, now, source, buffer)?,
        };
        frame.map_err(|error| self.fail(error)).ok()
    }

    pub(in crate::client) fn handle_datagram(&mut self, session: &mut Session, now: Instant, datagram: &[u8]) {
        if self.outcome.is_some() {
            return;
        }
        match &mut self.stage {
            Stage::Start => {}
            Stage::Parameters(flight) => {
                let answer = flight.handle_datagram::<ParametersRequest>(session, now, datagram);
                match answer {
                    None => return,
                    Some(Ok(parameters)) => *session = session.with_parameters(&parameters),
                    Some(Err(_)) => session.parameters = Parameters::NotTold,
                }
                self.begin(session);
            }
            Stage::First { flight, frame } => {
                let frame = *frame;
                if let Some(answer) = flight.handle_datagram::<UploadRequest<'_>>(session, now, datagram) {
                    self.handle_first(session, now, frame, answer);
                }
            }
            Stage::Stream => self.handle_pieces(session, now, datagram),
            Stage::Check(flight) => {
                if let Some(answer) = flight.handle_datagram::<StateRequest>(session, now, datagram) {
                    let is_there = answer.map(|state| self.is_listed(&state));
                    self.handle_check(session, is_there);
                }
            }
        }
    }

    pub(in crate::client) fn handle_timeout(&mut self, session: &mut Session, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        match &mut self.stage {
            Stage::Start => {}
            Stage::Parameters(flight) => {
                // An upload tells whether anybody is there.
                if flight.handle_timeout(session, now).is_some() {
                    self.begin(session);
                }
            }
            Stage::First { flight, .. } => {
                let failure = flight.handle_timeout(session, now);
                if let Some(failure) = failure {
                    self.fail(failure.into());
                }
            }
            Stage::Stream => self.handle_silence(session, now),
            Stage::Check(flight) => {
                if let Some(failure) = flight.handle_timeout(session, now) {
                    self.fail(failure.into());
                }
            }
        }
    }

    fn start(&mut self, session: &mut Session, now: Instant, length: u32) {
        self.silent_since = now;
        if length != self.target.length {
            return self.fail(UploadError::Length { expected: self.target.length, found: length });
        }
        if session.parameters == Parameters::NotAsked {
            self.stage = Stage::Parameters(Flight::new::<ParametersRequest>(session).with_tries(PARAMETERS_TRIES));
        } else {
            self.begin(session);
        }
    }

    /// Begins with the first piece: for the first time, or again.
    fn begin(&mut self, session: &mut Session) {
        let buffers = match session.parameters {
            Parameters::Told { buffer_count, .. } => u8::try_from(buffer_count).unwrap_or(u8::MAX),
            Parameters::NotAsked | Parameters::NotTold => BUFFERS_NOT_TOLD,
        };
        let wish = if self.options.window == 0 { MAX_WINDOW } else { self.options.window };
        self.window = Window::new(buffers.min(wish).min(session.window));
        self.in_flight.clear();
        self.pause = None;
        self.is_end_sent = false;
        (self.wanted, self.furthest, self.next) = (0, 0, 0);
        let frame = session.frame.usable(session.parameters);
        let flight = Flight::new::<UploadRequest<'_>>(session);
        // Somebody who has not answered the question before is not waited for anew.
        let flight = if session.is_heard { flight } else { flight.since(self.silent_since) };
        self.stage = Stage::First { flight, frame };
    }

    /// Writes the first piece, in a smaller frame each time that it was not answered twice.
    fn transmit_first<S: ImageSource + ?Sized>(
        &mut self,
        session: &mut Session,
        now: Instant,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Option<Result<usize, UploadError>> {
        let Stage::First { flight, frame } = &mut self.stage else { return None };
        if !flight.is_to_be_sent() {
            return None;
        }
        if flight.sent() > 0 && flight.sent().is_multiple_of(TRIES_OF_A_SIZE) {
            *frame = FrameSize::halve(*frame);
        }
        let piece = Piece {
            header: flight.header(),
            offset: 0,
            frame: *frame,
            most: most_data(session.parameters),
            target: &self.target,
            options: &self.options,
        };
        let (length, end) = match piece.write(source, buffer) {
            Ok(written) => written,
            Err(error) => return Some(Err(error)),
        };
        *frame = u16::try_from(length).unwrap_or(u16::MAX);
        flight.handle_sent(session, now);
        self.is_end_sent |= end == self.target.length;
        Some(Ok(length))
    }

    fn handle_first(
        &mut self,
        session: &mut Session,
        now: Instant,
        frame: u16,
        answer: Result<UploadResponse, Failure>,
    ) {
        self.silent_since = now;
        match answer {
            Ok(UploadResponse { offset, .. }) if offset > self.target.length => self.is_beyond_end(offset),
            Ok(UploadResponse { offset: 0, .. }) if self.target.length > 0 => {
                // It wants what it was just sent.
                if self.has_tries(session) {
                    self.begin(session);
                }
            }
            Ok(UploadResponse { offset, matches }) => {
                self.fruitless = 0;
                session.frame.handle_answered(frame);
                session.round_trip.forget_back_off();
                (self.wanted, self.furthest, self.next) = (offset, offset, offset);
                self.stage = Stage::Stream;
                self.notes.push(Note::Started { offset });
                self.finish_at_end(matches);
            }
            Err(Failure::Refused { refused, .. }) if is_too_large(refused.code()) && self.has_tries(session) => {
                session.frame.handle_missed(frame, true);
                self.begin(session);
            }
            Err(failure) => self.fail(failure.into()),
        }
    }

    fn transmit_next<S: ImageSource + ?Sized>(
        &mut self,
        session: &mut Session,
        now: Instant,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Option<Result<usize, UploadError>> {
        if self.pause.is_some() || now < self.pace || !self.has_room() {
            return None;
        }
        if self.in_flight.count() == 0 {
            // Nothing is under way that could change it.
            self.next = self.wanted;
        }
        let usable = session.frame.usable(session.parameters);
        let is_tried = self.in_flight.live().any(|sent| sent.is_trial);
        // After silence, first what has passed before: whether anybody is there.
        let candidate = session.frame.candidate(session.parameters).filter(|_| !is_tried && self.silences == 0);
        let Command { group, number } = Command::IMAGE_UPLOAD;
        let sequence = session.take_sequence();
        let header = Header {
            operation: Operation::Write,
            version: session.version,
            flags: 0,
            length: 0,
            group,
            sequence,
            command: number,
        };
        let piece = Piece {
            header,
            offset: self.next,
            frame: candidate.unwrap_or(usable),
            most: most_data(session.parameters),
            target: &self.target,
            options: &self.options,
        };
        let (length, end) = match piece.write(source, buffer) {
            Ok(written) => written,
            Err(error) => return Some(Err(error)),
        };
        let frame = u16::try_from(length).unwrap_or(u16::MAX);
        let is_trial = frame > usable;
        self.in_flight.push(Sent {
            sequence,
            order: 0,
            offset: self.next,
            length: u16::try_from(end.saturating_sub(self.next)).unwrap_or(u16::MAX),
            frame,
            is_trial,
            is_live: true,
            at: now,
        });
        self.next = end;
        self.is_end_sent |= end == self.target.length;
        self.pace = now.after(self.window.spacing(session.round_trip.smoothed()));
        Some(Ok(length))
    }

    /// When the device has been silent for too long. A piece that is tried in a larger frame does not count.
    fn end_of_patience(&self, session: &Session) -> Option<Instant> {
        let is_tried = self.in_flight.live().any(|sent| sent.is_trial);
        (!is_tried).then_some(self.silent_since.after(millis(session.policy.give_up)))
    }

    /// Whether there is a piece to send, and the window has room for it.
    fn has_room(&self) -> bool {
        let count = self.in_flight.count();
        count == 0 || (self.next < self.target.length && count < usize::from(self.window.size()))
    }

    /// The device wants the first byte again: it was restarted, or it has the file and is done with it.
    fn handle_lost(&mut self, session: &mut Session) {
        if self.is_end_sent {
            self.stage = Stage::Check(Flight::new::<StateRequest>(session));
        } else {
            self.begin_again(session);
        }
    }

    fn handle_check(&mut self, session: &mut Session, is_there: Result<bool, Failure>) {
        match is_there {
            Ok(true) => self.outcome = Some(Ok(Uploaded { is_checked: false })),
            Ok(false) | Err(Failure::Refused { .. }) => self.begin_again(session),
            Err(failure) => self.fail(failure.into()),
        }
    }

    fn begin_again(&mut self, session: &mut Session) {
        self.notes.push(Note::Lost { offset: self.furthest });
        self.losses = self.losses.saturating_add(1);
        if self.losses >= session.policy.tries.max(1) {
            return self.fail(UploadError::KeepsLosing { times: self.losses });
        }
        self.begin(session);
    }

    /// Whether an image that does not run is the target.
    fn is_listed(&self, state: &StateResponse<'_>) -> bool {
        let mut others = state.images.iter().filter(|image| !image.active);
        others.any(|image| image.hash.and_then(HashBytes::to_hash) == Some(self.target.hash))
    }

    /// Ends if the device has all.
    fn finish_at_end(&mut self, matches: Option<bool>) -> bool {
        if self.wanted < self.target.length {
            return false;
        }
        self.outcome = Some(match matches {
            Some(false) => Err(UploadError::Mismatch),
            is_checked => Ok(Uploaded { is_checked: is_checked.is_some() }),
        });
        true
    }

    /// Counts a try that brought the upload no further; ends it if that was the last.
    fn has_tries(&mut self, session: &Session) -> bool {
        self.fruitless = self.fruitless.saturating_add(1);
        let tries = self.fruitless;
        if tries < session.policy.tries.max(1) {
            return true;
        }
        self.fail(UploadError::NoProgress { offset: self.wanted, tries });
        false
    }

    const fn is_beyond_end(&mut self, offset: u32) {
        self.fail(UploadError::OffsetBeyondEnd { offset, length: self.target.length });
    }

    const fn fail(&mut self, error: UploadError) {
        self.outcome = Some(Err(error));
    }
}

/// Whether a refusal says that the frame was too large, or was cut on the way.
fn is_too_large(code: Option<ReturnCode>) -> bool {
    matches!(code, Some(ReturnCode::CORRUPT | ReturnCode::MESSAGE_SIZE))
}

/// How many bytes of data a piece may have.
const fn most_data(parameters: Parameters) -> u16 {
    match parameters {
        Parameters::Told { .. } => u16::MAX,
        Parameters::NotAsked | Parameters::NotTold => 512,
    }
}

/// How often a device is asked for its parameters.
const PARAMETERS_TRIES: u8 = 4;
/// How many pieces may be under way to a device that does not say how many buffers it has.
const BUFFERS_NOT_TOLD: u8 = 4;
/// After how many tries a smaller frame is sent.
const TRIES_OF_A_SIZE: u8 = 3;
