# SPDX-License-Identifier: BSD-3-Clause
"""Every failing input ends with the documented exit code, within seconds, with one message in the same words on one and on five
ranks, and leaves no file behind.

usage: failing_well.py      with SUPERSTEP naming the program
"""
import os
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

PROGRAM = os.environ["SUPERSTEP"]
ROWS = 9000


def dataset(name, X, y=None, **more):
    with h5py.File(name, "w") as f:
        f["X"] = X
        if y is not None:
            f["y"] = y
        for key, values in more.items():
            f[key] = values


def make_inputs():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(ROWS, 6))
    y = rng.integers(0, 2, ROWS)
    dataset("good.h5", X, y)
    dataset("narrow.h5", X[:, :4], y)
    bad = X.copy()
    bad[8123, 4] = np.nan
    bad[8200, 1] = np.inf
    dataset("nan.h5", bad, y)
    dataset("one_class.h5", X, np.zeros(ROWS, int))
    dataset("flat.h5", X[:, 0], y)
    dataset("short_y.h5", X, y[:-5])
    dataset("no_y.h5", X)
    dataset("nan_y.h5", X, np.where(np.arange(ROWS) == 77, np.nan, 1.0 * y))
    dataset("text_x.h5", np.array([[b"a", b"b"]] * 10), np.zeros(10, int))
    dataset("fractions.h5", X, X[:, 0])
    dataset("negative_weight.h5", X, y, weight=np.where(np.arange(ROWS) == 5, -1.0, 1.0))
    dataset("negative_counts.h5", X, -1.0 - y)
    dataset("few.h5", X[:3], y[:3])
    with open("good.h5", "rb") as f:
        content = f.read()
    with open("truncated.h5", "wb") as f:
        f.write(content[: len(content) // 2])
    with open("text.h5", "w") as f:
        f.write("a,b\n1,2\n")
    os.mkdir("folder.h5")
    subprocess.run([PROGRAM, "fit", "LogisticRegression()", "good.h5", "--model", "good_model.h5", "--quiet"], check=True,
                   capture_output=True)


FIT = ["--model", "out.h5"]
# arguments, exit code, words that the message must have
CASES = [
    (["fit", "Ridge()", "nowhere.h5", *FIT], 4, ["nowhere.h5"]),
    (["fit", "Ridge()", "folder.h5", *FIT], 4, ["folder.h5", "directory"]),
    (["fit", "Ridge()", "text.h5", *FIT], 4, ["text.h5", "HDF5"]),
    (["fit", "Ridge()", "truncated.h5", *FIT], 4, ["truncated"]),
    (["fit", "Ridge()", "good.h5", "--x", "/x", *FIT], 3, ["/x", "/X", "--x"]),
    (["fit", "Ridge()", "good.h5", "--y", "/target", *FIT], 3, ["/target"]),
    (["fit", "Ridge()", "flat.h5", *FIT], 3, ["flat.h5:/X", "two dimensions"]),
    (["fit", "Ridge()", "short_y.h5", *FIT], 3, ["8995", "9000"]),
    (["fit", "Ridge()", "no_y.h5", *FIT], 3, ["Ridge", "targets", "--y"]),
    (["fit", "Ridge()", "nan.h5", *FIT], 3, ["nan.h5:/X holds 2 values", "NaN at row 8123, column 4"]),
    (["fit", "Ridge()", "nan_y.h5", *FIT], 3, ["nan_y.h5:/y", "row 77"]),
    (["fit", "Ridge()", "negative_weight.h5", *FIT], 3, ["weight", "row 5"]),
    (["fit", "Ridge()", "text_x.h5", *FIT], 3, ["text_x.h5:/X", "numbers"]),
    (["fit", "LogisticRegression()", "one_class.h5", *FIT], 3, ["at least 2 classes", "only one class"]),
    (["fit", "LogisticRegression()", "fractions.h5", *FIT], 3, ["classes must be whole numbers", "regressor"]),
    (["fit", "PoissonRegressor()", "negative_counts.h5", *FIT], 3, ["out of the valid range"]),
    (["fit", "GammaRegressor()", "negative_counts.h5", *FIT], 3, ["negative_counts.h5:/y", "not positive, the first in row 0", "power=1.5"]),
    (["fit", "TweedieRegressor(power=0.5)", "good.h5", *FIT], 2, ["power", "<= 0 or >= 1"]),
    (["fit", "TweedieRegressor(link='identity', power=2)", "good.h5", *FIT], 2, ["power=0 only", "link='log'"]),
    (["fit", "KMeans()", "few.h5", *FIT], 3, ["n_samples=3 should be >= n_clusters=8"]),
    (["fit", "Ridg()", "good.h5", *FIT], 2, ["did you mean 'Ridge'?"]),
    (["fit", "Ridge(alhpa=1)", "good.h5", *FIT], 2, ["alhpa", "alpha"]),
    (["fit", "Ridge(alpha=-1)", "good.h5", *FIT], 2, ["alpha", ">= 0", "-1"]),
    (["fit", "Ridge(alpha='x')", "good.h5", *FIT], 2, ["alpha", "'x'"]),
    (["fit", "Ridge(alpha=1", "good.h5", *FIT], 2, ["Ridge(alpha=1"]),
    (["fit", "make_pipeline(Ridge(), StandardScaler())", "good.h5", *FIT], 2, ["ridge", "no transformer"]),
    (["fit", "Ridge()", "good.h5"], 2, ["--model"]),
    (["fit", "Ridge()", "good.h5", "--modle", "x"], 2, ["--model"]),
    (["fit", "Ridge()", *FIT], 2, ["DATA"]),
    (["fit", "Ridge()", "good.h5", "--threads", "none", *FIT], 2, ["--threads", "none"]),
    (["fit", "Ridge()", "good.h5", "--rows", "0", *FIT], 2, ["--rows"]),
    (["fit", "Ridge()", "good.h5", "--memory", "lots", *FIT], 2, ["lots"]),
    (["fit", "Ridge()", "good.h5", "--memory", "10K", *FIT], 5, ["--memory", "10.0 KiB"]),
    (["fit", "Ridge()", "good.h5", "--model", "no_such_folder/out.h5"], 4, ["no_such_folder"]),
    (["fit", "Ridge()", "good.h5", "--config", "no_such.conf", *FIT], 4, ["no_such.conf"]),
    (["predict", "good_model.h5", "narrow.h5", "--out", "out.h5"], 3, ["narrow.h5:/X", "4 columns", "6"]),
    (["predict", "good.h5", "good.h5", "--out", "out.h5"], 3, ["good.h5", "no model"]),
    (["predict", "good_model.h5", "good.h5", "--out", "out.h5", "--method", "transform_all"], 2, ["transform_all"]),
    (["transform", "good_model.h5", "good.h5", "--out", "out.h5"], 2, ["transform"]),
    (["score", "good_model.h5", "good.h5", "--scoring", "acuracy"], 2, ["accuracy"]),
    (["score", "good_model.h5", "no_y.h5"], 3, ["no_y.h5"]),
]


def run(arguments, ranks):
    command = [PROGRAM, *arguments]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), *command]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    messages = [line for line in done.stderr.splitlines() if line.startswith("superstep: error: ")]
    return done.returncode, messages, time.monotonic() - start, done


