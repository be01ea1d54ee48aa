# SPDX-License-Identifier: BSD-3-Clause
"""LinearRegression against scikit-learn's, and against LAPACK where the Gram matrix alone would lose digits: before
release 1.9 all directions count that rounding does not hide, which is tol=0 here; then those above `tol`.
"""
import numpy as np
import scipy.linalg
from sklearn.datasets import make_regression
from sklearn.linear_model import LinearRegression

import common
from common import SKLEARN, close, fit, not_worse, write
from regression_cases import centred, objective, ordinary, same_bytes, wide


def agrees(name, X, y, weight=None, fit_intercept=True, rtol=1e-5):
    """Coefficients and objective as scikit-learn's. Returns attributes and JSON."""
    data = write(name, X, y, weight)
    ours, report, _ = fit(f"LinearRegression(fit_intercept={fit_intercept}, tol=0)", data)
    every = {"tol": 0.0} if SKLEARN >= (1, 9) else {}
    theirs = LinearRegression(fit_intercept=fit_intercept, **every).fit(X.astype(float), y, weight)
    scale = np.abs(theirs.coef_).max()
    close(ours["coef_"], theirs.coef_, rtol=rtol, atol=rtol * scale, what=name)
    span = abs(theirs.intercept_) + np.abs(X.mean(axis=0) * theirs.coef_).sum()
    close(ours["intercept_"], theirs.intercept_, atol=1e-9 * span, what=name)
    not_worse(objective(X, y, weight, ours["coef_"], ours["intercept_"]),
              objective(X, y, weight, theirs.coef_, theirs.intercept_), what=name)
    close(ours["singular_"], theirs.singular_, rtol=1e-6, atol=1e-14 * theirs.singular_[0], what=name)
    assert ours["rank_"] == theirs.rank_, f"{name}: rank {ours['rank_']}, scikit-learn {theirs.rank_}"
    assert ours["n_features_in_"] == X.shape[1]
    return ours, report


def test_ordinary():
    for name, X, y, weight in ordinary():
        _, report = agrees(name, X, y, weight)
        assert report["passes"] == 1 and not report["warnings"], f"{name}: {report}"


def test_without_intercept():
    for name, X, y, weight in ordinary():
        if name != "large-offsets":
            agrees(name, X, y, weight, fit_intercept=False)


def test_scales_are_no_ill_conditioning():
    """Unlike in LAPACK, the unit of a column costs no digits: as good as the columns in one unit."""
    X, y = make_regression(5000, 12, noise=3.0, random_state=1)
    scale = 10.0 ** np.arange(-6, 6)
    ours, report, _ = fit("LinearRegression(tol=0)", write("scales", X * scale, y))
    theirs = LinearRegression().fit(X, y)
    close(ours["coef_"], theirs.coef_ / scale, rtol=1e-9)
    close(ours["intercept_"], theirs.intercept_, rtol=1e-9)
    assert report["passes"] == 1


def test_ill_conditioned_columns_are_refined():
    if common.SKLEARN >= (1, 7):
        print("        beside LAPACK and Debian's scikit-learn alone: later ones drop what tol says")
        return
    rng = np.random.default_rng(0)
    t = np.linspace(0.0, 1.0, 9000)
    y = np.sin(5 * t) + 0.01 * rng.standard_normal(len(t))
    for degree in (6, 8, 10, 12, 14):
        V = np.vander(t, degree + 1)[:, :-1]
        for fit_intercept in (True, False):
            # LAPACK's own error is of the order of eps times the condition number.
            s = scipy.linalg.svdvals(centred(V, y, None, fit_intercept)[0])
            _, report = agrees(f"vandermonde-{degree}", V, y, fit_intercept=fit_intercept,
                               rtol=max(1e-7, 1e-15 * s[0] / s[-1]))
            if s[0] / s[-1] > 1e5:
                assert "refined in" in report["warnings"][0], report
    # What the Gram matrix alone would have given: it must be worse, or this test shows nothing.
    V, y0 = centred(np.vander(t, 13)[:, :-1], y, None, True)
    normal_equations = scipy.linalg.solve(V.T @ V, V.T @ y0)
    exact = scipy.linalg.lstsq(V, y0)[0]
    assert np.linalg.norm(normal_equations - exact) > 1e-5 * np.linalg.norm(exact)


