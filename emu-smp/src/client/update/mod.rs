//! The whole update: the manual's steps 2 to 8, from whatever state the device is in.
//!
//! Source: the manual, chapter "Firmware-Update".

mod decide;
mod outcome;
mod survey;

pub use self::outcome::{OtherImage, UpdateError, UpdateEvent, UpdateStep, Updated};

use self::decide::{Action, History};
use self::outcome::Note;
use self::survey::Survey;
use super::answer::{self, Answer};
use super::events::Events;
use super::failure::Failure;
use super::flight::Flight;
use super::session::Session;
use super::target::{ImageSource, Target};
use super::time::{Instant, Moment, millis};
use super::upload::{UploadOptions, UploadProgress, Uploader};
use crate::body::decode;
use crate::body::image::{HashBytes, SetStateRequest, StateRequest};
use crate::cbor::{Encode as _, Writer};

/// What an update is allowed to do.
///
/// For an example, see [`Update`](crate::client::Update).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UpdateOptions {
    /// Whether to update a version that is older than 1.0.6, which the manual forbids, or that cannot be read; or to such a one,
    /// which no update leads away from.
    pub allow_old_firmware: bool,
    /// Whether to go to a version that is older than the one that runs.
    pub allow_downgrade: bool,
    /// Whether to erase the image that does not run, if both slots are taken by others than the target.
    pub erase_if_full: bool,
    /// Whether to stop before the reset until [`Update::proceed`] is called.
    pub hold_before_reset: bool,
    /// Whether to erase the old image at the end.
    pub erase_old: bool,
    /// How to upload.
    pub upload: UploadOptions,
}

/// Brings a device to a firmware.
///
/// # How it is driven
///
/// In a loop, in this order, until [`outcome`](Self::outcome) returns something:
///
/// 1. [`poll_transmit`](Self::poll_transmit) until it returns `None`; each frame is sent as one datagram.
/// 2. [`poll_event`](Self::poll_event) until it returns `None`.
/// 3. Wait for a datagram from the device, or until [`poll_timeout`](Self::poll_timeout).
/// 4. [`handle_datagram`](Self::handle_datagram) or [`handle_timeout`](Self::handle_timeout).
///
/// # What it does
///
/// It lists the device's images, and does what the list calls for; then it lists them again, until the target runs and is
/// confirmed:
///
/// | the list shows | it |
/// |---|---|
/// | the target running, confirmed | ends, and erases the old image first if it was told to |
/// | the target running, not confirmed | confirms it |
/// | a version before 1.0.6 running, or a later one than the target's | ends with an error, unless allowed |
/// | the target to be started at the next reset | resets the device, and waits for it to come back |
/// | the target in the other slot | has it started at the next reset, once |
/// | another image in the other slot | ends with an error, or erases it if it was told to |
/// | a free slot | uploads the target |
///
/// So an update that was cut off, by a power cut on either side, is gone on with by a new one. After a reset the old image
/// running again is an error: the target did not start, or was left again before it was confirmed; or the boot loader has not
/// accepted it, if it is gone from its slot.
///
/// A request that the device refuses is believed only once the list shows that it was not done: its first copy may have been,
/// and the answer lost. A reset is never sent twice without asking in between, since the second would revert the first.
///
/// ```
/// use emu_smp::client::{Instant, Policy, Session, Target, Update, UpdateEvent, UpdateOptions, UpdateStep};
/// use emu_smp::{ImageHash, ImageVersion};
///
/// let file = [0x5a; 300];
/// let target = Target {
///     hash: ImageHash::Sha256([1; 32]),
///     sha: [2; 32],
///     length: 300,
///     version: ImageVersion { major: 1, minor: 0, revision: 9, build: 0 },
/// };
/// let options = UpdateOptions { hold_before_reset: true, ..UpdateOptions::default() };
/// let mut update = Update::new(Session::new(Policy::DEFAULT), &target, options);
///
/// let mut buffer = [0; 1400];
/// let length = update.poll_transmit(Instant::START, &mut &file[..], &mut buffer).unwrap();
/// assert_eq!(&buffer[..length], b"\x00\x00\x00\x01\x00\x01\x00\x00\xa0");
/// assert_eq!(update.poll_event(), Some(UpdateEvent::Step(UpdateStep::Listing)));
/// assert!(update.poll_timeout().is_some() && update.outcome().is_none());
/// ```
///
/// It takes a kilobyte and a half of memory, and none for the image.
#[derive(Debug, Clone)]
pub struct Update {
    session: Session,
    /// When it was called last.
    now: Instant,
    target: Target,
    options: UpdateOptions,
    stage: Stage,
    /// The request that is under way, but for those of the upload.
    flight: Flight,
    uploader: Uploader,
    history: History,
    events: Events<Note>,
    outcome: Option<Result<Updated, UpdateError>>,
    is_end_told: bool,
    progress: UploadProgress,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The list that is asked for says what to do.
    Listing,
    /// Something is done by one request.
    Acting(Action),
    Uploading,
    /// It waits for the caller.
    Held,
    /// The device is asked at this time whether it is back.
    Waiting {
        poll_at: Moment,
    },
    /// The device is being asked whether it is back.
    Polling,
}

