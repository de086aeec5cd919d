//! Reads a saved read-out: its rows, what is wrong with it and where, and the energy in it.
//!
//! ```sh
//! cargo run -p emu-examples --bin saved_file
//! cargo run -p emu-examples --bin saved_file -- read-out.csv
//! ```
//!
//! Without a file it reads a synthetic one, as some other meter or a spreadsheet might have written it, with damage.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::process::ExitCode;

use emu_examples::{Energy, KilowattHours, Registers};
use emu_proto::{
    Checkpoint, Decoder, Delimiter, Dialect, LineEnd, LoadProfileEntry, TimeForm, write_header, write_row,
};
use emu_simulator::Household;

fn main() -> ExitCode {
    emu_examples::exit(run())
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let file: Box<dyn Read> = match std::env::args().nth(1) {
        Some(path) => Box::new(File::open(&path).map_err(|error| format!("{path}: {error}"))?),
        None => {
            writeln!(out, "No file given: reading a synthetic one, which is damaged on purpose.")?;
            Box::new(Cursor::new(synthetic_file()?))
        }
    };
    Findings::read(file, &mut out)?.write(&mut out)?;
    Ok(())
}

/// What a file holds. Its size does not matter: it is read in pieces.
#[derive(Default)]
struct Findings {
    rows: u64,
    faults: u64,
    ends: Option<[Checkpoint; 2]>,
    energy: Energy,
    deviations: emu_proto::Deviations,
}

impl Findings {
    /// Reads all of it, and writes each fault as it is met.
    fn read(mut file: impl Read, out: &mut impl Write) -> io::Result<Self> {
        let mut findings = Self::default();
        let (mut decoder, mut buffer) = (Decoder::<LoadProfileEntry>::new(), [0; 8192]);
        loop {
            let length = file.read(&mut buffer)?;
            let (is_end, mut chunk) = (length == 0, &buffer[..length]);
            while let Some(row) = if is_end { decoder.finish() } else { decoder.decode(&mut chunk) } {
                match row {
                    Ok(row) => findings.row(&row, out)?,
                    Err(error) => {
                        findings.faults += 1;
                        writeln!(out, "{error}")?;
                    }
                }
            }
            if is_end {
                findings.deviations = decoder.deviations();
                return Ok(findings);
            }
        }
    }

    fn row(&mut self, row: &LoadProfileEntry, out: &mut impl Write) -> io::Result<()> {
        self.rows += 1;
        let place = Checkpoint::of(row);
        let first = self.ends.map_or(place, |[first, _]| first);
        self.ends = Some([first, place]);
        let mut told = Ok(());
        self.energy.add(row, |backwards| told = writeln!(out, "row {}: {backwards}", row.index));
        told
    }

    fn write(self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{} rows, {} lines that could not be read", self.rows, self.faults)?;
        if let Some([first, last]) = self.ends {
            writeln!(out, "first: index {} at {}, meter {}", first.index, first.timestamp, first.serial_number)?;
            writeln!(out, "last:  index {} at {}, meter {}", last.index, last.timestamp, last.serial_number)?;
        }
        for (name, energy) in Registers::NAMES.iter().zip(self.energy.total().values()) {
            writeln!(out, "active energy {name}: {} kWh", KilowattHours(energy))?;
        }
        for deviation in self.deviations.descriptions() {
            writeln!(out, "not as the known firmware writes it: {deviation}")?;
        }
        Ok(())
    }
}

/// Makes a day of rows in another dialect, two of them damaged, and cut off within the last row.
fn synthetic_file() -> Result<Vec<u8>, std::fmt::Error> {
    let dialect = Dialect {
        delimiter: Delimiter::Comma,
        time: TimeForm::Offset(60),
        line_end: LineEnd::CrLf,
        byte_order_mark: true,
        ..Dialect::KNOWN
    };
    let mut file = String::new();
    write_header::<LoadProfileEntry>(&mut file, &dialect)?;
    for row in Household::new(1).rows().take(96) {
        let start = file.len();
        write_row(&mut file, &dialect, &row)?;
        match row.index {
            20 => file.replace_range(start..start + 4, "20x5"),
            40 => file.replace_range(file.len() - ";500\r\n".len()..file.len() - "\r\n".len(), ""),
            _ => {}
        }
    }
    file.truncate(file.len() - 30);
    Ok(file.into_bytes())
}
