//! User and password for the meter's access protection, which is HTTP Basic authentication.
//!
//! Source: manual, "Configuration", "Access Protection".

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emu_proto::{Entry, ReadError, read_row};
use hyper::header::HeaderValue;

/// What is shown in place of a password.
const HIDDEN: &str = "[password]";

/// So many bytes of a password in a row are not shown either.
const PIECE: usize = 4;

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
        let mut text = self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN));
        // What came may end within it.
        let is_start = |secret: &String| {
            let starts = secret.char_indices().map(|(at, _)| at).filter(|at| *at >= PIECE);
            starts.filter_map(|at| secret.get(..at)).filter(|start| text.ends_with(start)).map(str::len).max()
        };
        if let Some(length) = self.secrets.iter().filter_map(is_start).max() {
            text.truncate(text.len().saturating_sub(length));
            text.push_str(HIDDEN);
        }
        text
    }

    /// Returns the error without what the peer has sent, should that be the password or a piece of it.
    ///
    /// The peer may send it back with a line end or a delimiter within, and the first bytes of a cell are kept alone.
    pub(crate) fn redact_error<R: Entry>(&self, error: ReadError) -> ReadError {
        let found = error.found.as_bytes();
        let holds_piece = |secret: &String| {
            let pieces = secret.as_bytes().windows(PIECE.min(secret.len()));
            pieces.into_iter().any(|piece| found.windows(piece.len()).any(|part| part == piece))
        };
        if !self.secrets.iter().any(holds_piece) {
            return error;
        }
        // Bytes that were found are made by the reader alone.
        let mut redacted = error;
        if let Err(hidden) = read_row::<R>(HIDDEN.as_bytes()) {
            redacted.found = hidden.found;
        }
        redacted
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
    use emu_proto::LoadProfileEntry;

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
        assert_eq!(credentials.redact("p=swordfi"), "p=[password]");
        assert_eq!(credentials.redact("nobody's sword."), "nobody's sword.");
    }

    #[test]
    fn what_a_reader_finds_is_redacted() {
        let shown = |secret: &str, found: &str| {
            let credentials = Credentials::new("admin", &Password::from(secret)).unwrap();
            let row = format!("2021-05-20T10:30:00Z;2;{found};12345678");
            let error = read_row::<LoadProfileEntry>(row.as_bytes()).unwrap_err();
            assert_eq!(error.found.as_bytes(), &found.as_bytes()[..found.len().min(24)]);
            let redacted = credentials.redact_error::<LoadProfileEntry>(error);
            assert_eq!((redacted.kind, redacted.line, redacted.offset), (error.kind, error.line, error.offset));
            format!("{redacted} {redacted:?}")
        };
        for (secret, found) in [
            ("swordfish", "swordfish"),
            ("swordfish", "pw=swordfish&more and more"),
            ("swordfish", "012345678 0123456789swordfish"),
            ("swordfish", "fish"),
            ("key", "a key"),
            ("swordfish", "YWRtaW46c3dvcmRmaXNo"),
            ("swordfish", "c3dvcmRm"),
        ] {
            let shown = shown(secret, found);
            let is_shown = found.len() > 8 && shown.contains(&found[..8]);
            assert!(!is_shown && !shown.contains("fish") && shown.contains("[password]"), "{shown}");
        }
        assert!(shown("swordfish", "x7").contains("\"x7\""));
        assert!(shown("", "x7").contains("\"x7\""));
    }
}
