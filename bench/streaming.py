# SPDX-License-Identifier: BSD-3-Clause
"""Streaming a file eight times the memory for it: peak memory, and throughput beside its two limits.

usage: streaming.py SUPERSTEP [--rows N] [--columns N] [--ranks N] [--compress LEVEL] [--check]

Three figures in turn, several times: (a) raw sequential read of the file by as many processes as there are ranks, (b)
the same fit with everything in memory, (c) the fit streaming with an eighth of the file in memory, all ranks
together. Throughput of (c) over that of the slower of (a) and (b) is the answer; peak memory is per rank.
--check: tiny, and exit 1 when the peak exceeds the budget + 64 MiB.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor

from process_memory import bytes_of_process

ALLOWED_OVER_BUDGET = 64 << 20


def read_part(args):
    path, begin, end = args
    with open(path, "rb", buffering=0) as f:
        f.seek(begin)
        buffer = bytearray(4 << 20)
        while begin < end:
            n = f.readinto(memoryview(buffer)[:min(len(buffer), end - begin)])
            if n == 0:
                break
            begin += n


def raw_read_s(path, ranks):
    size = os.path.getsize(path)
    parts = [(path, size * r // ranks, size * (r + 1) // ranks) for r in range(ranks)]
    with ProcessPoolExecutor(ranks) as pool:
        list(pool.map(read_part, [(path, 0, 1)] * ranks))  # the processes are there before the clock starts
        start = time.perf_counter()
        list(pool.map(read_part, parts))
        return time.perf_counter() - start


def fit(superstep, estimator, path, ranks, memory, model):
    done = subprocess.run(["mpirun", "-n", str(ranks), superstep, "fit", estimator, path, "--model", model, "--json",
                           "--quiet", "--memory", str(memory)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("superstep")
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--compress", type=int, default=0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--estimator", default="Ridge()")
    parser.add_argument("--check", action="store_true")
    o = parser.parse_args()
    if o.check:
        o.rows, o.runs = 400_000, 1
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = os.path.join(folder, "data.h5")
        make = ["mpirun", "-n", str(o.ranks), o.superstep, "make", "regression", path, "--rows", str(o.rows),
                "--columns", str(o.columns), "--quiet"]
        subprocess.run(make + (["--compress", str(o.compress)] if o.compress else []), check=True, capture_output=True)
        size = os.path.getsize(path)
        data_bytes = o.rows * o.columns * 8
        budget = data_bytes // 8 // o.ranks + bytes_of_process(["mpirun", "-n", str(o.ranks)], o.superstep)
        model = os.path.join(folder, "m.h5")
        ratios, peaks = [], []
        for run in range(o.runs + 1):
            raw_s = raw_read_s(path, o.ranks)
            in_memory = fit(o.superstep, o.estimator, path, o.ranks, 8 * data_bytes, model)
            streamed = fit(o.superstep, o.estimator, path, o.ranks, budget, model)
            if run == 0 and o.runs > 1:
                continue  # the file gets into the page cache
            slower_s = max(raw_s, in_memory["seconds_passes"])
            ratios.append(slower_s * streamed["passes"] / in_memory["passes"] / streamed["seconds_passes"])
            peaks.append(streamed["peak_memory_bytes"])
            print(f"raw read {size / raw_s / 1e9:.2f} GB/s, compute in memory {data_bytes / in_memory['seconds_passes'] / 1e9:.2f} "
                  f"GB/s, streamed {data_bytes / streamed['seconds_passes'] / 1e9:.2f} GB/s, "
                  f"ratio {ratios[-1]:.2f}, peak {peaks[-1] >> 20} MiB of {budget >> 20} + 64", flush=True)
    peak = max(peaks)
    print(f"{o.estimator}, file of {size / 1e9:.2f} GB, budget {budget >> 20} MiB on each of {o.ranks} ranks: streaming at "
          f"{statistics.median(ratios):.2f} of the slower limit (median of {len(ratios)}), peak {peak >> 20} MiB")
    if peak > budget + ALLOWED_OVER_BUDGET:
        raise SystemExit(f"peak memory {peak >> 20} MiB exceeds the budget of {budget >> 20} MiB + 64 MiB")


if __name__ == "__main__":
    main()
