//! The two slots of the communication module, and the boot loader's rules of what is started from them.
//!
//! The module runs from slot 0. An image in slot 1 that is marked pending is swapped with it at the next reset, if it is whole
//! and signed. Was it marked for good, it is confirmed; else it is on trial: unless it is confirmed before the reset after
//! that, the two are swapped back.
//!
//! A boot loader that loads images into memory does not swap: it starts the highest version, from whichever slot that is in.
//!
//! Source: MCUboot, "Bootloader design", "Image swapping"; the manual's chapter "Firmware-Update" for the flags between.

use emu_smp::SlotImage;

use super::image_file::Image;

/// What an upload goes into and what the module runs from. Contents are shared with nobody: it is a model of flash.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    flash: [Vec<u8>; 2],
    size: u32,
    /// What is written for the boot loader to find at the next reset: to start slot 1, and whether for good.
    pending: Option<bool>,
    /// Whether the running image was confirmed; if it was not, the next reset goes back.
    is_confirmed: bool,
    /// The slot whose image runs; 0 where images are swapped.
    active: usize,
}

/// What a reset has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Boot {
    /// The same image goes on.
    Same,
    /// The pending one was started, or where nothing is swapped, the one in the other slot.
    Swapped,
    /// The one on trial was left again.
    Reverted,
    /// The one to be started is damaged or not signed, and was dropped.
    Refused,
}

impl Slots {
    /// Returns slots of which the first runs this image, confirmed.
    pub(crate) fn new(size: u32, running: Vec<u8>) -> Self {
        Self { flash: [running, Vec::new()], size, pending: None, is_confirmed: true, active: 0 }
    }

    /// The size of one of them.
    pub(crate) const fn size(&self) -> u32 {
        self.size
    }

    /// The slot whose image runs.
    pub(crate) const fn active(&self) -> usize {
        self.active
    }

