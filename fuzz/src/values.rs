//! The values of a row by column, from bytes, and their texts: made without the writer that is tested against them.

use emu_proto::{Column, Entry, Quantity, read_row};

use crate::bytes::Bytes;

/// A row's values by column, in the manual's order and resolution; `None` where nothing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values(Vec<Option<i64>>);

impl Values {
    /// Takes values of every size that the columns hold.
    #[must_use]
    pub fn any<R: Entry>(bytes: &mut Bytes<'_>) -> Self {
        Self(R::COLUMNS.iter().map(|column| any_value(bytes, column)).collect())
    }

    /// Takes values from 1 to 9999, or to 99 for a power factor, which every scale can hold.
    #[must_use]
    pub fn small<R: Entry>(bytes: &mut Bytes<'_>) -> Self {
        let value = |(number, column): (usize, &Column)| {
            let most = if column.quantity == Quantity::PowerFactor { 100 } else { 10_000 };
            let spread = i64::try_from(number).unwrap_or(0) * 17;
            Some(1 + (spread + i64::from(bytes.short())) % (most - 1))
        };
        Self(R::COLUMNS.iter().enumerate().map(value).collect())
    }

    /// Returns the value of a column.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<i64> {
        self.0.get(column).copied().flatten()
    }

    /// Returns whether an energy is negative.
    #[must_use]
    pub fn has_negative_energy<R: Entry>(&self) -> bool {
        let is_energy = |column: &Column| matches!(column.quantity, Quantity::ActiveEnergy | Quantity::ReactiveEnergy);
        R::COLUMNS.iter().zip(&self.0).any(|(column, value)| is_energy(column) && value.is_some_and(|value| value < 0))
    }

    /// Returns the row as the known firmware writes it, without a line end.
    #[must_use]
    pub fn line<R: Entry>(&self) -> String {
        let cells: Vec<String> = R::COLUMNS.iter().zip(&self.0).map(|(column, value)| text(column, *value)).collect();
        cells.join(";")
    }

    /// Returns the entry that has these values.
    ///
    /// # Panics
    ///
    /// If the known firmware's row of them cannot be read.
    #[must_use]
    pub fn entry<R: Entry>(&self) -> R {
        let line = self.line::<R>();
        read_row(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

/// Returns a value's cell as the known firmware writes it.
#[must_use]
pub fn text(column: &Column, value: Option<i64>) -> String {
    let Some(value) = value else { return String::new() };
    match column.quantity {
        Quantity::Timestamp => time_text(value),
        Quantity::SerialNumber => format!("{value:08}"),
        _ => value.to_string(),
    }
}

fn any_value(bytes: &mut Bytes<'_>, column: &Column) -> Option<i64> {
    if column.optional && !bytes.flag() {
        return None;
    }
    let value = match column.quantity {
        Quantity::Timestamp => bytes.time().timestamp(),
        quantity => bytes.number(quantity.range()),
    };
    // 0 means "none" in a column that may be empty.
    if column.optional && value == 0 { None } else { Some(value) }
}

/// `2021-05-20T10:30:00Z`, by counting years and months.
fn time_text(seconds: i64) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    // The calendar repeats after 400 years.
    let (mut year, cycle) = (1970 + days / 146_097 * 400, 146_097);
    days %= cycle;
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + i64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
}
