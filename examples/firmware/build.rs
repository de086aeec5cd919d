//! Gives the linker the memory map of the machine that is built for.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=memory");
    let map = match env::var("CARGO_CFG_TARGET_ARCH")?.as_str() {
        "arm" => "memory/mps2.x",
        "riscv32" => "memory/virt.x",
        // The host, for tests of the library.
        _ => return Ok(()),
    };
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::copy(map, out.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out.display());
    if map == "memory/virt.x" {
        println!("cargo::rustc-link-arg-bins=-Tmemory.x");
    }
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    Ok(())
}
