//! What other code relies on of the public types: that they cross threads and can be shown.

use std::fmt::Debug;

use emu_client::emu_proto::{LoadProfileEntry, LogbookEntry};
use emu_client::emu_smp::client::{Update, UpdateOptions, Upload};
use emu_client::firmware::{Firmware, Image, Images, UpdateFile, UpdateFileError};
use emu_client::smp::{self, Run, Smp};
use emu_client::{
    Address, BuildError, Builder, Error, ErrorKind, Item, Items, Meter, Notice, Password, Policy, Rows, Summary,
};

const fn is_shared<T: Send + Sync + Unpin + Debug + 'static>() {}
const fn is_moved<T: Send + Unpin + Debug + 'static>() {}

const _: () = {
    is_shared::<Meter>();
    is_shared::<Builder>();
    is_shared::<Address>();
    is_shared::<Password>();
    is_shared::<Policy>();
    is_shared::<Summary>();
    is_shared::<Error>();
    is_shared::<ErrorKind>();
    is_shared::<BuildError>();
    is_shared::<Notice>();
    is_shared::<Item<LoadProfileEntry>>();
    is_shared::<smp::Error>();
    is_shared::<smp::ErrorKind>();
    is_shared::<Images>();
    is_shared::<Image>();
    is_shared::<UpdateFile>();
    is_shared::<UpdateFileError>();
    is_moved::<Smp>();
    is_moved::<Firmware>();
    is_moved::<Run<'static, Update>>();
    is_moved::<Run<'static, Upload>>();
    is_moved::<Rows<LoadProfileEntry>>();
    is_moved::<Rows<LogbookEntry>>();
    is_moved::<Items<LoadProfileEntry>>();
    is_moved::<Items<LogbookEntry>>();
};

#[test]
fn errors_fit_into_boxes_that_cross_threads() {
    fn boxed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(_: fn(E) -> E) {}
    boxed::<Error>(std::convert::identity);
    boxed::<BuildError>(std::convert::identity);
    boxed::<smp::Error>(std::convert::identity);
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
