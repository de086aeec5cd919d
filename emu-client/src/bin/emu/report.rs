//! What is said on standard error: progress, notices, the summary.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use emu_client::{Event, Log, Notice, Progress, Summary};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

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
        bar.set_style(style("{spinner} {human_pos} rows, {per_sec}, looking for where to start"));
        if has_bar {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { is_quiet, is_verbose, bar, started: Instant::now() }
    }

    /// Says a sentence.
    pub(crate) fn say(&self, sentence: &str) {
        if !self.is_quiet {
            self.bar.suspend(|| eprintln!("emu: {sentence}"));
        }
    }

    /// Says what a notice says, if it is of interest.
    pub(crate) fn notice(&self, notice: &Notice) {
        let is_of_interest = !matches!(notice, Notice::Request(_) | Notice::Late(_));
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
            self.bar.set_style(style("{bar:32} {human_pos} of {human_len} rows, {per_sec}, {eta} left"));
        }
        self.bar.set_position(progress.passed);
    }

    /// Says what was read.
    pub(crate) fn summary(&self, log: Log, meter: &str, summary: &Summary) {
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
        let elapsed = self.started.elapsed().as_secs_f64();
        self.say(&format!(
            "{rows}; {meter}, {}, {} tried again, {}, {elapsed:.1} s",
            count(summary.requests, "request"),
            summary.retries,
            HumanBytes(summary.bytes),
        ));
        if summary.undelivered > 0 || summary.bad_lines > 0 {
            self.say(&format!(
                "{} asked for and not there, {} that could not be read; see above",
                count(summary.undelivered, "row"),
                count(summary.bad_lines, "line"),
            ));
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Whether an event means that what was asked for is not all there. That a log is younger than the last so many rows is
/// none of it, unless rows were asked for by their numbers.
pub(crate) fn is_loss(event: &Event, by_index: bool) -> bool {
    match event {
        Event::Absent { .. } => by_index,
        Event::IndexRestart { .. } | Event::MeterSwapped { .. } | Event::Missed { .. } => true,
        event => event.undelivered().is_some(),
    }
}

fn count(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}

/// A template that cannot be read leaves the default one.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
