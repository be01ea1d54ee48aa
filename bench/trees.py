#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Boosting beside LightGBM (with and without quantised gradients), XGBoost and scikit-learn: seconds of training and how good the
models are on rows that nobody saw.

usage: trees.py PROGRAM [--rows N] [--columns D] [--classes K] [--leaves L] [--trees T] [--threads N] [--runs R] [--double]
                        [--peers lightgbm,quantised,xgboost,sklearn] [--seeds S]
In turn, R times each, medians; `training` is without making bins where a library tells it apart, `all` is with bins; reading is left out on
both sides. The same rows, trees, leaves, 255 bins, learning rate 0.1, at least 20 rows a leaf. With --seeds, that many tables are drawn and
what is compared is the mean of their scores: one table's AUC moves by a thousandth when nothing but a rounding changes.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

ENV = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def draw(options, seed):
    """Columns of several kinds, a seventh of them with three values; classes that hang on products, steps and waves of some."""
    rng = np.random.default_rng(seed)
    rows, columns = options.rows + options.rows // 4, options.columns
    X = rng.normal(size=(rows, columns)).astype(np.float32)
    X[:, ::3] = np.exp(X[:, ::3])
    X[:, 3::7] = rng.choice([0.0, 1.0, 2.5], size=X[:, 3::7].shape)
    Z = (X[:, : min(columns, 28)] - X[:, : min(columns, 28)].mean(axis=0)) / X[:, : min(columns, 28)].std(axis=0)
    scores = np.zeros((rows, max(options.classes, 2)))
    for k in range(scores.shape[1]):
        a, b, c, d = rng.integers(0, Z.shape[1], 4)
        scores[:, k] = np.sin(2 * Z[:, a]) + Z[:, b] * np.tanh(Z[:, c]) + (Z[:, d] > 0.3) + 0.7 * np.abs(Z[:, (a + 1) % Z.shape[1]])
    y = np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)
    X = X.astype(np.float64) if options.double else X
    return X[: options.rows], y[: options.rows], X[options.rows:], y[options.rows:]


def quality(y, p):
    return (roc_auc_score(y, p) if p.ndim == 1 else roc_auc_score(y, p, multi_class="ovr")), log_loss(y, p)


class Ours:
    def __init__(self, options):
        self.options = options

    def run(self, data):
        o = self.options
        text = (f"HistGradientBoostingClassifier(max_iter={o.trees}, max_leaf_nodes={o.leaves}, early_stopping=False)")
        done = subprocess.run([o.program, "fit", text, "data.h5", "--model", "model.h5", "--json", "--quiet", "--threads", str(o.threads), "--overwrite",
                               "--trace", "trace.csv"], capture_output=True, text=True, env=ENV)
        if done.returncode:
            sys.exit(done.stderr)
        told = json.loads(done.stdout)
        loading = sum(float(line.split(",")[5]) - float(line.split(",")[3]) for line in open("trace.csv") if line.split(",")[1] == "load")
        return told["seconds"] - loading, told["seconds"] - loading

    def predict(self, Xt):
        if not os.path.exists("test.h5"):
            with h5py.File("test.h5", "w") as f:
                f["X"] = Xt
        done = subprocess.run([self.options.program, "predict", "model.h5", "test.h5", "--out", "p.h5", "--method", "predict_proba", "--overwrite"],
                              capture_output=True, text=True, env=ENV)
        if done.returncode:
            sys.exit(done.stderr)
        with h5py.File("p.h5") as f:
            return f["predict_proba"][()]


