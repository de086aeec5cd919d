//! Reading and checking an image file.

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::entry::{HashKind, ImageEntries, SignatureKind};
use super::error::{FileKind, ImageFileError};
use super::header::ImageHeader;
use super::{AREA, ENTRY_HEAD, PROTECTED_AREA, split_head};
use crate::ImageHash;

/// Checks an image file, which is pushed in pieces of any size: it need not be in memory.
///
/// The hash is computed and compared; a signature is named and not checked, since only the device has the key. However the
/// file is cut, the result is the same.
///
/// # Call order
///
/// Call [`push`](Self::push) for each piece, and [`finish`](Self::finish) at the end of the file. Once something is wrong,
/// both go on saying so.
///
/// ```
/// use emu_smp::{ImageBuilder, ImageHash, ImageVerifier, ImageVersion, SignatureKind};
///
/// let version = ImageVersion { major: 1, minor: 0, revision: 9, build: 0 };
/// let mut buffer = [0; 512];
/// let file = ImageBuilder { version, ..ImageBuilder::new(b"code and data") }
///     .build_into(&mut buffer, |_: &ImageHash| Some((SignatureKind::Ed25519, [0; 64])))?;
///
/// let mut verifier = ImageVerifier::new();
/// for piece in file.chunks(10) {
///     verifier.push(piece)?;
/// }
/// let image = verifier.finish()?;
/// assert_eq!(image.header.version.to_string(), "1.0.9");
/// assert_eq!(image.signature, Some(SignatureKind::Ed25519));
/// assert_eq!(image.hash.as_bytes().len(), 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ImageVerifier {
    hashers: Hashers,
    part: Part,
    /// How many bytes have been taken.
    offset: u32,
    /// Where the part ends.
    until: u32,
    /// The start of the part, as much as is looked at.
    kept: [u8; ImageHash::MAX_LENGTH],
    kept_length: usize,
    header: Option<ImageHeader>,
    /// The hash in the file, and where its entry starts.
    hash: Option<(ImageHash, u32)>,
    signature: Option<SignatureKind>,
    entries: ImageEntries,
    padding: ImagePadding,
    error: Option<ImageFileError>,
}

/// The hashes that are being computed.
///
/// Which one is wanted is known only at the end of the file, so that all three run. On a Cortex-M0+ the two longer ones cost
/// 2.2 KB of flash beside 1.1 KB for SHA-256 if the crate `sha2` is built small (`--cfg sha2_backend_soft="compact"`), and
/// 28 KB beside 10 KB if it is not; what does not check files pays nothing. A feature that switched them off would turn good
/// files into bad ones.
#[derive(Debug, Clone, Default)]
struct Hashers {
    /// Goes on to the end of the file.
    sha256: Sha256,
    sha384: Sha384,
    sha512: Sha512,
    /// The SHA-256 of what the image's hash covers, once that has come.
    image: Option<[u8; 32]>,
}

impl Hashers {
    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if self.image.is_none() {
            self.sha384.update(bytes);
            self.sha512.update(bytes);
        }
    }

    /// Tells that all has come that the image's hash covers.
    fn end_image(&mut self) {
        self.image = Some(self.sha256.clone().finalize().into());
    }

    /// Returns the image's hash.
    fn image_hash(&self, kind: HashKind) -> Option<ImageHash> {
        let sha256 = self.image?;
        Some(match kind {
            HashKind::Sha256 => ImageHash::Sha256(sha256),
            HashKind::Sha384 => ImageHash::Sha384(self.sha384.clone().finalize().into()),
            HashKind::Sha512 => ImageHash::Sha512(self.sha512.clone().finalize().into()),
        })
    }
}

