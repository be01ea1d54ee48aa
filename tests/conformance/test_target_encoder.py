#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""TargetEncoder beside scikit-learn: encodings of all rows, what estimators behind it are trained on (the encodings of the other
inner folds), within the folds of searches too, names, missing and unknown values, refusals. Where folds are drawn they are not
those of scikit-learn, so that folds are given here as KFold and StratifiedKFold. Cases are drawn by the date."""
import json
import time
import warnings

import h5py
import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

import common
from common import attributes, close, fit, output, path, run, write
from test_selection import refused, search

SEED = int(time.strftime("%Y%m%d"))
RNG = np.random.default_rng(SEED)
warnings.simplefilter("ignore")


def drawn(kind, rows=None, columns=None, gaps=True):
    """Columns of few and many values, some of them rare; targets that hang on some of these."""
    rows = rows or int(RNG.integers(80, 6000))
    columns = columns or int(RNG.integers(1, 6))
    levels = RNG.integers(2, 60, columns)
    X = np.floor(levels * RNG.random((rows, columns)) ** RNG.choice([1, 3], columns)) + RNG.choice([0.0, 0.5, -3.0], columns)
    effects = [RNG.normal(0, 1, 60) for _ in range(columns)]
    signal = sum(e[(x - x.min()).astype(int)] for e, x in zip(effects, X.T)) + RNG.normal(0, 1, rows)
    if gaps:
        X[RNG.random(X.shape) < RNG.choice([0.0, 0.1])] = np.nan
    if kind == "continuous":
        return X, signal * 10.0 ** RNG.integers(-2, 4) + RNG.choice([0.0, 1000.0])
    classes = 2 if kind == "binary" else int(RNG.integers(3, 6))
    return X, np.digitize(signal, np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1]))


def with_unknown(X):
    new = X[: min(len(X), 200)].copy()
    new[::7] = 77.0
    new[3::11] = np.nan
    return new


def test_encodings():
    """Of all rows, by number and 'auto'; and what transform makes of rows, of values that are missing or were not there."""
    print(f"seed {SEED}")
    for case in range(12):
        kind = ["continuous", "binary", "multiclass"][case % 3]
        X, y = drawn(kind)
        smooth = ["auto", 0.0, 7, 1234.5][case % 4]
        reference = TargetEncoder(smooth=smooth, target_type=kind).fit(X, y)
        text = f"TargetEncoder(smooth={smooth!r}, target_type={kind!r})"
        found, _, model = fit(text, write("encoded", X, y), ranks=int(RNG.choice([1, 2, 3, 5])))
        assert found["target_type_"] == [kind]
        close(found["target_mean_"], np.ravel(reference.target_mean_), rtol=1e-9, what=text)
        for i, expected in enumerate(reference.encodings_):
            close(found[f"encodings_/{i}"], expected, rtol=1e-9, atol=1e-9 * np.abs(y).max(), what=f"{text}, case {case}")
        new = with_unknown(X)
        close(output("transform", model, write("new", new, y[: len(new)])), reference.transform(new), rtol=1e-9,
              atol=1e-9 * np.abs(y).max(), what=f"{text}, case {case}")
        if kind == "continuous":
            continue
        with h5py.File(path("transform.h5")) as f:
            assert "feature_names" not in f or kind == "multiclass"
        found, _, _ = fit(f"make_pipeline(TargetEncoder(smooth={smooth!r}), GaussianNB())", path("encoded.h5"))
        assert found["steps/targetencoder/target_type_"] == [kind]


def test_auto_looks_at_targets():
    """Numbers that are whole are classes for it, as in scikit-learn; with a regressor behind it and without anything."""
    for case, y in enumerate([np.array([1.0, 2.0]), np.array([-5, 0, 3, 7]), np.array([0.5, 1.0, 2.0])]):
        X, _ = drawn("binary", 400, 2)
        y = RNG.choice(y, 400)
        reference = TargetEncoder().fit(X, y)
        data = write("auto", X, y)
        found, _, _ = fit("TargetEncoder()", data, ranks=1 + case)
        assert found["target_type_"] == [reference.target_type_]
        for i, expected in enumerate(reference.encodings_):
            close(found[f"encodings_/{i}"], expected, rtol=1e-9)
        behind = make_pipeline(TargetEncoder(cv=KFold(3)), Ridge()).fit(X, y)
        _, _, model = fit("make_pipeline(TargetEncoder(cv=KFold(3)), Ridge())", data, ranks=1 + case)
        close(output("predict", model, data), behind.predict(X), rtol=1e-9, atol=1e-9)


CROSS_FITTED = [
    ("continuous", "make_pipeline(TargetEncoder(cv=KFold(4)), Ridge(alpha=0.1))", lambda: make_pipeline(TargetEncoder(cv=KFold(4)), Ridge(alpha=0.1))),
    ("continuous", "make_pipeline(TargetEncoder(smooth=5.0, shuffle=False), StandardScaler(), Lasso(alpha=0.01, tol=1e-12))",
     lambda: make_pipeline(TargetEncoder(smooth=5.0, shuffle=False), StandardScaler(), Lasso(alpha=0.01, tol=1e-12))),
    ("binary", "make_pipeline(TargetEncoder(cv=StratifiedKFold(3)), GaussianNB())", lambda: make_pipeline(TargetEncoder(cv=StratifiedKFold(3)), GaussianNB())),
    ("multiclass", "make_pipeline(TargetEncoder(shuffle=False), GaussianNB())", lambda: make_pipeline(TargetEncoder(shuffle=False), GaussianNB())),
    ("multiclass", "make_pipeline(TargetEncoder(cv=KFold(n_splits=7)), GaussianNB())", lambda: make_pipeline(TargetEncoder(cv=KFold(7)), GaussianNB())),
    ("continuous", "make_pipeline(FeatureUnion([('a', make_pipeline(SimpleImputer(), TargetEncoder(cv=KFold(3)))), ('b', SimpleImputer())]), Ridge())",
     lambda: make_pipeline(FeatureUnion([("a", make_pipeline(SimpleImputer(), TargetEncoder(cv=KFold(3)))), ("b", SimpleImputer())]), Ridge())),
]


def answers(model, data, pipeline, X):
    if hasattr(pipeline, "predict_proba"):
        return (output("predict", model, data, "--method", "predict_proba", dataset="predict_proba"), pipeline.predict_proba(X))
    return output("predict", model, data), pipeline.predict(X)


def test_cross_fitting():
    """What is behind it learns from encodings of the other folds and answers by those of all rows."""
    for case in range(2 * len(CROSS_FITTED)):
        kind, text, pipeline = CROSS_FITTED[case % len(CROSS_FITTED)]
        X, y = drawn(kind, 9000 if case == 0 else None, 3)
        reference = pipeline().fit(X, y)
        data = write("crossed", X, y)
        _, _, model = fit(text, data, ranks=int(RNG.choice([1, 2, 3, 5])))
        ours, theirs = answers(model, data, reference, X)
        close(ours, theirs, rtol=1e-7, atol=1e-8 * max(1.0, np.abs(y).max()), what=f"case {case}: {text}")
    plain = make_pipeline(TargetEncoder(cv=KFold(4)), Ridge(alpha=0.1))
    kind, text, _ = CROSS_FITTED[0]
    X, y = drawn("continuous", 300, 3)
    same = plain.fit(X, y).predict(X)
    naive = Ridge(alpha=0.1).fit(plain[0].transform(X), y).predict(plain[0].transform(X))
    assert np.abs(same - naive).max() > 1e-3 * np.abs(y).max(), "a test that cannot tell"


def same_search(text, pipeline, X, y, grid, scoring, cv=None, options=(), rtol=1e-7):
    reference = GridSearchCV(pipeline, grid, cv=cv or 4, scoring=scoring, refit=False, error_score="raise").fit(X, y)
    done = run("search", text, write("search", X, y), "--grid", repr(grid), "--scoring", scoring, "--results", path("results.csv"), "--json",
               "--quiet", "--cv", "4" if cv is None else repr(cv), *options, ranks=int(RNG.choice([1, 2, 3])))
    import csv
    with open(path("results.csv"), newline="") as f:
        rows = list(csv.DictReader(f))
    for fold in range(4):
        key = f"split{fold}_test_score"
        close([float(r[key]) for r in rows], reference.cv_results_[key], rtol=rtol, what=f"{text}, fold {fold}")
    return json.loads(done.stdout)


def test_searches():
    """Inner folds are those of each fold's training rows; candidates and folds share the passes."""
    X, y = drawn("continuous", 700, 3)
    few = same_search("make_pipeline(TargetEncoder(cv=KFold(3)), Ridge())", make_pipeline(TargetEncoder(cv=KFold(3)), Ridge()), X, y,
                      {"targetencoder__smooth": ["auto", 3.0], "ridge__alpha": [0.1, 10.0]}, "r2")
    many = same_search("make_pipeline(TargetEncoder(cv=KFold(3)), Ridge())", make_pipeline(TargetEncoder(cv=KFold(3)), Ridge()), X, y,
                       {"targetencoder__smooth": ["auto", 3.0, 30.0, 300.0], "ridge__alpha": [0.1, 10.0, 1.0]}, "r2")
    assert few["passes"] == many["passes"] <= 4, (few["passes"], many["passes"])
    X, y = drawn("multiclass", 900, 2)
    same_search("make_pipeline(TargetEncoder(cv=StratifiedKFold(3)), GaussianNB())",
                make_pipeline(TargetEncoder(cv=StratifiedKFold(3)), GaussianNB()), X, y, {"targetencoder__smooth": ["auto", 9.0]},
                "neg_log_loss")
    X, y = drawn("binary", 600, 3)
    X[np.isnan(X)] = 0.0
    text = "make_pipeline(ColumnTransformer([('t', TargetEncoder(shuffle=False), [0, 2]), ('s', StandardScaler(), [1])]), LogisticRegression(tol=1e-9))"
    columns = ColumnTransformer([("t", TargetEncoder(shuffle=False), [0, 2]), ("s", StandardScaler(), [1])])
    same_search(text, make_pipeline(columns, LogisticRegression(tol=1e-10, max_iter=1000)), X, y, {"columntransformer__t__cv": [3, 5]}, "neg_log_loss", rtol=1e-5)


