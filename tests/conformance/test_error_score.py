# SPDX-License-Identifier: BSD-3-Clause
"""Folds on which metrics are not defined (one row, one class, no row of the positive class, a class that lacks): every scorer's place in the
table of a search is that of GridSearchCV with the same error_score, in its place where the scorer fails and not where it only warns."""
import csv
import datetime
import json
import warnings

import h5py
import numpy as np
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit, cross_validate
from sklearn.naive_bayes import GaussianNB

import common

SEED = int(datetime.date.today().strftime("%Y%m%d"))
RNG = np.random.default_rng(SEED)
print(f"seed {SEED}")
# Which classes there are is known from training, so these have values on rows that lack a class (docs/differences.md).
KNOWS_CLASSES = {
    "neg_log_loss": lambda y, p, k: -sk.log_loss(y, p, labels=k),
    "neg_brier_score": lambda y, p, k: -sk.brier_score_loss(y, p, labels=k),
    "d2_log_loss_score": lambda y, p, k: sk.d2_log_loss_score(y, p, labels=k),
    "d2_brier_score": lambda y, p, k: sk.d2_brier_score(y, p, labels=k),
    "top_k_accuracy": lambda y, p, k: sk.top_k_accuracy_score(y, p, labels=k) if len(k) > 2 else 1.0,
}
OF_REGRESSION = [n for n in sk.get_scorer_names() if n in ("r2", "explained_variance", "d2_absolute_error_score") or
                 (n.startswith("neg_") and ("error" in n or "deviance" in n))]
OF_CLASSES = [n for n in sk.get_scorer_names() if n not in OF_REGRESSION + ["max_error"] and not n.endswith("_samples")]


def write(X, y, fold):
    data = common.path("folds.h5")
    with h5py.File(data, "w") as f:
        f["X"], f["y"], f["fold"] = X, y, fold
    return data


def theirs(estimator, grid, X, y, fold, names, error_score, train):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GridSearchCV(estimator, grid, cv=PredefinedSplit(fold), scoring=names, refit=False, error_score=error_score,
                            return_train_score=train).fit(X, y).cv_results_


def ours(estimator, grid, data, names, error_score, ranks, train):
    results = common.path("results.csv")
    done = common.run("search", estimator, data, "--grid", grid, "--cv", "PredefinedSplit()", "--groups", "/fold", "--scoring", ",".join(names),
                      "--error-score", error_score, "--results", results, "--overwrite", "--json", *(["--train-scores"] if train else []),
                      ranks=ranks)
    with open(results, newline="") as f:
        return list(csv.DictReader(f)), done.stderr


def compare(expression, estimator, grid, X, y, fold, names):
    """Returns how many scores failed and how many were only warned of."""
    data = write(X, y, fold)
    classes = np.unique(y) if not isinstance(estimator, Ridge) else ()
    failed = warned = 0
    tests = [(fold == k) for k in range(fold.max() + 1)]
    for error_score in (-7, float("nan")):
        expected = theirs(estimator, grid, X, y, fold, names, error_score, train=True)
        tables = [ours(expression, repr(grid), data, names, error_score, ranks, train=True) for ranks in (1, 3)]
        assert len(tables[0][0]) == len(tables[1][0]) == len(list(grid.values())[0])
        for i, (row, other) in enumerate(zip(tables[0][0], tables[1][0])):
            for key in row:
                assert "time" in key or row[key] == other[key], key
            for name in names:
                for k, test in enumerate(tests):
                    value = float(row[f"split{k}_test_{name}"] or "nan")
                    their = expected[f"split{k}_test_{name}"][i]
                    what = f"{name} of {expression}, fold {k} with targets {sorted(set(y[test]))}, error_score {error_score}"
                    if their == -7 or (not np.isfinite(their) and error_score != -7):
                        if name in KNOWS_CLASSES and set(y[test]) < set(classes) and value != -7 and np.isfinite(value):
                            model = estimator.set_params(**{next(iter(grid)): list(grid.values())[0][i]}).fit(X[~test], y[~test])
                            their = KNOWS_CLASSES[name](y[test], model.predict_proba(X[test]), classes)
                    failed += their == -7
                    warned += not np.isfinite(their)
                    np.testing.assert_allclose(value, their, rtol=1e-6, atol=1e-7, err_msg=what)
                    common.close(float(row[f"split{k}_train_{name}"] or "nan"), expected[f"split{k}_train_{name}"][i], rtol=1e-6, atol=1e-7, what=what)
            for name in set(names) - set(KNOWS_CLASSES):
                assert int(row[f"rank_test_{name}"]) == expected[f"rank_test_{name}"][i], (name, i, row[f"rank_test_{name}"])
    return failed, warned, tables[0][1]


