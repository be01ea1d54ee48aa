# SPDX-License-Identifier: BSD-3-Clause
"""Generalised linear models on designs as encoders make them: full one-hot columns, rare levels, duplicated columns,
zero weights. The seed changes with the date; --cases N draws more."""
import datetime
import json
import sys
import warnings

import numpy as np
from scipy.special import xlogy
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import fit, main, run, write

SEED = int(datetime.date.today().strftime("%Y%m%d"))
CASES = int(sys.argv[sys.argv.index("--cases") + 1]) if "--cases" in sys.argv else 10
MAX_ITER = 100
MOST_PASSES = 2 * MAX_ITER + 30  # of all rows, with the first pass and those that are made again
print(f"seed {SEED}, {CASES} cases of each model", flush=True)


def design(rng, rows):
    """Full one-hot columns with heavy-tailed frequencies beside numbers; returns X and a linear function of it."""
    parts, z = [], np.zeros(rows)
    for levels in rng.choice([2, 3, 8, 30, 80], size=3, replace=False):
        share = 1.0 / np.arange(1, levels + 1) ** rng.uniform(0.5, 2.5)
        code = rng.choice(levels, rows, p=share / share.sum())
        code[:levels] = np.arange(levels)
        code = rng.permutation(code)
        parts.append(np.eye(levels)[code])
        z += (rng.standard_normal(levels) * rng.uniform(0.2, 1.0))[code]
    numbers = rng.standard_normal((rows, 3))
    z += numbers @ rng.standard_normal(3) * 0.3
    X = np.hstack(parts + [numbers, numbers[:, :1]])
    return X, z


def weights(rng, rows):
    return rng.integers(0, 3, rows).astype(float) if rng.uniform() < 0.4 else None


def poisson_case(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(500, 12000))
    X, z = design(rng, rows)
    rate = np.exp(np.clip(z + rng.uniform(-2, 4), -12, 8)) * rng.gamma(0.7, 1 / 0.7, rows)
    y = rng.poisson(rate).astype(float)
    return X, y + (y.sum() == 0), weights(rng, rows), float(10.0 ** rng.integers(-6, 1))


def deviance(X, y, w, alpha, coef, intercept):
    z = X @ coef + intercept
    return np.average(np.exp(z) - y * z + xlogy(y, y) - y, weights=w) + alpha / 2 * coef @ coef


def test_poisson():
    for case in range(CASES):
        X, y, w, alpha = poisson_case([SEED, case])
        data = write("poisson", X, y, w)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = PoissonRegressor(alpha=alpha, tol=1e-8, max_iter=3000).fit(X, y, w)
        ours, report, _ = fit(f"PoissonRegressor(alpha={alpha}, tol=1e-7, max_iter={MAX_ITER})", data, ranks=1 + case % 2)
        what = f"case {case}, seed {SEED}, {X.shape}, alpha {alpha}: {report}"
        mine = deviance(X, y, w, alpha, ours["coef_"], ours["intercept_"])
        best = deviance(X, y, w, alpha, theirs.coef_, theirs.intercept_)
        assert mine <= best + 1e-6 * abs(best), f"{mine} > {best}: {what}"
        assert report["converged"], what
        assert report["passes"] <= MOST_PASSES, what


