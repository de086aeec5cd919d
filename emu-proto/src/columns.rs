//! What the columns of the two logs are: names, units, scales, ranges, OBIS codes.
//!
//! Each log has one table, from which the reader, the writer and the documentation of both take their facts. It is public,
//! so that a database column or the axis of a chart can be labelled from it.
//!
//! Sources: manual, the two "CSV-File Structure" tables (order, meaning, unit, resolution); public clients of real meters
//! (header names of the data logger); the vendor's decoder of the sister model (ranges, OBIS codes). The header names of
//! the logbook are not known.

use core::fmt;

use crate::request::Log;

/// One column of a log.
///
/// ```
/// use emu_proto::{Entry, LoadProfileEntry};
///
/// let voltage = LoadProfileEntry::COLUMNS[21];
/// assert_eq!(voltage.header().to_string(), "Voltage L1-N [1/10 V]");
/// assert_eq!(voltage.key, "voltage_l1_n_dv");
/// assert_eq!((voltage.quantity.unit(), voltage.quantity.decimals()), ("V", 1));
/// let import = LoadProfileEntry::COLUMNS[4];
/// assert_eq!(import.obis, Some("1-0:1.8.1"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Column {
    /// The name in the header line, without the unit.
    pub name: &'static str,
    /// Other names under which the column is found, each without the unit.
    pub aliases: &'static [&'static str],
    /// A name for databases and JSON, in lower case, with the scaled unit at its end: `voltage_l1_n_dv`.
    pub key: &'static str,
    /// What is measured, with unit, scale and range.
    pub quantity: Quantity,
    /// The OBIS code that the vendor gives this register.
    pub obis: Option<&'static str>,
    /// Whether the value may be empty, `-` or 0, all of which mean "none".
    pub optional: bool,
    /// What the column holds, in a few words.
    pub description: &'static str,
}

impl Column {
    /// Returns the header cell as the known firmware writes it: the name, and the unit with its scale in brackets.
    #[must_use]
    pub const fn header(&self) -> HeaderCell {
        HeaderCell { name: self.name, unit: self.quantity.header_unit() }
    }
}

/// What a reader and a writer need to know of a log's columns: without what is there for people alone, which would take
/// flash.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub(crate) log: Log,
    /// The names one behind the other, and the length of each by column number: half the flash of a slice of slices.
    pub(crate) names: &'static str,
    pub(crate) lengths: &'static [u8],
    /// Other names, each with its column's number.
    pub(crate) aliases: &'static [(u8, &'static str)],
    /// Quantities by column number, and whether the value may be none.
    pub(crate) kinds: &'static [(Quantity, bool)],
}

impl Table {
    /// Returns what a column measures, and whether its value may be none.
    pub(crate) fn kind(&self, column: u8) -> Option<(Quantity, bool)> {
        self.kinds.get(usize::from(column)).copied()
    }

    /// Returns how many columns there are.
    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }

    pub(crate) fn name(&self, column: u8) -> Option<&'static str> {
        let place = usize::from(column);
        let length = usize::from(*self.lengths.get(place)?);
        let start: usize = self.lengths.iter().take(place).map(|length| usize::from(*length)).sum();
        self.names.get(start..start.wrapping_add(length))
    }

    /// Finds a column by one of its names, in any case.
    pub(crate) fn find(&self, name: &[u8]) -> Option<u8> {
        let is_same = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
        let named = (0u8..).zip(self.lengths).map(|(column, _)| column);
        named
            .into_iter()
            .find(|column| self.name(*column).is_some_and(is_same))
            .or_else(|| self.aliases.iter().find(|(_, known)| is_same(known)).map(|(column, _)| *column))
    }
}

/// A header cell, to be printed; made by [`Column::header`].
///
/// For an example, see [`Column`](crate::Column).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct HeaderCell {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
}

/// As it is printed.
#[cfg(feature = "serde")]
impl serde::Serialize for HeaderCell {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for HeaderCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if self.unit.is_empty() { Ok(()) } else { write!(f, " [{}]", self.unit) }
    }
}

/// What a column measures; unit, scale and range follow from it.
///
/// Units and resolutions are the manual's (Doc.Ref 1475, V1.6, "CSV-File Structure"). It gives no ranges: those of
/// [`range`](Self::range) are the types of the same data logger in the vendor's decoder for a sister model, but that energies
/// are wider, since registers of 64 bits and negative ones are seen.
///
/// For an example, see [`Column`](crate::Column).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Quantity {
    /// A point in time, UTC.
    Timestamp,
    /// The counter that numbers a log's entries.
    Index,
    /// The bit-coded status.
    Status,
    /// The serial number, eight digits.
    SerialNumber,
    /// Active energy, 1 Wh.
    ActiveEnergy,
    /// Reactive energy, 1 varh.
    ReactiveEnergy,
    /// Active power, 1 W.
    ActivePower,
    /// Current, 1 mA.
    Current,
    /// Voltage, 0.1 V.
    Voltage,
    /// Power factor, 0.01, from -1 to 1.
    PowerFactor,
    /// Frequency, 0.1 Hz.
    Frequency,
    /// A primary or secondary setting of a current or voltage transformer; the manual gives no unit.
    TransformerSetting,
    /// Pulse value of the S0 output, 1 P/kWh.
    PulseValue,
    /// Pulse width of the S0 output, 1 ms.
    PulseWidth,
}

impl Quantity {
    /// Returns the unit, without a scale; empty where there is none.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Voltage => "V",
            Self::Frequency => "Hz",
            Self::PowerFactor => "",
            _ => self.header_unit(),
        }
    }

    /// Returns how many of the printed integer's last digits stand behind the decimal point.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        match self {
            Self::Voltage | Self::Frequency => 1,
            Self::PowerFactor => 2,
            _ => 0,
        }
    }

    /// Returns what stands in the brackets of the header cell: `Wh`, `1/10 V`, `1/100`; empty where there are none.
    #[must_use]
    pub const fn header_unit(self) -> &'static str {
        match self {
            Self::Voltage => "1/10 V",
            Self::Frequency => "1/10 Hz",
            Self::PowerFactor => "1/100",
            Self::ActiveEnergy => "Wh",
            Self::ReactiveEnergy => "varh",
            Self::ActivePower => "W",
            Self::Current => "mA",
            Self::PulseValue => "P/kWh",
            Self::PulseWidth => "ms",
            Self::Timestamp | Self::Index | Self::Status | Self::SerialNumber | Self::TransformerSetting => "",
        }
    }

    /// Returns the smallest and the largest integer that is read in such a column. The types hold them all; [`PowerFactor`]
    /// holds more, and so does the timestamp's.
    ///
    /// [`PowerFactor`]: crate::PowerFactor
    ///
    /// For a timestamp these are Unix seconds, the years 1970 to 9999.
    #[must_use]
    pub const fn range(self) -> (i64, i64) {
        match self {
            Self::Timestamp => (0, 253_402_300_799),
            Self::SerialNumber => (0, 99_999_999),
            Self::ActiveEnergy | Self::ReactiveEnergy => (i64::MIN, i64::MAX),
            Self::ActivePower | Self::Current | Self::Voltage => (i32::MIN as i64, i32::MAX as i64),
            Self::PowerFactor => (-100, 100),
            Self::Frequency => (i16::MIN as i64, i16::MAX as i64),
            Self::Index | Self::Status | Self::TransformerSetting | Self::PulseValue | Self::PulseWidth => {
                (0, u32::MAX as i64)
            }
        }
    }
}
