//! One UDP socket to a meter's SMP server.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use emu_smp::client::{Failure, Instant};
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout_at;

use super::error::ErrorKind;
use crate::address::Address;

/// A socket that takes datagrams from one address alone, and the clock of what goes over it.
#[derive(Debug)]
pub(super) struct Link {
    socket: UdpSocket,
    /// The host's other addresses, for as long as nobody has answered at this one; the next is the last.
    others: Vec<SocketAddr>,
    /// What the machines' time counts from.
    start: tokio::time::Instant,
    received: Box<[u8]>,
    /// The last thing that went wrong with the socket. For the machines that is a loss like any other.
    error: Option<io::Error>,
    /// How often in a row the host said that nobody has the port.
    refusals: u32,
}

impl Link {
    /// Makes a socket to a host's port: to the first of the host's addresses to which there is a way. If nobody has the port
    /// there, it goes over to the next.
    pub(super) async fn open(address: &Address, port: u16) -> Result<Self, ErrorKind> {
        let resolved = lookup_host((address.host(), port)).await.map_err(ErrorKind::Resolve)?;
        let mut others: Vec<SocketAddr> = resolved.collect();
        others.reverse();
        let mut last = None;
        while let Some(remote) = others.pop() {
            match connect(remote).await {
                Ok(socket) => {
                    let received = vec![0; LARGEST_DATAGRAM].into_boxed_slice();
                    let start = tokio::time::Instant::now();
                    return Ok(Self { socket, others, start, received, error: None, refusals: 0 });
                }
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| io::Error::other("the name has no address"));
        Err(ErrorKind::Socket(error))
    }

    /// The time, as the machines count it.
    pub(super) fn now(&self) -> Instant {
        let elapsed = tokio::time::Instant::now().saturating_duration_since(self.start);
        Instant::from_millis(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }

    /// Sends a datagram. What goes wrong is kept, and the datagram is as lost as any other may be.
    pub(super) async fn send(&mut self, frame: &[u8]) {
        tracing::trace!(bytes = frame.len(), "sent");
        if let Err(error) = self.socket.send(frame).await {
            self.note(error);
        }
    }

    /// Waits for a datagram, until this time; returns it and when it came.
    pub(super) async fn receive(&mut self, until: Instant) -> Option<(Instant, &[u8])> {
        // Timers may be early by less than a millisecond, which the machines would take for "not yet".
        let deadline = self.start + Duration::from_millis(until.as_millis());
        match timeout_at(deadline, self.socket.recv(&mut self.received)).await {
            Ok(Ok(length)) => {
                tracing::trace!(bytes = length, "received");
                (self.error, self.refusals) = (None, 0);
                self.others.clear();
                let now = self.now();
                self.received.get(..length).map(|datagram| (now, datagram))
            }
            Ok(Err(error)) => {
                self.note(error);
                self.go_over().await;
                None
            }
            Err(_) => None,
        }
    }

    /// Goes over to the host's next address, if nobody has the port at this one.
    async fn go_over(&mut self) {
        while self.refusals > 0
            && let Some(remote) = self.others.pop()
        {
            match connect(remote).await {
                Ok(socket) => (self.socket, self.refusals) = (socket, 0),
                Err(error) => self.note(error),
            }
        }
    }

    /// Takes the last thing that went wrong with the socket since something came.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Whether the host says that nobody has the port, and goes on saying so.
    pub(super) fn is_closed(&self) -> bool {
        self.refusals >= REFUSALS
    }

    /// Whether the host said last that nobody has the port.
    pub(super) const fn is_refused(&self) -> bool {
        self.refusals > 0
    }

    /// Whether there was no answer since nobody has the port, and not for want of patience.
    pub(super) const fn explains(&self, failure: &Failure) -> bool {
        self.is_refused() && matches!(failure, Failure::NoAnswer { .. })
    }

    /// What the host says of a port that nobody has.
    pub(super) fn closed(&mut self) -> io::Error {
        self.error.take().unwrap_or_else(|| io::ErrorKind::ConnectionRefused.into())
    }

    fn note(&mut self, error: io::Error) {
        tracing::debug!(%error, "the socket");
        if error.kind() == io::ErrorKind::ConnectionRefused {
            self.refusals = self.refusals.saturating_add(1);
        }
        self.error = Some(error);
    }
}

/// A meter may be just restarting: it is asked so often before its port is taken for closed.
const REFUSALS: u32 = 3;

/// Frames are 8 bytes and 65,535 at most; what is longer than any datagram never comes.
const LARGEST_DATAGRAM: usize = 65_536;

async fn connect(remote: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = if remote.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(remote).await?;
    Ok(socket)
}
