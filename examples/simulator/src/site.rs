//! The kinds of site that a meter is installed at, as tables of numbers.
//!
//! They differ in the sizes of their numbers, so that rows of different sites have fields of different lengths: one
//! digit for a meter that was put in yesterday, ten for one behind big transformers. All of it is invented.

/// What kind of site the simulated meter is installed at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Site {
    /// A household with a photovoltaic roof of 9 kW: imports at night, exports at noon.
    #[default]
    HouseWithSun,
    /// A small flat on one phase; the other two carry no voltage.
    SmallFlat,
    /// A meter that was put in yesterday: registers from 0, little use.
    JustInstalled,
    /// A factory behind current and voltage transformers: registers of nine and ten digits, thousands of volts.
    Factory,
    /// A solar plant: negative power by day, and hardly any import. Its currents are signed in place of its power
    /// factors.
    SolarPlant,
}

impl Site {
    /// Every kind of site.
    pub const ALL: [Self; 5] =
        [Self::HouseWithSun, Self::SmallFlat, Self::JustInstalled, Self::Factory, Self::SolarPlant];

    /// Returns the numbers of this kind of site.
    pub(crate) const fn parameters(self) -> &'static Parameters {
        match self {
            Self::HouseWithSun => &HOUSE_WITH_SUN,
            Self::SmallFlat => &SMALL_FLAT,
            Self::JustInstalled => &JUST_INSTALLED,
            Self::Factory => &FACTORY,
            Self::SolarPlant => &SOLAR_PLANT,
        }
    }
}

/// The numbers of a kind of site.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// Active power that is always drawn, in W.
    pub(crate) standby: f64,
    /// Active power that is drawn on top where the habit curve stands at 1, in W.
    pub(crate) habit: f64,
    /// How much of the habit is followed in each hour of the day, local standard time.
    pub(crate) curve: &'static [f64; 24],
    /// What the habit is multiplied with on Saturdays and Sundays.
    pub(crate) weekend: f64,
    /// How much more is drawn in midwinter, as a share; as much less in midsummer.
    pub(crate) winter: f64,
    /// Peak of the photovoltaic roof, in W.
    pub(crate) sun: f64,
    /// Machines that run for a while on some days.
    pub(crate) machines: &'static [Machine],
    /// How the power that belongs to no machine is shared between the phases; the sum is 1.
    pub(crate) shares: [f64; 3],
    /// Reactive by active power of the load.
    pub(crate) tangent: f64,
    /// Voltage of a phase to neutral, in 0.1 V.
    pub(crate) voltage: f64,
    /// Whether exported power shows in the sign of the current; else in the sign of the power factor.
    pub(crate) signed_current: bool,
    /// States of the registers at the start, in Wh and varh, in the order of the columns.
    pub(crate) registers: [i64; 8],
    /// Current transformer, primary and secondary.
    pub(crate) ct: [u32; 2],
    /// What the primary of the current transformer is changed to one day.
    pub(crate) ct_later: u32,
    /// Voltage transformer, primary and secondary.
    pub(crate) vt: [u32; 2],
    /// Pulse value of the S0 output, P/kWh.
    pub(crate) pulse_value: u32,
}

/// A machine that runs for a while on some days.
#[derive(Debug)]
pub(crate) struct Machine {
    /// Active power, in W.
    pub(crate) power: f64,
    /// How likely it runs on a given day.
    pub(crate) likely: f64,
    /// The quarter hours of the day between which it is switched on.
    pub(crate) start: core::ops::Range<u32>,
    /// For how many quarter hours it runs at most.
    pub(crate) runs: u32,
    /// Whether it draws from all three phases alike; else from one, which is drawn by lot.
    pub(crate) three_phases: bool,
}

const HOME: [f64; 24] = [
    0.25, 0.2, 0.18, 0.18, 0.2, 0.3, 0.55, 0.75, 0.6, 0.5, 0.5, 0.7, 0.85, 0.6, 0.5, 0.5, 0.6, 0.8, 1.0, 1.0, 0.9,
    0.75, 0.55, 0.35,
];

const WORK: [f64; 24] = [
    0.08, 0.08, 0.08, 0.08, 0.1, 0.25, 0.7, 0.95, 1.0, 1.0, 1.0, 0.9, 0.7, 0.95, 1.0, 1.0, 0.95, 0.7, 0.4, 0.3, 0.25,
    0.2, 0.1, 0.08,
];

