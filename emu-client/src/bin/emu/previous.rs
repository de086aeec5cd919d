//! A file of an earlier run: how far it came, and what can be added to it.

use std::path::Path;

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
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rows(Format),
    Checkpoint,
}

impl Previous {
    pub(crate) fn read<R: Entry + DeserializeOwned>(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::file(path, "read", &error))?;
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
        let mut places = Places::default();
        for row in rows.by_ref() {
            match row {
                Ok(row) => places.push(Checkpoint::of(&row)),
                Err(error) if error.is_fatal() => {
                    return Err(Failure::failed(format!("{} holds no rows of this log: {error}", path.display())));
                }
                Err(error) => previous.remarks.push(format!("{}: {error}", path.display())),
            }
        }
        let deviations = rows.deviations();
        if !deviations.is_empty() && !bytes.is_empty() {
            let deviations: Vec<_> = deviations.difference(Deviations::NO_FINAL_LINE_END).descriptions().collect();
            let deviations = deviations.join("; ");
            previous.obstacle = Some(format!("{} was not written by emu: {deviations}", path.display()));
        }
        previous.kept = bytes;
        previous.conclude(path, &places);
        Ok(previous)
    }

    fn read_jsonl<R: Entry + DeserializeOwned>(path: &Path, bytes: Vec<u8>) -> Result<Self, Failure> {
        let mut previous = Self { kind: Some(Kind::Rows(Format::Jsonl)), ..Self::default() };
        let bytes = previous.cut_last_line(path, bytes);
        let mut places = Places::default();
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<R>(line) {
                Ok(row) => places.push(Checkpoint::of(&row)),
                Err(error) => {
                    let message = format!("{}, line {}: {error}", path.display(), number + 1);
                    if places.last.is_none() {
                        return Err(Failure::failed(format!("{message}; it holds no rows of this log")));
                    }
                    previous.remarks.push(message);
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

    fn conclude(&mut self, path: &Path, places: &Places) {
        self.last = places.last;
        if places.is_descending {
            self.last = places.first;
            self.obstacle.get_or_insert_with(|| format!("{} has the newest row first", path.display()));
        }
    }
}

/// First and last row of a file.
#[derive(Debug, Default)]
struct Places {
    first: Option<Checkpoint>,
    last: Option<Checkpoint>,
    is_descending: bool,
}

impl Places {
    fn push(&mut self, place: Checkpoint) {
        match self.first {
            None => self.first = Some(place),
            // The first two rows tell; later a log may have been numbered anew.
            Some(first) if self.last == self.first => {
                self.is_descending = first.serial_number == place.serial_number
                    && place.index < first.index
                    && place.timestamp < first.timestamp;
            }
            Some(_) => {}
        }
        self.last = Some(place);
    }
}
