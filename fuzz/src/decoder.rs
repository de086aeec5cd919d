//! A body in pieces: however it is cut, rows, errors, positions and deviations are the same as of the whole.
//!
//! ```text
//! input = flags count *length body      ; flags: log, strict, broken, size of the line buffer
//! ```

use emu_proto::{Decoder, Deviations, Entry, LoadProfileEntry, LogbookEntry, ReadErrorKind, read_body};

use crate::bytes::Bytes;
use crate::reading::{Ending, Reading, check_error, read_in_pieces};

/// Reads a body whole, in the pieces that the first bytes say, and byte by byte.
///
/// # Panics
///
/// If a property does not hold.
pub fn decoder(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let flags = bytes.byte();
    let count = bytes.below(16) as usize;
    let pieces: Vec<usize> = bytes.take(count).iter().map(|length| usize::from(*length)).collect();
    let body = bytes.rest();
    if flags & 1 == 0 {
        check_sizes::<LoadProfileEntry>(flags, &pieces, body);
    } else {
        check_sizes::<LogbookEntry>(flags, &pieces, body);
    }
}

fn check_sizes<R: Entry>(flags: u8, pieces: &[usize], body: &[u8]) {
    match (flags >> 3) & 3 {
        // Room for every row, but not for the fast reader's look ahead.
        1 => drop(check::<R, 271>(flags, pieces, body)),
        // Room for the fast reader, but not for the known header.
        2 => drop(check::<R, 300>(flags, pieces, body)),
        3 => drop(check::<R, 24>(flags, pieces, body)),
        _ => {
            let whole = check::<R, 704>(flags, pieces, body);
            if flags & (STRICT | BROKEN) == 0 {
                let mut rows = read_body::<R>(body);
                assert_eq!(rows.by_ref().collect::<Vec<_>>(), whole.rows, "a body in memory");
                assert_eq!(rows.deviations(), whole.deviations, "a body in memory");
            }
        }
    }
}

fn check<R: Entry, const N: usize>(flags: u8, pieces: &[usize], body: &[u8]) -> Reading<R> {
    let make = if flags & STRICT == 0 { Decoder::<R, N>::new } else { Decoder::<R, N>::strict };
    let ending = if flags & BROKEN == 0 { Ending::Whole } else { Ending::Broken };
    let whole = read_in_pieces(make(), body, &[], ending);
    assert_eq!(read_in_pieces(make(), body, pieces, ending), whole, "cut into pieces of {pieces:?}");
    assert_eq!(read_in_pieces(make(), body, &[1], ending), whole, "cut at every byte");

    let mut reached = 0;
    for error in whole.rows.iter().filter_map(|row| row.as_ref().err()) {
        check_error::<R>(error, body);
        assert!(error.offset >= reached, "errors come in order");
        reached = error.offset;
    }
    check_deviations(flags, &whole);
    check_count(flags, &whole, body);
    whole
}

/// A strict reader yields nothing that deviates; a lenient one refuses nothing for that.
fn check_deviations<R: Entry>(flags: u8, whole: &Reading<R>) {
    let is_refused = |kind| matches!(kind, ReadErrorKind::StrictHeader(_) | ReadErrorKind::StrictRow(_));
    if flags & STRICT == 0 {
        assert!(!whole.rows.iter().any(|row| row.is_err_and(|error| is_refused(error.kind))), "a lenient reader");
    } else if whole.rows.iter().any(Result::is_ok) {
        let refused = whole.deviations.difference(Deviations::UNKNOWN);
        assert!(refused.is_empty(), "a strict reader has met {refused:?}");
    }
}

/// Each line that is not blank is a row or an error, but for the header.
fn check_count<R: Entry>(flags: u8, whole: &Reading<R>, body: &[u8]) {
    if whole.is_fatal() || whole.delimiter.is_none() || flags & STRICT != 0 {
        return;
    }
    let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
    let is_blank = |line: &[u8]| line.is_empty() || line == b"\r";
    let mut count = lines.iter().filter(|line| !is_blank(line)).count();
    if !whole.deviations.contains(Deviations::NO_HEADER) {
        count -= 1;
    }
    // Whatever broke off is told, be it as little as a carriage return.
    if flags & BROKEN != 0 && lines.last() == Some(&&b"\r"[..]) {
        count += 1;
    }
    assert_eq!(whole.rows.len(), count, "each line that is not blank is a row or an error");
}

const STRICT: u8 = 2;
const BROKEN: u8 = 4;
