//! How large frames may be: not what the device says, but what is seen to pass.

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct FrameSize {
    /// The largest that was answered; 0 if none was.
    proven: u16,
    /// The largest that the caller allows.
    largest: u16,
}

impl FrameSize {
    pub(super) const NOT_KNOWN: Self = Self { proven: 0, largest: 1400 };

    pub(super) const fn with_largest(mut self, bytes: u16) -> Self {
        self.largest = bytes;
        self
    }

    pub(super) const fn proven(&self) -> u16 {
        self.proven
    }
}
