//! Why a read-out failed, at which meter, and in answer to which request.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use chrono::TimeDelta;
use emu_proto::{ReadError, RequestTarget, Span};

use crate::address::Address;
use crate::credentials::Credentials;

/// A failure of a read-out: which meter, which request, and what went wrong.
///
/// It never shows the password. `Display` is one sentence without the causes, which [`source`](StdError::source) has.
///
/// ```
/// # async fn example() {
/// use emu_client::{ErrorKind, LoadProfileEntry, Meter, Readout};
///
/// let meter = Meter::new("192.168.1.20").unwrap();
/// let mut rows = meter.load_profile(Readout::Last(96));
/// while let Some(row) = rows.next().await {
///     match row {
///         Ok(row) => println!("{}", row.index),
///         Err(error) if matches!(error.kind(), ErrorKind::Unauthorized { .. }) => println!("which password?"),
///         Err(error) => println!("{error}"),
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    address: Address,
    request: RequestTarget,
    kind: ErrorKind,
}

impl Error {
    pub(crate) fn new(address: Address, request: RequestTarget, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { address, request, kind }))
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the meter's address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Returns path and query of the request that failed.
    #[must_use]
    pub fn request(&self) -> RequestTarget {
        self.0.request
    }

    /// Returns the sentence with those of all its causes, for people: `a: b: c`.
    ///
    /// Of a connection that broke within an answer it says what the system says, and leaves out the HTTP library's words
    /// for the place, which the sentence has.
    ///
    /// ```
    /// # fn show(error: &emu_client::Error) {
    /// eprintln!("{}", error.with_causes());
    /// # }
    /// ```
    #[must_use]
    pub fn with_causes(&self) -> String {
        let has_said_where = matches!(self.kind().last(), ErrorKind::BrokeOff { .. });
        let is_where = |error: &(dyn StdError + 'static)| {
            let of_system = |error: &io::Error| error.raw_os_error().is_some();
            error.is::<hyper::Error>() || error.downcast_ref().is_some_and(|error| !of_system(error))
        };
        with_causes(self, |error| !(has_said_where && is_where(error)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "meter {}, {}: {}", self.0.address, self.0.request, self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.kind.source()
    }
}

/// An error's sentence with those of its causes, as far as they are to be told.
pub(crate) fn with_causes(error: &dyn StdError, is_told: impl Fn(&(dyn StdError + 'static)) -> bool) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if is_told(error) {
            text.push_str(": ");
            text.push_str(&error.to_string());
        }
        cause = error.source();
    }
    text
}

/// What went wrong: the kind of an [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The host's name has no address, or nobody could be asked for it. Tried again.
    #[error("the host's name cannot be resolved")]
    Resolve(#[source] io::Error),
    /// There is no connection. Tried again.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// Something took too long. Tried again, but for [`Step::Turn`].
    #[error("timed out: {step} took longer than {}", span(*.limit))]
    Timeout {
        /// What took too long.
        step: Step,
        /// What the [`Policy`](crate::Policy) allows.
        limit: Duration,
    },
    /// The connection broke before the answer's body, or what came is no HTTP. Tried again.
    #[error("the connection broke, or is not HTTP")]
    Http(#[source] hyper::Error),
    /// Status 401: the meter's access protection is on. Not tried again.
    #[error("the meter wants {}", if *.password_given { "another user or password" } else { "a user and a password" })]
    Unauthorized {
        /// Whether a password was given.
        password_given: bool,
    },
    /// A status other than 200. Tried again if it is 408, 429 or 5xx.
    #[error("the meter answered status {0}")]
    Status(u16),
    /// A redirect, which is not followed: it could take the password elsewhere. Not tried again.
    #[error("the meter answered status {status}, a redirect to {location}, which is not followed")]
    Redirect {
        /// The status.
        status: u16,
        /// Where to.
        location: Excerpt,
    },
    /// The answer is no CSV by its content type. Not tried again.
    #[error("expected an answer of type text/csv, not {found}; it starts {start}")]
    ContentType {
        /// The content type.
        found: Excerpt,
        /// The first bytes of the answer.
        start: Excerpt,
    },
    /// The answer cannot be read at all: it is a web page, or its columns are not known. Not tried again.
    #[error("the answer is no read-out of this log")]
    Read(#[source] ReadError),
    /// The connection broke within the answer's body. Tried again, from the first row that is missing.
    #[error("the connection broke at byte {offset} of the answer, {}", After(*.last_index))]
    BrokeOff {
        /// How many bytes of the body had come.
        offset: u64,
        /// The index of the last row that was read before, if there was one.
        last_index: Option<u32>,
        /// What was found by the HTTP library.
        #[source]
        cause: hyper::Error,
    },
    /// The answer broke off within a row, and the end of the connection was the only mark of its end. Tried again.
    #[error("the answer broke off")]
    CutShort(#[source] ReadError),
    /// The answer has no byte, not even a header line. Tried again.
    ///
    /// It is an answer without rows if the meter sent rows without a header line before, in the same read-out.
    #[error("the answer is empty: not even a header line came")]
    Empty,
    /// The answer is longer than any read-out. Tried again.
    #[error("the answer is longer than {limit} bytes, which no read-out is")]
    TooLong {
        /// The longest body that is read.
        limit: u64,
    },
    /// All retries have failed. The source is the last failure.
    #[error("gave up after {tries} tries in a row without a row")]
    GaveUp {
        /// How many requests failed in a row.
        tries: u32,
        /// The last failure.
        #[source]
        last: Box<Self>,
    },
    /// The meter answers and answers, and never anything that leads on.
    #[error("gave up after {answers} answers in a row that held no wanted row that could be read")]
    NoProgress {
        /// How many answers.
        answers: u32,
        /// The last line that could not be read, if there was one.
        #[source]
        last: Option<ReadError>,
    },
}

impl ErrorKind {
    /// Returns the failure itself, where it is the last of several.
    fn last(&self) -> &Self {
        match self {
            Self::GaveUp { last, .. } => last.last(),
            other => other,
        }
    }

    /// Whether a further try may help.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            // Whoever has the connection has had long enough, and may wait for this very read-out.
            Self::Timeout { step: Step::Turn, .. } => false,
            Self::Resolve(_)
            | Self::Connect(_)
            | Self::Timeout { .. }
            | Self::Http(_)
            | Self::BrokeOff { .. }
            | Self::CutShort(_)
            | Self::Empty
            | Self::TooLong { .. } => true,
            Self::Status(status) => matches!(status, 408 | 429 | 500..),
            Self::Unauthorized { .. }
            | Self::Redirect { .. }
            | Self::ContentType { .. }
            | Self::Read(_)
            | Self::GaveUp { .. }
            | Self::NoProgress { .. } => false,
        }
    }
}

/// Returns a length of time as people say it.
pub(crate) fn span(length: Duration) -> Span {
    Span(TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX))
}

/// Prints which row came last.
struct After(Option<u32>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(index) => write!(f, "after row {index}"),
            None => f.write_str("before a whole row"),
        }
    }
}

