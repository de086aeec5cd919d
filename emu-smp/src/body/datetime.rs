//! A date and time as servers write and take it.
//!
//! ```text
//! 2026-11-22T10:00:00             without a zone, as in newer servers
//! 2026-11-22T10:00:00.250         with milliseconds
//! 2026-11-22T10:00:00.250000+01:00  with microseconds and zone, as in older ones
//! ```
//!
//! Source: Zephyr, `smp_group_0.rst`, "Date-time get" and "set", of 2022 and of 2026.

use core::fmt;
use core::str::FromStr;

use crate::cbor::{Decode, Encode, EncodeError, Malformed, Reader, Writer};
use crate::text::Text;

/// A date and time. Whose it is, is the device's affair, unless it has a zone.
///
/// It prints with as many digits behind the second as it needs: none, three or six.
///
/// ```
/// use emu_smp::os::DateTime;
///
/// let time: DateTime = "2026-11-22T10:00:00.25+01:00".parse()?;
/// assert_eq!((time.hour(), time.microsecond(), time.offset()), (10, 250_000, Some(60)));
/// assert_eq!(time.to_string(), "2026-11-22T10:00:00.250+01:00");
/// assert_eq!(DateTime::new(2026, 11, 22, 10, 0, 0)?.to_string(), "2026-11-22T10:00:00");
/// assert!("2026-02-29T10:00:00".parse::<DateTime>().is_err());
/// # Ok::<(), emu_smp::os::InvalidDateTime>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct DateTime {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    microsecond: u32,
    /// In minutes.
    offset: Option<i16>,
}

impl DateTime {
    /// Makes one of its parts: a year up to 9999, and a second up to 60.
    ///
    /// # Errors
    ///
    /// [`InvalidDateTime`] if there is no such date or time.
    pub const fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Result<Self, InvalidDateTime> {
        let is_date = year <= 9999 && day >= 1 && day <= days(year, month);
        if !is_date || hour > 23 || minute > 59 || second > 60 {
            return Err(InvalidDateTime);
        }
        Ok(Self { year, month, day, hour, minute, second, microsecond: 0, offset: None })
    }

    /// Returns it with so many microseconds.
    ///
    /// # Errors
    ///
    /// [`InvalidDateTime`] if they are a second or more.
    pub const fn with_microsecond(self, microsecond: u32) -> Result<Self, InvalidDateTime> {
        if microsecond > 999_999 { Err(InvalidDateTime) } else { Ok(Self { microsecond, ..self }) }
    }

    /// Returns it in a zone, which is so many minutes east of Greenwich.
    ///
    /// # Errors
    ///
    /// [`InvalidDateTime`] if they are a day or more.
    pub const fn with_offset(self, minutes: i16) -> Result<Self, InvalidDateTime> {
        if minutes.unsigned_abs() >= 24 * 60 {
            Err(InvalidDateTime)
        } else {
            Ok(Self { offset: Some(minutes), ..self })
        }
    }

    /// Returns the year.
    #[must_use]
    pub const fn year(&self) -> u16 {
        self.year
    }

    /// Returns the month, from 1.
    #[must_use]
    pub const fn month(&self) -> u8 {
        self.month
    }

    /// Returns the day of the month, from 1.
    #[must_use]
    pub const fn day(&self) -> u8 {
        self.day
    }

    /// Returns the hour.
    #[must_use]
    pub const fn hour(&self) -> u8 {
        self.hour
    }

    /// Returns the minute.
    #[must_use]
    pub const fn minute(&self) -> u8 {
        self.minute
    }

    /// Returns the second; 60 is a leap second.
    #[must_use]
    pub const fn second(&self) -> u8 {
        self.second
    }

    /// Returns the microsecond.
    #[must_use]
    pub const fn microsecond(&self) -> u32 {
        self.microsecond
    }

    /// Returns how many minutes east of Greenwich its zone is, if it has one.
    #[must_use]
    pub const fn offset(&self) -> Option<i16> {
        self.offset
    }

    /// Returns what it prints as, written into a place that is long enough.
    fn text(self, place: &mut [u8; TEXT_LENGTH]) -> &str {
        let mut text = Text::new(place);
        text.number(self.year.into(), 4);
        for (separator, part) in
            [(b'-', self.month), (b'-', self.day), (b'T', self.hour), (b':', self.minute), (b':', self.second)]
        {
            text.push(separator);
            text.number(part.into(), 2);
        }
        if self.microsecond != 0 {
            let is_short = self.microsecond.is_multiple_of(1000);
            text.push(b'.');
            text.number(
                if is_short { self.microsecond / 1000 } else { self.microsecond },
                if is_short { 3 } else { 6 },
            );
        }
        if let Some(offset) = self.offset {
            let minutes = u32::from(offset.unsigned_abs());
            text.push(if offset < 0 { b'-' } else { b'+' });
            text.number(minutes / 60, 2);
            text.push(b':');
            text.number(minutes % 60, 2);
        }
        text.into_str()
    }
}

impl FromStr for DateTime {
    type Err = InvalidDateTime;

