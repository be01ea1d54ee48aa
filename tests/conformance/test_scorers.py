# SPDX-License-Identifier: BSD-3-Clause
"""Every name of scikit-learn's get_scorer_names(): the value of its own scorer, applied to what predict writes, or a message that says
why there is none; on drawn data with ties, absent classes, one class, text, weights; the same bits on any number of ranks."""
import csv
import datetime
import json
import warnings

import h5py
import numpy as np
from sklearn import metrics as sk
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, LeaveOneOut, cross_validate
from sklearn.naive_bayes import GaussianNB

import common

warnings.simplefilter("ignore")
SEED = int(datetime.date.today().strftime("%Y%m%d"))
RNG = np.random.default_rng(SEED)
print(f"seed {SEED}, scikit-learn's names: {len(sk.get_scorer_names())}")
NAMES = [n for n in sk.get_scorer_names() if n != "max_error"]  # before 1.8 the name of the negative; here the error itself
UNWEIGHTED = [n for n in NAMES if n.endswith(("rand_score", "info_score", "homogeneity_score", "completeness_score", "v_measure_score",
                                              "mallows_score"))]
REGRESSION = ["r2", "explained_variance", "d2_absolute_error_score"] + [
    n for n in NAMES if "max_error" in n or (n.startswith("neg_") and ("error" in n or "deviance" in n))]
REFUSED = [n for n in NAMES if n.endswith("_samples")]


class Answers:
    """An estimator that gives what our model gave."""

    def __init__(self, classes, answer, proba=None, decision=None):
        self.classes_, self.answer = classes, answer
        for name, values in (("predict_proba", proba), ("decision_function", decision)):
            if values is not None:
                method = lambda X, values=values: values  # noqa: E731
                method.__name__ = name
                setattr(self, name, method)

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.answer


class Classifier(Answers, ClassifierMixin, BaseEstimator):
    pass


class Regressor(Answers, RegressorMixin, BaseEstimator):
    pass


def expected(name, estimator, X, y, w):
    if name in UNWEIGHTED:
        rows = slice(None) if w is None else w > 0
        return sk.get_scorer(name)._score_func(y[rows], estimator.answer[rows])
    if "max_error" in name or w is None:
        rows = slice(None) if w is None else w > 0
        estimator.answer = estimator.answer if w is None else estimator.answer[rows]
        return sk.get_scorer(name)(estimator, X[rows], y[rows])
    return sk.get_scorer(name)(estimator, X, y, sample_weight=w)


def score(model, data, names, *options, ranks=1, check=True):
    return common.run("score", model, data, "--scoring", ",".join(names), "--json", "--quiet", *options, ranks=ranks, check=check)


def on_all_ranks(model, data, names, *options):
    results = []
    for ranks, more in ((1, []), (2, ["--threads", 2]), (3, []), (5, ["--memory", "60M"])):
        result = json.loads(score(model, data, names, *options, *more, ranks=ranks).stdout)
        results.append({n: result[n] for n in names})
    for other in results[1:]:
        assert other == results[0], f"{other} != {results[0]}"
    return results[0]


def compare(model, data, names, make, X, y, w, *options):
    """All names that scikit-learn has a value for; returns them."""
    values, undefined, untold = {}, [], []
    for name in names:
        try:
            values[name] = expected(name, make(), X, y, w)
        except TypeError:  # older ones know no weights for some
            untold.append(name)
            continue
        except ValueError:
            undefined.append(name)
            continue
        if np.isnan(values[name]):
            del values[name]
            undefined.append(name)
    found = on_all_ranks(model, data, list(values), *options)
    for name, value in values.items():
        common.close(found[name], value, rtol=1e-9, atol=1e-11, what=name)
    for name in undefined:
        done = score(model, data, [name], check=False)
        if done.returncode == 0:  # defined here, though not there
            assert name in ("top_k_accuracy", "average_precision", "neg_brier_score", "neg_log_loss", "d2_log_loss_score",
                            "d2_brier_score", "roc_auc_ovo", "roc_auc_ovo_weighted"), name
        else:
            assert done.returncode in (2, 3) and "superstep: error: " in done.stderr, (name, done.stderr)
    return values, untold


