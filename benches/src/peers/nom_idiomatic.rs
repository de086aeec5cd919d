//! nom as its documentation shows it: recognise digits, then let the standard library parse them.

use core::str::FromStr;

use chrono::{DateTime, Utc};
use emu_proto::{
    DeciHertz, DeciVolts, LoadProfileEntry, MilliAmperes, PowerFactor, SerialNumber, Status, VarHours, WattHours, Watts,
};
use nom::bytes::complete::take;
use nom::character::complete::{char, digit1, line_ending};
use nom::combinator::{map_opt, map_res, opt, recognize};
use nom::sequence::{pair, terminated};
use nom::{IResult, Parser};

/// Reads a body.
pub fn read(body: &[u8], sink: &mut (impl FnMut(&LoadProfileEntry) + ?Sized)) {
    let mut rest = core::str::from_utf8(super::rows(body)).expect("text");
    while !rest.is_empty() {
        let (behind, entry) = terminated(row, line_ending).parse(rest).expect("a good row");
        sink(&entry);
        rest = behind;
    }
}

fn integer<T: FromStr>(input: &str) -> IResult<&str, T> {
    map_res(recognize(pair(opt(char('-')), digit1)), str::parse).parse(input)
}

fn cell<T: FromStr>(input: &str) -> IResult<&str, T> {
    terminated(integer, char(';')).parse(input)
}

fn timestamp(input: &str) -> IResult<&str, DateTime<Utc>> {
    terminated(map_opt(take(20usize), super::time), char(';')).parse(input)
}

fn row(input: &str) -> IResult<&str, LoadProfileEntry> {
    let (input, (timestamp, index, status)) = (timestamp, cell, cell).parse(input)?;
    let (input, serial_number) = map_opt(cell, SerialNumber::new).parse(input)?;
    let (input, active) = (cell, cell, cell, cell).parse(input)?;
    let (input, reactive) = (cell, cell, cell, cell).parse(input)?;
    let (input, power) = (cell, cell, cell, cell).parse(input)?;
    let (input, current) = (cell, cell, cell, cell, cell).parse(input)?;
    let (input, voltage) = (cell, cell, cell).parse(input)?;
    let (input, power_factor) = (cell, cell, cell).parse(input)?;
    let (input, frequency) = integer.parse(input)?;
    let entry = LoadProfileEntry {
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
    };
    Ok((input, entry))
}
