# SPDX-License-Identifier: BSD-3-Clause
"""No command replaces what it reads, nor two outputs each other, nor a file of another kind without --overwrite; what it cannot write is told
before the work; results that do not arrive on standard output are an error. On one rank and on three.

usage: outputs.py      with SUPERSTEP naming the program
"""
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import h5py
import numpy as np

PROGRAM = os.environ["SUPERSTEP"]
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "3"]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def run(words, ranks=1, **more):
    return subprocess.run((MPIRUN if ranks > 1 else []) + [PROGRAM, *words], capture_output="stdout" not in more, text=True, timeout=120,
                          env=ENVIRONMENT, **more)


def digests():
    """Of all files in the folder, by name."""
    result = {}
    for name in sorted(os.listdir(".")):
        if os.path.isfile(name):
            with open(name, "rb") as f:
                result[name] = hashlib.sha256(f.read()).hexdigest()
    return result


def make_inputs():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = X @ [1.0, 2.0, 3.0]
    with h5py.File("d.h5", "w") as f:
        f["X"], f["y"] = X, y
    with h5py.File("other.h5", "w") as f:
        f["spectrum"] = X
    np.save("X.npy", X)
    np.save("y.npy", y)
    np.savetxt("d.csv", np.column_stack([X, y]), delimiter=",", header="a,b,c,y", comments="")
    with open("options.conf", "w") as f:
        f.write("seed = 1\n")
    with open("notes.txt", "w") as f:
        f.write("keep me\n")
    os.symlink("d.h5", "soft.h5")
    os.link("d.h5", "hard.h5")
    os.symlink("to_come.h5", "dangling.h5")
    os.mkdir("sub")
    for words in (["fit", "StandardScaler()", "d.h5", "--model", "s.h5"], ["fit", "Ridge()", "d.h5", "--model", "m.h5"],
                  ["predict", "m.h5", "d.h5", "--out", "p.h5"],
                  ["search", "Ridge()", "d.h5", "--grid", "{'alpha': [1, 2]}", "--results", "r.csv", "--cv", "2"]):
        assert run(words).returncode == 0, words


FIT = ["fit", "Ridge()", "d.h5"]
SEARCH = ["search", "Ridge()", "d.h5", "--grid", "{'alpha': [1, 2]}", "--cv", "2"]
CROSS = ["cross-validate", "Ridge()", "d.h5", "--cv", "2"]

REPLACES_AN_INPUT = [
    *[[*FIT, "--model", name] for name in ("d.h5", "./d.h5", "sub/../d.h5", "soft.h5", "hard.h5")],
    [*FIT, "--model", "n.h5", "--trace", "hard.h5"], [*FIT, "--model", "options.conf", "--config", "options.conf"],
    ["fit", "Ridge()", "soft.h5", "--model", "hard.h5"],
    ["predict", "m.h5", "d.h5", "--out", "d.h5"], ["predict", "m.h5", "d.h5", "--out", "./m.h5"],
    ["transform", "s.h5", "d.h5", "--out", "soft.h5"], ["transform", "s.h5", "d.h5", "--out", "s.h5"],
    [*CROSS, "--out", "d.h5"], ["folds", "d.h5", "--cv", "2", "--out", "hard.h5"], ["folds", "d.h5", "--cv", "2", "--trace", "d.h5"],
    [*SEARCH, "--results", "d.h5"], [*SEARCH, "--model", "soft.h5"], ["info", "d.h5", "--trace", "d.h5"], ["check", "d.h5", "--trace", "d.h5"],
    ["score", "m.h5", "d.h5", "--trace", "m.h5"], ["import", "d.csv", "d.csv", "--target", "y"], ["import", "X.npy", "y.npy", "--y", "y.npy"],
    ["split", "d.h5", "a.h5", "hard.h5"], ["make", "blobs", "d2.h5", "--config", "options.conf", "--trace", "options.conf"],
]
TWO_IN_ONE = [
    [*SEARCH, "--results", "new", "--model", "new"], [*SEARCH, "--results", "new", "--model", "sub/../new"],
    [*FIT, "--model", "to_come.h5", "--trace", "dangling.h5"], ["make", "blobs", "new.h5", "--trace", "./new.h5"],
    ["split", "d.h5", "new.h5", "./new.h5"], [*SEARCH, "--results", "r.csv", "--model", "r.csv", "--overwrite"],
]
OF_ANOTHER_KIND = [
    [*FIT, "--model", "other.h5"], [*FIT, "--model", "p.h5"], [*FIT, "--model", "d.csv"], [*FIT, "--model", "notes.txt"],
    ["predict", "m.h5", "d.h5", "--out", "s.h5"], ["predict", "m.h5", "d.h5", "--out", "other.h5"], ["predict", "m.h5", "d.h5", "--out", "d.csv"],
    ["transform", "s.h5", "d.h5", "--out", "m.h5"], ["transform", "s.h5", "d.h5", "--out", "X.npy.h5"],
    [*CROSS, "--out", "m.h5"], ["folds", "d.h5", "--cv", "2", "--out", "m.h5"], [*SEARCH, "--results", "d.csv"], [*SEARCH, "--results", "m.h5"],
    [*SEARCH, "--model", "r.csv"], [*FIT, "--model", "n.h5", "--trace", "notes.txt"], ["make", "blobs", "m.h5", "--rows", "50"],
    ["import", "d.csv", "m.h5", "--target", "y"], ["split", "d.h5", "a.h5", "m.h5"],
]
OF_THE_SAME_KIND = [
    [*FIT, "--model", "m.h5"], ["predict", "m.h5", "d.h5", "--out", "p.h5"], [*SEARCH, "--results", "r.csv", "--model", "m.h5"],
    ["make", "regression", "made.h5", "--rows", "50"], ["make", "blobs", "made.h5", "--rows", "50"], [*FIT, "--model", "m.h5", "--trace", "t.csv"],
    [*FIT, "--model", "m.h5", "--trace", "t.csv"], ["predict", "m.h5", "d.h5", "--out", "p.csv"], ["predict", "m.h5", "d.h5", "--out", "p.csv"],
    [*FIT, "--model", "empty"], [*FIT, "--model", "/dev/null", "--trace", "/dev/null"],
]
NOT_WRITABLE = [
    [*FIT, "--model", "nowhere/m.h5"], [*FIT, "--model", "sub"], [*FIT, "--model", "n" * 250], [*FIT, "--model", "m.h5", "--trace", "notes.txt/t"],
    ["predict", "m.h5", "d.h5", "--out", "/dev/null"], [*SEARCH, "--results", "nowhere/r.csv"], ["make", "blobs", "nowhere/x.h5"],
]
PRINTS = [
    FIT + ["--model", "m.h5"], ["predict", "m.h5", "d.h5", "--out", "p.h5"], ["transform", "s.h5", "d.h5", "--out", "t.h5"], ["score", "m.h5", "d.h5"],
    CROSS, SEARCH, ["folds", "d.h5", "--cv", "2"], ["info", "d.h5"], ["check", "d.h5"], ["make", "blobs", "made.h5", "--rows", "50"],
    ["import", "d.csv", "i.h5", "--target", "y"], ["split", "d.h5", "a.h5", "b.h5"], ["plan", *FIT], ["help"], ["help", "fit"], ["help", "Ridge"],
    ["--version"],
]


