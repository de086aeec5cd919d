//! How a simulator is set up.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use emu_proto::Dialect;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Parts, Runner, Simulator, run};
use crate::body::BodyLength;
use crate::clock::Clock;
use crate::device::{Device, Growth, Incident};
use crate::fault::Fault;
use crate::firmware::{Line, OnlineUpdates, Updates};
use crate::format::{Defects, Quirks};
use crate::household::Household;
use crate::meter::Meter;
use crate::server::{Options, Shared};

/// Sets up a [`Simulator`]; made by [`Simulator::builder`].
///
/// Unless told otherwise: a household with sun on its roof and three years of rows, on any free port of 127.0.0.1,
/// without protection, faults or a running clock.
#[derive(Debug, Clone)]
pub struct Builder {
    address: SocketAddr,
    household: Household,
    rows: u32,
    depth: usize,
    newest: Option<DateTime<Utc>>,
    speed: f64,
    options: Options,
    dialect: Dialect,
    quirks: Quirks,
    defects: Defects,
    growth: Growth,
    incidents: Vec<Incident>,
    faults: Vec<Fault>,
    updates: Option<OnlineUpdates>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            household: Household::new(1),
            rows: Household::THREE_YEARS,
            depth: Household::THREE_YEARS as usize,
            newest: Some(Household::NEWEST),
            speed: 0.0,
            options: Options::default(),
            dialect: Dialect::KNOWN,
            quirks: Quirks::default(),
            defects: Defects::default(),
            growth: Growth::default(),
            incidents: Vec::new(),
            faults: Vec::new(),
            updates: None,
        }
    }
}

impl Builder {
    /// Sets the port of 127.0.0.1; 0 is any free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Sets the address to listen on.
    #[must_use]
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Sets the site with its meter. Its rows are moved in time by [`newest`](Self::newest).
    #[must_use]
    pub fn household(mut self, household: Household) -> Self {
        self.household = household;
        self
    }

    /// Sets how many rows have been logged when it starts.
    #[must_use]
    pub fn rows(mut self, rows: u32) -> Self {
        self.rows = rows;
        self
    }

    /// Sets how many rows are kept: the depth of the ring, at least 1.
    #[must_use]
    pub fn depth(mut self, rows: usize) -> Self {
        self.depth = rows;
        self
    }

    /// Sets the time of the newest row, [`Household::NEWEST`] by default; `None` leaves the household's rows where they
    /// are.
    #[must_use]
    pub fn newest(mut self, time: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.newest = time.into();
        self
    }

    /// Sets the time of the newest row to the last full quarter hour of this machine's clock, and makes the meter's
    /// clock run with it.
    #[must_use]
    pub fn now(self) -> Self {
        let builder = self.newest(DateTime::<Utc>::from(SystemTime::now()));
        if builder.speed == 0.0 { builder.speed(1.0) } else { builder }
    }

