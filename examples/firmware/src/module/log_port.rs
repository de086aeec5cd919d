//! The log's line: request lines in, bodies in CSV out. What is on the wire is told in [`line`](crate::line).

use core::fmt;

use emu_proto::{Dialect, LoadProfileEntry, Log, LogbookEntry, Readout, write_header, write_row, write_to_slice};

use super::meter::Meter;
use super::ring::Ring;
use crate::line::{BROKEN, END};

/// Answers requests of a meter's logs, a line at a time, so that the program can do something else in between.
///
/// # How it is driven
///
/// Hand what comes to [`handle_bytes`](Self::handle_bytes); send what [`poll_transmit`](Self::poll_transmit) writes until it
/// has no more, and look after the other line in between.
#[derive(Debug, Clone)]
pub struct LogPort {
    /// The request line that is coming, and its length; more than the buffer has if it is too long.
    request: [u8; 64],
    length: usize,
    answer: Answer,
    /// An answer was cut short by the next request, and its end is to be told first.
    is_broken: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    None,
    /// It was no request.
    Refusal,
    Header(Log, Rows),
    Rows(Log, Rows),
}

/// Indices that are still to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rows {
    next: u32,
    is_descending: bool,
    left: u32,
}

impl LogPort {
    /// The size of the buffer that any line fits into; the longest is the load profile's header.
    pub const BUFFER: usize = 1024;

    /// Makes a port that waits for a request.
    #[must_use]
    pub const fn new() -> Self {
        Self { request: [0; 64], length: 0, answer: Answer::None, is_broken: false }
    }

    /// Takes what came.
    pub fn handle_bytes(&mut self, meter: &Meter, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\r' => {}
                b'\n' => {
                    let request = self.request.get(..self.length).and_then(|line| str::from_utf8(line).ok());
                    self.length = 0;
                    self.is_broken |= self.answer != Answer::None;
                    self.answer = match request.map(Readout::parse_target) {
                        Some(Ok((log, readout))) => Answer::Header(log, Rows::of(meter, log, readout)),
                        _ => Answer::Refusal,
                    };
                }
                byte => {
                    if let Some(slot) = self.request.get_mut(self.length) {
                        *slot = *byte;
                    }
                    self.length = (self.length + 1).min(self.request.len() + 1);
                }
            }
        }
    }

    /// Writes what is to be sent next, a line or the mark of an answer's end, and returns its length; `None` if there is
    /// nothing.
    pub fn poll_transmit(&mut self, meter: &Meter, buffer: &mut [u8]) -> Option<usize> {
        if core::mem::take(&mut self.is_broken) {
            return mark(BROKEN, buffer);
        }
        match self.answer {
            Answer::None => None,
            Answer::Refusal => {
                self.answer = Answer::None;
                mark(BROKEN, buffer)
            }
            Answer::Header(log, rows) => {
                self.answer = Answer::Rows(log, rows);
                write_to_slice(buffer, |out| match log {
                    Log::LoadProfile => write_header::<LoadProfileEntry>(out, &Dialect::KNOWN),
                    Log::Logbook => write_header::<LogbookEntry>(out, &Dialect::KNOWN),
                })
                .ok()
            }
            Answer::Rows(log, mut rows) => {
                // A row that was overwritten meanwhile is left out.
                let written = rows.find_map(|index| match log {
                    Log::LoadProfile => write_entry(meter.load_profile().get(index)?, buffer),
                    Log::Logbook => write_entry(meter.logbook().get(index)?, buffer),
                });
                self.answer = if written.is_some() { Answer::Rows(log, rows) } else { Answer::None };
                written.or_else(|| mark(END, buffer))
            }
        }
    }
}

impl Default for LogPort {
    fn default() -> Self {
        Self::new()
    }
}

impl Rows {
    /// Returns the indices that a request asks for, as far as there are rows.
    fn of(meter: &Meter, log: Log, readout: Readout) -> Self {
        match log {
            Log::LoadProfile => Self::in_ring(meter.load_profile(), log, readout),
            Log::Logbook => Self::in_ring(meter.logbook(), log, readout),
        }
    }

    fn in_ring<T: Copy, const N: usize>(ring: &Ring<T, N>, log: Log, readout: Readout) -> Self {
        let (oldest, newest) = (ring.oldest(), ring.newest());
        let (low, high) = match readout {
            Readout::Range { from, to } => (from.min(to).max(oldest), from.max(to).min(newest)),
            Readout::Newest | Readout::Last(_) => (oldest, newest),
        };
        let limit = u32::try_from(readout.count(log)).unwrap_or(u32::MAX).min(log.limit());
        let left = (high + 1).saturating_sub(low).min(limit);
        let is_descending = readout.is_descending();
        Self { next: if is_descending { high } else { low }, is_descending, left }
    }
}

