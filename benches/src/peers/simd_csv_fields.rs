//! The `simd-csv` crate's reader that copies nothing, and the standard library's parsers.

use emu_proto::LoadProfileEntry;
use simd_csv::ZeroCopyReaderBuilder;

/// Reads a body.
pub fn read(body: &[u8], sink: &mut (impl FnMut(&LoadProfileEntry) + ?Sized)) {
    let mut reader = ZeroCopyReaderBuilder::new().delimiter(b';').from_reader(body);
    while let Some(record) = reader.read_byte_record().expect("a record") {
        sink(&super::entry_of_cells(record.iter()).expect("a good row"));
    }
}
