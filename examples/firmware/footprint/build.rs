//! Where the linker finds its script and the memory map: the board's on Arm. Elsewhere programs are linked for the proofs
//! alone, without a runtime.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").unwrap() != "arm" {
        println!("cargo::rustc-link-arg-bins=--entry=main");
        return;
    }
    let memory = "../memory/mps2.x";
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    std::fs::copy(memory, out.join("memory.x")).unwrap();
    println!("cargo::rerun-if-changed={memory}");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bins=--nmagic");
}
