//! What the two kinds of log entry have in common, and the macro that ties an entry's struct to its column table.

use chrono::{DateTime, Utc};

use crate::columns::Column;
use crate::request::Log;
use crate::serial::SerialNumber;
use crate::status::Status;
use crate::units::{
    DeciHertz, DeciVolts, MilliAmperes, Milliseconds, PowerFactor, PulsesPerKilowattHour, VarHours, WattHours, Watts,
};

/// How many columns the wider of the two logs has.
pub(crate) const MAX_COLUMNS: usize = 28;

/// An entry of one of the two logs: [`LoadProfileEntry`](crate::LoadProfileEntry) or
/// [`LogbookEntry`](crate::LogbookEntry).
///
/// Sealed: the logs are the meter's. [`Decoder`](crate::Decoder), [`ReadoutPlan`](crate::ReadoutPlan) and the writer
/// are generic over it.
pub trait Entry: Copy + PartialEq + core::fmt::Debug + Send + Sync + sealed::Cells + 'static {
    /// The log that holds such entries.
    const LOG: Log;

    /// The columns in the manual's order.
    const COLUMNS: &'static [Column];

    /// Returns when the entry was logged, by the meter's clock, UTC.
    fn timestamp(&self) -> DateTime<Utc>;

    /// Returns the entry's index in its log.
    fn index(&self) -> u32;

    /// Returns the serial number of the meter that logged the entry.
    fn serial_number(&self) -> SerialNumber;
}

pub(crate) mod sealed {
    use super::RawRow;
    use crate::dialect::Deviations;
    use crate::fields::{Fields, RowCache};
    use crate::quick::Number;
    use chrono::{DateTime, Utc};

    /// The way between an entry and its cells, by column number in the manual's order.
    pub trait Cells: Sized {
        /// An entry to be written over.
        const EMPTY: Self;

        /// Makes the entry of cells that were all read and found within their columns' ranges.
        fn from_cells(row: &RawRow) -> Self;

        /// Sets a column to a number, if its type holds that and it is not a time; notes how the number deviates.
        fn set(&mut self, column: u8, number: Number, used: &mut Deviations) -> Option<()>;

        /// Sets a column to a time, if it holds times.
        fn set_time(&mut self, column: u8, time: DateTime<Utc>) -> Option<()>;

        /// Sets a column to nothing, if it may hold that.
        fn set_nothing(&mut self, column: u8) -> Option<()>;

        /// Takes the entry apart.
        fn to_cells(&self) -> RawRow;

        /// Reads a whole line in the known firmware's layout, with this delimiter, as fast as can be.
        ///
        /// Fills the entry and returns the length of the line with its end, or `None` for whatever is not plain: the
        /// careful reader then says what it is. `input` must hold [`LINE`](crate::fast::LINE) bytes.
        fn read_plain(_input: &[u8], _delimiter: u8, _cache: &mut RowCache, _entry: &mut Self) -> Option<usize> {
            None
        }

        /// Reads a cell as [`read_plain`](Self::read_plain) would, with the byte behind it.
        ///
        /// `cell` is the column's number, or that with [`PLAIN_UNIT`](crate::header::PLAIN_UNIT). `None` for whatever is not
        /// as in most rows; not every column is read here.
        #[inline(always)]
        fn read_cell<const LINE: usize>(
            &mut self,
            _cell: u8,
            _fields: &mut Fields<'_, LINE>,
            _cache: &mut RowCache,
        ) -> Option<()> {
            None
        }
    }
}

/// A row's cells as integers, before they become an entry and after they were one.
#[derive(Debug, Clone, Copy)]
pub struct RawRow {
    /// Integers by column number; a cell that holds a time or nothing is 0.
    pub(crate) integers: [i64; MAX_COLUMNS],
    /// Times: only the first two columns hold any.
    pub(crate) times: [DateTime<Utc>; 2],
    /// One bit a column: whether the cell holds a value.
    pub(crate) present: u32,
}

impl RawRow {
    pub(crate) const EMPTY: Self =
        Self { integers: [0; MAX_COLUMNS], times: [DateTime::<Utc>::UNIX_EPOCH; 2], present: 0 };

    pub(crate) fn set_integer(&mut self, column: usize, value: i64) {
        if let Some(cell) = self.integers.get_mut(column) {
            *cell = value;
            self.present |= bit(column);
        }
    }

