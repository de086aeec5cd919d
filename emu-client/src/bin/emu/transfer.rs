//! How far a transfer is, on a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use emu_client::emu_smp::client::UploadProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::stderr;

/// A bar with bytes, rate and time left; nothing where standard error is no terminal.
pub(crate) struct TransferBar {
    bar: ProgressBar,
}

impl TransferBar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::no_length();
        let is_shown = std::io::stderr().is_terminal();
        bar.set_draw_target(if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        let template = "{bar:32} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar }
    }

    /// Shows how far an upload is. Before its first byte there is nothing to see.
    pub(crate) fn show(&self, progress: UploadProgress) {
        if progress.bytes == 0 && self.bar.length().is_none() {
            return;
        }
        let total = u64::from(progress.total);
        if self.bar.length() != Some(total) {
            self.bar.set_length(total);
            // What the meter has from before says nothing of the rate.
            self.bar.set_position(u64::from(progress.bytes));
            self.bar.reset_eta();
        }
        self.bar.set_position(u64::from(progress.bytes));
    }

    /// Shows that something is waited for, and since when.
    pub(crate) fn wait(&self, what: &'static str) {
        self.bar.reset();
        let template = format!("{{spinner}} {what}, {{elapsed}}");
        self.bar
            .set_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_spinner()));
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    /// Says a sentence on standard error, above the bar.
    pub(crate) fn say(&self, sentence: &str) {
        self.bar.suspend(|| stderr::say(sentence));
    }

    /// Does something for which the terminal must be free.
    pub(crate) fn pause<T>(&self, work: impl FnOnce() -> T) -> T {
        self.bar.suspend(work)
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }
}
