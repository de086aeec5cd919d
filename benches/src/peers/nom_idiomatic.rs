//! nom as its documentation shows it: recognise digits, then let the standard library parse them.

use core::str::FromStr;

use chrono::{DateTime, Utc};
use emu_proto::{LoadProfileEntry, SerialNumber};
use nom::bytes::complete::take;
use nom::character::complete::{char, digit1, line_ending};
use nom::combinator::{map_opt, map_res, opt, recognize};
use nom::sequence::{pair, terminated};
use nom::{IResult, Parser};

use super::entry_of_columns;

/// Reads a body.
pub fn read(body: &[u8], sink: &mut (impl FnMut(&LoadProfileEntry) + ?Sized)) {
    let mut rest = core::str::from_utf8(super::rows(body)).expect("text");
    while !rest.is_empty() {
        let (behind, entry) = terminated(row, line_ending).parse(rest).expect("a good row");
        sink(&entry);
        rest = behind;
    }
}

fn integer<T: FromStr>(input: &str) -> IResult<&str, T> {
    map_res(recognize(pair(opt(char('-')), digit1)), str::parse).parse(input)
}

fn cell<T: FromStr>(input: &str) -> IResult<&str, T> {
    terminated(integer, char(';')).parse(input)
}

fn timestamp(input: &str) -> IResult<&str, DateTime<Utc>> {
    terminated(map_opt(take(20usize), super::time), char(';')).parse(input)
}

fn row(input: &str) -> IResult<&str, LoadProfileEntry> {
    let (input, (timestamp, index, status)) = (timestamp, cell, cell).parse(input)?;
    let (input, serial_number) = map_opt(cell, SerialNumber::new).parse(input)?;
    let (input, active) = (cell, cell, cell, cell).parse(input)?;
    let (input, reactive) = (cell, cell, cell, cell).parse(input)?;
    let (input, power) = (cell, cell, cell, cell).parse(input)?;
    let (input, current) = (cell, cell, cell, cell, cell).parse(input)?;
    let (input, voltage) = (cell, cell, cell).parse(input)?;
    let (input, power_factor) = (cell, cell, cell).parse(input)?;
    let (input, frequency) = integer.parse(input)?;
    let start = (timestamp, index, status, serial_number);
    Ok((input, entry_of_columns(start, (active, reactive), power, current, (voltage, power_factor, frequency))))
}
