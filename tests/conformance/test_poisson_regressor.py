# SPDX-License-Identifier: BSD-3-Clause
"""PoissonRegressor against scikit-learn's."""
import datetime
import filecmp
import warnings

import h5py
import numpy as np
from scipy.special import xlogy
from sklearn.datasets import load_diabetes
from sklearn.linear_model import PoissonRegressor

from common import close, fit, main, not_worse, output, path, run, write

TIGHT = "tol=1e-11, max_iter=1000"


def counts(rows=20000, columns=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, columns)) * rng.uniform(0.1, 2, columns)
    return X, rng.poisson(np.exp(0.5 + X @ (rng.standard_normal(columns) * 0.3))).astype(float)


def objective(X, y, coef, intercept, alpha, weight=None):
    z = X @ coef + intercept
    return np.average(np.exp(z) - y * z + xlogy(y, y) - y, weights=weight) + alpha / 2 * (coef @ coef)


def agrees(name, X, y, alpha, weight=None, fit_intercept=True):
    data = write(name, X, y, weight)
    X = X.astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = PoissonRegressor(alpha=alpha, tol=1e-12, max_iter=10000, solver="newton-cholesky",
                                  fit_intercept=fit_intercept).fit(X, y, weight)
    ours, report, model = fit(f"PoissonRegressor(alpha={alpha}, fit_intercept={fit_intercept}, {TIGHT})", data)
    assert report["converged"], (name, alpha, report)
    not_worse(objective(X, y, ours["coef_"], ours["intercept_"], alpha, weight),
              objective(X, y, theirs.coef_, theirs.intercept_, alpha, weight), what=f"{name} {alpha}")
    close(ours["coef_"], theirs.coef_, atol=1e-6 * np.abs(theirs.coef_).max(), what=f"{name} {alpha}")
    close(ours["intercept_"], theirs.intercept_, atol=1e-6, what=f"{name} {alpha}")
    close(output("predict", model, data), theirs.predict(X), rtol=1e-5)
    assert ours["intercept_"].shape == () and ours["n_iter_"].shape == ()
    return report


def test_counts():
    X, y = counts()
    weight = np.random.default_rng(1).integers(0, 3, len(y)) * 1.5
    for alpha in (0.0, 1e-3, 1.0):
        assert agrees("counts", X, y, alpha)["passes"] <= 15
        agrees("counts32", X.astype("f4"), y, alpha)
        agrees("counts-weighted", X, y, alpha, weight)
    agrees("counts", X, y, 0.1, fit_intercept=False)


def test_positive_targets():
    X, y = load_diabetes(return_X_y=True)
    for alpha in (0.0, 1.0, 10.0):
        agrees("diabetes", X, y, alpha)
    agrees("diabetes-small", X, y / 1e4, 1e-3)


def test_heavy_tails():
    """Rates over many orders of magnitude: full Newton steps overshoot."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((5000, 4)) * 2
    y = rng.poisson(np.exp(np.clip(X @ [1.5, -1.0, 0.5, 0.0], -20, 12))).astype(float)
    for alpha in (0.0, 1e-2):
        agrees("tails", X, y, alpha)


def test_columns_with_large_offsets():
    """scikit-learn loses its way here; the same columns around zero show what is right."""
    X, y = counts(3000, 4)
    offset = np.array([1e5, -1e4, 300, 0])
    X = (X + offset) - offset
    ours, report, _ = fit(f"PoissonRegressor(alpha=0.01, {TIGHT})", write("offsets", X + offset, y))
    theirs = PoissonRegressor(alpha=0.01, tol=1e-12, max_iter=10000, solver="newton-cholesky").fit(X, y)
    assert report["converged"], report
    close(ours["coef_"], theirs.coef_, rtol=1e-6)
    close(ours["intercept_"] + ours["coef_"] @ offset, theirs.intercept_, rtol=1e-6)


def test_defaults():
    X, y = counts()
    theirs = PoissonRegressor().fit(X, y)
    ours, report, _ = fit("PoissonRegressor()", write("counts", X, y))
    assert report["converged"] and report["n_iter"] <= 100
    close(ours["coef_"], theirs.coef_, atol=1e-3)


def test_same_bytes():
    X, y = counts(60000)
    data = write("bytes", X, y)
    models = []
    for options in ([1], [2], [3], [5], [2, "--threads", 2], [2, "--memory", "150M"]):
        model = path(f"bytes-{len(models)}.h5")
        run("fit", "PoissonRegressor(alpha=0.01)", data, "--model", model, "--quiet", *options[1:], ranks=options[0])
        models.append(model)
    for model in models[1:]:
        assert filecmp.cmp(models[0], model, shallow=False), model


def test_nothing_counted():
    """Without an intercept the penalty keeps the optimum finite."""
    seed = int(datetime.date.today().strftime("%Y%m%d"))
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    X = rng.normal(rng.uniform(-1, 1, 4), 1.0, (300, 4))
    for alpha in (0.01, 1.0):
        agrees("nothing_counted", X, np.zeros(len(X)), alpha, fit_intercept=False)


def test_nothing_counted_and_no_penalty():
    """Where the columns span both signs the optimum is finite; where one has one sign there is none: scikit-learn ends where the gradient is
    within tol and says nothing, here it is said."""
    rng = np.random.default_rng(int(datetime.date.today().strftime("%Y%m%d")))
    X = rng.normal(0.0, 1.0, (300, 4))
    nothing = np.zeros(len(X))
    agrees("nothing_counted", X, nothing, 0.0, fit_intercept=False)
    X[:, 2] = np.abs(X[:, 2])
    data = write("nothing_counted", X, nothing)
    theirs = PoissonRegressor(alpha=0.0, fit_intercept=False, max_iter=1000).fit(X, nothing)
    ours = [run("fit", "PoissonRegressor(alpha=0, fit_intercept=False, max_iter=1000)", data, "--model", path(f"no{ranks}.h5"), "--quiet", "--json",
                ranks=ranks) for ranks in (1, 2, 5)]
    assert filecmp.cmp(path("no1.h5"), path("no5.h5"), shallow=False)
    for done in ours:
        assert "y is zero in every row: with alpha=0" in done.stderr and "try alpha > 0" in done.stderr, done.stderr
    coef = h5py.File(path("no1.h5"))["coef_"][()]
    for w in (coef, theirs.coef_):
        assert np.abs(X.T @ np.exp(X @ w)).max() / len(X) <= 1e-4 and w[2] < -10, w
    done = run("cross-validate", "PoissonRegressor(alpha=0, fit_intercept=False)", data, "--scoring", "neg_mean_poisson_deviance")
    assert "among the training rows of a split" in done.stderr, done.stderr


def test_refusals():
    X, y = counts(30000)
    y[12345] = -1
    y[20000] = -7
    data = write("negative", X, y)
    for ranks in (1, 3):
        done = run("fit", "PoissonRegressor()", data, "--model", path("no.h5"), ranks=ranks, check=False)
        assert done.returncode == 3, done.stderr
        assert "Some value(s) of y are out of the valid range of the loss 'HalfPoissonLoss'" in done.stderr
        assert "2 negative, the first in row 12345" in done.stderr, done.stderr
    data = write("nothing", X, np.zeros(len(y)))
    done = run("fit", "PoissonRegressor()", data, "--model", path("no.h5"), check=False)
    assert done.returncode == 3 and "zero in every row" in done.stderr, done.stderr


if __name__ == "__main__":
    main(globals())
