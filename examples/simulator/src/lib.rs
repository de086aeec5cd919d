//! A simulated energy meter EMU Professional II TCP/IP. All data is synthetic.
#![forbid(unsafe_code)]

mod chance;
mod event;
mod household;
mod load;
mod phases;
mod records;
mod site;

pub use event::{Event, InvalidEvent};
pub use household::Household;
pub use records::{Record, Records};
pub use site::Site;
