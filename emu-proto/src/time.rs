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

/// Reads a point in time between 1970 and 9999 as Unix seconds, and notes by which deviations it was written.
pub(crate) fn read_time(text: &[u8], met: &mut Deviations) -> Option<i64> {
    let Some((local, zone)) = text.split_first_chunk::<DATE_AND_CLOCK>() else {
        met.insert(Deviations::TIME_EPOCH);
        return in_range(number(text)?);
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
    let (local, zone) = text.split_first_chunk::<DATE_AND_CLOCK>()?;
    let (separator, seconds) = read_local(local)?;
    if separator == b'T' && zone == b"Z" { in_range(seconds) } else { None }
}

/// The length of `2021-05-20T10:30:00`; anything shorter can only be seconds.
const DATE_AND_CLOCK: usize = 19;

fn in_range(seconds: i64) -> Option<i64> {
    let (first, last) = Quantity::Timestamp.range();
    (first..=last).contains(&seconds).then_some(seconds)
}

/// Reads date and clock as Unix seconds; returns what stands between them, too.
fn read_local(text: &[u8; DATE_AND_CLOCK]) -> Option<(u8, i64)> {
    let [y0, y1, y2, y3, b'-', o0, o1, b'-', d0, d1, separator, h0, h1, b':', m0, m1, b':', s0, s1] = *text else {
        return None;
    };
    let (hours, minutes, seconds) = (two(h0, h1)?, two(m0, m1)?, two(s0, s1)?);
    if minutes > 59 || seconds > 59 {
        return None;
    }
    let civil = Civil {
        year: two(y0, y1)?.wrapping_mul(100).wrapping_add(two(y2, y3)?),
        month: two(o0, o1)?,
        day: two(d0, d1)?,
        // Above 23 hours there are more seconds than a day has.
        second: hours.wrapping_mul(3600).wrapping_add(minutes.wrapping_mul(60)).wrapping_add(seconds),
    };
    Some((separator, civil.seconds()?))
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    Some(digit(tens)?.wrapping_mul(10).wrapping_add(digit(ones)?))
}

/// A number of one to twelve digits, which is later than any time that is read.
fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 12 {
        return None;
    }
    text.iter().try_fold(0i64, |sum, byte| Some(sum.wrapping_mul(10).wrapping_add(i64::from(digit(*byte)?))))
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
