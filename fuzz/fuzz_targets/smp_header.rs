//! The header of an SMP frame: see [`emu_fuzz::smp_header`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::smp_header(data));
