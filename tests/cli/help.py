# SPDX-License-Identifier: BSD-3-Clause
"""Every word that a stranger would ask help for has an answer: commands, --help wherever it stands, options, estimators, modules,
splitters, metrics, topics; a word that is none is answered in 200 characters, with the nearest one; every estimator of the installed
scikit-learn is either explained or said to be lacking, with what comes nearest.

usage: help.py      with SUPERSTEP naming the program
"""
import os
import random
import re
import subprocess
import sys
import time

import sklearn
from sklearn.metrics import get_scorer_names
from sklearn.utils import all_estimators

PROGRAM = os.environ["SUPERSTEP"]
COMMANDS = ["make", "import", "info", "check", "split", "fit", "predict", "transform", "score", "cross-validate", "search", "folds"]
failures = []


def run(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)


def fail(words, why):
    failures.append(f"{' '.join(words)}: {why}")


def answer(*words, has=(), widest=110):
    """What is printed on standard output; it must hold all of these words."""
    done = run(*words)
    if done.returncode != 0 or done.stderr:
        fail(words, f"exit {done.returncode}: {done.stderr[:300]}")
    lines = done.stdout.splitlines()
    if not lines:
        fail(words, "says nothing")
    for line in lines:
        if len(line) > widest and '"' not in line:  # examples to copy are not broken
            fail(words, f"a line of {len(line)} characters: {line}")
    for word in has:
        if word not in done.stdout:
            fail(words, f"does not have '{word}':\n{done.stdout[:2000]}")
    return done.stdout


def refusal(*words, has=(), longest=200):
    """The one line that refuses a word."""
    done = run(*words)
    if done.returncode != 2 or done.stdout:
        fail(words, f"exit {done.returncode}: {done.stdout[:100]}")
    lines = done.stderr.splitlines()
    if len(lines) != 1 or not lines[0].startswith("superstep: error: "):
        fail(words, f"not one line: {done.stderr[:300]}")
        return ""
    if len(lines[0]) > longest:
        fail(words, f"{len(lines[0])} characters: {lines[0]}")
    for word in has:
        if word not in lines[0]:
            fail(words, f"does not have '{word}': {lines[0]}")
    return lines[0]


def options_of(text):
    return set(re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE))


def overview():
    text = answer("help", has=["scikit-learn 1.9", "plan", "Ridge", "mpirun"], widest=80)
    if len(text.partition("\nestimators:")[0].splitlines()) > 24:  # whose list, the last, grows
        fail(["help"], f"{len(text.splitlines())} lines do not fit a screen")
    for word in COMMANDS:
        if not re.search(rf"^  {word} ", text, re.MULTILINE):
            fail(["help"], f"does not list {word}")
    for words in (["--help"], ["-h"]):
        if answer(*words) != text:
            fail(words, "is not `help`")
    # All topics that help names have a text.
    named = re.search(r"help TOPIC +(.*?)\nestimators:", text, re.DOTALL).group(1)
    topics = re.findall(r"[a-z-]+", named.split("or:")[1])
    if len(topics) < 8:
        fail(["help"], f"names {topics} only")
    for topic in topics:
        answer("help", topic)
    answer("help", "help", has=["TOPIC", *topics])
    answer("help", "--help", has=["TOPIC"])


def commands():
    every = set()
    for word in COMMANDS:
        text = answer("help", word, has=[f"superstep {word}", "--memory", "--config", "--quiet"])
        every |= options_of(text)
        for words in ([word, "--help"], [word, "-h"], [word, "a", "b", "c", "--rows", "3", "--help"], [word, "--memory", "1G", "-h"]):
            if answer(*words) != text:
                fail(words, f"is not `help {word}`")
    plan = answer("help", "plan", has=["COMMAND", "fit", "search", "passes"])
    if answer("plan", "--help") != plan or answer("plan", "-h") != plan:
        fail(["plan", "--help"], "is not `help plan`")
    if answer("plan", "search", "--help") != answer("help", "search"):
        fail(["plan", "search", "--help"], "is not `help search`")
    return every


def options(every):
    text = answer("help", "options", has=["grid = {'alpha'", "quiet = true", "[search]"])
    missing = every - options_of(text)
    if missing or len(every) < 50:
        fail(["help", "options"], f"of {len(every)} lacks {missing}")
    lines = re.findall(r"^  --.*$", text, re.MULTILINE)
    if len(lines) != len(set(lines)):
        fail(["help", "options"], "explains an option twice")
    for option in sorted(every):
        answer("help", option, has=[option])
        answer("help", option[2:])
    answer("help", "--memory", has=["4G", "streamed"])
    answer("help", "--config", has=["name = value"])
    answer("help", "--quiet", has=["progress", "notes", "times", "wrote"])
    answer("help", "--trace", has=["rank", "busy_s"])