def test_hilbert():
    """Coefficients as far as the condition number allows, the objective to all digits."""
    n, d = 500, 10
    X = 1.0 / (np.arange(n)[:, None] + np.arange(d)[None, :] + 1.0)
    y = X @ np.arange(1.0, d + 1) + 1e-3 * np.cos(np.arange(n))
    ours, report, _ = fit("LinearRegression(fit_intercept=False, tol=0)", write("hilbert", X, y))
    theirs = scipy.linalg.lstsq(X, y)[0]
    s = scipy.linalg.svdvals(X)
    assert s[0] / s[-1] > 1e9 and "refined in" in report["warnings"][0]
    close(ours["coef_"], theirs, rtol=0, atol=1e-14 * s[0] / s[-1] * np.abs(theirs).max())
    not_worse(objective(X, y, None, ours["coef_"], 0.0), objective(X, y, None, theirs, 0.0))


def test_directions_below_tol_are_dropped():
    """As scikit-learn 1.9 does, which hands tol to LAPACK; that one is asked here, for releases before, too."""
    rng = np.random.default_rng(5)
    basis = np.linalg.qr(rng.standard_normal((7, 7)))[0]
    made = rng.standard_normal((5000, 7)) * 10.0 ** -np.arange(7.0) @ basis + 3.0
    t = np.linspace(0.0, 1.0, 5000)
    designs = [("units", rng.standard_normal((5000, 6)) * 10.0 ** np.arange(-4.0, 8, 2)), ("turned", made),
               ("vandermonde", np.vander(t, 12)[:, :-1])]
    cuts = 0
    for name, X in designs:
        y = X @ rng.standard_normal(X.shape[1]) + 0.1 * rng.standard_normal(len(X))
        data = write("cut-" + name, X, y, rng.random(len(X)) if name == "turned" else None)
        weight = common.h5py.File(data)["weight"][()] if name == "turned" else None
        for tol in (None, 0.0, 1e-12, 3e-9, 3e-5, 2e-3, 1.5):
            for fit_intercept in (True, False):
                X0, y0 = centred(X, y, weight, fit_intercept)
                cond = 1e-6 if tol is None else tol
                coef, _, rank, singular = scipy.linalg.lstsq(X0, y0, cond=cond if cond < 1.0 else 0.0)
                what = f"{name} {tol} {fit_intercept}"
                given = "" if tol is None else f", tol={tol!r}"
                ours, report, _ = fit(f"LinearRegression(fit_intercept={fit_intercept}{given})", data, ranks=1)
                close(ours["singular_"], singular, rtol=1e-6, atol=1e-14 * singular[0], what=what)
                assert ours["rank_"] == rank, f"{what}: rank {ours['rank_']} for {rank}"
                shown = np.linalg.norm(X0 @ (ours["coef_"] - coef)) / np.linalg.norm(y0)
                assert shown < 1e-9, f"{what}: predictions {shown} apart"
                if rank < X.shape[1]:
                    cuts += 1
                    assert any("were dropped" in w and "tol=" in w for w in report["warnings"]), (what, report["warnings"])
    assert cuts > 10, cuts


def least_norm(X, y, weight=None):
    X0, y0 = centred(X, y, weight, True)
    coef = scipy.linalg.lstsq(X0, y0, cond=1e-11)[0]
    w = np.ones(len(y)) if weight is None else weight
    return coef, np.average(y, weights=w) - np.average(X, axis=0, weights=w) @ coef


