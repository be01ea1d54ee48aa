# SPDX-License-Identifier: BSD-3-Clause
"""RidgeCV, LassoCV, ElasticNetCV and LogisticRegressionCV against scikit-learn's: what is chosen, the scores that decide, the models; also
within the folds of a search. Leaving one row out against as many fits. SUPERSTEP_TEST_SEED draws other cases."""
import datetime
import json
import os
import warnings

import h5py
import numpy as np
from sklearn.base import clone
from sklearn.linear_model import ElasticNetCV, LassoCV, LogisticRegressionCV, Ridge, RidgeCV
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import common
from common import close, fit, path, run, write
from regression_cases import same_bytes

warnings.simplefilter("ignore")  # scikit-learn's of defaults that will change, and of gaps that rounding keeps open
SEED = int(os.environ.get("SUPERSTEP_TEST_SEED", datetime.date.today().strftime("%Y%m%d")))
RNG = np.random.default_rng(SEED)
print("SUPERSTEP_TEST_SEED =", SEED)
TIGHT = {"tol": 1e-12, "max_iter": 100000}


def regression(rows=None, columns=None):
    """Some columns that matter, different units, a target away from zero."""
    rows, columns = rows or int(RNG.integers(150, 9000)), columns or int(RNG.integers(3, 12))
    X = RNG.normal(size=(rows, columns)) @ (np.eye(columns) + 0.3 * RNG.normal(size=(columns, columns)))
    coef = RNG.normal(size=columns) * (RNG.random(columns) < 0.6)
    return X + RNG.normal(size=columns), 5.0 + X @ coef + 2.0 * RNG.normal(size=rows)


def classification(rows=None, classes=2):
    X, z = regression(rows or int(RNG.integers(300, 6000)))
    y = np.digitize(z + 2.0 * RNG.normal(size=len(z)), np.quantile(z, np.linspace(0, 1, classes + 1)[1:-1]))
    return X, y


def words(estimator, **params):
    return f"{estimator}({', '.join(f'{k}={v!r}' for k, v in params.items())})"


def agrees_along_a_path(kind, X, y, weight, **params):
    expression = words(kind.__name__, **params)
    ours, report, _ = fit(expression, write("path", X, y, weight))
    theirs = kind(**params, **TIGHT).fit(X, y, sample_weight=weight)
    what = f"{expression} {X.shape} {'weighted' if weight is not None else ''}"
    assert report["converged"], f"{what}: {report}"
    close(ours["alphas_"], theirs.alphas_, rtol=1e-9, what=what)
    assert ours["mse_path_"].shape == theirs.mse_path_.shape, (what, ours["mse_path_"].shape, theirs.mse_path_.shape)
    close(ours["mse_path_"], theirs.mse_path_, rtol=1e-5, what=what)
    close(ours["alpha_"], theirs.alpha_, rtol=1e-9, what=what)
    if kind is ElasticNetCV:
        assert ours["l1_ratio_"] == theirs.l1_ratio_, what
    close(ours["coef_"], theirs.coef_, rtol=1e-4, atol=1e-5 * np.abs(theirs.coef_).max() + 1e-12, what=what)
    close(ours["intercept_"], theirs.intercept_, rtol=1e-5, atol=1e-5 * np.abs(y).max(), what=what)


def test_paths():
    for weighted in (False, True):
        for intercept in (True, False):
            X, y = regression()
            weight = RNG.uniform(0.2, 5.0, len(y)) if weighted else None
            agrees_along_a_path(LassoCV, X, y, weight, alphas=int(RNG.integers(2, 40)), fit_intercept=intercept)
            agrees_along_a_path(ElasticNetCV, X, y, weight, l1_ratio=[0.2, 0.9], alphas=8, cv=3, fit_intercept=intercept)
    X, y = regression()
    agrees_along_a_path(LassoCV, X, y, None, alphas=[0.3, 0.01, 0.1], cv=4, positive=True)
    agrees_along_a_path(ElasticNetCV, X, y, None, alphas=[0.3, 0.01], l1_ratio=0.7)
    agrees_along_a_path(LassoCV, X, y, None, alphas=12, positive=True, eps=0.01)


