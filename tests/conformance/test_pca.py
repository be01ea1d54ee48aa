# SPDX-License-Identifier: BSD-3-Clause
"""PCA against scikit-learn's, up to the signs of the components."""
import warnings

import numpy as np
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from common import close, fit, main, memory, output, path, run, write

BUNDLED = {"iris": datasets.load_iris, "wine": datasets.load_wine, "digits": datasets.load_digits,
           "breast_cancer": datasets.load_breast_cancer, "diabetes": datasets.load_diabetes}


def synthetic(rows, columns, seed=0, offset=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)) @ np.diag(2.0 ** -np.arange(columns)) @ np.linalg.qr(
        rng.normal(size=(columns, columns)))[0] + offset


def compare(expression, X, rtol=1e-9, dtype=np.float64, weight=None, ranks=2, **oracle_options):
    """Attributes, coordinates and log-likelihoods must agree. Returns our attributes and the JSON."""
    data = write("pca", X.astype(dtype), weight=weight)
    X = X.astype(dtype).astype(np.float64)
    counted = X if weight is None else np.repeat(X, weight.astype(int), axis=0)
    oracle = eval(expression).set_params(svd_solver="full", **oracle_options).fit(counted)
    ours, report, model = fit(expression, data, ranks=ranks)
    k = oracle.n_components_
    assert ours["n_components_"] == k and ours["n_features_in_"] == X.shape[1]
    assert ours["n_samples_"] == (len(X) if weight is None else np.count_nonzero(weight))
    assert ours["components_"].shape == oracle.components_.shape
    # Directions without variance are any directions.
    real = oracle.singular_values_ > 1e-10 * oracle.singular_values_[0]
    absolute = 1e-13 * oracle.singular_values_[0]
    close(ours["singular_values_"], oracle.singular_values_, rtol, absolute, "singular_values_")
    for name in ("explained_variance_", "explained_variance_ratio_"):
        close(ours[name][real], getattr(oracle, name)[real], rtol, 0, name)
    tiny = 1e-26 * oracle.explained_variance_[0]
    close(ours["noise_variance_"], oracle.noise_variance_, rtol, tiny, "noise_variance_")
    close(ours["mean_"], oracle.mean_, 1e-12, 1e-15 * np.abs(X).max(), "mean_")
    close(ours["components_"] @ ours["components_"].T, np.eye(k), 0, 1e-12, "orthonormal")
    cosines = np.sum(ours["components_"] * oracle.components_, axis=1)
    signs = np.sign(cosines)
    close((signs[:, None] * ours["components_"])[real], oracle.components_[real], 0, 1e-7, "components_")
    largest = np.argmax(np.abs(ours["components_"]), axis=1)
    assert (ours["components_"][np.arange(k), largest] > 0).all(), "the largest entry is positive"
    coordinates = output("transform", model, data)
    assert coordinates.shape == (len(X), k) and np.isfinite(coordinates).all()
    expected = oracle.transform(X)[:, real]
    close((signs * coordinates)[:, real], expected, 1e-6, 1e-6 * np.abs(expected).max(), "transform")
    if (oracle.explained_variance_ > 0).all() and (oracle.noise_variance_ > 1e-20 or k == X.shape[1]) \
            and real.all():
        scores = output("predict", model, data, "--method", "score_samples", dataset="score_samples")
        # Whitening does not change the density; scikit-learn multiplies by explained_variance_ once more then.
        oracle.whiten = False
        close(np.ravel(scores), oracle.score_samples(X), 1e-6, 1e-6, "score_samples")
    return ours, report


def test_bundled_sets():
    for load in BUNDLED.values():
        X = load(return_X_y=True)[0]
        for count in ("", "2", "0.9"):
            compare(f"PCA({count})", X)
        compare("PCA(n_components=3, whiten=True)", X)


def test_mle():
    for name in ("iris", "wine", "diabetes"):
        compare("PCA(n_components='mle')", BUNDLED[name](return_X_y=True)[0])
    compare("PCA('mle')", synthetic(300, 12) + 0.01 * np.random.default_rng(1).normal(size=(300, 12)))


def test_fractions():
    X = synthetic(2000, 10)
    for fraction in (0.1, 0.5, 0.75, 0.9, 0.99, 0.999999):
        compare(f"PCA({fraction})", X)


def test_every_solver_gets_the_exact_result():
    X = synthetic(900, 8)
    for solver in ("full", "covariance_eigh", "arpack", "randomized"):
        compare(f"PCA(3, svd_solver='{solver}', random_state=0)".replace("covariance_eigh", "full"), X)
        ours = fit(f"PCA(3, svd_solver='{solver}')", write("solver", X))[0]
        close(ours["explained_variance_"], PCA(3, svd_solver="full").fit(X).explained_variance_, 1e-12)
    assert fit("PCA(svd_solver='arpack')", write("solver", X))[0]["n_components_"] == 7


