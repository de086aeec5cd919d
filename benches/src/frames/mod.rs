//! Frames of SMP, and what one would read and write them with.
//!
//! Two that make up an update: the list of a device's two images, which is answered, and a piece of an upload, which is sent.
//! Each variant reads and writes both, with the header; 64 different ones of each, since one and the same flatters.

mod ciborium_serde;
mod emu;
mod mcumgr;

use std::hint::black_box;

use oorandom::Rand64;

/// What is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// The answer with two images.
    DecodeList,
    /// The same.
    EncodeList,
    /// A piece of 512 bytes.
    DecodeUpload,
    /// The same.
    EncodeUpload,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DecodeList, Self::EncodeList, Self::DecodeUpload, Self::EncodeUpload];
}

/// An image of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// 0 or 1.
    pub slot: u32,
    /// As in `1.0.9`.
    pub version: String,
    /// Of 32 bytes.
    pub hash: Vec<u8>,
    /// Bootable, pending, confirmed, active, permanent.
    pub flags: [bool; 5],
}

/// A piece of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it belongs.
    pub offset: u32,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// What a frame says, and the frame.
#[derive(Debug)]
pub struct Sets {
    /// Lists of two images.
    pub lists: Vec<([Image; 2], Vec<u8>)>,
    /// Pieces of 512 bytes.
    pub pieces: Vec<(Piece, Vec<u8>)>,
}

impl Sets {
    /// Makes 64 of each, the same each time. The frames are as a Zephyr server sends the list, maps of indefinite length, and as
    /// the manual's tool sends the pieces.
    #[must_use]
    pub fn new() -> Self {
        let mut random = Rand64::new(2021);
        let lists = core::array::from_fn::<_, COUNT, _>(|_| [0, 1].map(|slot| image(&mut random, slot)));
        let pieces = core::array::from_fn::<_, COUNT, _>(|_| Piece {
            offset: random.rand_range(512..200_000) as u32,
            data: (0..512).map(|_| random.rand_u64() as u8).collect(),
        });
        Self {
            lists: lists.into_iter().map(|list| (list.clone(), zephyr_list(&list))).collect(),
            pieces: pieces.into_iter().map(|piece| (piece.clone(), tool_piece(&piece))).collect(),
        }
    }
}

impl Default for Sets {
    fn default() -> Self {
        Self::new()
    }
}

/// Something that reads and writes frames. What it can not do is `None`.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// The same, short.
    pub short: &'static str,
    /// Reads a list, and looks at every field.
    decode_list: fn(&[u8]),
    /// Writes a list; returns how many bytes.
    encode_list: fn(&[Image; 2], &mut Vec<u8>) -> usize,
    /// Reads a piece, and looks at every field.
    decode_upload: Option<fn(&[u8])>,
    /// Writes a piece; returns how many bytes.
    encode_upload: fn(&Piece, &mut Vec<u8>) -> usize,
    /// Reads a list, to be compared.
    list: fn(&[u8]) -> Vec<Image>,
    /// Reads a piece, to be compared.
    piece: Option<fn(&[u8]) -> Piece>,
}

/// All of them, this project's first.
pub const VARIANTS: [Variant; 3] = [emu::VARIANT, ciborium_serde::VARIANT, mcumgr::VARIANT];

impl Variant {
    /// Does a task with each frame of the set; returns how many there were, or `None` if it can not.
    #[must_use]
    pub fn run(&self, task: Task, sets: &Sets, buffer: &mut Vec<u8>) -> Option<usize> {
        match task {
            Task::DecodeList => sets.lists.iter().for_each(|(_, frame)| (self.decode_list)(black_box(frame))),
            Task::DecodeUpload => {
                let decode = self.decode_upload?;
                sets.pieces.iter().for_each(|(_, frame)| decode(black_box(frame)));
            }
            Task::EncodeList => sets.lists.iter().for_each(|(list, _)| {
                let length = (self.encode_list)(black_box(list), buffer);
                black_box(&buffer[..length]);
            }),
            Task::EncodeUpload => sets.pieces.iter().for_each(|(piece, _)| {
                let length = (self.encode_upload)(black_box(piece), buffer);
                black_box(&buffer[..length]);
            }),
        }
        Some(COUNT)
    }

    /// Checks that it reads what the frames say, and writes what says the same.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn check(&self, sets: &Sets) {
        let mut buffer = vec![0; 1500];
        for (list, frame) in &sets.lists {
            assert_eq!((self.list)(frame), list, "{} reads a list", self.name);
            let length = (self.encode_list)(list, &mut buffer);
            assert_eq!((emu::VARIANT.list)(&buffer[..length]), list, "{} writes a list", self.name);
        }
        for (piece, frame) in &sets.pieces {
            if let Some(read) = self.piece {
                assert_eq!(read(frame), *piece, "{} reads a piece", self.name);
            }
            let length = (self.encode_upload)(piece, &mut buffer);
            let read = emu::VARIANT.piece.expect("what reads pieces");
            assert_eq!(read(&buffer[..length]), *piece, "{} writes a piece", self.name);
        }
    }
}

/// Looks at every field.
fn look_at(slot: u32, version: &str, hash: &[u8], flags: [bool; 5]) {
    black_box((slot, version, hash, flags));
}

fn image(random: &mut Rand64, slot: u32) -> Image {
    let mut flag = || random.rand_range(0..2) == 1;
    let flags = [flag(), flag(), flag(), flag(), flag()];
    let hash = (0..32).map(|_| random.rand_u64() as u8).collect();
    let version = format!("1.{}.{}", random.rand_range(0..20), random.rand_range(0..200));
    Image { slot, version, hash, flags }
}

/// As Zephyr writes it.
fn zephyr_list(images: &[Image; 2]) -> Vec<u8> {
    let mut body = b"\xbf\x66images\x9f".to_vec();
    for Image { slot, version, hash, flags } in images {
        body.extend(b"\xbf\x65image\x00\x64slot");
        body.push(*slot as u8);
        body.extend(b"\x67version");
        body.push(0x60 + version.len() as u8);
        body.extend(version.bytes());
        body.extend(b"\x64hash\x58\x20");
        body.extend(hash);
        for (key, flag) in ["bootable", "pending", "confirmed", "active", "permanent"].iter().zip(flags) {
            body.push(0x60 + key.len() as u8);
            body.extend(key.bytes());
            body.push(0xf4 + u8::from(*flag));
        }
        body.push(0xff);
    }
    body.extend(b"\xff\xff");
    frame([1, 0], 0, &body)
}

/// As the manual's tool writes it.
fn tool_piece(piece: &Piece) -> Vec<u8> {
    let mut body = b"\xa2\x64data\x59\x02\x00".to_vec();
    body.extend(&piece.data);
    body.extend(b"\x63off\x1a");
    body.extend(piece.offset.to_be_bytes());
    frame([2, 0], 1, &body)
}

/// A frame of the image group.
fn frame([operation, flags]: [u8; 2], command: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = (body.len() as u16).to_be_bytes();
    [&[operation, flags, high, low, 0, 1, 70, command], body].concat()
}

const COUNT: usize = 64;
