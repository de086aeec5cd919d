//! Reads a load profile without async: `ureq` moves the bytes, `emu-proto` decides what to ask and what the answers mean.
//!
//! ```sh
//! cargo run -p emu-examples --bin blocking
//! cargo run -p emu-examples --bin blocking -- 192.168.1.20
//! ```
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::Read;

use emu_proto::{Decoder, End, LoadProfileEntry, Log, ReadoutPlan, Verdict};

fn main() -> Result<(), Box<dyn Error>> {
    let source = emu_examples::Source::open(std::env::args().nth(1))?;
    println!("Reading {source}");
    let host = source.address().trim_start_matches("http://").trim_end_matches('/');
    let mut plan = ReadoutPlan::<LoadProfileEntry>::last(5_000);
    let mut rows = Vec::new();
    while let Some(readout) = plan.poll_request() {
        let outcome = read(&format!("http://{host}{}", readout.target(Log::LoadProfile)), &mut plan, &mut rows);
        plan.handle_end(if outcome.is_ok() { End::Complete } else { End::Broken });
        while let Some(event) = plan.poll_event() {
            println!("{event}");
        }
        // What breaks off is asked for again, a few times.
        outcome.or_else(|error| if plan.fruitless() > 5 { Err(error) } else { Ok(()) })?;
    }
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Err("the log is empty".into()) };
    let sum: i64 = rows.iter().map(|row| i64::from(row.active_power_l123.get())).sum();
    println!("{} rows, index {} ({}) to {} ({})", rows.len(), first.index, first.timestamp, last.index, last.timestamp);
    println!("mean power {} W", sum / rows.len() as i64);
    Ok(())
}

fn read(
    url: &str,
    plan: &mut ReadoutPlan<LoadProfileEntry>,
    rows: &mut Vec<LoadProfileEntry>,
) -> Result<(), Box<dyn Error>> {
    let mut body = ureq::get(url).call()?.into_body().into_reader();
    let (mut decoder, mut buffer) = (Decoder::<LoadProfileEntry>::new(), [0; 4096]);
    loop {
        let length = body.read(&mut buffer)?;
        let mut chunk = &buffer[..length];
        while let Some(row) = decoder.decode(&mut chunk) {
            let row = row?;
            match plan.handle_row(&row) {
                Verdict::Deliver => rows.push(row),
                Verdict::Discard => {}
                Verdict::Abandon => return Ok(()),
            }
        }
        if length == 0 {
            // A last row without line end may have been cut: the plan asks for it again, and takes it the second time.
            let last = decoder.finish().transpose()?;
            rows.extend(last.filter(|row| plan.handle_unterminated(row) == Verdict::Deliver));
            return Ok(());
        }
    }
}
