//! Group 8, file system: reading and writing files, their lengths, hashes and checksums.
//!
//! ```
//! use emu_smp::file_system::{
//!     CloseRequest, HashFormat, HashOutput, HashRequest, HashResponse, HashType, HashTypesRequest, HashTypesResponse,
//!     ReadRequest, ReadResponse, StatusRequest, StatusResponse, WriteRequest, WriteResponse,
//! };
//! use emu_smp::{Version, decode_response, encode_request};
//!
//! // Writes a small file in one piece, and reads it back.
//! let (mut frame, name) = ([0; 64], "/lfs1/log");
//! encode_request(&WriteRequest { length: Some(2), offset: 0, data: b"hi", name }, Version::V1, 1, &mut frame)?;
//! assert_eq!(decode_response::<WriteRequest>(b"\xa1coff\x02")??, WriteResponse { offset: 2 });
//! encode_request(&StatusRequest { name }, Version::V1, 2, &mut frame)?;
//! assert_eq!(decode_response::<StatusRequest>(b"\xa1clen\x02")??, StatusResponse { length: 2 });
//! encode_request(&ReadRequest { offset: 0, name }, Version::V1, 3, &mut frame)?;
//! let ReadResponse { data, .. } = decode_response::<ReadRequest>(b"\xa3coff\x00ddataBhiclen\x02")??;
//! assert_eq!(data, b"hi");
//!
//! // Which checksums does the server know, and what is the file's?
//! let HashTypesResponse { types } = decode_response::<HashTypesRequest>(
//!     b"\xa1etypes\xa1ecrc32\xa2fformat\x00dsize\x04",
//! )??;
//! assert_eq!(types.iter().next(), Some(("crc32", HashType { format: HashFormat::NUMBER, size: 4 })));
//! let request = HashRequest { length: None, offset: None, name, kind: Some("crc32") };
//! encode_request(&request, Version::V1, 4, &mut frame)?;
//! let HashResponse { output, .. } = decode_response::<HashRequest>(
//!     b"\xa3dtypeecrc32clen\x02foutput\x1a\xd8\x93*\xac",
//! )??;
//! assert_eq!(output, HashOutput::Number(0xd893_2aac));
//!
//! encode_request(&CloseRequest, Version::V1, 5, &mut frame)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: Zephyr, `smp_group_8.rst`, and what 4.4.0 answers.

use super::{Done, body, empty, named, requests};
use crate::cbor::{Decode, Encode, EncodeError, Entries, Kind, Malformed, Reader, Writer};

