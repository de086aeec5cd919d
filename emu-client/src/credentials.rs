//! User and password for the meter's access protection, which is HTTP Basic authentication.
//!
//! Source: manual, "Configuration", "Access Protection".

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;

/// A password that is not shown: neither by `Debug` nor by anything else in this crate.
///
/// HTTP Basic sends it unencrypted to the meter, and nowhere else.
///
/// ```
/// use emu_client::Password;
///
/// assert_eq!(format!("{:?}", Password::from("swordfish")), "Password(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(password)
    }
}

impl From<&str> for Password {
    fn from(password: &str) -> Self {
        Self(password.to_owned())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The `Authorization` header's value, and what of it must not be shown.
#[derive(Clone)]
pub(crate) struct Credentials {
    header: HeaderValue,
    secrets: Vec<String>,
}

impl Credentials {
    /// Returns nothing if the user's name has a colon, which would end it.
    pub(crate) fn new(user: &str, password: &Password) -> Option<Self> {
        if user.contains(':') {
            return None;
        }
        let token = STANDARD.encode(format!("{user}:{}", password.0));
        let mut header = HeaderValue::try_from(format!("Basic {token}")).ok()?;
        header.set_sensitive(true);
        // Sent back, the token may have lost its padding.
        let token = token.trim_end_matches('=').to_owned();
        let secrets = [password.0.clone(), token].into_iter().filter(|secret| !secret.is_empty()).collect();
        Some(Self { header, secrets })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Returns the text without the password, should the peer have sent it back.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "[password]"))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_basic_and_sensitive() {
        let credentials = Credentials::new("admin", &Password::from("swordfish")).unwrap();
        assert_eq!(credentials.header(), "Basic YWRtaW46c3dvcmRmaXNo");
        assert!(credentials.header().is_sensitive());
        let shown = format!("{credentials:?} {:?}", credentials.header());
        assert!(!shown.contains("swordfish") && !shown.contains("YWRtaW4"), "{shown}");
        assert!(Credentials::new("a:b", &Password::from("x")).is_none());
    }

    #[test]
    fn what_a_peer_sends_back_is_redacted() {
        let credentials = Credentials::new("admin", &Password::from("swordfish")).unwrap();
        let text = credentials.redact("http://x/?p=swordfish&a=YWRtaW46c3dvcmRmaXNo");
        assert_eq!(text, "http://x/?p=[password]&a=[password]");
    }
}