def test_extremes_of_counts():
    """No penalty, large counts, scales far apart, rare levels in blocks that are looked at last."""
    rng = np.random.default_rng([SEED, 3])
    X, z = design(rng, 9000)
    far, far_z = design(rng, 70000)
    scale = np.ones(X.shape[1])
    scale[-4:] = 1e-8, 1e8, 1e3, 1e-3
    rate = np.exp(np.clip(z, -8, 6))
    far_y = rng.poisson(np.exp(np.clip(far_z, -8, 6)) * rng.gamma(0.5, 2, len(far_z))).astype(float)
    y, large = rng.poisson(rate).astype(float), rng.poisson(rate * 1e5).astype(float)
    for what, x, counts, alpha in (("no penalty", X, y, 0.0), ("large", X, large, 1e-4), ("scales", X * scale, y, 1e-6),
                                   ("blocks", far, far_y, 1e-2)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = PoissonRegressor(alpha=alpha, tol=1e-8, max_iter=3000).fit(x, counts)
        ours, report, _ = fit(f"PoissonRegressor(alpha={alpha}, tol=1e-7)", write("extreme", x, counts))
        mine = deviance(x, counts, None, alpha, ours["coef_"], ours["intercept_"])
        best = deviance(x, counts, None, alpha, theirs.coef_, theirs.intercept_)
        assert mine <= best + 1e-6 * abs(best), f"{what}, seed {SEED}: {mine} > {best}: {report}"
        assert report["converged"] and report["passes"] <= 60, f"{what}, seed {SEED}: {report}"


def test_fold_scores():
    """A column that is constant in the training rows of a fold, among full one-hot columns."""
    for case in range(3):
        X, y, _, _ = poisson_case([SEED, 4, case])
        X = np.c_[X, np.arange(len(y)) == 5].astype(float)
        alpha = 10.0 ** -(case + 1)
        report = json.loads(run("cross-validate", f"make_pipeline(StandardScaler(), PoissonRegressor(alpha={alpha}, tol=1e-8))",
                                write("folds", X, y), "--cv", "KFold(5)", "--scoring", "neg_mean_poisson_deviance",
                                "--json", "--quiet", ranks=1 + case).stdout)
        ours = report["test_neg_mean_poisson_deviance"]
        pipe = make_pipeline(StandardScaler(), PoissonRegressor(alpha=alpha, tol=1e-10, max_iter=5000))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = cross_val_score(pipe, X, y, cv=KFold(5), scoring="neg_mean_poisson_deviance")
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, err_msg=f"case {case}, seed {SEED}")
        assert report["passes"] <= MOST_PASSES, report


def logistic_objective(X, y, w, C, coef, intercept):
    z = X @ coef + intercept
    loss = np.logaddexp(0, z) - y * z
    return (loss if w is None else w * loss).sum() + coef @ coef / (2 * C)


def test_logistic():
    for case in range(CASES):
        rng = np.random.default_rng([SEED, 1, case])
        rows = int(rng.integers(500, 12000))
        X, z = design(rng, rows)
        y = (rng.uniform(size=rows) < 1 / (1 + np.exp(-2 * z - rng.uniform(-5, 1)))).astype(float)
        y[:2] = 0, 1
        w, C = weights(rng, rows), float(10.0 ** rng.integers(-3, 6))
        if w is not None:
            w[:2] = 1
        data = write("logistic", X, y, w)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = LogisticRegression(C=C, tol=1e-7, max_iter=3000).fit(X, y, w)
        ours, report, _ = fit(f"LogisticRegression(C={C}, tol=1e-5, max_iter={MAX_ITER})", data, ranks=1 + case % 2)
        what = f"case {case}, seed {SEED}, {X.shape}, C {C}: {report}"
        mine = logistic_objective(X, y, w, C, ours["coef_"].ravel(), ours["intercept_"][0])
        best = logistic_objective(X, y, w, C, theirs.coef_.ravel(), theirs.intercept_[0])
        assert mine <= best + 1e-6 * abs(best), f"{mine} > {best}: {what}"
        assert report["converged"], what
        assert report["passes"] <= MOST_PASSES, what


def test_a_search_over_rare_levels_has_a_bound():
    """Rows enough that second derivatives come from a sample, which misses rare levels."""
    rng = np.random.default_rng([SEED, 2])
    rows, columns, z = 24000, [], 1.0
    for levels in (100, 16, 12, 3):
        share = np.arange(1, levels + 1) ** -1.2
        code = rng.choice(levels, rows, p=share / share.sum())
        code[:levels] = np.arange(levels)
        code = rng.permutation(code)
        columns.append(np.eye(levels)[code])
        z = z + (rng.standard_normal(levels) * 0.8)[code]
    distance = rng.gamma(1, 500, (rows, 1))
    X = np.hstack(columns + [distance])
    y = rng.poisson(np.exp(np.clip(z, -8, 6)) * rng.gamma(0.5, 2, rows)).astype(float)
    data = write("search", X, y)
    done = run("search", "make_pipeline(StandardScaler(), PoissonRegressor())", data, "--grid",
               "{'poissonregressor__alpha': [1e-8, 1e-6, 1e-4, 1e-2, 1]}", "--cv", "KFold(5)", "--json", "--quiet", ranks=2)
    report = json.loads(done.stdout)
    print(report["passes"], report["sample_passes"], report["warnings"], flush=True)
    assert report["passes"] <= MOST_PASSES + 5, report
    assert not report["warnings"], report


if __name__ == "__main__":
    main(globals())
