#!/usr/bin/env python3
"""What each capability costs on a microcontroller: flash, stack, instructions; and that none of them can panic.

Usage: footprint.py [--check | --write | --print] [PROGRAM...]

Each program of `../footprint/src/bin` uses one capability. It is

- linked for every target at opt-level z, and for the first at s: that fails if a panic is reachable;
- looked at: no 64-bit division where there is none in hardware;
- measured on the first target at z: sections from the linked file, stack and instructions in QEMU. Not so `proof_*`: they
  use more than anybody would, for the proof alone.

`--check`, the default, compares with the table in the README at the top and with the limits below; `--write` renews that
table; `--print` prints one and compares with the limits alone, as does a choice of programs. Needs a Rust that has the
targets (rustup's own, or Debian's as the toolchain `debian`) and `qemu-system-arm`.
"""

import argparse
import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

from emulator import toolchain

FIRMWARE = Path(__file__).resolve().parent.parent
PROGRAMS = FIRMWARE / "footprint" / "src" / "bin"
README = FIRMWARE.parent.parent / "README.md"

MEASURED = "thumbv7em-none-eabi"
LINKED = [
    ("thumbv7em-none-eabi", "z"),
    ("thumbv7em-none-eabi", "s"),
    ("thumbv6m-none-eabi", "z"),
    ("riscv32imc-unknown-none-elf", "z"),
]
# Calls that stand for a division which the processor does not have.
DIVISIONS = {
    "thumbv6m-none-eabi": {"__aeabi_uldivmod", "__aeabi_ldivmod", "__udivdi3", "__umoddi3", "__divdi3", "__moddi3"},
}
# The program that is in all others.
BASE = "nothing"

# What is linked for the proof alone.
PROOF = "proof_"

# What must not be exceeded, whatever the table says: bytes of flash, by program.
FLASH_LIMITS = {
    "rows_every_dialect": 8192,
    "known_row": 4096,
    "smp_upload": 10240,
    "smp_server": 10240,
}
STACK_LIMIT = 1024
# What needs more, each with its reason.
STACK_LIMITS = {
    "gateway": 2128,  # an update, as below, in one loop with a read-out whose decoders are made in place of each other
    "image_verify": 1600,  # the states of three hashes and the schedule of the longest: which is wanted the file's end says
    "smp_update": 1312,  # the frames of a list that is read, and what is told of it, one in another
}

# By how much a figure may exceed the table's.
FLASH_ALLOWANCE = lambda known: known * 1.02 + 16  # noqa: E731
STACK_ALLOWANCE = lambda known: known + 32  # noqa: E731
INSTRUCTIONS_ALLOWANCE = lambda known: known * 1.03 + 8  # noqa: E731

QEMU = ("qemu-system-arm -machine mps2-an386 -nographic -monitor none -serial none -icount shift=0 "
        "-semihosting-config enable=on,target=native -kernel").split()
QEMU_LIMIT_S = 120

COLUMNS = ["capability", "program", ".text", ".rodata", "state", "stack", "instructions"]
TABLE = re.compile(r"<!-- footprint: (?P<compiler>.*?) -->\n(?P<table>.*?)<!-- footprint: end -->", re.S)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="compare with the README's table (the default)")
    arguments.add_argument("--write", action="store_true", help="renew the README's table")
    arguments.add_argument("--print", action="store_true", help="print the table and compare with the limits alone")
    arguments.add_argument("programs", nargs="*", help="these programs alone; the README is left as it is")
    chosen = arguments.parse_args()

    titles = {path.stem: title(path) for path in sorted(PROGRAMS.glob("*.rs"))}
    names = chosen.programs or list(titles)
    for name in names:
        if name not in titles:
            sys.exit(f"no such program: {name}; there are {', '.join(titles)}")
    faults = prove(names)
    if faults:
        report(faults)
    rows = measure([name for name in names if not name.startswith(PROOF)])

    table = render(rows, titles)
    print(table)
    faults = over_limits(rows)
    if chosen.write:
        if faults:
            report(faults)
        write(table)
    elif not chosen.print and not chosen.programs:
        faults += worse_than_known(rows)
    if faults:
        report(faults)
    print(f"{len(names)} programs: no panic is reachable; {compiler_version()}")


def title(path):
    """The first sentence of the program's front page."""
    first = path.read_text().splitlines()[0]
    return first.removeprefix("//!").strip().rstrip(".")


def report(faults):
    for fault in faults:
        print(f"footprint: {fault}", file=sys.stderr)
    sys.exit(1)


def compiler_version():
    output = subprocess.run(["rustc", *toolchain(), "-V"], capture_output=True, text=True, check=True).stdout
    return " ".join(output.split()[:2])


