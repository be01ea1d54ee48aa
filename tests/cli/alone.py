# SPDX-License-Identifier: BSD-3-Clause
"""A program that nobody launched with ranks does not start MPI: it begins at once, writes the same bytes as under
mpirun, and ends with the same messages and codes. A dataset is opened with one child process.

usage: alone.py TELLS_OF_STARTS   (the library of tells_of_starts.cpp), with SUPERSTEP naming the program
"""
import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM = os.environ["SUPERSTEP"]
TELLS_OF_STARTS = sys.argv[1]
# What launchers leave in the environment of those they start; a test may itself run in a job.
LAUNCHED = ("OMPI_", "PMIX_", "PMI_", "SLURM_")
ALONE = {name: value for name, value in os.environ.items() if not name.startswith(LAUNCHED)}
SLACK = 1.5  # for a machine with other work
RUNS = 11

# What is asked of the median of the wall times, in seconds.
QUICK = [
    (["help"], 0.05),
    (["help", "Ridge"], 0.05),
    (["--version"], 0.05),
    (["info", "small.h5"], 0.05),
    (["info", "model.h5"], 0.05),
    (["fit", "Ridge()", "small.h5", "--model", "model.h5"], 0.15),
]


def alone(folder, *words, **environment):
    return subprocess.run([PROGRAM, *words], cwd=folder, env={**ALONE, **environment}, capture_output=True, text=True)


def under_mpirun(folder, ranks, *words, options=()):
    return subprocess.run(["mpirun", "-n", str(ranks), *options, PROGRAM, *words], cwd=folder, capture_output=True, text=True)


def expect_done(done):
    assert done.returncode == 0, f"{done.args}: exit {done.returncode}\n{done.stderr}"
    return done


def check_times(folder):
    for words, asked_s in QUICK:
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            expect_done(alone(folder, *words))
            times.append(time.perf_counter() - start)
        median_s = statistics.median(times)
        print(f"{' '.join(words)}: {median_s:.4f} s, asked {asked_s}")
        assert median_s < SLACK * asked_s, times


def check_mpi_is_not_started(folder):
    """And that this would be seen: under mpirun it is."""
    commands = [words for words, _ in QUICK]
    commands += [["cross-validate", "Ridge()", "small.h5"], ["predict", "model.h5", "small.h5", "--out", "p.h5"],
                 ["check", "small.h5"], ["make", "blobs", "b.h5", "--rows", "500", "--columns", "3", "--compress", "3"]]
    for words in commands:
        told = expect_done(alone(folder, *words, LD_PRELOAD=TELLS_OF_STARTS)).stderr
        assert "MPI was started" not in told, (words, told)
    told = expect_done(under_mpirun(folder, 1, "info", "small.h5", options=["-x", "LD_PRELOAD=" + TELLS_OF_STARTS])).stderr
    assert told.count("MPI was started") == 1, told
    print(f"{len(commands)} commands did not start MPI")


def check_children(folder):
    """HDF5 looks into a file it does not know in a child process, once, however many datasets are asked for."""
    expect_done(alone(folder, "make", "counts", "many.h5", "--rows", "100", "--columns", "5", "--names", "--chunk-rows", "10"))
    for words, n_files in ((["info", "many.h5"], 2),  # first what there is, then the chunks
                           (["fit", "Ridge()", "many.h5", "--model", "new.h5"], 1),
                           (["fit", "Ridge()", "many.h5", "--weight", "/y", "--model", "weighted.h5"], 1),
                           (["folds", "many.h5", "--cv", "GroupKFold(2)", "--groups", "/y"], 1),
                           (["check", "many.h5"], 2),  # once more for the checksums
                           (["make", "regression", "made.h5", "--rows", "100", "--columns", "5"], 1),
                           (["predict", "model.h5", "many.h5", "--out", "out.h5"], 3)):
        told = expect_done(alone(folder, *words, LD_PRELOAD=TELLS_OF_STARTS)).stderr
        assert told.count("a child was started") == n_files, (words, told)


