//! A meter at an address, and how it is to be read.

use std::fmt;
use std::sync::Arc;

use emu_proto::{Checkpoint, Entry, LoadProfileEntry, LogbookEntry, ReadError, ReadoutPlan};

use crate::address::{Address, InvalidAddress};
use crate::connection::Pool;
use crate::credentials::{Credentials, Password};
use crate::firmware::Firmware;
use crate::policy::Policy;
use crate::rows::Rows;
use crate::smp::Smp;

/// A meter in the network.
///
/// Cheap to clone; clones share one connection. A meter is a small device: its requests go one after the other, over a
/// connection that is kept until the read-out ends or the meter closes it. Read-outs that are under way at the same
/// time take turns, request by request: one that stopped in the middle of an answer makes the others wait until it is
/// read on or dropped, and fail after [`Policy::turn`]. [`Builder::connections`] allows more.
///
/// Connections go straight to the meter: proxies of the environment are not used, since a meter is in the local
/// network, and redirects are not followed, so that the password goes nowhere else. Nothing is sent before rows are asked for.
///
/// Must be used within a Tokio runtime with I/O and time enabled.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use emu_client::{Meter, Readout};
///
/// let meter = Meter::builder("192.168.1.20").user("admin").password("swordfish").build()?;
/// let mut rows = meter.load_profile(Readout::Last(96));
/// while let Some(row) = rows.next().await {
///     let row = row?;
///     println!("{} {}", row.timestamp, row.active_power_l123);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Meter {
    shared: Arc<Shared>,
}

/// What all clones of a meter and their read-outs have in common.
pub(crate) struct Shared {
    pub(crate) address: Address,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) policy: Policy,
    pub(crate) pool: Arc<Pool>,
}

impl Shared {
    /// Returns the error without the password, should the peer have sent it back.
    pub(crate) fn redact<R: Entry>(&self, error: ReadError) -> ReadError {
        self.credentials.as_ref().map_or(error, |credentials| credentials.redact_error::<R>(error))
    }
}

impl Meter {
    /// Makes a meter without a password, with the default [`Policy`].
    ///
    /// # Errors
    ///
    /// [`BuildError::Address`] if the address is none; see [`Address`] for its forms.
    ///
    /// ```
    /// use emu_client::Meter;
    ///
    /// let meter = Meter::new("192.168.1.20")?;
    /// assert_eq!(meter.address().port(), 80);
    /// assert!(Meter::new("https://192.168.1.20").is_err());
    /// # Ok::<(), emu_client::BuildError>(())
    /// ```
    pub fn new(address: &str) -> Result<Self, BuildError> {
        Self::builder(address).build()
    }

    /// Starts to make a meter; see [`Address`] for the forms of an address.
    pub fn builder(address: &str) -> Builder {
        Builder {
            address: address.parse(),
            user: Builder::DEFAULT_USER.to_owned(),
            password: None,
            policy: Policy::DEFAULT,
            connections: 1,
        }
    }

