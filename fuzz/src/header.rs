//! The header line: each column is found where its name stands and read in the scale of its unit, or the header is refused
//! and nothing is read.
//!
//! ```text
//! input = 0 values header-line     ; any text as a header
//!       | 1 values choices         ; a header with other orders, names and units, which must be taken
//!       | 2 choices row-line       ; any cells, in the manual's order and in another one
//! ```

use emu_proto::{
    Decoder, Deviations, Dialect, Entry, LoadProfileEntry, Log, LogbookEntry, Quantity, ReadErrorKind, write_header,
};

use crate::bytes::Bytes;
use crate::reading::{Ending, Reading, read_in_pieces};
use crate::units::{power, scaled};
use crate::values::{Values, text};

/// Reads a header of either log, and rows under it.
///
/// # Panics
///
/// If a property does not hold.
pub fn header(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let choice = bytes.byte();
    if choice & 0x80 == 0 {
        check::<LoadProfileEntry>(choice, &mut bytes);
    } else {
        check::<LogbookEntry>(choice, &mut bytes);
    }
}

fn check<R: Entry>(choice: u8, bytes: &mut Bytes<'_>) {
    match choice % 3 {
        0 => {
            let values = Values::small::<R>(&mut Bytes::new(bytes.take(4)));
            check_header::<R>(&values, bytes.line());
        }
        1 => {
            let values = Values::small::<R>(&mut Bytes::new(bytes.take(4)));
            let header = make_header::<R>(bytes);
            let is_taken = check_header::<R>(&values, header.as_bytes());
            assert!(is_taken || header.len() > LONGEST, "{header}");
        }
        _ => check_orders::<R>(bytes),
    }
}

/// A header line, and a row under it. Returns whether the header was taken.
fn check_header<R: Entry>(values: &Values, line: &[u8]) -> bool {
    let known = known_body::<R>(values);
    // Whatever comes behind a header that is refused is not read: the reading asserts it.
    let body = [line, b"\n", known.as_bytes()].concat();
    read_in_pieces(Decoder::<R>::new(), &body, &[7], Ending::Whole);

    let body = [line, b"\n"].concat();
    let reading = read_in_pieces(Decoder::<R>::new(), &body, &[], Ending::Whole);
    // Of a body of nothing it is not known whether it has a header.
    let is_blank = matches!(line, b"" | b"\r");
    let is_header = !reading.deviations.contains(Deviations::NO_HEADER) && !is_blank;
    let is_taken = is_header && reading.delimiter.is_some();
    assert_eq!(is_taken, is_header && reading.rows.is_empty(), "a header is taken or refused: {reading:?}");
    check_strict(&reading, is_taken, &body);
    let Some(text) = plain_text(line) else { return is_taken };
    let columns = expected_columns::<R>(text);
    assert_eq!(is_taken, columns.is_some(), "{text}: {:?}", reading.rows);
    let Some(columns) = columns else { return false };

    check_deviations::<R>(&reading, &columns, text);
    let delimiter = columns.delimiter.to_string();
    let row: Vec<String> = columns.cells.iter().map(|cell| cell_text::<R>(values, *cell)).collect();
    let body = format!("{text}\n{}\n", row.join(&delimiter));
    let rows = read_in_pieces(Decoder::<R>::new(), body.as_bytes(), &[], Ending::Whole).rows;
    assert_eq!(rows, [Ok(values.entry())], "{body}");
    true
}

/// A strict reader takes no more headers than a lenient one, and none that deviates.
fn check_strict<R: Entry>(lenient: &Reading<R>, is_taken: bool, body: &[u8]) {
    let strict = read_in_pieces(Decoder::<R>::strict(), body, &[], Ending::Whole);
    let refused = lenient.deviations.difference(Deviations::UNKNOWN);
    if !is_taken {
        assert!(strict.rows.iter().all(Result::is_err), "what is no header to one is none to the other");
    } else if refused.is_empty() {
        assert_eq!(strict, *lenient);
    } else {
        let kinds: Vec<_> = strict.rows.iter().map(|row| row.map_err(|error| error.kind)).collect();
        assert_eq!(kinds, [Err(ReadErrorKind::StrictHeader(refused))]);
    }
}

fn check_deviations<R: Entry>(reading: &Reading<R>, columns: &Columns, text: &str) {
    let is_moved =
        |(position, cell): (usize, &Option<(usize, i32)>)| cell.is_some_and(|(number, _)| number != position);
    let mut expected = Deviations::empty();
    expected.set(Deviations::DELIMITER, columns.delimiter != ';');
    expected.set(Deviations::HEADER_BY_POSITION, columns.are_by_position);
    expected.set(Deviations::TRAILING_DELIMITER, columns.has_trailing_delimiter);
    expected.set(Deviations::COLUMN_ORDER, columns.cells.iter().enumerate().any(is_moved));
    expected.set(Deviations::UNKNOWN_COLUMN, columns.cells.iter().any(Option::is_none));
    expected.set(Deviations::OTHER_SCALE, columns.cells.iter().flatten().any(|(_, power)| *power != 0));
    let spelling = Deviations::HEADER_SPELLING | Deviations::NO_UNIT | Deviations::PADDING;
    assert_eq!(reading.deviations.difference(spelling), expected, "{text}");
    assert_eq!(reading.delimiter.map(|delimiter| char::from(delimiter.byte())), Some(columns.delimiter));
}

