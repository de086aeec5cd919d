//! The arguments of the command, and the simulator that they describe.

mod dialect;
mod updates;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use self::dialect::DialectArguments;
use self::updates::{ImageArguments, UpdateArguments, UpdateFaultArguments};
use chrono::{DateTime, Utc};
use clap::{Args, Parser};
use emu_proto::SerialNumber;
use emu_simulator::{
    BodyLength, Builder, Defects, Event, Fault, Household, Incident, Malformed, Moment, OnlineUpdates, Simulator, Site,
};

/// A simulated energy meter EMU Professional II TCP/IP on a TCP port. All its data is synthetic.
///
/// It answers /data/ and /logbook/ as the meter's manual describes, with three years of rows of an invented household,
/// the same for the same seed on every machine. Faults, damage and dialects can be had on request. It prints a line,
/// "listening on http://...", and more with the UDP address and the serial line of its server for firmware updates, and runs
/// until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "emu-simulator", version, max_term_width = 110, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    meter: MeterArguments,
    #[command(flatten)]
    clock: ClockArguments,
    #[command(flatten)]
    fault: FaultArguments,
    #[command(flatten)]
    dialect: DialectArguments,
    #[command(flatten)]
    damage: DamageArguments,
    #[command(flatten)]
    updates: UpdateArguments,
    #[command(flatten)]
    update_faults: UpdateFaultArguments,
    #[command(flatten)]
    image: ImageArguments,
}

const EXAMPLES: &str = "\
Examples:
  emu-simulator --port 8080
      three years of a house with sun on its roof, on http://127.0.0.1:8080
  emu-simulator --port 8080 --now --speed 900
      newest row of today, and a new one every second
  emu-simulator --site factory --seed 7 --depth 5000 --rows 8000 --first-index 19752
      a factory's meter whose ring holds the rows 22752 to 27751
  emu-simulator --cut-at 100000 --every 3
      every third answer breaks off after 100,000 bytes; a client that goes on from there gets everything
  emu-simulator --chunk-size 536 --chunk-pause 2 --one-at-a-time
      a small device on a slow line
  emu-simulator --swap-after-rows 10000 --append-every-rows 500
      a meter that logs while it is read, and is replaced in the middle of the fourth answer
  emu-simulator --delimiter comma --header plain --time +02:00 --crlf --event 500=clock-lost:20
      another firmware's way of writing, and a power failure that lost the clock
  emu-simulator --write-test-image update.bin --image-version 1.0.9
      write an update file that the simulated meter accepts, and end
  emu-simulator --smp-port 1337 --smp-erase-time 2000 --smp-restart-time 20000 --smp-loss 3 --smp-delay 10
      a slow meter on a bad line that takes it
  emu-simulator --smp-serial /tmp/meter --smp-serial-talk
      and then: emu firmware list serial:/tmp/meter";

