# SPDX-License-Identifier: BSD-3-Clause
"""predict and transform: types, shapes, what is carried over, the same bytes on any number of ranks."""
import os

import h5py
import numpy as np
from sklearn import datasets
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

import common


def written(command, model, data, *options):
    """What the command writes, by dataset: (values, dtype); on any ranks the same bytes."""
    contents = []
    for ranks in (1, 2, 3, 5):
        out = common.path("out.h5")
        common.run(command, model, data, "--out", out, "--overwrite", "--quiet", *options, ranks=ranks)
        with open(out, "rb") as f:
            contents.append(f.read())
    assert all(c == contents[0] for c in contents), "the file depends on the ranks"
    with h5py.File(out, "r") as f:
        return {k: v.asstr()[()] if h5py.check_string_dtype(v.dtype) else v[()] for k, v in f.items()}


def test_labels_in_their_own_type():
    X, y = datasets.load_iris(return_X_y=True)
    names = datasets.load_iris().target_names
    for name, target, kind in (("int", y, np.int64), ("text", names[y], object), ("round", y * 1.0, np.int64)):
        data = common.write(name, X, target)
        _, _, model = common.fit("GaussianNB()", data)
        oracle = GaussianNB().fit(X, target)
        found = written("predict", model, data)
        assert list(found) == ["predict"] and found["predict"].dtype == kind and found["predict"].shape == (150,)
        assert (found["predict"] == oracle.predict(X)).all()
        proba = written("predict", model, data, "--method", "predict_proba")
        assert list(proba) == ["predict_proba"] and proba["predict_proba"].shape == (150, 3)
        common.close(proba["predict_proba"], oracle.predict_proba(X), rtol=1e-7)


def test_numbers_and_clusters():
    X, y = datasets.load_diabetes(return_X_y=True)
    data = common.write("diabetes", X, y)
    _, _, model = common.fit("Ridge()", data)
    assert written("predict", model, data)["predict"].dtype == np.float64
    attributes, _, model = common.fit("KMeans(n_clusters=4, random_state=1)", data)
    clusters = written("predict", model, data)["predict"]
    distances = np.linalg.norm(X[:, None, :] - attributes["cluster_centers_"][None], axis=2)
    assert clusters.dtype == np.int64 and (clusters == distances.argmin(axis=1)).all()
    table = written("transform", model, data)
    common.close(table["X"], distances, rtol=1e-12)
    assert list(table["feature_names"]) == [f"kmeans{i}" for i in range(4)]


def test_binary_decision_function_is_one_dimensional():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    data = common.write("cancer", X, y)
    _, _, model = common.fit("make_pipeline(StandardScaler(), LogisticRegression())", data)
    found = written("predict", model, data, "--method", "decision_function")["decision_function"]
    assert found.shape == (569,)
    assert ((found > 0) == written("predict", model, data)["predict"]).all()


def test_transform_carries_targets_and_weights():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9000, 2))
    targets = {"float32": (rng.normal(size=9000).astype("f4"), "f4"), "float64": (rng.normal(size=9000), "f8"),
               "int8": (rng.integers(-5, 5, 9000).astype("i1"), "i4"), "int64": (np.arange(9000) * 10**9, "i8"),
               "uint32": (rng.integers(0, 2**32, 9000).astype("u4"), "i8"),
               "bool": (rng.random(9000) < 0.5, "i4"), "text": (np.array(["é" * (i % 7) + "x" for i in range(9000)]), "O"),
               "big endian": (rng.normal(size=9000).astype(">f8"), "f8")}
    for name, (y, kind) in targets.items():
        weight = rng.random(9000).astype("f4")
        data = common.write("carry", X, y, weight, chunks=(1000, 2), compression="gzip")
        with h5py.File(data, "a") as f:
            f["feature_names"] = ["a", "größe"]
        _, _, model = common.fit("StandardScaler()", data)
        found = written("transform", model, data)
        assert set(found) == {"X", "y", "weight", "feature_names"}
        scaler = StandardScaler().fit(X, sample_weight=weight.astype("f8"))
        common.close(found["X"], scaler.transform(X), rtol=1e-9, atol=1e-9)
        assert (found["y"] == y).all() and found["y"].dtype == np.dtype(kind), f"{name}: {found['y'].dtype}"
        assert (found["weight"] == weight).all() and found["weight"].dtype == np.float32
        assert list(found["feature_names"]) == ["a", "größe"]