/// What a header means.
struct Columns {
    delimiter: char,
    /// A column's number and the power of ten of its values; `None` for one that is skipped.
    cells: Vec<Option<(usize, i32)>>,
    are_by_position: bool,
    has_trailing_delimiter: bool,
}

/// Returns the line if it is one of which [`expected_columns`] knows what it means.
fn plain_text(line: &[u8]) -> Option<&str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t') && *byte != b'"';
    // With another delimiter a TAB is white space, which is trimmed in some places.
    let has_tab = line.contains(&b'\t') && (line.contains(&b';') || line.contains(&b','));
    let is_row = line.trim_ascii_start().first().is_some_and(u8::is_ascii_digit);
    let is_plain = line.iter().all(is_plain) && !has_tab && !is_row && !line.is_empty() && line.len() <= LONGEST;
    if is_plain { core::str::from_utf8(line).ok() } else { None }
}

/// What a header without quotes means, said a second time; `None` for one that has to be refused.
fn expected_columns<R: Entry>(line: &str) -> Option<Columns> {
    if line.trim_start().starts_with('<') {
        return None;
    }
    let delimiter = [';', ',', '\t'].into_iter().find(|delimiter| line.contains(*delimiter))?;
    let mut cells: Vec<&str> = line.split(delimiter).map(|cell| cell.trim_matches(' ')).collect();
    let has_trailing_delimiter = cells.last().is_some_and(|cell| cell.is_empty());
    if has_trailing_delimiter {
        cells.pop();
    }
    let split: Vec<(&str, Option<&str>)> = cells.iter().map(|cell| name_and_unit(cell)).collect();
    let find = |name: &str| {
        R::COLUMNS.iter().position(|column| {
            let mut names = [column.name].into_iter().chain(column.aliases.iter().copied());
            names.any(|known| known.eq_ignore_ascii_case(name))
        })
    };
    let found: Vec<Option<usize>> = split.iter().map(|(name, _)| find(name)).collect();
    let width = R::COLUMNS.len();
    let are_by_position = R::LOG == Log::Logbook
        && found.len() >= width
        && cells[width..].iter().all(|cell| cell.is_empty())
        && found[..width].iter().enumerate().all(|(at, number)| number.is_none_or(|number| number == at))
        && found[..width].iter().any(Option::is_none)
        && (0..width).all(|at| found[at].is_some() || !speaks_of_another(split[at].0, R::COLUMNS[at].name));
    let mut columns = Columns { delimiter, cells: Vec::new(), are_by_position, has_trailing_delimiter };
    for (position, (_, unit)) in split.iter().enumerate() {
        let number = if are_by_position { Some(position).filter(|at| *at < width) } else { found[position] };
        let Some(number) = number else {
            columns.cells.push(None);
            continue;
        };
        if columns.cells.iter().flatten().any(|(other, _)| *other == number) {
            return None;
        }
        let power = unit.map_or(Some(0), |unit| power(R::COLUMNS[number].quantity, unit))?;
        columns.cells.push(Some((number, power)));
    }
    let is_complete = columns.cells.iter().flatten().count() == width && columns.cells.len() <= MOST_CELLS;
    is_complete.then_some(columns)
}

/// Whether a name has a word for other settings than the column's.
fn speaks_of_another(name: &str, column: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    ["CT", "VT", "S0"].iter().any(|setting| words.contains(setting) && !column.starts_with(setting))
}

fn name_and_unit(cell: &str) -> (&str, Option<&str>) {
    let parts = cell.split_once('[').and_then(|(name, unit)| Some((name, unit.strip_suffix(']')?)));
    match parts {
        Some((name, unit)) if !unit.contains(']') => (name.trim(), Some(unit.trim())),
        _ => (cell.trim(), None),
    }
}

fn cell_text<R: Entry>(values: &Values, cell: Option<(usize, i32)>) -> String {
    let Some((number, power)) = cell else { return "whatever it is".to_owned() };
    let (column, value) = (&R::COLUMNS[number], values.get(number));
    match column.quantity {
        Quantity::Timestamp | Quantity::SerialNumber => text(column, value),
        _ => scaled(value.unwrap_or(0), power),
    }
}

