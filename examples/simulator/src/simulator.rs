//! The simulated meter as a running server.

mod builder;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use emu_proto::{Dialect, LoadProfileEntry, LogbookEntry};
use emu_smp::ImageVersion;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::oneshot;

pub use self::builder::Builder;
use crate::clock::Clock;
use crate::device::{Counts, Incident};
use crate::fault::Fault;
use crate::firmware::{self, Boot, Line, OnlineUpdates, Updates};
use crate::format::{Defects, Quirks};
use crate::server::{Shared, serve};

/// A simulated meter that listens on a TCP port. Dropping it stops it.
///
/// ```
/// use emu_simulator::{Household, Simulator};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let simulator = Simulator::builder().household(Household::new(7)).rows(96).start().await?;
/// println!("curl {}data/?last=4", simulator.url());
/// assert_eq!(simulator.load_profile().len(), 96);
/// assert_eq!(simulator.advance(4), 4);
/// simulator.shutdown().await;
/// # Ok(())
/// # }
/// ```
///
/// A program without async starts it on a thread of its own with [`Builder::start_blocking`].
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    smp_address: Option<SocketAddr>,
    shared: Arc<Shared>,
    /// Dropped to stop the server.
    stop: Option<oneshot::Sender<()>>,
    runner: Runner,
}

impl Simulator {
    /// Starts to set one up.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the address it listens on.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns its URL, such as `http://127.0.0.1:40123/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Returns the targets of the requests that came, oldest first: the newest 100,000, refused ones included.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.with_device(|device| device.targets().cloned().collect())
    }

    /// Returns how much was served.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.with_device(|device| device.counts())
    }

    /// Logs this many rows at once, and returns how many were logged: fewer only where the index comes to its end.
    #[allow(clippy::must_use_candidate, reason = "most callers know that the index does not end")]
    pub fn advance(&self, rows: u32) -> u32 {
        self.shared.with_device(|device| device.meter.advance(rows))
    }

    /// Sets the faults in place of all there were, and starts to count their requests again.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        let faults = faults.into_iter().collect();
        self.shared.with_device(|device| device.set_faults(faults));
    }

    /// Sets the damage to single rows in place of all there was.
    pub fn set_defects(&self, defects: Defects) {
        self.shared.with_device(|device| device.defects = defects);
    }

    /// Sets how the logs are written from the next request on.
    pub fn set_dialect(&self, dialect: Dialect, quirks: Quirks) {
        self.shared.with_device(|device| (device.dialect, device.quirks) = (dialect, quirks));
    }

    /// Makes something befall the meter, besides what was planned.
    pub fn add_incident(&self, incident: Incident) {
        self.shared.with_device(|device| device.incidents.push(incident));
    }

    /// Returns all rows that the load profile holds now, oldest first, without any [`Defects`].
    #[must_use]
    pub fn load_profile(&self) -> Vec<LoadProfileEntry> {
        self.shared.with_device(|device| device.meter.load_profile().iter().copied().collect())
    }

    /// Returns all entries that the logbook holds now, oldest first.
    #[must_use]
    pub fn logbook(&self) -> Vec<LogbookEntry> {
        self.shared.with_device(|device| device.meter.logbook().iter().copied().collect())
    }

    /// Returns the UDP address of the server for firmware updates; `None` if online updates are not allowed.
    #[must_use]
    pub const fn smp_addr(&self) -> Option<SocketAddr> {
        self.smp_address
    }

    /// Returns where its serial line is; `None` if it has none, see [`OnlineUpdates::serial`].
    #[must_use]
    pub fn serial_path(&self) -> Option<PathBuf> {
        self.shared.updates.with(|state| state.serial_path.clone())
    }

    /// Returns the version of the firmware that runs.
    #[must_use]
    pub fn firmware_version(&self) -> ImageVersion {
        self.shared.updates.with(|state| state.module.version())
    }

    /// Returns the bytes of a slot, as far as it was written since it was erased.
    #[must_use]
    pub fn flash(&self, slot: usize) -> Vec<u8> {
        self.shared.updates.with(|state| state.module.flash(slot).to_vec())
    }

    /// Returns what each restart of the communication module has come to, oldest first.
    #[must_use]
    pub fn boots(&self) -> Vec<Boot> {
        self.shared.updates.with(|state| state.module.boots().to_vec())
    }

    /// Returns how many datagrams, and frames on the serial line, have come to the server for firmware updates, whatever became
    /// of them.
    #[must_use]
    pub fn datagrams(&self) -> u64 {
        self.shared.updates.with(|state| state.datagrams)
    }

    /// Changes what the server for firmware updates is like. Chance and the count for restarts start again; port, slots
    /// and what is in them stay.
    pub fn change_updates(&self, change: impl FnOnce(&mut OnlineUpdates)) {
        self.shared.updates.with(|state| {
            change(&mut state.module.options);
            state.changes += 1;
        });
    }

    /// Restarts the communication module, as after a power failure.
    pub fn restart_module(&self) {
        self.shared.updates.with(|state| state.restarts = true);
    }

    /// Stops it, and returns when all its connections are closed.
    pub async fn shutdown(mut self) {
        self.stop = None;
        if let Runner::Task(task) = &mut self.runner {
            // Only the end of the runtime can have stopped it before.
            let _: Result<(), tokio::task::JoinError> = task.await;
        }
    }
}

impl Drop for Simulator {
    /// Stops it. Where it has a thread of its own, all connections are closed when this returns.
    fn drop(&mut self) {
        self.stop = None;
        if let Runner::Thread(thread) = &mut self.runner
            && let Some(thread) = thread.take()
        {
            // A panic of that thread has been printed, and this may be one already.
            let _: std::thread::Result<()> = thread.join();
        }
    }
}

/// What the server runs on.
#[derive(Debug)]
enum Runner {
    Task(tokio::task::JoinHandle<()>),
    Thread(Option<std::thread::JoinHandle<()>>),
}

/// What a simulator is made of, but for what it runs on.
#[derive(Debug)]
struct Parts {
    address: SocketAddr,
    smp_address: Option<SocketAddr>,
    shared: Arc<Shared>,
}

impl Parts {
    fn into_simulator(self, stop: oneshot::Sender<()>, runner: Runner) -> Simulator {
        let Self { address, smp_address, shared } = self;
        Simulator { address, smp_address, shared, stop: Some(stop), runner }
    }
}

/// Runs the servers and the clock until the simulator is dropped.
async fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    clock: Option<Clock>,
    ways: Option<(UdpSocket, Line)>,
    updates: Arc<Updates>,
    stopped: oneshot::Receiver<()>,
) {
    let drive = async {
        match clock {
            Some(clock) => clock.drive(&shared).await,
            None => std::future::pending().await,
        }
    };
    let update = async {
        match ways {
            Some((socket, line)) => firmware::serve(socket, line, updates).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = stopped => {}
        () = serve(listener, Arc::clone(&shared)) => {}
        () = drive => {}
        () = update => {}
    }
}
