# SPDX-License-Identifier: BSD-3-Clause
"""Fits against scikit-learn on the same cores, in one run, in turn, load times left out on both sides.

usage: fits.py SUPERSTEP [--runs N] [--only NAME] [--scale F] [--csv FILE]
scikit-learn gets both cores through its own threads (BLAS, OpenMP), Superstep through two ranks. Both sides must
reach the same answer (objective or inertia), or the row says so and the script ends with 1.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

CORES = 2
os.environ.setdefault("OPENBLAS_NUM_THREADS", str(CORES))
os.environ.setdefault("OMP_NUM_THREADS", str(CORES))

import h5py  # noqa: E402 - threads are chosen before the libraries start
import numpy as np  # noqa: E402
import sklearn  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.linear_model import LogisticRegression, Ridge  # noqa: E402
from sklearn.naive_bayes import GaussianNB  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

ENV = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


def logistic_objective(X, y, coef, intercept):
    z = X @ coef.ravel() + float(np.ravel(intercept)[0])
    return float(np.sum(np.logaddexp(0, z) - y * z) + 0.5 * np.sum(coef ** 2))


def ridge_objective(X, y, coef, intercept):
    return float(np.sum((y - X @ coef - intercept) ** 2) + np.sum(coef ** 2))


# name: (kind of data, rows, columns, further options of `make`, expression here, estimator there, measure of agreement)
WORKS = {
    "LogisticRegression 400,000 x 50": (
        "classification", 400_000, 50, ["--classes", "2"], "LogisticRegression()", lambda _: LogisticRegression(),
        lambda X, y, m: logistic_objective(X, y, m["coef_"], m["intercept_"])),
    "Ridge 1,000,000 x 100": (
        "regression", 1_000_000, 100, [], "Ridge()", lambda _: Ridge(),
        lambda X, y, m: ridge_objective(X, y, m["coef_"], m["intercept_"])),
    "PCA(10) 1,000,000 x 100": (
        "regression", 1_000_000, 100, [], "PCA(n_components=10)", lambda _: PCA(n_components=10),
        lambda X, y, m: -float(np.sum(m["explained_variance_"]))),
    "KMeans(50) 1,000,000 x 20": (
        "blobs", 1_000_000, 20, ["--centers", "50"], "KMeans(n_clusters=50, init=CENTERS, n_init=1, max_iter=20, tol=0.0)",
        lambda c: KMeans(50, init=c, n_init=1, max_iter=20, tol=0.0, algorithm="lloyd"),
        lambda X, y, m: float(m["inertia_"])),
    "GaussianNB 1,000,000 x 100": (
        "classification", 1_000_000, 100, ["--classes", "5"], "GaussianNB()", lambda _: GaussianNB(),
        lambda X, y, m: float(np.sum(m["theta_"] ** 2) + np.sum(m["var_"]))),
    "StandardScaler 1,000,000 x 100": (
        "regression", 1_000_000, 100, [], "StandardScaler()", lambda _: StandardScaler(),
        lambda X, y, m: float(np.sum(m["mean_"] ** 2) + np.sum(m["var_"]))),
}
# How far ours may be above theirs, relatively: both stop at their own tolerance.
AGREEMENT = 1e-6


def fitted(model):
    return {k: np.asarray(getattr(model, k)) for k in
            ("coef_", "intercept_", "explained_variance_", "inertia_", "theta_", "var_", "mean_") if hasattr(model, k)}


def ours(program, expression, data, model):
    done = subprocess.run(["mpirun", "-n", str(CORES), program, "fit", expression, data, "--model", model, "--json",
                           "--quiet"], capture_output=True, text=True, env=ENV)
    if done.returncode != 0:
        sys.exit(done.stderr)
    with h5py.File(model) as f:
        return json.loads(done.stdout)["seconds_fit"], {k: v[()] for k, v in f.items() if isinstance(v, h5py.Dataset)}


def measure(program, work, runs, scale, folder):
    kind, rows, columns, options, expression, make_estimator, objective = work
    rows = int(rows * scale)
    data = os.path.join(folder, "data.h5")
    subprocess.run(["mpirun", "-n", str(CORES), program, "make", kind, data, "--rows", str(rows), "--columns", str(columns),
                    "--seed", "1", "--quiet", *options], check=True, env=ENV, capture_output=True)
    with h5py.File(data) as f:
        X, y = f["X"][()], f["y"][()]
    rng = np.random.default_rng(0)
    centers = X[rng.choice(rows, 50, replace=False)]
    expression = expression.replace("CENTERS", repr(centers.tolist()))
    pairs = []
    for run in range(runs + 1):
        theirs = make_estimator(centers)
        start = time.perf_counter()
        theirs.fit(X, y)
        their_s = time.perf_counter() - start
        our_s, model = ours(program, expression, data, os.path.join(folder, "model.h5"))
        if run > 0:  # the first warms both up
            pairs.append((our_s, their_s))
    a, b = objective(X, y, model), objective(X, y, fitted(theirs))
    return pairs, (a - b) / abs(b)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("superstep")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the rows, to try things out")
    parser.add_argument("--csv")
    o = parser.parse_args()
    print(f"scikit-learn {sklearn.__version__}, {CORES} cores, medians of {o.runs} runs in turn")
    print(f"{'work':<34} {'ours s':>8} {'theirs s':>9} {'ratio':>6} {'spread':>14}  objective (relative)")
    rows, disagree = [], 0
    for name, work in WORKS.items():
        if o.only not in name:
            continue
        with tempfile.TemporaryDirectory(dir=".") as folder:
            pairs, difference = measure(o.superstep, work, o.runs, o.scale, folder)
        ratios = sorted(b / a for a, b in pairs)
        agrees = difference <= AGREEMENT
        disagree += not agrees
        row = (name, statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs),
               statistics.median(ratios), ratios[0], ratios[-1], difference)
        rows.append(row)
        print(f"{name:<34} {row[1]:>8.3f} {row[2]:>9.3f} {row[3]:>6.1f} {row[4]:>6.1f} - {row[5]:<5.1f}  {difference:+.1e}"
              + ("" if agrees else "  NOT THE SAME ANSWER"), flush=True)
    if o.csv:
        with open(o.csv, "w", newline="") as f:
            csv.writer(f).writerows([("work", "ours_s", "theirs_s", "ratio", "ratio_min", "ratio_max", "objective"), *rows])
    sys.exit(1 if disagree else 0)


if __name__ == "__main__":
    main()
