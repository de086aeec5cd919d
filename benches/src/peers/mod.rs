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

/// chrono's faster parser of such times.
fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// The lines of a body behind its header.
fn rows(body: &[u8]) -> &[u8] {
    let header = body.iter().position(|byte| *byte == b'\n').expect("a header line");
    &body[header + 1..]
}
