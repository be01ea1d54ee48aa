# SPDX-License-Identifier: BSD-3-Clause
"""The promise: the same model file, byte for byte, on any number of ranks and threads, in memory or streamed, from
contiguous or compressed input, with MPI and alone without it, for every estimator the program knows. Likewise kept as float32 or as float64,
where both are computed as doubles. On two ranks in all eight ways of threads, memory and storage; elsewhere, and under sanitizers, in a few of
them, drawn for each estimator by SEED (the date).

usage: same_bytes.py FIT_ALL   (tests/identity/fit_all.cpp), with SUPERSTEP naming the program
"""
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict

import h5py
import numpy as np

SANITIZED = os.environ.get("SUPERSTEP_SANITIZED", "none") != "none"
RANKS = (1, 2) if SANITIZED else (1, 2, 3, 5)
COLUMNS = 12
# 27 blocks: of five ranks each holds more than two threads must, and the last block is short. Sanitizers take their time.
ROWS = 46_001 if SANITIZED else 110_001
# How fit_all is started: alone, and on so many ranks.
LAUNCHERS = {"alone": [], **{f"mpirun -n {ranks}": ["mpirun", "-n", str(ranks)] for ranks in RANKS}}

WAYS = [" ".join(way) for way in itertools.product(("1 threads", "2 threads"), ("memory", "streamed"), ("plain", "gzip"))]
ALL_WAYS_ON = None if SANITIZED else "mpirun -n 2"
DRAWN = 2 if SANITIZED else 3
SEED = int(os.environ.get("SEED", time.strftime("%Y%m%d")))

