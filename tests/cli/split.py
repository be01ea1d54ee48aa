# SPDX-License-Identifier: BSD-3-Clause
"""split: two datasets of one, beside scikit-learn's splitters: sizes, proportions, whole groups; every row once, in order, with all that
belongs to it; the same bytes on any number of ranks.

usage: split.py      with SUPERSTEP naming the program
"""
import datetime
import json
import os
import sys

import h5py
import numpy as np
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))
import common  # noqa: E402

SEED = int(datetime.date.today().strftime("%Y%m%d"))
RNG = np.random.default_rng(SEED)
print(f"seed {SEED}")
RANKS = (1, 2, 3, 5)


def contents(path):
    """Everything in a file; text as str."""
    found = {}
    with h5py.File(path) as f:
        for key, item in f.items():
            names = h5py.check_enum_dtype(item.dtype)
            if names:
                by_code = {v: k for k, v in names.items()}
                found[key] = np.array([by_code[v] for v in item[()]])
            else:
                found[key] = item.asstr()[()].astype(str) if h5py.check_string_dtype(item.dtype) else item[()]
    return found


def split(data, *options, ranks=1):
    """Runs the command; returns its JSON and what is in both files."""
    train, test = common.path(f"train{ranks}.h5"), common.path(f"test{ranks}.h5")
    done = common.run("split", data, train, test, "--json", "--quiet", *options, ranks=ranks)
    return json.loads(done.stdout), train, test


def split_alike(data, *options, more=()):
    """The same files on any number of ranks, threads and memory."""
    first = None
    for ranks in RANKS:
        result, train, test = split(data, *options, *(more if ranks == 3 else ()), ranks=ranks)
        first = first or (train, test)
        for expected, found in zip(first, (train, test)):
            assert_same_bytes(expected, found, f"{options}, {ranks} ranks")
    return result, contents(train), contents(test)


def assert_same_bytes(expected, found, what):
    """Else says where the files differ, and whether that is in what they hold."""
    a, b = (np.fromfile(name, dtype=np.uint8) for name in (expected, found))
    if np.array_equal(a, b):
        return
    n = min(len(a), len(b))
    where = np.flatnonzero(a[:n] != b[:n])
    one, other = contents(expected), contents(found)
    values = [k for k in one if k not in other or not np.array_equal(one[k], other[k])]
    spot = int(where[0]) if len(where) else n
    raise AssertionError(f"{what}: {os.path.basename(found)} has {len(b)} bytes for {len(a)}, {len(where)} of them others, first at {spot}: "
                         f"{a[spot:spot + 32].tobytes().hex()} and {b[spot:spot + 32].tobytes().hex()}; values differ in {values or 'nothing'}")


def make(name, n, columns, dtype, y, **extra):
    """A dataset whose column 0 says which row it is."""
    X = RNG.normal(size=(n, columns)).astype(dtype)
    X[:, 0] = np.arange(n)
    path = common.write(name, X, y, RNG.gamma(1.0, size=n))
    with h5py.File(path, "a") as f:
        f.create_dataset("feature_names", data=np.array([f"c{i}" for i in range(columns)], dtype=object), dtype=h5py.string_dtype())
        for key, values in extra.items():
            f.create_dataset(key, data=values, dtype=h5py.string_dtype() if values.dtype.kind == "O" else None)
    return path


def check_parts(data, train, test, others=()):
    """Every row is in one part, whole and in order."""
    whole = contents(data)
    rows = [part["X"][:, 0].astype(int) for part in (train, test)]
    assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(len(whole["X"])))
    for part, chosen in zip((train, test), rows):
        assert np.all(np.diff(chosen) > 0)
        assert part["X"].dtype == whole["X"].dtype and set(part) == set(whole), (set(part), set(whole))
        assert list(part["feature_names"]) == list(whole["feature_names"])
        for key in ("X", "y", "weight", *others):
            np.testing.assert_array_equal(part[key], whole[key][chosen], err_msg=key)
        assert part["y"].dtype.kind == whole["y"].dtype.kind
    return rows


