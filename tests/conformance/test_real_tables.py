#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Searches over tables of the world beside GridSearchCV: every candidate's mean score, their order, the best one; and import
of the files as they are in the packages beside pandas.

Where an iterative model's score differs, what it minimises is looked at: only an objective no higher than scikit-learn's excuses it.

usage: test_real_tables.py [--all | --table NAME | --count N] [--seed S]      a few tables are drawn by the date otherwise
"""
import argparse
import csv
import datetime
import json
import sys
import time
import traceback
import warnings

import h5py
import numpy as np
import pandas as pd
from sklearn import model_selection as ms
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import get_scorer
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

import real_tables
from common import path, run, write

TOLERANCE = 1e-4
MOST_ROWS = 5000
STEPS = {c.__name__: c for c in (ElasticNet, GaussianNB, KMeans, Lasso, LinearRegression, LogisticRegression, MaxAbsScaler,
                                 MinMaxScaler, PCA, PoissonRegressor, Ridge, StandardScaler, TruncatedSVD)}
SCORERS = {
    "two": ["accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "average_precision", "neg_log_loss", "neg_brier_score",
            "precision_weighted", "recall_macro", "matthews_corrcoef", "jaccard_weighted"],
    "more": ["accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "roc_auc_ovr", "roc_auc_ovo", "neg_log_loss",
             "recall_macro", "matthews_corrcoef"],
    "numbers": ["r2", "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_mean_absolute_error", "neg_max_error",
                "explained_variance", "neg_median_absolute_error"],
    "counts": ["neg_mean_poisson_deviance", "d2_absolute_error_score", "r2", "neg_mean_squared_error", "neg_mean_absolute_error"],
}


def values(rng, low, high, count):
    """So many powers of ten, in a drawn order: a program that sorts them is found out."""
    return [float(f"{v:.3g}") for v in rng.permutation(np.logspace(low, high, count))]


def scalers(rng, count):
    return list(rng.choice(["passthrough", StandardScaler(), MinMaxScaler(), MaxAbsScaler()], count, replace=False))


def scaled(*steps):
    return Pipeline([("scale", StandardScaler()), *steps])


def logistic(table, **more):
    solver = "newton-cholesky" if len(np.unique(table.y)) < 5 else "lbfgs"  # whose time does not grow with classes squared
    return LogisticRegression(**{"solver": solver, "tol": 1e-9, "max_iter": 3000, **more})


def search_of_classes(rng, table):
    """(pipeline, grid); the grid's values are scikit-learn's objects."""
    columns = table.X.shape[1]
    kind = rng.choice(["ridge", "lasso", "reduced", "bayes", "steps", "grids"])
    if kind == "ridge":
        weights = [None, "balanced"] if table.weight is None else [None]
        return scaled(("model", logistic(table))), {"model__C": values(rng, -3, 3, int(rng.integers(3, 6))),
                                               "model__class_weight": weights, "scale": [StandardScaler(), MinMaxScaler()]}
    if kind == "lasso":
        return (scaled(("model", LogisticRegression(solver="saga", tol=1e-7, max_iter=4000))),
                {"model__C": values(rng, -2, 0.5, 3), "model__l1_ratio": [1.0, 0.4]})
    if kind == "reduced":
        counts = [int(c) for c in rng.permutation(np.arange(1, columns))[:3]] + [0.9]
        return scaled(("reduce", PCA(svd_solver="full")), ("model", logistic(table))), {"reduce__n_components": counts,
                                                                                 "model__C": values(rng, -2, 2, 3)}
    if kind == "bayes":
        return scaled(("model", GaussianNB())), {"model__var_smoothing": values(rng, -9, -1, 5), "scale": scalers(rng, 3)}
    if kind == "steps":
        models = [GaussianNB(), logistic(table, C=0.1), logistic(table, C=10.0), GaussianNB(var_smoothing=0.1)]
        return scaled(("model", GaussianNB())), {"scale": [StandardScaler(), MinMaxScaler()],
                                                 "model": list(rng.permutation(np.array(models, dtype=object)))}
    return scaled(("model", GaussianNB())), [{"model": [logistic(table)], "model__C": values(rng, -2, 2, 4)},
                                             {"model": [GaussianNB()], "model__var_smoothing": values(rng, -9, -1, 3)}]


def greatest_alpha(table):
    """Above it the Lasso on standardised columns has no coefficient."""
    Z = StandardScaler().fit_transform(table.X.to_numpy())
    return float(np.abs(Z.T @ (table.y - table.y.mean())).max() / len(Z))


def search_of_numbers(rng, table):
    columns = table.X.shape[1]
    top = float(np.log10(greatest_alpha(table)))
    descent = {"tol": 1e-9, "max_iter": 50000}
    kinds = ["ridge", "lasso", "elastic", "steps", "intercepts"]
    # scikit-learn's decompositions take no weights.
    kind = rng.choice(kinds if table.weight is not None else [*kinds, "reduced"])
    if kind == "ridge":
        return scaled(("model", Ridge())), {"model__alpha": values(rng, -4, 4, int(rng.integers(3, 7))), "scale": scalers(rng, 3)}
    if kind == "lasso":
        return scaled(("model", Lasso(**descent))), {"model__alpha": values(rng, top - 3, top + 0.1, int(rng.integers(5, 13)))}
    if kind == "elastic":
        return scaled(("model", ElasticNet(**descent))), {"model__alpha": values(rng, top - 3, top, 4),
                                                          "model__l1_ratio": [0.9, 0.2, 0.5]}
    if kind == "reduced":
        counts = [int(c) for c in rng.permutation(np.arange(1, columns))[:3]]
        return scaled(("reduce", PCA(svd_solver="full")), ("model", Ridge())), {
            "reduce": [PCA(svd_solver="full"), TruncatedSVD(algorithm="arpack")], "reduce__n_components": counts,
            "model": [LinearRegression(), Ridge(alpha=10.0)]}
    if kind == "steps":
        models = [LinearRegression(), Ridge(alpha=0.1), Lasso(alpha=10 ** (top - 1), **descent),
                  ElasticNet(alpha=10 ** (top - 2), **descent)]
        return scaled(("model", Ridge())), {"model": list(rng.permutation(np.array(models, dtype=object))),
                                            "scale": scalers(rng, 3)}
    return scaled(("model", Ridge())), {"model__fit_intercept": [True, False], "model__alpha": values(rng, -2, 3, 4)}


def search_of_counts(rng, table):
    poisson = PoissonRegressor(solver="newton-cholesky", tol=1e-9, max_iter=1000)
    kind = rng.choice(["poisson", "scales", "reduced", "numbers"], p=[0.4, 0.2, 0.2, 0.2])
    if kind == "numbers":
        return search_of_numbers(rng, table)
    if kind == "reduced":
        counts = [int(c) for c in rng.permutation(np.arange(1, table.X.shape[1]))[:3]]
        return scaled(("reduce", PCA(svd_solver="full")), ("model", poisson)), {"reduce__n_components": counts,
                                                                                "model__alpha": values(rng, -4, 0, 3)}
    if kind == "scales":
        return scaled(("model", poisson)), {"scale": [MinMaxScaler(), StandardScaler()], "model__alpha": values(rng, -5, 0, 4)}
    return scaled(("model", poisson)), {"model__alpha": values(rng, -6, 1, int(rng.integers(5, 9))),
                                        "model__fit_intercept": [True, False]}


def search_of_clusters(rng, table):
    X = table.X.to_numpy()
    grids = []
    for k in rng.permutation(np.arange(2, 7)):
        centres = X[rng.choice(len(X), int(k), replace=False)].tolist()
        grids.append({"n_clusters": [int(k)], "init": [centres], "max_iter": [300, 2]})
    return KMeans(n_init=1, tol=0.0), grids


DRAWS = {"classes": search_of_classes, "numbers": search_of_numbers, "counts": search_of_counts, "clusters": search_of_clusters}


def is_probability_steady(grid):
    """naive Bayes is so sure that the last digits of 1 - p decide on its loss and ties of p on its ranks."""
    return "GaussianNB" not in repr(grid)


def draw_scorers(rng, table, pipeline, grid):
    if table.kind == "clusters":
        return ["neg_inertia"]
    kind = table.kind
    if kind == "classes":
        kind = "two" if len(np.unique(table.y)) == 2 else "more"
    names = SCORERS[kind]
    if kind == "counts" and "PoissonRegressor" not in repr(pipeline):
        names = SCORERS["numbers"]
    if kind in ("two", "more") and not is_probability_steady([pipeline, grid]):
        names = [n for n in names if not n.startswith(("neg_", "roc_", "average"))]
    if table.weight is not None:
        names = [n for n in names if n not in ("neg_median_absolute_error", "neg_max_error")]
    if kind == "two" and table.y.dtype.kind == "U":
        names = [n for n in names if n not in ("average_precision", "neg_brier_score")]  # scikit-learn asks for a pos_label
    return [str(n) for n in rng.choice(names, int(rng.integers(1, 4)), replace=False)]


def draw_splitter(rng, table):
    """(how it is written, groups or None)"""
    k, seed = int(rng.integers(3, 6)), int(rng.integers(0, 1000))
    if table.groups is not None and rng.random() < 0.7:
        count = len(np.unique(table.groups))
        kinds = [f"GroupKFold({min(k, count)})"]
        if count <= 12:
            kinds.append("LeaveOneGroupOut()")
        if table.kind == "classes":
            kinds.append(f"StratifiedGroupKFold({k})")
        return str(rng.choice(kinds)), table.groups
    if rng.random() < 0.15:
        return "PredefinedSplit()", rng.integers(-1, k, len(table.X))
    if table.kind == "classes":
        return str(rng.choice([f"StratifiedKFold({k})", f"StratifiedKFold({k}, shuffle=True, random_state={seed})",
                               f"RepeatedStratifiedKFold(n_splits={k}, n_repeats=2, random_state={seed})",
                               f"StratifiedShuffleSplit({k}, test_size=0.3, random_state={seed})"])), None
    return str(rng.choice([f"KFold({k})", f"KFold({k}, shuffle=True, random_state={seed})", f"TimeSeriesSplit({k})",
                           f"RepeatedKFold(n_splits={k}, n_repeats=2, random_state={seed})",
                           f"ShuffleSplit({k}, test_size=0.25, random_state={seed})"])), None


def splits_of(splitter, data, table, groups, options):
    """scikit-learn's where nothing is drawn; where something is, those that the program says."""
    if "random_state" not in splitter:
        made = ms.PredefinedSplit(groups) if splitter == "PredefinedSplit()" else eval("ms." + splitter)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(made.split(table.X, table.y, groups))
    out = path("folds.h5")
    run("folds", data, "--cv", splitter, "--out", out, "--quiet", *options)
    with h5py.File(out) as f:
        roles = f["folds"][()]
    theirs = list(eval("ms." + splitter).split(table.X, table.y))
    ours = [(np.flatnonzero(r == 1), np.flatnonzero(r == 2)) for r in roles.T]
    assert len(ours) == len(theirs), splitter
    for (a, b), (c, d) in zip(ours, theirs):
        assert abs(len(a) - len(c)) <= 1 and abs(len(b) - len(d)) <= 1 and not np.intersect1d(a, b).size, splitter
    return ours


