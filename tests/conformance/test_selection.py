#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Steps that learn from the targets before the last one does: selectors by scores of each column and by coefficients, beside
scikit-learn: scores, p-values, columns kept and their names, searches fold by fold, refusals; and the dummies, who learn from
nothing else. Cases are drawn by the date."""
import json
import time
import warnings

import h5py
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.feature_selection import (SelectFromModel, SelectKBest, SelectPercentile, chi2, f_classif, f_regression, r_regression)
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import common
from common import attributes, close, fit, output, path, run, write

SEED = int(time.strftime("%Y%m%d"))
RNG = np.random.default_rng(SEED)
SCORES = {"f_classif": f_classif, "f_regression": f_regression, "r_regression": r_regression, "chi2": chi2}
warnings.simplefilter("ignore")


def drawn(classes=None, columns=None, rows=None):
    """Columns of different units that tell more or less of the target; some constant, some equal."""
    rows = rows or int(RNG.integers(60, 6000))
    columns = columns or int(RNG.integers(6, 40))
    X = RNG.normal(size=(rows, columns)) * np.exp(RNG.normal(0, 2, columns)) + RNG.normal(0, 3, columns)
    signal = ((X - X.mean(axis=0)) / X.std(axis=0)) @ (RNG.normal(size=columns) * (RNG.random(columns) < 0.4)) + RNG.normal(0, 2, rows)
    y = signal if classes is None else np.digitize(signal, np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1]))
    return X, y


def expression(estimator):
    text = repr(estimator) if not hasattr(estimator, "steps") else None
    assert text
    return text


def same_scores(actual, expected, rtol=1e-9, atol=1e-290, what=""):
    """NaN where scikit-learn has NaN."""
    close(actual, expected, rtol=rtol, atol=atol, what=what)


def test_scores_and_pvalues():
    print(f"seed {SEED}")
    for case in range(16):
        name = list(SCORES)[case % 4]
        X, y = drawn(None if name.endswith("regression") else int(RNG.integers(2, 6)))
        if name == "chi2":
            X = np.abs(X) if RNG.random() < 0.5 else RNG.poisson(2.0 * np.exp(X / np.abs(X).max(axis=0)))
        if case % 3 == 0 and not name.endswith("regression"):
            X[:, 2] = 2.0  # exactly, in any arithmetic
        k = int(RNG.integers(1, X.shape[1] + 1))
        # Around the means scikit-learn's squares keep the digits; constant columns stay constant.
        seen = X if name == "chi2" else X - X.mean(axis=0) * (X.std(axis=0) > 0)
        reference = SelectKBest(SCORES[name], k=k).fit(seen, y)
        found, report, model = fit(f"SelectKBest({name}, k={k})", write("scores", X, y), ranks=int(RNG.choice([1, 2, 3, 5])))
        what = f"case {case}: {name}, {X.shape}"
        same_scores(found["scores_"], reference.scores_, atol=1e-20, what=what)  # of a constant column chi2 is rounding there
        if name == "r_regression":
            assert "pvalues_" not in found
        else:
            same_scores(found["pvalues_"], reference.pvalues_, rtol=1e-8, what=what)
        assert np.array_equal(found["support_"].astype(bool), reference.get_support()), what
        assert np.array_equal(output("transform", model, path("scores.h5")), X[:, reference.get_support()]), what


def test_percentiles_and_ties():
    for case in range(16):
        columns = int(RNG.integers(2, 30))
        X, y = drawn(3, columns, 400)
        X = np.hstack([X, X[:, : columns // 2], np.ones((400, 2))])  # ties, and what has no score
        X = X[:, RNG.permutation(X.shape[1])]
        share = float(RNG.choice([5, 10, 25, 50, 75, 99, 100]))
        data = write("ties", X, y)
        reference = SelectPercentile(f_classif, percentile=share).fit(X, y)
        done = run("fit", f"SelectPercentile(percentile={share})", data, "--model", path("model.h5"), check=False)
        if not reference.get_support().any():
            assert done.returncode == 3 and "no features were selected" in done.stderr, done.stderr
            continue
        kept = attributes(path("model.h5"))["support_"].astype(bool)
        # Which of equal scores are kept depends on their last bit, which scikit-learn's sums do not have right.
        assert kept.sum() == reference.get_support().sum() or share < 100, f"case {case}"
        scores = np.where(np.isnan(reference.scores_), -1.0, reference.scores_)
        close(np.sort(scores[kept])[::-1], np.sort(scores)[::-1][: kept.sum()], rtol=1e-6, what=f"case {case}")
    # As many as are asked for, the later of equal ones.
    y = np.tile([0, 1, 1], 50)
    column = np.tile([1.0, 5.0, 4.0], 50) + np.repeat(np.arange(50) % 7, 3)
    X = np.column_stack([np.ones(150), column, -column, np.zeros(150), column])
    for k in (1, 2, 3, 4, 5, "all"):
        reference = SelectKBest(k=k).fit(X, y)
        found, _, _ = fit(f"SelectKBest(k={k!r})", write("equal", X, y))
        assert found["support_"].sum() == reference.get_support().sum()
        if k != 4:
            assert np.array_equal(found["support_"].astype(bool), reference.get_support()), k


def test_columns_far_from_zero():
    """scikit-learn's squares lose all digits there; long doubles around the means judge."""
    X, y = drawn(3, 6, 3000)
    X = X / X.std(axis=0) + 1e7
    wide = (X - 1e7).astype(np.longdouble)
    groups = [wide[y == k] for k in range(3)]
    between = sum(len(g) * (g.mean(axis=0) - wide.mean(axis=0)) ** 2 for g in groups) / 2
    within = sum(((g - g.mean(axis=0)) ** 2).sum(axis=0) for g in groups) / (len(y) - 3)
    found, _, _ = fit("SelectKBest(k=2)", write("far", X, y))
    close(found["scores_"], (between / within).astype(float), rtol=1e-6)
    target = wide[:, 1] * 3.0 + RNG.normal(size=3000)
    r = ((wide - wide.mean(axis=0)) * (target - target.mean())[:, None]).mean(axis=0) / (wide.std(axis=0) * target.std())
    found, _, _ = fit("SelectKBest(r_regression, k=2)", write("far", X, target.astype(float) - 1e6))
    close(found["scores_"], r.astype(float), rtol=1e-7, atol=1e-8)
    X[:, 0] = y  # nothing but the class
    found, _, _ = fit("SelectKBest(k=2)", write("far", X, y))
    assert found["scores_"][0] == np.inf and found["pvalues_"][0] == 0.0