/// What took too long, of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Waiting for another read-out of the same meter to be done with its request, or dropped.
    ///
    /// One that stopped in the middle of an answer keeps its connection. Read it on, drop it, or allow more connections
    /// by [`Builder::connections`](crate::Builder::connections).
    Turn,
    /// Resolving the name and connecting.
    Connect,
    /// Waiting for the first or the next bytes of the answer.
    Idle,
    /// The whole request.
    Request,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Turn => {
                "waiting for another read-out of this meter, which has its connection (read that one on or drop it, or \
                 allow more by Builder::connections),"
            }
            Self::Connect => "connecting",
            Self::Idle => "the silence of the meter",
            Self::Request => "the whole request",
        })
    }
}

/// The first bytes of something that the peer sent, to be shown to people; in an [`Error`].
///
/// Prints in double quotes, with bytes that are no printable ASCII escaped, and dots if there was more.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    text: String,
    more: bool,
}

impl Excerpt {
    /// How many characters are kept, escaped.
    pub const MAX: usize = 160;

    pub(crate) fn new(bytes: &[u8], credentials: Option<&Credentials>) -> Self {
        let text = String::from_utf8_lossy(bytes.get(..16 * Self::MAX).unwrap_or(bytes));
        let text = credentials.map_or_else(|| text.to_string(), |credentials| credentials.redact(&text));
        let mut escaped = text.as_bytes().escape_ascii().to_string();
        let more = escaped.len() > Self::MAX;
        escaped.truncate(Self::MAX);
        Self { text: escaped, more }
    }

    /// Returns the escaped text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"{}", self.text, if self.more { "…" } else { "" })
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_proto::{Log, Readout};

    #[test]
    fn an_error_says_where_and_its_causes_why() {
        let last = Box::new(ErrorKind::Connect(io::Error::other("no route")));
        let request = Readout::Last(1).target(Log::LoadProfile);
        let error = Error::new("10.0.0.1".parse().unwrap(), request, ErrorKind::GaveUp { tries: 6, last });
        assert_eq!(error.to_string(), "meter 10.0.0.1, /data/?last=1: gave up after 6 tries in a row without a row");
        assert!(error.with_causes().ends_with(": cannot connect: no route"));
    }

    #[test]
    fn an_excerpt_is_short_and_printable() {
        assert_eq!(Excerpt::new(b"<html>\n\x1b[31m", None).to_string(), r#""<html>\n\x1b[31m""#);
        let long = Excerpt::new(&[0xff; 10_000], None);
        assert!(long.as_str().len() == Excerpt::MAX && long.to_string().ends_with('…'));
    }
}
