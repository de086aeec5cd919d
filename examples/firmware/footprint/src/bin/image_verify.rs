//! MCUboot image files, checked as they come
#![no_std]
#![no_main]

use emu_smp::ImageVerifier;
use footprint::keep;

footprint::program! {
    state: Option<ImageVerifier> = None,
    turn: turn,
    input: file(&mut [0; 512]),
    count: 1,
    unit: "file of 256 bytes",
}

fn turn(place: &mut Option<ImageVerifier>, file: &[u8]) {
    let verifier = place.insert(ImageVerifier::new());
    for piece in file.chunks(64) {
        keep(&verifier.push(piece));
    }
    if let Some(verifier) = place.take() {
        let checked = verifier.finish();
        #[cfg(feature = "run")]
        assert!(checked.is_ok());
        keep(&checked);
    }
}

#[cfg(feature = "run")]
fn file(buffer: &mut [u8]) -> &[u8] {
    use emu_smp::{ImageBuilder, ImageHash, SignatureKind};

    let sign = |_: &ImageHash| None::<(SignatureKind, [u8; 0])>;
    ImageBuilder::new(&[0x5a; 184]).build_into(buffer, sign).unwrap_or_default()
}
