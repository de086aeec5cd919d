//! Reading the load profile in pieces, the known firmware's dialect alone: `KnownDecoder`
#![no_std]
#![no_main]

use emu_proto::{KnownDecoder, LoadProfileEntry};

fn turn(decoder: &mut KnownDecoder<LoadProfileEntry>, mut bytes: &[u8]) {
    while let Some(row) = decoder.decode(&mut bytes) {
        footprint::keep_good(&row);
    }
    if footprint::is_over() {
        finish(decoder);
    }
}

#[inline(never)]
fn finish(decoder: &mut KnownDecoder<LoadProfileEntry>) {
    footprint::keep(&decoder.finish());
}

footprint::program! {
    state: KnownDecoder<LoadProfileEntry> = KnownDecoder::new(),
    turn: turn,
    first: include_bytes!("../../data/load_profile_header.csv"),
    input: include_bytes!("../../data/load_profile_rows.csv"),
    count: 16,
    unit: "row",
}