def names():
    for word in ("Ridge", "ridge", "RIDGE", "linear_model.Ridge", "sklearn.linear_model.Ridge", "Ridge()", "Ridge(alpha=0.1)"):
        answer("help", word, has=["Ridge: ", "alpha=1.0", "scikit-learn 1.9"])
    for word in ("Pipeline", "make_pipeline", "sklearn.pipeline.Pipeline", "pipelines"):
        answer("help", word, has=["make_pipeline(StandardScaler()"])
    for word in ("linear_model", "sklearn.linear_model", "naive_bayes", "preprocessing", "cluster", "decomposition"):
        answer("help", word, has=["superstep help"])
    answer("help", "linear_model", has=["ElasticNet", "Lasso", "Ridge", "GammaRegressor", "PoissonRegressor", "TweedieRegressor"])
    for word in ("estimators", "expressions", "loguniform", "np.logspace", "data", "mpirun", "halving", "hyperband", "scikit-learn"):
        answer("help", word)
    answer("help", "expressions", has=["loguniform", "np.logspace", "Pipeline([", "'passthrough'"])
    for words in (["exit-codes"], ["exit", "codes"], ["exit"], ["errors"]):
        answer("help", *words, has=["   2  usage", "   6  a rank", "  70 "])
    answer("help", "alpha", has=["Ridge", "Lasso"])
    answer("help", "fit", "Ridge", has=["superstep fit", "Ridge: "])
    answer("help", "mpirun", has=["--quiet"])


def splitters():
    text = answer("help", "cv", has=["--cv takes", "--groups", "--holdout"])
    names = re.findall(r"^  ([A-Z]\w+)", text, re.MULTILINE)
    import sklearn.model_selection
    known = [n for n in sklearn.model_selection.__all__ if re.search("Fold|Split|^Leave", n) and not n.startswith("Base")]
    if set(names) != set(known):
        fail(["help", "cv"], f"{set(names) ^ set(known)} differ from scikit-learn's")
    for name in names:
        answer("help", name, has=[name + ": ", "--cv"])
        answer("help", "sklearn.model_selection." + name)
    for word in ("splitters", "model_selection"):
        if answer("help", word) != text:
            fail(["help", word], "is not `help cv`")


# Of scikit-learn's scorers these are for targets of several labels, or for distances between all rows.
NO_METRIC = re.compile("_samples$|silhouette")


def metrics():
    text = answer("help", "scoring", has=["greater is better", "classifiers:", "regressors:", "reports"])
    if answer("help", "metrics") != text:
        fail(["help", "metrics"], "is not `help scoring`")
    lines, reports = text.split("\nreports of")
    names = re.findall(r"^  (?:- )?([a-z]\w+)", lines, re.MULTILINE)
    scorers = [n for n in get_scorer_names() if not NO_METRIC.search(n)]
    missing = set(scorers) - set(names)
    if missing or len(names) < 60:
        fail(["help", "scoring"], f"{len(names)} names; lacks {missing}")
    with open(os.path.join(os.environ["SUPERSTEP_SOURCE"], "docs/metrics.md")) as f:
        page = f.read()
    rows = dict(re.findall(r"^\| `(\w+)` \| (?:greater|less) \| [^`]* \| `(.+)` \|$", page, re.MULTILINE))
    if set(rows) != set(names):
        fail(["docs/metrics.md"], f"differs from the program in {set(rows) ^ set(names)}")
    for name in names:
        shown = " ".join(answer("help", name, has=[f"--scoring {name}", "better"]).split())
        if name + ":" not in shown or " ".join(rows.get(name, "?").replace("\\|", "|").split()) not in shown:
            fail(["help", name], f"is not what docs/metrics.md says: {shown}")
    for name in re.findall(r"^  ([a-z]\w+) ", reports, re.MULTILINE):
        answer("help", name, has=[f"--report {name}"])


