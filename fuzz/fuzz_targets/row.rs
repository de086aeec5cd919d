//! One row: see [`emu_fuzz::row`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::row(data));
