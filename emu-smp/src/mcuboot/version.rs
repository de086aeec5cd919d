//! The version of an image.

use core::fmt;
use core::str::FromStr;

use crate::text::Text;

/// The version of an image; prints as devices list it: the build only if it is not 0.
///
/// Versions compare by major number first, by build last.
///
/// ```
/// use emu_smp::ImageVersion;
///
/// let version: ImageVersion = "1.0.9".parse()?;
/// assert!(version >= ImageVersion { major: 1, minor: 0, revision: 6, build: 0 });
/// assert_eq!(version.to_string(), "1.0.9");
/// assert_eq!("1.2.0.7".parse::<ImageVersion>()?.build, 7);
/// assert_eq!("1.2.0+7".parse::<ImageVersion>()?.to_string(), "1.2.0.7");
/// # Ok::<(), emu_smp::ImageVersionError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ImageVersion {
    /// The major number.
    pub major: u8,
    /// The minor number.
    pub minor: u8,
    /// The revision.
    pub revision: u16,
    /// The number of the build; 0 if there is none.
    pub build: u32,
}

impl ImageVersion {
    /// How many bytes a version has in an image's header.
    pub const LENGTH: usize = 8;

    /// Reads a version as it is in an image's header.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        let [major, minor, r0, r1, build @ ..] = bytes;
        Self { major, minor, revision: u16::from_le_bytes([r0, r1]), build: u32::from_le_bytes(build) }
    }

    /// Returns the version as it is in an image's header.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LENGTH] {
        let ([r0, r1], [b0, b1, b2, b3]) = (self.revision.to_le_bytes(), self.build.to_le_bytes());
        [self.major, self.minor, r0, r1, b0, b1, b2, b3]
    }

    /// How many characters the longest has.
    pub(crate) const MAX_TEXT_LENGTH: usize = "255.255.65535.4294967295".len();

    /// Returns what it prints as, written into a place of that length.
    pub(crate) fn text(self, place: &mut [u8; Self::MAX_TEXT_LENGTH]) -> &str {
        let mut text = Text::new(place);
        text.number(self.major.into(), 1);
        text.push(b'.');
        text.number(self.minor.into(), 1);
        text.push(b'.');
        text.number(self.revision.into(), 1);
        if self.build != 0 {
            text.push(b'.');
            text.number(self.build, 1);
        }
        text.into_str()
    }
}

impl fmt::Display for ImageVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; Self::MAX_TEXT_LENGTH]))
    }
}

impl FromStr for ImageVersion {
    type Err = ImageVersionError;

    /// Takes three numbers with dots between them, and the build behind a dot, as devices list it, or behind a plus, as
    /// imgtool takes it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = Some(text.as_bytes());
        // None is cut: each is no more than the most that it may be.
        let version = Self {
            major: number(text, &mut rest, b".", u8::MAX.into())? as u8,
            minor: number(text, &mut rest, b".", u8::MAX.into())? as u8,
            revision: number(text, &mut rest, b".+", u16::MAX.into())? as u16,
            build: if rest.is_some() { number(text, &mut rest, b"", u32::MAX)? } else { 0 },
        };
        Ok(version)
    }
}

/// Takes a number from the front of `rest` and the separator behind it, one of `separators`; without one, nothing is left.
fn number(text: &str, rest: &mut Option<&[u8]>, separators: &[u8], most: u32) -> Result<u32, ImageVersionError> {
    let Some(mut part) = *rest else { return Err(ImageVersionError { position: text.len() }) };
    let error = ImageVersionError { position: text.len().saturating_sub(part.len()) };
    let mut number: Option<u32> = None;
    *rest = None;
    while let Some((byte, behind)) = part.split_first() {
        part = behind;
        if separators.contains(byte) {
            *rest = Some(behind);
            break;
        }
        let digit = Some(u32::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit < 10).ok_or(error)?;
        let tens = number.unwrap_or_default().checked_mul(10);
        number = Some(tens.and_then(|tens| tens.checked_add(digit)).ok_or(error)?);
    }
    number.filter(|number| *number <= most).ok_or(error)
}

/// As text.
#[cfg(feature = "serde")]
impl serde::Serialize for ImageVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for ImageVersion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = ImageVersion;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a version such as 1.0.9")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ImageVersion, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// A text that is no version.
///
/// For an example, see [`ImageVersion`](crate::ImageVersion).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[error(
    "a version is three or four numbers, such as 1.0.9; at byte {position} there is none, or one that is too large"
)]
#[non_exhaustive]
pub struct ImageVersionError {
    /// Where a number is missing or wrong, in bytes from the text's start.
    pub position: usize,
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    #[test]
    fn texts_that_are_no_version() {
        let position = |text: &str| text.parse::<ImageVersion>().unwrap_err().position;
        assert_eq!(position(""), 0);
        assert_eq!(position("1.0"), 3);
        assert_eq!(position("1.0."), 4);
        assert_eq!(position("1.256.0"), 2);
        assert_eq!(position("1.0.9.1.2"), 6);
        assert_eq!(position("+1.0.9"), 0);
        assert_eq!(position("1+0+9"), 0);
        assert_eq!(position("1.0.9.+7"), 6);
        assert_eq!(position("v1.0.9"), 0);
    }

    proptest! {
        #[test]
        fn what_prints_parses(bytes in any::<[u8; 8]>()) {
            let version = ImageVersion::from_bytes(bytes);
            prop_assert_eq!(version.to_bytes(), bytes);
            prop_assert_eq!(version.to_string().parse(), Ok(version));
        }

        #[test]
        fn any_text(text in "[0-9.+]*|.*") {
            if let Ok(version) = text.parse::<ImageVersion>() {
                prop_assert_eq!(version.to_string().parse(), Ok(version));
            }
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn goes_through_serde_as_text() {
        let version = ImageVersion { major: 1, minor: 2, revision: 0, build: 7 };
        assert_eq!(serde_json::to_string(&version).unwrap(), "\"1.2.0.7\"");
        assert_eq!(serde_json::from_str::<ImageVersion>("\"1.2.0.7\"").unwrap(), version);
        assert!(serde_json::from_str::<ImageVersion>("\"1\"").is_err());
    }
}
