# SPDX-License-Identifier: BSD-3-Clause
"""What a person is shown: expressions with what differs from the defaults and numbers of six digits, while JSON, CSV and model files
have all of them; --quiet leaves the results; calls of scikit-learn that are commands here are answered with a command that runs.

usage: words.py      with SUPERSTEP naming the program
"""
import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

import h5py

PROGRAM = os.environ["SUPERSTEP"]
failures = []


def run(*words, ranks=1, code=0, launcher=()):
    command = [PROGRAM, *map(str, words)]
    if ranks > 1:
        command = ["mpirun", *launcher, "-n", str(ranks), *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != code:
        failures.append(f"{' '.join(command)}: exit {done.returncode}, not {code}: {done.stderr[-500:]}")
    return done


def expect(holds, what):
    if not holds:
        failures.append(str(what))


def digits(text):
    """The numbers of a text that have more than seven significant digits, those before the point aside."""
    numbers = re.findall(r"\d+\.\d+(?:e[+-]?\d+)?", text)
    return [n for n in numbers if len(n.split("e")[0].replace(".", "").lstrip("0")) > 7 and len(n.split(".")[0]) < 7]


def shown(dice):
    C = dice.uniform(0.1, 1.0)
    pipeline = f"make_pipeline(StandardScaler(with_mean=False), LogisticRegression(C={C!r}, max_iter=100, l1_ratio=0.0))"
    less = rf"Pipeline\(steps=\[\('standardscaler', StandardScaler\(with_mean=False\)\), \('logisticregression', LogisticRegression\(C={C:.6g}\)\)\]\)"
    for ranks in (1, 3):
        text = run("fit", pipeline, "c.h5", "--model", "m.h5", ranks=ranks).stdout
        expect(re.fullmatch(less + rf"\n500 rows x 4 columns, .* on {ranks} ranks?\nwrote m.h5\n", text), text)
    with h5py.File("m.h5") as f:
        estimator = f.attrs["estimator"]
    full = json.loads(run("fit", pipeline, "c.h5", "--model", "m.h5", "--json").stdout)["estimator"]
    expect(estimator == full and f"C={C!r}" in full and "max_iter=100" in full, full)
    text = run("info", "m.h5").stdout
    expect(re.search("^" + less + "$", text, re.MULTILINE), text)
    expect(json.loads(run("info", "m.h5", "--json").stdout)["estimator"] == full, "info --json")
    said = run("fit", "Ridge()", "c.h5", "--json", "r.json", code=2).stderr
    expect("'r.json' is one argument too many, and --json takes no value; usage: " in said, said)
    for expression, short in (("Ridge()", "Ridge()"), ("Ridge(1.0, fit_intercept=True)", "Ridge()"),
                              ("Ridge(alpha=0.5, random_state=3)", "Ridge(alpha=0.5, random_state=3)"),
                              ("Lasso(1e-05)", "Lasso(alpha=1e-05)"), ("ElasticNet(alpha=1/3)", "ElasticNet(alpha=0.333333)"),
                              ("Ridge(alpha=1234567.8)", "Ridge(alpha=1234568.0)"),
                              ("sklearn.linear_model.Ridge(2)", "Ridge(alpha=2.0)"), ("linear_model.Ridge()", "Ridge()"),
                              ("Pipeline([('a', StandardScaler()), ('b', PCA(2))])", "Pipeline(steps=[('a', StandardScaler()), ('b', PCA(n_components=2))])")):
        text = run("fit", expression, "r.h5", "--model", "m.h5").stdout
        expect(text.splitlines()[:1] == [short], f"{expression}: {text}")
    text = run("plan", "cross-validate", "Ridge()", "r.h5", "--cv", "KFold(3, shuffle=False)").stdout
    expect("KFold(n_splits=3)" in text and "shuffle" not in text, text)


def numbers():
    run("fit", "Ridge()", "r.h5", "--model", "m.h5")
    names = "r2,neg_mean_squared_error,max_error"
    for words in (["score", "m.h5", "r.h5", "--scoring", names], ["cross-validate", "Ridge()", "r.h5", "--scoring", names]):
        text = run(*words).stdout
        exact = json.loads(run(*words, "--json").stdout)
        expect(not digits(text) and text, f"{words}: {text}")
        values = [v for v in exact.values() if isinstance(v, float)]
        expect(any(len(repr(v)) > 14 for v in values), exact)
        for key, value in exact.items():
            if key in text and isinstance(value, float) and words[0] == "score":
                expect(abs(float(re.search(f"^{key} (.*)$", text, re.MULTILINE).group(1)) - value) <= 1e-5 * abs(value), f"{key}: {value}\n{text}")
    search = ["search", "make_pipeline(StandardScaler(), Ridge())", "r.h5", "--grid", "{'ridge__alpha': np.logspace(-3, 2, 7)}",
              "--scoring", "neg_mean_squared_error,r2,max_error", "--results", "r.csv", "--model", "b.h5"]
    text = run(*search, ranks=2).stdout
    expect(not digits(text) and "{'ridge__alpha': " in text and "with_mean" not in text, text)
    header = next(line for line in text.splitlines() if line.startswith("  rank"))
    expect(all(name in header for name in ("neg_mean_squared_error", "r2", "max_error", "ridge__alpha")), text)
    with open("r.csv") as f:
        expect(any(len(row["mean_test_r2"]) > 14 for row in csv.DictReader(f)), "cv_results_ has all digits")
    best = json.loads(run(*search, "--json").stdout)
    expect(len(repr(best["best_score"])) > 14 and "with_mean=True" in best["estimator"], best)
    # One candidate alone has its other metrics shown, too.
    text = run("search", "Ridge()", "r.h5", "--grid", "{'alpha': [0.123456789]}", "--scoring", "r2,neg_mean_absolute_error").stdout
    expect("neg_mean_absolute_error" in text and "0.123457" in text and "1 candidate," in text, text)


def quiet():
    """Of each command with --quiet: what is left on standard output, and nothing on standard error."""
    run("fit", "LogisticRegression()", "c.h5", "--model", "q.h5")
    with open("a.csv", "w") as f:
        f.write("a,b,y\n1,2,0\n3,4,1\n5,7,0\n")
    for words, left in ((["make", "blobs", "o.h5"], ""), (["import", "a.csv", "o.h5"], ""), (["split", "c.h5", "t.h5", "u.h5"], ""),
                        (["fit", "Ridge()", "c.h5", "--model", "o2.h5"], ""), (["predict", "q.h5", "c.h5", "--out", "p.h5"], ""),
                        (["predict", "q.h5", "c.h5", "--out", "p.csv"], ""),
                        (["fit", "StandardScaler()", "c.h5", "--model", "s.h5"], ""), (["transform", "s.h5", "c.h5", "--out", "x.h5"], ""),
                        (["score", "q.h5", "c.h5", "--scoring", "roc_auc,f1"], r"roc_auc \S+\nf1 \S+\n"),
                        (["folds", "c.h5", "--cv", "2", "--out", "f.h5"], r"(split \d: .*\n){2}"),
                        (["cross-validate", "Ridge()", "r.h5", "--out", "cv.h5"], r"test_r2 .*\n"),
                        (["search", "Ridge()", "r.h5", "--grid", "{'alpha': [1, 2]}", "--model", "b2.h5", "--results", "b2.csv"],
                         r"best r2 .*\n  \{'alpha': \d\}\n  rank  r2 .*\n(  \d .*\n){2}")):
        loud = run(*words)
        done = run(*words, "--quiet", "--overwrite")
        expect(re.fullmatch(left, done.stdout) and not done.stderr, f"{words} --quiet: {done.stdout}{done.stderr}")
        expect("wrote" in loud.stdout or words[0] == "score", f"{words}: {loud.stdout}")
        expect(run(*words, "--quiet", "--json", "--overwrite").stdout.startswith("{"), f"{words} --quiet --json")
    loud = run("score", "q.h5", "c.h5", "--scoring", "roc_auc")
    expect("positive class" in loud.stderr, loud.stderr)
    text = run("help", "--quiet").stdout + run("fit", "--help").stdout
    expect(all(word in text for word in ("progress", "notes", "times", "wrote FILE")), text)
    warned = run("fit", "LogisticRegression(max_iter=1, n_jobs=4)", "c.h5", "--model", "o3.h5", "--quiet")
    expect(warned.stderr.count("superstep: warning: ") == 2 and not warned.stdout, f"warnings stay: {warned.stderr}")


# What is typed, what the message must name as one command to type; run where it names all that it needs.
CALLS = [
    ("GridSearchCV(Ridge(), {'alpha': [0.1, 1]}, cv=4, scoring='r2', n_jobs=-1, verbose=2)",
     '''superstep search "Ridge()" r.h5 --grid "{'alpha': [0.1, 1]}" --cv 4 --scoring r2'''),
    ('GridSearchCV(estimator=make_pipeline(StandardScaler(), Ridge()), param_grid={"ridge__alpha": [1, 2]}, refit="max_error", '
     "scoring=['r2', 'max_error'], cv=KFold(3, shuffle=True), return_train_score=False)",
     '''superstep search "make_pipeline(StandardScaler(), Ridge())" r.h5 --grid "{\\"ridge__alpha\\": [1, 2]}" '''
     '''--cv "KFold(3, shuffle=True)" --scoring r2,max_error --refit max_error'''),
    ("sklearn.model_selection.RandomizedSearchCV(Ridge(), {'alpha': loguniform(1e-3, 1)}, n_iter=5, random_state=3)",
     '''superstep search "Ridge()" r.h5 --random "{'alpha': loguniform(1e-3, 1)}" --iterations 5 --seed 3'''),
    ("RandomizedSearchCV(Ridge(), param_distributions=dict, cv=3)", "superstep search \"Ridge()\" r.h5 --random dict --cv 3"),
    ("HalvingGridSearchCV(Ridge(), {'alpha': [1, 2, 3]}, factor=2, cv=2)",
     '''superstep search "Ridge()" r.h5 --grid "{'alpha': [1, 2, 3]}" --strategy halving --factor 2 --cv 2'''),
    ("cross_val_score(Ridge(), X, y, cv=3, scoring=\"r2\")", 'superstep cross-validate "Ridge()" r.h5 --cv 3 --scoring r2'),
    ("cross_validate(Ridge(), X, y, cv=3, error_score='raise')", 'superstep cross-validate "Ridge()" r.h5 --cv 3 --error-score raise'),
    ("cross_validate(Ridge(), X, y, cv=3, error_score=np.nan)", 'superstep cross-validate "Ridge()" r.h5 --cv 3 --error-score nan'),
    ("cross_validate(Ridge(), X, y, return_train_score=True)", 'superstep cross-validate "Ridge()" r.h5 --train-scores'),
    ("cross_val_predict(Ridge(), X, y, cv=3)", 'superstep cross-validate "Ridge()" r.h5 --cv 3 --out FILE'),
    ("validation_curve(Ridge(), X, y, param_name='alpha', param_range=np.logspace(-3, 3, 5), cv=3)",
     '''superstep cross-validate "Ridge()" r.h5 --cv 3 --validation-curve "{'alpha': np.logspace(-3, 3, 5)}"'''),
    ("learning_curve(Ridge(), X, y, train_sizes=[0.1, 0.5, 1.0])", 'superstep cross-validate "Ridge()" r.h5 --learning-curve 0.1,0.5,1.0'),
    ("train_test_split(X, y, test_size=0.2, random_state=42)", "superstep split r.h5 TRAIN TEST --test-size 0.2 --seed 42"),
    ("train_test_split(X, y, stratify=y)", "superstep split r.h5 TRAIN TEST --test-size 0.25 --stratify"),
    ("KFold(5)", 'superstep cross-validate ESTIMATOR r.h5 --cv "KFold(5)"'),
    ("accuracy_score(y, p)", "superstep score MODEL r.h5 --scoring accuracy"),
    ("mean_squared_error(y, p)", "superstep score MODEL r.h5 --scoring mean_squared_error"),
    ("roc_curve(y, p)", "superstep score MODEL r.h5 --report roc_curve"),
]
CANNOT_RUN = re.compile(r"\b(dict|ESTIMATOR|MODEL|stratify)\b")


def calls():
    ran = 0
    for call, command in CALLS:
        for words in (["fit", call, "r.h5", "--model", "n.h5"], ["search", call, "r.h5", "--grid", "{}"], ["cross-validate", call, "r.h5"]):
            lines = run(*words, code=2).stderr.splitlines()
            expect(len(lines) == 1 and lines[0].endswith(": " + command), f"{words[0]} {call}\n  {lines}\n  {command}")
        if CANNOT_RUN.search(command):
            continue
        ran += 1
        for name in ("FILE", "TRAIN", "TEST"):
            if os.path.exists(name):
                os.remove(name)
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, PATH=f"{os.getcwd()}/bin:{os.environ['PATH']}"))
        expect(done.returncode == 0, f"{command}: {done.stderr}")
    expect(ran >= 9, f"only {ran} commands were run")
    expect(not os.path.exists("n.h5"), "a model was written")
    for call in ("GridSearchCV(", "GridSearchCV", "GridSearchCV()", "GridSearchCV(Ridge(), {'alpha': [1, 2]", "KFold(", "cross_val_score((((", "SVC('"):
        lines = run("fit", call, "r.h5", "--model", "n.h5", code=2).stderr.splitlines()
        expect(len(lines) == 1, f"{call}: {lines}")
    lines = run("search", "Pipeline([('clf', Ridge())])", "r.h5", "--grid", "{'clf': [Ridge(), SVC()]}", code=2).stderr
    expect("scikit-learn has SVC" in lines, lines)
    for solver in ("LogisticRegression(solver='liblinear')", "make_pipeline(StandardScaler(), LogisticRegression(C=1, solver='liblinear'))"):
        text = run("fit", solver, "c.h5", "--model", "n.h5", code=2).stderr
        expect("write solver='lbfgs'" in text and "intercept" in text, text)
    text = run("search", "LogisticRegression()", "c.h5", "--grid", "{'solver': ['lbfgs', 'liblinear']}", code=2).stderr
    expect("write solver='lbfgs'" in text, text)
    for words, near in ((["score", "m.h5", "r.h5", "--scoring", "r2_score"], "'r2'"), (["score", "m.h5", "r.h5", "--scoring", "xyz"], "help scoring"),
                        (["fit", "Qqqqq()", "r.h5", "--model", "n.h5"], "help estimators"), (["score", "m.h5", "r.h5", "--scoring", "accuracy"], "help scoring")):
        text = run(*words, code=2).stderr
        expect(near in text and len(text) < 250, text)


def launcher():
    """The launcher's own lines can be kept away; the exit code stays."""
    done = run("fit", "Ridge()", "nowhere.h5", "--model", "n.h5", ranks=2, code=4, launcher=["--quiet"])
    expect(done.stderr.splitlines() == [line for line in done.stderr.splitlines() if line.startswith("superstep: error: ")], done.stderr)
    expect(done.stderr.count("\n") == 1, done.stderr)


def main():
    seed = int(time.strftime("%Y%m%d"))
    print("seed", seed)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir("bin")
        os.symlink(PROGRAM, "bin/superstep")
        run("make", "classification", "c.h5", "--rows", 500, "--columns", 4, "--seed", seed)
        run("make", "regression", "r.h5", "--rows", 2000, "--columns", 4, "--seed", seed)
        for part in (lambda: shown(random.Random(seed)), numbers, quiet, calls, launcher):
            try:
                part()
            except Exception as e:
                failures.append(f"{type(e).__name__}: {e}")
        os.chdir("/")
    for text in failures:
        print("FAILED", text)
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
