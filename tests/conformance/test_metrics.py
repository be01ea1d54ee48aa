# SPDX-License-Identifier: BSD-3-Clause
"""score against sklearn.metrics, applied to what predict writes; the same bits on any number of ranks."""
import json
import shutil
import warnings

import numpy as np
from sklearn import datasets
from sklearn import metrics as sk

import common

BY_LABEL = ["accuracy", "balanced_accuracy"] + [f"{m}_{a}" for m in ("precision", "recall", "f1")
                                                for a in ("micro", "macro", "weighted")]
BINARY = ["precision", "recall", "f1", "roc_auc", "average_precision", "roc_auc_ovr", "roc_auc_ovo"]
MULTI = ["roc_auc_ovr", "roc_auc_ovo", "roc_auc_ovr_weighted", "roc_auc_ovo_weighted"]
REGRESSION = ["r2", "explained_variance", "neg_mean_squared_error", "mse", "rmse", "neg_root_mean_squared_error",
              "mae", "neg_mean_absolute_error", "max_error", "neg_max_error"]
RANKS = (1, 2, 3, 5)


def score(model, data, names, *options, ranks=2, check=True):
    done = common.run("score", model, data, "--scoring", ",".join(names), "--json", "--quiet", *options, ranks=ranks,
                      check=check)
    result = json.loads(done.stdout)
    for key in ("seconds", "seconds_read"):
        assert result.pop(key) >= 0.0
    return result


def same_on_all_ranks(model, data, names, *options):
    """The scores, which must be equal to the last bit on any ranks, threads and memory."""
    results = [score(model, data, names, *options, ranks=r) for r in RANKS]
    results.append(score(model, data, names, "--threads", 2, *options, ranks=2))
    for other in results[1:]:
        assert other == results[0], f"{other} != {results[0]}"
    return results[0]


def expected_classes(names, y, answer, proba, decision, w, classes):
    """scikit-learn's value for each name, from the model's outputs."""
    rank_by = decision if decision is not None else proba[:, 1]
    positive = y == classes[-1]
    found = {}
    for name in names:
        if name == "accuracy":
            found[name] = sk.accuracy_score(y, answer, sample_weight=w)
        elif name == "balanced_accuracy":
            found[name] = sk.balanced_accuracy_score(y, answer, sample_weight=w)
        elif name == "neg_log_loss":
            found[name] = -sk.log_loss(y, proba if len(classes) > 2 else proba[:, 1], sample_weight=w)
        elif name == "log_loss":
            found[name] = sk.log_loss(y, proba if len(classes) > 2 else proba[:, 1], sample_weight=w)
        elif name == "roc_auc":
            found[name] = sk.roc_auc_score(positive, rank_by, sample_weight=w)
        elif name == "average_precision":
            found[name] = sk.average_precision_score(positive, rank_by, sample_weight=w)
        elif name.startswith("roc_auc_o") and len(classes) == 2:
            found[name] = sk.roc_auc_score(positive, proba[:, 1], sample_weight=w)
        elif name.startswith("roc_auc_ovr"):
            average = "weighted" if name.endswith("weighted") else "macro"
            found[name] = sk.roc_auc_score(y, proba, multi_class="ovr", average=average, sample_weight=w)
        elif name.startswith("roc_auc_ovo"):
            found[name] = ovo(y, proba, w, classes, name.endswith("weighted"))
        else:
            kind, _, average = name.partition("_")
            function = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}[kind]
            options = {"average": average} if average else {"pos_label": classes[-1]}
            found[name] = function(y, answer, sample_weight=w, zero_division=0, **options)
    return found


def ovo(y, proba, w, classes, weighted):
    """As Hand and Till; with row weights too, which scikit-learn refuses here."""
    if w is None:
        return sk.roc_auc_score(y, proba, multi_class="ovo", average="weighted" if weighted else "macro")
    values, sizes = [], []
    for a in range(len(classes)):
        for b in range(a + 1, len(classes)):
            pair = (y == classes[a]) | (y == classes[b])
            values.append(sum(sk.roc_auc_score(y[pair] == classes[c], proba[pair, c], sample_weight=w[pair])
                              for c in (a, b)) / 2)
            sizes.append(w[pair].sum())
    return np.average(values, weights=sizes if weighted else None)


def compare(actual, expected, rtol=1e-10, atol=1e-13):
    for name, value in expected.items():
        common.close(actual[name], value, rtol=rtol, atol=atol, what=name)


