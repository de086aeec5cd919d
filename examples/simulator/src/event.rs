//! What happens to a meter now and then: power failures, changes of the clock, changes of settings.
//!
//! Some happen by lot, so that a year of rows looks like a year ([`Schedule`]); any can be put at a certain index for a
//! test ([`Event`]).

use core::fmt;
use core::str::FromStr;

use crate::chance::{Purpose, chance};

/// Something that happens in the interval before the row with a certain index.
///
/// Prints and parses as the command line takes it: `power-failure:8`, `clock-lost:20`, `ct-primary:200`.
///
/// ```
/// use emu_simulator::Event;
///
/// assert_eq!("power-failure:8".parse(), Ok(Event::PowerFailure { quarters: 8 }));
/// assert_eq!(Event::ClockStep { quarters: -4 }.to_string(), "clock-step:-4");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// The meter is without power for this many quarter hours, of which no rows exist; the row carries the status
    /// "Power Failure". 0 is a failure so short that no row is missing. The index goes on without a hole.
    PowerFailure {
        /// How many rows are missing in time.
        quarters: u32,
    },
    /// The clock is set by some seconds, some minutes after the row before: status "Time changed", and a logbook entry.
    /// The row stands at the next full quarter hour of the clock as it is then. From 3 minutes back to 11 minutes forth
    /// that is the one at which it would have been, and beyond rows jump as by [`ClockStep`](Self::ClockStep).
    TimeChange {
        /// By how much the clock is set; negative is back.
        seconds: i32,
    },
    /// The clock is set by whole quarter hours: rows jump in time, forth over a hole or back over times that were
    /// there already. Status "Time changed", and a logbook entry.
    ClockStep {
        /// By how much the clock is set; negative is back.
        quarters: i32,
    },
    /// The meter loses its clock in a power failure and starts again at 1970-01-01T00:00:00Z; after this many rows the
    /// clock is set. Statuses "Power Failure" and "No time synchronization occurred", then "Time changed" and a
    /// logbook entry.
    ClockLost {
        /// How many rows are logged before the clock is set, at least one.
        rows: u32,
    },
    /// This many rows carry the status "No time synchronization occurred".
    NoTimeSynchronization {
        /// How many rows.
        rows: u32,
    },
    /// The primary of the current transformer is set to this value: status and logbook entry.
    CtPrimary(u32),
    /// The primary of the voltage transformer is set to this value: status and logbook entry.
    VtPrimary(u32),
    /// The value of the S0 pulse is set, in P/kWh: status and logbook entry.
    PulseValue(u32),
    /// The width of the S0 pulse is set, in ms: status and logbook entry.
    PulseWidth(u32),
    /// The row carries these status bits besides, known or not.
    StatusBits(u32),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerFailure { quarters } => write!(f, "power-failure:{quarters}"),
            Self::TimeChange { seconds } => write!(f, "time-change:{seconds}"),
            Self::ClockStep { quarters } => write!(f, "clock-step:{quarters}"),
            Self::ClockLost { rows } => write!(f, "clock-lost:{rows}"),
            Self::NoTimeSynchronization { rows } => write!(f, "no-sync:{rows}"),
            Self::CtPrimary(value) => write!(f, "ct-primary:{value}"),
            Self::VtPrimary(value) => write!(f, "vt-primary:{value}"),
            Self::PulseValue(value) => write!(f, "pulse-value:{value}"),
            Self::PulseWidth(value) => write!(f, "pulse-width:{value}"),
            Self::StatusBits(bits) => write!(f, "status:{bits}"),
        }
    }
}

impl FromStr for Event {
    type Err = InvalidEvent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, number) = text.split_once(':').ok_or(InvalidEvent)?;
        let signed = || number.parse::<i32>().map_err(|_| InvalidEvent);
        let unsigned = || number.parse::<u32>().map_err(|_| InvalidEvent);
        Ok(match name {
            "power-failure" => Self::PowerFailure { quarters: unsigned()? },
            "time-change" => Self::TimeChange { seconds: signed()? },
            "clock-step" => Self::ClockStep { quarters: signed()? },
            "clock-lost" => Self::ClockLost { rows: unsigned()? },
            "no-sync" => Self::NoTimeSynchronization { rows: unsigned()? },
            "ct-primary" => Self::CtPrimary(unsigned()?),
            "vt-primary" => Self::VtPrimary(unsigned()?),
            "pulse-value" => Self::PulseValue(unsigned()?),
            "pulse-width" => Self::PulseWidth(unsigned()?),
            "status" => Self::StatusBits(read_bits(number).ok_or(InvalidEvent)?),
            _ => return Err(InvalidEvent),
        })
    }
}