def test_offsets_and_scales():
    compare("PCA(4)", synthetic(6000, 6, offset=1e6))
    compare("PCA(4, whiten=True)", synthetic(6000, 6, offset=-1e6))
    scales = 10.0 ** np.array([3, -3, 0, 2, -1])
    compare("PCA()", np.random.default_rng(2).normal(size=(4000, 5)) * scales, rtol=1e-8)


def test_second_pass_for_small_singular_values():
    """Singular values down to 1e-11 of the largest: their squares are lost in a Gram matrix."""
    rng = np.random.default_rng(3)
    spectrum = 10.0 ** -np.array([0, 2, 5, 8, 9, 11])
    X = rng.normal(size=(5000, 6)) * spectrum @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    data = write("graded", X)
    ours, report, _ = fit("PCA()", data)
    oracle = PCA(svd_solver="full").fit(X)
    close(ours["singular_values_"], oracle.singular_values_, 1e-3)
    close(ours["singular_values_"][:5], oracle.singular_values_[:5], 1e-5)
    assert report["passes"] == 2
    assert fit("PCA(2)", write("usual", synthetic(5000, 10)))[1]["passes"] == 1


def test_constant_and_repeated_columns():
    X = synthetic(500, 7)
    X[:, 2] = 3.7
    X[:, 5] = X[:, 1]
    report = compare("PCA()", X)[1]
    assert any("2 of the 7 components" in w and "n_components=5" in w for w in report["warnings"]), report
    assert compare("PCA(5, whiten=True)", X)[1]["warnings"] == []
    # Whitening what does not vary gives numbers, not infinities.
    model = fit("PCA(whiten=True)", write("flat", np.ones((20, 3))))[2]
    assert np.isfinite(output("transform", model, write("flat", np.ones((20, 3))))).all()


def test_shapes():
    compare("PCA()", synthetic(5, 9))
    compare("PCA(2)", synthetic(5, 9))
    compare("PCA(1)", synthetic(3, 1))
    compare("PCA()", synthetic(2, 2))
    compare("PCA(20)", np.random.default_rng(4).normal(size=(9000, 130)), ranks=3)


def test_float32():
    compare("PCA(4)", synthetic(3000, 8, offset=2.0), dtype=np.float32)


def test_weights_count_rows():
    weight = np.random.default_rng(5).integers(0, 4, 400).astype(float)
    compare("PCA(3)", synthetic(400, 6), weight=weight)
    compare("PCA('mle')", synthetic(400, 6), weight=weight)


def refusal(expression, X, code, *words):
    done = run("fit", expression, write("refused", X), "--model", path("m.h5"), check=False, ranks=2)
    assert done.returncode == code, (expression, done.returncode, done.stderr)
    assert all(w in done.stderr for w in words), done.stderr


def test_refusals():
    X = synthetic(10, 4)
    refusal("PCA(5)", X, 2, "n_components=5 must be between", "min(n_samples, n_features)=4")
    refusal("PCA(4, svd_solver='arpack')", X, 2, "strictly less than min(n_samples, n_features)=4")
    refusal("PCA('mle', svd_solver='randomized')", X, 2, "cannot be a string")
    refusal("PCA(0.5, svd_solver='arpack')", X, 2, "n_components=0.5")
    refusal("PCA('mle')", X.T, 2, "only supported if n_samples >= n_features")
    refusal("PCA(1.5)", X, 2, "n_components")
    refusal("PCA('all')", X, 2, "'mle'")
    refusal("PCA(1)", X[:1], 3, "at least 2 rows")


def test_pipelines():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    data = write("pipeline", X, y)
    for expression in ("make_pipeline(StandardScaler(), PCA(n_components=5), LogisticRegression(tol=1e-8, max_iter=1000))",
                       "make_pipeline(MinMaxScaler(), PCA(3, whiten=True), GaussianNB())"):
        oracle = eval(expression).fit(X, y)
        ours, _, model = fit(expression, data)
        close(ours["steps/pca/explained_variance_"], oracle["pca"].explained_variance_, 1e-9)
        probabilities = output("predict", model, data, "--method", "predict_proba", dataset="predict_proba")
        close(probabilities, oracle.predict_proba(X), 0, 1e-4)
        assert (output("predict", model, data) == oracle.predict(X)).mean() > 0.998


def test_bytes_do_not_depend_on_the_run():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(30000, 7)) * 10.0 ** -np.array([0, 1, 2, 8, 9, 10, 11]) @ rng.normal(size=(7, 7)) + 7
    data = write("bytes", X)
    for expression in ("PCA(2)", "PCA(whiten=True)"):
        models = set()
        for ranks, options in ((1, ()), (2, ()), (3, ()), (5, ()), (2, ("--threads", 2)),
                               (1, memory(4))):
            with open(fit(expression, data, *options, ranks=ranks)[2], "rb") as f:
                models.add(f.read())
        assert len(models) == 1, expression


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main(globals())
