//! Parses the bodies of a dozen meters once, to be counted by callgrind: see `scripts/instructions.sh`.
//!
//! Usage: `instructions VARIANT`, and the count is that of the function `measured`.

use std::hint::black_box;

use emu_benches::bodies;
use emu_proto::{ColumnOrder, Decoder, Dialect, HeaderForm, LoadProfileEntry, TimeForm, read_body};

fn main() {
    let variant = std::env::args().nth(1).unwrap_or_else(|| "whole".to_owned());
    let known = Dialect::KNOWN;
    let (bodies, chunk) = match variant.as_str() {
        "whole" => (bodies::dozen(&known), None),
        "random" => (bodies::random_lengths(), None),
        "reversed" => (bodies::dozen(&Dialect { order: ColumnOrder::Reversed, ..known }), None),
        "quoted" => (bodies::dozen(&Dialect { quoted: true, ..known }), None),
        "offset" => (bodies::dozen(&Dialect { time: TimeForm::Offset(60), ..known }), None),
        "decimals" => (bodies::dozen(&Dialect { header: HeaderForm::Plain, ..known }), None),
        size => (bodies::dozen(&known), Some(size.parse().expect("a variant's name, or a chunk's size"))),
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
            let mut entries = read_body::<LoadProfileEntry>(body);
            // By reference: a row that is looked at need not be moved.
            while let Some(row) = &entries.next() {
                black_box(row).as_ref().expect("a good row");
                rows += 1;
            }
            continue;
        };
        let mut decoder = Decoder::<LoadProfileEntry>::new();
        for mut chunk in body.chunks(size) {
            while let Some(row) = &decoder.decode(&mut chunk) {
                black_box(row).as_ref().expect("a good row");
                rows += 1;
            }
        }
    }
    black_box(rows)
}
