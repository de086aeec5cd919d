//! How the meter writes its logs: the dialect, oddities that a dialect does not name, and rows that are damaged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use emu_proto::{ColumnOrder, Dialect, Entry, HeaderForm, Log, write_header, write_row};

/// Oddities of a read-out that [`Dialect`] does not name, each of which a lenient reader accepts. None by default.
///
/// ```
/// use emu_simulator::Quirks;
///
/// let quirks = Quirks { blank_lines: true, short_serials: true, ..Quirks::default() };
/// # let _ = quirks;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Quirks {
    /// The last line has no line end.
    pub no_final_line_end: bool,
    /// A blank line stands after each row.
    pub blank_lines: bool,
    /// A last column that the manual does not have.
    pub extra_column: bool,
    /// Serial numbers without their leading zeros.
    pub short_serials: bool,
    /// A blank before and after each value.
    pub padding: bool,
    /// Export registers are printed as negative numbers, as by older meters of the family.
    pub negative_exports: bool,
    /// Header names in lower case.
    pub lower_case_header: bool,
    /// Header names of the logbook that no reader knows, so that it must go by position.
    pub unknown_logbook_header: bool,
    /// What stands in the logbook where there is no value.
    pub none: NoneForm,
}

/// What the logbook writes where there is no value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum NoneForm {
    /// Nothing.
    #[default]
    Empty,
    /// `-`.
    Dash,
    /// `0`.
    Zero,
}

/// Damage to single rows of the load profile, by index.
///
/// The snapshots of [`Simulator::load_profile`](crate::Simulator::load_profile) are without any: what they hold and a
/// client did not read, it lost to the damage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defects {
    /// Rows that are missing: the index has a hole. They do not count toward a request's limit.
    pub holes: BTreeSet<u32>,
    /// Rows that come twice, one after the other. They count once toward a request's limit.
    pub doubled: BTreeSet<u32>,
    /// Rows that can not be read.
    pub malformed: BTreeMap<u32, Malformed>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Malformed {
    /// The active power L123 is `x7?`.
    #[default]
    Garbage,
    /// The active power L123 is two bytes that are no UTF-8.
    Binary,
    /// The last cell is missing.
    MissingCell,
    /// There is one cell more than the header has.
    ExtraCell,
    /// The active power L123 has 5,000 digits, so that the line is longer than a reader's buffer.
    LongLine,
    /// The time is the 32nd of a month.
    BadTime,
}

/// Writes the lines of one body.
#[derive(Debug)]
pub(crate) struct Lines {
    dialect: Dialect,
    quirks: Quirks,
    line: String,
    body: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(dialect: Dialect, quirks: Quirks) -> Self {
        Self { dialect, quirks, line: String::new(), body: Vec::new() }
    }

    /// Writes what stands before the first row.
    pub(crate) fn header<E: Entry>(&mut self) {
        self.line.clear();
        // A `String` takes everything.
        let _: fmt::Result = write_header::<E>(&mut self.line, &self.dialect);
        if self.dialect.header == HeaderForm::None {
            self.body.extend_from_slice(self.line.as_bytes());
        } else {
            self.finish::<E>(None, true);
        }
    }

    /// Writes one row.
    pub(crate) fn row<E: Entry>(&mut self, entry: &E, malformed: Option<Malformed>) {
        self.line.clear();
        let _: fmt::Result = write_row(&mut self.line, &self.dialect, entry);
        self.finish::<E>(malformed, false);
        if self.quirks.blank_lines {
            self.body.extend_from_slice(self.dialect.line_end.as_str().as_bytes());
        }
    }

    /// Returns the body.
    pub(crate) fn into_body(mut self) -> Vec<u8> {
        if self.quirks.no_final_line_end {
            while self.body.pop_if(|byte| matches!(byte, b'\r' | b'\n')).is_some() {}
        }
        self.body
    }

