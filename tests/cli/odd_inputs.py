# SPDX-License-Identifier: BSD-3-Clause
"""Inputs of other makers: variable-length text that is damaged, NetCDF's conventions, formats newer than our HDF5, CSV with True and
False, other marks for missing values and thousands of columns of text.

usage: odd_inputs.py      with SUPERSTEP naming the program
"""
import gzip
import json
import os
import random
import struct
import sys
import tempfile
import time

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))
from common import main, run  # noqa: E402

SEED = int(os.environ.get("SEED", time.strftime("%Y%m%d")))
RNG = np.random.default_rng(SEED)


def fails(code, *words, command, ranks=(1, 3)):
    for n in ranks:
        done = run(*command, ranks=n, check=False)
        errors = [line for line in done.stderr.splitlines() if line.startswith("superstep: error: ")]
        assert done.returncode == code and len(errors) == 1, (command, n, done.returncode, done.stderr[:2000], done.stdout)
        assert len(errors[0]) < 1500, len(errors[0])
        for word in words:
            assert word in errors[0], f"'{word}' is not in: {errors[0]}"
        assert not os.path.exists("out.h5")


def text_targets(name, rows=3000):
    X = RNG.normal(size=(rows, 4))
    words = np.array(["red", "green", "a longer name", "blå"])
    y = words[(X[:, 0] > 0) + 2 * (X[:, 1] > 0)]
    with h5py.File(name, "w") as f:
        f["X"] = X
        f.create_dataset("y", data=y.astype(object), dtype=h5py.string_dtype())
    return y


def test_text_of_any_length_that_is_damaged():
    """Each damaged file ends with exit 0 or 4 and one message, never with a crash; whole ones are read as ever."""
    y = text_targets("text.h5")
    run("fit", "GaussianNB()", "text.h5", "--model", "model.h5", ranks=2)
    assert sorted(set(y)) == h5py.File("model.h5")["classes_"].asstr()[:].tolist()
    with open("text.h5", "rb") as f:
        content = f.read()
    heaps = [at for at in range(len(content)) if content.startswith(b"GCOL", at)]
    assert heaps
    refused = tried = 0
    while tried < 25 or (refused < 3 and tried < 100):
        tried += 1
        damaged = bytearray(content)
        heap = heaps[RNG.integers(len(heaps))]
        at = heap + 8 + int(RNG.integers(0, 64))
        damaged[at:at + 8] = struct.pack("<Q", int(RNG.choice([0, 1, 2**16, 2**31, 2**40, 2**62, 2**63])))
        with open("damaged.h5", "wb") as f:
            f.write(damaged)
        done = run("fit", "GaussianNB()", "damaged.h5", "--model", "m.h5", "--quiet", check=False)
        errors = [line for line in done.stderr.splitlines() if line.startswith("superstep: error: ")]
        assert done.returncode in (0, 3, 4) and len(errors) == (done.returncode != 0), (at, done.returncode, done.stderr[:500])
        refused += done.returncode != 0
    assert refused >= 3, (refused, tried)


def test_conventions_of_netcdf():
    X = RNG.normal(size=(300, 3))
    for name, value, code in (("_FillValue", -9999.0, 3), ("missing_value", -1.0, 3), ("scale_factor", 0.01, 3), ("add_offset", 273.15, 3),
                              ("_FillValue", np.nan, 0), ("scale_factor", 1.0, 0), ("add_offset", 0.0, 0)):
        with h5py.File("nc.h5", "w") as f:
            f["X"] = X
            f["X"].attrs[name] = np.array([value])
        if code:
            fails(code, "nc.h5:/X", name, command=["fit", "PCA()", "nc.h5", "--model", "out.h5"])
        else:
            run("fit", "PCA()", "nc.h5", "--model", "m.h5")


