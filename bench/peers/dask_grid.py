# SPDX-License-Identifier: BSD-3-Clause
"""The logistic grid with dask-ml's GridSearchCV on two workers; prints the seconds. usage: dask_grid.py DATA.h5"""
import sys
import time

import h5py
import numpy as np
from dask_ml.model_selection import GridSearchCV
from distributed import Client, LocalCluster
from sklearn.linear_model import LogisticRegression


def main():
    with h5py.File(sys.argv[1]) as f:
        X, y = f["X"][()], f["y"][()]
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        start = time.perf_counter()
        GridSearchCV(LogisticRegression(), {"C": np.logspace(-4, 2, 10)}, cv=5, scoring="neg_log_loss", refit=False).fit(X, y)
        print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
