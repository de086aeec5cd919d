//! SMP on serial lines: see [`emu_fuzz::console`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::console(data));
