# SPDX-License-Identifier: BSD-3-Clause
"""LinearSVC and LinearSVR against scikit-learn's liblinear on drawn tables: the objective, the gap between it and the dual one, decisions,
labels, searches, refusals.

--seed S: draws them again.
"""
import argparse
import csv
import datetime
import json
import warnings

import numpy as np
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.utils.class_weight import compute_class_weight

from common import close, fit, main, not_worse, output, path, run, write

SQUARED = "loss='squared_epsilon_insensitive'"
DECADES = 10.0 ** np.arange(-4, 5)


# The gap goes by the square of the gradient over the penalty, up to C times what is left to gain.
def allowed_gap(C):
    return 1e-9 * max(1.0, 10.0 * C)


def halves(coef, intercept, scaling):
    """The penalties of the functions, each a row of coef."""
    return 0.5 * ((coef**2).sum(axis=1) + (intercept / scaling) ** 2)


def svc_parts(X, y, weight, class_weight, C):
    """Of each function: sides, and C v of each row. More than two classes: liblinear weighs the others by 1."""
    classes, codes = np.unique(y, return_inverse=True)
    weight = np.ones(len(y)) if weight is None else weight
    of_class = np.ones(len(classes))
    if class_weight is not None:
        of_class = compute_class_weight(class_weight, classes=classes, y=y, sample_weight=weight)
    if len(classes) == 2:
        return [(2.0 * codes - 1.0, C * weight * of_class[codes])]
    return [(np.where(codes == k, 1.0, -1.0), C * weight * np.where(codes == k, of_class[k], 1.0)) for k in range(len(classes))]


def svc_objective(X, parts, coef, intercept, scaling):
    """Of each function: the objective, and how far above the dual objective of the rows' excess it is."""
    values, gaps = [], []
    for (side, c), w, b, half in zip(parts, coef, intercept, halves(coef, intercept, scaling)):
        excess = np.maximum(0.0, 1.0 - side * (X @ w + b))
        alpha = 2.0 * c * excess
        dual_w, dual_b = X.T @ (alpha * side), scaling * (alpha @ side) if b != 0.0 else 0.0
        values.append(half + c @ excess**2)
        gaps.append(values[-1] - (alpha.sum() - 0.5 * (dual_w @ dual_w + dual_b**2) - 0.5 * alpha @ excess))
    return np.array(values), np.array(gaps)


def svr_objective(X, y, c, w, b, epsilon, scaling):
    apart = X @ w + b - y
    excess = np.maximum(0.0, np.abs(apart) - epsilon)
    alpha = -2.0 * c * np.sign(apart) * excess
    dual_w, dual_b = X.T @ alpha, scaling * alpha.sum() if b != 0.0 else 0.0
    value = halves(w[None], np.array([b]), scaling)[0] + c @ excess**2
    dual = alpha @ y - epsilon * np.abs(alpha).sum() - 0.5 * (dual_w @ dual_w + dual_b**2) - 0.5 * np.abs(alpha) @ excess
    return value, value - dual


def draw(classes=None, unscaled=False, separable=False):
    rows, columns = int(RNG.integers(80, 1500)), int(RNG.integers(1, 10))
    classes = classes or int(RNG.integers(2, 7))
    y = RNG.integers(0, classes, rows)
    centres = RNG.normal(size=(classes, columns)) * (20.0 if separable else RNG.uniform(0.3, 2.0))
    X = RNG.normal(size=(rows, columns)) + centres[y]
    if unscaled:
        X = X * 10.0 ** RNG.integers(-2, 3, columns) + 10.0 * RNG.normal(size=columns)
    return X, y


def liblinear(estimator, X, y, weight=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, y, weight)


def settings(classes):
    """Drawn parameters, and as an expression writes them."""
    drawn = dict(C=float(RNG.choice(DECADES)))
    if RNG.random() < 0.3:
        drawn["fit_intercept"] = False
    elif RNG.random() < 0.6:
        drawn["intercept_scaling"] = float(RNG.choice([0.1, 3.0, 50.0]))
    if classes is not None:
        drawn["class_weight"] = [None, "balanced", {k: float(RNG.uniform(0.2, 4.0)) for k in range(classes)}][RNG.integers(3)]
    return drawn, ", ".join(f"{k}={v!r}" for k, v in drawn.items())


