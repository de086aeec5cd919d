//! `emu data` and `emu logbook`: one read-out, from the choice of rows to the exit code.

use std::io::IsTerminal;
use std::path::Path;
use std::pin::Pin;

use emu_client::{Checkpoint, Entry, Error, ErrorKind, Event, Item, Items, Meter, Notice, Order, ReadoutPlan};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::args::{Format, OrderArg, ReadArgs};
use crate::connect;
use crate::exit::{Exit, Failure};
use crate::format::RowWriter;
use crate::output::{Output, write_whole};
use crate::previous::{Kind, Previous, Stamp};
use crate::report::{Losses, Report};
use crate::when::Since;

pub(crate) fn run<R: Entry + Serialize + DeserializeOwned>(args: &ReadArgs) -> Result<Exit, Failure> {
    let meter = connect::meter(args)?;
    let job = Job::<R>::new(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    runtime.block_on(job.run(meter))
}

/// A read-out, with all that the command line and earlier files say about it.
struct Job<'a, R: Entry> {
    args: &'a ReadArgs,
    plan: ReadoutPlan<R>,
    format: Format,
    previous: Previous,
    /// Whether rows are added to the file that the read-out goes on from.
    adds: bool,
}

/// How the rows came to an end.
enum Ending {
    Complete,
    Failed(Error),
    /// Another meter answers than the one whose rows are in the file.
    Swapped(String),
    Stopped(Exit),
}

impl<'a, R: Entry + Serialize + DeserializeOwned> Job<'a, R> {
    fn new(args: &'a ReadArgs) -> Result<Self, Failure> {
        let previous = match &args.selection.since {
            Some(Since::File(path)) => read_previous::<R>(args, path)?,
            _ => Previous::default(),
        };
        let adds = is_since(args, args.output.as_deref());
        if adds {
            check_adding(args, &previous)?;
        }
        if let (Some(Since::Time(since)), Some(until)) = (&args.selection.since, args.until)
            && *since > until.0
        {
            return Err(Failure::usage("the time of --since is after that of --until, so that no row could be both"));
        }
        if args.checkpoint.is_some() && args.checkpoint == args.output {
            return Err(Failure::usage("--output and --checkpoint are the same file"));
        }
        let format = match (adds, previous.kind, args.format) {
            (true, Some(Kind::Rows(format)), _) | (_, _, Some(format)) => format,
            _ => default_format(args.output.as_deref()),
        };
        if adds && !matches!(format, Format::Csv | Format::Jsonl) {
            return Err(Failure::usage("rows can be added to csv and jsonl alone"));
        }
        Ok(Self { args, plan: plan(args, &previous), format, previous, adds })
    }

    async fn run(self, meter: Meter) -> Result<Exit, Failure> {
        let args = self.args;
        let shows_rows = args.output.is_none() && std::io::stdout().is_terminal();
        let report = Report::new(args.quiet, args.verbose, shows_rows);
        for remark in &self.previous.remarks {
            report.say(remark);
        }
        if let Some(path) = &args.output {
            Output::check(path)?;
        }
        let mut sink = Sink::<R>::new(&self);
        let address = meter.address().to_string();
        let mut items = meter.read(self.plan.clone()).into_items();
        let mut losses = Losses { any: self.previous.is_damaged, ..Losses::default() };
        let mut ending = sink.copy(&mut items, &report, &mut losses).await;
        if let Ok(Ending::Failed(error)) = &ending
            && matches!(error.kind(), ErrorKind::Unauthorized { .. })
            && items.summary().rows == 0
            && let Some(meter) = report.pause(|| connect::with_asked_password(args))?
        {
            items = meter.read(self.plan.clone()).into_items();
            ending = sink.copy(&mut items, &report, &mut losses).await;
        }
        let ending = ending.inspect_err(|_| report.clear())?;
        // A file that can be gone on from is of use with some of the rows, too.
        let is_complete = matches!(ending, Ending::Complete);
        let has_rows = items.summary().rows > 0;
        // What went to standard output is out, and read again it would be doubled.
        let is_out = !is_complete && has_rows && sink.flush();
        if is_complete || (self.adds && has_rows) {
            sink.finish()?;
        }
        if (is_complete || is_out || (self.adds && has_rows))
            && let (Some(path), Some(place)) = (&args.checkpoint, items.checkpoint())
        {
            write_whole(path, &format!("{place}\n"))?;
        }
        report.summary(R::LOG, &address, &items.summary(), &losses);
        match ending {
            Ending::Complete if losses.any => Ok(Exit::Incomplete),
            Ending::Complete => Ok(Exit::Complete),
            Ending::Failed(error) => Err(error.into()),
            Ending::Swapped(message) => Err(Failure { exit: Exit::Incomplete, message: Some(message) }),
            Ending::Stopped(exit) => {
                report.say("interrupted");
                Ok(exit)
            }
        }
    }
}

