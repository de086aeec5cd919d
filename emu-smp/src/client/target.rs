//! What is to be written, and where its bytes come from.

use crate::image_hash::ImageHash;
use crate::mcuboot::{ImageFile, ImageVersion};
use crate::text::copy;

/// The firmware that a device shall get: what is known of its file.
///
/// For an example, see [`Upload`](crate::client::Upload).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Target {
    /// The image's hash, by which the device lists it.
    pub hash: ImageHash,
    /// The SHA-256 of the whole file, by which an upload that broke is gone on with.
    pub sha: [u8; 32],
    /// How many bytes the file has.
    pub length: u32,
    /// The image's version.
    pub version: ImageVersion,
}

/// What a verifier has found out of a file.
impl From<&ImageFile> for Target {
    fn from(file: &ImageFile) -> Self {
        Self { hash: file.hash, sha: file.file_hash, length: file.length, version: file.header.version }
    }
}

/// The bytes of a file, read piece by piece and more than once.
///
/// ```
/// use emu_smp::client::{ImageSource, ReadError};
///
/// let mut image: &[u8] = b"image";
/// let mut piece = [0; 3];
/// image.read_at(2, &mut piece)?;
/// assert_eq!((image.length(), &piece), (5, b"age"));
/// assert!(image.read_at(3, &mut piece).is_err());
/// # Ok::<(), ReadError>(())
/// ```
pub trait ImageSource {
    /// Returns how many bytes there are.
    fn length(&self) -> u32;

    /// Fills the buffer with the bytes from this offset on.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if they cannot be had. A source that knows more about it keeps that to itself, and is asked afterwards.
    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), ReadError>;
}

/// A file in memory.
impl ImageSource for &[u8] {
    fn length(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), ReadError> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..));
        let piece = rest.and_then(|rest| rest.get(..buffer.len())).ok_or(ReadError { offset })?;
        copy(buffer, piece);
        Ok(())
    }
}

/// Bytes of a file that could not be read.
///
/// For an example, see [`Upload`](crate::client::Upload).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[error("the image's file cannot be read from byte {offset} on")]
pub struct ReadError {
    /// Where, in bytes from the start of the file.
    pub offset: u32,
}
