//! Parses the bodies of a dozen meters once, to be counted by callgrind: see `scripts/instructions.sh`.
//!
//! Usage: `instructions VARIANT`, and the count is that of the function `measured`.

use std::hint::black_box;

use emu_benches::bodies;
use emu_proto::{Decoder, Dialect, LoadProfileEntry, read_body};

fn main() {
    let variant = std::env::args().nth(1).unwrap_or_else(|| "whole".to_owned());
    let (bodies, chunk) = match variant.as_str() {
        "whole" => (bodies::dozen(&Dialect::KNOWN), None),
        "random" => (bodies::random_lengths(), None),
        size => (bodies::dozen(&Dialect::KNOWN), Some(size.parse().expect("whole, random, or a chunk's size"))),
    };
    let rows = measured(&bodies, chunk);
    assert_eq!(rows, bodies.len() * bodies::ROWS);
    println!("{rows}");
}

/// What is counted.
#[inline(never)]
fn measured(bodies: &[Vec<u8>], chunk: Option<usize>) -> usize {
    let mut rows = 0;
    for body in bodies {
        let Some(size) = chunk else {
            for row in read_body::<LoadProfileEntry>(body) {
                black_box(&row).as_ref().expect("a good row");
                rows += 1;
            }
            continue;
        };
        let mut decoder = Decoder::<LoadProfileEntry>::new();
        for mut chunk in body.chunks(size) {
            while let Some(row) = decoder.decode(&mut chunk) {
                black_box(&row).as_ref().expect("a good row");
                rows += 1;
            }
        }
    }
    black_box(rows)
}
