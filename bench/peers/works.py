# SPDX-License-Identifier: BSD-3-Clause
"""The works that are compared: for each its data, the expression and grid on our side, and when two answers agree.

What the peers do for a work of the same name stands in peer.py; this table is read by both sides and needs numpy only.
"""
from dataclasses import dataclass
from typing import Callable, Optional

import numpy as np

CS = np.logspace(-4, 2, 10)
RIDGE_ALPHAS = np.logspace(-3, 4, 20)
LASSO_ALPHAS = np.logspace(-2, 2, 100)
COMPONENTS = [5, 10, 20, 40]
PIPELINE_CS = np.logspace(-3, 2, 6)
CLUSTERS = range(2, 41)
KMEANS = {"n_clusters": 50, "n_init": 1, "max_iter": 20, "tol": 0.0}  # and the same centres to begin with


@dataclass(frozen=True)
class Data:
    """Options of `superstep make`."""
    kind: str
    rows: int
    columns: int
    options: tuple = ()


@dataclass(frozen=True)
class Work:
    title: str  # without the shape
    data: Data
    kind: str  # fit, search, stream or read
    expression: str = ""
    search: tuple = ()  # further words of `superstep search`
    # fit and stream: what both minimise (answer, X, y) -> number, or fitted attributes that must be equal
    objective: Optional[Callable] = None
    attributes: tuple = ()
    # How far ours may lie above theirs, relatively, and theirs above ours: each stops at its own tolerance.
    ours_above: float = 1e-6
    theirs_above: float = 1e-3
    scores_apart: Optional[float] = None  # search: relatively; None: ours may not be worse in the median
    cold: bool = False  # read: with the file dropped from the page cache


def logistic_loss(answer, X, y):
    z = X @ answer["coef_"].ravel() + float(np.ravel(answer["intercept_"])[0])
    return float(np.sum(np.logaddexp(0, z) - y * z) + 0.5 * np.sum(answer["coef_"] ** 2))


def ridge_loss(answer, X, y):
    residual = y - X @ answer["coef_"].ravel() - float(np.ravel(answer["intercept_"])[0])
    return float(np.sum(residual ** 2) + np.sum(answer["coef_"] ** 2))


def variance_left(answer, X, _):
    return 1.0 - float(np.sum(answer["explained_variance_"])) / float(X.var(axis=0, ddof=1).sum())


def inertia(answer, X, _):
    """Of the centres, assigned anew: libraries differ in whether theirs is of the last or the last but one."""
    centers = answer["cluster_centers_"]
    norms = np.sum(centers ** 2, axis=1)
    total = 0.0
    for begin in range(0, len(X), 100_000):
        part = X[begin:begin + 100_000]
        total += float(np.sum(part ** 2) + np.sum(np.min(norms - 2.0 * part @ centers.T, axis=1)))
    return total


def centers_file(data):
    """Where both sides find the centres that k-means begins with."""
    return data + ".centers.npy"


def listed(values):
    return repr([float(v) for v in values])


BINARY = Data("classification", 400_000, 50, ("--classes", "2"))
NUMBERS = Data("regression", 400_000, 50)
WIDE = Data("regression", 1_000_000, 100)
FIVE = Data("classification", 1_000_000, 100, ("--classes", "5"))
BLOBS = Data("blobs", 1_000_000, 20, ("--centers", "50"))
FEW_BLOBS = Data("blobs", 100_000, 20, ("--centers", "20"))
LARGE = Data("regression", 6_000_000, 50)
LARGE_BINARY = Data("classification", 6_000_000, 50, ("--classes", "2"))
FILE = Data("regression", 4_000_000, 50)
GZIP = Data("regression", 2_000_000, 50, ("--compress", "4", "--chunk-rows", "4096"))

WORKS = {
    "logistic_fit": Work("LogisticRegression", BINARY, "fit", "LogisticRegression()", objective=logistic_loss),
    "ridge_fit": Work("Ridge", WIDE, "fit", "Ridge()", objective=ridge_loss),
    "pca_fit": Work("PCA(10)", WIDE, "fit", "PCA(n_components=10)", objective=variance_left,
                    theirs_above=5e-2),  # scikit-learn before 1.5 and dask-ml take a randomised one
    "kmeans_fit": Work("KMeans(50), 20 iterations", BLOBS, "fit", "KMeans(init=CENTERS, {})".format(
        ", ".join(f"{k}={v}" for k, v in KMEANS.items())), objective=inertia),
    "naive_bayes_fit": Work("GaussianNB", FIVE, "fit", "GaussianNB()", attributes=("theta_", "var_")),
    "scaler_fit": Work("StandardScaler", WIDE, "fit", "StandardScaler()", attributes=("mean_", "var_")),
    "logistic_grid": Work("LogisticRegression, 10 C x 5 folds", BINARY, "search", "LogisticRegression()",
                          ("--grid", f"{{'C': {listed(CS)}}}", "--scoring", "neg_log_loss"), scores_apart=1e-3),  # scikit-learn 1.9 stops earlier than 1.2
    "ridge_grid": Work("Ridge, 20 alphas x 5 folds", NUMBERS, "search", "Ridge()",
                       ("--grid", f"{{'alpha': {listed(RIDGE_ALPHAS)}}}", "--scoring", "r2"), scores_apart=1e-6),
    "lasso_path": Work("Lasso path, 100 alphas x 5 folds", NUMBERS, "search", "Lasso()",
                       ("--grid", f"{{'alpha': {listed(LASSO_ALPHAS)}}}", "--scoring", "neg_mean_squared_error"),
                       scores_apart=1e-3),
    "pipeline_grid": Work("StandardScaler, PCA, LogisticRegression: 4 x 6 x 5 folds", BINARY, "search",
                          "make_pipeline(StandardScaler(), PCA(), LogisticRegression())",
                          ("--grid", f"{{'pca__n_components': {COMPONENTS}, "
                                     f"'logisticregression__C': {listed(PIPELINE_CS)}}}", "--scoring", "neg_log_loss"),
                          scores_apart=2e-2),  # a randomised PCA, as above
    "kmeans_list": Work("KMeans, k = 2..40 x 3 restarts", FEW_BLOBS, "search", "KMeans(n_init=3)",
                        ("--grid", f"{{'n_clusters': {CLUSTERS}}}", "--cv", "all")),
    "stream_scaler": Work("StandardScaler, file over the limit", LARGE, "stream", "StandardScaler()",
                          attributes=("mean_", "var_")),
    "stream_ridge": Work("Ridge, file over the limit", LARGE, "stream", "Ridge()", objective=ridge_loss),
    "stream_logistic": Work("LogisticRegression, file over the limit", LARGE_BINARY, "stream",
                            "LogisticRegression(fit_intercept=False)", objective=logistic_loss),
    "read_contiguous": Work("reading, contiguous", FILE, "read"),
    "read_contiguous_cold": Work("reading, contiguous, not in the page cache", FILE, "read", cold=True),
    "read_gzip": Work("reading, gzip", GZIP, "read"),
    "read_gzip_cold": Work("reading, gzip, not in the page cache", GZIP, "read", cold=True),
}