def test_what_hdf5_cannot_open_is_there():
    """The version of a dataset's object header is one that this HDF5 does not know."""
    with h5py.File("new.h5", "w", libver="latest") as f:
        f["X"] = RNG.normal(size=(50, 3))
        f["y"] = np.arange(50) % 2
        address = h5py.h5o.get_info(f["y"].id).addr
    with open("new.h5", "r+b") as f:
        f.seek(address)
        assert f.read(4) == b"OHDR"
        f.write(b"\x09")
    # Optional datasets, too, are not taken for absent.
    for command in (["check", "new.h5"], ["check", "new.h5", "--y", "/y"]):
        fails(4, "new.h5:/y is there", "h5repack", command=command)


def test_true_and_false_are_features():
    rows = 500
    flags = RNG.integers(0, 2, (rows, 3))
    with open("flags.csv", "w") as f:
        f.write("a,b,c,y\n")
        for row in flags:
            f.write(f"{bool(row[0])},{str(bool(row[1])).upper()},{str(bool(row[2])).lower()},{bool(row[0])}\n")
    run("import", "flags.csv", "flags.h5", ranks=2)
    with h5py.File("flags.h5") as f:
        assert np.array_equal(f["X"][:], flags)
        names = h5py.check_enum_dtype(f["y"].dtype)
        assert names == {"False": 0, "True": 1} and np.array_equal(f["y"][:], flags[:, 0])


def test_other_words_for_missing():
    with open("marks.csv", "w") as f:
        f.write("a,b\n1,?\n-,2\n3,4\n")
    said = run("import", "marks.csv", "said.h5").stderr
    assert "--na '-'" in said and "--na '?'" in said, said
    run("import", "marks.csv", "marks.h5", "--na", "?,-")
    assert np.array_equal(h5py.File("marks.h5")["X"][:], [[1, np.nan], [np.nan, 2], [3, 4]], equal_nan=True)


def written(value, decimal, thousands):
    """A number as another country writes it."""
    return f"{value:,.3f}".replace(",", "T").replace(".", decimal).replace("T", thousands)


def test_numbers_as_other_countries_write_them():
    X = RNG.normal(size=(400, 3)) * [1, 1e4, 1e7]
    X = np.round(X, 3)
    for decimal, thousands, delimiter in ((",", ".", ";"), (",", "", ";"), (".", ",", ";"), (",", " ", "tab"), (".", "'", ",")):
        sep = {"tab": "\t"}.get(delimiter, delimiter)
        with open("abroad.csv", "w") as f:
            f.write(sep.join("abc") + "\n")
            f.writelines(sep.join(written(v, decimal, thousands) for v in row) + "\n" for row in X)
        given = [*(["--decimal", decimal] if decimal != "." else []), *(["--thousands", thousands] if thousands else [])]
        if decimal == ",":
            said = run("import", "abroad.csv", "said.h5", "--overwrite", "--delimiter", delimiter, ranks=2).stderr
            assert "--decimal" in said, said
        run("import", "abroad.csv", "abroad.h5", "--delimiter", delimiter, *given, ranks=2)
        assert np.array_equal(h5py.File("abroad.h5")["X"][:], X), (decimal, thousands)
    # A mark where none may stand is no number; whole numbers keep their digits or are refused.
    for cell in ("1.5", ",5.1", "1..000", "1.000."):
        with open("bad.csv", "w") as f:
            f.write(f"a;b\n{cell};1\n")
        style = ["--decimal", ",", *(["--thousands", "."] if cell != "1.5" else [])]
        fails(3, "no number", command=["import", "bad.csv", "bad.h5", "--delimiter", ";", "--types", "a=float", *style])
    with open("large.csv", "w") as f:
        f.write("a;y\n1;9.007.199.254.740.993\n")
    fails(3, "2^53", command=["import", "large.csv", "out.h5", "--delimiter", ";", "--decimal", ",", "--thousands", "."])
    fails(2, "both", command=["import", "large.csv", "out.h5", "--decimal", ",", "--thousands", ","])
    fails(2, "--decimal", command=["import", "large.csv", "out.h5", "--decimal", ";"])


