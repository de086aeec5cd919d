//! The console: requests in, answers out.

use emu_smp::os::{BootloaderMode, BootloaderRequest, BootloaderResponse, ParametersResponse, ResetRequest};
use emu_smp::{ConsoleDecoder, ConsoleEncoder, Firmware, GroupError, ImageSlots, Os, Refusal, Server, Slot};

use super::slots::Slots;

/// What the server is told and may do.
#[derive(Debug)]
pub struct Device<'a> {
    slots: Slots<'a>,
    machine: &'static str,
    resets: bool,
}

impl<'a> Device<'a> {
    /// Makes a device of its slots; `machine` is its name, for those who ask.
    #[must_use]
    pub const fn new(slots: Slots<'a>, machine: &'static str) -> Self {
        Self { slots, machine, resets: false }
    }

    /// Returns whether a reset was asked for. It is due when the answers are sent.
    #[must_use]
    pub const fn resets(&self) -> bool {
        self.resets
    }
}

impl Firmware for Device<'_> {
    fn images(&mut self) -> impl ImageSlots {
        self
    }

    fn os(&mut self) -> impl Os {
        self
    }
}

impl ImageSlots for Device<'_> {
    fn slot(&mut self, number: u32) -> Option<Slot> {
        (number < 2).then(|| Slot { size: Slots::SIZE, image: self.slots.image(number as usize) })
    }

    fn erase(&mut self, number: u32) -> Result<(), Refusal<'static>> {
        self.slots.erase(number as usize);
        Ok(())
    }

    fn write(&mut self, number: u32, offset: u32, data: &[u8], is_last: bool) -> Result<(), Refusal<'static>> {
        self.slots.write(number as usize, offset, data, is_last)
    }

    fn start_next(&mut self, _: u32, is_permanent: bool) -> Result<(), Refusal<'static>> {
        self.slots.mark(is_permanent);
        Ok(())
    }

    fn confirm(&mut self) -> Result<(), Refusal<'static>> {
        self.slots.confirm();
        Ok(())
    }

    fn holds(&mut self, number: u32, length: u32, sha: &[u8; 32]) -> Option<bool> {
        Some(self.slots.holds(number as usize, length, sha))
    }
}

impl Os for Device<'_> {
    fn reset(&mut self, _: ResetRequest) -> Result<(), Refusal<'static>> {
        self.resets = true;
        Ok(())
    }

    fn parameters(&mut self) -> Option<ParametersResponse> {
        Some(ParametersResponse { buffer_size: SmpPort::BUFFER_SIZE as u32, buffer_count: 1 })
    }

    fn info(&mut self, letter: char) -> Option<&str> {
        match letter {
            's' => Some("emu"),
            'n' => Some("meter-module"),
            'r' | 'v' => Some(env!("CARGO_PKG_VERSION")),
            'm' => Some(self.machine),
            _ => None,
        }
    }

    fn bootloader(&mut self, query: Option<&str>) -> Result<BootloaderResponse<'_>, Refusal<'static>> {
        let none = BootloaderResponse { bootloader: None, mode: None, no_downgrade: None };
        match query {
            None => Ok(BootloaderResponse { bootloader: Some("MCUboot"), ..none }),
            Some(BootloaderRequest::MODE) => {
                Ok(BootloaderResponse { mode: Some(BootloaderMode::SWAP_WITHOUT_SCRATCH), ..none })
            }
            Some(_) => Err(GroupError::OS_QUERY_YIELDS_NO_ANSWER.into()),
        }
    }
}

/// An SMP server on a serial console.
#[derive(Debug, Clone)]
pub struct SmpPort {
    decoder: ConsoleDecoder<{ Self::FRAME }>,
    server: Server,
    answer: [u8; Self::FRAME],
}

impl SmpPort {
    /// What clients are told: a frame with its length and its checksum.
    pub const BUFFER_SIZE: usize = 1024;

    /// How many bytes the lines of an answer have at most.
    pub const LINES: usize = ConsoleEncoder::encoded_length(Self::FRAME);

