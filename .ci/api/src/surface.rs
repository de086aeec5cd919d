//! What of a crate is public: the JSON that rustdoc writes, and its items as lines.

use std::collections::HashSet;
use std::path::Path;

use public_api::{Builder, PublicItem};
use rustdoc_types::{Crate, Item, ItemEnum};

/// The public API of a crate.
pub struct Surface {
    pub name: String,
    pub krate: Crate,
    /// In order: what is public, as Rust writes it.
    pub lines: Vec<String>,
}

impl Surface {
    pub fn read(file: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let krate: Crate = serde_json::from_str(&std::fs::read_to_string(file)?).map_err(|error| {
            format!("not the JSON that is read here ({error}): does .ci/api/Cargo.toml fit this Rust?")
        })?;
        // Functions and constants of a trait's impl are the trait's; its types are chosen by the impl.
        let is_of_trait = |item: &PublicItem| {
            let of = item.parent_id().and_then(|id| krate.index.get(&id)).map(|parent| &parent.inner);
            let text = item.to_string();
            matches!(of, Some(ItemEnum::Impl(block)) if block.trait_.is_some())
                && ["pub fn ", "pub const "].iter().any(|start| text.starts_with(start))
        };
        let api = Builder::from_rustdoc_json(file)
            .sorted(true)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .build()?;
        let lines = api
            .items()
            .filter(|item| !is_of_trait(item))
            .map(ToString::to_string)
            // What `derive(PartialEq)` says of patterns.
            .filter(|line| !line.contains("::StructuralPartialEq "))
            .collect();
        let name = krate.index[&krate.root].name.clone().unwrap_or_default();
        Ok(Self { name, krate, lines })
    }

    /// What stands in this crate's public modules, each at the place where it is found first. What is re-exported from
    /// another crate is shown there.
    pub fn shown(&self) -> Vec<Shown<'_>> {
        let mut found = Vec::new();
        if let Some(root) = self.krate.index.get(&self.krate.root) {
            self.walk(root, String::new(), &mut found);
        }
        let mut seen = HashSet::new();
        found.retain(|shown| seen.insert(shown.item.id));
        found
    }

    /// Each struct and enum of those.
    pub fn types(&self) -> Vec<Shown<'_>> {
        let mut types = self.shown();
        types.retain(|shown| matches!(shown.item.inner, ItemEnum::Struct(_) | ItemEnum::Enum(_) | ItemEnum::Union(_)));
        types
    }

    fn walk<'a>(&'a self, module: &'a Item, path: String, found: &mut Vec<Shown<'a>>) {
        let ItemEnum::Module(content) = &module.inner else { return };
        for item in content.items.iter().filter_map(|id| self.krate.index.get(id)) {
            let (item, name) = match &item.inner {
                ItemEnum::Use(used) => match used.id.and_then(|id| self.krate.index.get(&id)) {
                    Some(item) => (item, used.name.as_str()),
                    None => continue,
                },
                _ => (item, item.name.as_deref().unwrap_or_default()),
            };
            if item.crate_id != 0 || matches!(item.inner, ItemEnum::Impl(_)) {
                continue;
            }
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") };
            found.push(Shown { item, path: path.clone(), module });
            self.walk(item, path, found);
        }
    }
}

/// An item that stands in a module.
pub struct Shown<'a> {
    pub item: &'a Item,
    /// Within the crate.
    pub path: String,
    pub module: &'a Item,
}
