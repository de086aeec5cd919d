//! Reading the load profile in every dialect, header included: `Decoder`
#![no_std]
#![no_main]

use emu_proto::{Decoder, LoadProfileEntry};

fn turn(decoder: &mut Decoder<LoadProfileEntry>, mut bytes: &[u8]) {
    while let Some(row) = decoder.decode(&mut bytes) {
        footprint::keep_good(&row);
    }
    if footprint::is_over() {
        finish(decoder);
    }
}

#[inline(never)]
fn finish(decoder: &mut Decoder<LoadProfileEntry>) {
    footprint::keep(&decoder.finish());
}

footprint::program! {
    state: Decoder<LoadProfileEntry> = Decoder::new(),
    turn: turn,
    first: include_bytes!("../../data/load_profile_header.csv"),
    input: include_bytes!("../../data/load_profile_rows.csv"),
    count: 16,
    unit: "row",
}
