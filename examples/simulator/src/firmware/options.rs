//! What the update server of the simulated meter is like.

use std::time::Duration;

use emu_smp::ImageVersion;

use super::image_file::TestImage;
use super::line::SerialLine;
use super::link::Link;
use super::quirks::SmpQuirks;

/// The meter's "Allow Online-Updates": a server for firmware updates (SMP) on UDP, and on a serial line if wanted. All of it can
/// be chosen.
///
/// Unless told otherwise: on any free port, running 1.0.6, with the other slot empty, quick and without faults.
///
/// ```
/// use std::time::Duration;
///
/// use emu_simulator::{OnlineUpdates, Simulator};
///
/// let updates = OnlineUpdates { erase_time: Duration::from_secs(2), ..OnlineUpdates::default() };
/// let simulator = Simulator::builder().rows(96).online_updates(updates).start_blocking()?;
/// println!("mcumgr --conntype udp --connstring={} image list", simulator.smp_addr().unwrap());
/// assert_eq!(simulator.firmware_version().to_string(), "1.0.6");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct OnlineUpdates {
    /// The port; 0 is any free one.
    pub port: u16,
    /// A serial line on which the server is as well.
    pub serial: Option<SerialLine>,
    /// The version of the image that runs, confirmed, in slot 0.
    pub running: ImageVersion,
    /// The image in slot 1, if it holds one: a file as it would be uploaded.
    pub other: Option<Vec<u8>>,
    /// The size of each slot in bytes.
    pub slot_size: u32,
    /// How long it takes to erase a slot; requests that come meanwhile wait in the buffers.
    pub erase_time: Duration,
    /// How long it takes to write 1024 bytes.
    pub write_time: Duration,
    /// How long after a reset was answered the meter goes away.
    pub reset_delay: Duration,
    /// How long it stays away at a restart.
    pub restart_time: Duration,
    /// How large frames may be, as the meter tells.
    pub buffer_size: u32,
    /// How many requests may be in the meter at once, as it tells. More are dropped.
    pub buffer_count: u32,
    /// Whether requests that find no buffer are answered with rc 2; else there is no answer.
    pub answers_when_full: bool,
    /// The largest datagram that arrives; larger ones get no answer. Real servers tell a `buffer_size` that is more. On a serial
    /// line it is the buffer, less 4 bytes, which takes a frame or does not.
    pub largest_datagram: usize,
    /// Whether of a larger datagram the beginning arrives, which is answered with rc 9; else there is no answer.
    pub cuts_large_datagrams: bool,
    /// The line to the meter.
    pub link: Link,
    /// Restarts of themselves, as by a power failure: after so many datagrams, counted since the one before.
    pub restarts: Vec<u64>,
    /// Whether datagrams are taken and never answered.
    pub is_silent: bool,
    /// Whether it has more groups than those of updates: statistics, settings, files, a shell, and so on. The real meter is not
    /// known to have them.
    pub has_all_groups: bool,
    /// Where it does as one firmware or another does.
    pub quirks: SmpQuirks,
}

impl OnlineUpdates {
    /// The port of the real meter.
    pub const PORT: u16 = 1337;

    /// The version that runs unless told otherwise: the first that can be updated.
    pub const RUNNING: ImageVersion = ImageVersion { major: 1, minor: 0, revision: 6, build: 0 };

    /// Returns the file of the image that runs.
    pub(crate) fn running_image(&self) -> Vec<u8> {
        TestImage::new(self.running).to_bytes()
    }
}

impl Default for OnlineUpdates {
    fn default() -> Self {
        Self {
            port: 0,
            serial: None,
            running: Self::RUNNING,
            other: None,
            slot_size: 512 * 1024,
            erase_time: Duration::ZERO,
            write_time: Duration::ZERO,
            reset_delay: Duration::from_millis(200),
            restart_time: Duration::from_millis(500),
            buffer_size: 2_048,
            buffer_count: 4,
            answers_when_full: false,
            largest_datagram: 1_500,
            cuts_large_datagrams: false,
            link: Link::default(),
            restarts: Vec::new(),
            is_silent: false,
            has_all_groups: false,
            quirks: SmpQuirks::default(),
        }
    }
}