def text_of(grid):
    """A grid as the program reads it."""
    if isinstance(grid, list):
        return "[" + ", ".join(map(text_of, grid)) + "]"
    return " ".join(repr(grid).split())


def write_table(rng, table):
    """By h5py or by way of a CSV file and import; returns (file, what was done)."""
    names = [str(c) for c in table.X.columns]
    if rng.random() < 0.5:
        layout = {"chunks": (min(len(table.X), 500), len(names)), "compression": "gzip"} if rng.random() < 0.3 else {}
        data = write("table", table.X.to_numpy(), table.y, table.weight, **layout)
        with h5py.File(data, "a") as f:
            f.create_dataset("feature_names", data=names, dtype=h5py.string_dtype())
        how = "h5py" + ", packed" * bool(layout)
    else:
        frame = table.X.copy()
        options = ["--no-target"]
        if table.y is not None:
            frame.insert(int(rng.integers(0, len(names))), "what is asked", table.y)
            options = ["--target", "what is asked"]
        if table.weight is not None:
            frame["of how many"] = table.weight
            options += ["--weight", "of how many"]
        frame.to_csv(path("table.csv"), index=False)
        data = path("table.h5")
        run("import", path("table.csv"), data, "--quiet", *options, ranks=int(rng.choice([1, 3])))
        how = "import"
        with h5py.File(data) as f:
            np.testing.assert_array_equal(f["X"][()], table.X.to_numpy())
            assert f["feature_names"].asstr()[()].tolist() == names
    return data, how


