//! What a read-out has to tell besides its rows.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use emu_proto::{Deviations, Event, ReadError, RequestTarget, Span};

use crate::address::Address;
use crate::error::Error;

/// A row, or something else that is to be known: an item of [`Items`](crate::Items).
///
/// ```no_run
/// # async fn example(meter: emu_client::Meter) -> Result<(), emu_client::Error> {
/// use emu_client::{Item, Readout};
///
/// let mut items = meter.load_profile(Readout::Last(96)).into_items();
/// while let Some(item) = items.next().await {
///     match item? {
///         Item::Row(row) => println!("{} {}", row.timestamp, row.active_power_l123),
///         Item::Notice(notice) => println!("{notice}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum Item<R> {
    /// The next row.
    Row(R),
    /// Something about the log, the answers or the connection.
    Notice(Notice),
}

/// Something that is no row. Prints as a sentence for people.
///
/// Each is logged by `tracing` as well, when it is yielded or passed over.
///
/// ```
/// use emu_client::{Event, Notice};
///
/// let notice = Notice::Event(Event::Gap { first: 7, last: 9 });
/// assert_eq!(notice.to_string(), "rows 7 to 9 are missing in the meter's log");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A request is sent.
    Request(RequestTarget),
    /// A request has failed, and is tried again after a wait.
    Retry {
        /// The failure.
        error: Error,
        /// How many requests have failed in a row.
        failures: u32,
        /// How long is waited.
        wait: Duration,
    },
    /// A request has failed at a point at which all that is wanted had come already.
    Late(Error),
    /// A line of an answer could not be read. If a row is missing for that, it is asked for again.
    BadLine {
        /// The request that was answered.
        request: RequestTarget,
        /// What is wrong with the line, and where it is in the answer's body.
        error: ReadError,
    },
    /// The answers deviate in these ways from the known firmware's, which was not met before in this read-out.
    Deviations(Deviations),
    /// An answer has no content type. It is read nevertheless. Told once.
    NoContentType,
    /// The plan has found something: rows that are lost, another meter, a clock that jumped.
    Event(Event),
}

impl Notice {
    pub(crate) fn log(&self, address: &Address) {
        match self {
            Self::Request(request) => tracing::debug!(meter = %address, %request, "request"),
            Self::Retry { error, failures, wait } => {
                tracing::warn!(error = %error.with_causes(), failures, ?wait, "request failed, trying again");
            }
            Self::Late(error) => tracing::debug!(error = %error.with_causes(), "request failed after all had come"),
            Self::BadLine { request, error } => tracing::warn!(meter = %address, %request, %error, "unreadable line"),
            Self::Deviations(_) | Self::NoContentType => tracing::info!(meter = %address, "{self}"),
            Self::Event(event) if event.undelivered().is_some() => tracing::warn!(meter = %address, "{self}"),
            Self::Event(_) => tracing::info!(meter = %address, "{self}"),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => write!(f, "asked for {request}"),
            Self::Retry { error, wait, .. } => {
                write!(f, "{}; trying again in {:.1} s", error.with_causes(), wait.as_secs_f32())
            }
            Self::Late(error) => write!(f, "{}, after all that was wanted had come", error.with_causes()),
            Self::BadLine { request, error } => write!(f, "unreadable line in the answer to {request}: {error}"),
            Self::Deviations(deviations) => {
                f.write_str("the answer deviates from the known firmware's: ")?;
                let mut separator = "";
                for sentence in deviations.descriptions() {
                    write!(f, "{separator}{sentence}")?;
                    separator = "; ";
                }
                Ok(())
            }
            Self::NoContentType => f.write_str("the answer does not say its content type"),
            Self::Event(Event::TimeGap { index, before, after }) => {
                write!(f, "time without rows before row {index}: {}", Step(*before, *after))
            }
            Self::Event(Event::ClockJump { index, before, after }) => {
                write!(f, "the clock jumped at row {index}: {}", Step(*before, *after))
            }
            Self::Event(event) => event.fmt(f),
        }
    }
}

/// Prints two points in time in the form that the log has, and what is between them.
struct Step(DateTime<Utc>, DateTime<Utc>);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = "%Y-%m-%dT%H:%M:%SZ";
        write!(f, "from {} to {}, {}", self.0.format(form), self.1.format(form), Span(self.1 - self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_lengths_are_for_people() {
        let [before, after] = ["2025-12-19T16:00:00Z", "2025-12-20T16:15:00Z"].map(|time| time.parse().unwrap());
        assert_eq!(
            Notice::Event(Event::TimeGap { index: 7, before, after }).to_string(),
            "time without rows before row 7: from 2025-12-19T16:00:00Z to 2025-12-20T16:15:00Z, 1 d 15 min"
        );
        assert_eq!(
            Notice::Event(Event::ClockJump { index: 7, before: after, after: before }).to_string(),
            "the clock jumped at row 7: from 2025-12-20T16:15:00Z to 2025-12-19T16:00:00Z, -1 d 15 min"
        );
    }
}