def test_blanks_between_fields():
    X = np.round(RNG.normal(size=(300, 4)), 4)
    names = np.array(["red", "light blue"])[RNG.integers(0, 2, len(X))]
    with open("columns.txt", "w") as f:
        for row, name in zip(X, names):
            blanks = ["".join(RNG.choice([" ", "\t"], RNG.integers(1, 5))) for _ in range(6)]
            f.write("".join(b + w for b, w in zip(blanks, [*map(str, row), f'"{name}"'])) + RNG.choice(["", "  ", "\t"]) + "\n")
    for ranks in (1, 3):
        run("import", "columns.txt", "columns.h5", "--delimiter", "blanks", "--no-header", "--target", "4", ranks=ranks)
        with h5py.File("columns.h5") as f:
            assert np.array_equal(f["X"][:], X)
            assert np.array_equal(f["y"][:], names == "red")
    with open("numbers.txt", "w") as f:
        f.write("a b\n1  2\n")
    fails(3, "--delimiter blanks", command=["import", "numbers.txt", "out.h5"])


def test_latin1():
    classes = np.array(["Käse", "Brühe", "Äpfel"])[RNG.integers(0, 3, 200)]
    with open("western.csv", "w", encoding="latin-1") as f:
        f.write("größe,Sorte\n" + "".join(f"{i},{name}\n" for i, name in enumerate(classes)))
    fails(3, "--encoding latin-1", command=["import", "western.csv", "out.h5", "--target", "1"])
    for ranks in (1, 2):
        run("import", "western.csv", "western.h5", "--encoding", "latin-1", "--target", "Sorte", ranks=ranks)
        with h5py.File("western.h5") as f:
            assert f["feature_names"].asstr()[:].tolist() == ["größe"]
            codes = {code: name for name, code in h5py.check_enum_dtype(f["y"].dtype).items()}
            assert [codes[code] for code in f["y"][:]] == classes.tolist()
    fails(2, "--encoding", command=["import", "western.csv", "out.h5", "--encoding", "klingon"])


