# SPDX-License-Identifier: BSD-3-Clause
"""The peers' side: one work with one library, once. Prints one JSON object and writes what was found for the judge.

usage: peer.py LIBRARY WORK DATA.h5 ANSWER.npz     with SUPERSTEP_PEER_CORES, and SUPERSTEP_PEER_MEMORY where there is a limit
       peer.py LIBRARY                             its version, or a failure when it is not there
Time is taken around the fit or search alone: the data is in memory (except where the work is to read it), and the same
call was made on the first rows, so that libraries are loaded and workers stand ready.
"""
import contextlib
import importlib
import importlib.metadata
import json
import os
import sys
import tempfile
import time
import warnings

import works

CORES = int(os.environ.get("SUPERSTEP_PEER_CORES", "2"))
MEMORY = int(os.environ.get("SUPERSTEP_PEER_MEMORY", "0"))
WARM_UP_ROWS = 2000
READ_ROWS = 32768  # rows h5py is asked for at once
CHUNK_ROWS = 100_000  # rows of a chunk of dask's in memory
STREAM_ROWS = 25_000  # and when streaming: with larger ones its workers exceed their share of the limit
ATTRIBUTES = ("coef_", "intercept_", "explained_variance_", "cluster_centers_", "theta_", "var_", "sigma_", "mean_")


def fitted(model):
    import numpy as np
    answer = {k: np.asarray(getattr(model, k)) for k in ATTRIBUTES if hasattr(model, k)}
    if "sigma_" in answer:
        answer["var_"] = answer.pop("sigma_")  # GaussianNB's former name, still that of dask-ml
    return answer


def centers():
    import numpy as np
    return np.load(works.centers_file(sys.argv[3]))


def scores(search):
    return {"scores": search.cv_results_["mean_test_score"]}


# scikit-learn, with its own code or with that of scikit-learn-intelex under its names: work -> f(X, y).

def sklearn_works(n_jobs):
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LassoCV, LogisticRegression, Ridge
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def grid(estimator, settings, scoring):
        return lambda X, y: scores(GridSearchCV(estimator, settings, cv=5, scoring=scoring, n_jobs=n_jobs,
                                                refit=False).fit(X, y))

    def lasso_path(X, y):
        # With the default of 1e-4 newer versions leave small alphas where the one before ended: scores 80 % off.
        model = LassoCV(alphas=works.LASSO_ALPHAS, cv=KFold(5), n_jobs=n_jobs, tol=1e-10).fit(X, y)
        # Squared errors by alpha, in the order and sign of a search's scores.
        return {"scores": -model.mse_path_.mean(axis=1)[np.argsort(model.alphas_)]}

    def pipeline_grid(X, y):
        settings = {"pca__n_components": works.COMPONENTS, "logisticregression__C": works.PIPELINE_CS}
        with tempfile.TemporaryDirectory(dir=".") as cache:
            steps = make_pipeline(StandardScaler(), PCA(), LogisticRegression(), memory=cache)
            return grid(steps, settings, "neg_log_loss")(X, y)

    def kmeans_list(X, _):
        return {"scores": np.array([-KMeans(k, n_init=3, random_state=0).fit(X).inertia_ for k in works.CLUSTERS])}

    def stream_scaler(file, rows):
        model = StandardScaler()
        for begin in range(0, rows, STREAM_ROWS):
            model.partial_fit(file["X"][begin:min(begin + STREAM_ROWS, rows)])
        return fitted(model)

    def fit(model):
        return lambda X, y: fitted(model.fit(X, y))

    return {
        "logistic_fit": fit(LogisticRegression()),
        "ridge_fit": fit(Ridge()),
        "pca_fit": fit(PCA(n_components=10)),
        "kmeans_fit": lambda X, _: fitted(KMeans(init=centers(), **works.KMEANS).fit(X)),
        "naive_bayes_fit": fit(GaussianNB()),
        "scaler_fit": fit(StandardScaler()),
        "logistic_grid": grid(LogisticRegression(), {"C": works.CS}, "neg_log_loss"),
        "ridge_grid": grid(Ridge(), {"alpha": works.RIDGE_ALPHAS}, "r2"),
        "lasso_path": lasso_path,
        "pipeline_grid": pipeline_grid,
        "kmeans_list": kmeans_list,
        "stream_scaler": stream_scaler,
    }


