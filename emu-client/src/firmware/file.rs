//! An update file, verified.

use std::path::{Path, PathBuf};
use std::{fs, io};

use emu_smp::client::Target;
use emu_smp::{ImageFile, ImageFileError, ImageVerifier};

/// An update file: a signed MCUboot image, whose structure and hash are right.
///
/// Whether the signature is the vendor's is for the meter to say, which has the key.
///
/// ```
/// use emu_client::firmware::{UpdateFile, UpdateFileError};
///
/// assert!(UpdateFile::from_bytes(b"\x7fELF".to_vec()).is_err());
/// assert!(matches!(UpdateFile::read("no such file".as_ref()), Err(UpdateFileError::Io { .. })));
/// ```
#[derive(Debug, Clone)]
pub struct UpdateFile {
    bytes: Vec<u8>,
    image: ImageFile,
}

impl UpdateFile {
    /// The longest file that is read, in bytes; the vendor's have some 200 KiB.
    pub const LONGEST: u64 = 64 * 1024 * 1024;

    /// Reads and verifies a file.
    ///
    /// # Errors
    ///
    /// [`UpdateFileError`] if it cannot be read, or is no good image.
    pub fn read(path: &Path) -> Result<Self, UpdateFileError> {
        use io::Read;
        let fail = |error| UpdateFileError::Io { path: path.to_owned(), error };
        let mut bytes = Vec::new();
        let read =
            fs::File::open(path).and_then(|file| file.take(Self::LONGEST.saturating_add(1)).read_to_end(&mut bytes));
        if u64::try_from(read.map_err(fail)?).unwrap_or(u64::MAX) > Self::LONGEST {
            return Err(fail(io::Error::other(format!("it is longer than {} bytes", Self::LONGEST))));
        }
        Self::from_bytes(bytes).map_err(|error| UpdateFileError::Image { path: path.to_owned(), error })
    }

    /// Verifies a file's bytes.
    ///
    /// # Errors
    ///
    /// [`ImageFileError`] if they are no good image.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ImageFileError> {
        let mut verifier = ImageVerifier::new();
        verifier.push(&bytes)?;
        let image = verifier.finish()?;
        Ok(Self { bytes, image })
    }

    /// Returns what is in the file.
    #[must_use]
    pub fn image(&self) -> &ImageFile {
        &self.image
    }

    /// Returns the file's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns what a machine has to know of the file.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::from(&self.image)
    }
}

/// Why a file is no [`UpdateFile`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateFileError {
    /// It cannot be read.
    #[error("cannot read {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// It is no good image.
    #[error("{} cannot be used for an update", .path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: ImageFileError,
    },
}
