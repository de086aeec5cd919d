//! Planning a read-out of any kind, told 200 rows: `ReadoutPlan`
#![no_std]
#![no_main]

use core::hint::black_box;

use chrono::TimeDelta;
use emu_proto::{Checkpoint, End, LoadProfileEntry, Order, Readout, ReadoutPlan, Verdict};

/// How many rows the log holds, from index 1 on.
const ROWS: u32 = 200;

struct State {
    plan: ReadoutPlan<LoadProfileEntry>,
    row: Option<LoadProfileEntry>,
}

fn turn(state: &mut State, _: &[u8]) {
    let Some(row) = &mut state.row else {
        state.row = footprint::sample();
        return;
    };
    let plan = &mut state.plan;
    *plan = match black_box(0) {
        // Rows of one and the same time: in the measured run, no steps are to be told.
        0 => ReadoutPlan::all().interval(black_box(TimeDelta::zero())),
        1 => ReadoutPlan::last(black_box(20)).order(black_box(Order::Descending)).block(black_box(100)),
        2 => ReadoutPlan::indices(black_box(20), black_box(10)),
        3 => ReadoutPlan::times(row.timestamp..row.timestamp),
        4 => ReadoutPlan::since(Checkpoint::of(row)).until(row.timestamp),
        _ => ReadoutPlan::from(black_box(Readout::Newest)),
    };
    while let Some(readout) = plan.poll_request() {
        answer(plan, row, readout);
        plan.handle_end(if footprint::is_over() { End::Broken } else { End::Complete });
        while let Some(event) = plan.poll_event() {
            footprint::keep(&event);
        }
    }
    footprint::keep(&(plan.checkpoint(), plan.progress(), plan.is_done(), plan.fruitless()));
    #[cfg(feature = "run")]
    assert_eq!(plan.progress().delivered, u64::from(ROWS));
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
    state: State = State { plan: ReadoutPlan::all(), row: None },
    turn: turn,
    first: b"",
    input: b"",
    count: ROWS,
    unit: "row",
}
