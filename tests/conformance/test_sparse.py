# SPDX-License-Identifier: BSD-3-Clause
"""Sparse rows (csr_matrix groups as anndata writes them, 10x files): the same models and scores as of the same rows written out, and as
scikit-learn's of the same matrix.

--seed S: draws them again.
"""
import argparse
import datetime
import json
import re
import warnings

import anndata
import h5py
import numpy as np
import scipy.sparse as sp
from scipy.special import logsumexp
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.svm import LinearSVC

from common import attributes, close, fit, main, output, path, run

warnings.filterwarnings("ignore")
SEED = int(datetime.date.today().strftime("%Y%m%d"))


def counts(rng, rows, columns, mean=12, dtype="f8"):
    """Words in documents: a few columns are frequent, most are rare."""
    frequency = 1.0 / np.arange(1, columns + 1)
    lengths = rng.poisson(mean, rows)
    lengths[rng.random(rows) < 0.02] = 0  # empty rows
    column = rng.choice(columns, size=lengths.sum(), p=frequency / frequency.sum())
    row = np.repeat(np.arange(rows), lengths)
    matrix = sp.csr_matrix((np.ones(len(row), dtype), (row, column)), shape=(rows, columns))
    matrix.sum_duplicates()
    matrix.sort_indices()
    return matrix


def labels(rng, X, classes):
    scores = X @ rng.normal(size=(X.shape[1], classes)) * 0.7 + rng.gumbel(size=(X.shape[0], classes))
    return np.argmax(scores, axis=1)


def write_sparse(name, X, y=None, weight=None, **options):
    """As anndata writes it."""
    file = path(name + ".h5")
    with h5py.File(file, "w") as f:
        anndata.io.write_elem(f, "X", X, dataset_kwargs=options)
        if y is not None:
            f["y"] = y
        if weight is not None:
            f["weight"] = weight
    return file


def write_dense(name, X, y=None, weight=None):
    file = path(name + "_dense.h5")
    with h5py.File(file, "w") as f:
        f["X"] = X.toarray()
        if y is not None:
            f["y"] = y
        if weight is not None:
            f["weight"] = weight
    return file


def transformed(model, data):
    """What transform writes, sparse rows as such."""
    out = path("transform.h5")
    run("transform", model, data, "--out", out, "--quiet", ranks=2)
    with h5py.File(out) as f:
        return anndata.io.read_elem(f["X"])


def logistic_objective(X, y, coef, intercept, C):
    z = X @ coef.T + intercept
    if z.shape[1] == 1:
        z = np.hstack([-0.5 * z, 0.5 * z])
    return C * (logsumexp(z, axis=1) - z[np.arange(len(y)), y]).sum() + 0.5 * (coef**2).sum()


def test_logistic_regression():
    """No worse than scikit-learn's tightest fit; wide ones too, where no second derivatives are kept."""
    rng = np.random.default_rng(SEED)
    for rows, columns, classes, C in ((900, 60, 2, 1.0), (700, 40, 4, 0.3), (1500, 3000, 2, 2.0), (1200, 20000, 3, 1.0)):
        X = counts(rng, rows, columns)
        y = labels(rng, X, classes)
        model, done, _ = fit(f"LogisticRegression(C={C}, tol=1e-8, max_iter=2000)", write_sparse("logistic", X, y))
        best = LogisticRegression(C=C, tol=1e-10, max_iter=10000).fit(X, y)
        ours = logistic_objective(X, y, model["coef_"], model["intercept_"], C)
        theirs = logistic_objective(X, y, best.coef_, best.intercept_, C)
        assert ours <= theirs * (1 + 1e-9), (rows, columns, ours, theirs)
        close(model["coef_"], best.coef_, atol=2e-4 * np.abs(best.coef_).max(), rtol=1e-3)
        print(f"{rows} x {columns}, {classes} classes: objective {ours / theirs - 1:+.1e} of scikit-learn's, {done['passes']} passes")


