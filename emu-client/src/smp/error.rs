//! Why something asked of a meter over SMP failed.

use std::fmt;
use std::io;

use emu_smp::client::{Failure, UpdateError, UploadError};

use super::location::Location;

/// A failure: where, and what went wrong.
///
/// `Display` is one sentence without the causes, which [`source`](std::error::Error::source) has.
///
/// ```
/// # async fn example() {
/// use emu_client::Meter;
/// use emu_client::smp::ErrorKind;
///
/// let mut firmware = Meter::new("192.168.1.20").unwrap().firmware();
/// match firmware.list().await {
///     Ok(images) => print!("{images}"),
///     Err(error) if matches!(error.kind(), ErrorKind::PortClosed { .. }) => println!("are updates allowed?"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    location: Location,
    kind: ErrorKind,
}

impl Error {
    pub(super) fn new(location: &Location, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { location: location.clone(), kind }))
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns where the SMP server is, or was meant to be.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// Returns the sentence with those of all its causes, for people: `a: b: c`.
    #[must_use]
    pub fn with_causes(&self) -> String {
        crate::error::with_causes(self, |_| true)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { location, kind } = &*self.0;
        match location {
            Location::Network { port, .. } => write!(f, "meter {location}, SMP port {port}: {kind}"),
            _ => write!(f, "meter at {location}: {kind}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.kind.source()
    }
}

/// What went wrong: the kind of an [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The host's name has no address, or nobody could be asked for it.
    #[error("the host's name cannot be resolved")]
    Resolve(#[source] io::Error),
    /// There is no socket, or no way to the host.
    #[error("there is no way to the host")]
    Socket(#[source] io::Error),
    /// The host says that nobody has the port.
    #[error("nobody answers at this port")]
    PortClosed {
        /// What the socket says.
        #[source]
        error: io::Error,
    },
    /// The serial port cannot be opened. The error's kind is `NotFound`, `PermissionDenied`, `ResourceBusy` if another program
    /// has it, `IsADirectory`, `Unsupported` if it is something else than a serial port, or what else the system says.
    #[error("{}", cannot_open(.0))]
    Open(#[source] io::Error),
    /// The serial line has gone away, and has not come back.
    #[error("the serial line is gone")]
    Gone {
        /// What was said last: when it went, or when it could not be opened again.
        #[source]
        error: io::Error,
    },
    /// The request came to nothing: no answer, a refusal, or an answer that cannot be read.
    #[error("{failure}")]
    Failed {
        /// How.
        failure: Failure,
        /// The last thing that went wrong with the socket or the line.
        #[source]
        last: Option<io::Error>,
    },
    /// An upload has failed.
    #[error("{error}")]
    Upload {
        /// How.
        error: UploadError,
        /// The last thing that went wrong with the socket or the line.
        #[source]
        last: Option<io::Error>,
    },
    /// An update has failed.
    #[error("{error}")]
    Update {
        /// How.
        error: UpdateError,
        /// The last thing that went wrong with the socket or the line.
        #[source]
        last: Option<io::Error>,
    },
}

impl ErrorKind {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(self)
    }

    /// Returns the failure of a request, be it alone or within an upload or an update.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed { failure, .. }
            | Self::Upload { error: UploadError::Failed(failure), .. }
            | Self::Update {
                error: UpdateError::Failed(failure) | UpdateError::Upload(UploadError::Failed(failure)),
                ..
            } => Some(failure),
            _ => None,
        }
    }
}

fn cannot_open(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such serial port",
        io::ErrorKind::PermissionDenied => "this user may not open the serial port",
        io::ErrorKind::ResourceBusy => "another program has the serial port",
        io::ErrorKind::IsADirectory => "that is a directory, and no serial port",
        io::ErrorKind::Unsupported => "that is no serial port",
        _ => "the serial port cannot be opened",
    }
}
