//! The fast way through a load-profile row in the known firmware's layout.
//!
//! A plain row has 28 cells in the manual's order, times with `Z`, integers without blanks or quotes. It is read here in
//! one pass, with every check (calendar, digits, ranges, delimiters, count of cells). Whatever is not plain, be it faulty
//! or merely unusual, is left to the careful reader in `row`, which says exactly what it is. Both give the same entry
//! for the same plain line; a property test holds them to it.
//!
//! The figures are in `benches/README.md`. On targets of less than 64 bits all this would cost flash and win nothing:
//! there, every row goes to the careful reader.

use crate::fields::{Fields, RowCache, WINDOW, power_factor};
use crate::header::PLAIN_UNIT;
use crate::load_profile::LoadProfileEntry;
use crate::status::Status;
use crate::units::{DeciHertz, DeciVolts, MilliAmperes, VarHours, WattHours, Watts};

/// How many bytes from the row's start on must be there, whatever stands behind its end.
pub(crate) const LINE: usize = LONGEST + WINDOW;

/// The last place at which a field may start; a longer row is not plain. All its bits are set, so that it is a mask.
const LONGEST: usize = 0xff;

/// Reads a plain row; see [`Cells::read_plain`](crate::entry::sealed::Cells::read_plain).
pub(crate) fn read_load_profile(
    input: &[u8],
    delimiter: u8,
    cache: &mut RowCache,
    entry: &mut LoadProfileEntry,
) -> Option<usize> {
    if cfg!(not(target_pointer_width = "64")) {
        return None;
    }
    let mut fields = Fields::<LINE> { line: input.first_chunk()?, at: 0, delimiter };
    entry.timestamp = fields.time(cache)?;
    entry.index = fields.unsigned()?;
    entry.status = Status::from_bits_retain(fields.unsigned()?);
    entry.serial_number = fields.serial_number(cache)?;
    entry.active_energy_import_l123_t1 = WattHours(fields.register()?);
    entry.active_energy_import_l123_t2 = WattHours(fields.register()?);
    entry.active_energy_export_l123_t1 = WattHours(fields.register()?);
    entry.active_energy_export_l123_t2 = WattHours(fields.register()?);
    entry.reactive_energy_import_l123_t1 = VarHours(fields.register()?);
    entry.reactive_energy_import_l123_t2 = VarHours(fields.register()?);
    entry.reactive_energy_export_l123_t1 = VarHours(fields.register()?);
    entry.reactive_energy_export_l123_t2 = VarHours(fields.register()?);
    entry.active_power_l123 = Watts(fields.signed()?);
    entry.active_power_l1 = Watts(fields.signed()?);
    entry.active_power_l2 = Watts(fields.signed()?);
    entry.active_power_l3 = Watts(fields.signed()?);
    entry.current_l123 = MilliAmperes(fields.signed()?);
    entry.current_l1 = MilliAmperes(fields.signed()?);
    entry.current_l2 = MilliAmperes(fields.signed()?);
    entry.current_l3 = MilliAmperes(fields.signed()?);
    entry.current_n = MilliAmperes(fields.signed()?);
    [entry.voltage_l1_n, entry.voltage_l2_n, entry.voltage_l3_n] = fields.voltages()?;
    entry.power_factor_l1 = fields.power_factor()?;
    entry.power_factor_l2 = fields.power_factor()?;
    entry.power_factor_l3 = fields.power_factor()?;
    entry.frequency = fields.frequency(cache.crlf)?;
    if fields.at > LONGEST { None } else { Some(fields.at) }
}

