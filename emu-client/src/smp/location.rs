//! Where an SMP server is: at a UDP port of a host, or on a serial line.
//!
//! ```text
//! location = address                          ; of a meter in the network
//!          | "serial:" path [ "@" baud ]      ; the path of a serial port, and its rate
//! ```

use std::fmt;
#[cfg(feature = "serial")]
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Smp;
use crate::address::{Address, InvalidAddress, is_serial};

/// Where an SMP server is.
///
/// As text it is what [`Address`] takes, of which the host is used, or `serial:PATH`, with `@BAUD` behind it unless the rate is
/// 115,200. A path that itself ends with `@` and digits is given with its rate.
///
/// ```
/// use emu_client::smp::Location;
///
/// let location: Location = "192.168.1.20".parse()?;
/// assert_eq!(location, Location::Network { address: "192.168.1.20".parse()?, port: 1337 });
/// # #[cfg(feature = "serial")]
/// assert_eq!("serial:/dev/ttyUSB0@9600".parse::<Location>()?, Location::serial("/dev/ttyUSB0", 9_600));
/// # Ok::<(), emu_client::smp::InvalidLocation>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Location {
    /// A UDP port of a host.
    Network {
        /// The meter's address, of which the host is used.
        address: Address,
        /// The UDP port.
        port: u16,
    },
    /// A serial port of this computer. With the feature `serial`.
    #[cfg(feature = "serial")]
    Serial {
        /// The port's path; on Windows its name, such as `COM3`.
        path: PathBuf,
        /// The rate in baud.
        baud: u32,
    },
    /// A stream that was given as it is; see [`Smp::console`].
    Console,
}

impl Location {
    /// The rate of a serial line that names none, in baud.
    #[cfg(feature = "serial")]
    pub const DEFAULT_BAUD: u32 = 115_200;

    /// Returns a serial port. With the feature `serial`.
    #[cfg(feature = "serial")]
    #[must_use]
    pub fn serial(path: impl AsRef<Path>, baud: u32) -> Self {
        Self::Serial { path: path.as_ref().to_owned(), baud }
    }

    /// Returns whether it is in the network, and not on a line.
    #[must_use]
    pub const fn is_network(&self) -> bool {
        matches!(self, Self::Network { .. })
    }
}

impl From<Address> for Location {
    /// With the manual's UDP port.
    fn from(address: Address) -> Self {
        Self::Network { address, port: Smp::DEFAULT_PORT }
    }
}

impl fmt::Display for Location {
    /// Prints what can be parsed again, but for the UDP port: the host, or the serial line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { address, .. } => f.write_str(address.host()),
            #[cfg(feature = "serial")]
            Self::Serial { path, baud } => {
                write!(f, "serial:{}", path.display())?;
                let has_rate = *baud != Self::DEFAULT_BAUD || split_rate(&path.to_string_lossy()).is_some();
                if has_rate { write!(f, "@{baud}") } else { Ok(()) }
            }
            Self::Console => f.write_str("serial line"),
        }
    }
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let text = text.trim();
        if is_serial(text) { read_serial(text) } else { Ok(Self::from(text.parse::<Address>()?)) }
    }
}

#[cfg(feature = "serial")]
fn read_serial(text: &str) -> Result<Location, InvalidLocation> {
    let text = text.split_once(':').map_or(text, |(_, path)| path);
    let (path, baud) = split_rate(text).unwrap_or((text, ""));
    if path.is_empty() {
        return Err(InvalidLocation::NoPath);
    }
    if baud.is_empty() {
        return Ok(Location::serial(path, Location::DEFAULT_BAUD));
    }
    let rate = baud.parse().ok().filter(|baud| *baud > 0);
    rate.map(|baud| Location::serial(path, baud)).ok_or_else(|| InvalidLocation::Rate(baud.to_owned()))
}

#[cfg(not(feature = "serial"))]
fn read_serial(_: &str) -> Result<Location, InvalidLocation> {
    Err(InvalidLocation::NotBuilt)
}

/// Parts a path from the rate behind it.
#[cfg(feature = "serial")]
fn split_rate(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once('@').filter(|(_, rate)| !rate.is_empty() && rate.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A text that is no [`Location`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLocation {
    /// It is no address in the network.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// There is no path behind `serial:`.
    #[error("expected the path of a serial port, such as serial:/dev/ttyUSB0 or serial:/dev/ttyUSB0@9600")]
    NoPath,
    /// The rate is no number from 1 to 4294967295.
    #[error("expected a rate in baud, such as 115200, not {0:?}")]
    Rate(String),
    /// This library was built without the feature `serial`.
    #[error("serial ports are not built in; they take the feature \"serial\"")]
    NotBuilt,
}

#[cfg(all(test, feature = "serial"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_parsed_again() {
        for (text, path, baud, printed) in [
            ("serial:/dev/ttyUSB0", "/dev/ttyUSB0", 115_200, "serial:/dev/ttyUSB0"),
            (" SERIAL:COM3@115200 ", "COM3", 115_200, "serial:COM3"),
            ("serial:/dev/ttyACM0@9600", "/dev/ttyACM0", 9_600, "serial:/dev/ttyACM0@9600"),
            ("serial:/dev/serial/by-id/usb@1", "/dev/serial/by-id/usb", 1, "serial:/dev/serial/by-id/usb@1"),
            ("serial:tty@usb", "tty@usb", 115_200, "serial:tty@usb"),
            ("serial:tty@2@115200", "tty@2", 115_200, "serial:tty@2@115200"),
        ] {
            let location = Location::serial(path, baud);
            assert_eq!(text.parse(), Ok(location.clone()), "{text}");
            assert_eq!(location.to_string(), printed);
            assert_eq!(printed.parse(), Ok(location));
        }
        let network = Location::from("[::1]:8080".parse::<Address>().unwrap());
        assert_eq!("http://[::1]:8080/".parse(), Ok(network.clone()));
        assert_eq!((network.to_string().as_str(), network.is_network()), ("::1", true));
    }

    #[test]
    fn what_is_none_is_told() {
        for (text, error) in [
            ("serial:", InvalidLocation::NoPath),
            ("serial:@9600", InvalidLocation::NoPath),
            ("serial:/dev/ttyS0@0", InvalidLocation::Rate("0".to_owned())),
            ("serial:/dev/ttyS0@4294967296", InvalidLocation::Rate("4294967296".to_owned())),
            ("", InvalidLocation::Address(InvalidAddress::NoHost)),
        ] {
            assert_eq!(text.parse::<Location>(), Err(error), "{text}");
        }
    }
}
