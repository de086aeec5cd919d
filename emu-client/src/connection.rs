//! One TCP connection with HTTP/1.1 on it, and the few of them that one meter has.
//!
//! A connection makes progress only while its answer is waited for: no task runs in the background, nothing is read
//! ahead, and what is dropped is closed at once. That, the framing that tells how a body ends, and not to carry TLS,
//! proxies, redirects and compression along, is why hyper is used directly and no client on top of it. Names of headers
//! are written as `Title-Case`, and headers that are not quite right are passed over, since small devices differ in how
//! well they speak HTTP.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::address::Address;
use crate::error::{ErrorKind, Step};
use crate::policy::Policy;

/// The body of a request: always empty.
type Empty = String;

type Driver = http1::Connection<TokioIo<TcpStream>, Empty>;

/// How much is read ahead at most of what the caller takes.
const BUFFER: usize = 64 * 1024;

/// A connection; both halves of it are in one hand.
pub(crate) struct Connection {
    sender: SendRequest<Empty>,
    /// What reads from and writes to the socket; `None` once the connection is closed.
    driver: Option<Pin<Box<Driver>>>,
}

impl Connection {
    /// Resolves the host's name and connects.
    pub(crate) async fn open(address: &Address, policy: &Policy) -> Result<Self, ErrorKind> {
        let stream = timeout(policy.connect, connect(address));
        let stream = stream.await.map_err(|_| ErrorKind::Timeout { step: Step::Connect, limit: policy.connect })??;
        // Nothing is lost if the socket has no such option.
        let _: io::Result<()> = stream.set_nodelay(true);
        let (sender, driver) = http1::Builder::new()
            .title_case_headers(true)
            .ignore_invalid_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .max_buf_size(BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(ErrorKind::Http)?;
        Ok(Self { sender, driver: Some(Box::pin(driver)) })
    }

    /// Sends a request and waits for the head of the answer. Dropped before its end, the connection is of no more use.
    pub(crate) async fn send(&mut self, request: Request<Empty>) -> Result<Response<Incoming>, hyper::Error> {
        poll_fn(|cx| {
            self.poll_drive(cx);
            self.sender.poll_ready(cx)
        })
        .await?;
        let mut response = pin!(self.sender.send_request(request));
        poll_fn(|cx| {
            poll_driver(&mut self.driver, cx);
            response.as_mut().poll(cx)
        })
        .await
    }

    /// Lets the connection read and write. What goes wrong is told to whoever waits for the answer.
    pub(crate) fn poll_drive(&mut self, cx: &mut Context<'_>) {
        poll_driver(&mut self.driver, cx);
    }

    /// Returns whether another request can be sent, as far as is known.
    fn is_open(&self) -> bool {
        self.driver.is_some() && !self.sender.is_closed()
    }
}

fn poll_driver(driver: &mut Option<Pin<Box<Driver>>>, cx: &mut Context<'_>) {
    if driver.as_mut().is_some_and(|driver| driver.as_mut().poll(cx).is_ready()) {
        *driver = None;
    }
}

async fn connect(address: &Address) -> Result<TcpStream, ErrorKind> {
    let resolved = lookup_host((address.host(), address.port())).await.map_err(ErrorKind::Resolve)?;
    let mut last = None;
    for socket in resolved {
        match TcpStream::connect(socket).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    Err(match last {
        Some(error) => ErrorKind::Connect(error),
        None => ErrorKind::Resolve(io::Error::other("the name has no address")),
    })
}

/// The connections of one meter: so many at once, and those that wait to be used again.
pub(crate) struct Pool {
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(crate) fn new(connections: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(connections.clamp(1, 64))), idle: Mutex::new(Vec::new()) }
    }

    /// Waits for its turn, which never comes if whoever has it waits for us.
    pub(crate) async fn lease(self: Arc<Self>, policy: &Policy) -> Result<Lease, ErrorKind> {
        let permit = timeout(policy.turn, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| ErrorKind::Timeout { step: Step::Turn, limit: policy.turn })?;
        let connection = self.idle().pop();
        // The semaphore is never closed.
        Ok(Lease { connection, pool: self, _permit: permit.ok() })
    }

    /// Closes the connections that wait to be used again: the meter may have no other for somebody else.
    pub(crate) fn close_idle(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to have one connection, and the connection if there is one. Dropped, it closes the connection first.
pub(crate) struct Lease {
    pub(crate) connection: Option<Connection>,
    pool: Arc<Pool>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    /// Closes the connection, if the peer has closed it while it was waiting.
    pub(crate) fn poll_check(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(connection) = &mut self.connection {
            connection.poll_drive(cx);
            let is_usable = connection.is_open() && ready!(connection.sender.poll_ready(cx)).is_ok();
            if !is_usable {
                self.connection = None;
            }
        }
        Poll::Ready(())
    }

    pub(crate) fn poll_drive(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection {
            connection.poll_drive(cx);
        }
    }

    /// Keeps the connection for the next request, if it can take one. To be called after the whole answer was read.
    pub(crate) fn give_back(&mut self) {
        if let Some(connection) = self.connection.take().filter(Connection::is_open) {
            self.pool.idle().push(connection);
        }
    }
}
