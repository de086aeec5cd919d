//! Group 0 answered: echo, reset, parameters.

use super::Ask;
use crate::body::os::{EchoRequest, EchoResponse, ParametersRequest, ParametersResponse, ResetRequest};
use crate::body::{Done, Request};
use crate::cbor::{DecodeErrorKind, Reader, Writer};
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// What a firmware does as an operating system. All but the reset is optional.
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

    /// Returns how large frames may be, and how many there may be at once; `None` if it does not tell.
    fn parameters(&mut self) -> Option<ParametersResponse> {
        None
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
}

/// Answers a request of the group.
pub(super) fn handle<O: Os>(os: &mut O, ask: &Ask<'_>, answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    const ECHO: u8 = EchoRequest::COMMAND.number;
    const RESET: u8 = ResetRequest::COMMAND.number;
    const PARAMETERS: u8 = ParametersRequest::COMMAND.number;
    match (ask.request.command, ask.is_write) {
        (ECHO, _) => echo(ask.body, answer),
        (RESET, true) if O::IS_THERE => {
            os.reset(Reader::new(ask.body).value()?)?;
            Ok(answer.value(&Done)?)
        }
        (PARAMETERS, false) if O::IS_THERE => {
            Reader::new(ask.body).value::<ParametersRequest>()?;
            Ok(answer.value(&os.parameters().ok_or(ReturnCode::NOT_SUPPORTED)?)?)
        }
        _ => Err(ReturnCode::NOT_SUPPORTED.into()),
    }
}

/// Without a text, the answer has an empty one.
fn echo(body: &[u8], answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    let text = match Reader::new(body).value::<EchoRequest<'_>>() {
        Ok(request) => request.text,
        Err(error) if error.kind == DecodeErrorKind::Missing => "",
        Err(error) => return Err(error.into()),
    };
    Ok(answer.value(&EchoResponse { text })?)
}
