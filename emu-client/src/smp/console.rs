//! Frames on a serial line: a stream of bytes, what is to be written to it, and what has come of a frame.
//!
//! A line may go away and come back, as a USB adapter does whose device restarts; it is then opened again by its path.
//! Meanwhile frames are lost, as on any bad line.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use emu_smp::{ConsoleDecoder, ConsoleEncoder, Losses};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep};

/// Something that bytes are read from and written to.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// Opens the same line again.
pub(super) type Reopen = Box<dyn Fn() -> io::Result<Box<dyn Stream>> + Send + Sync>;

/// A serial line with frames on it.
pub(super) struct Console {
    /// `None` while it is away.
    stream: Option<Box<dyn Stream>>,
    /// How it is opened again; a stream that was given as it is cannot be.
    reopen: Option<Reopen>,
    /// Since when it is away.
    away_since: Option<Instant>,
    decoder: Box<ConsoleDecoder<LARGEST_FRAME>>,
    input: Box<[u8]>,
    /// What of `input` the decoder has not taken yet.
    unread: Range<usize>,
    output: Vec<u8>,
    /// How much of `output` has been written.
    written: usize,
    is_flushed: bool,
    /// The last thing that went wrong with the line. For the machines that is a loss like any other.
    error: Option<io::Error>,
    /// What was lost up to the last frame that came.
    told: Losses,
}

impl Console {
    /// Takes a line that is open.
    pub(super) fn new(stream: Box<dyn Stream>, reopen: Option<Reopen>) -> Self {
        Self {
            stream: Some(stream),
            reopen,
            away_since: None,
            decoder: Box::new(ConsoleDecoder::new()),
            input: vec![0; INPUT].into_boxed_slice(),
            unread: 0..0,
            output: Vec::new(),
            written: 0,
            is_flushed: true,
            error: None,
            told: Losses::default(),
        }
    }

    /// Puts a frame behind what is still to be written, which [`receive`](Self::receive) does.
    pub(super) fn send(&mut self, frame: &[u8]) {
        if self.stream.is_none() {
            return;
        }
        let waiting = self.output.len().saturating_sub(self.written);
        if waiting > LARGEST_OUTPUT {
            self.error = Some(io::Error::new(io::ErrorKind::TimedOut, "the line does not take what is written to it"));
            return;
        }
        match ConsoleEncoder::new(frame) {
            Ok(lines) => {
                self.output.drain(..self.written);
                self.written = 0;
                self.output.extend(lines);
            }
            Err(error) => self.error = Some(io::Error::new(io::ErrorKind::InvalidInput, error)),
        }
    }

    /// Writes what is to be written and waits for a frame; returns its length. `None` once a line that is away is taken for
    /// gone: see [`is_closed`](Self::is_closed).
    ///
    /// May be dropped at any time, and nothing is lost.
    pub(super) async fn receive(&mut self, frame: &mut [u8]) -> Option<usize> {
        loop {
            if let Some(length) = self.take_frame(frame) {
                self.error = None;
                self.told = self.decoder.losses();
                return Some(length);
            }
            if self.stream.is_none() {
                self.open_again().await?;
            } else if let Err(error) = poll_fn(|context| self.poll(context)).await {
                tracing::debug!(%error, "the line is away");
                self.lose(error);
                if self.is_closed() {
                    return None;
                }
            }
        }
    }