def test_as_written_out():
    """Families that read sparse rows and those that write them out give what they give for the same rows written out."""
    rng = np.random.default_rng(SEED + 1)
    X = counts(rng, 800, 30)
    y, weight = labels(rng, X, 3), rng.integers(0, 4, 800).astype(float)
    for estimator in ("MultinomialNB(alpha=0.3)", "ComplementNB()", "BernoulliNB()", "GaussianNB()", "StandardScaler(with_mean=False)",
                      "StandardScaler()", "MaxAbsScaler()", "LinearSVC(tol=1e-6)", "make_pipeline(StandardScaler(), LogisticRegression(tol=1e-8))",
                      "make_pipeline(MaxAbsScaler(), LogisticRegression(tol=1e-8))", "PCA(n_components=3)", "TruncatedSVD(n_components=3)",
                      "Ridge(alpha=0.1)", "make_pipeline(StandardScaler(with_mean=False), MultinomialNB())",
                      "RidgeClassifier()"):
        for with_weights in (False, True):
            given = dict(weight=weight) if with_weights else {}
            sparse = attributes(fit(estimator, write_sparse("same", X, y, **given))[2])
            dense = attributes(fit(estimator, write_dense("same", X, y, **given))[2])
            assert set(sparse) == set(dense)
            for name in sparse:
                value = dense[name]
                if name in ("checksum",) or getattr(value, "dtype", None) is None or value.dtype.kind not in "fiu" or "n_iter" in name:
                    continue
                if "components_" in name or "labels" in name:
                    close(np.abs(sparse[name]), np.abs(value), rtol=1e-6, atol=1e-7, what=f"{estimator} {name}")
                else:
                    close(sparse[name], value, rtol=1e-5, atol=1e-5 * (1 + np.abs(value).max()), what=f"{estimator} {name}")


def test_naive_bayes():
    rng = np.random.default_rng(SEED + 2)
    X = counts(rng, 1000, 500, dtype="f4")
    y = labels(rng, X, 4)
    for estimator in (MultinomialNB(alpha=0.5), ComplementNB(norm=True), BernoulliNB(binarize=1.0)):
        model, _, file = fit(repr(estimator), write_sparse("bayes", X, y), ranks=3)
        estimator.fit(X.astype("f8"), y)
        close(model["feature_log_prob_"], estimator.feature_log_prob_, rtol=1e-12)
        got = output("predict", file, path("bayes.h5"), "--method", "predict_proba", dataset="predict_proba")
        close(got, estimator.predict_proba(X), rtol=1e-9, atol=1e-12)


def test_scalers():
    """Means and variances of columns far from zero, of constant ones and of empty ones, without and with zeros that are stored."""
    rng = np.random.default_rng(SEED + 3)
    X = counts(rng, 600, 40).tolil()
    X[:, 5] = (2000 + rng.integers(0, 9, 600)).reshape(-1, 1)  # years
    X[:, 6] = 7.25
    X[:, 7] = 0.0
    X = X.tocsr()
    X.data[::17] = 0.0
    weight = rng.random(600)
    for scaler in (StandardScaler(with_mean=False), MaxAbsScaler()):
        for w in (None, weight):
            model, _, file = fit(repr(scaler), write_sparse("scaled", X, weight=w), ranks=3)
            if isinstance(scaler, MaxAbsScaler):
                scaler.fit(X)
            else:
                scaler.fit(X, sample_weight=w)
                dense = StandardScaler().fit(X.toarray(), sample_weight=w)
                close(model["mean_"], dense.mean_, rtol=1e-12, atol=1e-14)
                close(model["var_"], dense.var_, rtol=1e-10, atol=1e-14)
            made = transformed(file, path("scaled.h5"))
            assert sp.issparse(made)
            close(made.toarray(), scaler.transform(X).toarray(), rtol=1e-12)


def test_missing_values_far_from_zero():
    """Weights are rounded as they are added up; columns without zeros have none made of that."""
    rng = np.random.default_rng(SEED + 11)
    X = np.column_stack([1e5 + rng.normal(size=(900, 6)), rng.integers(0, 3, 900) * 1e5, rng.normal(size=900)])
    X[rng.random(X.shape) < 0.1] = np.nan
    weight = rng.random(900) * (rng.random(900) < 0.9)
    for weights in (None, weight):
        model = fit("StandardScaler(with_mean=False)", write_sparse("far", sp.csr_matrix(X), weight=weights), ranks=2)[0]
        w = np.where(np.isnan(X), 0, 1) * (np.ones(900) if weights is None else weight).astype("longdouble")[:, None]
        mean = np.where(w > 0, w * X, 0).sum(axis=0) / w.sum(axis=0)
        variance = np.where(w > 0, w * (X - mean) ** 2, 0).sum(axis=0) / w.sum(axis=0)
        close(model["mean_"], mean.astype(float), rtol=1e-12)
        close(model["var_"], variance.astype(float), rtol=1e-10)


