//! Group 0, OS: echo, tasks, memory pools, date and time, reset, parameters, names and boot loader.
//!
//! Source: Zephyr, `smp_group_0.rst`.

use super::{Done, body, empty, requests};
use crate::cbor::{Decode, DecodeError, Encode, EncodeError, Reader, Writer};

body! {
    /// Asks to be answered with the same text: whether anybody is there, and how long the way is.
    pub struct EchoRequest<'a> {
        /// The text.
        pub text: &'a str = "d",
    }

    /// The text that was sent.
    pub struct EchoResponse<'a> {
        /// The text.
        pub text: &'a str = "r",
    }

    /// Asks the server to restart.
    pub struct ResetRequest {
        /// Whether to restart even if something is against it.
        pub force: Option<Force> = "force",
        /// 0 for the application, 1 for the boot loader; Zephyr 4.2 and later.
        pub boot_mode: Option<u8> = "boot_mode",
    }

    /// How large a frame may be, and how many there may be.
    pub struct ParametersResponse {
        /// The size of a buffer in bytes, the header included. On UDP the frames that really pass are smaller.
        pub buffer_size: u32 = "buf_size",
        /// How many buffers there are, for requests and responses together.
        pub buffer_count: u32 = "buf_count",
    }
}

empty! {
    /// Asks for the parameters of the transport.
    pub struct ParametersRequest;
}

requests! {
    EchoRequest<'r>: Write ECHO => EchoResponse<'a>;
    ResetRequest: Write RESET => Done;
    ParametersRequest: Read PARAMETERS => ParametersResponse;
}

/// A yes or no that servers of different age take as a truth value or as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Force(pub bool);

impl Encode for Force {
    const MAX_LENGTH: Option<usize> = Some(1);

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.value(&u8::from(self.0))
    }
}

impl Decode<'_> for Force {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        if let Ok(is_forced) = reader.value() {
            return Ok(Self(is_forced));
        }
        *reader = start;
        reader.value::<i64>().map(|number| Self(number != 0))
    }
}
