//! How much power a site draws and feeds in each quarter hour.
//!
//! A pure function of the seed, the site and the quarter hour. It uses sums, products, quotients and square roots
//! alone, which every processor rounds alike: sine and logarithm differ from platform to platform, and the rows must
//! not.

use oorandom::Rand64;

use crate::chance::{Purpose, between, chance};
use crate::site::Parameters;

/// How many quarter hours a day has.
pub(crate) const QUARTERS_A_DAY: i64 = 96;

/// What a site draws in one quarter hour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand {
    /// Active power of each phase, in W; negative where more is fed in than drawn.
    pub(crate) active: [f64; 3],
    /// Reactive power of each phase, in var; positive where inductive.
    pub(crate) reactive: [f64; 3],
    /// Voltage of each phase to neutral, in 0.1 V; 0 for a phase that is not connected.
    pub(crate) voltage: [f64; 3],
    /// Frequency of the grid, in 0.1 Hz.
    pub(crate) frequency: f64,
}

/// The power of a site over time; remembers the day that was looked at last.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    seed: u64,
    site: &'static Parameters,
    day: Day,
}

impl Load {
    pub(crate) fn new(seed: u64, site: &'static Parameters) -> Self {
        Self { seed, site, day: Day::new(seed, site, 0) }
    }

    /// Returns the mean of what the site draws in the quarter hour that ends at `quarter` times 15 minutes past 1970.
    pub(crate) fn demand(&mut self, quarter: i64) -> Demand {
        let start = quarter.saturating_sub(1);
        let (number, of_day) = (start.div_euclid(QUARTERS_A_DAY), start.rem_euclid(QUARTERS_A_DAY));
        if self.day.number != number {
            self.day = Day::new(self.seed, self.site, number);
        }
        let mut noise = chance(self.seed, Purpose::Noise, start);
        // Standard time of central Europe stands an hour before UTC, the sun half an hour.
        let hour = (of_day as f64 + 0.5) / 4.0;
        let common = self.common(hour + 1.0, &mut noise);
        let sun = self.sun(hour + 0.5, &mut noise) / 3.0;

        let mut demand = Demand { active: [0.0; 3], reactive: [0.0; 3], voltage: [0.0; 3], frequency: 0.0 };
        for phase in 0..3 {
            let share = self.site.shares[phase];
            if share == 0.0 {
                continue;
            }
            let machines = self.day.machines(of_day, phase, self.site.shares);
            let load = common * share * between(&mut noise, 0.93, 1.07) + machines * between(&mut noise, 0.97, 1.03);
            demand.active[phase] = load - sun;
            // The load is inductive; an inverter feeds in a little capacitive power.
            demand.reactive[phase] = load * self.site.tangent * between(&mut noise, 0.8, 1.2) - sun * 0.05;
            let relief = (sun - load) / (self.site.standby + self.site.habit + self.site.sun) * 90.0;
            let sway = relief + between(&mut noise, -18.0, 18.0);
            demand.voltage[phase] = self.site.voltage * (1.0 + sway / 2_300.0);
        }
        demand.frequency = 500.0 + between(&mut noise, -0.9, 0.9);
        demand
    }

    /// What is drawn apart from machines, at this hour of local time.
    fn common(&self, hour: f64, noise: &mut Rand64) -> f64 {
        let hour = if hour >= 24.0 { hour - 24.0 } else { hour };
        let before = hour as usize % 24;
        let part = hour - before as f64;
        let curve = self.site.curve[before] * (1.0 - part) + self.site.curve[(before + 1) % 24] * part;
        let season = 1.0 - self.site.winter * self.day.summer;
        let habit = self.site.habit * curve * self.day.busy * season * between(noise, 0.75, 1.25);
        self.site.standby * between(noise, 0.9, 1.1) + habit
    }

    /// What the roof feeds in, at this hour of the sun.
    fn sun(&self, hour: f64, noise: &mut Rand64) -> f64 {
        let half_day = 6.0 + 2.0 * self.day.summer;
        let from_noon = (hour - 12.0) / half_day;
        let height = 1.0 - from_noon * from_noon;
        if self.site.sun == 0.0 || height <= 0.0 {
            return 0.0;
        }
        let clear = height * (0.62 + 0.33 * self.day.summer);
        let clouds = (self.day.cloud + between(noise, -1.0, 1.0) * self.day.flicker).clamp(0.0, 0.95);
        self.site.sun * clear * (1.0 - clouds)
    }
}

