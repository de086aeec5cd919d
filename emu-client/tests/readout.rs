//! Read-outs of the simulated meter over real sockets: rows complete, none doubled, in order.

use std::time::Duration;

use emu_client::{LoadProfileEntry, Meter, Policy, ReadoutPlan, Rows};
use emu_simulator::{BodyLength, Simulator};

#[tokio::test]
async fn everything_by_every_framing() {
    for length in [BodyLength::Chunked, BodyLength::Stated, BodyLength::CloseDelimited] {
        let simulator = Simulator::builder().rows(7_000).body_length(length).start().await.unwrap();
        let meter = Meter::new(&simulator.url()).unwrap();
        let mut rows = meter.load_profile(ReadoutPlan::all());
        let mut read = Vec::new();
        while let Some(row) = rows.next().await {
            read.push(row.unwrap());
        }
        assert_eq!(read, simulator.load_profile());
        println!("{length:?} {:?} {:?}", rows.summary(), simulator.requests());
    }
}
