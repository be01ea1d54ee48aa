# SPDX-License-Identifier: BSD-3-Clause
"""Features kept as float32: as near to what scikit-learn finds of the same values in float64 as scikit-learn's own float32 answer."""
import csv
import time
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from common import fit, main, output, path, run, write

RNG = np.random.default_rng(int(time.strftime("%Y%m%d")))
FLOOR = 1e-5  # of probabilities and, relative to the largest, of coefficients


def designs(rows, columns):
    """Well and badly conditioned, far from zero, of few values."""
    normal = RNG.normal(size=(rows, columns))
    yield "normal", normal
    mixed = normal @ (np.eye(columns) + RNG.normal(size=(columns, columns)) * 0.7)
    yield "dependent", mixed + 0.01 * normal
    yield "years", normal * 10.0 + 2000.0
    rounded = np.round(normal * 10.0)
    yield "whole years", rounded + 2000.0
    kinds = np.eye(columns)[RNG.integers(0, columns, rows)]
    kinds[:, 0] = 1.0  # constant
    yield "one-hot and constant", kinds
    yield "few values", np.where(normal > 0.5, 0.7, 0.1) + 0.1 * (np.arange(columns) % 3)
    yield "units", normal * np.logspace(-3, 3, columns)


def labels(X, classes):
    centred = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-12)
    score = centred @ RNG.normal(size=X.shape[1]) / np.sqrt(X.shape[1]) + RNG.logistic(size=len(X))
    return np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))


def theirs(X, y, C):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LogisticRegression(C=C, tol=1e-6, max_iter=5000).fit(X, y)


def optimum(X, y, C):
    """Of the values in float64."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10, max_iter=200).fit(X, y)


def compare(name, X, y, C):
    X = X.astype(np.float32)
    wide = X.astype(np.float64)
    truth, peer = optimum(wide, y, C), theirs(X, y, C)
    ours, report, model = fit(f"LogisticRegression(C={C}, tol=1e-6, max_iter=500)", write("float32", X, y))
    assert report["converged"], (name, report)
    expected = truth.predict_proba(wide)
    apart = np.abs(output("predict", model, path("float32.h5"), "--method", "predict_proba", dataset="predict_proba") - expected).max()
    bearable = max(FLOOR, np.abs(peer.predict_proba(X) - expected).max())
    assert apart <= bearable, f"{name}, C={C}: probabilities are off by {apart:.1e}, scikit-learn's by {bearable:.1e}"
    scale = np.abs(truth.coef_).max()
    off = np.abs(ours["coef_"].reshape(truth.coef_.shape) - truth.coef_).max() / scale
    most = max(FLOOR, np.abs(peer.coef_ - truth.coef_).max() / scale)
    assert off <= most, f"{name}, C={C}: coefficients are off by {off:.1e}, scikit-learn's by {most:.1e}"


def test_logistic_regression_of_two_classes():
    for name, X in designs(3000, 8):
        compare(name, X, labels(X, 2), float(RNG.choice([0.1, 1.0, 30.0])))


def test_logistic_regression_of_several_classes():
    for name, X in designs(2000, 5):
        compare(name, X, labels(X, 3), 1.0)


def test_many_rows():
    X = RNG.normal(size=(200_000, 12)) + np.arange(12)
    compare("many rows", X, labels(X, 2), 1.0)


def test_scores_of_a_grid():
    X = (RNG.normal(size=(20_000, 10)) * 3.0 + 100.0).astype(np.float32)
    y = labels(X, 2)
    data = write("grid", X, y)
    Cs = [0.01, 1.0, 100.0]
    run("search", "LogisticRegression()", data, "--grid", f"{{'C': {Cs}}}", "--cv", "5", "--scoring", "neg_log_loss", "--results",
        path("grid.csv"), "--overwrite", "--quiet")
    with open(path("grid.csv"), newline="") as f:
        found = [float(row["mean_test_score"]) for row in csv.DictReader(f)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = GridSearchCV(LogisticRegression(solver="newton-cholesky"), {"C": Cs}, cv=5, scoring="neg_log_loss", refit=False)
        expected = search.fit(X.astype(np.float64), y).cv_results_["mean_test_score"]
    assert np.abs(np.array(found) - expected).max() < 1e-4, (found, expected)


def test_infinite_scale_stays_in_doubles():
    """Values beyond what products of floats hold are computed as doubles."""
    X = RNG.normal(size=(500, 3)).astype(np.float32) * np.float32(1e30)
    y = (X[:, 0] > 0).astype(int)
    fit("LogisticRegression(C=1e-3)", write("far", X, y))
    _, _, model = fit("LogisticRegression(C=1e-3)", write("far", X, y))
    assert np.mean(output("predict", model, path("far.h5")) == y) > 0.95


if __name__ == "__main__":
    main(globals())
