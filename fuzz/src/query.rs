//! Request targets: what parses prints and parses to the same, and nothing else than the manual's forms does.

use core::fmt::Write;

use emu_proto::{BufferTooSmall, InvalidRequest, Log, Readout, write_to_slice};

use crate::bytes::Bytes;

/// Reads the bytes as a request target and as a query, and makes a request of them that is printed.
///
/// # Panics
///
/// If a property does not hold.
pub fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check_parse(&text);
    for log in [Log::LoadProfile, Log::Logbook] {
        check_parse(&format!("{}{text}", log.path()));
        check_parse(&format!("{}?{text}", log.path()));
    }
    let mut bytes = Bytes::new(data);
    let log = bytes.pick(&[Log::LoadProfile, Log::Logbook]);
    let mut number = || u32::try_from(bytes.number((0, i64::from(u32::MAX)))).unwrap_or(u32::MAX);
    let (from, to) = (number(), number());
    for readout in [Readout::Newest, Readout::Last(from), Readout::Range { from, to }] {
        check_print(log, readout);
    }
}

fn check_parse(target: &str) {
    let outcome = Readout::parse_target(target);
    assert_eq!(outcome, expected(target), "{target:?}");
    if let Ok((log, readout)) = outcome {
        check_print(log, readout);
    }
    // The query alone, with or without its question mark.
    if let Some((_, query)) = target.split_once('?') {
        let alone = Readout::parse_query(&format!("?{query}"));
        assert_eq!(alone, expected_query(query).ok_or(InvalidRequest::Query), "{query:?}");
        if !query.starts_with('?') {
            assert_eq!(Readout::parse_query(query), alone, "{query:?}");
        }
    }
}

/// The manual's forms, said in another way.
fn expected(target: &str) -> Result<(Log, Readout), InvalidRequest> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let log = match path {
        "/data/" => Log::LoadProfile,
        "/logbook/" => Log::Logbook,
        _ => return Err(InvalidRequest::Path),
    };
    expected_query(query).map(|readout| (log, readout)).ok_or(InvalidRequest::Query)
}

fn expected_query(query: &str) -> Option<Readout> {
    if query.is_empty() {
        return Some(Readout::Newest);
    }
    let mut parameters = Vec::new();
    for parameter in query.split('&') {
        let (name, value) = parameter.split_once('=')?;
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        parameters.push((name, is_number.then(|| value.parse().ok()).flatten()?));
    }
    match parameters[..] {
        [("last", count)] => Some(Readout::Last(count)),
        [("from", from), ("to", to)] | [("to", to), ("from", from)] => Some(Readout::Range { from, to }),
        _ => None,
    }
}

fn check_print(log: Log, readout: Readout) {
    let printed = readout.target(log).to_string();
    assert!(printed.is_ascii() && printed.starts_with(log.path()), "{printed}");
    assert_eq!(Readout::parse_target(&printed), Ok((log, readout)), "{printed}");
    let (count, is_descending) = match readout {
        Readout::Newest => (u64::from(log.limit()), true),
        Readout::Last(count) => (u64::from(count), true),
        Readout::Range { from, to } => (u64::from(from.max(to)) - u64::from(from.min(to)) + 1, from > to),
    };
    assert_eq!((readout.count(log), readout.is_descending()), (count, is_descending), "{printed}");
    let mut buffer = [b'x'; 64];
    let (exact, behind) = buffer.split_at_mut(printed.len());
    assert_eq!(write_to_slice(exact, |out| write!(out, "{}", readout.target(log))), Ok(printed.len()));
    assert_eq!(exact, printed.as_bytes());
    assert!(behind.iter().all(|byte| *byte == b'x'));
    let short = &mut buffer[..printed.len() - 1];
    assert_eq!(write_to_slice(short, |out| write!(out, "{}", readout.target(log))), Err(BufferTooSmall));
}
