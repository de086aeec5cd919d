//! A server with the OS and image groups.
#![no_std]
#![no_main]

use emu_smp::os::{ParametersResponse, ResetRequest};
use emu_smp::{Firmware, ImageHash, ImageSlots, ImageVersion, Os, Refusal, Server, Slot, SlotImage};
use footprint::keep;

/// Two slots, of which the second takes what is uploaded.
struct Device {
    slots: [Slot; 2],
    resets: bool,
}

impl Firmware for Device {
    fn images(&mut self) -> impl ImageSlots {
        self
    }

    fn os(&mut self) -> impl Os {
        self
    }
}

impl ImageSlots for Device {
    fn slot(&mut self, number: u32) -> Option<Slot> {
        self.slots.get(number as usize).cloned()
    }

    fn erase(&mut self, number: u32) -> Result<(), Refusal<'static>> {
        keep(&number);
        Ok(())
    }

    fn write(&mut self, number: u32, offset: u32, data: &[u8], is_last: bool) -> Result<(), Refusal<'static>> {
        keep(&(number, offset, data, is_last));
        Ok(())
    }

    fn start_next(&mut self, number: u32, is_permanent: bool) -> Result<(), Refusal<'static>> {
        keep(&(number, is_permanent));
        Ok(())
    }

    fn confirm(&mut self) -> Result<(), Refusal<'static>> {
        Ok(())
    }
}

impl Os for Device {
    fn reset(&mut self, request: ResetRequest) -> Result<(), Refusal<'static>> {
        keep(&request);
        self.resets = true;
        Ok(())
    }

    fn parameters(&mut self) -> Option<ParametersResponse> {
        Some(ParametersResponse { buffer_size: 512, buffer_count: 1 })
    }

    fn info(&mut self, letter: char) -> Option<&str> {
        (letter == 's').then_some("module")
    }
}

const VERSION: ImageVersion = ImageVersion { major: 1, minor: 0, revision: 6, build: 0 };
const RUNNING: SlotImage = SlotImage {
    version: VERSION,
    hash: Some(ImageHash::Sha256([7; 32])),
    is_active: true,
    is_confirmed: true,
    pending: None,
};

footprint::program! {
    state: (Server, Device, [u8; 512]) = (
        Server::new(),
        Device {
            slots: [Slot { size: 262_144, image: Some(RUNNING) }, Slot { size: 262_144, image: None }],
            resets: false,
        },
        [0; 512],
    ),
    turn: |(server, device, buffer), datagram| {
        let mut datagram = datagram;
        while let Some(answer) = server.answer(device, &mut datagram, buffer) {
            keep(answer);
        }
    },
    // The list of images, the parameters, an echo, and a piece of an upload.
    input: b"\x08\x00\x00\x01\x00\x01\x01\x00\xa0\
        \x08\x00\x00\x01\x00\x00\x02\x06\xa0\
        \x0a\x00\x00\x06\x00\x00\x03\x00\xa1\x61d\x62hi\
        \x0a\x00\x00\x4a\x00\x01\x04\x01\xa3\x63off\x00\x63len\x19\x10\x00\x64data\x58\x3a\x3d\xb8\xf3\x96\0\0\0\0\x20\0\0\0\0\x10\0\0\
        \0\0\0\0\x01\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    count: 4,
    unit: "frame",
}
