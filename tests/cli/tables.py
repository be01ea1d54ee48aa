# SPDX-License-Identifier: BSD-3-Clause
"""Tables through split, check and transform: every kind of column, with gaps, drawn by the date; the parts and what passes a transformer are
read back by anndata and h5py and compared with pandas; the same bytes on any number of ranks.

usage: tables.py      with SUPERSTEP naming the program
"""
import hashlib
import json
import os
import sys
import tempfile
import time

import anndata.io
import h5py
import numpy as np
import pandas as pd
from sklearn.preprocessing import LabelEncoder

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))
from common import run  # noqa: E402

SEED = int(os.environ.get("SEED", time.strftime("%Y%m%d")))
RANKS = (1, 2, 3, 5)


def refused(code, *arguments, ranks=1):
    """What it says."""
    done = run(*arguments, ranks=ranks, check=False)
    assert done.returncode == code, (arguments, done.returncode, done.stderr)
    return done.stderr


def drawn(rng):
    """A frame with every kind of column; `name` is free text, `grade` categories that are numbers, 10 behind 9."""
    rows = int(rng.integers(300, 9000))

    def gaps(column, share):
        column = pd.Series(column, dtype=object)
        column[rng.random(rows) < share] = None
        return column

    return pd.DataFrame({
        "age": gaps(rng.normal(40, 12, rows), 0.2).astype(float),
        "rooms": rng.integers(-5, 2**53, rows),
        "large": rng.integers(0, 2**52, rows).astype(np.uint64),
        "owner": rng.integers(0, 2, rows).astype(bool),
        "city": pd.Categorical(gaps(rng.choice(["Bern", "Zug", "Genève", "a,b", 'x"y'], rows), 0.1)),
        "grade": pd.Categorical(rng.choice([9, 10, 2, 100], rows)),
        "when": rng.integers(0, 2**50, rows),
        "name": [f"Nr. {i}, " + "ß" * int(n) if n < 8 else "" for i, n in enumerate(rng.integers(0, 10, rows))],
        "y": rng.integers(0, 3, rows),
    })


def write(frame, name):
    columns = frame.drop(columns=["y", "name"])
    columns.index = columns.index.astype(str)
    with h5py.File(name, "w") as f:
        anndata.io.write_elem(f, "table", columns)
        f["table/when"].attrs["units"] = "days since 1970-01-01"
        f["table/when"][3] = -2**63
        if frame.y.dtype.kind in "iu":
            f["y"] = frame.y.to_numpy()
        else:
            f.create_dataset("y", data=frame.y.to_list(), dtype=h5py.string_dtype())
        texts = [t.encode() for t in frame.name]
        group = f.create_group("table_text/name")
        group.attrs.update({"encoding-type": "superstep-text", "encoding-version": "0.1.0"})
        group["data"] = np.frombuffer(b"".join(texts), np.uint8)
        group["indptr"] = np.cumsum([0] + [len(t) for t in texts])
        order = list(columns) + ["name"]
        f["table"].attrs["superstep-columns"] = np.array(order, dtype=h5py.string_dtype())


def texts_of(file):
    data, ends = bytes(file["table_text/name/data"][()]), file["table_text/name/indptr"][()]
    return [data[a:b].decode() for a, b in zip(ends[:-1], ends[1:])]


def digest(*files):
    return [hashlib.sha256(open(name, "rb").read()).hexdigest() for name in files]


def check_part(frame, name):
    """The rows of a part, found by their text or place, are those of the frame."""
    with h5py.File(name) as f:
        part = anndata.io.read_elem(f["table"]).drop(columns="when")
        assert f["table/when"].attrs["units"] == "days since 1970-01-01"
        y, texts, when = f["y"][()], texts_of(f), f["table/when"][()]
    of_row = {(a, t): i for i, (a, t) in enumerate(zip(frame.large, frame.name))}
    assert len(of_row) == len(frame)
    rows = [of_row[key] for key in zip(part.large, texts)]
    assert rows == sorted(rows)
    expected = frame.iloc[rows].reset_index(drop=True)
    for column in part:
        ours, theirs = part[column].reset_index(drop=True), expected[column]
        assert ours.dtype == theirs.dtype or isinstance(theirs.dtype, pd.CategoricalDtype), (column, ours.dtype, theirs.dtype)
        assert ours.astype(object).where(ours.notna(), None).tolist() == theirs.astype(object).where(theirs.notna(), None).tolist(), column
    assert list(part.grade.cat.categories) == [2, 9, 10, 100]
    assert y.tolist() == expected.y.tolist()
    expected_when = [(-2**63 if r == 3 else w) for r, w in zip(rows, expected.when)]
    assert when.tolist() == expected_when
    return rows


