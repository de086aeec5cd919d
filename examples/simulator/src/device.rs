//! The device behind the server: what it answers to a request, and what happens to it while it is read.

use std::collections::VecDeque;

use emu_proto::{Dialect, Entry, InvalidRequest, LoadProfileEntry, Log, LogbookEntry, Readout};

use crate::fault::{Fault, Treatment};
use crate::format::{Defects, Lines, Quirks};
use crate::meter::Meter;
use crate::ring::Walk;

/// Something that befalls the meter as a whole, once, while it is read.
///
/// ```
/// use emu_simulator::{Incident, Moment};
///
/// // Somebody replaces the meter while a client is in the middle of its fourth answer.
/// let incident = Incident::Swap { at: Moment::Rows(10_000), seed: 99 };
/// # let _ = incident;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Incident {
    /// Another meter takes this one's place: another serial number, other registers, an index that stands 19,751
    /// further, and as many rows up to the same time. Its household has this seed.
    Swap {
        /// When.
        at: Moment,
        /// The seed of the other meter's household.
        seed: u64,
    },
    /// The logs are cleared, and their indices start again at 1; then some rows are logged.
    Restart {
        /// When.
        at: Moment,
        /// How many rows are logged right after.
        rows: u32,
    },
}

/// A point of a client's work, counted from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// After this many requests of a log were answered, right before the next.
    Requests(u64),
    /// After this many rows were written into answers; within an answer, if need be.
    Rows(u64),
}

/// How the meter goes on logging as it is read, without any clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    /// Rows that are logged after each request.
    pub(crate) per_request: u32,
    /// So many rows are logged (second) after so many were written (first).
    pub(crate) per_rows: Option<(u64, u32)>,
}

impl Growth {
    /// What one step may log at most, so that no request takes long.
    pub(crate) const MAX_ROWS: u32 = 10_000;
}

/// What the device is and does.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) meter: Meter,
    pub(crate) dialect: Dialect,
    pub(crate) quirks: Quirks,
    pub(crate) defects: Defects,
    pub(crate) growth: Growth,
    pub(crate) incidents: Vec<Incident>,
    faults: Vec<Fault>,
    /// Requests since the faults were set.
    fault_requests: u64,
    /// The newest targets, at most [`MAX_TARGETS`].
    targets: VecDeque<String>,
    counts: Counts,
}

/// What the simulated meter has served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Requests of any kind, refused ones included.
    pub requests: u64,
    /// Requests of a log that were answered with it, wholly or until a fault struck.
    pub readouts: u64,
    /// Rows that were written into answers, whether they arrived or not.
    pub rows: u64,
}

/// How many request targets are remembered.
const MAX_TARGETS: usize = 100_000;

