//! What the two kinds of log entry have in common, and the macro that ties an entry's struct to its column table.

use chrono::{DateTime, Utc};

use crate::calendar::time_of;
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
    use crate::columns::Table;
    use crate::dialect::Deviations;
    use crate::fields::{Fields, RowCache};
    use crate::quick::Number;
    use chrono::{DateTime, Utc};

    /// An entry's cells as integers, by column number in the manual's order; a time is Unix seconds.
    pub trait Integers {
        /// Sets a column to an integer of its range; an optional one to nothing if that is 0.
        fn put(&mut self, column: u8, value: i64);

        /// Returns a column's integer, `None` for an optional one that holds nothing.
        fn get(&self, column: u8) -> Option<i64>;
    }

    /// The way between an entry and its cells.
    pub trait Cells: Sized + Integers {
        /// An entry to be written over: optional columns hold nothing.
        const EMPTY: Self;

        /// What a reader and a writer need to know of the columns.
        const TABLE: Table;

        /// Sets a column to a number, if its type holds that and it is not a time; notes how the number deviates.
        fn set(&mut self, column: u8, number: Number, used: &mut Deviations) -> Option<()>;

        /// Sets a column to a time, if it holds times.
        fn set_time(&mut self, column: u8, time: DateTime<Utc>) -> Option<()>;

        /// Sets a column to nothing, if it may hold that.
        fn set_nothing(&mut self, column: u8) -> Option<()>;

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

/// One cell's type: how it is made of an integer and becomes one.
pub(crate) trait Cell: Sized {
    const ZERO: Self;

    /// Makes the cell of an integer in its column's range, which is within the type's.
    fn of(value: i64) -> Self;

    fn of_time(_time: DateTime<Utc>) -> Option<Self> {
        None
    }

    /// The cell of no value.
    fn of_nothing() -> Option<Self> {
        None
    }

    /// Returns the integer, `None` for no value.
    fn integer(&self) -> Option<i64>;
}

impl Cell for DateTime<Utc> {
    const ZERO: Self = Self::UNIX_EPOCH;

    #[inline(always)]
    fn of(seconds: i64) -> Self {
        time_of(seconds).unwrap_or(Self::UNIX_EPOCH)
    }

    fn of_time(time: DateTime<Utc>) -> Option<Self> {
        Some(time)
    }

    fn integer(&self) -> Option<i64> {
        Some(self.timestamp())
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

    fn integer(&self) -> Option<i64> {
        self.as_ref().and_then(T::integer)
    }
}

/// Cells that are integers: the reader has checked the column's range, which is within the type's, so that nothing is cut.
macro_rules! integer_cells {
    ($($name:ty = $int:ty, $zero:expr, $wrap:expr, $unwrap:expr;)*) => {$(
        impl Cell for $name {
            const ZERO: Self = $zero;

            #[inline(always)]
            fn of(value: i64) -> Self {
                $wrap(value as $int)
            }

            #[inline(always)]
            fn integer(&self) -> Option<i64> {
                Some(i64::from($unwrap(*self)))
            }
        }
    )*};
}

integer_cells! {
    u32 = u32, 0, core::convert::identity, core::convert::identity;
    Status = u32, Self::empty(), Self::from_bits_retain, |value: Self| value.bits();
    SerialNumber = u32, Self::of_checked(0), Self::of_checked, Self::get;
    WattHours = i64, WattHours(0), WattHours, WattHours::get;
    VarHours = i64, VarHours(0), VarHours, VarHours::get;
    Watts = i32, Watts(0), Watts, Watts::get;
    MilliAmperes = i32, MilliAmperes(0), MilliAmperes, MilliAmperes::get;
    DeciVolts = i32, DeciVolts(0), DeciVolts, DeciVolts::get;
    PowerFactor = i8, PowerFactor(0), PowerFactor, PowerFactor::get;
    DeciHertz = i16, DeciHertz(0), DeciHertz, DeciHertz::get;
    PulsesPerKilowattHour = u32, PulsesPerKilowattHour(0), PulsesPerKilowattHour, PulsesPerKilowattHour::get;
    Milliseconds = u32, Milliseconds(0), Milliseconds, Milliseconds::get;
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

        impl $crate::entry::sealed::Integers for $name {
            fn put(&mut self, column: u8, value: i64) {
                #[allow(non_camel_case_types, reason = "the fields' names, to count them")]
                enum Field { $($field,)* }
                $(
                    if column == Field::$field as u8 {
                        self.$field = $crate::entry::Cell::of(value);
                        return;
                    }
                )*
            }

            fn get(&self, column: u8) -> Option<i64> {
                #[allow(non_camel_case_types, reason = "the fields' names, to count them")]
                enum Field { $($field,)* }
                $(
                    if column == Field::$field as u8 {
                        return $crate::entry::Cell::integer(&self.$field);
                    }
                )*
                None
            }
        }

        impl $crate::entry::sealed::Cells for $name {
            const EMPTY: Self = Self { $($field: <$type as $crate::entry::Cell>::ZERO,)* };

            const TABLE: $crate::columns::Table = {
                #[allow(non_camel_case_types, dead_code, reason = "the fields' names, to count them")]
                enum Field { $($field,)* }
                $crate::columns::Table {
                    log: $log,
                    names: concat!($($header),*),
                    lengths: &[$($header.len() as u8),*],
                    aliases: &[$($((Field::$field as u8, $alias),)*)*],
                    kinds: &[$(($crate::columns::Quantity::$quantity, $optional),)*],
                }
            };

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
