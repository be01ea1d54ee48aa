# SPDX-License-Identifier: BSD-3-Clause
"""Model files are believed in nothing: a file whose parts were changed, of which some are missing, or whose bytes were damaged gives
exactly the answers of the file as it was, or ends with one message and exit code 3 or 4. Drawn for every estimator and for pipelines.

usage: model_files.py      with SUPERSTEP naming the program
"""
import concurrent.futures
import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

PROGRAM = os.environ["SUPERSTEP"]
SEED = int(os.environ.get("SUPERSTEP_TEST_SEED", datetime.date.today().strftime("%Y%m%d")))
DRAWN = int(os.environ.get("SUPERSTEP_TEST_EDITS", "6"))  # edits of each model, and as many damaged ones for every two
ENV = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_rmaps_base_oversubscribe="1",
           OMPI_MCA_mpi_yield_when_idle="1", OMPI_MCA_hwloc_base_binding_policy="none")
RNG = np.random.default_rng(SEED)
ROWS, COLUMNS = 400, 6

# estimator: target, command, and the columns if they are not X
MODELS = {
    "StandardScaler()": ("classes", "transform"),
    "StandardScaler(with_std=False)": ("classes", "transform"),
    "MinMaxScaler(feature_range=(-1, 2), clip=True)": ("classes", "transform"),
    "MaxAbsScaler()": ("classes", "transform"),
    "SelectKBest(k=3)": ("classes", "transform"),
    "SelectPercentile(f_regression, percentile=50)": ("real", "transform"),
    "SelectFromModel(Ridge())": ("real", "transform"),
    "TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1)": ("amounts", "predict"),
    "make_pipeline(Categorizer(), DummyEncoder())": ("classes", "transform"),
    "DummyClassifier()": ("words", "predict_proba"),
    "DummyRegressor(strategy='median')": ("real", "predict"),
    "LinearRegression()": ("real", "predict"),
    "Ridge()": ("real", "predict"),
    "Lasso(alpha=0.01)": ("real", "predict"),
    "ElasticNet(alpha=0.01)": ("real", "predict"),
    "LassoCV(alphas=5)": ("real", "predict"),
    "ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=3)": ("real", "predict"),
    "RidgeCV()": ("real", "predict"),
    "LogisticRegressionCV(Cs=3)": ("classes", "predict_proba"),
    "LogisticRegression()": ("classes", "predict_proba"),
    "LogisticRegression(C=0.5)": ("words", "predict"),
    "PoissonRegressor()": ("counts", "predict"),
    "GammaRegressor()": ("amounts", "predict"),
    "TweedieRegressor(alpha=0.1)": ("real", "predict"),
    "TweedieRegressor(power=1.5)": ("counts", "predict"),
    "PCA(n_components=3)": ("classes", "score_samples"),
    "TruncatedSVD(n_components=2)": ("classes", "transform"),
    "Binarizer(threshold=0.5)": ("classes", "transform"),
    "LabelEncoder()": ("classes", "transform"),
    "Normalizer()": ("classes", "transform"),
    "OneHotEncoder(max_categories=5)": ("classes", "transform", "categories"),
    "OrdinalEncoder(max_categories=9)": ("classes", "transform", "categories"),
    "PolynomialFeatures(interaction_only=True)": ("classes", "transform"),
    "RobustScaler()": ("classes", "transform"),
    "KBinsDiscretizer(4)": ("classes", "transform"),
    "KBinsDiscretizer([2, 3, 4, 2, 3, 4], encode='ordinal', strategy='uniform')": ("classes", "transform"),
    "QuantileTransformer(n_quantiles=9)": ("classes", "transform"),
    "PowerTransformer()": ("classes", "transform"),
    "SplineTransformer(4, 2, extrapolation='linear')": ("classes", "transform"),
    "VarianceThreshold(0.1)": ("classes", "transform"),
    "MissingIndicator(features='all')": ("classes", "transform"),
    "FunctionTransformer(np.arctan)": ("classes", "transform"),
    "make_pipeline(FeatureUnion([('a', FunctionTransformer(np.cbrt)), ('b', StandardScaler())]), Ridge())": ("real", "predict"),
    "SimpleImputer(strategy='median', add_indicator=True)": ("classes", "transform"),
    "make_pipeline(ColumnTransformer([('a', make_pipeline(SimpleImputer(strategy='most_frequent'), RobustScaler()), [0, 1]), "
    "('b', 'passthrough', [2])], remainder=StandardScaler()), Ridge())": ("real", "predict"),
    "make_pipeline(CountVectorizer(), TfidfTransformer())": ("classes", "transform", "texts"),
    "make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression())": ("words", "predict_proba", "texts"),
    "make_pipeline(HashingVectorizer(n_features=9), LogisticRegression())": ("words", "predict_proba", "texts"),
    "KMeans(n_clusters=3, n_init=1)": ("classes", "predict"),
    "GaussianNB()": ("words", "predict_proba"),
    "GradientBoostingClassifier(n_estimators=3)": ("words", "predict_proba"),
    "GradientBoostingRegressor(n_estimators=3)": ("real", "predict"),
    "HistGradientBoostingClassifier(max_iter=3)": ("words", "predict_proba"),
    "HistGradientBoostingClassifier(max_iter=2, max_depth=2)": ("classes", "decision_function"),
    "HistGradientBoostingRegressor('gamma', max_iter=3)": ("amounts", "predict"),
    "HistGradientBoostingRegressor('absolute_error', max_iter=2)": ("real", "predict"),
    "LinearDiscriminantAnalysis()": ("classes", "predict_proba"),
    "RidgeClassifier()": ("words", "decision_function"),
    "LinearSVC()": ("words", "decision_function"),
    "DecisionTreeClassifier(max_depth=4)": ("words", "predict_proba"),
    "DecisionTreeRegressor(max_depth=3)": ("real", "predict"),
    "ExtraTreeClassifier(max_depth=3)": ("classes", "predict"),
    "ExtraTreeRegressor(max_depth=3)": ("real", "predict"),
    "RandomForestClassifier(3, max_depth=3, oob_score=True)": ("classes", "predict_proba"),
    "RandomForestRegressor(3, max_depth=3)": ("real", "predict"),
    "ExtraTreesClassifier(3, max_depth=3)": ("words", "predict"),
    "ExtraTreesRegressor(3, max_depth=3)": ("real", "predict"),
    "LinearSVR(loss='squared_epsilon_insensitive')": ("real", "predict"),
    "LinearDiscriminantAnalysis('eigen', n_components=1)": ("classes", "transform"),
    "QuadraticDiscriminantAnalysis()": ("words", "predict_proba"),
    "BernoulliNB(binarize=1.0)": ("words", "predict_proba"),
    "CategoricalNB(min_categories=4)": ("classes", "predict_proba", "categories"),
    "make_pipeline(MinMaxScaler(), MultinomialNB())": ("classes", "predict_proba"),
    "make_pipeline(MinMaxScaler(), ComplementNB(norm=True))": ("classes", "predict"),
    "make_pipeline(StandardScaler(), PCA(n_components=4), Ridge())": ("real", "predict"),
    "make_pipeline(MinMaxScaler(), LogisticRegression())": ("words", "predict_proba"),
    "make_pipeline(TargetEncoder(), GaussianNB())": ("words", "predict_proba", "categories"),
    "TargetEncoder(target_type='multiclass')": ("classes", "transform", "categories"),
}


