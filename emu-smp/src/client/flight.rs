//! One request under way: when it is sent, how often, and whether a frame answers it.

use super::answer::Answer;
use super::failure::{Failure, Refused};
use super::session::Session;
use super::time::{Moment, millis};
use crate::body::Request;
use crate::cbor::{EncodeError, Writer};
use crate::command::Command;
use crate::header::{Header, Operation, Version};
use crate::message::{decode_response, encode_frame_once};
use crate::return_code::ReturnCode;

/// A request from its first transmission to its answer, without its body.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    /// The request's header but for the length.
    header: Header,
    /// How often it may be sent; without it, for as long as there is patience.
    tries: Option<u8>,
    /// How long its answer may be waited for in all, in milliseconds.
    patience: u32,
    /// How long the answer to one transmission is waited for at least, in milliseconds.
    floor: u32,
    /// Whether the time to the answer says something about the way to the device.
    is_measured: bool,
    /// Whether it is sent again in even time, in place of more and more seldom.
    is_steady: bool,
    sent: u8,
    /// Since when it is waited.
    since: Option<Moment>,
    last_sent: Moment,
    /// When it is sent again, or given up.
    due: Option<Moment>,
    /// What the device has said last, if that was to come back later.
    busy: Option<Refused>,
    ignored: u32,
}

impl Flight {
    /// None that anything comes of.
    pub(super) const NONE: Self = Self {
        header: Header::from_bytes([0; Header::LENGTH]),
        tries: None,
        patience: 0,
        floor: 0,
        is_measured: false,
        is_steady: false,
        sent: 0,
        since: None,
        last_sent: Moment::NONE,
        due: None,
        busy: None,
        ignored: 0,
    };

    /// Becomes a request under the session's next sequence number.
    pub(super) fn start<R: Request>(&mut self, session: &mut Session) {
        self.start_command(session, R::OPERATION, R::COMMAND);
    }

    #[inline(never)]
    pub(super) fn start_command(&mut self, session: &mut Session, operation: Operation, command: Command) {
        // What only asks may come twice. What acts is given time, so that it is not done twice in haste; and a device that was
        // reset twice has gone back to the image that it came from. That one is waited for as long as others.
        let is_read = matches!(operation, Operation::Read) || matches!(command, Command::ECHO);
        self.header = session.next_header(operation, command);
        self.patience = millis(&session.policy.give_up);
        // A device that was never heard is not erasing: nobody is there.
        if may_erase(command) && session.is_heard {
            self.patience = self.patience.max(millis(&session.policy.erase_wait));
        }
        self.floor = if is_read { 0 } else { millis(&session.policy.first_timeout) };
        self.tries = None;
        if command == Command::RESET {
            self.tries = Some(1);
            self.floor = self.patience;
        }
        (self.is_measured, self.is_steady) = (is_read, false);
        (self.sent, self.ignored) = (0, 0);
        (self.since, self.due, self.busy) = (None, None, None);
    }

    /// Sent so often at most, and given up after a part of the patience, since it can be done without.
    pub(super) const fn limit_tries(&mut self, tries: u8) {
        self.tries = Some(tries);
        self.patience >>= 1;
    }

    /// Waited for since then already.
    pub(super) const fn begin_waiting(&mut self, since: Moment) {
        self.since = Some(since);
    }

    /// Sent every so often without end. Whichever copy is answered, it is the answer, however late.
    pub(super) const fn repeat_every(&mut self, interval: u32) {
        (self.tries, self.patience, self.floor) = (None, u32::MAX, interval);
        (self.is_measured, self.is_steady) = (false, true);
    }

    /// Sent once, and waited for so long.
    pub(super) const fn send_once(&mut self, floor: u32) {
        (self.tries, self.floor, self.is_measured) = (Some(1), floor, false);
    }

    pub(super) const fn in_version(self, version: Version) -> Self {
        Self { header: Header { version, ..self.header }, ..self }
    }

    pub(super) const fn header(&self) -> Header {
        self.header
    }

    pub(super) const fn sent(&self) -> u8 {
        self.sent
    }

    pub(super) const fn ignored(&self) -> u32 {
        self.ignored
    }

    /// Whether it is to be sent now.
    pub(super) const fn is_to_be_sent(&self) -> bool {
        self.due.is_none()
    }

    /// It was sent.
    pub(super) fn handle_sent(&mut self, session: &Session, now: Moment) {
        let since = *self.since.get_or_insert(now);
        self.sent = self.sent.saturating_add(1);
        self.last_sent = now;
        self.wait(now, since, session.timeout_millis().max(self.floor));
    }

