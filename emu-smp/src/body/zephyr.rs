//! Group 63, Zephyr basic: what only Zephyr has.
//!
//! ```
//! use emu_smp::{Version, encode_request, zephyr::StorageEraseRequest};
//!
//! let mut frame = [0; 16];
//! encode_request(&StorageEraseRequest, Version::V1, 1, &mut frame)?;
//! # Ok::<(), emu_smp::EncodeError>(())
//! ```
//!
//! Source: Zephyr, `smp_group_63.rst`, and what 4.4.0 answers.

use super::{Done, empty, requests};

empty! {
    /// Asks to erase the storage partition, and with it the settings that were saved there.
    ///
    /// ```
    /// use emu_smp::{Version, decode_response, encode_request, zephyr::StorageEraseRequest};
    ///
    /// let mut frame = [0; 16];
    /// let length = encode_request(&StorageEraseRequest, Version::V1, 69, &mut frame)?;
    /// assert_eq!(&frame[..length], b"\x0a\x00\x00\x01\x00\x3f\x45\x00\xa0");
    /// assert!(decode_response::<StorageEraseRequest>(b"\xbf\xff")?.is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct StorageEraseRequest;
}

requests! {
    StorageEraseRequest: Write STORAGE_ERASE => Done;
}