def test_constant_columns():
    """A column that tells nothing has no correlation; scikit-learn divides what rounding left by zero."""
    X, y = drawn(None, 5, 700)
    X[:, 1], X[:, 3] = 0.1, 1e8
    for name in ("f_regression", "r_regression"):
        found, _, _ = fit(f"SelectKBest({name}, k=2)", write("constant", X, y))
        assert found["scores_"][1] == found["scores_"][3] == 0.0, found["scores_"]
        assert name == "r_regression" or found["pvalues_"][1] == 1.0
    found, _, _ = fit("SelectKBest(k=2)", write("constant", X, (y > 0).astype(int)))
    assert np.array_equal(np.isnan(found["scores_"]), [False, True, False, True, False]), found["scores_"]
    assert np.array_equal(np.isnan(found["pvalues_"]), np.isnan(found["scores_"]))


def test_weights():
    """A row of weight 2 counts as two, one of weight 0 as none."""
    for name in SCORES:
        X, y = drawn(None if name.endswith("regression") else 3, 8, 900)
        X = np.abs(X) if name == "chi2" else X - X.mean(axis=0)
        w = RNG.integers(0, 4, 900)
        reference = SelectKBest(SCORES[name], k=3).fit(np.repeat(X, w, axis=0), np.repeat(y, w))
        found, _, _ = fit(f"SelectKBest({name}, k=3)", write("weighted", X, y, w.astype(float)))
        same_scores(found["scores_"], reference.scores_, what=name)
        assert np.array_equal(found["support_"].astype(bool), reference.get_support()), name


def test_names():
    X, y = drawn(2, 8, 300)
    data = write("named", X, y)
    with h5py.File(data, "a") as f:
        f["feature_names"] = [f"col {i}" for i in range(8)]
    reference = SelectKBest(k=3).fit(X, y)
    _, _, model = fit("SelectKBest(k=3)", data)
    run("transform", model, data, "--out", path("out.h5"), "--quiet")
    with h5py.File(path("out.h5")) as f:
        assert list(f["feature_names"].asstr()[()]) == list(reference.get_feature_names_out([f"col {i}" for i in range(8)]))