    /// Writes the request if it is to be sent now: its header, and the body.
    pub(super) fn poll_transmit(
        &mut self,
        session: &Session,
        now: Moment,
        buffer: &mut [u8],
        body: &mut dyn FnMut(&mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Option<Result<usize, Failure>> {
        if !self.is_to_be_sent() {
            return None;
        }
        let room = buffer.len().min(usize::from(session.frame.largest()));
        let buffer = buffer.get_mut(..room).unwrap_or_default();
        Some(match encode_frame_once(self.header, buffer, body) {
            Ok(length) => {
                self.handle_sent(session, now);
                Ok(length)
            }
            Err(error) => Err(Failure::TooLarge { command: self.header.id(), error }),
        })
    }

    /// Whether it is not sent again.
    fn is_last(&self) -> bool {
        self.tries.is_some_and(|tries| self.sent >= tries)
    }

    pub(super) const fn poll_timeout(&self) -> Option<Moment> {
        self.due
    }

    /// Notices that no answer came in time: it is sent again, or has failed.
    pub(super) fn handle_timeout(&mut self, session: &mut Session, now: Moment) -> Option<Failure> {
        if self.due.is_none_or(|due| !now.has_reached(due)) {
            return None;
        }
        let since = self.since.unwrap_or(now);
        if self.is_last() || now.millis_since(since) >= self.patience {
            let command = self.header.id();
            return Some(match self.busy {
                Some(refused) => Failure::Refused { command, refused },
                None => Failure::NoAnswer { command, sent: self.sent, waited: now.since(since) },
            });
        }
        self.due = None;
        if self.is_steady {
            return None;
        }
        session.round_trip.back_off();
        // What acts is asked for more and more seldom, too.
        self.floor = self.floor.wrapping_mul(2).min(millis(&session.policy.max_timeout));
        None
    }

    /// Returns the body of the answer, if the datagram holds it.
    pub(super) fn find<'a>(&mut self, session: &mut Session, now: Moment, datagram: &'a [u8]) -> Option<&'a [u8]> {
        for (header, body) in frames(datagram) {
            if self.sent > 0 && header.check_answers(&self.header).is_ok() {
                session.is_heard = true;
                match self.sent {
                    1 if self.is_measured => session.round_trip.measure(now.millis_since(self.last_sent)),
                    // How long it took says nothing, but that it came does.
                    1 => session.round_trip.forget_back_off(),
                    _ => {}
                }
                return Some(body);
            }
        }
        self.ignored = self.ignored.wrapping_add(1);
        None
    }

    /// Takes a datagram: the response or the failure, if it holds one. A device that is busy is asked again later.
    pub(super) fn handle_datagram<'a, R: Request>(
        &mut self,
        session: &mut Session,
        now: Moment,
        datagram: &'a [u8],
    ) -> Option<Result<R::Response<'a>, Failure>> {
        let body = self.find(session, now, datagram)?;
        let command = self.header.id();
        Some(match decode_response::<R>(body) {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(refusal)) => {
                let refused = refusal.into();
                if self.is_to_be_asked_again(session, now, &refused) {
                    return None;
                }
                Err(Failure::Refused { command, refused })
            }
            Err(error) => Err(Failure::Malformed { command, error }),
        })
    }

    /// Whether an answer says that the device is busy, and it is asked again later.
    pub(super) fn is_put_off(&mut self, session: &mut Session, now: Moment, answer: &Result<Answer, Failure>) -> bool {
        match answer {
            Err(Failure::Refused { refused, .. }) => self.is_to_be_asked_again(session, now, refused),
            _ => false,
        }
    }

    /// Whether a device that refuses is busy and is asked again later.
    fn is_to_be_asked_again(&mut self, session: &mut Session, now: Moment, refused: &Refused) -> bool {
        if !is_busy(refused.code()) || self.is_last() {
            return false;
        }
        session.round_trip.back_off();
        self.busy = Some(*refused);
        self.wait(now, self.since.unwrap_or(now), session.timeout_millis());
        true
    }

    /// Waits for so long, and no longer than the patience lasts.
    fn wait(&mut self, now: Moment, since: Moment, millis: u32) {
        let rest = self.patience.saturating_sub(now.millis_since(since));
        self.due = Some(now.after(millis.min(rest)));
    }
}

/// The whole frames that a datagram holds; what is left behind them is none.
pub(super) fn frames(datagram: &[u8]) -> impl Iterator<Item = (Header, &[u8])> {
    let mut rest = datagram;
    core::iter::from_fn(move || {
        let (header, body) = Header::split(rest).ok()?;
        rest = rest.get(Header::LENGTH.wrapping_add(body.len())..).unwrap_or_default();
        Some((header, body))
    })
}

/// Whether a refusal says to come back later.
pub(super) fn is_busy(code: Option<ReturnCode>) -> bool {
    matches!(code, Some(ReturnCode::OUT_OF_MEMORY | ReturnCode::BUSY))
}

/// Whether a device may be silent for seconds meanwhile. A piece of an image that is not the first is sent in another way.
const fn may_erase(command: Command) -> bool {
    matches!(command, Command::IMAGE_ERASE | Command::IMAGE_UPLOAD | Command::STORAGE_ERASE)
}
