# SPDX-License-Identifier: BSD-3-Clause
"""GammaRegressor and TweedieRegressor against scikit-learn's. The seed changes with the date; --cases N draws more."""
import csv
import datetime
import filecmp
import json
import sys
import warnings

import numpy as np
from sklearn._loss.loss import HalfTweedieLoss, HalfTweedieLossIdentity
from sklearn.linear_model import GammaRegressor, TweedieRegressor
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import attributes, close, fit, main, not_worse, output, path, run, write

SEED = int(datetime.date.today().strftime("%Y%m%d"))
CASES = int(sys.argv[sys.argv.index("--cases") + 1]) if "--cases" in sys.argv else 16
TIGHT = "tol=1e-9, max_iter=1000"
print(f"seed {SEED}, {CASES} cases", flush=True)


def design(rng, rows, columns):
    """Units that differ, sometimes a column that follows from others, sometimes one far from zero."""
    X = rng.standard_normal((rows, columns))
    if columns > 2 and rng.uniform() < 0.4:
        X[:, 0] = X[:, 1] - X[:, 2] + 0.05 * X[:, 0]
    z = X @ rng.standard_normal(columns) * rng.uniform(0.1, 0.8) / np.sqrt(columns)
    scales = 10.0 ** rng.uniform(-1, 1, columns)
    return X * scales + rng.choice([0.0, 3.0], columns) * scales, z


def targets(rng, z, power):
    """With a mean of exp(z), whatever its unit, and a variance that goes by a power of it, near enough."""
    mean = np.exp(z + rng.uniform(-4, 6))
    if power >= 2:
        return mean * rng.gamma(4, 0.25, len(z))
    if power == 0:
        return np.abs(mean * (1 + 0.1 * rng.standard_normal(len(z))))
    return mean * rng.poisson(2.0, len(z)) / 2.0 * rng.gamma(4, 0.25, len(z))


def objective(model, power, link, X, y, w, alpha):
    coef, intercept = model
    loss = (HalfTweedieLossIdentity if link == "identity" else HalfTweedieLoss)(power=power)
    constant = np.average(loss.constant_to_optimal_zero(y), weights=w) if link == "log" else 0.0
    return loss(y_true=y, raw_prediction=X @ coef + intercept, sample_weight=w) + constant + alpha / 2 * (coef @ coef)


def agrees(expression, estimator, X, y, w, power, link, what, ranks=2):
    data = write("case", X, y, w)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = estimator.fit(X, y, w)
    ours, report, model = fit(expression, data, ranks=ranks)
    what = f"{what} {expression} {X.shape}: {report}"
    assert report["converged"], what
    alpha = estimator.alpha
    mine, best = (objective(m, power, link, X, y, w, alpha) for m in
                  ((ours["coef_"], ours["intercept_"]), (theirs.coef_, theirs.intercept_)))
    not_worse(mine, best, what=what)
    return ours, theirs, output("predict", model, data), what


def same(ours, theirs, predicted, X, what):
    """Where the optimum is one point that both have reached."""
    reached = np.std(X, axis=0) * theirs.coef_
    close(ours["coef_"] * np.std(X, axis=0), reached, rtol=1e-4, atol=1e-5 * (1 + np.abs(reached).max()), what=what)
    close(predicted, theirs.predict(X), rtol=1e-3, atol=1e-3 * np.abs(theirs.predict(X)).mean(), what=what)


