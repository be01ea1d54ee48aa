# SPDX-License-Identifier: BSD-3-Clause
"""Ridge against scikit-learn's."""
import numpy as np
import scipy.linalg
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import common
import extended
from common import close, fit, not_worse, write
from regression_cases import centred, objective, ordinary, same_bytes, wide


def penalised(X, y, weight, alpha, coef, intercept):
    return objective(X, y, weight, coef, intercept) + alpha * float(np.sum(np.square(coef)))


def agrees(name, X, y, weight, alpha, fit_intercept=True):
    data = write(name, X, y, weight)
    ours, report, _ = fit(f"Ridge(alpha={alpha!r}, fit_intercept={fit_intercept})", data)
    theirs = Ridge(alpha=alpha, fit_intercept=fit_intercept, solver="svd").fit(X.astype(float), y, weight)
    scale = np.abs(theirs.coef_).max()
    close(ours["coef_"], theirs.coef_, atol=1e-7 * scale, what=f"{name} {alpha}")
    span = abs(theirs.intercept_) + np.abs(X.mean(axis=0) * theirs.coef_).sum()
    close(ours["intercept_"], theirs.intercept_, atol=1e-9 * span, what=f"{name} {alpha}")
    not_worse(penalised(X, y, weight, alpha, ours["coef_"], ours["intercept_"]),
              penalised(X, y, weight, alpha, theirs.coef_, theirs.intercept_), what=name)
    return report


def test_ordinary():
    for name, X, y, weight in ordinary():
        for alpha in (1e-3, 1.0, 1e4):
            assert agrees(name, X, y, weight, alpha)["passes"] == 1


def test_without_intercept():
    for name, X, y, weight in ordinary():
        if name != "large-offsets":
            agrees(name, X, y, weight, 2.5, fit_intercept=False)


def test_more_columns_than_rows():
    X, y = wide()
    for alpha in (1e-3, 1.0, 100.0):
        agrees("wide", X, y, None, alpha)
    # Without a penalty the solution of least norm.
    ours, _, _ = fit("Ridge(alpha=0)", write("wide", X, y))
    close(ours["coef_"], scipy.linalg.lstsq(*centred(X, y, None, True), cond=1e-11)[0], atol=1e-9)


def test_small_penalty_on_ill_conditioned_columns():
    t = np.linspace(0.0, 1.0, 9000)
    y = np.sin(5 * t) + 0.01 * np.random.default_rng(0).standard_normal(len(t))
    X = np.vander(t, 11)[:, :-1]
    for alpha in (1e-12, 1e-10, 1e-8, 1e-6):
        report = agrees("vandermonde", X, y, None, alpha)
        assert "refined in" in report["warnings"][0], report
    assert agrees("vandermonde", X, y, None, 1.0)["passes"] == 1


def test_dependent_columns():
    X, y = make_regression(9001, 12, noise=3.0, random_state=1)
    X = np.c_[X, X[:, 0] + X[:, 1], X[:, 3]]
    assert agrees("dependent", X, y, None, 1.0)["passes"] == 1
    agrees("dependent", X, y, None, 1e-6)


def scales_apart(rows):
    """All levels of a category in units from 1e-8 to 1e8, a column twice, and a large mean."""
    rng = np.random.default_rng(9)
    level, units = np.eye(6)[rng.integers(0, 6, rows)], 10.0 ** np.array([8, -8, 3, -3, 0, 5])
    normal = rng.normal(size=(rows, 2))
    X = np.c_[normal[:, 0] * 1e-5, level * units, normal[:, 0], (1e6 + normal[:, 1]) * 1e7, normal[:, 0] * 1e4]
    return X, normal @ [1.0, -2.0] + level @ [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] + rng.normal(size=rows)


def test_small_penalty_on_columns_in_units_far_apart():
    """Beside the answer in extended precision."""
    X, y = scales_apart(1500)
    data, refined = write("apart", X, y), 0
    for alpha in (1e-8, 1e-6, 1e-3):
        ours, report, _ = fit(f"Ridge(alpha={alpha!r})", data)
        coef, intercept, _ = extended.fit([], extended.ridge(alpha), X, y)
        centred_rows = X - X.mean(axis=0)
        apart = np.abs(centred_rows @ (ours["coef_"] - coef)).max() / np.std(y)
        assert apart < 1e-8, f"{alpha}: predictions {apart} apart"
        close(np.std(X, axis=0) * ours["coef_"], np.std(X, axis=0) * coef.astype(float), atol=1e-6 * np.std(y))
        refined += any("refined in" in w for w in report["warnings"])
    assert refined > 1


def test_positive():
    for name, X, y, weight in ordinary():
        ours, report, _ = fit("Ridge(alpha=3.0, positive=True)", write(name, X, y, weight))
        theirs = Ridge(alpha=3.0, positive=True, tol=1e-12).fit(X.astype(float), y, weight)
        assert report["converged"] and np.all(ours["coef_"] >= 0)
        close(ours["coef_"], theirs.coef_, rtol=1e-4, atol=1e-4 * np.abs(theirs.coef_).max(), what=name)
        not_worse(penalised(X, y, weight, 3.0, ours["coef_"], ours["intercept_"]),
                  penalised(X, y, weight, 3.0, theirs.coef_, theirs.intercept_), what=name)


def test_predictions_and_pipeline():
    X, y = make_regression(9001, 12, noise=3.0, random_state=1)
    data = write("pipeline", X * 10.0 ** np.arange(-3, 9) + 1e3, y)
    with_scaler, _, model = fit("make_pipeline(StandardScaler(), Ridge(alpha=5.0))", data)
    theirs = make_pipeline(StandardScaler(), Ridge(alpha=5.0)).fit(X * 10.0 ** np.arange(-3, 9) + 1e3, y)
    close(with_scaler["steps/ridge/coef_"], theirs[-1].coef_, rtol=1e-7)
    predicted = common.output("predict", model, data)
    close(predicted, theirs.predict(X * 10.0 ** np.arange(-3, 9) + 1e3), rtol=1e-7, atol=1e-7)


def test_solvers():
    X, y = wide()
    data = write("solvers", X, y)
    expected, _, _ = fit("Ridge()", data)
    for solver in ("svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"):
        ours, _, _ = fit(f"Ridge(solver='{solver}')", data)
        assert np.array_equal(ours["coef_"], expected["coef_"])
    for wrong, word in (("solver='sga'", "'sag'"), ("solver='lbfgs'", "positive=True"),
                        ("positive=True, solver='svd'", "lbfgs"), ("alpha=-1", ">= 0")):
        done = common.run("fit", f"Ridge({wrong})", data, "--model", common.path("none.h5"), check=False)
        assert done.returncode == 2 and word in done.stderr, done


def test_same_bytes():
    X, y = make_regression(30000, 7, noise=3.0, random_state=1)
    same_bytes("Ridge(alpha=0.5)", write("bytes", X.astype(np.float32), y))
    X, y = wide()
    same_bytes("Ridge(alpha=1e-13)", write("bytes-wide", X, y))
    same_bytes("Ridge(alpha=1e-6)", write("bytes-apart", *scales_apart(30000)))


if __name__ == "__main__":
    common.main(globals())
