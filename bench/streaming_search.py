# SPDX-License-Identifier: BSD-3-Clause
"""A search on a file eight times the memory for it: it stays within the budget, and its candidates share their passes.

usage: streaming_search.py SUPERSTEP [--rows N] [--columns N] [--ranks N] [--check]
Prints peak memory per rank and passes of a grid of 10 and of 1 candidate, times 5 folds. Exit 1 when the peak exceeds the
budget + 64 MiB, when the grid takes more than 1.5 times the passes of one candidate, or when its results differ
from those in memory. --check: small.
"""
import argparse
import csv
import json
import os
import subprocess
import tempfile

from process_memory import bytes_of_process

ALLOWED_OVER_BUDGET = 64 << 20


def search(superstep, path, ranks, values, memory, results):
    done = subprocess.run(["mpirun", "-n", str(ranks), superstep, "search", "LogisticRegression()", path, "--grid",
                           f"{{'C': {values}}}", "--cv", "5", "--results", results, "--json", "--quiet", "--memory",
                           str(memory)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    with open(results, newline="") as f:
        scores = [{k: v for k, v in row.items() if "_time" not in k} for row in csv.DictReader(f)]
    return json.loads(done.stdout), scores


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("superstep")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--check", action="store_true")
    o = parser.parse_args()
    if o.check:
        o.rows = 1_600_000  # with less, an eighth is too little for 50 models at once
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path, results = os.path.join(folder, "data.h5"), os.path.join(folder, "results.csv")
        subprocess.run(["mpirun", "-n", str(o.ranks), o.superstep, "make", "classification", path, "--rows", str(o.rows),
                        "--columns", str(o.columns), "--quiet"], check=True, capture_output=True)
        budget = o.rows * o.columns * 8 // 8 // o.ranks + bytes_of_process(["mpirun", "-n", str(o.ranks)], o.superstep)
        ten = "[0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]"
        grid, scores = search(o.superstep, path, o.ranks, ten, budget, results)
        one, _ = search(o.superstep, path, o.ranks, "[10.0]", budget, results)
        in_memory, same = search(o.superstep, path, o.ranks, ten, 64 * budget, results)
    print(f"{o.rows:,} x {o.columns}, budget {budget >> 20} MiB on each of {o.ranks} ranks: 50 fits in {grid['passes']} passes, "
          f"5 fits in {one['passes']}; peak {grid['peak_memory_bytes'] >> 20} MiB; {grid['seconds_search']:.1f} s without "
          f"waiting for files, {in_memory['seconds_search']:.1f} s in memory ({in_memory['passes']} passes)")
    if grid["peak_memory_bytes"] > budget + ALLOWED_OVER_BUDGET:
        raise SystemExit("the peak exceeds the budget + 64 MiB")
    if grid["passes"] > 1.5 * one["passes"] + 2:
        raise SystemExit("passes grow with the candidates")
    if scores != same:
        raise SystemExit("the results differ from those in memory")


if __name__ == "__main__":
    main()
