//! Rows as csv, json, jsonl or a table.

use emu_client::Entry;
use emu_client::emu_proto::{Dialect, write_header, write_row};
use serde::Serialize;

use crate::args::Format;
use crate::exit::Failure;
use crate::output::Output;
use crate::table::Table;

/// Writes rows in one format.
pub(crate) struct RowWriter {
    format: Format,
    table: Table,
    /// Whether something stands before the next row already.
    has_started: bool,
    line: String,
}

impl RowWriter {
    /// `goes_on`: rows are added to a file that has some.
    pub(crate) fn new<R: Entry>(format: Format, wide: bool, goes_on: bool) -> Self {
        Self { format, table: Table::new::<R>(wide), has_started: goes_on, line: String::new() }
    }

    /// Writes a row, and what stands before the first one.
    pub(crate) fn row<R: Entry + Serialize>(&mut self, output: &mut Output, row: &R) -> Result<(), Failure> {
        self.line.clear();
        let is_first = !self.has_started;
        self.start::<R>();
        match self.format {
            Format::Table => self.table.row(&mut self.line, row),
            Format::Csv => {
                // A `String` takes everything.
                let _: std::fmt::Result = write_row(&mut self.line, &Dialect::KNOWN, row);
            }
            Format::Json => {
                self.line.push_str(if is_first { "\n" } else { ",\n" });
                self.push_object(row)?;
            }
            Format::Jsonl => {
                self.push_object(row)?;
                self.line.push('\n');
            }
        }
        output.write(&self.line)
    }

    /// Writes what stands after the last row, and the head if there was none.
    pub(crate) fn end<R: Entry>(&mut self, output: &mut Output) -> Result<(), Failure> {
        self.line.clear();
        let is_empty = !self.has_started;
        self.start::<R>();
        if self.format == Format::Json {
            self.line.push_str(if is_empty { "]\n" } else { "\n]\n" });
        }
        output.write(&self.line)
    }

    fn start<R: Entry>(&mut self) {
        if std::mem::replace(&mut self.has_started, true) {
            return;
        }
        match self.format {
            Format::Table => self.table.head(&mut self.line),
            Format::Csv => {
                // A `String` takes everything.
                let _: std::fmt::Result = write_header::<R>(&mut self.line, &Dialect::KNOWN);
            }
            Format::Json => self.line.push('['),
            Format::Jsonl => {}
        }
    }

    fn push_object<R: Serialize>(&mut self, row: &R) -> Result<(), Failure> {
        let object =
            serde_json::to_string(row).map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))?;
        self.line.push_str(&object);
        Ok(())
    }
}
