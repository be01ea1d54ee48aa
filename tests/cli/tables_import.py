# SPDX-License-Identifier: BSD-3-Clause
"""import of tables with text, categories, booleans, dates and gaps: drawn files beside pandas, read back by anndata and h5py; the same
bytes on any number of ranks; what is forced by options, and what is refused.

usage: tables_import.py      with SUPERSTEP naming the program
"""
import csv
import datetime
import gzip
import hashlib
import io
import json
import os
import random
import sys
import tempfile
import time

import anndata.io
import h5py
import numpy as np
import pandas as pd

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))
import real_tables  # noqa: E402
from common import run  # noqa: E402

SEED = int(time.strftime("%Y%m%d"))
MISSING = ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN",
           "None", "n/a", "nan", "null"]
RANKS = ((1, 1), (2, 1), (3, 2), (5, 1))


def write(name, text, encoding="utf-8"):
    with open(name, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode(encoding))
    return name


def imported(name, *options, ranks=1, threads=1):
    """The result as JSON, what was said, and the file."""
    out = name + ".h5"
    done = run("import", name, out, "--json", "--overwrite", "--threads", str(threads), *options, ranks=ranks)
    return json.loads(done.stdout), done.stderr, out


def same_everywhere(name, *options):
    """The digest of the file does not depend on ranks and threads."""
    digests = set()
    for ranks, threads in RANKS:
        found, said, out = imported(name, *options, ranks=ranks, threads=threads)
        with open(out, "rb") as f:
            digests.add(hashlib.sha256(f.read()).hexdigest())
    assert len(digests) == 1, (name, options, digests)
    return found, said, out


def refused(code, *words, text, options=(), name="bad.csv"):
    write(name, text)
    for ranks in (1, 3):
        done = run("import", name, "bad.h5", *options, ranks=ranks, check=False)
        assert done.returncode == code, (options, done.returncode, done.stderr)
        for word in words:
            assert word in done.stderr, (word, done.stderr)
    assert not os.path.exists("bad.h5")


def texts_of(group):
    data, indptr = group["data"][()].tobytes(), group["indptr"][()]
    return [data[a:b].decode() for a, b in zip(indptr[:-1], indptr[1:])]


# ---- what pandas makes of a file -----------------------------------------------------------------------


