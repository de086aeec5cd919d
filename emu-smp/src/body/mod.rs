//! The bodies of requests and responses, a module a group.
//!
//! A body is a map. Each is declared once, as a struct whose fields name their keys; reading, writing and the largest size
//! follow from that. Reading takes keys in any order and skips those that are not known; writing puts them in the order of
//! declaration, which is that of canonical CBOR for requests (shorter keys first), as existing clients send them.
//!
//! Source: Zephyr, `doc/services/device_mgmt/smp_groups/`.

pub mod image;
pub mod os;

use crate::cbor::{Decode, DecodeError, Encode, Reader};
use crate::command::Command;
use crate::header::Operation;

/// A request's body: what it is, and what it is answered with.
pub trait Request: Encode {
    /// Whether it reads or writes.
    const OPERATION: Operation;
    /// The group and the command within it.
    const COMMAND: Command;
    /// The body of the response to it, unless that is a [`Refusal`](crate::Refusal).
    type Response<'a>: Decode<'a>;
}

/// Reads a body, which ends where its map does.
///
/// # Errors
///
/// [`DecodeError`] says where in the frame something else is than should be, and what should be there.
pub fn decode<'a, T: Decode<'a>>(body: &'a [u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(body);
    let value = T::decode(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Declares bodies: `field: Type = "key"`, and `= "key" or value` where a missing key stands for a value.
///
/// A body that borrows says so: `struct Name<'a>`.
macro_rules! body {
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(<$lifetime:lifetime>)? {$(
            $(#[$field_meta:meta])*
            $field_vis:vis $field:ident: $type:ty = $key:literal $(or $default:expr)?,
        )+}
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        $vis struct $name $(<$lifetime>)? {$(
            $(#[$field_meta])*
            $field_vis $field: $type,
        )+}

        impl $(<$lifetime>)? $crate::cbor::Encode for $name $(<$lifetime>)? {
            const MAX_LENGTH: Option<usize> = $crate::body::map_length(&[$(
                ($key, <$type as $crate::cbor::Encode>::MAX_LENGTH),
            )+]);

            fn encode(&self, writer: &mut $crate::cbor::Writer<'_>) -> Result<(), $crate::cbor::EncodeError> {
                writer.map([$($crate::cbor::Encode::is_absent(&self.$field)),+].iter().filter(|is_absent| !**is_absent).count())?;
                $(writer.field($key, &self.$field)?;)+
                Ok(())
            }
        }

        impl<'de $(: $lifetime, $lifetime: 'de)?> $crate::cbor::Decode<'de> for $name $(<$lifetime>)? {
            fn decode(reader: &mut $crate::cbor::Reader<'de>) -> Result<Self, $crate::cbor::DecodeError> {
                $(let mut $field: Option<$type> = None;)+
                let mut map = reader.map()?;
                while let Some(key) = reader.key(&mut map)? {
                    match key {
                        $($key => reader.field($key, &mut $field)?,)+
                        _ => reader.skip()?,
                    }
                }
                $($(let $field = $field.or(Some($default));)?)+
                Ok(Self {$($field: reader.present($key, $field)?,)+})
            }
        }
    )+};
}
pub(crate) use body;

/// Declares bodies without keys.
macro_rules! empty {
    ($($(#[$meta:meta])* pub struct $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
        pub struct $name;

        impl $crate::cbor::Encode for $name {
            const MAX_LENGTH: Option<usize> = Some(1);

            fn encode(&self, writer: &mut $crate::cbor::Writer<'_>) -> Result<(), $crate::cbor::EncodeError> {
                writer.map(0)
            }
        }

        /// Keys that are there are skipped.
        impl $crate::cbor::Decode<'_> for $name {
            fn decode(reader: &mut $crate::cbor::Reader<'_>) -> Result<Self, $crate::cbor::DecodeError> {
                reader.skip_map()?;
                Ok(Self)
            }
        }
    )+};
}
use empty;

/// Declares requests: `Body: Operation Command => Response`.
macro_rules! requests {
    ($($name:ident $(<$lifetime:lifetime>)?: $operation:ident $command:ident => $response:ty;)+) => {$(
        impl $(<$lifetime>)? $crate::body::Request for $name $(<$lifetime>)? {
            const OPERATION: $crate::header::Operation = $crate::header::Operation::$operation;
            const COMMAND: $crate::command::Command = $crate::command::Command::$command;
            type Response<'a> = $response;
        }
    )+};
}
use requests;

empty! {
    /// The response that says no more than that it was done. Some servers answer `rc: 0`.
    pub struct Done;
}

/// The most bytes of a map with these keys and values.
pub(crate) const fn map_length(fields: &[(&str, Option<usize>)]) -> Option<usize> {
    // A head of one byte does for 23 pairs, and for keys of 23 bytes.
    let mut sum: usize = 1;
    let mut rest = fields;
    while let Some(((key, value), others)) = rest.split_first() {
        let Some(value) = value else { return None };
        sum = sum.saturating_add(1).saturating_add(key.len()).saturating_add(*value);
        rest = others;
    }
    Some(sum)
}
