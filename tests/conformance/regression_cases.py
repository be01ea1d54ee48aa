# SPDX-License-Identifier: BSD-3-Clause
"""Regression problems that the tests of the linear models share."""
import filecmp
import shutil

import numpy as np
from sklearn.datasets import load_diabetes, make_regression

import common


def ordinary():
    """(name, X, y, weight) of well-conditioned problems; several blocks of rows in most."""
    X, y = load_diabetes(return_X_y=True)
    yield "diabetes", X, y, None
    rng = np.random.default_rng(7)
    yield "diabetes-weights", X, y, rng.integers(0, 4, len(y)).astype(float)
    X, y = make_regression(9001, 12, n_informative=8, noise=20.0, random_state=1)
    yield "synthetic", X, y, None
    yield "float32", X.astype(np.float32), y, None
    yield "weights", X, y, rng.uniform(0.1, 7.0, len(y))
    yield "large-offsets", X + 1e6 * np.arange(12), y + 1e5, None
    yield "correlated", X @ (np.eye(12) + rng.standard_normal((12, 12))), y, None
    yield "one-column", X[:, :1], y, None
    yield "sorted", X[np.argsort(X[:, 0])], y[np.argsort(X[:, 0])], None


def wide():
    """More columns than rows."""
    X, y = make_regression(40, 90, n_informative=10, noise=5.0, random_state=3)
    return X, y + 10.0


def centred(X, y, weight, fit_intercept):
    """Rows scaled by the root of their weight, around the means: what a penalty is added to."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    w = np.ones(len(y)) if weight is None else weight
    if fit_intercept:
        X, y = X - np.average(X, axis=0, weights=w), y - np.average(y, weights=w)
    return X * np.sqrt(w)[:, None], y * np.sqrt(w)


def objective(X, y, weight, coef, intercept):
    """sum w (y - X coef - intercept)^2, in extended precision."""
    w = np.ones(len(y)) if weight is None else weight
    residual = np.asarray(y, np.longdouble) - np.asarray(X, np.longdouble) @ coef - intercept
    return float(np.sum(w * residual**2))


def same_bytes(estimator, data):
    """The model file is the same on 1, 2, 3 and 5 ranks, with threads, and streamed."""
    _, _, model = common.fit(estimator, data, ranks=1)
    first = common.path("first.h5")
    shutil.copy(model, first)
    for ranks, options in ((2, ()), (3, ()), (5, ()), (1, ("--threads", 2)), (2, ("--threads", 2)),
                           (2, common.memory(8, ranks=2))):
        _, _, model = common.fit(estimator, data, *options, ranks=ranks)
        assert filecmp.cmp(first, model, shallow=False), f"{estimator}: {ranks} ranks {options}"
