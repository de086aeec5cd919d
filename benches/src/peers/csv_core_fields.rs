//! The `csv-core` crate, which allocates nothing, and the standard library's parsers.

use csv_core::{ReadRecordResult, ReaderBuilder};
use emu_proto::LoadProfileEntry;

/// Reads a body.
pub fn read(body: &[u8], sink: &mut (impl FnMut(&LoadProfileEntry) + ?Sized)) {
    let mut reader = ReaderBuilder::new().delimiter(b';').build();
    let (mut input, mut output, mut ends) = (body, [0; 1024], [0; 64]);
    let mut is_header = true;
    loop {
        let (result, taken, _, count) = reader.read_record(input, &mut output, &mut ends);
        input = &input[taken..];
        match result {
            ReadRecordResult::Record if is_header => is_header = false,
            ReadRecordResult::Record => {
                let mut start = 0;
                let cells = ends[..count].iter().map(|end| {
                    let cell = &output[start..*end];
                    start = *end;
                    cell
                });
                sink(&super::entry_of_cells(cells).expect("a good row"));
            }
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::End => return,
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => panic!("a line fits"),
        }
    }
}
