# SPDX-License-Identifier: BSD-3-Clause
"""A job keeps to its budget: drawn commands on drawn tables with drawn budgets never take more than 5 % above it, on any rank, also where
bounds of sums break on an outlier that no sample has seen. What a message names as the least budget is enough, and less is refused.

usage: budgets.py [--cases N] [--seed S]      with SUPERSTEP naming the program
       budgets.py --watch FOLDER COMMAND...   runs it and leaves what it took at most in the folder
"""
import os
import sys

if sys.argv[1:2] == ["--watch"]:  # a process of its own that is small: what it took counts as its child's, until that has begun
    import time
    child = os.fork()
    if child == 0:
        os.execv(sys.argv[3], sys.argv[3:])
    shared = ended = 0
    while not ended:
        with open(f"/proc/{child}/status") as f:
            shared = max([shared] + [int(line.split()[1]) for line in f if line.startswith("RssShmem:")])
        time.sleep(0.01)
        ended, status, usage = os.wait4(child, os.WNOHANG)
    with open(os.path.join(sys.argv[2], str(os.getpid())), "w") as f:
        f.write(f"{usage.ru_maxrss * 1024} {shared * 1024}")
    code = os.waitstatus_to_exitcode(status)
    sys.stdout.flush()
    os._exit(code if code >= 0 else 128 - code)

import argparse  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
import re  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

import h5py  # noqa: E402
import numpy as np  # noqa: E402

PROGRAM = os.environ["SUPERSTEP"]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1"}
WATCH = [sys.executable, "-I", "-S", os.path.abspath(__file__), "--watch", "peaks"]
MIB = 2**20
AGAIN = "to look at the rows again"  # of a refusal


def run(words, ranks=1, in_teams=False):
    """Exit code, result, messages, and the most that a rank took; of ranks that share memory its mean, what is shared counted once."""
    shutil.rmtree("peaks", ignore_errors=True)
    os.mkdir("peaks")
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run([*launcher, *WATCH, PROGRAM, *map(str, words), "--json", "--quiet"], env=ENVIRONMENT, capture_output=True, text=True,
                          timeout=120)
    found = [tuple(map(int, open(os.path.join("peaks", name)).read().split())) for name in os.listdir("peaks")]
    peak = max((most for most, _ in found), default=0)
    if in_teams and found:
        peak = (sum(most - shared for most, shared in found) + max(shared for _, shared in found)) / len(found)
    return done.returncode, json.loads(done.stdout) if done.returncode == 0 else None, done.stderr, peak


def named_budget(message):
    """MiB that a refusal names."""
    found = re.search(r"give --memory (\d+)M", message)
    return int(found.group(1)) if found else None


