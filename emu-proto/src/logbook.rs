//! The logbook of changes that matter to calibration: 21 columns.
//!
//! Source: manual, "Read-Out Logbook", "CSV-File Structure". The header names on the wire are not known: those written
//! here follow the manner of the data logger, the manual's own wording is known as an alias, and a reader that meets other
//! names goes by position.

use chrono::{DateTime, Utc};

use crate::entry::log_entry;
use crate::request::Log;
use crate::serial::SerialNumber;
use crate::units::{Milliseconds, PulsesPerKilowattHour, WattHours};

log_entry! {
    /// An entry of the logbook: one change, with the registers' states and the settings after and before it.
    ///
    /// A value "pre change" is `None` where the cell is empty, `-` or 0, and so is the time after the change: which of
    /// these the meter prints is not known. What is `Some(0)` is written as 0 and read back as `None`.
    ///
    /// ```
    /// use emu_proto::{LogbookEntry, read_row};
    ///
    /// let row = b"2021-05-20T10:30:00Z;;1;12345678;100;0;0;0;7;100;5;5;5;100;;100;;1000;;120;";
    /// let entry: LogbookEntry = read_row(row)?;
    /// assert_eq!((entry.ct_primary, entry.ct_primary_before), (100, Some(5)));
    /// assert_eq!(entry.timestamp_after, None);
    /// # Ok::<(), emu_proto::ReadError>(())
    /// ```
    LogbookEntry, Log::Logbook,
    timestamp: DateTime<Utc> = Timestamp, "Timestamp", "timestamp", None, [], false,
        "When the change was made, UTC; for a change of the time presumably the time before it.";
    timestamp_after: Option<DateTime<Utc>> = Timestamp,
        "Timestamp after change", "timestamp_after", None, [], true,
        "\"Timestamp after change\" in the manual: presumably the new time, where the clock was set.";
    index: u32 = Index, "Index", "index", None, [], false,
        "The entry's number in the logbook.";
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
    load_profile_index: u32 = Index,
        "Load profile index", "load_profile_index", None, ["Index of corresponding load profile entry"], false,
        "The index of the load-profile entry that the change belongs to.";
    ct_primary: u32 = TransformerSetting,
        "CT primary", "ct_primary", None, ["CT setting primary actual"], false,
        "Primary setting of the current transformer.";
    ct_primary_before: Option<u32> = TransformerSetting,
        "CT primary pre change", "ct_primary_before", None, ["CT setting primary pre change(if)"], true,
        "Primary setting of the current transformer before the change.";
    ct_secondary: u32 = TransformerSetting,
        "CT secondary", "ct_secondary", None, ["CT setting secondary actual"], false,
        "Secondary setting of the current transformer.";
    ct_secondary_before: Option<u32> = TransformerSetting,
        "CT secondary pre change", "ct_secondary_before", None, ["CT setting secondary pre change(if)"], true,
        "Secondary setting of the current transformer before the change.";
    vt_primary: u32 = TransformerSetting,
        "VT primary", "vt_primary", None, ["VT setting primary actual"], false,
        "Primary setting of the voltage transformer.";
    vt_primary_before: Option<u32> = TransformerSetting,
        "VT primary pre change", "vt_primary_before", None, ["VT setting primary pre change(if)"], true,
        "Primary setting of the voltage transformer before the change.";
    vt_secondary: u32 = TransformerSetting,
        "VT secondary", "vt_secondary", None, ["VT setting secondary actual"], false,
        "Secondary setting of the voltage transformer.";
    vt_secondary_before: Option<u32> = TransformerSetting,
        "VT secondary pre change", "vt_secondary_before", None, ["VT setting secondary pre change(if)"], true,
        "Secondary setting of the voltage transformer before the change.";
    s0_pulse_value: PulsesPerKilowattHour = PulseValue,
        "S0 pulse value", "s0_pulse_value_per_kwh", None, ["S0 pulse value actual"], false,
        "Pulse value of the S0 output, in P/kWh.";
    s0_pulse_value_before: Option<PulsesPerKilowattHour> = PulseValue,
        "S0 pulse value pre change", "s0_pulse_value_before_per_kwh", None, ["S0 pulse value pre change(if)"], true,
        "Pulse value of the S0 output before the change, in P/kWh.";
    s0_pulse_width: Milliseconds = PulseWidth,
        "S0 pulse width", "s0_pulse_width_ms", None, ["S0 pulse width actual"], false,
        "Pulse width of the S0 output, in ms.";
    s0_pulse_width_before: Option<Milliseconds> = PulseWidth,
        "S0 pulse width pre change", "s0_pulse_width_before_ms", None, ["S0 pulse width pre change(if)"], true,
        "Pulse width of the S0 output before the change, in ms.";
}