    /// Makes the meter's clock run this many times as fast as time; rows are logged as its quarter hours pass. 0 is no
    /// clock, which is the default: rows then come by [`Simulator::advance`] and the like alone.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = if speed.is_finite() { speed.max(0.0) } else { 0.0 };
        self
    }

    /// Protects the meter: the user is `admin`.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.options.authorization = Some(Options::basic("admin", password));
        self
    }

    /// Sets how the end of a body is told.
    #[must_use]
    pub fn body_length(mut self, length: BodyLength) -> Self {
        self.options.body_length = length;
        self
    }

    /// Serves one connection at a time and closes it after one answer, as a small device may; others wait meanwhile.
    #[must_use]
    pub fn one_at_a_time(mut self) -> Self {
        self.options.one_at_a_time = true;
        self
    }

    /// Sets how the logs are written.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Sets oddities that a dialect does not name.
    #[must_use]
    pub fn quirks(mut self, quirks: Quirks) -> Self {
        self.quirks = quirks;
        self
    }

    /// Sets damage to single rows.
    #[must_use]
    pub fn defects(mut self, defects: Defects) -> Self {
        self.defects = defects;
        self
    }

    /// Logs this many rows, at most 10,000, after each request of a log.
    #[must_use]
    pub fn log_after_each_request(mut self, rows: u32) -> Self {
        self.growth.per_request = rows;
        self
    }

    /// Logs `rows` rows, at most 10,000, whenever `every` rows were written into answers, within an answer too.
    #[must_use]
    pub fn log_after_rows(mut self, every: u64, rows: u32) -> Self {
        self.growth.per_rows = Some((every, rows));
        self
    }

    /// Adds something that befalls the meter once, while it is read.
    #[must_use]
    pub fn incident(mut self, incident: Incident) -> Self {
        self.incidents.push(incident);
        self
    }

    /// Adds a fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Allows firmware updates: starts the server for them, on UDP, at the same address as the web server. Without this, the
    /// meter's "Allow Online-Updates" is off, and nothing listens.
    #[must_use]
    pub fn online_updates(mut self, updates: OnlineUpdates) -> Self {
        self.updates = Some(updates);
        self
    }

    /// Starts it on the runtime of the caller.
    ///
    /// # Errors
    ///
    /// Those of listening on the address.
    pub async fn start(self) -> io::Result<Simulator> {
        let sockets = self.bind()?;
        let (meter, stop, server) = self.build(sockets)?;
        Ok(meter.into_simulator(stop, Runner::Task(tokio::spawn(server))))
    }

    /// Starts it on a thread of its own, for programs without async; may be called from within a runtime, too.
    ///
    /// ```
    /// use emu_simulator::Simulator;
    /// use std::io::{Read, Write};
    ///
    /// let simulator = Simulator::builder().rows(96).start_blocking()?;
    /// let mut stream = std::net::TcpStream::connect(simulator.addr())?;
    /// stream.write_all(b"GET /data/?last=1 HTTP/1.0\r\n\r\n")?;
    /// let mut answer = String::new();
    /// stream.read_to_string(&mut answer)?;
    /// assert!(answer.contains("2026-01-01T00:00:00Z;96;"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of listening on the address, and of starting a runtime.
    pub fn start_blocking(self) -> io::Result<Simulator> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sockets = self.bind()?;
        let (meter, stop, server) = {
            let _runtime = runtime.enter();
            self.build(sockets)?
        };
        let thread = std::thread::Builder::new().name("emu-simulator".to_owned());
        let thread = thread.spawn(move || runtime.block_on(server))?;
        Ok(meter.into_simulator(stop, Runner::Thread(Some(thread))))
    }

    /// Takes the ports.
    fn bind(&self) -> io::Result<(std::net::TcpListener, Option<std::net::UdpSocket>)> {
        let listener = std::net::TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        let Some(updates) = &self.updates else { return Ok((listener, None)) };
        let socket = std::net::UdpSocket::bind(SocketAddr::new(self.address.ip(), updates.port))?;
        socket.set_nonblocking(true)?;
        Ok((listener, Some(socket)))
    }

    /// Makes the device with its rows, its clock if it has one, and the future that serves it until it is dropped or told to
    /// stop. Called within a runtime.
    fn build(
        mut self,
        (listener, socket): (std::net::TcpListener, Option<std::net::UdpSocket>),
    ) -> io::Result<(Parts, oneshot::Sender<()>, impl Future<Output = ()> + Send + 'static)> {
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let socket = socket.map(UdpSocket::from_std).transpose()?;
        let smp_address = socket.as_ref().map(UdpSocket::local_addr).transpose()?;
        let updates = Arc::new(Updates::new(self.updates.take()));
        let ways = match socket {
            Some(socket) => Some((socket, Line::open(&updates)?)),
            None => None,
        };
        let household = match self.newest {
            Some(newest) => self.household.ending_at(newest, self.rows),
            None => self.household,
        };
        let mut device = Device::new(Meter::new(household, self.rows, self.depth));
        let start = self.newest.unwrap_or_else(|| device.meter.true_time());
        let clock = (self.speed > 0.0).then(|| Clock { start, since: Instant::now(), speed: self.speed });
        device.dialect = self.dialect;
        device.quirks = self.quirks;
        device.defects = self.defects;
        device.growth = self.growth;
        device.incidents = self.incidents;
        device.set_faults(self.faults);
        let shared =
            Arc::new(Shared { device: Mutex::new(device), options: self.options, updates: Arc::clone(&updates) });
        let (stop, stopped) = oneshot::channel();
        let server = run(listener, Arc::clone(&shared), clock, ways, updates, stopped);
        Ok((Parts { address, smp_address, shared }, stop, server))
    }
}
