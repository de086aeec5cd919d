#!/usr/bin/env python3
"""How fast polars and pyarrow parse the dozen read-outs on one thread, in ns a row and MB/s.

Usage: benches/scripts/peers.py  (from anywhere; builds the benchmark to write the bodies)
Each is skipped, loudly, if it is not installed: pip install polars pyarrow. Both are told the types of the columns; their
sums over every column are compared with Python's own csv module before anything is timed.
"""

import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["POLARS_MAX_THREADS"] = "1"
ROUNDS = 31


def main() -> int:
    root = pathlib.Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as folder:
        command = ["cargo", "run", "--quiet", "--release", "-p", "emu-benches", "--bin", "parse", "--", "--write", folder]
        subprocess.run(command, cwd=root, check=True)
        bodies = [path.read_bytes() for path in sorted(pathlib.Path(folder).glob("*.csv"))]
    rows = sum(body.count(b"\n") - 1 for body in bodies)
    expected = [sums_by_csv(body) for body in bodies]
    print(f"{rows} rows of {len(bodies)} meters\n\n| tool | MB/s | ns a row |\n|---|--:|--:|")
    for name, load in (("polars", load_polars), ("pyarrow", load_pyarrow)):
        try:
            version, read, sums = load(bodies[0])
        except ImportError:
            print(f"SKIPPED: {name} is not installed (pip install {name})", file=sys.stderr)
            continue
        for body, sums_of_body in zip(bodies, expected):
            assert sums(read(body)) == sums_of_body, f"{name} reads other values"
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            for body in bodies:
                read(body)
            times.append(time.perf_counter() - start)
        median = statistics.median(times)
        print(f"| {name} {version} | {sum(map(len, bodies)) / median / 1e6:.0f} | {median / rows * 1e9:.0f} |")
    return 0


def names(body: bytes) -> list[str]:
    return body.split(b"\n", 1)[0].decode().split(";")


def sums_by_csv(body: bytes) -> list[int]:
    lines = list(csv.reader(body.decode().splitlines(), delimiter=";"))[1:]
    return [sum(int(line[column]) for line in lines) for column in range(1, 28)]


def load_polars(body: bytes):
    import polars

    schema = {name: polars.Int64 for name in names(body)}
    schema["Timestamp"] = polars.String
    time_form = "%Y-%m-%dT%H:%M:%SZ"

    def read(body: bytes):
        frame = polars.read_csv(body, separator=";", schema=schema)
        return frame.with_columns(polars.col("Timestamp").str.to_datetime(time_form, time_zone="UTC"))

    return polars.__version__, read, lambda frame: [frame[name].sum() for name in frame.columns[1:]]


def load_pyarrow(body: bytes):
    import pyarrow
    import pyarrow.compute
    from pyarrow import csv as arrow_csv

    types = {name: pyarrow.int64() for name in names(body)}
    types["Timestamp"] = pyarrow.timestamp("s", tz="UTC")
    options = {
        "read_options": arrow_csv.ReadOptions(use_threads=False),
        "parse_options": arrow_csv.ParseOptions(delimiter=";"),
        "convert_options": arrow_csv.ConvertOptions(column_types=types),
    }

    def read(body: bytes):
        return arrow_csv.read_csv(pyarrow.BufferReader(body), **options)

    return pyarrow.__version__, read, lambda table: [pyarrow.compute.sum(column).as_py() for column in table.columns[1:]]


if __name__ == "__main__":
    sys.exit(main())