/// What is drawn by lot once a day.
#[derive(Debug, Clone)]
struct Day {
    /// Days since 1970.
    number: i64,
    /// 1 in midsummer, -1 in midwinter.
    summer: f64,
    /// What the habit is multiplied with.
    busy: f64,
    /// How much of the sun the clouds take.
    cloud: f64,
    /// How much that changes from one quarter hour to the next.
    flicker: f64,
    runs: Vec<Run>,
}

/// One run of a machine; it may reach into the next day no further than midnight.
#[derive(Debug, Clone)]
struct Run {
    quarters: core::ops::Range<i64>,
    power: f64,
    /// The phase it draws from, or all three.
    phase: Option<usize>,
}

impl Day {
    fn new(seed: u64, site: &'static Parameters, number: i64) -> Self {
        let mut weather = chance(seed, Purpose::Weather, number);
        let mut lots = chance(seed, Purpose::Machines, number);
        // The first of January 1970 was a Thursday.
        let weekend = number.saturating_add(3).rem_euclid(7) >= 5;
        let runs = site.machines.iter().filter_map(|machine| {
            let runs = lots.rand_float() < machine.likely;
            let start = lots.rand_range(u64::from(machine.start.start)..u64::from(machine.start.end)) as i64;
            let length = lots.rand_range(1..u64::from(machine.runs) + 1) as i64;
            let phase = lots.rand_range(0..3) as usize;
            let power = machine.power * between(&mut lots, 0.9, 1.1);
            let phase = (!machine.three_phases).then_some(phase);
            runs.then_some(Run { quarters: start..start + length, power, phase })
        });
        Self {
            number,
            summer: summer(number),
            busy: between(&mut weather, 0.8, 1.2) * if weekend { site.weekend } else { 1.0 },
            cloud: between(&mut weather, 0.0, 0.95),
            flicker: between(&mut weather, 0.0, 0.35),
            runs: runs.collect(),
        }
    }

    /// What the machines draw from a phase. A phase that is not connected leaves its part to the others.
    fn machines(&self, quarter: i64, phase: usize, shares: [f64; 3]) -> f64 {
        let connected = shares.iter().filter(|share| **share > 0.0).count() as f64;
        let running = self.runs.iter().filter(|run| run.quarters.contains(&quarter));
        running
            .map(|run| match run.phase {
                Some(own) if shares[own] > 0.0 => run.power * f64::from(u8::from(own == phase)),
                Some(_) | None => run.power / connected,
            })
            .sum()
    }
}

/// Returns how much of a summer it is: 1 at the end of June, -1 at the end of December, parabolas between.
fn summer(day: i64) -> f64 {
    let of_year = (day as f64) % 365.2425;
    let from_midsummer = (of_year - 172.0) / 182.62;
    let distance = from_midsummer.abs().min(2.0 - from_midsummer.abs());
    if distance <= 0.5 { 1.0 - 4.0 * distance * distance } else { 4.0 * (1.0 - distance) * (1.0 - distance) - 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Site;

    /// 2025-06-21 12:00 UTC, in quarter hours.
    const MIDSUMMER_NOON: i64 = 1_750_507_200 / 900;

    #[test]
    fn seasons_have_their_place() {
        assert!(summer(MIDSUMMER_NOON / 96) > 0.99);
        assert!(summer(MIDSUMMER_NOON / 96 + 183) < -0.99);
        assert!(summer(MIDSUMMER_NOON / 96 + 91).abs() < 0.05);
    }

    #[test]
    fn a_roof_feeds_in_at_noon_and_not_at_night() {
        let mut load = Load::new(1, Site::SolarPlant.parameters());
        let mut sum = |at: i64| -> f64 { load.demand(at).active.iter().sum() };
        assert!((0..30).map(|day| sum(MIDSUMMER_NOON + day * 96)).sum::<f64>() < -30.0 * 50_000.0);
        assert!((0..30).all(|day| sum(MIDSUMMER_NOON + day * 96 + 48) > 0.0));
    }

    #[test]
    fn a_phase_that_is_not_connected_carries_nothing() {
        let mut load = Load::new(5, Site::SmallFlat.parameters());
        for quarter in MIDSUMMER_NOON..MIDSUMMER_NOON + 960 {
            let demand = load.demand(quarter);
            assert_eq!((demand.active[1], demand.voltage[2]), (0.0, 0.0));
            assert!(demand.active[0] > 0.0);
        }
    }

    #[test]
    fn the_same_quarter_hour_is_always_the_same() {
        let mut load = Load::new(3, Site::HouseWithSun.parameters());
        let first = load.demand(MIDSUMMER_NOON).active;
        load.demand(MIDSUMMER_NOON - 5_000);
        assert_eq!(load.demand(MIDSUMMER_NOON).active, first);
    }
}