/// Where rows go. Nothing is made, and signals end the process by themselves, before there is a row.
struct Sink<'a, R: Entry> {
    job: &'a Job<'a, R>,
    writer: RowWriter,
    output: Option<Output>,
    stop: Option<Pin<Box<dyn Future<Output = Exit>>>>,
}

impl<'a, R: Entry + Serialize> Sink<'a, R> {
    fn new(job: &'a Job<'a, R>) -> Self {
        let goes_on = job.adds && !job.previous.kept.is_empty();
        Self { job, writer: RowWriter::new::<R>(job.format, job.args.wide, goes_on), output: None, stop: None }
    }

    /// Writes all rows and says all notices.
    async fn copy(&mut self, items: &mut Items<R>, report: &Report, losses: &mut Losses) -> Result<Ending, Failure> {
        let names_rows = self.job.args.selection.from.is_some() || self.job.args.selection.last.is_some();
        loop {
            let stop = async {
                match &mut self.stop {
                    Some(stop) => stop.await,
                    None => std::future::pending().await,
                }
            };
            let item = tokio::select! {
                biased;
                exit = stop => return Ok(Ending::Stopped(exit)),
                item = items.next() => item,
            };
            match item {
                // With --until: a row before this one was left out, and the next run is to go on in front of that.
                Some(Ok(Item::Row(row))) if self.job.adds && items.checkpoint() != Some(Checkpoint::of(&row)) => {
                    return Ok(Ending::Complete);
                }
                Some(Ok(Item::Row(row))) => {
                    let (output, writer) = self.open()?;
                    writer.row(output, &row)?;
                    if items.summary().rows.is_multiple_of(64) {
                        report.progress(items.progress());
                    }
                }
                Some(Ok(Item::Notice(notice))) => {
                    if matches!(notice, Notice::Request(_)) {
                        self.output.as_mut().map_or(Ok(()), Output::flush)?;
                        report.progress(items.progress());
                    }
                    if let Notice::Event(event) = &notice {
                        losses.count(event);
                    }
                    if let (true, Notice::Event(Event::MeterSwapped { old, new, .. })) = (self.job.adds, &notice) {
                        // Before any of its rows.
                        return Ok(Ending::Swapped(format!(
                            "meter {new} answers, and the file has rows of meter {old}; none of meter {new} was added; \
                             give it another file with --since and --output"
                        )));
                    }
                    report.notice(&notice, names_rows);
                }
                Some(Err(error)) => return Ok(Ending::Failed(error)),
                None => return Ok(Ending::Complete),
            }
        }
    }

    fn finish(mut self) -> Result<(), Failure> {
        let (output, writer) = self.open()?;
        writer.end::<R>(output)?;
        let Some(output) = self.output else { return Ok(()) };
        output.finish(|| match &self.job.args.output {
            Some(path) if self.job.adds && Stamp::of(path) != self.job.previous.stamp => Err(Failure::failed(format!(
                "{} was changed while the meter was read, maybe by another run of emu; it is left as it is now; run \
                 this again",
                path.display()
            ))),
            _ => Ok(()),
        })
    }

    /// Writes out rows that cannot be taken back; returns whether they are out. A failure of the read-out itself is
    /// under way, and says more than one of this.
    fn flush(&mut self) -> bool {
        self.output.as_mut().is_some_and(|output| output.is_stream() && output.flush().is_ok())
    }

