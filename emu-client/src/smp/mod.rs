//! SMP towards a meter: the UDP driver of [`emu_smp`]'s machines.
//!
//! What to send, when to send it again and what an answer means is decided there. Here are the socket, the timers and the
//! buffers: one socket a meter, one frame a datagram.
//!
//! [`Smp`] asks for one thing after the other; [`Run`] drives what takes longer. For a meter's firmware there is
//! [`firmware`](crate::firmware).
//!
//! Source: Zephyr's "SMP Protocol Specification" and "SMP Transport Specification" (UDP); the port is the manual's, chapter
//! "Firmware-Update".

mod error;
mod link;
mod run;

use emu_smp::client::{Exchange, Session};
use emu_smp::{Request, Version};

pub use self::error::{Error, ErrorKind};
use self::link::Link;
pub use self::run::{Machine, Moment, Run};
use crate::address::Address;

/// A meter's SMP server: any request of [`emu_smp`] is asked of it, and tried again until it is answered or given up.
///
/// Made by [`Meter::smp`](crate::Meter::smp). The socket is opened by the first request, and is the only one to this server;
/// datagrams from elsewhere are not received. Dropping a request that is under way is safe: a late answer to it is not taken
/// for that to another.
///
/// Must be used within a Tokio runtime with I/O and time enabled.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use emu_client::Meter;
/// use emu_client::emu_smp::os::EchoRequest;
///
/// let mut smp = Meter::new("192.168.1.20")?.smp();
/// let text = smp.request(EchoRequest { text: "hi" }, |response| response.text.to_owned()).await?;
/// assert_eq!(text, "hi");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Smp {
    address: Address,
    port: u16,
    session: Session,
    link: Option<Link>,
    buffer: Box<[u8]>,
}

impl Smp {
    /// The UDP port of the manual.
    pub const DEFAULT_PORT: u16 = 1337;

    pub(crate) fn new(address: Address) -> Self {
        // Where a program before this one stopped is not known; its late answers shall not fit.
        let session = Session::new(emu_smp::client::Policy::DEFAULT).with_sequence(fastrand::u8(..));
        Self { address, port: Self::DEFAULT_PORT, session, link: None, buffer: vec![0; BUFFER].into_boxed_slice() }
    }

    /// Sets the UDP port; [`DEFAULT_PORT`](Self::DEFAULT_PORT) otherwise.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        (self.port, self.link) = (port, None);
        self
    }

    /// Sets the version of the protocol; [`Version::V0`] otherwise, which every meter knows.
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.session = self.session.with_version(version);
        self
    }

    /// Sets how long to wait and how often to try.
    #[must_use]
    pub fn policy(mut self, policy: emu_smp::client::Policy) -> Self {
        self.session = self.session.with_policy(policy);
        self
    }

    /// Sends no frame of more bytes than this, the header included; otherwise 1400, which passes almost everywhere. A request
    /// that does not fit fails at once. An upload falls back by itself from frames that get no answer.
    #[must_use]
    pub fn largest_frame(mut self, bytes: u16) -> Self {
        self.session = self.session.with_largest_frame(bytes);
        self
    }

    /// Returns what is known of the server: version, round trip, buffers.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the meter's address, of which the host is used.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Asks, and reads the response where it came in, with `read`.
    ///
    /// # Errors
    ///
    /// [`Error`] if nobody answers, the meter refuses, or the answer cannot be read.
    pub async fn request<R: Request, T>(
        &mut self,
        request: R,
        read: impl FnOnce(R::Response<'_>) -> T,
    ) -> Result<T, Error> {
        self.ask(request, read).await.map_err(|kind| self.error(kind))
    }

    async fn ask<R: Request, T>(
        &mut self,
        request: R,
        read: impl FnOnce(R::Response<'_>) -> T,
    ) -> Result<T, ErrorKind> {
        let mut exchange = Exchange::new(self.session, request);
        self.forget_closed();
        let session = &mut self.session;
        let largest = usize::from(session.largest_frame()).min(self.buffer.len());
        let buffer = self.buffer.get_mut(..largest).unwrap_or_default();
        let link = open(&mut self.link, &self.address, self.port).await?;
        loop {
            while let Some(length) = exchange.poll_transmit(link.now(), buffer) {
                // Now, since this future may be dropped at any await.
                *session = *exchange.session();
                link.send(buffer.get(..length).unwrap_or_default()).await;
            }
            let Some(until) = exchange.poll_timeout().filter(|_| !link.is_closed()) else {
                return Err(match exchange.poll_failure().filter(|failure| !link.explains(failure)) {
                    Some(failure) => ErrorKind::Failed { failure, last: link.take_error() },
                    None => ErrorKind::PortClosed { error: link.closed() },
                });
            };
            match link.receive(until).await {
                Some((now, datagram)) => {
                    let answer = exchange.handle_datagram(now, datagram);
                    *session = *exchange.session();
                    if let Some(answer) = answer {
                        return answer.map(read).map_err(|failure| ErrorKind::Failed { failure, last: None });
                    }
                }
                None => exchange.handle_timeout(link.now()),
            }
        }
    }

    /// Forgets a socket to where nobody was: the port may be open now, and the host's name may have another address.
    fn forget_closed(&mut self) {
        if self.link.as_ref().is_some_and(Link::is_refused) {
            self.link = None;
        }
    }

    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(&self.address, self.port, kind)
    }
}

/// Opens the link, unless it is open.
async fn open<'a>(link: &'a mut Option<Link>, address: &Address, port: u16) -> Result<&'a mut Link, ErrorKind> {
    match link {
        Some(link) => Ok(link),
        None => Ok(link.insert(Link::open(address, port).await?)),
    }
}

/// Room for the largest frame that any datagram carries; how large frames are is the machines' decision.
const BUFFER: usize = 65_507;
