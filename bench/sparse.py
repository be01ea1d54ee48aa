#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sparse rows beside scikit-learn on the same matrix: a logistic fit beside LIBLINEAR, a grid of naive Bayes models, a truncated SVD.

usage: sparse.py PROGRAM [--rows N] [--columns D] [--values V] [--zipf] [--runs R] [--works A,B] [--threads T]
V values in each row, their columns drawn uniformly or, with --zipf, as words are. Seconds of training, reading left out on both sides (fits of the
program: its time less that of loading), in turn, medians; for the logistic fit the objectives, too.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
import warnings

import h5py
import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.naive_bayes import MultinomialNB

warnings.filterwarnings("ignore")


def draw(options):
    rng = np.random.default_rng(1)
    shape = (options.rows, options.values)
    if options.zipf:
        share = np.cumsum(1.0 / np.arange(1, options.columns + 1))
        columns = np.searchsorted(share, rng.random(shape) * share[-1])
    else:
        columns = rng.integers(0, options.columns, size=shape)
    begins = np.arange(0, options.rows * options.values + 1, options.values)
    X = sp.csr_matrix((np.ones(columns.size, "f4"), columns.astype("i4").ravel(), begins), shape=(options.rows, options.columns))
    X.sum_duplicates()
    z = X @ rng.normal(size=options.columns) / np.sqrt(options.values)
    return X, (z + 0.3 * rng.logistic(size=options.rows) > 0).astype("i4")


def write(file, X, y):
    with h5py.File(file, "w") as f:
        group = f.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": np.array(X.shape)})
        group["data"], group["indices"], group["indptr"] = X.data, X.indices, X.indptr.astype("i8")
        f["y"] = y


def objective(X, y, w, b):
    return np.logaddexp(0, -(X @ w + b) * (2 * y - 1)).sum() + 0.5 * w @ w


WORKS = {
    "logistic": (["fit", "LogisticRegression(max_iter=1000)", "data.h5", "--model", "model.h5"],
                 lambda: LogisticRegression(solver="liblinear", max_iter=1000)),
    "bayes_grid": (["search", "MultinomialNB()", "data.h5", "--grid", "{'alpha': [0.01, 0.1, 0.3, 1.0, 3.0]}", "--cv", "KFold(5)",
                    "--results", "results.csv"],
                   lambda: GridSearchCV(MultinomialNB(), {"alpha": [0.01, 0.1, 0.3, 1.0, 3.0]}, cv=KFold(5), refit=False)),
    "svd": (["fit", "TruncatedSVD(n_components=20)", "data.h5", "--model", "model.h5"],
            lambda: TruncatedSVD(n_components=20, random_state=0)),
}


def train(options, words):
    done = subprocess.run([options.program, *words, "--threads", str(options.threads), "--json", "--quiet", "--overwrite"], check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)


def compare(name, options, X, y):
    words, peer = WORKS[name]
    ours, theirs = [], []
    for run in range(options.runs):
        for who in (("ours", "theirs") if run % 2 == 0 else ("theirs", "ours")):
            begin = time.time()
            if who == "ours":
                result = train(options, words)
                ours.append(result["seconds"])
            else:
                fitted = peer().fit(X, y)
                theirs.append(time.time() - begin)
    ratios = [t / o for t, o in zip(theirs, ours)]
    said = ""
    if name == "logistic":
        with h5py.File("model.h5") as f:
            mine = objective(X, y, f["coef_"][0], f["intercept_"][0])
        said = f", objective {mine / objective(X, y, fitted.coef_[0], fitted.intercept_[0]) - 1:+.1e} of LIBLINEAR's"
    print(f"{name:<11} {statistics.median(ours):7.2f} s, scikit-learn {statistics.median(theirs):7.2f} s, ratio "
          f"{statistics.median(ratios):5.2f}, {result['passes']} passes, {result['peak_memory_bytes'] >> 20} MiB{said}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=1_000_000)
    parser.add_argument("--values", type=int, default=100)
    parser.add_argument("--zipf", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--works", default=",".join(WORKS))
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    X, y = draw(options)
    print(f"{X.shape[0]:,} x {X.shape[1]:,}, {X.nnz:,} values, {options.threads} threads here, one there", flush=True)
    X64 = X.astype("f8")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write("data.h5", X, y)
        for name in options.works.split(","):
            compare(name, options, X64, y)
        os.chdir("/")


main()
