//! What is lost on a serial console.

/// What a [`ConsoleDecoder`](crate::ConsoleDecoder) lost, by what it found first; each counter stays at its largest value.
///
/// Each attempt at a frame is counted once, whatever else is wrong with it and however many of its lines are dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Losses {
    /// Frames of which lines are missing at the end: the next frame, or a reset, came before it was whole. A first line that
    /// came twice is one, too.
    pub cut_short: u32,
    /// Frames whose first line is missing. A last line that came twice is one, too.
    pub headless: u32,
    /// Frames with something else than base64, or with a piece of a group at the end of a line.
    pub base64: u32,
    /// Frames with more bytes than announced, as when a line came twice, or with fewer announced than a header has.
    pub length: u32,
    /// Frames that are larger than the decoder's buffer.
    pub too_large: u32,
    /// Frames with a wrong checksum.
    pub checksum: u32,
    /// Bytes that are in no line of a frame: what a shell prints, or noise; line ends are not counted.
    pub skipped_bytes: u32,
}

impl Losses {
    pub(super) const NONE: Self =
        Self { cut_short: 0, headless: 0, base64: 0, length: 0, too_large: 0, checksum: 0, skipped_bytes: 0 };

    /// Returns how many frames were lost, for whatever reason.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.cut_short
            .saturating_add(self.headless)
            .saturating_add(self.base64)
            .saturating_add(self.length)
            .saturating_add(self.too_large)
            .saturating_add(self.checksum)
    }

    /// Counts a frame that is lost.
    pub(super) const fn count(&mut self, loss: Loss) {
        let counter = match loss {
            Loss::CutShort => &mut self.cut_short,
            Loss::Headless => &mut self.headless,
            Loss::Base64 => &mut self.base64,
            Loss::Length => &mut self.length,
            Loss::TooLarge => &mut self.too_large,
            Loss::Checksum => &mut self.checksum,
        };
        *counter = counter.saturating_add(1);
    }
}

/// Why a frame is lost.
#[derive(Clone, Copy)]
pub(super) enum Loss {
    CutShort,
    Headless,
    Base64,
    Length,
    TooLarge,
    Checksum,
}
