#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Transformers beside scikit-learn: what they make of drawn columns (tied, constant, skewed, far from zero, with gaps, weighted), what
these are called, refusals, scores of searches over pipelines with them, the same bytes on any number of ranks. Cases are drawn by the date."""
import json
import re
import time
import warnings

import h5py
import numpy as np
import sklearn
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (FunctionTransformer, KBinsDiscretizer, MinMaxScaler, OneHotEncoder, PowerTransformer, QuantileTransformer,
                                   SplineTransformer, StandardScaler)

import common
from common import close, fit, path, run

SEED = int(__import__("os").environ.get("SUPERSTEP_TEST_SEED", time.strftime("%Y%m%d")))
FUNCTIONS = [None, np.abs, np.arcsinh, np.arctan, np.cbrt, np.ceil, np.cos, np.cosh, np.deg2rad, np.degrees, np.exp, np.exp2, np.expm1, np.floor,
             np.log, np.log10, np.log1p, np.log2, np.negative, np.positive, np.rad2deg, np.radians, np.reciprocal, np.rint, np.round, np.sign,
             np.sin, np.sinh, np.sqrt, np.square, np.tan, np.tanh, np.trunc]
METHODS = ["inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "linear",
           "median_unbiased", "normal_unbiased"]


def expression(estimator):
    """scikit-learn's repr on one line; functions of NumPy's by their names."""
    with sklearn.config_context(print_changed_only=True):
        text = " ".join(estimator.__repr__(N_CHAR_MAX=10**6).split())
    return re.sub(r"<(?:ufunc '|function )(\w+)[^>]*>", r"np.\1", text)


def drawn(rng, rows=None, ties=True):
    """Columns of several kinds, in any order; without ties where which of equally far rows comes first would decide."""
    n = rows or int(rng.integers(20, 9000))
    kinds = [rng.normal(size=n), np.round(rng.normal(size=n) * 3), rng.integers(0, 4, n).astype(float), np.exp(rng.normal(size=n) * 2),
             1e6 + rng.normal(size=n), np.full(n, 2.5), -rng.exponential(size=n), rng.random(n) ** 4 * 100 - 1,
             np.where(rng.random(n) < 0.8, 0.0, rng.normal(size=n))]
    kinds = kinds if ties else [kinds[0], kinds[3], kinds[5], kinds[6], kinds[7]]
    chosen = rng.choice(len(kinds), int(rng.integers(1, 6)), replace=False)
    return np.column_stack([kinds[k] for k in chosen])


def with_gaps(rng, X, share=0.2):
    X = X.copy()
    X[rng.random(X.shape) < share * (rng.random(X.shape[1]) < 0.7)] = np.nan
    return X


def names_of(X):
    return [f"c {i}" for i in range(X.shape[1])]


def written(name, X, y=None, weight=None):
    file = common.write(name, X, y, weight)
    with h5py.File(file, "a") as f:
        f["feature_names"] = names_of(X)
    return file


def made_by(text, train, other=None, ranks=2):
    """What the program makes, and the names."""
    model = fit(text, train, ranks=ranks)[2]
    made = common.output("transform", model, other or train, ranks=ranks)
    with h5py.File(path("transform.h5")) as f:
        return made, list(f["feature_names"].asstr()[()])


def check(transformer, X, other=None, case=0, rtol=1e-9, atol=1e-9, weight=None):
    """Values and names beside scikit-learn's, of the rows learnt from and of others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = transformer.fit(X, **({} if weight is None else {"sample_weight": weight}))
        expected = fitted.transform(X if other is None else other)
    expected = np.asarray(expected.todense() if hasattr(expected, "todense") else expected, dtype=float)
    text = expression(transformer)
    train = written("train", X, weight=weight)
    made, names = made_by(text, train, None if other is None else written("other", other), ranks=[1, 3][case % 2])
    what = f"case {case}: {text} of {X.shape}"
    assert made.shape == expected.shape, (what, made.shape, expected.shape)
    close(made, expected, rtol=rtol, atol=atol, what=what)
    if getattr(transformer, "feature_names_out", "") is not None:
        assert names == list(fitted.get_feature_names_out(names_of(X))), (what, names)


