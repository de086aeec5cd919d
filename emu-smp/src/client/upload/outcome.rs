//! What an upload tells, and how it ends.

use crate::client::failure::Failure;
use crate::client::target::ReadError;

/// How far an upload is.
///
/// For an example, see [`Upload`](crate::client::Upload).
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
///
/// For an example, see [`Upload`](crate::client::Upload).
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
///
/// For an example, see [`Upload`](crate::client::Upload).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Uploaded {
    /// Whether the device has compared the file's SHA-256; older ones do not.
    pub is_checked: bool,
}

/// Why an upload has ended too early.
///
/// For an example, see [`Upload`](crate::client::Upload).
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
    /// Frames are too small to upload with: the caller's buffer, the session's largest frame, or the device's buffers.
    #[error("frames may have {capacity} bytes, which is too few to upload with")]
    Buffer {
        /// How many bytes a frame may have.
        capacity: usize,
    },
    /// The caller has ended it.
    #[error("the upload was cancelled")]
    Cancelled,
}
