# SPDX-License-Identifier: BSD-3-Clause
"""Names of columns: kept in models, compared with those of the data in scikit-learn's words, followed when asked to; names of
classes and which of them is the positive one. scikit-learn is called beside.

usage: names.py      with SUPERSTEP naming the program
"""
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
import warnings

import h5py
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PROGRAM = os.environ["SUPERSTEP"]
SEED = int(os.environ.get("SUPERSTEP_TEST_SEED", datetime.date.today().strftime("%Y%m%d")))
ENV = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_rmaps_base_oversubscribe="1",
           OMPI_MCA_mpi_yield_when_idle="1", OMPI_MCA_hwloc_base_binding_policy="none")
ROWS, COLUMNS = 3000, 9
RNG = np.random.default_rng(SEED)
X = RNG.normal(size=(ROWS, COLUMNS)) * np.logspace(-1, 2, COLUMNS) + np.arange(COLUMNS)
TRUTH = RNG.normal(size=COLUMNS) / np.logspace(-1, 2, COLUMNS)
REAL = X @ TRUTH + RNG.normal(size=ROWS)
WORDS = np.where(REAL > np.median(REAL), "paid", "due")
NAMES = [f"c{i}" for i in range(COLUMNS - 3)] + ["größe", "age of 'it'", "z" * 40]
RNG.shuffle(NAMES)
PIPELINE = "make_pipeline(StandardScaler(), Ridge())"


class Frame:
    """As much of a data frame as scikit-learn 1.2 looks at: named columns around an array."""

    def __init__(self, values, names):
        self.values, self.columns, self.shape, self.dtype = values, np.array(names, dtype=object), values.shape, values.dtype

    def __array__(self, dtype=None):
        return self.values if dtype is None else self.values.astype(dtype)

    def __len__(self):
        return len(self.values)


def run(*arguments, ranks=1, code=0):
    command = [PROGRAM, *arguments]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), *command]
    done = subprocess.run(command, capture_output=True, text=True, env=ENV, timeout=120)
    assert done.returncode == code, f"{command}: exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    return done


def write(file, values, names=None, y=None):
    with h5py.File(file, "w") as f:
        f["X"] = values
        if names is not None:
            f["feature_names"] = names
        if y is not None:
            f.create_dataset("y", data=y.astype(object) if y.dtype.kind == "U" else y,
                             dtype=h5py.string_dtype() if y.dtype.kind == "U" else None)
    return file


def names_of(model, at="feature_names_in_"):
    with h5py.File(model, "r") as f:
        return list(f[at].asstr()[()]) if at in f else None


def predictions(model, data, *options, ranks=1):
    run("predict", model, data, "--out", "out.h5", "--quiet", *options, ranks=ranks)
    with h5py.File("out.h5", "r") as f:
        return f["predict"].asstr()[()] if h5py.check_string_dtype(f["predict"].dtype) else f["predict"][()]


def shuffled():
    """The columns in an order that is not the first."""
    order = RNG.permutation(COLUMNS)
    return np.roll(order, 1) if (order == np.arange(COLUMNS)).all() else order


def refusal(command, model, data, ranks=1):
    """What is said of data whose names do not fit; nothing is written."""
    out = ["--out", "refused.h5"] if command != "score" else []
    done = run(command, model, data, *out, ranks=ranks, code=3)
    assert not done.stdout and not os.path.exists("refused.h5")
    lines = done.stderr.split("superstep: error: ")
    assert len(lines) == 2, done.stderr
    return re.split(r"\n-{10,}|\nmpirun|\nPrimary job", lines[1])[0].strip()


def scikit_learns(estimator, X, names, other, other_names, y):
    """The words of scikit-learn for the same mistake, without its last line end."""
    fitted = estimator.fit(Frame(X, names), y)
    try:
        fitted.predict(Frame(other, other_names))
    except ValueError as e:
        return str(e).strip()
    raise AssertionError("scikit-learn takes these columns")


def test_model_keeps_the_names():
    data = write("train.h5", X, NAMES, REAL)
    for expression, steps in (("Ridge()", ()), (PIPELINE, ("standardscaler", "ridge"))):
        contents = []
        for ranks in (1, 2, 3, 5):
            run("fit", expression, data, "--model", "kept.h5", ranks=ranks)
            with open("kept.h5", "rb") as f:
                contents.append(f.read())
        assert len(set(contents)) == 1, "the model depends on the ranks"
        assert names_of("kept.h5") == NAMES
        with h5py.File("kept.h5", "r") as f:
            assert f["n_features_in_"][()] == COLUMNS
        assert [names_of("kept.h5", f"steps/{s}/feature_names_in_") for s in steps] == [None] * len(steps)
    run("search", PIPELINE, data, "--grid", "{'ridge__alpha': [1.0]}", "--cv", "3", "--model", "searched.h5", ranks=2)
    with open("searched.h5", "rb") as f:
        assert f.read() == contents[0], "the refitted model is another one"
    write("nameless.h5", X, None, REAL)
    run("fit", PIPELINE, "nameless.h5", "--model", "without.h5")
    assert names_of("without.h5") is None
    run("fit", PIPELINE, data, "--model", "kept.h5", "--rows", "100")
    assert names_of("kept.h5") == NAMES


