//! Files of a device, raw serial lines, image files written: that none of it panics
#![no_std]
#![no_main]

use core::hint::black_box;

use emu_smp::client::{FileDownload, FileUpload};
use emu_smp::file_system::{ReadResponse, WriteResponse};
use emu_smp::{ImageBuilder, ImageEntries, ImageHash, RawDecoder, SignatureKind, UnknownSignature};
use footprint::keep;

footprint::program! {
    state: (RawDecoder<256>, [u8; 512]) = (RawDecoder::new(), [0; 512]),
    turn: turn,
    input: b"\x03\x00\x00\x01\x00\x00\x01\x00\xa0",
    count: 1,
    unit: "turn",
}

fn turn((decoder, buffer): &mut (RawDecoder<256>, [u8; 512]), input: &[u8]) {
    let mut bytes = input;
    while let Some(frame) = decoder.decode(&mut bytes) {
        keep(frame);
    }
    decoder.reset();
    keep(&decoder.losses());

    let mut download = FileDownload::new("/lfs1/log.txt");
    keep(&download.next_request());
    keep(&download.handle(&ReadResponse { offset: black_box(0), data: input, length: black_box(None) }));
    keep(&download.length());

    let mut upload = FileUpload::new("/lfs1/log.txt", input).with_piece(black_box(300));
    keep(&upload.next_request());
    keep(&upload.handle(&WriteResponse { offset: black_box(0) }));
    keep(&upload.handle_refusal(black_box(0)));

    let security_counter = black_box(Some(7));
    let builder = ImageBuilder { security_counter, ..ImageBuilder::new(input) };
    keep(&builder.build_into(buffer, |_: &ImageHash| Some((SignatureKind::Ed25519, [0; 64]))));
    keep(&ImageEntries::from_entry(black_box(0x10)));
    keep(&UnknownSignature::try_from(black_box(0x20)));
}