def test_drawn_cases():
    """Objectives of any power; where there is one optimum, what leads there."""
    powers = []
    for case in range(CASES):
        rng = np.random.default_rng([SEED, case])
        power = float(rng.choice([0, 1, 1.2, 1.5, 1.9, 2, 2.5, 3]))
        rows, columns = (int(rng.integers(12, 40)), 3) if case % 4 == 0 else (int(10 ** rng.uniform(2.3, 4.4)), int(rng.integers(1, 9)))
        X, z = design(rng, rows, columns)
        y = targets(rng, z, power)
        w = rng.integers(0, 3, rows) * 1.5 if rng.uniform() < 0.4 else None
        unit = float(np.average(y) ** (2 - power))  # of the loss
        given = dict(alpha=float(rng.choice([0.0, 1e-3, 0.1, 1.0])) * unit, fit_intercept=bool(rng.uniform() < 0.8))
        settings = dict(given, tol=1e-10 * unit, max_iter=20000, solver="newton-cholesky" if 1 <= power <= 2 else "lbfgs")
        words = ", ".join(f"{k}={v}" for k, v in given.items()) + f", tol={1e-9 * unit}, max_iter=1000"
        what = f"case {case}, seed {SEED}"
        found = agrees(f"TweedieRegressor(power={power}, link='log', {words})", TweedieRegressor(power=power, link="log", **settings),
                       X, y, w, power, "log", what, ranks=1 + case % 3)
        powers.append(power)
        if 1 <= power <= 2:
            same(*found[:3], X, found[3])
        if power == 2:
            other = agrees(f"GammaRegressor({words})", GammaRegressor(**settings), X, y, w, 2, "log", what)
            same_model(found[0], other[0], what)
        if power == 1:
            same_model(found[0], fit(f"PoissonRegressor({words})", write("case", X, y, w))[0], what)
    assert CASES < 16 or len(set(powers)) > 3, powers


def same_model(a, b, what):
    assert (a["coef_"] == b["coef_"]).all() and a["intercept_"] == b["intercept_"], what


def test_special_powers():
    """power=1 and power=2 are the other two estimators."""
    rng = np.random.default_rng([SEED, 1])
    X, z = design(rng, 3000, 5)
    y = targets(rng, z, 2)
    for power, name in ((1, "PoissonRegressor"), (2, "GammaRegressor")):
        unit = np.average(y) ** (2 - power)
        a = fit(f"TweedieRegressor(power={power}, alpha={0.01 * unit})", write("special", X, y))[0]
        b = fit(f"{name}(alpha={0.01 * unit})", write("special", X, y))[0]
        same_model(a, b, name)
    settings = dict(alpha=0.01, tol=1e-10, max_iter=10000, solver="newton-cholesky")
    found = agrees("GammaRegressor(alpha=0.01, tol=1e-9)", GammaRegressor(**settings), X, y, None, 2, "log", "gamma")
    same(*found[:3], X, found[3])
    assert found[0]["n_iter_"].shape == () and found[0]["intercept_"].shape == ()


def test_least_squares():
    """power=0: targets of any sign, the identity link, found in one pass."""
    for case in range(4):
        rng = np.random.default_rng([SEED, 2, case])
        X, z = design(rng, int(10 ** rng.uniform(1.5, 4)), 6)
        y = z + rng.standard_normal(len(z)) - 1
        w = rng.integers(0, 3, len(z)) * 1.5 if case % 2 else None
        alpha, intercept = float(rng.choice([1e-3, 0.1, 1.0])), case < 3
        theirs = TweedieRegressor(alpha=alpha, fit_intercept=intercept, tol=1e-10, max_iter=10000, solver="newton-cholesky")
        ours, theirs, predicted, what = agrees(f"TweedieRegressor(alpha={alpha}, fit_intercept={intercept})", theirs, X, y, w, 0, "identity",
                                               f"case {case}, seed {SEED}")
        close(ours["coef_"], theirs.coef_, rtol=1e-6, atol=1e-7 * np.abs(theirs.coef_).max(), what=what)
        close(predicted, theirs.predict(X), rtol=1e-6, atol=1e-6, what=what)
        assert ours["n_iter_"] == 1
        report = fit("TweedieRegressor(link='identity')", write("case", X, y, w))[1]
        assert report["passes"] == 1, report


def scores(path_of_results):
    with open(path_of_results, newline="") as f:
        return [[float(row[f"split{k}_test_score"]) for k in range(3)] for row in csv.DictReader(f)]


