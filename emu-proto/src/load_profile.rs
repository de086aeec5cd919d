//! The load profile: one entry every 15 minutes, 28 columns.
//!
//! Source: manual, "Read-Out Data Logger", "CSV-File Structure"; header names as public clients of real meters need them.

use chrono::{DateTime, Utc};

use crate::entry::log_entry;
use crate::request::Log;
use crate::serial::SerialNumber;
use crate::status::Status;
use crate::units::{DeciHertz, DeciVolts, MilliAmperes, PowerFactor, VarHours, WattHours, Watts};

log_entry! {
    /// An entry of the load profile.
    ///
    /// Energies are the states of registers, so the energy of an interval is the difference of two entries. One entry is
    /// logged every 15 minutes; that `timestamp` is the moment at which the registers were read, the end of one interval
    /// and the start of the next, is what the columns suggest and no source says. Whether power, current, voltage, power
    /// factor and frequency are momentary values or means over the interval is not known.
    ///
    /// ```
    /// use emu_proto::{LoadProfileEntry, read_row};
    ///
    /// let row = b"2021-05-20T10:30:00Z;2;2;12345678;0;0;0;0;0;0;0;0;2985;2010;992;0;12982;8682;4300;0;0;\
    ///             2326;2320;2304;99;99;0;500";
    /// let entry: LoadProfileEntry = read_row(row)?;
    /// assert_eq!(entry.active_power_l123.to_string(), "2985 W");
    /// assert_eq!(entry.voltage_l1_n.to_string(), "232.6 V");
    /// # Ok::<(), emu_proto::ReadError>(())
    /// ```
    LoadProfileEntry, Log::LoadProfile, [crate::fast::read_load_profile, crate::fast::read_load_profile_cell],
    timestamp: DateTime<Utc> = Timestamp, "Timestamp", "timestamp", None, [], false,
        "When the entry was logged, by the meter's clock, UTC.";
    index: u32 = Index, "Index", "index", None, [], false,
        "The entry's number in the load profile, a counter of its own.";
    status: Status = Status, "Status", "status", None, [], false,
        "What happened since the entry before, bit-coded.";
    serial_number: SerialNumber = SerialNumber, "Serial", "serial_number", None, ["Serial number"], false,
        "The meter's serial number, eight digits.";
    active_energy_import_l123_t1: WattHours = ActiveEnergy,
        "Active Energy Import L123 T1", "active_energy_import_l123_t1_wh", Some("1-0:1.8.1"), [], false,
        "Active energy import of all phases, tariff 1, in Wh.";
    active_energy_import_l123_t2: WattHours = ActiveEnergy,
        "Active Energy Import L123 T2", "active_energy_import_l123_t2_wh", Some("1-0:1.8.2"), [], false,
        "Active energy import of all phases, tariff 2, in Wh.";
    active_energy_export_l123_t1: WattHours = ActiveEnergy,
        "Active Energy Export L123 T1", "active_energy_export_l123_t1_wh", Some("1-0:2.8.1"), [], false,
        "Active energy export of all phases, tariff 1, in Wh.";
    active_energy_export_l123_t2: WattHours = ActiveEnergy,
        "Active Energy Export L123 T2", "active_energy_export_l123_t2_wh", Some("1-0:2.8.2"), [], false,
        "Active energy export of all phases, tariff 2, in Wh.";
    reactive_energy_import_l123_t1: VarHours = ReactiveEnergy,
        "Reactive Energy Import L123 T1", "reactive_energy_import_l123_t1_varh", Some("1-0:3.8.1"), [], false,
        "Reactive energy import of all phases, tariff 1, in varh.";
    reactive_energy_import_l123_t2: VarHours = ReactiveEnergy,
        "Reactive Energy Import L123 T2", "reactive_energy_import_l123_t2_varh", Some("1-0:3.8.2"), [], false,
        "Reactive energy import of all phases, tariff 2, in varh.";
    reactive_energy_export_l123_t1: VarHours = ReactiveEnergy,
        "Reactive Energy Export L123 T1", "reactive_energy_export_l123_t1_varh", Some("1-0:4.8.1"), [], false,
        "Reactive energy export of all phases, tariff 1, in varh.";
    reactive_energy_export_l123_t2: VarHours = ReactiveEnergy,
        "Reactive Energy Export L123 T2", "reactive_energy_export_l123_t2_varh", Some("1-0:4.8.2"), [], false,
        "Reactive energy export of all phases, tariff 2, in varh.";
    active_power_l123: Watts = ActivePower, "Active Power L123", "active_power_l123_w", None, [], false,
        "Active power of all phases, in W.";
    active_power_l1: Watts = ActivePower, "Active Power L1", "active_power_l1_w", None, [], false,
        "Active power of phase 1, in W.";
    active_power_l2: Watts = ActivePower, "Active Power L2", "active_power_l2_w", None, [], false,
        "Active power of phase 2, in W.";
    active_power_l3: Watts = ActivePower, "Active Power L3", "active_power_l3_w", None, [], false,
        "Active power of phase 3, in W.";
    current_l123: MilliAmperes = Current, "Current L123", "current_l123_ma", None, [], false,
        "Current of all phases, in mA.";
    current_l1: MilliAmperes = Current, "Current L1", "current_l1_ma", None, [], false,
        "Current of phase 1, in mA.";
    current_l2: MilliAmperes = Current, "Current L2", "current_l2_ma", None, [], false,
        "Current of phase 2, in mA.";
    current_l3: MilliAmperes = Current, "Current L3", "current_l3_ma", None, [], false,
        "Current of phase 3, in mA.";
    current_n: MilliAmperes = Current, "Current N", "current_n_ma", None, [], false,
        "Current of the neutral conductor, in mA.";
    voltage_l1_n: DeciVolts = Voltage, "Voltage L1-N", "voltage_l1_n_dv", None, [], false,
        "Voltage of phase 1 to neutral, in 0.1 V.";
    voltage_l2_n: DeciVolts = Voltage, "Voltage L2-N", "voltage_l2_n_dv", None, [], false,
        "Voltage of phase 2 to neutral, in 0.1 V.";
    voltage_l3_n: DeciVolts = Voltage, "Voltage L3-N", "voltage_l3_n_dv", None, [], false,
        "Voltage of phase 3 to neutral, in 0.1 V.";
    power_factor_l1: PowerFactor = PowerFactor, "Powerfactor L1", "power_factor_l1_percent", None, [], false,
        "Power factor of phase 1, in 0.01, from -100 to 100.";
    power_factor_l2: PowerFactor = PowerFactor, "Powerfactor L2", "power_factor_l2_percent", None, [], false,
        "Power factor of phase 2, in 0.01, from -100 to 100.";
    power_factor_l3: PowerFactor = PowerFactor, "Powerfactor L3", "power_factor_l3_percent", None, [], false,
        "Power factor of phase 3, in 0.01, from -100 to 100.";
    frequency: DeciHertz = Frequency, "Frequency", "frequency_dhz", None, [], false,
        "Frequency, in 0.1 Hz.";
}
