# SPDX-License-Identifier: BSD-3-Clause
"""make, import, info and check: what they write as h5py and NumPy see it, the same bytes on any number of ranks, and what they say of
input they cannot use.

usage: data_commands.py      with SUPERSTEP naming the program
"""
import concurrent.futures
import csv
import hashlib
import io
import json
import os
import sys
import tempfile

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))
from common import main, memory, run  # noqa: E402

RANKS = (1, 2, 3, 5)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def at_once(function, argument_lists):
    """Calls the function with each list of arguments, a few at a time: most of a short run is waiting for MPI to start."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda arguments: function(*arguments), argument_lists))


def same_bytes(*command, out, more=((3, "--threads", "2"),)):
    """Runs the command on several numbers of ranks; returns the file, which must not depend on them."""

    def make_one(number, ranks, *options):
        path = f"{number}-{out}"
        run(*[path if word == out else word for word in command], "--quiet", *options, ranks=ranks)
        return digest(path)

    runs = [(ranks,) for ranks in RANKS] + list(more)
    digests = at_once(make_one, [(number, *r) for number, r in enumerate(runs)])
    assert len(set(digests)) == 1, f"{command}: {len(set(digests))} different files"
    os.replace(f"0-{out}", out)
    return h5py.File(out, "r")


def fails(code, *words, command, ranks=(1, 3)):
    """The command ends with the code and one message that has the words, the same on any number of ranks."""
    messages = set()
    for n in ranks:
        done = run(*command, ranks=n, check=False)
        errors = [line for line in done.stderr.splitlines() if line.startswith("superstep: error: ")]
        assert done.returncode == code and len(errors) == 1, (command, n, done.returncode, done.stderr)
        messages.add(errors[0])
    assert len(messages) == 1, messages
    for word in words:
        assert word in errors[0], f"'{word}' is not in: {errors[0]}"


def write(name, text):
    with open(name, "wb") as f:
        f.write(text.encode() if isinstance(text, str) else text)
    return name


# ---- make ---------------------------------------------------------------------------------------------


def test_make_classification():
    f = same_bytes("make", "classification", "c.h5", "--rows", 20011, "--columns", 6, "--classes", 3, "--informative", 4, "--seed", 7,
                   "--chunk-rows", 700, "--compress", 1, out="c.h5", more=((3, "--threads", "2", "--memory", "64M"),))
    X, y, corners = f["X"][:], f["y"][:], f["true_centers"][:]
    assert X.shape == (20011, 6) and X.dtype == np.float64 and y.dtype == np.int64
    assert f["X"].chunks == (700, 6) and f["X"].compression == "gzip" and f["X"].fletcher32 and f["y"].fletcher32
    assert "make_classification(rows=20011" in f.attrs["made_by"]
    assert len({tuple(c) for c in corners}) == 3 and np.all(np.abs(corners) == 1)
    assert np.abs(np.bincount(y) / len(y) - 1 / 3).max() < 0.015
    # 1 % of the labels are wrong, which moves the mean of a class by little.
    for k in range(3):
        assert np.abs(X[y == k, :4].mean(axis=0) - corners[k]).max() < 0.08
    assert np.abs(X[:, 4:].mean(axis=0)).max() < 0.03 and np.abs(X[:, 4:].std(axis=0) - 1).max() < 0.03
    nearest = ((X[:, None, :4] - corners) ** 2).sum(axis=2).argmin(axis=1)
    assert 0.7 < (nearest == y).mean() < 0.99


def test_make_regression():
    f = same_bytes("make", "regression", "r.h5", "--rows", 20011, "--columns", 7, "--dtype", "float32", "--noise", 0.5, out="r.h5")
    X, y, coef = f["X"][:], f["y"][:], f["true_coef"][:]
    assert X.dtype == np.float32 and y.dtype == np.float64 and f["X"].chunks is None
    assert np.count_nonzero(coef) == 4 and coef.shape == (7,)
    A = np.column_stack([X.astype(float), np.ones(len(X))])
    found, *_ = np.linalg.lstsq(A, y, rcond=None)
    np.testing.assert_allclose(found, np.append(coef, f["true_intercept"][0]), atol=0.02)
    assert abs(np.std(y - A @ found) - 0.5) < 0.02
    # The last bits of float32 are part of the model: without noise it is exact.
    run("make", "regression", "exact.h5", "--rows", 100, "--columns", 3, "--dtype", "float32", "--noise", 0)
    with h5py.File("exact.h5") as g:
        sums = g["X"][:].astype(float) @ g["true_coef"][:] + g["true_intercept"][0]
        np.testing.assert_allclose(g["y"][:], sums, rtol=1e-13)


def test_make_blobs_and_counts():
    f = same_bytes("make", "blobs", "b.h5", "--rows", 9001, "--columns", 3, "--centers", 4, "--noise", 0.5, out="b.h5")
    X, y, centers = f["X"][:], f["y"][:], f["true_centers"][:]
    assert np.abs(centers).max() <= 10 and centers.shape == (4, 3)
    for k in range(4):
        assert np.abs(X[y == k].mean(axis=0) - centers[k]).max() < 0.06
        assert np.abs(X[y == k].std(axis=0) - 0.5).max() < 0.03
    f = same_bytes("make", "counts", "p.h5", "--rows", 9001, "--columns", 5, "--chunk-rows", 4096, "--names", out="p.h5")
    X, y = f["X"][:], f["y"][:]
    assert y.dtype == np.int64 and y.min() == 0 and f["X"].fletcher32 and f["X"].compression is None
    assert [name.decode() for name in f["feature_names"][:]] == ["x0", "x1", "x2", "x3", "x4"]
    mean = np.exp(X @ f["true_coef"][:] + f["true_intercept"][0])
    assert abs((y - mean).mean()) < 0.1 and abs(((y - mean) ** 2 / mean).mean() - 1) < 0.05


def test_make_seeds_and_corner_cases():
    run("make", "blobs", "s0.h5", "--rows", 10)
    run("make", "blobs", "s1.h5", "--rows", 10, "--seed", 1)
    run("make", "blobs", "more.h5", "--rows", 5000)
    with h5py.File("s0.h5") as a, h5py.File("s1.h5") as b, h5py.File("more.h5") as c:
        assert not np.any(a["X"][:] == b["X"][:])
        np.testing.assert_array_equal(a["X"][:], c["X"][:10])  # a row does not depend on how many follow
    for kind in ("classification", "regression"):
        for ranks in (1, 5):
            run("make", kind, "one.h5", "--rows", 1, "--columns", 1, "--compress", 9, ranks=ranks)
            with h5py.File("one.h5") as f:
                assert f["X"].shape == (1, 1) and f["y"].shape == (1,)
    usage = [(["blob", "x.h5"], "did you mean 'blobs'?"), (["blobs", "x.h5", "--rows", 0], "--rows must be between 1 and"),
             (["blobs", "x.h5", "--columns", -1], "--columns"), (["blobs", "x.h5", "--classes", 2], "leave it out"),
             (["counts", "x.h5", "--centers", 2], "leave it out"), (["regression", "x.h5", "--informative", 99], "between 1 and 20, got 99"),
             (["classification", "x.h5", "--noise", 1.5], "between 0.0 and 1.0, got 1.5"), (["blobs", "x.h5", "--noise", "nan"], "--noise"),
             (["classification", "x.h5", "--classes", 5, "--informative", 2], "at most 4"),
             (["blobs", "x.h5", "--dtype", "float16"], "float64 or float32"), (["blobs", "x.h5", "--compress", 10], "between 0 and 9"),
             (["blobs", "x.h5", "--chunk-rows", 0], "--chunk-rows must be at least 1")]
    at_once(lambda arguments, words: fails(2, words, command=["make", *arguments], ranks=(1,)), usage)
    fails(4, "no_folder", command=["make", "blobs", "no_folder/x.h5"], ranks=(1, 2))
    fails(5, "--memory", command=["make", "blobs", "x.h5", "--rows", 100000, "--compress", 1, "--memory", "1M"], ranks=(1,))
    assert not os.path.exists("x.h5")


# ---- import -------------------------------------------------------------------------------------------


def test_import_large_csv():
    """Several pieces of the file, quoted line ends in it; compared with Python's csv module."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40000, 4)) * 10.0 ** rng.integers(-300, 300, size=(40000, 4))
    names = ["red", "gr,een", 'bl"ue', "pur\nple"]
    label = rng.integers(0, 4, size=len(X))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["first", "second \"x\"", "kind", "third", "note", "w"])
    for row, k in zip(X, label):
        writer.writerow([repr(row[0]), repr(row[1]), names[k], repr(row[2]), "a\n\"b\"," * (k + 1), repr(abs(row[3]))])
    content = text.getvalue()
    assert len(content) > 3 << 20  # more than three pieces
    write("large.csv", content)
    f = same_bytes("import", "large.csv", "large.h5", "--target", "kind", "--drop", "note", "--weight", "w", out="large.h5",
                   more=((2, "--threads", "3"),))
    np.testing.assert_array_equal(f["X"][:], X[:, :3])  # bit for bit, as Python reads the digits
    np.testing.assert_array_equal(f["weight"][:], np.abs(X[:, 3]))
    codes = h5py.check_enum_dtype(f["y"].dtype)
    assert list(codes) == sorted(names) and list(codes.values()) == [0, 1, 2, 3]
    np.testing.assert_array_equal(f["y"][:], [codes[names[k]] for k in label])
    assert [n.decode() for n in f["feature_names"][:]] == ["first", 'second "x"', "third"]
    f.close()
    g = same_bytes("import", "large.csv", "large.h5", "--target", "kind", "--drop", "4,5", "--rows", 30001, "--dtype", "float64",
                   "--chunk-rows", 1000, out="large.h5", more=())
    np.testing.assert_array_equal(g["X"][:], X[:30001, :3])
    g.close()
    done = json.loads(run("check", "large.h5", "--json", ranks=2).stdout)
    assert done["ok"] and done["rows"] == 30001 and done["checksums"] == {"x": "verified", "y": "verified"}
    assert [c["rows"] for c in done["y"]["classes"]] == [int((np.array(names)[label[:30001]] == n).sum()) for n in sorted(names)]


