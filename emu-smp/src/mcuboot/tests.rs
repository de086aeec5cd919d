//! Image files of MCUboot's own tool, each damaged in every way, and files written here.
//!
//! The files in `images/` were made with MCUboot's imgtool 2.5.0, a Python package, by `imgtool sign --align 4 --header-size 32
//! --pad-header --slot-size 0x1000`, from 100 bytes 0, 1, 2, ... and new keys; the hashes of whole files are those of
//! `sha256sum`:
//!
//! - `rsa2048.bin`: `-v 1.0.9`, an RSA key of 2048 bits
//! - `ecdsa_p256_protected.bin`: `-v 1.2.0+7 -s 5 -d "(1, 1.0.0+0)" --boot-record APP`, a P-256 key
//! - `ecdsa_p384_sha384.bin`: `-v 255.255.65535+4294967295`, a P-384 key
//! - `ed25519_sha512.bin`: `-v 1.0.9 --sha 512`, an Ed25519 key
//! - `pure.bin`: `-v 1.0.9 --pure`, the same key
//! - `encrypted.bin`: `-v 1.0.9 -E`, the same key, and an X25519 key to encrypt for
//! - `padded.bin`: `-v 1.0.9 --pad -M 8`, with a slot of 0x400 bytes, the P-256 key
//!
//! Larger files were checked by hand with the same code, all ten signed images of the Python source package smpclient 7.3.0:
//! `hello_world.signed.bin` of Zephyr 3.5.0 (RSA-2048), `tfm_s_signed.bin` of TF-M (ECDSA, protected entries, 407,694 bytes of
//! padding that is not uniform), and eight of Zephyr 4.4.0 and later (not signed, some loaded into RAM).

extern crate std;

use super::*;
use crate::ImageHash;
use proptest::prelude::*;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

const RSA: &[u8] = include_bytes!("images/rsa2048.bin");
const PROTECTED: &[u8] = include_bytes!("images/ecdsa_p256_protected.bin");
const SHA384: &[u8] = include_bytes!("images/ecdsa_p384_sha384.bin");
const SHA512: &[u8] = include_bytes!("images/ed25519_sha512.bin");
const PURE: &[u8] = include_bytes!("images/pure.bin");
const ENCRYPTED: &[u8] = include_bytes!("images/encrypted.bin");
const PADDED: &[u8] = include_bytes!("images/padded.bin");

type Outcome = Result<ImageFile, ImageFileError>;

fn verify<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut verifier = ImageVerifier::default();
    for piece in pieces {
        let first = verifier.push(piece);
        // An error stays.
        assert_eq!(first.err().or(verifier.push(&[]).err()), verifier.push(&[]).err());
    }
    verifier.finish()
}

/// Verifies a file whole, cut in two at every byte, and byte by byte: each time with the same outcome.
fn verify_cut_everywhere(file: &[u8]) -> Outcome {
    let whole = verify([file]);
    for at in 0..file.len() {
        assert_eq!(verify([&file[..at], &file[at..]]), whole, "cut at {at}");
    }
    assert_eq!(verify(file.chunks(1)), whole);
    whole
}

/// Writes over the bytes of a file at an offset.
fn with(file: &[u8], offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
    file
}

fn hex(hash: [u8; 32]) -> std::string::String {
    ImageHash::Sha256(hash).to_string()
}

#[test]
fn an_rsa_image() {
    let image = verify_cut_everywhere(RSA).unwrap();
    assert_eq!(image.header.version.to_string(), "1.0.9");
    assert_eq!((image.header.header_size, image.header.image_size, image.header.protected_size), (32, 100, 0));
    assert_eq!((image.signature, image.hash.kind()), (Some(SignatureKind::Rsa2048), HashKind::Sha256));
    assert_eq!(image.hash.as_bytes(), &RSA[140..172]);
    assert!(image.hash_checked);
    assert_eq!(image.entries, ImageEntries::KEY_HASH | ImageEntries::HASH | ImageEntries::SIGNATURE);
    assert_eq!(hex(image.file_hash), "a0d339b50d8274ceaf30ec0640e3cf195207c319e195c994edcb44ed078ec0d9");
    assert_eq!((image.length, image.padding), (468, ImagePadding::default()));
}

