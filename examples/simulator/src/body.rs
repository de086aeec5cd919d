//! The body of an answer: in one piece or in many, with pauses, broken off, or without an end.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use hyper::body::Bytes;
use tokio::time::Sleep;

use crate::fault::{Break, Treatment};
use crate::wire::Gate;

/// How the end of a body is told to the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum BodyLength {
    /// In chunks (`Transfer-Encoding: chunked`). The default, as small web servers send what they make up as they go;
    /// what the meter does is not known.
    #[default]
    Chunked,
    /// By its length (`Content-Length`).
    Stated,
    /// By closing the connection, with an answer of HTTP/1.0.
    CloseDelimited,
}

/// A body that is sent as a treatment says.
#[derive(Debug)]
pub(crate) struct PacedBody {
    bytes: Bytes,
    /// How many bytes have been yielded; of an endless body, of all rounds together.
    sent: u64,
    /// Where the next piece starts.
    position: usize,
    /// Where an endless body starts again: behind the header line.
    again: Option<usize>,
    piece: usize,
    pause: Duration,
    pausing: Option<Pin<Box<Sleep>>>,
    breaks: Option<Break>,
    broken: bool,
    stated: bool,
    gate: Arc<Gate>,
}

impl PacedBody {
    /// Makes a body of these bytes.
    pub(crate) fn new(bytes: Bytes, treatment: &Treatment, stated: bool, gate: Arc<Gate>) -> Self {
        let first_line = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let again = treatment.endless.then_some(if first_line < bytes.len() { first_line } else { 0 });
        // The head of the answer leaves by itself, so that the pieces are what they should be.
        if treatment.chunk.is_some() || treatment.breaks.is_some() {
            gate.close();
        }
        Self {
            sent: 0,
            position: 0,
            again: again.filter(|_| !bytes.is_empty()),
            piece: treatment.chunk.unwrap_or(usize::MAX).max(1),
            pause: treatment.pause,
            pausing: None,
            breaks: treatment.breaks,
            broken: false,
            stated: stated && !treatment.endless,
            gate,
            bytes,
        }
    }

    /// A body that is sent whole.
    pub(crate) fn plain(bytes: impl Into<Bytes>) -> Self {
        Self::new(bytes.into(), &Treatment::default(), true, Arc::default())
    }

    /// How many bytes are left until the break.
    fn until_break(&self) -> Option<u64> {
        self.breaks.map(|breaks| breaks.at.saturating_sub(self.sent))
    }

    /// Whether nothing more is to be yielded, neither bytes nor a break.
    fn is_done(&self) -> bool {
        let at_end = self.position >= self.bytes.len() && self.again.is_none();
        at_end && (self.until_break() != Some(0) || self.bytes.is_empty())
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        ready!(this.gate.poll_open(context));
        if let Some(pausing) = &mut this.pausing {
            ready!(pausing.as_mut().poll(context));
            this.pausing = None;
        }
        if let (Some(0), Some(breaks)) = (this.until_break(), this.breaks) {
            if !this.broken {
                this.broken = true;
                this.gate.end(breaks.reset);
            }
            // The connection is dropped as soon as it is flushed.
            return Poll::Pending;
        }
        if this.position >= this.bytes.len() {
            match this.again {
                Some(again) => this.position = again,
                None => return Poll::Ready(None),
            }
        }
        let left = this.bytes.len() - this.position;
        let until_break = this.until_break().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX);
        let length = left.min(this.piece).min(until_break);
        let piece = this.bytes.slice(this.position..this.position + length);
        this.position += length;
        this.sent = this.sent.saturating_add(length as u64);
        // Each piece is flushed before the next is made. So an endless body takes no more memory than one round.
        this.gate.close();
        if !this.pause.is_zero() && !this.is_done() {
            this.pausing = Some(Box::pin(tokio::time::sleep(this.pause)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_done()
    }

    fn size_hint(&self) -> SizeHint {
        if self.stated {
            SizeHint::with_exact((self.bytes.len() - self.position.min(self.bytes.len())) as u64)
        } else {
            SizeHint::default()
        }
    }
}
