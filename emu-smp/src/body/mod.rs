//! The bodies of requests and responses, a module a group.
//!
//! A body is a map. Each is declared once, as a struct whose fields name their keys; reading, writing and the largest size
//! follow from that. Reading takes keys in any order and skips those that are not known; writing puts them in the order of
//! declaration, which is that of canonical CBOR for requests (shorter keys first), as existing clients send them.
//!
//! Source: Zephyr, `doc/services/device_mgmt/smp_groups/`.

mod datetime;
pub mod enumeration;
pub mod file_system;
pub mod image;
mod memory_pools;
pub mod os;
mod raw;
pub mod settings;
pub mod shell;
pub mod statistics;
pub mod transport;
pub mod zephyr;

pub use self::raw::{RawRequest, RawResponse};
use crate::cbor::{Decode, DecodeError, Encode, EncodeError, Malformed, Reader, Writer};
use crate::command::{Command, Group};
use crate::header::Operation;
use crate::refusal::Refusal;
#[cfg(feature = "serde")]
use crate::text::{serialize_bytes, serialize_optional_bytes};

/// A request's body: what it is, and what it is answered with.
///
/// For an example, see [`encode_request`](crate::encode_request).
pub trait Request: Encode {
    /// Whether it reads or writes.
    const OPERATION: Operation;
    /// The group and the command within it.
    const COMMAND: Command;
    /// The body of the response to it, unless that is a [`Refusal`].
    type Response<'a>: Decode<'a>;

    /// Returns whether it reads or writes: [`OPERATION`](Self::OPERATION), but of a request that is of no one command.
    fn operation(&self) -> Operation {
        Self::OPERATION
    }

    /// Returns the command: [`COMMAND`](Self::COMMAND), but of a request that is of no one command.
    fn command(&self) -> Command {
        Self::COMMAND
    }

    /// Returns the refusal that a response holds, if it does; [`Refusal::find`], but where a command uses its keys for
    /// something else.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the body is no map, or a code is no number.
    fn find_refusal(body: &[u8]) -> Result<Option<Refusal<'_>>, DecodeError> {
        Refusal::find(body)
    }
}

/// Reads a body, which ends where its map does.
///
/// # Errors
///
/// [`DecodeError`] says where in the frame something else is than should be, and what should be there.
pub fn decode<'a, T: Decode<'a>>(body: &'a [u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(body);
    let value = reader.value().and_then(|value| reader.end().map(|()| value));
    value.map_err(|malformed| reader.told(malformed))
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
        $crate::body::deserialize! {
            [$($lifetime)?]
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq)]
            #[cfg_attr(feature = "serde", derive(serde::Serialize))]
            #[cfg_attr(feature = "defmt", derive(defmt::Format))]
            $vis struct $name $(<$lifetime>)? {$(
                $(#[$field_meta])*
                $field_vis $field: $type,
            )+}
        }

        impl $(<$lifetime>)? $crate::cbor::Encode for $name $(<$lifetime>)? {
            const MAX_LENGTH: Option<usize> = $crate::body::map_length(&[$(
                ($key, <$type as $crate::cbor::Encode>::MAX_LENGTH),
            )+]);

            fn encode(&self, writer: &mut $crate::cbor::Writer<'_>) -> Result<(), $crate::cbor::EncodeError> {
                let mut map = writer.fields();
                $(map.field($key, &self.$field);)+
                map.end()
            }
        }

        impl<'de $(: $lifetime, $lifetime: 'de)?> $crate::cbor::Decode<'de> for $name $(<$lifetime>)? {
            #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
            fn decode(reader: &mut $crate::cbor::Reader<'de>) -> Result<Self, $crate::cbor::Malformed> {
                #[allow(non_camel_case_types, reason = "a number for each field, by its name")]
                enum Number {$($field,)+}

                $(let mut $field: Option<$type> = None;)+
                reader.fields(&[$($key),+], &mut |reader, number| match number {
                    $(number if number == Number::$field as usize => reader.place(&mut $field),)+
                    _ => Ok(()),
                })?;
                $($(let $field = $field.or(Some($default));)?)+
                Ok(Self {$(
                    $field: match $field.or_else($crate::cbor::Decode::absent) {
                        Some(value) => value,
                        None => return Err(reader.missing($key)),
                    },
                )+})
            }
        }
    )+};
}
pub(crate) use body;