    pub(crate) fn set_time(&mut self, column: usize, value: DateTime<Utc>) {
        if let Some(cell) = self.times.get_mut(column) {
            *cell = value;
            self.present |= bit(column);
        }
    }

    pub(crate) fn integer(&self, column: usize) -> i64 {
        self.integers.get(column).copied().unwrap_or_default()
    }

    pub(crate) fn time(&self, column: usize) -> DateTime<Utc> {
        self.times.get(column).copied().unwrap_or_default()
    }

    pub(crate) fn is_present(&self, column: usize) -> bool {
        self.present & bit(column) != 0
    }
}

fn bit(column: usize) -> u32 {
    u32::try_from(column).ok().and_then(|column| 1u32.checked_shl(column)).unwrap_or(0)
}

/// One cell's type: how it is taken out of a [`RawRow`] and put into one.
pub(crate) trait Cell: Sized {
    const ZERO: Self;

    /// Makes the cell of an integer in its column's range.
    fn of(value: i64) -> Self;

    fn of_time(_time: DateTime<Utc>) -> Option<Self> {
        None
    }

    /// The cell of no value.
    fn of_nothing() -> Option<Self> {
        None
    }

    fn get(row: &RawRow, column: usize) -> Self;
    fn set(&self, row: &mut RawRow, column: usize);
}

impl Cell for DateTime<Utc> {
    const ZERO: Self = Self::UNIX_EPOCH;

    #[inline(always)]
    fn of(seconds: i64) -> Self {
        Self::from_timestamp(seconds, 0).unwrap_or_default()
    }

    fn of_time(time: DateTime<Utc>) -> Option<Self> {
        Some(time)
    }

    fn get(row: &RawRow, column: usize) -> Self {
        row.time(column)
    }

    fn set(&self, row: &mut RawRow, column: usize) {
        row.set_time(column, *self);
    }
}

impl<T: Cell> Cell for Option<T> {
    const ZERO: Self = None;

    #[inline(always)]
    fn of(value: i64) -> Self {
        // 0 means "none".
        (value != 0).then(|| T::of(value))
    }

    fn of_time(time: DateTime<Utc>) -> Option<Self> {
        // Second 0 of 1970 is a 0, however it is written.
        T::of_time(time).map(|value| (time != DateTime::UNIX_EPOCH).then_some(value))
    }

    fn of_nothing() -> Option<Self> {
        Some(None)
    }

    fn get(row: &RawRow, column: usize) -> Self {
        row.is_present(column).then(|| T::get(row, column))
    }

    fn set(&self, row: &mut RawRow, column: usize) {
        if let Some(value) = self {
            value.set(row, column);
        }
    }
}

/// Cells that are integers: the reader has checked the column's range, which is the type's own, so that the fallback of
/// the conversion is never taken.
macro_rules! integer_cells {
    ($($name:ty = $zero:expr, $wrap:expr, $unwrap:expr;)*) => {$(
        impl Cell for $name {
            const ZERO: Self = $zero;

            #[inline(always)]
            fn of(value: i64) -> Self {
                $wrap(value.try_into().unwrap_or_default())
            }

            fn get(row: &RawRow, column: usize) -> Self {
                Self::of(row.integer(column))
            }

            fn set(&self, row: &mut RawRow, column: usize) {
                row.set_integer(column, i64::from($unwrap(*self)));
            }
        }
    )*};
}

integer_cells! {
    u32 = 0, core::convert::identity, core::convert::identity;
    Status = Self::empty(), Self::from_bits_retain, |value: Self| value.bits();
    SerialNumber = Self::MAX, |digits| Self::new(digits).unwrap_or_default(), Self::get;
    WattHours = WattHours(0), WattHours, WattHours::get;
    VarHours = VarHours(0), VarHours, VarHours::get;
    Watts = Watts(0), Watts, Watts::get;
    MilliAmperes = MilliAmperes(0), MilliAmperes, MilliAmperes::get;
    DeciVolts = DeciVolts(0), DeciVolts, DeciVolts::get;
    PowerFactor = PowerFactor(0), PowerFactor, PowerFactor::get;
    DeciHertz = DeciHertz(0), DeciHertz, DeciHertz::get;
    PulsesPerKilowattHour = PulsesPerKilowattHour(0), PulsesPerKilowattHour, PulsesPerKilowattHour::get;
    Milliseconds = Milliseconds(0), Milliseconds, Milliseconds::get;
}

