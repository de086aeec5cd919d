//! Frames on a serial console, in and out
#![no_std]
#![no_main]

use emu_smp::{ConsoleDecoder, ConsoleEncoder};
use footprint::keep;

footprint::program! {
    state: (ConsoleDecoder<256>, [u8; 64]) = (ConsoleDecoder::new(), [0; 64]),
    turn: |(decoder, uart), mut input| {
        while let Some(frame) = decoder.decode(&mut input) {
            let Ok(mut encoder) = ConsoleEncoder::new(frame) else { continue };
            while encoder.write(uart) > 0 {
                keep(uart);
            }
        }
        keep(&decoder.losses());
    },
    input: b"uart:~$ \x06\x09ABEDAAAHAAABAL9hcmJoaf8SXw==\r\nuart:~$ ",
    count: 1,
    unit: "frame",
}
