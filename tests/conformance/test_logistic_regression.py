# SPDX-License-Identifier: BSD-3-Clause
"""LogisticRegression against scikit-learn's: optimum, labels, probabilities, refusals."""
import filecmp
import warnings

import numpy as np
from scipy.special import expit, logsumexp, softmax
from sklearn.datasets import (load_breast_cancer, load_digits, load_iris, load_wine,
                              make_classification)
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from common import SKLEARN, close, fit, main, not_worse, output, path, run, write

TIGHT = "tol=1e-8, max_iter=1000"


def scaled(load):
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def balanced(y, weight):
    """What 'balanced' is in scikit-learn since 1.7: the weights of the classes decide, not how many rows they have."""
    classes = np.unique(y)
    return {k: weight.sum() / (len(classes) * weight[y == k].sum()) for k in classes}


def objective(X, y, coef, intercept, C, weight=None, class_weight=None, l1=0.0):
    """scikit-learn's, with C in front of the loss taken out: sum v loss + penalty / C."""
    classes, codes = np.unique(y, return_inverse=True)
    v = np.ones(len(y)) if weight is None else np.array(weight, float)
    if class_weight is not None:
        by_weight = {"sample_weight": weight} if SKLEARN >= (1, 7) else {}
        v = v * compute_class_weight(class_weight, classes=classes, y=y, **by_weight)[codes]
    z = X @ coef.T + intercept
    if len(classes) == 2:
        z = np.hstack([np.zeros_like(z), z])
    loss = logsumexp(z, axis=1) - z[np.arange(len(y)), codes]
    return v @ loss + (l1 * np.abs(coef).sum() + (1 - l1) / 2 * (coef**2).sum()) / C


