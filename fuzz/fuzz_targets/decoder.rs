//! A body in pieces: see [`emu_fuzz::decoder`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::decoder(data));