const HOUSE_WITH_SUN: Parameters = Parameters {
    standby: 210.0,
    habit: 850.0,
    curve: &HOME,
    weekend: 1.25,
    winter: 0.25,
    sun: 9_000.0,
    machines: &[
        Machine { power: 2_200.0, likely: 0.8, start: 44..48, runs: 3, three_phases: false },
        Machine { power: 2_900.0, likely: 0.9, start: 72..77, runs: 4, three_phases: true },
        Machine { power: 1_900.0, likely: 0.45, start: 32..72, runs: 6, three_phases: false },
        Machine { power: 1_600.0, likely: 0.7, start: 78..86, runs: 6, three_phases: false },
        Machine { power: 11_000.0, likely: 0.3, start: 70..88, runs: 9, three_phases: true },
        Machine { power: 3_000.0, likely: 1.0, start: 4..10, runs: 10, three_phases: true },
    ],
    shares: [0.45, 0.3, 0.25],
    tangent: 0.22,
    voltage: 2_325.0,
    signed_current: false,
    registers: [4_218_340, 6_120_911, 5_530_127, 2_210_008, 1_310_402, 1_802_330, 220_105, 98_450],
    ct: [75, 5],
    ct_later: 100,
    vt: [100, 100],
    pulse_value: 1_000,
};

const SMALL_FLAT: Parameters = Parameters {
    standby: 55.0,
    habit: 190.0,
    curve: &HOME,
    weekend: 1.15,
    winter: 0.15,
    sun: 0.0,
    machines: &[
        Machine { power: 1_400.0, likely: 0.6, start: 72..78, runs: 3, three_phases: false },
        Machine { power: 1_900.0, likely: 0.25, start: 32..80, runs: 5, three_phases: false },
    ],
    shares: [1.0, 0.0, 0.0],
    tangent: 0.3,
    voltage: 2_305.0,
    signed_current: false,
    registers: [812_004, 1_290_118, 0, 0, 301_222, 402_871, 0, 0],
    ct: [5, 5],
    ct_later: 10,
    vt: [100, 100],
    pulse_value: 1_000,
};

const JUST_INSTALLED: Parameters = Parameters {
    standby: 3.0,
    habit: 40.0,
    curve: &HOME,
    weekend: 1.0,
    winter: 0.0,
    sun: 0.0,
    machines: &[Machine { power: 1_200.0, likely: 0.05, start: 36..64, runs: 2, three_phases: false }],
    shares: [0.5, 0.3, 0.2],
    tangent: 0.1,
    voltage: 2_318.0,
    signed_current: false,
    registers: [0; 8],
    ct: [5, 5],
    ct_later: 20,
    vt: [100, 100],
    pulse_value: 1_000,
};

const FACTORY: Parameters = Parameters {
    standby: 70_000.0,
    habit: 540_000.0,
    curve: &WORK,
    weekend: 0.3,
    winter: 0.1,
    sun: 60_000.0,
    machines: &[
        Machine { power: 180_000.0, likely: 0.7, start: 24..60, runs: 16, three_phases: true },
        Machine { power: 90_000.0, likely: 0.7, start: 24..70, runs: 12, three_phases: true },
        Machine { power: 25_000.0, likely: 0.5, start: 0..90, runs: 6, three_phases: false },
    ],
    shares: [0.34, 0.33, 0.33],
    tangent: 0.48,
    voltage: 57_735.0,
    signed_current: false,
    registers: [
        2_904_118_220,
        1_790_003_471,
        18_220_304,
        9_120_775,
        1_411_930_882,
        870_221_094,
        120_004_118,
        40_229_018,
    ],
    ct: [600, 5],
    ct_later: 1_000,
    vt: [10_000, 100],
    pulse_value: 1,
};

const SOLAR_PLANT: Parameters = Parameters {
    standby: 320.0,
    habit: 90.0,
    curve: &WORK,
    weekend: 1.0,
    winter: 0.3,
    sun: 240_000.0,
    machines: &[],
    shares: [0.4, 0.3, 0.3],
    tangent: 0.5,
    voltage: 2_340.0,
    signed_current: true,
    registers: [1_204_118, 2_830_447, 610_422_908, 240_118_335, 902_118, 2_002_471, 40_118_902, 9_004_117],
    ct: [400, 5],
    ct_later: 500,
    vt: [100, 100],
    pulse_value: 10,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_share_the_whole_power() {
        for site in Site::ALL {
            let shares: f64 = site.parameters().shares.iter().sum();
            assert!((shares - 1.0).abs() < 1e-9, "{site:?}");
        }
    }

    #[test]
    fn machines_are_switched_off_before_the_counts_overflow_a_day_twice() {
        for machine in Site::ALL.iter().flat_map(|site| site.parameters().machines) {
            assert!(machine.start.end <= 96 && machine.runs <= 96 && !machine.start.is_empty());
        }
    }
}