def expected(pipeline, candidates, splits, scorers, table):
    """scikit-learn's scores: scorer x candidate x split."""
    X, y = table.X.to_numpy(), table.y
    if table.weight is None:
        scoring = None if table.kind == "clusters" else scorers
        found = ms.GridSearchCV(pipeline, candidates, cv=splits, scoring=scoring, refit=False).fit(X, y).cv_results_
        assert list(map(repr, found["params"])) == list(map(repr, ms.ParameterGrid(candidates)))
        names = ["score"] if scoring is None else scorers
        return np.array([[found[f"split{k}_test_{name}"] for k in range(len(splits))] for name in names]).swapaxes(1, 2)
    scores = np.empty((len(scorers), len(ms.ParameterGrid(candidates)), len(splits)))
    for c, params in enumerate(ms.ParameterGrid(candidates)):
        for k, (train, test) in enumerate(splits):
            model = fitted(clone(pipeline).set_params(**{n: clone(v, safe=False) for n, v in params.items()}), X[train], y[train],
                           table.weight[train])
            scores[:, c, k] = [get_scorer(s)(model, X[test], y[test], sample_weight=table.weight[test]) for s in scorers]
    return scores


def fitted(pipeline, X, y, weight):
    """Trained with the weights in every step that takes them."""
    if weight is None:
        return pipeline.fit(X, y)
    takes = [name for name, step in pipeline.steps if isinstance(step, (StandardScaler, *MODELS))]
    return pipeline.fit(X, y, **{f"{name}__sample_weight": weight for name in takes})


