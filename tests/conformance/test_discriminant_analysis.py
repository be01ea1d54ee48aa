#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""LinearDiscriminantAnalysis and QuadraticDiscriminantAnalysis against scikit-learn's, on drawn tables: columns that follow from others within
the classes, units far apart, means far from zero, classes of a few rows, weights that repeat rows.

--seed S: draws them again.
"""
import argparse
import csv
import datetime
import json
import warnings

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from common import close, fit, main, output, path, run, write

LDA, QDA = LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
LINEAR = [("LinearDiscriminantAnalysis()", LDA()), ("LinearDiscriminantAnalysis('lsqr', shrinkage=0.3)", LDA("lsqr", shrinkage=0.3)),
          ("LinearDiscriminantAnalysis('eigen', shrinkage=0.1)", LDA("eigen", shrinkage=0.1)),
          ("LinearDiscriminantAnalysis(n_components=1)", LDA(n_components=1))]
QUADRATIC = [("QuadraticDiscriminantAnalysis(tol=1e-7)", QDA(tol=1e-7)), ("QuadraticDiscriminantAnalysis(reg_param=0.1)", QDA(reg_param=0.1)),
             ("QuadraticDiscriminantAnalysis(solver='eigen', shrinkage=0.2)", QDA(solver="eigen", shrinkage=0.2))]


def draw(rng, classes=None, dependent=False):
    rows, columns = int(rng.integers(80, 2000)), int(rng.integers(2, 10))
    classes = classes or int(rng.integers(2, 6))
    y = rng.integers(0, classes, rows)
    mixed = np.linalg.qr(rng.normal(size=(columns, columns)))[0] * rng.uniform(0.5, 2.0, columns)
    X = rng.normal(size=(rows, columns)) @ mixed + 2.0 * rng.normal(size=(classes, columns))[y]
    if dependent:
        X = np.c_[X, X[:, 0] - X[:, 1], X[:, :1] + 1e-3 * rng.normal(size=(rows, 1))]
    return X, y


def compare(expression, theirs, X, y, weight=None, rtol=1e-6):
    data = write("classes", X, y, weight)
    ours, report, model = fit(expression, data)
    repeated = np.repeat(np.arange(len(y)), np.ones(len(y), int) if weight is None else weight.astype(int))
    theirs.fit(X[repeated], y[repeated])
    names = ["means_", "priors_"]
    if isinstance(theirs, LDA):
        names += ["coef_", "intercept_"] + ["xbar_"] * (theirs.solver == "svd") + ["covariance_"] * (theirs.solver != "svd")
    for name in names:
        expected = getattr(theirs, name)
        close(ours[name], expected, rtol, rtol * np.abs(expected).max(), f"{expression}: {name}")
    if isinstance(theirs, QDA):
        for k, scaling in enumerate(theirs.scalings_):
            close(ours[f"scalings_/{k}"], scaling, rtol, 0, f"{expression}: scalings_ of {k}")
            R = ours[f"rotations_/{k}"]
            close(R * ours[f"scalings_/{k}"] @ R.T, theirs.rotations_[k] * scaling @ theirs.rotations_[k].T, rtol, rtol * scaling.max())
    close(output("predict", model, data, "--method", "predict_proba", ranks=1, dataset="predict_proba"), theirs.predict_proba(X), rtol, rtol)
    decision = theirs.decision_function(X)
    found = output("predict", model, data, "--method", "decision_function", ranks=1, dataset="decision_function")
    close(found.reshape(decision.shape), decision, rtol, rtol * np.abs(decision).max(), "decision_function")
    assert np.mean(output("predict", model, data, ranks=1) == theirs.predict(X)) > 0.998
    if isinstance(theirs, LDA) and theirs.solver != "lsqr":
        close(ours["explained_variance_ratio_"], theirs.explained_variance_ratio_, rtol, 1e-9)
        expected = theirs.transform(X)
        found = output("transform", model, data, ranks=1)
        found = found * np.sign((found * expected).sum(axis=0))
        close(found, expected, rtol, 10 * rtol * np.abs(expected).max(), "transform")
    return report


def test_drawn_tables():
    for _ in range(5):
        X, y = draw(RNG)
        for expression, theirs in [*LINEAR, *QUADRATIC]:
            compare(expression, theirs, X, y)
    X, y = draw(RNG, classes=2)
    for expression, theirs in [*LINEAR, *QUADRATIC]:
        compare(expression, theirs, X, y)


def test_columns_that_follow_from_others():
    for _ in range(3):
        X, y = draw(RNG, dependent=True)
        compare(*LINEAR[0], X, y)  # what is left out, scikit-learn leaves out
        for expression, theirs in (LINEAR[1], LINEAR[2], QUADRATIC[1], QUADRATIC[2]):
            compare(expression, theirs, X, y)


def test_little_variance_is_looked_at_again():
    """A direction whose deviation is 2e-4 of the columns': above tol, below what the moments tell exactly."""
    X, y = draw(RNG)
    X = np.c_[X, X[:, :1] + 2e-4 * np.std(X[:, 0]) * RNG.normal(size=(len(y), 1))]
    assert compare(*LINEAR[0], X, y)["passes"] == 2
    X = np.c_[X[:, :-1], X[:, :1] + 1e-5 * np.std(X[:, 0]) * RNG.normal(size=(len(y), 1))]
    compare(*LINEAR[0], X, y)
    # Variances of a class so far apart that its moments do not tell the smallest.
    X = RNG.normal(size=(600, 3)) * [1e6, 1.0, 1e-1] @ np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    y = RNG.integers(0, 2, 600)
    report = compare("QuadraticDiscriminantAnalysis()", QDA(), X, y, rtol=1e-5)
    assert report["passes"] > 1, report["passes"]


