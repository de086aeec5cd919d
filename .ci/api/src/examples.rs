//! Whether every public item has an example, or a link to one.
//!
//! The rule, for whatever stands in a module: a code block in its own documentation or in that of one of its methods; or one in
//! the documentation of its module, or of the crate, that names it; or a link in its own documentation to an item of which
//! one of these is true. Fields, variants and methods are shown by what they are part of.

use rustdoc_types::{Item, ItemEnum};

use crate::surface::{Shown, Surface};

/// Tells the items without.
pub fn missing(surface: &Surface) -> Vec<String> {
    let mut missing: Vec<String> = surface
        .shown()
        .iter()
        .filter(|shown| !is_exemplified(surface, shown))
        .map(|shown| format!("{} has neither an example nor a link to an item that has one", shown.path))
        .collect();
    if !missing.is_empty() {
        missing.push("what counts as one is said in .ci/api/src/examples.rs".to_owned());
    }
    missing
}

fn is_exemplified(surface: &Surface, shown: &Shown<'_>) -> bool {
    let all = surface.shown();
    let linked = |id| all.iter().find(|other| other.item.id == id);
    has_example(surface, shown.item)
        || is_named(surface, shown)
        || shown.item.links.values().any(|id| match linked(*id) {
            Some(other) if matches!(other.item.inner, ItemEnum::Module(_)) => {
                names(other.item, shown.item.name.as_deref().unwrap_or_default())
            }
            Some(other) => has_example(surface, other.item) || is_named(surface, other),
            // A method of a type.
            None => surface.krate.index.get(id).is_some_and(|part| has_example(surface, part)),
        })
}

/// Whether the module's example, or the crate's, shows the item.
fn is_named(surface: &Surface, shown: &Shown<'_>) -> bool {
    let name = shown.item.name.as_deref().unwrap_or_default();
    let root = surface.krate.index.get(&surface.krate.root);
    [Some(shown.module), root].into_iter().flatten().any(|module| names(module, name))
}

/// Whether there is a code block in an item's documentation, or in that of its methods.
fn has_example(surface: &Surface, item: &Item) -> bool {
    let index = &surface.krate.index;
    let impls = match &item.inner {
        ItemEnum::Struct(it) => it.impls.as_slice(),
        ItemEnum::Enum(it) => &it.impls,
        _ => &[],
    };
    let methods = impls.iter().filter_map(|id| index.get(id)).filter_map(|block| match &block.inner {
        ItemEnum::Impl(block) if block.trait_.is_none() => Some(block.items.as_slice()),
        _ => None,
    });
    let parts = match &item.inner {
        ItemEnum::Trait(it) => it.items.as_slice(),
        _ => &[],
    };
    code(item).next().is_some()
        || methods.flatten().chain(parts).filter_map(|id| index.get(id)).any(|part| code(part).next().is_some())
}

/// Whether a code block in an item's documentation holds the name.
fn names(item: &Item, name: &str) -> bool {
    code(item).any(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name))
}

/// The lines of the Rust in an item's documentation.
fn code(item: &Item) -> impl Iterator<Item = &str> {
    let mut fence: Option<bool> = None;
    item.docs.as_deref().unwrap_or_default().lines().filter(move |line| {
        let line = line.trim_start();
        match (line.strip_prefix("```"), fence) {
            (Some(kind), None) => fence = Some(!kind.starts_with("text") && !kind.starts_with("console")),
            (Some(_), Some(_)) => fence = None,
            (None, Some(is_rust)) => return is_rust,
            (None, None) => {}
        }
        false
    })
}
