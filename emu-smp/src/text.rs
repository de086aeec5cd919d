//! Bytes and short texts, without what the library's own ways cost: a kilobyte for a number, and a panic that stays in the
//! program where it is not seen that two slices are of one length.

/// Copies as many bytes as both have.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    let length = to.len().min(from.len());
    // Larger machines have a faster way, whose panic is seen to be none there.
    #[cfg(target_pointer_width = "64")]
    if let (Some(to), Some(from)) = (to.get_mut(..length), from.get(..length)) {
        return to.copy_from_slice(from);
    }
    let (to, to_rest) = to.get_mut(..length).unwrap_or_default().as_chunks_mut::<4>();
    let (from, from_rest) = from.get(..length).unwrap_or_default().as_chunks();
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    to_rest.iter_mut().zip(from_rest).for_each(|(to, from)| *to = *from);
}

/// Whether both have the same bytes.
#[inline(never)]
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one == other)
}

/// A text that is written into a place of the caller's. What does not fit is left out.
pub(crate) struct Text<'a> {
    place: &'a mut [u8],
    length: usize,
}

impl<'a> Text<'a> {
    pub(crate) const fn new(place: &'a mut [u8]) -> Self {
        Self { place, length: 0 }
    }

    pub(crate) fn push(&mut self, character: u8) {
        if let Some(place) = self.place.get_mut(self.length) {
            *place = character;
            self.length = self.length.saturating_add(1);
        }
    }

    /// Writes a number of so many digits, zeros in front, or of as many as it has.
    #[inline(never)]
    pub(crate) fn number(&mut self, number: u32, digits: usize) {
        let mut reversed = [b'0'; MOST_DIGITS];
        let (mut rest, mut length) = (number, 0_usize);
        for place in &mut reversed {
            if rest == 0 && length >= digits {
                break;
            }
            // Less than 10.
            *place = b'0' | (rest % 10) as u8;
            rest /= 10;
            length = length.saturating_add(1);
        }
        reversed.iter().take(length).rev().for_each(|digit| self.push(*digit));
    }

    /// Returns what was written.
    pub(crate) fn into_str(self) -> &'a str {
        let place: &[u8] = self.place;
        place.get(..self.length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

const MOST_DIGITS: usize = "4294967295".len();

/// Serializes bytes as such, and not as a list of numbers.
#[cfg(feature = "serde")]
pub(crate) fn serialize_bytes<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Serializes bytes as such, and not as a list of numbers, if there are any.
#[cfg(feature = "serde")]
pub(crate) fn serialize_optional_bytes<S: serde::Serializer>(
    bytes: &Option<&[u8]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match bytes {
        Some(bytes) => serializer.serialize_bytes(bytes),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::format;

    #[test]
    fn numbers_as_the_library_writes_them() {
        for number in [0, 1, 9, 10, 99, 100, 65_535, 999_999, 1_000_000, u32::MAX] {
            for digits in [1, 2, 6, 10] {
                let mut place = [0; 10];
                let mut text = Text::new(&mut place);
                text.number(number, digits);
                assert_eq!(text.into_str(), format!("{number:0digits$}"));
            }
        }
        let mut place = [0; 3];
        let mut text = Text::new(&mut place);
        text.number(12345, 1);
        assert_eq!(text.into_str(), "123");
    }
}
