//! The status of a load-profile entry: bits that say what happened since the entry before.
//!
//! Source: manual, "Definition of the Status-Codes".

use core::fmt;

/// The status code of a load-profile entry; no bit set means "No Change".
///
/// The manual defines eight bits. Bits above them are kept as they came.
///
/// ```
/// use emu_proto::Status;
///
/// let status = Status::from_bits_retain(0x121);
/// assert!(status.contains(Status::TIME_CHANGED | Status::POWER_FAILURE));
/// assert_eq!(status.unknown_bits(), 0x100);
/// assert_eq!(status.to_string(), "Time changed, Power Failure, unknown bits 0x100");
/// assert_eq!(Status::empty().to_string(), "No Change");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Status(u32);

bitflags::bitflags! {
    impl Status: u32 {
        /// The clock was set.
        const TIME_CHANGED = 0x01;
        /// The current transformer ratio was changed; the logbook holds both values.
        const CT_RATIO_CHANGED = 0x02;
        /// The voltage transformer ratio was changed; the logbook holds both values.
        const VT_RATIO_CHANGED = 0x04;
        /// The length of the S0 pulse was changed.
        const PULSE_LENGTH_CHANGED = 0x08;
        /// The value of the S0 pulse was changed.
        const PULSE_RATIO_CHANGED = 0x10;
        /// The meter was without power.
        const POWER_FAILURE = 0x20;
        /// The clock was not synchronised.
        const NO_TIME_SYNCHRONIZATION = 0x40;
        /// The logbook is full, in the manual's words; what the meter does with further changes is not known.
        const LOGBOOK_FULL = 0x80;

        // Whatever else a meter sets is data.
        const _ = !0;
    }
}

impl Status {
    /// The manual's bits with the manual's descriptions, lowest bit first.
    pub const DESCRIPTIONS: &'static [(Self, &'static str)] = &[
        (Self::TIME_CHANGED, "Time changed"),
        (Self::CT_RATIO_CHANGED, "Current transformer ratio changed"),
        (Self::VT_RATIO_CHANGED, "Voltage transformer ratio changed"),
        (Self::PULSE_LENGTH_CHANGED, "Impulse length changed"),
        (Self::PULSE_RATIO_CHANGED, "Impulse ratio changed"),
        (Self::POWER_FAILURE, "Power Failure"),
        (Self::NO_TIME_SYNCHRONIZATION, "No time synchronization occurred"),
        (Self::LOGBOOK_FULL, "Logbook is full"),
    ];

    /// Returns the set bits that the manual does not define.
    #[must_use]
    pub const fn unknown_bits(self) -> u32 {
        self.bits() & !0xff
    }

    /// Returns the manual's descriptions of the set bits, lowest bit first.
    pub fn descriptions(self) -> impl Iterator<Item = &'static str> {
        Self::DESCRIPTIONS.iter().filter(move |(bit, _)| self.contains(*bit)).map(|(_, text)| *text)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("No Change");
        }
        let mut separator = "";
        for description in self.descriptions() {
            write!(f, "{separator}{description}")?;
            separator = ", ";
        }
        match self.unknown_bits() {
            0 => Ok(()),
            bits => write!(f, "{separator}unknown bits {bits:#x}"),
        }
    }
}