impl Device {
    pub(crate) fn new(meter: Meter) -> Self {
        Self {
            meter,
            dialect: Dialect::KNOWN,
            quirks: Quirks::default(),
            defects: Defects::default(),
            growth: Growth::default(),
            incidents: Vec::new(),
            faults: Vec::new(),
            fault_requests: 0,
            targets: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    pub(crate) fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = faults;
        self.fault_requests = 0;
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = &String> {
        self.targets.iter()
    }

    /// Takes note of a request, whatever becomes of it.
    pub(crate) fn note(&mut self, target: &str) {
        self.counts.requests = self.counts.requests.saturating_add(1);
        if self.targets.len() >= MAX_TARGETS {
            self.targets.pop_front();
        }
        // A target of absurd length is remembered by its beginning.
        self.targets.push_back(target.chars().take(256).collect());
    }

    /// Reads a request's target, and finds what the faults do to it.
    pub(crate) fn receive(&mut self, target: &str) -> Result<(Log, Readout, Treatment), InvalidRequest> {
        let (log, readout) = Readout::parse_target(target)?;
        self.fault_requests = self.fault_requests.saturating_add(1);
        Ok((log, readout, Treatment::of(&self.faults, self.fault_requests)))
    }

    /// Writes the body that answers a readout. The meter may log, be swapped or be restarted while it is written.
    pub(crate) fn body(&mut self, log: Log, readout: Readout) -> Vec<u8> {
        self.befall();
        let mut lines = Lines::new(self.dialect, self.quirks);
        match log {
            Log::LoadProfile => self.load_profile(readout, &mut lines),
            Log::Logbook => self.logbook(readout, &mut lines),
        }
        self.counts.readouts = self.counts.readouts.saturating_add(1);
        self.meter.advance(self.growth.per_request.min(Growth::MAX_ROWS));
        lines.into_body()
    }

    fn load_profile(&mut self, readout: Readout, lines: &mut Lines) {
        lines.header::<LoadProfileEntry>();
        let mut walk = Walk::new(readout, self.meter.load_profile());
        while let Some(row) = walk.next(self.meter.load_profile(), &self.defects.holes) {
            let malformed = self.defects.malformed.get(&row.index()).copied();
            lines.row(&row, malformed);
            self.row_written();
            if self.defects.doubled.contains(&row.index()) {
                lines.row(&row, malformed);
                self.row_written();
            }
        }
    }

    fn logbook(&mut self, readout: Readout, lines: &mut Lines) {
        lines.header::<LogbookEntry>();
        let mut walk = Walk::new(readout, self.meter.logbook());
        while let Some(entry) = walk.next(self.meter.logbook(), &std::collections::BTreeSet::new()) {
            lines.row(&entry, None);
            self.row_written();
        }
    }

    fn row_written(&mut self) {
        self.counts.rows = self.counts.rows.saturating_add(1);
        if let Some((every, rows)) = self.growth.per_rows
            && self.counts.rows.checked_rem(every) == Some(0)
        {
            self.meter.advance(rows.min(Growth::MAX_ROWS));
        }
        self.befall();
    }

    /// Makes those incidents happen whose time has come.
    fn befall(&mut self) {
        let counts = self.counts;
        let due = |moment| match moment {
            Moment::Requests(requests) => counts.readouts >= requests,
            Moment::Rows(rows) => counts.rows >= rows,
        };
        let is_due = |incident: &mut Incident| match *incident {
            Incident::Swap { at, .. } | Incident::Restart { at, .. } => due(at),
        };
        for incident in self.incidents.extract_if(.., is_due) {
            match incident {
                Incident::Swap { seed, .. } => self.meter.swap(seed),
                Incident::Restart { rows, .. } => self.meter.restart(rows),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::household::Household;

    fn device(rows: u32) -> Device {
        Device::new(Meter::new(Household::new(1).quiet(), rows, 5_000))
    }

    /// The cells of one column of a body.
    fn column(body: &[u8], column: usize) -> Vec<String> {
        let text = String::from_utf8_lossy(body);
        text.lines().skip(1).map(|line| line.split(';').nth(column).unwrap().to_owned()).collect()
    }

    #[test]
    fn the_meter_logs_while_it_is_read() {
        let mut device = device(10);
        device.growth = Growth { per_request: 2, per_rows: Some((4, 3)) };
        let body = device.body(Log::LoadProfile, Readout::Range { from: 1, to: 100 });
        // Ten rows are there; 3 more come after the 4th, the 8th and so on, seven times until the reader has caught up.
        assert_eq!(column(&body, 1).len(), 10 + 7 * 3);
        assert_eq!(device.meter.load_profile().newest().unwrap().index, 10 + 7 * 3 + 2);
    }

    #[test]
    fn holes_doubles_and_damage_stand_where_they_were_put() {
        let mut device = device(10);
        device.defects =
            Defects { holes: [3].into(), doubled: [5].into(), malformed: [(6, crate::Malformed::Garbage)].into() };
        let body = device.body(Log::LoadProfile, Readout::Range { from: 2, to: 7 });
        assert_eq!(column(&body, 1), ["2", "4", "5", "5", "6", "7"]);
        assert_eq!(column(&body, 12)[4], "x7?");
    }

    #[test]
    fn a_meter_is_swapped_within_an_answer() {
        let mut device = device(10);
        device.incidents = vec![Incident::Swap { at: Moment::Rows(4), seed: 2 }];
        let body = device.body(Log::LoadProfile, Readout::Range { from: 1, to: 30_000 });
        let serials = column(&body, 3);
        assert_eq!((serials.len(), serials[3] == serials[0], serials[4] == serials[0]), (14, true, false));
        assert_eq!(column(&body, 1)[4], "19752");
        assert!(device.incidents.is_empty());
    }

    #[test]
    fn the_log_is_restarted_between_two_requests() {
        let mut device = device(10);
        device.incidents = vec![Incident::Restart { at: Moment::Requests(1), rows: 2 }];
        assert_eq!(column(&device.body(Log::LoadProfile, Readout::Newest), 1).len(), 10);
        assert_eq!(column(&device.body(Log::LoadProfile, Readout::Newest), 1), ["2", "1"]);
    }

    #[test]
    fn an_empty_log_answers_the_header_alone() {
        let mut device = device(0);
        let body = device.body(Log::Logbook, Readout::Newest);
        assert_eq!(body.iter().filter(|byte| **byte == b'\n').count(), 1);
    }
}
