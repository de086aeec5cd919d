//! How long to wait, and how often to try.

use core::time::Duration;

/// Every wait and every bound of the machines, in one place. A wait of more than 12 days counts as one of 12 days.
///
/// ```
/// use core::time::Duration;
/// use emu_smp::client::Policy;
///
/// // A meter on a slow radio link.
/// let policy = Policy { first_timeout: Duration::from_secs(4), ..Policy::DEFAULT };
/// assert_eq!(policy.reset_wait, Duration::from_secs(120));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Policy {
    /// How long the first answer of all is waited for, before a round trip was measured; and how long at least that of a
    /// request which writes, during which the device may be busy: the pieces of an image, but for the first, are none.
    pub first_timeout: Duration,
    /// The shortest time that an answer is waited for, however fast the device answers.
    pub min_timeout: Duration,
    /// The longest time that an answer is waited for before the request is sent again.
    pub max_timeout: Duration,
    /// How often in a row an upload may come no further although the device answers, and how often a device is asked to reset
    /// that does not, before it is given up. How often a request is sent is a matter of time alone.
    pub tries: u8,
    /// How long a device may be silent before it is given up, or busy, however often it was asked.
    pub give_up: Duration,
    /// The same while it may be erasing, if that is longer: after a request to erase, and after the first piece of an upload. A
    /// device that has not answered anything yet is given up after [`give_up`](Self::give_up) there, too.
    pub erase_wait: Duration,
    /// How long a device is left alone after a reset. The manual asks for at least 120 s. However short it is, a device that goes
    /// on as before is not asked for another reset for 10 s.
    pub reset_wait: Duration,
    /// How long a device may stay away after that, before it is given up.
    pub return_wait: Duration,
    /// How often a device is asked whether it is back.
    pub poll_interval: Duration,
    /// How long after a reset to ask for the first time; [`reset_wait`](Self::reset_wait) without it. A device that answers
    /// sooner is gone on with sooner.
    pub early_poll: Option<Duration>,
}

impl Policy {
    /// What the manual asks for, and for the rest what suits a local network and a mobile one alike.
    pub const DEFAULT: Self = Self {
        first_timeout: Duration::from_secs(1),
        min_timeout: Duration::from_millis(100),
        max_timeout: Duration::from_secs(8),
        tries: 12,
        give_up: Duration::from_secs(30),
        erase_wait: Duration::from_secs(90),
        reset_wait: Duration::from_secs(120),
        return_wait: Duration::from_secs(480),
        poll_interval: Duration::from_secs(5),
        early_poll: None,
    };

    /// For a serial line, such as a console of 115,200 baud: [`DEFAULT`](Self::DEFAULT), and more time for each answer.
    ///
    /// A frame of 640 bytes takes 76 ms there, and 0.9 s at 9,600 baud; a shell on the same line may print something first; and
    /// a boot loader answers between two writes to its flash. Lines lose little, so that a request which is sent again while
    /// the device is only slow costs more than it saves: it waits in the device's buffer, in the way of the next.
    ///
    /// ```
    /// use emu_smp::client::Policy;
    ///
    /// assert!(Policy::SERIAL.min_timeout > Policy::DEFAULT.min_timeout);
    /// assert_eq!(Policy::SERIAL.reset_wait, Policy::DEFAULT.reset_wait);
    /// ```
    pub const SERIAL: Self =
        Self { first_timeout: Duration::from_secs(2), min_timeout: Duration::from_millis(500), ..Self::DEFAULT };
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}
