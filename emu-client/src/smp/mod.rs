//! SMP towards a meter: the driver of [`emu_smp`]'s machines, over UDP or a serial line.
//!
//! What to send, when to send it again and what an answer means is decided there. Here are the socket or the serial line, the
//! timers and the buffers: one socket a meter, one frame a datagram; or frames between whatever else a console prints.
//!
//! [`Smp`] asks for one thing after the other; [`Run`] drives what takes longer. For a meter's firmware there is
//! [`firmware`](crate::firmware).
//!
//! Source: Zephyr's "SMP Protocol Specification" and "SMP Transport Specification" (UDP, and serial); the UDP port is the
//! manual's, chapter "Firmware-Update".

mod console;
mod error;
mod link;
mod location;
mod run;
#[cfg(feature = "serial")]
mod serial_port;
mod udp;

use emu_smp::client::{Exchange, Policy, Session};
use emu_smp::{Losses, Request, Version};
use tokio::io::{AsyncRead, AsyncWrite};

pub use self::error::{Error, ErrorKind};
use self::link::Link;
pub use self::location::{InvalidLocation, Location};
pub use self::run::{Machine, Moment, Run};

/// A meter's SMP server: any request of [`emu_smp`] is asked of it, and tried again until it is answered or given up.
///
/// Made by [`Meter::smp`](crate::Meter::smp), or for a serial line by [`Smp::new`] or [`Smp::console`]. The socket or the port is
/// opened by the first request, and is the only one to this server; datagrams from elsewhere are not received. Dropping a
/// request that is under way is safe: a late answer to it is not taken for that to another.
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
    location: Location,
    session: Session,
    link: Option<Link>,
    buffer: Box<[u8]>,
}

impl Smp {
    /// The UDP port of the manual.
    pub const DEFAULT_PORT: u16 = 1337;

    /// Makes a server at a place. Nothing is opened yet.
    ///
    /// On a serial line the defaults are [`Session::serial`] with [`Policy::SERIAL`]. A port that goes away, as a USB adapter does
    /// whose device restarts, is opened again as soon as it is back; a request fails if it stays away for some seconds, an
    /// update if it stays away for as long as the meter may. The port is this program's alone for as long as `Smp` lives.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use emu_client::firmware::Firmware;
    /// use emu_client::smp::{Location, Smp};
    ///
    /// let location: Location = "serial:/dev/ttyUSB0".parse()?;
    /// let mut firmware = Firmware::from(Smp::new(location));
    /// print!("{}", firmware.list().await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(location: impl Into<Location>) -> Self {
        let location = location.into();
        let session =
            if location.is_network() { Session::new(Policy::DEFAULT) } else { Session::serial(Policy::SERIAL) };
        // Where a program before this one stopped is not known; its late answers shall not fit.
        let session = session.with_sequence(fastrand::u8(..));
        Self { location, session, link: None, buffer: vec![0; BUFFER].into_boxed_slice() }
    }

    /// Makes a server on a serial port of this computer, at a rate in baud: the same as [`Smp::new`] of a
    /// [`Location::Serial`]. With the feature `serial`.
    ///
    /// ```
    /// use emu_client::smp::Smp;
    ///
    /// let smp = Smp::serial("/dev/ttyACM0", 115_200);
    /// assert_eq!(smp.location().to_string(), "serial:/dev/ttyACM0");
    /// ```
    #[cfg(feature = "serial")]
    #[must_use]
    pub fn serial(path: impl AsRef<std::path::Path>, baud: u32) -> Self {
        Self::new(Location::serial(path, baud))
    }

    /// Makes a server on whatever carries bytes to a console: a pipe, a connection to a terminal server, a serial port that
    /// was opened elsewhere. Where it ends, so does everything that is asked.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use emu_client::firmware::Firmware;
    /// use emu_client::smp::Smp;
    /// use tokio::net::TcpStream;
    ///
    /// let stream = TcpStream::connect("terminal-server.example:2001").await?;
    /// let mut firmware = Firmware::from(Smp::console(stream));
    /// print!("{}", firmware.list().await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn console(stream: impl AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static) -> Self {
        Self { link: Some(Link::console(Box::new(stream))), ..Self::new(Location::Console) }
    }

    /// Sets the UDP port; [`DEFAULT_PORT`](Self::DEFAULT_PORT) otherwise. A serial line has none, and stays as it is.
    #[must_use]
    pub fn port(mut self, number: u16) -> Self {
        if let Location::Network { port, .. } = &mut self.location {
            (*port, self.link) = (number, None);
        }
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
    pub fn policy(mut self, policy: Policy) -> Self {
        self.session = self.session.with_policy(policy);
        self
    }

    /// Sends no frame of more bytes than this, the header included; otherwise 1400, which passes almost everywhere, and on a
    /// serial line what [`Session::serial`] has. A request that does not fit fails at once. An upload falls back by itself from
    /// frames that get no answer.
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

    /// Returns where the server is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns what was damaged on a serial line since it was opened, and what else came on it; `None` in a network.
    #[must_use]
    pub fn losses(&self) -> Option<Losses> {
        self.link.as_ref().and_then(Link::losses)
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
        let link = open(&mut self.link, &self.location).await?;
        loop {
            while let Some(length) = exchange.poll_transmit(link.now(), buffer) {
                // Now, since this future may be dropped at any await.
                *session = *exchange.session();
                link.send(buffer.get(..length).unwrap_or_default()).await;
            }
            let Some(until) = exchange.poll_timeout().filter(|_| !link.is_closed()) else {
                return Err(match exchange.poll_failure().filter(|failure| !link.explains(failure)) {
                    Some(failure) => ErrorKind::Failed { failure, last: link.take_error() },
                    None => link.closed(),
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

    /// Forgets a socket or a serial port to where nobody was: somebody may be there now, and the host's name may have another
    /// address. A stream that ended stays so.
    fn forget_closed(&mut self) {
        if self.link.as_ref().is_some_and(|link| link.is_refused() && !link.is_over()) {
            self.link = None;
        }
    }

    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(&self.location, kind)
    }
}

/// Opens the link, unless it is open.
async fn open<'a>(link: &'a mut Option<Link>, location: &Location) -> Result<&'a mut Link, ErrorKind> {
    match link {
        Some(link) => Ok(link),
        None => Ok(link.insert(Link::open(location).await?)),
    }
}

/// Room for the largest frame that any datagram carries; how large frames are is the machines' decision.
const BUFFER: usize = 65_507;
