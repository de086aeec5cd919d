#!/usr/bin/env python3
"""How long the Python package smpclient needs for the uploads of `upload`, to the same server, in seconds.

Usage: benches/scripts/upload.py [--bytes N]  (from anywhere; builds the benchmark, which is the server)
Skipped, loudly, if it is not installed (pip install smpclient, or .ci/peers/install and that virtualenv's python3); where the
environment variable CI is set, that is a failure. It never sends anything again, so that with losses it fails: then the table says
how far it came.
"""

import argparse
import asyncio
import logging
import os
import pathlib
import statistics
import subprocess
import sys
import time


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=200 * 1024)
    options = parser.parse_args()
    try:
        import importlib.metadata

        import smpclient  # noqa: F401
    except ImportError as error:
        print(f"SKIPPED: smpclient is not installed (pip install smpclient): {error}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    logging.disable(logging.CRITICAL)
    program = build()
    scenarios = subprocess.run([program, "--scenarios"], capture_output=True, text=True, check=True).stdout.splitlines()
    print(f"| {options.bytes // 1024} KiB | smpclient {importlib.metadata.version('smpclient')} |\n|---|--:|")
    for number, line in enumerate(scenarios):
        runs, name = line.split("\t")
        times = [run(program, number, options.bytes) for _ in range(int(runs))]
        failed = [told for told in times if isinstance(told, str)]
        told = failed[0] if failed else f"{statistics.median(times):.3f}"
        print(f"| {name} | {told} |", flush=True)
    return 0


def build() -> str:
    root = pathlib.Path(__file__).resolve().parents[2]
    subprocess.run(["cargo", "build", "--quiet", "--release", "-p", "emu-benches", "--bin", "upload"], cwd=root, check=True)
    return str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release/upload")


def run(program: str, number: int, size: int) -> float | str:
    """Uploads once; returns the seconds, or why it failed."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([program, "--serve", str(number), str(size)], text=True, **pipes)
    host, port, path = server.stdout.readline().rstrip("\n").split("\t")
    image = pathlib.Path(path).read_bytes()
    try:
        told = asyncio.run(upload(host, int(port), image))
    finally:
        server.stdin.close()
        code = server.wait()
    assert isinstance(told, str) or code == 0, "another image has come"
    return told


async def upload(host: str, port: int, image: bytes) -> float | str:
    from smpclient import SMPClient
    from smpclient.exceptions import SMPClientException
    from smpclient.transport.udp import SMPUDPTransport

    class Transport(SMPUDPTransport):
        # The library's client gives no port on.
        async def connect(self, address, timeout_s, port=port):
            await super().connect(address, timeout_s, port)

    client = SMPClient(Transport(), host)
    last = 0
    start = time.perf_counter()
    try:
        await client.connect()
        async for offset in client.upload(image):
            last = offset
    except (TimeoutError, SMPClientException) as error:
        return f"fails at byte {last}: {type(error).__name__}"
    seconds = time.perf_counter() - start
    assert last == len(image), f"it ended at {last}"
    return seconds


if __name__ == "__main__":
    sys.exit(main())