def test_dependent_columns():
    X, y = make_regression(9001, 12, noise=3.0, random_state=1)
    w = np.random.default_rng(2).uniform(0.5, 2.0, len(y))
    for name, D, weight in (("sum", np.c_[X, X[:, 0] + X[:, 1]], None), ("twice", np.c_[X, X[:, 2]], None),
                            ("weighted", np.c_[X, X[:, 0] - 2 * X[:, 1]], w),
                            ("constant-and-tiny", np.c_[X, np.full(len(X), 3.25), X[:, 3] * 1e-6], None)):
        ours, report, _ = fit("LinearRegression()", write(name, D, y, weight))
        coef, intercept = least_norm(D, y, weight)
        assert ours["rank_"] == 12, f"{name}: {ours['rank_']}"
        close(ours["coef_"], coef, atol=1e-8, what=name)
        close(ours["intercept_"], intercept, atol=1e-8, what=name)
        assert "linearly dependent" in report["warnings"][1], report
        assert report["passes"] <= 4, report
    # A constant column alone needs no refinement.
    D = np.c_[X, np.full(len(X), 0.1)]
    ours, report, _ = fit("LinearRegression()", write("constant", D, y))
    close(ours["coef_"], least_norm(D, y)[0], atol=1e-8)
    assert ours["rank_"] == 12 and report["passes"] == 1 and not report["warnings"]


def test_more_columns_than_rows():
    X, y = wide()
    ours, _, _ = fit("LinearRegression()", write("wide", X, y))
    coef, intercept = least_norm(X, y)
    close(ours["coef_"], coef, atol=1e-9)
    close(ours["intercept_"], intercept)
    assert ours["rank_"] == len(y) - 1
    assert objective(X, y, None, ours["coef_"], ours["intercept_"]) < 1e-15 * np.sum(y**2)
    w = np.r_[np.zeros(5), np.ones(35)]
    ours, _, _ = fit("LinearRegression()", write("wide-weights", X, y, w))
    close(ours["coef_"], least_norm(X[5:], y[5:])[0], atol=1e-9)


def test_few_rows():
    ours, _, _ = fit("LinearRegression()", write("one-row", np.array([[1.0, 2.0, 3.0]]), np.array([4.0])))
    close(ours["coef_"], np.zeros(3))
    close(ours["intercept_"], 4.0)
    ours, _, _ = fit("LinearRegression()", write("two-rows", np.array([[1.0], [3.0]]), np.array([4.0, 8.0])))
    close(ours["coef_"], [2.0])
    close(ours["intercept_"], 2.0)
    ours, _, _ = fit("LinearRegression()", write("constant-y", np.eye(4), np.full(4, 2.5)))
    close(ours["coef_"], np.zeros(4))
    close(ours["intercept_"], 2.5)


def test_positive():
    for name, X, y, weight in ordinary():
        ours, report, _ = fit("LinearRegression(positive=True)", write(name, X, y, weight))
        theirs = LinearRegression(positive=True).fit(X.astype(float), y, weight)
        assert report["converged"] and np.all(ours["coef_"] >= 0)
        close(ours["coef_"], theirs.coef_, atol=1e-6 * np.abs(theirs.coef_).max(), what=name)


def test_no_weight_at_all():
    X, y = wide()
    done = common.run("fit", "LinearRegression()", write("weightless", X, y, np.zeros(len(y))), "--model",
                      common.path("none.h5"), ranks=2, check=False)
    assert done.returncode == 3 and "no row with a weight above zero" in done.stderr, done


def test_squares_that_underflow():
    X = np.random.default_rng(0).standard_normal((50, 2)) * [1.0, 1e-170]
    done = common.run("fit", "LinearRegression()", write("tiny", X, X[:, 0]), "--model", common.path("none.h5"),
                      ranks=2, check=False)
    assert done.returncode == 3 and "column 1" in done.stderr and "multiply the column" in done.stderr, done


def test_same_bytes():
    X, y = make_regression(30000, 7, noise=3.0, random_state=1)
    data = write("bytes", X, y, np.random.default_rng(0).uniform(0, 2, len(y)))
    same_bytes("LinearRegression()", data)
    t = np.linspace(0.0, 1.0, 30000)
    for tol in ("1e-6", "0", "1e-3"):
        same_bytes(f"LinearRegression(tol={tol})", write("bytes-ill", np.vander(t, 12)[:, :-1], np.sin(5 * t)))


if __name__ == "__main__":
    common.main(globals())
