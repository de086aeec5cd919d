//! Requests of a read-out: what the client asks for, and what a device finds in the request line.
//!
//! ```text
//! path  = "/data/" | "/logbook/"
//! query = "" | "?last=" number | "?from=" index "&to=" index
//! ```
//!
//! Source: manual, "Read-Out Data Logger" and "Read-Out Logbook", "Possible Parameters".

use core::fmt;

use crate::number::Number;
use crate::print::write_integer;

/// Which of the meter's two logs is read.
///
/// For an example, see [`Readout`](crate::Readout).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Log {
    /// The load profile: one entry every 15 minutes, at `/data/`.
    LoadProfile,
    /// The logbook of changes relevant to calibration, at `/logbook/`.
    Logbook,
}

impl Log {
    /// Returns the path under which the meter serves this log.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::LoadProfile => "/data/",
            Self::Logbook => "/logbook/",
        }
    }

    /// Returns how many entries one request yields at most: 3000 of the load profile, 2048 of the logbook.
    #[must_use]
    pub const fn limit(self) -> u32 {
        match self {
            Self::LoadProfile => 3000,
            Self::Logbook => 2048,
        }
    }
}

/// One request of entries.
///
/// ```
/// use emu_proto::{Log, Readout};
///
/// let readout = Readout::Range { from: 20, to: 1 };
/// assert!(readout.is_descending());
/// assert_eq!(readout.target(Log::LoadProfile).to_string(), "/data/?from=20&to=1");
/// assert_eq!(Readout::parse_target("/data/?from=20&to=1"), Ok((Log::LoadProfile, readout)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Readout {
    /// The newest entries up to the log's limit, newest first (no parameter).
    Newest,
    /// The last `x` entries, newest first (`last=x`).
    Last(u32),
    /// Both ends inclusive; ascending where `from` is the smaller index, else descending (`from=a&to=b`).
    Range {
        /// The index of the first row.
        from: u32,
        /// The index of the last row.
        to: u32,
    },
}

impl Readout {
    /// Returns whether the rows come with falling indices.
    #[must_use]
    pub const fn is_descending(self) -> bool {
        match self {
            Self::Newest | Self::Last(_) => true,
            Self::Range { from, to } => from > to,
        }
    }

    /// Returns how many entries are asked for; a meter answers no more than [`Log::limit`] of them.
    #[must_use]
    pub const fn count(self, log: Log) -> u64 {
        match self {
            Self::Newest => log.limit() as u64,
            Self::Last(count) => count as u64,
            Self::Range { from, to } => (from.abs_diff(to) as u64).saturating_add(1),
        }
    }

    /// Returns path and query of this request, to be printed.
    #[must_use]
    pub const fn target(self, log: Log) -> RequestTarget {
        RequestTarget { log, readout: self }
    }

    /// Reads the target of a request line, as a device receives it: the path, and the query if there is one.
    ///
    /// A fragment is not part of a request line and is refused.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`] says whether the path or the query is at fault, and what was expected.
    pub fn parse_target(target: &str) -> Result<(Log, Self), InvalidRequest> {
        let (path, query) = split(target.as_bytes(), b'?');
        let log = match path {
            b"/data/" => Log::LoadProfile,
            b"/logbook/" => Log::Logbook,
            _ => return Err(InvalidRequest::Path),
        };
        read_query(query.unwrap_or_default()).map(|readout| (log, readout)).ok_or(InvalidRequest::Query)
    }

    /// Reads a query, with or without its `?`; an empty one asks for the newest entries.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest::Query`] for anything but the manual's forms, for a number above `u32::MAX`, and for a
    /// parameter that is given twice or alone.
    pub fn parse_query(query: &str) -> Result<Self, InvalidRequest> {
        let query = query.as_bytes();
        read_query(query.strip_prefix(b"?").unwrap_or(query)).ok_or(InvalidRequest::Query)
    }
}

/// Path and query of a request; made by [`Readout::target`].
///
/// For an example, see [`Readout`](crate::Readout).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RequestTarget {
    log: Log,
    readout: Readout,
}

/// As it is printed.
#[cfg(feature = "serde")]
impl serde::Serialize for RequestTarget {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for RequestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.log.path())?;
        match self.readout {
            Readout::Newest => Ok(()),
            Readout::Last(count) => {
                f.write_str("?last=")?;
                write_integer(f, i64::from(count), 1, 0)
            }
            Readout::Range { from, to } => {
                f.write_str("?from=")?;
                write_integer(f, i64::from(from), 1, 0)?;
                f.write_str("&to=")?;
                write_integer(f, i64::from(to), 1, 0)
            }
        }
    }
}

/// A request that is none of the manual's forms.
///
/// For an example, see [`Readout`](crate::Readout).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum InvalidRequest {
    /// The path is neither of the two logs.
    #[error("the path is neither /data/ nor /logbook/")]
    Path,
    /// The query is none of the manual's forms.
    #[error("the query is none of: no parameter, last=x, from=a&to=b")]
    Query,
}

/// Reads a query without its `?`.
fn read_query(query: &[u8]) -> Option<Readout> {
    let (first, second) = split(query, b'&');
    match (first, second) {
        (b"", None) => Some(Readout::Newest),
        (first, None) => number(first, b"last=").map(Readout::Last),
        (first, Some(second)) => {
            let (from, to) = if first.starts_with(b"to=") { (second, first) } else { (first, second) };
            Some(Readout::Range { from: number(from, b"from=")?, to: number(to, b"to=")? })
        }
    }
}

/// Splits a text at the first of these bytes, which is dropped.
fn split(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let end = text.iter().position(|byte| *byte == at).unwrap_or(text.len());
    let (before, behind) = text.split_at_checked(end).unwrap_or((text, b""));
    (before, behind.get(1..))
}

/// Reads a parameter of this name: digits, and no more than 32 bits hold.
fn number(parameter: &[u8], name: &[u8]) -> Option<u32> {
    let number = Number::read(parameter.strip_prefix(name)?, 0).ok()?;
    if number.has_fraction || number.is_negative { None } else { u32::try_from(number.value).ok() }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_forms_of_the_manual() {
        for (target, log, readout) in [
            ("/data/", Log::LoadProfile, Readout::Newest),
            ("/data/?last=96", Log::LoadProfile, Readout::Last(96)),
            ("/data/?from=1&to=100", Log::LoadProfile, Readout::Range { from: 1, to: 100 }),
            ("/logbook/?from=20&to=1", Log::Logbook, Readout::Range { from: 20, to: 1 }),
        ] {
            assert_eq!(Readout::parse_target(target), Ok((log, readout)));
            assert_eq!(readout.target(log).to_string(), target);
        }
    }

    #[test]
    fn parameters_come_in_any_order() {
        assert_eq!(Readout::parse_query("?to=2&from=9"), Ok(Readout::Range { from: 9, to: 2 }));
        assert_eq!(Readout::parse_query("?"), Ok(Readout::Newest));
    }

    #[test]
    fn everything_else_is_refused() {
        for target in ["", "/", "/data", "/data/x", "data/", "/DATA/", "/data/#x"] {
            assert_eq!(Readout::parse_target(target), Err(InvalidRequest::Path), "{target}");
        }
        for query in [
            "last",
            "last=",
            "last=-1",
            "last=+1",
            "last=4294967296",
            "last=1&last=2",
            "from=1",
            "to=1",
            "from=1&to=",
            "from=1&to=2&x=3",
            "last=1 ",
            "from=1;to=2",
        ] {
            assert_eq!(Readout::parse_query(query), Err(InvalidRequest::Query), "{query}");
        }
    }
}
