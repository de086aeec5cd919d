//! The calendar, between seconds and dates: whole numbers of 32 bits, no table, nothing that can panic.
//!
//! `chrono` is what times are handed out in, and is asked for as little as can be: on a processor of 32 bits its own ways
//! between seconds and dates bring in tables, divisions of 64 bits and panics that are never reached (ADR 12).
//!
//! Days are counted from the 1st of January of year 0, of the calendar extended backwards, so that no year that is read or
//! written is negative.
#![allow(clippy::arithmetic_side_effects, reason = "operands are bounded: years up to 9999, days up to 3,652,425")]

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// Seconds of the first moment of 1970, counted from year 0.
const UNIX_EPOCH: i64 = 719_528 * 86_400;

/// Seconds of the first moment of year 10,000, counted from year 0.
const END: u64 = 3_652_425 * 86_400;

/// A date and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    /// 0 to 9999.
    pub(crate) year: u32,
    /// 1 to 12.
    pub(crate) month: u32,
    /// 1 to 31.
    pub(crate) day: u32,
    /// Seconds since midnight.
    pub(crate) second: u32,
}

impl Civil {
    /// Takes Unix seconds apart; `None` before year 0 and after 9999.
    pub(crate) fn of(seconds: i64) -> Option<Self> {
        let (year, day_of_year, second) = split(seconds)?;
        // From March on, months of 31 and 30 days take turns, but for July and August.
        let february_end = 59 + u32::from(is_leap(year));
        let (month, day) = if day_of_year < february_end {
            if day_of_year < 31 { (1, day_of_year) } else { (2, day_of_year - 31) }
        } else {
            let since_march = day_of_year - february_end;
            let month = (since_march * 5 + 2) / 153;
            (month + 3, since_march - (month * 153 + 2) / 5)
        };
        Some(Self { year, month, day: day + 1, second })
    }

    /// Returns the Unix seconds; `None` for what is not in the calendar.
    pub(crate) fn seconds(self) -> Option<i64> {
        let days = i64::from(days_before(self.year) + self.day_of_year()?);
        (self.second < 86_400).then_some(days * 86_400 + i64::from(self.second) - UNIX_EPOCH)
    }

    /// Returns how many days of the year are over.
    fn day_of_year(self) -> Option<u32> {
        let Self { year, month, day, .. } = self;
        let leap = u32::from(is_leap(year));
        if !matches!(month, 1..=12) || year > 9999 {
            return None;
        }
        let (before, length) = match month {
            1 => (0, 31),
            2 => (31, 28 + leap),
            _ => ((month * 153 - 457) / 5 + 59 + leap, 30 + ((month ^ (month >> 3)) & 1)),
        };
        if day == 0 || day > length { None } else { Some(before + day - 1) }
    }
}

/// Returns the point in time of these Unix seconds; `None` before year 0 and after 9999.
pub(crate) fn time_of(seconds: i64) -> Option<DateTime<Utc>> {
    let (year, day_of_year, second) = split(seconds)?;
    // The sign is known, so that the remainder by which `chrono` looks a year up is, too.
    let date = NaiveDate::from_yo_opt(i32::from(year as u16 & 0x3fff), day_of_year + 1)?;
    Some(date.and_time(NaiveTime::from_num_seconds_from_midnight_opt(second, 0)?).and_utc())
}

/// Returns year, days of the year that are over, and seconds of the day.
fn split(seconds: i64) -> Option<(u32, u32, u32)> {
    let seconds = u64::try_from(seconds.checked_add(UNIX_EPOCH)?).ok().filter(|seconds| *seconds < END)?;
    // A day is 675 times 128 seconds: what is divided fits into 32 bits.
    let days = (seconds >> 7) as u32 / 675;
    let second = (seconds - u64::from(days) * 86_400) as u32;
    // Late by one or two.
    let mut year = days * 400 / 146_097 + 1;
    while days_before(year) > days {
        year -= 1;
    }
    Some((year, days - days_before(year), second))
}

/// Returns how many days there are before a year.
fn days_before(year: u32) -> u32 {
    year * 365 + year.div_ceil(4) - year.div_ceil(100) + year.div_ceil(400)
}

fn is_leap(year: u32) -> bool {
    // A multiple of 25 that is one of 16 is one of 400.
    year & if year.is_multiple_of(25) { 15 } else { 3 } == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, Timelike};

    /// Every day of four centuries, and some of each year that can be written, against `chrono`.
    #[test]
    fn every_day() {
        for day in (0..3_652_425i64).step_by(11).chain(719_528..719_528 + 146_098).chain([3_652_424]) {
            let seconds = day * 86_400 - UNIX_EPOCH + (day * 7919) % 86_400;
            let expected = DateTime::from_timestamp(seconds, 0).unwrap();
            let civil = Civil::of(seconds).unwrap();
            assert_eq!(
                (civil.year as i32, civil.month, civil.day, civil.second),
                (expected.year(), expected.month(), expected.day(), expected.num_seconds_from_midnight())
            );
            assert_eq!(civil.seconds(), Some(seconds));
            assert_eq!(time_of(seconds), Some(expected));
        }
    }

    #[test]
    fn what_is_not_in_the_calendar() {
        for year in [0, 1, 1899, 1900, 1999, 2000, 2023, 2024, 2100, 2400, 9999] {
            for month in 0..=15 {
                for day in 0..=33 {
                    let expected =
                        NaiveDate::from_ymd_opt(year as i32, month, day).map(|date| date.and_hms_opt(0, 0, 7));
                    let expected = expected.map(|time| time.unwrap().and_utc().timestamp());
                    assert_eq!(Civil { year, month, day, second: 7 }.seconds(), expected, "{year}-{month}-{day}");
                }
            }
        }
        assert_eq!(Civil { year: 10_000, month: 1, day: 1, second: 0 }.seconds(), None);
        assert_eq!(Civil { year: 2000, month: 1, day: 1, second: 86_400 }.seconds(), None);
        for seconds in [i64::MIN, -UNIX_EPOCH - 1, 253_402_300_800, i64::MAX] {
            assert_eq!((Civil::of(seconds), time_of(seconds)), (None, None));
        }
    }
}
