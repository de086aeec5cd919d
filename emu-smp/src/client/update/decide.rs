//! What an update does next.

use super::outcome::{Note, UpdateError, UpdateStep, Updated};
use super::survey::{Seen, Survey};
use super::{Stage, Update};
use crate::body::Request;
use crate::body::image::{EraseRequest, SetStateRequest, StateRequest};
use crate::body::os::ResetRequest;
use crate::client::answer::Answer;
use crate::client::failure::Failure;
use crate::client::flight::is_busy;
use crate::client::time::{Moment, millis};
use crate::client::upload::Note as UploadNote;
use crate::mcuboot::ImageVersion;

/// What is done by one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Erase,
    Test,
    Reset,
    Confirm,
    EraseOld,
}

impl Action {
    pub(super) const fn step(self) -> UpdateStep {
        match self {
            Self::Erase => UpdateStep::Erasing,
            Self::Test => UpdateStep::Testing,
            Self::Reset => UpdateStep::Resetting,
            Self::Confirm => UpdateStep::Confirming,
            Self::EraseOld => UpdateStep::ErasingOld,
        }
    }
}

/// What was done so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    /// Whether a list was seen.
    is_listed: bool,
    uploads: u8,
    erasures: u8,
    tests: u8,
    resets: u8,
    confirmations: u8,
    old_erasures: u8,
    /// Whether an upload was the last that was done.
    is_uploaded: bool,
    /// Whether the device may be reset: unless it is to be held, or after that.
    pub(super) may_reset: bool,
    /// Whether it was told that the device runs the target after a reset.
    is_back: bool,
    reset: Option<Reset>,
    /// What the device has refused last.
    refused: Option<(Action, Failure)>,
}

/// A reset that the device was asked for.
#[derive(Debug, Clone, Copy)]
struct Reset {
    at: Moment,
    /// Whether the device has said that it will.
    is_answered: bool,
}

impl History {
    pub(super) const NOTHING: Self = Self {
        is_listed: false,
        uploads: 0,
        erasures: 0,
        tests: 0,
        resets: 0,
        confirmations: 0,
        old_erasures: 0,
        is_uploaded: false,
        may_reset: false,
        is_back: false,
        reset: None,
        refused: None,
    };

    pub(super) const fn is_to_verify(&self) -> bool {
        self.is_uploaded
    }

    /// Counts an action. Returns how often it was begun before, or as what it was refused.
    fn count(&mut self, action: Action) -> Result<u8, Failure> {
        if let Some((refused, failure)) = self.refused.take()
            && refused == action
        {
            return Err(failure);
        }
        let count = match action {
            Action::Erase => &mut self.erasures,
            Action::Test => &mut self.tests,
            Action::Reset => &mut self.resets,
            Action::Confirm => &mut self.confirmations,
            Action::EraseOld => &mut self.old_erasures,
        };
        let before = *count;
        *count = before.saturating_add(1);
        Ok(before)
    }
}

impl Update {
    /// Takes a list, or that there is none.
    #[inline(never)]
    pub(super) fn handle_list(&mut self, now: Moment, survey: &Result<Survey<'_>, Failure>) {
        let is_waiting = matches!(self.stage, Stage::Waiting { .. } | Stage::Polling);
        match survey {
            Ok(survey) if survey.running.is_some() || !is_waiting => self.decide(now, survey),
            // It answers, and cannot list yet; or its boot loader does.
            _ if is_waiting => self.wait_until(now, now.after(millis(&self.session.policy.poll_interval))),
            Ok(_) => self.fail(UpdateError::NothingRuns),
            Err(failure) => self.fail((*failure).into()),
        }
    }

    /// Takes what came of an action.
    pub(super) fn handle_done(&mut self, now: Moment, action: Action, answer: Result<Answer, Failure>) {
        match (action, answer) {
            (Action::Reset, answer) => self.handle_reset(now, answer),
            (_, Ok(_)) => self.list(),
            (_, Err(failure @ (Failure::Refused { .. } | Failure::Malformed { .. }))) => {
                // Its first copy may have been done, and the answer lost: the list says so.
                self.history.refused = Some((action, failure));
                self.list();
            }
            (_, Err(failure)) => self.fail(failure.into()),
        }
    }