def agrees(name, X, y, expression, drawn, weight=None, tol=1e-8, rtol=1e-10, gap=None):
    """The objective of every function is no higher than liblinear's, decisions and labels are alike where it is as low."""
    data = write(name, X, y, weight)
    ours, report, model = fit(f"LinearSVC({expression}, tol={tol})", data)
    what = f"seed {SEED}: {name} {X.shape} {expression}"
    assert report["converged"] or "double precision" in report["warnings"][0], (what, report)
    scaling = drawn.get("intercept_scaling", 1.0)
    parts = svc_parts(X, y, weight, drawn.get("class_weight"), drawn["C"])
    mine, above = svc_objective(X, parts, ours["coef_"], ours["intercept_"], scaling)
    theirs = liblinear(LinearSVC(dual=False, tol=1e-10, max_iter=5000, **drawn), X, y, weight)
    intercept = np.broadcast_to(theirs.intercept_, len(parts))
    reference, _ = svc_objective(X, parts, theirs.coef_, intercept, scaling)
    for a, b in zip(mine, reference):
        not_worse(a, b, rtol, what)
    if gap is not None:
        assert (above <= gap * mine).all(), (what, above / mine)
    assert ours["coef_"].shape == theirs.coef_.shape and list(ours["classes_"]) == list(theirs.classes_)
    if (reference <= mine * (1 + 1e-9)).all():
        expected = theirs.decision_function(X)
        z = output("predict", model, data, "--method", "decision_function", dataset="decision_function", ranks=1)
        span = np.abs(expected).max()
        close(z.reshape(expected.shape), expected, rtol=1e-3, atol=1e-3 * span, what=what)
        ordered = np.sort(np.abs(expected)[:, None] if expected.ndim == 1 else expected, axis=1)
        clear = (ordered[:, 0] if expected.ndim == 1 else ordered[:, -1] - ordered[:, -2]) > 2e-3 * span
        predicted = output("predict", model, data, ranks=1)
        np.testing.assert_array_equal(predicted[clear], theirs.predict(X)[clear], what)
    return ours, report, data, model


def test_drawn_classes():
    for i in range(16):
        X, y = draw(unscaled=i % 4 == 3, separable=i % 4 == 2)
        drawn, expression = settings(len(np.unique(y)))
        weight = RNG.integers(0, 4, len(y)).astype(float) if RNG.random() < 0.4 else None
        agrees(f"drawn{i}", X, y, expression, drawn, weight)


def test_the_gap_to_the_dual_problem():
    for C in (1e-4, 1e-2, 1.0, 100.0):
        X, y = draw(classes=2)
        agrees("gap", X, y, f"C={C}", dict(C=C), gap=allowed_gap(C))
        X, y = draw(classes=4)
        agrees("gap", X, y, f"C={C}, class_weight='balanced'", dict(C=C, class_weight="balanced"), gap=allowed_gap(C))


def test_default_tol():
    for i in range(4):
        X, y = draw()
        drawn, expression = settings(len(np.unique(y)))
        agrees(f"default{i}", X, y, expression, drawn, tol=1e-4, rtol=1e-8)


def test_many_rows_begin_on_a_sample():
    rows = 400_000
    X = RNG.normal(size=(rows, 6)) * [1, 1, 10, 1, 0.1, 1] + [0, 0, 50, 0, 0, 0]
    y = (X[:, 0] - X[:, 1] + 0.1 * X[:, 2] + RNG.logistic(size=rows) > 5.0).astype(int)
    _, report, *_ = agrees("many", X, y, "C=1.0", dict(C=1.0))
    assert report["passes"] <= 12, report
    real = X[:, 0] - 3.0 * X[:, 1] + RNG.standard_t(4, size=rows)
    regression_agrees("many", X, real, dict(C=1.0, epsilon=0.5), "C=1.0, epsilon=0.5")


