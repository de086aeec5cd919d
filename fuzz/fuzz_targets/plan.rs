//! Read-outs of a model meter: see [`emu_fuzz::plan`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::plan(data));
