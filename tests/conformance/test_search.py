#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""search and cross-validate against scikit-learn's GridSearchCV, cross_validate and their kin."""
import csv
import json
import warnings
from inspect import signature

import h5py
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.cluster import KMeans
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - this is how it is switched on
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import (GridSearchCV, GroupKFold, HalvingGridSearchCV, KFold, ParameterGrid, PredefinedSplit,
                                     StratifiedKFold, TimeSeriesSplit, cross_val_predict, cross_validate, learning_curve,
                                     validation_curve)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from common import main, memory, path, run, write

MAX_ERROR = "neg_max_error" if "neg_max_error" in get_scorer_names() else "max_error"
REGRESSION = ["r2", "neg_mean_squared_error", "neg_mean_absolute_error", MAX_ERROR, "explained_variance"]
CLASSES = ["accuracy", "balanced_accuracy", "f1_macro", "precision_weighted", "recall_macro", "neg_log_loss"]
TIMES = ("mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time")


def search(estimator, data, *options, ranks=2, check=True):
    """Runs a search; returns (JSON, rows of its CSV without the times)."""
    results = path("results.csv")
    done = run("search", estimator, data, "--results", results, "--json", "--quiet", *options, ranks=ranks, check=check)
    with open(results, newline="") as f:
        rows = list(csv.DictReader(f))
    for row in rows:
        for name in TIMES:
            assert float(row.pop(name)) >= 0.0
    return json.loads(done.stdout), rows


def params_of(rows):
    """Each candidate as scikit-learn shows it."""
    return [repr(eval(row["params"])) for row in rows]


def assert_same_results(rows, theirs, metrics, tolerance):
    """Scores of every split, means, deviations and ranks; candidates in the same order."""
    assert params_of(rows) == list(map(repr, theirs["params"])), "another order of candidates"
    for metric in metrics:
        name = "score" if len(metrics) == 1 else metric
        splits = sum(key.startswith("split") and key.endswith("_test_" + name) for key in theirs)
        for key in [f"split{k}_test_{name}" for k in range(splits)] + [f"mean_test_{name}", f"std_test_{name}"]:
            ours = np.array([float(row[key]) for row in rows])
            scale = np.maximum(1.0, np.abs(theirs[key]))
            worst = np.max(np.abs(ours - theirs[key]) / scale)
            assert worst <= tolerance, f"{key}: {worst}\n{ours}\n{theirs[key]}"
        # The ranks are those of our own means; beside them means that lie too near to tell change places.
        means = np.array([float(row[f"mean_test_{name}"]) for row in rows])
        assert [int(row[f"rank_test_{name}"]) for row in rows] == [1 + int(np.sum(means > m)) for m in means], name


def compare(ours, oracle, grid, X, y, cv, cv_text, metrics, tolerance, *options, groups=None):
    extra = {} if groups is None else {"groups": groups}
    theirs = GridSearchCV(oracle, grid, cv=cv, scoring=metrics, refit=False).fit(X, y, **extra).cv_results_
    data = write("search", X, y)
    if groups is not None:
        with h5py.File(data, "a") as f:
            f.create_dataset("groups", data=groups)
        options = (*options, "--groups", "/groups")
    text = repr({k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in grid.items()})
    _, rows = search(ours, data, "--grid", text, "--cv", cv_text, "--scoring", ",".join(metrics), *options)
    if len(metrics) == 1:
        theirs = {k.replace("_test_" + metrics[0], "_test_score"): v for k, v in theirs.items()}
    assert_same_results(rows, theirs, metrics, tolerance)


