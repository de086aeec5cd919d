//! The client's side: machines without I/O that ask a device until it answers, upload an image, or update its firmware.
//!
//! Each is told the time and what came, and says what to send, until when to wait, and what to tell: no sockets, no clock,
//! no allocation. [`Exchange`] is one request, [`Upload`] an image, [`Update`] the manual's chapter "Firmware-Update" from its
//! step 2 to its step 8. A [`Session`] lasts from one to the next.
//!
//! ```no_run
//! use std::net::UdpSocket;
//! use std::time::{Duration, Instant as Clock};
//!
//! use emu_smp::client::{Exchange, Instant, Policy, Session};
//! use emu_smp::image::StateRequest;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let socket = UdpSocket::bind("0.0.0.0:0")?;
//! socket.connect("192.168.0.131:1337")?;
//! let start = Clock::now();
//! let now = || Instant::START + start.elapsed();
//!
//! let mut exchange = Exchange::new(Session::new(Policy::DEFAULT), StateRequest);
//! let (mut frame, mut datagram) = ([0; 256], [0; 2048]);
//! loop {
//!     while let Some(length) = exchange.poll_transmit(now(), &mut frame) {
//!         socket.send(&frame[..length])?;
//!     }
//!     if let Some(failure) = exchange.poll_failure() {
//!         return Err(failure.into());
//!     }
//!     let Some(timeout) = exchange.poll_timeout() else { break };
//!     socket.set_read_timeout(Some((timeout - now()).max(Duration::from_millis(1))))?;
//!     match socket.recv(&mut datagram) {
//!         Ok(length) => {
//!             if let Some(state) = exchange.handle_datagram(now(), &datagram[..length]) {
//!                 state?.images.iter().for_each(|image| println!("slot {}: {}", image.slot, image.version));
//!             }
//!         }
//!         Err(_) => exchange.handle_timeout(now()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod events;
mod exchange;
mod failure;
mod file_transfer;
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
pub use self::file_transfer::{FileDownload, FileTransferError, FileUpload};
pub use self::policy::Policy;
pub use self::session::{Parameters, Session};
pub use self::target::{ImageSource, ReadError, Target};
pub use self::time::Instant;
pub use self::update::{OtherImage, Update, UpdateError, UpdateEvent, UpdateOptions, UpdateStep, Updated};
pub use self::upload::{Upload, UploadError, UploadEvent, UploadOptions, UploadProgress, Uploaded};
