#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tables with gaps and categories, written by anndata as a user would, beside scikit-learn on the same pandas frame: what
ColumnTransformer makes of them, what its columns are called, scores of searches over pipelines that begin with it, refusals.
Cases are drawn by the date."""
import json
import shutil
import time
import warnings

import anndata
import h5py
import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (Binarizer, MinMaxScaler, Normalizer, OneHotEncoder, OrdinalEncoder, PolynomialFeatures, RobustScaler,
                                   StandardScaler)

import common
from common import close, fit, path, run

SEED = int(time.strftime("%Y%m%d"))
WORDS = ["Bern", "Basel", "Zug", "Genève", "Zürich", "a b", "x'y", "10", "9", "É", "ß", "lang" * 9]


def drawn_frame(rng, rows=None):
    """Columns of every kind, with gaps; always of the same names."""
    rows = rows or int(rng.integers(50, 3000))

    def gaps(column, share):
        column = pd.Series(column)
        column[rng.random(rows) < share] = np.nan
        return column

    frame = pd.DataFrame({
        "age": gaps(rng.normal(40, 12, rows), rng.choice([0, 0.1, 0.6])),
        "income": gaps(np.exp(rng.normal(8, 2, rows)).round(2), 0.05),
        "rooms": rng.integers(1, 7, rows),
        "owner": rng.integers(0, 2, rows).astype(bool),
        "city": gaps(rng.choice(WORDS[: int(rng.integers(2, len(WORDS)))], rows).astype(object), rng.choice([0, 0.2])),
        "grade": pd.Series(rng.choice(["low", "mid", "high"], rows, p=[0.9, 0.08, 0.02]).astype(object)),
        "height": rng.normal(1.7, 0.1, rows).astype(np.float32),
    })
    signal = frame.rooms * 0.5 + (frame.city == "Basel") * 1.5 + frame.age.fillna(40) / 20 + rng.normal(0, 1, rows)
    return frame, signal


def written(name, frame, y):
    """As anndata writes a data frame; text becomes categories."""
    file = path(name + ".h5")
    copy = frame.copy()
    copy.index = copy.index.astype(str)
    for column in copy:
        if copy[column].dtype == object:
            copy[column] = pd.Categorical(copy[column])
    with h5py.File(file, "w") as f:
        anndata.io.write_elem(f, "table", copy)
        f["y"] = np.asarray(y) if np.asarray(y).dtype.kind != "U" else np.asarray(y).astype(object)
    return file


def selectors_in(value):
    """Those among an estimator's parameters, lists and tuples, which have no repr that could be read."""
    if isinstance(value, make_column_selector):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from selectors_in(item)
    elif hasattr(value, "get_params"):
        for item in value.get_params(deep=False).values():
            yield from selectors_in(item)


def expression(estimator):
    """The repr of scikit-learn on one line, parsed by the program as it is."""
    with sklearn.config_context(print_changed_only=True):
        text = " ".join(estimator.__repr__(N_CHAR_MAX=10**6).split())
    for selector in selectors_in(estimator):
        dtype = selector.dtype_include if isinstance(selector.dtype_include, str) else "object"
        text = text.replace(repr(selector), f"make_column_selector(dtype_include={dtype!r})")
    return text


def drawn_encoder(rng):
    kind = rng.choice(["onehot", "ordinal"])
    if kind == "ordinal":
        return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1,
                              **({"encoded_missing_value": -2.0} if rng.random() < 0.5 else {}),
                              **({"min_frequency": 30} if rng.random() < 0.3 else {}))
    options = {"handle_unknown": str(rng.choice(["ignore", "infrequent_if_exist", "error"]))}
    if rng.random() < 0.4:
        options["drop"] = str(rng.choice(["first", "if_binary"]))
    if rng.random() < 0.4:
        options["min_frequency"] = rng.choice([5, 40]).item() if rng.random() < 0.5 else 0.07
    elif rng.random() < 0.4:
        options["max_categories"] = int(rng.integers(2, 6))
    return OneHotEncoder(**options, sparse_output=False)


