//! How fast read-outs are parsed, beside what a user would pick instead: see `benches/README.md`.
//!
//! Usage: `parse [--smoke]`. All variants run in turns, round by round, on the same bodies; a row of the table is the median
//! of the thread's processor time. Before that, every variant's entries are seen to agree by a checksum over all fields.

use std::hint::black_box;

use cpu_time::ThreadTime;
use emu_benches::{bodies, checksum, peers};
use emu_proto::{ColumnOrder, Decoder, Delimiter, Dialect, HeaderForm, LoadProfileEntry, TimeForm, read_body};

/// What takes each entry of a body.
type Sink<'a> = &'a mut dyn FnMut(&LoadProfileEntry);

/// What reads a body and hands each entry on.
type Read = Box<dyn Fn(&[u8], Sink<'_>)>;

struct Variant {
    name: &'static str,
    bodies: usize,
    read: Read,
    nanoseconds: Vec<f64>,
}

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let rounds = if smoke { 3 } else { 101 };
    let sets = [
        bodies::dozen(&Dialect::KNOWN),
        bodies::random_lengths(),
        bodies::dozen(&Dialect { delimiter: Delimiter::Comma, ..Dialect::KNOWN }),
        bodies::dozen(&Dialect { order: ColumnOrder::Reversed, ..Dialect::KNOWN }),
        bodies::dozen(&Dialect { quoted: true, ..Dialect::KNOWN }),
        bodies::dozen(&Dialect { time: TimeForm::Offset(60), ..Dialect::KNOWN }),
        bodies::dozen(&Dialect { header: HeaderForm::Plain, ..Dialect::KNOWN }),
    ];
    let mut variants = variants();
    for variant in &variants {
        // Sets 2 and up hold the rows of set 0, written otherwise.
        let reference = if variant.bodies == 1 { 1 } else { 0 };
        let expected =
            sum(&sets[reference], &mut |body, sink| read_body(body).for_each(|row| sink(&row.expect("good"))));
        let found = sum(&sets[variant.bodies], &mut |body, sink| (variant.read)(body, sink));
        assert_eq!(found, expected, "{} reads other entries", variant.name);
    }
    for _ in 0..rounds {
        for variant in &mut variants {
            let start = ThreadTime::now();
            let mut rows = 0usize;
            for body in &sets[variant.bodies] {
                (variant.read)(body, &mut |entry| {
                    black_box(entry);
                    rows += 1;
                });
            }
            variant.nanoseconds.push(start.elapsed().as_nanos() as f64 / rows as f64);
        }
    }
    print_table(&mut variants, &sets);
}

fn variants() -> Vec<Variant> {
    /// A peer, as a variant that reads whole bodies of the dozen meters.
    macro_rules! peer {
        ($name:literal, $read:path) => {
            variant($name, 0, |body, sink| $read(body, &mut |entry: &LoadProfileEntry| sink(entry)))
        };
    }
    vec![
        variant("emu-proto, whole body", 0, whole),
        variant("emu-proto, chunks of 4096 bytes", 0, |body, sink| chunks(body, 4096, sink)),
        variant("emu-proto, chunks of 1460 bytes", 0, |body, sink| chunks(body, 1460, sink)),
        variant("emu-proto, chunks of 536 bytes", 0, |body, sink| chunks(body, 536, sink)),
        variant("emu-proto, fields of random length", 1, whole),
        variant("emu-proto, commas", 2, whole),
        variant("emu-proto, columns in another order", 3, whole),
        variant("emu-proto, quoted cells", 4, whole),
        variant("emu-proto, times with an offset", 5, whole),
        variant("emu-proto, values with decimals", 6, whole),
        peer!("nom 8, leaf parsers by hand", peers::nom_tuned),
        peer!("nom 8, `digit1` and `map_res`", peers::nom_idiomatic),
        peer!("simd-csv, `str::parse`, chrono", peers::simd_csv),
        peer!("csv, record used again, `str::parse`, chrono", peers::csv_records),
        peer!("csv-core, `str::parse`, chrono", peers::csv_core),
        peer!("csv, serde, chrono", peers::csv_serde),
    ]
}

fn variant(name: &'static str, bodies: usize, read: impl Fn(&[u8], Sink<'_>) + 'static) -> Variant {
    Variant { name, bodies, read: Box::new(read), nanoseconds: Vec::new() }
}

fn whole(body: &[u8], sink: Sink<'_>) {
    for row in read_body(body) {
        sink(&row.expect("a good row"));
    }
}

fn chunks(body: &[u8], size: usize, sink: Sink<'_>) {
    let mut decoder = Decoder::<LoadProfileEntry>::new();
    for mut chunk in body.chunks(size) {
        while let Some(row) = decoder.decode(&mut chunk) {
            sink(&row.expect("a good row"));
        }
    }
    assert!(decoder.finish().is_none(), "a body ends with a line end");
}

fn sum(bodies: &[Vec<u8>], read: &mut dyn FnMut(&[u8], Sink<'_>)) -> (usize, u64) {
    let (mut rows, mut sum) = (0, 0u64);
    for body in bodies {
        read(body, &mut |entry| {
            rows += 1;
            sum = sum.wrapping_mul(3).wrapping_add(checksum(entry));
        });
    }
    (rows, sum)
}

fn print_table(variants: &mut [Variant], sets: &[Vec<Vec<u8>>]) {
    let medians: Vec<f64> = variants
        .iter_mut()
        .map(|variant| {
            variant.nanoseconds.sort_by(f64::total_cmp);
            variant.nanoseconds[variant.nanoseconds.len() / 2]
        })
        .collect();
    let bytes = |set: usize| sets[set].iter().map(Vec::len).sum::<usize>() as f64 / (12 * bodies::ROWS) as f64;
    println!("{:.0} bytes a row, {:.0} with fields of random length\n", bytes(0), bytes(1));
    println!("| variant | MB/s | ns a row | time, emu-proto whole = 1 |\n|---|--:|--:|--:|");
    for (variant, median) in variants.iter().zip(&medians) {
        let speed = bytes(variant.bodies) / median * 1000.0;
        println!("| {} | {speed:.0} | {median:.1} | {:.2} |", variant.name, median / medians[0]);
    }
}
