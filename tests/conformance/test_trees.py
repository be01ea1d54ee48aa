#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Trees and forests beside scikit-learn's. On small tables codes are exact: where no two columns split a node equally well the tree is
scikit-learn's; where some do chance chooses, there and here, and what is compared is how the trees are. Forests are compared by what they
score on rows that nobody saw, over some seeds. A walk over the arrays of the file in NumPy has to give the same bits. Cases are drawn by
the date."""
import json
import time

import numpy as np
from sklearn import ensemble, tree
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import cross_val_score

import common
from common import attributes, close, fit, output, path, run, write
from test_selection import refused

SEED = int(time.strftime("%Y%m%d"))
RNG = np.random.default_rng(SEED)
SOME_RANKS = [1, 2, 3, 5]


def drawn(kind, rows=None, columns=None, gaps=False):
    """Columns whose values are floats and differ by more than scikit-learn's 1e-7; targets that hang on some of these."""
    rows, columns = rows or int(RNG.integers(100, 3000)), columns or int(RNG.integers(1, 20))
    X = np.round(RNG.normal(size=(rows, columns)) * 10.0 ** RNG.integers(0, 3, columns), 4)
    few = RNG.random(columns) < 0.3
    X[:, few] = np.floor(9 * RNG.random((rows, few.sum())))
    X = X.astype(np.float32)
    Z = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-12)
    signal = np.sin(2 * Z[:, 0]) + Z[:, -1] * Z[:, columns // 2] + RNG.normal(0, 0.5, rows)
    if gaps:
        X[RNG.random(X.shape) < 0.15] = np.nan
        signal += np.isnan(X[:, 0])
    if kind == "binary":
        return X, (signal > np.quantile(signal, RNG.choice([0.5, 0.9]))).astype(int)
    if kind == "multiclass":
        return X, np.digitize(signal, np.quantile(signal, [0.3, 0.6, 0.8]))
    if kind == "poisson":
        return X, RNG.poisson(np.exp(0.5 * np.clip(signal, -3, 3)))
    return X, signal * 10.0 ** RNG.integers(-2, 3) + RNG.choice([0.0, 100.0])


def growth():
    """Trees that stop before nodes are so small that many columns split them equally well."""
    return dict(max_depth=[None, 1, 3, 6][RNG.integers(4)], min_samples_split=[2, 40, 0.05][RNG.integers(3)],
                min_samples_leaf=[5, 20, 0.03][RNG.integers(3)], max_leaf_nodes=[None, None, 2, 9][RNG.integers(4)],
                min_impurity_decrease=float(RNG.choice([0.0, 0.0, 0.01])), min_weight_fraction_leaf=float(RNG.choice([0.0, 0.0, 0.05])))


def text_of(name, options):
    return f"{name}({', '.join(f'{k}={v!r}' for k, v in options.items())})"


def walked(found, X):
    """What the arrays of the file say: the mean over the trees."""
    begin, sums = found["tree_begin_"], 0.0
    X = X.astype(float)
    for t in range(len(begin) - 1):
        left, feature, threshold, missing, value = (found[k][begin[t]:begin[t + 1]] for k in (
            "children_left_", "feature_", "threshold_", "missing_go_to_left_", "value_"))
        node = np.zeros(len(X), int)
        while (inner := left[node] > 0).any():
            v = X[np.arange(len(X)), np.maximum(feature[node], 0)]
            goes_left = np.where(np.isnan(v), missing[node] == 1, v <= threshold[node])
            node = np.where(inner, left[node] + ~goes_left, node)
        sums = sums + value[node]
    return sums / (len(begin) - 1)


def depth(found):
    of = np.zeros(len(found["children_left_"]), int)
    for n in np.flatnonzero(found["children_left_"]):
        of[found["children_left_"][n]:found["children_left_"][n] + 2] = of[n] + 1
    return of.max()


def predicted(model, name, X, found, classifier):
    """Predictions of the program, which are those of the walk."""
    data = write(name, X)
    if not classifier:
        p = output("predict", model, data)
        np.testing.assert_array_equal(p, walked(found, X)[:, 0])
        return p
    p = output("predict", model, data, "--method", "predict_proba", dataset="predict_proba")
    np.testing.assert_array_equal(p, walked(found, X))
    np.testing.assert_array_equal(output("predict", model, data), found["classes_"][np.argmax(p, axis=1)])
    return p


def equal_but_for_ties(ours, theirs, what, y=None):
    """All rows but those that a split has elsewhere that another split equals. Of classes, whose counts are often equal, more may be
    elsewhere, where they are told apart as well."""
    scale = np.std(theirs) + 1e-6 * np.abs(theirs).max() + 1e-12
    off = (np.abs(ours - theirs) > 1e-6 * scale).reshape(len(ours), -1).any(axis=1)
    if y is not None and off.mean() >= 0.03:
        codes = np.unique(y, return_inverse=True)[1]
        gini = [1.0 - np.mean(p[np.arange(len(p)), codes]) for p in (ours, theirs)]
        assert off.mean() < 0.3 and abs(gini[0] - gini[1]) < 0.03 * gini[1] + 0.003, f"{what}: {off.mean():.1%} elsewhere, {gini}"
        return off.mean()
    assert off.mean() < 0.03, f"{what}: {off.mean():.1%} of the rows are elsewhere"
    return off.mean()


def test_best_trees():
    print(f"seed {SEED}")
    for case in range(14):
        kind = ["binary", "multiclass", "squared_error", "poisson"][case % 4]
        classifier = kind in ("binary", "multiclass")
        X, y = drawn(kind, gaps=case % 3 == 2)
        options = growth()
        options["criterion"] = str(RNG.choice(["gini", "entropy", "log_loss"])) if classifier else kind
        if classifier and case % 5 == 1:
            options["class_weight"] = "balanced"
        if case % 4 != 3 and case % 5 == 2:
            options["ccp_alpha"] = float(RNG.choice([0.002, 0.02])) * (1.0 if classifier else np.var(y))
        weight = RNG.integers(1, 4, len(y)).astype(float) if case % 4 == 0 else None
        name = "DecisionTreeClassifier" if classifier else "DecisionTreeRegressor"
        reference = getattr(tree, name)(**options).fit(X, y, sample_weight=weight)
        text = text_of(name, options)
        found, _, model = fit(text, write("best", X, y, weight), ranks=int(RNG.choice(SOME_RANKS)))
        what = f"case {case}, {len(X)} x {X.shape[1]}: {text}"
        p = predicted(model, "best_rows", X, found, classifier)
        expected = reference.predict_proba(X) if classifier else reference.predict(X)
        elsewhere = equal_but_for_ties(p, expected, what, y if classifier else None)
        assert abs(len(found["value_"]) - reference.tree_.node_count) <= (0.05 + elsewhere) * reference.tree_.node_count + 2, what
        # scikit-learn's is what is left of the mean square.
        close(found["impurity_"][0], reference.tree_.impurity[0], rtol=1e-6, atol=1e-12 * (1 + np.mean(y) ** 2), what=what)
        assert found["n_node_samples_"][0] == len(X)
        close(found["weighted_n_node_samples_"][0], reference.tree_.weighted_n_node_samples[0], what=what)
        if elsewhere == 0.0 and len(found["value_"]) == reference.tree_.node_count:
            close(found["feature_importances_"], reference.feature_importances_, rtol=1e-2, atol=1e-2, what=what)


def test_trees_without_ties():
    """Rows weigh what they do by chance and leaves are large, so no two splits are equally good: node by node the same, in any order."""
    for case in range(6):
        kind = ["binary", "multiclass", "squared_error", "poisson", "binary", "squared_error"][case]
        X, y = drawn(kind, 1500, 1 + case, gaps=case % 2 == 1)
        weight = RNG.integers(2000, 8000, len(y)) / 4096  # whose sums are exact, so that nodes of one class have no impurity
        name = "DecisionTreeClassifier" if kind in ("binary", "multiclass") else "DecisionTreeRegressor"
        options = dict(min_samples_leaf=25, **({"criterion": "poisson"} if case == 3 else {}), **({"criterion": "entropy"} if case == 4 else {}))
        reference = getattr(tree, name)(**options).fit(X, y, sample_weight=weight)
        nodes = reference.tree_
        found, _, model = fit(text_of(name, options), write("single", X, y, weight), ranks=SOME_RANKS[case % 4])
        p = predicted(model, "single_rows", X, found, name.endswith("Classifier"))
        close(p, reference.predict_proba(X) if name.endswith("Classifier") else reference.predict(X), rtol=1e-9, what=name)
        inner = found["children_left_"] > 0
        close(np.sort(found["threshold_"][inner]), np.sort(nodes.threshold[nodes.children_left > 0]), rtol=1e-12, what=name)
        close(np.sort(found["impurity_"]), np.sort(nodes.impurity), rtol=1e-5, atol=1e-11 * (100 + np.mean(y) ** 2), what=name)
        np.testing.assert_array_equal(np.sort(found["n_node_samples_"]), np.sort(nodes.n_node_samples))
        close(found["feature_importances_"], reference.feature_importances_, rtol=1e-4)


def test_whole_trees():
    """Grown to the end: chance chooses among many equally good splits, so trees are compared as such."""
    for case in range(4):
        kind = ["binary", "squared_error", "multiclass", "squared_error"][case]
        classifier = case % 2 == 0
        X, y = drawn(kind, 3000, 8)
        Xt, yt = X[2000:], y[2000:]
        X, y = X[:2000], y[:2000]
        for name in ("DecisionTree", "ExtraTree"):
            name += "Classifier" if classifier else "Regressor"
            references = [getattr(tree, name)(random_state=s).fit(X, y) for s in range(8)]
            found, _, model = fit(name + "()", write("whole", X, y), ranks=int(RNG.choice(SOME_RANKS)))
            p = predicted(model, "whole_rows", X, found, classifier)
            if classifier:
                assert accuracy_score(y, np.argmax(p, axis=1)) == references[0].score(X, y) == 1.0
            else:
                close(p, y, rtol=1e-9)
            nodes = [r.tree_.node_count for r in references]
            assert 0.85 * min(nodes) < len(found["value_"]) < 1.15 * max(nodes), (name, len(found["value_"]), nodes)
            depths = [r.tree_.max_depth for r in references]
            assert 0.6 * min(depths) < depth(found) < 1.6 * max(depths), (name, depth(found), depths)
            ours = json.loads(run("score", model, write("whole_held", Xt, yt), "--json", "--quiet").stdout)
            ours = ours["accuracy" if classifier else "r2"]
            theirs = [r.score(Xt, yt) for r in references]
            assert abs(ours - np.mean(theirs)) < 5 * np.std(theirs) + 0.06, (name, ours, theirs)


def scores(name, options, X, y, Xt, yt, seeds, weight=None):
    """Of ours and of scikit-learn's, seed by seed, and oob_score_ of both where it is wanted."""
    ours, theirs, oob = [], [], []
    held = write("held", Xt, yt)
    for s in range(seeds):
        options = dict(options, random_state=s)
        reference = getattr(ensemble, name)(n_jobs=1, **options).fit(X, y, sample_weight=weight)
        theirs.append(reference.score(Xt, yt))
        found, _, model = fit(text_of(name, options), write("forest", X, y, weight), ranks=SOME_RANKS[s % 4])
        judged = json.loads(run("score", model, held, "--json", "--quiet").stdout)
        ours.append(judged["accuracy" if name.endswith("Classifier") else "r2"])
        if options.get("oob_score"):
            oob.append((found["oob_score_"], reference.oob_score_))
    return np.array([ours, theirs]), np.array(oob).T, found, model


def alike(pair, what):
    """Scores over some seeds, of both, as far as their noise allows."""
    noise = 4 * np.sqrt(pair.var(axis=1).sum() / (pair.shape[1] - 1)) + 0.025
    assert abs(pair[0].mean() - pair[1].mean()) < noise, f"{what}: {pair}"


def test_forests():
    cases = [("RandomForestClassifier", "binary", dict(oob_score=True)), ("ExtraTreesClassifier", "multiclass", {}),
             ("RandomForestRegressor", "squared_error", dict(oob_score=True, max_features=0.5)), ("ExtraTreesRegressor", "squared_error", {}),
             ("RandomForestClassifier", "multiclass", dict(max_samples=0.5, class_weight="balanced_subsample", max_features="log2")),
             ("RandomForestRegressor", "poisson", dict(criterion="poisson", min_samples_leaf=4, max_samples=800)),
             ("ExtraTreesClassifier", "binary", dict(bootstrap=True, class_weight="balanced", max_leaf_nodes=40))]
    for case, (name, kind, options) in enumerate(cases):
        X, y = drawn(kind, 4000, 9, gaps=case % 2 == 1)
        weight = RNG.integers(1, 4, 1500).astype(float) if case in (0, 3) else None
        options = dict(n_estimators=25, **options)
        held_out, oob, found, model = scores(name, options, X[:1500], y[:1500], X[1500:], y[1500:], 3, weight)
        alike(held_out, text_of(name, options))
        if options.get("oob_score"):
            alike(oob, text_of(name, options))
        predicted(model, "forest_rows", X[:300], found, name.endswith("Classifier"))
        assert len(found["tree_begin_"]) == 26 and abs(found["feature_importances_"].sum() - 1.0) < 1e-12


def test_importances_of_forests():
    X, y = drawn("binary", 2000, 6)
    found, _, _ = fit("RandomForestClassifier(n_estimators=60)", write("importances", X, y))
    theirs = ensemble.RandomForestClassifier(n_estimators=60).fit(X, y).feature_importances_
    close(found["feature_importances_"], theirs, rtol=0.15, atol=0.02)


def test_many_rows():
    """Above 65,535 rows columns are cut into bins."""
    X, y = drawn("binary", 90_000, 10)
    seen = slice(0, 75_000)
    for name, options in (("RandomForestClassifier", dict(n_estimators=10)), ("ExtraTreesClassifier", dict(n_estimators=10)),
                          ("DecisionTreeClassifier", dict(max_depth=10))):
        module = tree if name.startswith("Decision") else ensemble
        reference = getattr(module, name)(random_state=0, **options).fit(X[seen], y[seen])
        found, _, model = fit(text_of(name, options), write("many", X[seen], y[seen]))
        p = predicted(model, "new", X[75_000:], found, True)
        ours, theirs = accuracy_score(y[75_000:], np.argmax(p, axis=1)), reference.score(X[75_000:], y[75_000:])
        print(f"{name} {ours:.4f}, scikit-learn {theirs:.4f}")
        assert ours > theirs - 0.012, (name, ours, theirs)


def test_folds_and_prefixes():
    """Folds train on their rows alone; a forest of fewer trees is the beginning of one of more."""
    X, y = drawn("squared_error", 900, 5)
    data = write("folds", X, y)
    text = "DecisionTreeRegressor(min_samples_leaf=8)"
    done = run("cross-validate", text, data, "--cv", "3", "--json", "--quiet", ranks=3)
    close(np.array(json.loads(done.stdout)["test_r2"]), cross_val_score(tree.DecisionTreeRegressor(min_samples_leaf=8), X, y, cv=3), rtol=0.02)
    run("search", "RandomForestRegressor(random_state=3)", data, "--grid", "{'n_estimators': [3, 7], 'max_depth': [2, None]}", "--cv", "3",
        "--results", path("results.csv"), "--model", path("best_of_search.h5"), "--quiet", ranks=2)
    best = attributes(path("best_of_search.h5"))
    few, _, _ = fit("RandomForestRegressor(3, max_depth=2)", data)
    many, _, _ = fit("RandomForestRegressor(7, max_depth=2)", data)
    n = few["tree_begin_"][-1]
    for name in ("children_left_", "feature_", "threshold_", "value_"):
        np.testing.assert_array_equal(few[name], many[name][:n])
    alone, _, _ = fit(best["estimator"], data)
    for name in ("children_left_", "feature_", "threshold_", "value_"):
        np.testing.assert_array_equal(best[name], alone[name])


def test_weights_of_zero():
    """Rows without a weight are not there, and a class without one neither."""
    X, y = drawn("binary", 600, 4)
    weight = (RNG.random(600) < 0.6).astype(float)
    found, _, _ = fit("DecisionTreeClassifier(max_depth=4)", write("zeros", X, y, weight))
    kept, _, _ = fit("DecisionTreeClassifier(max_depth=4)", write("kept", X[weight > 0], y[weight > 0]))
    for name in ("children_left_", "feature_", "threshold_", "value_", "n_node_samples_"):
        np.testing.assert_array_equal(found[name], kept[name])


def test_refusals():
    X, y = drawn("binary", 300, 3)
    one, fine = write("one", X, np.zeros(300, int)), write("fine", X, y)
    model = ("--model", path("refused.h5"))
    for name in ("DecisionTreeClassifier", "ExtraTreesClassifier"):
        refused(("fit", f"{name}()", one, *model), 3, "of one class")
    for text, why in (("DecisionTreeRegressor(criterion='absolute_error')", "absolute_error"),
                      ("DecisionTreeClassifier(monotonic_cst=[1, 0, 0])", "monotonic_cst"),
                      ("ExtraTreesClassifier(oob_score=True)", "bootstrap"),
                      ("ExtraTreesRegressor(max_samples=0.5)", "bootstrap"),
                      ("DecisionTreeClassifier(max_features=1.5)", "max_features"),
                      ("DecisionTreeClassifier(min_samples_leaf=1.0)", "min_samples_leaf"),
                      ("DecisionTreeClassifier(class_weight='balanced_subsample')", "class_weight"),
                      ("RandomForestClassifier(n_estimator=3)", "n_estimators")):
        refused(("fit", text, fine, *model), 2, why)
    refused(("fit", "DecisionTreeRegressor(criterion='poisson')", write("below", X, y - 1.0), *model), 3, "below 0")
    refused(("fit", "RandomForestRegressor(criterion='poisson')", write("nothing", X, 0.0 * y), *model), 3, "0")


if __name__ == "__main__":
    common.main(globals())