def outputs(model, data, has_decision):
    proba = common.output("predict", model, data, "--method", "predict_proba", dataset="predict_proba")
    decision = None
    if has_decision:
        decision = common.output("predict", model, data, "--method", "decision_function", dataset="decision_function")
    return common.output("predict", model, data), proba, decision


def drawn_weights(n):
    w = RNG.gamma(0.7, size=n)
    w[RNG.random(n) < 0.1] = 0.0
    return w


def classification(k, text, w, estimator):
    n = int(RNG.integers(1500, 9000))
    X = RNG.integers(0, 3, size=(n, 3)).astype(float)  # 27 different rows: scores tie
    codes = np.clip(np.rint((X.sum(axis=1) + 2 * RNG.normal(size=n)) * k / 7), 0, k - 1).astype(int)
    codes[:k] = np.arange(k)
    labels = np.array([f"c {i}" for i in range(k)]) if text else np.arange(k) * 3 - 2
    return X, codes, labels, common.write("drawn", X, labels[codes], w[:n] if w is not None else None), estimator


def check_classifier(k, text, weighted, estimator):
    X, codes, labels, data, estimator = classification(k, text, drawn_weights(9000) if weighted else None, estimator)
    w = h5py.File(data)["weight"][()] if weighted else None
    _, _, model = common.fit(estimator, data)
    answer, proba, decision = outputs(model, data, estimator.startswith("Log"))
    answer = np.searchsorted(labels, answer)
    names = [n for n in NAMES if n not in REGRESSION + REFUSED]
    values, untold = compare(model, data, names, lambda: Classifier(np.arange(k), answer, proba, decision), X, codes, w)
    binary_only = {"f1", "precision", "recall", "jaccard", "average_precision", "roc_auc", "positive_likelihood_ratio",
                   "neg_negative_likelihood_ratio", "neg_brier_score"}
    unweighted_only = {"roc_auc_ovo", "roc_auc_ovo_weighted"}  # scikit-learn takes no weights there
    if not hasattr(sk, "root_mean_squared_error") and k > 2:
        untold.append("top_k_accuracy")  # scikit-learn's scorer of that name was for two classes before 1.4
    missing = set(names) - set(values) - set(untold) - (binary_only if k > 2 else set()) - (unweighted_only if w is not None else set())
    assert not missing, missing
    if k == 2:  # the other class as the positive one
        about_one = [n for n in ("f1", "precision", "recall", "jaccard", "average_precision", "positive_likelihood_ratio",
                                 "neg_negative_likelihood_ratio", "roc_auc", "accuracy") if n in names]
        swapped = Classifier(np.arange(2), 1 - answer, proba[:, ::-1], None if decision is None else -decision)
        compare(model, data, about_one, lambda: swapped, X, 1 - codes, w, "--pos-label", str(labels[0]))
        done = common.run("score", model, data, "--scoring", "f1", "--pos-label", str(labels[0]))
        names = [repr(label) for label in labels.tolist()]
        assert f"positive class of f1: {names[0]} (the other is {names[1]})" in done.stderr, done.stderr
        assert f"positive class of f1: {names[1]}" in common.run("score", model, data, "--scoring", "f1").stderr
        assert json.loads(score(model, data, ["f1"]).stdout)["pos_label"] == str(labels[1])


def test_binary():
    check_classifier(2, False, False, "LogisticRegression()")
    check_classifier(2, True, True, "GaussianNB()")