def drawn_numbers(rng):
    imputer = SimpleImputer(strategy=str(rng.choice(["mean", "median", "most_frequent", "constant"])),
                            add_indicator=bool(rng.random() < 0.4))
    return [imputer, make_pipeline(imputer, StandardScaler()), make_pipeline(StandardScaler(), imputer)][rng.integers(3)]


def drawn_transformer(rng):
    numbers = list(rng.permutation(["age", "income", "rooms", "height"])[: int(rng.integers(1, 5))])
    words = list(rng.permutation(["city", "grade"])[: int(rng.integers(1, 3))])
    encoder = drawn_encoder(rng)
    if rng.random() < 0.4:
        filler = SimpleImputer(strategy="most_frequent") if rng.random() < 0.5 else SimpleImputer(strategy="constant", fill_value=str(rng.choice(["zz", "a", "Cham"])))
        encoder = make_pipeline(filler, encoder)
    elif rng.random() < 0.4:
        words.append("owner")
    parts = [("num", drawn_numbers(rng), [str(n) for n in numbers]), ("cat", encoder, [str(w) for w in words])]
    if rng.random() < 0.3:
        parts.append(("again", MinMaxScaler(), ["rooms"]))
    if rng.random() < 0.3:
        parts.append(("left", "drop" if rng.random() < 0.5 else "passthrough", ["height"]))
    if rng.random() < 0.3:
        parts[1] = ("cat", encoder, make_column_selector(dtype_include=object))
    rng.shuffle(parts)
    return ColumnTransformer(parts, verbose_feature_names_out=True)


def names_in(file):
    with h5py.File(file) as f:
        return list(f["feature_names"].asstr()[()])


def test_what_transformers_make():
    rng = np.random.default_rng(SEED)
    print(f"seed {SEED}")
    for case in range(25):
        frame, signal = drawn_frame(rng)
        data = written("drawn", frame, signal)
        transformer = drawn_transformer(rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wide = frame.astype({"height": float})  # scikit-learn goes on in float32
            expected = np.asarray(transformer.fit_transform(wide), dtype=float)
        text = expression(transformer)
        model = fit(text, data, ranks=[1, 2, 3, 5][case % 4])[2]
        made = common.output("transform", model, data)
        close(made, expected, rtol=1e-9, atol=1e-9, what=f"case {case}: {text}")
        assert names_in(path("transform.h5")) == list(transformer.get_feature_names_out()), text


def test_transformers_of_numbers():
    """Drawn matrices: constant columns, zeros, values far from zero; weights change nothing of a median."""
    rng = np.random.default_rng(SEED + 7)
    for case in range(12):
        rows, columns = int(rng.integers(1, 6000)), int(rng.integers(1, 6))
        X = rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-3, 4, columns) + rng.integers(-2, 3, columns) * 50.0
        X[:, 0] = np.round(X[:, 0])
        if rng.random() < 0.4:
            X[:, -1] = 3.5
        X[rng.random(rows) < 0.1] = 0.0
        low, high = sorted(rng.choice(np.arange(0, 101, 5), 2, replace=False))
        for transformer in [
                RobustScaler(quantile_range=(float(low), float(high)), with_centering=bool(rng.random() < 0.7), unit_variance=bool(0 < low and high < 100)),
                Normalizer(str(rng.choice(["l1", "l2", "max"]))), Binarizer(threshold=float(rng.normal())),
                PolynomialFeatures(int(rng.integers(0, 4)) if case % 3 else (1, 2), interaction_only=bool(case % 2), include_bias=True)]:
            file = common.write("numbers", X)
            expected = transformer.fit_transform(X)
            made = common.output("transform", fit(expression(transformer), file, ranks=[1, 2, 3, 5][case % 4])[2], file)
            close(made, expected, rtol=1e-11, atol=1e-300, what=f"case {case}: {expression(transformer)} of {X.shape}")


def test_other_data_with_other_levels():
    rng = np.random.default_rng(SEED + 1)
    for _ in range(8):
        frame, signal = drawn_frame(rng)
        other, other_signal = drawn_frame(rng)
        transformer = make_column_transformer((OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["city", "grade"]),
                                              (SimpleImputer(), ["age"]), remainder="drop")
        expected = transformer.fit(frame).transform(other)
        model = fit(expression(transformer), written("first", frame, signal))[2]
        close(common.output("transform", model, written("other", other, other_signal)), expected, rtol=1e-9, atol=1e-9)