def check_refused(words, ranks, code):
    before = digests()
    done = run(words, ranks)
    assert done.returncode == code, (words, ranks, done)
    assert done.stderr.count("superstep: error: ") == 1 and done.stdout == "", (words, done.stderr)
    assert digests() == before, (words, "something was written")


def check_standard_output():
    for words in PRINTS:
        for extra in ([], ["--json"]) if words[0] not in ("help", "--version") else ([],):
            with open("/dev/full", "w") as full:
                done = run(words + extra, stdout=full, stderr=subprocess.PIPE)
            assert done.returncode == 4, (words, extra, done)
            assert done.stderr.count("superstep: error: ") == 1 and "standard output" in done.stderr, done.stderr
    for words in (FIT + ["--model", "m.h5"], ["help"]):
        done = subprocess.run(["/bin/sh", "-c", '"$@" >&-', "sh", PROGRAM, *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
        assert done.returncode == 4 and done.stderr.count("superstep: error: ") == 1, done
        done = subprocess.run(["/bin/sh", "-c", '"$@" 2>/dev/full', "sh", PROGRAM, *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
        assert done.returncode == 0 and done.stdout, (words, done)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PROGRAM, "info", "d.h5"], stdout=writer, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, timeout=60)
    os.close(writer)
    assert done.returncode == -signal.SIGPIPE and done.stderr == "", done


def main():
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    try:
        make_inputs()
        shutil.copy("X.npy", "X.npy.h5")
        open("empty", "w").close()
        for i, words in enumerate(REPLACES_AN_INPUT + TWO_IN_ONE + OF_ANOTHER_KIND):
            for ranks in (1, 3) if i % 6 == 0 else (1,):
                check_refused(words, ranks, 2)
        for words in REPLACES_AN_INPUT[:8]:
            check_refused([*words, "--overwrite"], 1, 2)
        for words in NOT_WRITABLE:
            check_refused(words, 1, 4)
        for words in OF_THE_SAME_KIND:
            done = run(words)
            assert done.returncode == 0, (words, done)
        shutil.copy("d.h5", "spare.h5")
        done = run([*FIT, "--model", "spare.h5", "--overwrite"])
        with h5py.File("spare.h5", "r") as f:
            assert done.returncode == 0 and f.attrs["format"] == "superstep-model", done
        check_standard_output()
        left = [name for name in os.listdir(".") if ".tmp." in name]
        assert not left and not os.path.islink("/dev/null"), left
        print(f"{len(REPLACES_AN_INPUT)} inputs, {len(TWO_IN_ONE)} pairs, {len(OF_ANOTHER_KIND)} other kinds kept; {len(PRINTS)} commands see a full disk")
    finally:
        os.chdir("/")
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
