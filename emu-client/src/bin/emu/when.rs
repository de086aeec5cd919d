//! Points in time and spans as people type them.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// A point in time: RFC 3339, a date, or a span before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct When(pub(crate) DateTime<Utc>);

const EXPECTED: &str =
    "expected a time such as 2025-01-31T12:00:00Z, a date such as 2025-01-31 (midnight UTC), or 90m, 2h, 7d, 4w ago";

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = read_time(text, SystemTime::now().into()).map(Self);
        time.ok_or_else(|| without_zone(text).unwrap_or_else(|| EXPECTED.to_owned()))
    }
}

/// What `--since` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Since {
    Time(DateTime<Utc>),
    /// What is no time is the name of a file.
    File(PathBuf),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text.parse(), without_zone(text)) {
            (Ok(When(time)), _) => Ok(Self::Time(time)),
            (_, Some(message)) => Err(message),
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

/// Reads a span: seconds, or a number with `s`, `m`, `h`, `d` or `w`.
pub(crate) fn read_duration(text: &str) -> Result<Duration, String> {
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => read_span(text).and_then(|span| u64::try_from(span.num_seconds()).ok()),
    };
    let seconds = seconds.filter(|seconds| (1..=86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "expected seconds, from 1 to 86400, or a span such as 2m".to_owned())
}

fn read_time(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_time(NaiveTime::MIN).and_utc());
    }
    now.checked_sub_signed(read_span(text)?)
}

/// Says what is missing, if this is a time without its zone or its seconds.
fn without_zone(text: &str) -> Option<String> {
    let local = text.trim_end_matches(['Z', 'z']).replacen(' ', "T", 1);
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&local, form).ok())?;
    let whole = time.format("%Y-%m-%dT%H:%M:%S");
    Some(format!("expected a time with seconds and zone: {whole}Z, or with an offset such as {whole}+01:00"))
}

fn read_span(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    TimeDelta::try_seconds(digits.parse::<i64>().ok()?.checked_mul(seconds)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        let now = DateTime::from_timestamp(2_000_000_000, 0).unwrap();
        read_time(text, now).map(|time| time.timestamp())
    }

    #[test]
    fn every_form_of_a_time() {
        assert_eq!(seconds("2021-05-20T10:30:00Z"), Some(1_621_506_600));
        assert_eq!(seconds("2021-05-20T12:30:00+02:00"), Some(1_621_506_600));
        assert_eq!(seconds("2021-05-20"), Some(1_621_468_800));
        assert_eq!(seconds("90m"), Some(2_000_000_000 - 5_400));
        assert_eq!(seconds("2w"), Some(2_000_000_000 - 1_209_600));
        for text in ["", "h", "-2h", "2", "2x", "2021-02-30", "99999999999999999999d", "9223372036854775807w", "é"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_told_how_to_be_written() {
        for text in ["2025-12-31T20:00", "2025-12-31T20:00:00", "2025-12-31 20:00", "2025-12-31T20:00Z"] {
            let message = text.parse::<Since>().unwrap_err();
            assert!(message.contains("2025-12-31T20:00:00Z"), "{text}: {message}");
            assert_eq!(text.parse::<When>(), Err(message));
        }
        for text in ["./2025-12-31T20:00", "2025-12-31T25:00", "2025-12-31T20:00.csv"] {
            assert_eq!(text.parse(), Ok(Since::File(text.into())));
        }
    }

    #[test]
    fn what_is_no_time_is_a_file() {
        assert_eq!("meter.csv".parse(), Ok(Since::File("meter.csv".into())));
        assert_eq!("./7d".parse(), Ok(Since::File("./7d".into())));
        assert!(matches!("7d".parse(), Ok(Since::Time(_))));
    }

    #[test]
    fn spans_of_a_timeout() {
        assert_eq!(read_duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(read_duration("2m"), Ok(Duration::from_secs(120)));
        assert!(read_duration("0").is_err() && read_duration("2d").is_err() && read_duration("x").is_err());
    }
}
