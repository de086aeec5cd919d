//! Fields of a row, each read in one pass with every check: digits, length, delimiter, range.
//!
//! Fields average four characters, so that the number of instructions decides. The length of a field is found by
//! branches, which a processor's predictor runs ahead of, and its digits are then added all at once in a register. A
//! field that is not as expected is `None`; the place is then anywhere.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "operands are bounded: `at` by LINE, digits by the checks before them"
)]
#![allow(clippy::inline_always, reason = "a row's fields in one function without calls: the benchmark pays for it")]

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::calendar::{Civil, time_of};
use crate::digits::{POWERS, digit, digits2, digits4, digits8, four, fours, leading_digits, others, value8};
use crate::serial::SerialNumber;
use crate::units::{DeciHertz, DeciVolts, PowerFactor};

/// How many bytes of a field are looked at. A longer field is not plain.
pub(crate) const WINDOW: usize = 17;

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

    /// Reads `yyyy-mm-dd`.
    #[inline(always)]
    pub(crate) fn date(&mut self, text: &[u8; 10]) -> Option<NaiveDate> {
        if *text != self.date_text {
            self.date = read_date(text)?;
            self.date_text = *text;
        }
        Some(self.date)
    }
}

/// A row, with a window's bytes behind it, and the place that was reached in it.
#[derive(Debug)]
pub struct Fields<'a, const LINE: usize> {
    pub(crate) line: &'a [u8; LINE],
    pub(crate) at: usize,
    /// What ends a field.
    pub(crate) delimiter: u8,
}

impl<'a, const LINE: usize> Fields<'a, LINE> {
    /// The last place at which a field may start. All its bits must be set, so that it is a mask.
    const LONGEST: usize = LINE - WINDOW;

    /// What stands at the place that was reached. Past the last place it is something else, but so is then the end.
    #[inline(always)]
    fn window(&self) -> Option<&'a [u8; WINDOW]> {
        self.line.get(self.at & Self::LONGEST..)?.first_chunk()
    }

    #[inline(always)]
    pub(crate) fn time(&mut self, cache: &mut RowCache) -> Option<DateTime<Utc>> {
        let date = self.line.first_chunk::<10>()?;
        let [b'T', time @ .., b'Z', delimiter] = self.line.get(10..)?.first_chunk::<11>()? else { return None };
        if *delimiter != self.delimiter {
            return None;
        }
        let date = cache.date(date)?;
        self.at = 21;
        Some(date.and_time(read_time_of_day(time)?).and_utc())
    }

    #[inline(always)]
    pub(crate) fn serial_number(&mut self, cache: &mut RowCache) -> Option<SerialNumber> {
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
    pub(crate) fn unsigned(&mut self) -> Option<u32> {
        if let Some(value) = self.short() {
            return Some(value);
        }
        u32::try_from(self.uncommon()?).ok()
    }

    #[inline(always)]
    pub(crate) fn register(&mut self) -> Option<i64> {
        if let Some(value) = self.long() {
            return Some(value);
        }
        // An energy with a sign is a deviation, which the careful reader reports.
        if self.window()?[0] == b'-' { None } else { self.uncommon() }
    }

    #[inline(always)]
    pub(crate) fn signed(&mut self) -> Option<i32> {
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

    /// Up to seven bytes with a point in front of the last digits.
    #[inline(always)]
    fn magnitude(&mut self, decimals: usize) -> Option<u32> {
        let w = self.window()?;
        let text = u64::from_le_bytes(*w.first_chunk()?);
        let others = others(text);
        // A point carries nothing into the next byte, so that the second mark is right, too.
        let behind = others & others.wrapping_sub(1);
        let [point, end] = [others, behind].map(|others| others.trailing_zeros() as usize / 8);
        if *w.get(point)? != b'.' || *w.get(end)? != self.delimiter || point == 0 || end - point != decimals + 1 {
            return None;
        }
        let before = ((others ^ behind) >> 7).wrapping_sub(1);
        self.at += end + 1;
        Some(value8((text & before) | ((text >> 8) & !before), end - 1))
    }

    /// A field with one decimal; returns the number without its point.
    #[inline(always)]
    pub(crate) fn tenths(&mut self) -> Option<i64> {
        let w = self.window()?;
        if w[3] != b'.' || w[5] != self.delimiter {
            return self.decimals(1);
        }
        self.at += 6;
        let whole = u32::from_le_bytes(*w.first_chunk()?) & 0x00ff_ffff;
        digits4(whole | (u32::from(w[4]) << 24)).map(i64::from)
    }

    /// A field with two decimals; returns the number without its point.
    #[inline(always)]
    pub(crate) fn hundredths(&mut self) -> Option<i64> {
        let w = self.window()?;
        if w[1] != b'.' || w[4] != self.delimiter {
            return self.decimals(2);
        }
        self.at += 5;
        let text = u32::from_le_bytes(*w.first_chunk()?);
        digits4((text & 0xffff_0000) | ((text << 8) & 0xff00) | 0x30).map(i64::from)
    }

    #[inline(always)]
    fn decimals(&mut self, count: usize) -> Option<i64> {
        let (value, at) = decimal(self.line, self.at, self.delimiter, count);
        self.at = at;
        if at == 0 { None } else { Some(value) }
    }

    /// Three voltages, which have four digits each almost everywhere: they are taken as one pattern.
    #[inline(always)]
    pub(crate) fn voltages(&mut self) -> Option<[DeciVolts; 3]> {
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
    pub(crate) fn power_factor(&mut self) -> Option<PowerFactor> {
        power_factor(i64::from(self.signed()?))
    }

    /// The last field, of up to four digits, and the line end.
    #[inline(always)]
    pub(crate) fn frequency(&mut self, crlf: bool) -> Option<DeciHertz> {
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
fn uncommon<const LINE: usize>(line: &[u8; LINE], at: usize, delimiter: u8) -> (i64, usize) {
    let mut fields = Fields { line, at, delimiter };
    let value = if line.get(at & Fields::<LINE>::LONGEST) == Some(&b'-') {
        fields.at += 1;
        match fields.short() {
            Some(value) => Some(-i64::from(value)),
            None => fields.any_length().map(|value| -value),
        }
    } else {
        fields.any_length()
    };
    value.map_or((0, 0), |value| (value, fields.at))
}

/// A field of two to six digits with a point in front of the last ones, as [`uncommon`].
#[inline(never)]
fn decimal<const LINE: usize>(line: &[u8; LINE], at: usize, delimiter: u8, decimals: usize) -> (i64, usize) {
    let mut fields = Fields { line, at, delimiter };
    let is_negative = line.get(at & Fields::<LINE>::LONGEST) == Some(&b'-');
    if is_negative {
        fields.at += 1;
    }
    match fields.magnitude(decimals) {
        Some(value) => (if is_negative { -i64::from(value) } else { i64::from(value) }, fields.at),
        None => (0, 0),
    }
}

/// A power factor, if it is in its range.
#[inline(always)]
pub(crate) fn power_factor(value: i64) -> Option<PowerFactor> {
    if (-100..=100).contains(&value) { Some(PowerFactor(value as i8)) } else { None }
}

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
    let midnight = Civil { year, month, day, second: 0 }.seconds()?;
    Some(time_of(midnight)?.date_naive())
}

/// Reads `hh:mm:ss`.
#[inline(always)]
pub(crate) fn read_time_of_day(text: &[u8; 8]) -> Option<NaiveTime> {
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
