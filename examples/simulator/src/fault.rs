//! Faults of the network and of the server, and when they strike.

use std::time::Duration;

/// A fault, and the requests that it strikes: all of them, unless one of the methods at the end says otherwise.
///
/// Requests are counted from 1, from the start or from the last
/// [`Simulator::set_faults`](crate::Simulator::set_faults) on; refused ones (401, 404, 405) do not count.
///
/// ```
/// use emu_simulator::Fault;
///
/// // A client that tries again gets through at the third try.
/// let fault = Fault::cut(10_000).first(2);
/// # let _ = fault;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    when: When,
}

impl Fault {
    /// Sends the body in pieces of this many bytes (at least 1), each a TCP write of its own, with a pause between.
    #[must_use]
    pub const fn chunks(bytes: usize, pause: Duration) -> Self {
        Self::new(FaultKind::Chunks { bytes: if bytes == 0 { 1 } else { bytes }, pause })
    }

    /// Waits before answering.
    #[must_use]
    pub const fn delay(time: Duration) -> Self {
        Self::new(FaultKind::Delay(time))
    }

    /// Closes the connection, in good order, after this many bytes of the body; 0 sends the head alone. A shorter body
    /// is sent whole.
    #[must_use]
    pub const fn cut(at: u64) -> Self {
        Self::new(FaultKind::Cut(at))
    }

    /// Resets the connection (RST) after this many bytes of the body. The peer may see fewer of them.
    #[must_use]
    pub const fn reset(at: u64) -> Self {
        Self::new(FaultKind::Reset(at))
    }

    /// Answers with status 500.
    #[must_use]
    pub const fn server_error() -> Self {
        Self::new(FaultKind::ServerError)
    }

    /// Answers a web page with status 200 and `text/html` in place of the log.
    #[must_use]
    pub const fn web_page() -> Self {
        Self::new(FaultKind::WebPage)
    }

    /// Answers the log under another content type, such as `application/octet-stream`.
    #[must_use]
    pub fn content_type(content_type: impl Into<String>) -> Self {
        Self::new(FaultKind::ContentType(content_type.into()))
    }

    /// Answers status 302 with this location.
    #[must_use]
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::new(FaultKind::Redirect(location.into()))
    }

    /// Sends rows, the same again and again, until the peer closes the connection; a body of stated length is then sent
    /// chunked.
    #[must_use]
    pub const fn endless() -> Self {
        Self::new(FaultKind::Endless)
    }

    /// Takes the request and never answers, until the peer closes the connection.
    #[must_use]
    pub const fn stall() -> Self {
        Self::new(FaultKind::Stall)
    }

    /// Strikes the first `count` requests alone.
    #[must_use]
    pub const fn first(mut self, count: u64) -> Self {
        self.when = When::First(count);
        self
    }

    /// Strikes every `count`-th request alone: with 3, the third, the sixth, and so on. 0 is never.
    #[must_use]
    pub const fn every(mut self, count: u64) -> Self {
        self.when = When::Every(count);
        self
    }

    /// Strikes the request with this number alone.
    #[must_use]
    pub const fn only(mut self, number: u64) -> Self {
        self.when = When::Only(number);
        self
    }

    const fn new(kind: FaultKind) -> Self {
        Self { kind, when: When::Always }
    }

    fn strikes(&self, request: u64) -> bool {
        match self.when {
            When::Always => true,
            When::First(count) => request <= count,
            When::Every(count) => request.checked_rem(count) == Some(0),
            When::Only(number) => request == number,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum FaultKind {
    Chunks { bytes: usize, pause: Duration },
    Delay(Duration),
    Cut(u64),
    Reset(u64),
    ServerError,
    WebPage,
    ContentType(String),
    Redirect(String),
    Endless,
    Stall,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    First(u64),
    Every(u64),
    Only(u64),
}

/// What all faults together do to one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Treatment {
    pub(crate) delay: Duration,
    /// Size of the pieces in which the body is sent.
    pub(crate) chunk: Option<usize>,
    pub(crate) pause: Duration,
    pub(crate) breaks: Option<Break>,
    pub(crate) endless: bool,
    pub(crate) content_type: Option<String>,
    pub(crate) instead: Option<Instead>,
}

/// How a body is broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Break {
    /// After how many bytes of the body.
    pub(crate) at: u64,
    /// Whether the connection is reset; else it is closed in good order.
    pub(crate) reset: bool,
}

/// What is answered in place of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Instead {
    ServerError,
    WebPage,
    Redirect(String),
    Nothing,
}

impl Treatment {
    /// Returns what `faults` do to the request with this number. Delays add up; of two breaks the nearer counts; of
    /// all else the first that strikes.
    pub(crate) fn of(faults: &[Fault], request: u64) -> Self {
        let mut treatment = Self::default();
        for fault in faults.iter().filter(|fault| fault.strikes(request)) {
            match &fault.kind {
                FaultKind::Delay(time) => treatment.delay = treatment.delay.saturating_add(*time),
                FaultKind::Chunks { bytes, pause } => {
                    if treatment.chunk.is_none() {
                        (treatment.chunk, treatment.pause) = (Some(*bytes), *pause);
                    }
                }
                FaultKind::Cut(at) => treatment.break_at(Break { at: *at, reset: false }),
                FaultKind::Reset(at) => treatment.break_at(Break { at: *at, reset: true }),
                FaultKind::Endless => treatment.endless = true,
                FaultKind::ContentType(content_type) => {
                    treatment.content_type.get_or_insert_with(|| content_type.clone());
                }
                FaultKind::ServerError => treatment.answer(|| Instead::ServerError),
                FaultKind::WebPage => treatment.answer(|| Instead::WebPage),
                FaultKind::Redirect(location) => treatment.answer(|| Instead::Redirect(location.clone())),
                FaultKind::Stall => treatment.answer(|| Instead::Nothing),
            }
        }
        treatment
    }

    fn break_at(&mut self, other: Break) {
        if self.breaks.is_none_or(|own| other.at < own.at) {
            self.breaks = Some(other);
        }
    }

    fn answer(&mut self, instead: impl FnOnce() -> Instead) {
        self.instead.get_or_insert_with(instead);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_strike_when_they_should() {
        let struck = |fault: &Fault| (1..=7).filter(|request| fault.strikes(*request)).collect::<Vec<u64>>();
        assert_eq!(struck(&Fault::stall()), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(struck(&Fault::stall().first(2)), [1, 2]);
        assert_eq!(struck(&Fault::stall().every(3)), [3, 6]);
        assert_eq!(struck(&Fault::stall().every(0)), []);
        assert_eq!(struck(&Fault::stall().only(5)), [5]);
    }

    #[test]
    fn faults_of_one_request_go_together() {
        let faults = [
            Fault::delay(Duration::from_secs(1)),
            Fault::delay(Duration::from_secs(2)),
            Fault::cut(100),
            Fault::reset(50),
            Fault::cut(70),
            Fault::server_error().only(2),
            Fault::web_page(),
            Fault::chunks(0, Duration::ZERO),
        ];
        let first = Treatment::of(&faults, 1);
        assert_eq!(first.delay, Duration::from_secs(3));
        assert_eq!(first.breaks, Some(Break { at: 50, reset: true }));
        assert_eq!(first.instead, Some(Instead::WebPage));
        assert_eq!(first.chunk, Some(1));
        assert_eq!(Treatment::of(&faults, 2).instead, Some(Instead::ServerError));
    }
}
