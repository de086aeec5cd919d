//! Whether a core's test of its types names all of them.
//!
//! That test asserts `Send`, `Sync`, `Debug` and `Clone` (not the last of what borrows a buffer alone), and the compiler proves it; what is looked for here is a type that
//! nobody named. Names in a module's list, `module: Name, Name;`, are of that module, all others of the crate.

use crate::surface::Surface;

/// Tells the types that are not named.
pub fn missing(surface: &Surface, test: &str) -> Vec<String> {
    let named = names(test);
    surface
        .types()
        .iter()
        .filter(|shown| !named.iter().any(|name| *name == shown.path))
        .map(|shown| format!("{} is not asserted to be Send, Sync, Debug and Clone in tests/types.rs", shown.path))
        .collect()
}

/// The paths that the first test names.
fn names(test: &str) -> Vec<String> {
    let body = test.split_once("fn every_type_can_be_shared_shown_and_cloned()").map_or("", |(_, rest)| rest);
    let body = body.split("\n}").next().unwrap_or_default();
    let mut module = String::new();
    let mut names = Vec::new();
    let mut word = String::new();
    let mut characters = body.chars().peekable();
    while let Some(c) = characters.next() {
        if c.is_alphanumeric() || c == '_' || (c == ':' && (word.ends_with(':') || characters.peek() == Some(&':'))) {
            word.push(c);
            continue;
        }
        match c {
            ':' => module = format!("{}::", std::mem::take(&mut word)),
            ';' => {
                names.push(format!("{module}{word}"));
                module.clear();
            }
            _ => names.push(format!("{module}{word}")),
        }
        word.clear();
    }
    names
}
