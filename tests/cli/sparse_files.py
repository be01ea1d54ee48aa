# SPDX-License-Identifier: BSD-3-Clause
"""Sparse rows from files and into files: import of LIBSVM and Matrix Market beside scikit-learn and SciPy, read back by anndata; the same
bytes on any number of ranks; what split, transform, check and info make of them; what is refused, and where.

usage: sparse_files.py      with SUPERSTEP naming the program
"""
import gzip
import hashlib
import json
import os
import sys
import tempfile
import time

import anndata.io
import h5py
import numpy as np
import scipy.io
import scipy.sparse as sp
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))
from common import main, memory, run  # noqa: E402

SEED = int(time.strftime("%Y%m%d"))
RANKS = ((1, 1), (2, 1), (3, 2), (5, 1))
FEW = ((1, 2), (3, 1))
REFUSED = []  # how many cases there were


def drawn(rng, rows, columns, mean, whole=False):
    """Rows of different lengths, some empty; columns of different frequency, some empty."""
    lengths = rng.poisson(mean, rows)
    lengths[rng.random(rows) < 0.05] = 0
    lengths[rows // 3] = min(50 * mean, columns)
    frequency = 1.0 / np.arange(1, columns + 1)
    column = rng.choice(columns, size=lengths.sum(), p=frequency / frequency.sum())
    matrix = sp.csr_matrix((np.ones(len(column)), (np.repeat(np.arange(rows), lengths), column)), shape=(rows, columns))
    matrix.sum_duplicates()
    matrix.data = rng.integers(-5, 9, matrix.nnz).astype(float) if whole else rng.normal(size=matrix.nnz)
    return matrix


def digest(name):
    with open(name, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def same_everywhere(*command, outs, where=RANKS):
    """Runs the command on several numbers of ranks and threads: the files that it writes do not depend on them."""
    digests, done = set(), None
    for ranks, threads in where:
        done = run(*command, "--overwrite", "--json", "--threads", str(threads), ranks=ranks)
        digests.add(tuple(digest(out) for out in outs))
    assert len(digests) == 1, (command, digests)
    return json.loads(done.stdout), done.stderr


def result(*command, code=0, ranks=1):
    """What the command says, without the seconds that it took."""
    done = run(*command, "--json", ranks=ranks, check=False)
    assert done.returncode == code, done.stderr
    return {k: v for k, v in json.loads(done.stdout).items() if not k.startswith("seconds")}


def read(name):
    with h5py.File(name, "r") as f:
        X = anndata.io.read_elem(f["X"])
        assert sp.issparse(X) and X.format == "csr"
        assert f["X"].attrs["encoding-type"] == "csr_matrix" and f["X"].attrs["encoding-version"] == "0.1.0"
        assert f["X/indices"].dtype == "i4" and f["X/indptr"].dtype == "i8" and f["X"].attrs["shape"].dtype == "i8"
        return X, *(f[k][()] if k in f else None for k in ("y", "weight", "groups"))


def equal(a, b):
    """The same values in the same places, zeros that are stored too."""
    assert a.shape == b.shape and a.nnz == b.nnz, (a.shape, b.shape, a.nnz, b.nnz)
    b = b.tocsr()
    b.sort_indices()
    assert np.array_equal(a.indptr, b.indptr) and np.array_equal(a.indices, b.indices)
    assert np.array_equal(a.data, b.data.astype(a.dtype), equal_nan=True)


def refused(code, *words, text, name, options=()):
    with open(name, "w") as f:
        f.write(text)
    said = set()
    REFUSED.append(text)
    for ranks in (1, 3) if len(REFUSED) % 4 == 1 else (1,):
        done = run("import", name, "bad.h5", *options, ranks=ranks, check=False)
        assert done.returncode == code, (text, done.returncode, done.stderr)
        said.add([line for line in done.stderr.splitlines() if "error:" in line][0])
    assert len(said) == 1, said
    for word in words:
        assert word in said.copy().pop(), (word, said)
    assert not os.path.exists("bad.h5")


def test_libsvm():
    rng = np.random.default_rng(SEED)
    X = drawn(rng, 20000, 4000, 16)
    y = rng.integers(-1, 2, 20000)
    query = np.sort(rng.integers(0, 300, 20000))
    dump_svmlight_file(X, y, "a.libsvm", zero_based=False, query_id=query, comment="drawn")
    assert os.path.getsize("a.libsvm") > 5 << 20, "several pieces of a megabyte"
    found, said = same_everywhere("import", "a.libsvm", "a.h5", outs=["a.h5"])
    theirs, label, group = load_svmlight_file("a.libsvm", query_id=True)
    got, y_got, _, groups = read("a.h5")
    equal(got, theirs)
    assert np.array_equal(y_got, label) and y_got.dtype == "i8" and np.array_equal(groups, group)
    assert "first column is 1" in said and "/groups" in said, said
    assert found["values"] == theirs.nnz and found["layout"] == "sparse" and found["format"] == "LIBSVM", found
    # Zero-based, real labels, a wider matrix, single precision, chunks, packed by gzip, few rows at a time.
    dump_svmlight_file(X[:3000], rng.normal(size=3000), "b.svm", zero_based=True)
    with open("b.svm", "rb") as f, gzip.open("b.svm.gz", "wb") as packed:
        packed.write(f.read())
    for source, options in (("b.svm", ()), ("b.svm.gz", ("--chunk-rows", "256", "--compress", "1")), ("b.svm", ("--zero-based", "yes"))):
        same_everywhere("import", source, "b.h5", "--width", "5000", "--dtype", "float32", *options, outs=["b.h5"], where=FEW)
        theirs, label = load_svmlight_file("b.svm", n_features=5000, zero_based=True, dtype=np.float64)
        got, y_got, _, _ = read("b.h5")
        assert got.dtype == "f4"
        equal(got, theirs)
        assert np.array_equal(y_got, label) and y_got.dtype == "f8"
    run("import", "a.libsvm", "few.h5", "--rows", "1234", *memory(8, 2), ranks=2)
    got, y_got, _, _ = read("few.h5")
    full = load_svmlight_file("a.libsvm")[0][:1234]
    equal(got, full[:, : got.shape[1]])
    # What the files of other programs look like; nothing says so but the first row.
    text = "# a comment\n\n+1 1:0.5\t4:-2e-3 # more\r\n-1\n   \n1 2:inf 3:nan 9:0"
    with open("odd.txt", "w") as f:
        f.write(text)
    run("import", "odd.txt", "odd.h5")
    got, y_got, _, _ = read("odd.h5")
    equal(got, load_svmlight_file("odd.txt")[0])
    assert list(y_got) == [1, -1, 1] and got.nnz == 5
    # Sizes of chunks that do not divide anything, and no value at all.
    with open("none.svm", "w") as f:
        f.write("1\n0\n1\n")
    for options in ((), ("--chunk-rows", "2")):
        run("import", "none.svm", "none.h5", "--width", "3", "--overwrite", *options, ranks=2)
        got = read("none.h5")[0]
        assert got.shape == (3, 3) and got.nnz == 0


def test_libsvm_refused():
    good = "1 1:2\n" * 3
    for code, words, text, options in (
            (3, ("line 4, column 1", "the label must be a number", "'x'"), good + "x 1:2\n", ()),
            (3, ("line 4, column 3", "begins with its label"), good + "  1:2 3:4\n", ()),
            (3, ("line 4, column 1", "one label"), good + "1,2 1:2\n", ()),
            (3, ("line 5, column 7", "'3'", "index:value"), good + "# \n1 2:4 3\n", ()),
            (3, ("line 4, column 7", "indices ascend", "2 stands behind 2"), good + "1 2:4 2:5\n", ()),
            (3, ("line 4, column 5", "a value is a number", "'4x'"), good + "1 2:4x\n", ()),
            (3, ("line 4, column 3", "an index is"), good + "1 -2:4\n", ()),
            (3, ("line 4, column 3", "an index is"), good + "1 4294967296:4\n", ()),
            (3, ("1 of 4 rows have a qid",), good + "1 qid:3 2:4\n", ()),
            (3, ("index 9", "--width 3"), good + "1 9:4\n", ("--width", "3")),
            (3, ("index 0", "--zero-based no"), good + "1 0:4\n", ("--zero-based", "no")),
            (3, ("give --width",), "1\n2\n", ()),
            (3, ("no rows",), "# nothing\n", ()),
            (3, ("too large for float32", "row 1, column 1"), "1 1:2\n1 2:1e300\n", ("--dtype", "float32")),
            (2, ("--zero-based must be",), good, ("--zero-based", "perhaps")),
            (2, ("--target is for CSV",), good, ("--target", "y")),
            (2, ("--transpose is for Matrix Market",), good, ("--transpose",))):
        refused(code, *words, text=text, name="bad.libsvm", options=options)


def test_matrix_market():
    rng = np.random.default_rng(SEED + 1)
    X = drawn(rng, 12000, 3000, 16)
    scipy.io.mmwrite("rows.mtx", X.tocoo(), precision=17)
    scipy.io.mmwrite("columns.mtx", X.tocsc().tocoo(), precision=17)  # SciPy writes what lies in the memory, column by column
    shuffled = X.tocoo()
    order = rng.permutation(X.nnz)
    with open("any.mtx", "w") as f:
        f.write(f"%%MatrixMarket matrix coordinate real general\n% drawn\n\n{X.shape[0]} {X.shape[1]} {X.nnz}\n")
        f.writelines(f"{shuffled.row[k] + 1} {shuffled.col[k] + 1} {float(shuffled.data[k])!r}\n" for k in order)
    y = rng.integers(0, 3, X.shape[0])
    np.savetxt("y.txt", y, fmt="%d")
    digests = set()
    for source in ("rows.mtx", "columns.mtx", "any.mtx"):
        found, _ = same_everywhere("import", source, "m.h5", "--y", "y.txt", outs=["m.h5"], where=RANKS if source == "any.mtx" else FEW)
        got, y_got, _, _ = read("m.h5")
        equal(got, sp.csr_matrix(scipy.io.mmread(source)))
        assert np.array_equal(y_got, y) and y_got.dtype == "i8"
        assert found["format"] == "Matrix Market" and found["values"] == X.nnz
        digests.add(digest("m.h5"))
    assert len(digests) == 1, "the order of the entries does not show"
    run("import", "any.mtx", "small.h5", *memory(4, 2), ranks=2)
    equal(read("small.h5")[0], X)
    same_everywhere("import", "columns.mtx", "t.h5", "--transpose", "--chunk-rows", "100", "--compress", "1", outs=["t.h5"])
    equal(read("t.h5")[0], X.T.tocsr())
    assert read("t.h5")[1] is None
    # Integers, patterns, symmetric ones.
    whole = drawn(rng, 300, 300, 6, whole=True).astype(int)
    symmetric = whole + whole.T
    symmetric.eliminate_zeros()
    scipy.io.mmwrite("symmetric.mtx", symmetric.tocoo(), symmetry="symmetric", field="integer")
    scipy.io.mmwrite("pattern.mtx", whole.tocoo(), field="pattern", symmetry="general")
    for source in ("symmetric.mtx", "pattern.mtx"):
        same_everywhere("import", source, "s.h5", outs=["s.h5"], where=FEW)
        equal(read("s.h5")[0], sp.csr_matrix(scipy.io.mmread(source)).astype(float))
    run("import", "rows.mtx", "first.h5", "--rows", "77", "--y", "y.txt")
    equal(read("first.h5")[0], X[:77])


def test_matrix_market_refused():
    head = "%%MatrixMarket matrix coordinate real general\n"
    for words, text, options in (
            (("line 1, column 1", "%%MatrixMarket"), "3 3 1\n1 1 1\n", ()),
            (("line 1, column 23", "coordinate", "'array'"), "%%MatrixMarket matrix array real general\n1 1\n1\n", ()),
            (("line 1, column 34", "'complex'"), "%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 1 1\n", ()),
            (("line 1, column 39", "'hermitian'"), "%%MatrixMarket matrix coordinate real hermitian\n1 1 1\n1 1 1\n", ()),
            (("line 3, column 3", "'x'"), head + "% \n3 x 1\n", ()),
            (("line 4, column 1", "a row is a number from 1 to 3", "'4'"), head + "3 3 2\n1 1 1\n4 1 1\n", ()),
            (("line 3, column 3", "a column is a number from 1 to 2", "'0'"), head + "3 2 1\n1 0 1\n", ()),
            (("line 3, column 5", "a value is a number", "''"), head + "3 2 1\n1 1 \n", ()),
            (("line 3, column 7", "stands behind"), head + "3 2 1\n1 1 1 1\n", ()),
            (("3 entries", "has 1"), head + "3 2 3\n1 1 1\n", ()),
            (("row 2, column 1 twice",), head + "3 2 4\n2 1 1\n2 2 2\n3 1 1\n2 1 3\n", ()),
            (("as many rows as columns",), "%%MatrixMarket matrix coordinate real symmetric\n3 2 0\n", ()),
            (("ends before",), head + "% nothing\n", ()),
            (("y2.txt", "holds 2 numbers", "has 3 rows"), head + "3 2 1\n1 1 1\n", ("--y", "y2.txt"))):
        with open("y2.txt", "w") as f:
            f.write("1\n2\n")
        refused(3, *words, text=text, name="bad.mtx", options=options)
    refused(5, "memory", text=head + "99999999999999 3 1\n1 1 1\n", name="bad.mtx")


def write(name, X, **more):
    with h5py.File(name, "w") as f:
        anndata.io.write_elem(f, "X", X)
        for key, value in more.items():
            f[key] = value


def test_split():
    rng = np.random.default_rng(SEED + 2)
    X = drawn(rng, 3000, 500, 8)
    y, weight, groups = rng.integers(0, 3, 3000), rng.random(3000), rng.integers(0, 40, 3000)
    number = sp.csr_matrix(np.arange(3000, dtype=float).reshape(-1, 1))
    X = sp.hstack([number, X[:, 1:]], format="csr")  # column 0 tells which row it is
    write("all.h5", X.astype("f4"), y=y, weight=weight, groups=groups)
    for options in ((), ("--chunk-rows", "64", "--compress", "1")):
        same_everywhere("split", "all.h5", "train.h5", "test.h5", "--test-size", "0.3", "--seed", "3", *options, outs=["train.h5", "test.h5"],
                        where=FEW if options else RANKS)
        seen = []
        for name in ("train.h5", "test.h5"):
            part, y_part, w_part, g_part = read(name)
            which = np.asarray(part[:, 0].todense()).ravel().astype(int)
            assert part.dtype == "f4" and np.all(np.diff(which) > 0)
            equal(part, X[which].astype("f4"))
            assert np.array_equal(y_part, y[which]) and np.array_equal(w_part, weight[which]) and np.array_equal(g_part, groups[which])
            seen.extend(which)
        assert sorted(seen) == list(range(3000))


def test_transform():
    rng = np.random.default_rng(SEED + 3)
    X = drawn(rng, 2500, 400, 8)
    y = np.array(["no", "yes"])[rng.integers(0, 2, 2500)]
    write("x.h5", X, y=y.astype("S3"), weight=rng.random(2500))
    run("fit", "make_pipeline(StandardScaler(with_mean=False), MaxAbsScaler())", "x.h5", "--model", "scaler.h5", "--overwrite")
    same_everywhere("transform", "scaler.h5", "x.h5", "--out", "scaled.h5", outs=["scaled.h5"], where=((2, 2), (5, 1)))
    got, y_got, w_got, _ = read("scaled.h5")
    with h5py.File("x.h5") as f:
        assert np.array_equal(w_got, f["weight"][()])
    run("transform", "scaler.h5", "x.h5", "--out", "dense.npy", "--overwrite")
    dense = np.load("dense.npy")
    assert got.nnz == X.nnz and np.array_equal(got.toarray(), dense)
    with h5py.File("scaled.h5") as f:
        names = h5py.check_enum_dtype(f["y"].dtype)
        back = {v: k for k, v in names.items()} if names else None
        assert [back[c] if back else c.decode() for c in f["y"][()]] == list(y)
    bad = X.copy()
    bad.data[bad.indptr[1000]] = np.inf
    write("bad_x.h5", bad)
    done = run("transform", "scaler.h5", "bad_x.h5", "--out", "no.h5", ranks=3, check=False)
    assert done.returncode == 3 and "row 1000" in done.stderr and not os.path.exists("no.h5"), done.stderr


def test_check_and_info():
    rng = np.random.default_rng(SEED + 4)
    X = drawn(rng, 2000, 60, 6).tolil()
    X[:, 3] = 0.0
    X[:, 4] = 2.5
    X[:, 5] = np.abs(rng.normal(size=(2000, 1))) + 1.0
    X = X.tocsr()
    for dtype in ("f8", "f4"):
        write("c.h5", X.astype(dtype), y=rng.integers(0, 2, 2000))
        dense = X.astype(dtype).toarray()
        answers = [result("check", "c.h5", "--threads", str(threads), ranks=ranks) for ranks, threads in ((1, 1), (5, 1), (3, 2))]
        found = answers[0]
        assert answers == [found] * 3
        assert found["ok"] and found["values"] == X.nnz
        assert found["constant_columns"] == [c for c in range(60) if dense[:, c].min() == dense[:, c].max()]
        for c, column in enumerate(found["column_ranges"]):
            assert (column["min"], column["max"]) == (dense[:, c].min(), dense[:, c].max()), c
    shown = json.loads(run("info", "c.h5", "--json").stdout)
    assert (shown["kind"], shown["rows"], shown["columns"], shown["values"]) == ("dataset", 2000, 60, X.nnz), shown
    assert abs(shown["density"] - X.nnz / 120000) < 1e-12
    assert "sparse" in run("info", "c.h5").stdout and "sparse" in run("check", "c.h5").stdout
    bad = X.copy()
    bad.data[[bad.indptr[700], bad.indptr[900]]] = np.nan, np.inf
    write("bad.h5", bad)
    found = result("check", "bad.h5", code=3)
    assert found == result("check", "bad.h5", code=3, ranks=3)
    assert (found["nan"], found["infinite"], found["first_bad"]["row"]) == (1, 1, 700), found
    os.remove("bad.h5")


def in_scratch():
    with tempfile.TemporaryDirectory(prefix="superstep-sparse-files-") as folder:
        os.chdir(folder)
        main(globals())


if __name__ == "__main__":
    print("seed", SEED)
    in_scratch()
