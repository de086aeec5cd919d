//! The hash by which an image is known.
//!
//! MCUboot stores it behind the image, a device lists it in its image state, and "test" and "confirm" name an image by it. It
//! covers the image's header, its bytes and its protected entries; the `sha` of an upload, which covers the whole file, is
//! another value.
//!
//! Source: MCUboot, "Bootloader design" (`docs/design.md`, "Image format"): SHA-256 as a rule, SHA-384 and SHA-512 with newer
//! signatures.

use core::fmt;
use core::str::FromStr;

/// The hash of an image: 32, 48 or 64 bytes; prints and parses as hexadecimal digits.
///
/// ```
/// use emu_smp::{ImageHash, ImageHashError};
///
/// let hash: ImageHash = "04840c03000102030405060708090a0b0c0d0e0f101112131415161718191a1b".parse()?;
/// assert_eq!(hash.as_bytes()[..4], [0x04, 0x84, 0x0c, 0x03]);
/// assert_eq!(hash.to_string(), "04840c03000102030405060708090a0b0c0d0e0f101112131415161718191a1b");
/// assert_eq!(ImageHash::try_from(hash.as_bytes()), Ok(hash));
/// assert_eq!(ImageHash::try_from(&[4, 0x84][..]), Err(ImageHashError::Length { length: 2 }));
/// # Ok::<(), ImageHashError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageHash {
    /// SHA-256, which most images have.
    Sha256([u8; 32]),
    /// SHA-384.
    Sha384([u8; 48]),
    /// SHA-512.
    Sha512([u8; 64]),
}

impl ImageHash {
    /// How many bytes the longest hash has.
    pub const MAX_LENGTH: usize = 64;

    /// Returns the bytes: 32, 48 or 64.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha384(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for ImageHash {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl TryFrom<&[u8]> for ImageHash {
    type Error = ImageHashError;

    /// Takes 32, 48 or 64 bytes.
    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        let sha256 = bytes.try_into().map(Self::Sha256);
        let sha384 = || bytes.try_into().map(Self::Sha384);
        let sha512 = || bytes.try_into().map(Self::Sha512);
        sha256.or_else(|_| sha384()).or_else(|_| sha512()).map_err(|_| ImageHashError::Length { length: bytes.len() })
    }
}

impl FromStr for ImageHash {
    type Err = ImageHashError;

    /// Takes 64, 96 or 128 hexadecimal digits, small or capital.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; Self::MAX_LENGTH];
        let mut digits = text.char_indices();
        let mut length = 0_usize;
        while let Some(high) = next_digit(&mut digits)? {
            let low = next_digit(&mut digits)?.ok_or(ImageHashError::HalfAByte { digits: text.len() })?;
            // What is too long is counted and not kept.
            if let Some(byte) = bytes.get_mut(length) {
                *byte = (high << 4) | low;
            }
            length = length.saturating_add(1);
        }
        bytes.get(..length).ok_or(ImageHashError::Length { length })?.try_into()
    }
}

impl fmt::Display for ImageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ImageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImageHash({self})")
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for ImageHash {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=[u8]:02x}", self.as_bytes());
    }
}

/// As hexadecimal digits.
#[cfg(feature = "serde")]
impl serde::Serialize for ImageHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for ImageHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl serde::de::Visitor<'_> for Digits {
            type Value = ImageHash;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64, 96 or 128 hexadecimal digits")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ImageHash, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Digits)
    }
}

/// Takes one hexadecimal digit, or `None` at the end.
fn next_digit(digits: &mut impl Iterator<Item = (usize, char)>) -> Result<Option<u8>, ImageHashError> {
    let Some((position, found)) = digits.next() else { return Ok(None) };
    let digit = found.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digit.map(Some).ok_or(ImageHashError::NoDigit { position, found })
}

/// What is no hash of an image.
///
/// For an example, see [`ImageHash`](crate::ImageHash).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ImageHashError {
    /// No hash has so many bytes.
    #[error("the hash of an image has 32, 48 or 64 bytes, not {length}")]
    Length {
        /// How many bytes there are.
        length: usize,
    },
    /// The text has a digit too much or one too few.
    #[error("the hash of an image has 64, 96 or 128 hexadecimal digits, not {digits}")]
    HalfAByte {
        /// How many digits there are.
        digits: usize,
    },
    /// The text holds something else than hexadecimal digits.
    #[error("the hash of an image is made of hexadecimal digits; byte {position} is {found:?}")]
    NoDigit {
        /// Where it is, in bytes from the text's start.
        position: usize,
        /// What is there.
        found: char,
    },
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::ToString;

    #[test]
    fn texts_that_are_no_hash() {
        let parse = |text: &str| text.parse::<ImageHash>().unwrap_err();
        assert_eq!(parse(""), ImageHashError::Length { length: 0 });
        assert_eq!(parse("04840"), ImageHashError::HalfAByte { digits: 5 });
        assert_eq!(parse("0484 0"), ImageHashError::NoDigit { position: 4, found: ' ' });
        assert_eq!(parse("äb"), ImageHashError::NoDigit { position: 0, found: 'ä' });
        assert_eq!(parse(&"0".repeat(130)), ImageHashError::Length { length: 65 });
        assert_eq!(parse(&"0".repeat(66)).to_string(), "the hash of an image has 32, 48 or 64 bytes, not 33");
    }

    #[test]
    fn each_length_has_its_kind() {
        let bytes = [7; 65];
        assert_eq!(ImageHash::try_from(&bytes[..32]), Ok(ImageHash::Sha256([7; 32])));
        assert_eq!(ImageHash::try_from(&bytes[..48]), Ok(ImageHash::Sha384([7; 48])));
        assert_eq!(ImageHash::try_from(&bytes[..64]), Ok(ImageHash::Sha512([7; 64])));
        assert_eq!(format!("{:?}", ImageHash::Sha256([7; 32])), format!("ImageHash({})", "07".repeat(32)));
    }

    proptest! {
        #[test]
        fn what_prints_parses(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            let text: std::string::String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            match ImageHash::try_from(&bytes[..]) {
                Ok(hash) => {
                    prop_assert_eq!(hash.to_string(), text.to_lowercase());
                    prop_assert_eq!(text.parse::<ImageHash>(), Ok(hash));
                    prop_assert_eq!(hash.as_bytes(), &bytes[..]);
                }
                Err(error) => prop_assert_eq!(text.parse::<ImageHash>(), Err(error)),
            }
        }

        #[test]
        fn any_text(text in ".*") {
            let _ = text.parse::<ImageHash>();
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn goes_through_serde_as_digits() {
        let hash = ImageHash::Sha384([0xa5; 48]);
        let text = serde_json::to_string(&hash).unwrap();
        assert_eq!(text, format!("\"{hash}\""));
        assert_eq!(serde_json::from_str::<ImageHash>(&text).unwrap(), hash);
        assert!(serde_json::from_str::<ImageHash>("\"a5\"").is_err());
    }
}
