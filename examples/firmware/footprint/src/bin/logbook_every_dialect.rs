//! Reading the logbook in every dialect, header included: `Decoder`
#![no_std]
#![no_main]

use emu_proto::{Decoder, LogbookEntry};

fn turn(decoder: &mut Decoder<LogbookEntry>, mut bytes: &[u8]) {
    while let Some(row) = decoder.decode(&mut bytes) {
        footprint::keep_good(&row);
    }
    if footprint::is_over() {
        finish(decoder);
    }
}

#[inline(never)]
fn finish(decoder: &mut Decoder<LogbookEntry>) {
    footprint::keep(&decoder.finish());
}

footprint::program! {
    state: Decoder<LogbookEntry> = Decoder::new(),
    turn: turn,
    first: include_bytes!("../../data/logbook_header.csv"),
    input: include_bytes!("../../data/logbook_rows.csv"),
    count: 4,
    unit: "row",
}
