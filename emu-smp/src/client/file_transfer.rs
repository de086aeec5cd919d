//! Files of the device, piece by piece: which request is next, and whether an answer fits.
//!
//! Each request is an [`Exchange`](super::Exchange) of its own: files are small, and one request at a time is what servers
//! are built for.
//!
//! Source: Zephyr, `smp_group_8.rst`.

use crate::body::file_system::{ReadRequest, ReadResponse, WriteRequest, WriteResponse};

/// Reads a file of the device.
///
/// ```
/// use emu_smp::client::FileDownload;
/// use emu_smp::file_system::ReadResponse;
///
/// let mut download = FileDownload::new("/lfs1/log.txt");
/// assert_eq!(download.next_request().map(|request| request.offset), Some(0));
/// assert_eq!(download.handle(&ReadResponse { offset: 0, data: b"hel", length: Some(5) })?, b"hel");
/// assert_eq!(download.next_request().map(|request| request.offset), Some(3));
/// assert_eq!(download.handle(&ReadResponse { offset: 3, data: b"lo", length: None })?, b"lo");
/// assert_eq!(download.next_request(), None);
/// # Ok::<(), emu_smp::client::FileTransferError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FileDownload<'n> {
    name: &'n str,
    offset: u64,
    length: Option<u64>,
}

impl<'n> FileDownload<'n> {
    /// Starts at the file's first byte.
    #[must_use]
    pub const fn new(name: &'n str) -> Self {
        Self { name, offset: 0, length: None }
    }

    /// Returns the next request; `None` at the end of the file.
    #[must_use]
    pub fn next_request(&self) -> Option<ReadRequest<'n>> {
        let is_done = self.length.is_some_and(|length| self.offset >= length);
        (!is_done).then_some(ReadRequest { offset: self.offset, name: self.name })
    }

    /// Returns how long the file is, in bytes; `None` before the first answer.
    #[must_use]
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Takes the answer to the request, and returns the file's next bytes.
    ///
    /// # Errors
    ///
    /// [`FileTransferError`] if the answer is for another place, brings nothing or too much, or does not say how long the
    /// file is.
    pub fn handle<'a>(&mut self, response: &ReadResponse<'a>) -> Result<&'a [u8], FileTransferError> {
        let offset = self.offset;
        if response.offset != offset {
            return Err(FileTransferError::Offset { expected: offset, found: response.offset });
        }
        let length = self.length.or(response.length).ok_or(FileTransferError::NoLength)?;
        let next = offset.saturating_add(u64::try_from(response.data.len()).unwrap_or(u64::MAX));
        if next > length {
            return Err(FileTransferError::TooMuch { length, found: next });
        }
        if next == offset && length > offset {
            return Err(FileTransferError::NoProgress { offset });
        }
        (self.offset, self.length) = (next, Some(length));
        Ok(response.data)
    }
}

/// Writes a file of the device.
///
/// A request that is sent again, since its answer was lost, is refused: it is not for the place where the file ends by then. What
/// the device has is asked for then, and gone on from: see [`handle_refusal`](Self::handle_refusal).
///
/// ```
/// use emu_smp::client::FileUpload;
/// use emu_smp::file_system::WriteResponse;
///
/// let mut upload = FileUpload::new("/lfs1/hello.txt", b"hello");
/// let request = upload.next_request().unwrap();
/// assert_eq!((request.length, request.offset, request.data), (Some(5), 0, &b"hello"[..]));
/// upload.handle(&WriteResponse { offset: 5 })?;
/// assert_eq!(upload.next_request(), None);
/// # Ok::<(), emu_smp::client::FileTransferError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FileUpload<'n> {
    name: &'n str,
    bytes: &'n [u8],
    offset: usize,
    is_begun: bool,
    /// How many bytes a request carries.
    piece: usize,
    /// How often in a row the device wanted no other byte.
    stalls: u8,
    /// How far it has come, and how often it was refused since.
    furthest: usize,
    refusals: u8,
}

impl<'n> FileUpload<'n> {
    /// How many bytes a request carries, unless told otherwise: as many as the manual's tool sends of an image. Not every server's
    /// buffers hold them.
    pub const PIECE: usize = 512;

    /// Starts at the file's first byte. A file of no bytes is one request.
    #[must_use]
    pub const fn new(name: &'n str, bytes: &'n [u8]) -> Self {
        Self { name, bytes, offset: 0, is_begun: false, piece: Self::PIECE, stalls: 0, furthest: 0, refusals: 0 }
    }

    /// Sends so many bytes in a request, and one at least: [`Session::file_piece`](super::Session::file_piece) knows how many fit.
    #[must_use]
    pub const fn with_piece(mut self, bytes: usize) -> Self {
        self.piece = if bytes == 0 { 1 } else { bytes };
        self
    }

