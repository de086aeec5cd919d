//! What is known of a device, from one task to the next.

use core::time::Duration;

use super::file_transfer::FileUpload;
use super::frame_size::FrameSize;
use super::policy::Policy;
use super::round_trip::RoundTrip;
use super::upload::MAX_WINDOW;
use crate::body::os::ParametersResponse;
use crate::command::Command;
use crate::header::{Header, Operation, Version};

/// What lasts from one machine to the next towards one device: the next sequence number, the version to speak, how long
/// answers take, how large frames may be.
///
/// A machine is given a session, and has it with what it learnt for as long as it lives: [`Exchange::session`] and its like.
/// A caller whose tasks can be dropped half way copies it back after each call: it is small, and a sequence number that is
/// not used twice is what keeps a late answer from being taken for the next one's.
///
/// ```
/// use emu_smp::Version;
/// use emu_smp::client::{Policy, Session};
///
/// let session = Session::new(Policy::DEFAULT).with_largest_frame(1232);
/// assert_eq!(session.version(), Version::V0);
/// assert_eq!(session.round_trip(), None);
/// ```
///
/// [`Exchange::session`]: super::Exchange::session
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Session {
    pub(super) policy: Policy,
    pub(super) version: Version,
    pub(super) next_sequence: u8,
    pub(super) round_trip: RoundTrip,
    pub(super) parameters: Parameters,
    pub(super) frame: FrameSize,
    /// How many pieces of an upload may be under way at a time.
    pub(super) window: u8,
    /// Whether the device has ever answered.
    pub(super) is_heard: bool,
}

/// What is known of the device's buffers.
///
/// For an example, see [`Session`](crate::client::Session).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Parameters {
    /// The device was not asked.
    NotAsked,
    /// The device was asked, and does not say.
    NotTold,
    /// What the device says.
    Told {
        /// The size of a buffer in bytes, the header included.
        buffer_size: u32,
        /// How many buffers there are, for requests and responses together.
        buffer_count: u32,
    },
}

