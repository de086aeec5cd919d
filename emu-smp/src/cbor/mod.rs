//! CBOR, as far as bodies of frames hold it: maps with text keys, lists, numbers, text, bytes and truth values.
//!
//! [`Encode`] and [`Decode`] are what a value can do; [`Reader`] and [`Writer`] are where from and where to. Code of its own takes a
//! fifth of the flash of a general reader, and can be proven not to panic.
//!
//! Source: RFC 8949; Zephyr, "SMP Protocol Specification": which forms a server takes and sends.

mod error;
mod fields;
mod head;
mod list;
mod reader;
mod skip;
mod value;
mod writer;

pub use self::error::{DecodeError, DecodeErrorKind, EncodeError, Malformed};
pub(crate) use self::head::Kind;
pub use self::list::{Entries, EntriesIter, List, ListIter};
pub use self::reader::{MapReader, Reader};
pub use self::writer::Writer;

/// A value that can be written into a frame.
///
/// Bodies of an application's own groups (64 and up) implement it as the bodies of this crate do, by means of
/// [`Writer`].
pub trait Encode {
    /// The most bytes that a value takes; `None` where that depends on how long a text, a list or a chunk of data is.
    const MAX_LENGTH: Option<usize>;

    /// Writes the value.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the buffer is too small.
    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError>;

    /// Whether the value is one that is left out of a map, with its key.
    fn is_absent(&self) -> bool {
        false
    }
}

/// A value that can be read from a frame, which it may borrow from.
///
/// For an example, see [`Reader`](crate::Reader).
pub trait Decode<'a>: Sized {
    /// Reads the value.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if something else is there, or the frame ends. What it is, the reader has kept.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed>;

    /// Returns what stands for a key that a map does not hold; `None` if the key must be there.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}
