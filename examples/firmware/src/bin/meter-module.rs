//! The communication module of a small meter, which answers on two serial lines until it is reset.
//!
//! ```text
//! line 0   SMP on a console: echo, names, list of images, upload, test, confirm, reset
//! line 1   the meter's logs: a request line such as `/data/?last=96` is answered with CSV
//! ```
//!
//! On a machine with one line there are no logs. `examples/firmware/README.md` shows how to talk to it.
#![no_std]
#![no_main]

use embedded_io::Write;
use emu_firmware::board::{self, Board, entry};
use emu_firmware::module::{Device, LogPort, Meter, Slots, SmpPort};

#[entry]
fn main() -> ! {
    let Some(Board { mut lines, retained }) = Board::take() else { board::exit(1) };
    let Some((slots, boot)) = Slots::boot(retained) else { board::exit(1) };
    semihosting::println!("meter-module on {}: {boot:?}", board::NAME);
    let mut device = Device::new(slots, board::NAME);
    let mut smp = SmpPort::new();
    let mut logs = LogPort::new();
    let mut meter = Meter::new();
    let mut received = [0; 128];
    let mut answers = [0; SmpPort::LINES];
    let mut row = [0; LogPort::BUFFER];

    let (console, rest) = lines.split_first_mut().unwrap_or_else(|| board::exit(1));
    loop {
        meter.advance(board::milliseconds());

        let mut bytes = console.take(&mut received);
        let mut is_idle = bytes.is_empty();
        while let Some(answer) = smp.answer(&mut device, &mut bytes, &mut answers) {
            // A line of this machine can not fail.
            let Ok(()) = console.write_all(answer);
        }
        if device.resets() {
            let Ok(()) = console.flush();
            board::reset();
        }

        if let Some(line) = rest.first_mut() {
            logs.handle_bytes(&meter, line.take(&mut received));
            if let Some(length) = logs.poll_transmit(&meter, &mut row) {
                let Ok(()) = line.write_all(&row[..length]);
                is_idle = false;
            }
        }
        if is_idle {
            board::sleep();
        }
    }
}
