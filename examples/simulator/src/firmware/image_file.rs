//! Update files: made, with a test key, and read as the boot loader reads them.
//!
//! ```text
//! header (32 bytes, then zeros up to 512) | body | entries: SHA-256, hash of the public key, signature
//! ```
//!
//! The meter's manual: only update files that the maker has signed are accepted. Here the test key stands for the maker's.
//! The layout is MCUboot's ("Bootloader design", "Image format"). The entries are written and read here, independently of
//! `emu-smp`'s verifier, which has to agree.

use std::ops::Range;
use std::sync::LazyLock;

use emu_smp::{ImageFlags, ImageHash, ImageHeader, ImageVersion};
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// An update file for the simulated meter. It holds no firmware but noise, and is signed with a test key that is no secret.
///
/// ```
/// use emu_simulator::TestImage;
///
/// let image = TestImage::new("1.0.9".parse()?).size(20_000).to_bytes();
/// assert_eq!(image.len(), 20_000);
/// assert_eq!(image[..4], [0x3d, 0xb8, 0xf3, 0x96]);
/// assert_eq!(image, TestImage::new("1.0.9".parse()?).size(20_000).to_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestImage {
    version: ImageVersion,
    size: usize,
    signed: Signed,
}

/// Who has signed an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signed {
    /// With the key that the simulated meter trusts.
    WithTestKey,
    /// With a key that it does not know.
    WithOtherKey,
    Not,
}

impl TestImage {
    /// The size of an update file of the meter, by the manual's example: 183.20 KiB.
    pub const USUAL_SIZE: usize = 187_597;

    /// The smallest file: header, entries, and a few bytes between.
    pub const MIN_SIZE: usize = 1_024;

    /// Starts with an image of this version, of the usual size, signed with the test key.
    #[must_use]
    pub const fn new(version: ImageVersion) -> Self {
        Self { version, size: Self::USUAL_SIZE, signed: Signed::WithTestKey }
    }

    /// Sets the size of the file in bytes, at least [`MIN_SIZE`](Self::MIN_SIZE).
    #[must_use]
    pub const fn size(mut self, bytes: usize) -> Self {
        self.size = if bytes < Self::MIN_SIZE { Self::MIN_SIZE } else { bytes };
        self
    }

    /// Signs with a key that the simulated meter does not know.
    #[must_use]
    pub const fn signed_with_other_key(mut self) -> Self {
        self.signed = Signed::WithOtherKey;
        self
    }

    /// Leaves the signature out.
    #[must_use]
    pub const fn unsigned(mut self) -> Self {
        self.signed = Signed::Not;
        self
    }

    /// Returns the bytes of the file, the same for the same image.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // The signature's length varies by a few bytes. Another number in the noise makes another one, until it fits.
        let body = self.size.saturating_sub(usize::from(HEADER_SIZE) + ENTRIES);
        (0..).map(|number| self.with_body(body, number)).find(|file| file.len() == self.size).unwrap_or_default()
    }

    /// Returns the hash by which a device lists the image.
    ///
    /// # Panics
    ///
    /// Never: a file made here has a hash.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "it is there")]
    pub fn hash(&self) -> ImageHash {
        Image::read(&self.to_bytes()).and_then(|image| image.hash).expect("an image made here has a hash")
    }

    fn with_body(&self, body: usize, number: u64) -> Vec<u8> {
        let header = ImageHeader {
            load_address: 0,
            header_size: HEADER_SIZE,
            protected_size: 0,
            image_size: u32::try_from(body).unwrap_or(u32::MAX),
            flags: ImageFlags::empty(),
            version: self.version,
        };
        let mut file = Vec::with_capacity(self.size);
        file.extend(header.to_bytes());
        file.resize(usize::from(HEADER_SIZE), 0);
        file.extend(MARK.iter().copied().chain(noise(&self.version, number)).take(body));
        let hash: [u8; 32] = Sha256::digest(&file).into();
        let key = match self.signed {
            Signed::WithTestKey | Signed::Not => &*TEST_KEY,
            Signed::WithOtherKey => &*OTHER_KEY,
        };
        let mut entries = entry(TLV_SHA256, &hash);
        entries.extend(entry(TLV_KEY_HASH, &key_hash(key.verifying_key())));
        if self.signed == Signed::Not {
            // As long as if it were signed.
            entries.extend(entry(TLV_UNUSED, &[0; SIGNATURE]));
        } else {
            let signature: Signature = key.sign_prehash(&hash).expect("32 bytes can be signed");
            entries.extend(entry(TLV_ECDSA, signature.to_der().as_bytes()));
        }
        file.extend(TLV_MAGIC.to_le_bytes());
        file.extend((entries.len() as u16 + 4).to_le_bytes());
        file.extend(entries);
        file
    }
}

/// An image as it is found in flash: what its header and its entries say, whether true or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) version: ImageVersion,
    pub(crate) hash: Option<ImageHash>,
    /// What the hash covers.
    hashed: Range<usize>,
    key_hash: Vec<u8>,
    signature: Vec<u8>,
}