ITERATIVE = (ElasticNet, Lasso, LogisticRegression, PoissonRegressor)
MODELS = (*ITERATIVE, GaussianNB, LinearRegression, Ridge)


def objective(model, link, y, weight, coef):
    """What a model minimises; `link`: its linear function of each row."""
    w = np.ones(len(y)) if weight is None else weight
    penalty, square = np.abs(coef).sum(), (coef ** 2).sum()
    if isinstance(model, PoissonRegressor):
        return np.average(np.exp(link) - y * link, weights=w) + model.alpha / 2 * square
    if isinstance(model, LogisticRegression):
        names, code = np.unique(y, return_inverse=True)
        if model.class_weight == "balanced":
            w = w * (len(y) / (len(names) * np.bincount(code)))[code]
        link = np.c_[np.zeros(len(y)), link] if link.ndim == 1 or link.shape[1] == 1 else link
        top = link.max(axis=1)
        loss = np.sum(w * (top + np.log(np.exp(link - top[:, None]).sum(axis=1)) - link[np.arange(len(y)), code]))
        return model.C * loss + model.l1_ratio * penalty + (1 - model.l1_ratio) / 2 * square
    share = 1.0 if isinstance(model, Lasso) else model.l1_ratio
    return np.average((y - link) ** 2, weights=w) / 2 + model.alpha * (share * penalty + (1 - share) / 2 * square)


def has_many_optima(model, pipeline, X):
    """Penalties on |coef| leave dependent columns to choose from; rows to be tested may part them again."""
    if not isinstance(model, Lasso) and getattr(model, "l1_ratio", 0.0) != 1.0:
        return False
    Z = pipeline[:-1].transform(X)
    Z = (Z - Z.mean(axis=0))[:, np.ptp(Z, axis=0) > 0]
    s = np.linalg.svd(Z / np.linalg.norm(Z, axis=0), compute_uv=False)
    return bool(s[-1] < 1e-10 * s[0])


def is_ours_lower(pipeline, table, train, test, scorer, in_search):
    """Whether `fit` on the fold's own rows gives the score of the search, and no higher an objective than scikit-learn's."""
    X, y, weight = table.X.to_numpy(), table.y, table.weight
    part = [write(name, X[rows], y[rows], None if weight is None else weight[rows]) for name, rows in
            (("own-train", train), ("own-test", test))]
    expression, model, out = " ".join(repr(pipeline).split()), path("own-model.h5"), path("own-out.h5")
    run("fit", expression, part[0], "--model", model, "--quiet")
    alone = json.loads(run("score", model, part[1], "--scoring", scorer, "--json", "--quiet").stdout)[scorer]
    theirs = fitted(clone(pipeline), X[train], y[train], None if weight is None else weight[train])
    last = theirs.steps[-1][1]
    if not isinstance(last, ITERATIVE):
        return False, f"a closed form; fit on the fold's rows scores {alone}"
    is_open = has_many_optima(last, theirs, X[train])
    if not is_open and abs(alone - in_search) > TOLERANCE * max(1.0, abs(alone)):
        return False, f"fit on the fold's rows scores {alone}"
    is_classifier = isinstance(last, LogisticRegression)
    method = "decision_function" if is_classifier else "predict"
    run("predict", model, part[0], "--out", out, "--method", method, "--quiet")
    with h5py.File(out) as f:
        link = f[method][()]
    with h5py.File(model) as f:
        coef = f[f"steps/{theirs.steps[-1][0]}/coef_"][()]
    their_link = getattr(theirs, method)(X[train])
    if isinstance(last, PoissonRegressor):
        link, their_link = np.log(link), np.log(their_link)
    ours = objective(last, link, y[train], None if weight is None else weight[train], coef)
    best = objective(last, their_link, y[train], None if weight is None else weight[train], last.coef_)
    said = f"objective {ours:.17g}, scikit-learn's {best:.17g}" + ", of many optima" * is_open
    return bool(ours <= best + 1e-10 * abs(best)), said


