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

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till};
use nom::character::complete::{char, space0, u32 as number};
use nom::combinator::{map, map_opt, rest, value};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use crate::columns::{Column, Quantity};
use crate::dialect::{Delimiter, Deviations};
use crate::entry::{Entry, MAX_COLUMNS};
use crate::error::{Found, ReadErrorKind};
use crate::request::Log;
use crate::row::{Cells, LineError};

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
    /// The layout of a body without a header, or with one whose names say nothing.
    pub(crate) fn by_position<R: Entry>(delimiter: u8) -> Self {
        let mut layout = Self::empty(delimiter);
        for number in 0..R::COLUMNS.len() {
            layout.push(u8::try_from(number).unwrap_or(UNKNOWN));
        }
        layout.is_plain = true;
        layout
    }

    /// Returns the column number of each cell, `None` for one to be skipped.
    pub(crate) fn columns(&self) -> impl Iterator<Item = Option<usize>> {
        let cells = self.columns.iter().take(usize::from(self.cells));
        cells.map(|column| (*column != UNKNOWN).then_some(usize::from(*column & COLUMN)))
    }

    /// Returns the column number of each cell; one for which there is no [scale](Self::scale_of) is to be skipped.
    pub(crate) fn cells(&self) -> &[u8] {
        self.columns.get(..usize::from(self.cells)).unwrap_or_default()
    }

    /// Returns the scale of a cell's values, `None` for a cell to be skipped.
    pub(crate) fn column_of(&self, cell: u8) -> Option<(u8, Scale)> {
        let column = if cell == UNKNOWN { cell } else { cell & COLUMN };
        Some((column, *self.scales.get(usize::from(column))?))
    }

    /// Returns the scale of a column's values.
    pub(crate) fn scale(&self, column: usize) -> Scale {
        self.scales.get(column).copied().unwrap_or(Scale::UNSTATED)
    }

    fn empty(delimiter: u8) -> Self {
        Self {
            delimiter,
            is_plain: false,
            cells: 0,
            columns: [UNKNOWN; MAX_CELLS],
            scales: [Scale::UNSTATED; MAX_COLUMNS],
        }
    }

    /// Adds a cell; returns whether there was room.
    fn push(&mut self, column: u8) -> bool {
        match self.columns.get_mut(usize::from(self.cells)) {
            Some(slot) => {
                *slot = column;
                self.cells = self.cells.saturating_add(1);
                true
            }
            None => false,
        }
    }
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

/// What the first line turned out to be.
pub(crate) struct FirstLine {
    pub(crate) layout: Layout,
    /// Whether the line is a header and not the first row.
    pub(crate) is_header: bool,
    pub(crate) met: Deviations,
}

