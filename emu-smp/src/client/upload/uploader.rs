//! What an upload does, from the first piece to the last.

mod answers;

use super::UploadOptions;
use super::in_flight::{InFlight, Sent};
use super::outcome::{UploadError, UploadProgress, Uploaded};
use super::piece::Piece;
use super::window::{MAX_WINDOW, Window};
use crate::body::image::{StateRequest, UploadRequest};
use crate::body::os::ParametersRequest;
use crate::client::answer::{self, Answer};
use crate::client::failure::Failure;
use crate::client::flight::Flight;
use crate::client::frame_size::FrameSize;
use crate::client::session::{Parameters, Session};
use crate::client::target::{ImageSource, Target};
use crate::client::time::{Moment, millis};
use crate::command::Command;
use crate::header::{Header, Operation};
use crate::return_code::ReturnCode;

/// An upload without its session, which a whole update has for all its parts.
#[derive(Debug, Clone)]
// The order is for flash, as in `Upload`.
#[repr(C)]
pub(in crate::client) struct Uploader {
    /// How often in a row the upload came no further.
    fruitless: u8,
    /// How often in a row no answer came, and since when the device is silent.
    silences: u8,
    /// How often the device has lost the upload.
    losses: u8,
    /// Whether the file's last byte was sent.
    is_end_sent: bool,
    window: Window,
    stage: Stage,
    /// The byte that the device wants, as far as is known; the furthest since it last started; the next that is sent.
    wanted: u32,
    furthest: u32,
    next: u32,
    /// The pieces of this order and later were sent since the upload last went back.
    barrier: u32,
    /// The order of the latest piece that was answered.
    newest: u32,
    /// Not before then is the next piece sent, so that pieces come to the device one by one.
    pace: Moment,
    silent_since: Moment,
    /// Not before then is anything sent, since the device is busy.
    pause: Option<Moment>,
    options: UploadOptions,
    ignored: u32,
    /// The request that is under way, but for a piece that is not the first.
    flight: Flight,
    target: Target,
    outcome: Option<Result<Uploaded, UploadError>>,
    in_flight: InFlight,
    /// What is to be told. There is one at most each time that it is asked for.
    note: Option<Note>,
}

/// Something to tell.
#[derive(Debug, Clone, Copy)]
pub(in crate::client) enum Note {
    Started { offset: u32 },
    Lost { offset: u32 },
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Nothing was sent yet.
    Start,
    /// The device is asked for its parameters.
    Parameters,
    /// The first piece is sent, alone.
    First { frame: u16 },
    /// The others.
    Stream,
    /// The device wants the first byte after the last was sent: it is asked whether it has the image.
    Check,
}

impl Uploader {
    pub(in crate::client) fn new(target: &Target, options: UploadOptions) -> Self {
        Self {
            target: *target,
            options,
            stage: Stage::Start,
            flight: Flight::NONE,
            window: Window::new(1),
            in_flight: InFlight::NONE,
            wanted: 0,
            furthest: 0,
            next: 0,
            barrier: 0,
            newest: 0,
            is_end_sent: false,
            pause: None,
            pace: Moment::NONE,
            fruitless: 0,
            silences: 0,
            silent_since: Moment::NONE,
            losses: 0,
            ignored: 0,
            note: None,
            outcome: None,
        }
    }

    /// Starts once more, as if nothing had been sent.
    pub(in crate::client) fn restart(&mut self) {
        self.stage = Stage::Start;
        (self.wanted, self.furthest, self.next, self.barrier, self.newest) = (0, 0, 0, 0, 0);
        (self.fruitless, self.silences, self.losses, self.ignored) = (0, 0, 0, 0);
        (self.pause, self.note, self.outcome) = (None, None, None);
        self.in_flight = InFlight::NONE;
    }

    pub(in crate::client) const fn outcome(&self) -> Option<Result<Uploaded, UploadError>> {
        self.outcome
    }

