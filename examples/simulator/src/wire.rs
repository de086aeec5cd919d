//! The TCP stream of one connection, watched: it tells when all that was written has gone to the kernel.
//!
//! An HTTP server writes a body as it likes. To break a connection at a certain byte, or to give each piece of a body a
//! TCP write of its own, the body must know when what it yielded before has left. So the body and the stream share a
//! [`Gate`]: the body closes it behind each piece, and the stream opens it when it is flushed.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// What the body and the stream of a connection tell each other.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    broken: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether something was yielded that has not left yet.
    closed: bool,
    /// Whether the connection ends when the gate opens, and if so, whether by a reset.
    end: Option<bool>,
    body: Option<Waker>,
}

impl Gate {
    /// Closes the gate until the stream is flushed.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Waits until the stream is flushed.
    pub(crate) fn poll_open(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if !state.closed {
            return Poll::Ready(());
        }
        state.body = Some(context.waker().clone());
        Poll::Pending
    }

    /// Ends the connection as soon as the stream is flushed, by a reset or in good order.
    pub(crate) fn end(&self, reset: bool) {
        self.lock().end = Some(reset);
    }

    /// Waits until the connection is to be dropped.
    pub(crate) async fn ended(&self) {
        self.broken.notified().await;
    }

    /// Called by the stream when it is flushed.
    fn open(&self, stream: &TcpStream) {
        let (end, body) = {
            let mut state = self.lock();
            state.closed = false;
            (state.end.take(), state.body.take())
        };
        if let Some(reset) = end {
            let socket = SockRef::from(stream);
            // Neither matters much if it fails: the connection is dropped all the same.
            let _: io::Result<()> = if reset {
                socket.set_linger(Some(Duration::ZERO))
            } else {
                socket.shutdown(std::net::Shutdown::Write)
            };
            self.broken.notify_one();
        }
        if let Some(body) = body {
            body.wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A TCP stream that opens a gate whenever it is flushed.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    gate: Arc<Gate>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, gate: Arc<Gate>) -> Self {
        Self { stream, gate }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.gate.open(&self.stream);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
