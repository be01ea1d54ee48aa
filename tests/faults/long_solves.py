# SPDX-License-Identifier: BSD-3-Clause
"""A rank in one long solve is not taken for dead, whatever the watch's patience; one that is stopped is.

usage: long_solves.py   ($SUPERSTEP: the program)
With three folds on two ranks one rank has a solve more than the other, which waits: for longer than the watch allows
a silent rank, or the test would show nothing.
"""
import os
import signal
import subprocess
import sys
import time

import h5py
import numpy as np

SUPERSTEP = os.environ["SUPERSTEP"]
PATIENCE_S = 0.3
COLUMNS = 1300


def start(*words):
    environment = dict(os.environ, SUPERSTEP_WATCHDOG=str(PATIENCE_S))
    return subprocess.Popen(["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "2", SUPERSTEP, *words], text=True,
                            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ends(process):
    try:
        _, err = process.communicate(timeout=100)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.communicate()
        return None, ""
    return process.returncode, err


def longest_solves(trace):
    """Seconds of the longest run of tasks of a rank."""
    with open(trace) as text:
        names, *rows = [line.strip().split(",") for line in text]
    events = [dict(zip(names, row)) for row in rows]
    return max(float(e["end_s"]) - float(e["begin_s"]) for e in events if e["what"] == "tasks")


def make_wide(columns):
    random = np.random.default_rng(0)
    with h5py.File("wide.h5", "w") as f:
        X = random.normal(size=(2 * columns, columns))
        f["X"] = X
        f["y"] = X[:, 0] + random.normal(size=len(X))


def main():
    work = ("cross-validate", "make_pipeline(PCA(n_components=3), LinearRegression())", "wide.h5", "--cv", "3",
            "--scoring", "r2", "--quiet")
    columns = COLUMNS
    solves_s = 0.0
    while solves_s <= 4 * PATIENCE_S:  # as wide as this processor needs
        assert columns < 4 * COLUMNS, f"solves of {solves_s:.1f} s are no test"
        make_wide(columns)
        begin = time.monotonic()
        code, err = ends(start(*work, "--trace", "trace.csv"))
        all_s = time.monotonic() - begin
        assert code == 0, f"a healthy job ended with {code}: {err[:500]}"
        solves_s = longest_solves("trace.csv")
        columns = columns * 4 // 3

    process = start(*work)
    deadline = time.monotonic() + 30
    ranks = []
    while len(ranks) < 2 and time.monotonic() < deadline:
        found = subprocess.run(["pgrep", "-P", str(process.pid)], stdout=subprocess.PIPE, text=True, check=False)
        ranks = [int(pid) for pid in found.stdout.split()]
    assert len(ranks) == 2, ranks
    time.sleep(all_s - 0.6 * solves_s)  # the solves come last
    os.kill(ranks[1], signal.SIGSTOP)
    code, err = ends(process)
    assert code == 6 and "stopped answering" in err, f"with a stopped rank: {code}: {err[:500]}"
    print(f"solves of {solves_s:.1f} s with a patience of {PATIENCE_S} s; ok")


if __name__ == "__main__":
    main()