/// The part of the file that is being read.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// The first four bytes.
    Magic,
    /// The rest of the header.
    Header,
    /// The unused rest of the header, and the image.
    Image,
    /// The start of an area of entries.
    Area { protected: bool },
    /// The start of an entry, in an area that ends at `end`.
    Entry { protected: bool, end: u32 },
    /// The value of an entry that starts at `start`.
    Value { protected: bool, end: u32, start: u32, number: u16 },
    /// What follows.
    Padding,
}

impl ImageVerifier {
    /// Makes a verifier for one file.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hashers: Hashers::default(),
            part: Part::Magic,
            offset: 0,
            until: MAGIC_LENGTH,
            kept: [0; ImageHash::MAX_LENGTH],
            kept_length: 0,
            header: None,
            hash: None,
            signature: None,
            entries: ImageEntries::empty(),
            padding: ImagePadding { length: 0, fill: None },
            error: None,
        }
    }

    /// Takes the next piece of the file.
    ///
    /// # Errors
    ///
    /// An [`ImageFileError`] as soon as something is wrong, and then again at every call.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), ImageFileError> {
        if self.error.is_none() {
            self.error = self.take(piece).err();
        }
        self.error.map_or(Ok(()), Err)
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// An [`ImageFileError`] if something was wrong, or if the file is cut short.
    pub fn finish(self) -> Result<ImageFile, ImageFileError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let needed = match self.part {
            Part::Magic => HEADER_LENGTH,
            Part::Entry { end, .. } | Part::Value { end, .. } => end,
            _ => self.until,
        };
        let truncated = ImageFileError::Truncated { length: self.offset, needed };
        let (Part::Padding, Some(header), Some((hash, _))) = (self.part, self.header, self.hash) else {
            return Err(truncated);
        };
        Ok(ImageFile {
            header,
            hash,
            hash_checked: !header.flags.is_encrypted(),
            signature: self.signature,
            entries: self.entries,
            file_hash: self.hashers.sha256.finalize().into(),
            length: self.offset,
            padding: self.padding,
        })
    }

    fn take(&mut self, mut bytes: &[u8]) -> Result<(), ImageFileError> {
        loop {
            let missing = self.until.saturating_sub(self.offset);
            if missing == 0 {
                self.end_part()?;
                continue;
            }
            if bytes.is_empty() {
                return Ok(());
            }
            let length = bytes.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
            let (taken, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
            bytes = rest;
            self.hashers.update(taken);
            self.keep(taken);
            let length = u32::try_from(length).unwrap_or(missing);
            self.offset = self.offset.saturating_add(length);
            if matches!(self.part, Part::Padding) {
                self.padding.take(taken, length);
            }
        }
    }

    /// Keeps the start of the part.
    fn keep(&mut self, bytes: &[u8]) {
        let free = self.kept.get_mut(self.kept_length..).unwrap_or_default();
        let mut length = 0_usize;
        for (slot, byte) in free.iter_mut().zip(bytes) {
            *slot = *byte;
            length = length.saturating_add(1);
        }
        self.kept_length = self.kept_length.saturating_add(length);
    }

    /// Returns the two numbers at the start of an area or an entry, which have been kept.
    fn kept_head(&self) -> (u16, u16) {
        split_head(self.kept.first_chunk().copied().unwrap_or_default())
    }

    /// Ends a part whose bytes have all come, and begins the next.
    fn end_part(&mut self) -> Result<(), ImageFileError> {
        match self.part {
            Part::Magic => {
                let found = self.kept.first_chunk().copied().unwrap_or_default();
                if u32::from_le_bytes(found) != ImageHeader::MAGIC {
                    return Err(self.not_an_image());
                }
                // The magic number stays, as the start of the header.
                self.part = Part::Header;
                self.until = HEADER_LENGTH;
                Ok(())
            }
            Part::Header => self.end_header(),
            Part::Image => {
                let protected = self.header.is_some_and(|header| header.protected_size > 0);
                if !protected {
                    self.hashers.end_image();
                }
                self.begin(Part::Area { protected }, ENTRY_HEAD.into())
            }
            Part::Area { protected } => self.end_area_head(protected),
            Part::Entry { protected, end } => {
                let start = self.offset.saturating_sub(ENTRY_HEAD.into());
                let (number, length) = self.kept_head();
                if u32::from(length) > end.saturating_sub(self.offset) {
                    return Err(ImageFileError::EntryTooLong { offset: start, end });
                }
                self.begin(Part::Value { protected, end, start, number }, length.into())
            }
            Part::Value { protected, end, start, number } => {
                self.end_value(start, number)?;
                self.begin_entry(protected, end)
            }
            Part::Padding => Err(ImageFileError::TooLong),
        }
    }

    /// Says what the file looks like, by its first four bytes, which have been kept.
    fn not_an_image(&self) -> ImageFileError {
        let found = self.kept.first_chunk().copied().unwrap_or_default();
        ImageFileError::NotAnImage { kind: FileKind::from_start(found), found }
    }

    /// Begins a part of some bytes.
    fn begin(&mut self, part: Part, length: u32) -> Result<(), ImageFileError> {
        self.part = part;
        self.kept_length = 0;
        self.until = self.offset.checked_add(length).ok_or(ImageFileError::TooLong)?;
        Ok(())
    }

    fn end_header(&mut self) -> Result<(), ImageFileError> {
        let header = self.kept.first_chunk().and_then(ImageHeader::from_bytes).ok_or_else(|| self.not_an_image())?;
        let ImageHeader { header_size, image_size, protected_size, .. } = header;
        if u32::from(header_size) < HEADER_LENGTH {
            return Err(ImageFileError::HeaderTooSmall { size: header_size });
        }
        let too_large = ImageFileError::SizesTooLarge { header_size, image_size, protected_size };
        header.hashed_size().ok_or(too_large)?;
        self.header = Some(header);
        self.part = Part::Image;
        self.until = header.entries_offset().ok_or(too_large)?;
        Ok(())
    }

    fn end_area_head(&mut self, protected: bool) -> Result<(), ImageFileError> {
        let offset = self.offset.saturating_sub(ENTRY_HEAD.into());
        let (found, size) = self.kept_head();
        let expected = if protected { PROTECTED_AREA } else { AREA };
        if found != expected {
            return Err(ImageFileError::NoEntries { offset, expected, found });
        }
        if size < ENTRY_HEAD {
            return Err(ImageFileError::AreaTooSmall { offset, size });
        }
        let announced = self.header.map_or(0, |header| header.protected_size);
        if protected && size != announced {
            return Err(ImageFileError::ProtectedSize { offset, announced, found: size });
        }
        self.begin_entry(protected, offset.checked_add(size.into()).ok_or(ImageFileError::TooLong)?)
    }

    /// Begins an entry, or ends its area if there is none.
    fn begin_entry(&mut self, protected: bool, end: u32) -> Result<(), ImageFileError> {
        if self.offset < end {
            if end.saturating_sub(self.offset) < ENTRY_HEAD.into() {
                return Err(ImageFileError::EntryTooLong { offset: self.offset, end });
            }
            return self.begin(Part::Entry { protected, end }, ENTRY_HEAD.into());
        }
        if protected {
            self.hashers.end_image();
            return self.begin(Part::Area { protected: false }, ENTRY_HEAD.into());
        }
        self.compare_hash()?;
        self.part = Part::Padding;
        self.until = u32::MAX;
        Ok(())
    }

    fn end_value(&mut self, start: u32, number: u16) -> Result<(), ImageFileError> {
        self.entries |= ImageEntries::from_entry(number);
        self.signature = self.signature.or(SignatureKind::from_entry(number));
        let Some(kind) = HashKind::from_entry(number) else { return Ok(()) };
        if let Some((_, first)) = self.hash {
            return Err(ImageFileError::SeveralHashes { first, offset: start });
        }
        // No entry is longer than its area, of which the size has 16 bits.
        let length = self.offset.saturating_sub(start).saturating_sub(ENTRY_HEAD.into());
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        let wrong_length = ImageFileError::HashLength { offset: start, kind, length };
        let value = self.kept.get(..usize::from(length)).filter(|_| length == kind.length()).ok_or(wrong_length)?;
        self.hash = Some((ImageHash::try_from(value).map_err(|_| wrong_length)?, start));
        Ok(())
    }

    /// Compares the hash in the file with that of its bytes, unless these are encrypted.
    fn compare_hash(&self) -> Result<(), ImageFileError> {
        let (hash, offset) = self.hash.ok_or(ImageFileError::NoHash { offset: self.offset })?;
        let kind = hash.kind();
        let encrypted = self.header.is_some_and(|header| header.flags.is_encrypted());
        if encrypted || self.hashers.image_hash(kind) == Some(hash) {
            Ok(())
        } else {
            Err(ImageFileError::WrongHash { offset, kind })
        }
    }
}