/// Reads status bits: decimal, `0x…` or `0b…`.
fn read_bits(text: &str) -> Option<u32> {
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix("0b")) {
        (Some(digits), _) => (digits, 16),
        (_, Some(digits)) => (digits, 2),
        _ => (text, 10),
    };
    // The standard library's parser takes a sign.
    if digits.starts_with(['+', '-']) { None } else { u32::from_str_radix(digits, radix).ok() }
}

/// A text that is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an event is one of power-failure, time-change, clock-step, clock-lost, no-sync, ct-primary, vt-primary, \
     pulse-value, pulse-width, status, with ':' and a number"
)]
pub struct InvalidEvent;

/// What happens by lot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    seed: u64,
    /// Whether nothing happens by lot.
    quiet: bool,
}

impl Schedule {
    pub(crate) const fn new(seed: u64, quiet: bool) -> Self {
        Self { seed, quiet }
    }

    /// Returns the power failure of a day: when it starts, in quarter hours of the day, and how many rows are missing.
    ///
    /// None reaches over midnight.
    pub(crate) fn outage(&self, day: i64) -> Option<core::ops::Range<i64>> {
        let mut lots = self.lots(Purpose::Outage, day, 0.018)?;
        let start = lots.rand_range(4..80) as i64;
        // Every third is too short to cost a row.
        let length = if lots.rand_range(0..3) == 0 { 0 } else { lots.rand_range(1..13) as i64 };
        Some(start..start + length)
    }

    /// Returns when on this day the clock is set, in quarter hours of the day, and by how many seconds.
    pub(crate) fn time_change(&self, day: i64) -> Option<(i64, i32)> {
        let mut lots = self.lots(Purpose::TimeChange, day, 0.07)?;
        let quarter = lots.rand_range(0..96) as i64;
        let seconds = lots.rand_range(1..120) as i32;
        Some((quarter, if lots.rand_range(0..2) == 0 { seconds } else { -seconds }))
    }

    /// Returns the quarter hours of the day in which the clock was not synchronised.
    pub(crate) fn no_synchronization(&self, day: i64) -> Option<core::ops::Range<i64>> {
        let mut lots = self.lots(Purpose::Synchronization, day, 0.015)?;
        let start = lots.rand_range(0..90) as i64;
        Some(start..start + lots.rand_range(4..96) as i64)
    }

    /// Returns when the current transformer is changed, in quarter hours since 1970: at noon of a day of the years
    /// 2024 and 2025.
    pub(crate) fn ct_change(&self) -> Option<i64> {
        const FIRST_DAY: i64 = 19_723;
        let mut lots = self.lots(Purpose::Identity, -1, 1.0)?;
        Some((FIRST_DAY + 90 + lots.rand_range(0..550) as i64) * 96 + 48)
    }

    /// Returns the generator for a day on which something happens, which has this probability.
    fn lots(&self, purpose: Purpose, day: i64, likely: f64) -> Option<oorandom::Rand64> {
        let mut lots = chance(self.seed, purpose, day);
        (!self.quiet && lots.rand_float() < likely).then_some(lots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_reads_back_as_printed() {
        for event in [
            Event::PowerFailure { quarters: 0 },
            Event::TimeChange { seconds: -90 },
            Event::ClockStep { quarters: -4 },
            Event::ClockLost { rows: 20 },
            Event::NoTimeSynchronization { rows: 3 },
            Event::CtPrimary(200),
            Event::VtPrimary(20_000),
            Event::PulseValue(500),
            Event::PulseWidth(40),
            Event::StatusBits(0x100),
        ] {
            assert_eq!(event.to_string().parse(), Ok(event));
        }
        for text in ["status:256", "status:0x100", "status:0b100000000"] {
            assert_eq!(text.parse(), Ok(Event::StatusBits(0x100)), "{text}");
        }
        for text in [
            "",
            "status:0x",
            "status:0x+1",
            "status:-1",
            "power-failure",
            "power-failure:",
            "power-failure:-1",
            "flood:1",
            "status:x",
        ] {
            assert_eq!(text.parse::<Event>(), Err(InvalidEvent), "{text}");
        }
    }

    #[test]
    fn a_year_has_a_few_of_each_and_a_quiet_one_none() {
        let count = |quiet| {
            let schedule = Schedule::new(1, quiet);
            let days = 20_089..20_454;
            (
                days.clone().filter_map(|day| schedule.outage(day)).count(),
                days.clone().filter_map(|day| schedule.time_change(day)).count(),
                days.filter_map(|day| schedule.no_synchronization(day)).count(),
                schedule.ct_change().is_some(),
            )
        };
        let (outages, changes, spells, ct) = count(false);
        assert!((2..20).contains(&outages) && (10..50).contains(&changes) && (1..20).contains(&spells) && ct);
        assert_eq!(count(true), (0, 0, 0, false));
    }

    #[test]
    fn no_outage_reaches_over_midnight() {
        let schedule = Schedule::new(9, false);
        assert!((0..20_000).filter_map(|day| schedule.outage(day)).all(|outage| outage.end < 96));
    }
}
