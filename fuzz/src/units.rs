//! What the brackets of a header cell mean, said a second time: the reader's scale is tested against this one.

use emu_proto::Quantity;

/// Returns the power of ten by which a printed value is multiplied to get the column's integer; `None` for a unit that is
/// not the quantity's.
#[must_use]
pub fn power(quantity: Quantity, unit: &str) -> Option<i32> {
    let known = quantity.header_unit();
    if known.is_empty() || unit.is_empty() || unit == known {
        return Some(0);
    }
    let (divisor, symbol) = match unit.strip_prefix("1/") {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u32 = rest[..digits].parse().ok()?;
            let is_power = number.to_string().trim_end_matches('0') == "1";
            (is_power.then(|| number.ilog10())?, rest[digits..].trim_start_matches([' ', '\t']))
        }
        None => (0, unit),
    };
    let divisor = i32::try_from(divisor).ok()?;
    // The base unit, and the power of ten of the column's integer in it.
    let (base, resolution) = match quantity {
        Quantity::ActiveEnergy => ("wh", 0),
        Quantity::ReactiveEnergy => ("varh", 0),
        Quantity::ActivePower => ("w", 0),
        Quantity::Current => ("a", -3),
        Quantity::Voltage => ("v", -1),
        Quantity::Frequency => ("hz", -1),
        Quantity::PulseValue => ("p/kwh", 0),
        Quantity::PulseWidth => ("s", -3),
        Quantity::PowerFactor => {
            return match symbol {
                "" | "1" => Some(2 - divisor),
                "%" => Some(-divisor),
                _ => None,
            };
        }
        _ => return None,
    };
    let start = symbol.len().checked_sub(base.len())?;
    let (prefix, base_found) = (symbol.get(..start)?, symbol.get(start..)?);
    let prefix = match prefix {
        "" => 0,
        "M" | "G" if [Quantity::Current, Quantity::PulseWidth].contains(&quantity) => return None,
        "k" | "K" if quantity != Quantity::PulseValue => 3,
        "M" if quantity != Quantity::PulseValue => 6,
        "G" if quantity != Quantity::PulseValue => 9,
        "m" if quantity != Quantity::PulseValue => -3,
        _ => return None,
    };
    base_found.eq_ignore_ascii_case(base).then_some(prefix - divisor - resolution)
}

/// Returns the text of an integer that is to be multiplied by this power of ten when it is read.
#[must_use]
pub fn scaled(value: i64, power: i32) -> String {
    let places = power.unsigned_abs() as usize;
    if power <= 0 || value == 0 {
        return format!("{value}{}", if value == 0 { String::new() } else { "0".repeat(places) });
    }
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = places + 1);
    let (whole, decimals) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{decimals}")
}