def run_sklearn(work):
    # Searches get a process for each core; what has no such choice gets the cores for its own threads.
    return sklearn_works(CORES)[work]


def run_intelex(work):
    from sklearnex import patch_sklearn
    patch_sklearn(verbose=False)
    return sklearn_works(CORES)[work]


# dask-ml on a local cluster with one worker for each core.

def dask_works():
    import dask.array as da
    import numpy as np
    from dask_ml.cluster import KMeans
    from dask_ml.decomposition import PCA
    from dask_ml.linear_model import LogisticRegression
    from dask_ml.model_selection import GridSearchCV
    from dask_ml.naive_bayes import GaussianNB
    from dask_ml.preprocessing import StandardScaler
    from sklearn.decomposition import PCA as SkPCA
    from sklearn.linear_model import LogisticRegression as SkLogisticRegression
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler as SkStandardScaler

    def grid(estimator, settings, scoring):
        return lambda X, y: scores(GridSearchCV(estimator, settings, cv=5, scoring=scoring, refit=False).fit(X, y))

    def opened(file, rows):
        return (da.from_array(file["X"], chunks=(STREAM_ROWS, -1))[:rows],
                da.from_array(file["y"], chunks=STREAM_ROWS)[:rows])

    def stream_ridge(file, rows):
        # Its own solvers penalise the intercept; what a user does who wants this model in one pass:
        X, y = opened(file, rows)
        ones = da.ones((rows, 1), chunks=(X.chunks[0], 1))
        A = da.concatenate([X, ones], axis=1).rechunk({1: -1})
        gram, moments = da.compute(A.T @ A, A.T @ y)
        gram[np.arange(X.shape[1]), np.arange(X.shape[1])] += 1.0
        beta = np.linalg.solve(gram, moments)
        return {"coef_": beta[:-1], "intercept_": beta[-1]}

    def stream_logistic(file, rows):
        X, y = opened(file, rows)
        return fitted(LogisticRegression(solver="lbfgs", fit_intercept=False, solver_kwargs={"normalize": False}).fit(X, y))

    def fit(model):
        return lambda X, y: fitted(model.fit(X, y))

    return {
        "logistic_fit": fit(LogisticRegression(solver="lbfgs", solver_kwargs={"normalize": False})),
        "pca_fit": fit(PCA(n_components=10, svd_solver="tsqr")),
        "kmeans_fit": lambda X, _: fitted(KMeans(works.KMEANS["n_clusters"], init=centers(),
                                                 max_iter=works.KMEANS["max_iter"], tol=0.0).fit(X)),
        "naive_bayes_fit": fit(GaussianNB()),
        "scaler_fit": lambda X, _: fitted(StandardScaler().fit(X)),
        "logistic_grid": grid(SkLogisticRegression(), {"C": works.CS}, "neg_log_loss"),
        "ridge_grid": grid(Ridge(), {"alpha": works.RIDGE_ALPHAS}, "r2"),
        "pipeline_grid": grid(make_pipeline(SkStandardScaler(), SkPCA(), SkLogisticRegression()),
                              {"pca__n_components": works.COMPONENTS, "logisticregression__C": works.PIPELINE_CS},
                              "neg_log_loss"),
        "stream_scaler": lambda file, rows: fitted(StandardScaler().fit(opened(file, rows)[0])),
        "stream_ridge": stream_ridge,
        "stream_logistic": stream_logistic,
    }


def run_dask(work):
    return dask_works()[work]


# XGBoost's linear booster: the same objective, minimised by coordinate descent in single precision.

def run_xgboost(work):
    import numpy as np
    import xgboost

    def fit(objective, rounds):
        def run(train, rows):
            settings = {"booster": "gblinear", "objective": objective, "updater": "coord_descent", "eta": 1.0,
                        "lambda": 1.0 / rows, "base_score": 0.5 if "logistic" in objective else 0.0, "nthread": CORES}
            booster = xgboost.train(settings, train, num_boost_round=rounds)
            found = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]["weights"]
            return {"coef_": np.array(found[:-1]), "intercept_": np.array(found[-1])}
        return run

    return {"logistic_fit": fit("binary:logistic", 30), "ridge_fit": fit("reg:squarederror", 10)}[work]


