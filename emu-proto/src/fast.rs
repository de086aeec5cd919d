//! The fast way through a load-profile row in the known firmware's layout.
//!
//! A plain row has 28 cells in the manual's order, times with `Z`, integers without blanks or quotes. It is read here in
//! one pass, with every check (calendar, digits, ranges, delimiters, count of cells). Whatever is not plain, be it faulty
//! or merely unusual, is left to the careful reader in `row`, which says exactly what it is. Both give the same entry
//! for the same plain line; a property test holds them to it.
//!
//! Fields average four characters, so that the number of instructions decides. The length of a field is found by
//! branches, which a processor's predictor runs ahead of, and its digits are then added all at once in a register. The
//! figures are in `benches/README.md`. On targets of less than 64 bits all this would cost flash and win nothing:
//! there, every row goes to the careful reader.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "operands are bounded: `at` by LINE, digits by the checks before them; checked forms cost 8 % here"
)]
#![allow(clippy::inline_always, reason = "one function without calls: the benchmark pays for it")]

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::digits::{digit, digits2, digits4, digits8, four, fours, leading_digits, value8};
use crate::load_profile::LoadProfileEntry;
use crate::serial::SerialNumber;
use crate::status::Status;
use crate::units::{DeciHertz, DeciVolts, MilliAmperes, PowerFactor, VarHours, WattHours, Watts};

/// How many bytes from the row's start on must be there, whatever stands behind its end.
pub(crate) const LINE: usize = LONGEST + WINDOW;

/// How many bytes of a field are looked at. A longer field is not plain.
const WINDOW: usize = 17;

/// The last place at which a field may start; a longer row is not plain. All its bits are set, so that it is a mask.
const LONGEST: usize = 0xff;

/// What neighbouring rows share: the line end, the day and the serial number, the two with their texts.
#[derive(Debug, Clone, Copy)]
pub struct RowCache {
    /// Whether a line end of two bytes has been met and told: until then, it is not plain.
    pub(crate) crlf: bool,
    date_text: [u8; 10],
    date: NaiveDate,
    serial_text: [u8; 8],
    serial_number: SerialNumber,
}

impl RowCache {
    /// A text and its value, as in any other state.
    pub(crate) const NEW: Self = Self {
        crlf: false,
        date_text: *b"1970-01-01",
        date: DateTime::<Utc>::UNIX_EPOCH.naive_utc().date(),
        serial_text: *b"00000000",
        serial_number: SerialNumber::ZERO,
    };
}

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
    let mut cells = Cells { line: input.first_chunk()?, at: 0, delimiter };
    entry.timestamp = cells.time(cache)?;
    entry.index = cells.unsigned()?;
    entry.status = Status::from_bits_retain(cells.unsigned()?);
    entry.serial_number = cells.serial_number(cache)?;
    entry.active_energy_import_l123_t1 = WattHours(cells.register()?);
    entry.active_energy_import_l123_t2 = WattHours(cells.register()?);
    entry.active_energy_export_l123_t1 = WattHours(cells.register()?);
    entry.active_energy_export_l123_t2 = WattHours(cells.register()?);
    entry.reactive_energy_import_l123_t1 = VarHours(cells.register()?);
    entry.reactive_energy_import_l123_t2 = VarHours(cells.register()?);
    entry.reactive_energy_export_l123_t1 = VarHours(cells.register()?);
    entry.reactive_energy_export_l123_t2 = VarHours(cells.register()?);
    entry.active_power_l123 = Watts(cells.signed()?);
    entry.active_power_l1 = Watts(cells.signed()?);
    entry.active_power_l2 = Watts(cells.signed()?);
    entry.active_power_l3 = Watts(cells.signed()?);
    entry.current_l123 = MilliAmperes(cells.signed()?);
    entry.current_l1 = MilliAmperes(cells.signed()?);
    entry.current_l2 = MilliAmperes(cells.signed()?);
    entry.current_l3 = MilliAmperes(cells.signed()?);
    entry.current_n = MilliAmperes(cells.signed()?);
    [entry.voltage_l1_n, entry.voltage_l2_n, entry.voltage_l3_n] = cells.voltages()?;
    entry.power_factor_l1 = cells.power_factor()?;
    entry.power_factor_l2 = cells.power_factor()?;
    entry.power_factor_l3 = cells.power_factor()?;
    entry.frequency = cells.frequency(cache.crlf)?;
    if cells.at > LONGEST { None } else { Some(cells.at) }
}

/// A row and the place that was reached in it.
struct Cells<'a> {
    line: &'a [u8; LINE],
    at: usize,
    delimiter: u8,
}

