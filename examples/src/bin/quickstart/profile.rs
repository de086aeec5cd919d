//! The load profile for drawing: the lowest, mean and highest power of each day, and the axes around them.
//!
//! A read-out of some days only is drawn by the hour or by the row.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use emu_proto::LoadProfileEntry;

/// Active power, collected by slots of equal length.
#[derive(Debug)]
pub(crate) struct Profile {
    /// The length of a slot.
    slot: Slot,
    /// By the number of the slot since 1970.
    slots: BTreeMap<i64, Power>,
}

/// The active power of a slot in W.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Power {
    pub(crate) min: i64,
    pub(crate) max: i64,
    sum: i64,
    rows: i64,
}

/// What a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Day,
    Hour,
    Row,
}

impl Profile {
    /// Expects this many rows.
    pub(crate) fn new(rows: u32) -> Self {
        let slot = match rows {
            0..=400 => Slot::Row,
            401..=5_000 => Slot::Hour,
            5_001.. => Slot::Day,
        };
        Self { slot, slots: BTreeMap::new() }
    }

    /// Takes the next row, in any order. One whose clock was not set has no place.
    pub(crate) fn add(&mut self, row: &LoadProfileEntry) {
        // A row ends its quarter hour; that of midnight belongs to the day that ends.
        let time = row.timestamp - TimeDelta::seconds(1);
        if time.year() >= 2010 {
            let power = Power::of(crate::power(row));
            let slot = time.timestamp().div_euclid(self.slot.seconds());
            self.slots.entry(slot).and_modify(|slot| *slot = slot.with(power)).or_insert(power);
        }
    }

    /// Returns what is to be drawn; nothing if there are no rows.
    pub(crate) fn chart(&self) -> Option<Chart<'_>> {
        let (first, last) = (*self.slots.keys().next()?, *self.slots.keys().next_back()?);
        let lowest = self.slots.values().map(|power| power.min).min()?.min(0);
        let highest = self.slots.values().map(|power| power.max).max()?.max(0);
        Some(Chart { profile: self, slots: first..=last, ticks: Ticks::over(lowest..=highest) })
    }
}

/// A profile with its axes.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    profile: &'a Profile,
    /// The numbers of the slots from left to right.
    pub(crate) slots: RangeInclusive<i64>,
    /// The marks of the axis of power.
    pub(crate) ticks: Ticks,
}

impl Chart<'_> {
    pub(crate) const fn slot(&self) -> Slot {
        self.profile.slot
    }

    /// Returns how many slots there are from the left end to the right, with and without rows.
    pub(crate) fn width(&self) -> i64 {
        self.slots.end() - self.slots.start() + 1
    }

    /// Returns the power of the slots from the first up to the last, both counted from the left; nothing where no row is.
    pub(crate) fn power(&self, first: i64, last: i64) -> Option<Power> {
        let start = self.slots.start();
        let slots = self.profile.slots.range(start + first..=start + last);
        slots.map(|(_, power)| *power).reduce(Power::with)
    }

    /// Returns the marks of the axis of time: how many slots from the left, and what is written there.
    ///
    /// Those are the months, or the days, or the hours, so that there are a few.
    pub(crate) fn times(&self) -> Vec<(i64, String)> {
        let start = *self.slots.start();
        let time = |slot: i64| DateTime::from_timestamp(slot * self.slot().seconds(), 0).unwrap_or_default();
        let mut times = Vec::new();
        for unit in ["%b", "%-d %b", "%H:%M"] {
            times.clear();
            let mut before = time(start - 1);
            for slot in self.slots.clone() {
                let now = time(slot);
                let is_new = match unit {
                    "%b" => now.month() != before.month(),
                    "%-d %b" => now.date_naive() != before.date_naive(),
                    _ => now.timestamp().div_euclid(7_200) != before.timestamp().div_euclid(7_200),
                };
                if is_new {
                    // A new year has its number in place of "Jan".
                    let is_year = unit == "%b" && now.month() == 1;
                    times.push((slot - start, now.format(if is_year { "%Y" } else { unit }).to_string()));
                }
                before = now;
            }
            if times.len() > 2 {
                break;
            }
        }
        times
    }

    /// Returns the time at the left end, and that at the right end.
    pub(crate) fn ends(&self) -> [DateTime<Utc>; 2] {
        [*self.slots.start(), self.slots.end() + 1]
            .map(|slot| DateTime::from_timestamp(slot * self.slot().seconds(), 0).unwrap_or_default())
    }
}

impl Slot {
    const fn seconds(self) -> i64 {
        match self {
            Self::Day => 86_400,
            Self::Hour => 3_600,
            Self::Row => 900,
        }
    }

    /// Returns what it is, in words.
    pub(crate) const fn each(self) -> &'static str {
        match self {
            Self::Day => "each day",
            Self::Hour => "each hour",
            Self::Row => "each quarter hour",
        }
    }
}

impl Power {
    const fn of(power: i64) -> Self {
        Self { min: power, max: power, sum: power, rows: 1 }
    }

    fn with(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum: self.sum.saturating_add(other.sum),
            rows: self.rows + other.rows,
        }
    }

    pub(crate) const fn mean(self) -> i64 {
        self.sum / self.rows
    }
}

/// The marks of the axis of power, in W: 0, and multiples of a round number.
#[derive(Debug)]
pub(crate) struct Ticks {
    pub(crate) bottom: i64,
    pub(crate) top: i64,
    pub(crate) step: i64,
}

impl Ticks {
    /// Makes up to nine steps over this range.
    pub(crate) fn over(range: RangeInclusive<i64>) -> Self {
        let (lowest, highest) = (*range.start(), *range.end());
        let rounds = (0..18).flat_map(|power| [1, 2, 5].map(|round| round * 10i64.pow(power)));
        let step = rounds.into_iter().find(|step| (highest - lowest) / step < 8).unwrap_or(i64::MAX);
        let bottom = lowest.div_euclid(step) * step;
        let top = (highest.max(bottom + 1) + step - 1).div_euclid(step) * step;
        Self { bottom, top, step }
    }

    /// Returns the marks from the lowest to the highest.
    pub(crate) fn marks(&self) -> impl DoubleEndedIterator<Item = i64> {
        let (bottom, step) = (self.bottom, self.step);
        (0..=(self.top - bottom) / step).map(move |number| bottom + number * step)
    }

    /// Returns the unit in which marks are written.
    pub(crate) const fn unit(&self) -> &'static str {
        if self.step < 500 { "W" } else { "kW" }
    }

    /// Returns a mark as it is written, in that unit.
    pub(crate) fn label(&self, mark: i64) -> String {
        match (self.step, mark % 1_000) {
            (..500, _) => mark.to_string(),
            (_, 0) => (mark / 1_000).to_string(),
            _ => format!("{}{}.{}", if mark < 0 { "-" } else { "" }, mark.abs() / 1_000, mark.abs() % 1_000 / 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_everything() {
        for (lowest, highest, marks) in [
            (-7_300, 13_200, "-10 -5 0 5 10 15"),
            (0, 999, "0 200 400 600 800 1000"),
            (0, 0, "0 1"),
            (0, 1_200_000, "0 200 400 600 800 1000 1200"),
        ] {
            let ticks = Ticks::over(lowest..=highest);
            let labels: Vec<String> = ticks.marks().map(|mark| ticks.label(mark)).collect();
            assert_eq!(labels.join(" "), marks);
        }
    }
}