def test_from_model():
    for case in range(16):
        X, y = drawn([None, 2, 4][case % 3], int(RNG.integers(5, 25)), 800)
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        if case % 3 == 0:
            estimator = [Ridge(alpha=3.0), Lasso(alpha=0.2)][int(RNG.integers(2))]
        else:
            estimator = [LogisticRegression(C=0.1, tol=1e-10, max_iter=10000), RidgeClassifier()][int(RNG.integers(2))]
        options = {}
        if RNG.random() < 0.6:
            options["threshold"] = [None, "mean", "median", "1.25*mean", "0.8 * median", 0.1, -np.inf][int(RNG.integers(7))]
        if RNG.random() < 0.4:
            options["max_features"] = int(RNG.integers(1, X.shape[1]))
        if RNG.random() < 0.4:
            options["norm_order"] = [1, 2, np.inf][int(RNG.integers(3))]
        reference = SelectFromModel(estimator, **options).fit(X, y)
        text = ", ".join([repr(estimator)] + [f"{k}={'np.inf' if v is np.inf else '-np.inf' if v == -np.inf else repr(v)}"
                                              for k, v in options.items()])
        what = f"case {case}: {text}"
        found, _, model = fit(f"SelectFromModel({text})", write("from_model", X, y), ranks=int(RNG.choice([1, 2, 3])))
        close(found["threshold_"], reference.threshold_, rtol=1e-5, what=what)
        assert np.array_equal(found["support_"].astype(bool), reference.get_support()), what
        assert np.array_equal(output("transform", model, path("from_model.h5")), X[:, reference.get_support()]), what


def results(file):
    import csv
    with open(file) as f:
        return list(csv.DictReader(f))


def search(estimator, data, grid, scoring, *options, ranks=2):
    run("search", estimator, data, "--grid", grid, "--cv", "4", "--scoring", scoring, "--results", path("results.csv"), "--model",
        path("best.h5"), *options, ranks=ranks)
    return results(path("results.csv"))


def same_search(text, pipeline, X, y, grid, grid_text, scoring, rtol=1e-5):
    reference = GridSearchCV(pipeline, grid, cv=4, scoring=scoring).fit(X, y)
    found = search(text, write("search", X, y), grid_text, scoring)
    for fold in range(4):
        close([float(r[f"split{fold}_test_score"]) for r in found], reference.cv_results_[f"split{fold}_test_score"], rtol=rtol,
              what=f"{text}, fold {fold}")
    best = attributes(path("best.h5"))
    return best, reference


def test_searches():
    """Each fold's selector sees the targets of its training rows alone; some of what it keeps differs from fold to fold."""
    X, y = drawn(3, 14, 260)
    best, reference = same_search(
        "make_pipeline(StandardScaler(), SelectKBest(), LogisticRegression(tol=1e-8))",
        make_pipeline(StandardScaler(), SelectKBest(), LogisticRegression(tol=1e-8)), X, y,
        {"selectkbest__k": [1, 3, 8, "all"], "logisticregression__C": [0.1, 1.0]},
        "{'selectkbest__k': [1, 3, 8, 'all'], 'logisticregression__C': [0.1, 1.0]}", "neg_log_loss")
    kept = reference.best_estimator_.named_steps["selectkbest"].get_support()
    assert np.array_equal(best["steps/selectkbest/support_"].astype(bool), kept)
    same_search("make_pipeline(MinMaxScaler(), SelectPercentile(chi2, percentile=30), GaussianNB())",
                make_pipeline(MinMaxScaler(), SelectPercentile(chi2, percentile=30), GaussianNB()), X, y,
                {"selectpercentile__percentile": [20, 60]}, "{'selectpercentile__percentile': [20, 60]}", "neg_log_loss")
    X, y = drawn(None, 14, 260)
    same_search("make_pipeline(SelectKBest(f_regression, k=4), Ridge())", make_pipeline(SelectKBest(f_regression, k=4), Ridge()), X, y,
                {"selectkbest__k": [1, 2, 5, 9], "ridge__alpha": [0.01, 10.0]},
                "{'selectkbest__k': [1, 2, 5, 9], 'ridge__alpha': [0.01, 10.0]}", "r2", rtol=1e-7)
    same_search("make_pipeline(StandardScaler(), SelectFromModel(Lasso(alpha=0.1)), Ridge())",
                make_pipeline(StandardScaler(), SelectFromModel(Lasso(alpha=0.1)), Ridge()), X, y,
                {"selectfrommodel__estimator__alpha": [0.01, 0.3], "selectfrommodel__max_features": [None, 3]},
                "{'selectfrommodel__estimator__alpha': [0.01, 0.3], 'selectfrommodel__max_features': [None, 3]}", "r2")


