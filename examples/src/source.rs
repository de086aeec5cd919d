//! The meter that an example reads: the one of the command line, or a simulated one.

use std::io;

use base64::prelude::{BASE64_STANDARD, Engine};
use emu_client::{BuildError, Meter};
use emu_proto::RequestTarget;
use emu_simulator::Simulator;

/// A meter to be read.
///
/// The password of a protected meter is taken from the environment, `EMU_PASSWORD`, as the command `emu` does; a command
/// line could be read by every user of the machine.
///
/// ```
/// use emu_examples::Source;
///
/// let source = Source::open(None)?;
/// assert!(source.is_synthetic() && source.address().starts_with("127.0.0.1:"));
/// let source = Source::open(Some("192.168.1.20".to_owned()))?;
/// assert!(!source.is_synthetic());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Source {
    address: String,
    /// Stops when it is dropped.
    simulator: Option<Simulator>,
}

impl Source {
    /// The environment variable that may hold the password.
    pub const PASSWORD: &str = "EMU_PASSWORD";

    /// Takes the meter at this address, which is a host, host:port or http URL; without one starts a simulated meter.
    ///
    /// # Errors
    ///
    /// Those of starting the simulated meter. The address is not looked at yet.
    pub fn open(address: Option<String>) -> io::Result<Self> {
        if let Some(address) = address {
            return Ok(Self { address, simulator: None });
        }
        let simulator = Simulator::builder().start_blocking()?;
        Ok(Self { address: simulator.addr().to_string(), simulator: Some(simulator) })
    }

    /// Returns the meter's address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns whether the meter is simulated, and its data synthetic.
    #[must_use]
    pub const fn is_synthetic(&self) -> bool {
        self.simulator.is_some()
    }

    /// Returns the password of the environment, if there is one.
    #[must_use]
    pub fn password(&self) -> Option<String> {
        std::env::var(Self::PASSWORD).ok().filter(|password| !password.is_empty() && !self.is_synthetic())
    }

    /// Returns the URL of a request, for other HTTP clients than `emu-client`.
    #[must_use]
    pub fn url(&self, target: RequestTarget) -> String {
        let host = self.address.trim_start_matches("http://").trim_end_matches('/');
        format!("http://{host}{target}")
    }

    /// Returns what such a client sends as the header `Authorization`; without a password that of an empty one, which a
    /// meter without access protection does not look at.
    #[must_use]
    pub fn authorization(&self) -> String {
        let password = self.password().unwrap_or_default();
        format!("Basic {}", BASE64_STANDARD.encode(format!("admin:{password}")))
    }

    /// Returns the meter, to be read with `emu-client`.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the address is none.
    pub fn meter(&self) -> Result<Meter, BuildError> {
        let builder = Meter::builder(&self.address);
        match self.password() {
            Some(password) => builder.password(password).build(),
            None => builder.build(),
        }
    }
}

impl std::fmt::Display for Source {
    /// Prints where the rows come from, in a few words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_synthetic() {
            write!(f, "a simulated meter at {} (all its data is synthetic)", self.address)
        } else {
            write!(f, "the meter at {}", self.address)
        }
    }
}