def imported(text, *options, ranks=1, name="small.csv"):
    folder = tempfile.mkdtemp(dir=".")
    out = os.path.join(folder, "small.h5")
    run("import", write(os.path.join(folder, name), text), out, "--quiet", *options, ranks=ranks)
    with h5py.File(out) as f:
        return {key: item[()] for key, item in f.items()}


def test_import_small_csvs():
    expected = np.array([[1.0, 2.5], [-3.0, 4e-7]])
    plain = "a,b\n1,2.5\n-3,4e-7\n"

    def plain_case(text, ranks):
        found = imported(text, ranks=ranks)
        np.testing.assert_array_equal(found["X"], expected)
        assert [n.decode() for n in found["feature_names"]] == ["a", "b"] and "y" not in found

    at_once(plain_case, [(text, ranks) for ranks in (1, 3) for text in (
        plain, plain.replace("\n", "\r\n"), "\ufeff" + plain, plain[:-1], "\n\n" + plain + "\n \n", plain.replace(",", " , "))])
    for text, options in ((plain.replace(",", "\t"), ["--delimiter", "tab"]), (plain.replace(",", ";"), ["--delimiter", ";"]),
                          (plain[4:], ["--no-header"]), ("a,b,c\n1,x,2.5\n-3,,4e-7\n", ["--drop", "b"]),
                          ("1,x,2.5\n-3,,4e-7\n", ["--no-header", "--drop", "1"])):
        np.testing.assert_array_equal(imported(text, *options)["X"], expected)
    np.testing.assert_array_equal(imported(plain.replace(",", "\t"), name="small.tsv")["X"], expected)
    missing = imported("a,b\n,1\nNA,2\nnan,3\nNaN,4\n\"\",inf\n+7,-Infinity\n1e999,null\n")["X"]
    np.testing.assert_array_equal(missing, [[np.nan, 1], [np.nan, 2], [np.nan, 3], [np.nan, 4], [np.nan, np.inf], [7, -np.inf],
                                            [np.inf, np.nan]])
    single = imported("a\n1\n\n2\n")["X"]
    np.testing.assert_array_equal(single, [[1], [2]])
    found = imported("1,0.1\n", "--no-header", "--dtype", "float32", ranks=5)["X"]
    assert found.dtype == np.float32 and found.shape == (1, 2) and found[0, 1] == np.float32(0.1)


