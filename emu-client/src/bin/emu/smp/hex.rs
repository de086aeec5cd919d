//! Bytes as hexadecimal digits.

/// Reads digits, small or capital, two a byte.
pub(crate) fn bytes(digits: &str) -> Result<Vec<u8>, String> {
    let number = |digit: char| digit.to_digit(16).ok_or_else(|| format!("{digit:?} is no hexadecimal digit"));
    let numbers = digits.chars().map(number).collect::<Result<Vec<u32>, String>>()?;
    let (pairs, []) = numbers.as_chunks() else {
        return Err(format!("a byte has two digits; there are {}", numbers.len()));
    };
    // Two digits are a byte.
    Ok(pairs.iter().filter_map(|[high, low]| u8::try_from(high << 4 | low).ok()).collect())
}

/// Writes bytes.
pub(crate) fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(bytes("bF6172").as_deref(), Ok(&[0xbf, 0x61, 0x72][..]));
        assert_eq!(digits(&[0xbf, 0, 0x72]), "bf0072");
        assert_eq!(bytes(""), Ok(vec![]));
        assert_eq!(bytes("abc").unwrap_err(), "a byte has two digits; there are 3");
        assert_eq!(bytes("ax").unwrap_err(), "'x' is no hexadecimal digit");
    }
}
