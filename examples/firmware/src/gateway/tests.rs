//! The gateway's reader against a meter in memory, in virtual time: whatever the line does, the rows are the log's.

extern crate std;

use core::fmt::Write;
use core::time::Duration;
use std::collections::VecDeque;
use std::string::{String, ToString};
use std::vec::Vec;

use emu_proto::{
    Dialect, LoadProfileEntry, Log, Readout, ReadoutPlan, VarHours, WattHours, read_row, write_header, write_row,
};
use emu_smp::client::Instant;

use super::{Counts, Reader, Totals, Updater};
use crate::line::{BROKEN, END};

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Whole,
    /// It breaks off after so many bytes, and the line says so.
    Cancelled(usize),
    /// It breaks off after so many bytes, and nothing more comes.
    Silent(usize),
    /// The line says that it breaks off, and the rest comes nevertheless.
    Late(usize),
    /// Something else comes in its place.
    Instead(&'static [u8]),
}

struct Meter {
    rows: Vec<LoadProfileEntry>,
    /// Rows that are damaged on the way, so many times.
    damaged: Vec<(u32, u32)>,
    /// What becomes of the next answers; those after them come whole.
    fates: VecDeque<Fate>,
    /// How long the line takes from piece to piece.
    pace: Duration,
    /// How long the meter takes until it begins to answer.
    delay: Duration,
}

impl Meter {
    fn new(indices: impl IntoIterator<Item = u32>) -> Self {
        Self {
            rows: indices.into_iter().map(row).collect(),
            damaged: Vec::new(),
            fates: VecDeque::new(),
            pace: Duration::ZERO,
            delay: Duration::ZERO,
        }
    }

    fn with_fates(self, fates: impl IntoIterator<Item = Fate>) -> Self {
        Self { fates: fates.into_iter().collect(), ..self }
    }

    /// What comes over the line for a request: at once, and after the line has said that it breaks off.
    fn answer(&mut self, request: &str) -> (Vec<u8>, Vec<u8>) {
        let target = request.strip_suffix('\n').expect("a request is a line");
        let Ok((Log::LoadProfile, readout)) = Readout::parse_target(target) else { panic!("not a request: {target}") };
        let wanted = |index: u32| match readout {
            Readout::Range { from, to } => (from.min(to)..=from.max(to)).contains(&index),
            Readout::Last(_) | Readout::Newest => true,
        };
        let mut rows: Vec<_> = self.rows.iter().filter(|row| wanted(row.index)).copied().collect();
        if readout.is_descending() {
            rows.reverse();
        }
        rows.truncate(readout.count(Log::LoadProfile).min(3000) as usize);
        let mut body = String::new();
        write_header::<LoadProfileEntry>(&mut body, &Dialect::KNOWN).unwrap();
        for row in &rows {
            match self.damaged.iter_mut().find(|(index, times)| *index == row.index && *times > 0) {
                Some((_, times)) => {
                    *times -= 1;
                    writeln!(body, "2021-05-20T10:30:00Z;{};noise", row.index).unwrap();
                }
                None => write_row(&mut body, &Dialect::KNOWN, row).unwrap(),
            }
        }
        let cut = |at: usize, end: &[u8]| [&body.as_bytes()[..at.min(body.len())], end].concat();
        match self.fates.pop_front().unwrap_or(Fate::Whole) {
            Fate::Whole => (cut(body.len(), &[END]), Vec::new()),
            Fate::Cancelled(at) => (cut(at, &[BROKEN]), Vec::new()),
            Fate::Silent(at) => (cut(at, &[]), Vec::new()),
            Fate::Late(at) => (cut(at, &[BROKEN]), [&body.as_bytes()[at.min(body.len())..], &[END]].concat()),
            Fate::Instead(bytes) => ([bytes, &[END]].concat(), Vec::new()),
        }
    }
}

/// An invented row, each quarter of an hour.
fn row(index: u32) -> LoadProfileEntry {
    let template = b"2021-05-20T10:30:00Z;2;0;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;\
                     2326;2320;2304;99;99;0;500";
    let mut row: LoadProfileEntry = read_row(template).unwrap();
    row.index = index;
    row.timestamp += Duration::from_secs(900 * u64::from(index));
    row.active_energy_import_l123_t1 = WattHours(i64::from(index) * 750);
    row.reactive_energy_export_l123_t2 = VarHours(i64::from(index) * 11);
    row
}