def test_import_csv_targets():
    found = imported("a,y\n1,3\n2,-4\n")  # the column called y; whole numbers stay so
    assert found["y"].dtype == np.int64 and list(found["y"]) == [3, -4] and found["X"].shape == (2, 1)
    found = imported("target,a\n0.5,1\n2,2\n")
    assert found["y"].dtype == np.float64 and list(found["y"]) == [0.5, 2.0]
    assert "y" not in imported("a,y\n1,3\n", "--no-target")
    for reference in ("b", "1", "-1"):
        assert list(imported("a,b\n1,3\n2,4\n", f"--target={reference}")["y"]) == [3, 4]
    found = imported("a,y\n1,\n2,4\n")
    assert np.isnan(found["y"][0]) and found["y"][1] == 4
    run("import", write("t.csv", "a,y\n1,yes\n2,no\n3,12\n4,\"NA\"\n5,Ünï\n"), "t.h5")
    with h5py.File("t.h5") as f:
        codes = h5py.check_enum_dtype(f["y"].dtype)
        assert codes == {"12": 0, "NA": 1, "no": 2, "yes": 3, "Ünï": 4} and list(f["y"][:]) == [3, 2, 0, 1, 4]
    # So many names that an enumeration cannot hold them: text.
    names = [f"name-{i:05d}" for i in range(6000)]
    run("import", write("many.csv", "a,y\n" + "".join(f"{i},{n}\n" for i, n in enumerate(names))), "many.h5")
    with h5py.File("many.h5") as f:
        assert [n.decode() for n in f["y"][:]] == names
    done = json.loads(run("check", "many.h5", "--json").stdout)
    assert len(done["y"]["classes"]) == 6000 and all(c["rows"] == 1 for c in done["y"]["classes"])