    /// Returns the next request; `None` once the device has all.
    #[must_use]
    pub fn next_request(&self) -> Option<WriteRequest<'n>> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        if rest.is_empty() && self.is_begun {
            return None;
        }
        let data = rest.get(..self.piece).unwrap_or(rest);
        let length = (self.offset == 0).then_some(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX));
        Some(WriteRequest { length, offset: u64::try_from(self.offset).unwrap_or(u64::MAX), data, name: self.name })
    }

    /// Takes the answer to the request: the byte that the device wants next.
    ///
    /// # Errors
    ///
    /// [`FileTransferError`] if the file does not have that byte, or the device wants the same one again and again.
    pub fn handle(&mut self, response: &WriteResponse) -> Result<(), FileTransferError> {
        let length = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        let next = usize::try_from(response.offset).ok().filter(|next| *next <= self.bytes.len());
        let next = next.ok_or(FileTransferError::TooMuch { length, found: response.offset })?;
        self.stalls = if next > self.offset { 0 } else { self.stalls.saturating_add(1) };
        if self.stalls >= STALLS && next < self.bytes.len() {
            return Err(FileTransferError::NoProgress { offset: response.offset });
        }
        (self.offset, self.is_begun) = (next, true);
        if next > self.furthest {
            (self.furthest, self.refusals) = (next, 0);
        }
        Ok(())
    }

    /// Takes that the device has refused the request, and how many bytes of the file it has: as
    /// [`Exchange::refused_length`](super::Exchange::refused_length) tells, or, where that is `None`, as in version 0, as a
    /// [`StatusRequest`](crate::file_system::StatusRequest) is answered.
    ///
    /// Returns whether the upload goes on from there. It does not if the request was for that very place: then it was refused
    /// for another reason.
    ///
    /// ```
    /// use emu_smp::client::FileUpload;
    /// use emu_smp::file_system::WriteResponse;
    ///
    /// let mut upload = FileUpload::new("/lfs1/hello.txt", b"hello, meter").with_piece(4);
    /// upload.handle(&WriteResponse { offset: 4 })?;
    /// // The answer to the second piece was lost, and the piece is refused, sent again.
    /// assert!(upload.handle_refusal(8)?);
    /// assert_eq!(upload.next_request().map(|request| request.data), Some(&b"eter"[..]));
    /// assert!(!upload.handle_refusal(8)?);
    /// # Ok::<(), emu_smp::client::FileTransferError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle).
    pub fn handle_refusal(&mut self, length: u64) -> Result<bool, FileTransferError> {
        if u64::try_from(self.offset).ok() == Some(length) || !self.is_begun {
            return Ok(false);
        }
        // A device that is full goes back, takes what it has taken before, and refuses again.
        self.refusals = self.refusals.saturating_add(1);
        if self.refusals >= STALLS {
            return Ok(false);
        }
        self.handle(&WriteResponse { offset: length }).map(|()| true)
    }
}

/// How often in a row a device may want a byte again.
const STALLS: u8 = 5;

/// A file that could not be transferred.
///
/// For an example, see [`FileUpload`](crate::client::FileUpload).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FileTransferError {
    /// The answer is for another place.
    #[error("the device answers for byte {found} of the file, asked for byte {expected}")]
    Offset {
        /// The byte that was asked for.
        expected: u64,
        /// The byte that the answer is for.
        found: u64,
    },
    /// The first answer does not say how long the file is.
    #[error("the device does not say how long the file is")]
    NoLength,
    /// The answer goes beyond the file's end.
    #[error("the device comes to byte {found} of a file of {length}")]
    TooMuch {
        /// How long the file is, in bytes.
        length: u64,
        /// How far the answer goes.
        found: u64,
    },
    /// The transfer comes no further.
    #[error("the transfer comes no further than byte {offset} of the file")]
    NoProgress {
        /// How far it has come.
        offset: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_do_not_fit() {
        let answer = |offset, data, length| FileDownload::new("f").handle(&ReadResponse { offset, data, length });
        assert_eq!(answer(0, b"", Some(0)), Ok(&b""[..]));
        assert_eq!(answer(1, b"x", Some(5)), Err(FileTransferError::Offset { expected: 0, found: 1 }));
        assert_eq!(answer(0, b"x", None), Err(FileTransferError::NoLength));
        assert_eq!(answer(0, b"xyz", Some(2)), Err(FileTransferError::TooMuch { length: 2, found: 3 }));
        assert_eq!(answer(0, b"", Some(2)), Err(FileTransferError::NoProgress { offset: 0 }));
    }

    #[test]
    fn a_device_that_is_full_is_not_asked_for_ever() {
        let bytes = [7; 40];
        let mut upload = FileUpload::new("f", &bytes).with_piece(10);
        upload.handle(&WriteResponse { offset: 20 }).unwrap();
        let mut tries = 0;
        // It has no more than 10 bytes, takes 10 again, and refuses what comes then.
        while upload.handle_refusal(10).unwrap() {
            upload.handle(&WriteResponse { offset: 20 }).unwrap();
            tries += 1;
        }
        assert_eq!(tries, usize::from(STALLS) - 1);
    }

    #[test]
    fn a_file_goes_where_the_device_wants_it() {
        let bytes = [7; FileUpload::PIECE + 1];
        let mut upload = FileUpload::new("f", &bytes);
        for (wanted, length) in [(512, 1), (0, 512), (513, 0)] {
            upload.handle(&WriteResponse { offset: wanted }).unwrap();
            assert_eq!(upload.next_request().map_or(0, |request| request.data.len()), length);
        }
        let mut upload = FileUpload::new("f", &bytes);
        let stalls = (0..9).map(|_| upload.handle(&WriteResponse { offset: 0 })).filter(Result::is_ok).count();
        assert_eq!(stalls, usize::from(STALLS) - 1);
        assert_eq!(
            upload.handle(&WriteResponse { offset: 514 }),
            Err(FileTransferError::TooMuch { length: 513, found: 514 })
        );
        assert_eq!(FileUpload::new("f", b"").next_request().map(|request| request.length), Some(Some(0)));
    }
}