    /// How many bytes a frame has at most.
    const FRAME: usize = Self::BUFFER_SIZE - 4;

    /// Makes a port that waits for a request.
    #[must_use]
    pub const fn new() -> Self {
        Self { decoder: ConsoleDecoder::new(), server: Server::new(), answer: [0; Self::FRAME] }
    }

    /// Takes bytes up to the end of the next frame, and returns the lines of its answer; `None` when all have been taken.
    ///
    /// A frame may hold several requests. `lines`, of [`Self::LINES`] bytes, has room for any one answer; those behind it
    /// that find no room are lost, and asked for again.
    pub fn answer<'b>(&mut self, device: &mut Device<'_>, bytes: &mut &[u8], lines: &'b mut [u8]) -> Option<&'b [u8]> {
        let mut frame = self.decoder.decode(bytes)?;
        let mut length = 0;
        while let Some(answer) = self.server.answer(device, &mut frame, &mut self.answer) {
            let Ok(written) = ConsoleEncoder::encode(answer, lines.get_mut(length..)?) else { break };
            length += written.len();
        }
        lines.get(..length)
    }
}

impl Default for SmpPort {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use emu_smp::os::{EchoRequest, InfoRequest, ParametersRequest};
    use emu_smp::{Header, Request, Version, decode_response, encode_request};
    use std::string::ToString;
    use std::vec;
    use std::vec::Vec;

    /// What a request is answered, byte by byte over the console.
    fn ask<R: Request>(port: &mut SmpPort, device: &mut Device<'_>, request: &R) -> Vec<u8> {
        let mut frame = [0; 256];
        let length = encode_request(request, Version::V1, 1, &mut frame).unwrap();
        let mut said = Vec::new();
        for byte in ConsoleEncoder::new(&frame[..length]).unwrap() {
            let mut lines = [0; SmpPort::LINES];
            said.extend_from_slice(port.answer(device, &mut &[byte][..], &mut lines).unwrap_or_default());
        }
        let mut decoder = ConsoleDecoder::<512>::new();
        Header::split(decoder.decode(&mut &said[..]).unwrap()).unwrap().1.to_vec()
    }

    #[test]
    fn answers_on_a_console() {
        let mut memory = vec![0; Slots::MEMORY];
        let mut device = Device::new(Slots::boot(&mut memory).unwrap().0, "host");
        let mut port = SmpPort::new();
        let body = ask(&mut port, &mut device, &EchoRequest { text: "hi" });
        assert_eq!(decode_response::<EchoRequest<'_>>(&body).unwrap().unwrap().text, "hi");
        let body = ask(&mut port, &mut device, &ParametersRequest);
        assert_eq!(decode_response::<ParametersRequest>(&body).unwrap().unwrap().buffer_size, 1024);
        let body = ask(&mut port, &mut device, &InfoRequest { format: Some("nm") });
        let said = decode_response::<InfoRequest<'_>>(&body).unwrap().unwrap().output.to_string();
        assert_eq!(said, "meter-module host");
        assert!(!device.resets());
        ask(&mut port, &mut device, &ResetRequest { force: None, boot_mode: None });
        assert!(device.resets());
    }

    #[test]
    fn several_requests_in_a_frame() {
        let mut memory = vec![0; Slots::MEMORY];
        let mut device = Device::new(Slots::boot(&mut memory).unwrap().0, "host");
        let mut frame = [0; 64];
        let length = encode_request(&EchoRequest { text: "hi" }, Version::V1, 1, &mut frame).unwrap();
        let twice = frame[..length].repeat(2);
        let sent: Vec<u8> = ConsoleEncoder::new(&twice).unwrap().collect();
        let (mut port, mut lines) = (SmpPort::new(), [0; SmpPort::LINES]);
        let mut rest = port.answer(&mut device, &mut &sent[..], &mut lines).unwrap();
        let mut decoder = ConsoleDecoder::<64>::new();
        assert!(decoder.decode(&mut rest).is_some() && decoder.decode(&mut rest).is_some());
        assert!(rest.is_empty());
    }
}