def problems(arguments, code, words):
    found, texts = [], set()
    for ranks in (1, 5):
        rc, messages, seconds, done = run(arguments, ranks)
        if rc != code:
            found.append(f"{ranks} ranks: exit {rc}, expected {code}: {done.stderr[-300:]}")
        if len(messages) != 1:
            found.append(f"{ranks} ranks: {len(messages)} messages: {done.stderr[-300:]}")
        if seconds > 10:
            found.append(f"{ranks} ranks: took {seconds:.1f} s")
        if done.stdout:
            found.append(f"{ranks} ranks: standard output: {done.stdout}")
        texts.update(messages)
        found += [f"{ranks} ranks: '{w}' is not in: {m}" for m in messages for w in words if w not in m]
        left = [n for n in os.listdir(".") if n.startswith("out.h5")]
        if left:
            found.append(f"{ranks} ranks: left {left}")
    if len(texts) > 1 and code != 5:  # how much a rank needs depends on how many share the rows
        found.append(f"different words: {texts}")
    return found


def full_disk():
    """A model and predictions into a file system that is full: exit 4, and an older file stays as it was. None: not tried."""
    os.mkdir("small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "small"], capture_output=True).returncode != 0:
        return None
    found = []
    try:
        with open("small/out.h5", "w") as f:
            f.write("older")
        with open("small/filler", "wb") as f:
            try:
                f.write(b"x" * 100_000)
            except OSError:
                pass
        for arguments in (["fit", "Ridge()", "good.h5", "--model", "small/out.h5", "--overwrite"],
                          ["predict", "good_model.h5", "good.h5", "--out", "small/out.h5", "--overwrite"],
                          ["make", "regression", "small/out.h5", "--overwrite", "--rows", "100000"]):
            for ranks in (1, 5):
                rc, messages, seconds, done = run(arguments, ranks)
                if rc != 4 or len(messages) != 1 or seconds > 10:
                    found.append(f"{arguments} on {ranks} ranks: exit {rc}, {seconds:.1f} s, {done.stderr[-300:]}")
                if open("small/out.h5").read() != "older" or sorted(os.listdir("small")) != ["filler", "out.h5"]:
                    found.append(f"{arguments} on {ranks} ranks: left {os.listdir('small')}")
    finally:
        subprocess.run(["umount", "-l", "small"], check=True)
    return found


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make_inputs()
        for arguments, code, words in CASES:
            found = problems(arguments, code, words)
            bad += bool(found)
            print(("FAILED  " if found else "ok      ") + " ".join(arguments))
            for text in found:
                print("        " + text)
        found = full_disk()
        if found is None:
            print("skipped full disk: no rights to mount a small file system here")
        else:
            bad += bool(found)
            print(("FAILED  " if found else "ok      ") + "full disk", *found, sep="\n        ")
        os.chdir("/")
    print(f"{len(CASES) + (found is not None) - bad} passed, {bad} failed" + ", 1 skipped" * (found is None))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