def reference(X, y, weight=None, solver="newton-cg", **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tol, max_iter = (1e-12, 20000) if solver == "saga" else (1e-8, 1000)
        return LogisticRegression(solver=solver, tol=tol, max_iter=max_iter, random_state=0, **params).fit(X, y, weight)


def agrees(name, X, y, expression, weight=None, l1=0.0, coef_tolerance=1e-5, ranks=2, **params):
    """Same optimum, labels and probabilities as scikit-learn's model with the same parameters."""
    data = write(name, X, y, weight)
    X = X.astype(float)
    theirs = reference(X, y, weight, **params)
    ours, report, model = fit(f"LogisticRegression({expression}, {TIGHT})", data, ranks=ranks)
    what = f"{name} {expression}"
    assert report["converged"], (what, report)
    C = params.get("C", 1.0) if params.get("penalty", "l2") not in (None, "none") else np.inf
    value = lambda coef, intercept: objective(X, y, coef, intercept, C, weight, params.get("class_weight"), l1)
    not_worse(value(ours["coef_"], ours["intercept_"]), value(theirs.coef_, theirs.intercept_), what=what)
    if coef_tolerance is not None:
        scale = np.abs(theirs.coef_).max()
        close(ours["coef_"], theirs.coef_, rtol=coef_tolerance, atol=coef_tolerance * scale, what=what)
        span = np.abs(theirs.intercept_).max() + np.abs(X.mean(axis=0) * theirs.coef_).sum()
        close(ours["intercept_"], theirs.intercept_, atol=coef_tolerance * span, what=what)
    assert ours["coef_"].shape == theirs.coef_.shape and ours["intercept_"].shape == theirs.intercept_.shape
    assert list(ours["classes_"]) == list(theirs.classes_) and ours["n_iter_"].shape == (1,)
    return theirs, ours, report, data, model


def predicts_alike(theirs, X, data, model, tolerance=1e-7, z_tolerance=1e-5):
    close(output("predict", model, data, "--method", "predict_proba", dataset="predict_proba"),
          theirs.predict_proba(X), rtol=1e-5, atol=tolerance)
    z = output("predict", model, data, "--method", "decision_function", dataset="decision_function")
    close(z.reshape(theirs.decision_function(X).shape), theirs.decision_function(X), rtol=1e-5, atol=z_tolerance)
    np.testing.assert_array_equal(output("predict", model, data), theirs.predict(X))


def test_binary():
    X, y = scaled(load_breast_cancer)
    for C in (0.01, 1.0, 100.0):
        theirs, ours, report, data, model = agrees("cancer", X, y, f"C={C}", C=C)
        predicts_alike(theirs, X, data, model)
        assert report["passes"] <= 25, report


def test_multinomial():
    for name, load in (("iris", load_iris), ("wine", load_wine), ("digits", load_digits)):
        X, y = scaled(load)
        for C in (0.01, 1.0, 100.0):
            if name == "digits" and C == 100.0:
                continue  # scikit-learn takes minutes
            theirs, ours, report, data, model = agrees(name, X, y, f"C={C}", C=C)
            # agrees() has seen that our objective is no worse; newton-cg of 1.9 stops a little before 1.2's.
            predicts_alike(theirs, X, data, model, *((1e-6, 1e-3) if SKLEARN >= (1, 8) else ()))
            assert report["passes"] <= 30, report


def test_columns_as_they_come():
    """Unscaled columns, also seen through a pipeline's scaler."""
    for name, load in (("cancer", load_breast_cancer), ("wine", load_wine), ("iris", load_iris)):
        X, y = load(return_X_y=True)
        theirs = reference(X, y, solver="newton-cholesky" if name == "cancer" else "newton-cg")
        data = write(name + "-raw", X, y)
        ours, report, model = fit(f"LogisticRegression({TIGHT})", data)
        assert report["converged"], report
        not_worse(objective(X, y, ours["coef_"], ours["intercept_"], 1.0),
                  objective(X, y, theirs.coef_, theirs.intercept_, 1.0), what=name)
        np.testing.assert_array_equal(output("predict", model, data), theirs.predict(X))
        piped, _, _ = fit(f"make_pipeline(StandardScaler(), LogisticRegression({TIGHT}))", data)
        expected = reference(StandardScaler().fit_transform(X), y)
        close(piped["steps/logisticregression/coef_"], expected.coef_, atol=1e-5, what=name)


def test_types_weights_and_labels():
    rng = np.random.default_rng(0)
    for dtype in ("f4", "f8"):
        X, y = make_classification(10000, 20, n_informative=8, random_state=1)
        X = X.astype(dtype)
        weight = rng.integers(0, 4, len(y)) * rng.random(len(y))
        # Columns depend on each other: what scikit-learn finds of float32 is 2e-5 (newton-cg) to 5e-4 (lbfgs) of the largest off.
        told = 1e-4 if dtype == "f4" else 1e-5
        agrees("made" + dtype, X, y, "C=1.0", coef_tolerance=told)
        agrees("weighted" + dtype, X, y, "C=0.1", weight=weight, coef_tolerance=told, C=0.1)
    X, y = make_classification(9000, 12, n_informative=8, n_classes=4, random_state=2)
    names = np.array(["ant", "bee", "cat", "dog"])[y]
    theirs, ours, report, data, model = agrees("named", X, names, "C=1.0")
    np.testing.assert_array_equal(output("predict", model, data), theirs.predict(X))
    agrees("numbered", X, 5.0 * y - 3, "C=1.0")


def test_class_weights():
    X, y = make_classification(6000, 10, n_informative=6, weights=[0.9], random_state=3)
    rng = np.random.default_rng(1)
    weight = np.where(rng.random(len(y)) < 0.2, 0.0, rng.random(len(y)) + 0.5) * np.where(y == 1, 3.0, 1.0)
    for text, value in (("'balanced'", "balanced"), ("{0: 0.3, 1: 2}", {0: 0.3, 1: 2}), ("{1: 5.0}", {1: 5.0})):
        agrees("unequal", X, y, f"class_weight={text}", class_weight=value)
        if value == "balanced" and SKLEARN < (1, 7):
            value = balanced(y, weight)  # there each row counts once
        agrees("unequal-weighted", X, y, f"class_weight={text}", weight=weight, class_weight=value)
    X, y = make_classification(6000, 10, n_informative=6, n_classes=3, weights=[0.8, 0.15], random_state=3)
    agrees("three", X, y, "class_weight='balanced'", class_weight="balanced")
    names = np.array(["a", "b", "c"])[y]
    agrees("three-named", X, names, "class_weight={'a': 0.5, 'b': 1, 'c': 3}",
           class_weight={"a": 0.5, "b": 1, "c": 3})
    refused = run("fit", "LogisticRegression(class_weight={'a': 1, 'z': 2})", path("three-named.h5"),
                  "--model", path("no.h5"), check=False)
    assert refused.returncode == 3 and "'z'" in refused.stderr, refused.stderr


def test_no_penalty_no_intercept():
    X, y = make_classification(5000, 10, n_informative=6, n_redundant=0, class_sep=0.5, random_state=4)
    agrees("free", X, y, "penalty=None", penalty=None)
    agrees("free", X, y, "penalty='none'", penalty=None)
    agrees("free", X + 3, y, "fit_intercept=False, C=0.5", fit_intercept=False, C=0.5)
    X, y = make_classification(5000, 10, n_informative=6, n_redundant=0, n_classes=3, class_sep=0.5, random_state=4)
    agrees("free3", X, y, "penalty=None", penalty=None)
    agrees("free3", X, y, "fit_intercept=False", fit_intercept=False)


def test_multinomial_for_two_classes():
    if SKLEARN >= (1, 8):
        return  # multi_class is gone there
    X, y = scaled(load_breast_cancer)
    data = write("two-sided", X, y)
    theirs = reference(X, y, multi_class="multinomial", C=0.1)
    ours, _, model = fit(f"LogisticRegression(multi_class='multinomial', C=0.1, {TIGHT})", data)
    close(ours["coef_"], theirs.coef_, atol=1e-6)
    close(ours["intercept_"], theirs.intercept_, atol=1e-6)
    predicts_alike(theirs, X, data, model)


def test_spellings_of_the_penalty():
    """l1_ratio and C say it from scikit-learn 1.8 on; penalty, as before, means the same."""
    X, y = make_classification(3000, 12, n_informative=4, random_state=5)
    data = write("spellings", X, y)
    coef = lambda words: fit(f"LogisticRegression({words}, {TIGHT})", data)[0]["coef_"]
    for now, before in (("l1_ratio=1, C=0.01", "penalty='l1', C=0.01"), ("l1_ratio=1.0, C=0.01", "'l1', C=0.01"),
                        ("l1_ratio=0, C=0.01", "penalty='l2', C=0.01"), ("l1_ratio=None, C=0.01", "C=0.01"),
                        ("l1_ratio=0.5, C=0.02", "penalty='elasticnet', l1_ratio=0.5, C=0.02"),
                        ("C=np.inf", "penalty=None"), ("C=np.inf, l1_ratio=1", "penalty='none'")):
        np.testing.assert_array_equal(coef(now), coef(before), err_msg=f"{now} beside {before}")
    assert (coef("l1_ratio=1, C=0.01") == 0).any()  # it is L1
    assert not (coef("C=0.01") == 0).any()
    params = {"l1_ratio": 1} if SKLEARN >= (1, 8) else {"penalty": "l1"}
    theirs = reference(X, y, solver="saga", C=0.01, **params)
    close(coef("l1_ratio=1, C=0.01"), theirs.coef_, atol=1e-6)
    for words in ("penalty='l2', l1_ratio=1", "penalty='l1', l1_ratio=0.5"):
        refused = run("fit", f"LogisticRegression({words})", data, "--model", path("no.h5"), check=False)
        assert refused.returncode == 2 and "l1_ratio" in refused.stderr, refused.stderr


def largest_subgradient(X, y, coef, intercept, C):
    """Of the objective with an L1 penalty: zero at the optimum and nowhere else."""
    classes, codes = np.unique(y, return_inverse=True)
    z = X @ coef.T + intercept
    two = len(classes) == 2
    p = expit(z) if two else softmax(z, axis=1)
    r = p - (codes[:, None] if two else np.eye(len(classes))[codes])
    g = r.T @ X
    at_zero = np.maximum(np.abs(g) - 1 / C, 0)
    elsewhere = np.abs(g + np.sign(coef) / C)
    return max(np.abs(r.sum(axis=0)).max(), np.where(coef == 0, at_zero, elsewhere).max())


def test_l1():
    """saga is slow where columns are alike, so the optimum is also known by its subgradient."""
    def check(name, X, y, C, coef_tolerance):
        _, ours, report, _, _ = agrees(name, X, y, f"penalty='l1', C={C}", penalty="l1", C=C, solver="saga",
                                       l1=1.0, coef_tolerance=coef_tolerance)
        assert report["passes"] <= 25, report
        assert largest_subgradient(X, y, ours["coef_"], ours["intercept_"], C) < 1e-6, (name, C)
        assert (ours["coef_"] == 0).any(), (name, C)

    X, y = scaled(load_breast_cancer)
    for C in (0.01, 1.0, 10.0):
        check("cancer", X, y, C, 1e-5 if C == 0.01 else None)
    X, y = scaled(load_wine)
    for C in (0.1, 1.0):
        check("wine", X, y, C, None)
    X, y = make_classification(20000, 40, n_informative=6, n_redundant=0, random_state=5)
    check("sparse", X, y, 0.003, 1e-5)


def test_elastic_net():
    for name, load in (("cancer", load_breast_cancer), ("iris", load_iris)):
        X, y = scaled(load)
        for ratio in (0.0, 0.3, 1.0):
            agrees(name, X, y, f"penalty='elasticnet', l1_ratio={ratio}, C=0.2", penalty="elasticnet",
                   l1_ratio=ratio, C=0.2, solver="saga", l1=ratio, coef_tolerance=1e-4 if ratio < 1 else None)


def test_columns_with_large_offsets():
    """Column means a million times their spread: the centred problem is what counts."""
    rng = np.random.default_rng(6)
    u = rng.standard_normal((20000, 5))
    y = (u @ [1, -1, 0.5, 0, 2] + rng.logistic(size=len(u)) > 0).astype(int)
    offset = np.array([1e6, -1e5, 0, 3e4, 7.0])
    data = write("offset", u + offset, y)
    ours, report, _ = fit(f"LogisticRegression({TIGHT})", data)
    theirs = reference((u + offset) - offset, y)
    assert report["converged"], report
    close(ours["coef_"], theirs.coef_, rtol=1e-6)
    not_worse(objective((u + offset) - offset, y, ours["coef_"], ours["intercept_"] + ours["coef_"] @ offset, 1.0),
              objective((u + offset) - offset, y, theirs.coef_, theirs.intercept_, 1.0))


def test_degenerate_columns():
    """A constant column, a column twice, one without spread at a large value."""
    X, y = make_classification(3000, 6, n_informative=4, random_state=7)
    X = np.column_stack([X, np.full(len(X), 0.1), X[:, 0], np.full(len(X), 1e9)])
    data = write("degenerate", X, y)
    ours, report, _ = fit(f"LogisticRegression({TIGHT})", data)
    theirs = reference(X[:, :8], y)
    assert report["converged"], report
    close(ours["coef_"][:, :8], theirs.coef_, atol=1e-6)
    assert ours["coef_"][0, 8] == 0 and abs(ours["coef_"][0, 6]) < 1e-8
    _, report, _ = fit(f"LogisticRegression(penalty=None, {TIGHT})", data)
    assert report["converged"], report


def test_separable_classes():
    X, y = load_iris(return_X_y=True)
    X, y = X[y < 2], y[y < 2]
    data = write("separable", X, y)
    ours, report, model = fit("LogisticRegression(penalty=None)", data)
    assert report["converged"], report
    np.testing.assert_array_equal(output("predict", model, data), y)


def test_same_bytes():
    X, y = make_classification(50000, 20, n_informative=12, n_classes=3, random_state=8)
    weight = np.random.default_rng(2).random(len(y))
    for name, estimator in (("bytes2", "LogisticRegression(C=0.1, class_weight='balanced')"),
                            ("bytes1", "LogisticRegression(penalty='l1', C=0.01)")):
        data = write(name, X.astype("f4"), y, weight)
        models = []
        for options in ([1], [2], [3], [5], [2, "--threads", 2], [2, "--memory", "150M"]):
            model = path(f"{name}-{len(models)}.h5")
            run("fit", estimator, data, "--model", model, "--quiet", *options[1:], ranks=options[0])
            models.append(model)
        for model in models[1:]:
            assert filecmp.cmp(models[0], model, shallow=False), model


def test_not_converged():
    X, y = scaled(load_breast_cancer)
    data = write("cancer", X, y)
    ours, report, _ = fit("LogisticRegression(max_iter=2)", data)
    assert not report["converged"] and ours["n_iter_"][0] == 2
    assert "failed to converge in 2 iterations" in report["warnings"][0], report


def test_refusals():
    X, y = scaled(load_breast_cancer)
    data = write("cancer", X, y)
    for expression, code, words in (
            ("LogisticRegression(solver='liblinear')", 2, "liblinear"),
            ("LogisticRegression(multi_class='ovr')", 2, "multi_class"),
            ("LogisticRegression(penalty='elasticnet', l1_ratio=None)", 2, "l1_ratio"),
            ("LogisticRegression(C=0)", 2, "C"),
            ("LogisticRegression(dual=True)", 2, "dual"),
            ("LogisticRegression(penalty='l3')", 2, "penalty")):
        done = run("fit", expression, data, "--model", path("no.h5"), check=False)
        assert done.returncode == code and words in done.stderr, (expression, done.returncode, done.stderr)
    one = write("one-class", X, np.zeros(len(y), int))
    done = run("fit", "LogisticRegression()", one, "--model", path("no.h5"), ranks=2, check=False)
    expected = ("This solver needs samples of at least 2 classes in the data, but the data contains only one "
                "class: 0")
    assert done.returncode == 3 and expected in done.stderr, done.stderr


if __name__ == "__main__":
    main(globals())
