#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two builds of the program, the works of bench/peers in turn: has anything become slower?

usage: before_after.py BEFORE AFTER [--works A,B] [--runs N] [--scale F] [--ranks N]
BEFORE and AFTER are programs. For each work: medians of the seconds of training as either says them, of the processor seconds of
the whole command, and the medians of the ratios after / before with their quartiles. Which goes first changes from turn to turn.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))
from works import KMEANS, WORKS  # noqa: E402

ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def launched(ranks, program, words):
    """(JSON of the command, processor seconds)."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    launcher = ["mpirun", "-n", str(ranks), "--bind-to", "none"] if ranks > 1 else []
    done = subprocess.run([*launcher, program, *words], capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode != 0:
        sys.exit(f"{program} {' '.join(words)}: {done.stderr}")
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
    return json.loads(done.stdout.splitlines()[-1]) if "--json" in words else {}, cpu


def words_of(work, data, folder, ranks):
    """The command of a work."""
    expression = work.expression
    if "CENTERS" in expression:
        with h5py.File(data) as f:
            rows = np.random.default_rng(1).choice(len(f["X"]), KMEANS["n_clusters"], replace=False)
            expression = expression.replace("CENTERS", repr(f["X"][()][rows].tolist()))
    if work.kind == "search":
        cv = [] if "--cv" in work.search else ["--cv", "5"]
        return ["search", expression, data, *work.search, *cv, "--results", f"{folder}/results.csv", "--json", "--quiet"]
    words = ["fit", expression, data, "--model", f"{folder}/model.h5", "--json", "--quiet"]
    if work.kind == "stream":
        words += ["--memory", str(os.path.getsize(data) // 3 // ranks)]
    return words


def quartiles(ratios):
    if len(ratios) < 2:
        return ratios[0], ratios[0]
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return low, high


def compare(name, options, folder):
    work = WORKS[name]
    data = f"{folder}/data.h5"
    launched(options.ranks, options.before, ["make", work.data.kind, data, "--rows", str(int(work.data.rows * options.scale)), "--columns",
                                             str(work.data.columns), "--seed", "1", "--quiet", *work.data.options])
    words = words_of(work, data, folder, options.ranks)
    seconds = {"before": [], "after": []}
    cpus = {"before": [], "after": []}
    programs = {"before": options.before, "after": options.after}
    for turn in range(options.runs):
        for which in ("before", "after") if turn % 2 == 0 else ("after", "before"):
            done, cpu = launched(options.ranks, programs[which], words)
            key = {"fit": "seconds_fit", "search": "seconds_search", "stream": "seconds"}[work.kind]
            seconds[which].append(done[key])
            cpus[which].append(cpu)
            for left in ("model.h5", "results.csv"):
                if os.path.exists(f"{folder}/{left}"):
                    os.remove(f"{folder}/{left}")
    cells = [name]
    for figures in (seconds, cpus):
        ratios = [after / before for before, after in zip(figures["before"], figures["after"])]
        low, high = quartiles(ratios)
        cells += [f"{statistics.median(figures['before']):.3g}", f"{statistics.median(figures['after']):.3g}",
                  f"{statistics.median(ratios):.3f} ({low:.3f} - {high:.3f})"]
    print("| " + " | ".join(cells) + " |", flush=True)
    os.remove(data)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--works", default="")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--ranks", type=int, default=os.cpu_count())
    options = parser.parse_args()
    beginnings = tuple(options.works.split(",")) if options.works else ("",)
    chosen = [name for name, work in WORKS.items() if work.kind != "read" and name.startswith(beginnings)]
    if not chosen:
        sys.exit(f"no work begins with {options.works}; there are {', '.join(WORKS)}")
    print("| work | before s | after s | ratio (quartiles) | before CPU s | after CPU s | ratio (quartiles) |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="superstep-before-after-") as folder:
        for name in chosen:
            compare(name, options, folder)


if __name__ == "__main__":
    main()