def test_other_names_are_refused_in_scikit_learns_words():
    data = write("train.h5", X, NAMES, REAL)
    run("fit", PIPELINE, data, "--model", "model.h5")
    run("fit", "StandardScaler()", data, "--model", "scaler.h5")
    oracle = make_pipeline(StandardScaler(), Ridge())
    order = shuffled()
    many = [f"new{i}" for i in range(COLUMNS)]
    one = list(NAMES)
    one[3] = "other"
    cases = {
        "another order": (X[:, order], [NAMES[c] for c in order]),
        "one of another name": (X, one),
        "all of other names": (X, many),
        "one too many": (np.c_[X, X[:, 0]], NAMES + ["extra"]),
        "one missing": (X[:, 1:], NAMES[1:]),
    }
    for what, (values, names) in cases.items():
        other = write("other.h5", values, names, REAL)
        expected = scikit_learns(oracle, X, NAMES, values, names, REAL)
        for command, model in (("predict", "model.h5"), ("score", "model.h5"), ("transform", "scaler.h5")):
            said = refusal(command, model, other)
            assert expected in said, f"{what}, {command}:\n{said}\nscikit-learn:\n{expected}"
            assert said.startswith("other.h5:/X: "), said
            assert ("--reorder-columns" in said) == (what in ("another order", "one too many")), said
        assert refusal("predict", "model.h5", other, ranks=3) == refusal("predict", "model.h5", other), what


def test_reorder_columns():
    data = write("train.h5", X, NAMES, REAL)
    order = shuffled()
    values, names = np.c_[RNG.normal(size=ROWS), X[:, order]], ["left out"] + [NAMES[c] for c in order]
    other = write("other.h5", values, names, REAL)
    for expression in (PIPELINE, "Ridge()", "KMeans(n_clusters=3, n_init=1)",
                       "make_pipeline(MinMaxScaler(clip=True), PCA(n_components=3), LinearRegression())"):
        run("fit", expression, data, "--model", "model.h5")
        expected = predictions("model.h5", data)
        for ranks in (1, 2, 3, 5):
            found = predictions("model.h5", other, "--reorder-columns", ranks=ranks)
            np.testing.assert_array_equal(found, expected, err_msg=f"{expression} on {ranks} ranks")
        if "KMeans" not in expression:
            straight = json.loads(run("score", "model.h5", data, "--scoring", "r2,max_error", "--json").stdout)
            by_name = json.loads(run("score", "model.h5", other, "--scoring", "r2,max_error", "--json", "--reorder-columns",
                                     ranks=2).stdout)
            assert [straight[m] for m in ("r2", "max_error")] == [by_name[m] for m in ("r2", "max_error")]
    run("fit", "StandardScaler()", data, "--model", "scaler.h5")
    run("transform", "scaler.h5", data, "--out", "straight.h5")
    run("transform", "scaler.h5", other, "--out", "by_name.h5", "--reorder-columns")
    with h5py.File("straight.h5", "r") as a, h5py.File("by_name.h5", "r") as b:
        np.testing.assert_array_equal(a["X"][()], b["X"][()])
        assert list(a["feature_names"].asstr()[()]) == list(b["feature_names"].asstr()[()]) == NAMES
    done = run("predict", "model.h5", write("lack.h5", X[:, 1:], NAMES[1:]), "--out", "out.h5", "--reorder-columns", code=3)
    assert "yet now missing" in done.stderr and "--reorder-columns" not in done.stderr
    done = run("predict", "model.h5", write("twice.h5", values, names[:-1] + [names[1]]), "--out", "out.h5",
               "--reorder-columns", code=3)
    assert "missing" in done.stderr or "2 columns called" in done.stderr, done.stderr
    twice = write("twice.h5", np.c_[values, X[:, 0]], names + [names[1]])
    done = run("predict", "model.h5", twice, "--out", "out.h5", "--reorder-columns", code=3)
    assert "2 columns called" in done.stderr, done.stderr
    done = run("predict", "model.h5", write("nameless.h5", X), "--out", "out.h5", "--reorder-columns", code=3)
    assert "/feature_names" in done.stderr, done.stderr


