//! How fast frames of SMP are read and written, beside what a user would pick instead: see `benches/README.md`.
//!
//! Usage: `codec [--smoke]`, or `codec --write FOLDER` to write the frames for `scripts/codec.py`. All variants run in turns,
//! round by round, on the same frames; a number of the table is the median of the thread's processor time. Before that, every
//! variant is seen to read what the frames say, and to write what says the same.

use std::fs;
use std::path::Path;

use cpu_time::ThreadTime;
use emu_benches::frames::{Sets, Task, VARIANTS};

fn main() {
    let sets = Sets::new();
    if let [flag, folder] = &std::env::args().skip(1).collect::<Vec<_>>()[..]
        && flag == "--write"
    {
        return write(&sets, Path::new(folder));
    }
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let rounds = if smoke { 3 } else { 101 };
    VARIANTS.iter().for_each(|variant| variant.check(&sets));

    let mut times = VARIANTS.map(|_| Task::ALL.map(|_| Vec::new()));
    for _ in 0..rounds {
        for (variant, times) in VARIANTS.iter().zip(&mut times) {
            for (task, times) in Task::ALL.into_iter().zip(times) {
                let mut buffer = vec![0; 1500];
                let start = ThreadTime::now();
                let count: usize = (0..REPEATS).filter_map(|_| variant.run(task, &sets, &mut buffer)).sum();
                if count > 0 {
                    times.push(start.elapsed().as_nanos() as f64 / count as f64);
                }
            }
        }
    }

    let bytes = |frames: &mut dyn Iterator<Item = usize>| frames.sum::<usize>() / sets.lists.len();
    let list = bytes(&mut sets.lists.iter().map(|(_, frame)| frame.len()));
    let piece = bytes(&mut sets.pieces.iter().map(|(_, frame)| frame.len()));
    println!("frames of {list} and {piece} bytes; nanoseconds a frame, and how many times emu-smp's\n");
    println!("| | list, decode | list, encode | piece, decode | piece, encode |\n|---|--:|--:|--:|--:|");
    let medians = times.map(|times| times.map(median));
    for (variant, row) in VARIANTS.iter().zip(&medians) {
        let cell = |(time, emu): (&Option<f64>, &Option<f64>)| match (time, emu) {
            (Some(time), Some(emu)) => format!("{time:.0} ({:.1})", time / emu),
            _ => "cannot".to_owned(),
        };
        let cells: Vec<String> = row.iter().zip(&medians[0]).map(cell).collect();
        println!("| {} | {} |", variant.name, cells.join(" | "));
    }
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

/// Writes the frames, a line each: what it is, and its digits.
fn write(sets: &Sets, folder: &Path) {
    let lists = sets.lists.iter().map(|(_, frame)| ("list", frame));
    let pieces = sets.pieces.iter().map(|(_, frame)| ("piece", frame));
    let digits = |frame: &[u8]| frame.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let lines: String = lists.chain(pieces).map(|(kind, frame)| format!("{kind} {}\n", digits(frame))).collect();
    fs::write(folder.join("frames.txt"), lines).expect("a folder that can be written to");
}

/// How often the frames are gone through in a round.
const REPEATS: usize = 50;
