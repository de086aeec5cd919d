//! Whether every value of a core can be logged and stored: `defmt::Format`, and serde's `Serialize`.
//!
//! Not a value is what works: a type with a public method that changes it (`&mut self`), an iterator, and a writer.

use rustdoc_types::{Impl, ItemEnum, Type};

use crate::surface::{Shown, Surface};

/// Tells the values that cannot.
pub fn missing(surface: &Surface) -> Vec<String> {
    let mut missing = Vec::new();
    for shown in surface.types() {
        let impls: Vec<&Impl> = impls(surface, &shown);
        let has =
            |name: &str| impls.iter().any(|block| block.trait_.as_ref().is_some_and(|of| of.path.ends_with(name)));
        if works(surface, &impls) || has("Iterator") || has("Write") {
            continue;
        }
        for name in ["Format", "Serialize"] {
            if !has(name) {
                missing.push(format!("{} does not implement {name}; .ci/api/src/values.rs says what must", shown.path));
            }
        }
    }
    missing
}

fn impls<'a>(surface: &'a Surface, shown: &Shown<'a>) -> Vec<&'a Impl> {
    let ids = match &shown.item.inner {
        ItemEnum::Struct(it) => it.impls.as_slice(),
        ItemEnum::Enum(it) => &it.impls,
        _ => &[],
    };
    let blocks = ids.iter().filter_map(|id| surface.krate.index.get(id));
    blocks.filter_map(|item| if let ItemEnum::Impl(block) = &item.inner { Some(block) } else { None }).collect()
}

/// Whether a public method takes `&mut self`. A set of flags has some that are made for it, which do not count.
fn works(surface: &Surface, impls: &[&Impl]) -> bool {
    let is_set = impls.iter().any(|block| block.trait_.as_ref().is_some_and(|of| of.path.ends_with("BitOrAssign")));
    let methods = impls.iter().filter(|block| block.trait_.is_none()).flat_map(|block| &block.items);
    !is_set
        && methods.filter_map(|id| surface.krate.index.get(id)).any(|item| {
            let ItemEnum::Function(method) = &item.inner else { return false };
            let first = method.sig.inputs.first();
            first.is_some_and(|(name, of)| name == "self" && matches!(of, Type::BorrowedRef { is_mutable: true, .. }))
        })
}
