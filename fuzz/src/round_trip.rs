//! What is written is read: entries in any dialect, whole and in pieces, into a string and into a buffer.
//!
//! ```text
//! input = dialect count entries pieces
//! ```

use core::fmt;

use emu_proto::{
    BufferTooSmall, Checkpoint, ColumnOrder, Decoder, Delimiter, Deviations, Dialect, Entry, HeaderForm, LineEnd,
    LoadProfileEntry, Log, LogbookEntry, SliceWriter, TimeForm, write_header, write_row, write_to_slice,
};

use crate::bytes::Bytes;
use crate::reading::{Ending, read_in_pieces};
use crate::values::Values;

/// Writes entries of either log in a dialect and reads them.
///
/// # Panics
///
/// If a property does not hold.
pub fn round_trip(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    if bytes.flag() {
        check::<LogbookEntry>(&mut bytes);
    } else {
        check::<LoadProfileEntry>(&mut bytes);
    }
}

fn check<R: Entry>(bytes: &mut Bytes<'_>) {
    let dialect = dialect(bytes);
    let count = 1 + bytes.below(4);
    let values: Vec<Values> = (0..count).map(|_| Values::any::<R>(bytes)).collect();
    let entries: Vec<R> = values.iter().map(Values::entry).collect();
    for (entry, values) in entries.iter().zip(&values) {
        let mut known = String::new();
        write_row(&mut known, &Dialect::KNOWN, entry).expect("a string takes all");
        assert_eq!(known, values.line::<R>() + "\n", "the known firmware's row");
        let checkpoint = Checkpoint::of(entry);
        assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
    }

    let mut body = String::new();
    write_body(&mut body, &dialect, &entries).expect("a string takes all");
    let mut expected = deviations::<R>(&dialect);
    expected.set(Deviations::NEGATIVE_ENERGY, values.iter().any(Values::has_negative_energy::<R>));
    let size = usize::from(bytes.short());
    let pieces: Vec<usize> = bytes.rest().iter().take(40).map(|length| usize::from(*length)).collect();
    for pieces in [&[][..], &pieces, &[1]] {
        let reading = read_in_pieces(Decoder::<R>::new(), body.as_bytes(), pieces, Ending::Whole);
        assert_eq!(reading.deviations, expected, "{body}");
        assert_eq!(reading.delimiter, Some(dialect.delimiter));
        let rows: Result<Vec<R>, _> = reading.rows.into_iter().collect();
        assert_eq!(rows.as_ref(), Ok(&entries), "{body}");
    }
    let strict = read_in_pieces(Decoder::<R>::strict(), body.as_bytes(), &pieces, Ending::Whole);
    let is_known = expected.difference(Deviations::UNKNOWN).is_empty();
    assert_eq!(strict.rows.iter().all(Result::is_ok), is_known, "{body}");
    check_slice(&body, size % (body.len() + 8), |out| write_body(out, &dialect, &entries));
    check_slice(&body, body.len(), |out| write_body(out, &dialect, &entries));
    check_slice(&body, body.len() - 1, |out| write_body(out, &dialect, &entries));
}

/// A text fits exactly if the buffer is no shorter; what is written is its start, and behind that nothing is touched.
fn check_slice(text: &str, size: usize, write: impl FnOnce(&mut SliceWriter<'_>) -> fmt::Result) {
    const UNTOUCHED: u8 = 0xaa;
    let mut buffer = vec![UNTOUCHED; size + 8];
    let outcome = write_to_slice(&mut buffer[..size], write);
    assert_eq!(outcome, if size < text.len() { Err(BufferTooSmall) } else { Ok(text.len()) });
    let written = buffer.iter().position(|byte| *byte == UNTOUCHED).expect("behind the slice");
    assert!(buffer[written..].iter().all(|byte| *byte == UNTOUCHED));
    assert_eq!(&buffer[..written], &text.as_bytes()[..written]);
    assert!(written <= size && (size < text.len() || written == text.len()));
}

fn write_body<R: Entry>(out: &mut impl fmt::Write, dialect: &Dialect, entries: &[R]) -> fmt::Result {
    write_header::<R>(out, dialect)?;
    entries.iter().try_for_each(|entry| write_row(out, dialect, entry))
}

/// Takes any dialect that can be read back.
fn dialect(bytes: &mut Bytes<'_>) -> Dialect {
    let header = bytes.pick(&[HeaderForm::Scaled, HeaderForm::Bare, HeaderForm::Plain, HeaderForm::None]);
    let time = match bytes.below(5) {
        0 => TimeForm::Utc,
        1 => TimeForm::Blank,
        2 => TimeForm::NoZone,
        3 => TimeForm::Epoch,
        // Less than a day either way.
        _ => TimeForm::Offset(i16::try_from(bytes.short() % 2879).unwrap_or(0) - 1439),
    };
    let flags = bytes.byte();
    let is_reversed = flags & 16 != 0 && header != HeaderForm::None;
    Dialect {
        delimiter: bytes.pick(&Delimiter::ALL),
        header,
        // Without a header, only the manual's order can be read.
        order: if is_reversed { ColumnOrder::Reversed } else { ColumnOrder::Manual },
        line_end: if flags & 1 == 0 { LineEnd::Lf } else { LineEnd::CrLf },
        time,
        byte_order_mark: flags & 2 != 0,
        quoted: flags & 4 != 0,
        trailing_delimiter: flags & 8 != 0,
    }
}

/// What a reader is to say of a dialect.
fn deviations<R: Entry>(dialect: &Dialect) -> Deviations {
    let is_load_profile = R::LOG == Log::LoadProfile;
    let mut expected = match dialect.time {
        TimeForm::Utc => Deviations::empty(),
        TimeForm::Offset(_) => Deviations::TIME_OFFSET,
        TimeForm::Blank => Deviations::TIME_BLANK,
        TimeForm::NoZone => Deviations::TIME_NO_ZONE,
        TimeForm::Epoch => Deviations::TIME_EPOCH,
        form => panic!("{form:?} is not known here"),
    };
    match dialect.header {
        HeaderForm::Scaled => {}
        HeaderForm::None => expected.insert(Deviations::NO_HEADER),
        // How the known firmware writes the logbook's header is not known, and it has no values with decimals.
        HeaderForm::Bare => expected.set(Deviations::NO_UNIT, is_load_profile),
        HeaderForm::Plain => expected.set(Deviations::OTHER_SCALE, is_load_profile),
        form => panic!("{form:?} is not known here"),
    }
    expected.set(Deviations::DELIMITER, dialect.delimiter != Delimiter::Semicolon);
    expected.set(Deviations::COLUMN_ORDER, dialect.order == ColumnOrder::Reversed);
    expected.set(Deviations::CRLF, dialect.line_end == LineEnd::CrLf);
    expected.set(Deviations::BYTE_ORDER_MARK, dialect.byte_order_mark);
    expected.set(Deviations::QUOTES, dialect.quoted);
    expected.set(Deviations::TRAILING_DELIMITER, dialect.trailing_delimiter);
    expected
}
