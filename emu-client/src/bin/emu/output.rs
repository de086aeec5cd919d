//! Where rows go: standard output, or a file that is written whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::exit::{Exit, Failure};

/// Somewhere to write to. Dropped without [`finish`](Self::finish), it leaves no file behind and no file changed.
pub(crate) struct Output {
    place: Place,
}

enum Place {
    Stdout(BufWriter<io::Stdout>),
    /// Something that cannot be put in place of another, such as `/dev/null`.
    Device(PathBuf, BufWriter<File>),
    /// Beside the file, until it is moved into its place.
    File(PathBuf, BufWriter<NamedTempFile>),
}

impl Output {
    pub(crate) fn stdout() -> Self {
        Self { place: Place::Stdout(BufWriter::new(io::stdout())) }
    }

    /// Says early what would keep a file from being written.
    pub(crate) fn check(path: &Path) -> Result<(), Failure> {
        let fail = |error: &str| Err(Failure::file(path, "write", &io::Error::other(error)));
        if path.is_dir() {
            return fail("it is a folder");
        }
        if folder_of(path).is_dir() { Ok(()) } else { fail("there is no such folder") }
    }

    /// Writes a file; it starts with the bytes of `kept`, which stand in the file there is.
    pub(crate) fn file(path: &Path, kept: &[u8]) -> Result<Self, Failure> {
        let fail = |error: io::Error| Failure::file(path, "write", &error);
        // A link stays one: what it points to is written.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let existing = std::fs::metadata(&path).ok();
        if existing.as_ref().is_some_and(|existing| !existing.is_file()) {
            let file = File::options().write(true).open(&path).map_err(fail)?;
            return Ok(Self { place: Place::Device(path, BufWriter::new(file)) });
        }
        let mut temporary = create_beside(&path).map_err(fail)?;
        if let Some(existing) = existing {
            temporary.as_file().set_permissions(existing.permissions()).map_err(fail)?;
        }
        temporary.write_all(kept).map_err(fail)?;
        Ok(Self { place: Place::File(path, BufWriter::with_capacity(1 << 16, temporary)) })
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
        let bytes = bytes.as_ref();
        let written = match &mut self.place {
            Place::Stdout(out) => out.write_all(bytes),
            Place::Device(_, out) => out.write_all(bytes),
            Place::File(_, out) => out.write_all(bytes),
        };
        written.map_err(|error| self.failure(&error))
    }

    /// Shows what was written so far, where somebody may be watching.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let flushed = match &mut self.place {
            Place::Stdout(out) => out.flush(),
            Place::Device(_, out) => out.flush(),
            Place::File(..) => Ok(()),
        };
        flushed.map_err(|error| self.failure(&error))
    }

    /// Whether what was written is out of our hands: nothing is taken back if the read-out fails.
    pub(crate) fn is_stream(&self) -> bool {
        !matches!(self.place, Place::File(..))
    }

    /// Puts the file into its place, unless `check`, which is called right before, objects.
    pub(crate) fn finish(mut self, check: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        self.flush()?;
        let Place::File(path, out) = self.place else { return Ok(()) };
        let fail = |error: io::Error| Failure::file(&path, "write", &error);
        let temporary = out.into_inner().map_err(|error| fail(error.into_error()))?;
        temporary.as_file().sync_all().map_err(fail)?;
        check()?;
        temporary.persist(&path).map_err(|error| fail(error.error))?;
        // So that the new name survives a power failure. Not every system can do that to a folder.
        let _: io::Result<()> = File::open(folder_of(&path)).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// That nobody reads on is no failure of ours.
    fn failure(&self, error: &io::Error) -> Failure {
        match &self.place {
            Place::Stdout(_) if error.kind() == io::ErrorKind::BrokenPipe => {
                Failure { exit: Exit::Complete, message: None }
            }
            Place::Stdout(_) => Failure::failed(format!("cannot write to standard output: {error}")),
            Place::Device(path, _) | Place::File(path, _) => Failure::file(path, "write", error),
        }
    }
}

/// Writes a small file whole or not at all.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let mut output = Output::file(path, b"")?;
    output.write(text)?;
    output.finish(|| Ok(()))
}

/// Makes a temporary file in the same folder, so that it can be moved.
fn create_beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".emu-").suffix(".part");
    // As any other new file: what the user's mask leaves.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
