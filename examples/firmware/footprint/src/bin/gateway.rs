//! A whole gateway: a log read by plan, and an update over a console: `Reader` and `Updater` of the example
#![no_std]
#![no_main]

use emu_proto::ReadoutPlan;
use emu_smp::client::{Instant, Target};
use emu_smp::{ImageHash, ImageVersion};
use footprint::keep;

#[allow(dead_code, unused_imports, unreachable_pub, reason = "what the program `gateway` is made of, as it is")]
#[path = "../../../src/gateway/mod.rs"]
mod gateway;
#[path = "../../../src/line.rs"]
mod line;

use gateway::{Reader, Updater};

struct State {
    reader: Reader,
    updater: Updater<'static>,
    buffer: [u8; Updater::LINES],
    now: u64,
}

const TARGET: Target = Target {
    hash: ImageHash::Sha256([1; 32]),
    sha: [2; 32],
    length: 300,
    version: ImageVersion { major: 1, minor: 0, revision: 9, build: 0 },
};

footprint::program! {
    state: State = State {
        reader: Reader::new(ReadoutPlan::all()),
        updater: Updater::with_target(&TARGET, &[0x5a; 300]),
        buffer: [0; Updater::LINES],
        now: 0,
    },
    turn: |state, bytes| {
        let State { reader, updater, buffer, .. } = state;
        let now = Instant::from_millis(state.now);
        keep(&reader.poll_transmit(now, buffer));
        reader.handle_bytes(now, bytes);
        reader.handle_timeout(now);
        keep(&(reader.is_complete(), reader.totals(), reader.counts()));
        keep(&updater.poll_transmit(now, buffer));
        updater.handle_bytes(now, bytes);
        updater.handle_timeout(now);
        keep(&(updater.poll_event(), updater.outcome()));
        state.now = state.now.saturating_add(1);
    },
    input: b"2021-05-20T10:30:00Z;2;0;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;2326;2320;2304;99;99;0;500\n",
    count: 1,
    unit: "turn",
}
