//! A number as it is printed, brought into a column's scale: digit by digit, without dividing anything.

use crate::digits::digit;

/// A number in its column's resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) value: i64,
    /// How many digits stand in front of the point.
    pub(crate) digits: usize,
    /// Whether digits stand behind one.
    pub(crate) has_fraction: bool,
    /// Whether it has a sign, which 0 may have, too.
    pub(crate) is_negative: bool,
}

/// Why a text is no number of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFault {
    /// It is none, or one that 64 bits do not hold.
    Text,
    /// Digits would be lost.
    TooFine,
    /// In the column's resolution, 64 bits do not hold it.
    TooLarge,
}

impl Number {
    /// Reads a number and multiplies it by this power of ten.
    pub(crate) fn read(text: &[u8], power: i8) -> Result<Self, NumberFault> {
        let (is_negative, text) = match text {
            [b'-', text @ ..] => (true, text),
            text => (false, text),
        };
        let digits = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
        let has_fraction = digits < text.len();
        if digits == 0 || digits.wrapping_add(1) == text.len() && has_fraction {
            return Err(NumberFault::Text);
        }
        // How many digits the integer has: those behind are lost, and those that are not there are zeros.
        let wanted = digits.cast_signed().wrapping_add(isize::from(power));
        let (mut magnitude, mut count, mut is_too_fine) = (0u64, 0isize, false);
        for (at, byte) in text.iter().enumerate() {
            if at == digits {
                continue;
            }
            let digit = digit(*byte).ok_or(NumberFault::Text)?;
            if count < wanted {
                magnitude = times_ten(magnitude).ok_or(NumberFault::Text)?.wrapping_add(u64::from(digit));
            } else {
                is_too_fine |= digit > 0;
            }
            count = count.wrapping_add(1);
        }
        if is_too_fine {
            return Err(NumberFault::TooFine);
        }
        let overflow = if count < wanted { NumberFault::TooLarge } else { NumberFault::Text };
        while count < wanted {
            magnitude = times_ten(magnitude).ok_or(overflow)?;
            count = count.wrapping_add(1);
        }
        let value = if is_negative { magnitude.wrapping_neg() } else { magnitude }.cast_signed();
        if value != 0 && value.is_negative() != is_negative {
            return Err(overflow);
        }
        Ok(Self { value, digits, has_fraction, is_negative })
    }
}

/// Ten times a number; `None` if that is so much more than an `i64` holds that its sign would not show it.
#[inline(always)]
fn times_ten(magnitude: u64) -> Option<u64> {
    if magnitude >> 32 > 0x0ccc_cccc { None } else { Some(magnitude.wrapping_mul(10)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, power: i8) -> Result<i64, NumberFault> {
        Number::read(text.as_bytes(), power).map(|number| number.value)
    }

    #[test]
    fn every_power() {
        for (power, expected) in [
            (-3, Err(NumberFault::TooFine)),
            (-2, Ok(-12)),
            (-1, Ok(-120)),
            (0, Ok(-1200)),
            (1, Ok(-12_000)),
            (15, Ok(-1_200_000_000_000_000_000)),
            (16, Err(NumberFault::TooLarge)),
        ] {
            assert_eq!(value("-1200", power), expected);
            assert_eq!(value("-1200.000", power), expected);
            assert_eq!(value("-00000000000000000000001200", power), expected);
        }
        assert_eq!(value("232.6", 1), Ok(2326));
        assert_eq!(value("232.6", 2), Ok(23_260));
        assert_eq!(value("232.6", 0), Err(NumberFault::TooFine));
        assert_eq!(value("0.00000000000000000000000", 0), Ok(0));
        assert_eq!(value("0", i8::MAX), Ok(0));
    }

    #[test]
    fn the_ends_of_64_bits() {
        assert_eq!(value("9223372036854775807", 0), Ok(i64::MAX));
        assert_eq!(value("-9223372036854775808", 0), Ok(i64::MIN));
        for text in ["9223372036854775808", "-9223372036854775809", "18446744073709551616", "99999999999999999999"] {
            assert_eq!(value(text, 0), Err(NumberFault::Text), "{text}");
        }
        assert_eq!(value("922337203685477580", 1), Ok(9_223_372_036_854_775_800));
        assert_eq!(value("922337203685477581", 1), Err(NumberFault::TooLarge));
    }

    #[test]
    fn what_is_no_number() {
        for text in ["", "-", ".", "1.", ".5", "1.2.3", "--1", "+1", "1e3", " 1", "1 ", "0x1", "-.5", "1..2", "."] {
            assert_eq!(value(text, 0), Err(NumberFault::Text), "{text}");
        }
    }
}