def test_ridge():
    for weighted in (False, True):
        for intercept in (True, False):
            X, y = regression()
            weight = RNG.uniform(0.2, 5.0, len(y)) if weighted else None
            for params in ({}, {"alphas": [1e-3, 1.0, 50.0, 1e3, 1e5]}, {"scoring": "r2"}, {"alphas": [5.0], "scoring": "neg_mean_squared_error"},
                           {"cv": 4}, {"cv": 3, "scoring": "neg_mean_absolute_error"}):
                if weighted and "cv" in params:
                    continue  # scikit-learn scores the folds without weights
                ours, report, _ = fit(words("RidgeCV", fit_intercept=intercept, **params), write("ridge", X, y, weight), ranks=1)
                theirs = RidgeCV(fit_intercept=intercept, **params).fit(X, y, sample_weight=weight)
                what = f"{params} {X.shape} {weighted} {intercept}"
                assert ours["alpha_"] == theirs.alpha_, (what, ours["alpha_"], theirs.alpha_)
                close(ours["best_score_"], theirs.best_score_, rtol=1e-7, what=what)
                close(ours["coef_"], theirs.coef_, rtol=1e-6, atol=1e-9, what=what)
                close(ours["intercept_"], theirs.intercept_, rtol=1e-6, atol=1e-8, what=what)
                assert not report["warnings"], (what, report)


def left_out(X, y, weight, alpha, intercept):
    """The mean of w e^2 of as many fits as there are rows, each by a factorisation of its rows."""
    w = np.ones(len(y)) if weight is None else weight
    total = 0.0
    for i in range(len(y)):
        rest = np.delete(np.arange(len(y)), i)
        A, b, root = X[rest], y[rest], np.sqrt(w[rest])
        mean = np.average(A, axis=0, weights=w[rest]) if intercept else np.zeros(X.shape[1])
        level = np.average(b, weights=w[rest]) if intercept else 0.0
        stacked = np.vstack([(A - mean) * root[:, None], np.sqrt(alpha) * np.eye(X.shape[1])])
        coef = np.linalg.lstsq(stacked, np.concatenate([(b - level) * root, np.zeros(X.shape[1])]), rcond=None)[0]
        total += w[i] * (y[i] - level - (X[i] - mean) @ coef)**2
    return -total / len(y)


def test_leaving_one_out_where_it_is_hard():
    rows = int(RNG.integers(25, 45))
    plain = RNG.normal(size=(rows, 6))
    y = 3.0 + plain[:, 0] + RNG.normal(size=rows)
    weight = RNG.uniform(0.2, 3.0, rows)
    lonely = plain.copy()
    lonely[:, 2] = 0.0
    lonely[4, 2] = 1.0  # a column of one row: its leverage is nearly 1
    cases = {
        "plain": plain,
        "units": plain * np.logspace(-4, 4, 6),
        "duplicated": np.hstack([plain, plain[:, :3]]),
        "nearly so": np.hstack([plain, plain[:, :2] + 1e-7 * RNG.normal(size=(rows, 2))]),
        "far from zero": plain + 1e5,
        "lonely": lonely,
        "constant": np.hstack([plain, np.full((rows, 1), 7.0)]),
        "p near n": RNG.normal(size=(rows, rows - 2)),
        "p = n": RNG.normal(size=(rows, rows)),
        "p > n": RNG.normal(size=(rows, rows + 9)),
    }
    for name, X in cases.items():
        for alpha in (1e-6, 0.1, 30.0):
            w, intercept = (None, weight)[RNG.integers(2)], bool(RNG.integers(2))
            ours, _, _ = fit(words("RidgeCV", alphas=[alpha], fit_intercept=intercept), write("loo", X, y, w), ranks=1)
            expected = left_out(X, y, w, alpha, intercept)
            close(ours["best_score_"], expected, rtol=2e-5, what=f"{name} {alpha} {w is not None} {intercept}")