impl Session {
    /// Starts with a device of which nothing is known; in version 0, which the meter speaks.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self {
            policy,
            version: Version::V0,
            next_sequence: 0,
            round_trip: RoundTrip::NOT_MEASURED,
            parameters: Parameters::NotAsked,
            frame: FrameSize::NOT_KNOWN,
            window: MAX_WINDOW,
            is_heard: false,
        }
    }

    /// Starts with a device on a serial line of which nothing is known: one piece of an upload under way at a time, in frames of
    /// 640 bytes at most. [`Policy::SERIAL`] has the waits for it.
    ///
    /// The other end reads lines one by one into a single buffer: of 384 bytes in Zephyr, unless it was set up otherwise and
    /// says so, and of 1024 in MCUboot's serial recovery, the length and the checksum of the line included. Larger frames would
    /// gain little, since the line is busy either way. Where a shell shares the line, which holds two lines only, go down to
    /// [`ConsoleEncoder::TWO_LINES`](crate::ConsoleEncoder::TWO_LINES) with [`with_largest_frame`](Self::with_largest_frame).
    ///
    /// ```
    /// use emu_smp::ConsoleEncoder;
    /// use emu_smp::client::{Policy, Session};
    ///
    /// let session = Session::serial(Policy::SERIAL);
    /// assert_eq!(session.largest_frame(), 640);
    /// // With a shell on the same wire.
    /// let session = session.with_largest_frame(ConsoleEncoder::TWO_LINES as u16);
    /// assert_eq!(session.largest_frame(), 182);
    /// ```
    #[must_use]
    pub const fn serial(policy: Policy) -> Self {
        Self::new(policy).with_largest_frame(FrameSize::SERIAL).with_window(1)
    }

    /// Has so many pieces of an upload under way at most, and one at least, whatever
    /// [`UploadOptions::window`](super::UploadOptions::window) says.
    #[must_use]
    pub const fn with_window(mut self, pieces: u8) -> Self {
        self.window = pieces;
        self
    }

    /// Speaks another version from now on. A session changes to version 1 by itself once an echo in it was answered: see
    /// [`Exchange::in_version`](super::Exchange::in_version).
    #[must_use]
    pub const fn with_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Sends the next request under this sequence number.
    #[must_use]
    pub const fn with_sequence(mut self, sequence: u8) -> Self {
        self.next_sequence = sequence;
        self
    }

    /// Sends no frame of more bytes than this, the header included; otherwise 1400, which passes almost everywhere. A request
    /// that takes more is not sent, and fails as [`Failure::TooLarge`](super::Failure::TooLarge).
    ///
    /// An upload needs about 100 bytes, and is slow below some hundreds.
    ///
    /// What the way to the device takes is to be found out by the caller, if at all: for IPv4 over Ethernet it is 1472, for
    /// IPv6 1452. Sizes that get no answer are fallen back from.
    #[must_use]
    pub const fn with_largest_frame(mut self, bytes: u16) -> Self {
        self.frame = self.frame.with_largest(bytes);
        self
    }

    /// Knows the device's buffers from elsewhere. An upload asks for them if they are not known.
    #[must_use]
    pub const fn with_parameters(mut self, parameters: &ParametersResponse) -> Self {
        let ParametersResponse { buffer_size, buffer_count } = *parameters;
        self.parameters = Parameters::Told { buffer_size, buffer_count };
        self
    }

    /// Waits and tries like this from now on.
    #[must_use]
    pub const fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Returns how long is waited, and how often tried.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the version that requests are sent in.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns how long answers take, smoothed; `None` if there was none yet.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        match self.round_trip.smoothed() {
            Some(millis) => Some(Duration::from_millis(millis as u64)),
            None => None,
        }
    }

    /// Returns how long the next answer would be waited for.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.timeout_millis()))
    }

    /// The same in milliseconds.
    pub(super) fn timeout_millis(&self) -> u32 {
        self.round_trip.timeout(&self.policy)
    }

    /// Returns what is known of the device's buffers.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Returns the size of the largest frame that is to be sent, in bytes with the header; see
    /// [`with_largest_frame`](Self::with_largest_frame).
    #[must_use]
    pub const fn largest_frame(&self) -> u16 {
        self.frame.largest()
    }

    /// Returns the largest frame that an upload has got an answer to, in bytes with the header; 0 if there was none.
    #[must_use]
    pub const fn proven_frame(&self) -> u16 {
        self.frame.proven()
    }

    /// Returns how many bytes of a file of this name fit into a request, for [`FileUpload::with_piece`]; 512 at most.
    ///
    /// Zephyr's buffers have 384 bytes unless they are set up otherwise. They are known once a
    /// [`ParametersRequest`](crate::os::ParametersRequest) was answered.
    ///
    /// ```
    /// use emu_smp::client::{Policy, Session};
    /// use emu_smp::os::ParametersResponse;
    ///
    /// let session = Session::new(Policy::DEFAULT);
    /// assert_eq!(session.file_piece("/lfs1/log.txt"), 512);
    /// let session = session.with_parameters(&ParametersResponse { buffer_size: 384, buffer_count: 4 });
    /// assert!((300..340).contains(&session.file_piece("/lfs1/log.txt")));
    /// ```
    ///
    /// [`FileUpload::with_piece`]: super::FileUpload::with_piece
    #[must_use]
    pub fn file_piece(&self, name: &str) -> usize {
        let frame = usize::from(self.frame.single(self.parameters));
        frame.saturating_sub(FILE_REQUEST).saturating_sub(name.len()).clamp(1, FileUpload::PIECE)
    }

    /// The header of the next request, but for the length; it takes a sequence number.
    pub(super) const fn next_header(&mut self, operation: Operation, command: Command) -> Header {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        let Command { group, number } = command;
        Header { operation, version: self.version, flags: 0, length: 0, group, sequence, command: number }
    }
}

/// What a request to write a piece of a file has besides the piece and the name, at most: the header, a map, `len` and `off` of
/// eight bytes each, and the heads of `data` and `name`.
const FILE_REQUEST: usize = 51;