def read_results(file):
    with open(file, newline="") as f:
        return list(csv.DictReader(f))


def number(text):
    return float(text) if text else np.nan


def distances(ours, theirs):
    """Beside the scale of the scores; scores that neither has are the same."""
    far = np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))
    return np.where(np.isnan(ours) & np.isnan(theirs), 0.0, np.where(np.isnan(far), np.inf, far))


def judge(name, rng):
    """Searches one table; returns what is printed of it. Raises where the program is wrong."""
    table = real_tables.load(name, rng, MOST_ROWS if name != "digits" else 700)
    if table.y is not None:
        table.said.append(f"{len(np.unique(table.y))} values of the target")
    pipeline, grid = DRAWS[table.kind](rng, table)
    most = 600 if len(np.unique(table.y)) < 5 else 250
    if "saga" in repr(pipeline) and len(table.X) > most:
        rows = np.sort(rng.choice(len(table.X), most, replace=False))  # it takes thousands of epochs
        table.X, table.y = table.X.iloc[rows], table.y[rows]
        table.groups = None if table.groups is None else table.groups[rows]
    scorers = draw_scorers(rng, table, pipeline, grid)
    splitter, groups = draw_splitter(rng, table)
    ranks = int(rng.choice([1, 2, 3, 5]))
    data, how = write_table(rng, table)
    options = []
    if groups is not None:
        with h5py.File(data, "a") as f:
            f.create_dataset("groups", data=groups.astype(object) if groups.dtype.kind == "U" else groups,
                             dtype=h5py.string_dtype() if groups.dtype.kind == "U" else None)
        options = ["--groups", "/groups"]
    splits = splits_of(splitter, data, table, groups, options)
    if table.kind == "counts" and any(not table.y[train].any() for train, _ in splits):
        # Of rows without a count, which the program refuses, scikit-learn makes an intercept of minus infinity.
        splitter, options = "ShuffleSplit(4, test_size=0.25, random_state=3)", []
        splits = splits_of(splitter, data, table, None, options)
    candidates = list(ms.ParameterGrid(grid))
    assert 5 <= len(candidates) <= 20, len(candidates)
    print(f"        {name}: {len(table.X)} x {table.X.shape[1]}, {'; '.join(table.said)}; {how}; {ranks} ranks\n"
          f"        {' '.join(repr(pipeline).split())}, {len(candidates)} candidates x {len(splits)} splits of {splitter}, "
          f"{', '.join(scorers)}", flush=True)
    results = path("results.csv")
    more = [] if table.kind == "clusters" else ["--scoring", ",".join(scorers)]
    begin = time.time()
    done = run("search", " ".join(repr(pipeline).split()), data, "--grid", text_of(grid), "--cv", splitter, "--results", results,
               "--json", "--quiet", *more, *options, ranks=ranks)
    middle = time.time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = expected(pipeline, grid, splits, scorers, table)
    end = time.time()
    rows = read_results(results)
    in_order = [repr(eval(row["params"], dict(STEPS))) for row in rows]
    assert in_order == list(map(repr, candidates)), f"another order of candidates:\n{in_order}\n{candidates}"
    return compare(name, table, pipeline, candidates, splits, scorers, theirs, rows, json.loads(done.stdout)) + (
        f", {middle - begin:.1f} s beside {end - middle:.1f} s",)


