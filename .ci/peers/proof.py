"""What the proofs of `.ci/interop` share: a command, what it must say and with which exit code, a line for each step, the
end at the first that is not so. Not run by itself."""
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import serving

ROOT = serving.ROOT
BUILT = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "release"
EMU, SIMULATOR = BUILT / "emu", BUILT / "emu-simulator"
# For a command that ends by itself within a few seconds.
LIMIT = 60
passed = 0


def ok(what, since, said=""):
    global passed
    passed += 1
    print(f"ok    {what:44} {time.monotonic() - since:6.2f} s  {said}".rstrip(), flush=True)


def fail(what, why, output=""):
    print(f"FAIL  {what}: {why}\n{output}".rstrip(), flush=True)
    print(f"{passed} passed, 1 failed", flush=True)
    sys.exit(1)


def end():
    print(f"{passed} passed, 0 failed", flush=True)


def run(what, argv, says="", error="", code=0, limit=LIMIT):
    """Runs a command to its end: `says` is a pattern that its whole standard output must match, `error` one that must be
    somewhere in its standard error. Returns the match."""
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [str(part) for part in argv], stdin=subprocess.DEVNULL, capture_output=True, timeout=limit,
            preexec_fn=serving.end_with_parent,
        )
    except subprocess.TimeoutExpired as late:
        fail(what, f"took more than {limit} s", f"{late.stdout}\n{late.stderr}")
    output, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    told = f"$ {' '.join(map(str, argv))}\n{output}{errors}"
    if done.returncode != code:
        fail(what, f"exit code {done.returncode}, not {code}", told)
    match = re.fullmatch(says, output, re.DOTALL)
    if not match:
        fail(what, f"the output is not {says!r}", told)
    if not re.search(error, errors, re.DOTALL):
        fail(what, f"nothing of {error!r} on standard error", told)
    ok(what, begun, re.search(error, errors, re.DOTALL)[0].replace("\n", " ")[:90] if error else output.strip().split("\n")[-1][:60])
    return match


def expect(what, truth, why):
    begun = time.monotonic()
    if not truth:
        fail(what, why)
    ok(what, begun, why)


def listing(*images):
    """The pattern of the lines that the manual shows for these images: version, flags, hash."""
    lines = ["Images:"]
    for slot, (version, flags, hash) in enumerate(images):
        lines += [f" image=0 slot={slot}", f"    version: {re.escape(version)}", "    bootable: true", f"    flags: {flags}", f"    hash: {hash}"]
    return "\n".join([*lines, r"Split status: N/A \(0\)", ""])


@contextlib.contextmanager
def simulator(*options):
    """A simulated meter on free ports: its web address and the port of its update server."""
    with tempfile.NamedTemporaryFile("w+") as log:
        process = subprocess.Popen(
            [str(part) for part in (SIMULATOR, "--port", "0", "--smp-port", "0", *options)], stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, preexec_fn=serving.end_with_parent,
        )
        try:
            end = time.monotonic() + 20
            while True:
                said = pathlib.Path(log.name).read_text()
                match = re.search(r"listening on (http://\S+)\nfirmware updates on udp://\S+:(\d+)\n", said)
                if match:
                    break
                if time.monotonic() > end or process.poll() is not None:
                    fail("the simulated meter", "it does not say where it listens", said)
                time.sleep(0.02)
            yield match[1], int(match[2])
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_image(folder, version, *options):
    """An update file that the simulated meter takes, and its hash."""
    path = pathlib.Path(folder) / f"test-image-{version}.bin"
    argv = [SIMULATOR, "--write-test-image", path, "--image-version", version, *options]
    said = subprocess.run([str(part) for part in argv], capture_output=True, text=True, timeout=LIMIT, check=True).stdout
    return path, re.search("hash ([0-9a-f]{64})", said)[1]
