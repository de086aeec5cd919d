//! A serial line to the meter's console: SMP frames between whatever else is on it.

use std::io;
use std::path::PathBuf;

#[cfg(unix)]
use self::terminal::Terminal;
use super::server::Updates;

/// A pseudo-terminal with the meter's console at its other end, where it speaks SMP as it does on UDP. On Unix alone.
///
/// ```
/// # #[cfg(unix)] {
/// use emu_simulator::{OnlineUpdates, SerialLine, Simulator};
///
/// let updates = OnlineUpdates { serial: Some(SerialLine::default()), ..OnlineUpdates::default() };
/// let simulator = Simulator::builder().rows(96).online_updates(updates).start_blocking()?;
/// println!("emu firmware list serial:{}", simulator.serial_path().unwrap().display());
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SerialLine {
    /// A symbolic link to the terminal, so that its path is known before and stays the same. What is there is replaced, if it
    /// is a symbolic link.
    pub link: Option<PathBuf>,
    /// How likely a byte is lost, each way, 0 to 1. Chance follows from [`Link::seed`](super::Link::seed).
    pub byte_loss: f64,
    /// Whether the console prints a prompt behind each answer, and what a boot loader says at a restart.
    pub is_talkative: bool,
    /// Whether the console sends back what it gets, as one does that a person types at.
    pub echoes: bool,
    /// Whether the line goes away while the meter restarts, as that of a device does which is itself on USB.
    pub goes_away: bool,
}

/// The serial line, if there is one, and whether the meter behind it is away.
#[derive(Debug, Default)]
pub(crate) struct Line {
    #[cfg(unix)]
    terminal: Option<Terminal>,
    /// What it is opened from again.
    #[cfg(unix)]
    options: Option<(SerialLine, u64)>,
    #[cfg(unix)]
    is_away: bool,
}

#[cfg(unix)]
impl Line {
    /// Opens the line that is wanted. Called within a runtime.
    pub(crate) fn open(updates: &Updates) -> io::Result<Self> {
        let options = updates.with(|state| {
            let options = &state.module.options;
            options.serial.clone().map(|line| (line, options.link.seed))
        });
        let mut line = Self { options, ..Self::default() };
        line.open_terminal(updates)?;
        Ok(line)
    }

    fn open_terminal(&mut self, updates: &Updates) -> io::Result<()> {
        let Some((line, seed)) = self.options.clone() else { return Ok(()) };
        let terminal = self.terminal.insert(Terminal::open(line, seed)?);
        updates.with(|state| state.serial_path = Some(terminal.path().to_owned()));
        Ok(())
    }

    pub(super) fn send(&mut self, frame: &[u8]) {
        if let Some(terminal) = &mut self.terminal {
            terminal.send(frame);
        }
    }

    pub(super) async fn receive(&mut self) -> Vec<Vec<u8>> {
        match &mut self.terminal {
            Some(terminal) => terminal.receive().await,
            None => std::future::pending().await,
        }
    }

    /// The meter goes away to restart, or is back.
    pub(super) fn set_away(&mut self, is_away: bool, updates: &Updates) {
        if std::mem::replace(&mut self.is_away, is_away) == is_away {
            return;
        }
        if is_away && self.terminal.as_ref().is_some_and(Terminal::goes_away) {
            self.terminal = None;
        } else if !is_away && self.terminal.is_none() {
            // Without another terminal the line stays away, as one does that is broken.
            let _: io::Result<()> = self.open_terminal(updates);
        }
        if let Some(terminal) = self.terminal.as_mut().filter(|_| !is_away) {
            terminal.say_boot();
        }
    }
}

#[cfg(not(unix))]
impl Line {
    /// There are no pseudo-terminals.
    pub(crate) fn open(updates: &Updates) -> io::Result<Self> {
        let wanted: Option<SerialLine> = updates.with(|state| state.module.options.serial.clone());
        if wanted.is_some() { Err(io::ErrorKind::Unsupported.into()) } else { Ok(Self {}) }
    }

    pub(super) fn send(&mut self, _: &[u8]) {}

    pub(super) async fn receive(&mut self) -> Vec<Vec<u8>> {
        std::future::pending().await
    }

    pub(super) fn set_away(&mut self, _: bool, _: &Updates) {}
}

#[cfg(unix)]
mod terminal {
    use std::ffi::OsStr;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    use emu_smp::{ConsoleDecoder, ConsoleEncoder};
    use oorandom::Rand64;
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use tokio::io::unix::AsyncFd;

    use super::SerialLine;

