# SPDX-License-Identifier: BSD-3-Clause
"""Lasso and ElasticNet against scikit-learn's, run to a tight tolerance."""
import warnings

import numpy as np
from sklearn.datasets import make_regression
from sklearn.linear_model import ElasticNet, Lasso

import common
from common import close, fit, not_worse, write
from regression_cases import objective, ordinary, same_bytes, wide

TIGHT = {"tol": 1e-14, "max_iter": 100000}


def penalised(X, y, weight, p, coef, intercept):
    n = len(y) if weight is None else np.sum(weight)
    l1 = p["alpha"] * p.get("l1_ratio", 1.0)
    l2 = p["alpha"] - l1
    return (objective(X, y, weight, coef, intercept) / (2 * n) + l1 * np.abs(coef).sum() +
            l2 * np.square(coef).sum() / 2)


def agrees(kind, name, X, y, weight=None, **params):
    arguments = ", ".join(f"{k}={v!r}" for k, v in params.items())
    ours, report, _ = fit(f"{kind.__name__}({arguments})", write(name, X, y, weight))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's of a duality gap that rounding keeps above 1e-14
        theirs = kind(**params, **TIGHT).fit(X.astype(float), y, weight)
    what = f"{kind.__name__} {name} {params}"
    assert report["converged"] and not report["warnings"], f"{what}: {report}"
    scale = max(np.abs(theirs.coef_).max(), 1e-300)
    close(ours["coef_"], theirs.coef_, atol=1e-5 * scale, what=what)
    span = abs(theirs.intercept_) + np.abs(X.mean(axis=0) * theirs.coef_).sum()
    close(ours["intercept_"], theirs.intercept_, atol=1e-6 * span, what=what)
    not_worse(penalised(X, y, weight, params, ours["coef_"], ours["intercept_"]),
              penalised(X, y, weight, params, theirs.coef_, theirs.intercept_), what=what)
    assert ours["n_iter_"] == report["n_iter"] >= 1
    w = np.ones(len(y)) if weight is None else weight
    assert 0 <= ours["dual_gap_"] <= 1e-4 * np.average((y - np.average(y, weights=w))**2, weights=w), what
    return ours, theirs


def alphas(X, y):
    """Fractions of the least alpha at which all coefficients are zero."""
    top = np.abs((X - X.mean(axis=0)).astype(float).T @ (y - y.mean())).max() / len(y)
    return (float(top * f) for f in (0.9, 0.1, 1e-3))


def test_lasso():
    for name, X, y, weight in ordinary():
        for alpha in alphas(X, y):
            ours, theirs = agrees(Lasso, name, X, y, weight, alpha=alpha)
            assert np.array_equal(ours["coef_"] == 0, theirs.coef_ == 0), f"{name} {alpha}"


def test_elastic_net():
    for name, X, y, weight in ordinary():
        for alpha, ratio in zip(alphas(X, y), (0.2, 0.5, 0.95)):
            agrees(ElasticNet, name, X, y, weight, alpha=alpha, l1_ratio=ratio)


def test_without_intercept():
    for name, X, y, weight in ordinary():
        if name != "large-offsets":
            agrees(Lasso, name, X, y, weight, alpha=0.5, fit_intercept=False)


def test_positive():
    for name, X, y, weight in ordinary():
        for alpha in alphas(X, y):
            ours, _ = agrees(Lasso, name, X, y, weight, alpha=alpha, positive=True)
            assert np.all(ours["coef_"] >= 0)
            agrees(ElasticNet, name, X, y, weight, alpha=alpha, positive=True)


def test_more_columns_than_rows():
    X, y = wide()
    for alpha in alphas(X, y):
        agrees(Lasso, "wide", X, y, alpha=alpha)
        agrees(ElasticNet, "wide", X, y, alpha=alpha, l1_ratio=0.3)


def test_dependent_columns():
    """Several minima: the objective is what can be compared."""
    X, y = make_regression(9001, 12, noise=3.0, random_state=1)
    X = np.c_[X, X[:, 0] + X[:, 1], X[:, 3]]
    ours, report, _ = fit("Lasso(alpha=0.1, tol=1e-10, max_iter=10000)", write("dependent", X, y))
    theirs = Lasso(alpha=0.1, tol=1e-10, max_iter=10000).fit(X, y)
    assert report["converged"]
    not_worse(penalised(X, y, None, {"alpha": 0.1}, ours["coef_"], ours["intercept_"]),
              penalised(X, y, None, {"alpha": 0.1}, theirs.coef_, theirs.intercept_))


def test_ridge_and_least_squares_as_limits():
    X, y = make_regression(2000, 8, noise=3.0, random_state=5)
    from sklearn.linear_model import LinearRegression, Ridge
    ours, report, _ = fit("ElasticNet(alpha=0.3, l1_ratio=0)", write("limits", X, y))
    assert report["converged"]
    close(ours["coef_"], Ridge(alpha=0.3 * len(y)).fit(X, y).coef_)
    ours, report, _ = fit("Lasso(alpha=0)", write("limits", X, y))
    assert report["converged"]
    close(ours["coef_"], LinearRegression().fit(X, y).coef_)


def test_above_the_largest_alpha_all_are_zero():
    X, y = make_regression(500, 8, noise=3.0, random_state=5)
    ours, _ = agrees(Lasso, "zero", X, y, alpha=1e6)
    assert not ours["coef_"].any()
    close(ours["intercept_"], y.mean())
    ours, report, _ = fit("Lasso()", write("one-row", X[:1], y[:1]))
    assert report["converged"] and not ours["coef_"].any()
    close(ours["intercept_"], y[0])


def test_not_converged():
    t = np.linspace(0, 1, 3000)
    data = write("slow", np.vander(t, 9)[:, :-1], np.sin(9 * t))
    _, report, _ = fit("Lasso(alpha=1e-6, max_iter=2)", data)
    assert not report["converged"] and "did not converge in 2 sweeps" in report["warnings"][0], report
    done = common.run("fit", "Lasso(selection='random')", data, "--model", common.path("none.h5"))
    assert "the optimum is the same" in done.stderr, done


def test_same_bytes():
    X, y = make_regression(30000, 9, noise=3.0, random_state=1)
    data = write("bytes", X, y)
    same_bytes("Lasso(alpha=0.5)", data)
    same_bytes("ElasticNet(alpha=0.5, l1_ratio=0.3, positive=True)", data)


if __name__ == "__main__":
    common.main(globals())