    pub(in crate::client) fn poll_note(&mut self) -> Option<Note> {
        self.note.take()
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

    #[inline(never)]
    pub(in crate::client) fn poll_timeout(&self, session: &Session) -> Option<Moment> {
        if self.outcome.is_some() {
            return None;
        }
        match self.stage {
            Stage::Start => None,
            Stage::Parameters | Stage::First { .. } | Stage::Check => self.flight.poll_timeout(),
            Stage::Stream => {
                let resumed = self.pause.or_else(|| self.has_room().then_some(self.pace));
                let Some(first) = self.in_flight.earliest() else { return resumed };
                let due = first.after(session.timeout_millis());
                let due = due.min(resumed.unwrap_or(due));
                Some(due.min(self.end_of_patience(session).unwrap_or(due)))
            }
        }
    }

    pub(in crate::client) fn poll_transmit<S: ImageSource + ?Sized>(
        &mut self,
        session: &mut Session,
        now: Moment,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Option<usize> {
        if self.outcome.is_some() {
            return None;
        }
        if matches!(self.stage, Stage::Start) {
            self.start(session, now, source.length());
        }
        match self.stage {
            _ if self.outcome.is_some() => None,
            Stage::Start => None,
            // Both are questions of no words.
            Stage::Parameters | Stage::Check => {
                let written = self.flight.poll_transmit(session, now, buffer, &mut |writer| writer.map(0))?;
                written.map_err(|failure| self.give_up(&failure)).ok()
            }
            Stage::First { frame } => self.transmit_first(session, now, source, buffer, frame),
            Stage::Stream => self.transmit_next(session, now, source, buffer),
        }
    }

    pub(in crate::client) fn handle_datagram(&mut self, session: &mut Session, now: Moment, datagram: &[u8]) {
        if self.outcome.is_some() {
            return;
        }
        match self.stage {
            Stage::Start => return,
            Stage::Stream => return self.handle_pieces(session, now, datagram),
            Stage::Parameters | Stage::First { .. } | Stage::Check => {}
        }
        let keys = match self.stage {
            Stage::Parameters => answer::PARAMETERS,
            Stage::Check => answer::NOTHING,
            _ => answer::OFFSET,
        };
        let Some(body) = self.flight.find(session, now, datagram) else { return };
        let answer = answer::read(self.flight.header().id(), body, keys);
        if self.flight.is_put_off(session, now, &answer) {
            return;
        }
        match (self.stage, &answer) {
            (Stage::Parameters, answer) => {
                session.parameters = match answer {
                    Ok(Answer { first: buffer_size, second: Some(buffer_count), .. }) => {
                        Parameters::Told { buffer_size: *buffer_size, buffer_count: *buffer_count }
                    }
                    _ => Parameters::NotTold,
                };
                self.begin(session);
            }
            (Stage::First { frame }, Ok(answer)) => self.handle_first(session, now, frame, answer),
            (Stage::First { frame }, Err(Failure::Refused { refused, .. }))
                if is_too_large(refused.code()) && self.has_tries(session) =>
            {
                self.silent_since = now;
                session.frame.handle_missed(frame, true);
                self.begin(session);
            }
            (Stage::Check, Ok(_)) if answer::lists(body, self.target.hash.as_bytes()) => {
                self.outcome = Some(Ok(Uploaded { is_checked: false }));
            }
            (Stage::Check, Ok(_) | Err(Failure::Refused { .. })) => self.begin_again(session),
            (_, Err(failure)) => self.give_up(failure),
            (Stage::Start | Stage::Stream, Ok(_)) => {}
        }
    }

    #[inline(never)]
    pub(in crate::client) fn handle_timeout(&mut self, session: &mut Session, now: Moment) {
        if self.outcome.is_some() {
            return;
        }
        match self.stage {
            Stage::Start => {}
            Stage::Stream => self.handle_silence(session, now),
            Stage::Parameters | Stage::First { .. } | Stage::Check => {
                match (self.flight.handle_timeout(session, now), self.stage) {
                    (None, _) => {}
                    // An upload tells whether anybody is there.
                    (Some(_), Stage::Parameters) => self.begin(session),
                    (Some(failure), _) => self.give_up(&failure),
                }
            }
        }
    }

    fn start(&mut self, session: &mut Session, now: Moment, length: u32) {
        (self.silent_since, self.pace) = (now, now);
        if length != self.target.length {
            return self.fail(UploadError::Length { expected: self.target.length, found: length });
        }
        if matches!(session.parameters, Parameters::NotAsked) {
            self.stage = Stage::Parameters;
            self.flight.start::<ParametersRequest>(session);
            self.flight.limit_tries(PARAMETERS_TRIES);
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
        self.flight.start::<UploadRequest<'_>>(session);
        if !session.is_heard {
            // Somebody who has not answered the question before is not waited for anew.
            self.flight.begin_waiting(self.silent_since);
        }
        self.stage = Stage::First { frame };
    }

    /// Writes the first piece, in a smaller frame each time that it was not answered twice.
    fn transmit_first<S: ImageSource + ?Sized>(
        &mut self,
        session: &mut Session,
        now: Moment,
        source: &mut S,
        buffer: &mut [u8],
        mut frame: u16,
    ) -> Option<usize> {
        if !self.flight.is_to_be_sent() {
            return None;
        }
        let sent = self.flight.sent();
        if sent > 0 && sent.is_multiple_of(TRIES_OF_A_SIZE) {
            frame = FrameSize::halve(frame);
        }
        let (length, end) = self.write_piece(session, source, buffer, self.flight.header(), 0, frame)?;
        self.stage = Stage::First { frame: length as u16 };
        self.flight.handle_sent(session, now);
        self.is_end_sent |= end == self.target.length;
        Some(length)
    }

    fn handle_first(&mut self, session: &mut Session, now: Moment, frame: u16, answer: &Answer) {
        self.silent_since = now;
        let Answer { first: offset, second: matches, .. } = *answer;
        if offset > self.target.length {
            return self.is_beyond_end(offset);
        }
        if offset == 0 && self.target.length > 0 {
            // It wants what it was just sent.
            if self.has_tries(session) {
                self.begin(session);
            }
            return;
        }
        self.fruitless = 0;
        session.frame.handle_answered(frame);
        session.round_trip.forget_back_off();
        (self.wanted, self.furthest, self.next) = (offset, offset, offset);
        self.stage = Stage::Stream;
        self.note = Some(Note::Started { offset });
        self.finish_at_end(matches);
    }

    fn transmit_next<S: ImageSource + ?Sized>(
        &mut self,
        session: &mut Session,
        now: Moment,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Option<usize> {
        if self.pause.is_some() || !now.has_reached(self.pace) || !self.has_room() {
            return None;
        }
        if self.in_flight.count() == 0 {
            // Nothing is under way that could change it.
            self.next = self.wanted;
        }
        let usable = session.frame.usable(session.parameters);
        // After silence, first what has passed before: whether anybody is there.
        let candidate = if self.silences == 0 && !self.in_flight.has_trial() {
            session.frame.candidate(session.parameters)
        } else {
            None
        };
        let header = session.next_header(Operation::Write, Command::IMAGE_UPLOAD);
        let (length, end) =
            self.write_piece(session, source, buffer, header, self.next, candidate.unwrap_or(usable))?;
        let frame = length as u16;
        let is_trial = frame > usable;
        self.in_flight.push(Sent {
            sequence: header.sequence,
            order: 0,
            offset: self.next,
            length: end.wrapping_sub(self.next) as u16,
            frame,
            is_trial,
            is_live: true,
            is_open: true,
            at: now,
        });
        self.next = end;
        self.is_end_sent |= end == self.target.length;
        self.pace = now.after(self.window.spacing(session.round_trip.smoothed()));
        Some(length)
    }

    /// Writes a piece of the file into a buffer. Returns the frame's length, which is at most `frame`, and where the piece ends;
    /// fails if there is none.
    fn write_piece<S: ImageSource + ?Sized>(
        &mut self,
        session: &Session,
        source: &mut S,
        buffer: &mut [u8],
        header: Header,
        offset: u32,
        frame: u16,
    ) -> Option<(usize, u32)> {
        let most = most_data(session.parameters);
        let piece = Piece { header, offset, frame, most, target: &self.target, options: &self.options };
        let written = piece.write(source, buffer);
        written.map_err(|error| self.fail(error)).ok()
    }

    /// When the device has been silent for too long. A piece that is tried in a larger frame does not count.
    fn end_of_patience(&self, session: &Session) -> Option<Moment> {
        (!self.in_flight.has_trial()).then_some(self.silent_since.after(millis(&session.policy.give_up)))
    }

    /// Whether there is a piece to send, and the window has room for it.
    fn has_room(&self) -> bool {
        let count = self.in_flight.count();
        count == 0 || (self.next < self.target.length && count < self.window.size())
    }

    /// The device wants the first byte again: it was restarted, or it has the file and is done with it.
    fn handle_lost(&mut self, session: &mut Session) {
        if self.is_end_sent {
            self.stage = Stage::Check;
            self.flight.start::<StateRequest>(session);
        } else {
            self.begin_again(session);
        }
    }

    #[inline(never)]
    fn begin_again(&mut self, session: &mut Session) {
        self.note = Some(Note::Lost { offset: self.furthest });
        self.losses = self.losses.saturating_add(1);
        if self.losses >= session.policy.tries.max(1) {
            return self.fail(UploadError::KeepsLosing { times: self.losses });
        }
        self.begin(session);
    }

    /// Ends if the device has all.
    fn finish_at_end(&mut self, matches: Option<u32>) -> bool {
        if self.wanted < self.target.length {
            return false;
        }
        self.outcome = Some(match matches {
            Some(0) => Err(UploadError::Mismatch),
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

    /// Ends it, since a request has failed.
    fn give_up(&mut self, failure: &Failure) {
        self.outcome = Some(Err(UploadError::Failed(*failure)));
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
