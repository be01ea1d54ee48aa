# SPDX-License-Identifier: BSD-3-Clause
"""MultinomialNB, ComplementNB, BernoulliNB and CategoricalNB beside scikit-learn's on drawn tables: attributes, probabilities, scores of
folds, the passes that a search takes, and what is refused. Where scikit-learn gives NaN (0 times minus infinity at alpha=0) what is right
is told by its sparse products, or by the formula written out here."""
import csv
import datetime
import json
import shutil
import warnings

import h5py
import numpy as np
import scipy.sparse
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, MultinomialNB  # noqa: F401 - named in expressions

from common import close, fit, main, memory, output, path, run, write

warnings.simplefilter("ignore")
SEED = int(datetime.date.today().strftime("%Y%m%d"))
RNG = np.random.default_rng(SEED)
print(f"seed {SEED}")


def drawn(rows=None, classes=None, rate=3.0):
    """Counts, most of them zero in some columns; every class has rows, and every column zeros and ones in each class."""
    rows, columns = rows or int(RNG.integers(150, 6000)), int(RNG.integers(2, 14))
    classes = classes or int(RNG.integers(2, 6))
    y = np.r_[np.arange(classes).repeat(4), RNG.integers(0, classes, rows - 4 * classes)]
    X = RNG.poisson(rate * RNG.random((classes, columns))[y] ** 3).astype(float)
    X[: 4 * classes] = np.arange(4 * classes)[:, None] % 4 // 2
    return X, y


def drawn_weight(y):
    """Some zeros, but for the first row of each class that has ones."""
    weight = RNG.integers(0, 3, len(y)) * RNG.choice([1.0, 0.37], len(y))
    weight[: 4 * (y.max() + 1)] = 1.0
    return weight


def probabilities(model, data):
    return output("predict", model, data, "--method", "predict_proba", dataset="predict_proba", ranks=1)


def apart(values, counts):
    """The list of arrays that scikit-learn has, of categories side by side."""
    return np.split(values, np.cumsum(counts)[:-1], axis=1)


def same_attributes(ours, oracle):
    assert (ours["classes_"] == oracle.classes_).all() and ours["n_features_in_"] == oracle.n_features_in_
    names = ["class_count_", "class_log_prior_"]
    if isinstance(oracle, CategoricalNB):
        assert (ours["n_categories_"] == oracle.n_categories_).all()
        for name in ("category_count_", "feature_log_prob_"):
            arrays = apart(ours[name], ours["n_categories_"])
            assert len(arrays) == len(getattr(oracle, name))
            for a, b in zip(arrays, getattr(oracle, name)):
                close(a, b, 1e-11, 1e-12, name)
    else:
        names += ["feature_count_", "feature_log_prob_"] + ["feature_all_"] * isinstance(oracle, ComplementNB)
    for name in names:
        close(ours[name], getattr(oracle, name), 1e-11, 1e-12, name)


def compare(expression, X, y, weight=None, dtype=np.float64):
    data = write("nb", X.astype(dtype), y, weight=weight)
    oracle = eval(expression).fit(X.astype(dtype), y, sample_weight=weight)
    ours, report, model = fit(expression, data, ranks=int(RNG.integers(1, 4)))
    same_attributes(ours, oracle)
    expected = oracle.predict_proba(X.astype(dtype))
    found = probabilities(model, data)
    close(found, expected, 1e-9, 1e-11, expression)
    sure = np.sort(expected, axis=1)[:, -1] - (np.sort(expected, axis=1)[:, -2] if expected.shape[1] > 1 else 0) > 1e-9
    assert (output("predict", model, data, ranks=1) == oracle.predict(X.astype(dtype)))[sure].all() and sure.any()
    return report