def make_data():
    X = RNG.normal(size=(ROWS, COLUMNS)) * np.logspace(-1, 1, COLUMNS) + np.arange(COLUMNS)
    real = X @ RNG.normal(size=COLUMNS) + RNG.normal(size=ROWS)
    classes = np.digitize(real, np.quantile(real, [0.3, 0.6]))
    with h5py.File("data.h5", "w") as f:
        f["X"], f["real"], f["classes"] = X, real, classes
        f["counts"] = RNG.poisson(1 + classes)
        f["amounts"] = 0.5 + classes
        f["categories"] = RNG.integers(0, 4, (ROWS, 3))
        f.create_dataset("words", data=np.where(classes > 0, "paid", "due").astype(object), dtype=h5py.string_dtype())
        f.create_dataset("texts/note", data=[" ".join(f"w{k}" for k in RNG.integers(0, 20, 6)) for _ in range(ROWS)], dtype=h5py.string_dtype())
        f["feature_names"] = [f"name {i}" for i in range(COLUMNS)]


def columns(number):
    """Options that name the columns of a model."""
    _, _, *others = list(MODELS.values())[number]
    return [option for name in others for option in ("--x", "/" + name)]


def command(model, method, out):
    number = re.match(r"model(\d+)", model)
    options = ["--out", out, *(columns(int(number.group(1))) if number else [])]
    if method == "transform":
        targets = ["--y", "/classes"] if number and list(MODELS)[int(number.group(1))] == "LabelEncoder()" else []
        return [PROGRAM, "transform", model, "data.h5", *targets, *options]
    return [PROGRAM, "predict", model, "data.h5", "--method", method, *options]


