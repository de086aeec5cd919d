//! The bodies that are parsed.

use emu_proto::{
    DeciHertz, DeciVolts, Dialect, LoadProfileEntry, MilliAmperes, PowerFactor, SerialNumber, Status, VarHours,
    WattHours, Watts, write_header, write_row,
};
use emu_simulator::Household;

/// How many rows a body has: the most that one request yields.
pub const ROWS: usize = 3000;

/// The read-outs of a dozen different meters.
#[must_use]
pub fn dozen(dialect: &Dialect) -> Vec<Vec<u8>> {
    Household::dozen().map(|meter| body(dialect, meter.rows().take(ROWS))).collect()
}

/// A dozen read-outs whose integers have a random number of digits, with and without sign where the column has one.
#[must_use]
pub fn random_lengths() -> Vec<Vec<u8>> {
    let mut random = oorandom::Rand64::new(2021);
    (0..12).map(|_| body(&Dialect::KNOWN, (0..ROWS as u32).map(|index| random_entry(&mut random, index)))).collect()
}

fn body(dialect: &Dialect, rows: impl Iterator<Item = LoadProfileEntry>) -> Vec<u8> {
    let mut text = String::new();
    write_header::<LoadProfileEntry>(&mut text, dialect).expect("a string takes all");
    for row in rows {
        write_row(&mut text, dialect, &row).expect("a string takes all");
    }
    text.into_bytes()
}

fn random_entry(random: &mut oorandom::Rand64, index: u32) -> LoadProfileEntry {
    // From 1 to `most` digits, each number of digits as likely.
    let digits = |most: u64, random: &mut oorandom::Rand64| {
        let length = random.rand_range(1..most + 1) as u32;
        let least = if length == 1 { 0 } else { 10u64.pow(length - 1) };
        random.rand_range(least..10u64.pow(length)) as i64
    };
    let signed = |most: u64, random: &mut oorandom::Rand64| {
        let value = digits(most, random) as i32;
        if random.rand_range(0..2) == 0 { value } else { -value }
    };
    LoadProfileEntry {
        timestamp: Household::NEWEST + std::time::Duration::from_secs(900 * u64::from(index)),
        index: digits(9, random) as u32,
        status: Status::from_bits_retain(digits(3, random) as u32),
        serial_number: SerialNumber::new(12_345_678).expect("eight digits"),
        active_energy_import_l123_t1: WattHours(digits(12, random)),
        active_energy_import_l123_t2: WattHours(digits(12, random)),
        active_energy_export_l123_t1: WattHours(digits(12, random)),
        active_energy_export_l123_t2: WattHours(digits(12, random)),
        reactive_energy_import_l123_t1: VarHours(digits(12, random)),
        reactive_energy_import_l123_t2: VarHours(digits(12, random)),
        reactive_energy_export_l123_t1: VarHours(digits(12, random)),
        reactive_energy_export_l123_t2: VarHours(digits(12, random)),
        active_power_l123: Watts(signed(8, random)),
        active_power_l1: Watts(signed(8, random)),
        active_power_l2: Watts(signed(8, random)),
        active_power_l3: Watts(signed(8, random)),
        current_l123: MilliAmperes(signed(8, random)),
        current_l1: MilliAmperes(signed(8, random)),
        current_l2: MilliAmperes(signed(8, random)),
        current_l3: MilliAmperes(signed(8, random)),
        current_n: MilliAmperes(signed(8, random)),
        voltage_l1_n: DeciVolts(digits(6, random) as i32),
        voltage_l2_n: DeciVolts(digits(6, random) as i32),
        voltage_l3_n: DeciVolts(digits(6, random) as i32),
        power_factor_l1: PowerFactor(signed(2, random) as i8),
        power_factor_l2: PowerFactor(signed(2, random) as i8),
        power_factor_l3: PowerFactor(signed(2, random) as i8),
        frequency: DeciHertz(digits(4, random) as i16),
    }
}
