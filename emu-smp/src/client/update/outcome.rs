//! What an update tells, and how it ends.

use core::fmt;
use core::time::Duration;

use crate::client::failure::Failure;
use crate::client::upload::UploadError;
use crate::image_hash::ImageHash;
use crate::mcuboot::ImageVersion;

/// What an update is doing.
///
/// For an example, see [`Update`](crate::client::Update).
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
    /// It waits for [`Update::proceed`](super::Update::proceed).
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
///
/// For an example, see [`Update`](crate::client::Update).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum UpdateEvent {
    /// The device runs this image.
    Running {
        /// Its version, if it can be read.
        version: Option<ImageVersion>,
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
    /// The device is about to be reset. With [`UpdateOptions::hold_before_reset`](super::UpdateOptions::hold_before_reset) it waits for [`Update::proceed`](super::Update::proceed).
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

/// What is told before the end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Note {
    Running { version: Option<ImageVersion>, is_confirmed: bool },
    AlreadyThere { slot: u32 },
    Step(UpdateStep),
    UploadLost { offset: u32 },
    AboutToReset,
    LeftAlone { wait: Duration },
    Back { after: Duration },
}

impl From<Note> for UpdateEvent {
    fn from(note: Note) -> Self {
        match note {
            Note::Running { version, is_confirmed } => Self::Running { version, is_confirmed },
            Note::AlreadyThere { slot } => Self::AlreadyThere { slot },
            Note::Step(step) => Self::Step(step),
            Note::UploadLost { offset } => Self::UploadLost { offset },
            Note::AboutToReset => Self::AboutToReset,
            Note::LeftAlone { wait } => Self::LeftAlone { wait },
            Note::Back { after } => Self::Back { after },
        }
    }
}

/// An update that has come to its end: the device runs the target, confirmed.
///
/// For an example, see [`Update`](crate::client::Update).
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
///
/// For an example, see [`Update`](crate::client::Update).
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
    /// The target is older than 1.0.6: once it runs, no update leads away from it.
    #[error(
        "the image is version {version}, from which the device could not be updated again: that needs 1.0.6 or later"
    )]
    OldTarget {
        /// The target's version.
        version: ImageVersion,
    },
    /// The target is older than the version that runs.
    #[error("the device runs {running}, and the image is the older version {target}")]
    Downgrade {
        /// The version that runs.
        running: ImageVersion,
        /// The target's.
        target: ImageVersion,
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
    /// The device was reset, runs the old image again, and the target is gone from its slot: the boot loader has not accepted it,
    /// as with a signature that is not the vendor's.
    #[error(
        "the device's boot loader has not accepted the image, and has removed it: its signature may be a wrong one"
    )]
    NotAccepted {
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
///
/// For an example, see [`Update`](crate::client::Update).
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

impl fmt::Display for OldFirmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(version) => write!(f, "the device runs {version}; an update needs 1.0.6 or later"),
            None => f.write_str("the device runs a version that cannot be read; an update needs 1.0.6 or later"),
        }
    }
}

/// Prints the version of an image, if it is known.
struct OtherVersion(Option<ImageVersion>);

impl fmt::Display for OtherVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(version) => version.fmt(f),
            None => f.write_str("an image of unknown version"),
        }
    }
}