def test_rows_drawn():
    n = int(RNG.integers(20000, 30000))
    data = make("rows", n, 5, np.float32, RNG.normal(size=n))
    for size in ("0.25", f"{RNG.random() * 0.8 + 0.1:.3f}", str(int(RNG.integers(1, n)))):
        options = ["--test-size", size, "--seed", int(RNG.integers(1000))]
        result, train, test = split_alike(data, *options, more=("--threads", "2", "--memory", "80M"))
        check_parts(data, train, test)
        value = float(size) if "." in size else int(size)
        expected = [len(part) for part in next(ShuffleSplit(1, test_size=value).split(np.zeros(n)))]
        assert [len(train["y"]), len(test["y"])] == expected == [result["train_rows"], result["test_rows"]]
    # Another seed draws other rows; drawn rows are spread over the file.
    other = contents(split(data, "--test-size", size, "--seed", 4711)[2])
    assert not np.array_equal(other["X"][:, 0], test["X"][:, 0])
    _, train, test = split_alike(data)  # a quarter, as train_test_split
    assert len(test["y"]) == -(-n // 4) and abs(test["X"][:, 0].mean() / n - 0.5) < 0.02


def test_chunks_and_checksums():
    data = make("chunks", 9000, 3, np.float64, RNG.integers(0, 3, size=9000))
    options = ["--chunk-rows", 700, "--compress", 1]
    _, train, test = split_alike(data, *options)
    check_parts(data, train, test)
    with h5py.File(common.path("train1.h5")) as f:
        assert f["X"].chunks == (700, 3) and f["X"].compression == "gzip" and f["X"].fletcher32


def test_stratified():
    for text in (False, True):
        k = int(RNG.integers(2, 9))
        n = int(RNG.integers(3000, 9000))
        codes = RNG.choice(k, size=n, p=RNG.dirichlet(np.full(k, 0.6)) * 0.9 + 0.1 / k)
        y = np.array([f"class {c}" for c in range(k)])[codes] if text else codes * 3 - 1
        data = make("classes", n, 2, np.float64, y)
        _, train, test = split_alike(data, "--test-size", "0.3", "--stratify", "--seed", 3)
        check_parts(data, train, test)
        for part, rows in zip((train, test), next(StratifiedShuffleSplit(1, test_size=0.3, random_state=0).split(codes, codes))):
            assert len(part["y"]) == len(rows)
            classes, counts = np.unique(part["y"], return_counts=True)
            theirs = np.unique(y[rows], return_counts=True)
            np.testing.assert_array_equal(classes, theirs[0])
            assert np.abs(counts - theirs[1]).max() <= 1, (counts, theirs[1])  # equal remainders are drawn


def test_enumerated_targets_stay_so():
    common.run("import", os.fspath(write_csv("e.csv")), common.path("e.h5"), "--target", "kind", "--quiet")
    result, train, test = split_alike(common.path("e.h5"), "--stratify")
    whole = contents(common.path("e.h5"))
    rows = [part["X"][:, 0].astype(int) for part in (train, test)]
    for part, chosen in zip((train, test), rows):
        np.testing.assert_array_equal(part["y"], whole["y"][chosen])
    with h5py.File(common.path("test1.h5")) as f:
        assert h5py.check_enum_dtype(f["y"].dtype) == {"lily": 0, "oak": 1, "rose": 2}


def write_csv(name):
    path = common.path(name)
    with open(path, "w") as f:
        f.write("row,kind\n" + "".join(f"{i},{('rose', 'oak', 'lily')[i * 7 // 2 % 3]}\n" for i in range(300)))
    return path


def test_groups():
    if common.run("help", "GroupShuffleSplit", check=False).returncode != 0:
        print("        no GroupShuffleSplit: groups are not tried")
        return
    n = 7000
    numbers = RNG.integers(0, 90, size=n)
    for path, groups in (("patient", np.array([f"p{g}" for g in numbers], dtype=object)), ("groups", numbers * 5 - 7)):
        data = make("grouped", n, 2, np.float64, RNG.normal(size=n), **{path: groups})
        _, train, test = split_alike(data, "--groups", "/" + path, "--test-size", "0.2", "--seed", 5)
        check_parts(data, train, test, others=(path,))
        of_train, of_test = set(train[path]), set(test[path])
        assert not of_train & of_test and len(of_test) == np.ceil(0.2 * len(set(groups)))
    _, train, test = split_alike(data, "--test-size", "0.2")  # /groups is carried over, and decides nothing
    check_parts(data, train, test, others=("groups",))
    assert set(train["groups"]) & set(test["groups"])


def fails(code, words, *arguments):
    for ranks in (1, 3):
        done = common.run(*arguments, ranks=ranks, check=False)
        errors = [line for line in done.stderr.splitlines() if line.startswith("superstep: error:")]
        assert done.returncode == code and len(errors) == 1 and words in errors[0], (arguments, done.returncode, done.stderr)


def test_errors():
    y = np.zeros(100, dtype=int)
    y[3] = 1
    data = make("rare", 100, 2, np.float64, y)
    a, b = common.path("a.h5"), common.path("b.h5")
    before = open(data, "rb").read()
    fails(3, "Classes with too few members are: [1]", "split", data, a, b, "--stratify")
    fails(3, "should be either positive and smaller than the number of samples 100", "split", data, a, b, "--test-size", "100")
    fails(2, "a fraction or a number of rows", "split", data, a, b, "--test-size", "'many'")
    fails(2, "", "split", data, a, a)
    fails(2, "", "split", data, data, b)
    fails(2, "", "split", data, a, data)
    fails(2, "give one of them", "split", data, a, b, "--stratify", "--groups", "/y")
    fails(4, "no_folder", "split", data, common.path("no_folder/a.h5"), b)
    for path in (a, b):
        assert not os.path.exists(path)
    assert open(data, "rb").read() == before
    assert not [name for name in os.listdir(common.SCRATCH.name) if ".tmp." in name]


if __name__ == "__main__":
    common.main(dict(globals()))