def test_which_class_is_positive():
    """Labels of all kinds: where scikit-learn's scorer gives a number, ours is that one."""
    names = ["f1", "precision", "recall", "jaccard", "average_precision", "roc_auc", "neg_brier_score", "d2_brier_score",
             "positive_likelihood_ratio", "neg_negative_likelihood_ratio", "neg_log_loss"]
    names = [n for n in names if n in sk.get_scorer_names()]
    told = 0
    for labels in ((0, 1), (-1, 1), (1, 2), (1, int(RNG.integers(2, 99))), (0, 2), (False, True), ("a", "b"), (1.0, 7.0)):
        n = int(RNG.integers(60, 300))
        codes = RNG.integers(0, 2, n)
        codes[:2] = 0, 1
        X = RNG.normal(size=(n, 3)) + 0.7 * codes[:, None]
        y = np.array(labels)[codes]
        data = common.path("labels.h5")
        with h5py.File(data, "w") as f:
            f["X"] = X
            f["y"] = y if not isinstance(labels[0], str) else [str(label) for label in y]
        for estimator, theirs in (("GaussianNB()", GaussianNB()), ("LogisticRegression(tol=1e-10)", LogisticRegression(tol=1e-10, max_iter=5000))):
            _, _, model = common.fit(estimator, data, ranks=1)
            theirs.fit(X, y)
            values = {}
            for name in names:
                try:
                    values[name] = sk.get_scorer(name)(theirs, X, y)
                except ValueError:
                    continue
            values = {name: value for name, value in values.items() if not np.isnan(value)}
            told += len(values)
            done = json.loads(score(model, data, ["f1", *values], ranks=2).stdout)
            for name, value in values.items():
                common.close(done[name], value, rtol=1e-5, what=f"{name} of {estimator} with classes {labels}")
            positive = done["pos_label"]  # that of f1
            expected_label = labels[0] if labels[0] == 1 else labels[1]
            assert positive in (str(expected_label), f"{int(expected_label)}" if labels[0] in (0, 1) else ""), (labels, positive)
            chosen = json.loads(score(model, data, ["f1", "average_precision"], "--pos-label", positive).stdout)
            usual = json.loads(score(model, data, ["f1", "average_precision"]).stdout)
            for name in ("f1", "average_precision", "pos_label"):
                assert chosen[name] == usual[name], (name, labels, chosen, usual)
    assert told > 100, told


def test_folds_of_one_class():
    """The later folds test on one class: the table of a search has scikit-learn's values, or NaN where there is none."""
    n = 12 * int(RNG.integers(5, 12))
    X = RNG.normal(size=(n, 3))
    y = np.where(np.arange(n) < n * 2 // 3, X[:, 0] + RNG.normal(size=n) > 0, 0).astype(int)
    data = common.write("one_class", X, y)
    known = {"neg_log_loss", "top_k_accuracy"}  # docs/differences.md
    names = [n for n in ("f1", "precision", "recall", "jaccard", "roc_auc", "roc_auc_ovr", "average_precision", "neg_brier_score", "accuracy",
                         "balanced_accuracy", "matthews_corrcoef", "positive_likelihood_ratio", "neg_negative_likelihood_ratio",
                         "d2_log_loss_score", "neg_log_loss", "d2_brier_score", "top_k_accuracy") if n in sk.get_scorer_names()]
    results = common.path("one_class.csv")
    undefined = 0
    for name in names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 0.1]}, cv=KFold(6), scoring=name, refit=False).fit(X, y).cv_results_
        common.run("search", "GaussianNB()", data, "--grid", "{'var_smoothing': [1e-9, 0.1]}", "--cv", "KFold(6)", "--scoring", name,
                   "--results", results, "--overwrite", "--quiet", ranks=2)
        with open(results, newline="") as f:
            rows = list(csv.DictReader(f))
        for i, row in enumerate(rows):
            for k in range(6):
                ours, expected_score = float(row[f"split{k}_test_score"] or "nan"), theirs[f"split{k}_test_score"][i]
                undefined += not np.isfinite(expected_score)
                if name in known and not np.isfinite(expected_score):
                    assert np.isfinite(ours), (name, k, ours)
                    continue
                np.testing.assert_allclose(ours, expected_score, rtol=1e-7, atol=1e-9, err_msg=f"{name}, fold {k}")
    assert undefined > 8, undefined


def test_multiclass():
    check_classifier(4, True, False, "LogisticRegression()")
    check_classifier(5, False, True, "GaussianNB()")


def test_absent_classes_and_one_class():
    X, codes, labels, data, _ = classification(4, False, None, "")
    _, _, model = common.fit("GaussianNB()", data)
    names = [n for n in NAMES if n not in REGRESSION + REFUSED]
    for kept in ((1, 3), (2,)):
        rows = np.isin(codes, kept)
        some = common.write("some", X[rows], labels[codes[rows]])
        answer, proba, _ = outputs(model, some, False)
        answer = np.searchsorted(labels, answer)
        values, _ = compare(model, some, [n for n in names if not n.startswith("roc")], lambda: Classifier(np.arange(4), answer, proba),
                         X[rows], codes[rows], None)
        assert "matthews_corrcoef" in values and "adjusted_mutual_info_score" in values