# h5py: piece after piece into the same memory. One process, because HDF5 holds a lock; `h5py_mpi` has ranks that share the rows.

def read_pieces(file, begin, end):
    import numpy as np
    X = file["X"]
    buffer = np.empty((READ_ROWS, X.shape[1]))
    for at in range(begin, end, READ_ROWS):
        n = min(READ_ROWS, end - at)
        X.read_direct(buffer, np.s_[at:at + n], np.s_[:n])
        yield buffer[:n]


def read_and_check(file, begin, end, barrier):
    """Seconds of one reading; the sum of the squares from another one."""
    import numpy as np
    barrier()
    start = time.perf_counter()
    for _ in read_pieces(file, begin, end):
        pass
    barrier()
    return time.perf_counter() - start, sum(float(np.vdot(piece, piece)) for piece in read_pieces(file, begin, end))


def read_with_h5py(path):
    import h5py
    with h5py.File(path) as file:
        seconds, squares = read_and_check(file, 0, len(file["X"]), lambda: None)
        return {"seconds": seconds, "squares": squares}


def read_with_h5py_mpi(path):
    from mpi4py import MPI
    import h5py
    comm = MPI.COMM_WORLD
    with h5py.File(path, driver="mpio", comm=comm) as file:
        rows = len(file["X"])
        seconds, squares = read_and_check(file, rows * comm.rank // comm.size, rows * (comm.rank + 1) // comm.size, comm.Barrier)
        squares = comm.reduce(squares)
        return {"seconds": seconds, "squares": squares} if comm.rank == 0 else None


LIBRARIES = {  # name: (its package, other modules it needs, what it does)
    "sklearn": ("scikit-learn", ["sklearn"], run_sklearn),
    "intelex": ("scikit-learn-intelex", ["sklearnex"], run_intelex),
    "dask": ("dask-ml", ["dask_ml", "distributed"], run_dask),
    "xgboost": ("xgboost", ["xgboost"], run_xgboost),
    "h5py": ("h5py", ["h5py"], None),
    "h5py_mpi": ("h5py", ["mpi4py.MPI", "h5py"], None),
}


def version_of(library):
    package, modules, _ = LIBRARIES[library]
    loaded = [importlib.import_module(m) for m in modules]
    if library == "h5py_mpi" and not loaded[-1].get_config().mpi:
        raise ImportError("this h5py was built without MPI")
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return loaded[-1].__version__


@contextlib.contextmanager
def ready(library):
    """What has to run before the data comes."""
    if library != "dask":
        yield
        return
    from distributed import Client, LocalCluster
    options = {"memory_limit": MEMORY // (CORES + 1)} if MEMORY else {}  # and as much for the scheduler and this process
    with LocalCluster(n_workers=CORES, threads_per_worker=1, dashboard_address=None, **options) as cluster, \
            Client(cluster):
        yield


def arguments_of(library, work, file, rows):
    """What the work is called with: data in memory as this library wants it, or the file."""
    if works.WORKS[work].kind == "stream":
        return file, rows
    X, y = file["X"][:rows], file["y"][:rows]
    if library == "xgboost":
        import xgboost
        return xgboost.DMatrix(X, y), rows
    if library == "dask" and works.WORKS[work].kind == "fit":
        import dask.array as da
        import distributed
        height = -(-rows // CORES) if rows <= CHUNK_ROWS else CHUNK_ROWS
        arrays = [da.from_array(X, chunks=(height, -1)).persist(), da.from_array(y, chunks=height).persist()]
        distributed.wait(arrays)
        return arrays
    return X, y


def main():
    library = sys.argv[1]
    if len(sys.argv) == 2:
        print(version_of(library))
        return
    work, path, answer_file = sys.argv[2:]
    if works.WORKS[work].kind == "read":
        done = {"h5py": read_with_h5py, "h5py_mpi": read_with_h5py_mpi}[library](path)
        if done is not None:
            print(json.dumps(done))
        return
    import h5py
    import numpy as np
    run = LIBRARIES[library][2](work)
    with ready(library), h5py.File(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = len(file["X"])
        run(*arguments_of(library, work, file, min(WARM_UP_ROWS, rows)))
        arguments = arguments_of(library, work, file, rows)
        start = time.perf_counter()
        answer = run(*arguments)
        seconds = time.perf_counter() - start
    np.savez(answer_file, **answer)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
