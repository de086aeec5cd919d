//! Answers written over: the same values with maps and lists of the other kind of length.

use emu_smp::Reader;

/// Returns a body with its maps and lists of indefinite or of definite length, and `rc: 0` in front of its keys if asked
/// for. What is no CBOR is returned as it is.
pub(crate) fn rewrite(body: &[u8], is_indefinite: bool, adds_rc: bool) -> Vec<u8> {
    let mut rewritten = Vec::with_capacity(body.len() + 8);
    let first = if adds_rc { &b"\x62rc\x00"[..] } else { &[] };
    match value(body, is_indefinite, first, &mut rewritten) {
        Some([]) => rewritten,
        _ => body.to_vec(),
    }
}

/// Returns whether a map has this key with null as its value.
pub(crate) fn has_null(body: &[u8], wanted: &str) -> bool {
    let mut reader = Reader::new(body);
    let Ok(mut map) = reader.map() else { return false };
    while let Ok(Some(key)) = reader.key(&mut map) {
        if key == wanted {
            return body.get(reader.position()) == Some(&0xf6);
        }
        if reader.skip().is_err() {
            break;
        }
    }
    false
}

/// Writes over one value, and returns what is behind it. `first` is put in front of the keys of a map.
fn value<'a>(bytes: &'a [u8], is_indefinite: bool, first: &[u8], written: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (head, mut rest) = bytes.split_first()?;
    let (kind, count) = (head >> 5, head & 0x1f);
    let number_length = match count {
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => 0,
    };
    let (number, behind) = rest.split_at_checked(number_length)?;
    rest = behind;
    let number = match number {
        [] => u64::from(count),
        bytes => bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)),
    };
    match kind {
        // Texts and bytes.
        2 | 3 => {
            let (_, behind) = rest.split_at_checked(usize::try_from(number).ok()?)?;
            written.extend(bytes.get(..bytes.len() - behind.len())?);
            Some(behind)
        }
        // Lists and maps.
        4 | 5 => {
            let a_time = if kind == 4 { 1 } else { 2 };
            let mut inside = first.to_vec();
            let mut items = if first.is_empty() { 0_u64 } else { a_time };
            let end = if count == 31 { u64::MAX } else { number.saturating_mul(a_time).saturating_add(items) };
            while items < end {
                if count == 31 && rest.first() == Some(&0xff) {
                    rest = rest.get(1..)?;
                    break;
                }
                rest = value(rest, is_indefinite, &[], &mut inside)?;
                items += 1;
            }
            if is_indefinite {
                written.push((kind << 5) | 31);
                written.extend(inside);
                written.push(0xff);
            } else {
                head_of(kind, items / a_time, written);
                written.extend(inside);
            }
            Some(rest)
        }
        _ => {
            written.extend(bytes.get(..bytes.len() - rest.len())?);
            Some(rest)
        }
    }
}

/// Writes the head of a list or a map.
fn head_of(kind: u8, count: u64, written: &mut Vec<u8>) {
    match u8::try_from(count) {
        Ok(count @ ..24) => written.push((kind << 5) | count),
        Ok(count) => written.extend([(kind << 5) | 24, count]),
        Err(_) => {
            written.push((kind << 5) | 25);
            written.extend(u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// {"a": [1, {"b": h'0102'}], "c": -500}
    const DEFINITE: &[u8] = b"\xa2\x61a\x82\x01\xa1\x61b\x42\x01\x02\x61c\x39\x01\xf3";
    const INDEFINITE: &[u8] = b"\xbf\x61a\x9f\x01\xbf\x61b\x42\x01\x02\xff\xff\x61c\x39\x01\xf3\xff";

    #[test]
    fn there_and_back() {
        for body in [DEFINITE, INDEFINITE] {
            assert_eq!(rewrite(body, true, false), INDEFINITE);
            assert_eq!(rewrite(body, false, false), DEFINITE);
        }
        assert_eq!(rewrite(b"\xa0", true, true), b"\xbf\x62rc\x00\xff");
        assert_eq!(rewrite(b"\xbf\x61a\x01\xff", false, true), b"\xa2\x62rc\x00\x61a\x01");
        let long = [&b"\x98\x1e"[..], &[0; 30]].concat();
        assert_eq!(rewrite(&rewrite(&long, true, false), false, false), long);
    }

    #[test]
    fn what_is_no_cbor_stays() {
        for body in [&b""[..], b"\xa1", b"\xa1\x61", b"\x9f\x01", b"\x01\x01", b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff"]
        {
            assert_eq!(rewrite(body, true, true), body);
        }
    }
}
