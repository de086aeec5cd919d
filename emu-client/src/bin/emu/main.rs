//! The command `emu`.
fn main() {}
