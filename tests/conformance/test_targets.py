#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Targets of several columns: Ridge and LinearRegression of a two-dimensional /y against scikit-learn's on drawn tables, with units far apart, a
target far from zero and one that does not vary; predictions, scores, folds and searches; the same bytes on any number of ranks; what such a /y is
refused by.

--seed S: draws them again.
"""
import argparse
import csv
import datetime
import hashlib
import json
import warnings

import h5py
import numpy as np
from sklearn import metrics
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import attributes, close, fit, main, memory, output, path, run, write

SCORES = {
    "r2": metrics.r2_score,
    "explained_variance": metrics.explained_variance_score,
    "neg_mean_squared_error": lambda *a, **k: -metrics.mean_squared_error(*a, **k),
    "neg_root_mean_squared_error": lambda *a, **k: -metrics.root_mean_squared_error(*a, **k),
    "neg_mean_absolute_error": lambda *a, **k: -metrics.mean_absolute_error(*a, **k),
    "neg_median_absolute_error": lambda *a, **k: -metrics.median_absolute_error(*a, **k),
    "neg_mean_absolute_percentage_error": lambda *a, **k: -metrics.mean_absolute_percentage_error(*a, **k),
    "d2_absolute_error_score": metrics.d2_absolute_error_score,
}
FROM_MOMENTS = ("r2", "explained_variance", "neg_mean_squared_error", "neg_root_mean_squared_error")


def draw(rng, rows=None):
    rows = rows or int(rng.integers(60, 1500))
    columns, targets = int(rng.integers(2, 9)), int(rng.integers(2, 7))
    X = rng.normal(size=(rows, columns)) @ rng.normal(size=(columns, columns)) + rng.normal(size=columns)
    Y = X @ rng.normal(size=(columns, targets)) + rng.normal(size=(rows, targets)) + rng.normal(size=targets)
    return X, Y


def hard(rng, rows=None):
    """Units from 1e-8 to 1e8, one target far from zero, one that is always the same."""
    X, Y = draw(rng, rows)
    Y = Y * 10.0 ** rng.integers(-8, 9, Y.shape[1])
    far = rng.integers(Y.shape[1])
    Y[:, far] += 1e6 * np.abs(Y[:, far]).max()
    return X, np.column_stack([Y, np.full(len(Y), 4.0)])


def fitted(estimator, X, Y, weight):
    estimator = clone(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if weight is None:
            return estimator.fit(X, Y)
        name = estimator.steps[-1][0] + "__" if hasattr(estimator, "steps") else ""
        extra = {"standardscaler__sample_weight": weight} if name and "standardscaler" in estimator.named_steps else {}
        return estimator.fit(X, Y, **{name + "sample_weight": weight}, **extra)


def compare(expression, theirs, X, Y, weight=None, rtol=1e-6):
    """Attributes, predictions, scores. Returns the data's path and the model's."""
    data = write("targets", X, Y, weight)
    ours, report, model = fit(expression, data)
    theirs = fitted(theirs, X, Y, weight)
    spread = np.maximum(Y.std(axis=0), 1e-12 * np.abs(Y).max(axis=0))
    predicted = output("predict", model, data)
    assert predicted.shape == Y.shape and predicted.dtype == np.float64
    close((predicted - theirs.predict(X)) / spread, np.zeros(Y.shape), 0, 10 * rtol, f"{expression}: predictions")
    if hasattr(theirs, "coef_"):
        assert ours["coef_"].shape == theirs.coef_.shape and ours["intercept_"].shape == (Y.shape[1],)
        units = X.std(axis=0) / spread[:, None]
        close(ours["coef_"] * units, theirs.coef_ * units, 0, rtol * np.abs(theirs.coef_ * units).max(), f"{expression}: coef_")
        close(ours["intercept_"] / spread, theirs.intercept_ / spread, rtol, 10 * rtol, f"{expression}: intercept_")
    score = json.loads(run("score", model, data, "--scoring", ",".join(SCORES), "--json", "--quiet").stdout)
    for name, of in SCORES.items():
        close(score[name], of(Y, predicted, sample_weight=weight), rtol, rtol, f"{expression}: {name}")
    return data, model, report


def fold_scores(theirs, X, Y, weight, splits, names):
    scores = {name: [] for name in names}
    for train, test in KFold(splits).split(X):
        model = fitted(theirs, X[train], Y[train], None if weight is None else weight[train])
        for name in names:
            scores[name].append(SCORES[name](Y[test], model.predict(X[test]), sample_weight=None if weight is None else weight[test]))
    return scores


def weights(rng, X):
    return rng.uniform(0.5, 2, len(X)) if rng.random() < 0.5 else None


def test_drawn_tables():
    rng = np.random.default_rng(SEED)
    for _ in range(3):
        X, Y = draw(rng)
        weight = weights(rng, X)
        alpha = float(10.0 ** rng.uniform(-3, 3))
        compare(f"Ridge(alpha={alpha!r})", Ridge(alpha=alpha), X, Y, weight)
        _, model, _ = compare("LinearRegression()", LinearRegression(), X, Y, weight)
        theirs = fitted(LinearRegression(), X, Y, weight)
        found = attributes(model)
        assert found["rank_"] == theirs.rank_
        close(found["singular_"], theirs.singular_, 1e-7)
    X, Y = draw(rng)
    components = min(3, X.shape[1])
    compare(f"make_pipeline(StandardScaler(), PCA({components}), Ridge())", make_pipeline(StandardScaler(), PCA(components), Ridge()), X, Y)


def test_without_intercept_and_positive():
    rng = np.random.default_rng(SEED + 1)
    X, Y = draw(rng)
    ours, _, model = fit("Ridge(alpha=2.0, fit_intercept=False)", write("plain", X, Y))
    theirs = Ridge(alpha=2.0, fit_intercept=False).fit(X, Y)
    close(ours["coef_"], theirs.coef_, 1e-6, 1e-7)
    assert np.all(ours["intercept_"] == 0.0) and ours["intercept_"].shape == (Y.shape[1],)
    close(fit("LinearRegression(positive=True)", write("plain", X, Y))[0]["coef_"], LinearRegression(positive=True).fit(X, Y).coef_, 1e-5, 1e-6)
    positive = fit("Ridge(alpha=3.0, positive=True)", write("plain", X, Y))[0]["coef_"]
    each = [fit("Ridge(alpha=3.0, positive=True)", write("one", X, Y[:, t]))[0]["coef_"] for t in range(Y.shape[1])]
    assert positive.min() >= 0.0
    close(positive, np.array(each), 1e-6, 1e-8)


def test_hard_targets():
    rng = np.random.default_rng(SEED + 2)
    for _ in range(3):
        X, Y = hard(rng)
        compare("Ridge(alpha=0.1)", Ridge(alpha=0.1), X, Y)
        compare("make_pipeline(StandardScaler(), Ridge())", make_pipeline(StandardScaler(), Ridge()), X, Y)
    # Columns that follow from others, and more columns than rows: the rows are looked at again.
    X, Y = draw(rng, 300)
    X = np.column_stack([X, X[:, 0] * 3.0 - 1.0])
    _, _, report = compare("LinearRegression()", LinearRegression(), X, Y)
    assert report["passes"] > 1, report
    X, Y = rng.normal(size=(12, 20)), rng.normal(size=(12, 3))
    compare("Ridge(alpha=0.5)", Ridge(alpha=0.5), X, Y)
    found, _, _ = fit("LinearRegression()", write("wide", X, Y))
    theirs = LinearRegression().fit(X, Y)
    close(found["coef_"], theirs.coef_, 1e-6, 1e-8)
    assert found["rank_"] == theirs.rank_


def test_each_target_as_if_alone():
    rng = np.random.default_rng(SEED + 3)
    X, Y = hard(rng, 9000)
    together, _, _ = fit("Ridge(alpha=0.7)", write("all", X, Y))
    for t in range(Y.shape[1]):
        alone, _, _ = fit("Ridge(alpha=0.7)", write("alone", X, Y[:, t]))
        assert alone["coef_"].shape == (X.shape[1],) and alone["intercept_"].shape == ()
        size = max(np.abs(alone["coef_"]).max(), 1e-300)
        close(together["coef_"][t], alone["coef_"], 0, 1e-9 * size, f"target {t}")


def test_folds():
    rng = np.random.default_rng(SEED + 4)
    for kind, rows in ((draw, 700), (draw, 9500), (hard, 900)):
        X, Y = kind(rng, rows)
        weight = None if kind is hard else rng.uniform(0.5, 2, rows)
        names = list(SCORES) if rows < 1000 else FROM_MOMENTS
        data = write("folds", X, Y, weight)
        expected = fold_scores(Ridge(alpha=0.3), X, Y, weight, 4, names)
        done = run("cross-validate", "Ridge(alpha=0.3)", data, "--cv", "4", "--scoring", ",".join(names), "--json", "--quiet", ranks=3)
        found = json.loads(done.stdout)
        for name in names:
            close(found[f"test_{name}"], expected[name], 1e-6, 1e-6, f"{kind.__name__} {rows}: {name}")
        alphas, table = [0.1, 1.0, 10.0], path("results.csv")
        done = run("search", "make_pipeline(StandardScaler(), Ridge())", data, "--grid", f"{{'ridge__alpha': {alphas}}}", "--cv", "4", "--scoring",
                   ",".join(FROM_MOMENTS), "--refit", "r2", "--results", table, "--overwrite", "--model", path("best.h5"), "--json", "--quiet", ranks=2)
        best = json.loads(done.stdout)
        with open(table, newline="") as f:
            lines = list(csv.DictReader(f))
        assert len(lines) == len(alphas)
        for line, alpha in zip(lines, alphas):
            theirs = make_pipeline(StandardScaler(), Ridge(alpha=alpha))
            for name, values in fold_scores(theirs, X, Y, weight, 4, FROM_MOMENTS).items():
                close([float(line[f"split{k}_test_{name}"]) for k in range(4)], values, 1e-6, 1e-6, f"alpha {alpha}: {name}")
        alpha = best["best_params"]["ridge__alpha"]
        _, _, model = fit(f"make_pipeline(StandardScaler(), Ridge(alpha={alpha!r}))", data)
        assert sha(model) == sha(path("best.h5"))


def sha(file):
    with open(file, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def test_same_bytes():
    rng = np.random.default_rng(SEED + 5)
    X, Y = hard(rng, 60000)
    data = write("bytes", X, Y, rng.uniform(0.5, 2, len(X)))
    gzip = write("gzip", X, Y, chunks=(3000, 2), compression="gzip")
    with h5py.File(gzip, "a") as f:
        del f["y"]
        f["weight"] = h5py.File(data, "r")["weight"][()]
        f.create_dataset("y", data=Y, chunks=(777, Y.shape[1]), compression="gzip")
    for expression in ("Ridge()", "LinearRegression()", "make_pipeline(StandardScaler(), PCA(2), Ridge())"):
        models, tables = set(), set()
        for ranks in (1, 2, 3, 5):
            for source, options in ((data, ()), (gzip, ("--threads", "2")), (gzip, memory(3, ranks))):
                _, report, model = fit(expression, source, *options, ranks=ranks)
                models.add(sha(model))
                if options[:1] == ("--memory",) and ranks == 1:
                    assert report["blocks_streamed"] > 0, report
            run("predict", model, data, "--out", path("p.csv"), "--overwrite", "--quiet", ranks=ranks)
            tables.add(sha(path("p.csv")))
        assert len(models) == 1 and len(tables) == 1, (expression, models, tables)


def test_files():
    rng = np.random.default_rng(SEED + 6)
    X, Y = draw(rng, 5000)
    data = write("files", X, Y)
    _, _, model = fit("Ridge()", data)
    expected = output("predict", model, data)
    run("predict", model, data, "--out", path("p.npy"), ranks=3)
    np.testing.assert_array_equal(np.load(path("p.npy")), expected)
    run("predict", model, data, "--out", path("p.csv"), "--overwrite", ranks=3)
    with open(path("p.csv"), newline="") as f:
        table = list(csv.reader(f))
    assert table[0] == [f"predict_{t}" for t in range(Y.shape[1])]
    np.testing.assert_array_equal(np.array(table[1:], float), expected)
    # Out-of-fold predictions, a split, a transformed file, an import: they keep the targets.
    run("split", data, path("a.h5"), path("b.h5"), "--test-size", "0.3", ranks=2)
    rows = {tuple(x): y for x, y in zip(X, Y)}
    for part in ("a.h5", "b.h5"):
        with h5py.File(path(part), "r") as f:
            assert f["y"].shape == (len(f["X"]), Y.shape[1])
            assert all(np.array_equal(rows[tuple(x)], y) for x, y in zip(f["X"][()], f["y"][()]))
    _, _, scaler = fit("StandardScaler()", data)
    run("transform", scaler, data, "--out", path("scaled.h5"), ranks=2)
    with h5py.File(path("scaled.h5"), "r") as f:
        np.testing.assert_array_equal(f["y"][()], Y)
    np.save(path("X.npy"), X)
    np.save(path("Y.npy"), Y)
    run("import", path("X.npy"), path("imported.h5"), "--y", path("Y.npy"), "--chunk-rows", "512", ranks=2)
    with h5py.File(path("imported.h5"), "r") as f:
        np.testing.assert_array_equal(f["y"][()], Y)
    names = [f"x{j}" for j in range(X.shape[1])] + [f"t{t}" for t in range(Y.shape[1])]
    np.savetxt(path("table.csv"), np.column_stack([X, Y]), delimiter=",", header=",".join(names), comments="", fmt="%.17g")
    run("import", path("table.csv"), path("table.h5"), "--target", ",".join(reversed(names[X.shape[1]:])), ranks=2)
    with h5py.File(path("table.h5"), "r") as f:
        np.testing.assert_array_equal(f["y"][()], Y[:, ::-1])
        np.testing.assert_array_equal(f["X"][()], X)
        assert f["feature_names"].asstr()[()].tolist() == names[:X.shape[1]]
    refused(2, "named twice")("import", path("table.csv"), path("other.h5"), "--target", "t0,t0")
    refused(2, "--target")("import", path("table.csv"), path("other.h5"), "--target", "t0,t")
    # Integers, and a target in one column of a table, which is a target like any other.
    whole = np.rint(10 * Y).astype(np.int64)
    run("split", write("whole", X, whole), path("c.h5"), path("d.h5"))
    assert h5py.File(path("c.h5"), "r")["y"].dtype == np.int64
    _, _, one = fit("Ridge()", write("column", X, Y[:, :1]))
    assert output("predict", one, data).shape == (len(X),)
    # made, looked through
    made = path("made.h5")
    run("make", "regression", made, "--rows", 3000, "--columns", 6, "--targets", 3, "--seed", SEED % 1000, ranks=2)
    with h5py.File(made, "r") as f:
        assert f["y"].shape == (3000, 3) and f["true_coef"].shape == (3, 6)
        close(fit("LinearRegression()", made)[0]["coef_"], f["true_coef"][()], 0, 0.2)
    checked = json.loads(run("check", made, "--json").stdout)
    with h5py.File(made, "r") as f:
        assert [t["max"] for t in checked["y"]["targets"]] == f["y"][()].max(axis=0).tolist()
    assert "3 targets" in run("check", made).stdout
    assert "3000 x 3" in run("info", made).stdout.replace(",", "")


def refused(code, *words, ranks=(1, 3)):
    def check(*arguments):
        said = set()
        for n in ranks:
            done = run(*arguments, ranks=n, check=False)
            assert done.returncode == code, (arguments, done.returncode, done.stderr)
            said.add(next(line for line in done.stderr.splitlines() if "error" in line))
        assert len(said) == 1, said
        for word in words:
            assert word in next(iter(said)), (word, said)
    return check


def test_refusals():
    rng = np.random.default_rng(SEED + 7)
    X, Y = draw(rng, 200)
    targets = Y.shape[1]
    data, one = write("two", X, Y), write("single", X, Y[:, 0])
    for estimator, ranks in (("Lasso()", (1, 3)), ("ElasticNet()", (1,)), ("PoissonRegressor()", (1,)),
                             ("make_pipeline(StandardScaler(), TweedieRegressor())", (1, 2))):
        refused(3, f"holds {targets} targets in each row", "learns one", "--y", "Ridge", ranks=ranks)("fit", estimator, data, "--model", path("m.h5"))
    for estimator in ("LogisticRegression()", "RidgeClassifier()", "GaussianNB()"):
        refused(3, f"holds {targets} targets in each row", "--y")("fit", estimator, data, "--model", path("m.h5"))
    refused(3, "Got 'continuous-multioutput' instead", "use KFold")("cross-validate", "Ridge()", data, "--cv", "StratifiedKFold(3)")
    refused(3, "Lasso learns one")("search", "make_pipeline(StandardScaler(), Ridge())", data, "--grid", "{'ridge': [Ridge(), Lasso()]}", "--cv", "3")
    for name in ("max_error", "neg_mean_poisson_deviance", "d2_gamma_deviance"):
        refused(2, name, "several targets")("cross-validate", "Ridge()", data, "--cv", "3", "--scoring", name)
    _, _, model = fit("Ridge()", data)
    refused(2, "max_error", "several targets")("score", model, data, "--scoring", "max_error")
    refused(3, "holds one target", f"predicts {targets} targets")("score", model, one)
    _, _, single = fit("Ridge()", one)
    refused(3, f"holds {targets} targets", "predicts one target")("score", single, data)
    refused(2, "alpha")("fit", "Ridge(alpha=[1.0, 2.0])", data, "--model", path("m.h5"))
    bad = Y.copy()
    bad[77, 1] = np.nan
    refused(3, "/y", "row 77, target 1")("fit", "Ridge()", write("bad", X, bad), "--model", path("m.h5"))
    for y in (np.empty((200, 0)), np.zeros((200, 2, 2))):
        refused(3, "/y must be one value per row, or rows x targets")("fit", "Ridge()", write("shape", X, y), "--model", path("m.h5"))
    refused(3, "several targets must be numbers")("fit", "Ridge()", write("text", X, np.full((200, 2), "a")), "--model", path("m.h5"))
    refused(3, "has 199 rows")("fit", "Ridge()", write("short", X, Y[:199]), "--model", path("m.h5"))
    # What reads no targets does not mind them.
    fit("PCA(2)", data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(datetime.date.today().strftime("%Y%m%d")))
    SEED = parser.parse_args().seed
    print(f"seed {SEED}")
    main(globals())
