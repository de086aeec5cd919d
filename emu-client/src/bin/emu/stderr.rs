//! Standard error, on which a user may have closed the pipe, or which may be a full disk.

use std::io::{self, Write};

/// Says a sentence there. If it cannot be said, the work and the exit code are the same: there is nobody to be told.
pub(crate) fn say(sentence: &str) {
    // At once, so that it does not mix with what others write there.
    show(&format!("emu: {sentence}\n"));
}

/// Shows text there as it is.
pub(crate) fn show(text: &str) {
    let _: io::Result<()> = io::stderr().write_all(text.as_bytes());
}
