//! Fuzz targets of `emu-proto` and `emu-smp`: each is a plain function over bytes that asserts a property, so that it can be run by
//! libFuzzer, by a test over named seeds, and in a debugger alike.
//!
//! | target | what holds of any bytes |
//! |---|---|
//! | [`row`](row()) | what parses prints and parses to the same; alone and in a body a row reads the same |
//! | [`decoder`](decoder()) | however a body is cut, rows, errors, positions and deviations are the same |
//! | [`header`](header()) | each column is read where its name stands, in the scale of its unit, or nothing is read |
//! | [`query`](query()) | request targets are the manual's forms and no others, and print as they parse |
//! | [`plan`](plan()) | read-outs of a model meter end; rows come in order, once, as logged, or are told as missing |
//! | [`round_trip`](round_trip()) | what is written in any dialect is read, and never past a buffer's end |
//! | [`smp_header`](smp_header()) | all bits come back but the reserved ones; only its own answer answers a request |
//! | [`smp_bodies`](smp_bodies()) | every request and response is read, written and read as the same, or refused within the frame |
//! | [`console`](console()) | however a serial line is cut, frames and losses are the same; frames come out of noise |
//! | [`image_file`](image_file()) | however an image file is cut, it is judged the same; no bit under the hash can change unnoticed |
//! | [`smp_server`](smp_server()) | the server answers within the buffer or is silent, and after any input serves as ever |
//! | [`smp_upload`](smp_upload()) | against any answers uploads and updates end, within the file, and succeed only if the device said so |
//!
//! [`TARGETS`] lists them. How to run them, and how a crash becomes a named seed: `README.md` beside this package.

pub mod bytes;
pub mod reading;
pub mod units;
pub mod values;

mod console;
mod decoder;
mod firmware;
mod header;
mod image_file;
mod plan;
mod query;
mod round_trip;
mod row;
mod smp_bodies;
mod smp_header;
mod smp_server;
mod smp_upload;

pub use console::console;
pub use decoder::decoder;
pub use header::header;
pub use image_file::image_file;
pub use plan::plan;
pub use query::query;
pub use round_trip::round_trip;
pub use row::row;
pub use smp_bodies::smp_bodies;
pub use smp_header::smp_header;
pub use smp_server::smp_server;
pub use smp_upload::smp_upload;

/// A target: asserts a property of any bytes, and panics where it does not hold.
pub type Target = fn(&[u8]);

/// Each target with its name.
pub const TARGETS: [(&str, Target); 12] = [
    ("row", row),
    ("decoder", decoder),
    ("header", header),
    ("query", query),
    ("plan", plan),
    ("round_trip", round_trip),
    ("smp_header", smp_header),
    ("smp_bodies", smp_bodies),
    ("console", console),
    ("image_file", image_file),
    ("smp_server", smp_server),
    ("smp_upload", smp_upload),
];