# estimator: its target, and its columns where these are others than X
ESTIMATORS = {
    "StandardScaler()": "classes",
    "MinMaxScaler()": "classes",
    "MaxAbsScaler()": "classes",
    "make_pipeline(Binarizer(threshold=0.5), StandardScaler())": "classes",
    "make_pipeline(Normalizer(), StandardScaler())": "classes",
    "OneHotEncoder(max_categories=5)": "classes",
    "LabelEncoder()": "classes",
    "OrdinalEncoder(max_categories=9)": "classes",
    "make_pipeline(TargetEncoder(), LogisticRegression())": "classes categories",
    "make_pipeline(TargetEncoder(cv=KFold(3), smooth=9.0), Ridge())": "real categories",
    "make_pipeline(PolynomialFeatures(interaction_only=True), StandardScaler())": "classes",
    "RobustScaler(quantile_range=(10.0, 80.0))": "classes",
    "SimpleImputer(strategy='median')": "classes",
    "KBinsDiscretizer(7)": "classes",
    "KBinsDiscretizer(3, strategy='kmeans')": "classes",
    "QuantileTransformer(n_quantiles=50, output_distribution='normal')": "classes",
    "PowerTransformer()": "classes",
    "SplineTransformer(knots='quantile')": "classes",
    "VarianceThreshold()": "classes",
    "make_pipeline(make_union(MissingIndicator(features='all'), 'passthrough'), StandardScaler())": "classes",
    "make_pipeline(FeatureUnion([('a', FunctionTransformer(np.arcsinh)), ('b', MinMaxScaler())]), Ridge())": "real",
    "make_pipeline(ColumnTransformer([('a', make_pipeline(SimpleImputer(strategy='most_frequent'), RobustScaler()), [0, 1]), "
    "('b', 'passthrough', [2])], remainder=StandardScaler()), Ridge())": "real",
    "SelectKBest(k=4)": "classes",
    "make_pipeline(MinMaxScaler(), SelectPercentile(chi2, percentile=30))": "classes",
    "make_pipeline(StandardScaler(), SelectKBest(f_regression, k=5), Ridge())": "real",
    "make_pipeline(SelectFromModel(LogisticRegression(), max_features=6), LogisticRegression())": "classes",
    "TransformedTargetRegressor(Lasso(alpha=0.1), func=np.log1p, inverse_func=np.expm1)": "amounts",
    "make_pipeline(Categorizer(), DummyEncoder(), MinMaxScaler())": "classes",
    "DummyClassifier()": "classes",
    "DummyRegressor(strategy='quantile', quantile=0.3)": "real",
    "DummyRegressor()": "several",
    "LinearRegression()": "real",
    "Ridge(alpha=0.5)": "real",
    "Ridge(alpha=0.25)": "several",
    "make_pipeline(StandardScaler(), LinearRegression())": "several",
    "Lasso(alpha=0.01)": "real",
    "ElasticNet(alpha=0.01)": "real",
    "LassoCV(alphas=7)": "real",
    "ElasticNetCV(l1_ratio=[0.3, 1.0], alphas=4, cv=KFold(3, shuffle=True))": "real",
    "RidgeCV()": "real",
    "make_pipeline(StandardScaler(), RidgeCV(cv=4))": "real",
    "LogisticRegressionCV(Cs=[0.1, 1.0], cv=3)": "binary",
    "LogisticRegression(C=0.5)": "classes",
    "LogisticRegression(class_weight='balanced')": "binary",
    "LogisticRegression(C=0.1, penalty='l1', solver='saga')": "binary",
    "PoissonRegressor()": "counts",
    "GammaRegressor(alpha=0.01)": "amounts",
    "TweedieRegressor(power=1.5, alpha=0.01)": "counts",
    "TweedieRegressor(power=3, alpha=0.01)": "amounts",
    "TweedieRegressor()": "real",
    "PCA(n_components=5)": "classes",
    "TruncatedSVD(n_components=3)": "classes",
    "KMeans(n_clusters=5, n_init=2, max_iter=20)": "classes",
    "GaussianNB()": "classes",
    "make_pipeline(MinMaxScaler(), MultinomialNB(alpha=0.1))": "classes",
    "make_pipeline(MinMaxScaler(), ComplementNB(norm=True))": "classes",
    "BernoulliNB(binarize=0.5)": "classes",
    "CategoricalNB()": "classes categories",
    "CountVectorizer(max_features=40, ngram_range=(1, 2))": "classes texts",
    "make_pipeline(HashingVectorizer(n_features=64, alternate_sign=False), TfidfTransformer(), MultinomialNB())": "classes texts",
    # What the least budget of more columns than these turn out to be leaves no block out of memory.
    "make_pipeline(TfidfVectorizer(min_df=9), MultinomialNB())": "classes texts",
    "make_pipeline(HashingVectorizer(n_features=64), LogisticRegression())": "classes texts",
    "LinearDiscriminantAnalysis()": "classes",
    "GradientBoostingClassifier(n_estimators=3, subsample=0.7)": "classes",
    "GradientBoostingRegressor(n_estimators=4, max_features='sqrt')": "real",
    "HistGradientBoostingClassifier(max_iter=4)": "classes",
    "HistGradientBoostingClassifier(max_iter=5, early_stopping=True, max_leaf_nodes=9, class_weight='balanced')": "binary",
    "HistGradientBoostingRegressor(max_iter=4, max_bins=40)": "real",
    "HistGradientBoostingRegressor('quantile', quantile=0.8, max_iter=2)": "real",
    "make_pipeline(StandardScaler(), HistGradientBoostingRegressor('poisson', max_iter=3, early_stopping=False))": "counts",
    "LinearSVC(C=0.01)": "classes",
    "make_pipeline(StandardScaler(), LinearSVC(class_weight='balanced'))": "binary",
    "LinearSVR(loss='squared_epsilon_insensitive', epsilon=0.5)": "real",
    "RidgeClassifier()": "classes",
    "DecisionTreeClassifier(max_depth=6)": "classes",
    "DecisionTreeRegressor(criterion='poisson', max_leaf_nodes=20)": "counts",
    "ExtraTreeClassifier(max_depth=8, class_weight='balanced')": "binary",
    "ExtraTreeRegressor(max_depth=8)": "real",
    "RandomForestClassifier(5, max_depth=8, oob_score=True)": "binary",
    "RandomForestRegressor(3, max_features=0.3, min_samples_leaf=200)": "real",
    "ExtraTreesClassifier(4, max_depth=8, min_samples_leaf=5)": "classes",
    "ExtraTreesRegressor(3, max_features='sqrt', min_samples_leaf=200, bootstrap=True)": "amounts",
    "RidgeClassifier(alpha=0.1, class_weight='balanced')": "classes",
    "LinearDiscriminantAnalysis('eigen', shrinkage=0.2)": "classes",
    "make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis())": "classes",
    "make_pipeline(StandardScaler(), PCA(n_components=4), LogisticRegression())": "classes",
}

# Each is fitted to the same values as float32 and as float64.
NARROW = {
    "Ridge(alpha=0.125)": "real",
    "KMeans(n_clusters=8, n_init=1, max_iter=10)": "classes",
    "make_pipeline(StandardScaler(), GaussianNB())": "classes",
    "make_pipeline(MaxAbsScaler(), LinearDiscriminantAnalysis())": "classes",
}

# Computed as floats of float32.
SINGLE = {
    "LogisticRegression(C=0.25)": "classes",
    "LogisticRegression(C=0.375)": "binary",
    "make_pipeline(StandardScaler(), LogisticRegression(C=0.125))": "classes",
}