/// Reads one cell; see [`Cells::read_cell`](crate::entry::sealed::Cells::read_cell).
#[allow(clippy::inline_always, reason = "one function without calls: the benchmark pays for it")]
#[inline(always)]
pub(crate) fn read_load_profile_cell<const LINE: usize>(
    cell: u8,
    fields: &mut Fields<'_, LINE>,
    cache: &mut RowCache,
    entry: &mut LoadProfileEntry,
) -> Option<()> {
    match cell {
        1 => entry.index = fields.unsigned()?,
        2 => entry.status = Status::from_bits_retain(fields.unsigned()?),
        3 => entry.serial_number = fields.serial_number(cache)?,
        4 => entry.active_energy_import_l123_t1 = WattHours(fields.register()?),
        5 => entry.active_energy_import_l123_t2 = WattHours(fields.register()?),
        6 => entry.active_energy_export_l123_t1 = WattHours(fields.register()?),
        7 => entry.active_energy_export_l123_t2 = WattHours(fields.register()?),
        8 => entry.reactive_energy_import_l123_t1 = VarHours(fields.register()?),
        9 => entry.reactive_energy_import_l123_t2 = VarHours(fields.register()?),
        10 => entry.reactive_energy_export_l123_t1 = VarHours(fields.register()?),
        11 => entry.reactive_energy_export_l123_t2 = VarHours(fields.register()?),
        12 => entry.active_power_l123 = Watts(fields.signed()?),
        13 => entry.active_power_l1 = Watts(fields.signed()?),
        14 => entry.active_power_l2 = Watts(fields.signed()?),
        15 => entry.active_power_l3 = Watts(fields.signed()?),
        16 => entry.current_l123 = MilliAmperes(fields.signed()?),
        17 => entry.current_l1 = MilliAmperes(fields.signed()?),
        18 => entry.current_l2 = MilliAmperes(fields.signed()?),
        19 => entry.current_l3 = MilliAmperes(fields.signed()?),
        20 => entry.current_n = MilliAmperes(fields.signed()?),
        21 => entry.voltage_l1_n = DeciVolts(fields.signed()?),
        22 => entry.voltage_l2_n = DeciVolts(fields.signed()?),
        23 => entry.voltage_l3_n = DeciVolts(fields.signed()?),
        24 => entry.power_factor_l1 = fields.power_factor()?,
        25 => entry.power_factor_l2 = fields.power_factor()?,
        26 => entry.power_factor_l3 = fields.power_factor()?,
        27 => entry.frequency = DeciHertz(i16::try_from(fields.signed()?).ok()?),
        _ => match cell ^ PLAIN_UNIT {
            21 => entry.voltage_l1_n = DeciVolts(i32::try_from(fields.tenths()?).ok()?),
            22 => entry.voltage_l2_n = DeciVolts(i32::try_from(fields.tenths()?).ok()?),
            23 => entry.voltage_l3_n = DeciVolts(i32::try_from(fields.tenths()?).ok()?),
            24 => entry.power_factor_l1 = power_factor(fields.hundredths()?)?,
            25 => entry.power_factor_l2 = power_factor(fields.hundredths()?)?,
            26 => entry.power_factor_l3 = power_factor(fields.hundredths()?)?,
            27 => entry.frequency = DeciHertz(i16::try_from(fields.tenths()?).ok()?),
            _ => return None,
        },
    }
    Some(())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::entry::sealed::Cells as _;
    use std::string::String;
    use std::vec::Vec;

    const ROW: [&str; 28] = [
        "2021-05-20T10:30:00Z",
        "2",
        "2",
        "12345678",
        "0",
        "0",
        "0",
        "0",
        "0",
        "0",
        "0",
        "0",
        "2985",
        "2010",
        "992",
        "0",
        "12982",
        "8682",
        "4300",
        "0",
        "0",
        "2326",
        "2320",
        "2304",
        "99",
        "99",
        "0",
        "500",
    ];

    /// Whether the fast reader takes the row with some cells replaced.
    fn takes(replaced: &[(usize, &str)]) -> bool {
        let mut cells: Vec<&str> = ROW.to_vec();
        for (number, cell) in replaced {
            cells[*number] = cell;
        }
        let mut line: String = cells.join(";");
        line.push('\n');
        let length = line.len();
        line.push_str(&"x".repeat(LINE));
        let (mut entry, mut cache) = (LoadProfileEntry::EMPTY, RowCache::NEW);
        read_load_profile(line.as_bytes(), b';', &mut cache, &mut entry) == Some(length)
    }

    /// Fields of every length go the fast way, whatever length their neighbours have: a later delimiter may stand where
    /// one of the first is looked for.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn every_length_goes_the_fast_way() {
        let most = |number: usize| match number {
            24..27 => 2,
            4..12 => 15,
            _ => 9,
        };
        for number in (1..27).filter(|number| ![3, 23].contains(number)) {
            for (length, next) in (1..=most(number)).flat_map(|length| (1..=6).map(move |next| (length, next))) {
                let digits = &"123456789123456"[..length];
                let neighbour = if number == 2 { ROW[3] } else { &"987654"[..next.min(most(number + 1))] };
                let after = if number < 25 && number != 1 { "7" } else { ROW[number + 2 - usize::from(number > 25)] };
                let cells = [(number, digits), (number + 1, neighbour), (27.min(number + 2), after)];
                let cells = if number >= 26 {
                    &cells[..1]
                } else if number == 1 || number == 25 {
                    &cells[..2]
                } else {
                    &cells[..]
                };
                assert!(takes(cells), "{cells:?}");
                if number >= 12 {
                    let negative = std::format!("-{digits}");
                    let mut cells = cells.to_vec();
                    cells[0].1 = &negative;
                    assert!(takes(&cells), "{cells:?}");
                }
            }
        }
        for frequency in ["5", "50", "500", "5000"] {
            assert!(takes(&[(27, frequency)]), "{frequency}");
        }
    }
}