def split_keeps_every_kind(rng):
    for case in range(4):
        frame = drawn(rng)
        write(frame, "all.h5")
        options = [["--stratify"], [], ["--chunk-rows", "1000", "--compress", "4"], ["--test-size", "10"]][case]
        found = set()
        for ranks in RANKS:
            done = run("split", "all.h5", "train.h5", "test.h5", "--overwrite", "--seed", str(case), *options, ranks=ranks)
            assert "as a table" in done.stdout, done.stdout
            found.add(tuple(digest("train.h5", "test.h5")))
        assert len(found) == 1, found
        rows = check_part(frame, "train.h5") + check_part(frame, "test.h5")
        assert sorted(rows) == list(range(len(frame)))


def split_takes_a_column_as_target(rng):
    frame = drawn(rng)
    write(frame, "all.h5")
    refused(3, "split", "all.h5", "train.h5", "test.h5", "--overwrite", "--y", "city", "--groups", "grade")  # some are missing
    run("split", "all.h5", "train.h5", "test.h5", "--overwrite", "--y", "owner", ranks=3)
    with h5py.File("train.h5") as f:
        assert "owner" not in f["table"] and set(f["y"][()]) == {0, 1}


def check_counts_what_is_missing(rng):
    frame = drawn(rng)
    write(frame, "all.h5")
    done = run("check", "all.h5", "--json", ranks=3)
    found = json.loads(done.stdout)
    ranges = {c["name"]: c for c in found["column_ranges"]}
    assert found["ok"] and found["nan"] == sum(c["nan"] for c in ranges.values())
    assert ranges["age"]["nan"] == frame.age.isna().sum() and ranges["city"]["nan"] == frame.city.isna().sum() and ranges["when"]["nan"] == 1
    assert ranges["city"]["kind"] == "category" and ranges["city"]["levels"] == 5 and ranges["name"]["kind"] == "text"
    assert ranges["age"]["min"] == frame.age.min() and ranges["age"]["max"] == frame.age.max()
    with h5py.File("all.h5", "r+") as f:
        f["table/age"][7] = np.inf
    said = refused(3, "check", "all.h5")
    assert "row 7" in said and "'age'" in said and "infinite" in said, said


def categories_pass_transformers(rng):
    frame = drawn(rng)
    write(frame, "all.h5")
    run("fit", "ColumnTransformer([('n', StandardScaler(), ['rooms']), ('c', SimpleImputer(strategy='most_frequent'), ['city']), "
        "('p', 'passthrough', ['grade', 'owner'])], verbose_feature_names_out=False)", "all.h5", "--model", "model.h5", "--overwrite")
    found = set()
    for ranks in RANKS:
        run("transform", "model.h5", "all.h5", "--out", "out.h5", "--overwrite", ranks=ranks)
        run("transform", "model.h5", "all.h5", "--out", "out.csv", "--overwrite", ranks=ranks)
        found.add(tuple(digest("out.h5", "out.csv")))
    assert len(found) == 1, found
    most = frame.city.value_counts().sort_index().idxmax()  # of equally many the first
    city = frame.city.astype(object).where(frame.city.notna(), most).tolist()
    with h5py.File("out.h5") as f:
        table = anndata.io.read_elem(f["table"])
        assert f["y"][()].tolist() == frame.y.tolist() and "X" not in f
    csv = pd.read_csv("out.csv")
    for out in (table, csv):
        assert out.city.astype(object).tolist() == city
        assert out.grade.astype(object).tolist() == frame.grade.astype(object).tolist()
        assert (out.owner.astype(bool).to_numpy() == frame.owner.to_numpy()).all()
        scaled = (frame.rooms - frame.rooms.mean()) / frame.rooms.std(ddof=0)
        assert np.allclose(out.rooms, scaled, rtol=1e-9, atol=1e-9)
    said = refused(2, "transform", "model.h5", "all.h5", "--out", "out.npy")
    assert ".csv" in said, said
    # A category that the model does not know has no number that it could pass as.
    frame["grade"] = frame.grade.cat.rename_categories({100: 77})
    write(frame, "new.h5")
    row = int((frame.grade == 77).to_numpy().argmax())
    for ranks in (1, 3):
        said = refused(3, "transform", "model.h5", "new.h5", "--out", "new_out.h5", ranks=ranks)
        assert "grade" in said and "has not seen" in said and (ranks > 1 or f"row {row} " in said), said
        assert not os.path.exists("new_out.h5")
    run("fit", "ColumnTransformer([('p', 'passthrough', ['name', 'age'])])", "all.h5", "--model", "text.h5")
    said = refused(3, "transform", "text.h5", "all.h5", "--out", "text_out.h5")
    assert "p__name" in said and "free text" in said, said


