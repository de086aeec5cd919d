//! The whole update.

use core::time::Duration;

use super::failure::Failure;
use super::session::Session;
use super::target::{ImageSource, Target};
use super::time::Instant;
use super::upload::{UploadError, UploadOptions, UploadProgress};
use crate::image_hash::ImageHash;
use crate::mcuboot::ImageVersion;

/// What an update is allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UpdateOptions {
    /// Whether to update a version that is older than 1.0.6, which the manual forbids, or that cannot be read.
    pub allow_old_firmware: bool,
    /// Whether to erase the image that does not run, if both slots are taken by others than the target.
    pub erase_if_full: bool,
    /// Whether to stop before the reset until [`Update::proceed`] is called.
    pub hold_before_reset: bool,
    /// Whether to erase the old image at the end.
    pub erase_old: bool,
    /// How to upload.
    pub upload: UploadOptions,
}

/// Brings a device to a firmware: the manual's steps 2 to 8.
#[derive(Debug, Clone)]
pub struct Update {
    session: Session,
}

impl Update {
    /// Starts, from whatever state the device is in.
    #[must_use]
    pub fn new(session: Session, target: &Target, options: UpdateOptions) -> Self {
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

    /// Returns when to call [`handle_timeout`](Self::handle_timeout); `None` at the end, and while it is held.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Returns the next thing to tell.
    pub fn poll_event(&mut self) -> Option<UpdateEvent> {
        None
    }

    /// Goes on to the reset, where [`UpdateOptions::hold_before_reset`] has stopped it.
    pub fn proceed(&mut self) {}

    /// Returns whether it waits for [`proceed`](Self::proceed).
    #[must_use]
    pub const fn is_held(&self) -> bool {
        false
    }

    /// Ends the update here. A later one goes on from there.
    pub fn cancel(&mut self) {}

    /// Returns what it is doing.
    #[must_use]
    pub const fn step(&self) -> UpdateStep {
        UpdateStep::Listing
    }

    /// Returns how far the upload is.
    #[must_use]
    pub fn progress(&self) -> UploadProgress {
        UploadProgress { bytes: 0, total: 0 }
    }

    /// Returns how the update has ended; `None` before.
    #[must_use]
    pub fn outcome(&self) -> Option<Result<Updated, UpdateError>> {
        None
    }

    /// Returns the session with what was learnt so far.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }
}

/// What an update is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum UpdateStep {
    /// It asks which images there are.
    Listing,
    /// It erases the image that does not run, to have a free slot.
    Erasing,
    /// It uploads.
    Uploading,
    /// It asks whether the target is there, whole.
    Verifying,
    /// It has the target started at the next reset, once.
    Testing,
    /// It waits for [`Update::proceed`].
    Held,
    /// It resets the device.
    Resetting,
    /// It waits for the device to come back.
    Waiting,
    /// It has the target started from now on.
    Confirming,
    /// It erases the old image.
    ErasingOld,
    /// It has ended.
    Done,
}

/// What an update tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum UpdateEvent {
    /// The device runs this image.
    Running {
        /// Its version, if it can be read.
        version: Option<ImageVersion>,
        /// Its hash, if it is told.
        hash: Option<ImageHash>,
        /// Whether it is confirmed.
        is_confirmed: bool,
    },
    /// The target is on the device already, and need not be uploaded.
    AlreadyThere {
        /// In which slot.
        slot: u32,
    },
    /// A step begins.
    Step(UpdateStep),
    /// The device has lost the upload, as after a restart; it starts again.
    UploadLost {
        /// How many bytes it had.
        offset: u32,
    },
    /// The device is about to be reset. With [`UpdateOptions::hold_before_reset`] it waits for [`Update::proceed`].
    AboutToReset,
    /// The device was reset, and is left alone for a while.
    LeftAlone {
        /// For how long.
        wait: Duration,
    },
    /// The device is back, and runs the target.
    Back {
        /// How long after the reset.
        after: Duration,
    },
    /// The update has come to its end.
    Done(Updated),
    /// The update has ended without that.
    Failed(UpdateError),
}

/// An update that has come to its end: the device runs the target, confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Updated {
    /// It did so before: there was nothing to do.
    NothingToDo,
    /// It ran the target before, and it was only confirmed.
    Confirmed,
    /// It runs the target now.
    Updated,
}

/// Why an update has ended too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum UpdateError {
    /// A request has failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The upload has failed.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The device lists no image that could be the one that runs.
    #[error("the device lists no image that runs")]
    NothingRuns,
    /// The version that runs is older than 1.0.6, or cannot be read.
    #[error("{}", OldFirmware(*.version))]
    OldFirmware {
        /// The version, if it can be read.
        version: Option<ImageVersion>,
    },
    /// Both slots are taken, by others than the target.
    #[error("both slots are taken: slot {} holds {}", .taken.slot, OtherVersion(.taken.version))]
    NoFreeSlot {
        /// The image that does not run.
        taken: OtherImage,
    },
    /// After the upload, the device lists another image than the target in its place, or none.
    #[error("after the upload, the device does not list the image that was uploaded")]
    NotListed {
        /// The image that it lists in its place.
        found: Option<OtherImage>,
    },
    /// The device does not take the target for the next start, though it does not refuse it.
    #[error("the device does not mark the image to be started")]
    NotPending,
    /// The device was reset, and runs the old image again: the target did not start, or was not confirmed in time.
    #[error("the device has gone back to the old image")]
    Reverted {
        /// The version that runs, if it can be read.
        version: Option<ImageVersion>,
    },
    /// The device says that it was reset, and goes on as before.
    #[error("the device did not restart, asked {times} times")]
    NoReset {
        /// How often it was asked.
        times: u8,
    },
    /// The device did not come back after the reset.
    #[error("the device has not come back {} s after the reset", waited.as_secs())]
    NotBack {
        /// For how long it was waited.
        waited: Duration,
    },
    /// The device does not confirm the target, though it does not refuse it.
    #[error("the device does not confirm the image")]
    NotConfirmed,
    /// The device changes its state again and again, as if somebody else were updating it.
    #[error("the device's images keep changing")]
    Unsteady,
    /// The caller has ended it.
    #[error("the update was cancelled")]
    Cancelled,
}

/// An image that is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct OtherImage {
    /// Its slot.
    pub slot: u32,
    /// Its version, if it can be read.
    pub version: Option<ImageVersion>,
    /// Its hash, if it is told.
    pub hash: Option<ImageHash>,
    /// Whether it is started at the next reset.
    pub is_pending: bool,
    /// Whether it is confirmed.
    pub is_confirmed: bool,
}

/// Prints what is wrong with the version that runs.
struct OldFirmware(Option<ImageVersion>);

impl core::fmt::Display for OldFirmware {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(version) => write!(f, "the device runs {version}; an update needs 1.0.6 or later"),
            None => f.write_str("the device runs a version that cannot be read; an update needs 1.0.6 or later"),
        }
    }
}

/// Prints the version of an image, if it is known.
struct OtherVersion(Option<ImageVersion>);

impl core::fmt::Display for OtherVersion {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(version) => version.fmt(f),
            None => f.write_str("an image of unknown version"),
        }
    }
}