def test_regressors_and_metrics():
    X, y = load_diabetes(return_X_y=True)
    alphas = {"alpha": [0.01, 0.1, 1.0]}
    compare("Ridge()", Ridge(), alphas, X, y, KFold(5), "5", REGRESSION, 1e-6)
    compare("Lasso()", Lasso(tol=1e-10, max_iter=100000), {"alpha": [0.01, 0.1]}, X, y, KFold(4), "KFold(4)", REGRESSION,
            1e-6)
    compare("ElasticNet()", ElasticNet(tol=1e-10, max_iter=100000), {"alpha": [0.01, 0.1], "l1_ratio": [0.2, 0.7]}, X, y,
            KFold(3), "KFold(n_splits=3)", ["r2"], 1e-6)
    compare("LinearRegression()", LinearRegression(), {"fit_intercept": [True, False]}, X, y, KFold(7), "7", REGRESSION,
            1e-6)
    counts = np.random.default_rng(0).poisson(np.exp(0.02 * X @ np.arange(10)))
    compare("PoissonRegressor()", PoissonRegressor(tol=1e-9, max_iter=1000), {"alpha": [0.1, 1.0]}, X, counts, KFold(3), "3",
            ["neg_mean_poisson_deviance", "r2"], 1e-4)


def test_classifiers_and_metrics():
    for load in (load_iris, load_wine, load_breast_cancer):
        X, y = load(return_X_y=True)
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        metrics = CLASSES + (["roc_auc", "average_precision", "f1"] if y.max() == 1 else ["roc_auc_ovr"])
        # With two classes scikit-learn's log loss takes 1 - p of a p that is 1 but for its last digits, where naive
        # Bayes is as sure as that: those digits decide.
        steady = [m for m in metrics if m != "neg_log_loss" or y.max() > 1]
        compare("GaussianNB()", GaussianNB(), {"var_smoothing": [1e-9, 1e-3, 0.1]}, X, y, StratifiedKFold(5), "5", steady,
                1e-6)
        compare("LogisticRegression()", LogisticRegression(tol=1e-8, max_iter=10000), {"C": [0.01, 0.1, 1.0]}, X, y,
                StratifiedKFold(4), "StratifiedKFold(4)", metrics, 1e-4)


def test_splitters():
    X, y = load_diabetes(return_X_y=True)
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 37, len(X))
    grid = {"alpha": [0.1, 1.0]}
    if "shuffle" in signature(GroupKFold).parameters:  # before 1.6 groups of one size are dealt out in another order
        compare("Ridge()", Ridge(), grid, X, y, GroupKFold(4), "GroupKFold(4)", ["r2"], 1e-6, groups=groups)
    compare("Ridge()", Ridge(), grid, X, y, TimeSeriesSplit(5), "TimeSeriesSplit(5)", ["r2"], 1e-6)
    compare("Ridge()", Ridge(), grid, X, y, TimeSeriesSplit(3, max_train_size=100, gap=7),
            "TimeSeriesSplit(3, max_train_size=100, gap=7)", ["r2"], 1e-6)
    folds = rng.integers(-1, 3, len(X))
    compare("Ridge()", Ridge(), grid, X, y, PredefinedSplit(folds), "PredefinedSplit()", ["r2"], 1e-6, groups=folds)
    X, y = load_wine(return_X_y=True)
    order = rng.permutation(len(X))
    compare("GaussianNB()", GaussianNB(), {"var_smoothing": [1e-9, 1e-2]}, X[order], y[order], StratifiedKFold(6), "6",
            ["accuracy"], 1e-6)