def test_many_columns():
    """More than are folded into what comes behind as an affine map."""
    X = RNG.normal(size=(500, 400))
    y = (X[:, :6].sum(axis=1) + RNG.normal(size=500) > 0).astype(int)
    same_search("make_pipeline(SelectKBest(k=20), LogisticRegression(tol=1e-8))",
                make_pipeline(SelectKBest(k=20), LogisticRegression(tol=1e-8)), X, y, {"selectkbest__k": [5, 40]},
                "{'selectkbest__k': [5, 40]}", "neg_log_loss")
    same_search("make_pipeline(StandardScaler(), SelectKBest(f_regression, k=20), Ridge())",
                make_pipeline(StandardScaler(), SelectKBest(f_regression, k=20), Ridge()), X, X[:, 3] + X[:, 9] ** 2,
                {"selectkbest__k": [5, 40]}, "{'selectkbest__k': [5, 40]}", "r2", rtol=1e-7)


def test_in_column_transformer():
    from sklearn.compose import ColumnTransformer
    X, y = drawn(2, 10, 500)
    text = "make_pipeline(ColumnTransformer([('a', make_pipeline(StandardScaler(), SelectKBest(k=2)), [0, 1, 2, 3, 4]), " \
           "('b', SelectKBest(k=1), [5, 6, 7])], remainder='passthrough'), LogisticRegression(tol=1e-8, max_iter=10000))"
    pipeline = make_pipeline(ColumnTransformer([("a", make_pipeline(StandardScaler(), SelectKBest(k=2)), [0, 1, 2, 3, 4]),
                                                ("b", SelectKBest(k=1), [5, 6, 7])], remainder="passthrough"),
                             LogisticRegression(tol=1e-8, max_iter=10000))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    same_search(text, pipeline, X, y, {"logisticregression__C": [0.1, 1.0]}, "{'logisticregression__C': [0.1, 1.0]}", "neg_log_loss")


def test_predicting_needs_no_targets():
    X, y = drawn(2, 8, 300)
    _, _, model = fit("make_pipeline(SelectKBest(k=3), LogisticRegression(tol=1e-8))", write("with", X, y))
    reference = make_pipeline(SelectKBest(k=3), LogisticRegression(tol=1e-8)).fit(X, y)
    found = output("predict", model, write("without", X))
    assert (found == reference.predict(X)).mean() > 0.99
    # A step before one that learns nothing from targets.
    _, _, model = fit("make_pipeline(SelectKBest(k=3), PCA(2))", path("with.h5"))
    assert output("transform", model, path("without.h5")).shape == (300, 2)


def refused(arguments, code, *words):
    done = run(*arguments, check=False)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stderr}"
    for word in words:
        assert word in done.stderr, f"{arguments}: no {word!r} in\n{done.stderr}"


