//! Group 1, image: which images there are, uploading, testing, confirming and erasing them.
//!
//! ```
//! use emu_smp::image::{
//!     EraseRequest, HashBytes, ImageSlots, ImageState, SetStateRequest, SlotInfo, SlotInfoRequest, SlotInfoResponse,
//!     StateRequest, StateResponse, UploadRequest, UploadResponse,
//! };
//! use emu_smp::{Version, decode_response, encode_request};
//!
//! // Which images are there? One: {"slot": 0, "version": "1.0.9", "hash": h'0a0b', "confirmed": true, "active": true}
//! let answer = b"\xa1fimages\x81\xa5dslot\x00gversione1.0.9dhashB\x0a\x0biconfirmed\xf5factive\xf5";
//! let StateResponse { images, .. } = decode_response::<StateRequest>(answer)??;
//! let runs: ImageState<'_> = images.iter().find(|image| image.active).unwrap();
//! assert_eq!((runs.slot, runs.version, runs.hash), (0, "1.0.9", Some(HashBytes(&[10, 11]))));
//!
//! // And how large are the slots? {"images": [{"image": 0, "slots": [{"slot": 0, "size": 65536}]}]}
//! let answer = b"\xa1fimages\x81\xa2eimage\x00eslots\x81\xa2dslot\x00dsize\x1a\x00\x01\x00\x00";
//! let SlotInfoResponse { images } = decode_response::<SlotInfoRequest>(answer)??;
//! let ImageSlots { slots, .. } = images.iter().next().unwrap();
//! assert_eq!(slots.iter().next(), Some(SlotInfo { slot: 0, size: 65_536, upload_image_id: None }));
//!
//! // Erases the other slot, writes the first piece of an image into it, and has the image started once, to test it.
//! let mut frame = [0; 96];
//! encode_request(&EraseRequest { slot: None }, Version::V1, 1, &mut frame)?;
//! let data = &[0x3d; 32];
//! let piece = UploadRequest { length: Some(4096), offset: 0, sha: None, data, image: None, upgrade: None };
//! encode_request(&piece, Version::V1, 2, &mut frame)?;
//! let UploadResponse { offset, .. } = decode_response::<UploadRequest>(b"\xa1coff\x18 ")??;
//! assert_eq!(offset, 32);
//! let test = SetStateRequest { hash: Some(HashBytes(&[12, 13])), confirm: Some(false) };
//! let length = encode_request(&test, Version::V1, 3, &mut frame)?;
//! assert_eq!(frame[8..length], *b"\xa2dhashB\x0c\x0dgconfirm\xf4");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: Zephyr, `smp_group_1.rst`; the manual's chapter "Firmware-Update" for what the meter lists.

use core::fmt;

use super::{Done, body, empty, requests};
use crate::cbor::{Decode, Encode, EncodeError, List, Malformed, Reader, Writer};
use crate::image_hash::ImageHash;

empty! {
    /// Asks which images there are.
    pub struct StateRequest;

    /// Asks which slots there are, and how large they are. Servers older than Zephyr 4 do not know it.
    pub struct SlotInfoRequest;
}

