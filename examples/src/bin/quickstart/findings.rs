//! What the rows tell besides their values: missing ones, jumps of the clock, and what the status bits say.
//!
//! Events come from the plan, before the row that shows them. They are put together with the status of that row, since a
//! power failure is both: a bit, and time without rows.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use emu_client::{Event, Span};
use emu_proto::{LoadProfileEntry, Status};

/// What was found, in the order of the rows.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    /// Events whose row has not come yet.
    pending: Vec<Event>,
    /// For each of [`STATES`], where in the list it is, as long as it goes on.
    open: [Option<usize>; STATES.len()],
    /// How often there was what.
    counts: BTreeMap<&'static str, u32>,
}

#[derive(Debug)]
struct Finding {
    /// The row that shows it, by the meter's clock; none at the end of the log.
    row: Option<(u32, DateTime<Utc>)>,
    what: String,
    /// For how many rows it goes on, if it does.
    rows: u32,
}

/// Bits that stay set as long as something lasts. The others say what happened before their row.
const STATES: [Status; 2] = [Status::NO_TIME_SYNCHRONIZATION, Status::LOGBOOK_FULL];

/// More than that would be the work of a broken meter, and nobody would read it.
const MOST_SHOWN: usize = 60;

impl Findings {
    /// Takes what the plan has found.
    pub(crate) fn event(&mut self, event: Event) {
        *self.counts.entry(kind(&event)).or_default() += 1;
        self.pending.push(event);
    }

    /// Takes the next row.
    pub(crate) fn row(&mut self, row: &LoadProfileEntry) {
        for (state, open) in STATES.into_iter().zip(&mut self.open) {
            match open {
                _ if !row.status.contains(state) => *open = None,
                Some(place) => self.list[*place].rows += 1,
                None => {
                    *open = Some(self.list.len());
                    *self.counts.entry(state.descriptions().next().unwrap_or_default()).or_default() += 1;
                    let row = Some((row.index, row.timestamp));
                    self.list.push(Finding { row, what: state.to_string(), rows: 1 });
                }
            }
        }
        let happened = STATES.into_iter().fold(row.status, Status::difference);
        if !happened.is_empty() {
            for description in happened.descriptions() {
                *self.counts.entry(description).or_default() += 1;
            }
            self.note(row, happened.to_string());
        }
        for event in std::mem::take(&mut self.pending) {
            self.note(row, sentence(&event));
        }
    }

    /// Takes a sentence about the row that was taken last.
    pub(crate) fn note(&mut self, row: &LoadProfileEntry, what: String) {
        let row = Some((row.index, row.timestamp));
        match self.list.last_mut().filter(|last| last.row == row && last.rows == 0) {
            Some(last) => last.what = format!("{}; {what}", last.what),
            None => self.list.push(Finding { row, what, rows: 0 }),
        }
    }

    /// Writes all of them, up to a limit.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let at_the_end = self.pending.iter().map(|event| Finding { row: None, what: sentence(event), rows: 0 });
        let list: Vec<String> =
            self.list.iter().map(Finding::to_string).chain(at_the_end.map(|finding| finding.to_string())).collect();
        if list.is_empty() {
            return writeln!(out, "Events: none");
        }
        let counts: Vec<String> = self.counts.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
        writeln!(out, "Events: {}\n\n{:>10}  {:<19}  what", counts.join(", "), "index", "time (UTC)")?;
        for finding in list.iter().take(MOST_SHOWN) {
            writeln!(out, "{finding}")?;
        }
        match list.len().checked_sub(MOST_SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => writeln!(out, "{:>10}  and {more} more", "…"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some((index, time)) => write!(f, "{index:>10}  {}  {}", time.format("%Y-%m-%d %H:%M:%S"), self.what)?,
            None => write!(f, "{:>10}  {:<19}  {}", "end", "", self.what)?,
        }
        if self.rows > 1 { write!(f, ", for {} rows", self.rows) } else { Ok(()) }
    }
}

/// What the event says, without what the table's other columns say already.
fn sentence(event: &Event) -> String {
    match event {
        Event::TimeGap { before, after, .. } => format!("no row for {}", Span(*after - before)),
        Event::ClockJump { before, after, .. } => format!("{} since the row before", Span(*after - before)),
        event => event.to_string(),
    }
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::TimeGap { .. } => "time without rows",
        Event::ClockJump { .. } | Event::ClockUnset { .. } | Event::ClockSet { .. } => "clock jumped",
        event if event.undelivered().is_some() => "rows missing",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use emu_proto::read_row;

    fn row(index: u32, status: Status) -> LoadProfileEntry {
        let row = b"2025-01-01T00:00:00Z;2;0;12345678;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;500";
        LoadProfileEntry { index, status, ..read_row(row).unwrap() }
    }

    #[test]
    fn a_power_failure_is_one_finding_and_a_state_another() {
        let mut findings = Findings::default();
        let before = DateTime::UNIX_EPOCH;
        findings.event(Event::TimeGap { index: 7, before, after: before + TimeDelta::minutes(135) });
        for (index, status) in [
            (7, Status::POWER_FAILURE | Status::NO_TIME_SYNCHRONIZATION),
            (8, Status::NO_TIME_SYNCHRONIZATION),
            (9, Status::empty()),
            (10, Status::NO_TIME_SYNCHRONIZATION),
        ] {
            findings.row(&row(index, status));
        }
        let printed: Vec<String> = findings.list.iter().map(ToString::to_string).collect();
        assert_eq!(
            printed,
            [
                "         7  2025-01-01 00:00:00  No time synchronization occurred, for 2 rows",
                "         7  2025-01-01 00:00:00  Power Failure; no row for 2 h 15 min",
                "        10  2025-01-01 00:00:00  No time synchronization occurred",
            ]
        );
        assert_eq!(findings.counts["No time synchronization occurred"], 2);
    }
}