class LightGBM:
    quantised = False

    def __init__(self, options):
        self.options = options

    def run(self, data):
        import lightgbm
        X, y = data[:2]
        o = self.options
        p = dict(objective="binary" if o.classes == 2 else "multiclass", num_leaves=o.leaves, learning_rate=0.1, max_bin=255, min_data_in_leaf=20,
                 num_threads=o.threads, verbose=-1, min_sum_hessian_in_leaf=1e-3, seed=1, use_quantized_grad=self.quantised)
        if o.classes > 2:
            p["num_class"] = o.classes
        begin = time.perf_counter()
        d = lightgbm.Dataset(X, y, params=p)
        d.construct()
        middle = time.perf_counter()
        self.model = lightgbm.train(p, d, o.trees)
        end = time.perf_counter()
        return end - middle, end - begin

    def predict(self, Xt):
        return self.model.predict(Xt)


class Quantised(LightGBM):
    quantised = True


class XGBoost:
    def __init__(self, options):
        self.options = options

    def run(self, data):
        import xgboost
        X, y = data[:2]
        o = self.options
        p = dict(objective="binary:logistic" if o.classes == 2 else "multi:softprob", tree_method="hist", max_leaves=o.leaves, max_depth=0,
                 grow_policy="lossguide", eta=0.1, max_bin=255, nthread=o.threads, min_child_weight=1e-3, reg_lambda=0.0, verbosity=0)
        if o.classes > 2:
            p["num_class"] = o.classes
        begin = time.perf_counter()
        d = xgboost.QuantileDMatrix(X, y, nthread=o.threads, max_bin=255)
        middle = time.perf_counter()
        self.model = xgboost.train(p, d, o.trees)
        end = time.perf_counter()
        return end - middle, end - begin

    def predict(self, Xt):
        import xgboost
        return self.model.predict(xgboost.DMatrix(Xt, nthread=self.options.threads))


class ScikitLearn:
    def __init__(self, options):
        self.options = options

    def run(self, data):
        from sklearn.ensemble import HistGradientBoostingClassifier
        o = self.options
        self.model = HistGradientBoostingClassifier(max_iter=o.trees, max_leaf_nodes=o.leaves, early_stopping=False)
        begin = time.perf_counter()
        self.model.fit(*data[:2])
        seconds = time.perf_counter() - begin
        return seconds, seconds

    def predict(self, Xt):
        return self.model.predict_proba(Xt)


PEERS = {"superstep": Ours, "quantised": Quantised, "lightgbm": LightGBM, "xgboost": XGBoost, "sklearn": ScikitLearn}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    for name, value in dict(rows=1_000_000, columns=28, classes=2, leaves=31, trees=100, threads=2, runs=3, seeds=1).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--double", action="store_true")
    parser.add_argument("--peers", default="quantised,lightgbm,xgboost,sklearn")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    os.environ["OMP_WAIT_POLICY"] = "passive"
    names = ["superstep", *options.peers.split(",")]
    taken = {name: [] for name in names}
    judged = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for seed in range(options.seeds):
            data = draw(options, seed)
            with h5py.File("data.h5", "w") as f:
                f["X"], f["y"] = data[0], data[1]
            for run in range(options.runs):
                for name in names:
                    peer = PEERS[name](options)
                    taken[name].append(peer.run(data))
                    if run == 0:
                        p = peer.predict(data[2])
                        judged[name].append(quality(data[3], p[:, 1] if p.ndim == 2 and options.classes == 2 else p))
            if os.path.exists("test.h5"):
                os.remove("test.h5")
        os.chdir("/")
    print(f"{options.rows:,} x {options.columns}, {options.classes} classes, {options.trees} x {options.leaves} leaves, {options.threads} threads")
    ours = [statistics.median(t[i] for t in taken["superstep"]) for i in (0, 1)]
    for name in names:
        training, everything = (statistics.median(t[i] for t in taken[name]) for i in (0, 1))
        auc, loss = np.mean(judged[name], axis=0)
        print(f"{name:10s} training {training:7.2f} s ({training / ours[0]:5.2f}), all {everything:7.2f} s ({everything / ours[1]:5.2f})  "
              f"AUC {auc:.5f}  log loss {loss:.5f}", flush=True)


if __name__ == "__main__":
    main()
