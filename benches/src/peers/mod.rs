//! What users would parse a read-out with. Each reads a whole body in the known firmware's dialect into typed entries
//! and hands every entry to `sink`; each panics on a fault, for there is none.

mod csv_core_fields;
mod csv_records;
mod csv_serde;
mod nom_idiomatic;
mod nom_tuned;
mod simd_csv_fields;

pub use csv_core_fields::read as csv_core;
pub use csv_records::read as csv_records;
pub use csv_serde::read as csv_serde;
pub use nom_idiomatic::read as nom_idiomatic;
pub use nom_tuned::read as nom_tuned;
pub use simd_csv_fields::read as simd_csv;

use chrono::{DateTime, Utc};
use emu_proto::{
    DeciHertz, DeciVolts, LoadProfileEntry, MilliAmperes, PowerFactor, SerialNumber, Status, VarHours, WattHours, Watts,
};

/// An entry of cells that are found by position and parsed by the standard library, the time by chrono.
fn entry_of_cells<'a>(mut cells: impl Iterator<Item = &'a [u8]>) -> Option<LoadProfileEntry> {
    let mut text = || core::str::from_utf8(cells.next()?).ok();
    let entry = LoadProfileEntry {
        timestamp: time(text()?)?,
        index: text()?.parse().ok()?,
        status: Status::from_bits_retain(text()?.parse().ok()?),
        serial_number: SerialNumber::new(text()?.parse().ok()?)?,
        active_energy_import_l123_t1: WattHours(text()?.parse().ok()?),
        active_energy_import_l123_t2: WattHours(text()?.parse().ok()?),
        active_energy_export_l123_t1: WattHours(text()?.parse().ok()?),
        active_energy_export_l123_t2: WattHours(text()?.parse().ok()?),
        reactive_energy_import_l123_t1: VarHours(text()?.parse().ok()?),
        reactive_energy_import_l123_t2: VarHours(text()?.parse().ok()?),
        reactive_energy_export_l123_t1: VarHours(text()?.parse().ok()?),
        reactive_energy_export_l123_t2: VarHours(text()?.parse().ok()?),
        active_power_l123: Watts(text()?.parse().ok()?),
        active_power_l1: Watts(text()?.parse().ok()?),
        active_power_l2: Watts(text()?.parse().ok()?),
        active_power_l3: Watts(text()?.parse().ok()?),
        current_l123: MilliAmperes(text()?.parse().ok()?),
        current_l1: MilliAmperes(text()?.parse().ok()?),
        current_l2: MilliAmperes(text()?.parse().ok()?),
        current_l3: MilliAmperes(text()?.parse().ok()?),
        current_n: MilliAmperes(text()?.parse().ok()?),
        voltage_l1_n: DeciVolts(text()?.parse().ok()?),
        voltage_l2_n: DeciVolts(text()?.parse().ok()?),
        voltage_l3_n: DeciVolts(text()?.parse().ok()?),
        power_factor_l1: PowerFactor(text()?.parse().ok()?),
        power_factor_l2: PowerFactor(text()?.parse().ok()?),
        power_factor_l3: PowerFactor(text()?.parse().ok()?),
        frequency: DeciHertz(text()?.parse().ok()?),
    };
    cells.next().is_none().then_some(entry)
}

/// Four of a kind, as nom yields them.
type Four<T> = (T, T, T, T);

/// An entry of the numbers that a nom parser has found.
#[inline(always)]
#[expect(clippy::inline_always, reason = "not what is to be measured")]
fn entry_of_columns(
    (timestamp, index, status, serial_number): (DateTime<Utc>, u32, u32, SerialNumber),
    (active, reactive): (Four<i64>, Four<i64>),
    power: Four<i32>,
    current: (i32, i32, i32, i32, i32),
    (voltage, power_factor, frequency): ((i32, i32, i32), (i8, i8, i8), i16),
) -> LoadProfileEntry {
    LoadProfileEntry {
        timestamp,
        index,
        status: Status::from_bits_retain(status),
        serial_number,
        active_energy_import_l123_t1: WattHours(active.0),
        active_energy_import_l123_t2: WattHours(active.1),
        active_energy_export_l123_t1: WattHours(active.2),
        active_energy_export_l123_t2: WattHours(active.3),
        reactive_energy_import_l123_t1: VarHours(reactive.0),
        reactive_energy_import_l123_t2: VarHours(reactive.1),
        reactive_energy_export_l123_t1: VarHours(reactive.2),
        reactive_energy_export_l123_t2: VarHours(reactive.3),
        active_power_l123: Watts(power.0),
        active_power_l1: Watts(power.1),
        active_power_l2: Watts(power.2),
        active_power_l3: Watts(power.3),
        current_l123: MilliAmperes(current.0),
        current_l1: MilliAmperes(current.1),
        current_l2: MilliAmperes(current.2),
        current_l3: MilliAmperes(current.3),
        current_n: MilliAmperes(current.4),
        voltage_l1_n: DeciVolts(voltage.0),
        voltage_l2_n: DeciVolts(voltage.1),
        voltage_l3_n: DeciVolts(voltage.2),
        power_factor_l1: PowerFactor(power_factor.0),
        power_factor_l2: PowerFactor(power_factor.1),
        power_factor_l3: PowerFactor(power_factor.2),
        frequency: DeciHertz(frequency),
    }
}

/// chrono's faster parser of such times.
fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// The lines of a body behind its header.
fn rows(body: &[u8]) -> &[u8] {
    let header = body.iter().position(|byte| *byte == b'\n').expect("a header line");
    &body[header + 1..]
}
