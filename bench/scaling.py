# SPDX-License-Identifier: BSD-3-Clause
"""Strong and weak scaling of a fit, a grid and a streaming fit; started by bench/scaling.sh.

Times are those of the training alone, from the first pass to the last allreduce, as --trace tells them; in memory without
loading. Efficiency compares with one rank and one thread in the same round of runs; the undisturbed one compares sums of the
fastest among all rounds for each superstep, which others on the machine disturb less.
"""
import argparse
import csv
import os
import pathlib
import shutil
import statistics
import sys

import scaling_counts
import scaling_runs

PHASES = ["compute", "files", "wait", "exchange", "update"]


def numbers(text):
    return [int(word) for word in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(prog="bench/scaling.sh", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--out", default="scaling", help="folder for the data, scaling.csv, counts.csv, scaling.svg")
    parser.add_argument("--works", default="fit,grid,stream", help="of fit, grid, stream")
    parser.add_argument("--modes", default="strong,weak", help="of strong (the same rows), weak (the same rows for each thread)")
    parser.add_argument("--ranks", type=numbers, help="default: powers of two up to the cores, or to the tasks of the job")
    parser.add_argument("--threads", type=numbers, help="threads per rank; default: 1, and 2 or --cpus-per-task of the job")
    parser.add_argument("--rows", type=int, default=1000000, help="rows of the strong fit and stream; the grid takes two fifths")
    parser.add_argument("--weak-rows", type=int, help="rows for each thread of the weak runs; default: a half of --rows")
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--runs", type=int, default=5, help="rounds; each runs everything once")
    parser.add_argument("--launcher", choices=["mpirun", "srun"], default=os.environ.get("LAUNCHER") or
                        ("srun" if "SLURM_JOB_ID" in os.environ else "mpirun"))
    parser.add_argument("--counts", action="store_true", help="messages, bytes and instructions instead of times")
    parser.add_argument("--count-ranks", type=numbers, default=[1, 2, 4, 8, 16, 32, 64], help="oversubscribed on few cores")
    parser.add_argument("--check", action="store_true", help="with --counts: fail where more is sent than an allreduce's logarithm")
    return parser.parse_args()


def shapes(args, launcher):
    """(ranks, threads) with the one of one rank and one thread first; more threads than cores are left out unless asked for."""
    cores = launcher.cores
    ranks = args.ranks or [n for n in (2 ** i for i in range(20)) if n <= launcher.tasks]
    threads = args.threads or sorted({1, launcher.threads})
    asked = args.ranks and args.threads
    pairs = [(r, t) for t in threads for r in ranks if asked or r * t <= cores]
    return [(1, 1)] + [pair for pair in pairs if pair != (1, 1)]


def rows_of(work, mode, workers, args):
    rows = args.rows if mode == "strong" else (args.weak_rows or args.rows // 2) * workers
    return rows * 2 // 5 if work.name == "grid" else rows


def efficiency(one, other):
    """Of two runs of one round: bytes of blocks a second and worker. More rows need more or fewer passes, and see other samples."""
    def rate(r):
        return r["bytes_passed"] / r["seconds"] / (r["ranks"] * r["threads"])
    return rate(other) / rate(one)


def undisturbed(steps):
    """A run put together from the fastest execution of each superstep; the rounds have the same supersteps."""
    fastest = [min(times) for times in zip(*steps)]
    return sum(fastest)


def summary(rows, steps):
    """One row for each work, mode and shape: medians over the rounds."""
    result = []
    first = {}
    keys = list(dict.fromkeys((r["work"], r["mode"], r["ranks"], r["threads"]) for r in rows))
    for work, mode, ranks, threads in keys:
        runs = [r for r in rows if (r["work"], r["mode"], r["ranks"], r["threads"]) == (work, mode, ranks, threads)]
        line = {"work": work, "mode": mode, "ranks": ranks, "threads": threads, "rows": runs[0]["rows"], "passes": runs[0]["passes"]}
        for key in ["seconds", "imbalance", "efficiency"] + [p + "_s" for p in PHASES]:
            line[key] = statistics.median(r[key] for r in runs)
        line["low"], line["high"] = min(r["efficiency"] for r in runs), max(r["efficiency"] for r in runs)
        rate = runs[0]["bytes_passed"] / undisturbed(steps[work, mode, ranks, threads]) / (ranks * threads)
        line["undisturbed"] = rate / first.setdefault((work, mode), rate)
        result.append(line)
    return result


def print_table(lines):
    print("\n| work | mode | ranks x threads | rows | s | compute | files | wait | exchange | update | imbalance | efficiency (spread) | undisturbed |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for r in lines:
        phases = " | ".join(f"{r[p + '_s']:.3f}" for p in PHASES)
        print(f"| {r['work']} | {r['mode']} | {r['ranks']} x {r['threads']} | {r['rows']:,} | {r['seconds']:.3f} | {phases} | "
              f"{r['imbalance']:.2f} | {r['efficiency']:.2f} ({r['low']:.2f} - {r['high']:.2f}) | {r['undisturbed']:.2f} |")


def write_csv(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    print(f"wrote {path}")


def measure(args, out, launcher, works):
    modes = args.modes.split(",")
    pairs = shapes(args, launcher)
    workers = max(r * t for r, t in pairs)
    most = max(rows_of(work, mode, workers, args) for work in works for mode in modes)
    data = scaling_runs.make_data(out, launcher, most, args.columns)
    rows, steps = [], {}
    for number in range(args.runs):
        for work in works:
            for mode in modes:
                one = None
                for ranks, threads in pairs:
                    n = rows_of(work, mode, ranks * threads, args)
                    run, times = scaling_runs.measure(launcher, work, mode, data, n, args.columns, ranks, threads, out)
                    steps.setdefault((work.name, mode, ranks, threads), []).append(times)
                    row = {"work": work.name, "mode": mode, "ranks": ranks, "threads": threads, "round": number, "rows": n, **run}
                    one = one or row
                    row["efficiency"] = efficiency(one, row)
                    rows.append(row)
                    print(f"{work.name} {mode} {ranks} x {threads}: {row['seconds']:.3f} s, efficiency {row['efficiency']:.2f}",
                          file=sys.stderr, flush=True)
    write_csv(out / "scaling.csv", rows)
    lines = summary(rows, steps)
    print_table(lines)
    try:
        import scaling_figure
    except ImportError as error:
        print(f"no figure: {error}; python3-matplotlib draws it (jobs/install-packages.sh scaling)", file=sys.stderr)
        return
    scaling_figure.draw(lines, PHASES, out / "scaling.svg")
    print(f"wrote {out / 'scaling.svg'}")


def main():
    args = arguments()
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    names = args.works.split(",")
    unknown = [n for n in names if n not in scaling_runs.WORKS]
    if unknown or not set(args.modes.split(",")) <= {"strong", "weak"}:
        sys.exit(f"bench/scaling.sh: --works takes {', '.join(scaling_runs.WORKS)}, --modes strong and weak")
    launcher = scaling_runs.Launcher(args.launcher)
    if shutil.which(launcher.name) is None:
        sys.exit(f"bench/scaling.sh: there is no {launcher.name} in PATH")
    works = [scaling_runs.WORKS[n] for n in names]
    print(f"{launcher.words}; {os.environ['SUPERSTEP']}", file=sys.stderr)
    if args.counts:
        lines = scaling_counts.count(args, out, launcher)
        write_csv(out / "counts.csv", lines)
        if args.check:
            sys.exit(scaling_counts.excess(lines))
        instructions = scaling_counts.instructions(out, launcher)
        if instructions:
            write_csv(out / "instructions.csv", instructions)
        return
    measure(args, out, launcher, works)


if __name__ == "__main__":
    main()