def test_refusals():
    X, y = drawn(2, 5, 100)
    data = write("refused", X, y)
    model = ("--model", path("model.h5"))
    refused(("fit", "make_pipeline(SelectKBest(f_regression, k=2), LogisticRegression())", data, *model), 2, "numbers", "classes")
    refused(("fit", "make_pipeline(SelectKBest(k=2), Ridge())", data, *model), 2, "numbers", "classes")
    refused(("fit", "ColumnTransformer([('a', SelectKBest(k=1), [0, 1]), ('b', SelectKBest(f_regression, k=1), [2])])", data, *model), 2,
            "numbers", "classes")
    refused(("fit", "SelectKBest(mutual_info_classif, k=2)", data, *model), 2, "f_classif")
    refused(("fit", "SelectKBest(f_clasif, k=2)", data, *model), 2)
    refused(("fit", "SelectKBest(k=0)", data, *model), 2, "k=0")
    refused(("fit", "SelectKBest(chi2, k=1)", data, *model), 3, "non-negative")
    refused(("fit", "SelectKBest(k=2)", write("no_y", X), *model), 3, "--y")
    refused(("fit", "SelectFromModel(GaussianNB())", data, *model), 2, "coef_")
    refused(("fit", "SelectFromModel(Ridge(), threshold='mode')", data, *model), 2, "threshold")
    refused(("fit", "SelectFromModel(Ridge(), threshold=1e9)", data, *model), 3, "no features were selected")
    refused(("fit", "SelectFromModel(Ridge(), prefit=True)", data, *model), 2, "prefit")
    refused(("fit", "SelectFromModel()", data, *model), 2, "estimator")
    refused(("search", "make_pipeline(SelectKBest(k=2), PCA(1), KMeans(2))", data, "--grid",
             "{'selectkbest': [SelectKBest(k=2), SelectKBest(f_regression, k=2)]}", "--cv", "KFold(3)"), 2, "one way")
    for union in ("FeatureUnion([('a', SelectKBest(k=1)), ('b', SelectKBest(f_regression, k=1))])",
                  "ColumnTransformer([('a', SelectKBest(k=1), [0, 1]), ('b', SelectKBest(f_regression, k=1), [0, 1])])"):
        refused(("fit", union, data, *model), 2, "one way")
    several = write("several", X, np.column_stack([X[:, 0], X[:, 1]]))
    refused(("fit", "make_pipeline(SelectKBest(f_regression, k=2), Ridge())", several, *model), 3, "SelectKBest learns one")
    run("fit", "make_pipeline(SelectFromModel(Ridge()), Ridge())", several, *model)
    _, report, _ = fit("SelectKBest(k=9)", data)
    assert "k=9 is greater than n_features=5" in json.dumps(report)


def test_dummies():
    for case in range(12):
        X, y = drawn(int(RNG.integers(2, 5)), 4, 500)
        w = RNG.integers(0, 4, 500).astype(float) if case % 2 else None
        strategy = ["prior", "most_frequent", "constant"][case % 3]
        options = {"strategy": strategy, **({"constant": 1} if strategy == "constant" else {})}
        reference = DummyClassifier(**options).fit(X, y, w)
        text = "DummyClassifier(" + ", ".join(f"{k}={v!r}" for k, v in options.items()) + ")"
        found, _, model = fit(text, write("dummy", X, y, w), ranks=int(RNG.choice([1, 2, 3])))
        close(found["class_prior_"], reference.class_prior_, rtol=1e-14)
        assert np.array_equal(output("predict", model, path("dummy.h5")), reference.predict(X)), text
        proba = output("predict", model, path("dummy.h5"), "--method", "predict_proba", dataset="predict_proba")
        close(proba, reference.predict_proba(X), rtol=1e-14)
    for case in range(12):
        X, y = drawn(None, 4, int(RNG.integers(2, 700)))
        y = y * 10.0 ** RNG.integers(-3, 6)
        if case % 3 == 0:
            y = np.round(y)
        options = [{}, {"strategy": "median"}, {"strategy": "quantile", "quantile": round(float(RNG.random()), 3)},
                   {"strategy": "constant", "constant": 3}][case % 4]
        w = RNG.integers(0, 4, len(y)) + (np.arange(len(y)) == 0.0) if case % 8 < 3 else None
        reference = DummyRegressor(**options).fit(X, y, w)
        text = "DummyRegressor(" + ", ".join(f"{k}={v!r}" for k, v in options.items()) + ")"
        found, _, model = fit(text, write("dummy", X, y, w), ranks=int(RNG.choice([1, 2, 3])))
        close(found["constant_"], reference.constant_.ravel(), rtol=1e-13, atol=1e-13 * np.abs(y).max(), what=text)
        close(output("predict", model, path("dummy.h5")), reference.predict(X), rtol=1e-13, atol=1e-13 * np.abs(y).max(), what=text)


