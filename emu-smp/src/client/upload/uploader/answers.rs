//! What the answers to pieces say: go back to the byte that the device wants, with as few pieces sent twice as can be.
//!
//! The device keeps no piece that comes before its turn, and answers each piece, taken or not, with the byte that it wants
//! next. So after a loss the pieces behind it are lost, too; the answer to the first of them tells it, and the upload goes back
//! at once, without waiting for a timeout. The answers to the others tell the same once more: they belong to pieces sent before
//! it went back, and are not followed again.
//!
//! Source: Zephyr, `subsys/mgmt/mcumgr/grp/img_mgmt/src/img_mgmt.c`, and what 3.4.99 and 4.4.0 answer.

use super::super::in_flight::Sent;
use super::{Stage, TRIES_OF_A_SIZE, Uploader, is_too_large};
use crate::client::answer::{self, Answer};
use crate::client::failure::Failure;
use crate::client::flight::{frames, is_busy};
use crate::client::session::Session;
use crate::client::time::{Moment, millis};
use crate::command::Command;
use crate::header::Operation;
use crate::return_code::ReturnCode;

impl Uploader {
    /// Takes the answers to pieces that a datagram holds.
    pub(super) fn handle_pieces(&mut self, session: &mut Session, now: Moment, datagram: &[u8]) {
        let mut is_known = false;
        for (header, body) in frames(datagram) {
            if header.id() != Command::IMAGE_UPLOAD || header.operation != Operation::WriteResponse {
                continue;
            }
            let Some(sent) = self.in_flight.take(header.sequence) else { continue };
            is_known = true;
            (self.silent_since, self.silences) = (now, 0);
            let round_trip = now.millis_since(sent.at);
            session.round_trip.measure(round_trip);
            // What was sent before it will not be answered any more: it was lost, or its answer.
            self.in_flight.give_up(|earlier| earlier.order < sent.order);
            match &answer::read(header.id(), body, answer::OFFSET) {
                Ok(answer) => self.handle_offset(session, &sent, round_trip, answer),
                Err(failure) => self.handle_failure(session, now, &sent, failure),
            }
            if self.outcome.is_some() || !matches!(self.stage, Stage::Stream) {
                return;
            }
        }
        if !is_known {
            self.ignored = self.ignored.wrapping_add(1);
        }
    }

    /// The device has told which byte it wants.
    fn handle_offset(&mut self, session: &mut Session, sent: &Sent, round_trip: u32, answer: &Answer) {
        let Answer { first: offset, second: matches, .. } = *answer;
        if offset > self.target.length {
            return self.is_beyond_end(offset);
        }
        // Answers to pieces that were sent before the latest answered one, or before going back, may be of yesterday: they
        // tell how far the device came, and not that it went back.
        let is_news = sent.order >= self.newest && sent.order >= self.barrier;
        self.newest = self.newest.max(sent.order);
        let is_taken = offset > sent.offset;
        session.frame.handle_answered(sent.frame);
        if offset > self.wanted {
            self.wanted = offset;
            self.next = self.next.max(offset);
            if offset > self.furthest {
                self.furthest = offset;
                self.fruitless = 0;
            }
            self.window.handle_accepted(round_trip);
            if self.finish_at_end(matches) {
                return;
            }
        } else if offset < self.wanted && is_news {
            if offset == 0 {
                return self.handle_lost(session);
            }
            self.wanted = offset;
            self.next = offset;
            self.go_back(session);
            return;
        }
        if !is_taken && is_news && self.next > self.wanted {
            self.window.handle_lost();
            self.go_back(session);
        }
    }

    /// Goes back to the byte that the device wants.
    #[inline(never)]
    fn go_back(&mut self, session: &mut Session) {
        let wanted = self.wanted;
        let trial = self.in_flight.missed_trial(wanted, self.barrier);
        if let Some(frame) = trial {
            session.frame.handle_missed(frame, false);
        }
        self.next = wanted;
        self.barrier = self.in_flight.next_order();
        let _ = self.has_tries(session);
    }

    fn handle_failure(&mut self, session: &mut Session, now: Moment, sent: &Sent, failure: &Failure) {
        let code = match failure {
            Failure::Refused { refused, .. } => refused.code(),
            _ => None,
        };
        let is_trial = sent.is_trial && (is_too_large(code) || code == Some(ReturnCode::INVALID));
        if is_trial {
            session.frame.handle_missed(sent.frame, true);
        } else if is_busy(code) {
            self.window.handle_refused();
        } else if !is_too_large(code) {
            return self.give_up(failure);
        }
        if sent.order < self.barrier || sent.offset < self.wanted {
            return;
        }
        // This piece was not taken, so none behind it is; those before it may be.
        self.next = self.next.min(sent.offset);
        self.barrier = self.in_flight.next_order();
        if is_trial || !self.has_tries(session) {
            return;
        }
        if is_too_large(code) && self.fruitless.is_multiple_of(TRIES_OF_A_SIZE) {
            session.frame.shrink();
        }
        if is_busy(code) && self.in_flight.count() == 0 {
            session.round_trip.back_off();
            self.pause = Some(now.after(session.timeout_millis()));
        }
    }

    /// Notices that pieces were not answered in time.
    pub(super) fn handle_silence(&mut self, session: &mut Session, now: Moment) {
        if self.pause.is_some_and(|until| now.has_reached(until)) {
            self.pause = None;
            // It was not silent, but was not asked.
            self.silent_since = now;
        }
        let end = self.end_of_patience(session).filter(|end| now.has_reached(*end));
        let timeout = session.timeout_millis();
        let barrier = self.barrier;
        let (mut is_silent, mut trial) = (false, None);
        self.in_flight.give_up(|sent| {
            let is_late = end.is_some() || now.has_reached(sent.at.after(timeout));
            if is_late && sent.order >= barrier {
                is_silent = true;
                trial = trial.or(Some(sent.frame).filter(|_| sent.is_trial));
            }
            is_late
        });
        if !is_silent {
            return;
        }
        if let Some(frame) = trial {
            session.frame.handle_missed(frame, false);
            // That says something of the size, and nothing of the device.
            self.silent_since = now;
        } else {
            session.round_trip.back_off();
        }
        self.window.handle_silence();
        self.in_flight.give_up(|_| true);
        self.next = self.wanted;
        self.barrier = self.in_flight.next_order();
        self.silences = self.silences.saturating_add(1);
        if trial.is_none() && now.millis_since(self.silent_since) >= millis(&session.policy.give_up) {
            let (sent, waited) = (self.silences, now.since(self.silent_since));
            return self.give_up(&Failure::NoAnswer { command: Command::IMAGE_UPLOAD, sent, waited });
        }
        if self.silences.is_multiple_of(TRIES_OF_A_SIZE) && trial.is_none() {
            session.frame.shrink();
        }
    }
}
