//! What the entries behind an image say.

use core::fmt;

use crate::ImageHash;

/// The algorithm of an image's hash.
///
/// ```
/// use emu_smp::{HashKind, ImageHash};
///
/// assert_eq!(ImageHash::Sha384([0; 48]).kind(), HashKind::Sha384);
/// assert_eq!(HashKind::Sha384.length(), 48);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum HashKind {
    /// SHA-256, entry 0x10.
    Sha256,
    /// SHA-384, entry 0x11.
    Sha384,
    /// SHA-512, entry 0x12.
    Sha512,
}

impl HashKind {
    /// Returns the kind that an entry of this number holds.
    #[must_use]
    pub const fn from_entry(number: u16) -> Option<Self> {
        match number {
            0x10 => Some(Self::Sha256),
            0x11 => Some(Self::Sha384),
            0x12 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Returns the number of the entry.
    #[must_use]
    pub const fn entry(self) -> u16 {
        match self {
            Self::Sha256 => 0x10,
            Self::Sha384 => 0x11,
            Self::Sha512 => 0x12,
        }
    }

    /// Returns how many bytes the hash has.
    #[must_use]
    pub const fn length(self) -> u16 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl fmt::Display for HashKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

impl ImageHash {
    /// Returns the algorithm.
    #[must_use]
    pub const fn kind(&self) -> HashKind {
        match self {
            Self::Sha256(_) => HashKind::Sha256,
            Self::Sha384(_) => HashKind::Sha384,
            Self::Sha512(_) => HashKind::Sha512,
        }
    }
}

/// The algorithm of an image's signature, which only the device can check.
///
/// ```
/// use emu_smp::SignatureKind;
///
/// assert_eq!(SignatureKind::from_entry(0x22), Some(SignatureKind::Ecdsa));
/// assert_eq!(SignatureKind::Ecdsa.to_string(), "ECDSA");
/// assert_eq!(SignatureKind::from_entry(0x2a).unwrap().to_string(), "unknown signature 0x2a");
/// assert_eq!(SignatureKind::from_entry(0x10), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SignatureKind {
    /// RSA-PSS with 2048 bits, entry 0x20.
    Rsa2048,
    /// ECDSA with 224 bits, entry 0x21; MCUboot no longer supports it.
    Ecdsa224,
    /// ECDSA with the curve P-256 or P-384, entry 0x22.
    Ecdsa,
    /// RSA-PSS with 3072 bits, entry 0x23.
    Rsa3072,
    /// Ed25519, entry 0x24.
    Ed25519,
    /// Another entry up to 0x2f: MCUboot numbers its entries in groups of sixteen, this one for signatures.
    Unknown(UnknownSignature),
}

impl SignatureKind {
    /// Returns the kind that an entry of this number holds.
    ///
    /// Entry 0x25 is none: it says that the signature covers the image in place of the hash.
    #[must_use]
    pub const fn from_entry(number: u16) -> Option<Self> {
        match number {
            0x20 => Some(Self::Rsa2048),
            0x21 => Some(Self::Ecdsa224),
            0x22 => Some(Self::Ecdsa),
            0x23 => Some(Self::Rsa3072),
            0x24 => Some(Self::Ed25519),
            0x26..=0x2f => Some(Self::Unknown(UnknownSignature(number))),
            _ => None,
        }
    }

    /// Returns the number of the entry.
    #[must_use]
    pub const fn entry(self) -> u16 {
        match self {
            Self::Rsa2048 => 0x20,
            Self::Ecdsa224 => 0x21,
            Self::Ecdsa => 0x22,
            Self::Rsa3072 => 0x23,
            Self::Ed25519 => 0x24,
            Self::Unknown(UnknownSignature(number)) => number,
        }
    }
}

impl fmt::Display for SignatureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa2048 => "RSA-2048",
            Self::Ecdsa224 => "ECDSA-224",
            Self::Ecdsa => "ECDSA",
            Self::Rsa3072 => "RSA-3072",
            Self::Ed25519 => "Ed25519",
            Self::Unknown(UnknownSignature(number)) => return write!(f, "unknown signature {number:#x}"),
        })
    }
}

