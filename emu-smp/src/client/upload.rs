//! Uploading an image.

use super::failure::Failure;
use super::session::Session;
use super::target::{ImageSource, ReadError, Target};
use super::time::Instant;

/// What an upload is told besides what to upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UploadOptions {
    /// Which of the device's images, if it has several.
    pub image: Option<u32>,
    /// Whether the device shall refuse a version that is older than the one that runs.
    pub only_upgrade: bool,
    /// How many pieces may be under way at a time; 0 for as many as the device takes, 8 at most.
    pub window: u8,
}

/// Writes an image into the device's free slot.
#[derive(Debug, Clone)]
pub struct Upload {
    session: Session,
}

impl Upload {
    /// Starts to upload.
    #[must_use]
    pub fn new(session: Session, target: &Target, options: UploadOptions) -> Self {
        let _ = (target, options);
        Self { session }
    }

    /// Takes a datagram that came from the device.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        let _ = (now, datagram);
    }

    /// Notices that time has passed. To be called at [`poll_timeout`](Self::poll_timeout); earlier it does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// Writes a frame that is to be sent now into a buffer, and returns its length; `None` if nothing is to be sent.
    pub fn poll_transmit<S: ImageSource + ?Sized>(
        &mut self,
        now: Instant,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Option<usize> {
        let _ = (now, source, buffer);
        None
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout); `None` at the end.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Returns the next thing to tell.
    pub fn poll_event(&mut self) -> Option<UploadEvent> {
        None
    }

    /// Ends the upload here; the device keeps what it has, and an upload of the same file goes on there.
    pub fn cancel(&mut self) {}

    /// Returns how far the upload is.
    #[must_use]
    pub fn progress(&self) -> UploadProgress {
        UploadProgress { bytes: 0, total: 0 }
    }

    /// Returns how the upload has ended; `None` before.
    #[must_use]
    pub fn outcome(&self) -> Option<Result<Uploaded, UploadError>> {
        None
    }

    /// Returns the session with what was learnt so far.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UploadProgress {
    /// How many bytes the device has said to have.
    pub bytes: u32,
    /// How many there are.
    pub total: u32,
}

/// What an upload tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum UploadEvent {
    /// The device has taken the first piece, and wants to go on at this byte: further on than that piece if it has some of
    /// the file from an earlier upload.
    Started {
        /// Where, in bytes from the start of the file.
        offset: u32,
    },
    /// The device has lost the upload, as after a restart; it starts again.
    Lost {
        /// How many bytes it had.
        offset: u32,
    },
    /// The device has the whole file.
    Done(Uploaded),
    /// The upload has ended without that.
    Failed(UploadError),
}

/// An upload that has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Uploaded {
    /// Whether the device has compared the file's SHA-256; older ones do not.
    pub is_checked: bool,
}

/// Why an upload has ended too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum UploadError {
    /// A request has failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The device has the whole file, and says that its SHA-256 is not the one announced.
    #[error("the device has received another file than was announced: its SHA-256 differs")]
    Mismatch,
    /// The device answers, and the upload comes no further.
    #[error("the device answers, and still wants byte {offset} after {tries} tries")]
    NoProgress {
        /// The byte that it wants, from the start of the file.
        offset: u32,
        /// How often it was tried.
        tries: u8,
    },
    /// The device lost the upload again and again.
    #[error("the device has lost the upload {times} times")]
    KeepsLosing {
        /// How often.
        times: u8,
    },
    /// The device wants a byte that the file does not have.
    #[error("the device wants byte {offset} of a file of {length}")]
    OffsetBeyondEnd {
        /// The byte that it wants, from the start of the file.
        offset: u32,
        /// How many bytes the file has.
        length: u32,
    },
    /// The file has another length than the target.
    #[error("the file has {found} bytes in place of {expected}")]
    Length {
        /// The target's length.
        expected: u32,
        /// The file's.
        found: u32,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Source(#[from] ReadError),
    /// The buffer for frames is too small to upload with.
    #[error("the buffer for frames has {capacity} bytes, which is too small to upload with")]
    Buffer {
        /// How many bytes the buffer has.
        capacity: usize,
    },
    /// The caller has ended it.
    #[error("the upload was cancelled")]
    Cancelled,
}
