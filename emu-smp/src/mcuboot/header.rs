//! The header of an image file.
//!
//! ```text
//! bytes 0..4    magic number 0x96f3b83d
//! bytes 4..8    load address
//! bytes 8..10   size of the header, with the unused bytes up to the image
//! bytes 10..12  size of the area of protected entries, 0 if there is none
//! bytes 12..16  size of the image
//! bytes 16..20  flags
//! bytes 20..28  version: major, minor, revision (2 bytes), build (4 bytes)
//! bytes 28..32  unused
//! ```

use super::version::ImageVersion;

/// The header of an image file, without its magic number.
///
/// ```
/// use emu_smp::{ImageFlags, ImageHeader, ImageVersion};
///
/// let header = ImageHeader {
///     load_address: 0,
///     header_size: 512,
///     protected_size: 0,
///     image_size: 49_140,
///     flags: ImageFlags::empty(),
///     version: ImageVersion { major: 1, minor: 0, revision: 9, build: 0 },
/// };
/// let bytes = header.to_bytes();
/// assert_eq!(bytes[..10], [0x3d, 0xb8, 0xf3, 0x96, 0, 0, 0, 0, 0, 2]);
/// assert_eq!(ImageHeader::from_bytes(&bytes), Some(header));
/// assert_eq!(header.hashed_size(), Some(49_652));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ImageHeader {
    /// Where the image is to run, if [`ImageFlags::RAM_LOAD`] or [`ImageFlags::ROM_FIXED`] is set.
    pub load_address: u32,
    /// How many bytes there are in front of the image, at least [`LENGTH`](Self::LENGTH).
    pub header_size: u16,
    /// How many bytes the area of protected entries has; 0 if there is none.
    pub protected_size: u16,
    /// How many bytes the image has.
    pub image_size: u32,
    /// What kind of image it is.
    pub flags: ImageFlags,
    /// The image's version.
    pub version: ImageVersion,
}

impl ImageHeader {
    /// How many bytes a header has, without the unused ones behind it.
    pub const LENGTH: usize = 32;

    /// The number with which every image file starts.
    pub const MAGIC: u32 = 0x96f3_b83d;

    /// Reads a header, or returns `None` if the magic number is another.
    #[must_use]
    pub const fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let [m0, m1, m2, m3, l0, l1, l2, l3, h0, h1, p0, p1, i0, i1, i2, i3, f0, f1, f2, f3, rest @ ..] = *bytes;
        let [v0, v1, v2, v3, v4, v5, v6, v7, _, _, _, _] = rest;
        if u32::from_le_bytes([m0, m1, m2, m3]) != Self::MAGIC {
            return None;
        }
        Some(Self {
            load_address: u32::from_le_bytes([l0, l1, l2, l3]),
            header_size: u16::from_le_bytes([h0, h1]),
            protected_size: u16::from_le_bytes([p0, p1]),
            image_size: u32::from_le_bytes([i0, i1, i2, i3]),
            flags: ImageFlags::from_bits_retain(u32::from_le_bytes([f0, f1, f2, f3])),
            version: ImageVersion::from_bytes([v0, v1, v2, v3, v4, v5, v6, v7]),
        })
    }

    /// Returns the header's bytes, the unused ones 0.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LENGTH] {
        let [m0, m1, m2, m3] = Self::MAGIC.to_le_bytes();
        let [l0, l1, l2, l3] = self.load_address.to_le_bytes();
        let ([h0, h1], [p0, p1]) = (self.header_size.to_le_bytes(), self.protected_size.to_le_bytes());
        let [i0, i1, i2, i3] = self.image_size.to_le_bytes();
        let [f0, f1, f2, f3] = self.flags.bits().to_le_bytes();
        let [v0, v1, v2, v3, v4, v5, v6, v7] = self.version.to_bytes();
        [
            m0, m1, m2, m3, l0, l1, l2, l3, h0, h1, p0, p1, i0, i1, i2, i3, f0, f1, f2, f3, v0, v1, v2, v3, v4, v5, v6,
            v7, 0, 0, 0, 0,
        ]
    }

    /// Returns where the entries start, or `None` if the sizes are too large for a file.
    #[must_use]
    pub const fn entries_offset(&self) -> Option<u32> {
        self.image_size.checked_add(self.header_size as u32)
    }

    /// Returns how many bytes from the start the image's hash covers, or `None` if the sizes are too large for a file.
    #[must_use]
    pub const fn hashed_size(&self) -> Option<u32> {
        match self.entries_offset() {
            Some(offset) => offset.checked_add(self.protected_size as u32),
            None => None,
        }
    }
}

/// What kind of image it is; unknown bits are kept as they came.
///
/// ```
/// use emu_smp::ImageFlags;
///
/// let flags = ImageFlags::from_bits_retain(0x8000_0004);
/// assert!(flags.is_encrypted());
/// assert_eq!(flags.bits(), 0x8000_0004);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ImageFlags(u32);

bitflags::bitflags! {
    impl ImageFlags: u32 {
        /// The image runs at any address; MCUboot does not support it.
        const POSITION_INDEPENDENT = 0x01;
        /// The image is encrypted with AES-128.
        const ENCRYPTED_AES128 = 0x04;
        /// The image is encrypted with AES-256.
        const ENCRYPTED_AES256 = 0x08;
        /// The image does not boot by itself: one half of a split image.
        const NON_BOOTABLE = 0x10;
        /// The image is loaded into RAM, at the load address.
        const RAM_LOAD = 0x20;
        /// The image runs only in the flash at the load address.
        const ROM_FIXED = 0x100;
        /// The image is compressed with LZMA1.
        const COMPRESSED_LZMA1 = 0x200;
        /// The image is compressed with LZMA2.
        const COMPRESSED_LZMA2 = 0x400;
        /// A filter for ARM Thumb code was applied before the compression.
        const COMPRESSED_ARM_THUMB_FILTER = 0x800;

        // Whatever else is set is data.
        const _ = !0;
    }
}

impl ImageFlags {
    /// Returns whether the image is encrypted, so that its bytes are not those that its hash covers.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        self.intersects(Self::ENCRYPTED_AES128.union(Self::ENCRYPTED_AES256))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The header of `hello_world.signed.bin`, a Zephyr 3.5.0 sample in the Python package smpclient 7.3.0.
    #[test]
    fn the_header_of_a_zephyr_sample() {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(b"\x3d\xb8\xf3\x96\0\0\0\0\x00\x02\0\0\x74\x60\0\0");
        let header = ImageHeader::from_bytes(&bytes).unwrap();
        assert_eq!((header.header_size, header.protected_size, header.image_size), (512, 0, 24_692));
        assert_eq!(header.entries_offset(), Some(25_204));
        assert_eq!((header.flags, header.version), (ImageFlags::empty(), ImageVersion::default()));
        assert_eq!(header.to_bytes(), bytes);
        bytes[0] = 0x3c;
        assert_eq!(ImageHeader::from_bytes(&bytes), None);
    }

    proptest! {
        /// All but the magic number and the unused bytes come back.
        #[test]
        fn round_trip(mut bytes in any::<[u8; 32]>()) {
            bytes[..4].copy_from_slice(&ImageHeader::MAGIC.to_le_bytes());
            bytes[28..].fill(0);
            prop_assert_eq!(ImageHeader::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        }
    }
}
