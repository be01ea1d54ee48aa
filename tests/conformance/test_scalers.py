# SPDX-License-Identifier: BSD-3-Clause
"""StandardScaler, MinMaxScaler, MaxAbsScaler against scikit-learn's."""
import warnings

import numpy as np
from sklearn import datasets, preprocessing

from common import SKLEARN, close, fit, main, memory, output, path, run, write

BUNDLED = {"iris": datasets.load_iris, "wine": datasets.load_wine, "digits": datasets.load_digits,
           "breast_cancer": datasets.load_breast_cancer, "diabetes": datasets.load_diabetes}
LEARNT = {"StandardScaler": ("mean_", "var_", "scale_"), "MaxAbsScaler": ("max_abs_", "scale_"),
          "MinMaxScaler": ("min_", "scale_", "data_min_", "data_max_", "data_range_")}


def compare(expression, X, weight=None, rtol=1e-12, dtype=np.float64):
    """Fits and transforms with both; attributes and values must agree. Returns our attributes."""
    name = expression.split("(")[0]
    oracle = eval("preprocessing." + expression)
    data = write("scaled", X.astype(dtype), weight=weight)
    X = X.astype(dtype).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        largest = np.nanmax(np.abs(X), axis=0)
        weights = {"sample_weight": weight} if name == "StandardScaler" and weight is not None else {}
        oracle.fit(X, **weights)
        expected = oracle.transform(X)
    ours, _, model = fit(expression, data)
    for attribute in LEARNT[name]:
        reference = getattr(oracle, attribute)
        assert (reference is None) == (attribute not in ours), attribute
        if reference is not None:
            # Of a mean of about zero only so many digits are there, in both programs.
            noise = {"mean_": 1e-15 * np.nanmax(largest), "var_": (1e-15 * np.nanmax(largest)) ** 2}
            noise = noise.get(attribute, 0)
            close(ours[attribute], reference, rtol, noise, attribute)
    seen = ours["n_samples_seen_"]
    assert np.shape(seen) == np.shape(oracle.n_samples_seen_)
    close(seen, oracle.n_samples_seen_, 1e-12, 0, "n_samples_seen_")
    if SKLEARN < (1, 3):  # the type of the count is another in later releases
        assert seen.dtype.kind == np.asarray(oracle.n_samples_seen_).dtype.kind
    assert ours["n_features_in_"] == X.shape[1]
    # Means with 15 digits leave fewer to what is far from zero.
    scale = np.ones(X.shape[1]) if oracle.scale_ is None or name == "MinMaxScaler" else oracle.scale_
    factor = oracle.scale_ if name == "MinMaxScaler" else 1 / scale
    noise = np.nan_to_num(1e-14 * largest * factor)
    ours_transformed = output("transform", model, data)
    assert (np.isnan(ours_transformed) == np.isnan(expected)).all()
    excess = np.abs(ours_transformed - expected) - rtol * np.abs(expected) - noise - 1e-13
    assert np.nanmax(excess, initial=-1) <= 0, np.nanmax(excess)
    return ours


def test_bundled_sets():
    for load in BUNDLED.values():
        X = load(return_X_y=True)[0]
        for expression in ("StandardScaler()", "MinMaxScaler()", "MaxAbsScaler()"):
            compare(expression, X)


def test_parameters():
    X = datasets.load_wine(return_X_y=True)[0]
    for expression in ("StandardScaler(with_mean=False)", "StandardScaler(with_std=False)",
                       "StandardScaler(copy=False)", "MinMaxScaler((-2, 3.5))",
                       "MinMaxScaler(feature_range=(0, 10), clip=True)", "MaxAbsScaler(copy=False)"):
        compare(expression, X)
    data = write("plain", X)
    ours, _, model = fit("StandardScaler(with_mean=False, with_std=False)", data)
    assert "mean_" not in ours and "scale_" not in ours and ours["n_samples_seen_"] == len(X)
    assert (output("transform", model, data) == X).all()


def test_clip_holds_other_data_in_the_range():
    rng = np.random.default_rng(0)
    train, other = rng.normal(size=(50, 3)), 5 * rng.normal(size=(50, 3))
    oracle = preprocessing.MinMaxScaler((-1, 1), clip=True).fit(train)
    model = fit("MinMaxScaler((-1, 1), clip=True)", write("train", train))[2]
    clipped = output("transform", model, write("other", other))
    close(clipped, oracle.transform(other), 1e-12, 1e-12)
    assert clipped.min() == -1 and clipped.max() == 1
    model = fit("MaxAbsScaler(clip=True)", write("train", train))[2]
    expected = np.clip(preprocessing.MaxAbsScaler().fit(train).transform(other), -1, 1)  # clip is of 1.8
    close(output("transform", model, write("other", other)), expected, 1e-12, 1e-12)