def write_data(folder):
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(3, COLUMNS)) * 1.5
    classes = rng.integers(0, 3, ROWS)
    X = (rng.normal(size=(ROWS, COLUMNS)) + centres[classes]) * np.logspace(-2, 2, COLUMNS) + np.arange(COLUMNS)
    targets = dict(classes=classes, binary=np.minimum(classes, 1),
                   real=X @ (rng.normal(size=COLUMNS) / np.logspace(-2, 2, COLUMNS)) + rng.normal(size=ROWS),
                   counts=rng.poisson(np.exp(0.1 * rng.normal(size=ROWS))),
                   amounts=rng.gamma(2, np.exp(classes - 1.0)))
    targets["several"] = np.column_stack([targets["real"] * 1e8, targets["counts"], targets["amounts"] * 1e-8 + 1.0, classes])
    weight = rng.uniform(0.5, 2, ROWS)
    words = np.array(["alpha", "beta", "Gamma", "d\u00e9lta", "eps ilon", "z\u00f6", "\u03a3\u0391\u03a3", "x1", "y"] + [f"w{i}" for i in range(60)])
    numbers = np.minimum(rng.exponential(9 + 4 * classes[:, None], (ROWS, 6)).astype(int), len(words) - 1)
    texts = [" ".join(row).encode() for row in words[numbers]]
    for name, options in (("plain", {}), ("gzip", dict(chunks=(3000, 5), compression="gzip", shuffle=True))):
        with h5py.File(os.path.join(folder, name + ".h5"), "w") as f:
            f.create_dataset("X", data=X, **options)
            f.create_dataset("float32", data=X.astype(np.float32), **options)
            f.create_dataset("float64", data=X.astype(np.float32).astype(np.float64), **options)
            f.create_dataset("categories", data=np.floor(np.abs(X)) % 9, **options)
            f["weight"] = weight
            group = f.create_group("texts/words")
            group.attrs.update({"encoding-type": "superstep-text", "encoding-version": "0.1.0"})
            chunks = {k: v for k, v in options.items() if k == "compression"}
            group.create_dataset("data", data=np.frombuffer(b"".join(texts), np.uint8), **chunks)
            group.create_dataset("indptr", data=np.cumsum([0] + [len(t) for t in texts]), **chunks)
            for target, values in targets.items():
                f[target] = values


def known_estimators():
    text = subprocess.run([os.environ["SUPERSTEP"], "help"], capture_output=True, text=True, check=True).stdout
    listed = text.split("estimators:")[1].split("splitters of --cv:")[0]
    return set(re.findall(r"\b[A-Z]\w+", listed))


def main():
    missing = known_estimators() - {name for e in ESTIMATORS for name in re.findall(r"\b[A-Z]\w+(?=\()", e)}
    assert not missing, f"add these estimators to this test: {missing}"
    hashes = defaultdict(dict)
    looked_at = defaultdict(int)
    with tempfile.TemporaryDirectory() as folder:
        write_data(folder)
        fits = []
        for estimator, names in ESTIMATORS.items():
            target, columns = (names.split() + ["X"])[:2]
            fits.append(f"{columns}\t{target}\t{estimator}")
        for estimator, target in NARROW.items():
            fits += [f"{columns}\t{target}\t{estimator}" for columns in ("float32", "float64")]
        fits += [f"float32\t{target}\t{estimator}" for estimator, target in SINGLE.items()]
        draw = random.Random(SEED)
        print(f"seed {SEED} draws {DRAWN} of {len(WAYS)} ways" + (f" where it is not {ALL_WAYS_ON}" if ALL_WAYS_ON else ""))
        for name, launcher in LAUNCHERS.items():
            lines = "".join(f"{one}\t{','.join(WAYS if name == ALL_WAYS_ON else draw.sample(WAYS, DRAWN))}\n" for one in fits)
            done = subprocess.run([*launcher, sys.argv[1], folder], input=lines, text=True, capture_output=True)
            assert done.returncode == 0, f"{name}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
            for line in done.stdout.splitlines():
                estimator, way, value = line.split("\t")
                way = f"{name}: {way}"
                hashes[estimator][way + (", again" if way in hashes[estimator] else "")] = value
                looked_at[estimator] += 1
    bad = 0
    for estimator, ways in hashes.items():
        first = next(iter(ways.values()))
        different = [way for way, value in ways.items() if value != first]
        bad += bool(different)
        print(f"{estimator}: {len(ways)} ways, " + (f"DIFFERENT: {different}" if different else f"all {first}"))
    of_each = sum(len(WAYS) if name == ALL_WAYS_ON else DRAWN for name in LAUNCHERS)
    assert all(n == (2 if e in NARROW else 1) * of_each for e, n in looked_at.items())
    assert len(hashes) == len(ESTIMATORS) + len(NARROW) + len(SINGLE)
    print(f"{len(hashes) - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
