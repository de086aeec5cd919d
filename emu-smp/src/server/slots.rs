//! The places for images, as a firmware lends them to its server.

use crate::group_error::GroupError;
use crate::image_hash::ImageHash;
use crate::mcuboot::ImageVersion;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// The slots of a device, and the few things that are done to them.
///
/// Slots are numbered from 0 without a gap: 0 and 1 are those of image 0, 2 and 3 those of image 1, and so on; as a rule there
/// are two. The firmware says what is in each and does as it is told; what is allowed when, the server decides.
///
/// For an example, see [`Server`](crate::Server).
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
    /// answer, a client is told at the end of an upload whether all is well, and at its start if there is nothing to do. One that
    /// sent no SHA-256, or a part of one, is told that it is not well, whatever the answer; existing servers do so.
    fn holds(&mut self, number: u32, length: u32, sha: &[u8; 32]) -> Option<bool> {
        let _ = (number, length, sha);
        None
    }

    /// Returns what a client of version 0 is told besides the general code when an upload is refused for this; it has no other
    /// way to learn more. By default nothing, as of existing servers only those built to be verbose have words for it: texts
    /// take flash, and which of them are worth it is the firmware's to say. A few words: up to 40 bytes fit into any buffer for
    /// answers, and one that does not fit leaves the request without an answer.
    fn reason(&mut self, error: GroupError) -> Option<&'static str> {
        let _ = error;
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
///
/// For an example, see [`Server`](crate::Server).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Slot {
    /// How many bytes it takes.
    pub size: u32,
    /// The image in it; `None` if what is there is no image.
    pub image: Option<SlotImage>,
}

/// The image in a slot.
///
/// For an example, see [`Server`](crate::Server).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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

    fn reason(&mut self, error: GroupError) -> Option<&'static str> {
        (**self).reason(error)
    }

    fn may_erase(&mut self, slot: &Slot) -> bool {
        (**self).may_erase(slot)
    }

    fn may_overwrite(&mut self, slot: &Slot) -> bool {
        (**self).may_overwrite(slot)
    }
}
