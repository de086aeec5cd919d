//! The quick way through a row whose layout is known: columns in any order, quotes, decimals, every form of time.
//!
//! It is a middle between `fast`, which reads the known firmware's layout and nothing else, and `row`, which says exactly
//! what is wrong: one loop over the layout's columns, which reads digits in a register. A row is taken if it is good and
//! deviates only in what was met and told before. Whatever else comes, be it faulty or merely the first of its kind, is
//! left to the careful reader. Both give the same entry for the same line; a property test holds them to it.
//!
//! As `fast`, it is not there on targets of less than 64 bits.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "operands are bounded: `at` by LINE and the count of cells, digits and times by the checks before them"
)]
#![allow(clippy::inline_always, reason = "one function without calls: the benchmark pays for it")]

use chrono::{DateTime, NaiveTime, Timelike, Utc};

use crate::calendar::time_of;
use crate::columns::Quantity;
use crate::dialect::Deviations;
use crate::digits::{POWERS, digits2, leading_digits, others, value_before, value8};
use crate::entry::Entry;
use crate::fields::{Fields, RowCache, WINDOW, read_time_of_day};
use crate::header::{Layout, Scaled};

/// How many bytes from the row's start on must be there, whatever stands behind its end.
pub(crate) const LINE: usize = LONGEST + WINDOW;

/// How many bytes a time with an offset has.
const LONGEST_TIME: usize = 25;

/// The last place at which a cell may start; a longer row is not read here. All its bits are set, so that it is a mask.
const LONGEST: usize = 0x1ff;

/// An integer as it is printed, in the column's resolution.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    pub(crate) value: i64,
    /// How many digits stand in front of the point.
    digits: usize,
    is_negative: bool,
}

impl Number {
    /// Whether a column of this quantity takes the number; notes what deviates.
    #[inline(always)]
    pub(crate) fn is_of(self, quantity: Quantity, used: &mut Deviations) -> bool {
        match quantity {
            // Unix seconds.
            Quantity::Timestamp if self.is_negative || self.digits > 12 => return false,
            Quantity::Timestamp => used.insert(Deviations::TIME_EPOCH),
            Quantity::SerialNumber if self.digits < 8 => used.insert(Deviations::SHORT_SERIAL_NUMBER),
            Quantity::ActiveEnergy | Quantity::ReactiveEnergy if self.is_negative => {
                used.insert(Deviations::NEGATIVE_ENERGY);
            }
            _ => {}
        }
        let (min, max) = quantity.range();
        (min..=max).contains(&self.value)
    }
}

/// Reads the row at the front of `line`, and returns its length with the line end; `met` is what was told before.
pub(crate) fn read_row<R: Entry>(
    line: &[u8; LINE],
    layout: &Layout,
    met: Deviations,
    cache: &mut RowCache,
    entry: &mut R,
) -> Option<usize> {
    let (last, cells) = layout.cells().split_last()?;
    let delimiter = layout.delimiter;
    let between_quoted = u16::from_le_bytes([delimiter, b'"']);
    let mut used = Deviations::empty();
    let mut fields = Fields { line, at: 0, delimiter };
    for cell in cells {
        let start = fields.at;
        if entry.read_cell(*cell, &mut fields, cache).is_some() {
            if fields.delimiter == delimiter {
                continue;
            }
            // Within quotes: what was read ends with one, and the next cell is to start with one.
            if u16::from_le_bytes(*line.get(fields.at & LONGEST..)?.first_chunk()?) == between_quoted {
                fields.at += 2;
                continue;
            }
        }
        let row = Row { line, at: start, delimiter, is_quoted: fields.delimiter != delimiter };
        fields.at = row.read_cell(*cell, layout, cache, entry, &mut used);
        if fields.at == 0 || line.get((fields.at - 1) & LONGEST) == Some(&b'\n') {
            return None;
        }
        fields.delimiter = delimiter;
        if line.get(fields.at & LONGEST) == Some(&b'"') {
            used.insert(Deviations::QUOTES);
            fields.delimiter = b'"';
            fields.at += 1;
        }
    }
    let mut row = Row { line, at: fields.at, delimiter, is_quoted: fields.delimiter != delimiter };
    row.at = row.read_cell(*last, layout, cache, entry, &mut used);
    if row.at == 0 {
        return None;
    }
    if line.get((row.at - 1) & LONGEST) != Some(&b'\n') {
        used.insert(Deviations::TRAILING_DELIMITER);
        row.at = row.line_end(&mut used)?;
    }
    (row.at <= LONGEST && met.contains(used)).then_some(row.at)
}

/// A row and the place that was reached in it.
#[derive(Clone, Copy)]
struct Row<'a> {
    line: &'a [u8; LINE],
    at: usize,
    delimiter: u8,
    /// Whether that place is within quotes.
    is_quoted: bool,
}

impl<'a> Row<'a> {
    /// Reads a cell in any of its forms; returns the place behind its delimiter or behind the line end, 0 if there is none:
    /// unlike an `Option`, that comes back in a register.
    #[inline(never)]
    fn read_cell<R: Entry>(
        self,
        cell: u8,
        layout: &Layout,
        cache: &mut RowCache,
        entry: &mut R,
        used: &mut Deviations,
    ) -> usize {
        self.try_read_cell(cell, layout, cache, entry, used).unwrap_or(0)
    }

