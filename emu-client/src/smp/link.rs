//! The way to one SMP server: a UDP socket with a frame a datagram, or a serial line.

use std::io;
use std::time::Duration;

use emu_smp::Losses;
use emu_smp::client::{Failure, Instant};
use tokio::time::timeout_at;

use super::console::{Console, Stream};
use super::error::ErrorKind;
use super::location::Location;
use super::udp::Udp;

/// What carries frames, and the clock of what goes over it.
#[derive(Debug)]
pub(super) struct Link {
    transport: Transport,
    /// What the machines' time counts from.
    start: tokio::time::Instant,
    received: Received,
}

#[derive(Debug)]
enum Transport {
    Udp(Udp),
    Console(Console),
}

impl Link {
    /// Opens what leads to a place.
    pub(super) async fn open(location: &Location) -> Result<Self, ErrorKind> {
        Ok(Self::new(match location {
            Location::Network { address, port } => Transport::Udp(Udp::open(address, *port).await?),
            #[cfg(feature = "serial")]
            Location::Serial { path, baud } => {
                let (path, baud) = (path.clone(), *baud);
                let open = move || {
                    let port = super::serial_port::Port::open(&path, baud)?;
                    Ok(Box::new(port) as Box<dyn Stream>)
                };
                Transport::Console(Console::new(open().map_err(ErrorKind::Open)?, Some(Box::new(open))))
            }
            Location::Console => return Err(ErrorKind::Gone { error: io::ErrorKind::NotConnected.into() }),
        }))
    }

    /// Takes a serial line that is open.
    pub(super) fn console(stream: Box<dyn Stream>) -> Self {
        Self::new(Transport::Console(Console::new(stream, None)))
    }

    fn new(transport: Transport) -> Self {
        let received = Received(vec![0; LARGEST_DATAGRAM].into_boxed_slice());
        Self { transport, start: tokio::time::Instant::now(), received }
    }

    /// The time, as the machines count it.
    pub(super) fn now(&self) -> Instant {
        let elapsed = tokio::time::Instant::now().saturating_duration_since(self.start);
        Instant::from_millis(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }

    /// Sends a frame. What goes wrong is kept, and the frame is as lost as any other may be.
    pub(super) async fn send(&mut self, frame: &[u8]) {
        tracing::trace!(bytes = frame.len(), "sent");
        match &mut self.transport {
            Transport::Udp(udp) => udp.send(frame).await,
            Transport::Console(console) => console.send(frame),
        }
    }

    /// Waits for a frame, until this time; returns it and when it came.
    pub(super) async fn receive(&mut self, until: Instant) -> Option<(Instant, &[u8])> {
        // Timers may be early by less than a millisecond, which the machines would take for "not yet".
        let deadline = self.start + Duration::from_millis(until.as_millis());
        let buffer = &mut self.received.0;
        let length = match &mut self.transport {
            Transport::Udp(udp) => timeout_at(deadline, udp.receive(buffer)).await,
            Transport::Console(console) => timeout_at(deadline, console.receive(buffer)).await,
        };
        let length = length.ok().flatten()?;
        tracing::trace!(bytes = length, "received");
        let now = self.now();
        self.received.0.get(..length).map(|frame| (now, frame))
    }

    /// Takes the last thing that went wrong since something came.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        match &mut self.transport {
            Transport::Udp(udp) => udp.take_error(),
            Transport::Console(console) => console.take_error(),
        }
    }

    /// Whether nobody is there, and has not been for some time.
    pub(super) fn is_closed(&self) -> bool {
        match &self.transport {
            Transport::Udp(udp) => udp.is_closed(),
            Transport::Console(console) => console.is_closed(),
        }
    }

    /// Whether nobody will ever be there again.
    pub(super) const fn is_over(&self) -> bool {
        match &self.transport {
            Transport::Udp(_) => false,
            Transport::Console(console) => console.is_over(),
        }
    }

    /// Whether nobody is there just now.
    pub(super) const fn is_refused(&self) -> bool {
        match &self.transport {
            Transport::Udp(udp) => udp.is_refused(),
            Transport::Console(console) => console.is_away(),
        }
    }

    /// Whether there was no answer since nobody is there, and not for want of patience.
    pub(super) const fn explains(&self, failure: &Failure) -> bool {
        self.is_refused() && matches!(failure, Failure::NoAnswer { .. })
    }

    /// What is said where nobody is there.
    pub(super) fn closed(&mut self) -> ErrorKind {
        match &mut self.transport {
            Transport::Udp(udp) => {
                let error = udp.take_error().unwrap_or_else(|| io::ErrorKind::ConnectionRefused.into());
                ErrorKind::PortClosed { error }
            }
            Transport::Console(console) => {
                ErrorKind::Gone { error: console.take_error().unwrap_or_else(|| io::ErrorKind::NotConnected.into()) }
            }
        }
    }

    /// Returns what was lost on a serial line.
    pub(super) const fn losses(&self) -> Option<Losses> {
        match &self.transport {
            Transport::Udp(_) => None,
            Transport::Console(console) => Some(console.losses()),
        }
    }
}

/// The frame that came, of which nobody wants to see 65,536 bytes.
struct Received(Box<[u8]>);

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Frames are 8 bytes and 65,535 at most; what is longer than any datagram never comes.
const LARGEST_DATAGRAM: usize = 65_536;
