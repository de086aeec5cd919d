//! The driver: it performs the plan's requests, hands it what comes, and yields what it says.
//!
//! All that is under way lives in the stream itself and not in a future, so that a caller may stop asking at any time.
//! What a row means, what is missing and what to ask next is the plan's business; time, patience and bytes are the
//! driver's.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use emu_proto::{
    Checkpoint, Decoder, Deviations, End, Entry, Progress, ReadError, Readout, ReadoutPlan, RequestTarget, Verdict,
};
use futures_core::Stream;
use tokio::time::{Sleep, sleep};

use crate::answer::Answer;
use crate::error::{Error, ErrorKind};
use crate::meter::Shared;
use crate::notice::{Item, Notice};
use crate::summary::Summary;

/// So many more answers that lead nowhere are taken than failures: a plan needs some of them to be sure of what is not
/// there, and to find a newest row that can be read.
const PATIENCE: u32 = 16;

/// A header line of a firmware with more columns than are known has room in this.
const LINE: usize = 4096;

/// Rows and notices of a read-out, in the order in which they happened; made by
/// [`Rows::into_items`](crate::Rows::into_items).
///
/// As [`Rows`](crate::Rows), with all that is no row among them.
#[must_use = "a stream does nothing unless items are asked for"]
pub struct Items<R: Entry> {
    meter: Arc<Shared>,
    plan: ReadoutPlan<R>,
    state: State<R>,
    /// What the last request asked for.
    target: RequestTarget,
    /// How many requests have failed since one brought the plan further.
    failures: u32,
    last_bad_line: Option<ReadError>,
    is_typeless_told: bool,
    summary: Summary,
    /// To be yielded before anything else happens, in this order: notices, a row, the error.
    notices: VecDeque<Notice>,
    row: Option<Held<R>>,
    error: Option<Error>,
}

/// A row that waits for the notices before it.
struct Held<R> {
    row: R,
    /// The checkpoint as long as the row was not yielded.
    before: Option<Checkpoint>,
}

enum State<R: Entry> {
    /// Nothing is under way.
    Idle,
    /// A request was sent; the head of its answer is waited for.
    Asking(Pin<Box<dyn Future<Output = Result<Answer, ErrorKind>> + Send + Sync>>),
    /// An answer is read.
    Reading(Box<Reading<R>>),
    /// A request has failed.
    Waiting(Pin<Box<Sleep>>),
    /// It is over.
    Done,
}

struct Reading<R: Entry> {
    answer: Answer,
    decoder: Decoder<R, LINE>,
    /// What came and was not decoded yet.
    chunk: Bytes,
    /// The index of the last row that was decoded.
    last_index: Option<u32>,
}

impl<R: Entry> Items<R> {
    pub(crate) fn new(meter: Arc<Shared>, plan: ReadoutPlan<R>) -> Self {
        Self {
            meter,
            plan,
            state: State::Idle,
            target: Readout::Newest.target(R::LOG),
            failures: 0,
            last_bad_line: None,
            is_typeless_told: false,
            summary: Summary::default(),
            notices: VecDeque::new(),
            row: None,
            error: None,
        }
    }

