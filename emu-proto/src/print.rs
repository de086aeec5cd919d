//! Printing integers, with leading zeros and decimals, without `core::fmt`'s machinery and without dividing 64 bits.
#![allow(clippy::arithmetic_side_effects, reason = "a digit is at most 9, and a place below 20")]

use core::fmt::{self, Write};

/// Writes `value` with at least `width` digits, of which the last `decimals` stand behind a point.
pub(crate) fn write_integer(out: &mut (impl Write + ?Sized), value: i64, width: usize, decimals: usize) -> fmt::Result {
    if value < 0 {
        out.write_char('-')?;
    }
    let mut digits = [b'0'; 20];
    let mut rest = value.unsigned_abs();
    // The last digit first; how many there are.
    let mut count = 0;
    for digit in &mut digits {
        if rest == 0 && count >= width {
            break;
        }
        let (tens, ones) = split_digit(rest);
        *digit += ones;
        rest = tens;
        count += 1;
    }
    for (place, digit) in digits.iter().enumerate().rev() {
        if place < count {
            out.write_char(char::from(*digit))?;
            if place == decimals && decimals > 0 {
                out.write_char('.')?;
            }
        }
    }
    Ok(())
}

/// Divides by ten: the quotient and the last digit.
fn split_digit(value: u64) -> (u64, u8) {
    let tens = match u32::try_from(value) {
        Ok(value) => u64::from(value / 10),
        Err(_) if cfg!(target_pointer_width = "64") => value / 10,
        Err(_) => {
            // 8/10 in binary is 0.110011001100…: a sum of shifts, which is short by one at most.
            let mut eight = (value >> 1) + (value >> 2);
            eight += eight >> 4;
            eight += eight >> 8;
            eight += eight >> 16;
            eight += eight >> 32;
            let tens = eight >> 3;
            tens + u64::from(value - tens * 10 > 9)
        }
    };
    (tens, (value - tens * 10) as u8)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;

    fn print(value: i64, width: usize, decimals: usize) -> String {
        let mut text = String::new();
        write_integer(&mut text, value, width, decimals).unwrap();
        text
    }

    #[test]
    fn as_the_standard_library_prints() {
        let mut value = 1i64;
        for step in 0..400i64 {
            for number in [value, value.wrapping_neg(), i64::MAX - step, i64::MIN + step] {
                assert_eq!(print(number, 1, 0), std::format!("{number}"));
            }
            value = value.wrapping_mul(7).wrapping_add(step);
        }
    }

    #[test]
    fn widths_and_decimals() {
        assert_eq!(print(0, 1, 0), "0");
        assert_eq!(print(345_678, 8, 0), "00345678");
        assert_eq!(print(-5, 3, 2), "-0.05");
        assert_eq!(print(2326, 2, 1), "232.6");
        assert_eq!(print(i64::MIN, 3, 2), "-92233720368547758.08");
    }
}
