# SPDX-License-Identifier: BSD-3-Clause
"""What a logistic grid costs in fits of one model: grids of 10 and of 100 values of C, 5 folds each, beside one fit.

usage: grid_cost.py SUPERSTEP [--rows N] [--columns N] [--ranks N] [--runs N]
Waiting for files is left out. Single fits are bound by memory, grids by arithmetic: the ratio of the two says how many models a
pass can carry before it costs more.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile


def seconds(command, key, ranks):
    done = subprocess.run(["mpirun", "-n", str(ranks), *command, "--json", "--quiet"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    answer = json.loads(done.stdout)
    return answer[key], answer["passes"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("superstep")
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    o = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        data, model = os.path.join(folder, "data.h5"), os.path.join(folder, "m.h5")
        subprocess.run(["mpirun", "-n", str(o.ranks), o.superstep, "make", "classification", data, "--rows", str(o.rows),
                        "--columns", str(o.columns), "--seed", "1", "--quiet"], check=True, capture_output=True)
        fit = [o.superstep, "fit", "LogisticRegression()", data, "--model", model]
        ratios = {10: [], 100: []}
        for _ in range(o.runs):
            fit_s, fit_passes = seconds(fit, "seconds_fit", o.ranks)
            for n, of_n in ratios.items():
                grid = [o.superstep, "search", "LogisticRegression()", data, "--grid", f"{{'C': np.logspace(-4, 2, {n})}}",
                        "--cv", "5"]
                grid_s, passes = seconds(grid, "seconds_search", o.ranks)
                of_n.append(grid_s / fit_s)
                print(f"one fit {fit_s:.3f} s in {fit_passes} passes; {5 * n} fits {grid_s:.3f} s in {passes} passes", flush=True)
    for n, of_n in ratios.items():
        print(f"{n} C x 5 folds cost {statistics.median(of_n):.1f} fits ({min(of_n):.1f} to {max(of_n):.1f})")


if __name__ == "__main__":
    main()
