//! Measured quantities as integers that carry their scale.
//!
//! Each type holds the integer that the meter prints; its scale is part of the type, so that a voltage of `2326` can not
//! be taken for 2326 V. [`Display`](core::fmt::Display) writes the value with its unit, by integer arithmetic alone.
//!
//! Source: manual (Doc.Ref 1475, V1.6), "CSV-File Structure" of the data logger and of the logbook: units and resolutions.

use core::fmt;

use crate::print::write_integer;

/// Defines one integer newtype: its storage, the number of decimals that the integer holds, and its unit.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident($int:ty), $decimals:literal, $unit:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub struct $name(pub $int);

        impl $name {
            /// How many of the integer's last digits stand behind the decimal point.
            pub const DECIMALS: u8 = $decimals;

            /// The unit that [`Display`](core::fmt::Display) prints; empty for a plain number.
            pub const UNIT: &'static str = $unit;

            /// Returns the integer as the meter prints it.
            #[must_use]
            pub const fn get(self) -> $int {
                self.0
            }
        }

        impl From<$int> for $name {
            fn from(value: $int) -> Self {
                Self(value)
            }
        }

        impl From<$name> for $int {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_integer(f, i64::from(self.0), $decimals + 1, $decimals)?;
                if $unit.is_empty() { Ok(()) } else { f.write_str(concat!(" ", $unit)) }
            }
        }
    };
}

quantity! {
    /// Active energy in watt-hours: the state of a register, never a difference.
    ///
    /// Signed, since older meters of the family print export registers as negative numbers. Any `i64` is read.
    ///
    /// ```
    /// # use emu_proto::WattHours;
    /// assert_eq!(WattHours(12_345).to_string(), "12345 Wh");
    /// assert_eq!(WattHours(500).checked_sub(WattHours(300)), Some(WattHours(200)));
    /// ```
    WattHours(i64), 0, "Wh"
}
quantity! {
    /// Reactive energy in volt-ampere-reactive-hours: the state of a register.
    ///
    /// Signed as [`WattHours`] is. Any `i64` is read.
    ///
    /// ```
    /// # use emu_proto::VarHours;
    /// assert_eq!(VarHours(7).to_string(), "7 varh");
    /// ```
    VarHours(i64), 0, "varh"
}
quantity! {
    /// Active power in watts; negative while energy is exported. Any `i32` is read.
    ///
    /// ```
    /// # use emu_proto::Watts;
    /// assert_eq!(Watts(-2985).to_string(), "-2985 W");
    /// ```
    Watts(i32), 0, "W"
}
quantity! {
    /// Current in milliamperes; may be negative in this family of meters. Any `i32` is read.
    ///
    /// ```
    /// # use emu_proto::MilliAmperes;
    /// assert_eq!(MilliAmperes(8682).to_string(), "8682 mA");
    /// ```
    MilliAmperes(i32), 0, "mA"
}
quantity! {
    /// Voltage in tenths of a volt, positive. Any `i32` is read, as is the device's type.
    ///
    /// ```
    /// # use emu_proto::DeciVolts;
    /// assert_eq!(DeciVolts(2326).to_string(), "232.6 V");
    /// ```
    DeciVolts(i32), 1, "V"
}
quantity! {
    /// Power factor in hundredths, -100 to 100; negative values are seen in this family of meters.
    ///
    /// The type holds more, as the device's does, and nothing else is read: a row made with another value can be written, and
    /// is an error when it is read back. [`Quantity::range`](crate::Quantity::range) says what can be.
    ///
    /// ```
    /// # use emu_proto::PowerFactor;
    /// assert_eq!(PowerFactor(-79).to_string(), "-0.79");
    /// ```
    PowerFactor(i8), 2, ""
}
quantity! {
    /// Frequency in tenths of a hertz, positive. Any `i16` is read, as is the device's type.
    ///
    /// ```
    /// # use emu_proto::DeciHertz;
    /// assert_eq!(DeciHertz(500).to_string(), "50.0 Hz");
    /// ```
    DeciHertz(i16), 1, "Hz"
}
quantity! {
    /// Pulse value of the S0 output in pulses per kilowatt-hour.
    ///
    /// ```
    /// # use emu_proto::PulsesPerKilowattHour;
    /// assert_eq!(PulsesPerKilowattHour(1000).to_string(), "1000 P/kWh");
    /// ```
    PulsesPerKilowattHour(u32), 0, "P/kWh"
}
quantity! {
    /// Pulse width of the S0 output in milliseconds.
    ///
    /// ```
    /// # use emu_proto::Milliseconds;
    /// assert_eq!(Milliseconds(120).to_string(), "120 ms");
    /// ```
    Milliseconds(u32), 0, "ms"
}

/// Sums and differences of register states; `None` where the result does not fit.
macro_rules! register_arithmetic {
    ($($name:ident),*) => {$(
        impl $name {
            /// Returns `self - other`, or `None` where the result does not fit.
            #[must_use]
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }

            /// Returns `self + other`, or `None` where the result does not fit.
            #[must_use]
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }
        }
    )*};
}

register_arithmetic!(WattHours, VarHours);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn small_negative_values_keep_their_sign_and_zeros() {
        assert_eq!(PowerFactor(-5).to_string(), "-0.05");
        assert_eq!(DeciVolts(-3).to_string(), "-0.3 V");
        assert_eq!(DeciHertz(i16::MIN).to_string(), "-3276.8 Hz");
        assert_eq!(WattHours(i64::MIN).to_string(), "-9223372036854775808 Wh");
    }

    #[test]
    fn register_arithmetic_never_wraps() {
        assert_eq!(WattHours(i64::MAX).checked_add(WattHours(1)), None);
        assert_eq!(VarHours(i64::MIN).checked_sub(VarHours(1)), None);
        assert_eq!(VarHours(3).checked_sub(VarHours(5)), Some(VarHours(-2)));
    }
}
