//! What goes wrong with an answer, and a model meter's answers with that.

use emu_proto::{End, Readout, ReadoutPlan, Verdict};

use super::meter::{Meter, ModelEntry};
use crate::bytes::Bytes;

/// What goes wrong with one answer; a number is the place of the row within the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// No answer.
    Refused,
    /// Breaks before this row.
    Broken(usize),
    /// Ends before this row, and looks complete.
    Short(usize),
    /// This row cannot be read.
    Bad(usize),
    /// Not one row can be read.
    AllBad,
    /// The last row has no line end.
    Unterminated,
    /// Ends within this row's last number, and the connection is closed as it always is.
    Cut(usize),
    /// This row comes twice.
    Twice(usize),
    /// All rows from the middle come twice.
    Repeated,
    /// The rows come over and over, far more than were asked for.
    Endless,
    /// The rows come in the other order.
    Backwards,
    /// A range outside of the ring is answered with the rows at the ring's nearer end.
    Clamped,
    /// Rows that were not asked for come before this one.
    Unasked(usize),
    /// So many rows are logged before this row is sent.
    Growing(usize, u32),
    /// The driver stops in front of this row and forgets to tell the end.
    Dropped(usize),
    /// The driver tells the end twice, and rows after it.
    Stammering,
}

impl Fault {
    pub(super) fn take(bytes: &mut Bytes<'_>) -> Self {
        let (what, place) = (bytes.below(20), usize::from(bytes.byte() % 40));
        match what {
            1 => Self::Refused,
            2 | 3 => Self::Broken(place),
            4 => Self::Short(place),
            5 => Self::Bad(place),
            6 => Self::AllBad,
            7 => Self::Unterminated,
            8 | 9 => Self::Cut(place),
            10 => Self::Twice(place),
            11 => Self::Repeated,
            12 => Self::Endless,
            13 => Self::Backwards,
            14 => Self::Clamped,
            15 => Self::Unasked(place),
            16 => Self::Growing(place, 1 + bytes.below(40)),
            17 => Self::Dropped(place),
            18 => Self::Stammering,
            _ => Self::None,
        }
    }

    /// Whether a plan promises that nothing is lost by it. Rows that two complete answers lack are believed not to be there.
    pub(super) const fn is_honest(self) -> bool {
        !matches!(self, Self::Short(_))
    }
}

/// Answers one request; `deliver` is called with each row that the plan wants, as the meter logged it.
pub(super) fn answer<R: ModelEntry>(
    plan: &mut ReadoutPlan<R>,
    meter: &mut Meter<R>,
    readout: Readout,
    (fault, number): (Fault, u16),
    deliver: &mut impl FnMut(&mut ReadoutPlan<R>, &R, Verdict),
) {
    if fault == Fault::Refused {
        return plan.handle_end(End::Broken);
    }
    let indices = indices(meter, readout, fault);
    let length = indices.len();
    for (place, index) in indices.into_iter().enumerate() {
        match fault {
            Fault::Broken(at) if at == place => return plan.handle_end(End::Broken),
            Fault::Short(at) if at == place => return plan.handle_end(End::Complete),
            Fault::Dropped(at) if at == place => return,
            Fault::Growing(at, count) if at == place => meter.log(count),
            _ => {}
        }
        // Else it was overwritten while the answer was under way.
        let Some(row) = meter.ring.get(&index).copied() else { continue };
        if meter.unreadable.contains(&index) || fault == Fault::Bad(place) || fault == Fault::AllBad {
            meter.was_bad.insert(index);
            plan.handle_bad_line();
            continue;
        }
        if fault == Fault::Cut(place) {
            // Two cuts of a row are not in the same place.
            let verdict = plan.handle_unterminated(&row.cut(number));
            assert_ne!(verdict, Verdict::Deliver, "a row that was cut");
            return plan.handle_end(End::Complete);
        }
        let is_unterminated = fault == Fault::Unterminated && place + 1 == length;
        let verdict = if is_unterminated { plan.handle_unterminated(&row) } else { plan.handle_row(&row) };
        deliver(plan, &row, verdict);
        if verdict == Verdict::Abandon {
            break;
        }
    }
    plan.handle_end(End::Complete);
    if let (Fault::Stammering, Some(row)) = (fault, meter.ring.values().next()) {
        plan.handle_end(End::Broken);
        assert_eq!(plan.handle_row(row), Verdict::Abandon, "a row that belongs to no answer");
        plan.handle_end(End::Complete);
    }
}

/// The indices of the rows that are sent.
fn indices<R: ModelEntry>(meter: &Meter<R>, readout: Readout, fault: Fault) -> Vec<u32> {
    let mut indices = meter.answer(readout);
    match (fault, readout) {
        (Fault::Clamped, Readout::Range { from, to }) if indices.is_empty() => {
            let newest = meter.newest();
            let is_above = newest.is_some_and(|newest| from.min(to) > newest);
            indices.extend(if is_above { newest } else { meter.ring.keys().next().copied() });
        }
        (Fault::Unasked(at), Readout::Range { from, to }) => {
            let is_asked = |index: &u32| (from.min(to)..=from.max(to)).contains(index);
            let others: Vec<u32> = meter.ring.keys().copied().filter(|index| !is_asked(index)).take(3).collect();
            let at = at.min(indices.len());
            indices.splice(at..at, others);
        }
        (Fault::Repeated, _) => indices.extend_from_within(indices.len() / 2..),
        (Fault::Twice(at), _) if at < indices.len() => indices.insert(at, indices[at]),
        (Fault::Backwards, _) => indices.reverse(),
        (Fault::Endless, _) if !indices.is_empty() => {
            let most = 2 * R::LOG.limit() as usize + 9;
            indices = indices.iter().copied().cycle().take(most).collect();
        }
        _ => {}
    }
    indices
}