def test_packed_by_gzip():
    X = np.round(RNG.normal(size=(20_000, 3)), 5)
    lines = ["a\tb\tc\n", *("\t".join(map(str, row)) + "\n" for row in X)]
    half = len(lines) // 2
    packed = gzip.compress("".join(lines[:half]).encode()) + gzip.compress("".join(lines[half:]).encode())  # cat a.gz b.gz
    with open("rows.tsv.gz", "wb") as f:
        f.write(packed)
    for ranks in (1, 3):
        run("import", "rows.tsv.gz", "rows.h5", "--overwrite", ranks=ranks)
        assert np.array_equal(h5py.File("rows.h5")["X"][:], X)
    for cut in (len(packed) - 5, int(RNG.integers(20, len(packed) // 2 - 20))):
        with open("cut.tsv.gz", "wb") as f:
            f.write(packed[:cut])
        fails(3, "cut.tsv.gz is damaged or incomplete", command=["import", "cut.tsv.gz", "out.h5"])
    damaged = bytearray(packed)
    damaged[len(packed) // 4] ^= 0x5a
    with open("bad.tsv.gz", "wb") as f:
        f.write(damaged)
    fails(3, "bad.tsv.gz", command=["import", "bad.tsv.gz", "out.h5"])
    with open("text.csv.gz", "wb") as f:
        f.write(gzip.compress(b"a,b\n1,Rome\n"))
    fails(3, "text.csv.gz: column 'b' is not numeric: row 0 (line 2)", command=["import", "text.csv.gz", "out.h5", "--layout", "matrix"])
    assert not [name for name in os.listdir() if ".tmp." in name]


def test_columns_without_a_value():
    with open("empty.csv", "w") as f:
        f.write("a,b,c\n" + "".join(f"{i},,NA\n" for i in range(50)))
    for ranks in (1, 3):
        done = run("import", "empty.csv", "empty.h5", ranks=ranks)
        assert "column 'b' and 1 more have no value in any row" in done.stderr, done.stderr


def test_advice_for_text():
    """Columns with few and with many different cells, dates, marks for missing values: each is told apart, by import on any ranks and by info."""
    dice = random.Random(int(time.strftime("%Y%m%d")))
    rows, ports = dice.randint(60, 400), dice.randint(2, 20)
    with open("list.csv", "w") as f:
        f.write("id,survived,sex,name,age,ticket,port,since\n")
        for i in range(rows):
            age = "?" if i % 7 == 3 else str(dice.randint(1, 80))
            cells = (i, i % 2, "female" if i % 3 else "male", f'"No. {i}, Mrs."', age, f"T{i * 37}", f"P{i % ports}" if i < rows - 12 else "", "1912-04-10")
            f.write(",".join(map(str, cells)) + "\n")
    asked = sum(i % 7 == 3 for i in range(rows))
    for ranks in (1, 2, 3, 5):
        done = run("import", "list.csv", "list.h5", "--target", "survived", "--overwrite", "--json", ranks=ranks)
        types = json.loads(done.stdout)["types"]
        age = types.pop("age")
        assert types == {"id": "int64", "sex": "category", "name": "text", "ticket": "text", "port": "category", "since": "date"}, types
        assert age in ("category", "text") and f"column 'age' is text because of '?' in line 5 ({asked} such cells); --na '?'" in done.stderr, done.stderr
    text = run("info", "list.csv").stdout
    lines = {line.split()[0]: line for line in text.split("\n\n")[0].splitlines() if line.startswith("  '")}
    assert f"list.csv: CSV, 8 columns, {rows} rows" in text and "superstep import list.csv list.h5 --target NAME" in text, text
    for name, part in (("'id'", "numbers, more than 50 different"), ("'survived'", "numbers, 2 different"), ("'port'", f"text, {ports} different: 'P0'"),
                       ("'port'", "; 12 missing"), ("'age'", "cells, the first of them '?'"),
                       ("'name'", "text, more than 50 different: 'No. 0, Mrs.', 'No. 1, Mrs.',")):
        assert part in lines[name], (part, text)
    assert "  if '?' in 'age' stands for a missing value give --na '?'" in text, text
    found = json.loads(run("info", "list.csv", "--json").stdout)
    assert [c["different"] for c in found["columns"]][:4] == [None, 2, 2, None] and found["rows"] == rows, found
    run("import", "list.csv", "list.h5", "--overwrite", "--target", "survived", "--drop", "sex,name,ticket,port,since", "--na", "?")
    assert "X" in h5py.File("list.h5")
    # Far more cells than are counted, of a column that is text at its end alone.
    with open("long.csv", "w") as f:
        f.write("a,b\n" + "".join(f"{i},{i}\n" for i in range(1_500_000)) + "1,x\n")
    done = run("import", "long.csv", "long.h5", "--json")
    assert json.loads(done.stdout)["types"] == {"a": "int64", "b": "text"}
    assert "column 'b' is text because of 'x' in line 1,500,002 (1 such cell)" in done.stderr, done.stderr
    done = run("info", "long.csv")
    assert "CSV, 2 columns, 1,500,001 rows" in done.stdout, done.stdout + done.stderr
    with open("twice.csv", "w") as f:
        f.write("a,a,b,\n1,2,3,\n")
    words = run("import", "twice.csv", "twice.h5").stderr
    assert "more than one column is called 'a'; the others become 'a.1'" in words and "1 column has no name" in words
    assert h5py.File("twice.h5")["feature_names"].asstr()[()].tolist() == ["a", "a.1", "b", "Unnamed: 3"]


def test_thousands_of_columns_of_text():
    n = 40_000
    with open("wide.csv", "w") as f:
        f.write(",".join(f"name{i}" for i in range(n)) + "\n" + ",".join(["text"] * n) + "\n")
    start = os.times().children_user  # a machine that has more to do is no reason
    fails(3, "'name0' is not numeric", command=["import", "wide.csv", "bad.h5", "--layout", "matrix"], ranks=(1,))
    assert os.times().children_user - start < 5, os.times().children_user - start


if __name__ == "__main__":
    print("seed", SEED)
    folder = tempfile.TemporaryDirectory(prefix="superstep-odd-")
    os.chdir(folder.name)
    main(globals())
