//! The checksum of a frame on a serial console.

/// A CRC-16/XMODEM, byte by byte and without a table: flash is dearer here than time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crc(u16);

impl Crc {
    pub(super) const fn new() -> Self {
        Self(0)
    }

    /// Returns the checksum of some bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        bytes.iter().fold(Self::new(), |crc, byte| crc.push(*byte))
    }

    /// Returns the checksum with one more byte.
    ///
    /// The polynomial is x^16 + x^12 + x^5 + 1: each bit that leaves at the top comes in again at the bits 12, 5 and 0.
    #[must_use]
    pub(super) const fn push(self, byte: u8) -> Self {
        let [high, low] = self.0.to_be_bytes();
        let mut leaving = (high ^ byte) as u16;
        leaving ^= leaving >> 4;
        Self(((low as u16) << 8) ^ (leaving << 12) ^ (leaving << 5) ^ leaving)
    }

    pub(super) const fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// Returns whether the bytes so far ended with their own checksum.
    pub(super) const fn is_right(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The check value of CRC-16/XMODEM, and the checksum of an answer of Zephyr 4.4.0.
    #[test]
    fn known_values() {
        assert_eq!(Crc::of(b"123456789"), Crc(0x31c3));
        assert_eq!(Crc::of(b"\x03\x00\x00\x07\x00\x00\x01\x00\xbfarbhi\xff").to_bytes(), [0x12, 0x5f]);
    }

    proptest! {
        #[test]
        fn with_its_own_checksum_nothing_is_left(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let [high, low] = Crc::of(&bytes).to_bytes();
            prop_assert!(Crc::of(&bytes).push(high).push(low).is_right());
        }

        /// The same as division bit by bit, as the specification has it.
        #[test]
        fn as_specified(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut crc = 0_u16;
            for byte in &bytes {
                crc ^= u16::from(*byte) << 8;
                for _ in 0..8 {
                    crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
                }
            }
            prop_assert_eq!(Crc::of(&bytes), Crc(crc));
        }
    }
}
