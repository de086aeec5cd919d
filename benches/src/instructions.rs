//! Parses the bodies of a dozen meters once, or some frames, to be counted by callgrind: see `scripts/instructions.sh`.
//!
//! Usage: `instructions VARIANT`, and the count is that of the functions `measured…`. It prints how many rows or frames there
//! were. Variants for frames are `emu-decode-list` and the like.

use std::hint::black_box;

use emu_benches::frames::{Sets, Task, VARIANTS, Variant};
use emu_benches::{bodies, peers};
use emu_proto::{ColumnOrder, Decoder, Dialect, HeaderForm, LoadProfileEntry, TimeForm, read_body};

fn main() {
    let variant = std::env::args().nth(1).unwrap_or_else(|| "whole".to_owned());
    if let Some((peer, task)) = frames(&variant) {
        let mut buffer = vec![0; 1500];
        let sets = Sets::new();
        // Once before: a buffer that grows, grows once.
        let _ = peer.run(task, &sets, &mut buffer);
        return println!("{}", measured_frames(peer, task, &sets, &mut buffer).expect("what it can do"));
    }
    let known = Dialect::KNOWN;
    let dialect = match variant.as_str() {
        "reversed" => Dialect { order: ColumnOrder::Reversed, ..known },
        "quoted" => Dialect { quoted: true, ..known },
        "offset" => Dialect { time: TimeForm::Offset(60), ..known },
        "decimals" => Dialect { header: HeaderForm::Plain, ..known },
        _ => known,
    };
    let bodies = if variant == "random" { bodies::random_lengths() } else { bodies::dozen(&dialect) };
    let read: fn(&[u8], usize) -> usize = match variant.as_str() {
        "csv_serde" => |body, _| count(|sink| peers::csv_serde(body, sink)),
        "csv_records" => |body, _| count(|sink| peers::csv_records(body, sink)),
        "nom_tuned" => |body, _| count(|sink| peers::nom_tuned(body, sink)),
        _ if variant.parse::<usize>().is_ok() => chunks,
        _ => whole,
    };
    let rows = measured(&bodies, read, variant.parse().unwrap_or_default());
    assert_eq!(rows, bodies.len() * bodies::ROWS, "{variant} reads other rows");
    println!("{rows}");
}

/// Whose frames are counted, and what is done to them, from a name such as `emu-decode-list`.
fn frames(name: &str) -> Option<(Variant, Task)> {
    let (short, task) = name.split_once('-')?;
    let task = match task {
        "decode-list" => Task::DecodeList,
        "encode-list" => Task::EncodeList,
        "decode-piece" => Task::DecodeUpload,
        "encode-piece" => Task::EncodeUpload,
        _ => return None,
    };
    VARIANTS.into_iter().find(|variant| variant.short == short).map(|variant| (variant, task))
}

/// What is counted.
#[inline(never)]
fn measured_frames(peer: Variant, task: Task, sets: &Sets, buffer: &mut Vec<u8>) -> Option<usize> {
    black_box(peer.run(task, sets, buffer))
}

/// What is counted.
#[inline(never)]
fn measured(bodies: &[Vec<u8>], read: fn(&[u8], usize) -> usize, size: usize) -> usize {
    black_box(bodies.iter().map(|body| read(body, size)).sum())
}

/// Counts the rows that a peer yields.
fn count(read: impl FnOnce(&mut dyn FnMut(&LoadProfileEntry))) -> usize {
    let mut rows = 0;
    read(&mut |row| {
        black_box(row);
        rows += 1;
    });
    rows
}

fn whole(body: &[u8], _: usize) -> usize {
    let (mut entries, mut rows) = (read_body::<LoadProfileEntry>(body), 0);
    // By reference: a row that is looked at need not be moved.
    while let Some(row) = &entries.next() {
        black_box(row).as_ref().expect("a good row");
        rows += 1;
    }
    rows
}

fn chunks(body: &[u8], size: usize) -> usize {
    let (mut decoder, mut rows) = (Decoder::<LoadProfileEntry>::new(), 0);
    for mut chunk in body.chunks(size) {
        while let Some(row) = &decoder.decode(&mut chunk) {
            black_box(row).as_ref().expect("a good row");
            rows += 1;
        }
    }
    rows
}