#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
struct ServerArguments {
    /// Port to listen on; 0 is any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Protect the meter with this password (HTTP Basic, user "admin"); others are answered 401
    #[arg(long)]
    password: Option<String>,
    /// How the end of a body is told
    #[arg(long, value_enum, default_value_t)]
    body_length: BodyLength,
    /// Serve one connection at a time and close it after its answer, as a small device may; others wait
    #[arg(long)]
    one_at_a_time: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Meter")]
struct MeterArguments {
    /// Seed from which the household follows
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kind of site
    #[arg(long, value_enum, default_value_t)]
    site: Site,
    /// Serial number, up to eight digits [default: follows from the seed]
    #[arg(long)]
    serial: Option<SerialNumber>,
    /// Index of the first row that was ever logged
    #[arg(long, default_value_t = 1)]
    first_index: u32,
    /// Rows that were logged before the start
    #[arg(long, default_value_t = Household::THREE_YEARS)]
    rows: u32,
    /// Rows that the meter keeps: the depth of the ring
    #[arg(long, default_value_t = Household::THREE_YEARS as usize)]
    depth: usize,
    /// Entries that the logbook takes; then it is full, and the status says so
    #[arg(long, default_value_t = 2_048)]
    logbook_depth: usize,
    /// Let nothing happen by lot: no power failures, clock changes, new transformers
    #[arg(long)]
    quiet: bool,
    /// Make something happen before the row with this index, such as 500=power-failure:8; may be repeated.
    ///
    /// power-failure:N (N rows missing in time), time-change:SECONDS (rows jump if the clock leaves its quarter hour), clock-step:QUARTERS (rows jump in time),
    /// clock-lost:N (a power failure after which N rows count from 1970), no-sync:N (N rows unsynchronised),
    /// ct-primary:N, vt-primary:N, pulse-value:N, pulse-width:N (settings, with their logbook entry), status:BITS
    /// (more status bits, known or not; 0x… and 0b… will do)
    #[arg(long, value_name = "INDEX=EVENT", value_parser = parse_event)]
    event: Vec<(u32, Event)>,
    /// Let the registers start again from 0 at 2^32 Wh, as 32-bit registers would
    #[arg(long)]
    wrap_registers: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Clock and growth")]
struct ClockArguments {
    /// Time of the newest row at the start
    #[arg(long, value_name = "TIME", default_value = "2026-01-01T00:00:00Z", value_parser = parse_time)]
    newest: DateTime<Utc>,
    /// Newest row at the last full quarter hour of this machine's clock, which then runs (--speed 1)
    #[arg(long, conflicts_with = "newest")]
    now: bool,
    /// Run the meter's clock this many times as fast as time; 0 stands still
    #[arg(long, value_name = "N", value_parser = parse_speed)]
    speed: Option<f64>,
    /// Log this many rows after each request (at most 10,000)
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    append_per_request: u32,
    /// Log a row whenever this many rows were written into answers, within an answer too; 0 is never
    #[arg(long, value_name = "N", default_value_t = 0)]
    append_every_rows: u64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Faults")]
struct FaultArguments {
    /// Send bodies in pieces of this many bytes, each a TCP write of its own
    #[arg(long, value_name = "BYTES")]
    chunk_size: Option<usize>,
    /// Pause between two pieces, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0, requires = "chunk_size")]
    chunk_pause: u64,
    /// Wait before each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay: u64,
    /// Close the connection in good order after this many bytes of a body
    #[arg(long, value_name = "BYTES")]
    cut_at: Option<u64>,
    /// Reset the connection (RST) after this many bytes of a body
    #[arg(long, value_name = "BYTES")]
    reset_at: Option<u64>,
    /// Answer status 500
    #[arg(long)]
    server_error: bool,
    /// Answer a web page with status 200 in place of a log
    #[arg(long)]
    web_page: bool,
    /// Answer logs under this content type
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Answer status 302 with this location
    #[arg(long, value_name = "URL")]
    redirect: Option<String>,
    /// Send bodies that never end, until the client closes the connection
    #[arg(long)]
    endless: bool,
    /// Take requests and never answer
    #[arg(long)]
    stall: bool,
    /// Let these faults strike the first K requests alone
    #[arg(long, value_name = "K", group = "when")]
    first: Option<u64>,
    /// Let these faults strike every K-th request alone
    #[arg(long, value_name = "K", group = "when")]
    every: Option<u64>,
    /// Let these faults strike the K-th request alone
    #[arg(long, value_name = "K", group = "when")]
    only: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Damage to the log")]
struct DamageArguments {
    /// Leave out these rows
    #[arg(long, value_name = "INDEX", value_delimiter = ',')]
    hole: Vec<u32>,
    /// Send these rows twice
    #[arg(long, value_name = "INDEX", value_delimiter = ',')]
    double: Vec<u32>,
    /// Damage these rows, such as 500 or 500=missing-cell: garbage, binary, missing-cell, extra-cell, long-line, bad-time
    #[arg(long, value_name = "INDEX[=KIND]", value_delimiter = ',', value_parser = parse_malformed)]
    malformed: Vec<(u32, Malformed)>,
    /// Put another meter in this one's place after this many requests
    #[arg(long, value_name = "N")]
    swap_after_requests: Option<u64>,
    /// Put another meter in this one's place after this many rows, within an answer if need be
    #[arg(long, value_name = "N")]
    swap_after_rows: Option<u64>,
    /// Clear the logs after this many requests; their indices start again at 1, with 96 rows
    #[arg(long, value_name = "N")]
    restart_after_requests: Option<u64>,
}

impl Arguments {
    /// Returns the address to listen on.
    fn address(&self) -> SocketAddr {
        SocketAddr::new(self.server.host, self.server.port)
    }

    /// Writes a test image, if that is what is asked for.
    pub(crate) fn write_test_image(&self) -> Option<Result<String, String>> {
        self.image.write()
    }

    /// Starts the simulator. Where no port for updates was given, and the usual one is taken, any free one is.
    pub(crate) async fn start(&self) -> Result<Simulator, String> {
        let told = |error: std::io::Error| {
            let ports = match self.updates.port() {
                Some(port) => format!("{} or UDP port {port}", self.address()),
                None => self.address().to_string(),
            };
            format!("can not listen on {ports}: {error}")
        };
        let Some(port) = self.updates.port() else { return self.builder().start().await.map_err(told) };
        let updates = self.update_faults.apply(self.updates.online_updates(port)?);
        let started = self.builder().online_updates(updates.clone()).start().await;
        match started {
            Err(error) if self.updates.is_usual_port() && error.kind() == std::io::ErrorKind::AddrInUse => {
                let updates = OnlineUpdates { port: 0, ..updates };
                self.builder().online_updates(updates).start().await.map_err(told)
            }
            started => started.map_err(told),
        }
    }