def test_text_and_pipelines():
    X, y = draw(classes=3, unscaled=True)
    text = np.array(["cat", "dog", "eel"])[y]
    for scaler, name in ((StandardScaler(), "StandardScaler"), (MinMaxScaler(), "MinMaxScaler")):
        Z = scaler.fit_transform(X)
        ours, _, model = fit(f"make_pipeline({name}(), LinearSVC(C=2.0, tol=1e-9))", write("piped", X, text))
        theirs = liblinear(LinearSVC(C=2.0, dual=False, tol=1e-10), Z, text)
        for key in ("coef_", "intercept_"):
            close(ours["steps/linearsvc/" + key], getattr(theirs, key), 1e-5, 1e-6, f"{name} {key}")
        assert np.mean(output("predict", model, path("piped.h5")) == theirs.predict(Z)) > 0.998


def regression_agrees(name, X, y, drawn, expression, weight=None, tol=1e-8, rtol=1e-10, gap=None):
    data = write(name, X, y, weight)
    ours, report, model = fit(f"LinearSVR({expression}, {SQUARED}, tol={tol})", data)
    what = f"seed {SEED}: {name} {X.shape} {expression}"
    assert report["converged"] or "double precision" in report["warnings"][0], (what, report)
    c = drawn["C"] * (np.ones(len(y)) if weight is None else weight)
    scaling = drawn.get("intercept_scaling", 1.0)
    mine, above = svr_objective(X, y, c, ours["coef_"], float(ours["intercept_"]), drawn["epsilon"], scaling)
    theirs = liblinear(LinearSVR(loss="squared_epsilon_insensitive", dual=False, tol=1e-10, max_iter=5000, **drawn), X, y, weight)
    reference, _ = svr_objective(X, y, c, theirs.coef_, float(np.ravel(theirs.intercept_)[0]), drawn["epsilon"], scaling)
    not_worse(mine, reference, rtol, what)
    if gap is not None:
        assert above <= gap * mine, (what, above / mine)
    if reference <= mine * (1 + 1e-9):
        expected = theirs.predict(X)
        close(output("predict", model, data, ranks=1), expected, 1e-3, 1e-3 * np.abs(expected).max(), what)
    return report


def test_drawn_numbers():
    for i in range(12):
        X, _ = draw(unscaled=i % 3 == 2)
        y = X @ RNG.normal(size=X.shape[1]) + RNG.standard_t(3, size=len(X)) + RNG.choice([0.0, 0.0, 300.0])
        y *= RNG.choice([1.0, 1e-3, 1e4])
        drawn, expression = settings(None)
        drawn["epsilon"] = float(RNG.choice([0.0, 0.1, 1.0]) * np.std(y))
        weight = RNG.integers(0, 4, len(y)).astype(float) if RNG.random() < 0.4 else None
        regression_agrees(f"numbers{i}", X, y, drawn, f"{expression}, epsilon={drawn['epsilon']!r}", weight)


def test_numbers_within_the_tube():
    X, y = RNG.normal(size=(500, 3)), RNG.uniform(-0.5, 0.5, 500)
    ours, report, _ = fit(f"LinearSVR(epsilon=0.6, {SQUARED})", write("within", X, y))
    assert report["converged"] and not ours["coef_"].any() and ours["intercept_"] == 0.0
    for C in (1e-3, 1.0, 100.0):
        regression_agrees("gap", X, y, dict(C=C, epsilon=0.1), f"C={C}, epsilon=0.1", gap=allowed_gap(C))


def search(expression, data, grid, scoring, cv):
    run("search", expression, data, "--grid", grid, "--cv", cv, "--scoring", ",".join(scoring), "--results", path("results.csv"), "--quiet",
        ranks=2)
    with open(path("results.csv")) as file:
        return list(csv.DictReader(file))