    /// Puts the line into the body, as it is or taken apart and changed.
    fn finish<E: Entry>(&mut self, malformed: Option<Malformed>, header: bool) {
        let plain = Quirks { no_final_line_end: false, blank_lines: false, ..self.quirks } == Quirks::default();
        if plain && malformed.is_none() {
            self.body.extend_from_slice(self.line.as_bytes());
            return;
        }
        let delimiter = char::from(self.dialect.delimiter.byte());
        let (mark, line) = match self.line.strip_prefix('\u{feff}') {
            Some(line) => ("\u{feff}", line),
            None => ("", self.line.as_str()),
        };
        let line = line.trim_end_matches(['\r', '\n']);
        let line = if self.dialect.trailing_delimiter { line.strip_suffix(delimiter).unwrap_or(line) } else { line };
        let width = E::COLUMNS.len();
        let mut cells: Vec<Vec<u8>> = Vec::with_capacity(width + 2);
        for (position, cell) in line.split(delimiter).enumerate() {
            let column = match self.dialect.order {
                ColumnOrder::Manual => position,
                ColumnOrder::Reversed => width.saturating_sub(position + 1),
            };
            let cell = cell.trim_matches('"');
            let cell = if header { self.header_cell(E::LOG, column, cell) } else { self.cell(E::LOG, column, cell) };
            cells.push(damaged(malformed, column, cell.into_bytes()));
        }
        if self.quirks.extra_column {
            cells.push(if header { b"Temperature [1/10 C]".to_vec() } else { b"215".to_vec() });
        }
        match malformed {
            Some(Malformed::MissingCell) => drop(cells.pop()),
            Some(Malformed::ExtraCell) => cells.push(b"0".to_vec()),
            _ => {}
        }
        self.body.extend_from_slice(mark.as_bytes());
        for (position, cell) in cells.iter().enumerate() {
            if position > 0 {
                self.body.push(self.dialect.delimiter.byte());
            }
            let (before, after): (&[u8], &[u8]) = match (self.dialect.quoted, self.quirks.padding && !header) {
                (false, false) => (b"", b""),
                (false, true) => (b" ", b" "),
                (true, false) => (b"\"", b"\""),
                (true, true) => (b"\" ", b" \""),
            };
            self.body.extend_from_slice(before);
            self.body.extend_from_slice(cell);
            self.body.extend_from_slice(after);
        }
        if self.dialect.trailing_delimiter {
            self.body.push(self.dialect.delimiter.byte());
        }
        self.body.extend_from_slice(self.dialect.line_end.as_str().as_bytes());
    }

    fn header_cell(&self, log: Log, column: usize, cell: &str) -> String {
        if log == Log::Logbook && self.quirks.unknown_logbook_header {
            return format!("Spalte {}", column + 1);
        }
        let name = cell.find(" [").unwrap_or(cell.len());
        let (name, unit) = cell.split_at(name);
        if self.quirks.lower_case_header { format!("{}{unit}", name.to_lowercase()) } else { cell.to_owned() }
    }

    fn cell(&self, log: Log, column: usize, cell: &str) -> String {
        let export = match log {
            Log::LoadProfile => matches!(column, 6 | 7 | 10 | 11),
            Log::Logbook => matches!(column, 6 | 7),
        };
        if export && self.quirks.negative_exports && cell != "0" {
            return format!("-{cell}");
        }
        if column == 3 && self.quirks.short_serials {
            let short = cell.trim_start_matches('0');
            return if short.is_empty() { "0" } else { short }.to_owned();
        }
        match (cell.is_empty(), self.quirks.none) {
            (true, NoneForm::Dash) => "-".to_owned(),
            (true, NoneForm::Zero) => "0".to_owned(),
            _ => cell.to_owned(),
        }
    }
}