def ask(model, method, ranks=1):
    """What the model answers: (exit code, the answer's bytes or None, messages, everything said)."""
    out = model + ".out"
    launch = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run(launch + command(model, method, out), capture_output=True, env=ENV, timeout=60)
    said = done.stderr.decode(errors="replace")
    messages = re.findall(r"^superstep: error: (.*)", said, re.M)
    answer = None
    if os.path.exists(out):
        with h5py.File(out, "r") as f:
            item = f["X" if method == "transform" else method]
            answer = b"".join(item[name][()].tobytes() for name in ("data", "indices", "indptr")) if isinstance(item, h5py.Group) else (
                item[()].tobytes() if item.dtype.kind != "O" else repr(item[()]))
        os.remove(out)
    return done.returncode, answer, messages, said


# ---- edits: each changes an open file and returns what it did, or None where it cannot ----------

def datasets(f):
    found = []
    f.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


def values_of(f, name):
    item = f[name]
    return item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()]


def replace(f, name, values):
    del f[name]
    values = np.asarray(values)
    f.create_dataset(name, data=values.astype(object) if values.dtype.kind in "UO" else values,
                     dtype=h5py.string_dtype() if values.dtype.kind in "UO" else None)


def pick(f, rng, condition=lambda v: True):
    names = [n for n in datasets(f) if condition(np.asarray(values_of(f, n)))]
    return names[rng.integers(len(names))] if names else None


def is_real(v):
    return v.dtype.kind == "f" and v.size > 0


def longer_or_shorter(f, rng):
    name = pick(f, rng, lambda v: v.ndim > 0 and v.size > 0)
    if name is None:
        return None
    v = values_of(f, name)
    axis, less = rng.integers(v.ndim), rng.integers(2)
    first = np.take(v, [0], axis)
    replace(f, name, np.delete(v, 0, axis) if less else np.concatenate([v, first], axis))
    return f"{name}: axis {axis} {'shorter' if less else 'longer'}"


def emptied(f, rng):
    name = pick(f, rng, lambda v: v.ndim > 0)
    if name is None:
        return None
    replace(f, name, values_of(f, name)[:0])
    return f"{name}: empty"


def not_finite(f, rng):
    name = pick(f, rng, is_real)
    if name is None:
        return None
    v = np.array(values_of(f, name))
    v.reshape(-1)[rng.integers(v.size)] = rng.choice([np.nan, np.inf, -np.inf])
    replace(f, name, v)
    return f"{name}: not finite"


def negative(f, rng):
    """What is a variance, a length, a weight or a count."""
    names = [n for n in datasets(f) if re.search("(var|scale|variance|values|prior|count|max_abs|range|inertia|epsilon)_$", n)]
    if not names:
        return None
    name = names[rng.integers(len(names))]
    replace(f, name, -values_of(f, name))
    return f"{name}: negative"


def another_dimension(f, rng):
    name = pick(f, rng)
    v = np.asarray(values_of(f, name))
    replace(f, name, v.reshape(1, *v.shape))
    return f"{name}: one dimension more"


def another_type(f, rng):
    name = pick(f, rng, lambda v: v.dtype.kind in "fi")
    v = np.asarray(values_of(f, name))
    to = rng.choice(["f4", "i4", "u1", "S8", "f2", "bool", "c16"])
    replace(f, name, v.astype(to))
    return f"{name}: {to}"


def missing(f, rng):
    name = pick(f, rng)
    del f[name]
    return f"{name}: missing"


def renamed(f, rng):
    name = pick(f, rng)
    f.move(name, name + "x")
    return f"{name}: renamed"


def additional(f, rng):
    f[rng.choice(["notes", "steps/notes"])] = 1.0
    return "a dataset more"


def reordered(f, rng):
    name = pick(f, rng, lambda v: v.ndim > 0 and len(v) > 1)
    if name is None:
        return None
    v = values_of(f, name)
    replace(f, name, v[::-1])
    return f"{name}: reversed"


def one_value(f, rng):
    name = pick(f, rng, is_real)
    if name is None:
        return None
    v = np.array(values_of(f, name))
    v.reshape(-1)[rng.integers(v.size)] *= 1 + 1e-12
    replace(f, name, v)
    return f"{name}: another value"