    /// Goes on once the upload has ended.
    pub(super) fn follow_upload(&mut self) {
        if !matches!(self.stage, Stage::Uploading) {
            return;
        }
        let uploader = &mut self.uploader;
        self.progress = uploader.progress();
        while let Some(note) = uploader.poll_note() {
            if let UploadNote::Lost { offset } = note {
                self.events.push(Note::UploadLost { offset });
            }
        }
        match uploader.outcome() {
            None => {}
            Some(Ok(_)) => {
                self.history.is_uploaded = true;
                self.list();
            }
            Some(Err(error)) => self.fail(error.into()),
        }
    }

    pub(super) fn list(&mut self) {
        self.flight.start::<StateRequest>(&mut self.session);
        self.enter(Stage::Listing);
    }

    pub(super) const fn fail(&mut self, error: UpdateError) {
        self.outcome = Some(Err(error));
    }

    /// Waits, and asks the device then; gives it up if it has been away too long.
    pub(super) fn wait_until(&mut self, now: Moment, poll_at: Moment) {
        if self.end_if_away(now) {
            return;
        }
        let is_new = !matches!(self.stage, Stage::Waiting { .. } | Stage::Polling);
        let stage = Stage::Waiting { poll_at };
        if is_new { self.enter(stage) } else { self.stage = stage }
    }

    /// Gives the device up if it has been away too long.
    pub(super) fn end_if_away(&mut self, now: Moment) -> bool {
        let policy = &self.session.policy;
        let since = self.history.reset.map_or(now, |reset| reset.at);
        let is_away = now.millis_since(since) >= millis(&policy.reset_wait).saturating_add(millis(&policy.return_wait));
        if is_away {
            self.fail(UpdateError::NotBack { waited: now.since(since) });
        }
        is_away
    }

    /// Does what a list calls for.
    fn decide(&mut self, now: Moment, survey: &Survey<'_>) {
        let Some(running) = survey.running else { return self.fail(UpdateError::NothingRuns) };
        if !core::mem::replace(&mut self.history.is_listed, true) {
            self.events.push(Note::Running { version: running.version, is_confirmed: running.is_confirmed });
            if let Some(target) = survey.target.or(running_target(survey)) {
                self.events.push(Note::AlreadyThere { slot: target.slot });
            }
        }
        if survey.is_target_running {
            return self.decide_running(now, survey, running.is_confirmed);
        }
        let is_pending = survey.target.is_some_and(|target| target.is_pending);
        if let Some(reset) = self.history.reset {
            if is_pending {
                return self.decide_not_restarted(now, reset);
            }
            let version = running.version;
            return self.fail(match survey.target {
                Some(_) => UpdateError::Reverted { version },
                None => UpdateError::NotAccepted { version },
            });
        }
        if !self.options.allow_old_firmware && running.version.is_none_or(|version| version < LEAST_VERSION) {
            return self.fail(UpdateError::OldFirmware { version: running.version });
        }
        let target = self.target.version;
        if !self.options.allow_old_firmware && target < LEAST_VERSION {
            return self.fail(UpdateError::OldTarget { version: target });
        }
        if let Some(running) = running.version.filter(|running| target < *running && !self.options.allow_downgrade) {
            return self.fail(UpdateError::Downgrade { running, target });
        }
        if survey.target.is_none() {
            return self.decide_not_there(survey);
        }
        self.history.is_uploaded = false;
        if is_pending { self.decide_reset() } else { self.act(Action::Test, UpdateError::NotPending) }
    }

    /// The target runs.
    fn decide_running(&mut self, now: Moment, survey: &Survey<'_>, is_confirmed: bool) {
        if let Some(reset) = self.history.reset
            && !core::mem::replace(&mut self.history.is_back, true)
        {
            self.events.push(Note::Back { after: now.since(reset.at) });
        }
        if !is_confirmed {
            return self.act(Action::Confirm, UpdateError::NotConfirmed);
        }
        let is_refused = self.history.refused.is_some_and(|(action, _)| action == Action::EraseOld);
        let is_to_be_erased = self.options.erase_old && survey.other.is_some();
        if is_to_be_erased && (self.history.old_erasures == 0 || is_refused) {
            return self.act(Action::EraseOld, UpdateError::Unsteady);
        }
        let has_started_it = self.history.reset.is_some() || self.history.tests > 0;
        self.outcome = Some(Ok(match (has_started_it, self.history.confirmations) {
            (true, _) => Updated::Updated,
            (false, 0) => Updated::NothingToDo,
            (false, _) => Updated::Confirmed,
        }));
    }