    /// Returns the next item, or `None` after the last one and after an error. Cancel-safe.
    ///
    /// # Errors
    ///
    /// An [`Error`] once, when the read-out cannot go on.
    pub async fn next(&mut self) -> Option<Result<Item<R>, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// Returns the place of the last row that was yielded; see [`Rows::checkpoint`](crate::Rows::checkpoint).
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.row.as_ref().map_or_else(|| self.plan.checkpoint(), |held| held.before)
    }

    /// Returns what came of it so far, in numbers.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// Returns how far the read-out is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.plan.progress()
    }

    pub(crate) fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Item<R>, Error>>> {
        loop {
            if let Some(notice) = self.notices.pop_front() {
                notice.log(&self.meter.address);
                self.summary.count(&notice);
                return Poll::Ready(Some(Ok(Item::Notice(notice))));
            }
            if let Some(held) = self.row.take() {
                self.summary.count_row(&held.row);
                return Poll::Ready(Some(Ok(Item::Row(held.row))));
            }
            if let Some(error) = self.error.take() {
                tracing::error!(error = %error.with_causes(), "read-out failed");
                return Poll::Ready(Some(Err(error)));
            }
            match &mut self.state {
                State::Idle => self.ask(),
                State::Asking(answer) => match ready!(answer.as_mut().poll(cx)) {
                    Ok(answer) => self.start_reading(answer),
                    Err(kind) => self.failed(kind),
                },
                State::Reading(reading) => {
                    let row = reading.decode();
                    match row {
                        Some(Ok(row)) => self.take_row(&row),
                        Some(Err(error)) => self.take_bad_line(error),
                        None => {
                            let chunk = ready!(reading.answer.poll_chunk(cx));
                            self.take_chunk(chunk);
                        }
                    }
                }
                State::Waiting(wait) => {
                    ready!(wait.as_mut().poll(cx));
                    self.state = State::Idle;
                }
                State::Done => return Poll::Ready(None),
            }
        }
    }

    /// Asks the plan for the next request and sends it.
    fn ask(&mut self) {
        let Some(readout) = self.plan.poll_request() else {
            self.state = State::Done;
            self.meter.pool.close_idle();
            return self.take_events();
        };
        self.target = readout.target(R::LOG);
        self.notices.push_back(Notice::Request(self.target));
        self.state = State::Asking(Box::pin(Answer::request(Arc::clone(&self.meter), self.target, R::LOG)));
    }

    fn start_reading(&mut self, answer: Answer) {
        if !answer.has_content_type && !mem::replace(&mut self.is_typeless_told, true) {
            self.notices.push_back(Notice::NoContentType);
        }
        self.state = State::Reading(Box::new(Reading {
            answer,
            decoder: Decoder::new(),
            chunk: Bytes::new(),
            last_index: None,
        }));
    }

    fn take_row(&mut self, row: &R) {
        let before = self.plan.checkpoint();
        let verdict = self.plan.handle_row(row);
        self.follow(verdict, row, before);
    }

    fn follow(&mut self, verdict: Verdict, row: &R, before: Option<Checkpoint>) {
        self.take_events();
        match verdict {
            Verdict::Deliver => {
                self.failures = 0;
                self.row = Some(Held { row: *row, before });
            }
            Verdict::Discard => {}
            Verdict::Abandon => self.end_answer(End::Complete),
        }
    }

    fn take_bad_line(&mut self, error: ReadError) {
        let error = self.redact(error);
        if error.is_fatal() {
            return self.failed(ErrorKind::Read(error));
        }
        self.last_bad_line = Some(error);
        self.notices.push_back(Notice::BadLine { request: self.target, error });
        self.plan.handle_bad_line();
        self.take_events();
    }

    fn take_chunk(&mut self, chunk: Option<Result<Bytes, ErrorKind>>) {
        let State::Reading(reading) = &mut self.state else { return };
        match chunk {
            Some(Ok(chunk)) => {
                self.summary.bytes = self.summary.bytes.saturating_add(chunk.len() as u64);
                reading.chunk = chunk;
            }
            Some(Err(kind)) => {
                let (offset, last_index) = (reading.answer.received, reading.last_index);
                if let Some(cut) = reading.decoder.finish_cut() {
                    let cut = self.meter.redact::<R>(cut);
                    tracing::debug!(meter = %self.meter.address, request = %self.target, "{cut}");
                }
                self.failed(match kind {
                    ErrorKind::Http(cause) => ErrorKind::BrokeOff { offset, last_index, cause },
                    kind => kind,
                });
            }
            None => self.finish_body(),
        }
    }

    /// The body has come to its end, as far as anybody can tell.
    fn finish_body(&mut self) {
        let State::Reading(reading) = &mut self.state else { return };
        // A meter that writes no header lines has nothing else to say that there are no rows.
        if reading.decoder.offset() == 0 && !self.summary.deviations.contains(Deviations::NO_HEADER) {
            return self.failed(ErrorKind::Empty);
        }
        let is_unsure = reading.answer.is_close_delimited;
        match reading.decoder.finish() {
            None => {}
            Some(Ok(row)) => {
                let before = self.plan.checkpoint();
                let verdict = if is_unsure { self.plan.handle_unterminated(&row) } else { self.plan.handle_row(&row) };
                self.follow(verdict, &row, before);
            }
            Some(Err(error)) if is_unsure => return self.failed(ErrorKind::CutShort(self.redact(error))),
            Some(Err(error)) if error.is_fatal() => return self.failed(ErrorKind::Read(self.redact(error))),
            Some(Err(error)) => self.take_bad_line(error),
        }
        self.end_answer(End::Complete);
    }

    /// Tells the plan how the answer has ended, and closes or keeps the connection.
    fn end_answer(&mut self, end: End) {
        self.close_answer();
        self.plan.handle_end(end);
        self.take_events();
        self.pause_if_fruitless();
    }

    /// Is done with an answer, and with its connection if that is of no more use.
    fn close_answer(&mut self) {
        if let State::Reading(reading) = mem::replace(&mut self.state, State::Idle) {
            let new = reading.decoder.deviations().difference(self.summary.deviations);
            if !new.is_empty() {
                self.notices.push_back(Notice::Deviations(new));
            }
        }
    }

    /// Waits a little before the next request where answers lead nowhere, and gives up in the end.
    fn pause_if_fruitless(&mut self) {
        let policy = &self.meter.policy;
        let answers = self.plan.fruitless();
        if answers == 0 {
            self.failures = 0;
        }
        if self.plan.is_done() || answers <= PATIENCE / 4 {
            return;
        }
        if answers > policy.retries.saturating_add(PATIENCE) {
            let last = self.last_bad_line;
            return self.fail(ErrorKind::NoProgress { answers, last });
        }
        self.state = State::Waiting(Box::pin(sleep(policy.wait_after(1))));
    }

    /// A request has failed: tells the plan, and tries again or gives up.
    fn failed(&mut self, kind: ErrorKind) {
        self.close_answer();
        self.plan.handle_end(End::Broken);
        self.take_events();
        if !kind.is_passing() {
            return self.fail(kind);
        }
        if self.plan.is_done() {
            let error = self.locate(kind);
            return self.notices.push_back(Notice::Late(error));
        }
        if self.plan.fruitless() == 0 {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        let (failures, policy) = (self.failures, &self.meter.policy);
        if failures > policy.retries {
            let kind = if failures > 1 { ErrorKind::GaveUp { tries: failures, last: Box::new(kind) } } else { kind };
            return self.fail(kind);
        }
        let wait = policy.wait_after(failures);
        self.state = State::Waiting(Box::pin(sleep(wait)));
        let error = self.locate(kind);
        self.notices.push_back(Notice::Retry { error, failures, wait });
    }

    fn fail(&mut self, kind: ErrorKind) {
        self.error = Some(self.locate(kind));
        self.state = State::Done;
    }

    /// Returns the error without the password, should the peer have sent it back.
    fn redact(&self, error: ReadError) -> ReadError {
        self.meter.redact::<R>(error)
    }

    fn locate(&self, kind: ErrorKind) -> Error {
        Error::new(self.meter.address.clone(), self.target, kind)
    }

    fn take_events(&mut self) {
        while let Some(event) = self.plan.poll_event() {
            self.notices.push_back(Notice::Event(event));
        }
    }
}

impl<R: Entry> Reading<R> {
    /// Returns the next row or faulty line of what has come.
    fn decode(&mut self) -> Option<Result<R, ReadError>> {
        let mut rest = self.chunk.as_ref();
        let row = self.decoder.decode(&mut rest);
        let used = self.chunk.len().saturating_sub(rest.len());
        self.chunk.advance(used);
        if let Some(Ok(row)) = &row {
            self.last_index = Some(row.index());
        }
        row
    }
}

impl<R: Entry> Stream for Items<R> {
    type Item = Result<Item<R>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(cx)
    }
}

impl<R: Entry> Drop for Items<R> {
    /// Closes the connection.
    fn drop(&mut self) {
        self.meter.pool.close_idle();
    }
}

/// Nothing in it is pinned in place.
impl<R: Entry> Unpin for Items<R> {}

impl<R: Entry> Unpin for crate::Rows<R> {}

impl<R: Entry> fmt::Debug for Items<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("address", &self.meter.address)
            .field("request", &self.target)
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}
