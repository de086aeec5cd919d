//! What a list of images says to an update.

use super::outcome::OtherImage;
use crate::body::image::{ImageState, StateResponse};
use crate::client::target::Target;
use crate::image_hash::ImageHash;
use crate::mcuboot::ImageVersion;
use crate::text::is_same;

/// The images that matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Survey<'a> {
    /// The image that runs.
    pub(super) running: Option<Seen<'a>>,
    /// Whether that is the target.
    pub(super) is_target_running: bool,
    /// The target, in the slot that does not run.
    pub(super) target: Option<Seen<'a>>,
    /// Another image in a slot that does not run.
    pub(super) other: Option<Seen<'a>>,
}

/// An image of the list, whose hash stays in the frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) slot: u32,
    pub(super) version: Option<ImageVersion>,
    hash: Option<&'a [u8]>,
    pub(super) is_pending: bool,
    pub(super) is_confirmed: bool,
}

impl<'a> Survey<'a> {
    /// Looks at the slots of one image of the device's; the first, unless told otherwise.
    pub(super) fn new(state: &StateResponse<'a>, target: &Target, image: Option<u32>) -> Self {
        let mut survey = Self { running: None, is_target_running: false, target: None, other: None };
        for state in state.images.iter().filter(|state| state.image == image.unwrap_or(0)) {
            let found = Seen::new(&state);
            let is_target = found.hash.is_some_and(|hash| is_same(hash, target.hash.as_bytes()));
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

impl<'a> Seen<'a> {
    fn new(state: &ImageState<'a>) -> Self {
        Self {
            slot: state.slot,
            version: state.version.parse().ok(),
            hash: state.hash.map(|hash| hash.0),
            is_pending: state.pending || state.permanent,
            is_confirmed: state.confirmed,
        }
    }

    /// The image, to be told.
    #[inline(never)]
    pub(super) fn to_image(self) -> OtherImage {
        let Self { slot, version, hash, is_pending, is_confirmed } = self;
        let hash = hash.and_then(|hash| ImageHash::try_from(hash).ok());
        OtherImage { slot, version, hash, is_pending, is_confirmed }
    }
}