EXPRESSIONS = ["MultinomialNB()", "MultinomialNB(alpha=0.01, fit_prior=False)", "MultinomialNB(alpha=0.0, force_alpha=False)",
               "ComplementNB()", "ComplementNB(alpha=0.3, norm=True)", "ComplementNB(fit_prior=False)",
               "BernoulliNB()", "BernoulliNB(alpha=0.2, binarize=1.0, fit_prior=False)",
               "CategoricalNB()", "CategoricalNB(alpha=0.1, fit_prior=False)", "CategoricalNB(alpha=0.0, force_alpha=False)"]


def test_drawn_cases():
    for expression in EXPRESSIONS:
        X, y = drawn()
        report = compare(expression, X, y, dtype=RNG.choice([np.float64, np.float32, np.int32]))
        assert report["passes"] == (2 if "Categorical" in expression else 1), (expression, report["passes"])
        assert any("1e-10" in w for w in report["warnings"]) == ("force_alpha" in expression), report["warnings"]
        X, y = drawn()
        weight = drawn_weight(y)
        # A row of weight zero is absent, so it must not be alone with a category.
        keep = (X <= X[weight > 0].max(axis=0)).all(axis=1)
        compare(expression, X[keep], np.array([f"class {k}" for k in "dbeac"])[y[keep]], weight[keep])


def test_values_that_are_no_counts():
    """What is summed need not be whole: tf-idf, for example."""
    X, y = drawn()
    for expression in ("MultinomialNB(alpha=0.1)", "ComplementNB()", "BernoulliNB(binarize=0.4)"):
        compare(expression, X * RNG.random(X.shape) * 10.0 ** RNG.integers(-6, 6, X.shape[1]), y, drawn_weight(y))


def test_priors_and_lists():
    X, y = drawn(classes=3)
    columns = X.shape[1]
    alphas = [float(a) for a in np.round(RNG.random(columns) + 0.01, 3)]
    for name in ("MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB"):
        compare(f"{name}(class_prior=[0.2, 0.5, 0.3])", X, y)
        compare(f"{name}(class_prior=(1, 2, 0.5), alpha=2)", X, y)  # they need not add up to 1
    for expression in (f"MultinomialNB(alpha={alphas})", f"ComplementNB(alpha={alphas}, norm=True)"):
        compare(expression, X, y)
    # scikit-learn adds 2 alpha to the counts of the classes, which fails unless there are as many classes as columns.
    ours, _, _ = fit(f"BernoulliNB(alpha={alphas})", write("lists", X, y))
    ones = np.stack([(X[y == k] > 0).sum(axis=0) for k in range(3)])
    close(ours["feature_log_prob_"], np.log(ones + alphas) - np.log(np.bincount(y)[:, None] + 2 * np.array(alphas)), 1e-11, 1e-12)
    compare("BernoulliNB(binarize=None)", (X > 0).astype(float), y)
    n = int(X.max()) + 3
    compare(f"CategoricalNB(min_categories={n})", X, y)
    compare(f"CategoricalNB(min_categories={[n + c for c in range(columns)]})", X, y)
    compare("CategoricalNB(min_categories=1)", X, y)


def test_one_class():
    X, _ = drawn()
    for name in ("MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB"):
        compare(f"{name}()", X, np.ones(len(X), int))


def likelihoods(name, X, y):
    """Joint log likelihoods at alpha=0 with 0 log 0 = 0."""
    classes = np.unique(y)
    z = np.tile(np.log(np.bincount(y) / len(y)), (len(X), 1))
    for k in classes:
        if name == "MultinomialNB":
            p = X[y == k].sum(axis=0) / X[y == k].sum()
            terms = np.where(X > 0, X * np.log(p), 0.0)
        else:
            p = (X[y == k] > 0).mean(axis=0)
            terms = np.where(X > 0, np.log(p), np.log(1 - p))
        z[:, k] += terms.sum(axis=1)
    return z


