# SPDX-License-Identifier: BSD-3-Clause
"""Names and defaults of every parameter beside the newest scikit-learn's; what changes no result is taken with a word."""
import csv
import importlib
import inspect
import json
import re

import numpy as np
import sklearn

from common import SKLEARN, attributes, main, path, run, write

MODULES = ("cluster", "compose", "decomposition", "discriminant_analysis", "dummy", "ensemble", "feature_extraction.text", "feature_selection", "impute", "linear_model", "model_selection", "naive_bayes", "preprocessing", "svm", "tree")
# What differs on purpose: (class, parameter) and why.
DIFFERS = {
    ("LogisticRegression", "multi_class"): "of releases before 1.8; old expressions and models have it",
    ("CountVectorizer", "dtype"): "a type of NumPy's there",
    ("HashingVectorizer", "dtype"): "a type of NumPy's there",
    ("TfidfVectorizer", "dtype"): "a type of NumPy's there",
    ("OneHotEncoder", "dtype"): "a type of NumPy's there",
    ("OrdinalEncoder", "dtype"): "a type of NumPy's there",
    ("OrdinalEncoder", "encoded_missing_value"): "NaN, which equals nothing",
    ("RobustScaler", "quantile_range"): "a list is taken for a tuple",
    ("SelectKBest", "score_func"): "a function there",
    ("SelectPercentile", "score_func"): "a function there",
    ("MissingIndicator", "missing_values"): "NaN, which equals nothing",
    ("SimpleImputer", "missing_values"): "NaN, which equals nothing",
    ("PredefinedSplit", "test_fold"): "a dataset that --groups names",
}


def ours(module):
    """{class: {parameter: default as written}} from the page that the parameter tables give."""
    page = run("help", "--markdown", module).stdout
    found = {}
    for section in page.split("\n## ")[1:]:
        found[section.split("\n", 1)[0].strip()] = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", section, re.M))
    return found


def test_names_and_defaults():
    if SKLEARN < (1, 8):
        print(f"scikit-learn {sklearn.__version__} is not the release that is followed")
        return
    compared = 0
    for module in MODULES:
        theirs_of = importlib.import_module("sklearn." + module)
        for name, parameters in ours(module).items():
            if name == "FeatureUnion":
                theirs_of = importlib.import_module("sklearn.pipeline")
            if not hasattr(theirs_of, name):
                continue
            signature = inspect.signature(getattr(theirs_of, name)).parameters
            theirs = {k: p.default for k, p in signature.items()
                      if p.kind is not p.VAR_KEYWORD and (name, k) not in DIFFERS}
            mine = {k: v for k, v in parameters.items() if (name, k) not in DIFFERS}
            assert set(mine) == set(theirs), (name, set(mine) ^ set(theirs))
            for k, default in theirs.items():
                if default is inspect.Parameter.empty:
                    continue  # must be given
                assert eval(mine[k], {"np": np}) == default or mine[k] == repr(default), (name, k, mine[k], default)
                compared += 1
    assert compared > 80, compared


HARMLESS = {
    "LinearRegression(n_jobs=4)": "n_jobs=4",
    "LinearRegression(copy_X=True, n_jobs=-2)": "n_jobs=-2",
    "Ridge(solver='sag')": None,
    "Ridge(solver='saga', random_state=3)": None,
    "Lasso(selection='random')": "selection='random'",
    "Lasso(warm_start=True)": "warm_start=True",
    "ElasticNet(precompute=[[1.0]])": "precompute",
    "PCA(2, iterated_power=7)": "iterated_power=7",
    "PCA(2, tol=0.1, n_oversamples=20)": "n_oversamples=20",
    "TruncatedSVD(2, power_iteration_normalizer='QR')": "power_iteration_normalizer",
    "KMeans(2, verbose=1, random_state=0)": "verbose=1",
    "LogisticRegression(n_jobs=4, verbose=2, warm_start=True, intercept_scaling=2)": "verbose=2",
    "make_pipeline(StandardScaler(), Ridge(), memory='cache', verbose=True)": "memory='cache'",
    "Pipeline([('scale', None), ('pass', 'passthrough'), ('model', Ridge())])": None,
}


def test_what_changes_no_result_is_taken_with_one_line():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    data = write("plain", X, (X[:, 0] + rng.normal(size=300) > 0).astype(int))
    for expression, word in HARMLESS.items():
        for ranks in (1, 2):
            done = run("fit", expression, data, "--model", path("m.h5"), "--quiet", ranks=ranks)
            lines = [line for line in done.stderr.splitlines() if "changes nothing" in line]
            assert len(lines) == len(set(lines)) and any(word in line for line in lines) == (word is not None), \
                (expression, done.stderr)
    given = {}
    for name, expression in (("with", "Lasso(0.1, selection='random', warm_start=True)"), ("without", "Lasso(0.1)")):
        run("fit", expression, data, "--model", path(name + ".h5"), "--quiet")
        given[name] = open(path(name + ".h5"), "rb").read()
    assert given["with"] == given["without"]
    assert "Lasso(alpha=0.1" in attributes(path("with.h5"))["estimator"]


def test_steps_that_pass_the_rows_on():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 4)) * 100
    data = write("steps", X, X[:, 0] + rng.normal(size=300))
    done = run("search", "Pipeline([('scale', StandardScaler()), ('model', Ridge(100.0))])", data, "--grid",
               "{'scale': [StandardScaler(), None, 'passthrough']}", "--cv", "3", "--results", path("r.csv"), "--quiet")
    scores = [float(row["mean_test_score"]) for row in csv.DictReader(open(path("r.csv")))]
    alone = run("cross-validate", "Ridge(100.0)", data, "--cv", "3", "--json", "--quiet")
    assert scores[1] == scores[2] != scores[0] and done.returncode == 0, scores
    assert abs(json.loads(alone.stdout)["mean_test_r2"] - scores[1]) < 1e-12, (alone.stdout, scores)


if __name__ == "__main__":
    main(globals())