    /// The target is on the device nowhere.
    fn decide_not_there(&mut self, survey: &Survey<'_>) {
        if self.history.is_uploaded && (survey.other.is_some() || self.history.uploads >= UPLOADS) {
            return self.fail(UpdateError::NotListed { found: survey.other.map(Seen::to_image) });
        }
        match survey.other {
            Some(taken) => {
                let error = UpdateError::NoFreeSlot { taken: taken.to_image() };
                if self.options.erase_if_full { self.act(Action::Erase, error) } else { self.fail(error) }
            }
            None if self.history.uploads >= UPLOADS.saturating_mul(2) => self.fail(UpdateError::Unsteady),
            None => {
                self.history.refused = None;
                self.history.is_uploaded = false;
                self.history.uploads = self.history.uploads.saturating_add(1);
                self.uploader.restart();
                self.enter(Stage::Uploading);
            }
        }
    }

    /// The target is started at the next reset.
    fn decide_reset(&mut self) {
        if !self.history.may_reset {
            self.events.push(Note::AboutToReset);
            if self.options.hold_before_reset {
                return self.enter(Stage::Held);
            }
            self.history.may_reset = true;
        }
        self.act(Action::Reset, UpdateError::Unsteady);
    }

    /// The device answers after it was asked to reset, and has not.
    fn decide_not_restarted(&mut self, now: Moment, reset: Reset) {
        let policy = &self.session.policy;
        let wait = if reset.is_answered { millis(&policy.reset_wait) } else { 0 };
        if now.millis_since(reset.at) < wait.max(RESET_DELAY) {
            // It was asked early.
            return self.wait_until(now, now.after(millis(&policy.poll_interval)));
        }
        let times = self.history.resets;
        if times >= self.session.policy.tries.max(1) {
            return self.fail(UpdateError::NoReset { times });
        }
        self.act(Action::Reset, UpdateError::NoReset { times });
    }

    /// The device has taken the reset, has refused it, or may have done either.
    fn handle_reset(&mut self, now: Moment, answer: Result<Answer, Failure>) {
        let is_answered = match answer {
            Ok(_) => true,
            Err(Failure::NoAnswer { .. }) => false,
            Err(Failure::Refused { refused, .. }) if is_busy(refused.code()) => false,
            Err(failure) => return self.fail(failure.into()),
        };
        self.history.reset = Some(Reset { at: now, is_answered });
        // How long the device took to be away says nothing about how long it takes to answer.
        self.session.round_trip.forget_back_off();
        let policy = &self.session.policy;
        let wait = match policy.early_poll {
            _ if !is_answered => policy.poll_interval,
            None => policy.reset_wait,
            Some(early) => early.min(policy.reset_wait),
        };
        self.wait_until(now, now.after(millis(&wait)));
        self.events.push(Note::LeftAlone { wait });
    }

    /// Does something, unless the device has refused it, or it was done before and came to nothing.
    fn act(&mut self, action: Action, otherwise: UpdateError) {
        let most = if action == Action::Reset { u8::MAX } else { ACTIONS };
        match self.history.count(action) {
            Err(failure) => return self.fail(failure.into()),
            Ok(before) if before >= most => return self.fail(otherwise),
            Ok(_) => {}
        }
        let session = &mut self.session;
        let (operation, command) = match action {
            Action::Erase | Action::EraseOld => (EraseRequest::OPERATION, EraseRequest::COMMAND),
            Action::Test | Action::Confirm => (SetStateRequest::OPERATION, SetStateRequest::COMMAND),
            Action::Reset => (ResetRequest::OPERATION, ResetRequest::COMMAND),
        };
        self.flight.start_command(session, operation, command);
        if action == Action::Reset {
            // Sent twice, it would revert what it has started.
            self.flight.send_once(session.timeout_millis().max(millis(&session.policy.first_timeout)));
        }
        self.enter(Stage::Acting(action));
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.events.push(Note::Step(self.step()));
    }
}

/// The image that runs, if it is the target.
fn running_target<'a>(survey: &Survey<'a>) -> Option<Seen<'a>> {
    survey.running.filter(|_| survey.is_target_running)
}

/// What the manual asks for.
const LEAST_VERSION: ImageVersion = ImageVersion { major: 1, minor: 0, revision: 6, build: 0 };
/// How long a device may take from a reset's request to the reset, in milliseconds. One more before that would revert the first, however short the
/// policy's waits are.
const RESET_DELAY: u32 = 10_000;
/// How often the image is uploaded, if the device does not list it.
const UPLOADS: u8 = 2;
/// How often anything else is done that comes to nothing.
const ACTIONS: u8 = 3;