def microseconds(text):
    """Since 1970; ValueError for what is no date."""
    if len(text) < 10 or text[4] != "-":
        raise ValueError(text)
    when = datetime.datetime.fromisoformat(text)
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.timezone.utc)
    return (when - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def is_date(text):
    try:
        microseconds(text)
    except ValueError:
        return False
    return True


def expected(frame):
    """By column: (type, values)."""
    found = {}
    for name in frame.columns:
        column = frame[name]
        values = column.dropna()
        kind = str(column.dtype)
        if kind == "object" and len(values) and all(isinstance(v, bool) for v in values):
            kind = "category"
            column = column.map({True: "True", False: "False"})
        elif kind == "object" and all(is_date(v) for v in values):
            kind = "date"
        elif kind == "object":
            kind = "text" if 2 * values.nunique() > len(values) else "category"
        found[name] = kind, column
    return found


def compare(frame, result, out):
    """The file holds what pandas read."""
    kinds = expected(frame)
    assert result["types"] == {name: kind for name, (kind, _) in kinds.items()}, (result["types"], {n: k for n, (k, _) in kinds.items()})
    with h5py.File(out) as f:
        if result["layout"] == "matrix":
            np.testing.assert_array_equal(f["X"][()], frame.to_numpy(float))
            return
        table = anndata.io.read_elem(f["table"])
        attributes = f["table"].attrs
        stored = {f[p].attrs.get("superstep-name", n): n for g in ("table", "table_text") if g in f for n in f[g] for p in [f"{g}/{n}"]}
        assert list(attributes.get("superstep-columns", attributes["column-order"])) == list(frame.columns)
        assert list(table.columns) == [stored[n] for n, (kind, _) in kinds.items() if kind != "text"]
        assert list(table.index) == [str(i) for i in range(len(frame))] or list(table.index) == list(range(len(frame)))
        for name, (kind, column) in kinds.items():
            if kind == "text":
                assert texts_of(f["table_text"][stored[name]]) == ["" if pd.isna(v) else v for v in column], name
                continue
            mine = table[stored[name]]
            if kind == "category":
                assert list(mine.cat.categories) == sorted(set(column.dropna()), key=str.encode), name
                assert [None if pd.isna(v) else v for v in mine] == [None if pd.isna(v) else v for v in column], name
                codes = f[f"table/{stored[name]}/codes"]
                assert codes.dtype.itemsize == mine.cat.codes.dtype.itemsize and not f[f"table/{stored[name]}"].attrs["ordered"]
            elif kind == "date":
                theirs = [np.iinfo(np.int64).min if pd.isna(t) else microseconds(t) for t in column]
                assert list(mine) == theirs, (name, list(mine)[:5], theirs[:5])
                assert f[f"table/{stored[name]}"].attrs["units"] == "microseconds since 1970-01-01"
            else:
                assert str(mine.dtype) == kind, (name, mine.dtype)
                np.testing.assert_array_equal(mine.to_numpy(), column.to_numpy())


# ---- drawn files ---------------------------------------------------------------------------------------


def draw_cells(dice, rows):
    """A column: its cells as they are written in the file."""
    words = ["red", "gr,een", 'bl"ue', "pur\nple", "été", "NA,", "zü\r\nrich", "x"]
    kinds = {
        "int": lambda i: str(dice.randint(-999, 999)),
        # -2^63 is pandas' mark for a missing one.
        "long": lambda i: str(dice.choice([2**53 + 1, 1 - 2**63, 2**63 - 1, 7])),
        "uint": lambda i: str(dice.choice([2**63, 2**64 - 1, 5])),
        "longer": lambda i: str(dice.choice([2**64, 10**25, 3])),
        "float": lambda i: repr(dice.gauss(0, 1) * 10.0 ** dice.randint(-300, 300)),
        "few": lambda i: repr(dice.randint(0, 3) / 2),
        "bool": lambda i: dice.choice(["True", "False", "TRUE", "false"]),
        "category": lambda i: dice.choice(words),
        "levels": lambda i: f"level {dice.randint(0, rows // 4)}",
        "text": lambda i: " ".join(dice.choice(words) for _ in range(dice.randint(1, 9))) + f" {i}",
        "date": lambda i: f"{dice.randint(1, 9999):04d}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}",
        "time": lambda i: f"{dice.randint(1700, 2200)}-02-28{dice.choice('T ')}{dice.randint(0, 23):02d}:59:0{dice.randint(0, 9)}",
        "zoned": lambda i: f"2024-02-29T10:{dice.randint(10, 59)}:00.{dice.randint(1, 999999):06d}{dice.choice(['Z', '+05:30', '-08:00'])}",
        "odd": lambda i: str(i) if i != rows // 2 else "odd",
        "empty": lambda i: "",
    }
    kind = dice.choice(list(kinds))
    # pandas forgets its words for missing where whole numbers do not fit.
    gaps = 0 if kind in ("uint", "longer") else dice.choice([0, 0, 0.3])
    return kind, [dice.choice(MISSING) if dice.random() < gaps else kinds[kind](i) for i in range(rows)]


def draw_table(dice):
    rows, columns = dice.choice([1, 2, 7, 60, 500]), dice.randint(2, 9)
    names = [dice.choice(["a", "b", "a", "", "a/b", ".", "_index", "größe", "b,c", f"c{i}"]) for i in range(columns)]
    cells = [draw_cells(dice, rows) for _ in range(columns)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=dice.choice(["\n", "\r\n"]), quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer.writerow(names)
    writer.writerows(zip(*[c for _, c in cells]))
    return [kind for kind, _ in cells], dice.choice(["", "\ufeff"]) + text.getvalue()


def test_drawn_tables():
    dice = random.Random(SEED)
    for number in range(25):
        kinds, text = draw_table(dice)
        name = write(f"drawn{number}.csv", text)
        ranks, threads = dice.choice(RANKS)
        storage = dice.choice([[], [], ["--chunk-rows", "16"], ["--compress", "1"]])
        try:
            result, _, out = imported(name, "--no-target", *storage, ranks=ranks, threads=threads)
            frame = pd.read_csv(name, float_precision="round_trip", low_memory=False)
            compare(frame, result, out)
        except Exception:
            print(f"seed {SEED}, table {number} ({kinds}, {storage}, {ranks} ranks)\n{text[:2000]}", flush=True)
            raise


def test_same_bytes():
    dice = random.Random(SEED + 1)
    rows = 12_000
    with open("large.csv", "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["n", "city", "note", "when", "late", "flag", "y", "w"])
        for i in range(rows):
            writer.writerow([dice.random(), dice.choice(["Bern", "Basel", "Zug"]), f"no. {i}\n" * (i % 4), f"2024-01-{1 + i % 28:02d}",
                             "word" if i > 10_000 else i, dice.random() < 0.5, i % 3, 1 + i % 2])
    frame = pd.read_csv("large.csv", float_precision="round_trip", low_memory=False)
    for storage in ([], ["--chunk-rows", "1000"], ["--compress", "3"], ["--rows", "11000"]):
        result, said, out = same_everywhere("large.csv", "--target", "y", "--weight", "w", *storage)
        compare(frame.drop(columns=["y", "w"])[:11000 if "--rows" in storage else rows], result, out)
        assert "column 'late' is text because of 'word' in line " in said, said
        with h5py.File(out) as f:
            assert f["y"].shape == f["weight"].shape == f["table/n"].shape
            if storage and storage[0] != "--rows":
                rows_a_chunk = {f[p].chunks[0] for p in ("table/n", "table/_index", "table/city/codes", "y", "table_text/note/indptr")}
                assert len(rows_a_chunk) == 1, rows_a_chunk
    wide = [f"name{i}" for i in range(5000)]
    write("wide.csv", ",".join(wide) + "\n" + (",".join(["1"] * 4999) + ",x\n") * 3)
    _, _, out = same_everywhere("wide.csv")
    with h5py.File(out) as f:
        assert list(f["table"].attrs["column-order"]) == wide and anndata.io.read_elem(f["table"]).shape == (3, 5000)


def test_tables_of_the_world():
    names = [n for n, t in real_tables.TABLES.items() if real_tables.is_there(n) and not str(t.raw or t.source).startswith("sklearn")]
    assert len(names) >= 10 or not names, names
    for name in random.Random(SEED).sample(names, min(6, len(names))):
        table = real_tables.TABLES[name]
        write(f"{name}.csv", real_tables.csv_of(table.raw or table.source))
        result, _, out = imported(f"{name}.csv", "--no-target", ranks=2)
        compare(real_tables.read(table.raw or table.source), result, out)
        print(f"        {name}: {result['layout']}, {result['types']}", flush=True)


# ---- options and words ---------------------------------------------------------------------------------


def test_types_are_asked_for():
    text = "zip,n,when,name,flag\n" + "01234,1,2024-01-02,Ann,True\n08001,2,2024-01-03,Ann,False\n" * 3
    result, said, _ = imported(write("forced.csv", text))
    assert result["types"] == {"zip": "int64", "n": "int64", "when": "date", "name": "category", "flag": "bool"}, result
    assert "column 'zip' lost leading zeros ('01234' in line 2): --types zip=category" in said, said
    assert "as a table" in run("import", "forced.csv", "forced.csv.h5").stdout  # a table of ours may be replaced, as /X may
    result, said, out = imported("forced.csv", "--types", "zip=category,n=float,when=text,name=text", "--dtype", "float32")
    assert result["types"] == {"zip": "category", "n": "float32", "when": "text", "name": "text", "flag": "bool"}, result
    with h5py.File(out) as f:
        assert list(f["table/zip/categories"].asstr()) == ["01234", "08001"] and f["table/n"].dtype == np.float32
        assert texts_of(f["table_text/when"]) == ["2024-01-02", "2024-01-03"] * 3
    result, _, _ = imported("forced.csv", "--columns", "n,flag")
    assert result["layout"] == "matrix" and list(result["types"]) == ["n", "flag"]
    result, _, _ = imported("forced.csv", "--columns", "n,flag", "--layout", "table")
    assert result["layout"] == "table" and result["columns"] == 2
    for option, words in (("n=date", "line 2: column 'n' holds '1', no date"), ("name=float", "line 2: column 'name' holds 'Ann', no number"),
                          ("name=int", "no whole number"), ("zip=bool", "neither True nor False")):
        refused(3, words, f"--types {option}", text=text, options=("--types", option))
    refused(3, "'when' is not numeric", "--layout", text=text, options=("--layout", "matrix"))
    refused(3, "line 3: column 'a' holds ''", text="a,b\n1,2\n,3\n", options=("--types", "a=int"))
    refused(2, "--types wants", text=text, options=("--types", "n=number"))
    refused(2, "no such column", text=text, options=("--types", "m=int"))
    refused(2, "no such column", text=text, options=("--columns", "m"))
    refused(2, "is no feature", text=text, options=("--types", "n=int", "--target", "n"))
    refused(2, "--layout must be", text=text, options=("--layout", "frame"))


def test_what_is_said():
    rows = "".join(f"{i},{'>89' if i in (700, 800, 900) else i % 90},key{i},1\n" for i in range(1000))
    _, said, _ = imported(write("said.csv", "id,age,name,one\n" + rows), ranks=2)
    for words in ("column 'age' is text because of '>89' in line 702 (3 such cells); --na '>89' takes it for missing, --types age=float refuses",
                  "the features become a table, /table: 2 int64, 1 category, 1 text", "column 'name' is free text (1,000 different in 1,000 rows)"):
        assert words in said, (words, said)
    result, said, _ = imported("said.csv", "--na", ">89")
    assert result["types"]["age"] == "float64" and "because" not in said
    _, said, _ = imported(write("zones.csv", "t,u\n2024-01-01T00:00:00.123456789+01:00,1\n"))
    assert "have zones: they became UTC" in said and "finer than microseconds" in said, said
    _, said, _ = imported(write("abroad.csv", 'a,b\n"1,5",2\n"2,5",3\n'))
    assert "--decimal ','" in said, said
    result, _, _ = imported("abroad.csv", "--decimal", ",")
    assert result["types"] == {"a": "float64", "b": "int64"} and result["layout"] == "matrix"


def test_encodings_and_packing():
    text = "Straße,n\nKäse,1\nKäse,2\nBrühe,3\nBrühe,4\n"
    write("western.csv", text, "latin-1")
    result, _, out = same_everywhere("western.csv", "--encoding", "latin-1")
    assert result["types"] == {"Straße": "category", "n": "int64"}
    with h5py.File(out) as f:
        assert list(f["table/Straße/categories"].asstr()) == ["Brühe", "Käse"]
    refused(3, "--encoding latin-1", "line 2", text="a,n\nKäse,1\nKäse,2\n".encode("latin-1"))
    result, _, out = imported("western.csv", "--encoding", "latin-1", "--types", "Straße=text", ranks=3)
    with h5py.File(out) as f:
        assert texts_of(f["table_text/Straße"]) == ["Käse", "Käse", "Brühe", "Brühe"]
    write("packed.csv.gz", gzip.compress(text.encode()))
    result, _, _ = imported("packed.csv.gz", ranks=2)
    assert result["types"] == {"Straße": "category", "n": "int64"}


if __name__ == "__main__":
    print("seed", SEED, flush=True)
    tests = [value for name, value in list(globals().items()) if name.startswith("test_")]
    with tempfile.TemporaryDirectory(prefix="superstep-tables-") as folder:
        os.chdir(folder)
        for test in tests if len(sys.argv) < 2 else [globals()[n] for n in sys.argv[1:]]:
            begin = time.time()
            test()
            print(f"ok {test.__name__}, {time.time() - begin:.1f} s", flush=True)
        os.chdir("/")
