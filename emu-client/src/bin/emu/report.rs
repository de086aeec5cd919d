//! What is said on standard error: progress, notices, the summary.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use emu_client::{Event, Log, Notice, Progress, Span, Summary};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::stderr;

/// Says things on standard error, unless it is to be quiet.
pub(crate) struct Report {
    is_quiet: bool,
    is_verbose: bool,
    bar: ProgressBar,
    started: Instant,
}

impl Report {
    /// `shows_rows`: rows go to the same terminal, where a bar would be in their way.
    pub(crate) fn new(is_quiet: bool, is_verbose: bool, shows_rows: bool) -> Self {
        let has_bar = !is_quiet && !shows_rows && std::io::stderr().is_terminal();
        let bar = ProgressBar::no_length();
        bar.set_draw_target(if has_bar { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        bar.set_style(style("{spinner} {human_pos} rows, looking for where to start"));
        if has_bar {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { is_quiet, is_verbose, bar, started: Instant::now() }
    }

    /// Says a sentence.
    pub(crate) fn say(&self, sentence: &str) {
        if !self.is_quiet {
            self.bar.suspend(|| stderr::say(sentence));
        }
    }

    /// Says what a notice says, if it is of interest. `names_rows`: the command line says which or how many rows.
    pub(crate) fn notice(&self, notice: &Notice, names_rows: bool) {
        let is_of_interest = match notice {
            Notice::Request(_) | Notice::Late(_) => false,
            // Without a choice, as many rows are asked for as there may be.
            Notice::Event(Event::Fewer { .. }) => names_rows,
            _ => true,
        };
        if is_of_interest || self.is_verbose {
            self.say(&notice.to_string());
        }
    }

    pub(crate) fn progress(&self, progress: Progress) {
        if self.bar.is_hidden() {
            return;
        }
        if let Some(total) = progress.total
            && self.bar.length() != Some(total)
        {
            self.bar.set_length(total);
            self.bar.set_style(style("{bar:32} {human_pos} of {human_len} rows, {rate} rows/s, {eta} left"));
        }
        self.bar.set_position(progress.passed);
    }

    /// Says what was read, and what was not.
    pub(crate) fn summary(&self, log: Log, meter: &str, summary: &Summary, losses: &Losses) {
        self.bar.finish_and_clear();
        let log = match log {
            Log::LoadProfile => "load profile",
            Log::Logbook => "logbook",
        };
        let rows = match (summary.first, summary.last) {
            (Some(first), Some(last)) => format!(
                "{} of the {log} of meter {}, from index {} ({}) to {} ({})",
                count(summary.rows, "row"),
                last.serial_number,
                first.index,
                first.timestamp.format("%Y-%m-%dT%H:%M:%SZ"),
                last.index,
                last.timestamp.format("%Y-%m-%dT%H:%M:%SZ"),
            ),
            _ => format!("no rows of the {log}"),
        };
        let elapsed = match self.started.elapsed() {
            short if short < Duration::from_secs(60) => format!("{:.1} s", short.as_secs_f64()),
            long => Span(TimeDelta::seconds(long.as_secs() as i64)).to_string(),
        };
        self.say(&format!(
            "{rows}; {meter}, {}, {} tried again, {}, {elapsed}",
            count(summary.requests, "request"),
            summary.retries,
            HumanBytes(summary.bytes),
        ));
        if losses.rows > 0 {
            // A line that is not read is asked for three times, and one that was read in the end is no loss.
            let of_which = match losses.unreadable {
                0 => String::new(),
                rows => format!(", of which {} could not be read", HumanCount(rows)),
            };
            self.say(&format!("{} asked for and not delivered{of_which}; see above", count(losses.rows, "row")));
        }
    }

    /// Does something for which the terminal must be free.
    pub(crate) fn pause<T>(&self, work: impl FnOnce() -> T) -> T {
        self.bar.suspend(work)
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// What the events say of what was asked for and is not there.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// Whether there is anything that the exit code has to tell.
    pub(crate) any: bool,
    pub(crate) rows: u64,
    /// Those of them that came in a form that could not be read.
    pub(crate) unreadable: u64,
}

impl Losses {
    /// Counts an event.
    pub(crate) fn count(&mut self, event: &Event) {
        let rows = match event {
            Event::IndexRestart { .. } | Event::MeterSwapped { .. } | Event::Missed { .. } => 0,
            event => match event.undelivered() {
                Some(rows) => u64::from(rows.end().abs_diff(*rows.start())) + 1,
                None => return,
            },
        };
        self.any = true;
        self.rows = self.rows.saturating_add(rows);
        if matches!(event, Event::Unreadable { .. }) {
            self.unreadable = self.unreadable.saturating_add(rows);
        }
    }
}

fn count(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}

/// A template that cannot be read leaves the default one.
fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // What cannot be drawn is not drawn.
        let _: std::fmt::Result = write!(out, "{}", HumanCount(state.per_sec() as u64));
    })
}