def test_functions_of_targets():
    """Numbers that a function makes of the targets are what is encoded."""
    X, y = drawn("continuous", 500, 2)
    y = y / np.abs(y).max()
    inner = make_pipeline(TargetEncoder(cv=KFold(4)), Ridge(alpha=0.01))
    reference = TransformedTargetRegressor(inner, func=np.arcsinh, inverse_func=np.sinh).fit(X, y)
    data = write("turned", X, y)
    _, _, model = fit("TransformedTargetRegressor(make_pipeline(TargetEncoder(cv=KFold(4)), Ridge(alpha=0.01)), func=np.arcsinh, inverse_func=np.sinh)", data)
    close(output("predict", model, data), reference.predict(X), rtol=1e-8, atol=1e-9)


def test_estimators_that_choose():
    """By moments, which know how rows are shown; not by looking at rows apart from the table."""
    X, y = drawn("continuous", 400, 3)
    data = write("choosing", X, y)
    found, _, _ = fit("make_pipeline(TargetEncoder(cv=KFold(3)), RidgeCV(alphas=[0.1, 1.0, 100.0], cv=4))", data)
    reference = make_pipeline(TargetEncoder(cv=KFold(3)), RidgeCV(alphas=[0.1, 1.0, 100.0], cv=4)).fit(X, y)
    close(found["steps/ridgecv/best_score_"], reference[-1].best_score_, rtol=1e-8)
    X, y = drawn("binary", 400, 3)
    refused(("fit", "make_pipeline(TargetEncoder(cv=KFold(3)), LogisticRegressionCV())", write("choosing", X, y), "--model", path("m.h5")), 2,
            "TargetEncoder")