def steps_swapped(f, rng):
    if "steps" not in f:
        return None
    a, b = rng.choice(list(f["steps"]), 2, replace=False)
    f.move(f"steps/{a}", "steps/between")
    f.move(f"steps/{b}", f"steps/{a}")
    f.move("steps/between", f"steps/{b}")
    return f"{a} and {b} swapped"


def another_attribute(f, rng):
    name = rng.choice(["format", "version", "estimator"])
    f.attrs[name] = ["x", "", "Ridge()", "KMeans(n_clusters=7)", 0.5, 3, -1][rng.integers(7)]
    return f"attribute {name}"


# Without the checksum these are refused for what they are; whoever changes single values then gets what he asks for.
STRUCTURAL = [longer_or_shorter, emptied, another_dimension, missing, renamed, additional, steps_swapped, another_attribute, negative,
              not_finite]
EDITS = STRUCTURAL + [another_type, reordered, one_value]

def damaged(path, rng):
    with open(path, "r+b") as f:
        size = os.path.getsize(path)
        kind = rng.integers(3)
        if kind == 2:
            f.truncate(int(rng.integers(size)))
            return "truncated"
        at = int(rng.integers(size))
        f.seek(at)
        old = f.read(int(rng.integers(1, 9)))
        f.seek(at)
        f.write(rng.bytes(len(old)) if kind else bytes([old[0] ^ 1 << int(rng.integers(8))]) + old[1:])
        return f"{len(old)} bytes at {at}"


def judged(case):
    """What is wrong with the outcome of one case, or None; and whether it was refused."""
    model, method, expected, what, ranks = case
    try:
        code, answer, messages, said = ask(model, method, ranks)
    except subprocess.TimeoutExpired:
        return f"{what}: hangs", False
    if code == 0:
        return (None if answer == expected else f"{what}: another answer with exit 0"), False
    if code not in (3, 4) or len(messages) != 1 or model not in messages[0] or answer is not None or os.path.exists(model + ".out"):
        return f"{what}: exit {code}: {said[-400:]}", False
    return None, True


