//! Group 8 answered: files.

use super::Ask;
use crate::body::file_system::{
    CloseRequest, HashOutput, HashRequest, HashType, HashTypesRequest, HashTypesResponse, ReadRequest, StatusRequest,
    StatusResponse, WriteRequest, WriteResponse,
};
use crate::body::{Done, Request, body};
use crate::cbor::{Entries, Reader, Writer};
use crate::group_error::GroupError;
use crate::header::Version;
use crate::refusal::{GroupCode, Refusal};
use crate::return_code::ReturnCode;
use crate::text::copy;

/// A firmware's files.
///
/// For an example, see [`Server`](crate::Server).
pub trait Files {
    /// Whether there are any; `()` says that there are none.
    const ARE_THERE: bool = true;

    /// Returns how many bytes a file has.
    ///
    /// # Errors
    ///
    /// [`GroupError::FILE_NOT_FOUND`], or what else is against it.
    fn length(&mut self, name: &str) -> Result<u64, Refusal<'static>>;

    /// Reads from a file; as many bytes as are asked for are there.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn read(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Refusal<'static>>;

    /// Writes at the end of a file, or starts it anew if the offset is 0.
    ///
    /// # Errors
    ///
    /// Why it can not. By default, that files can only be read.
    fn write(&mut self, name: &str, offset: u64, data: &[u8]) -> Result<(), Refusal<'static>> {
        let _ = (name, offset, data);
        Err(GroupError::FILE_READ_ONLY.into())
    }

    /// Returns the names of the hashes and checksums that there are, the first of which is taken where none is asked for, and
    /// what they give.
    fn hash_types(&mut self) -> &[(&str, HashType)] {
        &[]
    }

    /// Returns a hash or checksum, one of [`hash_types`](Self::hash_types), of so many bytes of a file, which are there.
    ///
    /// # Errors
    ///
    /// Why it can not.
    fn hash(&mut self, name: &str, kind: &str, offset: u64, length: u64) -> Result<HashOutput<'_>, Refusal<'static>> {
        let _ = (name, kind, offset, length);
        Err(GroupError::FILE_HASH_NOT_FOUND.into())
    }

    /// Closes what an earlier request has left open. By default nothing is.
    fn close(&mut self) {}
}

/// None.
impl Files for () {
    const ARE_THERE: bool = false;

    fn length(&mut self, _: &str) -> Result<u64, Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }

    fn read(&mut self, _: &str, _: u64, _: &mut [u8]) -> Result<(), Refusal<'static>> {
        Err(ReturnCode::NOT_SUPPORTED.into())
    }
}

impl<T: Files> Files for &mut T {
    const ARE_THERE: bool = T::ARE_THERE;

    fn length(&mut self, name: &str) -> Result<u64, Refusal<'static>> {
        (**self).length(name)
    }

    fn read(&mut self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Refusal<'static>> {
        (**self).read(name, offset, buffer)
    }

    fn write(&mut self, name: &str, offset: u64, data: &[u8]) -> Result<(), Refusal<'static>> {
        (**self).write(name, offset, data)
    }

    fn hash_types(&mut self) -> &[(&str, HashType)] {
        (**self).hash_types()
    }

    fn hash(&mut self, name: &str, kind: &str, offset: u64, length: u64) -> Result<HashOutput<'_>, Refusal<'static>> {
        (**self).hash(name, kind, offset, length)
    }

    fn close(&mut self) {
        (**self).close();
    }
}

/// Answers a request of the group.
pub(super) fn handle<F: Files>(mut files: F, ask: &Ask<'_>, answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    const FILE: u8 = ReadRequest::COMMAND.number;
    const STATUS: u8 = StatusRequest::COMMAND.number;
    const HASH: u8 = HashRequest::COMMAND.number;
    const HASH_TYPES: u8 = HashTypesRequest::COMMAND.number;
    const CLOSE: u8 = CloseRequest::COMMAND.number;
    if !F::ARE_THERE {
        return Err(ReturnCode::NOT_SUPPORTED.into());
    }
    let mut request = Reader::new(ask.body);
    match (ask.request.command, ask.is_write) {
        (FILE, false) => read(&mut files, request.value()?, answer),
        (FILE, true) => write(&mut files, request.value()?, ask.request.version, answer),
        (STATUS, false) => {
            let StatusRequest { name } = request.value()?;
            Ok(answer.put(&StatusResponse { length: files.length(name)? })?)
        }
        (HASH, false) => hash(&mut files, request.value()?, answer),
        (HASH_TYPES, false) => {
            request.value::<HashTypesRequest>()?;
            Ok(answer.put(&HashTypesResponse { types: Entries::from(files.hash_types()) })?)
        }
        (CLOSE, true) => {
            request.value::<CloseRequest>()?;
            files.close();
            Ok(answer.put(&Done)?)
        }
        _ => Err(ReturnCode::NOT_SUPPORTED.into()),
    }
}

