//! A file of an earlier run: how far it came, and what can be added to it.

use std::path::Path;
use std::time::SystemTime;

use emu_client::emu_proto::read_body;
use emu_client::{Checkpoint, Deviations, Entry};
use serde::de::DeserializeOwned;

use crate::args::Format;
use crate::exit::Failure;

/// What an earlier file holds.
#[derive(Debug, Default)]
pub(crate) struct Previous {
    /// The format, unless there is no file, or it is empty.
    pub(crate) kind: Option<Kind>,
    /// The newest row.
    pub(crate) last: Option<Checkpoint>,
    /// The whole lines, to which others may be added.
    pub(crate) kept: Vec<u8>,
    /// What is to be said about it.
    pub(crate) remarks: Vec<String>,
    /// Why nothing can be added, if so.
    pub(crate) obstacle: Option<String>,
    /// Whether there is a line in it that cannot be read.
    pub(crate) is_damaged: bool,
    /// The file as it was when it was read; nothing if there was none.
    pub(crate) stamp: Option<Stamp>,
}

/// What tells that a file was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// A file that was moved into the place of another has another one.
    #[cfg(unix)]
    inode: u64,
}

impl Stamp {
    /// Returns nothing if there is no such file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&metadata),
        })
    }
}

/// Deviations that are no matter of layout: a row that is added has the same layout as one with them.
const DATA: Deviations =
    Deviations::NO_FINAL_LINE_END.union(Deviations::NEGATIVE_ENERGY).union(Deviations::SHORT_SERIAL_NUMBER);

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rows(Format),
    Checkpoint,
}

impl Previous {
    pub(crate) fn read<R: Entry + DeserializeOwned>(path: &Path) -> Result<Self, Failure> {
        // Before it is read, so that no change in between is missed.
        let stamp = Stamp::of(path);
        let bytes = std::fs::read(path).map_err(|error| Failure::file(path, "read", &error))?;
        Ok(Self { stamp, ..Self::parse::<R>(path, bytes)? })
    }

    fn parse<R: Entry + DeserializeOwned>(path: &Path, bytes: Vec<u8>) -> Result<Self, Failure> {
        if let Some(checkpoint) = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok()) {
            return Ok(Self { kind: Some(Kind::Checkpoint), last: Some(checkpoint), ..Self::default() });
        }
        match bytes.trim_ascii_start().first() {
            None => Ok(Self::default()),
            Some(b'{') => Self::read_jsonl::<R>(path, bytes),
            Some(b'[') => Err(Failure::failed(format!(
                "{} is one JSON array, which cannot be gone on from; use jsonl or csv",
                path.display()
            ))),
            Some(_) => Self::read_csv::<R>(path, bytes),
        }
    }

    fn read_csv<R: Entry>(path: &Path, bytes: Vec<u8>) -> Result<Self, Failure> {
        let mut previous = Self { kind: Some(Kind::Rows(Format::Csv)), ..Self::default() };
        let bytes = previous.cut_last_line(path, bytes);
        let mut rows = read_body::<R>(&bytes);
        let mut places = Vec::new();
        for row in rows.by_ref() {
            match row {
                Ok(row) => places.push(Checkpoint::of(&row)),
                Err(error) if error.is_fatal() => {
                    return Err(Failure::failed(format!("{} holds no rows of this log: {error}", path.display())));
                }
                Err(error) => previous.note_damage(format!("{}: {error}", path.display())),
            }
        }
        let deviations = rows.deviations().difference(DATA);
        if !deviations.is_empty() && !bytes.is_empty() {
            let deviations = deviations.descriptions().collect::<Vec<_>>().join("; ");
            previous.obstacle = Some(format!("{} was not written by emu: {deviations}", path.display()));
        }
        previous.kept = bytes;
        previous.conclude(path, &places);
        Ok(previous)
    }

    fn read_jsonl<R: Entry + DeserializeOwned>(path: &Path, bytes: Vec<u8>) -> Result<Self, Failure> {
        let mut previous = Self { kind: Some(Kind::Rows(Format::Jsonl)), ..Self::default() };
        let bytes = previous.cut_last_line(path, bytes);
        let mut places = Vec::new();
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<R>(line) {
                Ok(row) => places.push(Checkpoint::of(&row)),
                Err(error) => {
                    let message = format!("{}, line {}: {error}", path.display(), number + 1);
                    if places.is_empty() {
                        return Err(Failure::failed(format!("{message}; it holds no rows of this log")));
                    }
                    previous.note_damage(message);
                }
            }
        }
        previous.kept = bytes;
        previous.conclude(path, &places);
        Ok(previous)
    }

    /// Cuts off a last line without a line end: nobody can tell whether it is whole.
    fn cut_last_line(&mut self, path: &Path, mut bytes: Vec<u8>) -> Vec<u8> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            self.remarks.push(format!("the last line of {} has no line end; its row is read anew", path.display()));
            bytes.truncate(whole);
        }
        bytes
    }

    fn note_damage(&mut self, remark: String) {
        self.is_damaged = true;
        self.remarks.push(remark);
    }

    fn conclude(&mut self, path: &Path, places: &[Checkpoint]) {
        self.last = places.last().copied();
        let Some((before, after)) = disorder(places) else { return };
        let obstacle = if places.windows(2).any(rises) {
            let (before, after) = (before.index, after.index);
            format!(
                "in {} row {after} follows row {before}, and it is not plain that the log was cleared",
                path.display()
            )
        } else {
            self.last = places.first().copied();
            format!("{} has the newest row first", path.display())
        };
        self.obstacle.get_or_insert(obstacle);
    }
}

/// Returns the first two neighbours of which the later one has no higher index, unless the log was cleared in between.
///
/// Clocks are set back and forth, so that times alone tell nothing. That a log was cleared is plain if the time goes on
/// and indices rise around the place: where the newest row comes first, they rise nowhere.
fn disorder(places: &[Checkpoint]) -> Option<(Checkpoint, Checkpoint)> {
    let (mut has_risen, mut has_fallen) = (false, false);
    for (at, pair) in places.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        let is_fall = falls(pair);
        if is_fall {
            let next = places.get(at.saturating_add(1)..at.saturating_add(3)).unwrap_or_default();
            let is_restart = after.timestamp > before.timestamp && !has_fallen && !falls(next);
            if !is_restart || !(has_risen || rises(next)) {
                return Some((*before, *after));
            }
        }
        (has_risen, has_fallen) = (rises(pair), is_fall);
    }
    None
}

fn rises(pair: &[Checkpoint]) -> bool {
    matches!(pair, [before, after] if before.serial_number == after.serial_number && before.index < after.index)
}

fn falls(pair: &[Checkpoint]) -> bool {
    matches!(pair, [before, after] if before.serial_number == after.serial_number && before.index >= after.index)
}
