//! Image files: however a file is cut, it is judged the same; what is built is taken; no bit of what the hash covers can
//! change unnoticed.
//!
//! ```text
//! input = kind count *length rest             ; the lengths of pieces
//! rest  = file | the choices of what is built
//! ```

use emu_smp::{
    HashKind, ImageBuilder, ImageEntries, ImageFile, ImageFileError, ImageFlags, ImageHash, ImageHeader, ImageVerifier,
    ImageVersion, SignatureKind,
};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::bytes::Bytes;
use crate::console::cut;

/// Takes the bytes as a file as it is, as one whose hash is put right, and as what to build one of.
///
/// # Panics
///
/// If a property does not hold.
pub fn image_file(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let kind = bytes.below(3);
    let count = bytes.below(16) as usize;
    let pieces: Vec<usize> = bytes.take(count).iter().map(|length| usize::from(*length)).collect();
    match kind {
        0 => check_file(bytes.rest(), &pieces),
        1 => {
            let mut file = bytes.rest().to_vec();
            mend(&mut file);
            check_file(&file, &pieces);
        }
        _ => check_built(bytes, &pieces),
    }
}

/// A file is taken if it is an image by the format's description, and for what it is.
fn check_file(file: &[u8], pieces: &[usize]) {
    let verified = verify_in_pieces(file, pieces);
    let Some(parts) = Parts::of(file) else {
        assert!(verified.is_err(), "no image is taken: {verified:?}");
        return;
    };
    let image = verified.unwrap_or_else(|error| panic!("an image is refused: {error}"));
    check_facts(&image, file, &parts);
}

/// Verifies a file in one piece, in these, and byte by byte.
fn verify_in_pieces(file: &[u8], pieces: &[usize]) -> Result<ImageFile, ImageFileError> {
    let whole = verify(file, &[]);
    assert_eq!(verify(file, pieces), whole, "cut into pieces of {pieces:?}");
    assert_eq!(verify(file, &[1]), whole, "cut at every byte");
    whole
}

fn verify(file: &[u8], pieces: &[usize]) -> Result<ImageFile, ImageFileError> {
    let mut verifier = ImageVerifier::new();
    let mut first = None;
    for piece in cut(file, pieces) {
        let result = verifier.push(piece).err();
        assert!(first.is_none() || result == first, "what is wrong stays wrong");
        first = result;
    }
    let result = verifier.finish();
    assert!(first.is_none() || result.err() == first, "what is wrong stays wrong");
    result
}

fn check_facts(image: &ImageFile, file: &[u8], parts: &Parts) {
    assert_eq!(image.header.to_bytes()[..28], file[..28]);
    assert_eq!(image.hash.as_bytes(), &file[parts.hash.clone()]);
    assert_eq!(image.hash.kind(), parts.kind);
    assert_eq!(image.hash_checked, !image.header.flags.is_encrypted());
    assert_eq!(image.length as usize, file.len());
    assert_eq!(image.file_hash[..], Sha256::digest(file)[..]);
    assert_eq!(image.signature, parts.signature);
    assert_eq!(image.entries, parts.entries);
    let padding = &file[parts.end..];
    assert_eq!(image.padding.length as usize, padding.len());
    assert_eq!(image.padding.fill, padding.first().copied().filter(|fill| padding.iter().all(|byte| byte == fill)));
}

