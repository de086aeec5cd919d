//! One request under way: when it is sent, how often, and whether a frame answers it.

use core::time::Duration;

use super::failure::Failure;
use super::session::Session;
use super::time::Instant;
use crate::body::Request;
use crate::command::Command;
use crate::header::{Header, Operation, Version};
use crate::message::{decode_response, encode_request};
use crate::return_code::ReturnCode;

/// A request from its first transmission to its answer, without its body.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    /// The request's header but for the length.
    header: Header,
    /// How often it may be sent.
    tries: u8,
    /// How long its answer may be waited for in all.
    patience: Duration,
    /// How long the answer to one transmission is waited for at least.
    floor: Duration,
    /// Whether the time to the answer says something about the way to the device.
    is_measured: bool,
    sent: u8,
    first_sent: Instant,
    last_sent: Instant,
    /// When it is sent again, or given up.
    due: Option<Instant>,
    ignored: u32,
}

impl Flight {
    /// A request under the session's next sequence number.
    pub(super) const fn new<R: Request>(session: &mut Session) -> Self {
        Self::with_command(session, R::OPERATION, R::COMMAND)
    }

    pub(super) const fn with_command(session: &mut Session, operation: Operation, command: Command) -> Self {
        let policy = session.policy;
        // What only asks may come twice. What acts is given time, so that it is not done twice in haste; and a device that was
        // reset twice has gone back to the image that it came from.
        let is_read = matches!(operation, Operation::Read) || matches!(command, Command::ECHO);
        let is_once = matches!(command, Command::RESET) || policy.tries == 0;
        Self {
            header: Header {
                operation,
                version: session.version,
                flags: 0,
                length: 0,
                group: command.group,
                sequence: session.take_sequence(),
                command: command.number,
            },
            tries: if is_once { 1 } else { policy.tries },
            patience: if may_erase(command) { policy.erase_wait } else { policy.give_up },
            floor: if is_read { Duration::ZERO } else { policy.first_timeout },
            is_measured: is_read,
            sent: 0,
            first_sent: Instant::START,
            last_sent: Instant::START,
            due: None,
            ignored: 0,
        }
    }

    /// Sent so often at most.
    pub(super) fn with_tries(self, tries: u8) -> Self {
        Self { tries: self.tries.min(tries.max(1)), ..self }
    }

    /// Sent once, and waited for so long.
    pub(super) const fn once(self, floor: Duration) -> Self {
        Self { tries: 1, floor, is_measured: false, ..self }
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
    pub(super) fn handle_sent(&mut self, session: &Session, now: Instant) {
        if self.sent == 0 {
            self.first_sent = now;
        }
        self.sent = self.sent.saturating_add(1);
        self.last_sent = now;
        self.due = Some(now.saturating_add(session.timeout().max(self.floor)));
    }

    /// Writes the request if it is to be sent now.
    pub(super) fn poll_transmit<R: Request>(
        &mut self,
        session: &Session,
        now: Instant,
        request: &R,
        buffer: &mut [u8],
    ) -> Option<Result<usize, Failure>> {
        if !self.is_to_be_sent() {
            return None;
        }
        let Header { version, sequence, .. } = self.header;
        Some(match encode_request(request, version, sequence, buffer) {
            Ok(length) => {
                self.handle_sent(session, now);
                Ok(length)
            }
            Err(error) => Err(Failure::TooLarge { command: self.header.id(), error }),
        })
    }

    pub(super) const fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Notices that no answer came in time: it is sent again, or has failed.
    pub(super) fn handle_timeout(&mut self, session: &mut Session, now: Instant) -> Option<Failure> {
        if self.due.is_none_or(|due| now < due) {
            return None;
        }
        let waited = now.saturating_since(self.first_sent);
        if self.sent >= self.tries || waited >= self.patience {
            return Some(Failure::NoAnswer { command: self.header.id(), sent: self.sent, waited });
        }
        session.round_trip.back_off();
        // What acts is asked for more and more seldom, too.
        self.floor = self.floor.saturating_mul(2).min(session.policy.max_timeout);
        self.due = None;
        None
    }

    /// Returns the body of the answer, if the datagram holds it.
    pub(super) fn find<'a>(&mut self, session: &mut Session, now: Instant, datagram: &'a [u8]) -> Option<&'a [u8]> {
        for (header, body) in frames(datagram) {
            if self.sent > 0 && header.check_answers(&self.header).is_ok() {
                if self.sent == 1 && self.is_measured {
                    session.round_trip.measure(now.saturating_since(self.last_sent));
                }
                return Some(body);
            }
        }
        self.ignored = self.ignored.saturating_add(1);
        None
    }

    /// Takes a datagram: the response or the failure, if it holds one. A device that is busy is asked again later.
    pub(super) fn handle_datagram<'a, R: Request>(
        &mut self,
        session: &mut Session,
        now: Instant,
        datagram: &'a [u8],
    ) -> Option<Result<R::Response<'a>, Failure>> {
        let body = self.find(session, now, datagram)?;
        let command = self.header.id();
        match decode_response::<R>(body) {
            Ok(Ok(response)) => Some(Ok(response)),
            Ok(Err(refusal)) if is_busy(refusal.code()) && self.sent < self.tries => {
                session.round_trip.back_off();
                self.due = Some(now.saturating_add(session.timeout()));
                None
            }
            Ok(Err(refusal)) => Some(Err(Failure::Refused { command, refused: refusal.into() })),
            Err(error) => Some(Err(Failure::Malformed { command, error })),
        }
    }
}

/// The whole frames that a datagram holds; what is left behind them is none.
pub(super) fn frames(datagram: &[u8]) -> impl Iterator<Item = (Header, &[u8])> {
    let mut rest = datagram;
    core::iter::from_fn(move || {
        let (header, body) = Header::split(rest).ok()?;
        rest = rest.get(Header::LENGTH.saturating_add(body.len())..).unwrap_or_default();
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
