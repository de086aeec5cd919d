//! The `csv` crate with one record that is used again, and the standard library's parsers.

use csv::{ReaderBuilder, StringRecord};
use emu_proto::LoadProfileEntry;

/// Reads a body.
pub fn read(body: &[u8], sink: &mut (impl FnMut(&LoadProfileEntry) + ?Sized)) {
    let mut reader = ReaderBuilder::new().delimiter(b';').from_reader(body);
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).expect("a record") {
        sink(&super::entry_of_cells(record.iter().map(str::as_bytes)).expect("a good row"));
    }
}
