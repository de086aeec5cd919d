//! The rows of a household, made one after the other: clock, registers, statuses, and the logbook's entries.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use emu_proto::{
    DeciHertz, LoadProfileEntry, LogbookEntry, Milliseconds, PulsesPerKilowattHour, SerialNumber, Status, VarHours,
    WattHours, Watts,
};

use crate::chance::{Purpose, between, chance};
use crate::event::{Event, Schedule};
use crate::household::{Household, split_day};
use crate::load::Load;
use crate::phases::Phases;
use crate::site::Parameters;

/// A row of the load profile with the entries of the logbook that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The row of the load profile.
    pub entry: LoadProfileEntry,
    /// The entries of the logbook that were made in the row's interval; their `load_profile_index` is the row's.
    pub changes: Vec<LogbookEntry>,
}

/// Iterator over a household's rows, made by [`Household::records`].
#[derive(Debug, Clone)]
pub struct Records {
    site: &'static Parameters,
    load: Load,
    schedule: Schedule,
    events: BTreeMap<u32, Vec<Event>>,
    serial_number: SerialNumber,
    /// The index of the next row, while there is one.
    index: Option<u32>,
    /// The quarter hour of the last row, by the true time.
    quarter: i64,
    clock: Clock,
    /// How many rows are still to carry the status of a missing synchronisation.
    unsynchronized: u32,
    registers: Registers,
    wrapping: bool,
    settings: Settings,
    ct_change: Option<i64>,
    logbook_index: u32,
    logbook_depth: usize,
    logbook_left: usize,
}

impl Records {
    pub(crate) fn new(household: &Household) -> Self {
        let site = household.site.parameters();
        let schedule = Schedule::new(household.seed, household.quiet);
        let before = household.first_quarter().saturating_sub(1);
        let ct_change = schedule.ct_change();
        let ct_primary = if ct_change.is_some_and(|change| change <= before) { site.ct_later } else { site.ct[0] };
        Self {
            site,
            load: Load::new(household.seed, site),
            schedule,
            events: household.events.clone(),
            serial_number: household.serial_number,
            index: Some(household.first_index),
            quarter: before,
            clock: Clock { offset: 0, lost: None },
            unsynchronized: 0,
            registers: Registers::new(household.seed, &site.registers),
            wrapping: household.wrapping,
            settings: Settings { ct_primary, vt_primary: site.vt[0], pulse_value: site.pulse_value, pulse_width: 120 },
            ct_change: ct_change.filter(|change| *change > before),
            logbook_index: 1,
            logbook_depth: household.logbook_depth,
            logbook_left: household.logbook_depth,
        }
    }

    /// Returns the true time of the last row, which the meter's clock need not show.
    #[must_use]
    pub fn true_time(&self) -> DateTime<Utc> {
        time(self.quarter.saturating_mul(900))
    }

    /// Starts both logs' indices again at 1, as if the logs had been cleared.
    pub(crate) fn restart_indices(&mut self) {
        self.index = Some(1);
        self.logbook_index = 1;
        self.logbook_left = self.logbook_depth;
    }

    /// Applies what happens at the next row, moves on to its quarter hour, and returns its status.
    fn happenings(&mut self, index: u32, changes: &mut Changes) -> Status {
        let mut status = Status::empty();
        self.quarter = self.quarter.saturating_add(1);
        if self.clock.is_found(&mut changes.times) {
            status |= Status::TIME_CHANGED;
        }
        for event in self.events.get(&index).cloned().unwrap_or_default() {
            status |= self.apply(event, changes);
        }
        loop {
            let (day, of_day) = split_day(self.quarter);
            let Some(outage) = self.schedule.outage(day) else { break };
            if outage.end == of_day {
                status |= Status::POWER_FAILURE;
            }
            if !outage.contains(&of_day) {
                break;
            }
            self.quarter = self.quarter.saturating_add(1);
        }
        let (day, of_day) = split_day(self.quarter);
        if let Some((_, seconds)) = self.schedule.time_change(day).filter(|(quarter, _)| *quarter == of_day) {
            status |= self.apply(Event::TimeChange { seconds }, changes);
        }
        if self.ct_change.take_if(|change| *change <= self.quarter).is_some() {
            status |= self.apply(Event::CtPrimary(self.site.ct_later), changes);
        }
        let spell = self.schedule.no_synchronization(day).is_some_and(|spell| spell.contains(&of_day));
        if spell || self.unsynchronized > 0 || self.clock.lost.is_some() {
            status |= Status::NO_TIME_SYNCHRONIZATION;
        }
        self.unsynchronized = self.unsynchronized.saturating_sub(1);
        status
    }