def test_names_on_one_side_only():
    data = write("train.h5", X, NAMES, REAL)
    nameless = write("nameless.h5", X, None, REAL)
    run("fit", PIPELINE, data, "--model", "named_model.h5")
    run("fit", PIPELINE, nameless, "--model", "nameless_model.h5")
    oracle = make_pipeline(StandardScaler(), Ridge())
    frame = Frame(X, NAMES)
    for model, other, fitted, asked in (("named_model.h5", nameless, frame, X), ("nameless_model.h5", data, X, frame)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            oracle.fit(fitted, REAL).predict(asked)
        expected = str(caught[0].message).removeprefix("X ")
        for command in (["predict", model, other, "--out", "out.h5"], ["score", model, other]):
            for ranks in (1, 3):
                said = [s for s in run(*command, "--quiet", ranks=ranks).stderr.splitlines() if "warning" in s]
                assert said == [f"superstep: warning: {other}:/X {expected}"], (said, expected)
        np.testing.assert_array_equal(predictions(model, other), predictions(model, data if other == nameless else nameless))
    for model, other in (("named_model.h5", data), ("nameless_model.h5", nameless)):
        assert "warning" not in run("score", model, other).stderr


def test_names_that_do_not_fit_their_data():
    write("short.h5", X, NAMES[:-1], REAL)
    done = run("fit", "Ridge()", "short.h5", "--model", "model.h5", code=3)
    assert "short.h5:/feature_names" in done.stderr and f"{COLUMNS} columns" in done.stderr


def test_names_from_files_are_shown_safely():
    data = write("train.h5", X, NAMES, REAL)
    run("fit", "Ridge()", data, "--model", "model.h5")
    other = write("other.h5", X, ["\x1b[2J", "n" * 200000] + NAMES[2:], REAL)
    said = run("score", "model.h5", other, code=3).stderr
    assert "\x1b" not in said and len(said) < 2000 and "unseen" in said, said[:2000]


def test_transformed_columns_have_names():
    data = write("train.h5", X, NAMES, REAL)
    for expression, expected in (("make_pipeline(StandardScaler(), MaxAbsScaler())", NAMES),
                                 ("make_pipeline(StandardScaler(), PCA(n_components=2), MinMaxScaler())", ["pca0", "pca1"])):
        run("fit", expression, data, "--model", "model.h5")
        run("transform", "model.h5", data, "--out", "out.h5")
        assert names_of("out.h5", "feature_names") == expected
        run("transform", "model.h5", write("nameless.h5", X), "--out", "out.h5")
        assert names_of("out.h5", "feature_names") == expected, "the model knows what the columns are"


def test_info_shows_coefficients_and_classes():
    data = write("train.h5", X, NAMES, WORDS)
    run("fit", "make_pipeline(StandardScaler(), LogisticRegression())", data, "--model", "model.h5")
    with h5py.File("model.h5", "r") as f:
        coef, intercept = f["steps/logisticregression/coef_"][0], f["steps/logisticregression/intercept_"][0]
    text = run("info", "model.h5").stdout
    for name, value in [*zip(NAMES, coef), ("(intercept)", intercept)]:
        shown = name[:25] + "..." if len(name) > 28 else name
        assert re.search(rf"^  {re.escape(shown)}\s+{re.escape(f'{value:.6g}')}$", text, re.M), (name, value, text)
    assert "2 classes: 'due', 'paid'\npositive class: 'paid'\n" in text, text
    found = json.loads(run("info", "model.h5", "--json").stdout)
    assert found["positive_class"] == "paid" and found["coef_names"] == NAMES
    run("fit", "make_pipeline(PCA(n_components=2), Ridge())", write("train.h5", X, NAMES, REAL), "--model", "model.h5")
    assert re.search(r"^  pca1 +-?[0-9]", run("info", "model.h5").stdout, re.M)
    three = np.array(["a", "b", "c"])[np.arange(ROWS) % 3]
    run("fit", "LogisticRegression(max_iter=3)", write("train.h5", X, NAMES, three), "--model", "model.h5")
    text = run("info", "model.h5").stdout
    assert re.search(r"^ +'a' +'b' +'c'$", text, re.M) and "positive" not in text, text
    wide = write("wide.h5", RNG.normal(size=(500, 60)), [f"w{i}" for i in range(60)], RNG.normal(size=500))
    run("fit", "Ridge()", wide, "--model", "model.h5")
    with h5py.File("model.h5", "r") as f:
        largest = np.argsort(-np.abs(f["coef_"][()]))[:20]
    text = run("info", "model.h5").stdout
    assert re.findall(r"^  (w\d+) ", text, re.M) == [f"w{c}" for c in largest] and "largest of 60" in text, text


def test_score_says_which_class_is_positive():
    data = write("train.h5", X, NAMES, WORDS)
    run("fit", "LogisticRegression()", data, "--model", "model.h5")
    assert GaussianNB().fit(X, WORDS).classes_[1] == "paid"
    done = run("score", "model.h5", data, "--scoring", "accuracy,roc_auc,f1", ranks=2)
    assert done.stderr.count("positive class of roc_auc and f1: 'paid' (the other is 'due')") == 1, done.stderr
    assert "positive" not in done.stdout
    assert "positive" not in run("score", "model.h5", data, "--scoring", "accuracy,f1_macro").stderr


def main():
    print(f"seed {SEED}")
    failed = 0
    tests = [(k, v) for k, v in globals().items() if k.startswith("test_") and callable(v)]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, test in tests:
            try:
                test()
                print(f"ok      {name}", flush=True)
            except Exception:  # noqa: BLE001 - every failure is reported, then counted
                failed += 1
                print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
        os.chdir("/")
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
