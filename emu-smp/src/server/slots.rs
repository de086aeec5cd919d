//! The places for images, as a firmware lends them to its server.

use core::fmt;

use crate::image_hash::ImageHash;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// The slots of a device, and the few things that are done to them.
///
/// Slots are numbered from 0 without a gap: 0 and 1 are those of image 0, 2 and 3 those of image 1, and so on; as a rule there
/// are two. The firmware says what is in each and does as it is told; what is allowed when, the server decides.
pub trait ImageSlots {
    /// Whether there are any; `()` says that there are none.
    const ARE_THERE: bool = true;

    /// Returns a slot; `None` if there are not so many.
    fn slot(&mut self, number: u32) -> Option<Slot>;

    /// Erases a slot, and returns when it is done.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn erase(&mut self, number: u32) -> Result<(), Refusal<'static>>;

    /// Makes a slot ready to take an image of so many bytes. By default it is erased.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn begin(&mut self, number: u32, length: u32) -> Result<(), Refusal<'static>> {
        let _ = length;
        self.erase(number)
    }

    /// Writes a piece into a slot that was made ready. Pieces come in order, without gaps; their sum is the length that was
    /// announced, and the piece that completes it is the last. They are of any size: if the flash takes words only, the rest
    /// of a word has to be kept here until more comes.
    ///
    /// # Errors
    ///
    /// Why it can not; then the same piece may come again.
    fn write(&mut self, number: u32, offset: u32, data: &[u8], is_last: bool) -> Result<(), Refusal<'static>>;

    /// Has the boot loader start a slot's image at the next reset: for good, or once, to test it.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn start_next(&mut self, number: u32, is_permanent: bool) -> Result<(), Refusal<'static>>;

    /// Confirms the image that runs; if it was confirmed before, nothing happens.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn confirm(&mut self) -> Result<(), Refusal<'static>>;

    /// Returns whether a slot holds just the file of this length and SHA-256; `None`, by default, if it does not look. With an
    /// answer, a client is told at the end of an upload whether all is well, and at its start if there is nothing to do.
    fn holds(&mut self, number: u32, length: u32, sha: &[u8; 32]) -> Option<bool> {
        let _ = (number, length, sha);
        None
    }

    /// Returns whether a slot may be erased. By default, all but the image that runs and the one that is gone back to; an
    /// image that is to be started may be, as in Zephyr 4. Earlier ones refused that.
    fn may_erase(&mut self, slot: &Slot) -> bool {
        slot.image.as_ref().is_none_or(|image| !image.is_active && !image.is_confirmed)
    }

    /// Returns whether an upload may go into a slot. By default, if it may be erased.
    fn may_overwrite(&mut self, slot: &Slot) -> bool {
        self.may_erase(slot)
    }
}

/// One slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// How many bytes it takes.
    pub size: u32,
    /// The image in it; `None` if what is there is no image.
    pub image: Option<SlotImage>,
}

/// The image in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotImage {
    /// Its version.
    pub version: ImageVersion,
    /// Its hash, if it has one.
    pub hash: Option<ImageHash>,
    /// Whether it runs.
    pub is_active: bool,
    /// Whether it was confirmed: it runs for good, or it is what is gone back to at the next reset because the one that runs
    /// was not.
    pub is_confirmed: bool,
    /// Whether it is started at the next reset, and if so, whether for good.
    pub pending: Option<bool>,
}

/// The version of an image.
///
/// ```
/// use emu_smp::ImageVersion;
///
/// let version = ImageVersion { major: 1, minor: 0, revision: 6, build: 0 };
/// assert_eq!(version.to_string(), "1.0.6");
/// assert_eq!(ImageVersion { build: 7, ..version }.to_string(), "1.0.6.7");
/// assert!(version < ImageVersion { minor: 1, ..ImageVersion::default() }.max(ImageVersion { revision: 10, ..version }));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageVersion {
    /// The first number.
    pub major: u8,
    /// The second.
    pub minor: u8,
    /// The third.
    pub revision: u16,
    /// The fourth, which is left out in print if it is 0.
    pub build: u32,
}

impl ImageVersion {
    /// The bytes that an image starts with.
    pub const MAGIC: [u8; 4] = 0x96f3_b83d_u32.to_le_bytes();

    /// Returns the version that the header of an image (32 bytes) says; `None` if it is shorter, or starts with something else.
    #[must_use]
    pub fn of_header(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; 32] = bytes.first_chunk()?;
        if !header.starts_with(&Self::MAGIC) {
            return None;
        }
        let [.., major, minor, r0, r1, b0, b1, b2, b3, _, _, _, _] = *header;
        Some(Self { major, minor, revision: u16::from_le_bytes([r0, r1]), build: u32::from_le_bytes([b0, b1, b2, b3]) })
    }
}

impl core::str::FromStr for ImageVersion {
    type Err = core::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(4, '.');
        let mut next = || parts.next().unwrap_or_default();
        Ok(Self {
            major: next().parse()?,
            minor: next().parse()?,
            revision: next().parse()?,
            build: parts.next().map_or(Ok(0), str::parse)?,
        })
    }
}

impl fmt::Display for ImageVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.revision)?;
        if self.build != 0 {
            write!(f, ".{}", self.build)?;
        }
        Ok(())
    }
}

/// No slots.
impl ImageSlots for () {
    const ARE_THERE: bool = false;

    fn slot(&mut self, _: u32) -> Option<Slot> {
        None
    }

    fn erase(&mut self, _: u32) -> Result<(), Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }

    fn write(&mut self, _: u32, _: u32, _: &[u8], _: bool) -> Result<(), Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }

    fn start_next(&mut self, _: u32, _: bool) -> Result<(), Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }

    fn confirm(&mut self) -> Result<(), Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }
}

impl<T: ImageSlots> ImageSlots for &mut T {
    const ARE_THERE: bool = T::ARE_THERE;

    fn slot(&mut self, number: u32) -> Option<Slot> {
        (**self).slot(number)
    }

    fn erase(&mut self, number: u32) -> Result<(), Refusal<'static>> {
        (**self).erase(number)
    }

    fn begin(&mut self, number: u32, length: u32) -> Result<(), Refusal<'static>> {
        (**self).begin(number, length)
    }

    fn write(&mut self, number: u32, offset: u32, data: &[u8], is_last: bool) -> Result<(), Refusal<'static>> {
        (**self).write(number, offset, data, is_last)
    }

    fn start_next(&mut self, number: u32, is_permanent: bool) -> Result<(), Refusal<'static>> {
        (**self).start_next(number, is_permanent)
    }

    fn confirm(&mut self) -> Result<(), Refusal<'static>> {
        (**self).confirm()
    }

    fn holds(&mut self, number: u32, length: u32, sha: &[u8; 32]) -> Option<bool> {
        (**self).holds(number, length, sha)
    }

    fn may_erase(&mut self, slot: &Slot) -> bool {
        (**self).may_erase(slot)
    }

    fn may_overwrite(&mut self, slot: &Slot) -> bool {
        (**self).may_overwrite(slot)
    }
}