    #[inline(always)]
    fn try_read_cell<R: Entry>(
        mut self,
        cell: u8,
        layout: &Layout,
        cache: &mut RowCache,
        entry: &mut R,
        used: &mut Deviations,
    ) -> Option<usize> {
        let Some((column, scale)) = layout.column_of(cell) else {
            self.skip(used)?;
            return self.cell_end(used);
        };
        let (mut head, mut others) = self.word()?;
        let mut is_negative = false;
        if starts_otherwise(others) {
            if !self.is_quoted {
                self.blanks(used);
                self.opening_quote(used);
            }
            is_negative = self.take(b'-');
            (head, others) = self.word()?;
            if starts_otherwise(others) {
                entry.set_nothing(column)?;
                return self.cell_end(used);
            }
        }
        let (mut value, digits) = self.number(head, others)?;
        let behind = *self.window()?.get(digits)?;
        if behind == b'-' && digits == 4 && !is_negative {
            entry.set_time(column, self.time(cache, used)?)?;
            return self.cell_end(used);
        }
        self.at += digits;
        let mut decimals = 0;
        if behind == b'.' {
            (value, decimals) = self.decimals(value)?;
            if !scale.is_stated() {
                return None;
            }
            used.insert(Deviations::OTHER_SCALE);
        }
        if !scale.is_of(decimals) {
            let Scaled::Exact(scaled) = scale.apply(value, decimals) else { return None };
            value = scaled;
        }
        let value = if is_negative { -value } else { value };
        entry.set(column, Number { value, digits, is_negative }, used)?;
        self.cell_end(used)
    }

    /// What stands at the place that was reached. Past [`LONGEST`] it is something else, but so is then the end.
    #[inline(always)]
    fn window(&self) -> Option<&'a [u8; WINDOW]> {
        self.line.get(self.at & LONGEST..)?.first_chunk()
    }

    /// The word here, and which of its bytes are no digits.
    #[inline(always)]
    fn word(&self) -> Option<(u64, u64)> {
        let head = u64::from_le_bytes(*self.window()?.first_chunk()?);
        Some((head, others(head)))
    }

    /// The number that starts with this word, which is the one here, and how many digits it has.
    #[inline(always)]
    fn number(&self, head: u64, others: u64) -> Option<(i64, usize)> {
        if others != 0 {
            let (value, length) = value_before(head, others);
            return Some((i64::from(value), length));
        }
        let tail = u64::from_le_bytes(*self.window()?.get(8..)?.first_chunk()?);
        let more = leading_digits(tail);
        Some((i64::from(value8(head, 8)) * *POWERS.get(more)? + i64::from(value8(tail, more)), 8 + more))
    }

    /// Passes the point and up to seven decimals; returns the number with them, and how many they are.
    #[inline(always)]
    fn decimals(&mut self, high: i64) -> Option<(i64, u8)> {
        self.at += 1;
        let (head, others) = self.word()?;
        if others == 0 || starts_otherwise(others) {
            return None;
        }
        let (low, count) = value_before(head, others);
        self.at += count;
        Some((high.checked_mul(*POWERS.get(count)?)?.checked_add(i64::from(low))?, count as u8))
    }

    /// Passes a time.
    #[inline(always)]
    fn time(&mut self, cache: &mut RowCache, used: &mut Deviations) -> Option<DateTime<Utc>> {
        let w = self.line.get(self.at & LONGEST..)?.first_chunk::<LONGEST_TIME>()?;
        let date = cache.date(w.first_chunk()?)?;
        match w[10] {
            b'T' => {}
            b' ' => used.insert(Deviations::TIME_BLANK),
            _ => return None,
        }
        let time = read_time_of_day(w.get(11..)?.first_chunk()?)?;
        let local = date.and_time(time).and_utc();
        let sign = match w[19] {
            b'Z' => {
                self.at += 20;
                return Some(local);
            }
            b'+' => -60,
            b'-' => 60,
            _ => {
                used.insert(Deviations::TIME_NO_ZONE);
                self.at += 19;
                return Some(local);
            }
        };
        used.insert(Deviations::TIME_OFFSET);
        self.at += LONGEST_TIME;
        let hours = digits2(u16::from_le_bytes([w[20], w[21]]))?;
        let minutes = digits2(u16::from_le_bytes([w[23], w[24]]))?;
        if hours > 23 || minutes > 59 || w[22] != b':' {
            return None;
        }
        let shift = sign * (hours * 60 + minutes) as i32;
        let seconds = time.num_seconds_from_midnight() as i32 + shift;
        if let Some(time) = NaiveTime::from_num_seconds_from_midnight_opt(seconds as u32, 0) {
            return Some(date.and_time(time).and_utc());
        }
        // The day before or after.
        let seconds = local.timestamp() + i64::from(shift);
        let (first, last) = Quantity::Timestamp.range();
        if (first..=last).contains(&seconds) { time_of(seconds) } else { None }
    }

    /// Passes this byte if it is there.
    #[inline(always)]
    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.at <= LONGEST && self.line.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn blanks(&mut self, used: &mut Deviations) {
        while self.take(b' ') {
            used.insert(Deviations::PADDING);
        }
    }

    fn opening_quote(&mut self, used: &mut Deviations) {
        if self.take(b'"') {
            used.insert(Deviations::QUOTES);
            self.is_quoted = true;
        }
    }

    /// Passes a cell that may hold anything but a line end.
    #[inline(never)]
    fn skip(&mut self, used: &mut Deviations) -> Option<()> {
        if !self.is_quoted {
            self.opening_quote(used);
        }
        let end = if self.is_quoted { b'"' } else { self.delimiter };
        let rest = self.line.get(self.at & LONGEST..)?;
        let length = rest.iter().position(|byte| [end, b'\r', b'\n'].contains(byte))?;
        self.at += length;
        match rest.get(..length)? {
            [b' ', ..] | [.., b' '] if !self.is_quoted => None,
            _ => Some(()),
        }
    }

    /// Passes what stands behind a cell's value, with the delimiter or the line end.
    #[inline(always)]
    fn cell_end(mut self, used: &mut Deviations) -> Option<usize> {
        if self.is_quoted && !self.take(b'"') {
            return None;
        }
        self.blanks(used);
        if self.take(self.delimiter) { Some(self.at) } else { self.line_end(used) }
    }

    #[inline(always)]
    fn line_end(mut self, used: &mut Deviations) -> Option<usize> {
        if self.take(b'\r') {
            used.insert(Deviations::CRLF);
        }
        self.take(b'\n').then_some(self.at)
    }
}