body! {
    /// Asks for a piece of a file. How long it is, is the server's affair.
    pub struct ReadRequest<'a> {
        /// Where it starts, in bytes from the start of the file.
        pub offset: u64 = "off",
        /// The file's name, which starts with a mount point, as in `/lfs1/name`.
        pub name: &'a str = "name",
    }

    /// A piece of a file.
    pub struct ReadResponse<'a> {
        /// Where it starts, in bytes from the start of the file.
        pub offset: u64 = "off",
        /// The piece; empty at the end of the file and behind it.
        #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize_bytes"))]
        pub data: &'a [u8] = "data",
        /// How many bytes the whole file has; with the first piece only.
        pub length: Option<u64> = "len",
    }

    /// A piece of a file to be written. The first starts the file anew.
    pub struct WriteRequest<'a> {
        /// How many bytes the whole file will have; with the first piece only.
        pub length: Option<u64> = "len",
        /// Where it starts, in bytes from the start of the file.
        pub offset: u64 = "off",
        /// The piece.
        #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize_bytes"))]
        pub data: &'a [u8] = "data",
        /// The file's name, which starts with a mount point, as in `/lfs1/name`.
        pub name: &'a str = "name",
    }

    /// How far a file is written.
    pub struct WriteResponse {
        /// Where the next piece belongs.
        pub offset: u64 = "off",
    }

    /// What stands beside [`GroupError::FILE_OFFSET_NOT_VALID`](crate::GroupError::FILE_OFFSET_NOT_VALID), by which a
    /// piece was refused.
    ///
    /// ```
    /// use emu_smp::{GroupError, decode, decode_response, file_system::{WriteRefused, WriteRequest}};
    ///
    /// let body = b"\xbf\x63err\xbf\x65group\x08\x62rc\x0b\xff\x63len\x05\xff";
    /// let refusal = decode_response::<WriteRequest>(body)?.unwrap_err();
    /// assert_eq!(refusal.group_error(), Some(GroupError::FILE_OFFSET_NOT_VALID));
    /// assert_eq!(decode::<WriteRefused>(body)?.length, Some(5));
    /// # Ok::<(), emu_smp::DecodeError>(())
    /// ```
    pub struct WriteRefused {
        /// How many bytes the file has: where the next piece belongs.
        pub length: Option<u64> = "len",
    }

    /// Asks how long a file is.
    pub struct StatusRequest<'a> {
        /// Its name.
        pub name: &'a str = "name",
    }

    /// How long a file is.
    pub struct StatusResponse {
        /// How many bytes it has.
        pub length: u64 = "len",
    }

    /// Asks for a hash or checksum of a file, or of a part of it.
    pub struct HashRequest<'a> {
        /// How many bytes it covers; without it, up to the end.
        pub length: Option<u64> = "len",
        /// Where it starts, in bytes from the start of the file; without it, at the start.
        pub offset: Option<u64> = "off",
        /// The file's name.
        pub name: &'a str = "name",
        /// Which, as in `crc32` or `sha256`; without it, the server's first.
        pub kind: Option<&'a str> = "type",
    }

    /// A hash or checksum of a file.
    pub struct HashResponse<'a> {
        /// Which.
        pub kind: &'a str = "type",
        /// Where it starts, in bytes from the start of the file.
        pub offset: u64 = "off" or 0,
        /// How many bytes it covers.
        pub length: u64 = "len",
        /// The hash or checksum itself.
        pub output: HashOutput<'a> = "output",
    }

    /// The hashes and checksums that a server knows.
    pub struct HashTypesResponse<'a> {
        /// Their names, and what they give.
        pub types: Entries<'a, HashType> = "types",
    }

    /// What a hash or checksum gives.
    pub struct HashType {
        /// A number or bytes.
        pub format: HashFormat = "format",
        /// How many bytes it has.
        pub size: u32 = "size",
    }
}

empty! {
    /// Asks which hashes and checksums the server knows.
    pub struct HashTypesRequest;

    /// Asks to close the file that an earlier command has opened, so that something else can be done with it. The server does
    /// that by itself after a while.
    pub struct CloseRequest;
}

requests! {
    ReadRequest<'r>: Read FILE => ReadResponse<'a>;
    WriteRequest<'r>: Write FILE => WriteResponse;
    StatusRequest<'r>: Read FILE_STATUS => StatusResponse;
    HashRequest<'r>: Read FILE_HASH => HashResponse<'a>;
    HashTypesRequest: Read FILE_HASH_TYPES => HashTypesResponse<'a>;
    CloseRequest: Write FILE_CLOSE => Done;
}

named! {
    /// What a hash or checksum comes as.
    pub struct HashFormat(u8), "format" {
        /// [`HashOutput::Number`].
        NUMBER = 0 "number";
        /// [`HashOutput::Bytes`].
        BYTES = 1 "bytes";
    }
}

/// A hash or checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum HashOutput<'a> {
    /// A number, as CRC-32 is.
    Number(u64),
    /// Bytes, as SHA-256 is.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize_bytes"))]
    Bytes(&'a [u8]),
}

impl Encode for HashOutput<'_> {
    const MAX_LENGTH: Option<usize> = None;

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Number(number) => writer.put(number),
            Self::Bytes(bytes) => writer.put(*bytes),
        }
    }
}

impl<'a> Decode<'a> for HashOutput<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        match reader.kind() {
            Some(Kind::Unsigned) => reader.value().map(Self::Number),
            Some(Kind::Bytes) => reader.value().map(Self::Bytes),
            _ => Err(reader.unexpected("a number or a byte string")),
        }
    }
}
