//! `emu firmware info`: what a meter tells of itself.

use emu_client::emu_smp::client::Failure as Asked;
use emu_client::emu_smp::image::SlotInfoRequest;
use emu_client::emu_smp::os::{BootloaderRequest, InfoRequest, ParametersRequest};
use emu_client::smp::Error;
use serde::Serialize;
use serde_json::{Map, Value};

use super::firmware;
use crate::exit::{Exit, Failure};
use crate::smp::args::SmpArgs;
use crate::smp::{json, plain, print};

/// What is asked one after the other. What a meter does not know is left out, and said to be.
pub(super) async fn run(args: &SmpArgs) -> Result<Exit, Failure> {
    let mut firmware = firmware(args)?;
    let images = firmware.list().await?;
    let mut told = Told { text: images.to_string(), values: Map::new() };
    told.values.insert("images".to_owned(), serde_json::to_value(&images.images).unwrap_or_default());

    let smp = firmware.smp();
    let answer = smp.request(ParametersRequest, |found| {
        (format!("{} of {} bytes", found.buffer_count, found.buffer_size), value(&found))
    });
    told.add("buffers", answer.await)?;
    let answer = smp.request(SlotInfoRequest, |found| {
        let sizes = found.images.iter().flat_map(|image| image.slots).map(|slot| format!("{} bytes", slot.size));
        (sizes.collect::<Vec<_>>().join(", "), value(&found))
    });
    told.add("slots", answer.await)?;
    let request = InfoRequest { format: Some(InfoRequest::ALL) };
    told.add("operating system", smp.request(request, |found| (plain(found.output), value(&found))).await)?;
    let answer = smp.request(BootloaderRequest { query: None }, |found| {
        (plain(found.bootloader.unwrap_or("unknown")), value(&found))
    });
    told.add("boot loader", answer.await)?;
    if let Some(round_trip) = smp.session().round_trip() {
        told.text += &format!("round trip: {} ms\n", round_trip.as_millis());
    }
    if let Some(losses) = smp.losses() {
        let (damaged, others) = (losses.total(), losses.skipped_bytes);
        told.text += &format!("serial line: {damaged} damaged frames, {others} bytes of other things\n");
        told.values.insert("serial_line".to_owned(), value(&losses));
    }
    print(&if args.options.json { json(&told.values)? } else { told.text })
}

/// What was told so far.
struct Told {
    text: String,
    values: Map<String, Value>,
}

impl Told {
    fn add(&mut self, what: &str, answer: Result<(String, Value), Error>) -> Result<(), Failure> {
        match answer {
            Ok((text, value)) => {
                self.text += &format!("{what}: {text}\n");
                self.values.insert(what.replace(' ', "_"), value);
            }
            // Older firmware does not know every command, and says so, or nothing.
            Err(error) if matches!(error.kind().failure(), Some(Asked::Refused { .. } | Asked::NoAnswer { .. })) => {
                self.text += &format!("{what}: not told by this meter\n");
                self.values.insert(what.replace(' ', "_"), Value::Null);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

fn value(found: &impl Serialize) -> Value {
    serde_json::to_value(found).unwrap_or_default()
}