def test_function_transformer():
    rng = np.random.default_rng(SEED)
    print(f"seed {SEED}")
    X = np.abs(rng.normal(size=(3000, 2))) + 1e-3
    X[:5] = [[0.5, 1.5], [2.5, 3.5], [1e-3, 20.0], [1.0, 2.0], [0.25, 4.0]]
    for case, function in enumerate(FUNCTIONS):
        if case % 3 == SEED % 3 or function in (None, np.log, np.round):
            check(FunctionTransformer(function, feature_names_out="one-to-one"), X, case=case, rtol=1e-13, atol=1e-14)
    check(FunctionTransformer(np.sqrt, validate=True), X)
    signed = rng.normal(size=(500, 3))  # NaN of what is below zero
    with np.errstate(invalid="ignore"):
        check(FunctionTransformer(np.log), signed)
        check(make_pipeline(FunctionTransformer(np.sqrt, feature_names_out="one-to-one"), SimpleImputer()), signed)


def test_unions():
    rng = np.random.default_rng(SEED + 1)
    for case in range(4):
        X = drawn(rng)
        parts = [("scale", StandardScaler()), ("bins", KBinsDiscretizer(3, encode="ordinal", subsample=None)), ("as it is", "passthrough"),
                 ("none", "drop"), ("log", make_pipeline(MinMaxScaler(), FunctionTransformer(np.log1p, feature_names_out="one-to-one")))]
        rng.shuffle(parts)
        union = FeatureUnion(parts[: int(rng.integers(2, 6))], transformer_weights={parts[0][0]: 0.5} if case % 2 else None)
        if all(p[1] == "drop" for p in union.transformer_list):
            continue
        check(union, X, case=case)
    X = drawn(rng)
    check(make_union(StandardScaler(), StandardScaler(with_mean=False), verbose_feature_names_out=True), X)
    check(FeatureUnion([("a", StandardScaler()), ("b", OneHotEncoder(sparse_output=False))], verbose_feature_names_out=False), np.round(X[:, :1] % 3))
    gaps = with_gaps(rng, drawn(rng), 0.3)
    check(make_union(SimpleImputer(keep_empty_features=True), MissingIndicator()), gaps)
    check(make_pipeline(make_union(make_union(PCA(1), "passthrough"), StandardScaler()), MinMaxScaler()), rng.normal(size=(200, 3)), atol=1e-8)


