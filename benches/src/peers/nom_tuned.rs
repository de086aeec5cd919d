//! nom with leaf parsers written by hand: digits are added as they are found, the time is taken from its places.

use chrono::{DateTime, NaiveDate, Utc};
use emu_proto::{LoadProfileEntry, SerialNumber};
use nom::error::{Error, ErrorKind};
use nom::{Err, IResult, Parser};

use super::entry_of_columns;

/// Reads a body.
pub fn read(body: &[u8], sink: &mut (impl FnMut(&LoadProfileEntry) + ?Sized)) {
    let mut rest = super::rows(body);
    while !rest.is_empty() {
        let (behind, entry) = row(rest).expect("a good row");
        sink(&entry);
        rest = behind;
    }
}

fn fail<T>(input: &[u8]) -> IResult<&[u8], T> {
    Err(Err::Error(Error::new(input, ErrorKind::Digit)))
}

/// An integer and the one byte behind it.
#[inline(always)]
#[expect(clippy::inline_always, reason = "tuned: the benchmark is of what this can do")]
fn integer<T: TryFrom<i64>>(input: &[u8], end: u8) -> IResult<&[u8], T> {
    let (negative, digits) = match input {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let mut value = 0i64;
    for (length, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            if *byte != end || length == 0 || length > 18 {
                return fail(input);
            }
            let value = if negative { -value } else { value };
            return match T::try_from(value) {
                Ok(value) => Ok((&digits[length + 1..], value)),
                Err(_) => fail(input),
            };
        }
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
    }
    fail(input)
}

#[inline]
fn cell<T: TryFrom<i64>>(input: &[u8]) -> IResult<&[u8], T> {
    integer(input, b';')
}

fn last<T: TryFrom<i64>>(input: &[u8]) -> IResult<&[u8], T> {
    integer(input, b'\n')
}

fn serial_number(input: &[u8]) -> IResult<&[u8], SerialNumber> {
    let (rest, digits) = cell(input)?;
    SerialNumber::new(digits).map_or_else(|| fail(input), |serial_number| Ok((rest, serial_number)))
}

fn timestamp(input: &[u8]) -> IResult<&[u8], DateTime<Utc>> {
    let Some((text, rest)) = input.split_first_chunk::<21>() else { return fail(input) };
    time(text).map_or_else(|| fail(input), |time| Ok((rest, time)))
}

fn time(text: &[u8; 21]) -> Option<DateTime<Utc>> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1, b'Z', b';'] = *text
    else {
        return None;
    };
    let two = |tens: u8, ones: u8| {
        let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9).then(|| u32::from(tens) * 10 + u32::from(ones))
    };
    let year = two(y0, y1)? * 100 + two(y2, y3)?;
    let date = NaiveDate::from_ymd_opt(year as i32, two(m0, m1)?, two(d0, d1)?)?;
    Some(date.and_hms_opt(two(h0, h1)?, two(n0, n1)?, two(s0, s1)?)?.and_utc())
}

fn row(input: &[u8]) -> IResult<&[u8], LoadProfileEntry> {
    let (input, (timestamp, index, status)) = (timestamp, cell, cell).parse(input)?;
    let (input, serial_number) = serial_number(input)?;
    let (input, active) = (cell, cell, cell, cell).parse(input)?;
    let (input, reactive) = (cell, cell, cell, cell).parse(input)?;
    let (input, power) = (cell, cell, cell, cell).parse(input)?;
    let (input, current) = (cell, cell, cell, cell, cell).parse(input)?;
    let (input, voltage) = (cell, cell, cell).parse(input)?;
    let (input, power_factor) = (cell, cell, cell).parse(input)?;
    let (input, frequency) = last(input)?;
    let start = (timestamp, index, status, serial_number);
    Ok((input, entry_of_columns(start, (active, reactive), power, current, (voltage, power_factor, frequency))))
}
