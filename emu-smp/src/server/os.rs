//! Group 0 answered: echo, tasks, memory pools, date and time, reset, parameters, names, boot loader.

use super::Ask;
use crate::body::os::{
    BootloaderRequest, BootloaderResponse, DateTime, DateTimeRequest, DateTimeResponse, EchoRequest, EchoResponse,
    InfoRequest, MemoryPoolsRequest, MemoryPoolsResponse, ParametersRequest, ParametersResponse, ResetRequest,
    SetDateTimeRequest, TasksRequest, TasksResponse,
};
use crate::body::{Done, Request};
use crate::cbor::{Reader, Writer};
use crate::group_error::GroupError;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// What a firmware does as an operating system. All but the reset is optional, and unknown by default.
///
/// For an example, see [`Server`](crate::Server).
pub trait Os {
    /// Whether there is anything; `()` says that there is not.
    const IS_THERE: bool = true;

    /// Restarts the device, but not yet: the request is answered first, so this takes note, and the firmware restarts when
    /// the answer is sent.
    ///
    /// # Errors
    ///
    /// Why it can not, such as [`ReturnCode::BUSY`].
    fn reset(&mut self, request: ResetRequest) -> Result<(), Refusal<'static>>;

    /// Returns how large frames may be, and how many there may be at once.
    fn parameters(&mut self) -> Option<ParametersResponse> {
        None
    }

    /// Returns the tasks that there are.
    fn tasks(&mut self) -> Option<TasksResponse<'_>> {
        None
    }

    /// Returns the memory pools that there are.
    fn memory_pools(&mut self) -> Option<MemoryPoolsResponse<'_>> {
        None
    }

    /// Returns what the clock shows.
    ///
    /// # Errors
    ///
    /// Why it can not, such as [`GroupError::OS_RTC_NOT_SET`]; [`ReturnCode::NOT_SUPPORTED`] if there is no clock.
    fn datetime(&mut self) -> Result<DateTime, Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }

    /// Sets the clock. A firmware whose clock can not be [read](Self::datetime) is not asked to.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn set_datetime(&mut self, datetime: DateTime) -> Result<(), Refusal<'static>> {
        let _ = datetime;
        Err(ReturnCode::NOT_SUPPORTED.into())
    }

    /// Returns a name or a version by its letter, one of `snrvbmpio`, as in [`InfoRequest::KERNEL_NAME`]. A firmware that has
    /// none leaves the command unknown.
    fn info(&mut self, letter: char) -> Option<&str> {
        let _ = letter;
        None
    }

    /// Returns the boot loader's name, or, with a query, what is asked about it.
    ///
    /// # Errors
    ///
    /// Why it can not, such as [`GroupError::OS_QUERY_YIELDS_NO_ANSWER`]. A firmware for which even the name is
    /// [`ReturnCode::NOT_SUPPORTED`] is not asked anything else.
    fn bootloader(&mut self, query: Option<&str>) -> Result<BootloaderResponse<'_>, Refusal<'static>> {
        let _ = query;
        Err(ReturnCode::NOT_SUPPORTED.into())
    }
}

/// None of it.
impl Os for () {
    const IS_THERE: bool = false;

    fn reset(&mut self, _: ResetRequest) -> Result<(), Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }
}

impl<T: Os> Os for &mut T {
    const IS_THERE: bool = T::IS_THERE;

    fn reset(&mut self, request: ResetRequest) -> Result<(), Refusal<'static>> {
        (**self).reset(request)
    }

    fn parameters(&mut self) -> Option<ParametersResponse> {
        (**self).parameters()
    }

    fn tasks(&mut self) -> Option<TasksResponse<'_>> {
        (**self).tasks()
    }

    fn memory_pools(&mut self) -> Option<MemoryPoolsResponse<'_>> {
        (**self).memory_pools()
    }

    fn datetime(&mut self) -> Result<DateTime, Refusal<'static>> {
        (**self).datetime()
    }

    fn set_datetime(&mut self, datetime: DateTime) -> Result<(), Refusal<'static>> {
        (**self).set_datetime(datetime)
    }

    fn info(&mut self, letter: char) -> Option<&str> {
        (**self).info(letter)
    }

    fn bootloader(&mut self, query: Option<&str>) -> Result<BootloaderResponse<'_>, Refusal<'static>> {
        (**self).bootloader(query)
    }
}

