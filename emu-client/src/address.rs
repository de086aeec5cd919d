//! Where a meter is: a host, a host with a port, or an `http` URL without a path.
//!
//! ```text
//! address   = [ "http://" ] host [ ":" port ] [ "/" ]
//! host      = name | IPv4 | "[" IPv6 "]"     ; a bare IPv6 address is taken as well, without a port
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// The address of a meter's web server.
///
/// ```
/// use emu_client::Address;
///
/// let address: Address = "http://meter.example:8080/".parse()?;
/// assert_eq!((address.host(), address.port()), ("meter.example", 8080));
/// assert_eq!("192.168.1.20".parse::<Address>()?.to_string(), "192.168.1.20");
/// assert_eq!("[2001:db8::20]:81".parse::<Address>()?.to_string(), "[2001:db8::20]:81");
/// # Ok::<(), emu_client::InvalidAddress>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// A name, or an IP address without brackets.
    host: String,
    port: u16,
}

impl Address {
    /// The port of an address that names none.
    pub const DEFAULT_PORT: u16 = 80;

    /// Returns the name or the IP address, the latter without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Address {
    /// Prints what a `Host` header holds: brackets around an IPv6 address, and the port unless it is 80.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if self.port == Self::DEFAULT_PORT { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if is_serial(text) {
            return Err(InvalidAddress::SerialLine);
        }
        // First of all, so that no other error shows what may be a password.
        if text.contains('@') {
            return Err(InvalidAddress::Credentials);
        }
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => return Err(InvalidAddress::Https),
            Some((scheme, _)) => return Err(InvalidAddress::Scheme(scheme.to_owned())),
            None => text,
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if !matches!(path, "" | "/") {
            return Err(InvalidAddress::Path(path.to_owned()));
        }
        if let Ok(ip) = authority.parse::<Ipv6Addr>() {
            return Ok(Self { host: ip.to_string(), port: Self::DEFAULT_PORT });
        }
        if let Some(rest) = authority.strip_prefix('[') {
            let (ip, rest) = rest.split_once(']').ok_or_else(|| InvalidAddress::Host(authority.to_owned()))?;
            let ip: Ipv6Addr = ip.parse().map_err(|_| InvalidAddress::Host(authority.to_owned()))?;
            let port = match rest.strip_prefix(':') {
                Some(port) => read_port(port)?,
                None if rest.is_empty() => Self::DEFAULT_PORT,
                None => return Err(InvalidAddress::Host(authority.to_owned())),
            };
            return Ok(Self { host: ip.to_string(), port });
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, read_port(port)?),
            None => (authority, Self::DEFAULT_PORT),
        };
        if host.is_empty() {
            return Err(InvalidAddress::NoHost);
        }
        let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        // What has only digits and dots is meant for an IPv4 address; a resolver would take "192.168.1" for another one.
        let is_ip = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !is_name || (is_ip && host.parse::<Ipv4Addr>().is_err()) {
            return Err(InvalidAddress::Host(host.to_owned()));
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self { host: ip.to_string(), port: Self::DEFAULT_PORT }
    }
}

/// A text that is no [`Address`] of a meter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// There is a user, and maybe a password, in front of the host.
    #[error(
        "an address does not hold a user or a password, since addresses are shown in logs and errors; give them apart"
    )]
    Credentials,
    /// The scheme is `https`.
    #[error("by its manual the meter speaks plain HTTP; write http:// in place of https://, or the host alone")]
    Https,
    /// The scheme is neither `http` nor absent.
    #[error("expected http:// or the host alone, not the scheme {0:?}")]
    Scheme(String),
    /// There is a path or a query behind the host.
    #[error(
        "expected a host, a host with a port, or http://host/, without the path {0:?}; the log is chosen otherwise"
    )]
    Path(String),
    /// There is no host.
    #[error("expected a host, such as 192.168.1.20 or meter.example:8080")]
    NoHost,
    /// It is a serial line, which carries SMP alone; see [`Location`](crate::smp::Location).
    #[error(
        "a serial line carries firmware updates and whatever else is asked over SMP, and no read-outs; for these, give the meter's host (one that is named \"serial\" is written http://serial:80)"
    )]
    SerialLine,
    /// The host is neither a name nor an IP address.
    #[error("{0:?} is neither the name nor the IP address of a host")]
    Host(String),
    /// The port is no number from 1 to 65535.
    #[error("expected a port from 1 to 65535, not {0:?}")]
    Port(String),
}

/// Whether a text names a serial line.
pub(crate) fn is_serial(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("serial"))
}

fn read_port(text: &str) -> Result<u16, InvalidAddress> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port != 0);
    port.ok_or_else(|| InvalidAddress::Port(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_the_same_everywhere() {
        for (text, printed) in [
            ("192.168.1.20", "192.168.1.20"),
            (" http://192.168.1.20/ ", "192.168.1.20"),
            ("HTTP://Meter_1.local:80", "Meter_1.local"),
            ("meter:8080", "meter:8080"),
            ("http://serial:80", "serial"),
            ("::1", "[::1]"),
            ("http://[::1]/", "[::1]"),
            ("[FE80:0::1]:8080", "[fe80::1]:8080"),
        ] {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()).as_deref(), Ok(printed), "{text}");
        }
        assert_eq!(Address::from(SocketAddr::from(([127, 0, 0, 1], 81))).to_string(), "127.0.0.1:81");
    }

    #[test]
    fn everything_else_is_refused_and_no_password_shown() {
        for (text, error) in [
            ("", InvalidAddress::NoHost),
            ("http://", InvalidAddress::NoHost),
            (":80", InvalidAddress::NoHost),
            ("https://meter", InvalidAddress::Https),
            ("ftp://meter", InvalidAddress::Scheme("ftp".to_owned())),
            ("http://admin:s3cret@meter", InvalidAddress::Credentials),
            ("admin:s3/cret@meter", InvalidAddress::Credentials),
            ("meter/data/?last=1", InvalidAddress::Path("/data/?last=1".to_owned())),
            ("serial:/dev/ttyUSB0", InvalidAddress::SerialLine),
            ("Serial:80", InvalidAddress::SerialLine),
            ("meter:0", InvalidAddress::Port("0".to_owned())),
            ("meter:+80", InvalidAddress::Port("+80".to_owned())),
            ("meter:65536", InvalidAddress::Port("65536".to_owned())),
            ("192.168.1", InvalidAddress::Host("192.168.1".to_owned())),
            ("my meter", InvalidAddress::Host("my meter".to_owned())),
            ("[::1", InvalidAddress::Host("[::1".to_owned())),
            ("[::1]8", InvalidAddress::Host("[::1]8".to_owned())),
        ] {
            assert_eq!(text.parse::<Address>(), Err(error.clone()), "{text}");
            assert!(!format!("{error} {error:?}").contains("s3"));
        }
    }
}
