# SPDX-License-Identifier: BSD-3-Clause
"""KMeans against scikit-learn's."""
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine, make_blobs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import SKLEARN, close, fit, main, memory, output, path, run, write


def blobs(rows=5000, centers=12, columns=7, std=2.0, seed=3):
    return make_blobs(rows, n_features=columns, centers=centers, random_state=seed, cluster_std=std)[0]


SETS = {"iris": (load_iris().data, 3), "wine": (load_wine().data, 4), "digits": (load_digits().data, 10),
        "blobs": (blobs(), 12)}


def reference(model, X, weight=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, sample_weight=weight)


def given(centers, **others):
    """The expression, and scikit-learn's estimator, that begin at these centres."""
    centers = np.asarray(centers, dtype=np.float64)
    k = len(centers)
    arguments = "".join(f", {name}={value!r}" for name, value in others.items())
    return f"KMeans({k}, init={centers.tolist()}, n_init=1{arguments})", KMeans(k, init=centers, n_init=1, **others)


def compare(X, centers, weight=None, rtol=1e-12, **others):
    expression, oracle = given(centers, **others)
    data = write("points", X, weight=weight)
    X = X.astype(np.float64)
    reference(oracle, X, weight)
    ours, json, model = fit(expression, data)
    assert ours["n_iter_"] == oracle.n_iter_ == json["n_iter"], (ours["n_iter_"], oracle.n_iter_)
    assert ours["n_features_in_"] == X.shape[1]
    close(ours["inertia_"], oracle.inertia_, rtol)
    scale = np.abs(X).max()
    close(ours["cluster_centers_"], oracle.cluster_centers_, rtol, 1e-14 * scale)
    labels = output("predict", model, data)
    assert (labels == oracle.labels_).all()
    distances = output("transform", model, data)
    # scikit-learn's own transform multiplies out the square and has few digits far from zero.
    close(distances, np.linalg.norm(X[:, None] - oracle.cluster_centers_, axis=2), 1e-9, 1e-14 * scale)
    close(np.square(distances).min(1).dot(np.ones(len(X)) if weight is None else weight), oracle.inertia_, 1e-9)
    return ours, json


def test_from_given_centers():
    for X, k in SETS.values():
        start = X[np.random.default_rng(1).choice(len(X), k, replace=False)]
        compare(X, start)
        compare(X.astype(np.float32), start.astype(np.float32))


def test_far_from_zero():
    for X, k in SETS.values():
        start = X[np.random.default_rng(2).choice(len(X), k, replace=False)]
        compare(X + 1e6, start + 1e6)


def test_weights():
    rng = np.random.default_rng(0)
    for X, k in SETS.values():
        compare(X, X[rng.choice(len(X), k, replace=False)], weight=rng.uniform(0.1, 30, len(X)))


def test_rows_of_weight_zero_are_absent():
    X, k = SETS["wine"]
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 3, len(X)).astype(float)
    there = weight > 0
    far = X + 1e4 * ~there[:, None]
    for init in (X[there][:k].tolist(), "k-means++", "random"):
        expression = f"KMeans({k}, init={init!r}, n_init=1, random_state=4)"
        ours, _, _ = fit(expression, write("some", far, weight=weight))
        assert np.abs(ours["cluster_centers_"]).max() <= np.abs(X).max()
        if isinstance(init, list):
            oracle = reference(given(init)[1], X[there], weight[there])
            assert ours["n_iter_"] == oracle.n_iter_
            close(ours["inertia_"], oracle.inertia_, 1e-12)
            close(ours["cluster_centers_"], oracle.cluster_centers_, 1e-10)
    # What these rows hold is of no concern to the random choices.
    for init in ("k-means++", "random"):
        for seed in range(3):
            expression = f"KMeans(12, init={init!r}, n_init=1, random_state={seed})"
            ours, other = (fit(expression, write("some", x, weight=weight))[0] for x in (far, X))
            close(ours["cluster_centers_"], other["cluster_centers_"], 1e-9, what=expression)