/// Builds a file, and damages it.
fn check_built(mut bytes: Bytes<'_>, pieces: &[usize]) {
    let version =
        ImageVersion { major: bytes.byte(), minor: bytes.byte(), revision: bytes.short(), build: bytes.short().into() };
    let hash = bytes.pick(&[HashKind::Sha256, HashKind::Sha384, HashKind::Sha512]);
    let flags =
        bytes.pick(&[ImageFlags::empty(), ImageFlags::NON_BOOTABLE, ImageFlags::RAM_LOAD | ImageFlags::ROM_FIXED]);
    let header_size = 32 + bytes.below(8) as u16 * 16;
    let security_counter = bytes.flag().then(|| bytes.short().into());
    let key_hash = [bytes.byte(); 32];
    let key_hash = bytes.flag().then_some(&key_hash[..]);
    let kinds = [None, Some(SignatureKind::Ed25519), Some(SignatureKind::Ecdsa), SignatureKind::from_entry(0x2a)];
    let signature = bytes.pick(&kinds).map(|kind| (kind, vec![bytes.byte(); usize::from(bytes.byte())]));
    let (damaged, bit) = (usize::from(bytes.short()), bytes.below(8));
    let padding = usize::from(bytes.byte());
    let fill = bytes.byte();
    let image = bytes.rest();

    let builder = ImageBuilder {
        version,
        flags,
        header_size,
        security_counter,
        key_hash,
        hash,
        load_address: damaged as u32,
        image,
    };
    let mut buffer = vec![fill; image.len() + 2048];
    let mut signed = None;
    let built = builder.build_into(&mut buffer, |hash: &ImageHash| {
        signed = Some(*hash);
        signature.clone()
    });
    let length = built.expect("what fits is built").len();
    let mut small = vec![fill; length - 1];
    assert!(builder.build_into(&mut small, |_: &ImageHash| signature.clone()).is_err(), "the file has {length} bytes");

    let mut file = buffer[..length + padding].to_vec();
    let parts = Parts::of(&file).expect("an image");
    assert_eq!(parts.end, length);
    let good = verify_in_pieces(&file, pieces).unwrap_or_else(|error| panic!("what is built is refused: {error}"));
    check_facts(&good, &file, &parts);
    assert_eq!((good.header.version, Some(good.hash)), (version, signed));
    assert_eq!(good.signature, signature.map(|(kind, _)| kind));

    // Cut short.
    let cut = damaged % length;
    assert!(
        matches!(verify(&file[..cut], &[]), Err(ImageFileError::Truncated { length, .. }) if length as usize == cut)
    );
    // One bit wrong.
    let damaged = damaged % file.len();
    file[damaged] ^= 1 << bit;
    match verify_in_pieces(&file, pieces) {
        Ok(image) if damaged < parts.hashed => {
            assert!(!image.hash_checked && (16..20).contains(&damaged), "a wrong bit in byte {damaged} is taken");
        }
        Ok(image) => assert_eq!((image.hash, image.header), (good.hash, good.header), "a wrong bit in byte {damaged}"),
        Err(error) => {
            assert!(damaged < length, "padding is not looked at");
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Where the parts of an image file are, by the format's description.
#[derive(Debug)]
struct Parts {
    /// How many bytes the hash covers.
    hashed: usize,
    /// Where the hash is.
    hash: core::ops::Range<usize>,
    kind: HashKind,
    signature: Option<SignatureKind>,
    entries: ImageEntries,
    /// Where the entries end.
    end: usize,
}

impl Parts {
    /// Returns the parts of an image whose hash is right, or need not be.
    fn of(file: &[u8]) -> Option<Self> {
        let parts = Self::of_any(file)?;
        let is_encrypted = file[16] & 0x0c != 0;
        let is_right = file[parts.hash.clone()] == digest(parts.kind, &file[..parts.hashed]);
        (is_encrypted || is_right).then_some(parts)
    }

    /// Returns the parts, whether or not the hash is right.
    fn of_any(file: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(usize::from(u16::from_le_bytes(*file.get(at..)?.first_chunk()?)));
        let header_size = number(8)?;
        let image_size = number(12)? + number(14)? * 0x1_0000;
        if file[..4] != ImageHeader::MAGIC.to_le_bytes() || header_size < 32 || file.len() < 32 {
            return None;
        }
        let protected_size = number(10)?;
        let mut parts = Self {
            hashed: header_size + image_size + protected_size,
            hash: 0..0,
            kind: HashKind::Sha256,
            signature: None,
            entries: ImageEntries::empty(),
            end: header_size + image_size,
        };
        let mut hashes = 0;
        let areas: &[usize] = if protected_size > 0 { &[0x6908, 0x6907] } else { &[0x6907] };
        for magic in areas {
            let (start, size) = (parts.end, number(parts.end + 2)?);
            if number(start)? != *magic || size < 4 || (*magic == 0x6908 && size != protected_size) {
                return None;
            }
            parts.end = start + size;
            let mut at = start + 4;
            while at < parts.end {
                let (entry, length) = (number(at)? as u16, number(at + 2)?);
                let value = at + 4..at + 4 + length;
                at = value.end;
                if at > parts.end {
                    return None;
                }
                parts.entries |= ImageEntries::from_entry(entry);
                parts.signature = parts.signature.or(SignatureKind::from_entry(entry));
                if let Some(kind) = HashKind::from_entry(entry) {
                    hashes += 1;
                    (parts.hash, parts.kind) = (value, kind);
                    if length != usize::from(kind.length()) {
                        return None;
                    }
                }
            }
        }
        (hashes == 1 && parts.end <= file.len()).then_some(parts)
    }
}

/// Puts the hash right, if the file has one, so that what lies behind that is reached.
fn mend(file: &mut [u8]) {
    if let Some(parts) = Parts::of_any(file) {
        let hash = digest(parts.kind, &file[..parts.hashed]);
        // Unless it lies in what it covers.
        if parts.hash.start >= parts.hashed {
            file[parts.hash].copy_from_slice(&hash);
        }
    }
}

fn digest(kind: HashKind, bytes: &[u8]) -> Vec<u8> {
    match kind {
        HashKind::Sha256 => Sha256::digest(bytes).to_vec(),
        HashKind::Sha384 => Sha384::digest(bytes).to_vec(),
        HashKind::Sha512 => Sha512::digest(bytes).to_vec(),
    }
}