impl Default for ImageVerifier {
    fn default() -> Self {
        Self::new()
    }
}

/// A good image file; made by [`ImageVerifier`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct ImageFile {
    /// The header, with version and flags.
    pub header: ImageHeader,
    /// The hash by which a device will know the image.
    pub hash: ImageHash,
    /// Whether the hash was compared: that of an encrypted image covers what only the device can decrypt.
    pub hash_checked: bool,
    /// The algorithm of the signature, of the first one if there are several; `None` if the image is not signed.
    pub signature: Option<SignatureKind>,
    /// Which entries the file has.
    pub entries: ImageEntries,
    /// The SHA-256 of the whole file, padding included: the `sha` of an upload.
    #[cfg_attr(feature = "serde", serde(with = "file_hash"))]
    pub file_hash: [u8; 32],
    /// How many bytes the file has.
    pub length: u32,
    /// What follows the entries.
    pub padding: ImagePadding,
}

/// What follows the entries in an image file.
///
/// A file that was padded to the size of a slot ends with MCUboot's own marks, and is then not uniform.
///
/// For an example, see [`ImageBuilder`](crate::ImageBuilder).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ImagePadding {
    /// How many bytes follow.
    pub length: u32,
    /// The byte that all of them are; `None` if they differ, or if there are none.
    pub fill: Option<u8>,
}