def compare(name, table, pipeline, candidates, splits, scorers, theirs, rows, told):
    worst, lower, off = 0.0, 0, []
    for s, scorer in enumerate(scorers):
        key = "score" if len(scorers) == 1 else scorer
        ours = np.array([[number(row[f"split{k}_test_{key}"]) for k in range(len(splits))] for row in rows])
        means = np.array([number(row[f"mean_test_{key}"]) for row in rows])
        np.testing.assert_allclose(means, ours.mean(axis=1), rtol=1e-12, err_msg=f"means of {scorer}")
        far = distances(means, theirs[s].mean(axis=1))
        worst = max(worst, far.max())
        for c in np.flatnonzero(far > TOLERANCE):
            folds = np.flatnonzero(distances(ours[c], theirs[s][c]) > TOLERANCE)
            verdicts = []
            for k in folds if table.kind != "clusters" and np.isfinite(far[c]) else []:
                model = clone(pipeline).set_params(**{n: clone(v, safe=False) for n, v in candidates[c].items()})
                verdicts.append(is_ours_lower(model, table, *splits[k], scorer, ours[c, k]))
            if verdicts and all(is_lower for is_lower, _ in verdicts):
                lower += 1
                print(f"        {scorer} {candidates[c]}: {means[c]} for {theirs[s][c].mean()}, at no higher objective: "
                      f"{verdicts[0][1]}")
            else:
                off.append(f"{name}: {scorer} of {candidates[c]}: {ours[c]} for {theirs[s][c]}; {verdicts}")
        ranks = pd.Series(-means).rank(method="min", na_option="bottom").astype(int).tolist()
        assert [int(row[f"rank_test_{key}"]) for row in rows] == ranks, f"ranks of {scorer}"
        if s == 0 and not off:
            assert told["best_index"] == ranks.index(1), told["best_index"]
            best = theirs[s].mean(axis=1)
            excused = 2 * TOLERANCE * max(1.0, abs(np.nanmax(best)))
            assert lower or best[told["best_index"]] >= np.nanmax(best) - excused, f"another best candidate by {scorer}"
    assert not off, "\n".join(off[:5]) + f"\n{len(off)} means are off"
    return worst, lower


def check_import(name, rng):
    """The file as the package has it, without its columns of text: pandas's numbers, bit by bit."""
    table = real_tables.TABLES[name]
    source = table.raw or table.source
    if source.startswith("sklearn"):
        return ""
    with open(path("raw.csv"), "wb") as f:
        f.write(real_tables.csv_of(source))
    frame = real_tables.read(source)
    target = table.target if table.target in frame else None
    text = [i for i, c in enumerate(frame.columns) if frame[c].dtype == object and c != target]
    options = ["--target", target] if target else ["--no-target"]
    if text:
        options += ["--drop", ",".join(map(str, text))]
    if target and frame[target].isna().any():
        options = ["--no-target", "--drop", ",".join(map(str, [*text, frame.columns.get_loc(target)]))]
    run("import", path("raw.csv"), path("raw.h5"), "--quiet", *options, ranks=int(rng.choice([1, 2, 3, 5])))
    kept = [c for i, c in enumerate(frame.columns) if i not in text and c != target]
    with h5py.File(path("raw.h5")) as f:
        np.testing.assert_array_equal(f["X"][()], frame[kept].to_numpy(float))
        assert list(f["feature_names"].asstr()[()]) == kept, f["feature_names"].asstr()[()]
        if "y" in f:
            codes = h5py.check_enum_dtype(f["y"].dtype)
            y = f["y"][()]
            if codes:
                back = {v: k for k, v in codes.items()}
                y = np.array([back[v] for v in y])
            assert (y == frame[target].to_numpy()).all(), "targets"
    return f", {len(kept)} of {len(frame.columns)} columns and {len(frame)} rows imported as they are"


def chosen(arguments):
    there = [name for name in real_tables.TABLES if real_tables.is_there(name)]
    if arguments.table:
        return [arguments.table]
    if arguments.all:
        assert len(there) >= 15, f"only {len(there)} tables: tests/oracle.sh installs {', '.join(real_tables.PACKAGES)}"
        return there
    order = np.random.default_rng(arguments.seed).permutation(there).tolist()
    return order[:arguments.count]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--table")
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=int(datetime.date.today().strftime("%Y%m%d")))
    arguments = parser.parse_args()
    names, failed, lower = chosen(arguments), 0, 0
    print(f"seed {arguments.seed}, {len(names)} of {len(real_tables.TABLES)} tables", flush=True)
    for name in names:
        rng = np.random.default_rng([arguments.seed, list(real_tables.TABLES).index(name)])
        try:
            imported = check_import(name, rng)
            worst, excused, took = judge(name, rng)
            lower += excused
            print(f"ok      {name}: worst {worst:.1e}, {excused} at no higher objective{took}{imported}", flush=True)
        except Exception:  # noqa: BLE001 - every failure is reported, then counted
            failed += 1
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{lower} means differ where the objective is no higher than scikit-learn's")
    print(f"{len(names) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