/// Answers a request of the group.
pub(super) fn handle<O: Os>(mut os: O, ask: &Ask<'_>, answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    const ECHO: u8 = EchoRequest::COMMAND.number;
    const TASKS: u8 = TasksRequest::COMMAND.number;
    const MEMORY_POOLS: u8 = MemoryPoolsRequest::COMMAND.number;
    const DATETIME: u8 = DateTimeRequest::COMMAND.number;
    const RESET: u8 = ResetRequest::COMMAND.number;
    const PARAMETERS: u8 = ParametersRequest::COMMAND.number;
    const INFO: u8 = InfoRequest::COMMAND.number;
    const BOOTLOADER: u8 = BootloaderRequest::COMMAND.number;
    let unknown = ReturnCode::NOT_SUPPORTED;
    let mut request = Reader::new(ask.body);
    if ask.request.command == ECHO {
        let EchoRequest { text } = request.value()?;
        return Ok(answer.put(&EchoResponse { text })?);
    }
    if !O::IS_THERE {
        return Err(unknown.into());
    }
    match (ask.request.command, ask.is_write) {
        (RESET, true) => {
            os.reset(request.value()?)?;
            answer.put(&Done)?;
        }
        (PARAMETERS, false) => {
            request.value::<ParametersRequest>()?;
            answer.put(&os.parameters().ok_or(unknown)?)?;
        }
        (TASKS, false) => {
            request.value::<TasksRequest>()?;
            answer.put(&os.tasks().ok_or(unknown)?)?;
        }
        (MEMORY_POOLS, false) => {
            request.value::<MemoryPoolsRequest>()?;
            answer.put(&os.memory_pools().ok_or(unknown)?)?;
        }
        (DATETIME, false) => {
            request.value::<DateTimeRequest>()?;
            answer.put(&DateTimeResponse { datetime: os.datetime()? })?;
        }
        // Without a clock, nothing of it is compiled in; nor of a boot loader.
        (DATETIME, true) if is_there(&os.datetime()) => {
            let SetDateTimeRequest { datetime } = request.value()?;
            os.set_datetime(datetime)?;
            answer.put(&Done)?;
        }
        (INFO, false) => {
            let InfoRequest { format } = request.value()?;
            write_info(&mut os, format.unwrap_or(InfoRequest::KERNEL_NAME), answer)?;
        }
        (BOOTLOADER, false) if is_there(&os.bootloader(None)) => {
            let BootloaderRequest { query } = request.value()?;
            answer.put(&os.bootloader(query)?)?;
        }
        _ => return Err(unknown.into()),
    }
    Ok(())
}

/// Whether a firmware has what it was asked for.
fn is_there<T>(result: &Result<T, Refusal<'static>>) -> bool {
    !matches!(result, Err(Refusal::Code { code: ReturnCode::NOT_SUPPORTED, .. }))
}

/// Writes the names that are asked for, in their own order, with blanks between.
fn write_info<O: Os>(os: &mut O, format: &str, answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    /// All names, in the order in which they are answered.
    const LETTERS: [u8; 9] = *b"snrvbmpio";
    if os.info('s').is_none() {
        return Err(ReturnCode::NOT_SUPPORTED.into());
    }
    let is_asked = |letter: u8| format.bytes().any(|asked| asked == letter);
    let is_all = is_asked(b'a');
    let is_known = |asked| asked == b'a' || LETTERS.into_iter().any(|letter| letter == asked);
    if !format.bytes().all(is_known) {
        return Err(GroupError::OS_INVALID_FORMAT.into());
    }
    answer.map(1)?;
    answer.put("output")?;
    // How long the text is has to be written first.
    let mut length = 0_usize;
    for is_counted in [false, true] {
        if is_counted {
            answer.text_head(length)?;
        }
        let mut blank: &[u8] = b"";
        for letter in LETTERS.into_iter().filter(|letter| is_all || is_asked(*letter)) {
            let Some(name) = os.info(char::from(letter)) else { continue };
            if is_counted {
                answer.raw(blank)?;
                answer.raw(name.as_bytes())?;
            } else {
                length = length.saturating_add(blank.len()).saturating_add(name.len());
            }
            blank = b" ";
        }
    }
    Ok(())
}