impl ImagePadding {
    fn take(&mut self, bytes: &[u8], length: u32) {
        if self.length == 0 {
            self.fill = bytes.first().copied();
        }
        self.fill = self.fill.filter(|fill| bytes.iter().all(|byte| byte == fill));
        self.length = self.length.saturating_add(length);
    }
}

/// The hash of a file through serde: as hexadecimal digits, like an image's.
#[cfg(feature = "serde")]
mod file_hash {
    use super::ImageHash;
    use serde::{Deserialize, Serialize};

    pub(super) fn serialize<S: serde::Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        ImageHash::Sha256(*hash).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        match ImageHash::deserialize(deserializer)? {
            ImageHash::Sha256(hash) => Ok(hash),
            hash => Err(serde::de::Error::invalid_length(hash.as_bytes().len(), &"32 bytes")),
        }
    }
}

const MAGIC_LENGTH: u32 = 4;

/// The header's length, which is known to fit.
const HEADER_LENGTH: u32 = ImageHeader::LENGTH as u32;

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of 4 GiB, of which only the end is pushed.
    #[test]
    fn a_file_that_is_too_long() {
        let mut verifier =
            ImageVerifier { part: Part::Padding, offset: u32::MAX - 3, until: u32::MAX, ..ImageVerifier::new() };
        assert_eq!(verifier.push(&[0xff; 2]), Ok(()));
        assert_eq!(verifier.push(&[0xff; 2]), Err(ImageFileError::TooLong));
        assert_eq!(verifier.finish(), Err(ImageFileError::TooLong));
    }
}
