//! Replays every named seed of every target on stable Rust, without libFuzzer, and a few thousand mutations of them.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use emu_fuzz::{TARGETS, Target};
use oorandom::Rand32;

/// The seeds of a target, by name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<_> = entries(&folder().join(target))
        .into_iter()
        .map(|path| (name(&path), fs::read(&path).expect("a seed")))
        .collect();
    seeds.sort();
    seeds
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().expect("a name").to_str().expect("a plain name").to_owned()
}

#[test]
fn each_folder_is_of_a_target_and_each_target_has_seeds() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folders: BTreeSet<String> = entries(&folder()).iter().map(|path| name(path)).collect();
    assert_eq!(folders, targets);
    for target in targets {
        assert!(!seeds(&target).is_empty(), "{target} has no seeds");
        let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz_targets/{target}.rs"));
        assert!(binary.is_file(), "{target} has no libFuzzer binary");
    }
}

#[test]
fn seeds_are_replayed() {
    for (target, run) in TARGETS {
        for (name, seed) in seeds(target) {
            let outcome = catch_unwind(|| run(&seed));
            assert!(outcome.is_ok(), "seeds/{target}/{name} fails, see above");
        }
    }
}

/// The same mutations each time: what libFuzzer finds in seconds is found without it.
#[test]
fn mutations_of_the_seeds() {
    std::thread::scope(|scope| {
        for (target, run) in TARGETS {
            scope.spawn(move || run_mutations(target, run));
        }
    });
}

fn run_mutations(target: &str, run: Target) {
    let seeds = seeds(target);
    let mut random = Rand32::new(0x6d75_7461_7465);
    for round in 0..MUTATIONS {
        let input = mutate(&seeds, &mut random);
        let outcome = catch_unwind(|| run(&input));
        assert!(outcome.is_ok(), "{target}, mutation {round}, see above: b\"{}\"", input.escape_ascii());
    }
}

/// Changes a seed in a few places: bytes of other values, removed, doubled, or taken from another seed.
fn mutate(seeds: &[(String, Vec<u8>)], random: &mut Rand32) -> Vec<u8> {
    let mut below = |bound: usize| random.rand_range(0..u32::try_from(bound).expect("a small number").max(1)) as usize;
    let mut input = seeds[below(seeds.len())].1.clone();
    for _ in 0..=below(4) {
        let at = below(input.len() + 1);
        let length = below(24).min(input.len() - at);
        match below(6) {
            0 => input.insert(at, LIKELY[below(LIKELY.len())]),
            1 => drop(input.drain(at..at + length)),
            2 => {
                let piece = input[at..at + length].to_vec();
                input.splice(at..at, piece);
            }
            3 => {
                let other = &seeds[below(seeds.len())].1;
                let from = below(other.len() + 1);
                let piece = &other[from..other.len().min(from + 24)];
                input.splice(at..at + length, piece.iter().copied());
            }
            4 => input.truncate(at),
            _ if at < input.len() => input[at] = u8::try_from(below(256)).expect("a byte"),
            _ => {}
        }
    }
    input
}

/// Bytes that mean something somewhere.
const LIKELY: &[u8] = b";,\t\n\r\"-+. 09TZ:[]&=?\0\x01\xff";

const MUTATIONS: usize = 3000;
