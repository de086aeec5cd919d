//! Bodies written over: the same values with maps and lists of the other kind of length, with or without some key.

use emu_smp::Reader;

/// How a body is written over.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Form {
    /// Maps and lists are of indefinite length, else of definite length.
    pub(crate) is_indefinite: bool,
    /// The outermost map has `rc: 0` in front of its keys.
    pub(crate) adds_rc: bool,
    /// The key `image` is left out of all maps.
    pub(crate) omits_image: bool,
}

/// The key `image`.
const IMAGE: &[u8] = b"\x65image";

/// Returns a body written over. What is no CBOR is returned as it is.
pub(crate) fn rewrite(body: &[u8], form: Form) -> Vec<u8> {
    let mut rewritten = Vec::with_capacity(body.len() + 8);
    match value(body, form, &mut rewritten) {
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

/// Writes over one value, and returns what is behind it.
fn value<'a>(bytes: &'a [u8], form: Form, written: &mut Vec<u8>) -> Option<&'a [u8]> {
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
            let is_map = kind == 5;
            let form_inside = Form { adds_rc: false, ..form };
            let (mut inside, mut items) = (Vec::new(), 0_u64);
            if is_map && form.adds_rc {
                inside.extend(b"\x62rc\x00");
                items += 1;
            }
            let mut left = if count == 31 { u64::MAX } else { number };
            while left > 0 {
                if count == 31 && rest.first() == Some(&0xff) {
                    rest = rest.get(1..)?;
                    break;
                }
                let start = inside.len();
                let is_left_out = is_map && form.omits_image && rest.starts_with(IMAGE);
                if is_map {
                    rest = value(rest, form_inside, &mut inside)?;
                }
                rest = value(rest, form_inside, &mut inside)?;
                if is_left_out {
                    inside.truncate(start);
                } else {
                    items += 1;
                }
                left -= 1;
            }
            if form.is_indefinite {
                written.push((kind << 5) | 31);
                written.extend(inside);
                written.push(0xff);
            } else {
                head_of(kind, items, written);
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

    const TO_DEFINITE: Form = Form { is_indefinite: false, adds_rc: false, omits_image: false };
    const TO_INDEFINITE: Form = Form { is_indefinite: true, ..TO_DEFINITE };

    #[test]
    fn there_and_back() {
        for body in [DEFINITE, INDEFINITE] {
            assert_eq!(rewrite(body, TO_INDEFINITE), INDEFINITE);
            assert_eq!(rewrite(body, TO_DEFINITE), DEFINITE);
        }
        let long = [&b"\x98\x1e"[..], &[0; 30]].concat();
        assert_eq!(rewrite(&rewrite(&long, TO_INDEFINITE), TO_DEFINITE), long);
    }

    #[test]
    fn keys_come_and_go() {
        assert_eq!(rewrite(b"\xa0", Form { adds_rc: true, ..TO_INDEFINITE }), b"\xbf\x62rc\x00\xff");
        let with_rc = Form { adds_rc: true, ..TO_DEFINITE };
        assert_eq!(rewrite(b"\xbf\x61a\x01\xff", with_rc), b"\xa2\x62rc\x00\x61a\x01");
        // {"images": [{"image": 0, "slot": 1}], "image": 3}
        let body = b"\xa2\x66images\x81\xa2\x65image\x00\x64slot\x01\x65image\x03";
        let without_image = Form { omits_image: true, ..TO_DEFINITE };
        assert_eq!(rewrite(body, without_image), b"\xa1\x66images\x81\xa1\x64slot\x01");
        assert_eq!(rewrite(body, TO_DEFINITE), body);
    }

    #[test]
    fn what_is_no_cbor_stays() {
        for body in [&b""[..], b"\xa1", b"\xa1\x61", b"\x9f\x01", b"\x01\x01", b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff"]
        {
            let form = Form { is_indefinite: true, adds_rc: true, omits_image: true };
            assert_eq!(rewrite(body, form), body);
        }
    }
}