def test_transform_of_text_without_fixed_length_and_enumerations():
    X = np.arange(12.0).reshape(6, 2)
    data = common.write("enum", X)
    with h5py.File(data, "a") as f:
        kind = h5py.enum_dtype({"no": 1, "yes": 0}, basetype="i1")
        f.create_dataset("y", data=np.array([0, 1, 1, 0, 0, 1], "i1"), dtype=kind)
        odd = h5py.enum_dtype({"low": -3, "high": 7}, basetype="i2")
        f.create_dataset("odd", data=np.array([-3, 7, 7, -3, 7, 7], "i2"), dtype=odd)
        f.create_dataset("fixed", data=np.array([b"a", b"bcd", b"", b"e", b"f", b"g"]))
    _, _, model = common.fit("StandardScaler()", data)
    out = written("transform", model, data)
    assert list(out["y"]) == [0, 1, 1, 0, 0, 1]
    with h5py.File(common.path("out.h5")) as f:
        assert h5py.check_enum_dtype(f["y"].dtype) == {"yes": 0, "no": 1}
    assert list(written("transform", model, data, "--y", "/odd")["y"]) == ["low", "high", "high", "low", "high", "high"]
    assert list(written("transform", model, data, "--y", "/fixed")["y"]) == ["a", "bcd", "", "e", "f", "g"]


def test_selected_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20000, 2))
    y = np.arange(20000)
    data = common.write("some", X, y)
    _, _, model = common.fit("MaxAbsScaler()", data)
    found = written("transform", model, data, "--rows", 5000)
    assert (found["y"] == y[:5000]).all()
    common.close(found["X"], X[:5000] / np.abs(X).max(axis=0), rtol=1e-15)
    found = written("transform", model, data, "--sample", 0.5, "--seed", 3)
    assert 0 < len(found["y"]) < 20000
    common.close(found["X"], X[found["y"]] / np.abs(X).max(axis=0), rtol=1e-15)


def test_streaming_gives_the_same_file():
    rng = np.random.default_rng(0)
    data = common.write("wide", rng.normal(size=(40000, 40)).astype("f4"))
    _, _, model = common.fit("PCA(n_components=3)", data)
    for options in (common.memory(8, ranks=2), [*common.memory(8, ranks=2), "--threads", "2"], []):
        found = written("transform", model, data, *options)
        assert found["X"].shape == (40000, 3) and list(found["feature_names"]) == ["pca0", "pca1", "pca2"]


def test_failures_leave_nothing():
    X, y = datasets.load_iris(return_X_y=True)
    _, _, model = common.fit("Ridge()", common.write("iris", X, y))
    X[140, 2] = np.nan
    data = common.write("hole", X, y)
    for ranks in (1, 3):
        folder = common.path(f"out{ranks}")
        os.mkdir(folder)
        done = common.run("predict", model, data, "--out", folder + "/t.h5", ranks=ranks, check=False)
        assert done.returncode == 3 and "NaN at row 140, column 2" in done.stderr, done.stderr
        assert os.listdir(folder) == []
        done = common.run("predict", model, data, "--out", folder + "/none/t.h5", ranks=ranks, check=False)
        assert done.returncode == 4 and "none" in done.stderr, done.stderr
    done = common.run("predict", model, data, "--out", "x.h5", "--method", "predict_probs", check=False)
    assert done.returncode == 2 and "did you mean 'predict_proba'?" in done.stderr, done.stderr


if __name__ == "__main__":
    common.main(dict(globals()))
