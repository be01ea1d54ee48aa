#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What teams of ranks buy where blocks are too few to feed all ranks, and what they would cost where they are not.

usage: bench/teams.py build/release/superstep [--runs 5]
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

PIPELINE = "Pipeline([('sc', StandardScaler()), ('pca', PCA()), ('clf', LogisticRegression())])"
MIXED = ("[{'clf': [LogisticRegression()], 'clf__C': np.logspace(-3, 2, 20)}, "
         "{'clf': [GaussianNB()], 'clf__var_smoothing': [1e-9, 1e-6, 1e-3, 1e-1]}, "
         "{'pca__n_components': [5, 10, 15], 'clf': [GaussianNB()]}]")
WORKS = {
    "LogisticRegression, 100 C x 5 folds": ["LogisticRegression()", "{'C': np.logspace(-3, 2, 100)}"],
    "two classifiers behind PCA, 27 settings x 5 folds": [PIPELINE, MIXED],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("superstep")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    environment = {**os.environ, **root}
    with tempfile.TemporaryDirectory() as folder:
        for rows in (4000, 40000):
            data = os.path.join(folder, f"{rows}.h5")
            subprocess.run([options.superstep, "make", "classification", data, "--rows", str(rows), "--columns", "30",
                            "--quiet"], check=True, env=environment, stdout=subprocess.DEVNULL)
            for name, (estimator, grid) in WORKS.items():
                ratios, chosen = [], 0
                for _ in range(options.runs):
                    seconds = {}
                    for teams in (["--teams", "1"], ["--teams", "2"], []):
                        done = subprocess.run(["mpirun", "-n", "2", options.superstep, "search", estimator, data, "--grid",
                                               grid, "--json", "--quiet", *teams], check=True, env=environment,
                                              stdout=subprocess.PIPE)
                        found = json.loads(done.stdout)
                        seconds[tuple(teams)] = found["seconds_search"]
                        chosen = found["teams"]
                    ratios.append(seconds["--teams", "1"] / seconds["--teams", "2"])
                print(f"{rows} rows ({-(-rows // 4096)} blocks), {name}: two teams {statistics.median(ratios):.2f} times as fast "
                      f"({min(ratios):.2f} to {max(ratios):.2f}); chosen by itself: {chosen}")


if __name__ == "__main__":
    main()
