//! emu-smp.

use emu_smp::image::{HashBytes, ImageState, StateRequest, StateResponse, UploadRequest};
use emu_smp::{Group, Header, List, Operation, Version, decode, decode_response, encode_frame, encode_request};

use super::{Image, Piece, Variant, look_at};

pub(super) const VARIANT: Variant = Variant {
    name: "emu-smp",
    short: "emu",
    decode_list,
    encode_list: |images, buffer| encode_list(images, buffer),
    decode_upload: Some(decode_upload),
    encode_upload: |piece, buffer| encode_upload(piece, buffer),
    list,
    piece: Some(piece),
};

fn read_list(frame: &[u8]) -> StateResponse<'_> {
    let (_, body) = Header::split(frame).expect("a frame");
    decode_response::<StateRequest>(body).expect("a list").expect("no refusal")
}

fn decode_list(frame: &[u8]) {
    for image in read_list(frame).images {
        let hash = image.hash.map_or(&[][..], |hash| hash.0);
        look_at(image.slot, image.version, hash, flags(&image));
    }
}

fn flags(image: &ImageState<'_>) -> [bool; 5] {
    [image.bootable, image.pending, image.confirmed, image.active, image.permanent]
}

fn encode_list(images: &[Image; 2], buffer: &mut [u8]) -> usize {
    let images = images.each_ref().map(|image| {
        let [bootable, pending, confirmed, active, permanent] = image.flags;
        let hash = Some(HashBytes(&image.hash));
        let (slot, version) = (image.slot, &image.version[..]);
        ImageState { image: 0, slot, version, hash, bootable, pending, confirmed, active, permanent }
    });
    let header = Header {
        operation: Operation::ReadResponse,
        version: Version::V0,
        flags: 0,
        length: 0,
        group: Group::IMAGE,
        sequence: 70,
        command: 0,
    };
    let response = StateResponse { images: List::from(&images[..]), split_status: None };
    encode_frame(header, buffer, |writer| writer.value(&response)).expect("a frame that fits")
}

fn read_piece(frame: &[u8]) -> UploadRequest<'_> {
    let (_, body) = Header::split(frame).expect("a frame");
    decode(body).expect("a piece")
}

fn decode_upload(frame: &[u8]) {
    std::hint::black_box(read_piece(frame));
}

fn encode_upload(piece: &Piece, buffer: &mut [u8]) -> usize {
    let Piece { offset, data } = piece;
    let request = UploadRequest { length: None, offset: *offset, sha: None, data, image: None, upgrade: None };
    encode_request(&request, Version::V0, 70, buffer).expect("a frame that fits")
}

fn list(frame: &[u8]) -> Vec<Image> {
    let images = read_list(frame).images.into_iter();
    let image = |image: ImageState<'_>| Image {
        slot: image.slot,
        version: image.version.to_owned(),
        hash: image.hash.map(|hash| hash.0.to_vec()).unwrap_or_default(),
        flags: flags(&image),
    };
    images.map(image).collect()
}

fn piece(frame: &[u8]) -> Piece {
    let UploadRequest { offset, data, .. } = read_piece(frame);
    Piece { offset, data: data.to_vec() }
}
