# SPDX-License-Identifier: BSD-3-Clause
"""GaussianNB against scikit-learn's."""
import h5py
import numpy as np
from sklearn import datasets
from sklearn.naive_bayes import GaussianNB

from common import close, fit, main, memory, output, path, run, write

BUNDLED = {"iris": datasets.load_iris, "wine": datasets.load_wine, "digits": datasets.load_digits,
           "breast_cancer": datasets.load_breast_cancer}


def blobs(rows=5000, columns=7, classes=4, seed=0, distance=3.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    return rng.normal(size=(rows, columns)) + distance * rng.normal(size=(classes, columns))[y], y


def compare(X, y, expression="GaussianNB()", weight=None, rtol=1e-9, dtype=np.float64, proba=True):
    data = write("nb", X.astype(dtype), y, weight=weight)
    X = X.astype(dtype).astype(np.float64)
    oracle = eval(expression).fit(X, y, sample_weight=weight)
    ours, report, model = fit(expression, data)
    assert (ours["classes_"] == oracle.classes_).all()
    assert ours["n_features_in_"] == X.shape[1]
    close(ours["theta_"], oracle.theta_, rtol, 1e-15 * np.abs(X).max(), "theta_")
    for name in ("var_", "class_prior_", "class_count_", "epsilon_"):
        close(ours[name], getattr(oracle, name), rtol, 0, name)
    assert (output("predict", model, data) == oracle.predict(X)).all()
    if proba:
        probabilities = output("predict", model, data, "--method", "predict_proba", dataset="predict_proba")
        close(probabilities, oracle.predict_proba(X), 1e-6, 1e-12, "predict_proba")
        close(probabilities.sum(axis=1), 1, 1e-14)
    return report


def test_bundled_sets():
    for load in BUNDLED.values():
        compare(*load(return_X_y=True))
    # A target with 214 values, most of them once: classes of one row.
    X, y = datasets.load_diabetes(return_X_y=True)
    compare(X, y.astype(int), "GaussianNB(var_smoothing=0.01)")


def test_parameters():
    X, y = datasets.load_wine(return_X_y=True)
    compare(X, y, "GaussianNB(var_smoothing=0.001)")
    compare(X, y, "GaussianNB(priors=[0.2, 0.5, 0.3])")
    compare(X, y, "GaussianNB(priors=(1, 0, 0))")


def test_labels_are_text():
    X, y = blobs(800, 3, 3)
    compare(X, np.array(["red", "green", "blue"])[y])
    compare(X, y * 10 - 7)


def test_far_from_zero():
    X, y = blobs()
    compare(X + 1e6, y, rtol=1e-8)
    compare(X - 1e3, y)
    compare(X * 10.0 ** np.arange(-3, 4), y)


def test_classes_far_from_each_other():
    """Their distance must not cost the variances inside them their digits: a second pass."""
    X, y = blobs(distance=1e6)
    assert compare(X, y)["passes"] == 2
    X, y = blobs()
    assert compare(X, y)["passes"] == 1


def test_constant_columns():
    X, y = blobs()
    X[:, 2] = 5.0
    X[y == 1, 3] = 0.1
    compare(X, y)


def test_weights():
    X, y = blobs()
    rng = np.random.default_rng(1)
    compare(X, y, weight=rng.random(len(X)) * 5)
    compare(X, y, weight=rng.integers(1, 5, len(X)).astype(float))
    # Rows of weight zero are absent: scikit-learn would count them in epsilon_.
    weight = rng.integers(0, 3, len(X)).astype(float)
    ours = fit("GaussianNB()", write("nb", X, y, weight=weight))[0]
    kept = weight > 0
    oracle = GaussianNB().fit(X[kept], y[kept], sample_weight=weight[kept])
    for name in ("theta_", "var_", "class_prior_", "class_count_", "epsilon_"):
        close(ours[name], getattr(oracle, name), 1e-9, 1e-14, name)


def test_a_class_without_weight():
    X, y = blobs(classes=3)
    weight = np.where(y == 1, 0.0, 1.0)
    data = write("nb", X, y, weight=weight)
    ours, report, model = fit("GaussianNB()", data)
    kept = y != 1
    oracle = GaussianNB().fit(X[kept], y[kept])
    close(ours["theta_"][[0, 2]], oracle.theta_, 1e-9, 1e-14)
    assert (ours["theta_"][1] == 0).all() and ours["class_prior_"][1] == 0
    assert any("class 1" in w for w in report["warnings"])
    assert (output("predict", model, data) == oracle.predict(X)).all()
    probabilities = output("predict", model, data, "--method", "predict_proba", dataset="predict_proba")
    close(probabilities[:, [0, 2]], oracle.predict_proba(X), 1e-6, 1e-12)
    assert (probabilities[:, 1] == 0).all()


def test_shapes_and_float32():
    X, y = blobs()
    compare(X, y, dtype=np.float32)
    compare(X[:, :1], y)
    compare(X[:200], np.zeros(200, int))
    wide, codes = blobs(300, 700, 11, distance=0.1)
    compare(wide, codes)


def refusal(X, y, expression, code, words, weight=None):
    data = write("refused", X, y, weight=weight)
    done = run("fit", expression, data, "--model", path("m.h5"), check=False, ranks=2)
    assert done.returncode == code and words in done.stderr, (done.returncode, done.stderr)


def test_refusals():
    X, y = blobs(100, 3, 2)
    refusal(X, y, "GaussianNB(priors=[0.5])", 2, "Number of priors must match number of classes")
    refusal(X, y, "GaussianNB(priors=[0.5, 0.6])", 2, "The sum of the priors should be 1")
    refusal(X, y, "GaussianNB(priors=[1.5, -0.5])", 2, "Priors must be non-negative")
    refusal(X, y, "GaussianNB(priors='equal')", 2, "priors")
    refusal(X, y, "GaussianNB(var_smoothing=-1)", 2, "var_smoothing")
    refusal(np.ones((10, 2)), np.arange(10) % 2, "GaussianNB()", 3, "does not vary")
    refusal(X, y, "GaussianNB()", 3, "weight above zero", weight=np.zeros(100))


def test_bytes_do_not_depend_on_the_run():
    for distance in (1.0, 1e6):
        X, y = blobs(30000, distance=distance)
        for weight in (None, np.random.default_rng(2).random(30000)):
            data = write("bytes", X, y, weight=weight)
            models = set()
            for ranks, options in ((1, ()), (2, ()), (3, ()), (5, ()), (2, ("--threads", 2)),
                                   (1, memory(4))):
                with open(fit("GaussianNB()", data, *options, ranks=ranks)[2], "rb") as f:
                    models.add(f.read())
            assert len(models) == 1, distance

def test_smoothing_of_a_fold_far_from_the_rest():
    """The training rows of a fold lie at 1e8, the provisional means elsewhere; with weights the variance that is smoothed
    with counts each row once. A column that is constant within a class has nothing but that."""
    rng = np.random.default_rng(8)
    n = 3000
    far = np.where(np.arange(n) < n // 6, 0.0, 1e8)
    labels = rng.integers(0, 2, n)
    small = np.where(labels == 0, 0.0, 4e-5 * rng.standard_normal(n))
    test_rows = np.arange(n) < n // 3
    small[test_rows] = 4e-5 * rng.standard_normal(n // 3)
    X, weight = np.c_[far + rng.standard_normal(n), small], rng.integers(0, 3, n) + 0.5 * rng.random(n) * (rng.random(n) < 0.5)
    out = path("far-proba.h5")
    run("cross-validate", "GaussianNB()", write("far", X, labels, weight), "--cv", "KFold(3)", "--method", "predict_proba", "--out",
        out, "--quiet")
    kept = ~test_rows & (weight > 0)
    theirs = GaussianNB().fit(X[kept], labels[kept], weight[kept])
    seen = test_rows & (far > 0)
    with h5py.File(out) as f:
        ours = f["predict_proba"][()]
    close(ours[seen], theirs.predict_proba(X[seen]), rtol=0, atol=1e-6)
    assert 0.1 < np.mean(theirs.predict_proba(X[seen])[:, 0]) < 0.9


if __name__ == "__main__":
    main(globals())
