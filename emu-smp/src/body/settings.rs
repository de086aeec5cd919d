//! Group 3, settings: reading, writing, deleting, applying, loading and saving them.
//!
//! What a setting's bytes mean is the device's affair; numbers are little-endian as a rule.
//!
//! ```
//! use emu_smp::settings::{
//!     CommitRequest, DeleteRequest, LoadRequest, ReadRequest, ReadResponse, SaveRequest, WriteRequest,
//! };
//! use emu_smp::{Request, Version, decode_response, encode_request};
//!
//! // Changes a setting, applies it, keeps it over a reset, and reads it back. All but the last are answered by `Done`.
//! let mut frame = [0; 64];
//! encode_request(&WriteRequest { value: &[96, 0], name: "line/speed" }, Version::V1, 1, &mut frame)?;
//! encode_request(&CommitRequest, Version::V1, 2, &mut frame)?;
//! encode_request(&SaveRequest { name: Some("line") }, Version::V1, 3, &mut frame)?;
//! let length = encode_request(&ReadRequest { name: "line/speed", max_size: None }, Version::V1, 4, &mut frame)?;
//! assert_eq!(frame[8..length], *b"\xa1dnamejline/speed");
//! let ReadResponse { value, .. } = decode_response::<ReadRequest>(b"\xa1cvalB`\x00")??;
//! assert_eq!(u16::from_le_bytes(value.try_into()?), 96);
//!
//! // Deletes it, and goes back to what was saved.
//! encode_request(&DeleteRequest { name: "line/speed" }, Version::V1, 5, &mut frame)?;
//! encode_request(&LoadRequest, Version::V1, 6, &mut frame)?;
//! assert!(decode_response::<LoadRequest>(b"\xa0")?.is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: Zephyr, `smp_group_3.rst`, and what 4.4.0 answers.

use super::{Done, body, empty, requests};

body! {
    /// Asks for a setting.
    pub struct ReadRequest<'a> {
        /// Its name, whose parts are separated by `/`.
        pub name: &'a str = "name",
        /// The most bytes to be answered.
        pub max_size: Option<u32> = "max_size",
    }

    /// A setting.
    pub struct ReadResponse<'a> {
        /// Its bytes.
        #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize_bytes"))]
        pub value: &'a [u8] = "val",
        /// The most bytes that the server can answer; if more were asked for.
        pub max_size: Option<u32> = "max_size",
    }

    /// Changes a setting. It takes effect with [`CommitRequest`], as a rule, and is kept over a reset with [`SaveRequest`].
    ///
    /// ```
    /// use emu_smp::{Version, encode_request, settings::WriteRequest};
    ///
    /// let mut frame = [0; 64];
    /// let length = encode_request(&WriteRequest { value: &[1], name: "no/such" }, Version::V1, 44, &mut frame)?;
    /// assert_eq!(&frame[..length], b"\x0a\x00\x00\x14\x00\x03\x2c\x00\xa2\x63val\x41\x01\x64name\x67no/such");
    /// # Ok::<(), emu_smp::EncodeError>(())
    /// ```
    pub struct WriteRequest<'a> {
        /// Its bytes.
        #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize_bytes"))]
        pub value: &'a [u8] = "val",
        /// Its name, whose parts are separated by `/`.
        pub name: &'a str = "name",
    }

    /// Asks to delete a setting.
    pub struct DeleteRequest<'a> {
        /// Its name, whose parts are separated by `/`.
        pub name: &'a str = "name",
    }

    /// Asks to save settings, so that they are kept over a reset.
    pub struct SaveRequest<'a> {
        /// The name of one, or of several that start with it; without it, all.
        pub name: Option<&'a str> = "name",
    }
}

empty! {
    /// Asks to apply what was written.
    pub struct CommitRequest;

    /// Asks to load the settings that were saved.
    pub struct LoadRequest;
}

requests! {
    ReadRequest<'r>: Read SETTING => ReadResponse<'a>;
    WriteRequest<'r>: Write SETTING => Done;
    DeleteRequest<'r>: Write SETTING_DELETE => Done;
    CommitRequest: Write SETTINGS_COMMIT => Done;
    LoadRequest: Read SETTINGS_STORAGE => Done;
    SaveRequest<'r>: Write SETTINGS_STORAGE => Done;
}
