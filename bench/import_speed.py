# SPDX-License-Identifier: BSD-3-Clause
"""MB a second of `superstep import` of CSV, beside pandas' C engine, pyarrow and polars, on one core and on all.

Ours reads the file twice (types from all rows, then values), writes HDF5 and flushes it to the disk; the others read into memory. Each
is a process of its own, the clock of the others starts behind their imports. All take turns, --runs times; printed are the fastest and the
median by the clock, and MB a second of processor time.

usage: import_speed.py SUPERSTEP [--python PEERS_PYTHON] [--mb 200] [--runs 5] [--before OTHER_SUPERSTEP]
PEERS_PYTHON: a Python that has those of pandas, pyarrow and polars that are to be compared; without it ours runs alone.
"""
import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

PEER = """
import json, os, resource, sys, time
name, path, cores = sys.argv[1], sys.argv[2], int(sys.argv[3])
if name == "pandas":
    import pandas
    read = lambda: pandas.read_csv(path, engine="c")
elif name == "pandas exact":
    import pandas
    read = lambda: pandas.read_csv(path, engine="c", float_precision="round_trip")
elif name == "pyarrow":
    import pyarrow, pyarrow.csv
    pyarrow.set_cpu_count(cores)
    read = lambda: pyarrow.csv.read_csv(path, read_options=pyarrow.csv.ReadOptions(use_threads=cores > 1))
else:
    import polars
    read = lambda: polars.read_csv(path, try_parse_dates=True)
def used():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime
wall, cpu = time.perf_counter(), used()
table = read()
print(json.dumps([time.perf_counter() - wall, used() - cpu]))
"""


def write_numbers(name, size):
    """Numbers of 17 digits."""
    dice = random.Random(1)
    rows = [[dice.gauss(0, 1) * 10 ** (c % 7 - 3) for c in range(20)] for _ in range(10000)]
    text = "".join(",".join(map(repr, row)) + "\n" for row in rows)
    with open(name, "w") as f:
        f.write(",".join(f"c{c}" for c in range(20)) + "\n")
        while f.tell() < size:
            f.write(text)


def write_mixed(name, size):
    """A whole number, a date with its time, two categories, prices, counts, flags, texts with commas, gaps."""
    dice = random.Random(2)
    cities = [f"city {i} of the north" for i in range(400)]
    with open(name, "w") as f:
        f.write("id,when,city,kind,price,count,flag,note,gap\n")
        i = 0
        while f.tell() < size:
            lines = []
            for i in range(i, i + 10000):
                when = f"2020-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02} {dice.randrange(24):02}:{dice.randrange(60):02}:00"
                gap = "" if i % 7 == 0 else f"{dice.gauss(0, 1):.6g}"
                lines.append(f'{i},{when},{dice.choice(cities)},kind{dice.randrange(12)},{dice.gauss(100, 20):.2f},{dice.randrange(1000)},'
                             f'{dice.random() < 0.5},"note {i}, with a comma",{gap}\n')
            f.write("".join(lines))
            i += 1


def children_cpu():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def ours(program, path, cores):
    wall, cpu = time.perf_counter(), children_cpu()
    subprocess.run(pinned(cores) + [program, "import", path, "out.h5", "--overwrite", "--quiet", "--no-target", "--threads", str(cores)],
                   check=True)
    return time.perf_counter() - wall, children_cpu() - cpu


def peer(python, name, path, cores):
    env = dict(os.environ, POLARS_MAX_THREADS=str(cores), OMP_NUM_THREADS=str(cores))
    done = subprocess.run(pinned(cores) + [python, "-c", PEER, name, path, str(cores)], check=True, capture_output=True, text=True, env=env)
    return tuple(json.loads(done.stdout))


def pinned(cores):
    return ["taskset", "-c", ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores]))]


def has(python, module):
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("superstep")
    parser.add_argument("--python")
    parser.add_argument("--before")
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    options.superstep = os.path.abspath(options.superstep)
    works = {"superstep": lambda path, cores: ours(options.superstep, path, cores)}
    if options.before:
        before = os.path.abspath(options.before)
        works["superstep before"] = lambda path, cores: ours(before, path, cores)
    python = os.path.abspath(options.python) if options.python else sys.executable
    for name in ("pandas", "pandas exact", "pyarrow", "polars"):
        if options.python and has(python, name.split()[0]):
            works[name] = lambda path, cores, name=name: peer(python, name, path, cores)
    all_cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", ".")) as folder:
        os.chdir(folder)
        write_numbers("numbers.csv", options.mb * 10**6)
        write_mixed("mixed.csv", options.mb * 10**6)
        for path in ("numbers.csv", "mixed.csv"):
            for cores in sorted({1, all_cores}):
                compare(works, path, cores, options.runs)


def compare(works, path, cores, runs):
    mb = os.path.getsize(path) / 1e6
    found = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            found[name].append(work(path, cores))
    print(f"{path}, {mb:.0f} MB, {cores} core{'s' if cores > 1 else ''}: MB a second, fastest and median; of processor time, median", flush=True)
    for name, times in found.items():
        walls, cpus = [w for w, _ in times], [c for _, c in times]
        print(f"  {name:17} {mb / min(walls):6.0f} {mb / statistics.median(walls):6.0f}   {mb / statistics.median(cpus):6.0f}", flush=True)


if __name__ == "__main__":
    main()