impl Iterator for Rows {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        let index = self.next;
        self.next = if self.is_descending { index.wrapping_sub(1) } else { index.wrapping_add(1) };
        Some(index)
    }
}

fn write_entry<R: emu_proto::Entry>(entry: R, buffer: &mut [u8]) -> Option<usize> {
    write_to_slice(buffer, |out| -> fmt::Result { write_row(out, &Dialect::KNOWN, &entry) }).ok()
}

fn mark(mark: u8, buffer: &mut [u8]) -> Option<usize> {
    *buffer.first_mut()? = mark;
    Some(1)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use emu_proto::{Entry, read_body};
    use std::format;
    use std::vec::Vec;

    /// Everything that is sent for a request.
    fn ask(meter: &Meter, request: &str) -> Vec<u8> {
        let mut port = LogPort::new();
        port.handle_bytes(meter, request.as_bytes());
        drain(&mut port, meter)
    }

    fn drain(port: &mut LogPort, meter: &Meter) -> Vec<u8> {
        let (mut sent, mut buffer) = (Vec::new(), [0; LogPort::BUFFER]);
        while let Some(length) = port.poll_transmit(meter, &mut buffer) {
            sent.extend_from_slice(&buffer[..length]);
        }
        sent
    }

    /// The indices of an answer that ends well.
    fn indices<R: Entry>(meter: &Meter, request: &str) -> Vec<u32> {
        let sent = ask(meter, request);
        let (end, body) = sent.split_last().unwrap();
        assert_eq!(*end, END);
        read_body::<R>(body).map(|row| row.unwrap().index()).collect()
    }

    #[test]
    fn the_forms_of_the_manual() {
        let mut meter = Meter::new();
        meter.advance(40_000);
        let ask = |query: &str| indices::<LoadProfileEntry>(&meter, &format!("/data/{query}\r\n"));
        assert_eq!(ask("?last=3"), [136, 135, 134]);
        assert_eq!(ask("?from=20&to=22"), [20, 21, 22]);
        assert_eq!(ask("?from=22&to=20"), [22, 21, 20]);
        assert_eq!(ask("?from=1&to=10"), [9, 10]);
        assert_eq!(ask("?from=136&to=4294967295"), [136]);
        assert_eq!(ask("?from=1&to=4"), []);
        assert_eq!(ask("?last=0"), []);
        assert_eq!(ask(""), (9..=136).rev().collect::<Vec<_>>());
        assert_eq!(indices::<LogbookEntry>(&meter, "/logbook/\n"), [3, 2, 1]);
    }

    #[test]
    fn what_is_no_request_is_told() {
        let meter = Meter::new();
        let long = format!("/data/?last={:070}\n", 1);
        for request in ["\n", "/\n", "/data/?x\n", "\u{fffd}\n", &long] {
            assert_eq!(ask(&meter, request), [BROKEN], "{request}");
        }
        assert_eq!(ask(&meter, "/data/?last=1"), b"");
    }

    #[test]
    fn a_request_ends_the_answer_before() {
        let meter = Meter::new();
        let mut port = LogPort::new();
        let mut buffer = [0; LogPort::BUFFER];
        port.handle_bytes(&meter, b"/data/\n");
        assert!(port.poll_transmit(&meter, &mut buffer).is_some());
        port.handle_bytes(&meter, b"/logbook/?last=1\n");
        let sent = drain(&mut port, &meter);
        assert_eq!(sent[0], BROKEN);
        assert_eq!(read_body::<LogbookEntry>(&sent[1..sent.len() - 1]).filter(Result::is_ok).count(), 1);
    }

    #[test]
    fn rows_that_are_overwritten_meanwhile_are_left_out() {
        let mut meter = Meter::new();
        let mut port = LogPort::new();
        port.handle_bytes(&meter, b"/data/?from=1&to=96\n");
        meter.advance(60_000);
        let sent = drain(&mut port, &meter);
        let rows: Vec<_> =
            read_body::<LoadProfileEntry>(&sent[..sent.len() - 1]).map(|row| row.unwrap().index).collect();
        assert_eq!(rows, (29..=96).collect::<Vec<_>>());
    }
}