/// Makes a header that must be taken: any order, names in any case, aliases, units and scales of the quantity, columns that
/// the manual does not have.
fn make_header<R: Entry>(bytes: &mut Bytes<'_>) -> String {
    let delimiter = bytes.pick(&[";", ",", "\t"]);
    let mut order: Vec<usize> = (0..R::COLUMNS.len()).collect();
    for _ in 0..bytes.below(16) {
        let (one, other) = (bytes.below(28) as usize % order.len(), bytes.below(28) as usize % order.len());
        order.swap(one, other);
    }
    let mut cells = Vec::new();
    let mut more = MOST_CELLS - order.len();
    for number in order {
        let column = &R::COLUMNS[number];
        let choice = bytes.byte();
        if choice & 0xe0 == 0xe0 && more > 0 {
            more -= 1;
            cells.push(bytes.pick(&["New column", "New [Wh]", "x[", "]", "Index [", "[Wh]", ""]).to_owned());
        }
        let name = column.aliases.first().filter(|_| choice & 1 != 0).copied().unwrap_or(column.name);
        let name = if choice & 2 == 0 { name.to_owned() } else { name.to_ascii_uppercase() };
        let unit = bytes.pick(units(column.quantity));
        let unit = if unit == "=" { column.quantity.header_unit() } else { unit };
        cells.push(match (choice & 4, unit) {
            (_, "") => name,
            (0, unit) => format!("{name} [{unit}]"),
            (_, unit) => format!(" {name}[ {unit} ] "),
        });
    }
    cells.join(delimiter)
}

/// Units of a quantity; `=` stands for the known one, and nothing for none.
fn units(quantity: Quantity) -> &'static [&'static str] {
    match quantity {
        Quantity::ActiveEnergy => &["=", "", "kWh", "MWH", "GWh", "1/10 Wh", "1/1000 kWh", "mWh"],
        Quantity::ReactiveEnergy => &["=", "", "kvarh", "Mvarh", "VARH", "1/100varh"],
        Quantity::ActivePower => &["=", "", "kW", "w", "MW", "1/10 W", "1/1000000000 GW"],
        Quantity::Current => &["=", "", "A", "kA", "ma", "1/10 A", "1/100 mA", "1/1 A"],
        Quantity::Voltage => &["=", "", "V", "kV", "mV", "1/10V", "1/100 v", "1/1000 kV"],
        Quantity::PowerFactor => &["=", "", "1", "%", "1/1000", "1/10 %", "1/1"],
        Quantity::Frequency => &["=", "", "Hz", "kHz", "mHz", "1/100 Hz", "1/10hz"],
        Quantity::PulseValue => &["=", "", "p/kwh", "1/10 P/kWh"],
        Quantity::PulseWidth => &["=", "", "s", "ms", "1/10 s", "1/100 ms"],
        _ => &["", "x", "whatever 1/7"],
    }
}

/// Any cells under the known header, and under another one in another order: the same entry, or no entry either way.
fn check_orders<R: Entry>(bytes: &mut Bytes<'_>) {
    let swaps: Vec<(usize, usize)> =
        (0..bytes.below(16)).map(|_| (bytes.below(28) as usize, bytes.below(28) as usize)).collect();
    let is_reversed = bytes.flag();
    let line = bytes.line();
    let cells: Vec<&[u8]> = line.split(|byte| *byte == b';').collect();
    let width = R::COLUMNS.len();
    if cells.len() != width || line.iter().any(|byte| matches!(byte, b'"' | b'\r')) || line.len() > LONGEST {
        return;
    }
    let mut order: Vec<usize> = (0..width).collect();
    for (one, other) in swaps {
        order.swap(one % width, other % width);
    }
    if is_reversed {
        order.reverse();
    }
    let read = |order: &[usize]| {
        let names: Vec<String> = order.iter().map(|number| R::COLUMNS[*number].header().to_string()).collect();
        let cells: Vec<&[u8]> = order.iter().map(|number| cells[*number]).collect();
        let body = [names.join(";").as_bytes(), b"\n", &cells.join(&b";"[..]), b"\n"].concat();
        read_in_pieces(Decoder::<R>::new(), &body, &[], Ending::Whole)
    };
    let manual: Vec<usize> = (0..width).collect();
    let (known, moved) = (read(&manual), read(&order));
    assert_eq!(known.rows.len(), 1);
    assert_eq!(moved.rows.len(), 1);
    match (&known.rows[0], &moved.rows[0]) {
        (Ok(known_entry), Ok(moved_entry)) => {
            assert_eq!(known_entry, moved_entry);
            assert_eq!(known.deviations, moved.deviations.difference(Deviations::COLUMN_ORDER));
        }
        // Of several faulty cells the first one is told, which is another one in another order.
        (Err(_), Err(_)) => {}
        (known, moved) => panic!("{known:?}, but in another order {moved:?}"),
    }
}

fn known_body<R: Entry>(values: &Values) -> String {
    let mut body = String::new();
    write_header::<R>(&mut body, &Dialect::KNOWN).expect("a string takes all");
    body + &values.line::<R>() + "\n"
}

/// What a decoder's line buffer holds.
const LONGEST: usize = 704;

/// How many cells a header may have.
const MOST_CELLS: usize = 48;
