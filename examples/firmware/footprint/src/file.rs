//! The update file of the programs that send one.

use emu_smp::client::{ImageSource, ReadError, Target};
use emu_smp::{ImageHash, ImageVersion};

use crate::keep;

/// A file of which nothing is in memory.
#[derive(Debug)]
pub struct Flash;

impl ImageSource for Flash {
    fn length(&self) -> u32 {
        LENGTH
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), ReadError> {
        // Whatever is there already, as a driver of a flash would have put it there.
        keep(&(offset, buffer));
        Ok(())
    }
}

const LENGTH: u32 = 2000;

/// What is known of it: made up.
pub static FILE: Target = Target {
    hash: ImageHash::Sha256([1; 32]),
    sha: [2; 32],
    length: LENGTH,
    version: ImageVersion { major: 1, minor: 0, revision: 9, build: 0 },
};
