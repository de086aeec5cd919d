//! How an example ends.

use std::error::Error;
use std::io;
use std::process::ExitCode;

/// Ends an example: a failure is told on standard error with its causes, as a sentence for people.
///
/// That nobody reads on, as in a pipe to `head`, is none.
#[must_use]
pub fn exit(outcome: Result<(), Box<dyn Error>>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        sentence = format!("{sentence}: {error}");
        cause = error.source();
    }
    eprintln!("error: {sentence}");
    ExitCode::FAILURE
}