# Columns of tables that are small enough to be made and large enough to tell.
def write_table(rng, name, rows, columns, kind):
    X = rng.normal(size=(rows, columns))
    y = X[:, 0] + X[:, 1] + rng.normal(size=rows)
    if kind == "collinear":
        X[:, columns // 2:] = X[:, :columns - columns // 2] + 1e-9 * rng.normal(size=(rows, columns - columns // 2))
    if kind == "outlier":  # in one row of many blocks: a sample hardly sees it
        X[int(rng.integers(rows // 4, rows)), :] = 1e7
    with h5py.File(name, "w") as f:
        if kind == "gzip":
            f.create_dataset("X", data=X, chunks=(max(1, min(1000, rows // 7)), columns), compression=1, shuffle=True)
        else:
            f["X"] = X.astype("f4") if kind == "float32" else X
        f["y"] = y
        f["class"] = np.digitize(y, [-1.5, 0.0, 1.5])
        f["two"] = (y > 0).astype(int)
        f["count"] = rng.poisson(np.exp(np.clip(0.3 * y, -3, 3)))
        f["group"] = rng.integers(0, 50, rows)


REGRESSORS = ["Ridge()", "LinearRegression()", "Lasso(alpha=0.05)", "ElasticNet(alpha=0.05)", "make_pipeline(StandardScaler(), Ridge())",
              "RidgeCV()", "LassoCV(alphas=10, cv=3)", "RidgeCV(cv=3)"]
DISCRIMINANTS = ["LinearDiscriminantAnalysis()", "LinearDiscriminantAnalysis(solver='eigen', shrinkage=0.1)", "QuadraticDiscriminantAnalysis(reg_param=0.1)"]
OTHERS = ["PCA(n_components=3)", "TruncatedSVD(n_components=3)", "StandardScaler()", "MinMaxScaler()", "MaxAbsScaler()",
          "KMeans(n_clusters=5, n_init=2, max_iter=10)"]


def draw_words(dice, data, columns):
    """A command on these data."""
    way = dice.choices(["regress", "classify", "count", "other", "search", "search classes", "groups"], [5, 2, 1, 4, 3, columns < 300, 1])[0]
    out = ["--model", "model.h5"]
    if way == "regress":
        return ["fit", dice.choice(REGRESSORS), data, *out]
    if way == "classify":
        return ["fit", dice.choice(["LogisticRegression(max_iter=30)", "LogisticRegressionCV(Cs=3, cv=2, max_iter=30)", "GaussianNB()",
                                    *DISCRIMINANTS]), data, "--y", dice.choice(["/class", "/two"]), *out]
    if way == "count":
        return ["fit", "PoissonRegressor(max_iter=30)", data, "--y", "/count", *out]
    if way == "other":
        return ["fit", dice.choice(OTHERS), data, *out]
    if way == "search":
        return ["search", "make_pipeline(StandardScaler(), Ridge())", data, "--grid", "{'ridge__alpha': [0.1, 1, 10]}", "--cv",
                str(dice.randint(2, 4)), "--results", "results.csv"]
    if way == "search classes":
        return ["search", "LogisticRegression(max_iter=20)", data, "--y", "/two", "--grid", "{'C': [0.1, 1.0]}", "--cv", "3", "--results", "results.csv"]
    return ["cross-validate", "Ridge()", data, "--cv", "GroupKFold(5)", "--groups", "/group"]


def draw_table(dice):
    columns = dice.choice([3, 30, 120, 300, 600, 1000])
    rows = int(dice.uniform(1.0, 3.0) * 12e6 / columns ** dice.uniform(1.0, 1.15))
    return min(rows, 400_000), columns, dice.choice(["normal", "outlier", "outlier", "collinear", "float32", "gzip"])


def case(dice, number):
    """Runs one; returns what is wrong, and whether a bound broke."""
    rows, columns, kind = draw_table(dice)
    ranks, threads = dice.choice([1, 1, 1, 2, 3]), dice.choice([1, 1, 2, 4])
    words = [*draw_words(dice, "d.h5", columns), "--threads", str(threads)]
    write_table(np.random.default_rng(dice.getrandbits(32)), "d.h5", rows, columns, kind)
    begin = time.time()
    failures = []
    code, _, message, _ = run([*words, "--memory", "1K"], ranks)
    least = named_budget(message)
    if code != 5 or least is None:
        failures.append(f"1K of memory: exit {code}, {message}")
        least = 64
    for _ in range(2 if "--groups" in words else 0):  # first what the groups need, then the fits beside them
        code, _, message, _ = run([*words, "--memory", f"{least}M"], ranks)
        least = named_budget(message) if code == 5 else least
    code, _, message, _ = run([*words, "--memory", f"{least * 9 // 10}M"], ranks)
    if code != 5:
        failures.append(f"a tenth less than the least: exit {code}")
    budget = least if dice.random() < 0.5 else int(least * dice.uniform(1.0, 2.5))
    code, result, message, peak = run([*words, "--memory", f"{budget}M"], ranks)
    if code == 5 and AGAIN in message:  # what the rows alone tell
        budget = named_budget(message)
        code, result, message, peak = run([*words, "--memory", f"{budget}M"], ranks)
    if code != 0:
        failures.append(f"exit {code}: {message}")
    if peak > 1.05 * budget * MIB:
        failures.append(f"{peak / budget / MIB:.3f} of the budget")
    shown = " ".join(words[:2])
    print(f"{number:>3}  {shown:<60.60} {rows:>7} x {columns:<5} {kind:<10} {ranks} ranks {threads} threads  least {least:>4} budget {budget:>4} "
          f"peak {peak / MIB:7.1f} MiB {peak / budget / MIB:5.2f}  {time.time() - begin:4.1f} s  {'; '.join(failures) or 'ok'}", flush=True)
    return bool(failures), bool(result) and result.get("supersteps_repeated", 0) > 0, bool(result) and result.get("blocks_streamed", 0) > 0


def many_groups(dice):
    """A group for nearly every row: the list of them counts, on its way between ranks too. Each refusal names more than was given."""
    rows = dice.randint(300_000, 500_000)
    rng = np.random.default_rng(dice.getrandbits(32))
    with h5py.File("g.h5", "w") as f:
        f["X"], f["y"] = rng.normal(size=(rows, 2)), rng.normal(size=rows)
        f["id"] = rng.permutation(rows)
        f["name"] = np.array([f"patient {i:012d}" for i in rng.permutation(np.arange(rows) // 4)], dtype="S20")
    bad = 0
    for groups, ranks in (("/id", 1), ("/id", 2), ("/name", 1)):
        words = ["cross-validate", "Ridge()", "g.h5", "--cv", "GroupKFold(5)", "--groups", groups]
        budgets, code, message = [1], 5, ""
        while code == 5 and len(budgets) < 8:
            code, _, message, peak = run([*words, "--memory", f"{budgets[-1]}M"], ranks)
            if code == 5:
                budgets.append(named_budget(message) or 0)
        share = peak / budgets[-1] / MIB
        is_good = code == 0 and budgets == sorted(set(budgets)) and share <= 1.05
        print(f"{rows} rows in groups {groups} on {ranks} ranks: budgets {budgets} MiB, then exit {code}, {share:.2f} of it  "
              f"{'ok' if is_good else message}", flush=True)
        bad += not is_good
    return bad


def decompositions(dice):
    """Wide tables, where the matrices are what counts: what is asked for is enough, and not much more than is taken. Where columns follow from
    others a second look asks for more."""
    bad = 0
    for estimator in ("LinearRegression()", "PCA()", "TruncatedSVD(n_components=590)", "Ridge(alpha=1e-9)"):
        for kind in ("normal", "collinear"):
            columns = dice.randint(600, 900)
            write_table(np.random.default_rng(dice.getrandbits(32)), "d.h5", 3 * columns, columns, kind)
            ranks = dice.choice([1, 2, 3])
            words = ["fit", estimator, "d.h5", "--model", "model.h5"]
            budgets, code, message = [1], 5, ""
            while code == 5 and len(budgets) < 5:
                code, _, message, peak = run([*words, "--memory", f"{budgets[-1]}M"], ranks)
                if code == 5:
                    is_again = AGAIN in message
                    budgets.append(named_budget(message) or 0)
            share = peak / budgets[-1] / MIB
            is_good = code == 0 and 0.7 <= share <= 1.05 and is_again == (kind == "collinear")
            print(f"{estimator} of {columns} columns, {kind}, on {ranks} ranks: budgets {budgets} MiB, then exit {code}, {share:.2f} of it  "
                  f"{'ok' if is_good else message or 'BAD'}", flush=True)
            bad += not is_good
    return bad


TEAM_SEARCHES = [
    ("KMeans(n_init=1, max_iter=10)", "{'n_clusters': [3, 5, 8, 9, 12, 20]}", "/y"),
    ("make_pipeline(StandardScaler(), LogisticRegression(max_iter=20))", "{'logisticregression': [LogisticRegression(max_iter=20), GaussianNB()]}",
     "/class"),
    ("Ridge()", "{'alpha': [0.1, 1.0, 10.0]}", "/y"),
    ("make_pipeline(PCA(), KMeans(n_init=1, max_iter=10))", "{'pca__n_components': [2, 3], 'kmeans__n_clusters': [4, 8]}", "/y"),
]


def teams(dice):
    """Ranks that train in teams share the blocks of their node: together they keep to their budgets, and what a refusal names is enough."""
    bad = in_teams = 0
    for estimator, grid, target in TEAM_SEARCHES:
        for ranks in (2, 3):
            columns = dice.choice([20, 60, 200])
            rows = int(dice.uniform(0.5, 1.5) * 8e6 / columns)
            write_table(np.random.default_rng(dice.getrandbits(32)), "d.h5", rows, columns, dice.choice(["normal", "outlier", "float32"]))
            words = ["search", estimator, "d.h5", "--y", target, "--grid", grid, "--cv", "3", "--threads", str(dice.choice([1, 2])), "--results",
                     "results.csv", "--overwrite", "--teams", "2"]
            code, _, message, _ = run([*words, "--memory", "1K"], ranks)
            least = named_budget(message)
            assert code == 5 and least, message
            for budget in (least, int(least * dice.uniform(1.2, 2.0)), least + rows * columns * 8 // MIB * 2):
                code, result, message, peak = run([*words, "--memory", f"{budget}M"], ranks, in_teams=True)
                share = peak / budget / MIB
                is_good = code == 0 and share <= 1.05
                in_teams += bool(result) and result["teams"] == 2
                print(f"teams: {estimator:<40.40} {rows} x {columns} on {ranks} ranks: {rows * columns * 8 / MIB:.0f} MiB of rows, least {least} budget {budget} "
                      f"peak {peak / MIB:.1f} MiB {share:.2f}  {'ok' if is_good else message or 'BAD'}", flush=True)
                bad += not is_good
    assert in_teams > 0
    return bad


def many_threads(dice):
    """Every thread has sums of its own, and bounds are raised beside them."""
    bad = 0
    for threads in (2, 6):
        has_broken = False
        for _ in range(8):  # a sample may see the outlier
            write_table(np.random.default_rng(dice.getrandbits(32)), "t.h5", 30_000, 600, "outlier")
            words = ["fit", "Ridge()", "t.h5", "--model", "model.h5", "--threads", str(threads)]
            budget = named_budget(run([*words, "--memory", "1K"])[2])
            code, result, message, peak = run([*words, "--memory", f"{budget}M"])
            if code == 5:
                budget = named_budget(message)
                code, result, message, peak = run([*words, "--memory", f"{budget}M"])
            share = peak / budget / MIB
            if code != 0 or share > 1.05:
                print(message)
                break
            has_broken = result["supersteps_repeated"] > 0
            if has_broken:
                break
        is_good = code == 0 and has_broken and share <= 1.05
        print(f"{threads} threads, bounds {'broken' if has_broken else 'kept'}: budget {budget} MiB, {share:.2f} of it  {'ok' if is_good else 'BAD'}",
              flush=True)
        bad += not is_good
    return bad


def write_sparse(rng, name, rows, columns, stored):
    """csr rows as AnnData writes them."""
    among = columns // stored
    indices = rng.integers(0, among, (rows, stored)) + np.arange(stored) * among
    with h5py.File(name, "w") as f:
        X = f.create_group("X")
        X.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [rows, columns]})
        X["data"], X["indices"] = rng.exponential(size=rows * stored), indices.ravel().astype("i4")
        X["indptr"] = np.arange(rows + 1) * stored
        f["y"] = rng.integers(0, 2, rows)
        f["count"] = rng.poisson(2, rows)


# Words, rows, columns, and how much of what is asked for is taken at the least and at most.
SPARSE = [
    ("fit make_pipeline(StandardScaler(),Ridge()) d.h5 --model model.h5", 20_000, 1000, 0.6, 1.1),
    ("fit make_pipeline(MinMaxScaler(),LogisticRegression(max_iter=5)) d.h5 --model model.h5", 20_000, 1500, 0.2, 1.05),
    ("fit StandardScaler() d.h5 --model model.h5", 5_000, 200_000, 0.6, 1.05),
    ("fit LogisticRegression(max_iter=5) d.h5 --model model.h5", 20_000, 30_000, 0.4, 1.05),
    ("search TweedieRegressor(max_iter=5) d.h5 --y /count --grid {'power':[1.5,0.0]} --cv 2", 20_000, 1000, 0.3, 1.05),
    ("fit make_pipeline(StandardScaler(),LogisticRegression(max_iter=5)) d.h5 --model model.h5", 20_000, 30_000, 0.3, 1.05),
    ("predict model.h5 d.h5 --out answers.h5 --overwrite", 20_000, 30_000, 0.3, 1.05),
    ("fit make_pipeline(StandardScaler(),Binarizer(),GaussianNB()) d.h5 --model model.h5", 5_000, 3_000, 0.3, 1.05),
    ("predict model.h5 d.h5 --out answers.h5 --overwrite", 5_000, 3_000, 0.2, 1.05),
]


def sparse_rows(dice):
    """Whether they are written out or read as they lie, what is asked for is enough, and of the order of what is taken."""
    bad, written = 0, None
    for words, rows, columns, low, high in SPARSE:
        if written != (rows, columns):
            write_sparse(np.random.default_rng(dice.getrandbits(32)), "d.h5", rows, columns, 20)
            written = (rows, columns)
        words = [*words.split(), "--threads", "2"]
        least = named_budget(run([*words, "--memory", "1K"])[2])
        code, _, message, peak = run([*words, "--memory", f"{least}M"])
        share = peak / least / MIB
        is_good = code == 0 and low <= share <= high
        print(f"{' '.join(words[:2]):<80} {rows} x {columns} sparse: least {least} MiB, {share:.2f} of it  {'ok' if is_good else message or 'BAD'}", flush=True)
        bad += not is_good
    return bad


def classes_that_turn_up(dice):
    """Whole numbers as targets of TargetEncoder are classes, of which there is a sum in every level and cell."""
    levels, classes, rows = 300, 6000, 60_000
    rng = np.random.default_rng(dice.getrandbits(32))
    with h5py.File("d.h5", "w") as f:
        f["X"] = rng.integers(0, levels, (rows, 1)).astype(float)
        f["y"] = rng.integers(0, classes, rows)
    words = ["fit", "TargetEncoder()", "d.h5", "--model", "model.h5"]
    code, _, message, peak = run([*words, "--memory", "100M"])
    is_refused = code == 5 and peak <= 105 * MIB
    least = named_budget(message) or 1
    code, _, again, peak = run([*words, "--memory", f"{least}M"])
    is_good = is_refused and code == 0 and peak <= 1.05 * least * MIB
    print(f"TargetEncoder of {classes} classes: refused {is_refused}, least {least} MiB, {peak / least / MIB:.2f} of it  {'ok' if is_good else message + again}",
          flush=True)
    return not is_good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.strftime("%Y%m%d")))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    dice = random.Random(options.seed)
    home, folder = os.getcwd(), tempfile.mkdtemp()
    try:
        os.chdir(folder)
        results = [case(dice, number) for number in range(options.cases)]
        others = many_groups(dice) + many_threads(dice) + decompositions(dice) + teams(dice) + sparse_rows(dice) + classes_that_turn_up(dice)
    finally:
        os.chdir(home)
        shutil.rmtree(folder)
    bad, broke, streamed = (sum(column) for column in zip(*results))
    print(f"{options.cases} cases, {bad} beyond their budget or refused; in {broke} a bound broke, {streamed} streamed")
    assert broke > 0 and streamed > 0, "what was to be tested did not happen"
    sys.exit(1 if bad + others else 0)


main()