def test_without_smoothing():
    X, y = drawn(rows=900, classes=3)
    X = np.c_[X, y == 1, RNG.poisson(1.0, len(y)) * (y != 2), y != 0, np.zeros(len(y))].astype(float)
    for name in ("MultinomialNB", "BernoulliNB"):
        data = write("zeros", X, y)
        oracle = eval(name)(alpha=0.0).fit(X, y)
        ours, _, model = fit(f"{name}(alpha=0.0)", data)
        same_attributes(ours, oracle)
        assert np.isinf(ours["feature_log_prob_"]).any()
        z = likelihoods(name, X, y)
        expected = np.exp(z - z.max(axis=1, keepdims=True))
        expected /= expected.sum(axis=1, keepdims=True)
        close(probabilities(model, data), expected, 1e-9, 1e-11, name)
        assert (output("predict", model, data, ranks=1) == z.argmax(axis=1)).mean() > 0.99
        if name == "MultinomialNB":
            close(expected, oracle.predict_proba(scipy.sparse.csr_matrix(X)), 1e-9, 1e-11)
            assert oracle.predict(scipy.sparse.csr_matrix(np.ones((1, X.shape[1]))))[0] == 0
        # A row that no class can have.
        impossible = write("impossible", np.ones((1, X.shape[1])))
        close(probabilities(model, impossible), 1 / 3, 1e-15)
        assert output("predict", model, impossible, ranks=1)[0] == 0
    categories = np.c_[X[:, 0], y, RNG.integers(0, 3, len(y)) * (y != 2)]
    compare("CategoricalNB(alpha=0.0)", categories, y)
    compare("ComplementNB(alpha=0.0)", X[:, [0, -3]], y)
    refusal(X, y, "ComplementNB(alpha=0.0)", 3, "no class but", "has a count in column", "alpha above zero")


def test_rows_without_weight_are_absent():
    """Their categories, values that are none, and their class, which is never predicted."""
    X, y = drawn(classes=4)
    weight = np.where(y == 2, 0.0, RNG.random(len(y)) + 0.1)
    X[0, 0], weight[0] = 40.0, 0.0
    kept = weight > 0
    for name in ("MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB"):
        for prior in (True, False):
            ours, report, model = fit(f"{name}(fit_prior={prior})", write("absent", X, y, weight=weight))
            oracle = eval(name)(fit_prior=prior).fit(X[kept], y[kept], weight[kept])
            assert any("class 2 has no row" in w for w in report["warnings"]), report
            close(np.delete(ours["feature_log_prob_"], 2, axis=0),
                  np.hstack(oracle.feature_log_prob_) if name == "CategoricalNB" else oracle.feature_log_prob_, 1e-11, 1e-12)
            found = probabilities(model, write("seen", X[kept]))
            close(np.delete(found, 2, axis=1), oracle.predict_proba(X[kept]), 1e-9, 1e-11)
            assert (found[:, 2] == 0).all()
    X[1, 0], weight[1] = -3.0, 0.0
    fit("MultinomialNB()", write("absent", X, y, weight=weight))


def search(expression, data, grid, cv, *options, ranks=1):
    results = path("results.csv")
    done = run("search", expression, data, "--grid", grid, "--cv", cv, "--results", results, "--overwrite", "--json", *options, ranks=ranks)
    with open(results, newline="") as f:
        return list(csv.DictReader(f)), json.loads(done.stdout)


def same_scores(expression, X, y, grid, cv, splitter, scoring, atol=1e-11):
    data = write("folds", X, y)
    theirs = GridSearchCV(eval(expression), grid, cv=splitter, scoring=scoring, refit=False).fit(X, y).cv_results_
    rows, report = search(expression, data, repr(grid), cv, "--scoring", ",".join(scoring), ranks=int(RNG.integers(1, 4)))
    assert len(rows) == len(theirs["params"])
    for i, row in enumerate(rows):
        for name in scoring:
            for k in range(splitter.get_n_splits()):
                ours = float(row[f"split{k}_test_{name if len(scoring) > 1 else 'score'}"] or "nan")
                close(ours, theirs[f"split{k}_test_{name}"][i], 1e-9, atol, f"{expression} {row['params']} fold {k} {name}")
    return report