    fn apply(&mut self, event: Event, changes: &mut Changes) -> Status {
        match event {
            Event::PowerFailure { quarters } => {
                self.quarter = self.quarter.saturating_add(i64::from(quarters));
                Status::POWER_FAILURE
            }
            Event::TimeChange { seconds } => {
                let quarters = changes.since_quarter().saturating_add(i64::from(seconds)).div_euclid(900);
                self.clock.step(quarters);
                changes.times.push(TimeSet::By { seconds: i64::from(seconds), quarters });
                Status::TIME_CHANGED
            }
            Event::ClockStep { quarters } => {
                let quarters = i64::from(quarters);
                self.clock.step(quarters);
                changes.times.push(TimeSet::By { seconds: quarters * 900, quarters });
                Status::TIME_CHANGED
            }
            Event::ClockLost { rows } => {
                self.clock.lost =
                    Some(Lost { since: self.quarter.saturating_sub(1), rows_left: rows.saturating_sub(1) });
                Status::POWER_FAILURE
            }
            Event::NoTimeSynchronization { rows } => {
                self.unsynchronized = rows;
                Status::empty()
            }
            Event::CtPrimary(value) => {
                changes.ct_primary = Some(core::mem::replace(&mut self.settings.ct_primary, value));
                Status::CT_RATIO_CHANGED
            }
            Event::VtPrimary(value) => {
                changes.vt_primary = Some(core::mem::replace(&mut self.settings.vt_primary, value));
                Status::VT_RATIO_CHANGED
            }
            Event::PulseValue(value) => {
                changes.pulse_value = Some(core::mem::replace(&mut self.settings.pulse_value, value));
                Status::PULSE_RATIO_CHANGED
            }
            Event::PulseWidth(value) => {
                changes.pulse_width = Some(core::mem::replace(&mut self.settings.pulse_width, value));
                Status::PULSE_LENGTH_CHANGED
            }
            Event::StatusBits(bits) => Status::from_bits_retain(bits),
        }
    }

    /// Makes the logbook's entries of one interval: one for each setting of the clock, one for all other settings.
    fn write_logbook(&mut self, index: u32, changes: &Changes) -> Vec<LogbookEntry> {
        let mut written = Vec::new();
        // By the clock as it stands when the entry is made.
        let end = self.clock.seconds(self.quarter);
        let mut now = end.saturating_sub(900 * (1 + changes.quarters())).saturating_add(ENTRY);
        for set in &changes.times {
            let before = match set {
                TimeSet::By { .. } => now,
                TimeSet::FromLost(since) => self.quarter.saturating_sub(*since).saturating_mul(900).saturating_sub(686),
            };
            if let TimeSet::By { seconds, .. } = set {
                now = now.saturating_add(*seconds);
            }
            written.extend(self.logbook_entry(index, before, Some(now), &Changes::default()));
            now = now.saturating_add(1);
        }
        if changes.has_settings() {
            written.extend(self.logbook_entry(index, now, None, changes));
        }
        written
    }

