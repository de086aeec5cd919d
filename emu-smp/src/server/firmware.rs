//! What a firmware offers to its server.

use super::os::Os;
use super::slots::ImageSlots;
use crate::cbor::Writer;
use crate::header::Header;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// A firmware, as a [`Server`](super::Server) needs it: for each group of commands, who does them.
///
/// Each method lends what implements the group's trait, as a rule `self` or a part of it. A group that is not lent stays the
/// `()` that it is by default: its commands are answered as unknown, and nothing of it is compiled in.
pub trait Firmware {
    /// Lends the images: group 1.
    fn images(&mut self) -> impl ImageSlots {}

    /// Lends what the operating system is asked for: group 0. Echo is answered in any case.
    fn os(&mut self) -> impl Os {}

    /// Does a request of a group that the server does not know, such as an application's own (64 and up), and writes the
    /// body of the answer.
    ///
    /// # Errors
    ///
    /// What to answer in its place. By default, that there is no such command.
    fn other(&mut self, request: &Header, body: &[u8], answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
        let _ = (request, body, answer);
        Err(ReturnCode::NOT_SUPPORTED.into())
    }
}
