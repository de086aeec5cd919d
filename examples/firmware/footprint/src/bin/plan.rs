//! Planning a read-out of any kind, told rows: `ReadoutPlan`
#![no_std]
#![no_main]

use core::hint::black_box;

use chrono::TimeDelta;
use emu_proto::{Checkpoint, End, LoadProfileEntry, Order, Readout, ReadoutPlan, Verdict};

/// How many rows the log holds, from index 1 on: more than are asked for.
const ROWS: u32 = 1_000_000;

/// How many rows are asked for in a request.
const BLOCK: u32 = 200;

struct State {
    plan: ReadoutPlan<LoadProfileEntry>,
    row: Option<LoadProfileEntry>,
}

/// Goes on by a request and its answer.
fn turn(State { plan, row }: &mut State, _: &[u8]) {
    let Some(row) = row else {
        *row = footprint::sample();
        return;
    };
    if footprint::is_over() {
        start(plan, row);
    }
    if let Some(readout) = plan.poll_request() {
        answer(plan, row, readout);
        plan.handle_end(if footprint::is_over() { End::Broken } else { End::Complete });
        while let Some(event) = plan.poll_event() {
            footprint::keep(&event);
        }
    }
    footprint::keep(&(plan.checkpoint(), plan.progress(), plan.is_done(), plan.fruitless()));
}

/// Plans a read-out of any kind.
#[inline(never)]
fn start(plan: &mut ReadoutPlan<LoadProfileEntry>, row: &LoadProfileEntry) {
    *plan = match black_box(0) {
        0 => ReadoutPlan::all().interval(black_box(TimeDelta::zero())),
        1 => ReadoutPlan::last(black_box(20)).order(black_box(Order::Descending)).block(black_box(100)),
        2 => ReadoutPlan::indices(black_box(20), black_box(10)),
        3 => ReadoutPlan::times(row.timestamp..row.timestamp),
        4 => ReadoutPlan::since(Checkpoint::of(row)).until(row.timestamp),
        _ => ReadoutPlan::from(black_box(Readout::Newest)),
    };
}

/// Tells the plan the rows that it asks for, of one entry that changes its index alone.
fn answer(plan: &mut ReadoutPlan<LoadProfileEntry>, row: &mut LoadProfileEntry, readout: Readout) {
    let (from, to) = match readout {
        Readout::Newest => (ROWS, 1),
        Readout::Last(count) => (ROWS, ROWS.saturating_sub(count).saturating_add(1)),
        Readout::Range { from, to } => (from, to),
    };
    let mut index = from;
    loop {
        row.index = index;
        if (1..=ROWS).contains(&index) && plan.handle_row(row) == Verdict::Abandon {
            return;
        }
        if footprint::is_over() {
            plan.handle_bad_line();
            footprint::keep(&plan.handle_unterminated(row));
        }
        if index == to || index > ROWS {
            return;
        }
        index = if from < to { index.wrapping_add(1) } else { index.wrapping_sub(1) };
    }
}

footprint::program! {
    // Rows of one and the same time: no steps are to be told.
    state: State = State { plan: ReadoutPlan::indices(1, ROWS).block(BLOCK).interval(TimeDelta::zero()), row: None },
    turn: turn,
    first: b"",
    input: b"",
    count: BLOCK,
    unit: "row",
}
