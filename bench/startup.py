# SPDX-License-Identifier: BSD-3-Clause
"""Start-up: `mpirun -n 2 superstep fit` on 100 rows over an empty MPI program, in turn, several times.

usage: startup.py SUPERSTEP EMPTY_MPI_PROGRAM [--runs N] [--limit SECONDS]
With --limit: exit 1 when the median of the differences is larger.
"""
import argparse
import os
import statistics
import subprocess
import tempfile
import time

import h5py
import numpy as np


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("superstep")
    parser.add_argument("empty")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--limit", type=float)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data.h5")
        rng = np.random.default_rng(0)
        with h5py.File(data, "w") as f:
            f["X"] = rng.normal(size=(100, 10))
            f["y"] = rng.normal(size=100)
        fit = ["mpirun", "-n", "2", options.superstep, "fit", "Ridge()", data, "--model", os.path.join(folder, "m.h5")]
        empty = ["mpirun", "-n", "2", options.empty]
        pairs = [(seconds(fit), seconds(empty)) for _ in range(options.runs + 1)][1:]
    difference = statistics.median(a - b for a, b in pairs)
    print(f"fit {statistics.median(a for a, _ in pairs):.3f} s, empty program {statistics.median(b for _, b in pairs):.3f} s, "
          f"median difference {difference:.3f} s ({options.runs} pairs)")
    if options.limit is not None and difference > options.limit:
        raise SystemExit(f"more than {options.limit} s")


if __name__ == "__main__":
    main()