def cases_of(number, expression, target, method, *_):
    """Edited and damaged copies of one model."""
    rng = np.random.default_rng([SEED, number])
    base = f"model{number}.h5"
    subprocess.run([PROGRAM, "fit", expression, "data.h5", "--y", "/" + target, "--model", base, "--quiet", *columns(number)],
                   check=True, capture_output=True, env=ENV)
    code, expected, _, said = ask(base, method)
    assert code == 0 and expected is not None, said
    cases = []

    def add(edit, keeps_checksum):
        path = f"model{number}_{len(cases)}.h5"
        shutil.copy(base, path)
        with h5py.File(path, "a") as f:
            if not keeps_checksum:
                f.attrs.pop("checksum", None)
            what = edit(f, rng)
        if what is None:
            os.remove(path)
            return
        note = f"{expression}, {what}, {'with' if keeps_checksum else 'without'} checksum"
        cases.append((path, method, expected, note, 3 if len(cases) % 5 == 4 else 1))

    for i in range(DRAWN):
        keeps = bool(i % 2)
        choices = EDITS if keeps else STRUCTURAL
        add(choices[rng.integers(len(choices))], keeps)
    for i in range(DRAWN // 2):
        path = f"model{number}_damaged{i}.h5"
        shutil.copy(base, path)
        what = damaged(path, rng)
        cases.append((path, method, expected, f"{expression}, {what}", 1))
    return cases


def known_cases():
    """Those that went wrong once, and what a file without its checksum is still good for."""
    problems = []

    def expect(path, method, code, words, ranks=1):
        got, answer, messages, said = ask(path, method, ranks)
        if got != code or (code and (len(messages) != 1 or any(w not in messages[0] for w in words))):
            problems.append(f"{path} on {ranks} ranks: exit {got}, expected {code} and {words}: {said[-300:]}")
        return answer

    def copy(base, edit, checksum=False):
        path = f"known{len(os.listdir('.'))}.h5"
        shutil.copy(base, path)
        with h5py.File(path, "a") as f:
            if not checksum:
                f.attrs.pop("checksum", None)
            edit(f)
        return path

    numbers = {e: i for i, e in enumerate(MODELS)}
    pipeline = f"model{numbers['make_pipeline(StandardScaler(), PCA(n_components=4), Ridge())']}.h5"

    def other_rows(change):
        def edit(f):
            for name in ("components_", "explained_variance_", "explained_variance_ratio_", "singular_values_"):
                replace(f, "steps/pca/" + name, change(f["steps/pca/" + name][()]))
            f["steps/pca/n_components_"][()] += len(change(np.zeros(4))) - 4
        return edit

    for change in (lambda v: np.concatenate([v, v[:1]]), lambda v: v[:-1]):
        path = copy(pipeline, other_rows(change))
        for ranks in (1, 2, 5):
            expect(path, "predict", 3, ["/steps/ridge/", "4 columns"], ranks)
    path = copy(pipeline, lambda f: replace(f, "steps/standardscaler/mean_", np.zeros(0)))
    expect(path, "predict", 3, ["/steps/standardscaler/mean_", "length 0"])
    words = f"model{numbers['LogisticRegression(C=0.5)']}.h5"
    path = copy(words, lambda f: replace(f, "classes_", values_of(f, "classes_")[::-1]))
    expect(path, "predict", 3, ["/classes_", "ascending"])
    path = copy(words, lambda f: replace(f, "coef_", np.full((1, COLUMNS), np.nan)))
    expect(path, "predict", 3, ["/coef_", "nan"])
    bayes = f"model{numbers['GaussianNB()']}.h5"
    expect(copy(bayes, lambda f: replace(f, "var_", -f["var_"][()])), "predict", 3, ["/var_"])
    expect(copy(bayes, lambda f: replace(f, "class_prior_", 2 * f["class_prior_"][()])), "predict", 3, ["/class_prior_", "add up"])
    ridge = f"model{numbers['Ridge()']}.h5"
    with h5py.File(ridge, "r") as f, h5py.File("data.h5", "r") as d:
        doubled = d["X"][()] @ (2 * f["coef_"][()]) + f["intercept_"][()]
    twice = lambda f: replace(f, "coef_", 2 * f["coef_"][()])  # noqa: E731
    expect(copy(ridge, twice, checksum=True), "predict", 3, ["checksum", "delete"])
    found = expect(copy(ridge, twice), "predict", 0, [])
    if found is None or not np.allclose(np.frombuffer(found), doubled):
        problems.append("a coefficient that was changed on purpose is not the one used")
    if expect(copy(ridge, lambda f: None), "predict", 0, []) != ask(ridge, "predict")[1]:
        problems.append("a file without checksum gives other answers")
    odd = copy(ridge, lambda f: f.create_dataset("\x1b[2J" + "n" * 5000, data=1.0))
    for words in (["info", odd], ["predict", odd, "data.h5", "--out", "out.h5"]):
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=ENV)
        if "\x1b" in done.stdout + done.stderr or len(done.stdout + done.stderr) > 3000 or "none of its attributes" not in done.stderr:
            problems.append(f"a dataset with an odd name, {words}: {done.stderr[:500]}")
    info = subprocess.run([PROGRAM, "info", copy(ridge, twice, checksum=True)], capture_output=True, text=True, env=ENV)
    if info.returncode != 0 or "checksum" not in info.stderr or "coef_" not in info.stdout:
        problems.append(f"info of a changed model: exit {info.returncode}, {info.stderr}")
    return problems


def known_estimators():
    text = subprocess.run([PROGRAM, "help"], capture_output=True, text=True, check=True, env=ENV).stdout
    return set(re.findall(r"\b[A-Z]\w+", text.split("estimators:")[1].split("splitters of --cv:")[0]))


def main():
    print(f"seed {SEED}")
    missing = known_estimators() - {name for e in MODELS for name in re.findall(r"\b[A-Z]\w+(?=\()", e)}
    assert not missing, f"add these estimators to this test: {missing}"
    problems = []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        os.chdir(folder)
        make_data()
        models = list(pool.map(lambda item: cases_of(item[0], item[1][0], *item[1][1]), enumerate(MODELS.items())))
        cases = [case for some in models for case in some]
        outcomes = list(pool.map(judged, cases))
        problems = [problem for problem, _ in outcomes if problem] + known_cases()
        refused = sum(is_refused for _, is_refused in outcomes)
        print(f"{len(cases)} edited or damaged files, {refused} refused, the others gave the same answers")
        if refused < len(cases) // 3:
            problems.append("so few are refused that the edits cannot have been made")
        os.chdir("/")
    for problem in problems:
        print("FAILED  " + problem)
    print(f"{len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
