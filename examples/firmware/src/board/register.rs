//! Registers of the machine.

/// A register at a fixed address, of the width of `T`.
pub(super) struct Register<T>(*mut T);

#[allow(unsafe_code, reason = "a register is reached by its address")]
impl<T: Copy> Register<T> {
    /// Returns the register at an address.
    ///
    /// # Safety
    ///
    /// The machine has a register of this width there, and whatever is read or written there breaks nothing of Rust's.
    pub(super) const unsafe fn at(address: usize) -> Self {
        Self(core::ptr::with_exposed_provenance_mut(address))
    }

    pub(super) fn read(&self) -> T {
        // SAFETY: whoever made it has promised that the register is there.
        unsafe { self.0.read_volatile() }
    }

    pub(super) fn write(&self, value: T) {
        // SAFETY: as above.
        unsafe { self.0.write_volatile(value) }
    }
}