def test_searches():
    Cs = [1e-3, 0.1, 10.0]
    for classes, scoring in ((2, ["accuracy", "roc_auc", "f1"]), (4, ["accuracy", "f1_macro"])):
        rows = 600
        y = RNG.integers(0, classes, rows)
        X = RNG.normal(size=(rows, 5)) + RNG.normal(size=(classes, 5))[y]
        theirs = GridSearchCV(make_pipeline(StandardScaler(), LinearSVC(dual=False, tol=1e-10, max_iter=5000)), {"linearsvc__C": Cs},
                              cv=StratifiedKFold(4), scoring=scoring, refit=False).fit(X, y)
        found = search("make_pipeline(StandardScaler(), LinearSVC(tol=1e-9))", write("grid", X, y), f"{{'linearsvc__C': {Cs}}}", scoring,
                       "4")
        for metric in scoring:
            mine = [float(row[f"mean_test_{metric}"]) for row in found]
            close(mine, theirs.cv_results_[f"mean_test_{metric}"], 1e-6, 1e-6, f"seed {SEED}: {metric} of {classes} classes")
    X = RNG.normal(size=(500, 4))
    y = X @ RNG.normal(size=4) + RNG.standard_t(3, size=500)
    grid = {"C": Cs, "epsilon": [0.0, 0.5]}
    scoring = ["r2", "neg_mean_absolute_error"]
    theirs = GridSearchCV(LinearSVR(loss="squared_epsilon_insensitive", dual=False, tol=1e-10, max_iter=5000), grid, cv=KFold(4),
                          scoring=scoring, refit=False).fit(X, y)
    found = search(f"LinearSVR({SQUARED}, tol=1e-9)", write("grid", X, y), repr(grid), scoring, "4")
    for metric in scoring:
        close([float(row[f"mean_test_{metric}"]) for row in found], theirs.cv_results_[f"mean_test_{metric}"], 1e-6, 1e-8, metric)


def test_models_of_a_search_are_those_of_fits():
    X, y = draw(classes=3)
    data = write("alone", X, y)
    run("search", "LinearSVC()", data, "--grid", "{'C': [0.01, 1.0, 100.0]}", "--cv", "3", "--model", path("best.h5"), "--quiet", "--overwrite",
        ranks=3)
    with open(path("best.h5"), "rb") as file:
        best = file.read()
    models = []
    for C in (0.01, 1.0, 100.0):
        _, _, model = fit(f"LinearSVC(C={C})", data, "--overwrite", ranks=1)
        with open(model, "rb") as file:
            models.append(file.read())
    assert best in models


def test_steps_that_end_early():
    X, y = draw(classes=2)
    _, report, _ = fit("LinearSVC(C=100.0, max_iter=1)", write("early", X, y))
    assert not report["converged"] and "failed to converge in 1 iterations" in json.dumps(report), report


def test_what_is_refused():
    X, y = draw(classes=2)
    data = write("refused", X, y)
    for expression, said in (("LinearSVC(penalty='l1')", "l1_ratio=1"), ("LinearSVC(loss='hinge')", "squared_hinge"),
                             ("LinearSVC(multi_class='crammer_singer')", "multi_class"), ("LinearSVC(C=0)", "C"),
                             ("LinearSVC(intercept_scaling=0)", "intercept_scaling"), ("LinearSVR()", SQUARED),
                             (f"LinearSVR(epsilon=-0.1, {SQUARED})", "epsilon")):
        done = run("fit", expression, data, "--model", path("no.h5"), check=False)
        assert done.returncode == 2 and said in done.stderr, (expression, done.returncode, done.stderr)
    one = write("one", X, np.zeros(len(y), int))
    done = run("fit", "LinearSVC()", one, "--model", path("no.h5"), check=False)
    assert done.returncode == 3 and "2 classes" in done.stderr, done.stderr
    for dual in ("True", "False", "'auto'"):
        fit(f"LinearSVC('l2', 'squared_hinge', dual={dual}, random_state=7)", data, "--overwrite")
    _, _, model = fit("LinearSVC()", data, "--overwrite")
    assert run("predict", model, data, "--method", "predict_proba", "--out", path("no.h5"), check=False).returncode == 2


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(datetime.date.today().strftime("%Y%m%d")))
    SEED = parser.parse_known_args()[0].seed
    print(f"seed {SEED}")
    RNG = np.random.default_rng(SEED)
    main(globals())
