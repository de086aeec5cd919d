//! Keeps a meter's load profile in an SQLite database: to be run each night, or as often as one likes.
//!
//! ```sh
//! cargo run -p emu-examples --features sqlite --bin sqlite_sync
//! cargo run -p emu-examples --features sqlite --bin sqlite_sync -- 192.168.1.20 meter.sqlite meter.checkpoint
//! ```
//!
//! In place of an address, `-` is the simulated meter, too.
//!
//! Each run reads what was logged since the last one. Where that ended is in the checkpoint file, which is written after
//! its rows were committed: it is never ahead of the database. A crash in between only means that some rows are read
//! again, and rows that are there already stay as they are. A checkpoint whose row is not in the database belongs to
//! another one: then all is read again.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use emu_client::{Checkpoint, Entry, Item, LoadProfileEntry, Notice};
use emu_examples::{Source, tell};
use emu_proto::{Dialect, write_row};
use rusqlite::{Connection, OptionalExtension, Transaction, params_from_iter};

/// So many rows are committed at once, at most.
const BATCH: usize = 3_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    emu_examples::exit(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let source = Source::open(arguments.next().filter(|address| address != "-"))?;
    let database = arguments.next().unwrap_or_else(|| "load-profile.sqlite".to_owned());
    let checkpoint = arguments.next().unwrap_or_else(|| format!("{database}.checkpoint"));
    tell(&format!("Reading {source} into {database}"));
    let mut store = Store::open(database.as_ref(), checkpoint.as_ref())?;

    let mut items = source.meter()?.sync::<LoadProfileEntry>(store.checkpoint()?).into_items();
    let (mut batch, mut added) = (Vec::with_capacity(BATCH), 0);
    let ending = loop {
        match items.next().await {
            Some(Ok(Item::Row(row))) => batch.push(row),
            // Rows that the meter lost, or another meter: nobody will look at the database for that.
            Some(Ok(Item::Notice(notice @ Notice::Event(_)))) => tell(&notice.to_string()),
            Some(Ok(Item::Notice(_))) => {}
            Some(Err(error)) => break Err(error.into()),
            None => break Ok(()),
        }
        if batch.len() == BATCH {
            added += store.add(&std::mem::take(&mut batch), items.checkpoint())?;
        }
    };
    // What came before an error is good.
    added += store.add(&batch, items.checkpoint())?;
    let read = items.summary().rows;
    tell(&format!("{read} rows read, {added} of them new; {} in the database", store.count()?));
    ending
}

/// The database and the checkpoint file beside it.
struct Store<'a> {
    connection: Connection,
    checkpoint: &'a Path,
}

impl<'a> Store<'a> {
    fn open(database: &Path, checkpoint: &'a Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(database)?;
        // Names and kinds of the columns come from the log's own table.
        let columns = LoadProfileEntry::COLUMNS.iter().map(|column| {
            let kind = if matches!(column.key, "timestamp" | "serial_number") { "TEXT" } else { "INTEGER" };
            format!("\"{}\" {kind} NOT NULL", column.key)
        });
        // The time is part of the key since a log may number its rows anew: those are not the same rows.
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS load_profile (
                {},
                PRIMARY KEY (serial_number, \"index\", timestamp)
            ) STRICT, WITHOUT ROWID",
            columns.collect::<Vec<_>>().join(",\n")
        ))?;
        Ok(Self { connection, checkpoint })
    }

    /// Returns the place to go on from, if its row is in the database.
    fn checkpoint(&self) -> Result<Option<Checkpoint>, Box<dyn Error>> {
        let text = match fs::read_to_string(self.checkpoint) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", self.checkpoint.display()).into()),
        };
        let checkpoint: Checkpoint = text.parse()?;
        let query = "SELECT 1 FROM load_profile WHERE serial_number = ? AND \"index\" = ? AND timestamp = ?";
        // As printed, its three fields are what those columns hold.
        let place = checkpoint.to_string();
        let row = self.connection.query_row(query, params_from_iter(place.split(' ')), |_| Ok(())).optional()?;
        Ok(row.map(|()| checkpoint))
    }

    /// Adds rows, then saves the checkpoint; returns how many rows were new.
    fn add(&mut self, rows: &[LoadProfileEntry], place: Option<Checkpoint>) -> Result<usize, Box<dyn Error>> {
        let transaction = self.connection.transaction()?;
        let added = insert(&transaction, rows)?;
        transaction.commit()?;
        if let Some(place) = place {
            // Whole or not at all: a file cut short would be none.
            let new = self.checkpoint.with_added_extension("new");
            let mut file = fs::File::create(&new)?;
            writeln!(file, "{place}")?;
            file.sync_all()?;
            fs::rename(&new, self.checkpoint)?;
        }
        Ok(added)
    }

    fn count(&self) -> rusqlite::Result<u64> {
        self.connection
            .query_row("SELECT count(*) FROM load_profile", [], |row| row.get::<_, i64>(0))
            .map(|count| count as u64)
    }
}

fn insert(transaction: &Transaction<'_>, rows: &[LoadProfileEntry]) -> Result<usize, Box<dyn Error>> {
    let marks = vec!["?"; LoadProfileEntry::COLUMNS.len()].join(", ");
    let mut statement =
        transaction.prepare(&format!("INSERT INTO load_profile VALUES ({marks}) ON CONFLICT DO NOTHING"))?;
    let (mut line, mut added) = (String::new(), 0);
    for row in rows {
        // A line as the meter writes it has the cells in the table's order; SQLite makes integers of digits.
        line.clear();
        write_row(&mut line, &Dialect::KNOWN, row)?;
        added += statement.execute(params_from_iter(line.trim_end().split(';')))?;
    }
    Ok(added)
}