def test_dummies_in_searches():
    X, y = drawn(3, 5, 300)
    same_search("make_pipeline(StandardScaler(), DummyClassifier())", make_pipeline(StandardScaler(), DummyClassifier()), X, y,
                {"dummyclassifier__strategy": ["prior", "most_frequent"]}, "{'dummyclassifier__strategy': ['prior', 'most_frequent']}",
                "neg_log_loss")
    X, y = drawn(None, 5, 301)
    same_search("DummyRegressor()", DummyRegressor(), X, y, {"strategy": ["mean", "median"]}, "{'strategy': ['mean', 'median']}",
                "neg_mean_absolute_error", rtol=1e-9)
    data = path("search.h5")
    refused(("fit", "DummyClassifier(strategy='stratified')", data, "--model", path("m.h5")), 2, "draws")
    refused(("fit", "DummyClassifier(strategy='constant')", data, "--model", path("m.h5")), 2, "constant")
    refused(("fit", "DummyRegressor(strategy='quantile')", data, "--model", path("m.h5")), 2, "quantile")
    X, y = drawn(3, 5, 300)
    refused(("fit", "DummyClassifier(strategy='constant', constant=7)", write("c", X, y), "--model", path("m.h5")), 2, "[0, 1, 2]")


FUNCTIONS = {"np.log1p": (np.log1p, np.expm1, "np.expm1"), "np.log": (np.log, np.exp, "np.exp"),
             "np.sqrt": (np.sqrt, np.square, "np.square"), "np.arcsinh": (np.arcsinh, np.sinh, "np.sinh")}


def test_transformed_targets():
    for case in range(10):
        name = ["np.log1p", "np.log", "np.sqrt", "np.arcsinh"][case % 4]
        func, inverse, inverse_name = FUNCTIONS[name]
        X, y = drawn(None, 6, int(RNG.integers(60, 5000)))
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        y = np.exp(y / y.std() + RNG.normal()) if case % 5 else np.column_stack([np.exp(y / y.std()), np.abs(y)])
        w = RNG.integers(0, 3, len(y)).astype(float) if case % 3 == 0 else None
        inner, text = [(None, ""), (Ridge(alpha=2.0), "Ridge(alpha=2.0), "),
                       (make_pipeline(StandardScaler(), Ridge()), "make_pipeline(StandardScaler(), Ridge()), ")][case % 3]
        options = {} if w is None else ({"sample_weight": w} if not hasattr(inner, "steps") else {})
        if hasattr(inner, "steps"):
            w = None
        reference = TransformedTargetRegressor(inner, func=func, inverse_func=inverse).fit(X, y, **options)
        text = f"TransformedTargetRegressor({text}func={name}, inverse_func={inverse_name})"
        _, _, model = fit(text, write("transformed", X, y, w), ranks=int(RNG.choice([1, 2, 3, 5])))
        close(output("predict", model, path("transformed.h5")), reference.predict(X), rtol=1e-8, what=f"case {case}: {text}")


def test_transformed_targets_in_searches():
    """Judged by the targets as they are; a selector inside sees what the function makes of them."""
    X, y = drawn(None, 9, 300)
    y = np.exp(2.0 * y / y.std())
    turned = {"func": np.log1p, "inverse_func": np.expm1}
    same_search("make_pipeline(StandardScaler(), TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1))",
                make_pipeline(StandardScaler(), TransformedTargetRegressor(Ridge(), **turned)), X, y,
                {"transformedtargetregressor__regressor__alpha": [0.1, 1000.0]},
                "{'transformedtargetregressor__regressor__alpha': [0.1, 1000.0]}", "neg_mean_absolute_error", rtol=1e-7)
    pipeline = make_pipeline(SelectKBest(f_regression, k=2), Ridge())
    text = "make_pipeline(SelectKBest(f_regression, k=2), Ridge())"
    same_search(f"TransformedTargetRegressor({text}, func=np.log1p, inverse_func=np.expm1)",
                TransformedTargetRegressor(pipeline, **turned), X, y, {"regressor__selectkbest__k": [1, 3, 5]},
                "{'regressor__selectkbest__k': [1, 3, 5]}", "r2", rtol=1e-7)
    # With and without the function in one search: nothing of the one is taken for the other.
    data = path("search.h5")
    found = search(f"TransformedTargetRegressor({text}, func=np.log1p, inverse_func=np.expm1)", data,
                   "[{'func': ['np.log1p'], 'inverse_func': ['np.expm1']}, {'func': [None], 'inverse_func': [None]}]", "r2")
    for fold in range(4):
        reference = [GridSearchCV(TransformedTargetRegressor(pipeline, **o), {"check_inverse": [True]}, cv=4, scoring="r2").fit(X, y)
                     .cv_results_[f"split{fold}_test_score"][0] for o in (turned, {})]
        close([float(r[f"split{fold}_test_score"]) for r in found], reference, rtol=1e-7)


