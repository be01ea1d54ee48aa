#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Scores of folds on hard designs: one-hot columns, rare levels, columns constant in a fold, duplicates, scales far
apart, large means with small spread, weights of zero. Every closed-form family beside scikit-learn, which is shown the
rows of each fold alone, and the hardest cases beside `fit` on a file with those rows.

--cases N: how many designs are drawn; --seed S: draws them again.
"""
import argparse
import csv
import datetime
import json
import warnings

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.decomposition import PCA
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

from common import main, path, run, write

TOLERANCE = 1e-6
FOLDS = 4


class LeastNorm(RegressorMixin, BaseEstimator):
    """Least squares of least norm from the singular values of the centred rows."""

    def fit(self, X, y, sample_weight=None):
        w = np.ones(len(y)) if sample_weight is None else sample_weight
        self.mean_, self.y_mean_ = np.average(X, axis=0, weights=w), np.average(y, weights=w)
        A = np.sqrt(w)[:, None] * (X - self.mean_)
        constant = np.ptp(X[w > 0], axis=0) == 0
        A[:, constant] = 0.0
        u, s, v = np.linalg.svd(A, full_matrices=False)
        self.ratios_ = s / max(s[0], 1e-300)
        kept = self.ratios_ > 1e-13
        self.coef_ = v[kept].T @ ((u[:, kept].T @ (np.sqrt(w) * (y - self.y_mean_))) / s[kept])
        self.coef_[constant] = 0.0
        return self

    def predict(self, X):
        return (X - self.mean_) @ self.coef_ + self.y_mean_

    def is_clear(self):
        """Whether no singular value lies where rounding decides what counts, or blows up what does."""
        return not np.any((self.ratios_ > 1e-15) & (self.ratios_ < 1e-8))


class ExactRidge(LeastNorm):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y, sample_weight=None):
        w = np.ones(len(y)) if sample_weight is None else sample_weight
        self.mean_, self.y_mean_ = np.average(X, axis=0, weights=w), np.average(y, weights=w)
        constant = np.ptp(X[w > 0], axis=0) == 0
        A = np.sqrt(w)[:, None] * (X - self.mean_)
        A[:, constant] = 0.0
        u, s, v = np.linalg.svd(A, full_matrices=False)
        kept = s > 1e-14 * s[0]
        self.ratios_ = np.sqrt(s[kept] ** 2 + self.alpha) / np.sqrt(s[0] ** 2 + self.alpha)
        t = u[:, kept].T @ (np.sqrt(w) * (y - self.y_mean_))
        self.coef_ = v[kept].T @ (s[kept] * t / (s[kept] ** 2 + self.alpha))
        self.coef_[constant] = 0.0
        return self


def draw(rng):
    """(X, y, weights or None, what it is)."""
    n = int(rng.integers(120, 1500))
    parts, what = [rng.normal(size=(n, int(rng.integers(1, 5))))], []

    def add(name, columns):
        what.append(name)
        parts.append(np.asarray(columns, dtype=float).reshape(n, -1))

    if rng.random() < 0.7:
        levels = int(rng.integers(2, 8))
        code = rng.integers(0, levels, n)
        if rng.random() < 0.3:
            code = np.sort(code)
        first = int(rng.random() < 0.4)
        add("reduced one-hot" if first else "full one-hot", np.eye(levels)[code][:, first:])
    for _ in range(int(rng.integers(0, 3))):
        rare = np.zeros(n)
        rare[rng.integers(0, n, int(rng.integers(1, 3)))] = rng.choice([1.0, 0.1, 1e6])
        add("rare", rare)
    if rng.random() < 0.4:
        begin = int(rng.integers(0, FOLDS)) * n // FOLDS
        column = np.full(n, rng.choice([0.0, 0.1, 1.0, 1e5 / 3]))
        column[begin:begin + n // FOLDS] += rng.normal(size=n // FOLDS)
        add("constant in a fold", column)
    if rng.random() < 0.4:
        add("duplicate", parts[0][:, :1])
    if rng.random() < 0.3:
        add("nearly duplicate", parts[0][:, :1] + 10.0 ** -rng.integers(2, 6) * rng.normal(size=(n, 1)))
    if rng.random() < 0.4:
        add("large mean", 10.0 ** rng.integers(3, 7) + rng.normal(size=n))
    X = np.hstack(parts)
    X = X[:, rng.permutation(X.shape[1])]
    sd = np.maximum(np.std(X, axis=0), 1e-3)
    y = (X - X.mean(axis=0)) / sd @ rng.normal(size=X.shape[1]) + rng.choice([0.03, 0.3]) * rng.normal(size=n)
    if rng.random() < 0.3:
        what.append("scales apart")
        X = X * 10.0 ** rng.integers(-8, 9, X.shape[1])
    weight = None
    if rng.random() < 0.3:
        what.append("weights with zeros")
        weight = np.where(rng.random(n) < 0.3, 0.0, 0.5 + rng.random(n))
    return X, y, weight, ", ".join(what)


SCALERS = {"StandardScaler()": StandardScaler(), "MinMaxScaler()": MinMaxScaler(), "MaxAbsScaler()": MaxAbsScaler()}
DESCENT = dict(tol=1e-12, max_iter=100000)
MODELS = {"LinearRegression()": LeastNorm(), "Ridge(alpha=1e-6)": ExactRidge(1e-6), "Ridge(alpha=1.0)": ExactRidge(1.0)}
PENALISED = {"Lasso(alpha=0.05, tol=1e-12, max_iter=100000)": Lasso(alpha=0.05, **DESCENT),
             "ElasticNet(alpha=0.1, tol=1e-12, max_iter=100000)": ElasticNet(alpha=0.1, **DESCENT)}


def fitted(steps, X, y, weight):
    """Each step shown the rows with a weight, and the weights where it takes them."""
    Z, model = X, make_pipeline(*[clone(s) for s in steps])
    for name, step in model.steps:
        weighs = weight is not None and not isinstance(step, (MinMaxScaler, MaxAbsScaler, PCA))
        step.fit(Z, y, **({"sample_weight": weight} if weighs else {}))
        if name != model.steps[-1][0]:
            Z = step.transform(Z)
    return model


def has_one_optimum(X):
    A = (X - X.mean(axis=0))[:, np.ptp(X, axis=0) > 0]
    s = np.linalg.svd(A / np.linalg.norm(A, axis=0), compute_uv=False)
    return s[-1] > 1e-4 * s[0]


def expected(steps, X, y, weight):
    """scikit-learn's score of each fold; None where the problem itself is not clear in double precision."""
    scores = []
    for train, test in KFold(FOLDS).split(X):
        rows = train if weight is None else train[weight[train] > 0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = fitted(steps, X[rows], y[rows], None if weight is None else weight[rows])
        last = model.steps[-1][1]
        # With dependent columns the Lasso has many optima.
        if type(last) is Lasso and not has_one_optimum(X[rows]):
            scores.append(None)
            continue
        if isinstance(last, LeastNorm) and not last.is_clear():
            scores.append(None)
            continue
        prediction = model.predict(X[test])
        scores.append(r2_score(y[test], prediction, sample_weight=None if weight is None else weight[test]))
    return scores


def searched(pipeline, data, grid, options=()):
    """Scores by candidate and fold."""
    results = path("hard.csv")
    text = "{" + ", ".join(f"'{k}': [{', '.join(v)}]" for k, v in grid.items()) + "}"
    run("search", pipeline, data, "--grid", text, "--cv", f"KFold({FOLDS})", "--scoring", "r2", "--results", results, "--json",
        "--quiet", *options)
    with open(results, newline="") as f:
        return [[float(row[f"split{k}_test_score"]) for k in range(FOLDS)] for row in csv.DictReader(f)]


class Tally:
    def __init__(self):
        self.scores = self.unclear = 0
        self.off = []
        self.worst = 0.0

    def compare(self, what, ours, theirs):
        for fold, (a, b) in enumerate(zip(ours, theirs)):
            if b is None:
                self.unclear += 1
                continue
            self.scores += 1
            distance = abs(a - b) / max(1.0, abs(b))
            self.worst = max(self.worst, distance)
            if not distance <= TOLERANCE:
                self.off.append(f"{what} fold {fold}: {a!r} for {b!r}")


def on_own_rows(pipeline, X, y, weight, fold):
    """What `fit` on a file with the fold's rows and `score` on the others give."""
    train, test = list(KFold(FOLDS).split(X))[fold]
    part = [write(name, X[rows], y[rows], None if weight is None else weight[rows])
            for name, rows in (("train", train), ("test", test))]
    model = path("own.h5")
    run("fit", pipeline, part[0], "--model", model, "--quiet")
    return json.loads(run("score", model, part[1], "--scoring", "r2", "--json", "--quiet").stdout)["r2"]


def judge_case(rng, tally):
    X, y, weight, what = draw(rng)
    data = write("hard", X, y, weight)
    options = () if weight is None else ("--weight", "/weight")
    ours = searched("make_pipeline(StandardScaler(), Ridge())", data, {"standardscaler": SCALERS, "ridge": [*MODELS, *PENALISED]},
                    options)
    cases = [(r, s) for r in [*MODELS, *PENALISED] for s in SCALERS]  # scikit-learn's order: names sorted
    for scores, (r, s) in zip(ours, cases):
        tally.compare(f"{what}: {s} {r}", scores, expected([SCALERS[s], {**MODELS, **PENALISED}[r]], X, y, weight))
    alphas = [1e-6, 1e-2, 1.0, 1e3]
    for scores, alpha in zip(searched("Ridge()", data, {"alpha": map(repr, alphas)}, options), alphas):
        tally.compare(f"{what}: Ridge({alpha})", scores, expected([ExactRidge(alpha)], X, y, weight))
    fold = int(rng.integers(FOLDS))
    pipeline = f"make_pipeline({cases[fold % 3][1]}, Ridge(alpha=1e-6))"
    at = cases.index(("Ridge(alpha=1e-6)", cases[fold % 3][1]))
    clear = expected([SCALERS[cases[at][1]], ExactRidge(1e-6)], X, y, weight)[fold] is not None
    own = on_own_rows(pipeline, X, y, weight, fold) if clear else None
    tally.compare(f"{what}: fit on the rows of fold {fold}: {pipeline}", [ours[at][fold]], [own])


def test_a_rare_level_beside_a_full_one_hot():
    """The smallest case: a column that is 1 in a single row, beside all five levels."""
    rng = np.random.default_rng(3)
    X = np.hstack([rng.random((1000, 3)), np.eye(5)[rng.integers(0, 5, 1000)], np.zeros((1000, 1))])
    X[5, -1] = 1.0
    y = X[:, :3] @ [1, 2, 3] + 0.1 * rng.random(1000)
    data, tally = write("rare", X, y), Tally()
    ours = searched("make_pipeline(StandardScaler(), Ridge())", data, {"standardscaler": SCALERS, "ridge": MODELS})
    for scores, (r, s) in zip(ours, [(r, s) for r in MODELS for s in SCALERS]):
        tally.compare(f"{s} {r}", scores, expected([SCALERS[s], MODELS[r]], X, y, None))
    assert tally.scores == 4 * len(MODELS) * len(SCALERS), tally.unclear
    assert not tally.off, "\n".join(tally.off)


def test_drawn_designs():
    rng = np.random.default_rng(ARGUMENTS.seed)
    tally, designs_off = Tally(), 0
    for case in range(ARGUMENTS.cases):
        before = len(tally.off)
        judge_case(rng, tally)
        designs_off += len(tally.off) > before
    print(f"seed {ARGUMENTS.seed}: {ARGUMENTS.cases} designs, {tally.scores} scores compared, {len(tally.off)} off in "
          f"{designs_off} designs, worst {tally.worst:.1e}; {tally.unclear} of problems not clear in double precision")
    assert tally.scores > 15 * ARGUMENTS.cases
    assert not tally.off, "\n".join(tally.off[:40])


def test_naive_bayes_by_folds():
    rng = np.random.default_rng(ARGUMENTS.seed)
    tally = Tally()
    for case in range(max(3, ARGUMENTS.cases // 10)):
        X, _, _, what = draw(rng)
        labels = rng.integers(0, 3, len(X))
        X = X + 0.5 * labels[:, None] * (rng.random(X.shape[1]) < 0.5)
        out = run("cross-validate", "GaussianNB()", write("bayes", X, labels), "--cv", f"KFold({FOLDS})", "--scoring", "accuracy",
                  "--json", "--quiet")
        theirs = [GaussianNB().fit(X[a], labels[a]).score(X[b], labels[b]) for a, b in KFold(FOLDS).split(X)]
        # One row on the border between two classes may fall on either side.
        for a, b in zip(json.loads(out.stdout)["test_accuracy"], theirs):
            tally.compare(f"{what}: GaussianNB", [a if abs(a - b) > 1.5 * FOLDS / len(X) else b], [b])
    assert not tally.off, "\n".join(tally.off)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=25)
    parser.add_argument("--seed", type=int, default=int(datetime.date.today().strftime("%Y%m%d")))
    ARGUMENTS = parser.parse_args()
    print(f"seed {ARGUMENTS.seed}", flush=True)
    main(dict(globals()))
