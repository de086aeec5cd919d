//! Request targets: see [`emu_fuzz::query`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::query(data));
