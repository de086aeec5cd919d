//! One request and its response.

use super::failure::Failure;
use super::flight::{Flight, frames};
use super::session::{Parameters, Session};
use super::time::Instant;
use crate::body::file_system::{WriteRefused, WriteRequest};
use crate::body::os::ParametersRequest;
use crate::body::{Request, decode};

use crate::command::Command;
use crate::group_error::GroupError;
use crate::header::Version;
use crate::message::decode_response;

/// One request, sent until it is answered, refused or given up.
///
/// # How it is driven
///
/// In a loop, in this order:
///
/// 1. [`poll_transmit`](Self::poll_transmit) until it returns `None`; each frame is sent as one datagram.
/// 2. [`poll_failure`](Self::poll_failure): the request has come to nothing, and this is the end.
/// 3. Wait for a datagram from the device, or until [`poll_timeout`](Self::poll_timeout).
/// 4. [`handle_datagram`](Self::handle_datagram), whose answer is the end, or [`handle_timeout`](Self::handle_timeout).
///
/// A request is sent again under the same sequence number, and encoded anew each time, so that no frame is kept. It may so
/// come to be done twice: one that writes is therefore not sent again before [`Policy::first_timeout`], and a reset not at all,
/// since a second one would take back an image that is being tested. Answers to earlier requests, doubled answers, and frames whose length does not fit are ignored and
/// counted.
///
/// [`Policy::first_timeout`]: super::Policy::first_timeout
///
/// ```
/// use emu_smp::client::{Exchange, Instant, Policy, Session};
/// use emu_smp::os::EchoRequest;
///
/// let mut exchange = Exchange::new(Session::new(Policy::DEFAULT), EchoRequest { text: "hi" });
/// let (mut now, mut buffer) = (Instant::START, [0; 64]);
/// let length = exchange.poll_transmit(now, &mut buffer).unwrap();
/// assert_eq!(&buffer[..length], b"\x02\x00\x00\x06\x00\x00\x00\x00\xa1\x61d\x62hi");
/// assert_eq!(exchange.poll_transmit(now, &mut buffer), None);
///
/// // Nothing comes: the same once more.
/// now = exchange.poll_timeout().unwrap();
/// exchange.handle_timeout(now);
/// assert_eq!(exchange.poll_transmit(now, &mut buffer), Some(length));
///
/// let answer = exchange.handle_datagram(now, b"\x03\x00\x00\x07\x00\x00\x00\x00\xbf\x61r\x62hi\xff");
/// assert_eq!(answer.unwrap()?.text, "hi");
/// # Ok::<(), emu_smp::client::Failure>(())
/// ```
#[derive(Debug, Clone)]
pub struct Exchange<R> {
    session: Session,
    request: R,
    flight: Flight,
    /// When it was called last.
    now: Instant,
    /// That it has failed without an answer, until it was told.
    failure: Option<Failure>,
    is_done: bool,
    /// The length of the file that refused a piece.
    refused_length: Option<u64>,
}

impl<R: Request> Exchange<R> {
    /// Starts with a request; the session's next sequence number becomes its own.
    #[must_use]
    pub fn new(mut session: Session, request: R) -> Self {
        let mut flight = Flight::NONE;
        flight.start_command(&mut session, request.operation(), request.command());
        Self { session, request, flight, now: Instant::START, failure: None, is_done: false, refused_length: None }
    }

    /// Sends the request in this version. When an echo in version 1 is answered, the session speaks it from then on.
    #[must_use]
    pub fn in_version(self, version: Version) -> Self {
        Self { flight: self.flight.in_version(version), ..self }
    }

    /// Returns the request.
    #[must_use]
    pub const fn request(&self) -> &R {
        &self.request
    }

    /// Takes a datagram that came from the device. Returns the response, or how the request has failed; `None` if the
    /// datagram is no answer to it, or says to ask again later.
    pub fn handle_datagram<'a>(
        &mut self,
        now: Instant,
        datagram: &'a [u8],
    ) -> Option<Result<R::Response<'a>, Failure>> {
        if self.is_done {
            return None;
        }
        self.now = now;
        let answer = self.flight.handle_datagram::<R>(&mut self.session, now.moment(), datagram)?;
        self.is_done = true;
        let version = self.flight.header().version;
        if answer.is_ok() && self.flight.header().id() == Command::ECHO && version == Version::V1 {
            self.session.version = version;
        }
        self.learn(datagram);
        Some(answer)
    }

    /// Notices that time has passed. To be called at [`poll_timeout`](Self::poll_timeout); earlier it does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.is_done {
            return;
        }
        self.now = now;
        let failure = self.flight.handle_timeout(&mut self.session, now.moment());
        self.fail(failure);
    }

    /// Writes the frame that is to be sent now into a buffer, and returns its length; `None` if nothing is to be sent.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<usize> {
        if self.is_done {
            return None;
        }
        self.now = now;
        match self
            .flight
            .poll_transmit(&self.session, now.moment(), buffer, &mut |writer| self.request.encode(writer))?
        {
            Ok(length) => Some(length),
            Err(failure) => {
                self.fail(Some(failure));
                None
            }
        }
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout); `None` at the end.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = self.flight.poll_timeout().filter(|_| !self.is_done)?;
        Some(self.now.at(due))
    }

    /// Returns that the request has come to nothing without an answer, once.
    pub fn poll_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Returns whether there is nothing more to do.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Returns how many datagrams were ignored, since they hold no answer to this request.
    #[must_use]
    pub const fn ignored(&self) -> u32 {
        self.flight.ignored()
    }

    /// Returns the session with what was learnt so far.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Returns how many bytes of a file the device has, if it has refused a piece for its place and says so: in version 1. See
    /// [`FileUpload::handle_refusal`](super::FileUpload::handle_refusal).
    #[must_use]
    pub const fn refused_length(&self) -> Option<u64> {
        self.refused_length
    }

    /// Learns what an answer says besides.
    fn learn(&mut self, datagram: &[u8]) {
        let header = self.flight.header();
        let mut frames = frames(datagram);
        let Some((_, body)) = frames.find(|(answer, _)| answer.check_answers(&header).is_ok()) else { return };
        match header.id() {
            Command::PARAMETERS => match decode_response::<ParametersRequest>(body) {
                Ok(Ok(parameters)) => self.session = self.session.with_parameters(&parameters),
                Ok(Err(_)) if self.session.parameters == Parameters::NotAsked => {
                    self.session.parameters = Parameters::NotTold;
                }
                _ => {}
            },
            Command::FILE => {
                if let Ok(Err(refusal)) = decode_response::<WriteRequest<'_>>(body)
                    && refusal.group_error() == Some(GroupError::FILE_OFFSET_NOT_VALID)
                {
                    self.refused_length = decode::<WriteRefused>(body).ok().and_then(|refused| refused.length);
                }
            }
            _ => {}
        }
    }

    fn fail(&mut self, failure: Option<Failure>) {
        self.is_done |= failure.is_some();
        self.failure = failure;
    }
}
