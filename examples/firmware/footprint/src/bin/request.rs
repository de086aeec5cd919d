//! Requests and checkpoints, read and written: `Readout`, `Checkpoint`
#![no_std]
#![no_main]

use core::fmt::Write;
use core::hint::black_box;

use emu_proto::{Checkpoint, Readout, write_to_slice};

const CHECKPOINT: &str = "12345678 4711 2021-05-20T10:30:00Z";

fn turn(buffer: &mut [u8; 64], _: &[u8]) {
    let request = Readout::parse_target(black_box("/data/?from=4711&to=4810"));
    footprint::keep_good(&request);
    if let Ok((log, readout)) = request {
        footprint::keep_good(&write_to_slice(buffer, |out| write!(out, "{}", readout.target(log))));
    }
    let checkpoint: Result<Checkpoint, _> = black_box(CHECKPOINT).parse();
    footprint::keep_good(&checkpoint);
    if let Ok(checkpoint) = checkpoint {
        footprint::keep_good(&write_to_slice(buffer, |out| write!(out, "{checkpoint}")));
    }
    footprint::keep(buffer);
}

footprint::program! {
    state: [u8; 64] = [0; 64],
    turn: turn,
    input: b"",
    count: 1,
    unit: "pair",
}