def build(names, target, level, features=()):
    """Builds the programs; returns their files, and what the linker said of those that it refused."""
    command = ["cargo", *toolchain(), "build", "--locked", "--quiet", "--release", "--keep-going", "--package", "footprint",
               "--target", target, "--config", f'profile.release.opt-level="{level}"',
               "--message-format", "json-render-diagnostics"]
    for feature in features:
        command += ["--features", feature]
    for name in names:
        command += ["--bin", name]
    environment = {name: value for name, value in os.environ.items() if name not in ("RUSTFLAGS", "CARGO_BUILD_TARGET")}
    done = subprocess.run(command, cwd=FIRMWARE, env=environment, capture_output=True, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    files = {message["target"]["name"]: message["executable"] for message in messages if message.get("executable")}
    if done.returncode != 0 and "undefined symbol: a_panic_is_reachable" not in done.stderr:
        sys.exit(done.stderr)
    return files


def prove(names):
    """Links everything; returns what is wrong."""
    faults = []
    for target, level in LINKED:
        files = build(names, target, level)
        for name in names:
            if name not in files:
                faults.append(f"{name}: a panic is reachable ({target}, opt-level {level})")
            elif found := DIVISIONS.get(target, set()) & symbols(Path(files[name]).read_bytes()):
                faults.append(f"{name}: a 64-bit division ({target}): {', '.join(sorted(found))}")
    return faults


def measure(names):
    """Returns a row of figures by program."""
    linked = build([BASE, *names], MEASURED, "z")
    base = flash(linked[BASE])
    sizes = {name: flash(linked[name]) for name in names}
    running = build(names, MEASURED, "z", ["run"])
    rows = {}
    for name in names:
        run = execute(running[name])
        text, rodata = (size - under for size, under in zip(sizes[name], base))
        rows[name] = {".text": text, ".rodata": rodata, "state": int(run["state"]), "stack": int(run["stack"]),
                      "instructions": int(run["instructions"]), "unit": run["unit"]}
    return rows


def execute(file):
    try:
        done = subprocess.run([*QEMU, file], capture_output=True, text=True, timeout=QEMU_LIMIT_S)
    except subprocess.TimeoutExpired:
        sys.exit(f"{file}: no end within {QEMU_LIMIT_S} s")
    if done.returncode != 0 or "instructions=" not in done.stdout:
        sys.exit(f"{file}: {done.stdout}{done.stderr}")
    # The unit comes last, since it may have blanks.
    figures, unit = done.stdout.strip().split(" unit=")
    return dict(pair.split("=") for pair in figures.split()) | {"unit": unit}


def sections(file):
    """The sections of a little-endian ELF file of 32 bits, by name: type, offset, size, link."""
    if file[:6] != b"\x7fELF\x01\x01":
        sys.exit("no ELF file of 32 bits")
    (start,) = struct.unpack_from("<I", file, 0x20)
    size, count, names = struct.unpack_from("<HHH", file, 0x2E)
    headers = [struct.unpack_from("<10I", file, start + number * size) for number in range(count)]
    names = headers[names][4]
    return headers, {text(file, names + header[0]): header for header in headers}


def text(file, at):
    return file[at:file.index(b"\0", at)].decode()


def flash(path):
    """Bytes of code, and bytes of constants and of variables that start with a value."""
    _, by_name = sections(Path(path).read_bytes())
    size = lambda name: by_name[name][5] if name in by_name else 0  # noqa: E731
    return size(".text"), size(".rodata") + size(".data")


def symbols(file):
    """The names of what is linked in."""
    headers, by_name = sections(file)
    _, _, _, _, offset, size, link, *_ = by_name[".symtab"]
    strings = headers[link][4]
    found = set()
    for at in range(offset, offset + size, 16):
        name, _, _, _, _, section = struct.unpack_from("<IIIBBH", file, at)
        if section != 0:
            found.add(text(file, strings + name))
    return found


def render(rows, titles):
    lines = [f"| {' | '.join(COLUMNS)} |", f"|---|---|{'---:|' * (len(COLUMNS) - 2)}"]
    for name, row in rows.items():
        if name == BASE:
            continue
        figures = [f"{row[column]:,}" for column in COLUMNS[2:]]
        figures[-1] += f" per {row['unit']}"
        lines.append(f"| {titles[name]} | `{name}` | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def over_limits(rows):
    faults = []
    for name, row in rows.items():
        size, limit = row[".text"] + row[".rodata"], FLASH_LIMITS.get(name)
        if limit is not None and size > limit:
            faults.append(f"{name}: {size} bytes of flash; at most {limit}")
        limit = STACK_LIMITS.get(name, STACK_LIMIT)
        if row["stack"] > limit:
            faults.append(f"{name}: {row['stack']} bytes of stack; at most {limit}")
    return faults


def known():
    """The README's table: the compiler it was made with, and its figures by program."""
    found = TABLE.search(README.read_text())
    if not found:
        sys.exit(f"{README}: no table between the marks")
    rows = {}
    for line in found["table"].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == len(COLUMNS) and cells[1].startswith("`"):
            figures = [int(re.match(r"[\d,]+", cell)[0].replace(",", "")) for cell in cells[2:]]
            rows[cells[1].strip("`")] = dict(zip(COLUMNS[2:], figures))
    return found["compiler"], rows


def worse_than_known(rows):
    compiler, table = known()
    if compiler != compiler_version():
        return [f"the table is of {compiler}, and this is {compiler_version()}: renew it with --write"]
    faults = []
    rows = {name: row for name, row in rows.items() if name != BASE}
    for name in sorted(rows.keys() ^ table.keys()):
        faults.append(f"{name}: {'not in the table' if name in rows else 'in the table, and there is no such program'}")
    for name in rows.keys() & table.keys():
        new, old = rows[name], table[name]
        pairs = [
            ("flash", new[".text"] + new[".rodata"], old[".text"] + old[".rodata"], FLASH_ALLOWANCE),
            ("state", new["state"], old["state"], STACK_ALLOWANCE),
            ("stack", new["stack"], old["stack"], STACK_ALLOWANCE),
            ("instructions", new["instructions"], old["instructions"], INSTRUCTIONS_ALLOWANCE),
        ]
        for what, now, before, allowance in pairs:
            if now > allowance(before):
                faults.append(f"{name}: {what}: {now}, and the table says {before}")
    return faults


def write(table):
    page = README.read_text()
    if not TABLE.search(page):
        sys.exit(f"{README}: no table between the marks")
    new = f"<!-- footprint: {compiler_version()} -->\n{table}<!-- footprint: end -->"
    README.write_text(TABLE.sub(lambda _: new, page))


if __name__ == "__main__":
    main()