impl<'a> Cells<'a> {
    /// What stands at the place that was reached. Past [`LONGEST`] it is something else, but so is then the end.
    #[inline(always)]
    fn window(&self) -> Option<&'a [u8; WINDOW]> {
        self.line.get(self.at & LONGEST..)?.first_chunk()
    }

    #[inline(always)]
    fn time(&mut self, cache: &mut RowCache) -> Option<DateTime<Utc>> {
        let date = self.line.first_chunk::<10>()?;
        let [b'T', time @ .., b'Z', delimiter] = self.line.get(10..)?.first_chunk::<11>()? else { return None };
        if *delimiter != self.delimiter {
            return None;
        }
        if *date != cache.date_text {
            cache.date = read_date(date)?;
            cache.date_text = *date;
        }
        self.at = 21;
        Some(cache.date.and_time(read_time_of_day(time)?).and_utc())
    }

    #[inline(always)]
    fn serial_number(&mut self, cache: &mut RowCache) -> Option<SerialNumber> {
        let window = self.window()?;
        let text = window.first_chunk::<8>()?;
        if window[8] != self.delimiter {
            return None;
        }
        if *text != cache.serial_text {
            cache.serial_number = SerialNumber::new(digits8(u64::from_le_bytes(*text), 0)?)?;
            cache.serial_text = *text;
        }
        self.at += 9;
        Some(cache.serial_number)
    }

    /// A field of mostly one to six digits. `None` for any other, for which `uncommon` is to be asked.
    #[inline(always)]
    fn short(&mut self) -> Option<u32> {
        let w = self.window()?;
        let d = self.delimiter;
        let (value, length) = if w[1] == d {
            (digit(w[0])?, 2)
        } else if w[2] == d {
            (digits2(u16::from_le_bytes(*w.first_chunk()?))?, 3)
        } else if w[3] == d {
            (digits4((u32::from_le_bytes(*w.first_chunk()?) << 8) | 0x30)?, 4)
        } else if w[4] == d {
            (digits4(u32::from_le_bytes(*w.first_chunk()?))?, 5)
        } else if w[5] == d {
            (digits4(u32::from_le_bytes(*w.first_chunk()?))? * 10 + digit(w[4])?, 6)
        } else if w[6] == d {
            let tail = u16::from_le_bytes(*w.get(4..)?.first_chunk()?);
            (digits4(u32::from_le_bytes(*w.first_chunk()?))? * 100 + digits2(tail)?, 7)
        } else {
            return None;
        };
        self.at += length;
        Some(value)
    }

    /// A field of one digit, or of mostly four to ten. `None` for any other, for which `uncommon` is to be asked.
    #[inline(always)]
    fn long(&mut self) -> Option<i64> {
        let w = self.window()?;
        let d = self.delimiter;
        if w[1] == d {
            let value = digit(w[0])?;
            self.at += 2;
            return Some(i64::from(value));
        }
        // A delimiter that belongs to a later field is no digit, so that a length which is wrongly found long is refused.
        let (length, shift) = if w[7] == d {
            (8, 8)
        } else if w[6] == d {
            (7, 16)
        } else if w[8] == d {
            (9, 0)
        } else if w[5] == d {
            (6, 24)
        } else if w[4] == d {
            (5, 32)
        } else if w[10] == d {
            let (head, tail) = w.split_first_chunk::<8>()?;
            let high = i64::from(digits8(u64::from_le_bytes(*head), 0)?);
            let low = i64::from(digits2(u16::from_le_bytes(*tail.first_chunk()?))?);
            self.at += 11;
            return Some(high * 100 + low);
        } else if w[9] == d {
            let high = i64::from(digits8(u64::from_le_bytes(*w.first_chunk()?), 0)?);
            let low = i64::from(digit(w[8])?);
            self.at += 10;
            return Some(high * 10 + low);
        } else {
            return None;
        };
        let value = digits8(u64::from_le_bytes(*w.first_chunk()?), shift)?;
        self.at += length;
        Some(i64::from(value))
    }

    #[inline(always)]
    fn unsigned(&mut self) -> Option<u32> {
        if let Some(value) = self.short() {
            return Some(value);
        }
        u32::try_from(self.uncommon()?).ok()
    }

    #[inline(always)]
    fn register(&mut self) -> Option<i64> {
        if let Some(value) = self.long() {
            return Some(value);
        }
        // A negative energy is a deviation, which the careful reader reports.
        self.uncommon().filter(|value| *value >= 0)
    }

    #[inline(always)]
    fn signed(&mut self) -> Option<i32> {
        if let Some(value) = self.short() {
            return Some(value as i32);
        }
        i32::try_from(self.uncommon()?).ok()
    }

    /// A field with a sign or of a length that is not looked for first.
    #[inline(always)]
    fn uncommon(&mut self) -> Option<i64> {
        let (value, at) = uncommon(self.line, self.at, self.delimiter);
        self.at = at;
        if at == 0 { None } else { Some(value) }
    }

    /// A field of up to 15 digits.
    #[inline(always)]
    fn any_length(&mut self) -> Option<i64> {
        let w = self.window()?;
        let head = u64::from_le_bytes(*w.first_chunk()?);
        let length = leading_digits(head);
        let (value, length) = if length < 8 {
            (i64::from(value8(head, length)), length)
        } else {
            let tail = u64::from_le_bytes(*w.get(8..)?.first_chunk()?);
            let more = leading_digits(tail);
            (i64::from(value8(head, 8)) * *POWERS.get(more)? + i64::from(value8(tail, more)), 8 + more)
        };
        if length == 0 || *w.get(length)? != self.delimiter {
            return None;
        }
        self.at += length + 1;
        Some(value)
    }

    /// Three voltages, which have four digits each almost everywhere: they are taken as one pattern.
    #[inline(always)]
    fn voltages(&mut self) -> Option<[DeciVolts; 3]> {
        let w = self.window()?;
        let d = u64::from(self.delimiter);
        // Digits become 0 to 9 and delimiters 0; adding then carries every other byte into its highest bit.
        let head = u64::from_le_bytes(*w.first_chunk()?) ^ (0x3030_3000_3030_3030 | (d << 32));
        let tail = u64::from_le_bytes(*w.get(8..)?.first_chunk()?) ^ (0x0000_3030_3030_0030 | (d << 8) | (d << 48));
        let faults = (head.wrapping_add(0x7676_767f_7676_7676) | head)
            | ((tail.wrapping_add(0x007f_7676_7676_7f76) | tail) & 0x00ff_ffff_ffff_ffff);
        if faults & 0x8080_8080_8080_8080 != 0 {
            return Some([DeciVolts(self.signed()?), DeciVolts(self.signed()?), DeciVolts(self.signed()?)]);
        }
        self.at += 15;
        let outer = fours((head & 0xffff_ffff) | ((tail << 16) & 0xffff_ffff_0000_0000));
        let middle = four((head >> 40) as u32 | ((tail as u32) << 24));
        Some([DeciVolts(outer as u32 as i32), DeciVolts(middle as i32), DeciVolts((outer >> 32) as i32)])
    }

    #[inline(always)]
    fn power_factor(&mut self) -> Option<PowerFactor> {
        match self.signed()? {
            value @ -100..=100 => Some(PowerFactor(value as i8)),
            _ => None,
        }
    }

    /// The last field, of up to four digits, and the line end.
    #[inline(always)]
    fn frequency(&mut self, crlf: bool) -> Option<DeciHertz> {
        let w = self.window()?;
        let digits = match w {
            [_, _, _, b'\n' | b'\r', ..] => 3,
            [_, b'\n' | b'\r', ..] => 1,
            [_, _, b'\n' | b'\r', ..] => 2,
            _ => 4,
        };
        let value = digits8(u64::from_le_bytes(*w.first_chunk()?), 64 - 8 * digits as u32)?;
        self.at += match w.get(digits..)? {
            [b'\n', ..] => digits + 1,
            [b'\r', b'\n', ..] if crlf => digits + 2,
            _ => return None,
        };
        Some(DeciHertz(value as i16))
    }
}