def test_regression():
    for weighted in (False, True):
        n = int(RNG.integers(3000, 9000))
        X = RNG.normal(size=(n, 3))
        w = drawn_weights(n) if weighted else None
        counts = RNG.poisson(np.exp(X @ [0.3, -0.2, 0.1] + 0.5)).astype(float)
        for estimator, y in (("PoissonRegressor(alpha=0.1)", counts + 0.25), ("PoissonRegressor()", counts),
                             ("Ridge()", np.rint(X @ [1.0, 2.0, 3.0] + RNG.normal(size=n)))):
            data = common.write("numbers", X, y, w)
            _, _, model = common.fit(estimator, data)
            answer = common.output("predict", model, data)
            values, _ = compare(model, data, [n for n in NAMES if n in REGRESSION], lambda: Regressor(None, answer), X, y, w)
            assert "neg_median_absolute_error" in values and ("Ridge" in estimator or "neg_mean_squared_log_error" in values)
            assert ("neg_mean_gamma_deviance" in values) == (y.min() == 0.25)


def test_medians_by_selection():
    """Few rows, ties, an even number of them: the halves meet between two numbers."""
    for n in (3, 7, 8, 4097):
        X = RNG.normal(size=(n, 1))
        for y in (np.append(RNG.integers(-3, 3, size=n - 1), 5.0), RNG.normal(size=n) * 10.0 ** RNG.integers(-9, 9)):
            data = common.write("few", X, y)
            _, _, model = common.fit("Lasso(alpha=1e9)", data)
            answer = common.output("predict", model, data)
            found = on_all_ranks(model, data, ["median_absolute_error", "d2_absolute_error_score"])
            assert found["median_absolute_error"] == np.median(np.abs(y - answer))
            common.close(found["d2_absolute_error_score"],
                         1 - np.abs(y - answer).sum() / np.abs(y - np.median(y)).sum(), rtol=1e-9, atol=1e-9)


def test_clusters():
    X = RNG.normal(size=(5000, 2)) + RNG.integers(0, 4, size=(5000, 1)) * 2
    y = (X[:, 0] > 3).astype(int) + RNG.integers(0, 2, size=5000)
    for w in (None, drawn_weights(5000)):
        data = common.write("clusters", X, y, w)
        _, _, model = common.fit("KMeans(n_clusters=5, random_state=0, n_init=1)", data)
        answer = common.output("predict", model, data)
        assert len(compare(model, data, UNWEIGHTED, lambda: Classifier(None, answer), X, y, w)[0]) == 9


def test_folds_of_one_row():
    """r2 of one row has no value: NaN with a warning, as in scikit-learn, and other metrics keep theirs."""
    rows = int(RNG.integers(8, 15))
    X = RNG.normal(size=(rows, 2))
    y = X[:, 0] + RNG.normal(size=rows)
    data = common.write("one_row", X, y)
    names = ["r2", "neg_mean_squared_error"]
    scores = cross_validate(Ridge(), X, y, cv=LeaveOneOut(), scoring=names)
    assert np.isnan(scores["test_r2"]).all()
    for ranks in (1, 3):
        done = common.run("cross-validate", "Ridge()", data, "--cv", f"KFold({rows})", "--scoring", ",".join(names), "--json", "--quiet", ranks=ranks)
        assert f"{rows} fits out of a total of {rows} have no score" in done.stderr, done.stderr
        assert "r2: it is not defined for fewer than two rows" in done.stderr, done.stderr
        found = json.loads(done.stdout)
        assert len(found["test_r2"]) == rows and all(v is None or np.isnan(v) for v in found["test_r2"]), found
        common.close(found["test_neg_mean_squared_error"], scores["test_neg_mean_squared_error"], rtol=1e-8, what="neg_mean_squared_error")
        results = common.path("one_row.csv")
        done = common.run("search", "Ridge()", data, "--grid", "{'alpha': [0.1, 1, 10]}", "--cv", "LeaveOneOut()", "--results", results,
                          "--quiet", "--json", "--teams", ranks, ranks=ranks)
        theirs = GridSearchCV(Ridge(), {"alpha": [0.1, 1, 10]}, cv=LeaveOneOut()).fit(X, y)
        assert "r2: it is not defined for fewer than two rows" in done.stderr, done.stderr
        assert json.loads(done.stdout)["best_params"] == theirs.best_params_
        with open(results, newline="") as f:
            found = list(csv.DictReader(f))
        assert [int(row["rank_test_score"]) for row in found] == list(theirs.cv_results_["rank_test_score"])
        assert all(row["mean_test_score"] == "" for row in found)