/// Puts garbage in place of a cell, if it is this cell's turn.
fn damaged(malformed: Option<Malformed>, column: usize, cell: Vec<u8>) -> Vec<u8> {
    const ACTIVE_POWER_L123: usize = 12;
    match (malformed, column) {
        (Some(Malformed::Garbage), ACTIVE_POWER_L123) => b"x7?".to_vec(),
        (Some(Malformed::Binary), ACTIVE_POWER_L123) => vec![0xff, 0xfe],
        (Some(Malformed::LongLine), ACTIVE_POWER_L123) => vec![b'9'; 5_000],
        (Some(Malformed::BadTime), 0) => b"2025-01-32T00:00:00Z".to_vec(),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::household::Household;
    use emu_proto::{Delimiter, LineEnd, LoadProfileEntry, LogbookEntry, SerialNumber};

    fn write<E: Entry>(dialect: Dialect, quirks: Quirks, malformed: Option<Malformed>, entry: &E) -> String {
        let mut lines = Lines::new(dialect, quirks);
        lines.header::<E>();
        lines.row(entry, malformed);
        String::from_utf8_lossy(&lines.into_body()).into_owned()
    }

    fn entry() -> LoadProfileEntry {
        Household::new(1).serial_number(SerialNumber::new(1_234).unwrap()).rows().next().unwrap()
    }

    fn logbook_entry() -> LogbookEntry {
        Household::new(1).event(1, crate::Event::CtPrimary(7)).records().next().unwrap().changes[0]
    }

    #[test]
    fn without_quirks_it_is_the_writer_s_own() {
        let mut expected = String::new();
        write_header::<LoadProfileEntry>(&mut expected, &Dialect::KNOWN).unwrap();
        write_row(&mut expected, &Dialect::KNOWN, &entry()).unwrap();
        assert_eq!(write(Dialect::KNOWN, Quirks::default(), None, &entry()), expected);
    }

    #[test]
    fn taking_a_line_apart_and_together_changes_nothing() {
        let quirk = Quirks { none: NoneForm::Dash, ..Quirks::default() };
        for order in [ColumnOrder::Manual, ColumnOrder::Reversed] {
            for quoted in [false, true] {
                for trailing_delimiter in [false, true] {
                    let dialect = Dialect {
                        order,
                        quoted,
                        trailing_delimiter,
                        delimiter: Delimiter::Tab,
                        line_end: LineEnd::CrLf,
                        byte_order_mark: true,
                        ..Dialect::KNOWN
                    };
                    let plain = write(dialect, Quirks::default(), None, &entry());
                    assert_eq!(write(dialect, quirk, None, &entry()), plain);
                }
            }
        }
    }

    #[test]
    fn each_quirk_shows() {
        let with = |quirks| write(Dialect::KNOWN, quirks, None, &entry());
        assert!(!with(Quirks { no_final_line_end: true, ..Quirks::default() }).ends_with('\n'));
        assert!(with(Quirks { blank_lines: true, ..Quirks::default() }).ends_with("\n\n"));
        assert!(with(Quirks { extra_column: true, ..Quirks::default() }).ends_with(";215\n"));
        assert!(with(Quirks { short_serials: true, ..Quirks::default() }).contains(";1234;"));
        assert!(with(Quirks { padding: true, ..Quirks::default() }).contains("; 00001234 ;"));
        assert!(with(Quirks { negative_exports: true, ..Quirks::default() }).contains(";-"));
        assert!(with(Quirks { lower_case_header: true, ..Quirks::default() }).starts_with("timestamp;index;"));
        assert!(with(Quirks { lower_case_header: true, ..Quirks::default() }).contains("voltage l1-n [1/10 V]"));
    }

    #[test]
    fn quirks_of_the_logbook_show() {
        let with = |quirks| write(Dialect::KNOWN, quirks, None, &logbook_entry());
        assert!(with(Quirks { unknown_logbook_header: true, ..Quirks::default() }).starts_with("Spalte 1;Spalte 2;"));
        assert!(with(Quirks { none: NoneForm::Dash, ..Quirks::default() }).ends_with(";120;-\n"));
        assert!(with(Quirks { none: NoneForm::Zero, ..Quirks::default() }).ends_with(";120;0\n"));
    }

    #[test]
    fn each_damage_shows() {
        let cells = |malformed| {
            let text = write(Dialect::KNOWN, Quirks::default(), Some(malformed), &entry());
            text.lines().nth(1).unwrap().split(';').map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(cells(Malformed::Garbage)[12], "x7?");
        assert_eq!(cells(Malformed::Binary)[12], "\u{fffd}\u{fffd}");
        assert_eq!(cells(Malformed::MissingCell).len(), 27);
        assert_eq!(cells(Malformed::ExtraCell).len(), 29);
        assert_eq!(cells(Malformed::LongLine)[12].len(), 5_000);
        assert_eq!(cells(Malformed::BadTime)[0], "2025-01-32T00:00:00Z");
    }
}