    /// Returns the bytes of a slot, as far as it was written.
    pub(crate) fn bytes(&self, number: usize) -> &[u8] {
        self.flash.get(number).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the image in a slot, if it holds one.
    pub(crate) fn content(&self, number: usize) -> Option<SlotImage> {
        let image = Image::read(self.bytes(number))?;
        let is_active = number == self.active;
        Some(SlotImage {
            version: image.version,
            hash: image.hash,
            is_active,
            is_confirmed: is_active == self.is_confirmed,
            pending: self.pending.filter(|_| !is_active),
        })
    }

    /// Erases a slot. A mark on it is lost.
    pub(crate) fn erase(&mut self, number: usize) {
        if let Some(flash) = self.flash.get_mut(number) {
            flash.clear();
            self.pending = None;
        }
    }

    /// Writes into a slot that was erased.
    pub(crate) fn write(&mut self, number: usize, offset: usize, data: &[u8]) {
        if let Some(flash) = self.flash.get_mut(number) {
            let end = offset.saturating_add(data.len()).min(self.size as usize);
            if flash.len() < end {
                flash.resize(end, 0xff);
            }
            flash.iter_mut().skip(offset).zip(data).for_each(|(place, byte)| *place = *byte);
        }
    }

    /// Marks the image of slot 1 to be started.
    pub(crate) fn mark(&mut self, is_permanent: bool) {
        self.pending = Some(is_permanent);
    }

    /// Confirms the image that runs.
    pub(crate) fn confirm(&mut self) {
        self.is_confirmed = true;
    }

    /// Does what a boot loader does at a reset that loads the highest version into memory. Of two that are the same, that in
    /// slot 0 is started.
    pub(crate) fn boot_highest(&mut self) -> Boot {
        (self.pending, self.is_confirmed) = (None, true);
        let other = 1 - self.active;
        let version = |number| Image::read(self.bytes(number)).map(|image| image.version);
        let (theirs, ours) = (version(other), version(self.active));
        if theirs < ours || (theirs == ours && other == 1) {
            return Boot::Same;
        }
        let flash = self.bytes(other);
        if !Image::read(flash).is_some_and(|image| image.is_valid(flash)) {
            self.erase(other);
            return Boot::Refused;
        }
        self.active = other;
        Boot::Swapped
    }

    /// Does what a boot loader does at a reset that swaps.
    pub(crate) fn boot(&mut self) -> Boot {
        // Whatever boot loader there was before.
        self.active = 0;
        if let Some(is_permanent) = self.pending.take() {
            let flash = self.bytes(1);
            if !Image::read(flash).is_some_and(|image| image.is_valid(flash)) {
                // As MCUboot does, so that it is not tried again.
                self.erase(1);
                return Boot::Refused;
            }
            self.flash.swap(0, 1);
            self.is_confirmed = is_permanent;
            return Boot::Swapped;
        }
        if self.is_confirmed {
            return Boot::Same;
        }
        self.flash.swap(0, 1);
        self.is_confirmed = true;
        Boot::Reverted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firmware::image_file::TestImage;

    fn image(version: &str) -> TestImage {
        TestImage::new(version.parse().unwrap()).size(2_000)
    }

    fn slots() -> Slots {
        Slots::new(100_000, image("1.0.6").to_bytes())
    }

    fn upload(slots: &mut Slots, image: &TestImage) {
        slots.erase(1);
        for (number, piece) in image.to_bytes().chunks(512).enumerate() {
            slots.write(1, number * 512, piece);
        }
    }

    /// Version and flags of both, as the manual's tool prints them.
    fn list(slots: &Slots) -> [String; 2] {
        [0, 1].map(|number| {
            let Some(content) = slots.content(number) else { return "-".to_owned() };
            let flags = [
                (content.is_active, " active"),
                (content.is_confirmed, " confirmed"),
                (content.pending.is_some(), " pending"),
                (content.pending == Some(true), " permanent"),
            ];
            let flags: String = flags.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect();
            format!("{}{flags}", content.version)
        })
    }

    /// Steps 2 to 8 of the manual.
    #[test]
    fn the_walk_of_the_manual() {
        let mut slots = slots();
        assert_eq!(list(&slots), ["1.0.6 active confirmed", "-"]);
        upload(&mut slots, &image("1.0.9"));
        assert_eq!(list(&slots), ["1.0.6 active confirmed", "1.0.9"]);
        slots.mark(false);
        assert_eq!(list(&slots), ["1.0.6 active confirmed", "1.0.9 pending"]);
        assert_eq!(slots.boot(), Boot::Swapped);
        assert_eq!(list(&slots), ["1.0.9 active", "1.0.6 confirmed"]);
        slots.confirm();
        assert_eq!(list(&slots), ["1.0.9 active confirmed", "1.0.6"]);
        slots.erase(1);
        assert_eq!(list(&slots), ["1.0.9 active confirmed", "-"]);
        assert_eq!(slots.boot(), Boot::Same);
    }

    /// As the maker's `update.cmd` does it.
    #[test]
    fn confirmed_before_the_reset() {
        let mut slots = slots();
        upload(&mut slots, &image("1.0.9"));
        slots.mark(true);
        assert_eq!(list(&slots), ["1.0.6 active confirmed", "1.0.9 pending permanent"]);
        assert_eq!(slots.boot(), Boot::Swapped);
        assert_eq!(list(&slots), ["1.0.9 active confirmed", "1.0.6"]);
        assert_eq!(slots.boot(), Boot::Same);
        // The note behind step 8: back and forth, any time.
        slots.mark(true);
        slots.boot();
        assert_eq!(list(&slots), ["1.0.6 active confirmed", "1.0.9"]);
    }

    #[test]
    fn what_is_not_confirmed_is_left_again() {
        let mut slots = slots();
        upload(&mut slots, &image("1.0.9"));
        slots.mark(false);
        slots.boot();
        assert_eq!(slots.boot(), Boot::Reverted);
        assert_eq!(list(&slots), ["1.0.6 active confirmed", "1.0.9"]);
        assert_eq!(slots.boot(), Boot::Same);
    }

    #[test]
    fn what_is_not_signed_or_damaged_is_not_started() {
        let good = image("1.0.9");
        for bad in [good.clone().unsigned(), good.clone().signed_with_other_key()] {
            let mut slots = slots();
            upload(&mut slots, &bad);
            // It is listed as any other: the signature is the boot loader's to check.
            assert_eq!(list(&slots)[1], "1.0.9");
            slots.mark(true);
            assert_eq!(slots.boot(), Boot::Refused);
            assert_eq!(list(&slots), ["1.0.6 active confirmed", "-"]);
        }
        let mut slots = slots();
        upload(&mut slots, &good);
        slots.write(1, 1_000, b"damage");
        slots.mark(false);
        assert_eq!(slots.boot(), Boot::Refused);
    }

    #[test]
    fn the_highest_version_is_loaded() {
        let mut slots = slots();
        assert_eq!(slots.boot_highest(), Boot::Same);
        upload(&mut slots, &image("1.0.5"));
        assert_eq!(slots.boot_highest(), Boot::Same);
        upload(&mut slots, &image("1.0.9"));
        assert_eq!(slots.boot_highest(), Boot::Swapped);
        assert_eq!(list(&slots), ["1.0.6", "1.0.9 active confirmed"]);
        assert_eq!(slots.boot_highest(), Boot::Same);
        // Of two that are the same, the first.
        slots.erase(0);
        slots.write(0, 0, &image("1.0.9").to_bytes());
        assert_eq!(slots.boot_highest(), Boot::Swapped);
        upload(&mut slots, &image("2.0.0").unsigned());
        assert_eq!(slots.boot_highest(), Boot::Refused);
        assert_eq!(list(&slots), ["1.0.9 active confirmed", "-"]);
    }

    #[test]
    fn half_an_upload_is_no_image() {
        let mut slots = slots();
        slots.write(1, 0, &image("1.0.9").to_bytes()[..1_000]);
        assert_eq!(list(&slots)[1], "-");
        assert_eq!(slots.boot(), Boot::Same);
    }
}