/// Whether the first byte is among those that are no digits.
#[inline(always)]
fn starts_otherwise(others: u64) -> bool {
    others & 0x80 != 0
}

#[cfg(test)]
#[cfg(target_pointer_width = "64")]
mod tests {
    extern crate std;
    use crate::decoder::read_row;
    use crate::dialect::{ColumnOrder, Dialect, HeaderForm, LineEnd, TimeForm};
    use crate::lines::LineReader;
    use crate::load_profile::LoadProfileEntry;
    use crate::units::WattHours;
    use crate::write::{write_header, write_row};
    use std::borrow::ToOwned as _;
    use std::string::String;

    const ROW: &[u8] = b"2021-05-20T10:30:00Z;2;2;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;\
                         2326;2320;2304;99;99;0;500";

    /// The header and the same row twice, in a dialect and changed by hand: the first row is read the careful way, which
    /// notes the deviations, and the second one must go the quick way.
    #[track_caller]
    fn check(dialect: Dialect, entry: &LoadProfileEntry, edit: impl Fn(&str) -> String) {
        let (mut header, mut row) = (String::new(), String::new());
        write_header::<LoadProfileEntry>(&mut header, &dialect).unwrap();
        write_row(&mut row, &dialect, entry).unwrap();
        let (header, row) = (edit(&header), edit(&row));
        let mut lines = LineReader::<LoadProfileEntry>::new(704, false);
        assert_eq!(lines.read_line(header.strip_suffix('\n').unwrap().as_bytes()), Ok(false));
        assert_eq!(lines.read_line(row.strip_suffix('\n').unwrap().as_bytes()), Ok(true), "{row}");
        assert_eq!(lines.entry(), entry, "{row}");
        assert_eq!(lines.read_quick(row.as_bytes()), Some((entry, row.len())), "{row}");
    }

    #[test]
    fn each_deviation_goes_the_quick_way() {
        let entry = read_row::<LoadProfileEntry>(ROW).unwrap();
        let negative = LoadProfileEntry { active_energy_export_l123_t1: WattHours(-17), ..entry };
        let known = Dialect::KNOWN;
        for order in [ColumnOrder::Manual, ColumnOrder::Reversed] {
            for quoted in [false, true] {
                for header in [HeaderForm::Scaled, HeaderForm::Bare, HeaderForm::Plain] {
                    let dialect = Dialect { order, quoted, header, ..known };
                    check(dialect, &entry, str::to_owned);
                    check(dialect, &negative, str::to_owned);
                    check(Dialect { line_end: LineEnd::CrLf, ..dialect }, &entry, str::to_owned);
                    check(Dialect { trailing_delimiter: true, ..dialect }, &entry, str::to_owned);
                    let times = [TimeForm::Blank, TimeForm::Offset(90), TimeForm::Offset(-1439), TimeForm::NoZone];
                    for time in times.into_iter().chain([TimeForm::Epoch]) {
                        check(Dialect { time, ..dialect }, &entry, str::to_owned);
                    }
                    check(dialect, &entry, |line| line.replace(';', " ; "));
                    check(dialect, &entry, |line| line.replacen(';', ";\"New\";", 1));
                    check(dialect, &entry, |line| line.replacen(';', ";New;", 1));
                }
            }
        }
        check(known, &entry, |line| line.replace("L1 [mA]", "L1 [A]").replace(";8682;", ";8.682;"));
    }
}