#[test]
fn protected_entries() {
    let image = verify_cut_everywhere(PROTECTED).unwrap();
    assert_eq!((image.header.version.to_string().as_str(), image.header.protected_size), ("1.2.0.7", 123));
    assert_eq!(image.signature, Some(SignatureKind::Ecdsa));
    let protected = ImageEntries::SECURITY_COUNTER | ImageEntries::BOOT_RECORD | ImageEntries::DEPENDENCY;
    let others = ImageEntries::KEY_HASH | ImageEntries::HASH | ImageEntries::SIGNATURE;
    assert_eq!(image.entries, protected | others);
    assert_eq!(hex(image.file_hash), "22c3258a9a5c8c9c328ccd888776bbc4da800321f3de96b1e8fab8bb0ccff0ad");
}

#[test]
fn longer_hashes() {
    let image = verify_cut_everywhere(SHA384).unwrap();
    assert_eq!((image.hash.kind(), image.signature), (HashKind::Sha384, Some(SignatureKind::Ecdsa)));
    assert_eq!(image.header.version.to_string(), "255.255.65535.4294967295");
    assert_eq!(hex(image.file_hash), "422f98a7673c67b3b51bbd41ab86714b3c419bf3b239f526328f51f7354facbc");
    let image = verify_cut_everywhere(SHA512).unwrap();
    assert_eq!((image.hash.kind(), image.signature), (HashKind::Sha512, Some(SignatureKind::Ed25519)));
    assert_eq!(hex(image.file_hash), "9a626dd9a70b61f189bc76205c4986c72e244cc66d13eb8a918a673c7d3dec65");
    let image = verify_cut_everywhere(PURE).unwrap();
    assert_eq!(image.signature, Some(SignatureKind::Ed25519));
    assert!(image.entries.contains(ImageEntries::PURE_SIGNATURE));
}

/// The hash of an encrypted image covers what it was before: it cannot be compared.
#[test]
fn an_encrypted_image() {
    let image = verify_cut_everywhere(ENCRYPTED).unwrap();
    assert_eq!((image.header.flags, image.hash_checked), (ImageFlags::ENCRYPTED_AES128, false));
    assert!(image.entries.contains(ImageEntries::ENCRYPTED_KEY));
    let plain = with(ENCRYPTED, 16, &[0]);
    assert_eq!(verify([&plain[..]]), Err(ImageFileError::WrongHash { offset: 148, kind: HashKind::Sha256 }));
}

#[test]
fn padding() {
    let image = verify_cut_everywhere(PADDED).unwrap();
    assert_eq!((image.length, image.padding.fill), (1024, None));
    assert!((600..1024).contains(&image.padding.length), "{:?}", image.padding);
    for fill in [0x00, 0xff] {
        let image = verify_cut_everywhere(&[RSA, &[fill; 100]].concat()).unwrap();
        assert_eq!(image.padding, ImagePadding { length: 100, fill: Some(fill) });
    }
    assert_eq!(verify([RSA, b"ab"]).unwrap().padding, ImagePadding { length: 2, fill: None });
}

#[test]
fn files_that_are_no_images() {
    let kind = |file: &[u8]| match verify_cut_everywhere(file) {
        Err(ImageFileError::NotAnImage { kind, found }) => {
            assert_eq!(found, file[..4]);
            kind
        }
        outcome => panic!("{outcome:?}"),
    };
    // The first is how `hello_world.signed.hex` starts; before it was signed, its image starts with zeros.
    assert_eq!(kind(b":020000040000FA\n"), FileKind::IntelHex);
    assert_eq!(kind(b"\x7fELF\x01\x01"), FileKind::Elf);
    assert_eq!(kind(&[0; 40]), FileKind::Unknown);
    assert_eq!(kind(b"PK\x03\x04\x14\0"), FileKind::Zip);
    assert_eq!(kind(b"\x1f\x8b\x08\0"), FileKind::Gzip);
    assert_eq!(kind(b"UF2\n"), FileKind::Uf2);
    assert_eq!(kind(b"S0050000"), FileKind::SRecord);
    assert_eq!(kind(b"\x3c\xb8\xf3\x96"), FileKind::OldImage);
    assert_eq!(kind(&[0xff; 5]), FileKind::Erased);
    assert_eq!(kind(b"<html>"), FileKind::Unknown);
    let error = verify([&b"<html>"[..]]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file is no MCUboot image but something unknown, perhaps an image that is not signed"
    );
}