def test_tables():
    """Texts with gaps: names of columns, classes that are text, categories that are listed."""
    try:
        import anndata
        import pandas as pd
    except ImportError:
        print("without pandas and anndata there is no table")
        return
    rows = 800
    frame = pd.DataFrame({"town": pd.Categorical(RNG.choice(["Bern", "Basel", "a b", None], rows)), "n": RNG.integers(0, 9, rows)},
                         index=[str(i) for i in range(rows)])
    y = RNG.choice(["no", "perhaps", "yes"], rows)
    file = path("table.h5")
    with h5py.File(file, "w") as f:
        anndata.io.write_elem(f, "table", frame)
        f["y"] = y.astype(object)
    for listed, text in [("auto", "TargetEncoder(target_type='multiclass')"),
                         ([["Basel", "Bern"], list(range(7))], "TargetEncoder(categories=[['Basel', 'Bern'], [0, 1, 2, 3, 4, 5, 6]], target_type='multiclass')")]:
        reference = TargetEncoder(categories=listed).fit(frame.astype({"town": object}), y)
        _, _, model = fit(text, file, "--x", "/table", ranks=2)
        run("transform", model, file, "--x", "/table", "--out", path("out.h5"), "--quiet")
        with h5py.File(path("out.h5")) as f:
            assert list(f["feature_names"].asstr()[()]) == list(reference.get_feature_names_out())
            close(f["X"][()], reference.transform(frame.astype({"town": object})), rtol=1e-9, what=text)
    pipeline = make_pipeline(TargetEncoder(cv=StratifiedKFold(4)), GaussianNB()).fit(frame.astype({"town": object}), y)
    _, report, model = fit("make_pipeline(TargetEncoder(cv=StratifiedKFold(4)), GaussianNB())", file, "--x", "/table")
    close(output("predict", model, file, "--x", "/table", "--method", "predict_proba", dataset="predict_proba"),
          pipeline.predict_proba(frame.astype({"town": object})), rtol=1e-8)
    refused(("fit", "TargetEncoder()", file, "--x", "/table", "--model", path("m.h5")), 3, "numbers as targets")


