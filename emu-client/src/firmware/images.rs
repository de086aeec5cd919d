//! The images of a meter's communication module, as they are listed.
//!
//! Source: the listing in the manual's chapter "Firmware-Update"; its lines to the letter, as the manual's tool prints them.

use std::fmt;

use emu_smp::ImageHash;
use emu_smp::image::{HashBytes, ImageState, StateResponse};

/// The images that a meter holds.
///
/// Prints the lines that the manual's tool prints, so that what reads those reads these.
///
/// ```
/// use emu_client::firmware::Images;
/// use emu_smp::{decode, image::StateResponse};
///
/// let body = b"\xa1\x66images\x81\xa4\x64slot\x00\x67version\x651.0.6\x66active\xf5\x69confirmed\xf5";
/// let images = Images::from(&decode::<StateResponse>(body)?);
/// assert_eq!(images.active().map(|image| image.version.as_str()), Some("1.0.6"));
/// assert_eq!(
///     images.to_string(),
///     "Images:\n image=0 slot=0\n    version: 1.0.6\n    bootable: false\n    flags: active confirmed\n    \
///      hash: Unavailable\nSplit status: N/A (0)\n"
/// );
/// # Ok::<(), emu_smp::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Images {
    /// The images, slot by slot.
    pub images: Vec<Image>,
    /// Whether the images of both slots fit together, where one image is split in two; 0: does not apply.
    pub split_status: i32,
}

/// One image of a meter: of its [`Images`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
#[allow(clippy::struct_excessive_bools, reason = "they are what the wire has, and independent of each other")]
pub struct Image {
    /// Which of the device's images; a meter has one, 0.
    pub image: u32,
    /// Which slot: 0 is started from, 1 takes the next image.
    pub slot: u32,
    /// The version, such as `1.0.9`.
    pub version: String,
    /// The hash by which the image is tested and confirmed; missing if the boot loader answers in the firmware's place.
    pub hash: Option<ImageHash>,
    /// Whether the image can be started.
    pub bootable: bool,
    /// Whether the image is started at the next reset.
    pub pending: bool,
    /// Whether the image was confirmed.
    pub confirmed: bool,
    /// Whether the image runs.
    pub active: bool,
    /// Whether the image is started for good at the next reset.
    pub permanent: bool,
}

impl Images {
    /// Returns the image that runs.
    #[must_use]
    pub fn active(&self) -> Option<&Image> {
        self.images.iter().find(|image| image.active)
    }

    /// Returns the images whose hash starts with these hexadecimal digits, small or capital.
    pub fn with_prefix<'a>(&'a self, prefix: &str) -> impl Iterator<Item = &'a Image> + use<'a> {
        let prefix = prefix.to_ascii_lowercase();
        self.images.iter().filter(move |image| image.hash.is_some_and(|hash| hash.to_string().starts_with(&prefix)))
    }
}

impl From<&StateResponse<'_>> for Images {
    fn from(response: &StateResponse<'_>) -> Self {
        let images = response.images.iter().map(|image| Image::from(&image)).collect();
        Self { images, split_status: response.split_status.unwrap_or(0) }
    }
}

impl From<&ImageState<'_>> for Image {
    fn from(state: &ImageState<'_>) -> Self {
        Self {
            image: state.image,
            slot: state.slot,
            version: state.version.to_owned(),
            hash: state.hash.and_then(HashBytes::to_hash),
            bootable: state.bootable,
            pending: state.pending,
            confirmed: state.confirmed,
            active: state.active,
            permanent: state.permanent,
        }
    }
}

impl fmt::Display for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Images:")?;
        for image in &self.images {
            image.fmt(f)?;
        }
        let split = match self.split_status {
            0 => "N/A",
            1 => "non-matching",
            2 => "matching",
            _ => "unknown",
        };
        writeln!(f, "Split status: {split} ({})", self.split_status)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, " image={} slot={}", self.image, self.slot)?;
        // The text is the device's, and goes to a terminal.
        writeln!(f, "    version: {}", self.version.escape_debug())?;
        writeln!(f, "    bootable: {}", self.bootable)?;
        let flags = [
            (self.active, "active"),
            (self.confirmed, "confirmed"),
            (self.pending, "pending"),
            (self.permanent, "permanent"),
        ];
        let set: Vec<&str> = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name).collect();
        writeln!(f, "    flags: {}", set.join(" "))?;
        match self.hash {
            Some(hash) => writeln!(f, "    hash: {hash}"),
            None => writeln!(f, "    hash: Unavailable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(slot: u32, hash: Option<ImageHash>) -> Image {
        let version = format!("1.0.{slot}");
        let [bootable, pending, confirmed, active, permanent] = [false; 5];
        Image { image: 0, slot, version, hash, bootable, pending, confirmed, active, permanent }
    }

    #[test]
    fn the_lines_of_the_manual_s_tool() {
        let all =
            Image { bootable: true, pending: true, confirmed: true, active: true, permanent: true, ..image(0, None) };
        let hashed = image(1, Some(ImageHash::Sha256([0xab; 32])));
        let mut images = Images { images: vec![all, hashed], split_status: 0 };
        let lines = format!(
            "Images:\n image=0 slot=0\n    version: 1.0.0\n    bootable: true\n    \
             flags: active confirmed pending permanent\n    hash: Unavailable\n \
             image=0 slot=1\n    version: 1.0.1\n    bootable: false\n    flags: \n    hash: {}\n",
            "ab".repeat(32)
        );
        for (status, line) in
            [(0, "N/A (0)"), (1, "non-matching (1)"), (2, "matching (2)"), (3, "unknown (3)"), (-1, "unknown (-1)")]
        {
            images.split_status = status;
            assert_eq!(images.to_string(), format!("{lines}Split status: {line}\n"));
        }
        images.images.clear();
        assert_eq!(images.to_string(), "Images:\nSplit status: unknown (-1)\n");
    }

    #[test]
    fn what_the_device_calls_itself_moves_no_cursor() {
        let image = Image { version: "1\u{1b}[2J\n".to_owned(), ..image(0, None) };
        assert!(image.to_string().contains("    version: 1\\u{1b}[2J\\n\n"));
    }

    #[test]
    fn images_by_the_first_digits_of_their_hash() {
        let hash = |byte| Some(ImageHash::Sha256([byte; 32]));
        let images =
            Images { images: vec![image(0, hash(0xab)), image(1, hash(0xac)), image(2, None)], split_status: 0 };
        let slots = |prefix| images.with_prefix(prefix).map(|image| image.slot).collect::<Vec<_>>();
        assert_eq!((slots("AB"), slots("a"), slots(""), slots("b")), (vec![0], vec![0, 1], vec![0, 1], vec![]));
        assert_eq!(images.active(), None);
    }
}