/// However much is missing, it says so, and never asks for more than the whole file.
#[test]
fn files_that_are_cut_short() {
    for file in [RSA, PROTECTED, SHA384, SHA512] {
        for length in 0..file.len() {
            let Err(ImageFileError::Truncated { length: found, needed }) = verify([&file[..length]]) else {
                panic!("{length}");
            };
            let (found, needed) = (usize::try_from(found).unwrap(), usize::try_from(needed).unwrap());
            assert!(found == length && length < needed && needed <= file.len(), "{length}, {needed}");
        }
    }
    assert_eq!(verify([&RSA[..200]]), Err(ImageFileError::Truncated { length: 200, needed: 468 }));
}

/// A single wrong bit is found wherever the hash covers it.
#[test]
fn damaged_files() {
    for file in [RSA, PROTECTED, SHA384, SHA512] {
        let image = verify([file]).unwrap();
        let covered = usize::try_from(image.header.hashed_size().unwrap()).unwrap();
        for at in 0..covered {
            assert!(verify([&with(file, at, &[file[at] ^ 0x10])[..]]).is_err(), "{at}");
        }
        let offset = u32::try_from(covered + 4).unwrap();
        let wrong = Err(ImageFileError::WrongHash { offset, kind: image.hash.kind() });
        assert_eq!(verify_cut_everywhere(&with(file, 40, &[0x55])), wrong);
        assert_eq!(verify_cut_everywhere(&with(file, covered + 8, &[file[covered + 8] ^ 1])), wrong);
    }
}

#[test]
fn sizes_that_cannot_be() {
    assert_eq!(verify_cut_everywhere(&with(RSA, 8, &[31, 0])), Err(ImageFileError::HeaderTooSmall { size: 31 }));
    assert_eq!(
        verify_cut_everywhere(&with(RSA, 12, &[0xff; 4])),
        Err(ImageFileError::SizesTooLarge { header_size: 32, image_size: u32::MAX, protected_size: 0 })
    );
    // Together with the protected entries alone.
    assert_eq!(
        verify(with(RSA, 8, &[32, 0, 0xff, 0xff, 0xdf, 0xff, 0xff, 0xff]).chunks(7)),
        Err(ImageFileError::SizesTooLarge { header_size: 32, image_size: 0xffff_ffdf, protected_size: 0xffff })
    );
    assert_eq!(
        verify([&with(RSA, 12, &[0, 0, 0, 0xf0])[..]]),
        Err(ImageFileError::Truncated { length: 468, needed: 0xf000_0020 })
    );
}

#[test]
fn entries_that_are_wrong() {
    let no_entries = |expected, found| Err(ImageFileError::NoEntries { offset: 132, expected, found });
    assert_eq!(verify_cut_everywhere(&with(RSA, 132, &[0xff; 4])), no_entries(0x6907, 0xffff));
    assert_eq!(verify_cut_everywhere(&with(PROTECTED, 10, &[0, 0])), no_entries(0x6907, 0x6908));
    assert_eq!(verify_cut_everywhere(&with(RSA, 10, &[50, 0])), no_entries(0x6908, 0x6907));
    assert_eq!(
        verify_cut_everywhere(&with(PROTECTED, 10, &[122, 0])),
        Err(ImageFileError::ProtectedSize { offset: 132, announced: 122, found: 123 })
    );
    assert_eq!(
        verify_cut_everywhere(&with(RSA, 134, &[3, 0])),
        Err(ImageFileError::AreaTooSmall { offset: 132, size: 3 })
    );
    // An area of no entry, of a hash and three bytes, and one that ends within the hash.
    assert_eq!(verify_cut_everywhere(&with(RSA, 134, &[4, 0])), Err(ImageFileError::NoHash { offset: 136 }));
    let too_long = |offset, end| Err(ImageFileError::EntryTooLong { offset, end });
    assert_eq!(verify_cut_everywhere(&with(RSA, 134, &[43, 0])), too_long(172, 175));
    assert_eq!(verify_cut_everywhere(&with(RSA, 134, &[39, 0])), too_long(136, 171));
    // A hash and nothing else: what follows is padding.
    let image = verify_cut_everywhere(&with(RSA, 134, &[40, 0])).unwrap();
    assert_eq!((image.signature, image.entries, image.padding.length), (None, ImageEntries::HASH, 296));
}