def test_import_bad_csv():
    cases = [
        (3, "a,b\n1,2\n1,2,3\n", [], ["line 3 has 3 fields", "header has 2"]),
        (3, "a,b\n1,2\n\n1\n", [], ["line 4 has 1 field,"]),
        (3, "a,city\n1,Rome\n", ["--layout", "matrix"], ["column 'city' is not numeric", "row 0 (line 2) holds 'Rome'", "--drop city"]),
        (3, "a,city,b\n1,2,3\n1,Rome,x\n", ["--types", "city=float"], ["line 3: column 'city' holds 'Rome', no number"]),
        (3, "a,b\n1,\"2\n", [], ["line 2", "never closed"]),
        (3, "a,b\n1,2\"\"3\n", [], ["line 2 has a quote inside the unquoted field 2"]),
        (3, "a,b\n1,\"2\"3\n", [], ["line 2 has text behind the closing quote of field 2"]),
        (3, "a,b\r1,2\r", [], ["line 1 has a carriage return"]),
        (3, "", [], ["is empty"]),
        (3, "\n\n", [], ["is empty"]),
        (3, "a,b\n", [], ["no rows", "--no-header"]),
        (3, "a;b\n1;2\n", [], ["--delimiter ';'"]),
        (3, "a,y\n1,yes\n2,\n", [], ["target", "missing in 1 row", "row 1"]),
        (3, "y\n1\n", [], ["no column left"]),
        (3, b"\x1f\x8b\x08\x00", [], ["damaged or incomplete"]),
        (3, "a,b\n1,2\n".encode("utf-16"), [], ["UTF-16"]),
        (3, b"a,b\n\x00,2\n", [], ["binary"]),
        (3, "a,b\n1,1e300\n", ["--dtype", "float32"], ["bad.h5", "too large for float32", "row 0, column 1"]),
        (2, "a,b\n1,2\n", ["--target", "bb"], ["no such column", "choose one of a or b"]),
        (2, "a,b\n1,2\n", ["--target", "2"], ["columns 0 to 1"]),
        (2, "a,b\n1,2\n", ["--target", "a", "--drop", "b,a"], ["two things"]),
        (2, "a,a\n1,2\n", ["--target", "a"], ["more than one column 'a'"]),
        (2, "1,2\n", ["--target", "a", "--no-header"], ["no header", "number"]),
        (2, "y,target,a\n1,2,3\n", [], ["more than one column called y or target"]),
        (2, "a,b\n1,2\n", ["--y", "b"], ["--target"]),
        (2, "a,b\n1,2\n", ["--x", "/b"], ["--x is for HDF5"]),
        (2, "a,b\n1,2\n", ["--delimiter", "ab"], ["--delimiter must be"]),
        (2, "a,b\n1,2\n", ["--target", "a", "--no-target"], ["contradict"]),
        (2, "a,b\n1,2\n", ["--rows", "0"], ["--rows must be at least 1"]),
    ]

    def case(number, code, text, options, words):
        name = write(f"bad{number}.csv", text)
        # One rank where the message comes before the file is cut up.
        if code == 3 and "float32" not in options:
            words = [name, *words]
        fails(code, *words, command=["import", name, "bad.h5", *options], ranks=(1, 3) if number < 7 else (1,))

    at_once(case, [(number, *c) for number, c in enumerate(cases)])
    write("bad.csv", "a,b\n1,2\n")
    fails(4, "nowhere.csv", "No such file", command=["import", "nowhere.csv", "bad.h5"], ranks=(1, 3))
    os.mkdir("nothing")
    fails(4, "directory", "no file in it is called .csv", command=["import", "nothing", "bad.h5"], ranks=(1,))
    fails(2, "SOURCE would be replaced", command=["import", "bad.csv", "bad.csv"], ranks=(1,))
    assert not os.path.exists("bad.h5")
    warned = run("import", write("n.csv", "1,2\n3,4\n"), "n.h5").stderr
    assert "--no-header" in warned and "no column becomes the target" in warned