/// A field with a sign or of any length up to 15 digits, and the place behind its delimiter; 0 if there is none: two
/// numbers come back in registers, which an `Option` of them does not.
#[inline(never)]
fn uncommon(line: &[u8; LINE], at: usize, delimiter: u8) -> (i64, usize) {
    let mut cells = Cells { line, at, delimiter };
    let value = if line.get(at & LONGEST) == Some(&b'-') {
        cells.at += 1;
        match cells.short() {
            Some(value) => Some(-i64::from(value)),
            None => cells.any_length().map(|value| -value),
        }
    } else {
        cells.any_length()
    };
    value.map_or((0, 0), |value| (value, cells.at))
}

/// Powers of ten by exponent.
const POWERS: [i64; 8] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];

#[cold]
fn read_date(text: &[u8; 10]) -> Option<NaiveDate> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text else { return None };
    let year = digits4(u32::from_le_bytes([y0, y1, y2, y3]))?;
    let month = digits2(u16::from_le_bytes([m0, m1]))?;
    let day = digits2(u16::from_le_bytes([d0, d1]))?;
    // A time before 1970 is outside of the column's range.
    if year < 1970 {
        return None;
    }
    NaiveDate::from_ymd_opt(year as i32, month, day)
}

/// Reads `hh:mm:ss`.
#[inline(always)]
fn read_time_of_day(text: &[u8; 8]) -> Option<NaiveTime> {
    let digits = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*b"00:00:00");
    // Each byte is carried into its highest bit unless it is at most 2, 9, a colon, 5, 9, a colon, 5, 9.
    if (digits.wrapping_add(0x767a_7f76_7a7f_767d) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10 * 0x100 + 1) >> 8;
    let (hours, minutes, seconds) = (pairs as u8, (pairs >> 24) as u8, (pairs >> 48) as u8);
    let seconds = u32::from(hours) * 3600 + u32::from(minutes) * 60 + u32::from(seconds);
    // Refuses hours from 24 on.
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0)
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
