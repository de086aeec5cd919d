//! A serial port of this computer.

use std::io;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use serial2_tokio::SerialPort;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// An open port: 8 data bits, no parity, 1 stop bit, no flow control.
///
/// On Unix it is locked by `flock`, as other programs do that know of each other; Windows lets nobody open a port twice.
#[derive(Debug)]
pub(super) struct Port {
    port: SerialPort,
    #[cfg(unix)]
    _lock: OwnedFd,
}

impl Port {
    /// Opens a port.
    ///
    /// # Errors
    ///
    /// The system's, and `ResourceBusy` where another program has the port, `Unsupported` where the path is no serial port.
    pub(super) fn open(path: &Path, baud: u32) -> io::Result<Self> {
        #[cfg(unix)]
        let lock = lock(path)?;
        Ok(Self {
            port: SerialPort::open(path, baud)?,
            #[cfg(unix)]
            _lock: lock,
        })
    }
}

/// Locks a port before anything about it is changed.
#[cfg(unix)]
fn lock(path: &Path) -> io::Result<OwnedFd> {
    use std::io::IsTerminal;

    use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};

    // Without waiting for a carrier, and without becoming this program's terminal.
    let file = open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    if !file.is_terminal() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "no terminal device"));
    }
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(error) if error == rustix::io::Errno::WOULDBLOCK => {
            Err(io::Error::new(io::ErrorKind::ResourceBusy, "it is locked"))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(file),
    }
}

impl AsyncRead for Port {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.port).poll_read(context, buffer)
    }
}

impl AsyncWrite for Port {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.port).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.port).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.port).poll_shutdown(context)
    }
}
