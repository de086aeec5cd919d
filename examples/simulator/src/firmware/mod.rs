//! Firmware updates: the meter's server for them on UDP and on a serial line, the images in its slots, and what can go wrong on
//! the way.

mod cbor;
mod extras;
mod image_file;
mod line;
mod link;
mod module;
mod options;
mod quirks;
mod server;
mod slots;

pub use self::image_file::TestImage;
pub use self::line::SerialLine;
pub use self::link::Link;
pub use self::options::OnlineUpdates;
pub use self::quirks::SmpQuirks;
pub use self::slots::Boot;

pub(crate) use self::line::Line;
pub(crate) use self::server::{Updates, serve};