def check_classifier(estimator, name, X, y, w, extra, *options):
    data = common.write(name, X, y, w)
    _, _, model = common.fit(estimator, data)
    answer = common.output("predict", model, data)
    proba = common.output("predict", model, data, "--method", "predict_proba", dataset="predict_proba")
    decision = None
    if not estimator.startswith("GaussianNB"):
        decision = common.output("predict", model, data, "--method", "decision_function", dataset="decision_function")
    names = BY_LABEL + ["neg_log_loss", "log_loss"] + extra
    y = np.asarray(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes without predictions
        expected = expected_classes(names, y, answer, proba, decision, w, np.unique(y))
    compare(same_on_all_ranks(model, data, names, *options), expected)


def weights(n, seed=0):
    """Some zero, some large, none round."""
    rng = np.random.default_rng(seed)
    w = rng.gamma(0.7, size=n) * rng.choice([1.0, 100.0], size=n)
    w[rng.random(n) < 0.1] = 0.0
    return w


def test_binary():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    check_classifier("GaussianNB()", "cancer", X, y, None, BINARY)
    check_classifier("GaussianNB()", "cancer_w", X, y, weights(len(y)), BINARY)


def test_ties_and_text_labels():
    rng = np.random.default_rng(1)
    X = rng.integers(0, 3, size=(3000, 3)).astype(float)  # 27 different rows, so scores tie
    y = np.where(X.sum(axis=1) + rng.normal(size=len(X)) > 3.0, "good", "bad")
    for w in (None, weights(len(y))):
        check_classifier("GaussianNB()", "ties", X, y, w, BINARY)
        check_classifier("LogisticRegression()", "ties", X, y, w, BINARY)


def test_multiclass():
    X, y = datasets.load_iris(return_X_y=True)
    check_classifier("LogisticRegression(max_iter=1000)", "iris", X[:, :2], y * 7 - 3, None, MULTI)
    check_classifier("GaussianNB()", "iris_w", X[:, :2], y, weights(len(y)), MULTI)
    X, y = datasets.load_digits(return_X_y=True)
    check_classifier("GaussianNB(var_smoothing=0.01)", "digits", np.round(X / 4), y, weights(len(y)), MULTI)


def check_regressor(estimator, name, X, y, w, extra=()):
    data = common.write(name, X, y, w)
    _, _, model = common.fit(estimator, data)
    p = common.output("predict", model, data)
    mse = sk.mean_squared_error(y, p, sample_weight=w)
    mae = sk.mean_absolute_error(y, p, sample_weight=w)
    counts = slice(None) if w is None else w > 0  # rows of weight zero are absent
    largest = sk.max_error(y[counts], p[counts])
    expected = {"r2": sk.r2_score(y, p, sample_weight=w),
                "explained_variance": sk.explained_variance_score(y, p, sample_weight=w),
                "mse": mse, "neg_mean_squared_error": -mse, "rmse": mse**0.5, "neg_root_mean_squared_error": -mse**0.5,
                "mae": mae, "neg_mean_absolute_error": -mae, "max_error": largest, "neg_max_error": -largest}
    if extra:
        deviance = sk.mean_poisson_deviance(y, p, sample_weight=w)
        expected |= {"mean_poisson_deviance": deviance, "neg_mean_poisson_deviance": -deviance,
                     "d2_poisson_deviance": sk.d2_tweedie_score(y, p, sample_weight=w, power=1)}
        if y.min() > 0:
            deviance = sk.mean_gamma_deviance(y, p, sample_weight=w)
            expected |= {"mean_gamma_deviance": deviance, "neg_mean_gamma_deviance": -deviance,
                         "d2_gamma_deviance": sk.d2_tweedie_score(y, p, sample_weight=w, power=2)}
    compare(same_on_all_ranks(model, data, list(expected)), expected)


def test_regression():
    X, y = datasets.load_diabetes(return_X_y=True)
    for w in (None, weights(len(y))):
        check_regressor("Ridge()", "diabetes", X, y, w)
        check_regressor("Ridge(fit_intercept=False)", "diabetes", X, y + 1e4, w)  # far off the mean


def test_poisson():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(9000, 3))
    y = rng.poisson(np.exp(X @ [0.3, -0.2, 0.1] + 0.5)).astype(float)
    for w in (None, weights(len(y))):
        check_regressor("PoissonRegressor(alpha=0.1)", "counts", X, y, w, extra=True)


