# SPDX-License-Identifier: BSD-3-Clause
"""What fits and searches on two ranks send, and how often they pass over the data, counted from traces.

  passes         over the rows
  collectives    after the first pass began: those of supersteps and those between them
  before         collectives before that: opening the file, classes, folds, memory
  bytes          the longest message of a superstep, and that of a rank in all"""
import csv
import os
import subprocess

from bounds import hold

LOCAL = ("load", "pass", "tasks", "targets")
WORKS = {
    "logistic_fit": ["fit", "LogisticRegression()", "data.h5", "--model", "m.h5"],
    "ridge_fit": ["fit", "Ridge()", "data.h5", "--model", "m.h5"],
    "kmeans_fit": ["fit", "KMeans(n_clusters=8, n_init=1, max_iter=5, random_state=0)", "data.h5", "--model", "m.h5"],
    "naive_bayes_fit": ["fit", "GaussianNB()", "data.h5", "--model", "m.h5"],
    "logistic_grid": ["search", "LogisticRegression()", "data.h5", "--grid", "{'C': np.logspace(-3, 2, 10)}",
                      "--scoring", "neg_log_loss", "--cv", "5", "--results", "r.csv"],
    "ridge_grid": ["search", "Ridge()", "data.h5", "--grid", "{'alpha': np.logspace(-3, 2, 10)}",
                   "--scoring", "r2", "--cv", "5", "--results", "r.csv"],
    "pipeline_grid": ["search", "make_pipeline(StandardScaler(), PCA(), LogisticRegression())", "data.h5",
                      "--grid", "{'pca__n_components': [2, 4], 'logisticregression__C': [0.1, 1]}",
                      "--scoring", "accuracy", "--cv", "5", "--results", "r.csv"],
}


def run(*words):
    subprocess.run([str(w) for w in words], check=True, stdout=subprocess.DEVNULL)


def counts(path):
    with open(path) as text:
        events = [row for row in csv.DictReader(text) if row["rank"] == "0"]
    begun = next(i for i, e in enumerate(events) if e["what"] == "pass")
    before = [e for e in events[:begun] if e["what"] not in LOCAL]
    after = events[begun:]
    messages = [e for e in after if e["what"] not in LOCAL]
    supersteps = [int(b["bytes"]) for a, b in zip(after, after[1:]) if a["what"] == "pass"]
    return {"passes": len([e for e in after if e["what"] == "pass"]), "collectives": len(messages),
            "before": len(before), "superstep_bytes": max(supersteps),
            "bytes": sum(int(e["bytes"]) for e in before + messages)}


def main():
    superstep, mpiexec = os.environ["SUPERSTEP"], os.environ["MPIEXEC"]
    run(superstep, "make", "classification", "data.h5", "--rows", 40000, "--columns", 20, "--seed", 1)
    measured = {}
    for work, words in WORKS.items():
        # A budget that is told: of a node's free memory ranks may see different amounts, and agree on one in two collectives more.
        run(mpiexec, "-n", 2, superstep, *words, "--quiet", "--trace", "trace.csv", "--memory", "1G")
        measured |= {f"{work}.{name}": value for name, value in counts("trace.csv").items()}
    hold("traffic", measured)


if __name__ == "__main__":
    main()
