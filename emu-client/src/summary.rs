//! What came of a read-out, in numbers.

use emu_proto::{Checkpoint, Deviations, Entry, Event};

use crate::notice::Notice;

/// What came of a read-out so far, in numbers.
///
/// ```
/// # async fn example(meter: emu_client::Meter) -> Result<(), emu_client::Error> {
/// let mut rows = meter.load_profile(emu_client::Readout::Last(3));
/// while let Some(row) = rows.next().await {
///     row?;
/// }
/// let summary = rows.summary();
/// println!("{} rows, {} requests, {} bytes", summary.rows, summary.requests, summary.bytes);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Rows that were yielded.
    pub rows: u64,
    /// The first row that was yielded.
    pub first: Option<Checkpoint>,
    /// The last row that was yielded.
    pub last: Option<Checkpoint>,
    /// Requests that were sent, failed ones included.
    pub requests: u64,
    /// Requests that failed and were tried again.
    pub retries: u64,
    /// Bytes of the answers' bodies.
    pub bytes: u64,
    /// Lines that could not be read. Those that were read in another answer are among them.
    pub bad_lines: u64,
    /// Events, of whatever kind.
    pub events: u64,
    /// Rows that were asked for and not delivered, by the events that say so.
    pub undelivered: u64,
    /// How the answers deviate from the known firmware's.
    pub deviations: Deviations,
}

impl Summary {
    pub(crate) fn count_row<R: Entry>(&mut self, row: &R) {
        let place = Checkpoint::of(row);
        self.rows = self.rows.saturating_add(1);
        self.first.get_or_insert(place);
        self.last = Some(place);
    }

    pub(crate) fn count(&mut self, notice: &Notice) {
        let counter = match notice {
            Notice::Request(_) => &mut self.requests,
            Notice::Retry { .. } => &mut self.retries,
            Notice::BadLine { .. } => &mut self.bad_lines,
            Notice::Event(event) => {
                let rows = event.undelivered().map_or(0, |rows| u64::from(rows.end().abs_diff(*rows.start())) + 1);
                self.undelivered = self.undelivered.saturating_add(rows);
                if let Event::Missed { count } = event {
                    // Each of those dropped is one.
                    self.events = self.events.saturating_add(u64::from(*count)).saturating_sub(1);
                }
                &mut self.events
            }
            Notice::Deviations(deviations) => {
                self.deviations |= *deviations;
                return;
            }
            Notice::Late(_) | Notice::NoContentType => return,
        };
        *counter = counter.saturating_add(1);
    }
}
