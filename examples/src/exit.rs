//! How an example ends, and what it says on the way.

use std::error::Error;
use std::io::{self, Write};
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
    say(&format!("error: {sentence}"));
    ExitCode::FAILURE
}

/// Says a sentence on standard error. If that is closed or full, there is nobody to be told, and the work goes on.
pub fn say(sentence: &str) {
    let _: io::Result<()> = io::stderr().write_all(format!("{sentence}\n").as_bytes());
}

/// Says a sentence on standard output, beside work that goes on if nobody reads it, or nobody can.
pub fn tell(sentence: &str) {
    let _: io::Result<()> = io::stdout().write_all(format!("{sentence}\n").as_bytes());
}