def write_table(path, seed):
    rng = random.Random(seed)
    with open(path, "w") as f:
        f.write("a,b,word,y\n")
        for i in range(rng.randrange(5_000, 20_000)):
            f.write(f"{rng.gauss(0, 1):.5f},{rng.gauss(0, 1):.5f},w{i % 7},{rng.choice('pq')}\n")


def work(seed):
    """Commands that write files of every kind, and what they write."""
    rng = random.Random(seed)
    rows, columns, tall = rng.randrange(2_000, 30_000), rng.randrange(2, 60), rng.randrange(1, 3_000)
    shape = ["--rows", str(rows), "--columns", str(columns), "--seed", str(seed)]
    chunks = ["--chunk-rows", str(tall)]
    deflate = ["--compress", str(rng.randrange(1, 10))]
    return [
        (["make", "classification", "plain.h5", *shape], ["plain.h5"]),
        (["make", "regression", "sums.h5", *shape, *chunks], ["sums.h5"]),
        (["make", "blobs", "deflate.h5", *shape, *deflate], ["deflate.h5"]),
        (["make", "counts", "both.h5", *shape, *chunks, *deflate], ["both.h5"]),
        (["import", "../table.csv", "table.h5", "--target", "y", "--drop", "word", *deflate], ["table.h5"]),
        (["fit", "make_pipeline(StandardScaler(), LogisticRegression())", "plain.h5", "--model", "m.h5"], ["m.h5"]),
        (["predict", "m.h5", "plain.h5", "--out", "p.h5"], ["p.h5"]),
        (["predict", "m.h5", "plain.h5", "--out", "p.csv"], ["p.csv"]),
        (["split", "sums.h5", "train.h5", "test.h5", "--test-size", "0.25"], ["train.h5", "test.h5"]),
        (["search", "Ridge()", "sums.h5", "--grid", "{'alpha': [0.1, 1, 10]}", "--model", "s.h5"], ["s.h5"]),
    ]


def check_bytes(folder, seed):
    print(f"seed {seed}")
    write_table(os.path.join(folder, "table.csv"), seed)
    hashes = {}
    for way in ("alone", 1, 2, 3):
        place = os.path.join(folder, f"by_{way}")
        os.mkdir(place)
        for words, written in work(seed):
            expect_done(alone(place, *words) if way == "alone" else under_mpirun(place, way, *words))
            for name in written:
                with open(os.path.join(place, name), "rb") as f:
                    value = hashlib.sha256(f.read()).hexdigest()
                assert hashes.setdefault(name, value) == value, f"{name}: {way} rank(s) wrote other bytes than one alone"
    print(f"{len(hashes)} files have the same bytes, alone and on 1, 2 and 3 ranks")


def check_failures(folder):
    """The message and the code do not tell whether there was MPI."""
    for words in (["fit", "Ridge()", "missing.h5", "--model", "m.h5"], ["fit", "Rigde()", "small.h5", "--model", "m.h5"],
                  ["fit", "Ridge()", "small.h5", "--model", "m.h5", "--memory", "1"], ["info", "missing.csv"]):
        one, launched = alone(folder, *words), under_mpirun(folder, 2, *words)
        assert one.returncode == launched.returncode != 0, (one, launched)
        assert one.stderr.startswith("superstep: error: ") and one.stderr.count("\n") == 1, one.stderr
        if "--memory" not in words:  # what is needed depends on the ranks
            assert one.stderr in launched.stderr, (one.stderr, launched.stderr)
        leftovers = [name for name in os.listdir(folder) if ".tmp." in name]
        assert not leftovers, leftovers


def main():
    with tempfile.TemporaryDirectory() as folder:
        expect_done(alone(folder, "make", "regression", "small.h5", "--rows", "100", "--columns", "5"))
        expect_done(alone(folder, "fit", "Ridge()", "small.h5", "--model", "model.h5"))
        check_mpi_is_not_started(folder)
        check_children(folder)
        check_times(folder)
        check_bytes(folder, seed=int(time.time()) // 86400)
        check_failures(folder)


main()
