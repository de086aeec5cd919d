//! Writing the header and rows of the load profile, in any dialect: `write_header`, `write_row`
#![no_std]
#![no_main]

use core::hint::black_box;

use emu_proto::{Dialect, LoadProfileEntry, write_header, write_row, write_to_slice};

struct State {
    entry: Option<LoadProfileEntry>,
    line: [u8; 704],
}

fn turn(State { entry, line }: &mut State, _: &[u8]) {
    let dialect = black_box(&Dialect::KNOWN);
    match entry {
        None => {
            footprint::keep_good(&write_to_slice(line, |out| write_header::<LoadProfileEntry>(out, dialect)));
            *entry = footprint::sample();
        }
        Some(entry) => footprint::keep_good(&write_to_slice(line, |out| write_row(out, dialect, entry))),
    }
    footprint::keep(line);
}

footprint::program! {
    state: State = State { entry: None, line: [0; 704] },
    turn: turn,
    first: b"",
    input: b"",
    count: 1,
    unit: "row",
}