def test_stopping():
    X, k = SETS["digits"]
    start = X[:k]
    for others in ({"tol": 0.0}, {"tol": 0.1}, {"max_iter": 1}, {"max_iter": 4}):
        _, json = compare(X, start, **others)
        assert json["converged"] == ("max_iter" not in others)
        assert any("max_iter" in w for w in json["warnings"]) == ("max_iter" in others)


def test_algorithms_are_one():
    X, k = SETS["wine"]
    for algorithm in ("elkan", *(("full", "auto") if SKLEARN < (1, 3) else ())):
        compare(X, X[:k], algorithm=algorithm)


def test_one_cluster():
    X, _ = SETS["iris"]
    ours, _ = compare(X, X[:1])
    close(ours["cluster_centers_"], [X.mean(0)], 1e-13)


def test_empty_clusters_get_the_farthest_rows():
    X = blobs(300, 3, 2, 1.0)
    for start in ([X[0], X[1], [900.0, 900.0]], [[900.0, 900.0], X[0], X[1], X[2]]):
        compare(X, start)
        compare(X, start, weight=np.random.default_rng(3).uniform(0.5, 2, len(X)))
    # scikit-learn gives several rows to several clusters in no particular order.
    start = [X[0], [900.0, 900.0], [-900.0, 900.0], [900.0, -900.0]]
    expression, oracle = given(start, max_iter=1)
    reference(oracle, X)
    ours, _, _ = fit(expression, write("empty", X))
    rows = sorted(map(tuple, ours["cluster_centers_"]))
    close(rows, sorted(map(tuple, oracle.cluster_centers_)), 1e-12)
    close(ours["inertia_"], oracle.inertia_, 1e-12)


def test_fewer_different_rows_than_clusters():
    X = np.repeat([[0.0, 1.0], [5.0, 2.0], [9.0, 9.0]], 20, axis=0)
    for init in ("'k-means++'", "'random'", "[[0, 0], [1, 1], [2, 2], [3, 3], [4, 4]]"):
        ours, json, _ = fit(f"KMeans(5, init={init}, random_state=0)", write("same", X))
        assert ours["inertia_"] == 0
        assert set(map(tuple, X)) <= set(map(tuple, ours["cluster_centers_"].round(12) + 0.0))
        text = "Number of distinct clusters (3) found smaller than n_clusters (5)"
        assert any(w.startswith(text) for w in json["warnings"]), json["warnings"]
    ours, json, _ = fit("KMeans(2)", write("constant", np.full((10, 3), 7.5)))
    assert (ours["cluster_centers_"] == 7.5).all() and ours["inertia_"] == 0


def test_our_starts_are_as_good():
    grid = 6.0 * np.array([(i, j) for i in range(10) for j in range(10)])
    rng = np.random.default_rng(0)
    more = {"digits, 50 clusters": (SETS["digits"][0], 50), "heavy tails": (rng.lognormal(0, 1.5, (8000, 5)), 20),
            "grid": (grid[rng.integers(0, 100, 8000)] + rng.normal(size=(8000, 2)), 100)}
    for name, (X, k) in {**SETS, **more}.items():
        best = reference(KMeans(k, n_init=10, random_state=0), X).inertia_
        data = write("start", X)
        for init in ("k-means++", "k-means||"):
            ours, _, _ = fit(f"KMeans({k}, init='{init}', n_init=10, random_state=1)", data)
            assert ours["inertia_"] <= 1.03 * best, (name, init, ours["inertia_"] / best)
        ours, _, _ = fit(f"KMeans({k}, init='random', random_state=1)", data)
        theirs = reference(KMeans(k, init="random", n_init=10, random_state=0), X).inertia_
        assert ours["inertia_"] <= 1.2 * theirs, (name, ours["inertia_"] / theirs)