def test_logistic_regression():
    for classes, params in ((2, {"Cs": 5}), (3, {"Cs": [0.01, 1.0], "cv": 3, "scoring": "neg_log_loss"}),
                            (2, {"Cs": [0.001, 0.1], "class_weight": "balanced", "scoring": "roc_auc"}),
                            (2, {"Cs": 3, "fit_intercept": False, "scoring": "neg_log_loss", "cv": 4}),
                            (2, {"Cs": [0.1, 2.0], "l1_ratios": [0.0, 1.0], "cv": 3, "scoring": "neg_log_loss"})):
        X, y = classification(classes=classes)
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        for weight in (None, RNG.uniform(0.2, 3.0, len(y))):
            ours, report, _ = fit(words("LogisticRegressionCV", **params), write("logistic", X, y, weight))
            solver = {"solver": "saga", "max_iter": 3000, "tol": 1e-7} if "l1_ratios" in params else {"tol": 1e-9, "max_iter": 3000}
            theirs = LogisticRegressionCV(**params, **solver, use_legacy_attributes=False).fit(X, y, weight)
            what = f"{params} {X.shape} {weight is not None}"
            close(ours["Cs_"], theirs.Cs_, rtol=1e-12, what=what)
            assert ours["scores_"].shape == theirs.scores_.shape, (what, ours["scores_"].shape, theirs.scores_.shape)
            if "scoring" in params:
                close(ours["scores_"], theirs.scores_, rtol=1e-3 if "l1_ratios" in params else 1e-4, what=what)
                totals = np.sort(theirs.scores_.sum(axis=0).ravel())
                if totals[-1] - totals[-2] < 1e-3 * abs(totals[-1]) and "l1_ratios" in params:
                    continue  # saga stops near the optimum, and either may look better
                close(ours["C_"], theirs.C_, rtol=1e-12, what=what)
                close(ours["l1_ratio_"], theirs.l1_ratio_, what=what)
                close(ours["coef_"], theirs.coef_, rtol=1e-2, atol=2e-3, what=what)
            else:  # a row near the border may fall on either side
                close(ours["scores_"], theirs.scores_, atol=3.0 / len(y) * 5, what=what)


def test_behind_scalers():
    X, y = regression()
    X = X * np.logspace(-3, 3, X.shape[1])
    data = write("scaled", X, y)
    for kind, params in ((LassoCV, {"alphas": 10}), (RidgeCV, {}), (RidgeCV, {"cv": 3})):
        ours, report, _ = fit(f"make_pipeline(StandardScaler(), {words(kind.__name__, **params)})", data)
        theirs = make_pipeline(StandardScaler(), kind(**params, **(TIGHT if kind is LassoCV else {}))).fit(X, y)[-1]
        step = f"steps/{kind.__name__.lower()}/"
        close(ours[step + "alpha_"], theirs.alpha_, rtol=1e-9)
        close(ours[step + "coef_"], theirs.coef_, rtol=1e-4, atol=1e-6)
    ours, _, _ = fit("make_pipeline(MinMaxScaler(clip=True), RidgeCV(cv=3))", data)  # no affine map
    scaled = (X - X.min(axis=0)) / np.ptp(X, axis=0)
    theirs = RidgeCV(cv=3).fit(scaled, y)
    assert ours["steps/ridgecv/alpha_"] == theirs.alpha_
    close(ours["steps/ridgecv/best_score_"], theirs.best_score_, rtol=1e-7)


def outer_roles(data, cv, *options):
    run("folds", data, "--cv", cv, "--out", path("folds.h5"), "--quiet", "--overwrite", *options)
    with h5py.File(path("folds.h5")) as f:
        roles = f["folds"][:]
    return [(np.flatnonzero(column == 1), np.flatnonzero(column == 2)) for column in roles.T]


def test_within_folds():
    X, y = regression(rows=int(RNG.integers(4500, 9000)))
    _, c = classification(rows=len(y))
    data, classes = write("outer", X, y), write("outer_classes", X, c)
    for cv in ("4", "KFold(3, shuffle=True, random_state=1)", "ShuffleSplit(2, test_size=0.2, random_state=2)"):
        for file, target, metric, expression, theirs in (
                (data, y, "r2", "LassoCV(alphas=10, cv=3)", LassoCV(alphas=10, cv=3, **TIGHT)),
                (data, y, "r2", "RidgeCV(alphas=[0.1, 10.0, 1000.0])", RidgeCV(alphas=[0.1, 10.0, 1000.0])),
                (data, y, "r2", "make_pipeline(StandardScaler(), RidgeCV(alphas=[1.0, 100.0, 1e4], cv=4))",
                 make_pipeline(StandardScaler(), RidgeCV(alphas=[1.0, 100.0, 1e4], cv=4))),
                (classes, c, "neg_log_loss", "LogisticRegressionCV(Cs=[0.001, 1.0], cv=3, scoring='neg_log_loss')",
                 LogisticRegressionCV(Cs=[0.001, 1.0], cv=3, scoring="neg_log_loss", tol=1e-8))):
            cut = f"KFold({cv})" if cv.isdigit() else cv
            done = run("cross-validate", expression, file, "--cv", cut, "--scoring", metric, "--json", "--quiet", ranks=2)
            ours = json.loads(done.stdout)
            expected = []
            for train, test in outer_roles(file, cut):
                model = clone(theirs).fit(X[train], target[train])
                expected.append(get_scorer(metric)(model, X[test], target[test]))
            close(ours[f"test_{metric}"], expected, rtol=1e-5, what=f"{expression} {cv}")