def test_searches():
    rng = np.random.default_rng(SEED + 2)
    for case in range(4):
        frame, signal = drawn_frame(rng, rows=int(rng.integers(300, 1500)))
        transformer = ColumnTransformer([
            ("num", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), make_column_selector(dtype_include="number")),
            ("cat", OneHotEncoder(handle_unknown="ignore"), ["city", "grade"])])
        if case % 2:
            y, model, grid = signal, Ridge(), {"model__alpha": [0.1, 10.0], "prep__num__simpleimputer__strategy": ["mean", "median"]}
        else:
            y = (signal > signal.median()).astype(int)
            model = LogisticRegression(tol=1e-8, max_iter=2000)
            grid = {"model__C": [0.1, 1.0], "prep__cat__min_frequency": [None, 20]}
        pipeline = Pipeline([("prep", transformer), ("model", model)])
        search = GridSearchCV(pipeline, grid, cv=4).fit(frame, y)
        done = run("search", expression(pipeline), written("searched", frame, y), "--grid", repr(grid), "--cv", "4", "--json", "--quiet",
                   ranks=1 + case)
        found = json.loads(done.stdout)
        close(found["best_score"], search.best_score_, rtol=1e-5, what=str(grid))
        assert found["best_params"] == search.best_params_, (found, search.best_params_)