def test_refusals_of_transformed_targets():
    X, y = drawn(None, 4, 200)
    data = write("turned", X, y)
    model = ("--model", path("model.h5"))
    refused(("fit", "TransformedTargetRegressor(func=np.log, inverse_func=np.exp)", data, *model), 3, "NaN or infinity")
    refused(("fit", "TransformedTargetRegressor(func=np.log)", data, *model), 2, "inverse_func")
    refused(("fit", "TransformedTargetRegressor(func=np.median, inverse_func=np.exp)", data, *model), 2, "np.log1p")
    refused(("fit", "TransformedTargetRegressor(LogisticRegression())", data, *model), 2, "no regressor")
    refused(("fit", "TransformedTargetRegressor(RidgeCV(cv=3), func=np.arcsinh, inverse_func=np.sinh)", data, *model), 2, "search over")
    refused(("fit", "TransformedTargetRegressor(transformer=StandardScaler())", data, *model), 2, "func=np.log1p")
    _, report, _ = fit("TransformedTargetRegressor(func=np.arcsinh, inverse_func=np.cbrt)", data)
    assert "not strictly inverse" in json.dumps(report)


def test_dummy_encoder():
    """Beside pandas.get_dummies, which is what dask-ml's DummyEncoder calls."""
    try:
        import anndata
        import pandas as pd
    except ImportError:
        print("without pandas and anndata there is no table")
        return
    for case in range(6):
        rows = int(RNG.integers(30, 5000))
        frame = pd.DataFrame({"town": pd.Categorical(RNG.choice(["Bern", "Basel", "a b", None], rows)), "age": RNG.normal(size=rows),
                              "size": pd.Categorical(RNG.choice(["xs", "s", "l"], rows)), "n": RNG.integers(0, 5, rows)},
                             index=[str(i) for i in range(rows)])
        file = path("dummies.h5")
        with h5py.File(file, "w") as f:
            anndata.io.write_elem(f, "table", frame)
            f["y"] = RNG.integers(0, 2, rows)
        drop, chosen = bool(case % 2), [None, ["size"], ["size", "town"]][case % 3]
        expected = pd.get_dummies(frame, columns=chosen, drop_first=drop)
        if chosen == ["size"]:
            expected["town"] = frame.town.cat.codes.where(frame.town.notna())
        text = f"make_pipeline(Categorizer(), DummyEncoder(columns={chosen!r}, drop_first={drop}))"
        _, _, model = fit(text, file, "--x", "/table", ranks=int(RNG.choice([1, 2, 3])))
        run("transform", model, file, "--x", "/table", "--out", path("dummies_out.h5"), "--quiet")
        with h5py.File(path("dummies_out.h5")) as f:
            if chosen == ["size"]:  # a category passes, so that it is a table
                table = anndata.io.read_elem(f["table"])
                table["town"] = table.town.cat.codes.where(table.town.notna())
                names, found = list(table), table.astype(float).to_numpy()
            else:
                names, found = list(f["feature_names"].asstr()[()]), f["X"][()]
        assert sorted(names) == sorted(expected.columns) and (chosen is not None or names == list(expected.columns)), (names, expected.columns)
        close(found, expected[names].astype(float).to_numpy(), rtol=1e-15, what=text)
    refused(("fit", "DummyEncoder(columns=['age'])", file, "--x", "/table", "--model", path("m.h5")), 3, "categories")


def test_same_bytes_without_rows():
    """Fewer blocks than ranks, and a rank without any."""
    X, y = drawn(3, 6, 9000)
    data = write("bytes", X, y)
    real = write("bytes_real", X, X[:, 0] + RNG.normal(size=9000))
    for text, file in [("SelectKBest(k=2)", data), ("SelectKBest(f_regression, k=2)", real),
                       ("make_pipeline(SelectFromModel(LogisticRegression()), LogisticRegression())", data), ("DummyClassifier()", data),
                       ("DummyRegressor(strategy='median')", real),
                       ("TransformedTargetRegressor(Ridge(), func=np.arcsinh, inverse_func=np.sinh)", real)]:
        files = set()
        for ranks in (1, 2, 3, 5):
            model = path("bytes_model.h5")
            run("fit", text, file, "--model", model, ranks=ranks)
            files.add(open(model, "rb").read())
        assert len(files) == 1, text


if __name__ == "__main__":
    common.main(globals())
