//! Reading a row of the load profile, the known firmware's dialect alone: `read_known_row`
#![no_std]
#![no_main]

use emu_proto::{LoadProfileEntry, read_known_row};

fn turn((): &mut (), line: &[u8]) {
    footprint::keep_good(&read_known_row::<LoadProfileEntry>(line));
}

footprint::program! {
    state: () = (),
    turn: turn,
    input: include_bytes!("../../data/load_profile_row.csv"),
    count: 1,
    unit: "row",
}
