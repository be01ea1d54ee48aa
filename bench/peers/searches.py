# SPDX-License-Identifier: BSD-3-Clause
"""Searches against scikit-learn (and dask-ml, where it can be imported) on the same two cores, in one run, in turn.

usage: searches.py SUPERSTEP [--runs N] [--only NAME] [--scale F] [--csv FILE] [--dask PYTHON]
Load times are left out on both sides; nothing is refitted. scikit-learn runs with n_jobs=2, one BLAS thread each, or, where
it has no n_jobs, with both cores for its own threads. Scores must agree, or the row says so and the script ends with 1.
`--dask PYTHON` names an interpreter with dask-ml and distributed: the logistic grid is run with it as well.
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
import warnings

CORES = 2
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # in the two worker processes
os.environ.setdefault("OMP_NUM_THREADS", "1")

import h5py  # noqa: E402 - threads are chosen before the libraries start
import numpy as np  # noqa: E402
import sklearn  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402
from sklearn.linear_model import LassoCV, LogisticRegression, Ridge  # noqa: E402
from sklearn.model_selection import GridSearchCV, KFold  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

ENV = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OMPI_ALLOW_RUN_AS_ROOT="1",
           OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
CS = np.logspace(-4, 2, 10)
ALPHAS = np.logspace(-3, 4, 20)
LASSO_ALPHAS = np.logspace(-2, 2, 100)


def grid_search(estimator, grid, scoring):
    def run(X, y, folder):
        search = GridSearchCV(estimator(folder), grid, cv=5, scoring=scoring, n_jobs=CORES, refit=False).fit(X, y)
        return search.cv_results_["mean_test_score"]
    return run


def lasso_path(X, y, _):
    # Mean squared errors by alpha, turned into the order and sign of a search's scores.
    model = LassoCV(alphas=LASSO_ALPHAS, cv=KFold(5), n_jobs=CORES).fit(X, y)
    return -model.mse_path_.mean(axis=1)[::-1]


def kmeans_list(X, _, __):
    with threadpool_limits(CORES):
        return np.array([-KMeans(k, n_init=3, random_state=0).fit(X).inertia_ for k in range(2, 41)])


def pipeline(folder):
    return make_pipeline(StandardScaler(), PCA(), LogisticRegression(), memory=os.path.join(folder, "cache"))


def listed(values):
    return repr([float(v) for v in values])


# name: (data, rows, columns, `make` options, search here, its options, search there, how far scores may be apart)
WORKS = {
    "LogisticRegression 10 C x 5 folds, 400,000 x 50": (
        "classification", 400_000, 50, ["--classes", "2"], "LogisticRegression()",
        ["--grid", f"{{'C': {listed(CS)}}}", "--scoring", "neg_log_loss"],
        grid_search(lambda _: LogisticRegression(), {"C": CS}, "neg_log_loss"), 1e-4),
    "Ridge 20 alphas x 5 folds, 400,000 x 50": (
        "regression", 400_000, 50, [], "Ridge()", ["--grid", f"{{'alpha': {listed(ALPHAS)}}}", "--scoring", "r2"],
        grid_search(lambda _: Ridge(), {"alpha": ALPHAS}, "r2"), 1e-6),
    "Lasso path 100 alphas x 5 folds, 400,000 x 50": (
        "regression", 400_000, 50, [], "Lasso()",
        ["--grid", f"{{'alpha': {listed(LASSO_ALPHAS)}}}", "--scoring", "neg_mean_squared_error"], lasso_path, 1e-3),
    "Scaler+PCA+Logistic 4 x 6 x 5 folds, 400,000 x 50": (
        "classification", 400_000, 50, ["--classes", "2"], "make_pipeline(StandardScaler(), PCA(), LogisticRegression())",
        ["--grid", f"{{'pca__n_components': [5, 10, 20, 40], 'logisticregression__C': {listed(np.logspace(-3, 2, 6))}}}",
         "--scoring", "neg_log_loss"],
        grid_search(pipeline, {"pca__n_components": [5, 10, 20, 40], "logisticregression__C": np.logspace(-3, 2, 6)},
                    "neg_log_loss"), 2e-2),  # their PCA is a randomised one at this shape
    "KMeans k=2..40 x 3 restarts, 100,000 x 20": (
        "blobs", 100_000, 20, ["--centers", "20"], "KMeans(n_init=3)", None, kmeans_list, None),
}


def make_data(program, work, scale, file):
    kind, rows, columns, options = work[:4]
    subprocess.run(["mpirun", "-n", str(CORES), program, "make", kind, file, "--rows", str(int(rows * scale)), "--columns",
                    str(columns), "--seed", "1", "--quiet", *options], check=True, env=ENV, capture_output=True)
    with h5py.File(file) as f:
        return f["X"][()], f["y"][()]


def ours(program, work, data, folder):
    """(seconds without reading, mean scores by candidate)"""
    results = os.path.join(folder, "results.csv")
    if work[5] is None:  # no folds: trained and judged on all rows
        options = ["--grid", "{'n_clusters': range(2, 41)}", "--cv", "all"]
    else:
        options = [*work[5], "--cv", "5"]
    done = subprocess.run(["mpirun", "-n", str(CORES), program, "search", work[4], data, *options, "--results", results,
                           "--json", "--quiet"], capture_output=True, text=True, env=ENV)
    if done.returncode != 0:
        sys.exit(done.stderr)
    with open(results, newline="") as f:
        scores = [float(row["mean_test_score"]) for row in csv.DictReader(f)]
    return json.loads(done.stdout)["seconds_search"], np.array(scores)


def measure(program, work, runs, scale, folder):
    data = os.path.join(folder, "data.h5")
    X, y = make_data(program, work, scale, data)
    pairs = []
    for run in range(runs + 1):
        our_s, our_scores = ours(program, work, data, folder)
        if run == 0 and runs > 0:
            continue  # the first warms up
        with tempfile.TemporaryDirectory(dir=folder) as cache, warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            start = time.perf_counter()
            their_scores = work[6](X, y, cache)
            pairs.append((our_s, time.perf_counter() - start))
    return pairs, our_scores, their_scores


def difference_of(work, our_scores, their_scores):
    """(the largest relative difference of a mean score, whether that is in order)"""
    if work[7] is None:  # k-means ends in different optima: ours may not be worse on the whole
        ratio = float(np.median(our_scores / their_scores))
        return ratio - 1.0, ratio < 1.02
    worst = float(np.max(np.abs(our_scores - their_scores) / np.maximum(np.abs(their_scores), 1e-3)))
    # Where several candidates are equally good within that, either may come first.
    ours_there = their_scores[np.argmax(our_scores)]
    return worst, worst <= work[7] and ours_there >= their_scores.max() - work[7] * abs(their_scores.max())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("superstep")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the rows, to try things out")
    parser.add_argument("--csv")
    parser.add_argument("--dask", metavar="PYTHON")
    o = parser.parse_args()
    print(f"scikit-learn {sklearn.__version__}, {CORES} cores, medians of {max(o.runs, 1)} runs in turn")
    print(f"{'work':<50} {'ours s':>8} {'theirs s':>9} {'ratio':>6} {'spread':>15}  scores apart")
    rows, disagree = [], 0
    for name, work in WORKS.items():
        if o.only not in name:
            continue
        with tempfile.TemporaryDirectory(dir=".") as folder:
            pairs, our_scores, their_scores = measure(o.superstep, work, o.runs, o.scale, folder)
            if o.dask and name.startswith("Logistic"):
                their_s = float(subprocess.run([o.dask, os.path.join(os.path.dirname(__file__), "dask_grid.py"),
                                                os.path.join(folder, "data.h5")], check=True, capture_output=True,
                                               text=True).stdout)
                our_s = statistics.median(a for a, _ in pairs)
                rows.append((name + " (dask-ml)", our_s, their_s, their_s / our_s, their_s / our_s, their_s / our_s, 0.0))
                print(f"{name + ' (dask-ml)':<50} {our_s:>8.3f} {their_s:>9.3f} {their_s / our_s:>6.1f}", flush=True)
        ratios = sorted(b / a for a, b in pairs)
        apart, agrees = difference_of(work, our_scores, their_scores)
        disagree += not agrees
        row = (name, statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs),
               statistics.median(ratios), ratios[0], ratios[-1], apart)
        rows.append(row)
        print(f"{name:<50} {row[1]:>8.3f} {row[2]:>9.3f} {row[3]:>6.1f} {row[4]:>6.1f} - {row[5]:<6.1f}  {apart:+.1e}"
              + ("" if agrees else "  NOT THE SAME ANSWER"), flush=True)
    if o.csv:
        with open(o.csv, "w", newline="") as f:
            csv.writer(f).writerows([("work", "ours_s", "theirs_s", "ratio", "ratio_min", "ratio_max", "apart"), *rows])
    sys.exit(1 if disagree else 0)


if __name__ == "__main__":
    main()