def test_import_npy():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(5003, 7))
    np.save("x.npy", X)
    np.save("y.npy", rng.integers(0, 3, size=5003).astype(np.int16))
    f = same_bytes("import", "x.npy", "x.h5", "--y", "y.npy", out="x.h5", more=())
    np.testing.assert_array_equal(f["X"][:], X)
    np.testing.assert_array_equal(f["y"][:], np.load("y.npy"))
    assert f["y"].dtype == np.int64
    f.close()
    for array in (np.asfortranarray(X), X.astype(np.float32), (X * 100).astype(np.int8), X > 0, X.astype(">f8"), X[:, 0],
                  (X * 1000).astype(np.uint16)):
        np.save("v.npy", array)
        run("import", "v.npy", "v.h5", ranks=2)
        with h5py.File("v.h5") as g:
            np.testing.assert_array_equal(g["X"][:], array.reshape(len(X), -1).astype(float))
            assert g["X"].dtype == (np.float64 if array.dtype.itemsize == 8 else np.float32)
    for version in ((1, 0), (2, 0), (3, 0)):
        with open("v.npy", "wb") as out:
            np.lib.format.write_array(out, X[:10], version=version)
        run("import", "v.npy", "v.h5")
        with h5py.File("v.h5") as g:
            np.testing.assert_array_equal(g["X"][:], X[:10])
    names = np.array(["nö", "yes", "no"])
    for labels in (names[np.arange(5003) % 3], np.char.encode(names[np.arange(5003) % 3], "utf-8")):
        np.save("t.npy", labels)
        run("import", "x.npy", "t.h5", "--y", "t.npy", "--rows", 100, ranks=2)
        with h5py.File("t.h5") as g:
            assert h5py.check_enum_dtype(g["y"].dtype) == {"no": 0, "nö": 1, "yes": 2}
            assert list(g["y"][:4]) == [1, 2, 0, 1] and g["X"].shape == (100, 7)


def test_import_bad_npy():
    np.save("x.npy", np.zeros((10, 2)))
    with open("x.npy", "rb") as f:
        content = f.read()
    write("cut.npy", content[:-1])
    write("head.npy", content[:40])
    write("empty.npy", b"")
    write("text.npy", "1,2\n")
    for name, words in (("cut.npy", "truncated"), ("head.npy", "ends in its header"), ("empty.npy", "empty"), ("text.npy", "no valid .npy")):
        fails(4, name, words, command=["import", name, "bad.h5"], ranks=(1, 2) if name == "cut.npy" else (1,))
    np.save("object.npy", np.array([[1, "a"]], dtype=object))
    np.save("record.npy", np.zeros(3, dtype=[("a", float)]))
    np.save("cube.npy", np.zeros((2, 2, 2)))
    np.save("complex.npy", np.zeros((2, 2), complex))
    np.save("half.npy", np.zeros((2, 2), np.float16))
    np.save("none.npy", np.zeros((0, 2)))
    np.save("big.npy", np.array([[2**53 + 1]]))
    for name, words in (("object.npy", "'|O'"), ("record.npy", "astype"), ("cube.npy", "3 dimensions"), ("complex.npy", "'<c16'"),
                        ("half.npy", "astype"), ("none.npy", "is empty"), ("big.npy", "2^53")):
        fails(3, name, words, command=["import", name, "bad.h5"], ranks=(1,))
    fails(3, "has 1 rows", "has 10", command=["import", "x.npy", "bad.h5", "--y", "big.npy"], ranks=(1,))
    fails(2, "--target is for CSV", command=["import", "x.npy", "bad.h5", "--target", "a"], ranks=(1, 2))
    np.savez("z.npz", a=np.zeros(3))
    fails(3, "zip archive", command=["import", "z.npz", "bad.h5"], ranks=(1,))


