//! The header line: see [`emu_fuzz::header`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::header(data));
