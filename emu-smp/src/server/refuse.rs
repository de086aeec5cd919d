//! What becomes of errors where a server answers.

use crate::cbor::{EncodeError, Malformed};
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// A request whose body is wrong is [`ReturnCode::INVALID`].
impl From<Malformed> for Refusal<'_> {
    fn from(_: Malformed) -> Self {
        ReturnCode::INVALID.into()
    }
}

/// An answer that does not fit is [`ReturnCode::MESSAGE_SIZE`].
impl From<EncodeError> for Refusal<'_> {
    fn from(_: EncodeError) -> Self {
        ReturnCode::MESSAGE_SIZE.into()
    }
}
