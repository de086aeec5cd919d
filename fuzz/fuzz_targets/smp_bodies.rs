//! Bodies of SMP frames: see [`emu_fuzz::smp_bodies`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::smp_bodies(data));