def test_units_and_means():
    X, y = draw(RNG)
    scale = 10.0 ** RNG.integers(-2, 4, X.shape[1])
    for expression, theirs in (LINEAR[0], LINEAR[1], QUADRATIC[2]):
        compare(expression, theirs, X * scale, y)
        compare(expression, theirs, X * scale + 1e5 * scale, y, rtol=2e-5)


def test_weights_repeat_rows_and_labels_are_text():
    X, y = draw(RNG)
    weight = RNG.integers(0, 4, len(y)).astype(float)
    for expression, theirs in (LINEAR[0], LINEAR[2], QUADRATIC[1]):
        compare(expression, theirs, X, y, weight)
        compare(expression, theirs, X, np.array(["cat", "dog", "eel", "fox", "gnu"])[y])


def test_priors():
    X, y = draw(RNG, classes=3)
    compare("LinearDiscriminantAnalysis(priors=[0.2, 0.5, 0.3])", LDA(priors=[0.2, 0.5, 0.3]), X, y)
    compare("QuadraticDiscriminantAnalysis(priors=(0.2, 0.5, 0.3))", QDA(priors=(0.2, 0.5, 0.3)), X, y)
    # What is between the classes is indefinite where priors are not as frequencies are.
    compare("LinearDiscriminantAnalysis('eigen', priors=[0.9, 0.05, 0.05])", LDA("eigen", priors=[0.9, 0.05, 0.05]), X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = compare("LinearDiscriminantAnalysis(priors=[2, 5, 3])", LDA(priors=[2, 5, 3]), X, y)
    assert any("do not sum to 1" in w for w in report["warnings"]), report


def test_classes_that_cannot_be():
    X, y = draw(RNG, classes=3)
    data = write("impossible", X, np.minimum(y, 1))
    for priors, only in (([0, 1], 1), ([1, 0], 0)):
        _, _, model = fit(f"LinearDiscriminantAnalysis(priors={priors})", data)
        assert np.all(output("predict", model, data, ranks=1) == only), priors
    weight = np.where(y == 2, 0.0, 1.0)
    data = write("absent", X, y, weight)
    for solver in ("svd", "eigen"):
        ours, report, model = fit(f"LinearDiscriminantAnalysis('{solver}')", data)
        assert any("class 2" in w and "never" in w for w in report["warnings"]), report["warnings"]
        found = output("transform", model, data, ranks=1)
        assert found.shape == (len(y), 1) == (len(y), len(ours["explained_variance_ratio_"]))
        assert not np.any(output("predict", model, data, ranks=1) == 2)
        done = run("fit", f"LinearDiscriminantAnalysis('{solver}', priors=[0, 0, 1])", data, "--model", path("m.h5"), check=False)
        assert done.returncode == 2 and "no class that has rows" in done.stderr, done.stderr


def test_classes_far_apart_and_columns_nearly_dependent():
    """Digits that the common centre costs are looked for in the rows of the class, whatever the solver."""
    X, y = draw(RNG, classes=3)
    X = np.c_[X, X[:, :1] + 3e-3 * RNG.normal(size=(len(y), 1))]
    for apart in (10.0, 25.0, 60.0):
        for expression, theirs in (("LinearDiscriminantAnalysis('lsqr')", LDA("lsqr")), ("LinearDiscriminantAnalysis('eigen')", LDA("eigen"))):
            compare(expression, theirs, X + apart * np.eye(X.shape[1])[:3][y], y, rtol=1e-5)


def test_a_candidate_without_a_solution_leaves_the_others():
    X, y = draw(RNG, classes=3)
    X[:, 0] = y  # constant within the classes
    data, results = write("constant", X, y), path("results.csv")
    done = run("search", "LinearDiscriminantAnalysis()", data, "--grid", "{'solver': ['svd', 'lsqr', 'eigen']}", "--cv", "3", "--error-score", "nan",
               "--results", results)
    with open(results, newline="") as f:
        scores = [float(row["mean_test_score"] or "nan") for row in csv.DictReader(f)]
    assert np.isfinite(scores[:2]).all() and np.isnan(scores[2]) and "column 0" in done.stderr, (scores, done.stderr)


def test_searches_share_one_pass():
    """Folds, parameters and both estimators: as many passes as the longest member, and the scores of scikit-learn's folds."""
    X, y = draw(RNG, classes=3)
    data, results = write("classes", X, y), path("results.csv")
    for scaler, theirs in (("", []), ("StandardScaler(), ", [StandardScaler()]), ("MinMaxScaler(), ", [MinMaxScaler()])):
        grid = ("{'c': [" + ", ".join(e for e, _ in [*LINEAR, *QUADRATIC]) + "]}")
        steps = "[" + (f"('s', {scaler[:-2]}), " if scaler else "") + "('c', LinearDiscriminantAnalysis())]"
        done = run("search", f"Pipeline({steps})", data, "--grid", grid, "--cv", "StratifiedKFold(4)", "--results", results, "--json")
        with open(results, newline="") as f:
            rows = list(csv.DictReader(f))
        for (expression, last), row in zip([*LINEAR, *QUADRATIC], rows):
            expected = cross_val_score(make_pipeline(*theirs, last), X, y, cv=StratifiedKFold(4))
            found = [float(row[f"split{k}_test_score"]) for k in range(4)]
            close(found, expected, 0, 2.1 / (len(y) / 4), f"{scaler}{expression}")  # of one row the two classes may be as likely
        passes = json.loads(done.stdout)["passes"]
        assert passes <= (3 if scaler == "MinMaxScaler(), " else 2), (scaler, passes)


def test_a_class_that_a_fold_does_not_train_on():
    """Its probability is zero, as if scikit-learn's column for it were there."""
    X, y = draw(RNG, classes=4)
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    data, out = write("classes", X, y), path("folds.h5")
    for expression, theirs in (LINEAR[0], LINEAR[1], QUADRATIC[1]):
        run("cross-validate", expression, data, "--cv", "KFold(8)", "--out", out, "--quiet")
        import h5py
        with h5py.File(out) as f:
            found = f["predict"][()]
        expected = np.empty(len(y))
        for train, test in KFold(8).split(X):
            expected[test] = theirs.fit(X[train], y[train]).predict(X[test])
        assert np.mean(found == expected) > 0.998, expression


def test_what_is_refused():
    X, y = draw(RNG, classes=3)
    data = write("classes", X, y)

    def refused(expression, code, *words, data=data):
        done = run("fit", expression, data, "--model", path("refused.h5"), check=False)
        assert done.returncode == code and all(w in done.stderr for w in words), f"{expression}: {done.returncode} {done.stderr}"

    refused("LinearDiscriminantAnalysis(shrinkage=0.1)", 2, "solver='lsqr'")
    refused("LinearDiscriminantAnalysis('lsqr', shrinkage='auto')", 2, "shrinkage must be", "[0, 1]")
    refused("LinearDiscriminantAnalysis(n_components=3)", 3, "n_components=3", "2 here")
    refused("LinearDiscriminantAnalysis(priors=[0.5, 0.5])", 2, "priors=[0.5, 0.5]", "3 classes")
    refused("LinearDiscriminantAnalysis(priors=[0.5, -0.5, 1.0])", 2, "not negative")
    refused("QuadraticDiscriminantAnalysis(shrinkage=0.1)", 2, "reg_param")
    refused("QuadraticDiscriminantAnalysis(store_covariance=True)", 2, "store_covariance")
    refused("LinearDiscriminantAnalysis(solver='qr')", 2, "solver")
    refused("LinearDiscriminantAnalysis()", 3, "only one of its classes", data=write("one", X, np.zeros(len(y), int)))
    dependent = write("dependent", np.c_[X, X[:, 0] + X[:, 1]], y)
    refused("QuadraticDiscriminantAnalysis()", 3, "not full rank", "reg_param", data=dependent)
    refused("LinearDiscriminantAnalysis('lsqr')", 3, "follow from others", "solver='svd'", data=dependent)
    refused("LinearDiscriminantAnalysis()", 3, "more than the number of classes", data=write("few", X[:3], [0, 1, 2]))
    done = run("transform", fit("LinearDiscriminantAnalysis('lsqr')", data)[2], data, "--out", path("t.h5"), check=False)
    assert done.returncode != 0 and "transform" in done.stderr, done.stderr


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(datetime.date.today().strftime("%Y%m%d")))
    seed = parser.parse_args().seed
    print(f"seed {seed}")
    RNG = np.random.default_rng(seed)
    main(globals())
