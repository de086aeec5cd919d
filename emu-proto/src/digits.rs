//! Decimal digits in a register: several at once, with every byte checked.
//!
//! The first digit of a text is the lowest byte of its word. A byte becomes its digit's value by `^ 0x30`, everything else
//! becomes at least 10; adding 0x76 then carries whatever is no digit into its highest bit. Neighbouring values are joined
//! by a multiplication, two, four and eight digits at a time.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "operands are bounded by the checks; a shift by the word's size is masked"
)]
#![allow(clippy::inline_always, reason = "a few instructions each: the benchmark pays for it")]

/// Powers of ten by exponent.
pub(crate) const POWERS: [i64; 8] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];

/// One digit.
#[inline(always)]
pub(crate) fn digit(byte: u8) -> Option<u32> {
    let digit = byte.wrapping_sub(b'0');
    if digit > 9 { None } else { Some(u32::from(digit)) }
}

/// Two digits, the first in the lowest byte.
#[inline(always)]
pub(crate) fn digits2(text: u16) -> Option<u32> {
    let digits = u32::from(text) ^ 0x3030;
    if (digits.wrapping_add(0x7676) | digits) & 0x8080 != 0 {
        return None;
    }
    Some((digits.wrapping_mul(10 * 0x100 + 1) >> 8) & 0xff)
}

/// Four digits, the first in the lowest byte.
#[inline(always)]
pub(crate) fn digits4(text: u32) -> Option<u32> {
    let digits = text ^ 0x3030_3030;
    if (digits.wrapping_add(0x7676_7676) | digits) & 0x8080_8080 != 0 { None } else { Some(four(digits)) }
}

/// The digits of a word, the first in the lowest byte, but for those at the end that are shifted out.
#[inline(always)]
pub(crate) fn digits8(text: u64, shift: u32) -> Option<u32> {
    let digits = (text ^ 0x3030_3030_3030_3030) << (shift & 63);
    if (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    Some(eight(digits))
}

/// The value of the first bytes of a word, which are known to be digits; 0 for none of them.
#[inline(always)]
pub(crate) fn value8(text: u64, length: usize) -> u32 {
    // Twice, since a shift by all 64 bits is none.
    let shift = 32 - 4 * length as u32;
    eight(((text ^ 0x3030_3030_3030_3030) << (shift & 63)) << (shift & 63))
}

/// The value of eight digits, one a byte.
#[inline(always)]
fn eight(digits: u64) -> u32 {
    (fours(digits).wrapping_mul(10_000 * 0x1_0000_0000 + 1) >> 32) as u32
}

/// The value of four digits, one a byte.
#[inline(always)]
pub(crate) fn four(digits: u32) -> u32 {
    let pairs = (digits.wrapping_mul(10 * 0x100 + 1) >> 8) & 0x00ff_00ff;
    pairs.wrapping_mul(100 * 0x1_0000 + 1) >> 16
}

/// The values of four digits and of four digits, one a byte, each in its half of the word.
#[inline(always)]
pub(crate) fn fours(digits: u64) -> u64 {
    let pairs = (digits.wrapping_mul(10 * 0x100 + 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    (pairs.wrapping_mul(100 * 0x1_0000 + 1) >> 16) & 0x0000_ffff_0000_ffff
}

/// Returns how many bytes from the lowest on are digits.
#[inline(always)]
pub(crate) fn leading_digits(text: u64) -> usize {
    others(text).trailing_zeros() as usize / 8
}

/// Returns a word with the highest bit set in each byte that is no digit, up to the first one: what is behind that may be
/// marked or not.
#[inline(always)]
pub(crate) fn others(text: u64) -> u64 {
    let digits = text ^ 0x3030_3030_3030_3030;
    // Carries go upwards only: the lowest byte that is no digit is found for sure.
    (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
}

/// The value and the number of the digits in front of the first byte that is none, by its [`others`]: there must be such
/// a byte, and not at the front.
#[inline(always)]
pub(crate) fn value_before(text: u64, others: u64) -> (u32, usize) {
    let end = others.trailing_zeros();
    (eight((text ^ 0x3030_3030_3030_3030) << (7u32.wrapping_sub(end) & 63)), end as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte at every place of a word: what is no digit is found, whatever stands around it.
    #[test]
    fn every_byte_at_every_place() {
        for around in [b'0', b'9', b':', 0x00, 0xff, 0xb0] {
            for place in 0..8 {
                for byte in 0..=u8::MAX {
                    let mut text = [around; 8];
                    text[place] = byte;
                    let expected = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    let word = u64::from_le_bytes(text);
                    assert_eq!(leading_digits(word), expected, "{text:?}");
                    assert_eq!(digits8(word, 0).is_some(), expected == 8, "{text:?}");
                    assert_eq!(digits4(word as u32).is_some(), expected >= 4, "{text:?}");
                    assert_eq!(digits2(word as u16).is_some(), expected >= 2, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn the_values_of_digits() {
        let word = u64::from_le_bytes(*b"12345678");
        assert_eq!(digits8(word, 0), Some(12_345_678));
        assert_eq!(digits8(word, 24), Some(12_345));
        assert_eq!(
            (0..=8).map(|length| value8(word, length)).collect::<heapless::Vec<_, 9>>(),
            [0, 1, 12, 123, 1234, 12_345, 123_456, 1_234_567, 12_345_678]
        );
        assert_eq!(digits4(word as u32), Some(1234));
        assert_eq!(digits2(word as u16), Some(12));
    }
}
