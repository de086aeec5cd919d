//! The plain values: numbers, truth values, text, bytes, and what may be left out.

use minicbor::{Decoder, Encoder};

use super::error::{DecodeError, EncodeError};
use super::reader::Reader;
use super::writer::Writer;
use super::{Decode, Encode};

/// A type that minicbor reads and writes by a method of its name, with the most bytes it takes.
macro_rules! plain {
    ($($type:ident $max:literal $expected:literal;)+) => {$(
        impl Encode for $type {
            const MAX_LENGTH: Option<usize> = Some($max);

            fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
                writer.write(|encoder| Encoder::$type(encoder, *self).map(drop))
            }
        }

        impl Decode<'_> for $type {
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                reader.read($expected, Decoder::$type)
            }
        }
    )+};
}

plain! {
    u8 2 "a number from 0 to 255";
    u16 3 "a number from 0 to 65535";
    u32 5 "a number from 0 to 4294967295";
    u64 9 "a number from 0 to 18446744073709551615";
    i32 5 "a number from -2147483648 to 2147483647";
    i64 9 "a number of 64 bits";
    bool 1 "true or false";
}

impl Encode for str {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.write(|encoder| encoder.str(self).map(drop))
    }
}

impl<'a> Decode<'a> for &'a str {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        reader.text()
    }
}

impl Encode for [u8] {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.write(|encoder| encoder.bytes(self).map(drop))
    }
}

impl<'a> Decode<'a> for &'a [u8] {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
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
            None => writer.write(|encoder| encoder.null().map(drop)),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Option<T> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        if reader.is_null()? { Ok(None) } else { T::decode(reader).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}
