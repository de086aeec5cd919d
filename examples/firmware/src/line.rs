//! The log's line between a gateway and a meter: how HTTP's request and answer look on a UART.
//!
//! ```text
//! to the meter    /data/?from=1&to=500 LF
//! from the meter  the answer's body as it is, then EOT; or CAN in its place where the answer broke off
//! ```
//!
//! Neither EOT nor CAN occurs in a log. Where neither comes, because the meter has restarted or the line is cut, silence ends
//! the answer.

/// EOT, "end of transmission": the answer is whole.
pub const END: u8 = 0x04;

/// CAN, "cancel": the answer has broken off, and what has come of it is all.
pub const BROKEN: u8 = 0x18;