def test_search():
    rng = np.random.default_rng(SEED + 4)
    X = counts(rng, 900, 400)
    y = labels(rng, X, 3)
    data = write_sparse("search", X, y)
    grid = {"logisticregression__C": [0.01, 0.1, 1.0, 10.0]}
    done = json.loads(run("search", "make_pipeline(StandardScaler(with_mean=False), LogisticRegression(tol=1e-8, max_iter=1000))", data, "--grid",
                          repr(grid), "--cv", "StratifiedKFold(4)", "--results", path("r.csv"), "--json", "--quiet", "--scoring",
                          "neg_log_loss", "--overwrite", ranks=2).stdout)
    theirs = GridSearchCV(make_pipeline(StandardScaler(with_mean=False), LogisticRegression(tol=1e-8, max_iter=5000)), grid,
                          cv=StratifiedKFold(4), scoring="neg_log_loss").fit(X, y)
    close(done["best_score"], theirs.best_score_, rtol=1e-6)
    assert done["best_params"] == theirs.best_params_
    for estimator, grid in ((MultinomialNB(), {"alpha": [0.01, 0.1, 1.0]}), (LinearSVC(tol=1e-8, max_iter=100000), {"C": [0.01, 0.1]})):
        words = repr(estimator).replace("max_iter=100000, ", "").replace("tol=1e-08", "tol=1e-6")
        done = json.loads(run("search", words, data, "--grid", repr(grid), "--cv", "StratifiedKFold(3)", "--results", path("r.csv"), "--json",
                              "--quiet", "--overwrite", ranks=3).stdout)
        theirs = GridSearchCV(estimator, grid, cv=StratifiedKFold(3)).fit(X, y)
        close(done["best_score"], theirs.best_score_, atol=3 / 900)


def test_predictions():
    """Of sparse rows what is said of the same rows written out, behind steps that leave them sparse and others."""
    rng = np.random.default_rng(SEED + 12)
    X = counts(rng, 700, 25)
    y = labels(rng, X, 3)
    sparse, dense = write_sparse("said", X, y), write_dense("said", X, y)
    for steps in ("StandardScaler(), LogisticRegression()", "MaxAbsScaler(), Binarizer(threshold=0.3), MultinomialNB()",
                  "QuantileTransformer(n_quantiles=30), StandardScaler(), GaussianNB()", "StandardScaler(with_mean=False), KBinsDiscretizer(), MultinomialNB()",
                  "Binarizer(), BernoulliNB()"):
        _, _, file = fit(f"make_pipeline({steps})", dense)
        answers = [output("predict", file, data, "--method", "predict_proba", dataset="predict_proba", ranks=1 + number)
                   for number, data in enumerate((dense, sparse))]
        close(answers[1], answers[0], rtol=1e-9, atol=1e-12, what=steps)
        folded = []
        for data in (dense, sparse):
            run("cross-validate", f"make_pipeline({steps})", data, "--cv", "3", "--method", "predict_proba", "--out", path("folds.h5"), "--overwrite")
            with h5py.File(path("folds.h5")) as f:
                folded.append(f["predict_proba"][()])
        close(folded[1], folded[0], rtol=1e-6, atol=1e-6, what=steps)


def singular_values(X):
    """Of few rows, descending."""
    products = X @ X.T
    return np.sqrt(np.linalg.eigvalsh(products.toarray() if sp.issparse(products) else products)[::-1])