/// Defines an entry's struct and its column table from one list.
///
/// A line is `field: Type = Quantity, "Header name", "key", "OBIS" or none, [aliases], "description";`. A column whose
/// type is an `Option` may be empty.
macro_rules! log_entry {
    (
        $(#[$doc:meta])*
        $name:ident, $log:expr, $([$plain:path, $cell:path],)?
        $($field:ident: $type:ty = $quantity:ident, $header:literal, $key:literal, $obis:expr, [$($alias:literal),*],
          $optional:literal, $description:literal;)*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub struct $name {
            $(
                #[doc = $description]
                #[cfg_attr(feature = "serde", serde(rename = $key))]
                pub $field: $type,
            )*
        }

        impl $crate::entry::Entry for $name {
            const LOG: $crate::request::Log = $log;

            const COLUMNS: &'static [$crate::columns::Column] = &[$(
                $crate::columns::Column {
                    name: $header,
                    aliases: &[$($alias),*],
                    key: $key,
                    quantity: $crate::columns::Quantity::$quantity,
                    obis: $obis,
                    optional: $optional,
                    description: $description,
                },
            )*];

            fn timestamp(&self) -> chrono::DateTime<chrono::Utc> {
                self.timestamp
            }

            fn index(&self) -> u32 {
                self.index
            }

            fn serial_number(&self) -> $crate::serial::SerialNumber {
                self.serial_number
            }
        }

        impl $crate::entry::sealed::Cells for $name {
            const EMPTY: Self = Self { $($field: <$type as $crate::entry::Cell>::ZERO,)* };

            fn from_cells(row: &$crate::entry::RawRow) -> Self {
                let mut column = 0usize..;
                // Fields are made in the order in which they are written, which is the table's.
                Self { $($field: $crate::entry::Cell::get(row, column.next().unwrap_or_default()),)* }
            }

            #[inline(always)]
            fn set(
                &mut self,
                column: u8,
                number: $crate::quick::Number,
                used: &mut $crate::dialect::Deviations,
            ) -> Option<()> {
                #[allow(non_camel_case_types, reason = "the fields' names, to count them")]
                enum Field { $($field,)* }
                $(
                    if column == Field::$field as u8 {
                        if !number.is_of($crate::columns::Quantity::$quantity, used) {
                            return None;
                        }
                        self.$field = $crate::entry::Cell::of(number.value);
                        return Some(());
                    }
                )*
                None
            }

            fn set_time(&mut self, column: u8, time: chrono::DateTime<chrono::Utc>) -> Option<()> {
                #[allow(non_camel_case_types, reason = "the fields' names, to count them")]
                enum Field { $($field,)* }
                $(
                    if column == Field::$field as u8 {
                        self.$field = $crate::entry::Cell::of_time(time)?;
                        return Some(());
                    }
                )*
                None
            }

            fn set_nothing(&mut self, column: u8) -> Option<()> {
                #[allow(non_camel_case_types, reason = "the fields' names, to count them")]
                enum Field { $($field,)* }
                $(
                    if column == Field::$field as u8 {
                        self.$field = $crate::entry::Cell::of_nothing()?;
                        return Some(());
                    }
                )*
                None
            }

            fn to_cells(&self) -> $crate::entry::RawRow {
                let mut row = $crate::entry::RawRow::EMPTY;
                let mut column = 0usize..;
                $($crate::entry::Cell::set(&self.$field, &mut row, column.next().unwrap_or_default());)*
                row
            }

            $(
                fn read_plain(
                    input: &[u8],
                    delimiter: u8,
                    cache: &mut $crate::fields::RowCache,
                    entry: &mut Self,
                ) -> Option<usize> {
                    $plain(input, delimiter, cache, entry)
                }

                #[inline(always)]
                fn read_cell<const LINE: usize>(
                    &mut self,
                    cell: u8,
                    fields: &mut $crate::fields::Fields<'_, LINE>,
                    cache: &mut $crate::fields::RowCache,
                ) -> Option<()> {
                    $cell(cell, fields, cache, self)
                }
            )?
        }
    };
}

pub(crate) use log_entry;
