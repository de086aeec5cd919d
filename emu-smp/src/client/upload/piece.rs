//! A piece of an image, written straight from its file into a frame.

use super::UploadOptions;
use super::outcome::UploadError;
use crate::body::head_length;
use crate::cbor::Writer;
use crate::client::target::{ImageSource, ReadError, Target};
use crate::header::Header;
use crate::message::encode_frame_once;

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    /// The request's header.
    pub(super) header: Header,
    /// Where the piece begins.
    pub(super) offset: u32,
    /// How many bytes the frame may have.
    pub(super) frame: u16,
    /// How many bytes of data the piece may have.
    pub(super) most: u16,
    pub(super) target: &'a Target,
    pub(super) options: &'a UploadOptions,
}

impl Piece<'_> {
    /// Writes the frame, as [`UploadRequest`](crate::image::UploadRequest) would: as many bytes of the file as it holds.
    /// Returns its length and where the piece ends.
    pub(super) fn write<S: ImageSource + ?Sized>(
        &self,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Result<(usize, u32), UploadError> {
        let room = buffer.len().min(usize::from(self.frame));
        let too_small = UploadError::Buffer { capacity: room };
        let buffer = buffer.get_mut(..room).ok_or(too_small)?;
        let (mut before, mut behind) = ([0; BEFORE], [0; BEHIND]);
        let (mut before, mut behind) = (Writer::new(&mut before), Writer::new(&mut behind));
        self.surround(&mut before, &mut behind);
        let mut data = Ok(0);
        let written = encode_frame_once(self.header, buffer, &mut |writer| {
            writer.raw(before.written())?;
            let behind = behind.written();
            let left = writer.room().saturating_sub(behind.len());
            let rest = self.target.length.saturating_sub(self.offset);
            // Its head has no more bytes than that of all that is left would have.
            let room = left.saturating_sub(head_length(left));
            let length = room.min(usize::from(self.most)).min(usize::try_from(rest).unwrap_or(usize::MAX));
            writer.bytes_head(length)?;
            data = source.read_at(self.offset, writer.take(length)?).map(|()| length);
            writer.raw(behind)
        });
        let length = data.map_err(|error: ReadError| UploadError::Source(error))?;
        let written = written.map_err(|_| too_small)?;
        // What is so small that it brings the upload no further, or that the device does not take for a first piece.
        if length == 0 || (self.offset == 0 && length < LEAST_FIRST && self.target.length >= LEAST_TARGET) {
            return Err(too_small);
        }
        // No more than the file has.
        Ok((written, self.offset.wrapping_add(length as u32)))
    }

    /// Writes what comes before the data and behind them, the keys as the bytes that they are. All of it has room.
    fn surround(&self, before: &mut Writer<'_>, behind: &mut Writer<'_>) {
        let is_first = self.offset == 0;
        let mut pairs = 2;
        if is_first {
            pairs = 4;
            if let Some(image) = self.options.image {
                pairs = 5;
                number(behind, b"\x65image", image);
            }
            if self.options.only_upgrade {
                pairs = usize::wrapping_add(pairs, 1);
                let _ = behind.raw(b"\x67upgrade\xf5");
            }
        }
        let _ = before.map(pairs);
        if is_first {
            number(before, b"\x63len", self.target.length);
        }
        number(before, b"\x63off", self.offset);
        if is_first {
            let _ = before.raw(b"\x63sha\x58\x20");
            let _ = before.raw(&self.target.sha);
        }
        let _ = before.raw(b"\x64data");
    }
}

/// Writes a key and its number.
fn number(writer: &mut Writer<'_>, key: &[u8], number: u32) {
    let _ = writer.raw(key);
    let _ = writer.unsigned32(number);
}

/// How many bytes come before the data at most, and behind them.
const BEFORE: usize = 64;
const BEHIND: usize = 20;

/// How many bytes of data a first piece must have.
const LEAST_FIRST: usize = 32;
/// The same, of a file.
const LEAST_TARGET: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::{Operation, Version};
    use crate::{Command, ImageHash, encode_request, image::UploadRequest};

    /// Every size of frame is filled, but for the sizes at which the head of the data grows; and the frame is the one that
    /// the body's own type writes.
    #[test]
    fn frames_are_filled_and_are_those_of_the_body() {
        let file = [0x5a; 3000];
        let target = Target {
            hash: ImageHash::Sha256([1; 32]),
            sha: [2; 32],
            length: 3000,
            version: crate::mcuboot::ImageVersion::default(),
        };
        let options = UploadOptions { image: Some(0), only_upgrade: true, window: 0 };
        let Command { group, number } = Command::IMAGE_UPLOAD;
        let header = Header {
            operation: Operation::Write,
            version: Version::V0,
            flags: 0,
            length: 0,
            group,
            sequence: 9,
            command: number,
        };
        for (offset, frame) in (130..1500).map(|frame| (0, frame)).chain((32..1500).map(|frame| (1000, frame))) {
            let piece = Piece { header, offset, frame, most: u16::MAX, target: &target, options: &options };
            let (mut buffer, mut expected) = ([0; 2048], [0; 2048]);
            let (length, end) = piece.write(&mut &file[..], &mut buffer).unwrap();
            assert!((usize::from(frame) - length) <= 1, "{frame}: {length}");
            let is_first = offset == 0;
            let body = UploadRequest {
                length: Some(3000).filter(|_| is_first),
                offset,
                sha: Some(&target.sha[..]).filter(|_| is_first),
                data: &file[offset as usize..end as usize],
                image: Some(0).filter(|_| is_first),
                upgrade: Some(true).filter(|_| is_first),
            };
            let expected_length = encode_request(&body, Version::V0, 9, &mut expected).unwrap();
            assert_eq!(buffer[..length], expected[..expected_length]);
        }
    }
}
