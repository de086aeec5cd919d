//! Group 1 answered: the state of images and what to start, erasing, the slots.
//!
//! Source: Zephyr, `smp_group_1.rst`, and the answers of 4.4.0.

use super::Ask;
use super::slots::{ImageSlots, Slot, SlotImage};
use super::upload::{self, Upload};
use crate::body::image::{
    EraseRequest, HashBytes, ImageState, SetStateRequest, SlotInfo, SlotInfoRequest, StateRequest, UploadRequest,
};
use crate::body::{Done, Request};
use crate::cbor::{Reader, Writer};
use crate::group_error::GroupError;
use crate::header::Version;
use crate::mcuboot::ImageVersion;
use crate::refusal::Refusal;
use crate::return_code::ReturnCode;

/// Answers a request of the group.
pub(super) fn handle<I: ImageSlots>(
    upload: &mut Option<Upload>,
    mut images: I,
    ask: &Ask<'_>,
    answer: &mut Writer<'_>,
) -> Result<(), Refusal<'static>> {
    const STATE: u8 = StateRequest::COMMAND.number;
    const UPLOAD: u8 = UploadRequest::COMMAND.number;
    const ERASE: u8 = EraseRequest::COMMAND.number;
    const SLOT_INFO: u8 = SlotInfoRequest::COMMAND.number;
    if !I::ARE_THERE {
        return Err(ReturnCode::NOT_SUPPORTED.into());
    }
    let images = &mut images;
    let mut request = Reader::new(ask.body);
    match (ask.request.command, ask.is_write) {
        (STATE, false) => {
            request.value::<StateRequest>()?;
            write_state(images, answer)
        }
        (STATE, true) => {
            set_state(images, request.value()?)?;
            write_state(images, answer)
        }
        (UPLOAD, true) => {
            let taken = upload::handle(upload, images, ask.body, answer);
            taken.map_err(|refusal| with_reason(images, refusal, ask.request.version))
        }
        (ERASE, true) => {
            erase(upload, images, request.value()?)?;
            Ok(answer.put(&Done)?)
        }
        (SLOT_INFO, false) => {
            request.value::<SlotInfoRequest>()?;
            write_slots(images, answer)
        }
        _ => Err(ReturnCode::NOT_SUPPORTED.into()),
    }
}

/// Adds the firmware's words to a refusal, if it has any, where a general code is all that the client would get.
fn with_reason<I: ImageSlots>(images: &mut I, refusal: Refusal<'static>, version: Version) -> Refusal<'static> {
    match refusal {
        Refusal::Group(error) if version == Version::V0 => {
            Refusal::Code { code: error.to_return_code(), reason: images.reason(error) }
        }
        _ => refusal,
    }
}

/// Marks an image to be started, or confirms the one that runs.
fn set_state<I: ImageSlots>(images: &mut I, request: SetStateRequest<'_>) -> Result<(), Refusal<'static>> {
    let is_permanent = request.confirm.unwrap_or(false);
    // Null, empty and left out are the same: the image that runs. That one can not be tested.
    let hash = match request.hash {
        Some(HashBytes([])) | None if is_permanent => return images.confirm(),
        None => return Err(GroupError::IMAGE_INVALID_HASH.into()),
        Some(hash) if hash.to_hash().is_none() => return Err(GroupError::IMAGE_INVALID_HASH.into()),
        Some(hash) => hash,
    };
    let is_asked = |image: &SlotImage| image.hash.as_ref().is_some_and(|found| found.as_bytes() == hash.0);
    let (number, image) = find(images, &is_asked).ok_or(GroupError::IMAGE_HASH_NOT_FOUND)?;
    if image.is_active {
        return if is_permanent { images.confirm() } else { Err(GroupError::IMAGE_TEST_OF_ACTIVE_DENIED.into()) };
    }
    // While an image is on trial, the next reset goes back, unless the image is confirmed first.
    let is_on_trial = find(images, &|image| image.is_active && !image.is_confirmed).is_some();
    if is_on_trial || (image.pending == Some(true) && !is_permanent) {
        return Err(GroupError::IMAGE_ALREADY_PENDING.into());
    }
    images.start_next(number, is_permanent)
}

/// Erases the slot asked for, or the one of the first image that does not run.
fn erase<I: ImageSlots>(
    upload: &mut Option<Upload>,
    images: &mut I,
    request: EraseRequest,
) -> Result<(), Refusal<'static>> {
    let number = match request.slot {
        Some(number) => number,
        None => idle_slot(images, 0).ok_or(GroupError::IMAGE_NO_FREE_SLOT)?,
    };
    let slot = images.slot(number).ok_or(GroupError::IMAGE_FLASH_OPEN_FAILED)?;
    if !images.may_erase(&slot) {
        return Err(GroupError::IMAGE_NO_FREE_SLOT.into());
    }
    // An upload into it has to start again.
    if upload.as_ref().is_some_and(|upload| upload.number() == number) {
        *upload = None;
    }
    images.erase(number)
}

/// Returns the number of the slot of an image that does not run.
pub(super) fn idle_slot<I: ImageSlots>(images: &mut I, image: u32) -> Option<u32> {
    let first = image.checked_mul(2)?;
    let second = first.checked_add(1)?;
    let is_active = |slot: Slot| slot.image.is_some_and(|image| image.is_active);
    let slot = images.slot(second)?;
    Some(if is_active(slot) { first } else { second })
}

/// Returns the first image that is as asked for, and its slot's number.
pub(super) fn find<I: ImageSlots>(images: &mut I, is: &dyn Fn(&SlotImage) -> bool) -> Option<(u32, SlotImage)> {
    (0..)
        .map_while(|number| Some((number, images.slot(number)?)))
        .find_map(|(number, slot)| slot.image.filter(is).map(|image| (number, image)))
}

/// Writes what images there are.
fn write_state<I: ImageSlots>(images: &mut I, answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    answer.map(2)?;
    answer.put("images")?;
    answer.begin_list()?;
    for number in 0.. {
        let Some(slot) = images.slot(number) else { break };
        let Some(image) = &slot.image else { continue };
        answer.put(&ImageState {
            image: number / 2,
            slot: number % 2,
            version: image.version.text(&mut [0; ImageVersion::MAX_TEXT_LENGTH]),
            hash: image.hash.as_ref().map(HashBytes::from),
            bootable: true,
            pending: image.pending.is_some(),
            confirmed: image.is_confirmed,
            active: image.is_active,
            permanent: image.pending == Some(true),
        })?;
    }
    answer.end()?;
    answer.put("splitStatus")?;
    Ok(answer.put(&0_u32)?)
}

/// Writes what slots there are.
fn write_slots<I: ImageSlots>(images: &mut I, answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    answer.map(1)?;
    answer.put("images")?;
    answer.begin_list()?;
    let mut number = 0_u32;
    while images.slot(number).is_some() {
        let image = number / 2;
        answer.map(2)?;
        answer.put("image")?;
        answer.put(&image)?;
        answer.put("slots")?;
        answer.begin_list()?;
        while number / 2 == image
            && let Some(slot) = images.slot(number)
        {
            let upload_image_id = images.may_overwrite(&slot).then_some(image);
            answer.put(&SlotInfo { slot: number % 2, size: slot.size, upload_image_id })?;
            number = number.saturating_add(1);
        }
        answer.end()?;
    }
    Ok(answer.end()?)
}
