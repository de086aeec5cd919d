//! Image files of the boot loader MCUboot: what a firmware update uploads.
//!
//! ```text
//! header            32 bytes, and more that are not used, up to the header's size
//! image             as many bytes as the header says
//! protected entries area, if the header announces one: u16 0x6908, u16 size of the area, entries
//! other entries     area: u16 0x6907, u16 size of the area, entries
//! padding           whatever follows
//!
//! entry             u16 number, u16 length, value
//! hash              of all up to the end of the protected entries; itself one of the other entries, as is the signature
//! ```
//!
//! All numbers are little-endian.
//!
//! Source: MCUboot, "Bootloader design" (`docs/design.md`, "Image format") and `boot/bootutil/include/bootutil/image.h`, and files
//! that MCUboot's imgtool 2.5.0 wrote.

mod builder;
mod entry;
mod error;
mod header;
mod verifier;
mod version;

#[cfg(test)]
mod tests;

pub use builder::{ImageBuildError, ImageBuilder};
pub use entry::{HashKind, ImageEntries, NoUnknownSignature, SignatureKind, UnknownSignature};
pub use error::{FileKind, ImageFileError};
pub use header::{ImageFlags, ImageHeader};
pub use verifier::{ImageFile, ImagePadding, ImageVerifier};
pub use version::{ImageVersion, ImageVersionError};

/// How the area of the protected entries starts.
const PROTECTED_AREA: u16 = 0x6908;

/// How the area of the other entries starts.
const AREA: u16 = 0x6907;

/// How many bytes the start of an area has, and the start of an entry, too.
const ENTRY_HEAD: u16 = 4;

/// Returns the start of an area or an entry: two numbers, little-endian.
const fn head(first: u16, second: u16) -> [u8; ENTRY_HEAD as usize] {
    let ([a, b], [c, d]) = (first.to_le_bytes(), second.to_le_bytes());
    [a, b, c, d]
}

/// Returns the two numbers at the start of an area or an entry.
const fn split_head(head: [u8; ENTRY_HEAD as usize]) -> (u16, u16) {
    let [a, b, c, d] = head;
    (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]))
}
