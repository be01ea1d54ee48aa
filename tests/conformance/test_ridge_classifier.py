#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""RidgeClassifier against scikit-learn's, on drawn tables: two classes and more, weights, class_weight, columns that follow from others, units far
apart, folds.

--seed S: draws them again.
"""
import argparse
import csv
import datetime
import json
import warnings

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import close, fit, main, output, path, run, write


def draw(rng, classes=None):
    rows, columns = int(rng.integers(60, 2000)), int(rng.integers(2, 10))
    classes = classes or int(rng.integers(2, 6))
    y = rng.integers(0, classes, rows)
    X = rng.normal(size=(rows, columns)) @ rng.normal(size=(columns, columns)) + 2.0 * rng.normal(size=(classes, columns))[y]
    return X, y


def compare(expression, theirs, X, y, weight=None, rtol=1e-6):
    data = write("ridge", X, y, weight)
    ours, report, model = fit(expression, data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X, y, sample_weight=weight)
    decision = theirs.decision_function(X)
    found = output("predict", model, data, "--method", "decision_function", ranks=1, dataset="decision_function").reshape(decision.shape)
    close(found, decision, rtol, rtol * np.abs(decision).max(), expression)
    size = np.abs(np.atleast_2d(theirs.coef_) * X.std(axis=0)).max()
    close(np.atleast_2d(ours["coef_"]) * X.std(axis=0), np.atleast_2d(theirs.coef_) * X.std(axis=0), 0, 10 * rtol * size, "coef_")
    assert np.mean(output("predict", model, data, ranks=1) == theirs.predict(X)) > 0.998
    return report


def listed(classes, **weights):
    return {k: weights.get(f"w{k}", 1.0) for k in range(classes)}


def test_drawn_tables():
    for classes in (2, 3, None, None):
        X, y = draw(RNG, classes)
        k = int(y.max()) + 1
        weight = RNG.uniform(0.5, 2.0, len(y)) if RNG.random() < 0.5 else None
        for expression, theirs in (("RidgeClassifier()", RidgeClassifier()), ("RidgeClassifier(alpha=100.0)", RidgeClassifier(100.0)),
                                   ("RidgeClassifier(fit_intercept=False)", RidgeClassifier(fit_intercept=False)),
                                   ("RidgeClassifier(class_weight='balanced')", RidgeClassifier(class_weight="balanced")),
                                   ("RidgeClassifier(class_weight={1: 3.0}, alpha=0.1, fit_intercept=False)",
                                    RidgeClassifier(0.1, class_weight=listed(k, w1=3.0), fit_intercept=False))):
            compare(expression, theirs, X, y, weight)


def test_columns_that_follow_from_others():
    """The moments do not tell: the rows are looked at again, for all classes at once."""
    for classes in (2, 4):
        X, y = draw(RNG, classes)
        X = np.c_[X, X[:, 0] + X[:, 1], X[:, :1] + 1e-6 * RNG.normal(size=(len(y), 1))]
        for extra in ("", ", fit_intercept=False", ", class_weight='balanced'"):
            report = compare(f"RidgeClassifier(alpha=1e-7{extra})", eval(f"RidgeClassifier(alpha=1e-7, solver='svd'{extra})"), X, y, rtol=1e-5)
            assert any("refined" in w for w in report["warnings"]), report["warnings"]


def test_positive_is_no_worse():
    X, y = draw(RNG, 3)
    ours, _, _ = fit("RidgeClassifier(positive=True)", write("ridge", X, y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = RidgeClassifier(positive=True).fit(X, y)
    assert np.all(ours["coef_"] >= 0)
    for k in range(3):
        Y = np.where(y == k, 1.0, -1.0)
        objective = lambda c, b: ((Y - X @ c - b) ** 2).sum() + (c**2).sum()  # noqa: B023, E731
        mine, other = objective(ours["coef_"][k], ours["intercept_"][k]), objective(theirs.coef_[k], theirs.intercept_[k])
        assert mine <= other * (1 + 1e-9), (k, mine, other)


def test_searches():
    """Scores of the folds; without class_weight one pass, with it what its rows and weights take."""
    X, y = draw(RNG, 3)
    X = X * 10.0 ** RNG.integers(-2, 3, X.shape[1])
    data, results = write("ridge", X, y), path("results.csv")
    grid = {"ridgeclassifier__alpha": [0.1, 10.0], "ridgeclassifier__class_weight": [None, "balanced"]}
    done = run("search", "make_pipeline(StandardScaler(), RidgeClassifier())", data, "--grid", repr(grid), "--cv", "StratifiedKFold(4)", "--results",
               results, "--json")
    theirs = GridSearchCV(make_pipeline(StandardScaler(), RidgeClassifier()), grid, cv=StratifiedKFold(4)).fit(X, y).cv_results_
    with open(results, newline="") as f:
        for i, row in enumerate(csv.DictReader(f)):
            found = [float(row[f"split{k}_test_score"]) for k in range(4)]
            close(found, [theirs[f"split{k}_test_score"][i] for k in range(4)], 0, 1.1 / (len(y) / 4))
    assert json.loads(done.stdout)["passes"] <= 8
    plain = run("search", "RidgeClassifier()", data, "--grid", "{'alpha': [0.1, 1.0, 10.0]}", "--cv", "5", "--json", "--results", results)
    assert json.loads(plain.stdout)["passes"] == 2  # one to train, one to score


def test_what_is_refused():
    X, y = draw(RNG, 3)
    data = write("ridge", X, y)
    for expression, code, words in (("RidgeClassifier(class_weight={7: 2.0})", 3, ["class_weight names 7", "(0, 1, 2)"]),
                                    ("RidgeClassifier(class_weight='even')", 2, ["class_weight", "balanced"]),
                                    ("RidgeClassifier(solver='lbfgs')", 2, ["positive=True"]),
                                    ("RidgeClassifier(alpha=-1.0)", 2, ["alpha"])):
        done = run("fit", expression, data, "--model", path("refused.h5"), check=False)
        assert done.returncode == code and all(w in done.stderr for w in words), f"{expression}: {done.returncode} {done.stderr}"
    done = run("predict", fit("RidgeClassifier()", data)[2], data, "--method", "predict_proba", "--out", path("p.h5"), check=False)
    assert done.returncode != 0 and "predict_proba" in done.stderr


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(datetime.date.today().strftime("%Y%m%d")))
    seed = parser.parse_args().seed
    print(f"seed {seed}")
    RNG = np.random.default_rng(seed)
    main(globals())
