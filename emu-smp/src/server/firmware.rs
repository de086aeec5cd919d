//! What a firmware offers to its server.

use super::files::Files;
use super::os::Os;
use super::settings::Settings;
use super::shell::Shell;
use super::slots::ImageSlots;
use super::statistics::Statistics;
use crate::cbor::Writer;
use crate::command::Group;
use crate::header::Header;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// A firmware, as a [`Server`](super::Server) needs it: for each group of commands, who does them.
///
/// Each method lends what implements the group's trait, as a rule `self` or a part of it. A group that is not lent stays the
/// `()` that it is by default: its commands are answered as unknown, and nothing of it is compiled in.
pub trait Firmware {
    /// Whether the server tells which groups there are: group 10.
    const HAS_ENUMERATION: bool = false;

    /// The groups that [`other`](Self::other) does, for those who ask which there are.
    const OTHER_GROUPS: &'static [Group] = &[];

    /// Lends the images: group 1.
    fn images(&mut self) -> impl ImageSlots {}

    /// Lends what the operating system is asked for: group 0. Echo is answered in any case.
    fn os(&mut self) -> impl Os {}

    /// Lends what is counted: group 2.
    fn statistics(&mut self) -> impl Statistics {}

    /// Lends the settings: group 3.
    fn settings(&mut self) -> impl Settings {}

    /// Lends the files: group 8.
    fn files(&mut self) -> impl Files {}

    /// Lends the shell: group 9.
    fn shell(&mut self) -> impl Shell {}

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