/// The number of an entry that holds a signature of a kind that is not known here: 0x26 to 0x2f.
///
/// For an example, see [`SignatureKind`](crate::SignatureKind).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "u16", into = "u16"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnknownSignature(u16);

impl From<UnknownSignature> for u16 {
    fn from(signature: UnknownSignature) -> Self {
        signature.0
    }
}

impl TryFrom<u16> for UnknownSignature {
    type Error = NoUnknownSignature;

    /// Takes 0x26 to 0x2f.
    fn try_from(number: u16) -> Result<Self, Self::Error> {
        match SignatureKind::from_entry(number) {
            Some(SignatureKind::Unknown(signature)) => Ok(signature),
            _ => Err(NoUnknownSignature { number }),
        }
    }
}

/// An entry's number that was to be made an unknown signature's and is none.
///
/// For an example, see [`SignatureKind`](crate::SignatureKind).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[error("the entries of unknown signatures are 0x26 to 0x2f, not {number:#x}")]
#[non_exhaustive]
pub struct NoUnknownSignature {
    /// The number.
    pub number: u16,
}

/// Which entries stand behind an image.
///
/// ```
/// use emu_smp::ImageEntries;
///
/// assert_eq!(ImageEntries::from_entry(0x50), ImageEntries::SECURITY_COUNTER);
/// assert_eq!(ImageEntries::from_entry(0xa0), ImageEntries::OTHER);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ImageEntries(u16);

bitflags::bitflags! {
    impl ImageEntries: u16 {
        /// The hash of the public key that checks the signature, entry 0x01.
        const KEY_HASH = 0x01;
        /// The public key itself, entry 0x02.
        const PUBLIC_KEY = 0x02;
        /// The image's hash, entries 0x10 to 0x12.
        const HASH = 0x04;
        /// A signature: see [`SignatureKind`].
        const SIGNATURE = 0x08;
        /// The signature covers the image in place of its hash, entry 0x25.
        const PURE_SIGNATURE = 0x10;
        /// The key of an encrypted image, itself encrypted, entries 0x30 to 0x34.
        const ENCRYPTED_KEY = 0x20;
        /// Another image that must be there, and its version, entry 0x40.
        const DEPENDENCY = 0x40;
        /// The counter that forbids going back to an older image, entry 0x50.
        const SECURITY_COUNTER = 0x80;
        /// What is handed on for attestation, entry 0x60.
        const BOOT_RECORD = 0x100;
        /// Size, hash or signature of the image before it was compressed, entries 0x70 to 0x73.
        const COMPRESSION = 0x200;
        /// Something else: unknown here, or a vendor's own.
        const OTHER = 0x8000;

        // Whatever else was stored is data.
        const _ = !0;
    }
}

impl ImageEntries {
    /// Returns what an entry of this number is.
    #[must_use]
    pub const fn from_entry(number: u16) -> Self {
        match number {
            0x01 => Self::KEY_HASH,
            0x02 => Self::PUBLIC_KEY,
            0x10..=0x12 => Self::HASH,
            0x25 => Self::PURE_SIGNATURE,
            0x20..=0x2f => Self::SIGNATURE,
            0x30..=0x34 => Self::ENCRYPTED_KEY,
            0x40 => Self::DEPENDENCY,
            0x50 => Self::SECURITY_COUNTER,
            0x60 => Self::BOOT_RECORD,
            0x70..=0x73 => Self::COMPRESSION,
            _ => Self::OTHER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_kept() {
        for number in 0..=u16::MAX {
            let entries = ImageEntries::from_entry(number);
            let signature = SignatureKind::from_entry(number);
            assert_eq!(signature.is_some(), entries == ImageEntries::SIGNATURE, "{number:#x}");
            assert_eq!(HashKind::from_entry(number).is_some(), entries == ImageEntries::HASH, "{number:#x}");
            assert!(signature.is_none_or(|kind| kind.entry() == number));
            assert!(HashKind::from_entry(number).is_none_or(|kind| kind.entry() == number));
        }
        assert_eq!(UnknownSignature::try_from(0x25), Err(NoUnknownSignature { number: 0x25 }));
        assert_eq!(UnknownSignature::try_from(0x26).map(u16::from), Ok(0x26));
    }
}
