#!/usr/bin/env python3
"""How fast the Python package smp reads and writes the frames of `codec`, in nanoseconds a frame.

Usage: benches/scripts/codec.py [--smoke]  (from anywhere; builds the benchmark to write the frames)
Skipped, loudly, if it is not installed (pip install smp, or .ci/peers/install and that virtualenv's python3); where the
environment variable CI is set, that is a failure. What it reads and writes is compared with the frames before anything is timed.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

REPEATS = 5


def main() -> int:
    try:
        import importlib.metadata

        import cbor2
        from smp.image_management import ImageState, ImageStatesReadResponse, ImageUploadWriteRequest
    except ImportError as error:
        print(f"SKIPPED: smp is not installed (pip install smp): {error}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    frames = written_frames()
    # Its default version, 1: of the other it warns each time.
    lists = [b"\x09" + frame[1:] for frame in frames["list"]]
    pieces = [b"\x0a" + frame[1:] for frame in frames["piece"]]
    read_lists = [cbor2.loads(frame[8:])["images"] for frame in lists]
    read_pieces = [cbor2.loads(frame[8:]) for frame in pieces]

    def decode_list(frame):
        return ImageStatesReadResponse.loads(frame)

    def encode_list(images):
        return bytes(ImageStatesReadResponse(sequence=70, images=[ImageState(**image) for image in images]))

    def decode_piece(frame):
        return ImageUploadWriteRequest.loads(frame)

    def encode_piece(piece):
        return bytes(ImageUploadWriteRequest(sequence=70, **piece))

    for frame, images in zip(lists, read_lists):
        assert [image.model_dump() for image in decode_list(frame).images] == images, "it reads another list"
        assert cbor2.loads(encode_list(images)[8:]) == {"images": images}, "it writes another list"
    for frame, piece in zip(pieces, read_pieces):
        read = decode_piece(frame)
        assert {"off": read.off, "data": read.data} == piece, "it reads another piece"
        assert cbor2.loads(encode_piece(piece)[8:]) == piece, "it writes another piece"

    tasks = [(decode_list, lists), (encode_list, read_lists), (decode_piece, pieces), (encode_piece, read_pieces)]
    times = [[] for _ in tasks]
    for _ in range(3 if "--smoke" in sys.argv else 31):
        for (task, inputs), measured in zip(tasks, times):
            start = time.thread_time_ns()
            for _ in range(REPEATS):
                for one in inputs:
                    task(one)
            measured.append((time.thread_time_ns() - start) / REPEATS / len(inputs))
    print("| | list, decode | list, encode | piece, decode | piece, encode |\n|---|--:|--:|--:|--:|")
    cells = " | ".join(f"{statistics.median(measured):.0f}" for measured in times)
    print(f"| smp {importlib.metadata.version('smp')} | {cells} |")
    return 0


def written_frames() -> dict[str, list[bytes]]:
    root = pathlib.Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as folder:
        command = ["cargo", "run", "--quiet", "--release", "-p", "emu-benches", "--bin", "codec", "--", "--write", folder]
        subprocess.run(command, cwd=root, check=True)
        lines = (pathlib.Path(folder) / "frames.txt").read_text().splitlines()
    frames = {}
    for line in lines:
        kind, digits = line.split()
        frames.setdefault(kind, []).append(bytes.fromhex(digits))
    return frames


if __name__ == "__main__":
    sys.exit(main())