def test_pipelines_and_whole_steps():
    X, y = load_wine(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), PCA(), LogisticRegression(tol=1e-8, max_iter=10000))
    compare("make_pipeline(StandardScaler(), PCA(), LogisticRegression())", pipeline,
            {"pca__n_components": [2, 5, 9], "logisticregression__C": [0.1, 1.0]}, X, y, StratifiedKFold(3), "3",
            ["accuracy", "neg_log_loss"], 1e-4)
    data = write("steps", X, y)
    grid = "{'clf': [LogisticRegression(), GaussianNB()], 'scale': [StandardScaler(), MinMaxScaler()]}"
    found, rows = search("Pipeline([('scale', StandardScaler()), ('clf', GaussianNB())])", data, "--grid", grid, "--cv", "3")
    assert params_of(rows) == list(map(repr, ParameterGrid(eval(grid)))) and found["n_candidates"] == 4
    assert len({row["mean_test_score"] for row in rows}) > 1
    grids = "[{'clf': [LogisticRegression()], 'clf__C': [0.1, 1]}, {'clf': [GaussianNB()], 'clf__var_smoothing': [1e-9]}]"
    found, rows = search("Pipeline([('scale', StandardScaler()), ('clf', GaussianNB())])", data, "--grid", grids, "--cv", "3")
    assert params_of(rows) == list(map(repr, ParameterGrid(eval(grids)))), rows
    assert [row["param_clf__C"] for row in rows] == ["0.1", "1", ""]


def test_clusters():
    X, _ = load_iris(return_X_y=True)
    data = write("clusters", X)
    found, rows = search("KMeans(n_init=2)", data, "--grid", "{'n_clusters': [2, 3, 5]}", "--cv", "3")
    means = [float(row["mean_test_score"]) for row in rows]
    assert means == sorted(means), "more clusters, less inertia"
    assert found["best_params"] == {"n_clusters": 5}


def test_best_model_is_a_fit_of_its_own():
    X, y = load_breast_cancer(return_X_y=True)
    data = write("best", X, y)
    model, alone = path("best-model.h5"), path("alone.h5")
    estimator = "make_pipeline(StandardScaler(), LogisticRegression(C={}))"
    found, _ = search(estimator.format(1.0), data, "--grid", "{'logisticregression__C': [0.01, 0.1, 1, 10]}", "--model", model)
    best = found["best_params"]["logisticregression__C"]
    run("fit", estimator.format(best), data, "--model", alone, "--quiet")
    with open(model, "rb") as a, open(alone, "rb") as b:
        assert a.read() == b.read()


def test_results_do_not_depend_on_the_run():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20000, 6))
    y = (X @ rng.normal(size=6) + rng.normal(size=len(X)) > 0).astype(int)
    data = write("bytes", X, y)
    packed = write("packed", X, y, chunks=(1000, 6), compression="gzip")
    model = path("bytes-model.h5")
    searches = [
        ("make_pipeline(StandardScaler(), LogisticRegression())",
         ["--grid", "{'logisticregression__C': [0.01, 1.0]}", "--cv", "StratifiedKFold(3, shuffle=True)",
          "--scoring", "accuracy,roc_auc"]),
        ("Ridge()", ["--grid", "{'alpha': [0.1, 10.0]}", "--cv", "4"]),
        ("KMeans()", ["--grid", "{'n_clusters': [2, 4]}", "--cv", "2"]),
    ]
    for estimator, options in searches:
        seen = set()
        for file, ranks, more in [(data, 1, []), (data, 2, []), (data, 3, ["--threads", "2"]), (data, 5, []),
                                  (packed, 2, memory(8, ranks=2)), (data, 1, memory(8))]:
            _, rows = search(estimator, file, *options, "--model", model, *more, ranks=ranks)
            with open(model, "rb") as f:
                seen.add((json.dumps(rows), f.read()))
        assert len(seen) == 1, estimator