def test_folds_are_scikit_learns():
    X, y = drawn(rows=3000)
    scoring = ["neg_log_loss", "neg_brier_score"]
    n = int(X.max()) + 1
    for expression, grid in (("MultinomialNB()", {"alpha": [0.01, 0.1, 1], "fit_prior": [True, False]}),
                             ("ComplementNB()", {"alpha": [0.01, 1], "norm": [True, False]}),
                             ("BernoulliNB()", {"alpha": [0.01, 1], "binarize": [0.0, 1.0, 2.0]}),
                             (f"CategoricalNB(min_categories={n})", {"alpha": [0.01, 1]})):
        same_scores(expression, X, y, grid, "5", StratifiedKFold(5), scoring)


def test_a_fold_lacks_a_class_or_a_category():
    """scikit-learn's model of such a fold does not know the class; it has no score where a category lacks."""
    X, y = drawn(rows=1000, classes=4)
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    X[y == 3] += 1  # so that those of other classes would be told as this one, if it were known
    a_tie = 5.5 / 250  # of a few rows may be broken by rounding
    for expression in ("MultinomialNB()", "ComplementNB()", "BernoulliNB()", f"CategoricalNB(min_categories={int(X.max()) + 2})"):
        same_scores(expression, X, y, {"alpha": [0.1, 1], "fit_prior": [True, False]}, "KFold(4)", KFold(4), ["accuracy"], a_tie)
    n = int(X.max()) + 1
    X[7, 0] = n
    report = same_scores(f"CategoricalNB(min_categories={n})", X, y, {"alpha": [0.1, 1]}, "KFold(4)", KFold(4), ["accuracy"], a_tie)
    assert report["best_score"] is None


def test_a_grid_takes_one_pass_to_train():
    X, y = drawn(rows=9000)
    data = write("passes", X, y)
    for name, more, first in (("MultinomialNB", {"fit_prior": [True, False]}, 1), ("ComplementNB", {"norm": [True, False]}, 1),
                              ("BernoulliNB", {"binarize": [0.0, 1.0, 1.5]}, 1),
                              ("CategoricalNB", {"min_categories": [int(X.max()) + 1, int(X.max()) + 4]}, 2)):
        for alphas in ([1.0], [0.1 * a for a in range(1, 13)]):
            grid = dict(more, alpha=alphas)
            _, report = search(f"{name}(alpha=1.0)", data, repr(grid), "5")
            # And one over the rows to test on, for all models.
            assert report["passes"] == first + 1, (name, report["passes"])
            assert report["n_candidates"] == len(alphas) * len(list(more.values())[0])


def refusal(X, y, expression, code, *words, weight=None):
    data = write("refused", X, y, weight=weight)
    said = set()
    for ranks in (1, 3) if code == 3 and weight is None else (1,):
        done = run("fit", expression, data, "--model", path("m.h5"), "--quiet", check=False, ranks=ranks)
        assert done.returncode == code and all(w in done.stderr for w in words), (expression, done.returncode, done.stderr)
        said.add(next(line for line in done.stderr.splitlines() if "error" in line))
    assert len(said) == 1, said


