//! Three phases as a meter shows them: integers of voltage, current, power factor and power that agree with each other.

use emu_proto::{DeciVolts, MilliAmperes, PowerFactor, Watts};

use crate::load::Demand;

/// What the meter shows of the three phases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phases {
    pub(crate) phases: [Phase; 3],
}

/// What the meter shows of one phase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phase {
    pub(crate) active_power: Watts,
    pub(crate) current: MilliAmperes,
    pub(crate) voltage: DeciVolts,
    pub(crate) power_factor: PowerFactor,
    /// Reactive power, in var; positive where inductive.
    reactive: f64,
}

impl Phases {
    /// Rounds a demand to what the meter shows. With `signed_current`, exported power has a negative current and a
    /// positive power factor; else it is the other way round.
    pub(crate) fn new(demand: &Demand, signed_current: bool) -> Self {
        let phase = |number: usize| {
            Phase::new(demand.active[number], demand.reactive[number], demand.voltage[number], signed_current)
        };
        Self { phases: [phase(0), phase(1), phase(2)] }
    }

    /// Active power of all phases, in W.
    pub(crate) fn active_power(&self) -> i32 {
        self.phases.iter().fold(0, |sum: i32, phase| sum.saturating_add(phase.active_power.get()))
    }

    /// Reactive power of all phases, in var.
    pub(crate) fn reactive_power(&self) -> i32 {
        self.phases.iter().map(|phase| phase.reactive).sum::<f64>().round() as i32
    }

    /// Current of all phases, their sum.
    pub(crate) fn current(&self) -> MilliAmperes {
        MilliAmperes(self.phases.iter().fold(0, |sum: i32, phase| sum.saturating_add(phase.current.get())))
    }

    /// Current of the neutral conductor: the length of the sum of the phases' currents as vectors.
    pub(crate) fn neutral_current(&self) -> MilliAmperes {
        // The three voltages, each a third of a turn behind the one before.
        let turns = [(1.0, 0.0), (-0.5, -HALF_SQRT_3), (-0.5, HALF_SQRT_3)];
        let (mut x, mut y) = (0.0, 0.0);
        for (phase, (turn_x, turn_y)) in self.phases.iter().zip(turns) {
            let cosine = f64::from(phase.power_factor.get()) / 100.0;
            let sine = (1.0 - cosine * cosine).max(0.0).sqrt() * if phase.reactive < 0.0 { 1.0 } else { -1.0 };
            let current = f64::from(phase.current.get());
            x += current * (turn_x * cosine - turn_y * sine);
            y += current * (turn_x * sine + turn_y * cosine);
        }
        MilliAmperes((x * x + y * y).sqrt().round() as i32)
    }
}

impl Phase {
    fn new(active: f64, reactive: f64, voltage: f64, signed_current: bool) -> Self {
        let voltage = voltage.round() as i64;
        let nothing = Self {
            active_power: Watts(0),
            current: MilliAmperes(0),
            voltage: DeciVolts(voltage as i32),
            power_factor: PowerFactor(0),
            reactive: 0.0,
        };
        let apparent = (active * active + reactive * reactive).sqrt();
        if voltage <= 0 || apparent < 1.0 {
            return nothing;
        }
        // First the power factor is rounded, then the current that goes with it; the power follows from both, so that
        // the three agree to the last digit.
        let factor = (100.0 * active.abs() / apparent).round() as i64;
        let current = if factor == 0 {
            reactive.abs() * 10_000.0 / voltage as f64
        } else {
            active.abs() * 1_000_000.0 / (voltage * factor) as f64
        };
        let current = current.round() as i64;
        if current == 0 {
            return nothing;
        }
        let sign = if active < 0.0 { -1 } else { 1 };
        let power = (voltage * current * factor + 500_000) / 1_000_000;
        let cosine = factor as f64 / 100.0;
        let (current_sign, factor_sign) = if signed_current { (sign, 1) } else { (1, sign) };
        Self {
            active_power: Watts((sign * power) as i32),
            current: MilliAmperes((current_sign * current) as i32),
            power_factor: PowerFactor((factor_sign * factor) as i8),
            reactive: (voltage * current) as f64 / 10_000.0
                * (1.0 - cosine * cosine).max(0.0).sqrt()
                * if reactive < 0.0 { -1.0 } else { 1.0 },
            ..nothing
        }
    }
}

/// Half of the square root of 3, which is the sine of 120°.
const HALF_SQRT_3: f64 = 0.866_025_403_784_438_6;

#[cfg(test)]
mod tests {
    use super::*;

    fn phases(active: [f64; 3], reactive: [f64; 3], signed_current: bool) -> Phases {
        let demand = Demand { active, reactive, voltage: [2_300.0; 3], frequency: 500.0 };
        Phases::new(&demand, signed_current)
    }

    #[test]
    fn a_plain_load() {
        let shown = phases([2_300.0, 0.0, 0.0], [0.0; 3], false);
        let [l1, l2, _] = shown.phases;
        assert_eq!(
            (l1.active_power, l1.current, l1.power_factor),
            (Watts(2_300), MilliAmperes(10_000), PowerFactor(100))
        );
        assert_eq!((l2.active_power, l2.current, l2.power_factor), (Watts(0), MilliAmperes(0), PowerFactor(0)));
        assert_eq!(shown.neutral_current(), MilliAmperes(10_000));
    }

    #[test]
    fn balanced_phases_leave_the_neutral_conductor_alone() {
        let shown = phases([2_300.0; 3], [500.0; 3], false);
        assert_eq!(shown.neutral_current(), MilliAmperes(0));
        assert_eq!(shown.current().get(), 3 * shown.phases[0].current.get());
    }

    #[test]
    fn export_shows_in_one_sign_alone() {
        let by_factor = phases([-1_000.0; 3], [300.0; 3], false).phases[0];
        assert!(by_factor.power_factor.get() < 0 && by_factor.current.get() > 0 && by_factor.active_power.get() < 0);
        let by_current = phases([-1_000.0; 3], [300.0; 3], true).phases[0];
        assert!(by_current.power_factor.get() > 0 && by_current.current.get() < 0);
        assert_eq!(by_current.active_power, by_factor.active_power);
    }
}