def test_passes_are_as_planned():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30000, 8))
    y = X @ rng.normal(size=8) + rng.normal(size=len(X))
    data = write("passes", X, y)
    labels = write("labels", X, (y > 0).astype(int))
    one_pass = [("Ridge()", "{'alpha': np.logspace(-3, 3, 20)}"), ("Lasso()", "{'alpha': np.logspace(-3, 0, 20)}"),
                ("ElasticNet()", "{'alpha': [0.1, 1.0], 'l1_ratio': [0.1, 0.5]}"),
                ("make_pipeline(StandardScaler(), Ridge())", "{'ridge__alpha': [1.0, 2.0]}")]
    for estimator, grid in one_pass:
        found, _ = search(estimator, data, "--grid", grid, "--scoring", "r2,neg_mean_squared_error")
        plan = json.loads(run("search", estimator, data, "--grid", grid, "--scoring", "r2,neg_mean_squared_error",
                              "--dry-run", "--json").stdout)
        # The scaler's pass gathers what Ridge needs of the rows.
        assert found["passes"] == 1 == plan["passes"], (estimator, found["passes"], plan["passes"])
    grid = "{'var_smoothing': np.logspace(-9, -1, 9)}"
    found, _ = search("GaussianNB()", labels, "--grid", grid)
    plan = json.loads(run("search", "GaussianNB()", labels, "--grid", grid, "--dry-run", "--json").stdout)
    assert found["passes"] == plan["passes"] == 2, found["passes"]  # one trains, one scores
    found, _ = search("LogisticRegression()", labels, "--grid", "{'C': [0.01, 0.1, 1, 10]}")
    few, _ = search("LogisticRegression()", labels, "--grid", "{'C': [10]}", "--holdout", "0.2")
    assert found["passes"] <= few["passes"] + 4, "passes are not multiplied by candidates or folds"