    fn logbook_entry(&mut self, index: u32, now: i64, after: Option<i64>, changes: &Changes) -> Option<LogbookEntry> {
        self.logbook_left = self.logbook_left.checked_sub(1)?;
        let number = self.logbook_index;
        self.logbook_index = self.logbook_index.saturating_add(1);
        let [import_t1, import_t2, export_t1, export_t2, ..] = self.registers.read(self.wrapping);
        Some(LogbookEntry {
            timestamp: time(now),
            timestamp_after: after.map(time),
            index: number,
            serial_number: self.serial_number,
            active_energy_import_l123_t1: WattHours(import_t1),
            active_energy_import_l123_t2: WattHours(import_t2),
            active_energy_export_l123_t1: WattHours(export_t1),
            active_energy_export_l123_t2: WattHours(export_t2),
            load_profile_index: index,
            ct_primary: self.settings.ct_primary,
            ct_primary_before: changes.ct_primary,
            ct_secondary: self.site.ct[1],
            ct_secondary_before: None,
            vt_primary: self.settings.vt_primary,
            vt_primary_before: changes.vt_primary,
            vt_secondary: self.site.vt[1],
            vt_secondary_before: None,
            s0_pulse_value: PulsesPerKilowattHour(self.settings.pulse_value),
            s0_pulse_value_before: changes.pulse_value.map(PulsesPerKilowattHour),
            s0_pulse_width: Milliseconds(self.settings.pulse_width),
            s0_pulse_width_before: changes.pulse_width.map(Milliseconds),
        })
    }
}

impl Iterator for Records {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let index = self.index?;
        self.index = index.checked_add(1);
        let mut happened = Changes::default();
        let mut status = self.happenings(index, &mut happened);
        // The logbook's registers are those before the interval, since a change is made at its beginning.
        let changes = self.write_logbook(index, &happened);
        if self.logbook_left == 0 {
            status |= Status::LOGBOOK_FULL;
        }

        let timestamp = self.clock.seconds(self.quarter);
        let demand = self.load.demand(self.quarter);
        let phases = Phases::new(&demand, self.site.signed_current);
        self.registers.count(tariff(timestamp), phases.active_power(), phases.reactive_power());
        let registers = self.registers.read(self.wrapping);
        let [l1, l2, l3] = phases.phases;
        let entry = LoadProfileEntry {
            timestamp: time(timestamp),
            index,
            status,
            serial_number: self.serial_number,
            active_energy_import_l123_t1: WattHours(registers[0]),
            active_energy_import_l123_t2: WattHours(registers[1]),
            active_energy_export_l123_t1: WattHours(registers[2]),
            active_energy_export_l123_t2: WattHours(registers[3]),
            reactive_energy_import_l123_t1: VarHours(registers[4]),
            reactive_energy_import_l123_t2: VarHours(registers[5]),
            reactive_energy_export_l123_t1: VarHours(registers[6]),
            reactive_energy_export_l123_t2: VarHours(registers[7]),
            active_power_l123: Watts(phases.active_power()),
            active_power_l1: l1.active_power,
            active_power_l2: l2.active_power,
            active_power_l3: l3.active_power,
            current_l123: phases.current(),
            current_l1: l1.current,
            current_l2: l2.current,
            current_l3: l3.current,
            current_n: phases.neutral_current(),
            voltage_l1_n: l1.voltage,
            voltage_l2_n: l2.voltage,
            voltage_l3_n: l3.voltage,
            power_factor_l1: l1.power_factor,
            power_factor_l2: l2.power_factor,
            power_factor_l3: l3.power_factor,
            frequency: DeciHertz(demand.frequency.round() as i16),
        };
        Some(Record { entry, changes })
    }
}

/// What the meter's clock shows.
#[derive(Debug, Clone)]
struct Clock {
    /// By how many quarter hours it is ahead.
    offset: i64,
    /// Set while it counts from 1970.
    lost: Option<Lost>,
}

#[derive(Debug, Clone)]
struct Lost {
    /// The quarter hour at which it started from 1970.
    since: i64,
    rows_left: u32,
}

impl Clock {
    /// What the clock shows at the end of a quarter hour, in Unix seconds.
    fn seconds(&self, quarter: i64) -> i64 {
        match &self.lost {
            Some(lost) => quarter.saturating_sub(lost.since).saturating_mul(900),
            None => quarter.saturating_add(self.offset).saturating_mul(900),
        }
    }