def test_kbins():
    rng = np.random.default_rng(SEED + 2)
    for case in range(9):
        strategy = str(rng.choice(["uniform", "quantile", "quantile", "kmeans"]))
        X = drawn(rng, ties=strategy != "kmeans")
        bins = int(rng.integers(2, 8)) if rng.random() < 0.7 else [int(b) for b in rng.integers(2, 7, X.shape[1])]
        kbins = KBinsDiscretizer(bins, strategy=strategy, encode=str(rng.choice(["onehot", "onehot-dense", "ordinal"])), subsample=None,
                                 quantile_method=str(rng.choice(METHODS)))
        check(kbins, X, other=X[:50] * 1.5 - 1 if case % 2 else None, case=case)
    for case in range(4):
        X = drawn(rng)
        weight = rng.integers(0, 4, len(X)).astype(float)
        kbins = KBinsDiscretizer(int(rng.integers(2, 8)), strategy=["quantile", "uniform"][case % 2], encode="ordinal", subsample=None,
                                 quantile_method=["inverted_cdf", "averaged_inverted_cdf"][case // 2 % 2])
        if all(len(set(column[weight > 0])) > 1 or len(set(column)) == 1 for column in X.T):
            check(kbins, X, case=case, weight=weight)


def test_quantile_transformer():
    rng = np.random.default_rng(SEED + 3)
    for case in range(6):
        X = drawn(rng) if case % 2 else with_gaps(rng, drawn(rng))
        transformer = QuantileTransformer(n_quantiles=int(rng.choice([1, 2, 7, 100, 1000])), subsample=None,
                                          output_distribution=["normal", "uniform"][case // 2 % 2])
        check(transformer, X, other=X[::3] * 1.1 - 0.3 if case % 3 == 0 else None, case=case)


def test_variance_threshold():
    rng = np.random.default_rng(SEED + 4)
    for case in range(4):
        X = np.column_stack([drawn(rng, 700), rng.normal(size=(700, 2)) * [0.1, 3.0]])
        X = with_gaps(rng, X) if case % 2 else X
        check(VarianceThreshold([0.0, 0.05, 2.0, 1e-3][case % 4]), X, case=case)


def test_missing_indicator():
    rng = np.random.default_rng(SEED + 5)
    for case in range(4):
        X = with_gaps(rng, drawn(rng))
        X[0, 0] = np.nan
        other = X.copy()
        other[:, 0] = 1.0
        check(MissingIndicator(features=["missing-only", "all"][case % 2], error_on_new=bool(case % 3)), X, other=other, case=case)


def test_splines():
    rng = np.random.default_rng(SEED + 6)
    for case in range(10):
        X, degree = drawn(rng), int(rng.integers(0, 5))
        extrapolation = ["constant", "linear", "continue", "periodic", "error"][case % 5]
        if degree <= 1 and extrapolation == "linear" and X.shape[1] > 1:
            degree = 2  # scikit-learn reads the wrong knots for its second column
        if degree == 0 and extrapolation == "constant":
            degree = 1  # and fails where there is nothing to be constant
        knots, count = str(rng.choice(["uniform", "quantile"])), int(rng.integers(2, 9))
        if extrapolation == "periodic":
            count = max(count, degree + 1)
        if case % 4 == 3:
            knots = (np.sort(rng.normal(size=(count, X.shape[1])), axis=0) * 3).tolist()
            X = np.clip(X, min(map(min, knots)), max(map(max, knots))) if extrapolation != "error" else X
        spline = SplineTransformer(count, degree, knots=knots, extrapolation=extrapolation, include_bias=bool(rng.random() < 0.6))
        if extrapolation == "error" and not isinstance(knots, str):
            spline.knots = "uniform"
        outside = None if extrapolation == "error" else X[:200] + rng.normal(size=X[:200].shape) * X.std(axis=0)
        check(spline, X, other=outside, case=case, rtol=1e-7 if extrapolation == "continue" else 1e-9, atol=1e-9)
    X = with_gaps(rng, drawn(rng))
    check(SplineTransformer(handle_missing="zeros"), X)
    X = drawn(rng)
    weight = rng.integers(0, 3, len(X)).astype(float)
    check(SplineTransformer(6, knots="quantile"), X, weight=weight)
    check(SplineTransformer(6), X, weight=weight)


def likelihood(method, x, power):
    """But for a constant; in a form that loses no digits where all values have one sign, as scipy's of Yeo and Johnson does."""
    x = x[~np.isnan(x)]
    if method == "yeo-johnson" and ((x >= 0).all() or (x < 0).all()):
        logs, p = np.log1p(np.abs(x)), power if x[0] >= 0 else 2 - power
        return -len(x) / 2 * np.log(np.var(np.expm1(p * (logs - logs.mean())) / p))
    return (stats.yeojohnson_llf if method == "yeo-johnson" else stats.boxcox_llf)(power, x)


def test_power_transformer():
    rng = np.random.default_rng(SEED + 7)
    for case in range(6):
        method = ["yeo-johnson", "box-cox"][case % 2]
        n = int(rng.integers(20, 5000))
        X = np.column_stack([rng.normal(size=n), np.exp(rng.normal(size=n)), -rng.exponential(size=n), rng.gamma(3, size=n) * 1e3,
                             100 + rng.normal(size=n) * 5, rng.beta(5, 1, size=n)])
        X = X[:, rng.permutation(X.shape[1])[: int(rng.integers(1, 5))]]
        if method == "box-cox":
            X = np.abs(X) + 1e-3
        elif case % 4 == 0:
            X = with_gaps(rng, X)
        transformer = PowerTransformer(method, standardize=bool(rng.random() < 0.7))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = transformer.fit_transform(X)
        data = written("power", X)
        found, _, model = fit(expression(transformer), data, ranks=[1, 2, 3, 5][case % 4])
        what = f"case {case}: {expression(transformer)} of {X.shape}"
        for mine, theirs, column in zip(found["lambdas_"], transformer.lambdas_, X.T):
            a, b = likelihood(method, column, mine), likelihood(method, column, theirs)
            assert a >= b - 1e-10 * abs(b), (what, mine, theirs, a - b)
        scale = 1.0 if transformer.standardize else np.abs(np.nan_to_num(expected)).max(axis=0)
        same = np.abs(found["lambdas_"] - transformer.lambdas_) < 1e-6 * (1 + np.abs(transformer.lambdas_))
        made = common.output("transform", model, data)
        close((made / scale)[:, same], (expected / scale)[:, same], rtol=1e-3, atol=1e-3, what=what)
        with np.errstate(invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            transformer.lambdas_ = found["lambdas_"]
            power = stats.yeojohnson if method == "yeo-johnson" else (lambda x, p: stats.boxcox(x, p))
            by_hand = np.column_stack([power(column, p) for column, p in zip(X.T, found["lambdas_"])])
        if transformer.standardize:
            by_hand = StandardScaler().fit_transform(by_hand)
        close(made, by_hand, rtol=1e-6, atol=1e-6, what=what)
    X = np.column_stack([np.full(50, 3.0), rng.normal(size=50)])
    check(PowerTransformer(), X, rtol=1e-5, atol=1e-5)


def search_of(pipeline, grid, X, y, ranks):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = GridSearchCV(pipeline, grid, cv=4).fit(X, y)
    text = re.sub(r"<(?:ufunc '|function )(\w+)[^>]*>", r"np.\1", repr(grid))
    done = run("search", expression(pipeline), written("searched", X, y), "--grid", text, "--cv", "4", "--json", "--quiet", ranks=ranks)
    found = json.loads(done.stdout)
    close(found["best_score"], search.best_score_, rtol=1e-6, what=f"{expression(pipeline)} {grid}")


def test_searches():
    rng = np.random.default_rng(SEED + 8)
    n = 1200
    X = np.column_stack([rng.gamma(2, size=n), rng.normal(size=n), np.exp(rng.normal(size=n))])
    y = np.log1p(X[:, 2]) + np.sin(X[:, 1] * 2) + rng.normal(size=n) * 0.3
    gaps = X.copy()
    gaps[rng.random(X.shape) < 0.1] = np.nan
    cases = [
        (FunctionTransformer(), {"step__func": [None, np.log1p, np.sqrt]}, np.abs(X)),
        (FeatureUnion([("scale", StandardScaler()), ("log", FunctionTransformer(np.cbrt))]),
         {"step__log__func": [np.cbrt, np.tanh], "step__scale": ["drop", "passthrough", MinMaxScaler()], "model__alpha": [0.1, 100.0]}, X),
        (KBinsDiscretizer(encode="onehot-dense", subsample=None), {"step__n_bins": [3, 10], "step__strategy": ["uniform", "quantile", "kmeans"]}, X),
        (QuantileTransformer(subsample=None), {"step__n_quantiles": [10, 500], "step__output_distribution": ["uniform", "normal"]}, X),
        (VarianceThreshold(), {"step__threshold": [0.0, 1.5]}, X),
        (make_union(SimpleImputer(), MissingIndicator()), {"model__alpha": [0.1, 10.0]}, gaps),
        (SplineTransformer(), {"step__n_knots": [3, 6], "step__degree": [1, 3], "step__knots": ["uniform", "quantile"]}, X),
        (PowerTransformer(), {"step__standardize": [True, False], "step__method": ["yeo-johnson"]}, X)]
    for number, (step, grid, columns) in enumerate(cases):
        search_of(Pipeline([("step", step), ("model", Ridge())]), grid, columns, y, ranks=1 + number % 3)


def test_same_bytes():
    rng = np.random.default_rng(SEED + 9)
    X = drawn(rng, 30000)
    data = written("same", X, rng.normal(size=len(X)), weight=rng.random(len(X)))
    text = ("make_pipeline(make_union(KBinsDiscretizer(4), QuantileTransformer(n_quantiles=300), PowerTransformer(), SplineTransformer(knots='quantile'), "
            "VarianceThreshold(), FunctionTransformer(np.arcsinh), KBinsDiscretizer(3, strategy='kmeans')), Ridge())")
    digests = set()
    for ranks, options in [(1, []), (2, []), (3, ["--threads", "2"]), (5, []), (2, common.memory(80, 2))]:
        with open(fit(text, data, *options, ranks=ranks)[2], "rb") as f:
            digests.add(f.read())
    assert len(digests) == 1


def test_refusals():
    rng = np.random.default_rng(SEED + 10)
    X = rng.normal(size=(300, 3))
    X[7, 1] = -4.0
    X[:7] = np.abs(X[:7])
    data = written("refused", X, rng.normal(size=300))
    gaps = X.copy()
    gaps[9, 2] = np.nan
    missing = written("missing", gaps, rng.normal(size=300))

    def refused(text, file, *words, code):
        for ranks in (1, 3)[: 2 if "log" in text else 1]:
            done = run("fit", text, file, "--model", path("none.h5"), ranks=ranks, check=False)
            assert done.returncode == code and done.stderr.count("superstep: error") == 1, (text, done)
            for word in words:
                assert word in done.stderr, (word, done.stderr)

    first = int(np.argmax((X < 0).any(axis=1)))
    column = int(np.argmax(X[first] < 0))
    for step in ("Ridge()", "make_pipeline(PolynomialFeatures(2, include_bias=False), Ridge())", "KBinsDiscretizer()", "SplineTransformer()"):
        refused(f"make_pipeline(FunctionTransformer(np.log), {step})", data, "NaN", f"row {first} ", f"column {column} of", code=3)
    refused("make_pipeline(FunctionTransformer(np.lag), Ridge())", data, "np.log", code=2)
    refused("make_pipeline(FunctionTransformer(lambda x: x), Ridge())", data, "np.log1p", code=2)
    refused("make_pipeline(FunctionTransformer(np.log1p, kw_args={'a': 1}), Ridge())", data, "kw_args", code=2)
    refused("make_pipeline(FunctionTransformer(np.abs, validate=True), StandardScaler())", missing, "NaN", "row 9", code=3)
    for text in ("KBinsDiscretizer()", "SplineTransformer()", "make_union(QuantileTransformer(), KBinsDiscretizer())"):
        refused(text, missing, "NaN", "row 9", code=3)
    refused("KBinsDiscretizer([3, 4])", data, "2 numbers for 3 columns", code=2)
    refused("KBinsDiscretizer(1)", data, "n_bins", code=2)
    refused("QuantileTransformer(n_quantiles=20, subsample=10)", data, "subsample", code=2)
    refused("VarianceThreshold(100.0)", data, "No feature in X meets the variance threshold 100.00000", code=3)
    refused("PowerTransformer('box-cox')", data, "strictly positive", code=3)
    refused("SplineTransformer(3, 3, extrapolation='periodic')", data, "Periodic splines require degree < n_knots", code=2)
    refused("SplineTransformer(knots=[[0.0], [1.0]])", data, "1 columns, but there are 3", code=2)
    refused("FeatureUnion([('a', 'drop')])", data, "not dropped", code=2)
    refused("FeatureUnion([('a', Ridge())])", data, "no transformer", code=2)
    refused("make_pipeline(MissingIndicator(), Ridge())", data, "0 columns", code=3)
    model = fit("MissingIndicator()", data)[2]
    done = run("transform", model, missing, "--out", path("out.h5"), check=False)
    assert done.returncode == 3 and "column 2" in done.stderr, done
    model = fit("SplineTransformer(extrapolation='error')", data)[2]
    done = run("transform", model, written("wide", X * 9), "--out", path("out.h5"), "--overwrite", check=False)
    assert done.returncode == 3 and "beyond the knots" in done.stderr, done


if __name__ == "__main__":
    common.main(globals())