    /// Returns the meter's address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.shared.address
    }

    /// Reads the load profile: one request's worth and more, by a [`Readout`](emu_proto::Readout) or a [`ReadoutPlan`].
    ///
    /// ```no_run
    /// # async fn example(meter: emu_client::Meter) -> Result<(), emu_client::Error> {
    /// use emu_client::{Readout, ReadoutPlan};
    ///
    /// // All that there is, oldest first: three years, some 35 requests.
    /// let mut rows = meter.load_profile(ReadoutPlan::all());
    /// // Descending, as the meter's own page shows them.
    /// let mut rows = meter.load_profile(Readout::Newest);
    /// # Ok(())
    /// # }
    /// ```
    pub fn load_profile(&self, plan: impl Into<ReadoutPlan<LoadProfileEntry>>) -> Rows<LoadProfileEntry> {
        self.read(plan)
    }

    /// Reads the logbook of changes that matter to calibration.
    ///
    /// ```no_run
    /// # async fn example(meter: emu_client::Meter) -> Result<(), emu_client::Error> {
    /// let mut changes = meter.logbook(emu_client::Readout::Newest);
    /// while let Some(change) = changes.next().await {
    ///     println!("{:?}", change?.ct_primary_before);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn logbook(&self, plan: impl Into<ReadoutPlan<LogbookEntry>>) -> Rows<LogbookEntry> {
        self.read(plan)
    }

    /// Reads either log; which one is the type of its rows.
    ///
    /// ```no_run
    /// use emu_client::{Entry, Error, Meter, ReadoutPlan};
    ///
    /// async fn count<R: Entry>(meter: &Meter) -> Result<u64, Error> {
    ///     let mut rows = meter.read::<R>(ReadoutPlan::all());
    ///     while let Some(row) = rows.next().await {
    ///         row?;
    ///     }
    ///     Ok(rows.summary().rows)
    /// }
    /// ```
    pub fn read<R: Entry>(&self, plan: impl Into<ReadoutPlan<R>>) -> Rows<R> {
        Rows::new(Arc::clone(&self.shared), plan.into())
    }

    /// Reads everything after a checkpoint, each row exactly once, oldest first; everything there is without one.
    ///
    /// [`Rows::checkpoint`] says where to go on the next time. Store it together with the rows, or after them.
    ///
    /// ```no_run
    /// use emu_client::{Checkpoint, Error, LoadProfileEntry, Meter};
    ///
    /// async fn nightly(
    ///     meter: &Meter,
    ///     last: Option<Checkpoint>,
    ///     mut store: impl FnMut(LoadProfileEntry),
    /// ) -> Result<Option<Checkpoint>, Error> {
    ///     let mut rows = meter.sync::<LoadProfileEntry>(last);
    ///     while let Some(row) = rows.next().await {
    ///         store(row?);
    ///     }
    ///     Ok(rows.checkpoint())
    /// }
    /// ```
    pub fn sync<R: Entry>(&self, checkpoint: Option<Checkpoint>) -> Rows<R> {
        self.read(checkpoint.map_or_else(ReadoutPlan::all, ReadoutPlan::since))
    }
}

impl Meter {
    /// Returns the meter's firmware, by which it is updated: over SMP at UDP port 1337, of the same host.
    ///
    /// The manual's access protection does not cover it; that updates are allowed is a setting of the meter's own.
    #[must_use]
    pub fn firmware(&self) -> Firmware {
        self.smp().into()
    }

    /// Returns the meter's SMP server, with the manual's port and the default policy. For one on a serial line see
    /// [`Smp::new`].
    #[must_use]
    pub fn smp(&self) -> Smp {
        Smp::new(self.shared.address.clone())
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("address", &self.shared.address).field("policy", &self.shared.policy).finish()
    }
}

/// Makes a [`Meter`]; made by [`Meter::builder`].
///
/// ```
/// use std::time::Duration;
/// use emu_client::{Meter, Policy};
///
/// let meter = Meter::builder("http://192.168.1.20:8080/")
///     .password(String::from("swordfish"))
///     .policy(Policy::new().idle(Duration::from_secs(60)))
///     .build()?;
/// assert!(!format!("{meter:?}").contains("swordfish"));
/// # Ok::<(), emu_client::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    address: Result<Address, InvalidAddress>,
    user: String,
    password: Option<Password>,
    policy: Policy,
    connections: usize,
}

impl Builder {
    /// The only user that the manual knows, and the default.
    pub const DEFAULT_USER: &str = "admin";

    /// Sets the user, which is sent only together with a password.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Sets the password. It is sent with each request, unencrypted, as HTTP Basic does.
    pub fn password(mut self, password: impl Into<Password>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets timeouts and retries.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Allows so many connections at once, 1 to 64; one is the default, and all that a small device may have.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Makes the meter. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`BuildError::Address`] if the address is none, [`BuildError::Credentials`] if user or password cannot be sent.
    pub fn build(self) -> Result<Meter, BuildError> {
        let credentials = match &self.password {
            Some(password) => Some(Credentials::new(&self.user, password).ok_or(BuildError::Credentials)?),
            None => None,
        };
        let pool = Arc::new(Pool::new(self.connections));
        let shared = Shared { address: self.address?, credentials, policy: self.policy, pool };
        Ok(Meter { shared: Arc::new(shared) })
    }
}

/// Why no [`Meter`] could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The address is none.
    #[error("invalid address of a meter")]
    Address(#[from] InvalidAddress),
    /// The user's name has a colon, which HTTP Basic cannot send.
    #[error("a user's name cannot have a colon")]
    Credentials,
}