impl Update {
    /// Starts, from whatever state the device is in.
    #[must_use]
    pub fn new(mut session: Session, target: &Target, options: UpdateOptions) -> Self {
        let mut flight = Flight::NONE;
        flight.start::<StateRequest>(&mut session);
        let mut events = Events::NONE;
        events.push(Note::Step(UpdateStep::Listing));
        Self {
            session,
            now: Instant::START,
            target: *target,
            options,
            stage: Stage::Listing,
            flight,
            uploader: Uploader::new(target, options.upload),
            history: History::NOTHING,
            events,
            outcome: None,
            is_end_told: false,
            progress: UploadProgress { bytes: 0, total: target.length },
        }
    }

    /// Takes a datagram that came from the device.
    #[inline(never)]
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        if self.outcome.is_some() {
            return;
        }
        self.now = now;
        let now = now.moment();
        let session = &mut self.session;
        match self.stage {
            Stage::Held | Stage::Waiting { .. } => {}
            Stage::Listing | Stage::Polling => self.handle_listing(now, datagram),
            Stage::Acting(action) => self.handle_acted(now, action, datagram),
            Stage::Uploading => {
                self.uploader.handle_datagram(session, now, datagram);
                self.follow_upload();
            }
        }
    }

    /// Takes the answer to an action. What is in it does not matter: the list says what was done.
    #[inline(never)]
    fn handle_acted(&mut self, now: Moment, action: Action, datagram: &[u8]) {
        if let Some((answer, _)) = self.read_answer(now, datagram) {
            self.handle_done(now, action, answer);
        }
    }

    /// Takes a list of images, if the datagram holds one.
    #[inline(never)]
    fn handle_listing(&mut self, now: Moment, datagram: &[u8]) {
        if let Some(survey) = self.read_list(now, datagram) {
            self.handle_list(now, &survey);
        }
    }

    #[inline(never)]
    fn read_list<'a>(&mut self, now: Moment, datagram: &'a [u8]) -> Option<Result<Survey<'a>, Failure>> {
        let (answer, body) = self.read_answer(now, datagram)?;
        let command = self.flight.header().id();
        let state = answer.and_then(|_| decode(body).map_err(|error| Failure::Malformed { command, error }));
        Some(state.map(|state| Survey::new(&state, &self.target, self.options.upload.image)))
    }

    /// Reads the answer that the datagram holds, if it does, and whether it is a refusal; returns its body, too.
    fn read_answer<'a>(&mut self, now: Moment, datagram: &'a [u8]) -> Option<(Result<Answer, Failure>, &'a [u8])> {
        let body = self.flight.find(&mut self.session, now, datagram)?;
        let answer = answer::read(self.flight.header().id(), body, answer::NOTHING);
        if self.flight.is_put_off(&mut self.session, now, &answer) { None } else { Some((answer, body)) }
    }

    /// Notices that time has passed. To be called at [`poll_timeout`](Self::poll_timeout); earlier it does nothing.
    #[inline(never)]
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        self.now = now;
        let now = now.moment();
        let session = &mut self.session;
        match self.stage {
            Stage::Held => {}
            Stage::Uploading => {
                self.uploader.handle_timeout(session, now);
                self.follow_upload();
            }
            Stage::Waiting { poll_at } => {
                if now.has_reached(poll_at) {
                    let interval = millis(&session.policy.poll_interval);
                    self.flight.start::<StateRequest>(session);
                    self.flight.repeat_every(interval);
                    self.stage = Stage::Polling;
                }
            }
            Stage::Listing | Stage::Acting(_) | Stage::Polling => {
                match (self.stage, self.flight.handle_timeout(session, now)) {
                    // It goes on asking under the same number, so that an answer that takes longer than that is one.
                    (Stage::Polling, _) => _ = self.end_if_away(now),
                    (_, None) => {}
                    (Stage::Acting(action), Some(failure)) => self.handle_done(now, action, Err(failure)),
                    (_, Some(failure)) => self.fail(failure.into()),
                }
            }
        }
    }

    /// Writes a frame that is to be sent now into a buffer, and returns its length; `None` if nothing is to be sent.
    pub fn poll_transmit<S: ImageSource + ?Sized>(
        &mut self,
        now: Instant,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Option<usize> {
        if self.outcome.is_some() {
            return None;
        }
        self.now = now;
        let now = now.moment();
        let session = &mut self.session;
        let hash = Some(HashBytes::from(&self.target.hash));
        if matches!(self.stage, Stage::Uploading) {
            let length = self.uploader.poll_transmit(session, now, source, buffer);
            self.follow_upload();
            return length;
        }
        let mut body = |writer: &mut Writer<'_>| match self.stage {
            Stage::Acting(action @ (Action::Test | Action::Confirm)) => {
                let confirm = Some(action == Action::Confirm);
                SetStateRequest { hash, confirm }.encode(writer)
            }
            // All others are questions and requests of no words.
            _ => writer.map(0),
        };
        if matches!(self.stage, Stage::Held | Stage::Waiting { .. }) {
            return None;
        }
        let frame = self.flight.poll_transmit(session, now, buffer, &mut body)?;
        frame.map_err(|failure| self.fail(failure.into())).ok()
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout); `None` at the end, and while it is held.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.outcome.is_some() {
            return None;
        }
        let due = match self.stage {
            Stage::Held => None,
            Stage::Waiting { poll_at } => Some(poll_at),
            Stage::Uploading => self.uploader.poll_timeout(&self.session),
            Stage::Listing | Stage::Acting(_) | Stage::Polling => self.flight.poll_timeout(),
        };
        due.map(|due| self.now.at(due))
    }

    /// Returns the next thing to tell.
    #[inline(never)]
    pub fn poll_event(&mut self) -> Option<UpdateEvent> {
        if let Some(note) = self.events.pop() {
            return Some(note.into());
        }
        let outcome = self.outcome.filter(|_| !self.is_end_told)?;
        self.is_end_told = true;
        Some(outcome.map_or_else(UpdateEvent::Failed, UpdateEvent::Done))
    }

    /// Goes on to the reset, where [`UpdateOptions::hold_before_reset`] has stopped it. The device is listed once more: much
    /// may have happened meanwhile.
    pub fn proceed(&mut self) {
        if matches!(self.stage, Stage::Held) {
            self.history.may_reset = true;
            self.list();
        }
    }

    /// Returns whether it waits for [`proceed`](Self::proceed).
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.outcome.is_none() && matches!(self.stage, Stage::Held)
    }

    /// Ends the update here. A later one goes on from there.
    pub const fn cancel(&mut self) {
        if self.outcome.is_none() {
            self.fail(UpdateError::Cancelled);
        }
    }

    /// Returns what it is doing.
    #[must_use]
    pub const fn step(&self) -> UpdateStep {
        if self.outcome.is_some() {
            return UpdateStep::Done;
        }
        match &self.stage {
            Stage::Listing if self.history.is_to_verify() => UpdateStep::Verifying,
            Stage::Listing => UpdateStep::Listing,
            Stage::Acting(action) => action.step(),
            Stage::Uploading => UpdateStep::Uploading,
            Stage::Held => UpdateStep::Held,
            Stage::Waiting { .. } | Stage::Polling => UpdateStep::Waiting,
        }
    }

    /// Returns how far the upload is.
    #[must_use]
    pub const fn progress(&self) -> UploadProgress {
        match self.stage {
            Stage::Uploading => self.uploader.progress(),
            _ => self.progress,
        }
    }

    /// Returns how the update has ended; `None` before.
    #[must_use]
    pub const fn outcome(&self) -> Option<Result<Updated, UpdateError>> {
        self.outcome
    }

    /// Returns the session with what was learnt so far.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }
}