def test_import_hdf5():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(9001, 3)).astype(np.float32)
    labels = np.array(["b", "a", "çc"], dtype=object)[rng.integers(0, 3, 9001)]
    with h5py.File("other.h5", "w") as f:
        f.create_dataset("group/features", data=X, chunks=(1000, 2), compression="gzip")
        f.create_dataset("labels", data=labels, dtype=h5py.string_dtype())
        f["numbers"] = np.arange(9001, dtype=np.uint8)
        f["fractions"] = rng.random((9001, 1))
    f = same_bytes("import", "other.h5", "copy.h5", "--x", "/group/features", "--y", "/labels", "--weight", "fractions", "--compress", 3,
                   out="copy.h5", more=())
    np.testing.assert_array_equal(f["X"][:], X)
    assert f["X"].dtype == np.float32 and f["X"].compression_opts == 3
    codes = h5py.check_enum_dtype(f["y"].dtype)
    assert codes == {"a": 0, "b": 1, "çc": 2} and list(f["y"][:]) == [codes[n] for n in labels]
    f.close()
    # Its own layout again: the enumeration keeps its names.
    run("import", "copy.h5", "again.h5", "--dtype", "float64", ranks=2)
    with h5py.File("again.h5") as g, h5py.File("other.h5") as f:
        assert g["X"].dtype == np.float64 and h5py.check_enum_dtype(g["y"].dtype) == codes
        np.testing.assert_array_equal(g["weight"][:], f["fractions"][:, 0])
    run("import", "other.h5", "n.h5", "--x", "group/features", "--y", "numbers")
    with h5py.File("n.h5") as g:
        assert g["y"].dtype == np.int64 and g["y"][300] == 300 % 256
    fails(3, "/grup/features", "--x", command=["import", "other.h5", "bad.h5", "--x", "/grup/features"])
    fails(3, "features must be numbers", command=["import", "other.h5", "bad.h5", "--x", "/labels"], ranks=(1,))
    write("damaged.h5", open("other.h5", "rb").read()[:5000])
    fails(4, "truncated", command=["import", "damaged.h5", "bad.h5", "--x", "/labels"], ranks=(1, 2))


# ---- info and check -----------------------------------------------------------------------------------


def test_configuration_of_another_editor():
    """A byte-order mark and the line ends of Windows are no part of the options."""
    with open("windows.conf", "wb") as f:
        f.write(b"\xef\xbb\xbfrows = 321\r\ncolumns = 3\r\n")
    run("make", "blobs", "windows.h5", "--config", "windows.conf", "--quiet", ranks=2)
    with h5py.File("windows.h5") as f:
        assert f["X"].shape == (321, 3), f["X"].shape


def test_info():
    run("make", "classification", "i.h5", "--rows", 10000, "--columns", 4, "--compress", 6, "--names")
    text = run("info", "i.h5", ranks=2).stdout
    for words in ("i.h5: dataset", "10,000 x 4 float64, chunks 4,096 x 4, shuffle+deflate+fletcher32", "made_by = make_classification(",
                  "10,000 rows x 4 columns in 3 blocks of 4,096 rows"):
        assert words in text, (words, text)
    found = json.loads(run("info", "i.h5", "--json").stdout)
    assert found["kind"] == "dataset" and found["rows"] == 10000 and found["blocks"] == 3 and found["memory_bytes"] == 10000 * 5 * 8
    x = [d for d in found["datasets"] if d["path"] == "/X"][0]
    with h5py.File("i.h5") as f:
        assert x["shape"] == [10000, 4] and x["chunk"] == [4096, 4] and x["bytes"] == f["X"].id.get_storage_size()
    run("fit", "make_pipeline(StandardScaler(), Ridge())", "i.h5", "--model", "m.h5")
    text = run("info", "m.h5").stdout
    assert "Pipeline(" in text and "steps/ridge/coef_" in text
    found = json.loads(run("info", "m.h5", "--json").stdout)
    with h5py.File("m.h5") as f:
        assert found["kind"] == "model" and found["estimator"] == f.attrs["estimator"]
        np.testing.assert_array_equal(found["attributes"]["steps/ridge/coef_"]["values"], np.ravel(f["steps/ridge/coef_"][()]))
    with h5py.File("any.h5", "w") as f:
        f["a/b"] = np.zeros((2, 3, 4), np.int16)
        f["s"] = 1.5
        f.create_dataset("record", data=np.zeros(3, dtype=[("a", float)]))
    text = run("info", "any.h5").stdout
    assert "any.h5: HDF5 file" in text and "2 x 3 x 4 int16" in text and "/record" in text
    fails(4, "not an HDF5 file", command=["info", write("no.h5", "hello")])
    fails(4, "No such file", command=["info", "nowhere.h5"], ranks=(1,))


