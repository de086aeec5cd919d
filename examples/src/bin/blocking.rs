//! Reads a load profile without async: `ureq` moves the bytes, `emu-proto` decides what to ask and what the answers mean.
//!
//! ```sh
//! cargo run -p emu-examples --bin blocking
//! cargo run -p emu-examples --bin blocking -- 192.168.1.20
//! ```
//!
//! A second argument says how many seconds the meter may be silent, 30 if there is none.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use emu_proto::{Decoder, End, LoadProfileEntry, Log, ReadoutPlan, Verdict};

type Plan = ReadoutPlan<LoadProfileEntry>;
type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    emu_examples::exit(run())
}

fn run() -> Outcome {
    let source = emu_examples::Source::open(std::env::args().nth(1))?;
    let silence = Duration::from_secs(std::env::args().nth(2).map_or(Ok(30), |seconds| seconds.parse())?);
    let mut out = io::stdout();
    writeln!(out, "Reading {source}")?;
    // Neither a redirect nor a proxy is to see the password.
    let agent = ureq::Agent::config_builder().max_redirects(0).proxy(None).http_status_as_error(false);
    let agent = agent.timeout_per_read(Some(silence)).timeout_global(Some(silence * 10)).build().new_agent();
    let (mut plan, mut rows) = (Plan::last(5_000), Vec::new());
    while let Some(readout) = plan.poll_request() {
        let request = agent.get(source.url(readout.target(Log::LoadProfile)));
        let outcome = match request.header("Authorization", source.authorization()).call() {
            Ok(answer) if answer.status() == 200 => read(answer.into_body().into_reader(), &mut plan, &mut rows),
            Ok(answer) if answer.status().is_server_error() => Err(answer.status().to_string().into()),
            Ok(answer) => return Err(format!("the meter answered status {}", answer.status()).into()),
            Err(error) => Err(error.into()),
        };
        plan.handle_end(if outcome.is_ok() { End::Complete } else { End::Broken });
        while let Some(event) = plan.poll_event() {
            writeln!(out, "{event}")?;
        }
        // What breaks off is asked for again, a few times; a plan itself needs some answers more where rows are bad.
        if plan.fruitless() > if outcome.is_ok() { 20 } else { 5 } {
            return outcome.and(Err("no answer holds a wanted row that can be read".into()));
        }
        std::thread::sleep(Duration::from_millis(100) * plan.fruitless());
    }
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Err("the log is empty".into()) };
    let sum: i64 = rows.iter().map(|row| i64::from(row.active_power_l123.get())).sum();
    let ends = format!("{} ({}) to {} ({})", first.index, first.timestamp, last.index, last.timestamp);
    writeln!(out, "{} rows, index {ends}", rows.len())?;
    writeln!(out, "mean power {} W", sum / rows.len() as i64)?;
    Ok(())
}

fn read(mut body: impl Read, plan: &mut Plan, rows: &mut Vec<LoadProfileEntry>) -> Outcome {
    let (mut decoder, mut buffer) = (Decoder::<LoadProfileEntry>::new(), [0; 4096]);
    loop {
        let length = body.read(&mut buffer)?;
        let mut chunk = &buffer[..length];
        while let Some(row) = decoder.decode(&mut chunk) {
            match row.map(|row| (row, plan.handle_row(&row))) {
                Ok((row, Verdict::Deliver)) => rows.push(row),
                Ok((_, Verdict::Discard)) => {}
                Ok((_, Verdict::Abandon)) => return Ok(()),
                Err(error) if error.is_fatal() => return Err(error.into()),
                // Its row is asked for again, and told if it never comes.
                Err(_) => plan.handle_bad_line(),
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