def drawn_folds(y, wanted):
    """Each fold of `wanted` draws so many rows of each target value; all other rows are trained on, and one mixed fold is there."""
    fold = np.full(len(y), -1)
    for k, counts in enumerate(wanted):
        for value, count in counts.items():
            free = np.flatnonzero((y == value) & (fold == -1))
            fold[RNG.choice(free, count, replace=False)] = k
    return fold


def classes(k):
    n = int(RNG.integers(150, 400))
    y = RNG.integers(0, k, n)
    y[:40 * k] = np.repeat(np.arange(k), 40)
    X = RNG.normal(size=(n, 3)) + 0.8 * np.eye(3)[y]
    return np.round(X, 3), y


def test_two_classes():
    some = lambda: int(RNG.integers(2, 9))  # noqa: E731
    X, y = classes(2)
    fold = drawn_folds(y, [{0: some(), 1: some()}, {0: some()}, {1: some()}, {0: 1}, {1: 1}, {0: 2, 1: 1}])
    for expression, estimator, grid in (("GaussianNB()", GaussianNB(), {"var_smoothing": [1e-9, 0.5]}),
                                        ("LogisticRegression(tol=1e-9)", LogisticRegression(tol=1e-10, max_iter=3000), {"C": [0.01, 1.0]})):
        failed, warned, said = compare(expression, estimator, grid, X, y, fold, OF_CLASSES)
        assert failed > 2 and warned > 20, (failed, warned)
        assert "have no score that is defined: " in said and "have no score, it is set to nan: " in said, said


def test_three_classes():
    X, y = classes(3)
    names = [n for n in OF_CLASSES if n not in ("f1", "precision", "recall", "jaccard", "roc_auc", "positive_likelihood_ratio",
                                                "neg_negative_likelihood_ratio")]  # of two classes
    fold = drawn_folds(y, [{0: 4, 1: 3, 2: 2}, {0: 5, 1: 2}, {2: 4}, {1: 1}, {0: 1, 2: 1}])
    failed, warned, _ = compare("GaussianNB()", GaussianNB(), {"var_smoothing": [1e-9, 0.5]}, X, y, fold, names)
    assert failed > 10 and warned > 3, (failed, warned)


def test_numbers():
    n = int(RNG.integers(60, 150))
    X = RNG.normal(size=(n, 3))
    y = 3.0 + X @ [0.5, 0.2, 0.1] + 0.3 * RNG.normal(size=n)
    fold = np.full(n, -1)
    for k, rows in enumerate((6, 1, 1, 5, 5, 4)):
        fold[np.flatnonzero(fold == -1)[:rows]] = k
    y[fold == 2] = -0.5  # a logarithm has this, a deviance has not
    y[fold == 3] = 2.0
    y[np.flatnonzero(fold == 4)[0]] = 0.0
    y[np.flatnonzero(fold == 5)[0]] = -4.0
    failed, warned, _ = compare("Ridge()", Ridge(), {"alpha": [0.1, 10.0]}, X, y, fold, OF_REGRESSION)
    assert failed > 6 and warned > 6, (failed, warned)


def test_raise():
    """Ends where a scorer fails, not where it warns, with any number of teams; cross-validate knows the option, too."""
    X, y = classes(2)
    fold = drawn_folds(y, [{0: 4, 1: 4}, {0: 3}])
    data = write(X, y, fold)
    evaluation = ["--cv", "PredefinedSplit()", "--groups", "/fold", "--quiet", "--json"]
    for names, code in (("roc_auc", 0), ("accuracy,d2_log_loss_score", 3)):
        for ranks, more in ((1, []), (3, []), (3, ["--teams", 3])):
            done = common.run("search", "GaussianNB()", data, "--grid", "{'var_smoothing': [1e-9, 0.1, 0.2]}", "--scoring", names,
                              "--error-score", "raise", *evaluation, *more, ranks=ranks, check=False)
            assert done.returncode == code, (names, done.stderr)
            assert code == 0 or "d2_log_loss_score" in done.stderr, done.stderr
        try:
            cross_validate(GaussianNB(), X, y, cv=PredefinedSplit(fold), scoring=names.split(","), error_score="raise")
            assert code == 0
        except ValueError:
            assert code == 3
        done = common.run("cross-validate", "GaussianNB()", data, "--scoring", names, "--error-score", "raise", *evaluation, check=False)
        assert done.returncode == code, (names, done.stderr)
    done = common.run("cross-validate", "GaussianNB()", data, "--scoring", "roc_auc,d2_log_loss_score", "--error-score", "-0.5", *evaluation)
    found = json.loads(done.stdout)
    assert found["test_roc_auc"][1] is None and found["test_d2_log_loss_score"][1] == -0.5, found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    common.main(dict(globals()))