def test_wide_svd():
    """Of more than 8,192 columns: singular values as near the true ones as scikit-learn's, in a pipeline, behind a scaler, in folds."""
    rng = np.random.default_rng(SEED + 10)
    X = counts(rng, 800, 9000, mean=60)
    y = labels(rng, X[:, :50], 2)
    true = singular_values(X)[:8]
    model, done, file = fit("TruncatedSVD(n_components=8)", write_sparse("svd", X, y), ranks=3)
    theirs = TruncatedSVD(n_components=8, random_state=0).fit(X)
    ours = np.abs(model["singular_values_"] / true - 1).max()
    assert ours <= max(1e-6, np.abs(theirs.singular_values_ / true - 1).max()), (ours, model["singular_values_"], true)
    components = model["components_"]
    close(components @ components.T, np.eye(8), atol=1e-10)
    T = output("transform", file, path("svd.h5"))
    close(T, X @ components.T, rtol=1e-9, atol=1e-9)
    close(model["explained_variance_"], T.var(axis=0), rtol=1e-6)
    variance = np.asarray(X.power(2).mean(axis=0)).ravel() - np.square(np.asarray(X.mean(axis=0)).ravel())
    close(model["explained_variance_ratio_"], T.var(axis=0) / variance.sum(), rtol=1e-6)
    print(f"TruncatedSVD of 9000 columns: values {ours:.1e} off, scikit-learn's {np.abs(theirs.singular_values_ / true - 1).max():.1e}, "
          f"{done['passes']} passes")
    for expression in ("TruncatedSVD(n_components=8, algorithm='arpack')", "make_pipeline(MaxAbsScaler(), TruncatedSVD(algorithm='arpack'))"):
        done = run("fit", expression, path("svd.h5"), "--model", path("no.h5"), check=False, ranks=2)
        assert done.returncode == 2 and "algorithm='randomized'" in done.stderr, done
    for scaler in ("StandardScaler(with_mean=False)", "MaxAbsScaler()", "StandardScaler()"):
        expression = f"make_pipeline({scaler}, TruncatedSVD(n_components=5, n_iter=12), LogisticRegression(tol=1e-8))"
        model, _, _ = fit(expression, path("svd.h5"))
        Z = eval(scaler, {"StandardScaler": StandardScaler, "MaxAbsScaler": MaxAbsScaler}).fit_transform(
            X.toarray() if scaler == "StandardScaler()" else X)
        close(model["steps/truncatedsvd/singular_values_"], singular_values(Z)[:5], rtol=2e-2, what=scaler)
    done = json.loads(run("search", "make_pipeline(TruncatedSVD(n_components=5), LogisticRegression())", path("svd.h5"), "--grid",
                          "{'logisticregression__C': [0.1, 1.0], 'truncatedsvd__n_components': [3, 5]}", "--cv", "3", "--results", path("r.csv"),
                          "--json", "--quiet", "--overwrite", ranks=2).stdout)
    grid = {"logisticregression__C": [0.1, 1.0], "truncatedsvd__n_components": [3, 5]}
    theirs = GridSearchCV(make_pipeline(TruncatedSVD(n_components=5, random_state=0), LogisticRegression()), grid, cv=3).fit(X, y)
    close(done["best_score"], theirs.best_score_, atol=0.01)


def test_targets_of_numbers():
    rng = np.random.default_rng(SEED + 5)
    X = counts(rng, 1000, 80)
    y = rng.poisson(np.exp(np.clip(X @ rng.normal(size=80) * 0.15, -3, 3)))
    model, _, file = fit("PoissonRegressor(alpha=0.01, tol=1e-9, max_iter=1000)", write_sparse("poisson", X, y), ranks=3)
    best = PoissonRegressor(alpha=0.01, tol=1e-10, max_iter=10000, solver="newton-cholesky").fit(X.toarray(), y)
    close(model["coef_"], best.coef_, rtol=1e-4, atol=1e-5)
    close(output("predict", file, path("poisson.h5")), best.predict(X), rtol=1e-3)


def test_same_bytes():
    """Over ranks, threads, memory, compressed files, and rows that were not in order."""
    rng = np.random.default_rng(SEED + 6)
    X = counts(rng, 30000, 300, mean=60)
    y = labels(rng, X, 3)
    files = [write_sparse("plain", X, y), write_sparse("packed", X, y, compression="gzip", chunks=(3125,))]
    shuffled = X.copy()
    for i in range(X.shape[0]):
        part = slice(X.indptr[i], X.indptr[i + 1])
        order = rng.permutation(part.stop - part.start)
        shuffled.indices[part], shuffled.data[part] = shuffled.indices[part][order], shuffled.data[part][order]
    shuffled.has_sorted_indices = False
    with h5py.File(path("shuffled.h5"), "w") as f:
        group = f.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": np.array(X.shape)})
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(shuffled, name)
        f["y"] = y
    files.append(path("shuffled.h5"))
    for estimator in ("LogisticRegression(max_iter=40)", "MultinomialNB()", "StandardScaler(with_mean=False)"):
        models = set()
        streamed = 0
        least = run("fit", estimator, files[0], "--model", path("no.h5"), "--memory", "1K", check=False).stderr
        least = ["--memory", re.search(r"--memory (\d+M)", least).group(1)]
        for number, (ranks, options) in enumerate([(1, []), (2, ["--threads", "2"]), (3, []), (5, []), (1, least), (1, least)]):
            model, done, file = fit(estimator, files[number % 3], *options, ranks=ranks)
            streamed += done["blocks_streamed"]
            models.add(open(file, "rb").read())
        assert len(models) == 1, f"{estimator}: {len(models)} different models"
        assert streamed > 0, "nothing was streamed"


