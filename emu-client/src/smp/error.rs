//! Why something asked of a meter over SMP failed.

use std::fmt;
use std::io;

use emu_smp::client::{Failure, UpdateError, UploadError};

use crate::address::Address;

/// A failure: which meter, and what went wrong.
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
    address: Address,
    port: u16,
    kind: ErrorKind,
}

impl Error {
    pub(super) fn new(address: &Address, port: u16, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { address: address.clone(), port, kind }))
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

    /// Returns the UDP port of the meter's SMP server.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Returns the sentence with those of all its causes, for people: `a: b: c`.
    #[must_use]
    pub fn with_causes(&self) -> String {
        crate::error::with_causes(self, |_| true)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "meter {}, SMP port {}: {}", self.0.address.host(), self.0.port, self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.kind.source()
    }
}

/// What went wrong.
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
    /// The request came to nothing: no answer, a refusal, or an answer that cannot be read.
    #[error("{failure}")]
    Failed {
        /// How.
        failure: Failure,
        /// The last thing that went wrong with the socket.
        #[source]
        last: Option<io::Error>,
    },
    /// An upload has failed.
    #[error("{error}")]
    Upload {
        /// How.
        error: UploadError,
        /// The last thing that went wrong with the socket.
        #[source]
        last: Option<io::Error>,
    },
    /// An update has failed.
    #[error("{error}")]
    Update {
        /// How.
        error: UpdateError,
        /// The last thing that went wrong with the socket.
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