def test_search():
    """A grid over powers, links of both kinds among them, scores every fold as scikit-learn does; different powers share passes."""
    rng = np.random.default_rng([SEED, 3])
    X, z = design(rng, 6000, 5)
    y = np.exp(z) * rng.gamma(4, 0.25, len(z))
    data = write("search", X, y)
    grid = {"tweedieregressor__power": [0, 1, 1.5, 2, 3], "tweedieregressor__alpha": [1e-3, 0.3]}
    results = path("results.csv")
    reports = []
    for ranks in (1, 3):
        done = run("search", "make_pipeline(StandardScaler(), TweedieRegressor(tol=1e-8))", data, "--grid", str(grid), "--cv", "KFold(3)",
                   "--scoring", "neg_mean_squared_error", "--results", results, "--overwrite", "--json", "--quiet", ranks=ranks)
        reports.append((json.loads(done.stdout)["passes"], scores(results)))
    assert reports[0][1] == reports[1][1]
    theirs = GridSearchCV(make_pipeline(StandardScaler(), TweedieRegressor(tol=1e-9, max_iter=5000)), grid, cv=KFold(3),
                          scoring="neg_mean_squared_error", refit=False).fit(X, y)
    expected = [[theirs.cv_results_[f"split{k}_test_score"][i] for k in range(3)] for i in range(len(theirs.cv_results_["params"]))]
    close(sorted(reports[0][1]), sorted(expected), rtol=1e-5)
    alone = sum(fit(f"make_pipeline(StandardScaler(), TweedieRegressor(power={p}, tol=1e-8, alpha=0.001))", data)[1]["passes"] for p in grid["tweedieregressor__power"])
    assert reports[0][0] < alone, (reports[0][0], alone)
    done = run("cross-validate", "make_pipeline(StandardScaler(), GammaRegressor(alpha=0.1))", data, "--cv", "KFold(3)", "--scoring",
               "neg_mean_gamma_deviance", "--json", "--quiet", ranks=2)
    gamma = GridSearchCV(make_pipeline(StandardScaler(), GammaRegressor(tol=1e-9)), {"gammaregressor__alpha": [0.1]}, cv=KFold(3),
                         scoring="neg_mean_gamma_deviance").fit(X, y)
    close(json.loads(done.stdout)["test_neg_mean_gamma_deviance"], [gamma.cv_results_[f"split{k}_test_score"][0] for k in range(3)], rtol=1e-4)


def test_many_blocks():
    """Rows enough that few blocks are looked at first; models do not depend on ranks, threads and memory."""
    rng = np.random.default_rng([SEED, 4])
    X, z = design(rng, 70000, 4)
    y = targets(rng, z, 2)
    data = write("blocks", X, y)
    for power in (1.5, 2, 3, 0):
        unit = float(np.average(y) ** (2 - power))
        given = dict(power=power, link="log", alpha=0.01 * unit)
        words = ", ".join(f"{k}={v!r}" for k, v in given.items()) + f", tol={1e-8 * unit}"
        models = []
        for options in ([1], [2], [3], [5], [2, "--threads", 2]):
            models.append(path(f"blocks-{len(models)}.h5"))
            done = run("fit", f"TweedieRegressor({words})", data, "--model", models[-1], "--overwrite", "--quiet", "--json", *options[1:],
                       ranks=options[0])
            assert filecmp.cmp(models[0], models[-1], shallow=False), (power, options)
        report = json.loads(done.stdout)
        assert report["converged"] and report["sample_passes"] > 0, report
        theirs = TweedieRegressor(tol=1e-10 * unit, max_iter=10000, **given).fit(X, y)
        ours = attributes(models[0])
        not_worse(objective((ours["coef_"], ours["intercept_"]), power, "log", X, y, None, given["alpha"]),
                  objective((theirs.coef_, theirs.intercept_), power, "log", X, y, None, given["alpha"]), what=f"{power} {report}")