def columns_of_matrices_are_no_targets(rng):
    pd.DataFrame(rng.normal(size=(50, 3)), columns=["a", "b", "c"]).to_csv("numbers.csv", index=False)
    run("import", "numbers.csv", "numbers.h5")
    for ranks in (1, 2):
        said = refused(3, "fit", "Ridge()", "numbers.h5", "--y", "b", "--model", "m.h5", ranks=ranks)
        assert "'b' is a column of the matrix" in said and "--target 'b'" in said and "--layout table" in said, said
    said = refused(3, "fit", "Ridge()", "numbers.h5", "--y", "d", "--model", "m.h5")
    assert "column of the matrix" not in said and "no dataset /d" in said, said
    run("import", "numbers.csv", "table.h5", "--layout", "table")
    run("fit", "Ridge()", "table.h5", "--y", "b", "--model", "m.h5")
    said = refused(2, "fit", "ColumnTransformer([('s', StandardScaler(), ['a', 'c', ...])])", "table.h5", "--model", "c.h5")
    assert "write the whole list" in said, said


def label_encoders_number_targets(rng):
    frame = drawn(rng)
    frame["y"] = rng.choice(["Zug", "Bern", "ß", "a b"], len(frame)).astype(object)
    write(frame, "all.h5")
    for ranks in (1, 3):
        said = run("fit", "LabelEncoder()", "all.h5", "--model", "labels.h5", "--overwrite", ranks=ranks).stderr
        assert "no classifier needs it" in said, said
        run("transform", "labels.h5", "all.h5", "--out", "codes.h5", "--overwrite", ranks=ranks)
        run("transform", "labels.h5", "all.h5", "--out", "codes.csv", "--overwrite", ranks=ranks)
        expected = LabelEncoder().fit_transform(frame.y).tolist()
        with h5py.File("codes.h5") as f:
            assert f["X"][()].ravel().tolist() == expected and f["y"].asstr()[()].tolist() == frame.y.tolist()
        assert pd.read_csv("codes.csv").y.tolist() == expected
    said = refused(2, "fit", "make_pipeline(LabelEncoder(), Ridge())", "all.h5", "--model", "m.h5")
    assert "transforms targets" in said and "OrdinalEncoder" in said, said
    said = refused(2, "fit", "make_pipeline(StandardScaler(), LabelEncoder())", "all.h5", "--model", "m.h5")
    assert "transforms targets" in said, said
    said = refused(2, "fit", "ColumnTransformer([('l', LabelEncoder(), ['city'])])", "all.h5", "--model", "m.h5")
    assert "transforms targets" in said, said
    frame.loc[9, "y"] = "new"
    write(frame, "new.h5")
    for ranks in (1, 2):
        said = refused(3, "transform", "labels.h5", "new.h5", "--out", "o.h5", ranks=ranks)
        assert "previously unseen labels" in said and "new" in said, said


def damaged_texts_are_refused(rng):
    frame = drawn(rng)
    write(frame, "all.h5")
    with h5py.File("all.h5", "r+") as f:
        f["table_text/name/indptr"][5] = 2**40
    for ranks in (1, 3):
        said = refused(4, "split", "all.h5", "train.h5", "test.h5", "--overwrite", ranks=ranks)
        assert "indptr" in said and "damaged" in said, said


def main():
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for test in (split_keeps_every_kind, split_takes_a_column_as_target, check_counts_what_is_missing, categories_pass_transformers,
                     columns_of_matrices_are_no_targets, label_encoders_number_targets, damaged_texts_are_refused):
            test(rng)
            print(f"{test.__name__}: passed")


if __name__ == "__main__":
    main()
