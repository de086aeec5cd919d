//! Bodies and frames to be parsed, and what users would parse them with.
//!
//! All bodies are synthetic: a dozen simulated meters of different sites, 3000 rows each, since looping over one meter
//! flatters code that branches; and rows whose fields are of random length, which is the worst that can come.

pub mod bodies;
pub mod frames;
pub mod peers;

use emu_proto::{Entry, LoadProfileEntry};

/// A sum over all fields of an entry, by which the variants are seen to agree.
#[must_use]
pub fn checksum(entry: &LoadProfileEntry) -> u64 {
    let fields = [
        entry.timestamp().timestamp(),
        i64::from(entry.index),
        i64::from(entry.status.bits()),
        i64::from(entry.serial_number.get()),
        entry.active_energy_import_l123_t1.get(),
        entry.active_energy_import_l123_t2.get(),
        entry.active_energy_export_l123_t1.get(),
        entry.active_energy_export_l123_t2.get(),
        entry.reactive_energy_import_l123_t1.get(),
        entry.reactive_energy_import_l123_t2.get(),
        entry.reactive_energy_export_l123_t1.get(),
        entry.reactive_energy_export_l123_t2.get(),
        i64::from(entry.active_power_l123.get()),
        i64::from(entry.active_power_l1.get()),
        i64::from(entry.active_power_l2.get()),
        i64::from(entry.active_power_l3.get()),
        i64::from(entry.current_l123.get()),
        i64::from(entry.current_l1.get()),
        i64::from(entry.current_l2.get()),
        i64::from(entry.current_l3.get()),
        i64::from(entry.current_n.get()),
        i64::from(entry.voltage_l1_n.get()),
        i64::from(entry.voltage_l2_n.get()),
        i64::from(entry.voltage_l3_n.get()),
        i64::from(entry.power_factor_l1.get()),
        i64::from(entry.power_factor_l2.get()),
        i64::from(entry.power_factor_l3.get()),
        i64::from(entry.frequency.get()),
    ];
    fields.into_iter().fold(0, |sum: u64, field| sum.rotate_left(7).wrapping_mul(31).wrapping_add(field as u64))
}
