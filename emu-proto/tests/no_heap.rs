//! Nothing is allocated: a counting allocator stands still while rows are read, decoded and written.

mod common;

use common::*;
use emu_proto::*;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Alone in its program, so that nobody else allocates meanwhile.
fn main() {
    let good = write_body(&Dialect::KNOWN, &[manual_entry(); 100]);
    let careful = write_body(
        &Dialect { quoted: true, header: HeaderForm::Plain, time: TimeForm::Offset(60), ..Dialect::KNOWN },
        &[manual_entry(); 100],
    );
    let logbook = write_body(&Dialect::KNOWN, &[logbook_entry(); 100]);
    let bad = good.replace(";500", ";50x");
    let entry = manual_entry();
    let mut buffer = [0; 1024];

    let region = Region::new(ALLOCATOR);
    let rows = read_body::<LoadProfileEntry>(good.as_bytes()).filter(Result::is_ok).count();
    let careful = read_body::<LoadProfileEntry>(careful.as_bytes()).filter(Result::is_ok).count();
    let changes = read_body::<LogbookEntry>(logbook.as_bytes()).filter(Result::is_ok).count();
    let faults = read_body::<LoadProfileEntry>(bad.as_bytes()).filter(Result::is_err).count();
    let mut decoder = Decoder::<LoadProfileEntry>::new();
    let mut in_pieces = 0;
    for mut piece in good.as_bytes().chunks(7) {
        while let Some(row) = decoder.decode(&mut piece) {
            in_pieces += usize::from(row.is_ok());
        }
    }
    let written = write_to_slice(&mut buffer, |out| write_row(out, &Dialect::KNOWN, &entry)).unwrap();
    let planned = read_by_plan(&good);
    let asked = Readout::parse_target("/data/?from=20&to=1").is_ok();
    let used = region.change();

    assert_eq!((rows, careful, changes, faults, in_pieces), (100, 100, 100, 100, 100));
    assert_eq!(planned, 1);
    assert_eq!((written, asked), (MANUAL_ROW.len() + 1, true));
    assert_eq!((used.allocations, used.reallocations, used.bytes_allocated), (0, 0, 0));
    println!("reading, writing and planning allocate nothing: ok");
}

/// Reads what a meter answers that has a hundred times the same row, by a plan: one row, and each double told.
fn read_by_plan(body: &str) -> usize {
    let mut plan = ReadoutPlan::<LoadProfileEntry>::all();
    let mut delivered = 0;
    for _ in 0..100 {
        if plan.poll_request().is_none() {
            break;
        }
        for row in read_body(body.as_bytes()) {
            match row.map(|row| plan.handle_row(&row)) {
                Ok(Verdict::Deliver) => delivered += 1,
                Ok(Verdict::Discard) => {}
                Ok(Verdict::Abandon) => break,
                Err(_) => plan.handle_bad_line(),
            }
            while plan.poll_event().is_some() {}
        }
        plan.handle_end(End::Complete);
        while plan.poll_event().is_some() {}
    }
    assert!(plan.is_done());
    delivered
}