    /// Returns the simulator that these arguments describe.
    pub(crate) fn builder(&self) -> Builder {
        let mut builder = Simulator::builder()
            .address(self.address())
            .household(self.meter.household())
            .rows(self.meter.rows)
            .depth(self.meter.depth)
            .body_length(self.server.body_length)
            .newest(self.clock.newest)
            .log_after_each_request(self.clock.append_per_request)
            .dialect(self.dialect.dialect())
            .quirks(self.dialect.quirks())
            .defects(self.damage.defects());
        if self.clock.append_every_rows > 0 {
            builder = builder.log_after_rows(self.clock.append_every_rows, 1);
        }
        if let Some(password) = &self.server.password {
            builder = builder.password(password);
        }
        if self.server.one_at_a_time {
            builder = builder.one_at_a_time();
        }
        if self.clock.now {
            builder = builder.now();
        }
        if let Some(speed) = self.clock.speed {
            builder = builder.speed(speed);
        }
        let builder = self.fault.faults().into_iter().fold(builder, Builder::fault);
        self.damage.incidents(self.meter.seed).into_iter().fold(builder, Builder::incident)
    }
}

impl MeterArguments {
    fn household(&self) -> Household {
        let mut household = Household::new(self.seed).site(self.site).first_index(self.first_index);
        household = household.logbook_depth(self.logbook_depth);
        if let Some(serial) = self.serial {
            household = household.serial_number(serial);
        }
        if self.quiet {
            household = household.quiet();
        }
        if self.wrap_registers {
            household = household.wrapping_registers();
        }
        self.event.iter().fold(household, |household, (index, event)| household.event(*index, *event))
    }
}

impl FaultArguments {
    fn faults(&self) -> Vec<Fault> {
        let milliseconds = Duration::from_millis;
        let mut faults = Vec::new();
        faults.extend(self.chunk_size.map(|bytes| Fault::chunks(bytes, milliseconds(self.chunk_pause))));
        faults.extend((self.delay > 0).then(|| Fault::delay(milliseconds(self.delay))));
        faults.extend(self.cut_at.map(Fault::cut));
        faults.extend(self.reset_at.map(Fault::reset));
        faults.extend(self.server_error.then(Fault::server_error));
        faults.extend(self.web_page.then(Fault::web_page));
        faults.extend(self.content_type.clone().map(Fault::content_type));
        faults.extend(self.redirect.clone().map(Fault::redirect));
        faults.extend(self.endless.then(Fault::endless));
        faults.extend(self.stall.then(Fault::stall));
        let limit = |fault: Fault| match (self.first, self.every, self.only) {
            (Some(count), _, _) => fault.first(count),
            (_, Some(count), _) => fault.every(count),
            (_, _, Some(number)) => fault.only(number),
            (None, None, None) => fault,
        };
        faults.into_iter().map(limit).collect()
    }
}

impl DamageArguments {
    fn defects(&self) -> Defects {
        Defects {
            holes: self.hole.iter().copied().collect(),
            doubled: self.double.iter().copied().collect(),
            malformed: self.malformed.iter().copied().collect(),
        }
    }

    /// The other meter's seed follows from this one's.
    fn incidents(&self, seed: u64) -> Vec<Incident> {
        let seed = seed.wrapping_add(1_000_003);
        let requests = self.swap_after_requests.map(Moment::Requests);
        let rows = self.swap_after_rows.map(Moment::Rows);
        let mut incidents: Vec<Incident> =
            requests.into_iter().chain(rows).map(|at| Incident::Swap { at, seed }).collect();
        let restart = self.restart_after_requests.map(Moment::Requests);
        incidents.extend(restart.map(|at| Incident::Restart { at, rows: 96 }));
        incidents
    }
}

fn parse_event(text: &str) -> Result<(u32, Event), String> {
    let (index, event) = text.split_once('=').ok_or("expected INDEX=EVENT")?;
    let index = index.parse().map_err(|_| "the index is no number of 32 bits")?;
    event.parse().map(|event| (index, event)).map_err(|error: emu_simulator::InvalidEvent| error.to_string())
}

fn parse_malformed(text: &str) -> Result<(u32, Malformed), String> {
    let (index, kind) = text.split_once('=').unwrap_or((text, "garbage"));
    let index = index.parse().map_err(|_| "the index is no number of 32 bits")?;
    clap::ValueEnum::from_str(kind, false).map(|kind| (index, kind))
}

fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    text.parse().map_err(|_| "expected a time such as 2026-01-01T00:00:00Z".to_owned())
}

fn parse_speed(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|speed: &f64| speed.is_finite() && *speed >= 0.0).ok_or("expected a number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_argument_is_explained() {
        for argument in Arguments::command().get_arguments() {
            assert!(argument.get_help().is_some(), "{}", argument.get_id());
            assert!(argument.get_help_heading().is_some() || ["help", "version"].contains(&argument.get_id().as_str()));
        }
    }

    #[test]
    fn every_example_parses() {
        for line in EXAMPLES.lines().filter(|line| line.starts_with("  emu-simulator")) {
            Arguments::try_parse_from(line.split_whitespace()).unwrap().builder();
        }
    }

    #[test]
    fn events_and_damage() {
        assert_eq!(parse_event("7=clock-lost:2"), Ok((7, Event::ClockLost { rows: 2 })));
        assert!(parse_event("x=clock-lost:2").is_err() && parse_event("7=flood:2").is_err());
        assert_eq!(parse_malformed("7"), Ok((7, Malformed::Garbage)));
        assert_eq!(parse_malformed("7=missing-cell"), Ok((7, Malformed::MissingCell)));
        assert!(parse_malformed("7=what").is_err());
    }
}
