//! The client's side: machines without I/O that ask a device until it answers, upload an image, or update its firmware.
//!
//! Each is told the time and what came, and says what to send, until when to wait, and what to tell: no sockets, no clock,
//! no allocation. [`Exchange`] is one request, [`Upload`] an image, [`Update`] the manual's chapter "Firmware-Update" from its
//! step 2 to its step 8. A [`Session`] lasts from one to the next.

mod events;
mod exchange;
mod failure;
mod flight;
mod frame_size;
mod policy;
mod round_trip;
mod session;
mod target;
mod time;
mod update;
mod upload;

pub use self::exchange::Exchange;
pub use self::failure::{Failure, Reason, Refused};
pub use self::policy::Policy;
pub use self::session::{Parameters, Session};
pub use self::target::{ImageSource, ReadError, Target};
pub use self::time::Instant;
pub use self::update::{OtherImage, Update, UpdateError, UpdateEvent, UpdateOptions, UpdateStep, Updated};
pub use self::upload::{Upload, UploadError, UploadEvent, UploadOptions, UploadProgress, Uploaded};