    /// Takes one to nine digits behind the second, of which six count, and `Z`, `+01:00` or `+0100`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text.as_bytes();
        let year = number(&mut rest, 4)?;
        let [month, day] = [(); 2].map(|()| expect(&mut rest, b'-').and_then(|()| byte(&mut rest)));
        expect(&mut rest, b'T')?;
        let hour = byte(&mut rest)?;
        let [minute, second] = [(); 2].map(|()| expect(&mut rest, b':').and_then(|()| byte(&mut rest)));
        let mut time = Self::new(year, month?, day?, hour, minute?, second?)?;
        if let [b'.', digits @ ..] = rest {
            let count = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
            let (fraction, others) = digits.split_at_checked(count).ok_or(InvalidDateTime)?;
            if !(1..=9).contains(&count) {
                return Err(InvalidDateTime);
            }
            let six = fraction.iter().chain(&[b'0'; 6]).take(6);
            let microsecond = six
                .fold(0_u32, |sum, digit| sum.saturating_mul(10).saturating_add(u32::from(digit.saturating_sub(b'0'))));
            time = time.with_microsecond(microsecond)?;
            rest = others;
        }
        match rest {
            [] => Ok(time),
            [b'Z'] => time.with_offset(0),
            [sign @ (b'+' | b'-'), zone @ ..] => {
                let mut zone = zone;
                let hours = number(&mut zone, 2)?;
                if zone.len() == 3 {
                    expect(&mut zone, b':')?;
                }
                let minutes = number(&mut zone, 2)?;
                let total =
                    i16::try_from(hours.saturating_mul(60).saturating_add(minutes)).map_err(|_| InvalidDateTime)?;
                if minutes > 59 || !zone.is_empty() {
                    return Err(InvalidDateTime);
                }
                time.with_offset(if *sign == b'-' { total.saturating_neg() } else { total })
            }
            _ => Err(InvalidDateTime),
        }
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; TEXT_LENGTH]))
    }
}

impl Encode for DateTime {
    /// With microseconds and zone.
    const MAX_LENGTH: Option<usize> = Some(TEXT_LENGTH.saturating_add(2));

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.put(self.text(&mut [0; TEXT_LENGTH]))
    }
}

impl Decode<'_> for DateTime {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let start = reader.position();
        let time = reader.value::<&str>()?.parse();
        time.map_err(|_| reader.unexpected_at(start, "a date and time as in 2026-11-22T10:00:00"))
    }
}

/// As it prints.
#[cfg(feature = "serde")]
impl serde::Serialize for DateTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for DateTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateTimeText;

        impl serde::de::Visitor<'_> for DateTimeText {
            type Value = DateTime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date and time as in 2026-11-22T10:00:00")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<DateTime, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(DateTimeText)
    }
}

/// What is no date and time, or none that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[error("no date and time as in 2026-11-22T10:00:00, with or without fraction and zone")]
pub struct InvalidDateTime;

const TEXT_LENGTH: usize = "2026-11-22T10:00:00.000000+01:00".len();

/// How many days a month has; 0 if there is no such month.
const fn days(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    }
}

/// Takes a number of so many digits.
fn number(rest: &mut &[u8], digits: usize) -> Result<u16, InvalidDateTime> {
    let (taken, others) = rest.split_at_checked(digits).ok_or(InvalidDateTime)?;
    *rest = others;
    taken.iter().try_fold(0_u16, |sum, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10).ok_or(InvalidDateTime)?;
        Ok(sum.saturating_mul(10).saturating_add(u16::from(digit)))
    })
}

/// Takes a number of two digits.
fn byte(rest: &mut &[u8]) -> Result<u8, InvalidDateTime> {
    number(rest, 2).and_then(|number| u8::try_from(number).map_err(|_| InvalidDateTime))
}

/// Takes what must be there.
fn expect(rest: &mut &[u8], expected: u8) -> Result<(), InvalidDateTime> {
    match *rest {
        [found, others @ ..] if *found == expected => {
            *rest = others;
            Ok(())
        }
        _ => Err(InvalidDateTime),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    #[test]
    fn both_forms_and_what_is_none() {
        for text in [
            "2026-11-22T10:00:00",
            "2026-11-22T10:00:00.250",
            "2016-03-02T22:44:00.123456-08:00",
            "2024-02-29T23:59:60Z",
            "0000-01-01T00:00:00.001+23:59",
        ] {
            let time: DateTime = text.parse().unwrap();
            assert_eq!(time.to_string(), text.replace('Z', "+00:00"));
        }
        assert_eq!(
            "2026-11-22T10:00:00.1234567+0130".parse::<DateTime>().unwrap().to_string(),
            "2026-11-22T10:00:00.123456+01:30"
        );
        for text in [
            "",
            "2026-11-22",
            "2026-11-22 10:00:00",
            "2026-11-31T10:00:00",
            "2026-13-01T10:00:00",
            "2026-11-22T24:00:00",
            "2026-11-22T10:00:61",
            "2026-11-22T10:00:00.",
            "2026-11-22T10:00:00.1234567890",
            "2026-11-22T10:00:00+",
            "2026-11-22T10:00:00+01",
            "2026-11-22T10:00:00+01:60",
            "2026-11-22T10:00:00+24:00",
            "2026-11-22T10:00:00+01:00 ",
            "2026-11-22T10:00:00ü",
            "+026-11-22T10:00:00",
        ] {
            assert_eq!(text.parse::<DateTime>(), Err(InvalidDateTime), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,40}") {
            let _ = text.parse::<DateTime>();
        }
    }
}