fn totals<'a>(rows: impl IntoIterator<Item = &'a LoadProfileEntry>) -> Totals {
    let mut totals = Totals::default();
    rows.into_iter().for_each(|row| totals.add(row));
    totals
}

/// Reads everything, in pieces of some bytes; fails if it takes longer than an hour.
fn read(meter: &mut Meter, piece: usize) -> (Reader, Instant) {
    let mut reader = Reader::new(ReadoutPlan::all().block(50));
    let mut now = Instant::START;
    // What is under way on the line, and when it arrives.
    let mut line = VecDeque::<(Instant, Vec<u8>)>::new();
    while !reader.is_done() {
        let mut buffer = [0; 64];
        if let Some(length) = reader.poll_transmit(now, &mut buffer) {
            let (answer, rest) = meter.answer(core::str::from_utf8(&buffer[..length]).unwrap());
            let mut due = line.back().map_or(now, |(due, _)| now.max(*due)) + meter.delay;
            for piece in answer.chunks(piece) {
                due = due + meter.pace;
                line.push_back((due, piece.to_vec()));
            }
            for piece in rest.chunks(rest.len().div_ceil(3).max(1)) {
                due = due + Reader::SETTLE * 3 / 4;
                line.push_back((due, piece.to_vec()));
            }
            continue;
        }
        let Some(until) = reader.poll_timeout() else { continue };
        assert!(until.as_millis() < 3_600_000, "{reader:?}");
        match line.front() {
            Some((due, _)) if *due <= until => {
                let Some((due, piece)) = line.pop_front() else { continue };
                now = now.max(due);
                reader.handle_bytes(now, &piece);
            }
            _ => {
                now = now.max(until);
                reader.handle_timeout(now);
            }
        }
    }
    (reader, now)
}

#[test]
fn however_the_bytes_come() {
    for piece in [1, 2, 3, 7, 64, 127, 128, 1000, 100_000] {
        let mut meter = Meter::new(3..=203);
        let (reader, _) = read(&mut meter, piece);
        assert!(reader.is_complete());
        assert_eq!(*reader.totals(), totals(&meter.rows), "pieces of {piece}");
        let requests = reader.counts().requests;
        assert_eq!(*reader.counts(), Counts { requests, ..Counts::default() });
    }
}

/// What is slow is not broken, as long as something comes.
#[test]
fn a_slow_line() {
    let mut meter = Meter { pace: Reader::SILENCE / 2, ..Meter::new(1..=60) };
    let (reader, _) = read(&mut meter, 200);
    assert_eq!((*reader.totals(), reader.counts().broken), (totals(&meter.rows), 0));
}

/// Answers that come so late that they are the next request's, or one's after that: no row is lost, none is there twice.
#[test]
fn a_slow_meter() {
    for seconds in [2, 5, 11, 29] {
        let mut meter = Meter { delay: Duration::from_secs(seconds), ..Meter::new(1..=260) };
        let (reader, _) = read(&mut meter, 200);
        assert!(reader.is_complete(), "{seconds} s");
        assert_eq!((*reader.totals(), reader.counts().missing), (totals(&meter.rows), 0), "{seconds} s");
    }
}

/// A line on which something comes without end: noise, or rows.
#[test]
fn a_line_without_silence() {
    let mut body = String::new();
    write_header::<LoadProfileEntry>(&mut body, &Dialect::KNOWN).unwrap();
    write_row(&mut body, &Dialect::KNOWN, &row(7)).unwrap();
    for noise in [&b"\xff\x00;"[..], b"noise\n", body.as_bytes()] {
        let mut reader = Reader::new(ReadoutPlan::all().block(50));
        let mut now = Instant::START;
        while !reader.is_done() {
            reader.poll_transmit(now, &mut [0; 64]);
            reader.handle_bytes(now, noise);
            reader.handle_timeout(now);
            now = now + Duration::from_millis(50);
            assert!(now.as_millis() < 4 * 3_600_000, "{reader:?}");
        }
        assert!(!reader.is_complete());
    }
}

