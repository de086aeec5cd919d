//! Errors, names and times as texts: that none of it panics
#![no_std]
#![no_main]

use core::fmt::{Display, Write};
use core::hint::black_box;

use emu_smp::os::{BootMode, BootloaderMode, DateTime};
use emu_smp::{
    Command, DecodeError, DecodeErrorKind, EncodeError, Group, GroupError, Header, HeaderError, ImageHash,
    ImageVersion, Mismatch, Refusal, ReturnCode, file_system, image, transport,
};
use footprint::keep;

footprint::program! {
    state: () = (),
    turn: |(), input| turn(input),
    input: b"2026-11-22T10:00:00.250+01:00",
    count: 1,
    unit: "turn",
}

fn turn(input: &[u8]) {
    let number: u32 = black_box(9);
    let (byte, short) = (number as u8, number as u16);
    let (group, command) = (Group(short), Command { group: Group(short), number: byte });
    let header = Header::from_bytes([byte; 8]);
    show(&group);
    show(&command);
    show(&header.operation);
    show(&header.version);
    show(&ReturnCode(number as i32));
    show(&GroupError { group, code: short });
    show(&Refusal::Code { code: ReturnCode(number as i32), reason: core::str::from_utf8(input).ok() });
    show(&HeaderError::TooShort { length: input.len() });
    show(&HeaderError::Truncated { announced: short, length: input.len() });
    show(&Mismatch::Command { expected: command, found: command });
    show(&Mismatch::Sequence { expected: byte, found: byte });
    show(&EncodeError { capacity: input.len() });
    let kind = black_box(DecodeErrorKind::Expected { expected: "a map" });
    show(&DecodeError { offset: input.len(), key: "off", kind });
    show(&BootMode(byte));
    show(&BootloaderMode(number as i32));
    show(&file_system::HashFormat(byte));
    show(&transport::ParameterKind(byte));
    show(&image::HashBytes(input));
    if let Ok(hash) = ImageHash::try_from(input) {
        show(&hash);
    }
    let Ok(text) = core::str::from_utf8(input) else { return };
    if let Ok(time) = text.parse::<DateTime>() {
        show(&time);
    }
    if let Ok(version) = text.parse::<ImageVersion>() {
        show(&version);
    }
    keep(&text.parse::<ImageHash>());
}

#[inline(never)]
fn show(value: &dyn Display) {
    keep(&write!(Shown, "{value}"));
}

/// Takes a text.
struct Shown;

impl Write for Shown {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        keep(text);
        Ok(())
    }
}
