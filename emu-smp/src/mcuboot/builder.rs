//! Writing an image file.

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::entry::{HashKind, SignatureKind};
use super::header::{ImageFlags, ImageHeader};
use super::version::ImageVersion;
use super::{AREA, ENTRY_HEAD, PROTECTED_AREA, head};
use crate::ImageHash;
use crate::text::copy;

/// Writes an image file: header, image, hash, and a signature that somebody else makes.
///
/// It is for tests and simulated devices. A real device checks the signature, and a firmware's own build writes the file.
///
/// ```
/// use emu_smp::{HashKind, ImageBuilder, ImageHash, ImageVersion, SignatureKind};
///
/// let version = ImageVersion { major: 1, minor: 0, revision: 9, build: 0 };
/// let builder = ImageBuilder { version, security_counter: Some(7), ..ImageBuilder::new(b"code and data") };
/// let mut buffer = [0; 512];
/// let file = builder.build_into(&mut buffer, |hash: &ImageHash| Some((SignatureKind::Ed25519, sign(hash))))?;
/// assert_eq!(file.len(), 32 + 13 + 12 + 4 + 36 + 68);
///
/// fn sign(_: &ImageHash) -> [u8; 64] {
///     // The test key's.
///     [0; 64]
/// }
/// # Ok::<(), emu_smp::ImageBuildError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ImageBuilder<'a> {
    /// The version.
    pub version: ImageVersion,
    /// The load address.
    pub load_address: u32,
    /// What kind of image it is; nothing is encrypted or compressed here.
    pub flags: ImageFlags,
    /// How many bytes stand in front of the image, at least 32; the unused ones are 0.
    pub header_size: u16,
    /// The image itself.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::text::serialize_bytes"))]
    pub image: &'a [u8],
    /// The algorithm of the hash.
    pub hash: HashKind,
    /// The security counter, a protected entry; `None` for no protected entries at all.
    pub security_counter: Option<u32>,
    /// The hash of the public key; `None` for no such entry.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::text::serialize_optional_bytes"))]
    pub key_hash: Option<&'a [u8]>,
}

impl<'a> ImageBuilder<'a> {
    /// Makes a builder for an image with version 0.0.0, the smallest header, SHA-256, and nothing that can be left out.
    #[must_use]
    pub const fn new(image: &'a [u8]) -> Self {
        Self {
            version: ImageVersion { major: 0, minor: 0, revision: 0, build: 0 },
            load_address: 0,
            flags: ImageFlags::empty(),
            header_size: ImageHeader::LENGTH as u16,
            image,
            hash: HashKind::Sha256,
            security_counter: None,
            key_hash: None,
        }
    }

    /// Writes the file into a buffer, and returns it.
    ///
    /// `sign` is given the image's hash and returns the signature, or `None` for a file without one.
    ///
    /// # Errors
    ///
    /// [`ImageBuildError`] if something does not fit, into the buffer or into the header's and entries' sizes.
    pub fn build_into<'b, S: AsRef<[u8]>>(
        &self,
        buffer: &'b mut [u8],
        sign: impl FnOnce(&ImageHash) -> Option<(SignatureKind, S)>,
    ) -> Result<&'b [u8], ImageBuildError> {
        let mut writer = Writer { buffer, length: 0 };
        let header_size = usize::from(self.header_size);
        let unused = header_size.checked_sub(ImageHeader::LENGTH);
        let unused = unused.ok_or(ImageBuildError::HeaderTooSmall { size: self.header_size })?;
        writer.write(&self.header()?.to_bytes())?;
        writer.fill(unused)?;
        writer.write(self.image)?;
        if let Some(counter) = self.security_counter {
            writer.write(&head(PROTECTED_AREA, PROTECTED_SIZE))?;
            writer.entry(SECURITY_COUNTER, &counter.to_le_bytes())?;
        }
        let hash = hash(self.hash, writer.written());
        let signature = sign(&hash);

        let area = writer.length;
        writer.write(&head(AREA, 0))?;
        writer.entry(self.hash.entry(), hash.as_bytes())?;
        if let Some(key_hash) = self.key_hash {
            writer.entry(KEY_HASH, key_hash)?;
        }
        if let Some((kind, signature)) = signature {
            writer.entry(kind.entry(), signature.as_ref())?;
        }
        let size = writer.length.saturating_sub(area);
        let size = u16::try_from(size).map_err(|_| ImageBuildError::EntriesTooLong { length: size })?;
        writer.overwrite(area, &head(AREA, size));
        Ok(writer.finish())
    }

    fn header(&self) -> Result<ImageHeader, ImageBuildError> {
        let too_large = ImageBuildError::ImageTooLarge { length: self.image.len() };
        let header = ImageHeader {
            load_address: self.load_address,
            header_size: self.header_size,
            protected_size: if self.security_counter.is_some() { PROTECTED_SIZE } else { 0 },
            image_size: u32::try_from(self.image.len()).map_err(|_| too_large)?,
            flags: self.flags,
            version: self.version,
        };
        header.hashed_size().map(|_| header).ok_or(too_large)
    }
}

