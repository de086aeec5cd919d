//! What a status code says.

use std::fmt::Write;

use emu_client::emu_proto::Status;

/// Reads a status code: decimal, `0x…` or `0b…`.
pub(crate) fn read_bits(text: &str) -> Result<Status, String> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match (lower.strip_prefix("0x"), lower.strip_prefix("0b")) {
        (Some(digits), _) => (digits, 16),
        (_, Some(digits)) => (digits, 2),
        _ => (lower.as_str(), 10),
    };
    // The standard library's parser takes a sign.
    let bits = if digits.starts_with(['+', '-']) { None } else { u32::from_str_radix(digits, radix).ok() };
    bits.map(Status::from_bits_retain).ok_or_else(|| "expected a number such as 33, 0x21 or 0b100001".to_owned())
}

/// Explains each bit in the manual's words.
pub(crate) fn explain(status: Status) -> String {
    let bits = status.bits();
    let mut text = format!("{bits} = {bits:#x} = {bits:#010b}\n");
    // A `String` takes everything.
    let _: std::fmt::Result = (|| {
        if status.is_empty() {
            return writeln!(text, "  No Change");
        }
        for number in (0..32).filter(|number| bits & (1 << number) != 0) {
            let bit = Status::from_bits_retain(1 << number);
            let description = bit.descriptions().next().unwrap_or("(not in the manual)");
            writeln!(text, "  bit {number:<2}  {:<#6x}  {description}", bit.bits())?;
        }
        Ok(())
    })();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_in_the_manual_s_words() {
        assert_eq!(
            explain(read_bits("0x121").unwrap()),
            "289 = 0x121 = 0b100100001\n  bit 0   0x1     Time changed\n  bit 5   0x20    Power Failure\n  \
             bit 8   0x100   (not in the manual)\n"
        );
        assert_eq!(explain(read_bits("0").unwrap()), "0 = 0x0 = 0b00000000\n  No Change\n");
    }

    #[test]
    fn three_notations() {
        for text in ["33", "0x21", "0X21", "0b100001"] {
            assert_eq!(read_bits(text).map(|status| status.bits()), Ok(33), "{text}");
        }
        for text in ["", "0x", "-1", "+1", "0x+1", "4294967296", "power"] {
            assert!(read_bits(text).is_err(), "{text}");
        }
    }
}