def test_check():
    rng = np.random.default_rng(8)
    X = rng.normal(size=(9001, 3))
    X[:, 1] = 4.0
    y = rng.integers(-2, 2, 9001)
    with h5py.File("k.h5", "w") as f:
        f["X"], f["y"], f["weight"], f["feature_names"] = X, y, np.arange(9001) % 3 / 2, [b"age", b"four", b"z"]
    results = [json.loads(run("check", "k.h5", "--json", *options, ranks=ranks).stdout)
               for ranks, options in ((1, []), (3, []), (2, ["--threads", "2", *memory(8, ranks=2)]))]
    for result in results:
        del result["seconds"], result["seconds_read"]
        assert result == results[0]
    found = results[0]
    assert found["ok"] and found["constant_columns"] == [1] and found["checksums"] == {"x": "none", "y": "none", "weight": "none"}
    np.testing.assert_array_equal([c["min"] for c in found["column_ranges"]], X.min(axis=0))
    np.testing.assert_array_equal([c["max"] for c in found["column_ranges"]], X.max(axis=0))
    assert [(c["class"], c["rows"]) for c in found["y"]["classes"]] == [(int(k), int((y == k).sum())) for k in (-2, -1, 0, 1)]
    assert found["weight"] == {"nan": 0, "infinite": 0, "min": 0.0, "max": 1.0, "bad": 0, "zero": 3001}
    text = run("check", "k.h5").stdout
    assert "1 constant column: column 1 ('four')" in text and "all values are finite" in text and "age" in text
    assert json.loads(run("check", "k.h5", "--json", "--rows", 50).stdout)["rows"] == 50

    X[8123, 2], X[8124, 0], X[8200, 2] = np.inf, np.nan, np.nan
    with h5py.File("bad.h5", "w") as f:
        f["X"], f["y"], f["weight"] = X.astype(np.float32), np.where(np.arange(9001) == 77, np.nan, 1.5 * y), -1.0 * (np.arange(9001) == 5)
    for ranks in (1, 3):
        done = run("check", "bad.h5", "--json", ranks=ranks, check=False)
        assert done.returncode == 3 and done.stderr.count("superstep: error: ") == 1, done.stderr
        found = json.loads(done.stdout)
        assert not found["ok"] and (found["nan"], found["infinite"]) == (2, 1)
        assert found["first_bad"] == {"row": 8123, "column": 2, "value": "infinite"}
        assert [(c["nan"], c["infinite"]) for c in found["column_ranges"]] == [(1, 0), (0, 0), (1, 1)]
        assert found["column_ranges"][2]["max"] == np.float32(np.nanmax(X[np.isfinite(X[:, 2]), 2]))
        assert found["y"]["nan"] == 1 and found["y"]["first_bad_row"] == 77 and found["weight"]["first_bad_row"] == 5
    fails(3, "row 8123, column 2", command=["check", "bad.h5"])

    run("make", "blobs", "sum.h5", "--rows", 3000, "--chunk-rows", 500)
    with h5py.File("sum.h5") as f:
        info = f["X"].id.get_chunk_info(4)
    content = bytearray(open("sum.h5", "rb").read())
    content[info.byte_offset + 17] ^= 1
    write("sum.h5", bytes(content))
    fails(4, "rows 2000 to 2499", "checksum", command=["check", "sum.h5"], ranks=(1,))
    for ranks in (1, 3):  # a process takes more of it under MPI
        fails(5, "--memory", command=["check", "k.h5", "--memory", "10K"], ranks=(ranks,))


if __name__ == "__main__":
    folder = tempfile.TemporaryDirectory(prefix="superstep-data-")
    os.chdir(folder.name)
    main(globals())
