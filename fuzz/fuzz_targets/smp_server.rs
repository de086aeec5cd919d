//! The SMP server: see [`emu_fuzz::smp_server`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::smp_server(data));
