//! One UDP socket to an SMP server.

use std::io;
use std::net::SocketAddr;

use tokio::net::{UdpSocket, lookup_host};

use super::error::ErrorKind;
use crate::address::Address;

/// A socket that takes datagrams from one address alone.
#[derive(Debug)]
pub(super) struct Udp {
    socket: UdpSocket,
    /// The host's other addresses, for as long as nobody has answered at this one; the next is the last.
    others: Vec<SocketAddr>,
    /// The last thing that went wrong with the socket. For the machines that is a loss like any other.
    error: Option<io::Error>,
    /// How often in a row the host said that nobody has the port.
    refusals: u32,
}

impl Udp {
    /// Makes a socket to a host's port: to the first of the host's addresses to which there is a way. If nobody has the port
    /// there, it goes over to the next.
    pub(super) async fn open(address: &Address, port: u16) -> Result<Self, ErrorKind> {
        let resolved = lookup_host((address.host(), port)).await.map_err(ErrorKind::Resolve)?;
        let mut others: Vec<SocketAddr> = resolved.collect();
        others.reverse();
        let mut last = None;
        while let Some(remote) = others.pop() {
            match connect(remote).await {
                Ok(socket) => return Ok(Self { socket, others, error: None, refusals: 0 }),
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| io::Error::other("the name has no address"));
        Err(ErrorKind::Socket(error))
    }

    /// Sends a datagram. What goes wrong is kept, and the datagram is as lost as any other may be.
    pub(super) async fn send(&mut self, frame: &[u8]) {
        if let Err(error) = self.socket.send(frame).await {
            self.note(error);
        }
    }

    /// Waits for a datagram, and returns its length; `None` if there is something wrong with the socket.
    pub(super) async fn receive(&mut self, datagram: &mut [u8]) -> Option<usize> {
        match self.socket.recv(datagram).await {
            Ok(length) => {
                (self.error, self.refusals) = (None, 0);
                self.others.clear();
                Some(length)
            }
            Err(error) => {
                self.note(error);
                self.go_over().await;
                None
            }
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

    /// Takes the last thing that went wrong since something came.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Whether the host says that nobody has the port, and goes on saying so.
    pub(super) const fn is_closed(&self) -> bool {
        self.refusals >= REFUSALS
    }

    /// Whether the host said last that nobody has the port.
    pub(super) const fn is_refused(&self) -> bool {
        self.refusals > 0
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

async fn connect(remote: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = if remote.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(remote).await?;
    Ok(socket)
}