    /// Takes the last thing that went wrong since a frame came. If nothing did, and what came is no frame, it says so.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take().or_else(|| {
            let (now, told) = (self.decoder.losses(), self.told);
            let damaged = now.total().saturating_sub(told.total());
            let others = now.skipped_bytes.saturating_sub(told.skipped_bytes);
            (damaged > 0 || others > 0)
                .then(|| io::Error::new(io::ErrorKind::InvalidData, NoFrames { damaged, others }))
        })
    }

    /// Whether the line is away, and for so long that it is taken for gone.
    pub(super) fn is_closed(&self) -> bool {
        self.away_since.is_some_and(|since| self.reopen.is_none() || since.elapsed() >= PATIENCE)
    }

    /// Whether the line is away and cannot come back.
    pub(super) const fn is_over(&self) -> bool {
        self.away_since.is_some() && self.reopen.is_none()
    }

    /// Whether the line is away.
    pub(super) const fn is_away(&self) -> bool {
        self.away_since.is_some()
    }

    /// Returns what was lost of what came.
    pub(super) const fn losses(&self) -> Losses {
        self.decoder.losses()
    }

    /// Takes a frame from what has been read, and returns its length.
    fn take_frame(&mut self, frame: &mut [u8]) -> Option<usize> {
        let mut bytes = self.input.get(self.unread.clone()).unwrap_or_default();
        let before = self.decoder.losses().total();
        let found = self.decoder.decode(&mut bytes).and_then(|found| {
            frame.get_mut(..found.len())?.copy_from_slice(found);
            Some(found.len())
        });
        self.unread.start = self.unread.end.saturating_sub(bytes.len());
        let losses = self.decoder.losses();
        if losses.total() != before {
            tracing::debug!(?losses, "the line");
        }
        found
    }

    /// Writes, and reads something.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(stream) = self.stream.as_mut() else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        while let Some(bytes) = self.output.get(self.written..).filter(|bytes| !bytes.is_empty()) {
            match Pin::new(&mut *stream).poll_write(context, bytes)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(length) => {
                    self.written = self.written.saturating_add(length).min(self.output.len());
                    self.is_flushed = false;
                }
                Poll::Pending => break,
            }
        }
        if !self.is_flushed && Pin::new(&mut *stream).poll_flush(context)?.is_ready() {
            self.is_flushed = true;
        }
        let mut buffer = ReadBuf::new(&mut self.input);
        ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
        self.unread = 0..buffer.filled().len();
        Poll::Ready(if self.unread.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) })
    }

    /// The line has gone away, and with it what was on it.
    fn lose(&mut self, error: io::Error) {
        self.stream = None;
        self.away_since = Some(Instant::now());
        self.error = Some(error);
        self.decoder.reset();
        self.unread = 0..0;
        self.output.clear();
        (self.written, self.is_flushed) = (0, true);
    }

    /// Waits until the line is back. `None` once it is taken for gone.
    async fn open_again(&mut self) -> Option<()> {
        let Some(reopen) = &self.reopen else { return std::future::pending().await };
        loop {
            let was_closed = self.is_closed();
            // First of all, since a line may be there and end at once, again and again.
            sleep(REOPEN).await;
            match reopen() {
                Ok(stream) => {
                    tracing::debug!("the line is back");
                    (self.stream, self.away_since) = (Some(stream), None);
                    return Some(());
                }
                Err(error) => self.error = Some(error),
            }
            if !was_closed && self.is_closed() {
                return None;
            }
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Console");
        shown.field("is_away", &self.is_away()).field("error", &self.error).field("losses", &self.losses());
        shown.finish_non_exhaustive()
    }
}

/// What came in place of an answer.
#[derive(Debug, thiserror::Error)]
#[error("what came is no answer: {damaged} damaged frames, and {others} bytes that are in no frame")]
struct NoFrames {
    damaged: u32,
    others: u32,
}

/// As long as any frame on a line.
const LARGEST_FRAME: usize = ConsoleEncoder::MAX_FRAME;

/// How many bytes are read at a time.
const INPUT: usize = 4_096;

/// How many bytes may wait to be written before frames are dropped: some seconds of a line of 115,200 baud.
const LARGEST_OUTPUT: usize = 65_536;

/// How often it is tried to open a line that is away.
const REOPEN: Duration = Duration::from_millis(100);

/// How long a line may be away before it is taken for gone. A USB adapter takes a second or two.
const PATIENCE: Duration = Duration::from_secs(3);
