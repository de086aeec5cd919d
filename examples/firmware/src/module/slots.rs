//! Two places for images, and what a boot loader makes of them.
//!
//! ```text
//! state (16 bytes, then free up to 4 KiB) | place A | place B
//! ```
//!
//! A model of MCUboot that swaps, in memory in place of flash. Images are files that are kept, listed, checked and exchanged;
//! what runs stays this program. Source: MCUboot, "Bootloader design", "Image swapping".

use emu_smp::{
    GroupError, ImageBuilder, ImageFile, ImageHash, ImageVerifier, ImageVersion, Refusal, SignatureKind, SlotImage,
};

/// The slots of a module.
///
/// The image in slot 0 runs. One in slot 1 that is marked is swapped with it at the next reset, if it is whole. Was it marked
/// for good, it is confirmed; else it is on trial: unless it is confirmed before the reset after that, both are swapped back.
///
/// A real boot loader also checks the signature, for which it has the key; here a file that names one is taken.
#[derive(Debug)]
pub struct Slots<'a> {
    state: State,
    saved: &'a mut [u8],
    /// What is in slot 0 and in slot 1.
    places: [Place<'a>; 2],
}

/// What a start has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boot {
    /// There was nothing: slot 0 was filled with [`Slots::FIRST`].
    First,
    /// The same image goes on.
    Same,
    /// The one that was marked runs.
    Swapped,
    /// The one on trial was left again.
    Reverted,
    /// The one that was marked is damaged, and was dropped.
    Refused,
}

/// What outlives a reset, besides the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// To start slot 1 next, and whether for good.
    pending: Option<bool>,
    is_confirmed: bool,
    /// Whether slot 0 is place B. A boot loader moves the bytes; this saves it the time.
    is_swapped: bool,
    /// How many bytes the slots hold.
    lengths: [u32; 2],
}

/// A place and what is in it. It is looked through once and not at each question.
#[derive(Debug)]
struct Place<'a> {
    bytes: &'a mut [u8],
    file: Option<ImageFile>,
}

impl<'a> Slots<'a> {
    /// How many bytes one slot takes.
    pub const SIZE: u32 = 256 << 10;
    /// How much memory the slots need in all.
    pub const MEMORY: usize = STATE_AREA + 2 * Self::SIZE as usize;
    /// The version that is there at first: the manual's.
    pub const FIRST: ImageVersion = ImageVersion { major: 1, minor: 0, revision: 6, build: 0 };

    /// Does what a boot loader does at a start, in memory that outlives resets; `None` if that is less than
    /// [`Self::MEMORY`].
    #[must_use]
    pub fn boot(memory: &'a mut [u8]) -> Option<(Self, Boot)> {
        let (saved, rest) = memory.split_at_mut_checked(STATE_AREA)?;
        let (a, rest) = rest.split_at_mut_checked(Self::SIZE as usize)?;
        let (b, _) = rest.split_at_mut_checked(Self::SIZE as usize)?;
        let state = State::from_bytes(saved);
        let is_first = state.is_none();
        let state = state.unwrap_or(State::EMPTY);
        let mut places = [a, b].map(|bytes| Place { bytes, file: None });
        if state.is_swapped {
            places.swap(0, 1);
        }
        let mut slots = Self { state, saved, places };
        let boot = if is_first { slots.fill() } else { slots.start() };
        slots.save();
        Some((slots, boot))
    }

    /// Makes the image that is there at first.
    fn fill(&mut self) -> Boot {
        let [running, _] = &mut self.places;
        let builder = ImageBuilder { version: Self::FIRST, ..ImageBuilder::new(b"stands for a program") };
        let sign = |_: &ImageHash| Some((SignatureKind::Ed25519, [0; 64]));
        let length = builder.build_into(running.bytes, sign).map_or(0, <[u8]>::len);
        self.state.lengths = [u32::try_from(length).unwrap_or(0), 0];
        self.look();
        Boot::First
    }

    fn start(&mut self) -> Boot {
        self.look();
        match self.state.pending.take() {
            Some(_) if self.places[1].file.is_none() => {
                // As MCUboot does, so that it is not tried again.
                self.erase(1);
                Boot::Refused
            }
            Some(is_permanent) => {
                self.swap();
                self.state.is_confirmed = is_permanent;
                Boot::Swapped
            }
            None if self.state.is_confirmed => Boot::Same,
            None => {
                self.swap();
                self.state.is_confirmed = true;
                Boot::Reverted
            }
        }
    }

    fn swap(&mut self) {
        self.places.swap(0, 1);
        self.state.lengths.swap(0, 1);
        self.state.is_swapped = !self.state.is_swapped;
    }

    /// Looks through both slots.
    fn look(&mut self) {
        for (place, length) in self.places.iter_mut().zip(self.state.lengths) {
            place.look(length);
        }
    }

