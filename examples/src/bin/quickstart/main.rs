//! Reads a year of load profile from a meter, checks it, and sums it up. Without an address, from a simulated meter.
//!
//! ```sh
//! cargo run --release -p emu-examples
//! cargo run --release -p emu-examples -- 192.168.1.20
//! ```
#![forbid(unsafe_code)]

mod findings;
mod profile;
mod svg;
mod terminal;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use emu_client::{Checkpoint, Event, Item, Notice, ReadoutPlan, Summary};
use emu_examples::{Energy, KilowattHours, Month, Registers, Source, say};
use emu_proto::LoadProfileEntry;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::findings::Findings;
use crate::profile::Profile;

/// Reads a year of load profile, checks it, and shows energy by month, events, and the profile as a chart.
#[derive(Debug, Parser)]
#[command(name = "quickstart", after_help = "A protected meter's password is taken from EMU_PASSWORD.")]
struct Args {
    /// The meter: a host, host:port or http://host:port/. Without one a simulated meter is started.
    meter: Option<String>,

    /// How many rows to read, the newest ones. A year has 35,040.
    #[arg(long, value_name = "N", default_value_t = 35_040, value_parser = clap::value_parser!(u32).range(1..))]
    rows: u32,

    /// Where to draw the load profile.
    #[arg(long, value_name = "FILE", default_value = "load-profile.svg")]
    svg: PathBuf,
}

fn main() -> ExitCode {
    emu_examples::exit(run())
}

fn run() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let mut out = io::stdout().lock();
    let source = Source::open(args.meter)?;
    writeln!(out, "Reading {} rows from {source}", HumanCount(args.rows.into()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let year = runtime.block_on(read(&source, args.rows))?;
    let Some(last) = year.summary.last else { return Err("the meter's log is empty".into()) };

    year.write_summary(&mut out)?;
    year.findings.write(&mut out)?;
    year.write_energy(&mut out)?;
    if let Some(chart) = year.profile.chart() {
        terminal::write(&mut out, &chart)?;
        let remark = if source.is_synthetic() { "Synthetic data of a simulated meter" } else { "" };
        std::fs::write(&args.svg, svg::draw(&chart, last.serial_number, remark))
            .map_err(|error| format!("cannot write {}: {error}", args.svg.display()))?;
        writeln!(out, "\nThe same as a drawing: {}", args.svg.display())?;
    }
    Ok(())
}

/// All that is wanted of the rows. They themselves are not kept.
struct Year {
    energy: Energy,
    profile: Profile,
    findings: Findings,
    summary: Summary,
    /// How many rows between the first and the last are not there.
    lost: u64,
    /// How many requests were answered by rows that were wanted; the others looked for where to start.
    requests_with_rows: u64,
    elapsed: Duration,
}

async fn read(source: &Source, rows: u32) -> Result<Year, Box<dyn Error>> {
    let bar = progress_bar(rows)?;
    let (mut energy, mut profile, mut findings) = (Energy::default(), Profile::new(rows), Findings::default());
    let (mut lost, mut requests_with_rows, mut is_counted) = (0, 0, false);

    let started = Instant::now();
    let mut items = source.meter()?.load_profile(ReadoutPlan::last(rows)).into_items();
    while let Some(item) = items.next().await {
        match item {
            Ok(Item::Row(row)) => {
                findings.row(&row);
                energy.add(&row, |backwards| findings.note(&row, backwards.to_string()));
                profile.add(&row);
                requests_with_rows += u64::from(!std::mem::replace(&mut is_counted, true));
                if items.summary().rows.is_multiple_of(64) {
                    bar.set_message(rate(items.summary().rows, started.elapsed()));
                    bar.set_position(items.progress().passed);
                }
            }
            Ok(Item::Notice(Notice::Request(_))) => is_counted = false,
            // The log does not go back that far.
            Ok(Item::Notice(Notice::Event(Event::Fewer { .. }))) => {}
            Ok(Item::Notice(Notice::Event(event))) => {
                lost += event.undelivered().map_or(0, |rows| u64::from(rows.end() - rows.start()) + 1);
                findings.event(event);
            }
            // Tried again, cured, or of the answers' form alone.
            Ok(Item::Notice(notice)) => bar.suspend(|| say(&notice.to_string())),
            Err(error) => return Err(error.into()),
        }
    }
    let elapsed = started.elapsed();
    bar.finish_and_clear();
    Ok(Year { energy, profile, findings, summary: items.summary(), lost, requests_with_rows, elapsed })
}

/// Makes a bar with rows, rate and time left; it shows on a terminal only.
fn progress_bar(rows: u32) -> Result<ProgressBar, Box<dyn Error>> {
    let bar = ProgressBar::new(rows.into());
    bar.set_style(ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} rows, {msg}, {eta} left")?);
    Ok(bar)
}

/// Says how many rows came in a second.
fn rate(rows: u64, elapsed: Duration) -> String {
    format!("{} rows/s", HumanCount((rows as f64 / elapsed.as_secs_f64()) as u64))
}

impl Year {
    fn write_summary(&self, out: &mut impl Write) -> io::Result<()> {
        let Summary { rows, requests, bytes, .. } = self.summary;
        writeln!(
            out,
            "{} rows in {:.2} s: {}, {} in {} requests, and {} more to find where to start",
            HumanCount(rows),
            self.elapsed.as_secs_f64(),
            rate(rows, self.elapsed),
            HumanBytes(bytes),
            self.requests_with_rows,
            requests.saturating_sub(self.requests_with_rows),
        )?;
        if let (Some(first), Some(last)) = (self.summary.first, self.summary.last) {
            writeln!(out, "Meter {}, index {} to {}", last.serial_number, first.index, last.index)?;
            writeln!(out, "From {} to {}, by the meter's clock", first.timestamp, last.timestamp)?;
        }
        match self.lost {
            0 => writeln!(out, "Continuity: every index is there, once"),
            lost => writeln!(out, "Continuity: {} rows are not there; see below", HumanCount(lost)),
        }
    }

    fn write_energy(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\nEnergy in kWh by month (UTC) and tariff, from differences of the registers.")?;
        writeln!(out, "What was counted between two rows belongs to the month in which that time began.\n")?;
        write_line(out, "month", Registers::NAMES)?;
        let months: Vec<(Month, Registers)> = self.energy.months().collect();
        let is_cut = |row: Option<Checkpoint>| row.is_some_and(|row| !Month::is_start(row.timestamp));
        let (is_start_cut, is_end_cut) = (is_cut(self.summary.first), is_cut(self.summary.last));
        for (number, (month, sums)) in months.iter().enumerate() {
            let is_part = (number == 0 && is_start_cut) || (number + 1 == months.len() && is_end_cut);
            let title = format!("{month}{}", if is_part { " *" } else { "" });
            write_line(out, &title, sums.values().map(KilowattHours))?;
        }
        write_line(out, "total", self.energy.total().values().map(KilowattHours))?;
        writeln!(out, "{}", if is_start_cut || is_end_cut { "* a part of the month\n" } else { "" })
    }
}

fn write_line(out: &mut impl Write, title: &str, cells: [impl Display; 4]) -> io::Result<()> {
    let [import_t1, import_t2, export_t1, export_t2] = cells;
    writeln!(out, "{title:<9}{import_t1:>13}{import_t2:>13}{export_t1:>13}{export_t2:>13}")
}

/// Which column of the load profile is drawn.
fn power(row: &LoadProfileEntry) -> i64 {
    row.active_power_l123.get().into()
}
