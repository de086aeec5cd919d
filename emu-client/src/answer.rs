//! One request and its answer: the head is checked, the body comes in pieces as they arrive.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use emu_proto::{Log, RequestTarget};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::connection::{Connection, Lease};
use crate::error::{ErrorKind, Excerpt, Step};
use crate::meter::Shared;
use crate::policy::Policy;

/// More than any row has bytes, whatever its dialect.
const ROW: u64 = 1024;

/// More than any header line has bytes.
const HEADER: u64 = 16 * 1024;

/// How long to wait for the first bytes of an answer that is not wanted, so that they can be shown.
const CURIOSITY: Duration = Duration::from_secs(2);

/// Returns how many bytes an answer may have.
pub(crate) const fn longest(log: Log) -> u64 {
    log.limit() as u64 * ROW + HEADER
}

/// An answer of which the head was read.
pub(crate) struct Answer {
    body: Incoming,
    /// Whether nothing but the end of the connection marks the end of the body.
    pub(crate) is_close_delimited: bool,
    /// Whether the head has a content type.
    pub(crate) has_content_type: bool,
    /// How many bytes of the body came, and how many may come.
    pub(crate) received: u64,
    limit: u64,
    clock: Clock,
    lease: Lease,
}

impl Answer {
    /// Sends the request and reads the head of the answer, over a connection that is there or a new one.
    pub(crate) async fn request(meter: Arc<Shared>, target: RequestTarget, log: Log) -> Result<Self, ErrorKind> {
        let policy = meter.policy;
        let mut lease = Arc::clone(&meter.pool).lease(&policy).await?;
        poll_fn(|cx| lease.poll_check(cx)).await;
        loop {
            let (mut connection, is_used) = match lease.connection.take() {
                Some(connection) => (connection, true),
                None => (Connection::open(&meter.address, &policy).await?, false),
            };
            let mut clock = Clock::new(&policy);
            let (step, limit) = clock.next_limit();
            let started = Instant::now();
            let sent = timeout(limit, connection.send(head(&meter, target)?)).await;
            clock.used += started.elapsed();
            match sent {
                Ok(Ok(response)) => {
                    lease.connection = Some(connection);
                    let is_close_delimited = is_close_delimited(&response);
                    let has_content_type = response.headers().contains_key(header::CONTENT_TYPE);
                    let (head, body) = response.into_parts();
                    let (received, limit) = (0, longest(log));
                    let mut answer = Self { body, is_close_delimited, has_content_type, received, limit, clock, lease };
                    answer.check(&meter, head.status, &head.headers).await?;
                    return Ok(answer);
                }
                // The meter may close a connection at any time between two requests, and a request of a log changes
                // nothing: it is sent once more, over a connection of its own.
                Ok(Err(error)) if is_used => {
                    tracing::debug!(meter = %meter.address, request = %target, %error, "kept connection was closed");
                }
                Ok(Err(error)) => return Err(ErrorKind::Http(error)),
                Err(_) => return Err(ErrorKind::Timeout { step, limit: clock.limit_of(step) }),
            }
        }
    }

