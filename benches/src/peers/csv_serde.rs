//! The `csv` crate with serde: a struct whose fields name the header's columns, as its documentation shows it.

use chrono::{DateTime, Utc};
use csv::ReaderBuilder;
use emu_proto::{
    DeciHertz, DeciVolts, LoadProfileEntry, MilliAmperes, PowerFactor, SerialNumber, Status, VarHours, WattHours, Watts,
};
use serde::Deserialize;

/// Reads a body.
pub fn read(body: &[u8], sink: &mut (impl FnMut(&LoadProfileEntry) + ?Sized)) {
    let mut reader = ReaderBuilder::new().delimiter(b';').from_reader(body);
    for row in reader.deserialize::<Row>() {
        sink(&row.expect("a good row").into());
    }
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Timestamp")]
    timestamp: DateTime<Utc>,
    #[serde(rename = "Index")]
    index: u32,
    #[serde(rename = "Status")]
    status: u32,
    #[serde(rename = "Serial")]
    serial_number: u32,
    #[serde(rename = "Active Energy Import L123 T1 [Wh]")]
    active_energy_import_l123_t1: i64,
    #[serde(rename = "Active Energy Import L123 T2 [Wh]")]
    active_energy_import_l123_t2: i64,
    #[serde(rename = "Active Energy Export L123 T1 [Wh]")]
    active_energy_export_l123_t1: i64,
    #[serde(rename = "Active Energy Export L123 T2 [Wh]")]
    active_energy_export_l123_t2: i64,
    #[serde(rename = "Reactive Energy Import L123 T1 [varh]")]
    reactive_energy_import_l123_t1: i64,
    #[serde(rename = "Reactive Energy Import L123 T2 [varh]")]
    reactive_energy_import_l123_t2: i64,
    #[serde(rename = "Reactive Energy Export L123 T1 [varh]")]
    reactive_energy_export_l123_t1: i64,
    #[serde(rename = "Reactive Energy Export L123 T2 [varh]")]
    reactive_energy_export_l123_t2: i64,
    #[serde(rename = "Active Power L123 [W]")]
    active_power_l123: i32,
    #[serde(rename = "Active Power L1 [W]")]
    active_power_l1: i32,
    #[serde(rename = "Active Power L2 [W]")]
    active_power_l2: i32,
    #[serde(rename = "Active Power L3 [W]")]
    active_power_l3: i32,
    #[serde(rename = "Current L123 [mA]")]
    current_l123: i32,
    #[serde(rename = "Current L1 [mA]")]
    current_l1: i32,
    #[serde(rename = "Current L2 [mA]")]
    current_l2: i32,
    #[serde(rename = "Current L3 [mA]")]
    current_l3: i32,
    #[serde(rename = "Current N [mA]")]
    current_n: i32,
    #[serde(rename = "Voltage L1-N [1/10 V]")]
    voltage_l1_n: i32,
    #[serde(rename = "Voltage L2-N [1/10 V]")]
    voltage_l2_n: i32,
    #[serde(rename = "Voltage L3-N [1/10 V]")]
    voltage_l3_n: i32,
    #[serde(rename = "Powerfactor L1 [1/100]")]
    power_factor_l1: i8,
    #[serde(rename = "Powerfactor L2 [1/100]")]
    power_factor_l2: i8,
    #[serde(rename = "Powerfactor L3 [1/100]")]
    power_factor_l3: i8,
    #[serde(rename = "Frequency [1/10 Hz]")]
    frequency: i16,
}

impl From<Row> for LoadProfileEntry {
    fn from(row: Row) -> Self {
        Self {
            timestamp: row.timestamp,
            index: row.index,
            status: Status::from_bits_retain(row.status),
            serial_number: SerialNumber::new(row.serial_number).expect("eight digits"),
            active_energy_import_l123_t1: WattHours(row.active_energy_import_l123_t1),
            active_energy_import_l123_t2: WattHours(row.active_energy_import_l123_t2),
            active_energy_export_l123_t1: WattHours(row.active_energy_export_l123_t1),
            active_energy_export_l123_t2: WattHours(row.active_energy_export_l123_t2),
            reactive_energy_import_l123_t1: VarHours(row.reactive_energy_import_l123_t1),
            reactive_energy_import_l123_t2: VarHours(row.reactive_energy_import_l123_t2),
            reactive_energy_export_l123_t1: VarHours(row.reactive_energy_export_l123_t1),
            reactive_energy_export_l123_t2: VarHours(row.reactive_energy_export_l123_t2),
            active_power_l123: Watts(row.active_power_l123),
            active_power_l1: Watts(row.active_power_l1),
            active_power_l2: Watts(row.active_power_l2),
            active_power_l3: Watts(row.active_power_l3),
            current_l123: MilliAmperes(row.current_l123),
            current_l1: MilliAmperes(row.current_l1),
            current_l2: MilliAmperes(row.current_l2),
            current_l3: MilliAmperes(row.current_l3),
            current_n: MilliAmperes(row.current_n),
            voltage_l1_n: DeciVolts(row.voltage_l1_n),
            voltage_l2_n: DeciVolts(row.voltage_l2_n),
            voltage_l3_n: DeciVolts(row.voltage_l3_n),
            power_factor_l1: PowerFactor(row.power_factor_l1),
            power_factor_l2: PowerFactor(row.power_factor_l2),
            power_factor_l3: PowerFactor(row.power_factor_l3),
            frequency: DeciHertz(row.frequency),
        }
    }
}