def test_equal_pipelines_on_other_columns():
    """What is fitted once is told apart by its columns, and by what is in front of it."""
    rng = np.random.default_rng(SEED + 6)
    frame, signal = drawn_frame(rng, rows=500)
    inner = make_pipeline(SimpleImputer(), StandardScaler())
    transformer = ColumnTransformer([("a", inner, ["age"]), ("b", inner, ["income"]), ("c", inner, ["height", "rooms"])])
    model = fit(expression(transformer), written("equal", frame, signal))[2]
    close(common.output("transform", model, path("equal.h5")), transformer.fit_transform(frame), rtol=1e-9, atol=1e-9)

    pipeline = Pipeline([("prep", transformer), ("scale", MinMaxScaler()), ("inner", make_pipeline(StandardScaler(), Ridge()))])
    grid = {"scale": [MinMaxScaler(), StandardScaler(with_mean=False), "passthrough"], "prep__b__simpleimputer__strategy": ["median", "mean"],
            "inner__ridge__alpha": [10.0, 300.0]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(frame, signal)
    results = path("equal.csv")
    run("search", expression(pipeline), path("equal.h5"), "--grid", repr(grid), "--cv", "3", "--quiet", "--results", results, "--overwrite",
        ranks=2)
    close(pd.read_csv(results)["mean_test_score"], search.cv_results_["mean_test_score"], rtol=1e-6)


def test_same_bytes():
    frame, signal = drawn_frame(np.random.default_rng(SEED + 3), rows=20000)
    data = written("same", frame, signal)
    text = ("make_pipeline(make_column_transformer((make_pipeline(SimpleImputer(strategy='median'), StandardScaler()), "
            "['age', 'income', 'rooms']), (OneHotEncoder(), ['city']), (OrdinalEncoder(), ['grade'])), Ridge())")
    digests = set()
    for ranks, options in [(1, []), (2, []), (3, ["--threads", "2"]), (5, []), (2, common.memory(3, 2))]:
        with open(fit(text, data, *options, ranks=ranks)[2], "rb") as f:
            digests.add(f.read())
    assert len(digests) == 1


def test_other_layouts():
    """Datasets side by side as h5py users write them, and an .h5ad file as it is."""
    rng = np.random.default_rng(SEED + 5)
    n = 400
    frame = pd.DataFrame({"a": rng.normal(size=n), "b": rng.integers(0, 5, n), "c": rng.normal(size=n).astype(np.float32)})
    words = np.where(frame.a + frame.b + rng.normal(size=n) > 2, "yes", "no")
    expected = LogisticRegression(tol=1e-8).fit(frame, words)
    side_by_side = path("side.h5")
    with h5py.File(side_by_side, "w") as f:
        for name in frame:
            f[f"data/{name}"] = frame[name]
        f.create_dataset("data/word", data=words.astype(object), dtype=h5py.string_dtype())
    found = fit("LogisticRegression(tol=1e-8)", side_by_side, "--x", "/data", "--y", "word")[0]
    close(found["coef_"], expected.coef_, rtol=1e-4)
    assert list(found["feature_names_in_"]) == ["a", "b", "c"]

    labels = pd.DataFrame({"kind": pd.Categorical(words, categories=["yes", "no"]), "site": pd.array([1, None] * (n // 2), dtype="Int64")},
                          index=[str(i) for i in range(n)])
    h5ad = path("cells.h5ad")
    anndata.AnnData(X=frame.to_numpy(), obs=labels).write_h5ad(h5ad)
    found = fit("LogisticRegression(tol=1e-8)", h5ad, "--y", "/obs/kind")[0]
    close(found["coef_"], expected.coef_, rtol=1e-4)
    assert list(found["classes_"]) == ["no", "yes"]
    site = common.output("transform", fit("SimpleImputer(strategy='constant', fill_value=-1)", h5ad, "--x", "/obs", "--y", "kind")[2], h5ad,
                         "--x", "/obs", "--y", "kind")
    close(site[:, 0], [1, -1] * (n // 2))


def test_refusals():
    frame, signal = drawn_frame(np.random.default_rng(SEED + 4), rows=200)
    frame.loc[17, "age"] = np.nan
    data = written("refused", frame, signal)

    def refused(text, *words, code=3):
        done = run("fit", text, data, "--model", path("none.h5"), check=False)
        assert done.returncode == code, (text, done)
        for word in words:
            assert word in done.stderr, (word, done.stderr)

    refused("Ridge()", "'city' is a category", "OneHotEncoder()")
    refused("make_pipeline(make_column_transformer((StandardScaler(), ['age', 'rooms'])), Ridge())", "NaN", "'age'")
    refused("make_pipeline(make_column_transformer((OneHotEncoder(), ['cty'])), Ridge())", "'cty'", "did you mean 'city'", code=2)
    refused("make_column_transformer((SimpleImputer(), ['city']))", "Cannot use mean strategy", "'city'")
    refused("make_column_transformer((OneHotEncoder(), [0, 99]))", "column 99", code=2)
    refused("ColumnTransformer([('a', Ridge(), ['age'])])", "no transformer", code=2)


def test_damaged_tables():
    """What does not fit together is said, with its place, on one rank and on three."""
    frame, signal = drawn_frame(np.random.default_rng(SEED + 8), rows=100)
    good = written("good", frame, signal)

    def no_such_column(f):
        f["table"].attrs["column-order"] = np.array(["age", "nope"], dtype=object)

    def other_length(f):
        del f["table/age"]
        f["table/age"] = np.zeros(3)

    def doubled(f):
        del f["table/city/categories"]
        f["table/city/categories"] = np.array(["a"] * 20, dtype=object)

    def code(value):
        def damage(f):
            f["table/city/codes"][5] = value
        return damage

    for number, (damage, exit_code, word) in enumerate([
            (code(100), 4, "row 5 holds code 100"), (code(-5), 4, "row 5 holds code -5"), (no_such_column, 3, "'nope'"),
            (other_length, 3, "equally long"), (doubled, 3, "names 'a' twice"),
            (lambda f: f["table"].attrs.__setitem__("encoding-type", "csr_matrix"), 3, "sparse matrix"),
            (lambda f: f["table"].attrs.__setitem__("column-order", 3.0), 3, "column-order")]):
        bad = path(f"bad{number}.h5")
        shutil.copy(good, bad)
        with h5py.File(bad, "a") as f:
            damage(f)
        for ranks in (1, 3):
            done = run("fit", "make_column_transformer((OneHotEncoder(), ['city']))", bad, "--model", path("bad_model.h5"), ranks=ranks, check=False)
            assert done.returncode == exit_code and word in done.stderr and done.stderr.count("superstep: error") == 1, (number, done)


if __name__ == "__main__":
    common.main(globals())
