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

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::columns::Quantity;
use crate::dialect::Deviations;

/// Reads a point in time between 1970 and 9999, and notes by which deviations it was written.
pub(crate) fn read_time(text: &[u8], met: &mut Deviations) -> Option<DateTime<Utc>> {
    if text.len() < DATE_AND_CLOCK {
        let seconds = number(text)?;
        met.insert(Deviations::TIME_EPOCH);
        return in_range(DateTime::from_timestamp(seconds, 0)?);
    }
    let (date, rest) = text.split_first_chunk::<10>()?;
    let (separator, rest) = rest.split_first()?;
    let (clock, zone) = rest.split_first_chunk::<8>()?;
    match separator {
        b'T' => {}
        b' ' => met.insert(Deviations::TIME_BLANK),
        _ => return None,
    }
    let local = read_date(date)?.and_time(read_clock(clock)?).and_utc();
    let time = match zone {
        b"Z" => local,
        b"" => {
            met.insert(Deviations::TIME_NO_ZONE);
            local
        }
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            met.insert(Deviations::TIME_OFFSET);
            let (hours, minutes) = (two(*h0, *h1)?, two(*m0, *m1)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let east = TimeDelta::minutes(i64::from(hours.checked_mul(60)?.checked_add(minutes)?));
            if *sign == b'+' { local.checked_sub_signed(east)? } else { local.checked_add_signed(east)? }
        }
        _ => return None,
    };
    in_range(time)
}

/// The length of `2021-05-20T10:30:00`; anything shorter can only be seconds.
const DATE_AND_CLOCK: usize = 19;

fn in_range(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (first, last) = Quantity::Timestamp.range();
    (first..=last).contains(&time.timestamp()).then_some(time)
}

fn read_date(text: &[u8; 10]) -> Option<NaiveDate> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text else { return None };
    let year = two(y0, y1)?.checked_mul(100)?.checked_add(two(y2, y3)?)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, two(m0, m1)?, two(d0, d1)?)
}

fn read_clock(text: &[u8; 8]) -> Option<NaiveTime> {
    let [h0, h1, b':', m0, m1, b':', s0, s1] = *text else { return None };
    NaiveTime::from_hms_opt(two(h0, h1)?, two(m0, m1)?, two(s0, s1)?)
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    digit(tens)?.checked_mul(10)?.checked_add(digit(ones)?)
}

fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(10)
}

/// A number of one to twelve digits, which is later than any time that is read.
fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 12 {
        return None;
    }
    text.iter().try_fold(0i64, |sum, byte| sum.checked_mul(10)?.checked_add(i64::from(digit(*byte)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2021-05-20T10:30:00Z, the manual's example.
    const EXAMPLE: i64 = 1_621_506_600;

    fn read(text: &str) -> Option<(i64, Deviations)> {
        let mut met = Deviations::empty();
        read_time(text.as_bytes(), &mut met).map(|time| (time.timestamp(), met))
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