def test_targets_out_of_range():
    """Where scikit-learn refuses; which row is the first, and what to try."""
    rng = np.random.default_rng([SEED, 5])
    X, z = design(rng, 9000, 3)
    positive = np.exp(z)
    with_zero, with_negative = positive.copy(), positive.copy()
    with_zero[[4321, 5000]] = 0
    with_negative[8000] = -1.5
    for y, estimator, power, words in (
            (with_zero, "GammaRegressor()", 2, ("HalfGammaLoss", "2 not positive, the first in row 4321", "TweedieRegressor(power=1.5)")),
            (with_negative, "GammaRegressor()", 2, ("1 not positive, the first in row 8000",)),
            (with_zero, "TweedieRegressor(power=2.5)", 2.5, ("HalfTweedieLoss", "2 not positive, the first in row 4321", "power=2.5 takes targets > 0")),
            (with_negative, "TweedieRegressor(power=1.5)", 1.5, ("1 negative, the first in row 8000", "power=1.5 with link='log' takes targets >= 0"))):
        data = write("range", X, y)
        try:
            TweedieRegressor(power=power).fit(X, y)
            raise AssertionError("scikit-learn takes them")
        except ValueError:
            pass
        for ranks in (1, 3):
            done = run("fit", estimator, data, "--model", path("no.h5"), ranks=ranks, check=False)
            assert done.returncode == 3 and data + ":/y" in done.stderr, done.stderr
            for word in words:
                assert word in done.stderr, (word, done.stderr)
    assert fit("TweedieRegressor(power=1.5)", write("range", X, with_zero))[1]["converged"]
    done = run("search", "TweedieRegressor()", write("range", X, with_zero), "--grid", "{'power': [0, 1.5, 2]}", "--cv", "3", "--results",
               path("range.csv"), "--quiet", ranks=2)
    with open(path("range.csv"), newline="") as f:
        rows = {float(row["param_power"]): row["mean_test_score"] for row in csv.DictReader(f)}
    assert np.isfinite(float(rows[0])) and np.isfinite(float(rows[1.5])) and rows[2.0] in ("", "nan"), (rows, done.stderr)


def test_settings_that_are_refused():
    data = write("settings", np.ones((9, 2)) * np.arange(9)[:, None], np.arange(1.0, 10))
    for setting, words in (("power=0.5", ("a float <= 0 or >= 1", "0.5")), ("power=2, link='identity'", ("power=0 only", "power=2", "link='log'")),
                           ("power=-1", ("power=0 only", "link='auto'", "link='log'")), ("link='logit'", ("'auto', 'identity' or 'log'",)),
                           ("warm_start=True", ("warm_start",)), ("alpha=-1", ("alpha",))):
        for command in (["fit"], ["cross-validate", "--cv", "3"]):
            done = run(command[0], f"TweedieRegressor({setting})", data, *command[1:], *(["--model", path("no.h5")] if command[0] == "fit" else []),
                       check=False)
            if setting == "warm_start=True":
                assert done.returncode == 0 and "changes nothing" in done.stderr, done.stderr
                continue
            assert done.returncode == 2, (setting, done.stderr)
            for word in words:
                assert word in done.stderr, (word, done.stderr)


def test_units_of_the_targets_change_the_intercept_alone():
    """Of a gamma distribution, by 40 orders of magnitude."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = rng.gamma(2.0, np.exp(X @ [0.3, -0.2, 0.1]) / 2)
    plain = fit("GammaRegressor(alpha=0.001)", write("units", X, y))[0]
    for unit in (1e-24, 1e-12, 1e9, 1e15, 1e21):
        ours = fit("GammaRegressor(alpha=0.001)", write("units", X, y * unit))[0]
        close(ours["coef_"], plain["coef_"], 1e-4, 1e-5, f"{unit}")
        close(ours["intercept_"], plain["intercept_"] + np.log(unit), 1e-5, 1e-5, f"{unit}")


if __name__ == "__main__":
    main(globals())
