//! Runs the command `emu` as a user would.
#![allow(dead_code, unreachable_pub, reason = "a module of several tests, each of which uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use emu_client::LoadProfileEntry;
use emu_client::emu_proto::read_body;
use emu_simulator::{Builder, Simulator};

pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

pub fn emu(args: &[&str]) -> Outcome {
    finish(command(args))
}

pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emu"));
    command.args(args).env_remove("EMU_PASSWORD").stdin(Stdio::null());
    command
}

pub fn finish(mut command: Command) -> Outcome {
    let output = command.output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn start(builder: Builder) -> (Simulator, String) {
    let simulator = builder.start_blocking().unwrap();
    let address = simulator.addr().to_string();
    (simulator, address)
}

pub fn rows_of(text: &str) -> Vec<LoadProfileEntry> {
    read_body(text.as_bytes()).map(Result::unwrap).collect()
}

/// A folder of its own, and the path of a file in it.
pub fn folder(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

pub fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