#[test]
fn hashes_that_are_wrong() {
    // The hash of the key becomes a second hash of the image.
    assert_eq!(
        verify_cut_everywhere(&with(RSA, 172, &[0x10])),
        Err(ImageFileError::SeveralHashes { first: 136, offset: 172 })
    );
    assert_eq!(verify_cut_everywhere(&with(RSA, 136, &[0xa0])), Err(ImageFileError::NoHash { offset: 468 }));
    assert_eq!(
        verify_cut_everywhere(&with(RSA, 136, &[0x11])),
        Err(ImageFileError::HashLength { offset: 136, kind: HashKind::Sha384, length: 32 })
    );
    // The signature, of 256 bytes, becomes the hash.
    let file = with(&with(RSA, 136, &[0xa0]), 208, &[0x12]);
    assert_eq!(
        verify_cut_everywhere(&file),
        Err(ImageFileError::HashLength { offset: 208, kind: HashKind::Sha512, length: 256 })
    );
}

#[test]
fn unknown_entries_are_data() {
    let image = verify([&with(RSA, 208, &[0x2a])[..]]).unwrap();
    assert_eq!(image.signature.map(SignatureKind::entry), Some(0x2a));
    let image = verify([&with(RSA, 208, &[0xa0, 0x01])[..]]).unwrap();
    assert_eq!((image.signature, image.entries.contains(ImageEntries::OTHER)), (None, true));
}

/// The builder writes what imgtool wrote, byte by byte, given the signature.
#[test]
fn written_as_by_imgtool() {
    let version = ImageVersion { major: 1, minor: 0, revision: 9, build: 0 };
    let code: Vec<u8> = (0..100).collect();
    let builder = ImageBuilder { version, key_hash: Some(&RSA[176..208]), ..ImageBuilder::new(&code) };
    let mut buffer = [0xff; 468];
    let file = builder.build_into(&mut buffer, |hash| {
        assert_eq!(hash.as_bytes(), &RSA[140..172]);
        Some((SignatureKind::Rsa2048, &RSA[212..]))
    });
    assert_eq!(file, Ok(RSA));
    let builder = ImageBuilder { hash: HashKind::Sha512, key_hash: Some(&SHA512[208..272]), ..builder };
    let file = builder.build_into(&mut buffer, |_| Some((SignatureKind::Ed25519, &SHA512[276..])));
    assert_eq!(file, Ok(SHA512));
}

#[test]
fn what_cannot_be_written() {
    let unsigned = |_: &ImageHash| None::<(SignatureKind, &[u8])>;
    let builder = ImageBuilder::new(b"code");
    assert_eq!(builder.build_into(&mut [0; 76], unsigned).map(<[u8]>::len), Ok(76));
    for length in 0..76 {
        let error = builder.build_into(&mut vec![0; length], unsigned).unwrap_err();
        assert!(matches!(error, ImageBuildError::BufferTooSmall { length: space, .. } if space == length));
    }
    let small = ImageBuilder { header_size: 31, ..builder };
    assert_eq!(small.build_into(&mut [0; 99], unsigned), Err(ImageBuildError::HeaderTooSmall { size: 31 }));
    let mut buffer = vec![0; 70_000];
    for length in [65_496, 65_536] {
        let error = builder.build_into(&mut buffer, |_| Some((SignatureKind::Ed25519, vec![0; length]))).unwrap_err();
        assert!(matches!(error, ImageBuildError::EntriesTooLong { .. }));
    }
}

