//! Group 9 answered: the shell.

use super::Ask;
use crate::body::Request;
use crate::body::shell::{ExecuteRequest, ExecuteResponse};
use crate::cbor::{List, Reader, Writer};
use crate::group_error::GroupError;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// A firmware's shell.
///
/// For an example, see [`Server`](crate::Server).
pub trait Shell {
    /// Whether there is one; `()` says that there is none.
    const IS_THERE: bool = true;

    /// Runs a command with its arguments, and returns what it has printed and its exit code. A command that is not known is the
    /// shell's to tell, by an exit code.
    ///
    /// # Errors
    ///
    /// Why nothing was run.
    fn execute(&mut self, arguments: List<'_, &str>) -> Result<ExecuteResponse<'_>, Refusal<'static>>;
}

/// None.
impl Shell for () {
    const IS_THERE: bool = false;

    fn execute(&mut self, _: List<'_, &str>) -> Result<ExecuteResponse<'_>, Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }
}

impl<T: Shell> Shell for &mut T {
    const IS_THERE: bool = T::IS_THERE;

    fn execute(&mut self, arguments: List<'_, &str>) -> Result<ExecuteResponse<'_>, Refusal<'static>> {
        (**self).execute(arguments)
    }
}

/// Answers a request of the group.
pub(super) fn handle<S: Shell>(mut shell: S, ask: &Ask<'_>, answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    if !S::IS_THERE || ask.request.command != ExecuteRequest::COMMAND.number || !ask.is_write {
        return Err(ReturnCode::NOT_SUPPORTED.into());
    }
    let ExecuteRequest { arguments } = Reader::new(ask.body).value()?;
    if arguments.iter().all(str::is_empty) {
        return Err(GroupError::SHELL_EMPTY_COMMAND.into());
    }
    Ok(answer.put(&shell.execute(arguments)?)?)
}