def test_refusals():
    X, y = drawn(rows=300, classes=2)
    X = np.c_[X, X, X][:, :3]
    negative, fractions, huge = X.copy(), X.copy(), X.copy()
    negative[17, 1], fractions[5, 2], huge[9, 0] = -2.0, 0.5, 1e9
    for name in ("MultinomialNB", "ComplementNB"):
        refusal(negative, y, f"{name}()", 3, "negative values in column 1;", name, "MinMaxScaler", "GaussianNB")
    refusal(negative, y, "CategoricalNB()", 3, "column 1 of", "negative values", "-2")
    refusal(fractions, y, "CategoricalNB()", 3, "column 2 of", "no whole numbers")
    refusal(huge, y, "CategoricalNB()", 5, "1000000001 of them in column 0", "--memory")
    refusal(huge * 1e6, y, "CategoricalNB()", 3, "column 0 of", "too large for a category")
    refusal(X * 2, y, "BernoulliNB(binarize=None)", 3, "binarize=0.0")
    refusal(X, y, "MultinomialNB(alpha=-1)", 2, "alpha must be a float >= 0")
    refusal(X, y, "MultinomialNB(alpha=[1, -1, 1])", 2, "alpha must be")
    refusal(X, y, "ComplementNB(alpha=[1, 1])", 2, "2 numbers and 3 columns")
    refusal(X, y, "CategoricalNB(alpha=[1, 1, 1])", 2, "alpha must be")
    refusal(X, y, "CategoricalNB(min_categories=[9])", 2, "1 numbers and 3 columns")
    refusal(X, y, "CategoricalNB(min_categories=2.5)", 2, "min_categories must be")
    refusal(X, y, "BernoulliNB(binarize=-1)", 2, "binarize")
    for name in ("MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB"):
        refusal(X, y, f"{name}(class_prior=[0.5, 0.2, 0.3])", 2, "Number of priors must match number of classes")
        refusal(X, y, f"{name}(class_prior=[1.5, -0.5])", 2, "class_prior must be")
        refusal(X, y, f"{name}()", 3, "weight above zero", weight=np.zeros(len(y)))


def test_a_category_that_training_has_not_met():
    X, y = drawn(rows=9000, classes=3)
    _, _, model = fit("CategoricalNB()", write("met", X, y))
    X[8000, 0] = 77.0
    data = write("unmet", X, y)
    for command in (("predict", model, data, "--out", path("p.h5"), "--overwrite"), ("score", model, data)):
        for ranks in (1, 2, 3):
            done = run(*command, "--quiet", check=False, ranks=ranks)
            assert done.returncode == 3, (done.returncode, done.stderr)
            assert "column 0 holds category 77" in done.stderr and "min_categories=78" in done.stderr and done.stderr.count("error") == 1, done.stderr
    _, _, model = fit("CategoricalNB(min_categories=78)", write("met", X[:8000], y[:8000]))
    close(probabilities(model, data), CategoricalNB(min_categories=78).fit(X[:8000], y[:8000]).predict_proba(X), 1e-9, 1e-11)


def test_files_that_were_changed():
    X, y = drawn(rows=300, classes=2)
    for expression in ("MultinomialNB()", "ComplementNB()", "BernoulliNB()", "CategoricalNB()"):
        attributes, _, model = fit(expression, write("changed", X, y))
        names = [n for n in attributes if n.endswith("_") and n not in ("n_features_in_", "classes_")]
        for name in RNG.choice(names, 2, replace=False):
            changed = path("changed_model.h5")
            shutil.copy(model, changed)
            with h5py.File(changed, "r+") as f:
                del f.attrs["checksum"]
                f[name].write_direct(f[name][()] + 1)
            done = run("predict", changed, write("changed", X, y), "--out", path("p.h5"), "--overwrite", check=False)
            assert done.returncode == 3 and "_" in done.stderr.split("/")[-1], (name, done.returncode, done.stderr)


def test_bytes_do_not_depend_on_the_run():
    X, y = drawn(rows=30000)
    data = write("bytes", X, y, weight=RNG.random(len(y)))
    for expression in ("MultinomialNB(alpha=0.1)", "ComplementNB(norm=True)", "BernoulliNB()", "CategoricalNB()"):
        models = set()
        for ranks, options in ((1, ()), (2, ()), (5, ()), (2, ("--threads", 2)), (1, memory(2))):
            with open(fit(expression, data, *options, ranks=ranks)[2], "rb") as f:
                models.add(f.read())
        assert len(models) == 1, expression


if __name__ == "__main__":
    main(globals())
