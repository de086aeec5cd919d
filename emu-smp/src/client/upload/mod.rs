//! Uploading an image.

mod in_flight;
mod outcome;
mod piece;
mod uploader;
mod window;

pub use self::outcome::{UploadError, UploadEvent, UploadProgress, Uploaded};
pub(super) use self::uploader::{Note, Uploader};
pub(super) use self::window::MAX_WINDOW;

use super::session::Session;
use super::target::{ImageSource, Target};
use super::time::Instant;

/// What an upload is told besides what to upload.
///
/// For an example, see [`Upload`](crate::client::Upload).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UploadOptions {
    /// Which of the device's images, if it has several.
    pub image: Option<u32>,
    /// Whether the device shall refuse a version that is older than the one that runs.
    pub only_upgrade: bool,
    /// How many pieces may be under way at a time; 0 for as many as the device takes, 8 at most.
    pub window: u8,
}

/// Writes an image into the device's free slot.
///
/// # How it is driven
///
/// In a loop, in this order, until [`outcome`](Self::outcome) returns something:
///
/// 1. [`poll_transmit`](Self::poll_transmit) until it returns `None`; each frame is sent as one datagram.
/// 2. [`poll_event`](Self::poll_event) until it returns `None`.
/// 3. Wait for a datagram from the device, or until [`poll_timeout`](Self::poll_timeout).
/// 4. [`handle_datagram`](Self::handle_datagram) or [`handle_timeout`](Self::handle_timeout).
///
/// # What it does
///
/// It asks for the device's parameters, unless the session knows them, and sends the first piece alone and in a small frame:
/// the device may erase for seconds before it answers. Then it has several pieces under way, as many as the device has shown
/// to take, in frames as large as have shown to pass. The device answers each piece with the byte that it wants next, and the
/// upload goes there: back after a loss, on after an upload that broke, to the start after a restart. It ends when the device
/// has the last byte, refuses, is silent for [`Policy::give_up`](super::Policy::give_up), or has answered
/// [`Policy::tries`](super::Policy::tries) times in a row without coming further.
///
/// A device that has the last byte forgets the upload. When the answer that says so is lost, it looks as if it had been
/// restarted; then it is asked whether it lists the target's hash.
///
/// ```
/// use emu_smp::client::{Instant, Policy, Session, Target, Upload, UploadOptions};
/// use emu_smp::{ImageHash, ImageVersion, os::ParametersResponse};
///
/// let file = [0x5a; 300];
/// let target = Target {
///     hash: ImageHash::Sha256([1; 32]),
///     sha: [2; 32],
///     length: 300,
///     version: ImageVersion { major: 1, minor: 0, revision: 9, build: 0 },
/// };
/// let session = Session::new(Policy::DEFAULT).with_parameters(&ParametersResponse { buffer_size: 2048, buffer_count: 2 });
/// let mut upload = Upload::new(session, &target, UploadOptions::default());
///
/// let mut buffer = [0; 1400];
/// let length = upload.poll_transmit(Instant::START, &mut &file[..], &mut buffer).unwrap();
/// assert_eq!(length, 367);
/// // The device wants byte 300: it has all.
/// upload.handle_datagram(Instant::from_millis(20), b"\x03\x00\x00\x09\x00\x01\x00\x01\xbf\x63off\x19\x01\x2c\xff");
/// assert!(upload.outcome().unwrap().is_ok());
/// ```
///
/// It takes a kilobyte of memory, and none for the image.
#[derive(Debug, Clone)]
// No promise of a layout: in this order the fields are within reach of short instructions, some 170 bytes of flash.
#[repr(C)]
pub struct Upload {
    uploader: Uploader,
    session: Session,
    /// When it was called last.
    now: Instant,
    is_end_told: bool,
}

impl Upload {
    /// Starts to upload.
    #[must_use]
    pub fn new(session: Session, target: &Target, options: UploadOptions) -> Self {
        Self { session, now: Instant::START, uploader: Uploader::new(target, options), is_end_told: false }
    }

    /// Takes a datagram that came from the device.
    #[inline(never)]
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        self.now = now;
        self.uploader.handle_datagram(&mut self.session, now.moment(), datagram);
    }

    /// Notices that time has passed. To be called at [`poll_timeout`](Self::poll_timeout); earlier it does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        self.uploader.handle_timeout(&mut self.session, now.moment());
    }

    /// Writes a frame that is to be sent now into a buffer, and returns its length; `None` if nothing is to be sent.
    ///
    /// A frame takes as many bytes as the buffer, the session's largest frame and the device allow.
    pub fn poll_transmit<S: ImageSource + ?Sized>(
        &mut self,
        now: Instant,
        source: &mut S,
        buffer: &mut [u8],
    ) -> Option<usize> {
        self.now = now;
        self.uploader.poll_transmit(&mut self.session, now.moment(), source, buffer)
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout); `None` at the end.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.uploader.poll_timeout(&self.session).map(|due| self.now.at(due))
    }

    /// Returns the next thing to tell.
    #[inline(never)]
    pub fn poll_event(&mut self) -> Option<UploadEvent> {
        if let Some(note) = self.uploader.poll_note() {
            return Some(match note {
                Note::Started { offset } => UploadEvent::Started { offset },
                Note::Lost { offset } => UploadEvent::Lost { offset },
            });
        }
        let outcome = self.outcome().filter(|_| !self.is_end_told)?;
        self.is_end_told = true;
        Some(outcome.map_or_else(UploadEvent::Failed, UploadEvent::Done))
    }

    /// Ends the upload here; the device keeps what it has, and an upload of the same file goes on there.
    pub const fn cancel(&mut self) {
        self.uploader.cancel();
    }

    /// Returns how far the upload is.
    #[must_use]
    pub const fn progress(&self) -> UploadProgress {
        self.uploader.progress()
    }

    /// Returns how the upload has ended; `None` before.
    #[must_use]
    pub const fn outcome(&self) -> Option<Result<Uploaded, UploadError>> {
        self.uploader.outcome()
    }

    /// Returns how many datagrams were ignored, since they hold no answer to a piece that is under way.
    #[must_use]
    pub const fn ignored(&self) -> u32 {
        self.uploader.ignored()
    }

    /// Returns the session with what was learnt so far.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }
}
