//! Compares the public API of crates with what is checked in, and looks whether every public item has an example and every
//! type of a core is asserted to be shared, shown and cloned, and can be logged and stored. Run by `check`, which makes the JSON that is read here.
//!
//! Usage: `emu-api [--renew] SNAPSHOTS TREE JSON...`

mod examples;
mod snapshot;
mod surface;
mod types;
mod values;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use surface::Surface;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_renewed = arguments.first().is_some_and(|first| first == "--renew");
    if is_renewed {
        arguments.remove(0);
    }
    let [snapshots, tree, files @ ..] = arguments.as_slice() else {
        eprintln!("usage: emu-api [--renew] SNAPSHOTS TREE JSON...");
        return ExitCode::from(2);
    };
    let mut wrong = 0;
    for file in files {
        match check(Path::new(snapshots), Path::new(tree), &PathBuf::from(file), is_renewed) {
            Ok(found) => wrong += found,
            Err(error) => {
                eprintln!("{file}: {error}");
                wrong += 1;
            }
        }
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns how many things are wrong with a crate, each of which has been told.
fn check(snapshots: &Path, tree: &Path, file: &Path, is_renewed: bool) -> Result<usize, Box<dyn std::error::Error>> {
    let surface = Surface::read(file)?;
    let name = surface.name.replace('_', "-");
    let mut wrong = Vec::new();
    wrong.extend(snapshot::compare(&surface, &snapshots.join(format!("{name}.txt")), is_renewed)?);
    wrong.extend(examples::missing(&surface));
    let assertions = tree.join(&name).join("tests/types.rs");
    // The client's types are of several kinds, some of which are moved only; its own test says which.
    if name != "emu-client" {
        wrong.extend(values::missing(&surface));
        wrong.extend(types::missing(&surface, &std::fs::read_to_string(&assertions)?));
    }
    println!("{name}: {} public items, {} types, {} wrong", surface.lines.len(), surface.types().len(), wrong.len());
    for line in &wrong {
        eprintln!("{name}: {line}");
    }
    Ok(wrong.len())
}
