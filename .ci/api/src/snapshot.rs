//! The public API as it was when somebody last decided on it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::surface::Surface;

/// Tells each line that came or went since the snapshot; or makes that anew.
pub fn compare(surface: &Surface, snapshot: &Path, is_renewed: bool) -> std::io::Result<Vec<String>> {
    let mut now = surface.lines.join("\n");
    now.push('\n');
    if is_renewed {
        std::fs::write(snapshot, now)?;
        return Ok(Vec::new());
    }
    let then = match std::fs::read_to_string(snapshot) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        then => then?,
    };
    let mut counts: BTreeMap<&str, isize> = BTreeMap::new();
    now.lines().for_each(|line| *counts.entry(line).or_default() += 1);
    then.lines().for_each(|line| *counts.entry(line).or_default() -= 1);
    let mut changes: Vec<String> = counts
        .iter()
        .filter(|(_, count)| **count != 0)
        .map(|(line, count)| format!("{} {line}", if *count > 0 { '+' } else { '-' }))
        .collect();
    if !changes.is_empty() {
        changes.push(format!(
            "the public API is not that of {}: if it shall be, `.ci/api/check --renew`, and a line in CHANGELOG.md",
            snapshot.display()
        ));
    }
    Ok(changes)
}
