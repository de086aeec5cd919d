//! The console line: the update of a meter's firmware.

use core::time::Duration;

use emu_smp::client::{Instant, Policy, Session, Target, Update, UpdateError, UpdateEvent, UpdateOptions, Updated};
use emu_smp::{ConsoleDecoder, ConsoleEncoder, ImageFileError, ImageVerifier};

/// Updates a meter over a serial line with console framing: an [`Update`], and lines to and from it.
///
/// # How it is driven
///
/// As the [`Reader`](super::Reader) is, until [`outcome`](Self::outcome) returns something. [`poll_event`](Self::poll_event) has
/// what it is doing, for a display or a log.
///
/// It takes 3 KiB of memory at most, and none for the update file, which stays where it is.
#[derive(Debug)]
pub struct Updater<'a> {
    update: Update,
    file: &'a [u8],
    decoder: ConsoleDecoder<FRAME>,
    frame: [u8; FRAME],
}

impl<'a> Updater<'a> {
    /// How many bytes [`poll_transmit`](Self::poll_transmit) writes at most: the lines of the largest frame.
    pub const LINES: usize = ConsoleEncoder::encoded_length(FRAME);

    /// Starts with an update file, such as it lies in flash.
    ///
    /// # Errors
    ///
    /// [`ImageFileError`] if it is none: so what was damaged in the gateway's own flash is sent to no meter.
    pub fn new(file: &'a [u8]) -> Result<Self, ImageFileError> {
        let mut verifier = ImageVerifier::new();
        verifier.push(file)?;
        Ok(Self::with_target(&Target::from(&verifier.finish()?), file))
    }

    /// Starts with a file that was verified before, as when it was stored, and with what was found out then. It does without
    /// the code for three kinds of hash, the larger part of [`new`](Self::new).
    #[must_use]
    pub fn with_target(target: &Target, file: &'a [u8]) -> Self {
        let options = UpdateOptions { erase_if_full: true, ..UpdateOptions::default() };
        Self {
            update: Update::new(Session::serial(POLICY), target, options),
            file,
            decoder: ConsoleDecoder::new(),
            frame: [0; FRAME],
        }
    }

    /// Writes the lines that are to be sent now, and returns their length; `None` if nothing is to be sent.
    pub fn poll_transmit(&mut self, now: Instant, lines: &mut [u8]) -> Option<usize> {
        let length = self.update.poll_transmit(now, &mut self.file, &mut self.frame)?;
        ConsoleEncoder::encode(self.frame.get(..length)?, lines).ok().map(<[u8]>::len)
    }

    /// Takes what came from the meter.
    pub fn handle_bytes(&mut self, now: Instant, mut bytes: &[u8]) {
        while let Some(frame) = self.decoder.decode(&mut bytes) {
            self.update.handle_datagram(now, frame);
        }
    }

    /// Notices that time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|until| until <= now) {
            self.update.handle_timeout(now);
        }
    }

    /// Returns when there is something to do although nothing comes; `None` at the end.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.update.poll_timeout()
    }

    /// Returns the next thing to tell.
    pub fn poll_event(&mut self) -> Option<UpdateEvent> {
        self.update.poll_event()
    }

    /// Returns how it has ended; `None` before.
    #[must_use]
    pub const fn outcome(&self) -> Option<Result<Updated, UpdateError>> {
        self.update.outcome()
    }
}

/// The largest frame that is taken, and the largest that a [serial session](Session::serial) sends: 76 ms at 115,200 baud.
const FRAME: usize = 640;

/// As on any serial line, but that the meter is asked from the second second on whether it is back, and not only after the
/// manual's 120: one that answers has restarted.
const POLICY: Policy =
    Policy { early_poll: Some(Duration::from_secs(2)), poll_interval: Duration::from_secs(1), ..Policy::SERIAL };
