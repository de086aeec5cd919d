//! What other code relies on of the public types: that they cross threads, can be shown, and copied where that makes sense.

use std::fmt::Debug;
use std::path::Path;

use emu_client::emu_proto::{LoadProfileEntry, LogbookEntry};
use emu_client::emu_smp::client::{Update, UpdateEvent, UpdateOptions, Upload, UploadEvent};
use emu_client::firmware::{Firmware, Image, Images, UpdateFile, UpdateFileError};
use emu_client::smp::{self, InvalidLocation, Location, Moment, Run, Smp};
use emu_client::{
    Address, BuildError, Builder, Error, ErrorKind, Excerpt, InvalidAddress, Item, Items, Meter, Notice, Password,
    Policy, Rows, Step, Summary,
};

const fn is_shared<T: Send + Sync + Unpin + Debug>() {}
const fn is_value<T: Send + Sync + Unpin + Debug + Clone>() {}

const _: () = {
    is_value::<Meter>();
    is_value::<Builder>();
    is_value::<BuildError>();
    is_value::<Address>();
    is_value::<InvalidAddress>();
    is_value::<Password>();
    is_value::<Policy>();
    is_value::<Summary>();
    is_value::<Step>();
    is_value::<Excerpt>();
    is_value::<Location>();
    is_value::<InvalidLocation>();
    is_value::<Moment<UpdateEvent>>();
    is_value::<Moment<UploadEvent>>();
    is_value::<Images>();
    is_value::<Image>();
    is_value::<UpdateFile>();
    // They hold an error of the system's, which cannot be copied.
    is_shared::<Error>();
    is_shared::<ErrorKind>();
    is_shared::<Notice>();
    is_shared::<Item<LoadProfileEntry>>();
    is_shared::<smp::Error>();
    is_shared::<smp::ErrorKind>();
    is_shared::<UpdateFileError>();
    // They are one connection, or one read-out.
    is_shared::<Smp>();
    is_shared::<Firmware>();
    is_shared::<Run<'static, Update>>();
    is_shared::<Run<'static, Upload>>();
    is_shared::<Rows<LoadProfileEntry>>();
    is_shared::<Rows<LogbookEntry>>();
    is_shared::<Items<LoadProfileEntry>>();
    is_shared::<Items<LogbookEntry>>();
};

/// The list above has every public type of this crate.
#[test]
fn no_type_is_missing() {
    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() && !entry.ends_with("bin") {
                look(&entry, found);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&entry).unwrap();
                let lines = text.lines().filter_map(|line| line.strip_prefix("pub "));
                let types =
                    lines.filter_map(|line| line.strip_prefix("struct ").or_else(|| line.strip_prefix("enum ")));
                let end = |character: char| !character.is_alphanumeric();
                found.extend(types.map(|line| line.split(end).next().unwrap_or_default().to_owned()));
            }
        }
    }
    let mut found = Vec::new();
    look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 25, "{found:?}");
    let checked = include_str!("types.rs");
    let is_checked = |name: &str| {
        [">", "<"].iter().any(|end| ["<", "::"].iter().any(|start| checked.contains(&format!("{start}{name}{end}"))))
    };
    let missing: Vec<&String> = found.iter().filter(|name| !is_checked(name)).collect();
    assert!(missing.is_empty(), "not checked: {missing:?}");
}

#[test]
fn errors_fit_into_boxes_that_cross_threads() {
    fn boxed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(_: fn(E) -> E) {}
    boxed::<Error>(std::convert::identity);
    boxed::<BuildError>(std::convert::identity);
    boxed::<smp::Error>(std::convert::identity);
    boxed::<InvalidAddress>(std::convert::identity);
    boxed::<InvalidLocation>(std::convert::identity);
    boxed::<UpdateFileError>(std::convert::identity);
}

/// A task on a runtime of several threads may do all of it.
#[test]
fn what_is_awaited_crosses_threads() {
    fn is_sent<F: Future + Send>(_: fn(&'static mut Firmware, &'static UpdateFile) -> F) {}
    is_sent(|firmware, _| firmware.list());
    is_sent(|firmware, _| firmware.confirm(None));
    is_sent(|firmware, _| firmware.echo("hi"));
    is_sent(|firmware, file| firmware.update(file, UpdateOptions::default()).finish());
}
