//! Uploads and updates: see [`emu_fuzz::smp_upload`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| emu_fuzz::smp_upload(data));