def test_within_a_search():
    X, y = regression()
    data = write("search", X, y)
    run("search", "RidgeCV(alphas=[0.1, 10.0, 1e3])", data, "--grid", "{'fit_intercept': [True, False]}", "--cv", "5", "--model", path("best.h5"),
        "--results", path("results.csv"), "--quiet", ranks=2)
    theirs = GridSearchCV(RidgeCV(alphas=[0.1, 10.0, 1e3]), {"fit_intercept": [True, False]}, cv=5).fit(X, y)
    table = np.genfromtxt(path("results.csv"), delimiter=",", names=True, dtype=None, encoding="utf8")
    close(table["mean_test_score"], theirs.cv_results_["mean_test_score"], rtol=1e-7)
    best = common.attributes(path("best.h5"))
    assert best["alpha_"] == theirs.best_estimator_.alpha_
    close(best["coef_"], theirs.best_estimator_.coef_, rtol=1e-6)


def test_what_a_drawn_inner_order_gives():
    X, y = regression(rows=6000)
    c = (y > np.median(y)).astype(int)
    data = write("drawn", X, y)
    run("folds", data, "--cv", "KFold(4, shuffle=True, random_state=7)", "--out", path("inner.h5"), "--quiet", "--overwrite")
    folds = outer_roles(data, "KFold(4, shuffle=True, random_state=7)")
    ours, _, _ = fit("LassoCV(alphas=9, cv=KFold(4, shuffle=True, random_state=7))", data)
    theirs = LassoCV(alphas=9, cv=folds, **TIGHT).fit(X, y)
    close(ours["mse_path_"], theirs.mse_path_, rtol=1e-6)
    file = write("drawn_classes", X, c)
    folds = outer_roles(file, "StratifiedKFold(3, shuffle=True, random_state=2)")
    ours, _, _ = fit("LogisticRegressionCV(Cs=[0.01, 1.0], cv=StratifiedKFold(3, shuffle=True, random_state=2), scoring='neg_log_loss')", file)
    theirs = LogisticRegressionCV(Cs=[0.01, 1.0], cv=folds, scoring="neg_log_loss", use_legacy_attributes=False, tol=1e-8).fit(X, c)
    close(ours["scores_"], theirs.scores_, rtol=1e-5)


def test_refusals():
    X, y = regression(rows=300)
    data = write("refusals", X, y)
    one = write("one", X[:1], y[:1])
    for expression, file, words_said in (
            ("LassoCV(cv='prefit')", data, "cv must be None, an int >= 2"), ("RidgeCV(cv=1)", data, "cv must be"),
            ("RidgeCV(cv=ShuffleSplit(3))", data, "cv must be"), ("LassoCV(cv=KFold(1))", data, "n_splits=2 or more"),
            ("RidgeCV(store_cv_results=True)", data, "nothing is kept for each row"), ("RidgeCV(alphas=[0.0, 1.0])", data, "above 0"),
            ("RidgeCV(alpha_per_target=True)", data, "one target"), ("RidgeCV(scoring='neg_median_absolute_error')", data, "give cv=5"),
            ("RidgeCV(scoring='accuracy')", data, "is for classifiers"), ("LassoCV(alphas=0)", data, "alphas must be"),
            ("ElasticNetCV(l1_ratio=[0.0, 0.5])", data, "give a list of alphas"), ("LassoCV(cv=StratifiedKFold(3))", data, "use KFold"),
            ("LogisticRegressionCV(refit=False)", data, "optimum of none"), ("LogisticRegressionCV(solver='liblinear')", data, "solver"),
            ("RidgeCV()", one, "two training rows"), ("LassoCV(cv=7)", write("five", X[:5], y[:5]), "n_splits=7 greater than the number of samples"),
            ("LassoCV(n_alphas=3)", data, "alphas")):
        for ranks in (1, 2):
            done = run("fit", expression, file, "--model", path("no.h5"), ranks=ranks, check=False)
            assert done.returncode != 0 and words_said in done.stderr, (expression, done.stderr)
            assert done.stderr.count("error:") == 1, done.stderr


def test_same_bytes():
    X, y = regression(rows=30000)
    data = write("bytes", X, y, RNG.uniform(0.5, 2.0, len(y)))
    same_bytes("make_pipeline(StandardScaler(), RidgeCV())", data)
    same_bytes("LassoCV(alphas=8, cv=KFold(3, shuffle=True))", data)
    same_bytes("LogisticRegressionCV(Cs=2, cv=2)", write("bytes_classes", X, (y > 5).astype(int)))


if __name__ == "__main__":
    common.main(globals())
