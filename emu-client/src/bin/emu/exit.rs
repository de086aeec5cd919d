//! How the command ends.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use emu_client::{Error, ErrorKind};

/// The exit codes; the help lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All that was asked for was read.
    Complete = 0,
    /// It failed.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// It was read, and rows are missing, or the log became another one.
    Incomplete = 3,
    /// The meter wants a user and a password, or others.
    Unauthorized = 4,
    /// Interrupted by Ctrl-C.
    Interrupted = 130,
    /// Terminated by a signal.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why the command ends before its end.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// Nothing where nobody is there to read it.
    pub(crate) message: Option<String>,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: Some(message.into()) }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: Some(message.into()) }
    }

    /// A failure with a file.
    pub(crate) fn file(path: &Path, what: &str, error: &io::Error) -> Self {
        Self::failed(format!("cannot {what} {}: {error}", path.display()))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut message = error.with_causes();
        let exit = match error.kind() {
            ErrorKind::Unauthorized { .. } => {
                message.push_str("; give it by EMU_PASSWORD, --password-file or --ask-password");
                Exit::Unauthorized
            }
            _ => Exit::Failed,
        };
        Self { exit, message: Some(message) }
    }
}