def lacking():
    here = re.findall(r"^  ([A-Z]\w+)", answer("help", "estimators"), re.MULTILINE)
    lacks = 0
    for name, _ in all_estimators():
        if name in here or name == "Pipeline" or run("help", name).returncode == 0:
            answer("help", name)  # here, or another command's work
            continue
        lacks += 1
        refusal("help", name, has=[f"scikit-learn has {name}, Superstep does not yet; it has: "])
        if lacks % 8 == 0:
            refusal("fit", f"make_pipeline(StandardScaler(), {name}())", "no.h5", "--model", "m.h5", has=[name, "Superstep does not yet"])
            refusal("fit", f"{name}(2)", "no.h5", "--model", "m.h5", has=[name, "Superstep does not yet"])
    for word in ("LGBMClassifier", "xgboost.XGBRegressor", "CatBoostClassifier()"):
        refusal("help", word, has=["another library's; here it is HistGradientBoosting"])
    if lacks < 80:
        fail(["lacking"], f"only {lacks} of scikit-learn's estimators were asked for")
    for word in ("IterativeImputer", "FeatureHasher", "KNNImputer", "svc", "sklearn.svm.SVC", "SVC()", "SelectFdr"):
        refusal("help", word, has=["scikit-learn has"])
    for word in ("GridSearchCV", "sklearn.model_selection.RandomizedSearchCV", "cross_val_score", "train_test_split", "lasso_path"):
        answer("help", word, has=["is a command here: superstep "])


def unknown(dice):
    for word, near in (("Rigde", "'Ridge'"), ("serach", "'search'"), ("acuracy", "'accuracy'"), ("KFolds", "'KFold'"),
                       ("--memry", "'--memory'"), ("expresions", "'expressions'"), ("RandomForrestClassifier", "'RandomForestClassifier'")):
        refusal("help", word, has=["did you mean " + near])
    for _ in range(20):
        word = "".join(dice.choices("qxzjkvwy_0123456789\n\033-é", k=dice.randint(1, 400)))
        refusal("help", word)
    refusal("help", "q" * 100_000)
    refusal("frobnicate", has=["there is no command", "superstep help"], longest=250)
    refusal("GridSearchCV", has=["superstep search"])
    refusal("train_test_split", has=["superstep split"])


def differences():
    """docs/differences.md names every parameter that changes nothing or is refused, every estimator there is, and metrics that are refused."""
    folder = os.path.join(os.environ["SUPERSTEP_SOURCE"], "docs")
    with open(os.path.join(folder, "differences.md")) as f:
        page = f.read()
    named = set(re.findall(r"\w+", page))
    told = set()
    for name in os.listdir(os.path.join(folder, "estimators")):
        with open(os.path.join(folder, "estimators", name)) as f:
            told |= set(re.findall(r"^\| `(\w+)` \|.*\| (?:changes nothing|only the default|without effect|the exact result)[^|]*\|$", f.read(), re.MULTILINE))
    if len(told) < 15 or told - named:
        fail(["docs/differences.md"], f"of {len(told)} parameters it lacks {told - named}")
    here = set(re.findall(r"^  ([A-Z]\w+)", answer("help", "estimators"), re.MULTILINE))
    if len(here) < 13 or here - named:
        fail(["docs/differences.md"], f"lacks {here - named}")
    for name in get_scorer_names():
        if NO_METRIC.search(name) and name not in named and not (name.endswith("_samples") and "..._samples" in page):
            fail(["docs/differences.md"], f"lacks {name}")
    text = answer("help", "differences", has=["docs/differences.md", "train_test_split", "superstep split"])
    if answer("help", "scikit-learn") != text or answer("help", "sklearn") != text:
        fail(["help", "scikit-learn"], "is not `help differences`")


def versions():
    text = answer("--version", has=["superstep ", "scikit-learn 1.9", "MPI", "HDF5 1."])
    if not re.fullmatch(r"superstep \d+\.\d+\.\d+\nfollows scikit-learn 1\.9\n.*MPI.*\nHDF5 \d+\.\d+\.\d+\n", text):
        fail(["--version"], text)
    for words in (["-V"], ["version"], ["help", "version"]):
        if answer(*words) != text:
            fail(words, "is not --version")
    if sklearn.__version__.startswith("1.9") and "scikit-learn 1.9" not in text:
        fail(["--version"], "names another release than the one installed")


def main():
    seed = int(time.strftime("%Y%m%d"))
    print(f"scikit-learn {sklearn.__version__}, seed {seed}")
    for part in (overview, lambda: options(commands()), names, splitters, metrics, lacking, lambda: unknown(random.Random(seed)),
                 differences, versions):
        try:
            part()
        except Exception as e:
            fail(["help"], f"{type(e).__name__}: {e}")
    for text in failures[:40]:
        print("FAILED", text)
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
