//! The course of an upload.
//!
//! A piece that is not the one wanted is no error: the answer says where the next one belongs, and the client goes there. That
//! is how lost, doubled and reordered pieces are mended, and how an upload goes on after a break.
//!
//! Source: Zephyr, `smp_group_1.rst` and `img_mgmt.c`; what 4.4.0 with MCUboot answers.

use super::image::{find, idle_slot};
use super::slots::ImageSlots;
use crate::body::image::{UploadRequest, UploadResponse};
use crate::cbor::{Reader, Writer};
use crate::group_error::GroupError;
use crate::mcuboot::{ImageHeader, ImageVersion};
use crate::refusal::Refusal;
use crate::text::copy;

/// An upload that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Upload {
    /// The slot's number.
    number: u32,
    length: u32,
    /// Where the next piece belongs; always less than the length.
    offset: u32,
    /// What the client calls the file, as a rule its SHA-256.
    sha: Sha,
}

impl Upload {
    pub(super) const fn number(&self) -> u32 {
        self.number
    }
}

/// Takes a piece.
pub(super) fn handle<I: ImageSlots>(
    session: &mut Option<Upload>,
    images: &mut I,
    body: &[u8],
    answer: &mut Writer<'_>,
) -> Result<(), Refusal<'static>> {
    let mut reader = Reader::new(body);
    let piece: UploadRequest<'_> = reader.value().map_err(|malformed| match reader.missing_key() {
        Some("off") => GroupError::IMAGE_INVALID_OFFSET.into(),
        Some("data") => GroupError::IMAGE_INVALID_HEADER.into(),
        _ => Refusal::from(malformed),
    })?;
    if piece.offset == 0
        && let Some(response) = start(session, images, &piece)?
    {
        return Ok(answer.put(&response)?);
    }
    Ok(answer.put(&go_on(session, images, &piece)?)?)
}

/// Starts an upload, unless the answer is found already: the one under way is gone on with, or the file is there.
fn start<I: ImageSlots>(
    session: &mut Option<Upload>,
    images: &mut I,
    piece: &UploadRequest<'_>,
) -> Result<Option<UploadResponse>, Refusal<'static>> {
    let header = piece.data.first_chunk().ok_or(GroupError::IMAGE_INVALID_HEADER)?;
    let length = piece.length.ok_or(GroupError::IMAGE_INVALID_LENGTH)?;
    let header = ImageHeader::from_bytes(header).ok_or(GroupError::IMAGE_INVALID_HEADER_MAGIC)?;
    let sha = Sha::new(piece.sha.unwrap_or_default()).ok_or(GroupError::IMAGE_INVALID_HASH)?;
    if let Some(upload) = session
        && upload.sha == sha
        && sha.length > 0
    {
        return Ok(Some(UploadResponse { offset: upload.offset, matches: None }));
    }

    let number = idle_slot(images, piece.image.unwrap_or(0)).ok_or(GroupError::IMAGE_NO_FREE_SLOT)?;
    let slot = images.slot(number).ok_or(GroupError::IMAGE_NO_FREE_SLOT)?;
    if !images.may_overwrite(&slot) {
        return Err(GroupError::IMAGE_NO_FREE_SLOT.into());
    }
    if length > slot.size {
        return Err(GroupError::IMAGE_TOO_LARGE.into());
    }
    if usize::try_from(length).is_ok_and(|length| piece.data.len() > length) {
        return Err(GroupError::IMAGE_DATA_OVERRUN.into());
    }
    let is_running_newer = |current: ImageVersion| current >= header.version;
    if piece.upgrade == Some(true)
        && find(images, &|image| image.is_active).is_some_and(|(_, running)| is_running_newer(running.version))
    {
        return Err(GroupError::IMAGE_CURRENT_VERSION_IS_NEWER.into());
    }

    // From here on, whatever was under way is over.
    *session = None;
    if sha.whole().is_some_and(|sha| images.holds(number, length, &sha) == Some(true)) {
        return Ok(Some(UploadResponse { offset: length, matches: Some(true) }));
    }
    images.begin(number, length)?;
    *session = Some(Upload { number, length, offset: 0, sha });
    Ok(None)
}

/// Writes a piece if it is the one wanted, and says which is wanted next.
fn go_on<I: ImageSlots>(
    session: &mut Option<Upload>,
    images: &mut I,
    piece: &UploadRequest<'_>,
) -> Result<UploadResponse, Refusal<'static>> {
    let Some(upload) = session else { return Ok(UploadResponse { offset: 0, matches: None }) };
    if piece.offset != upload.offset {
        return Ok(UploadResponse { offset: upload.offset, matches: None });
    }
    let overrun = GroupError::IMAGE_DATA_OVERRUN;
    let size = u32::try_from(piece.data.len()).map_err(|_| overrun)?;
    let end = upload.offset.checked_add(size).filter(|end| *end <= upload.length).ok_or(overrun)?;
    let is_last = end == upload.length;
    images.write(upload.number, upload.offset, piece.data, is_last)?;
    upload.offset = end;
    if !is_last {
        return Ok(UploadResponse { offset: end, matches: None });
    }
    let Upload { number, length, sha, .. } = *upload;
    *session = None;
    // Where the firmware looks, a file without its whole SHA-256 can not be right.
    let is_right = images.holds(number, length, &sha.bytes);
    Ok(UploadResponse { offset: end, matches: is_right.map(|is_right| is_right && sha.whole().is_some()) })
}

/// What a client calls its file: up to 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Sha {
    bytes: [u8; 32],
    length: usize,
}

impl Sha {
    fn new(given: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        copy(bytes.get_mut(..given.len())?, given);
        Some(Self { bytes, length: given.len() })
    }

    /// Returns it if it is a whole SHA-256.
    fn whole(&self) -> Option<[u8; 32]> {
        (self.length == self.bytes.len()).then_some(self.bytes)
    }
}
