# SPDX-License-Identifier: BSD-3-Clause
"""predict, transform and cross-validate into .csv and .npy: what Python's csv module and numpy.load read is what the HDF5 file holds, bit for
bit; the same bytes on any number of ranks; whole or not at all.

usage: tables_out.py      with SUPERSTEP naming the program
"""
import csv
import datetime
import hashlib
import json
import os
import sys

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))
import common  # noqa: E402

SEED = int(datetime.date.today().strftime("%Y%m%d"))
RNG = np.random.default_rng(SEED)
print(f"seed {SEED}")
LABELS = np.array(["plain", 'with "quotes"', "comma, here", "two\nlines", "Ünï ✓", " blank"])


def dataset(name, n=9001, classes=6, text=True):
    X = RNG.normal(size=(n, 4)) * [1.0, 1e-8, 1e4, 1.0]  # larger ones drown the others in GaussianNB's smoothing
    codes = RNG.integers(0, classes, size=n)
    X[:, 0] += 3 * codes  # so far apart that each is predicted somewhere
    return common.write(name, X, LABELS[codes] if text else codes * 2 - 3)


def from_hdf5(path):
    with h5py.File(path) as f:
        item = f["X"] if "X" in f else next(iter(f.values()))
        return item.asstr()[()].astype(str) if h5py.check_string_dtype(item.dtype) else item[()]


def in_all_ways(*command):
    """The header and the values: of the .csv, the .npy and the .h5, which must agree, on any number of ranks."""
    common.run(*command, "--out", common.path("o.h5"), "--quiet", "--overwrite")
    expected = from_hdf5(common.path("o.h5"))
    for suffix in (".csv", ".npy"):
        digests = set()
        for ranks, more in ((1, []), (2, ["--threads", 2]), (3, ["--memory", "60M"]), (5, [])):
            out = common.path("o" + suffix)
            result = json.loads(common.run(*command, "--out", out, "--json", "--quiet", "--overwrite", *more, ranks=ranks).stdout)
            assert result["out"] == out
            digests.add(hashlib.sha256(open(out, "rb").read()).hexdigest())
        assert len(digests) == 1, (command, suffix)
    array = np.load(common.path("o.npy"), allow_pickle=False)
    assert array.shape == expected.shape and array.dtype.kind == expected.dtype.kind, (array.dtype, expected.dtype)
    np.testing.assert_array_equal(array, expected)
    with open(common.path("o.csv"), newline="") as f:
        header, *rows = list(csv.reader(f))
    cells = np.array(rows)
    cells = cells[:, 0] if expected.ndim == 1 else cells
    np.testing.assert_array_equal(cells if expected.dtype.kind == "U" else cells.astype(expected.dtype), expected)
    assert not [name for name in os.listdir(common.SCRATCH.name) if ".tmp." in name]
    return header, array


def test_classes():
    data = dataset("text")
    _, _, model = common.fit("GaussianNB()", data)
    header, answers = in_all_ways("predict", model, data)
    assert header == ["predict"] and set(answers) == set(LABELS), set(answers)
    header, proba = in_all_ways("predict", model, data, "--method", "predict_proba")
    assert header == [f"predict_proba_{label}" for label in sorted(LABELS)] and proba.shape[1] == 6
    data = dataset("numbers", classes=2, text=False)
    _, _, model = common.fit("make_pipeline(StandardScaler(), LogisticRegression())", data)
    header, answers = in_all_ways("predict", model, data)
    assert answers.dtype == np.int64 and set(answers) == {-3, -1}
    assert in_all_ways("predict", model, data, "--method", "decision_function")[0] == ["decision_function"]
    header, _ = in_all_ways("predict", model, data, "--method", "predict_proba", "--rows", 5000)
    assert header == ["predict_proba_-3", "predict_proba_-1"]


def test_numbers_and_tables():
    data = dataset("plain", classes=3, text=False)
    _, _, model = common.fit("Ridge()", data)
    header, answers = in_all_ways("predict", model, data)
    assert header == ["predict"] and answers.dtype == np.float64
    _, _, model = common.fit("KMeans(n_clusters=3, n_init=1, random_state=0)", data)
    assert in_all_ways("predict", model, data)[1].dtype == np.int64
    with h5py.File(data, "a") as f:
        f["feature_names"] = np.array(["a", "b,b", "c", "d"], dtype=object)
    _, _, model = common.fit("StandardScaler()", data)
    assert in_all_ways("transform", model, data)[0] == ["a", "b,b", "c", "d"]
    _, _, model = common.fit("PCA(n_components=2)", data)
    assert in_all_ways("transform", model, data)[0] == ["pca0", "pca1"]


def test_out_of_fold():
    data = dataset("folds")
    header, answers = in_all_ways("cross-validate", "GaussianNB()", data, "--cv", "3", "--method", "predict_proba")
    assert header[0].startswith("predict_proba_") and answers.shape == (9001, 6)
    assert in_all_ways("cross-validate", "GaussianNB()", data, "--cv", "3")[0] == ["predict"]


def test_whole_or_not_at_all():
    data = dataset("whole", text=False)
    _, _, model = common.fit("Ridge()", data)
    out = common.path("kept.csv")
    with open(out, "w") as f:
        f.write("predict\nmine\n")
    with h5py.File(common.path("nan.h5"), "w") as f, h5py.File(data) as g:
        X = g["X"][:]
        X[-1, -1] = np.nan  # the last block fails
        f["X"] = X
    for ranks in (1, 3):
        done = common.run("predict", model, common.path("nan.h5"), "--out", out, ranks=ranks, check=False)
        assert done.returncode == 3 and open(out).read() == "predict\nmine\n", done.stderr
    assert not [name for name in os.listdir(common.SCRATCH.name) if ".tmp." in name]
    done = common.run("predict", model, data, "--out", common.path("said.csv"))
    assert done.stdout == f"wrote {common.path('said.csv')}, 9,001 rows x 1 column\n", done.stdout


if __name__ == "__main__":
    common.main(dict(globals()))