    /// Sets the clock by whole quarter hours.
    fn step(&mut self, quarters: i64) {
        match &mut self.lost {
            Some(lost) => lost.since = lost.since.saturating_sub(quarters),
            None => self.offset = self.offset.saturating_add(quarters),
        }
    }

    /// Counts the rows without a clock; returns true, and notes the setting, when it is set again.
    fn is_found(&mut self, times: &mut Vec<TimeSet>) -> bool {
        let Some(lost) = &mut self.lost else { return false };
        let since = lost.since;
        match lost.rows_left.checked_sub(1) {
            Some(left) => {
                lost.rows_left = left;
                false
            }
            None => {
                self.lost = None;
                times.push(TimeSet::FromLost(since));
                true
            }
        }
    }
}

/// What the logbook has to say of one interval: settings of the clock, and values before they were changed.
#[derive(Debug, Default)]
struct Changes {
    times: Vec<TimeSet>,
    ct_primary: Option<u32>,
    vt_primary: Option<u32>,
    pulse_value: Option<u32>,
    pulse_width: Option<u32>,
}

/// How many seconds into the interval the first entry of the logbook is made; each other one a second later.
const ENTRY: i64 = 214;

impl Changes {
    /// Returns by how many quarter hours the clock was set.
    fn quarters(&self) -> i64 {
        self.times.iter().map(|set| if let TimeSet::By { quarters, .. } = set { *quarters } else { 0 }).sum()
    }

    /// Returns how many seconds into an interval of the clock the next entry is made, from 0 to 900.
    fn since_quarter(&self) -> i64 {
        let set =
            |set: &TimeSet| if let TimeSet::By { seconds, quarters } = set { seconds - 900 * quarters } else { 0 };
        self.times.iter().map(set).sum::<i64>() + ENTRY + self.times.len() as i64
    }

    fn has_settings(&self) -> bool {
        [self.ct_primary, self.vt_primary, self.pulse_value, self.pulse_width].iter().any(Option::is_some)
    }
}

/// A setting of the clock.
#[derive(Debug, Clone, Copy)]
enum TimeSet {
    /// By so many seconds, which moves the row by so many quarter hours.
    By { seconds: i64, quarters: i64 },
    /// From 1970 to the right time; the clock was lost at this quarter hour.
    FromLost(i64),
}

#[derive(Debug, Clone)]
struct Settings {
    ct_primary: u32,
    vt_primary: u32,
    pulse_value: u32,
    pulse_width: u32,
}

/// The eight registers, in a quarter of a Wh or varh, so that W over a quarter hour add up without rounding.
#[derive(Debug, Clone)]
struct Registers([i64; 8]);

impl Registers {
    fn new(seed: u64, start: &[i64; 8]) -> Self {
        let mut lots = chance(seed, Purpose::Identity, 1);
        Self(start.map(|start| (start as f64 * between(&mut lots, 2.8, 5.2)) as i64))
    }

    /// Adds the power of a quarter hour to the registers of its tariff, 0 or 1.
    fn count(&mut self, tariff: usize, active: i32, reactive: i32) {
        for (import, power) in [(0, active), (4, reactive)] {
            let register = if power >= 0 { import } else { import + 2 };
            let register = &mut self.0[register + tariff];
            *register = register.saturating_add(i64::from(power.unsigned_abs()));
        }
    }

    /// Reads the registers in Wh and varh, cut to 32 bits if they wrap.
    fn read(&self, wrapping: bool) -> [i64; 8] {
        self.0.map(|quarters| if wrapping { (quarters / 4) & 0xffff_ffff } else { quarters / 4 })
    }
}

/// Returns 0 for tariff 1 and 1 for tariff 2, of the interval that ends at this time of the meter's clock.
fn tariff(timestamp: i64) -> usize {
    let (day, of_day) = split_day(timestamp.div_euclid(900));
    // The first of January 1970 was a Thursday.
    let weekday = day.saturating_add(3).rem_euclid(7);
    usize::from(weekday >= 5 || !(24..88).contains(&of_day))
}

/// Returns the time of these Unix seconds, within the years 1970 to 9999.
fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds.clamp(0, 253_402_300_799), 0).unwrap_or_default()
}