def test_folds_far_away():
    """Folds that hardly vary and lie far from the other rows, or do not vary at all: their own mean counts, to all digits."""
    rows, names = 40, ["r2", "explained_variance"]
    X = RNG.normal(size=(5 * rows, 2))
    for far in (1e3, 1e6, 1e9):
        y = np.concatenate([far * RNG.normal() + RNG.normal(size=rows) for _ in range(5)])
        y[-rows:] = np.round(far / 3)
        data = common.write("far", X, y, chunks=(rows, 2))
        scores = cross_validate(Ridge(), X, y, cv=KFold(5), scoring=names)
        found = [json.loads(common.run("cross-validate", "Ridge()", data, "--cv", "KFold(5)", "--scoring", ",".join(names), "--json", "--quiet",
                                       ranks=ranks).stdout) for ranks in (1, 3)]
        for name in names:
            assert found[0][f"test_{name}"] == found[1][f"test_{name}"], name
            common.close(found[0][f"test_{name}"], scores[f"test_{name}"], rtol=1e-6, atol=1e-6, what=f"{name}, {far:g}")
            assert found[0][f"test_{name}"][-1] == 0.0, found


def test_folds():
    X = RNG.normal(size=(4000, 4))
    y = (X[:, 0] + RNG.normal(size=4000) > 0).astype(int) + (X[:, 1] > 1)
    data = common.write("folds", X, y)
    for estimator, theirs, names in (
            ("GaussianNB()", GaussianNB(), ["matthews_corrcoef", "jaccard_macro", "adjusted_mutual_info_score", "fowlkes_mallows_score"]),
            ("Ridge()", Ridge(), ["neg_median_absolute_error", "neg_mean_absolute_percentage_error", "r2"])):
        target = y if "NB" in estimator else y + 0.5
        data = common.write("folds", X, target)
        scores = cross_validate(theirs, X, target, cv=KFold(3), scoring=names)
        found = [json.loads(common.run("cross-validate", estimator, data, "--cv", "KFold(3)", "--scoring", ",".join(names),
                                       "--json", "--quiet", ranks=r).stdout) for r in (1, 3)]
        for name in names:
            assert found[0][f"test_{name}"] == found[1][f"test_{name}"]
            common.close(found[0][f"test_{name}"], scores[f"test_{name}"], rtol=1e-8, what=name)


def test_messages():
    X, codes, labels, data, _ = classification(3, False, None, "")
    _, _, model = common.fit("GaussianNB()", data)
    for name, words in [(n, "_macro") for n in REFUSED] + [("silhouette_score", "compares every row with every other"),
                                                           ("jaccard", "average='binary'"), ("neg_median_absolute_error", "is for regressors")]:
        done = score(model, data, [name], check=False)
        assert done.returncode == 2 and words in done.stderr, (name, done.stderr)
    done = score(model, data, ["accuracy"], "--pos-label", "1", check=False)
    assert done.returncode == 2 and "two classes" in done.stderr, done.stderr
    two = common.write("two", X[codes < 2], labels[codes[codes < 2]])
    _, _, model = common.fit("GaussianNB()", two)
    done = score(model, two, ["f1"], "--pos-label", "yes", check=False)
    assert done.returncode == 2 and "yes" in done.stderr and str(labels[0]) in done.stderr, done.stderr


if __name__ == "__main__":
    common.main(dict(globals()))
