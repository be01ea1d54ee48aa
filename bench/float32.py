#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The same values kept as float32 and as float64: how much faster is the former, and how much less does it hold?

usage: float32.py PROGRAM [--works A,B] [--runs N] [--scale F] [--ranks N]
For each work: medians of the seconds of training with either, the median of the ratios float64 / float32 with its quartiles, the
megabytes of features that stay in memory, and by how much the two results differ at most, relative to the largest entry. Which goes
first changes from turn to turn.
"""
import argparse
import csv
import os
import statistics
import sys
import tempfile

import h5py
import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from before_after import WORKS, launched, quartiles, words_of  # noqa: E402

CHOSEN = ["logistic_fit", "logistic_grid", "pca_fit", "ridge_fit", "kmeans_fit", "scaler_fit"]


def make_twins(work, options, folder):
    """float32.h5, and float64.h5 with the same values."""
    paths = {name: f"{folder}/{name}.h5" for name in ("float32", "float64")}
    launched(options.ranks, options.program, ["make", work.data.kind, paths["float32"], "--rows", str(int(work.data.rows * options.scale)),
                                              "--columns", str(work.data.columns), "--seed", "1", "--dtype", "float32", "--overwrite",
                                              "--quiet", *work.data.options])
    with h5py.File(paths["float32"]) as narrow, h5py.File(paths["float64"], "w") as wide:
        for name in narrow:
            values = narrow[name][()]
            wide[name] = values.astype(np.float64) if name == "X" else values
    return paths


def numbers_of(folder, work):
    """What was found, as one list of arrays."""
    if work.kind == "search":
        with open(f"{folder}/results.csv", newline="") as f:
            return [np.array([float(row["mean_test_score"]) for row in csv.DictReader(f)])]
    found = []
    with h5py.File(f"{folder}/model.h5") as f:
        f.visititems(lambda name, node: found.append(node[()]) if isinstance(node, h5py.Dataset) else None)
    return [a for a in found if np.asarray(a).dtype.kind == "f"]


def largest_difference(a, b):
    return max((float(np.max(np.abs(x - y)) / max(np.max(np.abs(x)), 1e-300)) for x, y in zip(a, b)), default=0.0)


def megabytes_held(program, words, folder, ranks):
    """Of features, as the loads of a run tell."""
    trace = f"{folder}/trace.csv"
    launched(ranks, program, [*words, "--trace", trace, "--overwrite"])
    with open(trace, newline="") as f:
        return sum(float(row["bytes"]) for row in csv.DictReader(f) if row["what"] == "load") / 1e6


def compare(name, options, folder):
    work = WORKS[name]
    paths = make_twins(work, options, folder)
    # K-means begins with the same rows of either.
    first = words_of(work, paths["float32"], folder, options.ranks)
    words = {kind: [path if word == paths["float32"] else word for word in first] for kind, path in paths.items()}
    seconds = {"float32": [], "float64": []}
    found = {}
    for turn in range(options.runs):
        for kind in ("float32", "float64") if turn % 2 == 0 else ("float64", "float32"):
            done, _ = launched(options.ranks, options.program, [*words[kind], "--overwrite"])
            seconds[kind].append(done["seconds_search" if work.kind == "search" else "seconds_fit"])
            found[kind] = numbers_of(folder, work)
    ratios = [wide / narrow for wide, narrow in zip(seconds["float64"], seconds["float32"])]
    low, high = quartiles(ratios)
    held = {kind: megabytes_held(options.program, words[kind], folder, options.ranks) for kind in words}
    print(f"| {name} | {statistics.median(seconds['float64']):.3g} | {statistics.median(seconds['float32']):.3g} | "
          f"{statistics.median(ratios):.2f} ({low:.2f} - {high:.2f}) | {held['float64']:.0f} | {held['float32']:.0f} | "
          f"{largest_difference(found['float64'], found['float32']):.1e} |", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--works", default=",".join(CHOSEN))
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--ranks", type=int, default=os.cpu_count())
    options = parser.parse_args()
    unknown = [name for name in options.works.split(",") if name not in WORKS]
    if unknown:
        sys.exit(f"no work {', '.join(unknown)}; there are {', '.join(CHOSEN)}")
    print("| work | float64 s | float32 s | ratio (quartiles) | float64 MB | float32 MB | results differ by |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="superstep-float32-") as folder:
        for name in options.works.split(","):
            compare(name, options, folder)


if __name__ == "__main__":
    main()
