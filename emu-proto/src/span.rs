//! A length of time, as people say it.

use core::fmt;

use chrono::TimeDelta;

/// A length of time that prints as people say it: days, hours, minutes and seconds, and only those that there are.
///
/// ```
/// use chrono::TimeDelta;
/// use emu_proto::Span;
///
/// assert_eq!(Span(TimeDelta::seconds(87_300)).to_string(), "1 d 15 min");
/// assert_eq!(Span(TimeDelta::hours(-1)).to_string(), "-1 h");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(
    /// The length; what is below a millisecond does not show.
    pub TimeDelta,
);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.num_milliseconds();
        let mut separator = if milliseconds < 0 { "-" } else { "" };
        let milliseconds = milliseconds.unsigned_abs();
        let seconds = milliseconds / 1_000;
        let parts = [
            (seconds / 86_400, "d"),
            (seconds / 3_600 % 24, "h"),
            (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
            (milliseconds % 1_000, "ms"),
        ];
        for (number, unit) in parts.into_iter().filter(|(number, _)| *number > 0) {
            write!(f, "{separator}{number} {unit}")?;
            separator = " ";
        }
        if milliseconds == 0 { f.write_str("0 s") } else { Ok(()) }
    }
}

/// As a number of milliseconds.
#[cfg(feature = "serde")]
impl serde::Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.num_milliseconds())
    }
}

/// As a number of milliseconds.
#[cfg(feature = "defmt")]
impl defmt::Format for Span {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=i64} ms", self.0.num_milliseconds());
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    #[test]
    fn only_what_there_is() {
        for (milliseconds, printed) in [
            (0, "0 s"),
            (250, "250 ms"),
            (1_500, "1 s 500 ms"),
            (-3_600_000, "-1 h"),
            (90_061_000, "1 d 1 h 1 min 1 s"),
            (-90_000, "-1 min 30 s"),
        ] {
            assert_eq!(Span(TimeDelta::milliseconds(milliseconds)).to_string(), printed);
        }
        assert!(Span(TimeDelta::MAX).to_string().starts_with("106751991167 d "));
    }
}
