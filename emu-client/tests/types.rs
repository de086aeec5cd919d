//! What other code relies on of the public types: that they cross threads and can be shown.

use std::fmt::Debug;

use emu_client::emu_proto::{LoadProfileEntry, LogbookEntry};
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
}
