#!/usr/bin/env python3
"""A program of this workspace in QEMU, with its serial lines on pseudo-terminals.

Usage: host/emulator.py [--target TARGET] [--limit SECONDS] [--built] PROGRAM [-- COMMAND [ARGUMENT...]]

Builds the program and starts it. Prints a line for each serial line, `line 0: /dev/pts/7`, and what the program says. It is
stopped when COMMAND ends, or else at the time limit or with Ctrl-C; nothing of it stays behind. COMMAND finds the lines as
LINE_0 and LINE_1, and its exit code is that of this script; without one, it is the program's.

As a module: `with Machine("meter-module", target) as machine: ...`.
"""
import argparse
import ctypes
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

FIRMWARE = pathlib.Path(__file__).resolve().parent.parent
# Of each target: the emulator with its machine, and how many serial lines that has.
MACHINES = {
    "thumbv7em-none-eabi": ("qemu-system-arm -machine mps2-an386", 2),
    # What is built for a Cortex-M0 runs on a Cortex-M4.
    "thumbv6m-none-eabi": ("qemu-system-arm -machine mps2-an386", 2),
    "riscv32imc-unknown-none-elf": ("qemu-system-riscv32 -machine virt -bios none", 1),
}
DEFAULT = next(iter(MACHINES))
# The retained memory of `mps2-an386`: `src/board/mps2.rs`.
RETAINED = 0x21000000
# How long QEMU may take until it has opened its lines.
START_S = 20


def toolchain(targets=MACHINES):
    """Rustup's own where it has the targets, else Debian's: .ci/bare-metal."""
    installed = subprocess.run(["rustup", "target", "list", "--installed"], capture_output=True, text=True)
    return [] if set(targets) <= set(installed.stdout.split()) else ["+debian"]


def path_of(program, target):
    there = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", FIRMWARE / "target")).resolve()
    return there / target / "release" / program


def build(program, target):
    """Builds a program, and returns its file."""
    command = ["cargo", *toolchain(), "build", "--locked", "--quiet", "--release", "--target", target, "--bin", program]
    environment = {name: value for name, value in os.environ.items() if name not in ("RUSTFLAGS", "CARGO_BUILD_TARGET")}
    subprocess.run(command, cwd=FIRMWARE, env=environment, check=True)
    return path_of(program, target)


def stored(folder, data):
    """QEMU's arguments for an update file in the memory where the gateway looks for one: its length, and the file."""
    path = pathlib.Path(folder, "stored")
    path.write_bytes(struct.pack("<I", len(data)) + data)
    return ["-device", f"loader,file={path},addr={RETAINED:#x},force-raw=on"]


def end_with_parent():
    """Ends a process when this one ends, by whatever cause."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Machine:
    """A program that runs, until the end of the `with`, or for `limit` seconds at most.

    `lines` are the paths of its serial lines: pseudo-terminals, or, with `sockets=True`, Unix sockets to connect to. With
    `peers` they are connected to sockets that are there before, such as the lines of another machine. `said` is what it has
    said so far by semihosting.
    """

    def __init__(self, file, target=DEFAULT, limit=600, sockets=False, peers=(), arguments=()):
        machine, count = MACHINES[target]
        self._folder = tempfile.TemporaryDirectory(prefix="emulator-")
        self._said = []
        self.lines = [str(pathlib.Path(self._folder.name, f"line-{number}")) for number in range(count)]
        command = [*machine.split(), "-nographic", "-monitor", "none", "-semihosting-config", "enable=on,target=native"]
        for number, path in enumerate(self.lines):
            kind = f"socket,path={path},server=on,wait=off" if sockets else "pty"
            if peers:
                kind = f"socket,path={peers[number]},server=off"
            command += ["-chardev", f"{kind},id=line{number}", "-serial", f"chardev:line{number}"]
        self._process = subprocess.Popen(
            [*command, *arguments, "-kernel", str(file)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", preexec_fn=end_with_parent,
        )
        self._opened = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._timer = threading.Timer(limit, self._process.kill)
        self._timer.daemon = True
        self._timer.start()
        if peers:
            self.lines = list(peers)
        elif sockets:
            self._wait_for(lambda: all(os.path.exists(path) for path in self.lines))
        else:
            self._wait_for(lambda: len(self._opened) == count)
            self.lines = self._opened

    def _wait_for(self, is_so):
        end = time.monotonic() + START_S
        while not is_so():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"QEMU did not open its lines:\n{self.said}")
            time.sleep(0.01)

    def _read(self):
        for line in self._process.stdout:
            opened = re.search(r"char device redirected to (\S+) \(label line\d+\)", line)
            if opened:
                self._opened.append(opened[1])
            else:
                self._said.append(line)

    @property
    def said(self):
        return "".join(self._said)

    def connect(self, number):
        """A connection to a line that is a socket."""
        line = socket.socket(socket.AF_UNIX)
        line.connect(self.lines[number])
        return line

    def wait(self, timeout=None):
        """Waits until the program ends by itself, and returns its exit code; -9 after the time limit."""
        code = self._process.wait(timeout)
        self._reader.join(5)
        return code

    @property
    def is_running(self):
        return self._process.poll() is None

    def stop(self):
        self._timer.cancel()
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default=DEFAULT, choices=list(MACHINES), help="what to build for (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=600, help="seconds until it is stopped (default: %(default)s)")
    parser.add_argument("--built", action="store_true", help="it is built already")
    parser.add_argument("program")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="after --: what to run meanwhile")
    options = parser.parse_args()
    file = path_of(options.program, options.target) if options.built else build(options.program, options.target)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with Machine(file, options.target, options.limit) as machine:
        for number, path in enumerate(machine.lines):
            print(f"line {number}: {path}", flush=True)
        try:
            if options.command:
                lines = {f"LINE_{number}": path for number, path in enumerate(machine.lines)}
                code = subprocess.run(options.command, env={**os.environ, **lines}, timeout=options.limit).returncode
            else:
                code = machine.wait()
        except KeyboardInterrupt:
            code = 130
        except subprocess.TimeoutExpired:
            code = 124
    print(machine.said, end="")
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