body! {
    /// Marks an image to be started: once, to test it, or for good, which confirms it.
    pub struct SetStateRequest<'a> {
        /// The image; without it, the one that runs.
        pub hash: Option<HashBytes<'a>> = "hash",
        /// Whether the image is confirmed: started from now on, with no way back but another update. Otherwise it is
        /// tested: started at the next reset, and left again at the one after that unless it was confirmed.
        pub confirm: Option<bool> = "confirm",
    }

    /// The images that there are.
    pub struct StateResponse<'a> {
        /// The images, slot by slot. Slots without a valid image are left out.
        pub images: List<'a, ImageState<'a>> = "images",
        /// Whether the images of both slots fit together, where one image is split in two: 0 does not apply, 1 they do not,
        /// 2 they do.
        pub split_status: Option<i32> = "splitStatus",
    }

    /// One image. What a server leaves out is `false`.
    pub struct ImageState<'a> {
        /// Which of the device's images, if it has several.
        pub image: u32 = "image" or 0,
        /// Which slot: 0 is started from, 1 takes the next image.
        pub slot: u32 = "slot",
        /// The version, as in `1.0.9`.
        pub version: &'a str = "version",
        /// The image's hash. It is missing where a boot loader answers in the application's place.
        pub hash: Option<HashBytes<'a>> = "hash",
        /// Whether the image can be started.
        pub bootable: bool = "bootable" or false,
        /// Whether the image is started at the next reset.
        pub pending: bool = "pending" or false,
        /// Whether the image was confirmed.
        pub confirmed: bool = "confirmed" or false,
        /// Whether the image runs.
        pub active: bool = "active" or false,
        /// Whether the image is started for good at the next reset.
        pub permanent: bool = "permanent" or false,
    }

    /// A piece of an image. The first says what image it is; all say where the piece belongs.
    pub struct UploadRequest<'a> {
        /// How many bytes the whole file has; with the first piece only.
        pub length: Option<u32> = "len",
        /// Where the piece belongs, in bytes from the start of the file.
        pub offset: u32 = "off",
        /// The SHA-256 of the whole file, by which an upload that broke is gone on with; with the first piece only. It is not
        /// the image's hash.
        #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize_optional_bytes"))]
        pub sha: Option<&'a [u8]> = "sha",
        /// The piece: at least 32 bytes if it is the first.
        #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize_bytes"))]
        pub data: &'a [u8] = "data",
        /// Which of the device's images, if it has several; with the first piece only.
        pub image: Option<u32> = "image",
        /// Whether an older version than the one that runs is refused; with the first piece only.
        pub upgrade: Option<bool> = "upgrade",
    }

    /// How far an upload is.
    pub struct UploadResponse {
        /// Where the next piece belongs that the server wants, whatever piece it was sent.
        pub offset: u32 = "off",
        /// Whether the whole file has the SHA-256 that was announced; with the last piece only, from servers that check it.
        pub matches: Option<bool> = "match",
    }

    /// Asks to erase an image.
    pub struct EraseRequest {
        /// Which slot; without it, the one that is not active, as a rule slot 1.
        pub slot: Option<u32> = "slot",
    }

    /// The slots that there are.
    pub struct SlotInfoResponse<'a> {
        /// The device's images, each with its slots.
        pub images: List<'a, ImageSlots<'a>> = "images",
    }

    /// The slots of one of the device's images.
    pub struct ImageSlots<'a> {
        /// Which of the device's images.
        pub image: u32 = "image",
        /// Its slots.
        pub slots: List<'a, SlotInfo> = "slots",
        /// The most bytes that an image may have.
        pub max_image_size: Option<u32> = "max_image_size",
    }

    /// One slot.
    pub struct SlotInfo {
        /// Which slot.
        pub slot: u32 = "slot",
        /// Its size in bytes.
        pub size: u32 = "size",
        /// What to send as `image` to upload into this slot.
        pub upload_image_id: Option<u32> = "upload_image_id",
    }
}

requests! {
    StateRequest: Read IMAGE_STATE => StateResponse<'a>;
    SetStateRequest<'r>: Write IMAGE_STATE => StateResponse<'a>;
    UploadRequest<'r>: Write IMAGE_UPLOAD => UploadResponse;
    EraseRequest: Write IMAGE_ERASE => Done;
    SlotInfoRequest: Read SLOT_INFO => SlotInfoResponse<'a>;
}

/// A hash as it stands in a frame: of 32, 48 or 64 bytes if it is one, else whatever was sent.
///
/// It prints as hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct HashBytes<'a>(pub &'a [u8]);

impl HashBytes<'_> {
    /// Returns the hash; `None` if no hash has so many bytes.
    #[must_use]
    pub fn to_hash(self) -> Option<ImageHash> {
        ImageHash::try_from(self.0).ok()
    }
}

impl<'a> From<&'a ImageHash> for HashBytes<'a> {
    fn from(hash: &'a ImageHash) -> Self {
        Self(hash.as_bytes())
    }
}

impl fmt::Display for HashBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// As hexadecimal digits.
#[cfg(feature = "serde")]
impl serde::Serialize for HashBytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Encode for HashBytes<'_> {
    /// That of the longest hash.
    const MAX_LENGTH: Option<usize> = Some(MAX_HASH_LENGTH);

    /// Refuses what is longer than any hash.
    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.0.len() > ImageHash::MAX_LENGTH {
            return Err(EncodeError { capacity: MAX_HASH_LENGTH });
        }
        writer.put(self.0)
    }
}

/// A hash and its head.
const MAX_HASH_LENGTH: usize = ImageHash::MAX_LENGTH.saturating_add(2);

impl<'a> Decode<'a> for HashBytes<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        reader.value().map(Self)
    }
}