def test_cells():
    """10x Genomics' files: features x cells by columns are cells x features by rows. Names come with them."""
    rng = np.random.default_rng(SEED + 7)
    X = counts(rng, 300, 50, dtype="i4")
    y = labels(rng, X, 2)
    with h5py.File(path("cells.h5"), "w") as f:
        group = f.create_group("matrix")
        group["data"], group["indices"], group["indptr"] = X.data, X.indices.astype("i8"), X.indptr.astype("i8")
        group["shape"] = np.array([50, 300], "i4")
        group["barcodes"] = np.array([f"cell{i}" for i in range(300)], dtype="S")
        group["features/id"] = np.array([f"gene{i}" for i in range(50)], dtype="S")
        f["kind"] = y
    model, _, _ = fit("MultinomialNB()", path("cells.h5"), "--x", "/matrix", "--y", "/kind")
    close(model["feature_log_prob_"], MultinomialNB().fit(X, y).feature_log_prob_, rtol=1e-12)
    assert list(model["feature_names_in_"]) == [f"gene{i}" for i in range(50)]


def test_anndata_file():
    rng = np.random.default_rng(SEED + 8)
    X = counts(rng, 400, 60, dtype="f4")
    y = labels(rng, X, 3)
    cells = anndata.AnnData(X)
    cells.obs["cell_type"] = np.array(["B", "NK", "T"])[y]
    cells.var_names = [f"g{i}" for i in range(60)]
    cells.write_h5ad(path("cells.h5ad"))
    model, _, file = fit("MultinomialNB()", path("cells.h5ad"), "--y", "/obs/cell_type")
    theirs = MultinomialNB().fit(X.astype("f8"), cells.obs["cell_type"])
    close(model["feature_log_prob_"], theirs.feature_log_prob_, rtol=1e-12)
    assert list(model["feature_names_in_"]) == list(cells.var_names)
    assert (output("predict", file, path("cells.h5ad")) == theirs.predict(X)).all()


def test_refusals():
    rng = np.random.default_rng(SEED + 9)
    X = counts(rng, 50, 20)
    good = write_sparse("good", X, labels(rng, X, 2))

    def refused(words, change=None, code=3, name="/X"):
        data = path("bad.h5")
        with h5py.File(good) as source, h5py.File(data, "w") as f:
            for member in source:
                source.copy(member, f)
            if change:
                change(f)
        done = run("fit", "LogisticRegression()", data, "--model", path("no.h5"), check=False)
        assert done.returncode == code and words in done.stderr and name in done.stderr, (done.returncode, done.stderr)

    def replaced(member, values):
        def change(f):
            del f["X"][member]
            f["X"][member] = values
        return change

    with h5py.File(good) as f:
        data, indices, indptr = (f["X"][name][:] for name in ("data", "indices", "indptr"))
    beyond = indices.copy()
    beyond[7] = 20
    back = indptr.copy()
    back[10] = len(data) + 5
    nan = data.copy()
    nan[3] = np.nan
    refused("column 20 of 20", replaced("indices", beyond), 4)
    refused("begins at value", replaced("indptr", back), 4)
    refused("beginnings", replaced("indptr", indptr[:-1]), 4)
    refused("NaN", replaced("data", nan))
    refused("list of integers", replaced("indices", indices.astype("f8")))
    refused("does not say how many", lambda f: f["X"].attrs.__delitem__("shape"))
    refused("column by column", lambda f: f["X"].attrs.__setitem__("encoding-type", "csc_matrix"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", type=int, default=SEED)
    SEED = parser.parse_known_args()[0].seed
    print("seed", SEED)
    main(globals())
