#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tables of the world from end to end beside scikit-learn: a CSV file with gaps, categories, dates and free text is imported, a grid is
searched over a pipeline that begins with a ColumnTransformer, and the best model predicts to CSV. Mean scores, best parameters and
predictions are compared with those of scikit-learn on the frame that pandas reads from the same file.

usage: test_raw_tables.py [--all | --table NAME] [--count N] [--seed S]      a few tables are drawn by the date otherwise
"""
import argparse
import csv
import json
import sys
import time
import traceback
import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import raw_tables
from common import path, run
from test_tables import expression

MOST_ROWS = 6000
TOLERANCE = 1e-3  # of mean scores; what is closer than TIE among candidates may be decided either way
TIE = 1e-9


def columns_by_kind(types, target):
    """As the program found them: (numbers, categories, dates, texts)."""
    kinds = {"numbers": [], "category": [], "date": [], "text": []}
    for name, kind in types.items():
        if name != target:
            kinds[kind if kind in kinds else "numbers"].append(name)
    return kinds


def drawn_search(rng, kind, kinds):
    numbers = make_pipeline(SimpleImputer(strategy=str(rng.choice(["mean", "median"])), add_indicator=bool(rng.random() < 0.3)), StandardScaler())
    options = {"handle_unknown": "ignore", "sparse_output": False}
    if rng.random() < 0.3:
        options["min_frequency"] = 10
    parts = [("numbers", numbers, kinds["numbers"] + kinds["date"])]
    if kinds["category"]:
        parts.append(("words", OneHotEncoder(**options), kinds["category"]))
    transformer = ColumnTransformer([p for p in parts if p[2]])
    if kind == "classes":
        model, grid = LogisticRegression(tol=1e-8, max_iter=5000), {"model__C": [float(f"{v:.3g}") for v in rng.permutation(np.logspace(-3, 1, 5))]}
    else:
        model, grid = Ridge(solver="cholesky"), {"model__alpha": [float(f"{v:.3g}") for v in rng.permutation(np.logspace(-1, 4, 5))]}
    if len(parts[0][2]) and rng.random() < 0.5:
        grid["columns__numbers__simpleimputer__strategy"] = ["mean", "median"]
    return Pipeline([("columns", transformer), ("model", model)]), grid


def expression_of(estimator):
    """The repr leaves out elements of long lists, so these are written into it."""
    brief = clone(estimator)
    columns = brief.named_steps["columns"]
    lists = {f"@{name}@": names for name, _, names in columns.transformers}
    columns.transformers = [(name, transformer, f"@{name}@") for name, transformer, _ in columns.transformers]
    text = expression(brief)
    for mark, names in lists.items():
        text = text.replace(repr(mark), repr(names))
    return text


def of_pandas(file, kinds, target):
    """What scikit-learn is given: numbers as floats, dates as microseconds, categories as text with NaN."""
    frame = pd.read_csv(file, low_memory=False, float_precision="round_trip")
    for name in kinds["numbers"]:
        frame[name] = frame[name].astype(float)
    for name in kinds["date"]:
        when = pd.to_datetime(frame[name], utc=True).dt.tz_localize(None)
        frame[name] = (when - pd.Timestamp("1970-01-01")) / pd.Timedelta("1us")
    for name in kinds["category"]:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), np.nan)
    return frame, frame.pop(target)


def compare(name, rng):
    frame = raw_tables.load(name, rng, MOST_ROWS)
    table = raw_tables.TABLES[name]
    file, data = path(f"{name}.csv"), path(f"{name}.h5")
    frame.to_csv(file, index=False)
    # The target becomes /y at once, or it is named among the table's columns later.
    at_once = bool(rng.random() < 0.5)
    found = json.loads(run("import", file, data, *(["--target", table.target] if at_once else ["--layout", "table"]), "--json",
                           "--overwrite", ranks=2).stdout)
    y_option = [] if at_once else ["--y", table.target]
    kinds = columns_by_kind(found["types"], table.target)
    estimator, grid = drawn_search(rng, table.kind, kinds)
    scoring = "accuracy" if table.kind == "classes" else "r2"
    results, model, answers = path(f"{name}_r.csv"), path(f"{name}_m.h5"), path(f"{name}_p.csv")
    run("search", expression_of(estimator), data, *y_option, "--grid", repr(grid), "--scoring", scoring, "--cv", "5",
        "--results", results, "--model", model, "--overwrite", ranks=2)
    run("predict", model, data, *y_option, "--out", answers, "--overwrite", ranks=3)

    X, y = of_pandas(file, kinds, table.target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = GridSearchCV(estimator, grid, scoring=scoring, cv=5).fit(X, y)
    theirs = search.cv_results_
    with open(results, newline="") as text:
        ours = {row["params"]: float(row["mean_test_score"]) for row in csv.DictReader(text)}
    assert len(ours) == len(theirs["params"])
    apart = 0.0
    for params, score in zip(theirs["params"], theirs["mean_test_score"]):
        mine = [s for text, s in ours.items() if all(f"'{k}': {v!r}" in text for k, v in params.items())]
        assert len(mine) == 1, (params, list(ours))
        apart = max(apart, abs(mine[0] - score))
    assert apart <= TOLERANCE, f"mean scores are up to {apart} apart"
    best = max(ours, key=ours.get)
    place = theirs["mean_test_score"].max() - max(
        s for p, s in zip(theirs["params"], theirs["mean_test_score"]) if all(f"'{k}': {v!r}" in best for k, v in p.items()))
    assert place <= TIE, f"the best is {best}, scikit-learn's {search.best_params_}, better by {place}"
    predicted = pd.read_csv(answers).predict
    if table.kind == "classes":
        same = np.mean(predicted.astype(str).to_numpy() == pd.Series(search.predict(X)).astype(str).to_numpy())
        assert same >= 0.999 or place > 0, f"{same} of the predictions are the same"
    elif place == 0:
        expected = search.predict(X)
        assert np.allclose(predicted, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    shape = f"{len(frame)} x {frame.shape[1]}: " + ", ".join(f"{len(v)} {k}" for k, v in kinds.items() if v)
    print(f"{name}: {shape}; {scoring} {search.best_score_:.4f}, mean scores {apart:.1e} apart, the same best", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--table")
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.strftime("%Y%m%d")))
    chosen = parser.parse_args()
    there = [name for name in raw_tables.TABLES if raw_tables.is_there(name)]
    rng = np.random.default_rng(chosen.seed)
    drawn = [chosen.table] if chosen.table else there if chosen.all else [str(n) for n in rng.choice(there, min(chosen.count, len(there)), replace=False)]
    print(f"seed {chosen.seed}: {', '.join(drawn)}")
    failed = 0
    for name in drawn:
        try:
            compare(name, np.random.default_rng([chosen.seed, list(raw_tables.TABLES).index(name)]))
        except Exception:
            traceback.print_exc()
            print(f"{name}: FAILED", flush=True)
            failed += 1
    print(f"{len(drawn) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not drawn else 0)


if __name__ == "__main__":
    main()
