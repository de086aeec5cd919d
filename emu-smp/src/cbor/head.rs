//! The first byte of a value.
//!
//! ```text
//! bits 7..5  what it is
//! bits 4..0  0..24 the number that goes with it; 24..28 how many bytes it has: 1, 2, 4, 8; 31 none, a break ends it
//! ```
//!
//! Source: RFC 8949, section 3.

/// What the first byte of a value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// What the value is.
    pub(crate) kind: Kind,
    /// Whether a break ends it; a break itself is a simple value of this kind.
    pub(crate) is_open: bool,
}

impl Head {
    /// The break.
    pub(super) const BREAK: Self = Self { kind: Kind::Simple, is_open: true };

    /// The head of a value whose length is known.
    pub(super) const fn closed(kind: Kind) -> Self {
        Self { kind, is_open: false }
    }
}

/// What a value is: CBOR's major types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number from 0 up.
    Unsigned,
    /// A number below 0.
    Negative,
    Bytes,
    Text,
    List,
    Map,
    Tag,
    /// Truth values, null, floats, and the break.
    Simple,
}

impl Kind {
    pub(super) const fn of(first_byte: u8) -> Self {
        match first_byte >> 5 {
            0 => Self::Unsigned,
            1 => Self::Negative,
            2 => Self::Bytes,
            3 => Self::Text,
            4 => Self::List,
            5 => Self::Map,
            6 => Self::Tag,
            _ => Self::Simple,
        }
    }

    /// Returns the first byte of a value of this kind, without the number that is in its lower five bits.
    pub(super) const fn first_byte(self) -> u8 {
        (self as u8) << 5
    }
}

/// In place of a length: a break ends it.
pub(super) const INDEFINITE: u8 = 31;
pub(super) const INDEFINITE_TEXT: u8 = Kind::Text.first_byte() | INDEFINITE;
pub(super) const FALSE: u8 = 0xf4;
pub(super) const TRUE: u8 = 0xf5;
pub(super) const NULL: u8 = 0xf6;
pub(super) const UNDEFINED: u8 = 0xf7;
pub(super) const BREAK: u8 = 0xff;