    /// The meter's end of a line.
    #[derive(Debug)]
    pub(super) struct Terminal {
        line: SerialLine,
        meter: AsyncFd<OwnedFd>,
        /// Held open, so that clients may come and go: with nobody there the meter's end would fail.
        _client: OwnedFd,
        path: PathBuf,
        decoder: Box<ConsoleDecoder<4_096>>,
        random: Rand64,
    }

    impl Terminal {
        /// Opens a pseudo-terminal, and links to it. Called within a runtime.
        pub(super) fn open(line: SerialLine, seed: u64) -> io::Result<Self> {
            // A program that is started meanwhile must not hold it open.
            #[cfg(target_os = "linux")]
            let meter = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
            #[cfg(not(target_os = "linux"))]
            let meter = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
            rustix::io::fcntl_setfd(&meter, rustix::io::FdFlags::CLOEXEC)?;
            grantpt(&meter)?;
            unlockpt(&meter)?;
            let name = ptsname(&meter, Vec::new())?;
            let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
            let client = rustix::fs::open(name.as_c_str(), flags, Mode::empty())?;
            // Else it would send back what the meter writes.
            let mut settings = tcgetattr(&client)?;
            settings.make_raw();
            tcsetattr(&client, OptionalActions::Now, &settings)?;
            rustix::io::ioctl_fionbio(&meter, true)?;
            let mut path = PathBuf::from(OsStr::from_bytes(name.as_bytes()));
            if let Some(link) = &line.link {
                replace_link(&path, link)
                    .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", link.display())))?;
                path.clone_from(link);
            }
            let (decoder, random) = (Box::new(ConsoleDecoder::new()), Rand64::new(seed.into()));
            #[allow(
                deprecated,
                reason = "the descriptor is owned, so that nobody closes it; the other way is unsafe code"
            )]
            let meter = AsyncFd::new(meter)?;
            Ok(Self { line, meter, _client: client, path, decoder, random })
        }

        /// Where clients find it.
        pub(super) fn path(&self) -> &Path {
            &self.path
        }

        /// Waits for bytes, and returns the frames that they complete.
        pub(super) async fn receive(&mut self) -> Vec<Vec<u8>> {
            let mut buffer = [0; 4_096];
            let read = async {
                loop {
                    let mut ready = self.meter.readable().await?;
                    let read = ready.try_io(|meter| Ok(rustix::io::read(meter, &mut buffer)?));
                    if let Ok(read) = read {
                        return read;
                    }
                }
            };
            // The client's end is open, so that nothing but a signal can have come between.
            let length = read.await.unwrap_or(0);
            let bytes = self.pass(buffer.get(..length).unwrap_or_default());
            if self.line.echoes {
                self.write(&bytes);
            }
            let (mut rest, mut frames) = (&bytes[..], Vec::new());
            while let Some(frame) = self.decoder.decode(&mut rest) {
                frames.push(frame.to_vec());
            }
            frames
        }

        /// Writes an answer.
        pub(super) fn send(&mut self, frame: &[u8]) {
            let Ok(lines) = ConsoleEncoder::new(frame) else { return };
            let mut bytes: Vec<u8> = lines.collect();
            if self.line.is_talkative {
                bytes.extend_from_slice(b"\r\n\x1b[1;32muart:~$ \x1b[m");
            }
            let bytes = self.pass(&bytes);
            self.write(&bytes);
        }

        /// Says what a device says when it starts, if this one does.
        pub(super) fn say_boot(&mut self) {
            self.decoder.reset();
            if self.line.is_talkative {
                self.write(b"\xff\x00*** Booting MCUboot ***\r\n*** Using Zephyr OS ***\r\n[00:00:00.001] <inf> main: up\r\nuart:~$ ");
            }
        }

        /// Returns whether it goes away at a restart.
        pub(super) const fn goes_away(&self) -> bool {
            self.line.goes_away
        }

        /// Takes away the bytes that are lost.
        fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
            let loss = self.line.byte_loss;
            bytes.iter().copied().filter(|_| loss <= 0.0 || self.random.rand_float() >= loss).collect()
        }

        /// Writes what the terminal takes. Nobody reads the rest, and no UART waits for it.
        fn write(&self, bytes: &[u8]) {
            let _: rustix::io::Result<usize> = rustix::io::write(self.meter.get_ref(), bytes);
        }
    }

    /// Makes a symbolic link, in place of another if there is one.
    fn replace_link(path: &Path, link: &Path) -> io::Result<()> {
        if link.is_symlink() {
            std::fs::remove_file(link)?;
        }
        std::os::unix::fs::symlink(path, link)
    }

    impl Drop for Terminal {
        fn drop(&mut self) {
            if let Some(link) = &self.line.link {
                // It leads nowhere from now on.
                let _: io::Result<()> = std::fs::remove_file(link);
            }
        }
    }
}
