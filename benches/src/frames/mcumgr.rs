//! mcumgr-smp. It can not read pieces: its type for them borrows, which its CBOR can not do.

use mcumgr_smp::application_management::{GetImageStatePayload, GetImageStateResult, ImageChunk, ImageState};
use mcumgr_smp::smp::{Group, OpCode, SmpFrame};

use super::{Image, Piece, Variant, look_at};

pub(super) const VARIANT: Variant = Variant {
    name: "mcumgr-smp 0.8",
    short: "mcumgr",
    decode_list,
    encode_list,
    decode_upload: None,
    encode_upload,
    list,
    piece: None,
};

fn read_list(frame: &[u8]) -> Vec<ImageState> {
    let frame = SmpFrame::<GetImageStateResult>::decode_with_cbor(frame).expect("a list");
    let GetImageStateResult::Ok(GetImageStatePayload { images, .. }) = frame.data else { panic!("a refusal") };
    images
}

fn flags(image: &ImageState) -> [bool; 5] {
    [image.bootable, image.pending, image.confirmed, image.active, image.permanent]
}

fn decode_list(frame: &[u8]) {
    for image in &read_list(frame) {
        look_at(image.slot as u32, &image.version, &image.hash, flags(image));
    }
}

/// Its type for the list owns what it holds.
fn encode_list(images: &[Image; 2], buffer: &mut Vec<u8>) -> usize {
    let image = |image: &Image| {
        let [bootable, pending, confirmed, active, permanent] = image.flags;
        let (slot, version, hash) = (image.slot as i32, image.version.clone(), image.hash.clone());
        ImageState { image: Some(0), slot, version, hash, bootable, pending, confirmed, active, permanent }
    };
    let payload = GetImageStatePayload { images: images.iter().map(image).collect(), split_status: None };
    write(&SmpFrame::new(OpCode::ReadResponse, 70, Group::ApplicationManagement, 0, payload), buffer)
}

fn encode_upload(piece: &Piece, buffer: &mut Vec<u8>) -> usize {
    let off = piece.offset as usize;
    let payload = ImageChunk { data: &piece.data, off, image: None, len: None, sha: None, upgrade: None };
    write(&SmpFrame::new(OpCode::WriteRequest, 70, Group::ApplicationManagement, 1, payload), buffer)
}

/// It makes a new vector each time.
fn write<T: serde::Serialize>(frame: &SmpFrame<T>, buffer: &mut Vec<u8>) -> usize {
    *buffer = frame.encode_with_cbor();
    buffer.len()
}

fn list(frame: &[u8]) -> Vec<Image> {
    let image = |image: ImageState| Image {
        flags: flags(&image),
        slot: image.slot as u32,
        version: image.version,
        hash: image.hash,
    };
    read_list(frame).into_iter().map(image).collect()
}