/// Reads the first line that is not blank, without byte-order mark and line end.
pub(crate) fn read_first_line<R: Entry>(line: &[u8]) -> Result<FirstLine, LineError> {
    let trimmed = line.trim_ascii_start();
    let whole = |kind| LineError { kind, column: None, at: 0, found: Found::new(line) };
    if trimmed.first() == Some(&b'<') {
        return Err(whole(ReadErrorKind::Html));
    }
    let delimiter = find_delimiter(line).ok_or_else(|| whole(ReadErrorKind::NotALog))?;
    let mut met = Deviations::empty();
    met.set(Deviations::DELIMITER, delimiter != Delimiter::Semicolon);
    let delimiter = delimiter.byte();
    if matches!(trimmed, [b'0'..=b'9', ..] | [b'"', b'0'..=b'9', ..]) {
        met.insert(Deviations::NO_HEADER);
        return Ok(FirstLine { layout: Layout::by_position::<R>(delimiter), is_header: false, met });
    }
    let layout = read_header::<R>(line, delimiter, &mut met)?;
    Ok(FirstLine { layout, is_header: true, met })
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

fn read_header<R: Entry>(line: &[u8], delimiter: u8, met: &mut Deviations) -> Result<Layout, LineError> {
    let by_position = is_read_by_position::<R>(line, delimiter);
    let mut layout = Layout::empty(delimiter);
    let mut seen = 0u32;
    let mut spelling = Deviations::empty();
    let mut cells = Cells::new(line, delimiter);
    let mut position = 0usize;
    loop {
        let at = cells.at();
        let Some(cell) = cells.next() else { break };
        let error = |kind, column: Option<&Column>, found| LineError {
            kind,
            column: column.map(|column| column.name),
            at,
            found: Found::new(found),
        };
        let cell = cell.map_err(|kind| error(kind, None, line.get(at..).unwrap_or_default()))?;
        if cell.is_empty() && cells.at() > line.len() {
            met.insert(Deviations::TRAILING_DELIMITER);
            break;
        }
        let (unit, name) = name_and_unit(cell);
        let number = if by_position { Some(position) } else { find_column::<R>(name) };
        let column = number.and_then(|number| R::COLUMNS.get(number).map(|column| (number, column)));
        if !layout.push(number.and_then(|number| u8::try_from(number).ok()).unwrap_or(UNKNOWN)) {
            return Err(error(ReadErrorKind::TooManyColumns { limit: MAX_CELLS }, None, cell));
        }
        if let Some((number, column)) = column {
            let bit = 1u32.checked_shl(u32::try_from(number).unwrap_or(u32::MAX)).unwrap_or(0);
            if seen & bit != 0 {
                return Err(error(ReadErrorKind::DuplicateColumn, Some(column), cell));
            }
            seen |= bit;
            let scale = read_scale(unit, column.quantity)
                .ok_or_else(|| error(ReadErrorKind::UnknownUnit, Some(column), unit.unwrap_or_default()))?;
            if let Some(slot) = layout.scales.get_mut(number) {
                *slot = scale;
            }
            let known_unit = column.quantity.header_unit();
            spelling.set(Deviations::COLUMN_ORDER, spelling.contains(Deviations::COLUMN_ORDER) || number != position);
            if name != column.name.as_bytes() || unit.is_some_and(|unit| unit != known_unit.as_bytes() && scale.0 == 0)
            {
                spelling.insert(Deviations::HEADER_SPELLING);
            }
            if unit.is_none() && !known_unit.is_empty() {
                spelling.insert(Deviations::NO_UNIT);
            }
            if scale.is_stated() && scale != Scale::AS_KNOWN {
                spelling.insert(Deviations::OTHER_SCALE);
                if let Some(cell) = layout.columns.get_mut(position) {
                    *cell |= if i8::try_from(column.quantity.decimals()) == Ok(scale.0) { PLAIN_UNIT } else { SCALED };
                }
            }
        } else {
            spelling.insert(Deviations::UNKNOWN_COLUMN);
        }
        position = position.saturating_add(1);
    }
    let absent = R::COLUMNS.iter().enumerate().find(|(number, _)| {
        seen & u32::try_from(*number).ok().and_then(|number| 1u32.checked_shl(number)).unwrap_or(0) == 0
    });
    if seen == 0 {
        return Err(LineError { kind: ReadErrorKind::NotALog, column: None, at: 0, found: Found::new(line) });
    }
    if let Some((_, column)) = absent {
        let kind = ReadErrorKind::MissingColumn;
        return Err(LineError { kind, column: Some(column.name), at: line.len(), found: Found::NOTHING });
    }
    if by_position {
        met.insert(Deviations::HEADER_BY_POSITION);
    }
    if R::LOG == Log::Logbook {
        // How the known firmware spells the logbook's header is not known.
        spelling.remove(Deviations::HEADER_SPELLING | Deviations::NO_UNIT);
    }
    layout.is_plain = !spelling.intersects(
        Deviations::COLUMN_ORDER
            | Deviations::UNKNOWN_COLUMN
            | Deviations::OTHER_SCALE
            | Deviations::HEADER_BY_POSITION,
    );
    met.insert(spelling | cells.met);
    Ok(layout)
}

/// Whether a logbook's header is to be read by position: it has the manual's count of columns, some names are not known,
/// and those that are known stand where the manual has them.
fn is_read_by_position<R: Entry>(line: &[u8], delimiter: u8) -> bool {
    if R::LOG != Log::Logbook {
        return false;
    }
    let (mut count, mut unknown) = (0usize, false);
    for cell in Cells::new(line, delimiter) {
        let Ok(cell) = cell else { return false };
        if cell.is_empty() && count == R::COLUMNS.len() {
            continue;
        }
        let name = name_and_unit(cell).1;
        match find_column::<R>(name) {
            Some(number) if number != count => return false,
            Some(_) => {}
            None if R::COLUMNS.get(count).is_some_and(|column| is_another_setting(name, column)) => return false,
            None => unknown = true,
        }
        count = count.saturating_add(1);
    }
    unknown && count == R::COLUMNS.len()
}

/// Whether a name that is not known speaks of another setting than the column: of the voltage transformer where the
/// current transformer's stands.
fn is_another_setting(name: &[u8], column: &Column) -> bool {
    let mut words = name.split(|byte| !byte.is_ascii_alphanumeric());
    words.any(|word| {
        let mut settings = [&b"CT"[..], b"VT", b"S0"].into_iter();
        settings.any(|setting| word.eq_ignore_ascii_case(setting) && !column.name.as_bytes().starts_with(setting))
    })
}

fn find_column<R: Entry>(name: &[u8]) -> Option<usize> {
    R::COLUMNS.iter().position(|column| {
        let mut names = core::iter::once(&column.name).chain(column.aliases);
        names.any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// Splits a header cell into the name and what stands in the brackets at its end.
fn name_and_unit(cell: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let with_unit = |cell| -> IResult<&[u8], (&[u8], &[u8])> {
        let unit = delimited(char('['), take_till(|byte| byte == b']'), char(']'));
        (take_till(|byte| byte == b'['), terminated(unit, nom::combinator::eof)).parse(cell)
    };
    match with_unit(cell) {
        Ok((_, (name, unit))) => (Some(unit.trim_ascii()), name.trim_ascii()),
        Err(_) => (None, cell.trim_ascii()),
    }
}

/// Returns the scale that a header's unit gives to a column, `None` for a unit that is not this quantity's.
fn read_scale(unit: Option<&[u8]>, quantity: Quantity) -> Option<Scale> {
    let Some(unit) = unit.filter(|unit| !unit.is_empty()) else { return Some(Scale::UNSTATED) };
    if quantity.header_unit().is_empty() {
        // Nothing can be scaled here, whatever the brackets say.
        return Some(Scale::UNSTATED);
    }
    if unit == quantity.header_unit().as_bytes() {
        return Some(Scale::AS_KNOWN);
    }
    let (_, (divisor, symbol)) = (divisor, rest).parse(unit).ok()?;
    let own = match quantity.unit() {
        "mA" => ("A", -3i8),
        "ms" => ("s", -3),
        symbol => (symbol, 0),
    };
    let prefix = read_prefix(symbol, own.0.as_bytes(), quantity)?;
    let resolution = own.1.checked_sub_unsigned(quantity.decimals())?;
    prefix.checked_sub(divisor)?.checked_sub(resolution).map(Scale)
}

/// Reads `1/` and a power of ten as that power; 0 if there is none.
fn divisor(unit: &[u8]) -> IResult<&[u8], i8> {
    let power = map_opt(number, |divisor: u32| {
        let power = divisor.checked_ilog10()?;
        (10u32.checked_pow(power) == Some(divisor)).then_some(power).and_then(|power| i8::try_from(power).ok())
    });
    alt((terminated(preceded(tag("1/"), power), space0), map(tag(""), |_| 0))).parse(unit)
}

/// Reads an SI prefix in front of `symbol`, whose case does not matter, as a power of ten.
fn read_prefix(text: &[u8], symbol: &[u8], quantity: Quantity) -> Option<i8> {
    if quantity == Quantity::PowerFactor {
        return match text {
            b"" | b"1" => Some(0),
            b"%" => Some(-2),
            _ => None,
        };
    }
    let prefix = text.get(..text.len().checked_sub(symbol.len())?)?;
    if !text.get(prefix.len()..)?.eq_ignore_ascii_case(symbol) {
        return None;
    }
    if quantity == Quantity::PulseValue {
        return prefix.is_empty().then_some(0);
    }
    let power: IResult<&[u8], i8> = alt((
        value(3, alt((tag("k"), tag("K")))),
        value(6, tag("M")),
        value(9, tag("G")),
        value(-3, tag("m")),
        value(0, nom::combinator::eof),
    ))
    .parse(prefix);
    let power = power.ok().filter(|(rest, _)| rest.is_empty()).map(|(_, power)| power)?;
    // No meter counts in megaamperes: `[MA]` is a spelling of `[mA]`, or a fault, and which of the two is not guessed.
    let is_absurd = power > 3 && matches!(quantity, Quantity::Current | Quantity::PulseWidth);
    (!is_absurd).then_some(power)
}
