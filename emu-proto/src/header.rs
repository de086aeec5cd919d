//! The first line: which columns there are, in which order, in which scale.
//!
//! ```text
//! header  = cell *( delimiter cell )
//! cell    = name [ "[" unit "]" ]
//! unit    = [ "1/" power-of-ten ] [ prefix ] symbol    ; "1/10 V", "kWh"
//!         | "1/" power-of-ten | "1" | "%"              ; power factor
//! ```
//!
//! Columns are found by name. Without a header they are taken by position, and so are the logbook's when its header has
//! other names than those that are guessed here.

use crate::columns::{Quantity, Table};
use crate::dialect::{Delimiter, Deviations};
use crate::entry::MAX_COLUMNS;
use crate::error::ReadErrorKind;
use crate::request::Log;
use crate::row::{Cells, LineError, trim};

/// How many cells a line may have.
const MAX_CELLS: usize = 48;

/// Stands for a cell whose column the manual does not have.
pub(crate) const UNKNOWN: u8 = u8::MAX;

/// Marks a cell whose column is in its plain unit: `[V]` over `232.6`.
pub(crate) const PLAIN_UNIT: u8 = 0x40;

/// Marks a cell whose column is in another scale than the known firmware's.
const SCALED: u8 = 0x80;

/// A cell's column, without marks.
const COLUMN: u8 = 0x3f;

/// Where each column stands in a line, and in which scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) delimiter: u8,
    /// Whether columns and scales are the known firmware's, so that the fast reader may try.
    pub(crate) is_plain: bool,
    cells: u8,
    columns: [u8; MAX_CELLS],
    scales: [Scale; MAX_COLUMNS],
}

impl Layout {
    pub(crate) const EMPTY: Self = Self {
        delimiter: b';',
        is_plain: false,
        cells: 0,
        columns: [UNKNOWN; MAX_CELLS],
        scales: [Scale::UNSTATED; MAX_COLUMNS],
    };

    /// Makes this the layout of a body without a header, or with one whose names say nothing.
    pub(crate) fn by_position(&mut self, table: &Table) {
        for (cell, column) in self.columns.iter_mut().zip(0u8..).take(table.len()) {
            *cell = column;
            self.cells = column.saturating_add(1);
        }
        self.is_plain = true;
    }

    /// Returns the column number of each cell, no column's for one to be skipped.
    pub(crate) fn columns(&self) -> impl ExactSizeIterator<Item = u8> {
        self.cells().iter().map(|cell| column(*cell))
    }

    /// Returns the column number of each cell; one for which there is no [scale](Self::scale_of) is to be skipped.
    pub(crate) fn cells(&self) -> &[u8] {
        self.columns.get(..usize::from(self.cells)).unwrap_or_default()
    }

    /// Returns the scale of a cell's values, `None` for a cell to be skipped.
    pub(crate) fn column_of(&self, cell: u8) -> Option<(u8, Scale)> {
        let column = column(cell);
        Some((column, *self.scales.get(usize::from(column))?))
    }

    /// Returns the scale of a column's values.
    pub(crate) fn scale(&self, column: u8) -> Scale {
        self.scales.get(usize::from(column)).copied().unwrap_or(Scale::UNSTATED)
    }
}

/// Returns the column's number, without marks; no column's for a cell to be skipped.
const fn column(cell: u8) -> u8 {
    if cell == UNKNOWN { cell } else { cell & COLUMN }
}

/// By which power of ten a printed value is multiplied to get the column's integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale(pub(crate) i8);

impl Scale {
    /// The header does not say: values are integers in the manual's resolution.
    pub(crate) const UNSTATED: Self = Self(i8::MIN);

    /// The header states the manual's resolution.
    const AS_KNOWN: Self = Self(0);

    pub(crate) fn is_stated(self) -> bool {
        self != Self::UNSTATED
    }

    /// Returns the power of ten; 0 if it is not stated.
    pub(crate) fn power(self) -> i8 {
        if self.is_stated() { self.0 } else { 0 }
    }

    /// Whether a value without decimals is the column's integer as it is.
    #[inline]
    pub(crate) fn is_one(self) -> bool {
        // 0 or unstated.
        self.0 & i8::MAX == 0
    }

    /// Whether a value with this many decimals is the column's integer as it is.
    #[inline]
    pub(crate) fn is_of(self, decimals: u8) -> bool {
        i8::try_from(decimals) == Ok(self.0) || decimals == 0 && self.is_one()
    }

    /// Converts a printed value, of which this many digits are decimals.
    pub(crate) fn apply(self, value: i64, decimals: u8) -> Scaled {
        let power = if self.is_stated() { i32::from(self.0) } else { 0 };
        let power = power.saturating_sub(i32::from(decimals));
        if power == 0 || value == 0 {
            return Scaled::Exact(value);
        }
        let factor = 10i64.checked_pow(power.unsigned_abs());
        if power > 0 {
            return factor.and_then(|factor| value.checked_mul(factor)).map_or(Scaled::TooLarge, Scaled::Exact);
        }
        match factor.map(|factor| (value.checked_div(factor), value.checked_rem(factor))) {
            Some((Some(quotient), Some(0))) => Scaled::Exact(quotient),
            _ => Scaled::TooFine,
        }
    }
}