/// Derives `Deserialize` for what borrows nothing.
macro_rules! deserialize {
    ([] $($item:tt)*) => {
        #[cfg_attr(feature = "serde", derive(serde::Deserialize))]
        $($item)*
    };
    ([$lifetime:lifetime] $($item:tt)*) => { $($item)* };
}
pub(crate) use deserialize;

/// Declares bodies without keys.
macro_rules! empty {
    ($($(#[$meta:meta])* pub struct $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub struct $name;

        impl $crate::cbor::Encode for $name {
            const MAX_LENGTH: Option<usize> = Some(1);

            fn encode(&self, writer: &mut $crate::cbor::Writer<'_>) -> Result<(), $crate::cbor::EncodeError> {
                writer.map(0)
            }
        }

        /// Keys that are there are skipped.
        impl $crate::cbor::Decode<'_> for $name {
            fn decode(reader: &mut $crate::cbor::Reader<'_>) -> Result<Self, $crate::cbor::Malformed> {
                reader.skip_map()?;
                Ok(Self)
            }
        }
    )+};
}
use empty;

/// Declares numbers of which some have names: `CONSTANT = number "name";`. Those that are not known are kept.
macro_rules! named {
    ($(
        $(#[$meta:meta])+
        pub struct $name:ident($number:ident), $noun:literal {$(
            $(#[$value_meta:meta])+
            $constant:ident = $value:literal $text:literal;
        )+}
    )+) => {$(
        $(#[$meta])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub struct $name(pub $number);

        impl $name {
            $($(#[$value_meta])+ pub const $constant: Self = Self($value);)+

            /// Returns the name, if it is known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)+
                    _ => None,
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, concat!($noun, " {}"), self.0),
                }
            }
        }

        impl $crate::cbor::Encode for $name {
            const MAX_LENGTH: Option<usize> = <$number as $crate::cbor::Encode>::MAX_LENGTH;

            fn encode(&self, writer: &mut $crate::cbor::Writer<'_>) -> Result<(), $crate::cbor::EncodeError> {
                writer.put(&self.0)
            }
        }

        impl $crate::cbor::Decode<'_> for $name {
            fn decode(reader: &mut $crate::cbor::Reader<'_>) -> Result<Self, $crate::cbor::Malformed> {
                reader.value().map(Self)
            }
        }
    )+};
}
use named;

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
    ///
    /// For an example, see [`StorageEraseRequest`](crate::zephyr::StorageEraseRequest).
    pub struct Done;
}

impl Encode for Group {
    const MAX_LENGTH: Option<usize> = u16::MAX_LENGTH;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.put(&self.0)
    }
}

impl Decode<'_> for Group {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.value().map(Self)
    }
}

/// The most bytes of a map with these keys and values.
pub(crate) const fn map_length(fields: &[(&str, Option<usize>)]) -> Option<usize> {
    let mut sum = head_length(fields.len());
    let mut rest = fields;
    while let Some(((key, value), others)) = rest.split_first() {
        let Some(value) = value else { return None };
        sum = sum.saturating_add(head_length(key.len())).saturating_add(key.len()).saturating_add(*value);
        rest = others;
    }
    Some(sum)
}

/// How many bytes a head takes that holds this number.
pub(crate) const fn head_length(number: usize) -> usize {
    match number {
        0..24 => 1,
        24..0x100 => 2,
        0x100..0x1_0000 => 3,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_counted() {
        let mut buffer = [0; 16];
        for number in [0, 23, 24, 255, 256, 65535, 65536] {
            let mut writer = Writer::new(&mut buffer);
            writer.list(number).unwrap();
            assert_eq!(writer.written().len(), head_length(number), "{number}");
        }
        assert_eq!(
            map_length(&[("off", Some(5)), ("a key of more than 23 bytes", Some(1))]),
            Some(1 + 4 + 5 + 2 + 27 + 1)
        );
        assert_eq!(map_length(&[("off", Some(5)), ("data", None)]), None);
    }
}
