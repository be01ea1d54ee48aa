# SPDX-License-Identifier: BSD-3-Clause
"""TruncatedSVD against scikit-learn's, up to the signs of the components."""
import numpy as np
from sklearn import datasets
from sklearn.decomposition import TruncatedSVD

from common import close, fit, main, memory, output, path, run, write

BUNDLED = {"iris": datasets.load_iris, "wine": datasets.load_wine, "digits": datasets.load_digits,
           "breast_cancer": datasets.load_breast_cancer, "diabetes": datasets.load_diabetes}


def compare(k, X, rtol=1e-9, dtype=np.float64, weight=None, options=""):
    data = write("svd", X.astype(dtype), weight=weight)
    X = X.astype(dtype).astype(np.float64)
    counted = X if weight is None else np.repeat(X, weight.astype(int), axis=0)
    oracle = TruncatedSVD(k, algorithm="arpack").fit(counted)
    # ARPACK works on X'X and loses half of the digits of small singular values; LAPACK does not.
    singular = np.linalg.svd(counted, compute_uv=False)[:k]
    ours, report, model = fit(f"TruncatedSVD({k}{options})", data)
    close(ours["singular_values_"], singular, rtol, 0, "singular_values_")
    close(ours["explained_variance_"], oracle.explained_variance_, 1e-6, 0, "explained_variance_")
    close(ours["explained_variance_ratio_"], oracle.explained_variance_ratio_, 1e-6, 0, "ratio")
    signs = np.sign(np.sum(ours["components_"] * oracle.components_, axis=1))
    close(signs[:, None] * ours["components_"], oracle.components_, 0, 1e-6, "components_")
    close(ours["components_"] @ ours["components_"].T, np.eye(k), 0, 1e-12, "orthonormal")
    expected = oracle.transform(X)
    close(signs * output("transform", model, data), expected, 1e-6, 1e-6 * np.abs(expected).max())
    assert ours["n_features_in_"] == X.shape[1]
    return report


def test_bundled_sets():
    for load in BUNDLED.values():
        compare(3, load(return_X_y=True)[0])
    compare(12, datasets.load_wine(return_X_y=True)[0])


def test_parameters_of_the_approximation():
    X = datasets.load_digits(return_X_y=True)[0]
    compare(5, X, options=", n_iter=7, random_state=42")
    compare(2, X, options=", algorithm='arpack'")
    done = run("fit", "TruncatedSVD(tol=0.5)", write("svd", X), "--model", path("m.h5"))
    assert done.stderr.count("superstep: warning: TruncatedSVD: tol=0.5 changes nothing") == 1, done.stderr


def test_offsets_need_a_second_pass():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 5)) * [5, 4, 3, 2, 1] + 1e6
    data = write("offset", X)
    ours, report, _ = fit("TruncatedSVD(4)", data)
    close(ours["singular_values_"], np.linalg.svd(X, compute_uv=False)[:4], 1e-9)
    t = X @ ours["components_"].T
    close(ours["explained_variance_"], t.var(axis=0), 1e-6)
    assert report["passes"] == 2


def test_float32_weights_and_shapes():
    X = np.random.default_rng(1).normal(size=(700, 6)) * [5, 4, 3, 2, 1, 0.5] + 1
    compare(3, X, dtype=np.float32)
    compare(3, X, weight=np.random.default_rng(2).integers(0, 3, 700).astype(float))
    compare(2, X[:4])
    assert fit("TruncatedSVD(5)", write("short", X[:3]))[0]["components_"].shape == (3, 6)


def test_refusals():
    X = np.random.default_rng(3).normal(size=(20, 4))
    for expression, columns, code, words in (
            ("TruncatedSVD(5)", 4, 2, "n_components(5) must be <= n_features(4)"),
            ("TruncatedSVD(4, algorithm='arpack')", 4, 2, "min(n_samples, n_features)"),
            ("TruncatedSVD(1)", 1, 3, "a minimum of 2 is required")):
        done = run("fit", expression, write("refused", X[:, :columns]), "--model", path("m.h5"), check=False,
                   ranks=2)
        assert done.returncode == code and words in done.stderr, done.stderr


def test_bytes_do_not_depend_on_the_run():
    X = np.random.default_rng(4).normal(size=(30000, 7)) + 1e5
    data = write("bytes", X)
    for expression in ("TruncatedSVD(1)", "TruncatedSVD(7)"):
        models = set()
        for ranks, options in ((1, ()), (2, ()), (3, ()), (5, ()), (2, ("--threads", 2)),
                               (1, memory(4))):
            with open(fit(expression, data, *options, ranks=ranks)[2], "rb") as f:
                models.add(f.read())
        assert len(models) == 1, expression


if __name__ == "__main__":
    main(globals())
