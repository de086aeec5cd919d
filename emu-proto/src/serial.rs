//! The meter's serial number: eight digits, leading zeros significant.
//!
//! Source: manual, data logger column 4; the vendor's decoder of the sister model reads it as four bytes of BCD.

use core::fmt;
use core::str::FromStr;

use crate::number::Number;
use crate::print::write_integer;

/// A serial number of exactly eight decimal digits.
///
/// ```
/// use emu_proto::SerialNumber;
///
/// let serial: SerialNumber = "00012345".parse()?;
/// assert_eq!(serial.get(), 12_345);
/// assert_eq!(serial.to_string(), "00012345");
/// assert!("123456789".parse::<SerialNumber>().is_err());
/// # Ok::<(), emu_proto::InvalidSerialNumber>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SerialNumber(u32);

impl SerialNumber {
    /// The largest serial number, `99999999`.
    pub const MAX: Self = Self(99_999_999);

    pub(crate) const ZERO: Self = Self(0);

    /// Returns the serial number with these digits, or `None` above [`MAX`](Self::MAX).
    #[must_use]
    pub const fn new(digits: u32) -> Option<Self> {
        if digits <= Self::MAX.0 { Some(Self(digits)) } else { None }
    }

    /// Reads one to eight digits.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let number = Number::read(text, 0).ok()?;
        if number.digits != text.len() || number.digits > 8 { None } else { Some(Self(number.value as u32)) }
    }

    /// A number that is known to be no larger than [`MAX`](Self::MAX).
    pub(crate) const fn of_checked(digits: u32) -> Self {
        Self(digits)
    }

    /// Returns the digits as a number; print with [`Display`](fmt::Display) to keep leading zeros.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_integer(f, i64::from(self.0), 8, 0)
    }
}

impl FromStr for SerialNumber {
    type Err = InvalidSerialNumber;

    /// Takes one to eight digits; fewer than eight are filled with leading zeros.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text.as_bytes()).ok_or(InvalidSerialNumber)
    }
}

/// A text that is no serial number.
///
/// For an example, see [`SerialNumber`](crate::SerialNumber).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[error("a serial number has up to eight decimal digits")]
pub struct InvalidSerialNumber;

#[cfg(feature = "serde")]
mod as_text {
    //! A serial number is a string in serialised form: as a number it would lose its leading zeros.

    use super::SerialNumber;
    use core::fmt;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    impl Serialize for SerialNumber {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> Deserialize<'de> for SerialNumber {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;

            impl de::Visitor<'_> for Visitor {
                type Value = SerialNumber;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a serial number of eight digits as a string")
                }

                fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                    text.parse().map_err(E::custom)
                }
            }

            deserializer.deserialize_str(Visitor)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_taken() {
        for text in ["", "+1234567", "-1", " 1", "1234567a", "123456789"] {
            assert_eq!(text.parse::<SerialNumber>(), Err(InvalidSerialNumber), "{text}");
        }
        assert_eq!("99999999".parse(), Ok(SerialNumber::MAX));
        assert_eq!(SerialNumber::new(100_000_000), None);
    }
}