/// A converted value.
pub(crate) enum Scaled {
    Exact(i64),
    /// Larger than anything that a column holds.
    TooLarge,
    /// Not a multiple of the column's resolution.
    TooFine,
}

/// Reads the first line that is not blank, from behind the byte-order mark to the line end; returns whether it is a header
/// and not the first row. `layout` is empty.
pub(crate) fn read_first_line<'a>(
    line: &'a [u8],
    start: usize,
    layout: &mut Layout,
    table: &Table,
    met: &mut Deviations,
) -> Result<bool, LineError<'a>> {
    let text = line.get(start..).unwrap_or_default();
    let trimmed = trim(text);
    let whole = |kind| LineError { kind, column: UNKNOWN, at: start, found: text };
    if trimmed.first() == Some(&b'<') {
        return Err(whole(ReadErrorKind::Html));
    }
    let delimiter = find_delimiter(text).ok_or_else(|| whole(ReadErrorKind::NotALog))?;
    met.set(Deviations::DELIMITER, delimiter != Delimiter::Semicolon);
    layout.delimiter = delimiter.byte();
    if matches!(trimmed, [b'0'..=b'9', ..] | [b'"', b'0'..=b'9', ..]) {
        met.insert(Deviations::NO_HEADER);
        layout.by_position(table);
        return Ok(false);
    }
    read_header(line, start, layout, table, met)?;
    Ok(true)
}

/// Returns the first of the known delimiters, in their order of preference, that stands outside of quotes.
pub(crate) fn find_delimiter(line: &[u8]) -> Option<Delimiter> {
    Delimiter::ALL.into_iter().find(|delimiter| {
        let mut quoted = false;
        line.iter().any(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == delimiter.byte()
        })
    })
}

fn read_header<'a>(
    line: &'a [u8],
    start: usize,
    layout: &mut Layout,
    table: &Table,
    met: &mut Deviations,
) -> Result<(), LineError<'a>> {
    let by_position = is_read_by_position(line, start, layout.delimiter, table);
    let mut seen = 0u32;
    let mut spelling = Deviations::empty();
    let mut cells = Cells::new(line, start, layout.delimiter);
    loop {
        let at = cells.at();
        let Some(cell) = cells.next() else { break };
        let error = |kind, column, found| LineError { kind, column, at, found };
        let cell = cell.map_err(|kind| error(kind, UNKNOWN, line.get(at..).unwrap_or_default()))?;
        if cell.is_empty() && cells.is_at_end() {
            met.insert(Deviations::TRAILING_DELIMITER);
            break;
        }
        let (unit, name) = name_and_unit(cell);
        let position = layout.cells;
        let number = if by_position { position } else { table.find(name).unwrap_or(UNKNOWN) };
        let Some(slot) = layout.columns.get_mut(usize::from(position)) else {
            return Err(error(ReadErrorKind::TooManyColumns { limit: MAX_CELLS }, UNKNOWN, cell));
        };
        *slot = number;
        layout.cells = position.saturating_add(1);
        let (Some((quantity, _)), Some(scale_slot)) = (table.kind(number), layout.scales.get_mut(usize::from(number)))
        else {
            spelling.insert(Deviations::UNKNOWN_COLUMN);
            continue;
        };
        let bit = bit(number);
        if seen & bit != 0 {
            return Err(error(ReadErrorKind::DuplicateColumn, number, cell));
        }
        seen |= bit;
        let scale = read_scale(unit, quantity)
            .ok_or_else(|| error(ReadErrorKind::UnknownUnit, number, unit.unwrap_or_default()))?;
        *scale_slot = scale;
        let known_unit = quantity.header_unit().as_bytes();
        if number != position {
            spelling.insert(Deviations::COLUMN_ORDER);
        }
        if Some(name) != table.name(number).map(str::as_bytes)
            || unit.is_some_and(|unit| unit != known_unit && scale == Scale::AS_KNOWN)
        {
            spelling.insert(Deviations::HEADER_SPELLING);
        }
        if unit.is_none() && !known_unit.is_empty() {
            spelling.insert(Deviations::NO_UNIT);
        }
        if scale.is_stated() && scale != Scale::AS_KNOWN {
            spelling.insert(Deviations::OTHER_SCALE);
            if cfg!(target_pointer_width = "64") {
                // For the quick reader.
                *slot |= if i8::try_from(quantity.decimals()) == Ok(scale.0) { PLAIN_UNIT } else { SCALED };
            }
        }
    }
    if seen == 0 {
        let found = line.get(start..).unwrap_or_default();
        return Err(LineError { kind: ReadErrorKind::NotALog, column: UNKNOWN, at: start, found });
    }
    // The lowest column that is missing, if it is one.
    let absent = seen.trailing_ones() as u8;
    if usize::from(absent) < table.len() {
        return Err(LineError { kind: ReadErrorKind::MissingColumn, column: absent, at: line.len(), found: b"" });
    }
    if by_position {
        met.insert(Deviations::HEADER_BY_POSITION);
    }
    if table.log == Log::Logbook {
        // How the known firmware spells the logbook's header is not known.
        spelling.remove(Deviations::HEADER_SPELLING | Deviations::NO_UNIT);
    }
    layout.is_plain = !by_position
        && !spelling.intersects(Deviations::COLUMN_ORDER | Deviations::UNKNOWN_COLUMN | Deviations::OTHER_SCALE);
    met.insert(spelling | cells.met);
    Ok(())
}

