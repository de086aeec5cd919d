//! Reads a load profile without async: `ureq` moves the bytes, `emu-proto` decides what to ask and what the answers mean.
//!
//! ```sh
//! cargo run -p emu-examples --bin blocking
//! cargo run -p emu-examples --bin blocking -- 192.168.1.20
//! ```
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use emu_examples::Source;
use emu_proto::{Decoder, End, LoadProfileEntry, Log, Readout, ReadoutPlan, Verdict};
use ureq::Body;
use ureq::http::Response;

fn main() -> ExitCode {
    emu_examples::exit(run())
}

fn run() -> Result<(), Box<dyn Error>> {
    let source = Source::open(std::env::args().nth(1))?;
    println!("Reading {source}");
    // Proxies and redirects would take the password elsewhere.
    let config = ureq::Agent::config_builder().proxy(None).max_redirects(0);
    let agent: ureq::Agent = config.timeout_global(Some(Duration::from_secs(60))).build().into();
    let host = source.address().trim_start_matches("http://").trim_end_matches('/');
    let token = source.password().map(|password| BASE64_STANDARD.encode(format!("admin:{password}")));
    let ask = |readout: Readout| {
        let request = agent.get(format!("http://{host}{}", readout.target(Log::LoadProfile)));
        match &token {
            Some(token) => request.header("Authorization", format!("Basic {token}")).call(),
            None => request.call(),
        }
    };
    let mut rows = Vec::new();
    // The last 50 days or so, in two requests.
    read(ReadoutPlan::last(5_000), ask, |row| rows.push(row))?;

    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Err("the log is empty".into()) };
    let mean = rows.iter().map(|row| i64::from(row.active_power_l123.get())).sum::<i64>() / rows.len() as i64;
    let highest = rows.iter().max_by_key(|row| row.active_power_l123).unwrap_or(last);
    println!("{} rows, index {} ({}) to {} ({})", rows.len(), first.index, first.timestamp, last.index, last.timestamp);
    println!("mean power {mean} W, highest {} at {}", highest.active_power_l123, highest.timestamp);
    Ok(())
}

/// Reads all that the plan asks for, with some patience.
fn read(
    mut plan: ReadoutPlan<LoadProfileEntry>,
    ask: impl Fn(Readout) -> Result<Response<Body>, ureq::Error>,
    mut take: impl FnMut(LoadProfileEntry),
) -> Result<(), Box<dyn Error>> {
    while let Some(readout) = plan.poll_request() {
        let outcome = ask(readout).map_err(Into::into).and_then(|answer| feed(answer, &mut plan, &mut take));
        plan.handle_end(if outcome.is_ok() { End::Complete } else { End::Broken });
        while let Some(event) = plan.poll_event() {
            println!("{event}");
        }
        if plan.fruitless() > 5 {
            return outcome.and(Err("the meter's answers lead nowhere".into()));
        }
        std::thread::sleep(Duration::from_millis(500) * plan.fruitless());
    }
    Ok(())
}

/// Tells the plan each row of an answer, and takes those that it wants.
fn feed(
    answer: Response<Body>,
    plan: &mut ReadoutPlan<LoadProfileEntry>,
    take: &mut impl FnMut(LoadProfileEntry),
) -> Result<(), Box<dyn Error>> {
    // If only the end of the connection ends the body, nobody knows whether a last line without line end is whole.
    let has = |name| answer.headers().contains_key(name);
    let is_unsure = !has("content-length") && !has("transfer-encoding");
    let mut body = answer.into_body().into_reader();
    let (mut decoder, mut buffer) = (Decoder::<LoadProfileEntry>::new(), [0; 8192]);
    loop {
        let length = body.read(&mut buffer)?;
        let (is_end, mut chunk) = (length == 0, &buffer[..length]);
        while let Some(row) = if is_end { decoder.finish() } else { decoder.decode(&mut chunk) } {
            let (verdict, row) = match row {
                Ok(row) if is_end && is_unsure => (plan.handle_unterminated(&row), row),
                Ok(row) => (plan.handle_row(&row), row),
                // Nothing more can be read of this answer.
                Err(error) if error.is_fatal() || (is_end && is_unsure) => return Err(error.into()),
                Err(error) => {
                    println!("{error}");
                    plan.handle_bad_line();
                    continue;
                }
            };
            match verdict {
                Verdict::Deliver => take(row),
                Verdict::Discard => {}
                Verdict::Abandon => return Ok(()),
            }
        }
        if is_end {
            return Ok(());
        }
    }
}
