//! What a list of images says to an update.

use super::outcome::OtherImage;
use crate::body::image::{ImageState, StateResponse};
use crate::client::target::Target;
use crate::image_hash::ImageHash;

/// The images that matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Survey {
    /// The image that runs.
    pub(super) running: Option<OtherImage>,
    /// Whether that is the target.
    pub(super) is_target_running: bool,
    /// The target, in the slot that does not run.
    pub(super) target: Option<OtherImage>,
    /// Another image in a slot that does not run.
    pub(super) other: Option<OtherImage>,
}

impl Survey {
    /// Looks at the slots of one image of the device's; the first, unless told otherwise.
    pub(super) fn new(state: &StateResponse<'_>, target: &Target, image: Option<u32>) -> Self {
        let mut survey = Self { running: None, is_target_running: false, target: None, other: None };
        for state in state.images.iter().filter(|state| state.image == image.unwrap_or(0)) {
            let found = describe(&state);
            let is_target = found.hash == Some(target.hash);
            if state.active && survey.running.is_none() {
                survey.running = Some(found);
                survey.is_target_running = is_target;
            } else if is_target {
                survey.target = Some(found);
            } else {
                survey.other = Some(found);
            }
        }
        survey
    }
}

fn describe(state: &ImageState<'_>) -> OtherImage {
    OtherImage {
        slot: state.slot,
        version: state.version.parse().ok(),
        hash: state.hash.and_then(|hash| ImageHash::try_from(hash.0).ok()),
        is_pending: state.pending || state.permanent,
        is_confirmed: state.confirmed,
    }
}
