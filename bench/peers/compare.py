#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The same work on the same data and the same cores, here and with peers: in turn, several times, answers compared.

usage: compare.py BUILD_FOLDER [--peers A,B] [--works A,B] [--runs N] [--scale F] [--csv FILE] [--svg FILE] [--cores N]
Peers are looked for in the Python that runs this; those that are not there are named and left out. Load times are left out on
both sides where the work is not reading. Ours runs with as many ranks as cores. Ends with 1 when answers differ or nothing
was compared; `NAME` of a work may be its beginning (`stream`).
"""
import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile

os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")

import h5py
import numpy as np

from limits import drop_from_page_cache, memory_limit
from report import HEADER, Row, write_csv, write_svg
from works import KMEANS, WORKS, centers_file

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer.py")
DEBIAN_PYTHON = "/usr/bin/python3"  # has h5py with MPI
IN_MEMORY = ("sklearn", "intelex", "dask", "xgboost")
PEERS_OF_WORK = {
    "logistic_fit": IN_MEMORY, "ridge_fit": ("sklearn", "intelex", "xgboost"), "pca_fit": IN_MEMORY[:3],
    "kmeans_fit": IN_MEMORY[:3], "naive_bayes_fit": ("sklearn", "dask"), "scaler_fit": ("sklearn", "dask"),
    "logistic_grid": IN_MEMORY[:3], "ridge_grid": IN_MEMORY[:3], "lasso_path": ("sklearn", "intelex"),
    "pipeline_grid": IN_MEMORY[:3], "kmeans_list": ("sklearn", "intelex"), "stream_scaler": ("sklearn", "dask"),
    "stream_ridge": ("dask",), "stream_logistic": ("dask",),
}
READERS = ("raw", "h5py", "h5py_mpi")
ALL_PEERS = (*IN_MEMORY, *READERS)
# A limit below this leaves no room for interpreters; a peer gets half the file otherwise.
LEAST_LIMIT = 1 << 30
PATIENCE_S = 900  # for one command


class Failed(Exception):
    pass


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def run_json(command, environment=None, preexec=None):
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
                             env={**os.environ, **(environment or {})}, preexec_fn=preexec)
    try:
        out, err = child.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # with its workers
        child.communicate()
        raise Failed(f"not done after {PATIENCE_S} s") from None
    if child.returncode != 0:
        raise Failed(f"exit code {child.returncode}: {last_line(err)}")
    return json.loads(last_line(out))


class Bench:
    """One work: its data, our side and the peers' side."""

    def __init__(self, options, name, folder):
        self.o, self.name, self.work, self.folder = options, name, WORKS[name], folder
        self.data, self.model = os.path.join(folder, "data.h5"), os.path.join(folder, "model.h5")
        self.program = os.path.join(options.build, "superstep")
        self.rows = int(self.work.data.rows * options.scale)
        self.title = f"{self.work.title}, {self.rows:,} x {self.work.data.columns}"
        self.enter_limit, self.limit = None, 0

    def mpirun(self, ranks):
        return ["mpirun", "-n", str(ranks), "--bind-to", "none"]

    def make(self):
        d = self.work.data
        run = subprocess.run([*self.mpirun(self.o.cores), self.program, "make", d.kind, self.data, "--rows",
                              str(self.rows), "--columns", str(d.columns), "--seed", "1", "--quiet",
                              *d.options], capture_output=True, text=True)
        if run.returncode != 0:
            raise Failed(run.stderr)
        if "CENTERS" in self.work.expression:
            with h5py.File(self.data) as f:
                chosen_rows = np.random.default_rng(1).choice(len(f["X"]), KMEANS["n_clusters"], replace=False)
                np.save(centers_file(self.data), f["X"][()][chosen_rows])

    def read(self):
        """(X, y), for the judge."""
        with h5py.File(self.data) as f:
            return f["X"][()], f["y"][()]

    # Our side: (seconds, answer).

    def ours(self):
        return {"fit": self.our_fit, "stream": self.our_stream, "search": self.our_search, "read": self.our_read}[
            self.work.kind]()

    def expression(self):
        if "CENTERS" not in self.work.expression:
            return self.work.expression
        return self.work.expression.replace("CENTERS", repr(np.load(centers_file(self.data)).tolist()))

    def fit(self, *options):
        done = run_json([*self.mpirun(self.o.cores), self.program, "fit", self.expression(), self.data, "--model", self.model,
                         "--json", "--quiet", *options], preexec=self.enter_limit)
        with h5py.File(self.model) as f:
            return done, {k: v[()] for k, v in f.items() if isinstance(v, h5py.Dataset)}

    def our_fit(self):
        done, answer = self.fit()
        return done["seconds_fit"], answer

    def our_stream(self):
        # Two thirds of the limit: the rest is the program's own.
        done, answer = self.fit("--memory", str(self.limit * 2 // 3 // self.o.cores))
        return done["seconds"], answer

    def our_search(self):
        results = os.path.join(self.folder, "results.csv")
        cv = () if "--cv" in self.work.search else ("--cv", "5")
        done = run_json([*self.mpirun(self.o.cores), self.program, "search", self.work.expression, self.data, *self.work.search,
                         *cv, "--results", results, "--json", "--quiet"])
        with open(results, newline="") as f:
            return done["seconds_search"], {"scores": np.array([float(r["mean_test_score"]) for r in csv.DictReader(f)])}

    def reading(self, how):
        self.chill()
        done = run_json([os.path.join(self.o.build, "bench", "reading"), self.data, how, "--threads", str(self.o.cores)])
        return done["seconds"], done

    def our_read(self):
        return self.reading("ours")

    def chill(self):
        if self.work.cold:
            drop_from_page_cache(self.data)

    # The peers' side.

    def theirs(self, peer):
        if peer == "raw":
            return self.reading(peer)
        self.chill()
        answer = os.path.join(self.folder, "answer.npz")
        # Searches of scikit-learn's have a process for each core (the faster way for scikit-learn-intelex, too, by 1.2 to 4);
        # dask has a worker for each.
        alone = peer == "dask" or (self.work.kind == "search" and self.name != "kmeans_list")
        threads = "1" if alone else str(self.o.cores)
        environment = {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads,
                       "SUPERSTEP_PEER_CORES": str(self.o.cores), "SUPERSTEP_PEER_MEMORY": str(self.limit)}
        done = run_json([*launcher(peer, self.o.cores), PEER, peer, self.name, self.data, answer], environment,
                        self.enter_limit)
        if self.work.kind == "read":
            return done["seconds"], done
        with np.load(answer) as f:
            return done["seconds"], dict(f)

    # The judge: (how far ours lies above theirs, relatively; whether that is in order).

    def judge(self, ours, theirs, data):
        if self.work.kind == "read":
            if "squares" not in theirs:  # raw bytes
                return 0.0, True
            apart = abs(ours["squares"] - theirs["squares"]) / theirs["squares"]
            return apart, apart < 1e-9
        if self.work.kind == "search":
            return self.judge_scores(ours["scores"], theirs["scores"])
        if self.work.attributes:
            worst = max(float(np.max(np.abs(ours[k] - theirs[k])) / np.max(np.abs(theirs[k]))) for k in self.work.attributes)
            return worst, worst <= self.work.ours_above
        a, b = (self.work.objective(answer, *data) for answer in (ours, theirs))
        apart = (a - b) / abs(b)
        return apart, -self.work.theirs_above <= apart <= self.work.ours_above

    def judge_scores(self, ours, theirs):
        if self.work.scores_apart is None:  # k-means ends in different optima: ours may not be worse on the whole
            apart = float(np.median(ours / theirs)) - 1.0
            return apart, apart < 0.02
        allowed = self.work.scores_apart
        worst = float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-3)))
        # Where several candidates are equally good within that, either may come first.
        return worst, worst <= allowed and theirs[np.argmax(ours)] >= theirs.max() - allowed * abs(theirs.max())

    def compare(self, peers):
        """Rows of the report, and the failures."""
        self.make()
        pairs, answers, failures = {p: [] for p in peers}, {}, {}
        if self.work.kind == "stream":
            self.limit = max(os.path.getsize(self.data) // 2, LEAST_LIMIT)
        with memory_limit(self.limit, self.o.cores) if self.limit else no_limit() as (how, enter):
            self.enter_limit = enter
            if how:
                print(f"# {self.title}: {os.path.getsize(self.data) >> 20} MiB, {how}", flush=True)
            for _ in range(self.o.runs):
                our_s, ours = self.ours()
                for peer in [p for p in peers if p not in failures]:
                    try:
                        their_s, answers[peer] = self.theirs(peer)
                        pairs[peer].append((our_s, their_s))
                    except Failed as e:
                        failures[peer] = str(e)
        data = self.read() if self.work.objective else None
        rows = [Row(self.name, self.title, p, self.o.versions[p], pairs[p], *self.judge(ours, answers[p], data))
                for p in peers if p not in failures]
        return rows, failures


class no_limit:
    def __enter__(self):
        return "", None

    def __exit__(self, *_):
        pass


def launcher(peer, cores):
    if peer == "h5py_mpi":
        return ["mpirun", "-n", str(cores), "--bind-to", "none", DEBIAN_PYTHON]
    return [sys.executable]


def versions_of(peers):
    """{peer: version} of those that are there; says which are not."""
    found = {}
    for peer in peers:
        if peer == "raw":
            found[peer] = "pread"
            continue
        done = subprocess.run([*launcher(peer, 1), PEER, peer], capture_output=True, text=True)
        if done.returncode == 0:
            found[peer] = last_line(done.stdout)
        else:
            print(f"# left out: {peer} ({last_line(done.stderr)})", flush=True)
    return found


def chosen(given, known, what):
    """The names that begin with one of those given."""
    if given is None:
        return list(known)
    names = []
    for word in given.split(","):
        matches = [k for k in known if k == word] or [k for k in known if k.startswith(word)]
        if not matches:
            sys.exit(f"no {what} is called '{word}'; there are {', '.join(known)}")
        names += matches
    return names


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", help="folder of the built program, such as build/release")
    parser.add_argument("--peers")
    parser.add_argument("--works")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the rows, to try things out")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--csv")
    parser.add_argument("--svg")
    o = parser.parse_args()
    peers, names = chosen(o.peers, ALL_PEERS, "peer"), chosen(o.works, WORKS, "work")
    o.versions = versions_of(peers)
    print(f"# {o.cores} cores, medians of {o.runs} runs in turn; "
          + ", ".join(f"{p} {v}" for p, v in o.versions.items()))
    print(HEADER)
    rows, failed = [], 0
    for name in names:
        those = [p for p in (READERS if WORKS[name].kind == "read" else PEERS_OF_WORK[name]) if p in o.versions]
        if not those:
            continue
        with tempfile.TemporaryDirectory(dir=".") as folder:
            new, failures = Bench(o, name, folder).compare(those)
        rows += new
        for row in new:
            print(row.line(), flush=True)
        for peer, why in failures.items():
            print(f"{name:<66} {peer:<9} FAILED: {why}", flush=True)
        # Not to get by with the memory is an answer, too.
        failed += len(failures) if WORKS[name].kind != "stream" else 0
        if o.csv:
            write_csv(rows, o.csv)
    if o.svg and rows:
        write_svg([row.bar() for row in rows], o.svg)
    sys.exit(0 if rows and not failed and all(r.agrees for r in rows) else 1)


if __name__ == "__main__":
    main()
