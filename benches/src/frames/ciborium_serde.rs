//! Structs of one's own with serde, and ciborium, which can not borrow.

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

use super::{Image, Piece, Variant, look_at};

pub(super) const VARIANT: Variant = Variant {
    name: "ciborium 0.2, serde",
    short: "ciborium",
    decode_list,
    encode_list,
    decode_upload: Some(decode_upload),
    encode_upload,
    list,
    piece: Some(piece),
};

#[derive(Debug, Deserialize)]
struct List {
    images: Vec<State>,
}

#[derive(Debug, Deserialize)]
struct State {
    slot: u32,
    version: String,
    hash: ByteBuf,
    #[serde(default)]
    bootable: bool,
    #[serde(default)]
    pending: bool,
    #[serde(default)]
    confirmed: bool,
    #[serde(default)]
    active: bool,
    #[serde(default)]
    permanent: bool,
}

impl State {
    const fn flags(&self) -> [bool; 5] {
        [self.bootable, self.pending, self.confirmed, self.active, self.permanent]
    }
}

#[derive(Debug, Serialize)]
struct ListOut<'a> {
    images: [StateOut<'a>; 2],
}

#[derive(Debug, Serialize)]
struct StateOut<'a> {
    image: u32,
    slot: u32,
    version: &'a str,
    hash: &'a Bytes,
    bootable: bool,
    pending: bool,
    confirmed: bool,
    active: bool,
    permanent: bool,
}

#[derive(Debug, Deserialize)]
struct Upload {
    off: u32,
    data: ByteBuf,
}

#[derive(Debug, Serialize)]
struct UploadOut<'a> {
    off: u32,
    data: &'a Bytes,
}

fn read<T: serde::de::DeserializeOwned>(frame: &[u8]) -> T {
    let length = usize::from(u16::from_be_bytes([frame[2], frame[3]]));
    ciborium::from_reader(&frame[8..8 + length]).expect("a body")
}

/// Writes into the buffer, whose memory is used again.
fn write<T: Serialize>(operation: u8, command: u8, body: &T, buffer: &mut Vec<u8>) -> usize {
    buffer.clear();
    buffer.extend_from_slice(&[operation, 0, 0, 0, 0, 1, 70, command]);
    ciborium::into_writer(body, &mut *buffer).expect("a vector takes all");
    let length = (buffer.len() - 8) as u16;
    buffer[2..4].copy_from_slice(&length.to_be_bytes());
    buffer.len()
}

fn decode_list(frame: &[u8]) {
    for image in &read::<List>(frame).images {
        look_at(image.slot, &image.version, &image.hash, image.flags());
    }
}

fn encode_list(images: &[Image; 2], buffer: &mut Vec<u8>) -> usize {
    let images = images.each_ref().map(|image| {
        let [bootable, pending, confirmed, active, permanent] = image.flags;
        let (slot, version, hash) = (image.slot, &image.version[..], Bytes::new(&image.hash));
        StateOut { image: 0, slot, version, hash, bootable, pending, confirmed, active, permanent }
    });
    write(1, 0, &ListOut { images }, buffer)
}

fn decode_upload(frame: &[u8]) {
    std::hint::black_box(read::<Upload>(frame));
}

fn encode_upload(piece: &Piece, buffer: &mut Vec<u8>) -> usize {
    write(2, 1, &UploadOut { off: piece.offset, data: Bytes::new(&piece.data) }, buffer)
}

fn list(frame: &[u8]) -> Vec<Image> {
    let images = read::<List>(frame).images.into_iter();
    let image = |image: State| Image {
        flags: image.flags(),
        slot: image.slot,
        version: image.version,
        hash: image.hash.into_vec(),
    };
    images.map(image).collect()
}

fn piece(frame: &[u8]) -> Piece {
    let Upload { off, data } = read(frame);
    Piece { offset: off, data: data.into_vec() }
}