/// Answers as much of the file as fits; behind its end, nothing.
fn read<F: Files>(files: &mut F, request: ReadRequest<'_>, answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    /// The head of a byte string of less than 64 KiB.
    const HEAD: usize = 3;
    let length = files.length(request.name)?;
    let is_first = request.offset == 0;
    answer.map(if is_first { 3 } else { 2 })?;
    answer.put("off")?;
    answer.put(&request.offset)?;
    if is_first {
        answer.put("len")?;
        answer.put(&length)?;
    }
    answer.put("data")?;
    let room = answer.capacity().saturating_sub(answer.written().len()).saturating_sub(HEAD);
    let left = usize::try_from(length.saturating_sub(request.offset)).unwrap_or(usize::MAX);
    answer.bytes_with(left.min(room), |data| files.read(request.name, request.offset, data))?
}

/// Writes a piece. One that does not belong at the end is refused, and the answer says where that is.
fn write<F: Files>(
    files: &mut F,
    request: WriteRequest<'_>,
    version: Version,
    answer: &mut Writer<'_>,
) -> Result<(), Refusal<'static>> {
    let WriteRequest { offset, data, name, .. } = request;
    if offset != 0 {
        let length = files.length(name)?;
        let wrong_offset = GroupError::FILE_OFFSET_NOT_VALID;
        if length != offset && version == Version::V0 {
            return Err(wrong_offset.into());
        }
        if length != offset {
            return Ok(answer.put(&WrongOffset { error: wrong_offset.into(), length })?);
        }
    }
    let size = u64::try_from(data.len()).unwrap_or(u64::MAX);
    let end = offset.checked_add(size).ok_or(GroupError::FILE_OFFSET_LARGER_THAN_FILE)?;
    files.write(name, offset, data)?;
    Ok(answer.put(&WriteResponse { offset: end })?)
}

fn hash<F: Files>(files: &mut F, request: HashRequest<'_>, answer: &mut Writer<'_>) -> Result<(), Refusal<'static>> {
    let unknown = GroupError::FILE_HASH_NOT_FOUND;
    // The name stays borrowed from the request, or is that of the first, whose number of bytes is small.
    let mut default = Name::default();
    let kind = match request.kind {
        Some(kind) => kind,
        None => default.keep(files.hash_types().first().ok_or(unknown)?.0).ok_or(unknown)?,
    };
    if !files.hash_types().iter().any(|(name, _)| *name == kind) {
        return Err(unknown.into());
    }
    let length = files.length(request.name)?;
    let offset = request.offset.unwrap_or(0);
    let left = length.checked_sub(offset).ok_or(GroupError::FILE_OFFSET_LARGER_THAN_FILE)?;
    let length = request.length.map_or(left, |length| length.min(left));
    let output = files.hash(request.name, kind, offset, length)?;
    let offset = Some(offset).filter(|offset| *offset != 0);
    Ok(answer.put(&HashAnswer { kind, offset, length, output })?)
}

body! {
    /// A [`HashResponse`](crate::file_system::HashResponse) that leaves out an offset of 0.
    struct HashAnswer<'a> {
        kind: &'a str = "type",
        offset: Option<u64> = "off",
        length: u64 = "len",
        output: HashOutput<'a> = "output",
    }

    /// The refusal of a piece that does not belong at the end.
    struct WrongOffset {
        error: GroupCode = "err",
        /// How many bytes the file has.
        length: u64 = "len",
    }
}

/// A short name, kept while the firmware does something else.
#[derive(Default)]
struct Name {
    bytes: [u8; 16],
}

impl Name {
    fn keep(&mut self, name: &str) -> Option<&str> {
        let place = self.bytes.get_mut(..name.len())?;
        copy(place, name.as_bytes());
        str::from_utf8(place).ok()
    }
}
