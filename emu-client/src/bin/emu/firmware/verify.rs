//! `emu firmware verify`: what an update file is.

use std::fmt::Write;
use std::path::Path;

use emu_client::firmware::UpdateFile;

use crate::exit::{Exit, Failure};
use crate::smp::{json, print};

pub(super) fn run(path: &Path, is_json: bool) -> Result<Exit, Failure> {
    let file = UpdateFile::read(path)?;
    print(&if is_json { json(file.image())? } else { describe(&file) })
}

/// What is in a file, for people.
pub(super) fn describe(file: &UpdateFile) -> String {
    let image = file.image();
    let mut text = String::new();
    // A `String` takes everything.
    let _: std::fmt::Result = (|| {
        writeln!(text, "version: {}", image.header.version)?;
        let checked = if image.hash_checked { "right" } else { "not checked, since the image is encrypted" };
        writeln!(text, "hash: {} ({checked})", image.hash)?;
        match image.signature {
            Some(signature) => writeln!(text, "signature: {signature} (whose it is, the meter checks)")?,
            None => writeln!(text, "signature: none; a meter takes signed images alone")?,
        }
        writeln!(text, "length: {} bytes, of which {} are padding", image.length, image.padding.length)?;
        let sha: String = image.file_hash.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "SHA-256 of the file: {sha}")
    })();
    text
}