/// Each answer in turn breaks off at each of many places, in each way.
#[test]
fn wherever_an_answer_breaks_off() {
    let answers = read(&mut Meter::new(1..=120), 100).0.counts().requests as usize;
    for answer in 0..answers {
        for at in (0..4_000).step_by(311).chain([635, 636, 637]) {
            for fate in [Fate::Cancelled(at), Fate::Silent(at), Fate::Late(at)] {
                let fates = core::iter::repeat_n(Fate::Whole, answer).chain([fate]);
                let mut meter = Meter::new(1..=120).with_fates(fates);
                let (reader, _) = read(&mut meter, 100);
                assert!(reader.is_complete(), "{fate:?}");
                assert_eq!(*reader.totals(), totals(&meter.rows), "answer {answer}, {fate:?}");
                assert_eq!(reader.counts().missing, 0, "answer {answer}, {fate:?}");
                // It is asked for again, and once is enough: nothing of one answer is taken for the next.
                let Counts { requests, broken, .. } = *reader.counts();
                assert!(requests as usize <= answers + 2 && broken == 1, "answer {answer}, {fate:?}: {reader:?}");
            }
        }
    }
}

/// An answer that is cut to its header does not say that there are no rows.
#[test]
fn answers_that_break_off_again_and_again() {
    let mut header = String::new();
    write_header::<LoadProfileEntry>(&mut header, &Dialect::KNOWN).unwrap();
    let header = header.len();
    for at in [header - 1, header, header + 1] {
        for fate in [Fate::Cancelled(at), Fate::Silent(at)] {
            let mut meter = Meter::new(1..=120).with_fates(core::iter::repeat_n(fate, 15));
            let (reader, _) = read(&mut meter, 100);
            assert!(reader.is_complete(), "{fate:?}");
            assert_eq!((*reader.totals(), reader.counts().missing), (totals(&meter.rows), 0), "{fate:?}");
        }
    }
}

#[test]
fn what_is_no_answer() {
    for (instead, bad_lines) in [(&b""[..], 0), (b"<!DOCTYPE html><html></html>\n", 1), (b"noise\n", 1)] {
        let mut meter = Meter::new(1..=60).with_fates([Fate::Instead(instead)]);
        let (reader, _) = read(&mut meter, 10);
        assert_eq!(*reader.totals(), totals(&meter.rows), "{instead:?}");
        assert_eq!((reader.counts().broken, reader.counts().bad_lines), (1, bad_lines), "{instead:?}");
    }
}

#[test]
fn holes_and_rows_that_can_not_be_read() {
    let mut meter = Meter::new((1..=200).filter(|index| !matches!(index, 70 | 90..=95)));
    // One that comes whole when it is asked for again, and one that never does.
    meter.damaged = [(30, 1), (140, u32::MAX)].into();
    let (reader, _) = read(&mut meter, 50);
    assert!(reader.is_complete());
    assert_eq!(*reader.totals(), totals(meter.rows.iter().filter(|row| row.index != 140)));
    let Counts { gaps, missing, unreadable, bad_lines, .. } = *reader.counts();
    assert_eq!((gaps, missing, unreadable), (3, 8, 1));
    assert!(bad_lines >= 4, "{bad_lines}");
}

#[test]
fn a_meter_that_is_not_there() {
    let mut meter = Meter::new(1..=10).with_fates(core::iter::repeat_n(Fate::Silent(0), 1_000));
    let (reader, ended) = read(&mut meter, 10);
    assert!(!reader.is_complete());
    assert_eq!(reader.totals().rows, 0);
    assert_eq!(reader.counts().requests, Reader::PATIENCE + 1);
    assert!(ended - Instant::START < Duration::from_secs(660), "{ended:?}");
}

#[test]
fn how_much_memory_they_take() {
    assert!(size_of::<Reader>() <= 2560, "{}", size_of::<Reader>());
    assert!(size_of::<Updater<'_>>() <= 3072, "{}", size_of::<Updater<'_>>());
}

#[test]
fn what_it_prints() {
    let totals = totals(&[row(7), row(8)]);
    assert_eq!(totals.to_string(), "rows=2 first=7 last=8 index=15 energies=11250,0,0,0,0,0,0,165 power=5970");
    assert_eq!(Totals::default().to_string(), "rows=0 index=0 energies=0,0,0,0,0,0,0,0 power=0");
    assert_eq!(
        Counts::default().to_string(),
        "requests=0 broken=0 bad_lines=0 gaps=0 missing=0 unreadable=0 other_events=0"
    );
}
