//! What is wrong with an image file.

use core::fmt;

use super::entry::HashKind;

/// A file that is no good image; every offset is in bytes from the file's start.
///
/// ```
/// use emu_smp::{FileKind, ImageFileError, ImageVerifier};
///
/// let mut verifier = ImageVerifier::new();
/// let error = verifier.push(b":020000040800F2\r\n").unwrap_err();
/// assert!(matches!(error, ImageFileError::NotAnImage { kind: FileKind::IntelHex, .. }));
/// assert_eq!(error.to_string(), "the file is no MCUboot image but Intel HEX");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ImageFileError {
    /// The file starts with another magic number.
    #[error("the file is no MCUboot image but {kind}")]
    NotAnImage {
        /// What it looks like.
        kind: FileKind,
        /// The first four bytes.
        found: [u8; 4],
    },
    /// The header says that it is smaller than a header is.
    #[error("the header at byte 8 gives its own size as {size} bytes; a header has at least 32")]
    HeaderTooSmall {
        /// The size that the header gives.
        size: u16,
    },
    /// The sizes in the header are larger, together, than a file can be.
    #[error(
        "the header at byte 8 gives sizes that are too large together: {header_size}, {image_size} and {protected_size} bytes"
    )]
    SizesTooLarge {
        /// The size of the header.
        header_size: u16,
        /// The size of the image.
        image_size: u32,
        /// The size of the area of protected entries.
        protected_size: u16,
    },
    /// The file ends too early.
    #[error("the file is cut short: it ends at byte {length}, and needs {needed} bytes at least")]
    Truncated {
        /// How many bytes the file has.
        length: u32,
        /// How many it needs, as far as is known.
        needed: u32,
    },
    /// There is no area of entries where the header says, or one of the wrong kind.
    #[error("at byte {offset} the entries should start with {expected:#06x}, not {found:#06x}")]
    NoEntries {
        /// Where the area should start.
        offset: u32,
        /// The number with which it should start: 0x6908 if the header announces protected entries, else 0x6907.
        expected: u16,
        /// The number that is there.
        found: u16,
    },
    /// An area says that it is smaller than its own start.
    #[error("the area of entries at byte {offset} gives its size as {size} bytes; it has at least 4")]
    AreaTooSmall {
        /// Where the area starts.
        offset: u32,
        /// The size that it gives.
        size: u16,
    },
    /// The area of protected entries has another size than the header says.
    #[error("the protected entries at byte {offset} have {found} bytes; the header says {announced}")]
    ProtectedSize {
        /// Where the area starts.
        offset: u32,
        /// The size in the header.
        announced: u16,
        /// The size in the area.
        found: u16,
    },
    /// An entry reaches over the end of its area.
    #[error("the entry at byte {offset} reaches over the end of the entries at byte {end}")]
    EntryTooLong {
        /// Where the entry starts.
        offset: u32,
        /// Where the area ends.
        end: u32,
    },
    /// The entry of a hash has another length than the hash.
    #[error("the {kind} at byte {offset} has {length} bytes")]
    HashLength {
        /// Where the entry starts.
        offset: u32,
        /// The kind of the hash.
        kind: HashKind,
        /// The entry's length.
        length: u16,
    },
    /// There is more than one hash, and devices refuse that.
    #[error("there is a second hash at byte {offset}, beside the one at byte {first}")]
    SeveralHashes {
        /// Where the first entry starts.
        first: u32,
        /// Where the second entry starts.
        offset: u32,
    },
    /// There is no hash, by which a device knows the image.
    #[error("there is no hash among the entries, which end at byte {offset}")]
    NoHash {
        /// Where the entries end.
        offset: u32,
    },
    /// The hash is another than that of the bytes: the file is damaged.
    #[error("the file is damaged: the {kind} at byte {offset} is not that of the image")]
    WrongHash {
        /// Where the entry starts.
        offset: u32,
        /// The kind of the hash.
        kind: HashKind,
    },
    /// The file has 4 GiB or more.
    #[error("the file is too large: it has 4 GiB or more")]
    TooLong,
}

/// What a file looks like that is no image, by its first bytes.
///
/// For an example, see [`ImageVerifier`](crate::ImageVerifier).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FileKind {
    /// Intel HEX, which may hold an image; it must be converted first.
    IntelHex,
    /// Motorola S-records, which may hold an image; they must be converted first.
    SRecord,
    /// ELF: what the linker wrote, not yet signed.
    Elf,
    /// ZIP: a package in which the image may be.
    Zip,
    /// gzip.
    Gzip,
    /// UF2.
    Uf2,
    /// An image of the first format of MCUboot's predecessor, which no device takes any more.
    OldImage,
    /// Flash that was erased.
    Erased,
    /// Something else, such as an image before it was signed.
    Unknown,
}

impl FileKind {
    /// Returns what a file looks like that starts with these bytes and is no image.
    pub(super) const fn from_start(start: [u8; 4]) -> Self {
        match start {
            [b':', b'0'..=b'9' | b'A'..=b'F' | b'a'..=b'f', ..] => Self::IntelHex,
            [b'S', b'0'..=b'9', b'0'..=b'9' | b'A'..=b'F', _] => Self::SRecord,
            [0x7f, b'E', b'L', b'F'] => Self::Elf,
            [b'P', b'K', 3, 4] => Self::Zip,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'U', b'F', b'2', b'\n'] => Self::Uf2,
            [0x3c, 0xb8, 0xf3, 0x96] => Self::OldImage,
            [0xff, 0xff, 0xff, 0xff] => Self::Erased,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IntelHex => "Intel HEX",
            Self::SRecord => "S-records",
            Self::Elf => "ELF",
            Self::Zip => "a ZIP archive",
            Self::Gzip => "a gzip archive",
            Self::Uf2 => "UF2",
            Self::OldImage => "one of an older format",
            Self::Erased => "erased flash",
            Self::Unknown => "something unknown, perhaps an image that is not signed",
        })
    }
}