def test_missing_values():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(5000, 13)) * 10 ** rng.uniform(-3, 3, 13) + rng.normal(size=13) * 100
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 4] = np.nan
    X[:, 7] = np.where(np.isnan(X[:, 7]), np.nan, 3.0)
    weight = rng.random(5000)
    for expression in ("StandardScaler()", "MinMaxScaler()", "MinMaxScaler(clip=True)", "MaxAbsScaler()"):
        ours = compare(expression, X)
        assert all(np.isnan(ours[a][4]) for a in LEARNT[expression.split("(")[0]])
    compare("StandardScaler()", X, weight)
    done = run("fit", "StandardScaler()", write("missing", X), "--model", path("m.h5"))
    assert "column 4" in done.stderr, done.stderr


def test_infinity_is_refused():
    X = np.zeros((10, 2))
    X[3, 1] = np.inf
    for expression in ("StandardScaler()", "MinMaxScaler()", "MaxAbsScaler()"):
        done = run("fit", expression, write("infinite", X), "--model", path("m.h5"), check=False)
        assert done.returncode == 3 and "row 3" in done.stderr, done.stderr


def test_offsets_keep_their_digits():
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(20000, 4))
    X = noise + [0, 1e4, 1e8, -1e8]
    ours = compare("StandardScaler()", X, rtol=1e-7)
    # The numbers in the file are rounded to 1.5e-8; their own moments are known from exact differences.
    d = X - [0, 1e4, 1e8, -1e8]
    close(ours["var_"], d.var(axis=0), 1e-12, 0)
    close(ours["mean_"] - [0, 1e4, 1e8, -1e8], d.mean(axis=0), 0, 2e-8)


def test_drift_between_the_blocks_that_are_sketched():
    # Most blocks lie far from those that the provisional mean is taken of.
    rows = 12 * 4096
    X = np.random.default_rng(3).normal(size=(rows, 2))
    X[4096:4 * 4096, 0] += 1e6
    X[5 * 4096:8 * 4096, 0] += 1e6
    X[9 * 4096:11 * 4096, 0] += 1e6
    compare("StandardScaler()", X, rtol=1e-11)
    X[:, 0] = 1e6
    X[[0, -1], 0] = 0
    X[:4096, 0] = X[4 * 4096:5 * 4096, 0] = X[8 * 4096:9 * 4096, 0] = X[11 * 4096:, 0] = 0
    compare("StandardScaler()", X, rtol=1e-11)


def test_constant_columns():
    X = np.ones((1000, 5)) * [0, 1, 0.1, 1e10, -7e-300]
    X[:, 1] += np.random.default_rng(4).normal(size=1000)
    for expression in ("StandardScaler()", "MinMaxScaler()", "MaxAbsScaler()"):
        compare(expression, X)
    # A column that is constant up to rounding counts as constant.
    X[:, 3] = 1e10 + 1e-6 * np.arange(1000)
    assert compare("StandardScaler()", X, rtol=1e-9)["scale_"][3] == 1


def test_signs_of_zero_do_not_depend_on_the_order():
    X = np.zeros((9000, 1))
    X[::2] = -0.0
    for k in ("data_min_", "data_max_"):
        assert not np.signbit(fit("MinMaxScaler()", write("zeros", X))[0][k][0])
    assert not np.signbit(fit("MinMaxScaler()", write("zeros", -X))[0]["data_min_"][0])


def test_weights():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(3000, 6)) * 3 + 50
    weight = rng.random(3000) * 4
    weight[::3] = 0
    compare("StandardScaler()", X, weight)
    # Rows of weight zero are absent; the others count once for the scalers without weights.
    present = X[weight > 0]
    for expression in ("MinMaxScaler()", "MaxAbsScaler()"):
        ours = fit(expression, write("weighted", X, weight=weight))[0]
        oracle = eval("preprocessing." + expression).fit(present)
        for attribute in LEARNT[expression.split("(")[0]]:
            close(ours[attribute], getattr(oracle, attribute), 1e-12, 1e-12)
        assert ours["n_samples_seen_"] == len(present)
    for expression in ("StandardScaler()", "MinMaxScaler()", "MaxAbsScaler()"):
        data = write("weightless", X, weight=0 * weight)
        done = run("fit", expression, data, "--model", path("m.h5"), check=False, ranks=2)
        assert done.returncode == 3 and "weight above zero" in done.stderr, done.stderr


def test_float32_and_few_rows():
    X = np.random.default_rng(6).normal(size=(700, 9)) * 5 + 20
    for expression in ("StandardScaler()", "MinMaxScaler()", "MaxAbsScaler()"):
        compare(expression, X, dtype=np.float32)
        for rows in (1, 2):
            compare(expression, X[:rows])
        compare(expression, X[:, :1])


def test_bytes_do_not_depend_on_the_run():
    X = np.random.default_rng(7).normal(size=(30000, 11)) + 1e5
    X[5, 3] = np.nan
    weight = np.random.default_rng(8).random(30000)
    for w in (None, weight):
        data = write("bytes", X, weight=w)
        for expression in ("StandardScaler()", "MinMaxScaler()", "MaxAbsScaler()"):
            models = set()
            for ranks, options in ((1, ()), (2, ()), (3, ()), (5, ()), (2, ("--threads", 2)),
                                   (1, memory(4))):
                with open(fit(expression, data, *options, ranks=ranks)[2], "rb") as f:
                    models.add(f.read())
            assert len(models) == 1, expression


if __name__ == "__main__":
    main(globals())
