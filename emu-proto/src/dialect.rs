//! How a read-out is written: the known firmware's way, and what else a reader may meet.
//!
//! [`Dialect`] tells the writer what to write; [`Deviations`] is what the reader met that the known firmware does not
//! write. No raw capture of a real meter is public, so that each variant that users could plausibly meet is read, and
//! reported.

/// What stands between two cells of a line.
///
/// For an example, see [`Dialect`](crate::Dialect).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Delimiter {
    /// `;`, as the known firmware writes it.
    #[default]
    Semicolon,
    /// `,`.
    Comma,
    /// A tabulator.
    Tab,
}

impl Delimiter {
    /// The delimiters in the order in which a reader looks for them.
    pub const ALL: [Self; 3] = [Self::Semicolon, Self::Comma, Self::Tab];

    /// Returns the delimiter's byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Semicolon => b';',
            Self::Comma => b',',
            Self::Tab => b'\t',
        }
    }
}

/// How the writer's header line looks.
///
/// For an example, see [`Dialect`](crate::Dialect).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HeaderForm {
    /// Names and scaled units, as the known firmware writes them: `Voltage L1-N [1/10 V]`.
    #[default]
    Scaled,
    /// Names alone; values are in the manual's resolution.
    Bare,
    /// Names with plain units, and values with decimals: `Voltage L1-N [V]` over `232.6`.
    Plain,
    /// No header line.
    None,
}

/// In which order the writer puts the columns.
///
/// For an example, see [`Dialect`](crate::Dialect).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ColumnOrder {
    /// The manual's order.
    #[default]
    Manual,
    /// The manual's order backwards. Needs a header, by which a reader finds the columns.
    Reversed,
}

/// What ends a line.
///
/// For an example, see [`Dialect`](crate::Dialect).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LineEnd {
    /// A line feed.
    #[default]
    Lf,
    /// Carriage return and line feed.
    CrLf,
}

impl LineEnd {
    /// Returns the characters that end a line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

/// How the writer writes a point in time.
///
/// For an example, see [`Dialect`](crate::Dialect).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TimeForm {
    /// `2021-05-20T10:30:00Z`, as the known firmware writes it.
    #[default]
    Utc,
    /// `2021-05-20T12:30:00+02:00`: local time with this many minutes east of UTC, less than a day either way.
    Offset(i16),
    /// `2021-05-20 10:30:00Z`.
    Blank,
    /// `2021-05-20T10:30:00`, which is taken for UTC.
    NoZone,
    /// `1621506600`: Unix seconds.
    Epoch,
}

/// How a read-out is written.
///
/// ```
/// use emu_proto::{Delimiter, Dialect, TimeForm};
///
/// let dialect = Dialect { delimiter: Delimiter::Comma, time: TimeForm::Epoch, ..Dialect::KNOWN };
/// assert_ne!(dialect, Dialect::KNOWN);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Dialect {
    /// What stands between two cells.
    pub delimiter: Delimiter,
    /// What the header line looks like, if there is one.
    pub header: HeaderForm,
    /// In which order the columns come.
    pub order: ColumnOrder,
    /// What ends a line.
    pub line_end: LineEnd,
    /// How a point in time is written.
    pub time: TimeForm,
    /// Whether the body starts with a UTF-8 byte-order mark.
    pub byte_order_mark: bool,
    /// Whether each cell stands in double quotes.
    pub quoted: bool,
    /// Whether one more delimiter stands at the end of each line.
    pub trailing_delimiter: bool,
}

impl Dialect {
    /// What the known firmware writes: `;`, one header line with units, UTC times with `Z`.
    ///
    /// Whether it ends lines with LF or CRLF is not known; LF is written.
    pub const KNOWN: Self = Self {
        delimiter: Delimiter::Semicolon,
        header: HeaderForm::Scaled,
        order: ColumnOrder::Manual,
        line_end: LineEnd::Lf,
        time: TimeForm::Utc,
        byte_order_mark: false,
        quoted: false,
        trailing_delimiter: false,
    };
}

/// What a reader met that the known firmware does not write, or of which it is not known whether it does.
///
/// A strict reader refuses all but [`UNKNOWN`](Self::UNKNOWN).
///
/// For an example, see [`Decoder`](crate::Decoder).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Deviations(u32);