fn builder(code: &[u8]) -> impl Strategy<Value = ImageBuilder<'_>> {
    let kind = prop_oneof![Just(HashKind::Sha256), Just(HashKind::Sha384), Just(HashKind::Sha512)];
    let flags = any::<u32>().prop_map(|bits| ImageFlags::from_bits_retain(bits & !0x0c));
    (any::<[u8; 8]>(), any::<u32>(), flags, 32..600_u16, kind, any::<Option<u32>>(), any::<bool>()).prop_map(
        move |(version, load_address, flags, header_size, hash, security_counter, key)| ImageBuilder {
            version: ImageVersion::from_bytes(version),
            load_address,
            flags,
            header_size,
            image: code,
            hash,
            security_counter,
            key_hash: key.then_some(&[7; 32]),
        },
    )
}

proptest! {
    /// What is written reads back.
    #[test]
    fn round_trip(
        (builder, length, size) in (builder(&[0x5a; 300]), 0..300_usize, 1..200_usize),
        signature in proptest::option::of((0x20..=0x24_u16, proptest::collection::vec(any::<u8>(), 0..100))),
        padding in 0..50_usize,
    ) {
        let builder = ImageBuilder { image: &builder.image[..length], ..builder };
        let signature = signature.map(|(kind, bytes)| (SignatureKind::from_entry(kind).unwrap(), bytes));
        let mut buffer = [0; 2000];
        let mut hash = None;
        let file = builder.build_into(&mut buffer, |known| { hash = Some(*known); signature.clone() }).unwrap();
        let file = [file, &vec![0xff; padding]].concat();
        let image = verify(file.chunks(size)).unwrap();
        prop_assert_eq!(image.header.version, builder.version);
        prop_assert_eq!(image.header.flags, builder.flags);
        prop_assert_eq!((image.header.load_address, image.header.header_size), (builder.load_address, builder.header_size));
        prop_assert_eq!(Some(image.hash), hash);
        prop_assert_eq!(image.hash.kind(), builder.hash);
        prop_assert_eq!(image.signature, signature.map(|(kind, _)| kind));
        let entries = image.entries;
        prop_assert_eq!(entries.contains(ImageEntries::SECURITY_COUNTER), builder.security_counter.is_some());
        prop_assert_eq!(entries.contains(ImageEntries::KEY_HASH), builder.key_hash.is_some());
        prop_assert_eq!(usize::try_from(image.length).unwrap(), file.len());
        prop_assert_eq!(usize::try_from(image.padding.length).unwrap(), padding);
    }

    /// Any bytes, behind the start of a good file as well, have the same outcome however they are cut.
    #[test]
    fn any_bytes(
        start in 0..PROTECTED.len(),
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(0x69), Just(0x10)], 0..300),
        size in 1..50_usize,
    ) {
        let file = [&PROTECTED[..start], &bytes].concat();
        prop_assert_eq!(verify(file.chunks(size)), verify([&file[..]]));
    }

    /// A good file with some bytes changed.
    #[test]
    fn damaged(changes in proptest::collection::vec((0..PROTECTED.len(), any::<u8>()), 1..5), size in 1..50_usize) {
        let file = changes.iter().fold(PROTECTED.to_vec(), |file, (at, byte)| with(&file, *at, &[*byte]));
        prop_assert_eq!(verify(file.chunks(size)), verify([&file[..]]));
    }
}

#[cfg(feature = "serde")]
#[test]
fn goes_through_serde() {
    let image = verify([PROTECTED]).unwrap();
    let text = serde_json::to_string(&image).unwrap();
    assert!(text.contains("\"version\":\"1.2.0.7\"") && text.contains("\"signature\":\"ecdsa\""), "{text}");
    assert!(text.contains("\"file_hash\":\"22c3258a"), "{text}");
    assert_eq!(serde_json::from_str::<ImageFile>(&text).unwrap(), image);
}