def test_restarts():
    X, k = SETS["blobs"]
    data = write("again", X)
    inertia = {n: fit(f"KMeans({k}, init='random', n_init={n!r}, random_state=5)", data)[0]["inertia_"]
               for n in (1, 2, 10, "auto", "warn")}
    assert inertia[1] >= inertia[2] >= inertia[10]
    assert inertia[1] > inertia[10]  # these data and this seed: a later restart is better
    assert inertia["auto"] == inertia["warn"] == inertia[10]
    seeds = {fit(f"KMeans({k}, n_init=1, random_state={s})", data)[0]["inertia_"] for s in range(4)}
    assert len(seeds) > 1
    centers = [fit(e, data, *options)[0]["cluster_centers_"] for e, options in
               ((f"KMeans({k})", ("--seed", 9)), (f"KMeans({k}, random_state=9)", ()), (f"KMeans({k})", ()))]
    assert (centers[0] == centers[1]).all() and not (centers[0] == centers[2]).all()


def test_any_distribution_gives_the_same_bytes():
    X = blobs(30011, 9, 5, 3.0)
    weight = np.random.default_rng(5).integers(0, 4, len(X)).astype(float)
    data = write("spread", X.astype(np.float32), weight=weight, chunks=(1000, 5))
    far = [[900.0] * 5, [-900.0] * 5] + X[:7].tolist()
    for expression in ("KMeans(9, n_init=3)", "KMeans(9, init='random', n_init=2)",
                       f"KMeans(9, init={far!r}, max_iter=5)"):
        wanted = None
        for ranks, options in ((1, ()), (2, ()), (3, ("--threads", 2)), (5, ()), (1, ("--threads", 3)),
                               (2, memory(6, ranks=2))):
            content = open(fit(expression, data, *options, ranks=ranks)[2], "rb").read()
            wanted = wanted or content
            assert content == wanted, (expression, ranks, options)


def test_in_a_pipeline():
    X, k = SETS["wine"]
    scaled = StandardScaler().fit_transform(X)
    start = scaled[:k]
    data = write("wine", X)
    oracle = reference(make_pipeline(StandardScaler(), given(start)[1])[-1], scaled)
    ours, _, model = fit(f"make_pipeline(StandardScaler(), {given(start)[0]})", data)
    close(ours["steps/kmeans/inertia_"], oracle.inertia_, 1e-10)
    assert (output("predict", model, data) == oracle.labels_).all()


def test_what_is_refused():
    data = write("three", np.arange(12.0).reshape(3, 4))
    for expression, code, text in (
            ("KMeans()", 3, "n_samples=3 should be >= n_clusters=8."),
            ("KMeans(2, init=[[1, 2, 3, 4]])", 2, "does not match the number of clusters 2"),
            ("KMeans(1, init=[[1, 2, 3]])", 2, "does not match the number of features of the data 4"),
            ("KMeans(2, init='kmeans++')", 2, "did you mean 'k-means++'"),
            ("KMeans(2, init=[[1, 2], [3]])", 2, "init must be"),
            ("KMeans(0)", 2, "n_clusters must be"),
            ("KMeans(2, n_init=0)", 2, "n_init must be"),
            ("KMeans(2, n_init='never')", 2, "n_init must be"),
            ("KMeans(2, tol=-1.0)", 2, "tol must be"),
            ("KMeans(2, algorithm='hamerly')", 2, "algorithm")):
        for ranks in (1, 3):
            done = run("fit", expression, data, "--model", path("none.h5"), ranks=ranks, check=False)
            assert done.returncode == code, (expression, done.returncode, done.stderr)
            assert text in done.stderr and done.stderr.count("superstep:") == 1, done.stderr
    X = np.ones((5, 2))
    X[3, 1] = np.nan
    assert run("fit", "KMeans(2)", write("nan", X), "--model", path("none.h5"), check=False).returncode == 3


if __name__ == "__main__":
    main(globals())