bitflags::bitflags! {
    impl Deviations: u32 {
        /// Cells are separated by something else than `;`.
        const DELIMITER = 1 << 0;
        /// There is no header line; columns were taken by position.
        const NO_HEADER = 1 << 1;
        /// A header cell is spelt differently: case, blanks, an alias.
        const HEADER_SPELLING = 1 << 2;
        /// The header's names are not known; columns were taken by position. Logbook only.
        const HEADER_BY_POSITION = 1 << 3;
        /// Columns come in another order than the manual's.
        const COLUMN_ORDER = 1 << 4;
        /// There is a column that the manual does not have; it was skipped.
        const UNKNOWN_COLUMN = 1 << 5;
        /// A header cell has no unit; the manual's resolution was taken.
        const NO_UNIT = 1 << 6;
        /// A header cell states another scale than the known firmware's; values were converted.
        const OTHER_SCALE = 1 << 7;
        /// The body starts with a byte-order mark.
        const BYTE_ORDER_MARK = 1 << 8;
        /// Lines end with CRLF.
        const CRLF = 1 << 9;
        /// The last line has no line end.
        const NO_FINAL_LINE_END = 1 << 10;
        /// A line ends with a delimiter.
        const TRAILING_DELIMITER = 1 << 11;
        /// There is a blank line.
        const BLANK_LINE = 1 << 12;
        /// A cell stands in double quotes.
        const QUOTES = 1 << 13;
        /// There are blanks around a value.
        const PADDING = 1 << 14;
        /// A time has a blank between date and time of day.
        const TIME_BLANK = 1 << 15;
        /// A time has an offset from UTC.
        const TIME_OFFSET = 1 << 16;
        /// A time has no zone; it was taken for UTC.
        const TIME_NO_ZONE = 1 << 17;
        /// A time is in Unix seconds.
        const TIME_EPOCH = 1 << 18;
        /// An energy has a minus sign, as older meters of the family print exported energy.
        const NEGATIVE_ENERGY = 1 << 19;
        /// A serial number has fewer than eight digits; it was filled with leading zeros.
        const SHORT_SERIAL_NUMBER = 1 << 20;

        /// Those of which it is not known whether the known firmware writes so; no error even to a strict reader.
        const UNKNOWN = Self::CRLF.bits() | Self::NO_FINAL_LINE_END.bits();
    }
}

impl Deviations {
    /// Each deviation with a sentence for people.
    pub const DESCRIPTIONS: &'static [(Self, &'static str)] = &[
        (Self::DELIMITER, "cells are not separated by ';'"),
        (Self::NO_HEADER, "no header line; columns taken by position"),
        (Self::HEADER_SPELLING, "header names are spelt differently"),
        (Self::HEADER_BY_POSITION, "header names are not known; columns taken by position"),
        (Self::COLUMN_ORDER, "columns come in another order"),
        (Self::UNKNOWN_COLUMN, "unknown columns were skipped"),
        (Self::NO_UNIT, "header cells without a unit; the manual's resolution was taken"),
        (Self::OTHER_SCALE, "header cells with another scale; values were converted"),
        (Self::BYTE_ORDER_MARK, "the body starts with a byte-order mark"),
        (Self::CRLF, "lines end with CRLF"),
        (Self::NO_FINAL_LINE_END, "the last line has no line end"),
        (Self::TRAILING_DELIMITER, "lines end with a delimiter"),
        (Self::BLANK_LINE, "blank lines"),
        (Self::QUOTES, "cells in double quotes"),
        (Self::PADDING, "blanks around values"),
        (Self::TIME_BLANK, "times with a blank between date and time of day"),
        (Self::TIME_OFFSET, "times with an offset from UTC"),
        (Self::TIME_NO_ZONE, "times without a zone; taken for UTC"),
        (Self::TIME_EPOCH, "times in Unix seconds"),
        (Self::NEGATIVE_ENERGY, "energies with a minus sign"),
        (Self::SHORT_SERIAL_NUMBER, "serial numbers of fewer than eight digits; filled with zeros"),
    ];

    /// Returns a sentence for each deviation that is set.
    pub fn descriptions(self) -> impl Iterator<Item = &'static str> {
        Self::DESCRIPTIONS.iter().filter(move |(bit, _)| self.contains(*bit)).map(|(_, text)| *text)
    }
}