impl Image {
    /// Reads what stands at the start of `flash`; `None` if that is no image, or not the whole of one.
    pub(crate) fn read(flash: &[u8]) -> Option<Self> {
        let header = ImageHeader::from_bytes(flash.first_chunk()?)?;
        let end = usize::try_from(header.hashed_size()?).ok()?;
        let mut image =
            Self { version: header.version, hash: None, hashed: 0..end, key_hash: Vec::new(), signature: Vec::new() };
        let area = flash.get(end..)?;
        let (magic, size) = (area.first_chunk()?, area.get(2..)?.first_chunk()?);
        if u16::from_le_bytes(*magic) != TLV_MAGIC {
            return None;
        }
        let mut entries = area.get(4..usize::from(u16::from_le_bytes(*size)))?;
        while let Some((head, rest)) = entries.split_first_chunk::<4>() {
            let [k0, k1, l0, l1] = *head;
            let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([l0, l1])))?;
            match u16::from_le_bytes([k0, k1]) {
                TLV_SHA256 => image.hash = ImageHash::try_from(value).ok(),
                TLV_KEY_HASH => image.key_hash = value.to_vec(),
                TLV_ECDSA => image.signature = value.to_vec(),
                _ => {}
            }
            entries = rest;
        }
        Some(image)
    }

    /// Whether the boot loader starts it: the hash is right, and the signature is one of the test key.
    pub(crate) fn is_valid(&self, flash: &[u8]) -> bool {
        let Some(hashed) = flash.get(self.hashed.clone()) else { return false };
        let hash: [u8; 32] = Sha256::digest(hashed).into();
        let key = TEST_KEY.verifying_key();
        self.hash == Some(ImageHash::Sha256(hash))
            && self.key_hash == key_hash(key)
            && Signature::from_der(&self.signature).is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok())
    }
}

/// The key that the simulated meter trusts. It is for tests alone, and no secret: here it is.
static TEST_KEY: LazyLock<SigningKey> = LazyLock::new(|| key(*b"emu-simulator TEST KEY, no secret"));

/// A key that it does not know.
static OTHER_KEY: LazyLock<SigningKey> = LazyLock::new(|| key(*b"emu-simulator OTHER KEY, a secret"));

fn key(text: [u8; 33]) -> SigningKey {
    let bytes: [u8; 32] = Sha256::digest(text).into();
    SigningKey::from_slice(&bytes).expect("a hash is a key, but for one in 2^32")
}

/// The hash of a public key, as images name the key that they are signed with: SHA-256 of its DER form.
fn key_hash(key: &VerifyingKey) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(DER_OF_P256);
    hash.update(key.to_sec1_point(false).as_bytes());
    hash.finalize().into()
}

fn entry(kind: u16, value: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), value].concat()
}

/// Bytes that no packer makes smaller, other ones for each version and number.
fn noise(version: &ImageVersion, number: u64) -> impl Iterator<Item = u8> + use<> {
    let ImageVersion { major, minor, revision, build } = *version;
    let seed = (u64::from(major) << 56) | (u64::from(minor) << 48) | (u64::from(revision) << 32) | u64::from(build);
    let mut random = oorandom::Rand64::new((u128::from(number) << 64) | u128::from(seed));
    std::iter::repeat_with(move || random.rand_u64().to_le_bytes()).flatten()
}

/// What stands in front of a point in the DER form of a public key on this curve.
const DER_OF_P256: [u8; 26] =
    *b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\0";
/// What the body starts with.
const MARK: &[u8] = b"emu-simulator TEST IMAGE. This is no firmware. ";
/// Zephyr's images have a header of this size.
const HEADER_SIZE: u16 = 512;
/// The most usual length of a signature; others are 70, 72 or, rarely, fewer bytes long.
const SIGNATURE: usize = 71;
/// Head, SHA-256, key's hash, signature.
const ENTRIES: usize = 4 + 36 + 36 + 4 + SIGNATURE;
const TLV_MAGIC: u16 = 0x6907;
const TLV_KEY_HASH: u16 = 0x01;
const TLV_SHA256: u16 = 0x10;
const TLV_ECDSA: u16 = 0x22;
/// Of the makers' own numbers, whose meaning the boot loader does not look at.
const TLV_UNUSED: u16 = 0xff00;

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> TestImage {
        TestImage::new("1.0.9".parse().unwrap()).size(5_000)
    }

    #[test]
    fn a_made_image_is_read_and_valid() {
        let bytes = image().to_bytes();
        let read = Image::read(&bytes).unwrap();
        let mut verifier = emu_smp::ImageVerifier::new();
        verifier.push(&bytes).unwrap();
        let file = verifier.finish().unwrap();
        assert_eq!((file.header.version, Some(file.hash)), (read.version, read.hash));
        assert_eq!((bytes.len(), read.version.to_string().as_str()), (5_000, "1.0.9"));
        assert!(read.is_valid(&bytes));
        // Flash behind it does not matter.
        let flash = [&bytes[..], &[0xff; 100]].concat();
        assert_eq!(Image::read(&flash), Some(read));
    }

    #[test]
    fn damage_and_other_signatures_are_not_started() {
        let bytes = image().to_bytes();
        for place in [600, 3_000] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert!(!Image::read(&damaged).unwrap().is_valid(&damaged));
        }
        for other in [image().unsigned(), image().signed_with_other_key()] {
            let bytes = other.to_bytes();
            let read = Image::read(&bytes).unwrap();
            assert!(read.hash.is_some() && !read.is_valid(&bytes));
        }
        for length in [0, 31, 32, 600, bytes.len() - 1] {
            assert_eq!(Image::read(&bytes[..length]), None, "{length}");
        }
    }
}