    /// Takes the next piece of the body as it comes from the network; `None` at its end.
    ///
    /// May be called again as often as one likes: nothing is lost between two calls.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ErrorKind>>> {
        loop {
            self.lease.poll_drive(cx);
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                return self.clock.poll_wait(cx).map(|error| Some(Err(error)));
            };
            self.clock.stop_waiting();
            match frame {
                Some(Ok(frame)) => {
                    let Ok(chunk) = frame.into_data() else { continue };
                    self.received = self.received.saturating_add(chunk.len() as u64);
                    if self.received > self.limit {
                        return Poll::Ready(Some(Err(ErrorKind::TooLong { limit: self.limit })));
                    }
                    return Poll::Ready(Some(Ok(chunk)));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(ErrorKind::Http(error)))),
                None => {
                    // Lets the connection see that the answer was read, so that it can be used again.
                    self.lease.poll_drive(cx);
                    self.lease.give_back();
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// Accepts a head that promises CSV.
    async fn check(&mut self, meter: &Shared, status: StatusCode, headers: &HeaderMap) -> Result<(), ErrorKind> {
        let credentials = meter.credentials.as_ref();
        if status == StatusCode::UNAUTHORIZED {
            return Err(ErrorKind::Unauthorized { password_given: credentials.is_some() });
        }
        if status.is_redirection() {
            let location = headers.get(header::LOCATION).map_or(&b""[..], HeaderValue::as_bytes);
            let location = Excerpt::new(location, credentials);
            return Err(ErrorKind::Redirect { status: status.as_u16(), location });
        }
        if status != StatusCode::OK {
            return Err(ErrorKind::Status(status.as_u16()));
        }
        let Some(found) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
        if found.as_bytes().to_ascii_lowercase().windows(8).any(|part| part == b"text/csv") {
            return Ok(());
        }
        let start = timeout(CURIOSITY, poll_fn(|cx| self.poll_chunk(cx))).await;
        let start = match &start {
            Ok(Some(Ok(chunk))) => chunk.as_ref(),
            _ => b"",
        };
        let found = Excerpt::new(found.as_bytes(), credentials);
        Err(ErrorKind::ContentType { found, start: Excerpt::new(start, credentials) })
    }
}

/// Makes the request's head.
fn head(meter: &Shared, target: RequestTarget) -> Result<Request<String>, ErrorKind> {
    let mut request = Request::builder()
        .uri(target.to_string())
        .header(header::HOST, meter.address.to_string())
        .header(header::USER_AGENT, concat!("emu-client/", env!("CARGO_PKG_VERSION")));
    if let Some(credentials) = &meter.credentials {
        request = request.header(header::AUTHORIZATION, credentials.header());
    }
    // Neither an address nor a target holds what a header may not.
    request.body(String::new()).map_err(|error| ErrorKind::Connect(std::io::Error::other(error)))
}

fn is_close_delimited(response: &Response<Incoming>) -> bool {
    let is_chunked = |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().ends_with(b"chunked");
    response.body().size_hint().exact().is_none()
        && !response.headers().get_all(header::TRANSFER_ENCODING).iter().any(is_chunked)
}

/// How long was waited for this answer. Time in which nobody asks for rows does not count.
struct Clock {
    idle: Duration,
    request: Duration,
    used: Duration,
    waiting: Option<Wait>,
}

struct Wait {
    since: Instant,
    step: Step,
    sleep: Pin<Box<Sleep>>,
}

impl Clock {
    const fn new(policy: &Policy) -> Self {
        Self { idle: policy.idle, request: policy.request, used: Duration::ZERO, waiting: None }
    }

    /// Returns what ends a wait that begins now, and when.
    fn next_limit(&self) -> (Step, Duration) {
        let left = self.request.saturating_sub(self.used);
        if left < self.idle { (Step::Request, left) } else { (Step::Idle, self.idle) }
    }

    const fn limit_of(&self, step: Step) -> Duration {
        match step {
            Step::Request => self.request,
            _ => self.idle,
        }
    }

    /// Waits; ready with an error when it has taken too long.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<ErrorKind> {
        let (step, limit) = self.next_limit();
        let wait = self.waiting.get_or_insert_with(|| {
            let since = Instant::now();
            // A deadline beyond what the clock holds is none.
            let deadline = since.checked_add(limit).unwrap_or(since + Duration::from_secs(86_400));
            Wait { since, step, sleep: Box::pin(sleep_until(deadline)) }
        });
        let step = wait.step;
        wait.sleep.as_mut().poll(cx).map(|()| ErrorKind::Timeout { step, limit: self.limit_of(step) })
    }

    fn stop_waiting(&mut self) {
        if let Some(wait) = self.waiting.take() {
            self.used = self.used.saturating_add(wait.since.elapsed());
        }
    }
}