/// Writes into a buffer, from its start on.
struct Writer<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl<'b> Writer<'b> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ImageBuildError> {
        copy(self.take(bytes.len())?, bytes);
        Ok(())
    }

    /// Writes zeros.
    fn fill(&mut self, length: usize) -> Result<(), ImageBuildError> {
        self.take(length)?.fill(0);
        Ok(())
    }

    fn entry(&mut self, number: u16, value: &[u8]) -> Result<(), ImageBuildError> {
        let too_long = ImageBuildError::EntriesTooLong { length: value.len() };
        self.write(&head(number, u16::try_from(value.len()).map_err(|_| too_long)?))?;
        self.write(value)
    }

    /// Takes the next bytes of the buffer.
    fn take(&mut self, length: usize) -> Result<&mut [u8], ImageBuildError> {
        let needed = self.length.saturating_add(length);
        let too_small = ImageBuildError::BufferTooSmall { needed, length: self.buffer.len() };
        let slot = self.buffer.get_mut(self.length..needed).ok_or(too_small)?;
        self.length = needed;
        Ok(slot)
    }

    /// Writes over bytes that have been written before.
    fn overwrite(&mut self, at: usize, bytes: &[u8]) {
        let slots = self.buffer.get_mut(at..self.length).unwrap_or_default();
        slots.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    }

    fn written(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    fn finish(self) -> &'b [u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

fn hash(kind: HashKind, bytes: &[u8]) -> ImageHash {
    match kind {
        HashKind::Sha256 => ImageHash::Sha256(Sha256::digest(bytes).into()),
        HashKind::Sha384 => ImageHash::Sha384(Sha384::digest(bytes).into()),
        HashKind::Sha512 => ImageHash::Sha512(Sha512::digest(bytes).into()),
    }
}

/// The number of the entry that holds the hash of the public key.
const KEY_HASH: u16 = 0x01;

/// The number of the entry that holds the security counter.
const SECURITY_COUNTER: u16 = 0x50;

/// The size of an area with a security counter and nothing else.
const PROTECTED_SIZE: u16 = ENTRY_HEAD + ENTRY_HEAD + 4;

/// An image file that cannot be written.
///
/// For an example, see [`ImageBuilder`](crate::ImageBuilder).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ImageBuildError {
    /// The file does not fit into the buffer.
    #[error("the image file needs {needed} bytes or more; the buffer has {length}")]
    BufferTooSmall {
        /// How many bytes the file needs, as far as it was written.
        needed: usize,
        /// How many bytes the buffer has.
        length: usize,
    },
    /// The header is to be smaller than a header is.
    #[error("the header of an image file has at least 32 bytes, not {size}")]
    HeaderTooSmall {
        /// The size that was asked for.
        size: u16,
    },
    /// The image is larger than a file can be.
    #[error("an image of {length} bytes is too large for a file")]
    ImageTooLarge {
        /// How many bytes the image has.
        length: usize,
    },
    /// An entry, or all of them together, have more bytes than their size can say.
    #[error("the entries behind an image have at most 65535 bytes; here are {length}")]
    EntriesTooLong {
        /// How many bytes there are.
        length: usize,
    },
}
