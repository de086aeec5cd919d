//! What is written is read: see [`emu_fuzz::round_trip`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::round_trip(data));