def test_negative_numbers_are_categories():
    """Of encoders that look values up: numbers below zero are found again."""
    X = RNG.integers(-3, 4, (500, 3)).astype(float)
    data = write("negative", X, RNG.integers(0, 2, 500))
    for text, reference in [("OneHotEncoder()", OneHotEncoder(sparse_output=False)), ("OrdinalEncoder()", OrdinalEncoder())]:
        _, _, model = fit(text, data)
        assert np.array_equal(output("transform", model, data), reference.fit_transform(X)), text


def test_drawn_folds():
    """The default draws its folds, by random_state or --seed: other encodings, and the same each time."""
    X, y = drawn("continuous", 300, 2)
    data = write("drawn", X, y)

    def coefficients(*options, text="TargetEncoder()"):
        return fit(f"make_pipeline({text}, Ridge())", data, *options)[0]["steps/ridge/coef_"]

    first = coefficients("--seed", "1")
    assert np.array_equal(first, coefficients("--seed", "1")) and not np.array_equal(first, coefficients("--seed", "2"))
    assert np.array_equal(first, coefficients(text="TargetEncoder(random_state=1)"))
    assert not np.array_equal(first, coefficients(text="TargetEncoder(shuffle=False)"))


def test_refusals():
    X, y = drawn("multiclass", 300, 2)
    data, model = write("refused", X, y), ("--model", path("m.h5"))
    refused(("fit", "make_pipeline(TargetEncoder(target_type='continuous'), GaussianNB())", data, *model), 2, "/y in one way")
    refused(("fit", "make_pipeline(TargetEncoder(target_type='binary'), GaussianNB())", data, *model), 3, "classes")
    refused(("fit", "TargetEncoder(target_type='continuous', cv=StratifiedKFold(3))", data, *model), 2, "KFold")
    refused(("fit", "TargetEncoder(cv=GroupKFold(3))", data, *model), 2, "KFold(...) or StratifiedKFold(...)")
    refused(("fit", "TargetEncoder(smooth=-1.0)", data, *model), 2, "smooth")
    refused(("fit", "TargetEncoder(shuffle=False, random_state=3)", data, *model), 2, "random_state")
    refused(("fit", "TargetEncoder()", write("several", X, np.column_stack([y, y]).astype(float)), *model), 3, "one")


def test_same_bytes_without_rows():
    """Fewer blocks than ranks, and a rank without any."""
    X, y = drawn("continuous", 9000, 3)
    data = write("bytes", X, y)
    for text in ["TargetEncoder()", "make_pipeline(TargetEncoder(), StandardScaler(), Ridge())"]:
        files = set()
        for ranks in (1, 2, 3, 5):
            run("fit", text, data, "--model", path("bytes_model.h5"), ranks=ranks)
            files.add(open(path("bytes_model.h5"), "rb").read())
        assert len(files) == 1, text


if __name__ == "__main__":
    common.main(globals())