    fn save(&mut self) {
        self.saved.iter_mut().zip(self.state.to_bytes()).for_each(|(slot, byte)| *slot = byte);
    }

    /// Returns the image in a slot, if it holds a whole one.
    #[must_use]
    pub fn image(&self, number: usize) -> Option<SlotImage> {
        let file = self.places.get(number)?.file?;
        let is_active = number == 0;
        Some(SlotImage {
            version: file.header.version,
            hash: Some(file.hash),
            is_active,
            is_confirmed: is_active == self.state.is_confirmed,
            pending: self.state.pending.filter(|_| !is_active),
        })
    }

    /// Returns whether a slot holds just this file.
    #[must_use]
    pub fn holds(&self, number: usize, length: u32, sha: &[u8; 32]) -> bool {
        let file = self.places.get(number).and_then(|place| place.file);
        file.is_some_and(|file| file.length == length && file.file_hash == *sha)
    }

    /// Erases a slot. A mark on it is lost.
    pub fn erase(&mut self, number: usize) {
        if let Some(place) = self.places.get_mut(number) {
            place.bytes.fill(0xff);
            place.file = None;
            self.state.lengths[number] = 0;
            self.state.pending = None;
            self.save();
        }
    }

    /// Writes a piece into a slot that was erased.
    ///
    /// # Errors
    ///
    /// [`GroupError::IMAGE_FLASH_WRITE_FAILED`] if it does not fit.
    pub fn write(&mut self, number: usize, offset: u32, data: &[u8], is_last: bool) -> Result<(), Refusal<'static>> {
        let failed = GroupError::IMAGE_FLASH_WRITE_FAILED;
        let place = self.places.get_mut(number).ok_or(failed)?;
        let end = u32::try_from(data.len()).ok().and_then(|length| offset.checked_add(length)).ok_or(failed)?;
        place.bytes.get_mut(offset as usize..end as usize).ok_or(failed)?.copy_from_slice(data);
        if is_last {
            place.look(end);
            self.state.lengths[number] = end;
            self.save();
        }
        Ok(())
    }

    /// Marks the image in slot 1 to be started.
    pub fn mark(&mut self, is_permanent: bool) {
        self.state.pending = Some(is_permanent);
        self.save();
    }

    /// Confirms the image that runs.
    pub fn confirm(&mut self) {
        self.state.is_confirmed = true;
        self.save();
    }
}

impl Place<'_> {
    /// Looks whether it holds a whole image of so many bytes.
    fn look(&mut self, length: u32) {
        let mut verifier = ImageVerifier::new();
        let bytes = self.bytes.get(..length as usize).unwrap_or_default();
        let is_signed = |file: &ImageFile| file.signature.is_some();
        self.file = verifier.push(bytes).and_then(|()| verifier.finish()).ok().filter(is_signed);
    }
}

impl State {
    const EMPTY: Self = Self { pending: None, is_confirmed: true, is_swapped: false, lengths: [0; 2] };

    const MAGIC: [u8; 4] = *b"emu1";

    const fn to_bytes(self) -> [u8; 16] {
        let [m0, m1, m2, m3] = Self::MAGIC;
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (self.lengths[0].to_le_bytes(), self.lengths[1].to_le_bytes());
        let pending = match self.pending {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        };
        let (is_confirmed, is_swapped) = (self.is_confirmed as u8, self.is_swapped as u8);
        [m0, m1, m2, m3, pending, is_confirmed, is_swapped, 0, a0, a1, a2, a3, b0, b1, b2, b3]
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [m0, m1, m2, m3, pending, is_confirmed, is_swapped, 0, a0, a1, a2, a3, b0, b1, b2, b3] =
            *bytes.first_chunk()?
        else {
            return None;
        };
        let pending = match pending {
            0 => None,
            1 => Some(false),
            2 => Some(true),
            _ => return None,
        };
        let lengths = [[a0, a1, a2, a3], [b0, b1, b2, b3]].map(u32::from_le_bytes);
        let is_state = [m0, m1, m2, m3] == Self::MAGIC && is_confirmed <= 1 && is_swapped <= 1;
        is_state.then_some(Self { pending, is_confirmed: is_confirmed == 1, is_swapped: is_swapped == 1, lengths })
    }
}

