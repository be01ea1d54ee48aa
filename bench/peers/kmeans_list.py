# SPDX-License-Identifier: BSD-3-Clause
"""K-means for k = 2..40, three restarts each, as one batch, against scikit-learn run over the same list.

usage: kmeans_list.py SUPERSTEP KMEANS_LIST [--runs N] [--rows N] [--centers N] [--last K] [--check]
Both get the same cores (CORES in the environment, else 2), in turn; load times are left out on both sides. The seconds
of the processors are shown too: on a machine that others use, these and CORES=1 say more than the clock. With --check
the sizes are tiny, and what counts is that our inertias are as low as theirs.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

CORES = int(os.environ.get("CORES", "2"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(CORES))
os.environ.setdefault("OMP_NUM_THREADS", str(CORES))

import h5py  # noqa: E402 - threads are chosen before the libraries start
import numpy as np  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402

COLUMNS = 20
FIRST = 2
RESTARTS = 3
ENV = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


def children_seconds():
    t = os.times()
    return t.children_user + t.children_system


def ours(program, data, last):
    before = children_seconds()
    done = subprocess.run(["mpirun", "-n", str(CORES), program, data, str(FIRST), str(last), str(RESTARTS)],
                          capture_output=True, text=True, env=ENV)
    if done.returncode != 0:
        sys.exit(done.stderr)
    result = json.loads(done.stdout)
    return result["seconds"], children_seconds() - before, {k: inertia for k, inertia, _ in result["models"]}


def theirs(X, last):
    before, start = time.process_time(), time.perf_counter()
    found = {k: KMeans(n_clusters=k, n_init=RESTARTS, random_state=0).fit(X).inertia_ for k in range(FIRST, last + 1)}
    return time.perf_counter() - start, time.process_time() - before, found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("superstep")
    parser.add_argument("kmeans_list")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--centers", type=int, default=20, help="of the blobs")
    parser.add_argument("--last", type=int, default=40, help="the largest k")
    parser.add_argument("--check", action="store_true")
    o = parser.parse_args()
    if o.check:
        o.runs, o.rows, o.last = 1, 5000, 12
    with tempfile.TemporaryDirectory(dir=".") as folder:
        data = os.path.join(folder, "blobs.h5")
        subprocess.run([o.superstep, "make", "blobs", data, "--rows", str(o.rows), "--columns", str(COLUMNS),
                        "--centers", str(o.centers), "--seed", "1", "--quiet"], check=True, env=ENV, capture_output=True)
        with h5py.File(data) as f:
            X = f["X"][()]
        runs = [(*ours(o.kmeans_list, data, o.last), *theirs(X, o.last)) for _ in range(o.runs)]
    for our_s, our_cpu, _, their_s, their_cpu, _ in runs:
        print(f"ours {our_s:.2f} s ({our_cpu:.2f} s of processors), theirs {their_s:.2f} s ({their_cpu:.2f} s): "
              f"{their_s / our_s:.1f} times ({their_cpu / our_cpu:.1f})", flush=True)
    print(f"median {statistics.median(r[3] / r[0] for r in runs):.1f} times")
    relative = [runs[0][2][k] / runs[0][5][k] - 1 for k in range(FIRST, o.last + 1)]
    worst = int(np.argmax(relative))
    print(f"inertia against theirs: mean {np.mean(relative):+.2%}, worst {relative[worst]:+.2%} (k={FIRST + worst})")
    if o.check and np.mean(relative) > 0.05:
        sys.exit("worse centres than scikit-learn's")


if __name__ == "__main__":
    main()
