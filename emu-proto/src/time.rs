//! The forms in which a point in time is read.
//!
//! ```text
//! time    = date ( "T" | " " ) clock [ "Z" | sign hh ":" mm ]    ; known: "T" and "Z"; no zone is taken for UTC
//!         | seconds                                              ; since 1970-01-01T00:00:00Z
//! date    = yyyy "-" mm "-" dd
//! clock   = hh ":" mm ":" ss
//! ```
//!
//! Source: manual, data logger column 1 (the example has the first form, the unit column says "Epoch"). The others are
//! what users could plausibly meet.

use crate::calendar::Civil;
use crate::columns::Quantity;
use crate::dialect::Deviations;
use crate::digits::digit;
use crate::number::Number;

/// Reads a point in time between 1970 and 9999 as Unix seconds, and notes by which deviations it was written.
pub(crate) fn read_time(text: &[u8], met: &mut Deviations) -> Option<i64> {
    let Some((local, zone)) = text.split_first_chunk::<DATE_AND_CLOCK>() else {
        met.insert(Deviations::TIME_EPOCH);
        // Twelve digits are later than any time that is read.
        let number = Number::read(text, 0).ok().filter(|number| number.digits == text.len() && number.digits <= 12)?;
        return in_range(number.value);
    };
    let (separator, local) = read_local(local)?;
    match separator {
        b'T' => {}
        b' ' => met.insert(Deviations::TIME_BLANK),
        _ => return None,
    }
    let east = match zone {
        b"Z" => 0,
        b"" => {
            met.insert(Deviations::TIME_NO_ZONE);
            0
        }
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            met.insert(Deviations::TIME_OFFSET);
            let (hours, minutes) = (two(*h0, *h1)?, two(*m0, *m1)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let east = i64::from(hours.wrapping_mul(3600).wrapping_add(minutes.wrapping_mul(60)));
            if *sign == b'+' { east } else { east.wrapping_neg() }
        }
        _ => return None,
    };
    in_range(local.wrapping_sub(east))
}

/// Reads a point in time between 1970 and 9999 in the known firmware's form, as Unix seconds.
pub(crate) fn read_known_time(text: &[u8]) -> Option<i64> {
    in_range(read_utc(text)?)
}

/// Reads `2021-05-20T10:30:00Z`, of any year, as Unix seconds.
pub(crate) fn read_utc(text: &[u8]) -> Option<i64> {
    let (local, zone) = text.split_first_chunk::<DATE_AND_CLOCK>()?;
    let (separator, seconds) = read_local(local)?;
    if separator == b'T' && zone == b"Z" { Some(seconds) } else { None }
}

/// The length of `2021-05-20T10:30:00`; anything shorter can only be seconds.
const DATE_AND_CLOCK: usize = 19;

fn in_range(seconds: i64) -> Option<i64> {
    let (first, last) = Quantity::Timestamp.range();
    (first..=last).contains(&seconds).then_some(seconds)
}

/// Reads date and clock as Unix seconds; returns what stands between them, too.
fn read_local(text: &[u8; DATE_AND_CLOCK]) -> Option<(u8, i64)> {
    let (mut numbers, mut separator, mut number) = ([0; 6], b'T', 0u32);
    let mut slots = numbers.iter_mut();
    // A colon behind the last number as well, to end it.
    for (byte, form) in text.iter().chain(b":").zip(b"0000-00-00T00:00:00:") {
        match form {
            b'0' => number = number.wrapping_mul(10).wrapping_add(digit(*byte)?),
            b'T' => separator = *byte,
            form if form != byte => return None,
            _ => {}
        }
        if *form != b'0' {
            *slots.next()? = core::mem::take(&mut number);
        }
    }
    let [year, month, day, hours, minutes, seconds] = numbers;
    if minutes > 59 || seconds > 59 {
        return None;
    }
    // Above 23 hours there are more seconds than a day has.
    let second = hours.wrapping_mul(3600).wrapping_add(minutes.wrapping_mul(60)).wrapping_add(seconds);
    Some((separator, Civil { year, month, day, second }.seconds()?))
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    Some(digit(tens)?.wrapping_mul(10).wrapping_add(digit(ones)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2021-05-20T10:30:00Z, the manual's example.
    const EXAMPLE: i64 = 1_621_506_600;

    fn read(text: &str) -> Option<(i64, Deviations)> {
        let mut met = Deviations::empty();
        read_time(text.as_bytes(), &mut met).map(|time| (time, met))
    }

    #[test]
    fn every_form_of_the_same_time() {
        for (text, deviations) in [
            ("2021-05-20T10:30:00Z", Deviations::empty()),
            ("2021-05-20 10:30:00Z", Deviations::TIME_BLANK),
            ("2021-05-20T10:30:00", Deviations::TIME_NO_ZONE),
            ("2021-05-20T12:30:00+02:00", Deviations::TIME_OFFSET),
            ("2021-05-20 05:00:00-05:30", Deviations::TIME_OFFSET | Deviations::TIME_BLANK),
            ("1621506600", Deviations::TIME_EPOCH),
        ] {
            assert_eq!(read(text), Some((EXAMPLE, deviations)), "{text}");
        }
    }

    #[test]
    fn no_time_that_is_not_in_the_calendar() {
        for text in [
            "2021-02-29T00:00:00Z",
            "2021-13-01T00:00:00Z",
            "2021-00-01T00:00:00Z",
            "2021-01-01T24:00:00Z",
            "2021-01-01T00:60:00Z",
            "2021-01-01T00:00:60Z",
            "2021-01-01T00:00:00z",
            "2021-01-01T00:00:00.0Z",
            "2021-01-01T00:00:00+24:00",
            "2021-01-01T00:00:00+0200",
            "2021-1-01T00:00:00Z",
            "0222-01-01T00:00:00Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "+621506600",
            "-1",
            "",
            "253402300800",
            "9999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("2024-02-29T00:00:00Z").map(|(time, _)| time), Some(1_709_164_800));
        assert_eq!(read("0"), Some((0, Deviations::TIME_EPOCH)));
    }
}