/// A column's bit in a set.
fn bit(column: u8) -> u32 {
    1u32.wrapping_shl(u32::from(column))
}

/// Whether a logbook's header is to be read by position: it has the manual's count of columns, some names are not known,
/// and those that are known stand where the manual has them.
#[inline(never)]
fn is_read_by_position(line: &[u8], start: usize, delimiter: u8, table: &Table) -> bool {
    if table.log != Log::Logbook {
        return false;
    }
    let (mut count, mut unknown) = (0u8, false);
    for cell in Cells::new(line, start, delimiter) {
        let Ok(cell) = cell else { return false };
        let expected = table.name(count);
        if cell.is_empty() && expected.is_none() {
            continue;
        }
        let name = name_and_unit(cell).1;
        match table.find(name) {
            Some(number) if number != count => return false,
            Some(_) => {}
            None if expected.is_some_and(|expected| is_another_setting(name, expected)) => return false,
            None => unknown = true,
        }
        count = count.saturating_add(1);
    }
    unknown && usize::from(count) == table.len()
}

/// Whether a name that is not known speaks of another setting than the column: of the voltage transformer where the
/// current transformer's stands.
fn is_another_setting(name: &[u8], column: &str) -> bool {
    let mut words = name.split(|byte| !byte.is_ascii_alphanumeric());
    words.any(|word| {
        let mut settings = [*b"CT", *b"VT", *b"S0"].into_iter();
        settings.any(|setting| word.eq_ignore_ascii_case(&setting) && !column.as_bytes().starts_with(&setting))
    })
}

/// Splits a header cell into what stands in the brackets at its end and the name.
fn name_and_unit(cell: &[u8]) -> (Option<&[u8]>, &[u8]) {
    if let [inside @ .., b']'] = cell
        && let Some(bracket) = inside.iter().position(|byte| *byte == b'[')
        && let Some((name, [_, unit @ ..])) = inside.split_at_checked(bracket)
        && unit.iter().all(|byte| *byte != b']')
    {
        return (Some(trim(unit)), trim(name));
    }
    (None, trim(cell))
}

/// Returns the scale that a header's unit gives to a column, `None` for a unit that is not this quantity's.
fn read_scale(unit: Option<&[u8]>, quantity: Quantity) -> Option<Scale> {
    let Some(unit) = unit.filter(|unit| !unit.is_empty() && !quantity.header_unit().is_empty()) else {
        // Where the quantity has no unit, nothing can be scaled, whatever the brackets say.
        return Some(Scale::UNSTATED);
    };
    let (divided, symbol) = divisor(unit);
    // The known unit tells resolution and symbol: `1/10 V`, `mA`.
    let (mut resolution, mut own) = divisor(quantity.header_unit().as_bytes());
    if let [b'm', symbol @ ..] = own {
        (resolution, own) = (3, symbol);
    }
    let prefix = read_prefix(symbol, own, quantity)?;
    Some(Scale(prefix.wrapping_sub(divided).wrapping_add(resolution)))
}

/// Reads `1/` and a power of ten as that power, 0 if there is none; returns what stands behind, too.
fn divisor(unit: &[u8]) -> (i8, &[u8]) {
    if let [b'1', b'/', number @ ..] = unit
        && let [b'1', zeros @ ..] = behind_zeros(number)
    {
        let behind = behind_zeros(zeros);
        let power = zeros.len().wrapping_sub(behind.len());
        if power < 10 && !behind.first().is_some_and(u8::is_ascii_digit) {
            return (power as i8, trim(behind));
        }
    }
    (0, unit)
}

fn behind_zeros(mut text: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Reads an SI prefix in front of `symbol`, whose case does not matter, as a power of ten.
fn read_prefix(text: &[u8], symbol: &[u8], quantity: Quantity) -> Option<i8> {
    if quantity == Quantity::PowerFactor {
        return match text {
            [] | [b'1'] => Some(0),
            [b'%'] => Some(-2),
            _ => None,
        };
    }
    let (prefix, own) = text.split_at_checked(text.len().checked_sub(symbol.len())?)?;
    if !own.eq_ignore_ascii_case(symbol) {
        return None;
    }
    let [prefix] = prefix else { return prefix.is_empty().then_some(0) };
    // No meter counts in megaamperes: `[MA]` is a spelling of `[mA]`, or a fault, and which of the two is not guessed.
    let is_small = matches!(quantity, Quantity::Current | Quantity::PulseWidth);
    match prefix {
        _ if quantity == Quantity::PulseValue => None,
        b'k' | b'K' => Some(3),
        b'm' => Some(-3),
        b'M' if !is_small => Some(6),
        b'G' if !is_small => Some(9),
        _ => None,
    }
}
