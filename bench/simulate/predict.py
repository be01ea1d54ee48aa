# SPDX-License-Identifier: BSD-3-Clause
"""Predicts recorded runs on this machine and on described clusters.
usage: predict.py TRACES OUT [--replay PROGRAM] [--most RANKS]

TRACES holds WORK-RANKS-NUMBER.csv, written by --trace, for 1, 2 and 4 ranks, and here.toml, the description of this
machine. The prediction starts from the recordings of 2 ranks. OUT gets compare.csv and scaling.csv. With --replay,
SimGrid does the same up to that many ranks."""
import argparse
import csv
import glob
import math
import os

import model
import replay

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = 2                    # ranks of the recordings that everything is predicted from
BLOCKS_PER_CORE = 16        # weak scaling: 65,536 rows a core
STRONG_BLOCKS = 2 ** 18     # strong scaling: a billion rows
PARTS = ("map", "targets", "tasks", "update", "root", "watch", "collectives")


def write(path, rows):
    with open(path, "w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)


def traces(folder, work, ranks):
    return sorted(glob.glob(os.path.join(folder, f"{work}-{ranks}-*.csv")))


def compare(folder, works):
    """Predicted beside real on this machine."""
    here = model.read_cluster(os.path.join(folder, "here.toml"))
    rows = []
    for work in works:
        base, _ = model.recording(traces(folder, work, BASE))
        for ranks in (1, 2, 4):
            _, real = model.recording(traces(folder, work, ranks))
            total = model.predict(base, model.Layout(here, 1, ranks, 1))["total"]
            rows.append({"work": work, "ranks": ranks, "real_s": round(real, 4), "predicted_s": round(total, 4),
                         "ratio": round(total / real, 3)})
    return rows


def without_reading(parts):
    return sum(parts[name] for name in PARTS)


def layouts(cluster, most=16384):
    nodes = 1
    while nodes * cluster["ranks_per_node"] <= most:
        yield model.Layout(cluster, nodes, cluster["ranks_per_node"], cluster["threads"])
        nodes *= 2


def bound_by(parts):
    """What, beside going through rows, takes most of the time."""
    return max((name for name in PARTS if name != "map"), key=parts.get)


def scaling(folder, works, program, most):
    rows = []
    for path in sorted(glob.glob(os.path.join(HERE, "clusters", "*.toml"))):
        cluster = model.read_cluster(path)
        for work in works:
            steps, _ = model.recording(traces(folder, work, BASE))
            recorded = max(step.blocks for step in steps)
            for kind in ("weak", "strong"):
                first = None
                for layout in layouts(cluster):
                    blocks = STRONG_BLOCKS if kind == "strong" else cluster["cores"] * layout.nodes * BLOCKS_PER_CORE
                    growth = blocks / recorded
                    parts = model.predict(steps, layout, growth)
                    seconds = without_reading(parts)
                    ideal = 1 if kind == "weak" else layout.nodes
                    first = first or seconds
                    row = {"cluster": cluster["name"], "work": work, "scaling": kind, "nodes": layout.nodes,
                           "ranks": layout.ranks, "cores": layout.nodes * cluster["cores"], "seconds": seconds,
                           "efficiency": first / seconds / ideal, "replayed": None}
                    row |= {name: parts[name] for name in PARTS} | {"reading": parts["load"],
                                                                    "bound_by": bound_by(parts)}
                    if program and layout.ranks <= most:
                        unread = [model.dataclasses.replace(s, load_s=0.0, load_bytes=0.0) for s in steps]
                        row["replayed"] = replay.simulate(program, unread, layout, growth)
                    rows.append({k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in row.items()})
    return rows


def show(rows):
    for kind in ("weak", "strong"):
        print(f"\n{kind} scaling, reading left out"
              f" ({'65,536 rows a core' if kind == 'weak' else 'a billion rows in all'}):")
        for row in rows:
            if row["scaling"] != kind or math.log2(row["nodes"]) % 2:
                continue
            replayed = f"  replayed {row['replayed']:.3f} s" if row["replayed"] else ""
            print(f"  {row['cluster']:<20} {row['work']:<5} {row['nodes']:>5} nodes {row['ranks']:>6} ranks"
                  f" {row['seconds']:9.3f} s  efficiency {row['efficiency']:.2f}  then {row['bound_by']}{replayed}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("traces")
    parser.add_argument("out")
    parser.add_argument("--replay")
    parser.add_argument("--most", type=int, default=256)
    options = parser.parse_args()
    names = [os.path.basename(path) for path in glob.glob(os.path.join(options.traces, f"*-{BASE}-*.csv"))]
    works = sorted({name.split("-")[0] for name in names})
    compared = compare(options.traces, works)
    write(os.path.join(options.out, "compare.csv"), compared)
    for row in compared:
        print(f"{row['work']:<5} on {row['ranks']} ranks: {row['real_s']:.3f} s, predicted {row['predicted_s']:.3f} s,"
              f" ratio {row['ratio']:.2f}")
    rows = scaling(options.traces, works, options.replay, options.most)
    write(os.path.join(options.out, "scaling.csv"), rows)
    show(rows)


if __name__ == "__main__":
    main()