def test_gamma():
    """Whatever the unit of the amounts; the score of scikit-learn's GammaRegressor among them."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(9000, 3))
    y = rng.gamma(2.0, np.exp(X @ [0.3, -0.2, 0.1]))
    for unit in (1e-6, 1.0, 1e9):
        check_regressor("GammaRegressor(alpha=0.1)", "amounts", X, y * unit, weights(len(y)) if unit == 1.0 else None, extra=True)


def test_small_errors_keep_their_digits():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(9000, 2))
    y = 100 + X @ [1.0, 2.0] + 1e-7 * rng.normal(size=len(X))
    data = common.write("nearly", X, y)
    _, _, model = common.fit("LinearRegression()", data)
    p = common.output("predict", model, data)
    compare(same_on_all_ranks(model, data, ["mse", "mae"]),
            {"mse": sk.mean_squared_error(y, p), "mae": sk.mean_absolute_error(y, p)}, rtol=1e-9, atol=0)


def test_kmeans():
    X, _ = datasets.load_iris(return_X_y=True)
    data = common.write("blobs", X)
    attributes, _, model = common.fit("KMeans(n_clusters=3, random_state=0, n_init=1)", data)
    d = ((X[:, None, :] - attributes["cluster_centers_"][None]) ** 2).sum(axis=2).min(axis=1).sum()
    compare(same_on_all_ranks(model, data, ["inertia", "neg_inertia"]), {"inertia": d, "neg_inertia": -d})


def test_scores_beyond_memory_take_more_passes():
    rng = np.random.default_rng(4)
    n = 150_000
    X = np.sort(rng.normal(size=(n, 1)), axis=0)  # one rank has all the great scores
    y = (X[:, 0] + 2 * rng.normal(size=n) > 1).astype(int)
    w = weights(n)
    for weight in (None, w):
        data = common.write("long", X, y, weight)
        _, _, model = common.fit("GaussianNB()", data)
        names = ["accuracy", "roc_auc", "average_precision"]
        roomy = score(model, data, names, ranks=1)
        for ranks in (1, 3):
            assert score(model, data, names, *common.memory(4, ranks=ranks), ranks=ranks) == roomy
        proba = common.output("predict", model, data, "--method", "predict_proba", dataset="predict_proba")[:, 1]
        compare(roomy, {"roc_auc": sk.roc_auc_score(y, proba, sample_weight=weight),
                        "average_precision": sk.average_precision_score(y, proba, sample_weight=weight)})


def test_labels_that_the_model_does_not_know():
    X, y = datasets.load_iris(return_X_y=True)
    _, _, model = common.fit("GaussianNB()", common.write("two", X[:100], y[:100]))
    data = common.write("three", X, y)
    answer = common.output("predict", model, data)
    expected = expected_classes(BY_LABEL, y, answer, None, answer, None, np.unique(y))
    compare(same_on_all_ranks(model, data, BY_LABEL), expected)
    for name in ("log_loss", "roc_auc", "f1"):
        fails(3, "holds the label 2, which the model does not know", "score", model, data, "--scoring", name)


def fails(code, words, *arguments):
    for ranks in (1, 3):
        done = common.run(*arguments, ranks=ranks, check=False)
        lines = [line for line in done.stderr.splitlines() if line.startswith("superstep: error:")]
        assert done.returncode == code and len(lines) == 1, f"exit {done.returncode}: {done.stderr}"
        assert words in lines[0], done.stderr


def test_errors():
    X, y = datasets.load_iris(return_X_y=True)
    data = common.write("iris", X, y)
    _, _, nb = common.fit("GaussianNB()", data)
    nb3 = common.path("nb.h5")
    shutil.copy(nb, nb3)
    _, _, lasso = common.fit("Lasso(alpha=0.1)", data)
    fails(2, "there is no metric 'f1_marco'; did you mean 'f1_macro'?", "score", nb3, data, "--scoring", "f1_marco")
    fails(2, "Target is multiclass but average='binary'", "score", nb3, data, "--scoring", "accuracy,f1")
    fails(2, "multiclass format is not supported", "score", nb3, data, "--scoring", "roc_auc")
    fails(2, "r2 is for regressors, GaussianNB is not one", "score", nb3, data, "--scoring", "r2")
    fails(2, "accuracy is for classifiers, Lasso is not one", "score", lasso, data, "--scoring", "accuracy")
    fails(2, "Lasso does not have predict_proba; it has predict", "predict", lasso, data, "--out",
          common.path("no.h5"), "--method", "predict_proba")
    narrow = common.write("narrow", X[:, :3], y)
    for command in (["score", lasso, narrow], ["predict", lasso, narrow, "--out", common.path("no.h5")]):
        fails(3, "narrow.h5:/X has 3 columns, the model expects 4", *command)
    fails(3, "narrow.h5 has no targets (/y)", "score", lasso, common.write("narrow", X))
    fails(3, "narrow.h5:/y holds text", "score", lasso, common.write("narrow", X, np.full(len(y), "a")))
    fails(3, "roc_auc_ovr of", "score", nb3, common.write("narrow", X[:100], y[:100]), "--scoring", "roc_auc_ovr")
    _, _, scaler = common.fit("StandardScaler()", data)
    fails(2, "StandardScaler predicts nothing", "score", scaler, data)


def test_defaults():
    X, y = datasets.load_iris(return_X_y=True)
    data = common.write("iris", X, y)
    for estimator, name in (("GaussianNB()", "accuracy"), ("Ridge()", "r2"), ("KMeans(n_clusters=2)", "neg_inertia")):
        _, _, model = common.fit(estimator, data)
        done = common.run("score", model, data, "--quiet")
        assert done.stdout.split()[0] == name and len(done.stdout.splitlines()) == 1, done.stdout


if __name__ == "__main__":
    common.main(dict(globals()))
