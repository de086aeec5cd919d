//! The plain values: numbers, truth values, text, bytes, and what may be left out.

use super::error::{EncodeError, Malformed};
use super::reader::Reader;
use super::writer::Writer;
use super::{Decode, Encode};

/// Declares numbers: the most bytes one takes, and what it is, for errors.
macro_rules! numbers {
    ($($method:ident($wide:ident) { $($type:ident $max:literal $expected:literal;)+ })+) => {$($(
        impl Encode for $type {
            const MAX_LENGTH: Option<usize> = Some($max);

            fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
                writer.$method($wide::from(*self))
            }
        }

        impl Decode<'_> for $type {
            fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
                // It was checked that it fits.
                reader.$method($wide::from(Self::MAX), $expected).map(|number| number as Self)
            }
        }
    )+)+};
}

numbers! {
    unsigned32(u32) {
        u8 2 "a number from 0 to 255";
        u16 3 "a number from 0 to 65535";
        u32 5 "a number from 0 to 4294967295";
    }
    unsigned(u64) {
        u64 9 "a number from 0 to 18446744073709551615";
    }
    signed(i64) {
        i32 5 "a number from -2147483648 to 2147483647";
        i64 9 "a number of 64 bits";
    }
}

impl Encode for bool {
    const MAX_LENGTH: Option<usize> = Some(1);

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.truth(*self)
    }
}

impl Decode<'_> for bool {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.truth()
    }
}

impl Encode for str {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.text(self)
    }
}

impl<'a> Decode<'a> for &'a str {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        reader.text()
    }
}

impl Encode for [u8] {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.bytes(self)
    }
}

impl<'a> Decode<'a> for &'a [u8] {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        reader.bytes()
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    const MAX_LENGTH: Option<usize> = T::MAX_LENGTH;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        (**self).encode(writer)
    }

    fn is_absent(&self) -> bool {
        (**self).is_absent()
    }
}

/// What may be missing; a null stands for nothing, too.
impl<T: Encode> Encode for Option<T> {
    const MAX_LENGTH: Option<usize> = T::MAX_LENGTH;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Some(value) => value.encode(writer),
            None => writer.null(),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Option<T> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        if reader.is_null() { Ok(None) } else { T::decode(reader).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}
