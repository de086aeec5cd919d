//! Reading the load profile in every dialect, header included: `Decoder`
#![no_std]
#![no_main]

use emu_proto::{Decoder, LoadProfileEntry};

fn turn(decoder: &mut Decoder<LoadProfileEntry>, mut bytes: &[u8]) {
    *decoder = Decoder::new();
    while let Some(row) = decoder.decode(&mut bytes) {
        footprint::keep(&row);
    }
    footprint::keep(&decoder.finish());
}

footprint::program! {
    state: Decoder<LoadProfileEntry> = Decoder::new(),
    turn: turn,
    input: include_bytes!("../../data/load_profile.csv"),
    count: 16,
    unit: "row",
}