/// How much is kept for the state: a sector of flash.
const STATE_AREA: usize = 4 << 10;

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::{String, ToString};
    use std::vec;
    use std::vec::Vec;

    fn file(revision: u16) -> Vec<u8> {
        let version = ImageVersion { revision, ..Slots::FIRST };
        let builder = ImageBuilder { version, ..ImageBuilder::new(&[7; 3_000]) };
        let mut buffer = [0; 4_000];
        builder.build_into(&mut buffer, |_: &ImageHash| Some((SignatureKind::Ed25519, [0; 64]))).unwrap().to_vec()
    }

    fn upload(slots: &mut Slots<'_>, file: &[u8]) {
        slots.erase(1);
        for (number, piece) in file.chunks(700).enumerate() {
            let offset = number * 700;
            slots.write(1, offset as u32, piece, offset + piece.len() == file.len()).unwrap();
        }
    }

    /// Version and flags of both, as clients print them.
    fn list(slots: &Slots<'_>) -> [String; 2] {
        [0, 1].map(|number| {
            let Some(image) = slots.image(number) else { return "-".to_string() };
            let mut text = image.version.to_string();
            let flags = [
                (image.is_active, " active"),
                (image.is_confirmed, " confirmed"),
                (image.pending.is_some(), " pending"),
                (image.pending == Some(true), " permanent"),
            ];
            flags.into_iter().filter(|(is_set, _)| *is_set).for_each(|(_, name)| text.push_str(name));
            text
        })
    }

    #[test]
    fn tested_and_confirmed() {
        let mut memory = vec![0; Slots::MEMORY];
        let (mut slots, boot) = Slots::boot(&mut memory).unwrap();
        assert_eq!((boot, list(&slots)), (Boot::First, ["1.0.6 active confirmed".to_string(), "-".to_string()]));
        upload(&mut slots, &file(9));
        slots.mark(false);
        assert_eq!(list(&slots), ["1.0.6 active confirmed", "1.0.9 pending"]);
        let (mut slots, boot) = Slots::boot(&mut memory).unwrap();
        assert_eq!(boot, Boot::Swapped);
        assert_eq!(list(&slots), ["1.0.9 active", "1.0.6 confirmed"]);
        slots.confirm();
        let (slots, boot) = Slots::boot(&mut memory).unwrap();
        assert_eq!((boot, list(&slots)), (Boot::Same, ["1.0.9 active confirmed".to_string(), "1.0.6".to_string()]));
    }

    #[test]
    fn what_is_not_confirmed_is_left_again() {
        let mut memory = vec![0xff; Slots::MEMORY];
        upload(&mut Slots::boot(&mut memory).unwrap().0, &file(9));
        Slots::boot(&mut memory).unwrap().0.mark(false);
        assert_eq!(Slots::boot(&mut memory).unwrap().1, Boot::Swapped);
        let (slots, boot) = Slots::boot(&mut memory).unwrap();
        assert_eq!((boot, list(&slots)), (Boot::Reverted, ["1.0.6 active confirmed".to_string(), "1.0.9".to_string()]));
    }

    #[test]
    fn started_for_good() {
        let mut memory = vec![0; Slots::MEMORY];
        let mut slots = Slots::boot(&mut memory).unwrap().0;
        upload(&mut slots, &file(9));
        slots.mark(true);
        assert_eq!(list(&slots)[1], "1.0.9 pending permanent");
        assert_eq!(Slots::boot(&mut memory).unwrap().1, Boot::Swapped);
        let (slots, boot) = Slots::boot(&mut memory).unwrap();
        assert_eq!((boot, list(&slots)), (Boot::Same, ["1.0.9 active confirmed".to_string(), "1.0.6".to_string()]));
    }

    #[test]
    fn what_is_damaged_is_no_image_and_not_started() {
        let mut memory = vec![0; Slots::MEMORY];
        let mut slots = Slots::boot(&mut memory).unwrap().0;
        let mut damaged = file(9);
        damaged[1_000] ^= 1;
        upload(&mut slots, &damaged);
        assert_eq!(list(&slots)[1], "-");
        upload(&mut slots, &file(9));
        slots.mark(false);
        // In place B, behind the state and place A.
        memory[STATE_AREA + Slots::SIZE as usize + 1_000] ^= 1;
        let (slots, boot) = Slots::boot(&mut memory).unwrap();
        assert_eq!((boot, list(&slots)), (Boot::Refused, ["1.0.6 active confirmed".to_string(), "-".to_string()]));
    }

    #[test]
    fn only_the_same_file_is_held() {
        let mut memory = vec![0; Slots::MEMORY];
        let mut slots = Slots::boot(&mut memory).unwrap().0;
        let file = file(9);
        upload(&mut slots, &file);
        let sha = slots.places[1].file.unwrap().file_hash;
        assert!(slots.holds(1, file.len() as u32, &sha));
        assert!(!slots.holds(1, file.len() as u32 + 1, &sha));
        assert!(!slots.holds(1, file.len() as u32, &[0; 32]));
        assert!(!slots.holds(0, file.len() as u32, &sha));
        assert!(slots.write(1, Slots::SIZE - 1, &[0; 2], false).is_err());
        assert!(Slots::boot(&mut [0; 100]).is_none());
    }
}