def test_folds_of_what_shares_nothing_share_passes():
    """Medians are found fold by fold: side by side behind a ColumnTransformer, too, which takes a few passes more than one fold alone."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(30000, 8))
    X[rng.random(X.shape) < 0.1] = np.nan
    data = write("gaps", X, (rng.random(len(X)) < 0.5).astype(int))
    branch = "make_pipeline(SimpleImputer(strategy='median'), StandardScaler())"
    for front in (f"ColumnTransformer([('a', {branch}, [0, 1, 2]), ('b', SimpleImputer(), [3, 4])])",
                  f"FeatureUnion([('a', {branch}), ('b', SimpleImputer(strategy='median'))])", "SimpleImputer(strategy='median')"):
        text = f"make_pipeline({front}, LogisticRegression())"
        grid = "{'logisticregression__C': [0.1, 1.0, 10.0]}"
        one, _ = search(text, data, "--grid", grid, "--holdout", "0.2")
        five, _ = search(text, data, "--grid", grid)
        assert five["passes"] <= one["passes"] + 4, (text, one["passes"], five["passes"])


def test_families_share_passes():
    """Several classifiers behind one scaler take the passes of the longest, with the scores that each has alone."""
    rng = np.random.default_rng(12)
    X = rng.normal(size=(30000, 8)) * [1, 1, 1, 1, 10, 10, 0.1, 1]
    y = (X @ [1, -1, 0.5, 0, 0.1, 0, 3, 1] + 2 * rng.normal(size=len(X)) > 0).astype(int)
    data = write("families", X, y)
    families = {"LogisticRegression()": LogisticRegression(), "GaussianNB()": GaussianNB()}
    options = ["--cv", "3", "--scoring", "accuracy,neg_log_loss"]
    alone = {}
    for step in families:
        found, rows = search(f"make_pipeline(StandardScaler(), {step})", data, "--grid", "{}", *options)
        alone[step] = found["passes"], [{k: v for k, v in row.items() if k.startswith("split")} for row in rows]
    step = "logisticregression"
    grid = f"{{'{step}': [{', '.join(families)}]}}"
    for more in ([], ["--memory", "64M"]):
        found, rows = search("make_pipeline(StandardScaler(), LogisticRegression())", data, "--grid", grid, *options, *more)
        assert found["passes"] == max(passes for passes, _ in alone.values()), (found["passes"], alone)
        for row, (_, single) in zip(rows, alone.values()):
            assert {k: v for k, v in row.items() if k.startswith("split")} == single[0]
    theirs = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression(tol=1e-10)),
                          {step: [LogisticRegression(tol=1e-10), GaussianNB()]}, cv=3, scoring="neg_log_loss", refit=False)
    expected = theirs.fit(X, y).cv_results_["mean_test_score"]
    assert np.allclose([float(row["mean_test_neg_log_loss"]) for row in rows], expected, rtol=1e-4), (rows, expected)


def test_failures_are_grouped():
    X, y = load_iris(return_X_y=True)
    data = write("failures", X, y)
    results = path("failures.csv")
    done = run("search", "make_pipeline(PCA(), GaussianNB())", data, "--grid", "{'pca__n_components': [2, 9]}", "--cv", "3",
               "--results", results, "--quiet", "--json", ranks=2)
    found = json.loads(done.stdout)
    assert found["best_params"] == {"pca__n_components": 2}
    assert done.stderr.count("3 fits failed out of a total of 6") == 1, done.stderr
    with open(results, newline="") as f:
        rows = list(csv.DictReader(f))
    assert rows[1]["mean_test_score"] == "" and rows[1]["rank_test_score"] == "2"
    done = run("search", "make_pipeline(PCA(), GaussianNB())", data, "--grid", "{'pca__n_components': [9]}", check=False)
    assert done.returncode == 3 and "All the 5 fits failed" in done.stderr, done.stderr
    done = run("search", "make_pipeline(PCA(), GaussianNB())", data, "--grid", "{'pca__n_components': [2, 9]}",
               "--error-score", "raise", check=False)
    assert done.returncode == 3 and "n_components=9" in done.stderr, done.stderr


def test_random_and_strategies():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(80000, 4))
    y = (X @ [1.0, -2.0, 0.5, 0.0] + 0.3 * rng.normal(size=len(X)) > 0).astype(int)
    data = write("halving", X, y)
    space = "{'C': loguniform(1e-4, 1e2), 'penalty': ['l2']}"
    found, rows = search("LogisticRegression()", data, "--random", space, "--iterations", "9", "--cv", "3")
    values = [float(row["param_C"]) for row in rows]
    assert len(set(values)) == 9 and min(values) >= 1e-4 and max(values) <= 1e2
    found, rows = search("LogisticRegression()", data, "--random", space, "--iterations", "9", "--cv", "3", "--strategy",
                         "halving", "--factor", "3")
    rungs = [(row["iter"], row["n_resources"]) for row in rows]
    assert [sum(r[0] == str(i) for r in rungs) for i in range(3)] == [9, 3, 1], rungs
    assert found["best_index"] == 12
    # 80,000 // 9 and three times as many rows, in whole runs of 32.
    assert [int(r["n_resources"]) for r in rows[::9]] == [278 * 32, 834 * 32]
    first = sorted((r for r in rows if r["iter"] == "0"), key=lambda r: -float(r["mean_test_score"]))
    survivors = {r["param_C"] for r in rows if r["iter"] == "1"}
    assert survivors == {r["param_C"] for r in first[:3]}
    found, rows = search("LogisticRegression()", data, "--random", space, "--iterations", "20", "--cv", "2", "--strategy",
                         "hyperband", "--factor", "3", "--resource", "max_iter", "--max-resources", "9")
    brackets = [(row["bracket"], row["iter"], int(row["n_resources"])) for row in rows]
    assert [b for b in brackets if b[:2] == ("2", "0")] == [("2", "0", 1)] * 9
    assert [b for b in brackets if b[:2] == ("0", "0")] == [("0", "0", 9)] * 3


def test_halving_of_few_rows():
    """The rungs of scikit-learn's halving search, on rows that are sorted by class; the same on any ranks."""
    for load, factor, cv in ((load_iris, 2, 3), (load_breast_cancer, 3, 5), (load_wine, 3, 2)):
        X, y = load(return_X_y=True)
        grid = {"C": np.logspace(-3, 2, 9).tolist()}
        theirs = HalvingGridSearchCV(LogisticRegression(max_iter=1000), grid, factor=factor, cv=cv, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs.fit(X, y)
        data = write("few", X, y)
        options = ("--grid", str(grid), "--cv", cv, "--strategy", "halving", "--factor", factor)
        first = None
        for ranks in (1, 2, 3, 5):
            found, rows = search("make_pipeline(StandardScaler(), LogisticRegression())", data, "--grid",
                                 str({"logisticregression__C": grid["C"]}), *options[2:], ranks=ranks)
            first = first or rows
            assert rows == first, f"{ranks} ranks find something else"
        rungs = [int(row["iter"]) for row in rows]
        assert [rungs.count(i) for i in range(max(rungs) + 1)] == theirs.n_candidates_, (rungs, theirs.n_candidates_)
        resources = sorted({int(row["n_resources"]) for row in rows})
        assert resources == theirs.n_resources_, (resources, theirs.n_resources_)
        assert found["best_score"] > 0.85, found["best_score"]
    found, rows = search("make_pipeline(StandardScaler(), LogisticRegression())", write("cancer", *load_breast_cancer(
        return_X_y=True)), "--random", "{'logisticregression__C': loguniform(1e-3, 1e2)}", "--iterations", "27", "--cv", "3",
        "--strategy", "hyperband")
    resources = {(row["bracket"], row["iter"]): int(row["n_resources"]) for row in rows}
    # 569 rows in 27 parts are 21 each, 12 are needed for 3 folds of 2 classes; in 81 there would be 7.
    assert resources[("3", "0")] == 22 and resources[("0", "0")] == 569, resources
    assert found["best_score"] > 0.9, found["best_score"]


def test_survivors_go_on_where_they_were():
    X, y = load_breast_cancer(return_X_y=True)
    data = write("survivors", (X - X.mean(axis=0)) / X.std(axis=0), y)
    grid = "{'C': [1e4, 1e3, 100.0, 1.0]}"
    halving, rows = search("LogisticRegression(tol=1e-12)", data, "--grid", grid, "--cv", "3", "--scoring", "neg_log_loss",
                           "--strategy", "halving", "--factor", "2", "--resource", "max_iter", "--max-resources", "8")
    assert [int(r["n_resources"]) for r in rows] == [2] * 4 + [4] * 2 + [8]
    for row in rows:
        _, alone = search(f"LogisticRegression(tol=1e-12, max_iter={row['n_resources']})", data, "--grid",
                          "{'C': [%s]}" % row["param_C"], "--cv", "3", "--scoring", "neg_log_loss")
        assert alone[0]["mean_test_score"] == row["mean_test_score"], row
    fitted = search("make_pipeline(StandardScaler(), LogisticRegression())", data, "--grid",
                    "{'logisticregression__C': [1, 2, 3, 4]}", "--cv", "3", "--strategy", "halving", "--factor", "2",
                    "--resource", "logisticregression__max_iter", "--max-resources", "8")[0]["stages_found"]
    assert fitted == (2 + 1) * 3, "the scalers of each fold are found again by both later rungs"
    # Rungs of 2, 2 more and 4 more steps; each begins with a pass of moments and ends with one that scores.
    assert halving["passes"] <= 2 + 2 + 4 + 3 * 2 + 4, halving["passes"]


def test_teams_of_ranks_give_the_same_results():
    X, y = load_wine(return_X_y=True)
    data = write("teams", np.tile(X, (120, 1)), np.tile(y, 120))
    pipeline = "Pipeline([('sc', StandardScaler()), ('pca', PCA()), ('clf', LogisticRegression())])"
    grid = ("[{'clf': [LogisticRegression()], 'clf__C': [0.01, 1.0, 100.0]}, {'pca__n_components': [2, 99], "
            "'clf': [GaussianNB(), GaussianNB(var_smoothing=0.1)]}]")
    expected = None
    for ranks, teams in ((1, 1), (2, 1), (2, 2), (3, 2), (5, 3), (5, 5)):
        model = path(f"teams-{ranks}-{teams}.h5")
        found, rows = search(pipeline, data, "--grid", grid, "--cv", "3", "--scoring", "accuracy,neg_log_loss", "--refit",
                             "neg_log_loss", "--teams", str(teams), "--model", model, ranks=ranks)
        assert found["teams"] == teams
        with open(model, "rb") as f:
            result = (rows, f.read(), found["best_params"], found["warnings"])
        assert expected is None or result == expected, (ranks, teams)
        expected = result
    assert sum(row["split0_test_accuracy"] == "" for row in expected[0]) == 2, "99 components of 13 columns fail"
    plan = json.loads(run("plan", "search", pipeline, data, "--grid", grid, "--teams", "2", "--json", ranks=2).stdout)
    assert plan["teams"] == 2
    for teams, ranks, words in (("3", 2, "--teams 3 needs as many ranks at least, there are 2"),
                                ("0", 2, "--teams must be at least 1")):
        done = run("search", pipeline, data, "--grid", grid, "--teams", teams, ranks=ranks, check=False)
        assert done.returncode == 2 and words in done.stderr and done.stderr.count("error:") == 1, done.stderr


def test_cross_validate():
    X, y = load_wine(return_X_y=True)
    data = write("cv", X, y)
    metrics = ["accuracy", "neg_log_loss"]
    theirs = cross_validate(GaussianNB(), X, y, cv=4, scoring=metrics, return_train_score=True)
    done = run("cross-validate", "GaussianNB()", data, "--cv", "4", "--scoring", ",".join(metrics), "--train-scores",
               "--json", "--quiet", ranks=3)
    ours = json.loads(done.stdout)
    for m in metrics:
        for which in ("test_", "train_"):
            np.testing.assert_allclose(ours[which + m], theirs[which + m], rtol=1e-6, atol=1e-9)
        assert abs(ours["mean_test_" + m] - theirs["test_" + m].mean()) < 1e-9
        assert abs(ours["std_test_" + m] - theirs["test_" + m].std()) < 1e-9


def test_out_of_fold_predictions():
    X, y = load_wine(return_X_y=True)
    names = np.array(["red", "white", "rosé"])[y]
    data = write("oof", X, names)
    out = path("oof-out.h5")
    run("cross-validate", "GaussianNB()", data, "--cv", "5", "--out", out, ranks=3)
    with h5py.File(out) as f:
        ours = f["predict"].asstr()[()]
    assert (ours == cross_val_predict(GaussianNB(), X, names, cv=5)).all()
    run("cross-validate", "GaussianNB()", data, "--cv", "5", "--out", out, "--method", "predict_proba", ranks=2)
    with h5py.File(out) as f:
        np.testing.assert_allclose(f["predict_proba"][()],
                                   cross_val_predict(GaussianNB(), X, names, cv=5, method="predict_proba"), atol=1e-9)
    done = run("cross-validate", "GaussianNB()", data, "--cv", "TimeSeriesSplit(3)", "--out", out, check=False)
    assert done.returncode == 2 and "partition" in done.stderr, done.stderr


def test_curves():
    X, y = load_diabetes(return_X_y=True)
    data = write("curves", X, y)
    train, test = validation_curve(Ridge(), X, y, param_name="alpha", param_range=[0.1, 1.0, 10.0], cv=5)
    ours = json.loads(run("cross-validate", "Ridge()", data, "--validation-curve", "{'alpha': [0.1, 1.0, 10.0]}", "--json",
                          "--quiet", ranks=2).stdout)
    np.testing.assert_allclose(ours["train_scores"], train, atol=1e-6)
    np.testing.assert_allclose(ours["test_scores"], test, atol=1e-6)
    sizes, train, test = learning_curve(Ridge(), X, y, train_sizes=[0.1, 0.5, 1.0], cv=4)
    ours = json.loads(run("cross-validate", "Ridge()", data, "--learning-curve", "0.1,0.5,1.0", "--cv", "4", "--json",
                          "--quiet", ranks=3).stdout)
    assert ours["train_sizes"] == sizes.tolist()
    np.testing.assert_allclose(ours["train_scores"], train, atol=1e-6)
    np.testing.assert_allclose(ours["test_scores"], test, atol=1e-6)


def test_refusals():
    X, y = load_iris(return_X_y=True)
    data = write("refusals", X, y)
    cases = [
        (["LogisticRegression()", "--grid", "{'C': []}"], 2, "the list of 'C' is empty"),
        (["LogisticRegression()", "--grid", "[]"], 2, "takes a dict of lists"),
        (["LogisticRegression()", "--grid", "{'c': [1]}"], 2, "did you mean 'C'"),
        (["make_pipeline(PCA(), GaussianNB())", "--grid", "{'pac__n_components': [1]}"], 2, "did you mean 'pca'"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--cv", "60"], 3, "cannot be greater than the number of members"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--scoring", "r2"], 2, "r2"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--scoring", "roc_auc"], 2, "multi"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--cv", "GroupKFold(3)"], 2, "'groups' parameter"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--cv", "GroupKFold(3)", "--groups", "/gruppen"], 3, "gruppen"),
        (["KMeans()", "--grid", "{'n_clusters': [2000]}"], 3, "n_clusters=2000"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--strategy", "halfing"], 2, "did you mean 'halving'"),
        (["LogisticRegression()", "--random", "{'C': lognormal(1, 2)}"], 2, "loguniform"),
        (["LogisticRegression()", "--grid", "{'C': [-1]}"], 2, "C"),
        (["LogisticRegression()"], 2, "--grid"),
        (["LogisticRegression()", "--grid", "{'C': [1, 2, 3, 4]}", "--strategy", "halving", "--cv", "20", "--min-resources", "30"],
         2, "two for each fold and class"),
        (["LogisticRegression()", "--grid", "{'C': [1, 2, 3, 4]}", "--strategy", "halving", "--max-resources", "100000"], 2,
         "rows there are"),
        (["LogisticRegression()", "--grid", "{'C': [1, 2]}", "--strategy", "halving", "--resource", "max_iter"], 2,
         "--max-resources"),
        (["LogisticRegression()", "--grid", "{'C': [1, 2]}", "--strategy", "halving", "--resource", "max_itr",
          "--max-resources", "9"], 2, "max_iter"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--strategy", "hyperband", "--factor", "1", "--resource", "max_iter"],
         2, "--factor"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--factor", "4"], 2, "--strategy halving"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--max-resources", "4"], 2, "--strategy halving"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--groups", "/y"], 2, "does not look at them"),
        (["LogisticRegression()", "--grid", "{'C': [1]}", "--cv", "all", "--groups", "/y"], 2, "does not look at them"),
    ]
    for arguments, code, words in cases:
        for ranks in (1, 3):
            done = run("search", arguments[0], data, *arguments[1:], ranks=ranks, check=False)
            errors = [line for line in done.stderr.splitlines() if line.startswith("superstep: error")]
            assert done.returncode == code and len(errors) == 1, (arguments, ranks, done.returncode, done.stderr)
            assert words in done.stderr, (arguments, done.stderr)
            assert done.stdout == ""


def test_refusals_of_curves():
    X, y = load_diabetes(return_X_y=True)
    data = write("curve-refusals", X, y)
    for option, value, words in [("--learning-curve", "5000", "train_sizes has to be within"),
                                 ("--learning-curve", "0", "above zero"),
                                 ("--validation-curve", "{'alpha': [1], 'tol': [1]}", "one parameter")]:
        for ranks in (1, 3):
            done = run("cross-validate", "Ridge()", data, option, value, ranks=ranks, check=False)
            errors = [line for line in done.stderr.splitlines() if line.startswith("superstep: error")]
            assert done.returncode == 2 and len(errors) == 1 and words in errors[0], (value, ranks, done.stderr)


if __name__ == "__main__":
    main(globals())