    fn open(&mut self) -> Result<(&mut Output, &mut RowWriter), Failure> {
        let output = match self.output.take() {
            Some(output) => output,
            None => {
                // First of all, so that nothing is left behind.
                self.stop = Some(Box::pin(stopped()));
                let kept = if self.job.adds { self.job.previous.kept.as_slice() } else { b"" };
                match &self.job.args.output {
                    Some(path) => Output::file(path, kept)?,
                    None => Output::stdout(),
                }
            }
        };
        Ok((self.output.insert(output), &mut self.writer))
    }
}

/// Catches signals from now on; the future waits for one.
fn stopped() -> impl Future<Output = Exit> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    };
    async move {
        #[cfg(unix)]
        if let (Ok(mut interrupt), Ok(mut terminate)) = signals {
            return tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Terminated,
            };
        }
        // Signals that cannot be caught end the process by themselves.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Exit::Interrupted
    }
}

/// Makes the plan that the command line asks for.
fn plan<R: Entry>(args: &ReadArgs, previous: &Previous) -> ReadoutPlan<R> {
    let selection = &args.selection;
    let mut plan = match (&selection.since, selection.from, selection.last) {
        (Some(Since::Time(since)), ..) => ReadoutPlan::times(*since..),
        (Some(Since::File(_)), ..) => previous.last.map_or_else(ReadoutPlan::all, ReadoutPlan::since),
        (None, Some(from), _) => ReadoutPlan::indices(from, selection.to.unwrap_or(u32::MAX)),
        (None, None, Some(last)) => ReadoutPlan::last(last),
        (None, None, None) if selection.all => ReadoutPlan::all(),
        // A time says how much is wanted.
        (None, None, None) if args.until.is_some() => ReadoutPlan::all(),
        (None, None, None) => ReadoutPlan::last(R::LOG.limit()),
    };
    if let Some(until) = args.until {
        plan = plan.until(until.0);
    }
    match args.order {
        Some(OrderArg::Asc) => plan.order(Order::Ascending),
        Some(OrderArg::Desc) => plan.descending(),
        None => plan,
    }
}

/// Reads the file of `--since`. One that is made by this very run need not be there.
fn read_previous<R: Entry + DeserializeOwned>(args: &ReadArgs, path: &Path) -> Result<Previous, Failure> {
    let is_made = is_since(args, args.output.as_deref()) || is_since(args, args.checkpoint.as_deref());
    match path.try_exists() {
        Ok(false) if is_made => Ok(Previous::default()),
        Ok(false) => Err(Failure::usage(format!(
            "--since: {} is neither a time, such as 2025-01-31T12:00:00Z, 2025-01-31 or 7d, nor a file that exists",
            path.display()
        ))),
        _ => Previous::read::<R>(path),
    }
}

/// Whether this is the file of `--since`.
fn is_since(args: &ReadArgs, path: Option<&Path>) -> bool {
    let (Some(Since::File(since)), Some(path)) = (&args.selection.since, path) else { return false };
    let is_same = || Some(std::fs::canonicalize(since).ok()? == std::fs::canonicalize(path).ok()?);
    since == path || is_same() == Some(true)
}

fn check_adding(args: &ReadArgs, previous: &Previous) -> Result<(), Failure> {
    if args.order == Some(OrderArg::Desc) {
        return Err(Failure::usage("rows are added to a file with the oldest first, not with --order desc"));
    }
    if let Some(obstacle) = &previous.obstacle {
        return Err(Failure::failed(format!(
            "no rows can be added: {obstacle}; go on with another file, which --all --output FILE makes"
        )));
    }
    match (previous.kind, args.format) {
        (Some(Kind::Checkpoint), _) => {
            Err(Failure::usage("the file of --since is a checkpoint, and --output would write over it"))
        }
        (Some(Kind::Rows(is)), Some(wanted)) if is != wanted => {
            Err(Failure::usage(format!("the file of --since is {is}, and rows in {wanted} cannot be added to it")))
        }
        _ => Ok(()),
    }
}

fn default_format(output: Option<&Path>) -> Format {
    let Some(path) = output else {
        return if std::io::stdout().is_terminal() { Format::Table } else { Format::Csv };
    };
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Format::Json,
        Some("jsonl" | "ndjson") => Format::Jsonl,
        _ => Format::Csv,
    }
}
