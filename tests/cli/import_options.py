# SPDX-License-Identifier: BSD-3-Clause
"""import of several CSV files and of folders as one table, rows that do not fit, and dates as users say that they are written: beside
what one file holds, beside Python, the same bytes on any number of ranks, the same words.

usage: import_options.py      with SUPERSTEP naming the program
"""
import datetime
import gzip
import hashlib
import json
import os
import random
import sys
import tempfile
import time

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))
from common import main, run  # noqa: E402

SEED = int(os.environ.get("SEED", time.strftime("%Y%m%d")))
DICE = random.Random(SEED)
UTC = datetime.timezone.utc
MISSING_DATE = -2**63


def write(name, text, pack=False):
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with (gzip.open(name, "wb") if pack else open(name, "wb")) as f:
        f.write(text.encode())
    return name


def digest(name):
    with open(name, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def imported(*words, out="out.h5", ranks=((1, 1), (3, 2))):
    """The result and what was said; the file's bytes do not depend on ranks and threads."""
    digests = set()
    for n, threads in ranks:
        done = run("import", *words, "-o", out, "--json", "--overwrite", "--threads", threads, ranks=n)
        digests.add(digest(out))
    assert len(digests) == 1, (words, digests)
    return json.loads(done.stdout), done.stderr


def refused(code, *words, command, ranks=(1, 3)):
    for n in ranks:
        done = run("import", *command, ranks=n, check=False)
        errors = [line for line in done.stderr.splitlines() if line.startswith("superstep: error: ")]
        assert done.returncode == code and len(errors) == 1, (command, n, done.returncode, done.stderr)
        for word in words:
            assert word in errors[0], f"'{word}' is not in: {errors[0]}"
    assert not os.path.exists("no.h5")


# ---- several files -------------------------------------------------------------------------------------


def rows_of(n):
    return [f'{DICE.gauss(0, 1)!r},"{DICE.choice(["a", "b, c", "d""e", "f" + chr(10) + "g"])}",{DICE.randrange(9)}\n' for _ in range(n)]


def test_files_are_one_table():
    """Cut anywhere, packed or not, with or without a last line end: as the file that holds all rows."""
    header = "x,name,y\n"
    rows = rows_of(3000)
    write("whole.csv", header + "".join(rows))
    imported("whole.csv", out="whole.h5")
    for trial in range(3):
        cuts = sorted(DICE.sample(range(1, len(rows)), DICE.randrange(1, 9)))
        names = []
        for i, (a, b) in enumerate(zip([0, *cuts], [*cuts, len(rows)])):
            text = DICE.choice(["", "\ufeff"]) + DICE.choice(["", "\n"]) + header + "".join(rows[a:b])
            pack = DICE.random() < 0.3
            names.append(f"parts{trial}/{i:02}.csv" + (".gz" if pack else ""))
            write(names[-1], text[:-1] if DICE.random() < 0.5 else text, pack)
        for words in (names, [f"parts{trial}"]):
            result, _ = imported(*words)
            assert digest("out.h5") == digest("whole.h5"), (words, SEED)
            assert result["rows"] == 3000 and result["files"] == names
    run("import", "parts0/", "last.h5", "--quiet")  # the file to write may be the last argument
    assert digest("last.h5") == digest("whole.h5")
    result, _ = imported("whole.csv", "parts0", "--rows", 4500)
    assert result["rows"] == 4500
    with h5py.File("out.h5") as f, h5py.File("whole.h5") as g:
        x, once = f["table/x"][()], g["table/x"][()]
        np.testing.assert_array_equal(x, np.concatenate([once, once])[:4500])


def test_files_without_headers_and_many():
    rows = [f"{i},{i * i}\n" for i in range(700)]
    for i, row in enumerate(rows):
        write(f"many/{i:03}.csv", row)
    write("many/readme.txt", "no table")
    write("many/.hidden.csv", "a,b,c\n")
    result, _ = imported("many", "--no-header", "--no-target")  # more than are kept open
    assert result["rows"] == 700 and len(result["files"]) == 700
    with h5py.File("out.h5") as f:
        np.testing.assert_array_equal(f["X"][()], [[i, i * i] for i in range(700)])


def test_files_that_differ():
    a = write("a.csv", "x,y,z\n1,2,3\n")
    for text, words in (("x,y,w\n", ["b.csv: column 2 is called 'w', in a.csv 'z'"]), ("x,y\n", ["b.csv has no column 'z' as a.csv has"]),
                        ("x,y,z,u\n", ["b.csv has a column 'u', which a.csv has not"]), ("y,x,z\n", ["b.csv has its columns in another order"]),
                        ("", ["b.csv is empty"]), ("x,y,z\n1,2,3\n4,5\n", ["b.csv line 3 has 2 fields, but the header has 3"]),
                        ("x,y,z\n\n1,2,3\n1,2,\"3\n", ["b.csv line 4 has a quote that is never closed"])):
        write("b.csv", text)
        refused(3, *words, command=[a, "b.csv", "-o", "no.h5"])
        refused(3, *words, command=["b.csv", "no.h5"] if "fields" in words[0] or "quote" in words[0] else [a, "b.csv", "no.h5"], ranks=(1,))
    c = write("c.csv", "x,y,z\n" + "1,2,3\n" * 50 + "1,>2,3\n" + "1,2,3\n" * 50)
    refused(3, "c.csv line 52: column 'y' holds '>2'", command=[a, c, "no.h5", "--types", "y=float", "--no-target"])
    said = imported(a, c, a.replace("a.csv", "./a.csv"), "--no-target")[1]
    assert "'>2' in c.csv line 52" in said, said
    refused(3, "row 51 (c.csv line 52) holds '>2'", command=[a, c, "no.h5", "--layout", "matrix", "--no-target"])
    refused(2, "named twice", command=[a, a, "no.h5"])
    refused(2, "HDF5 file", "-o", command=[a, c])
    assert open(c).read().startswith("x,y,z")
    refused(2, "--delimiter", command=[a, write("t.tsv", "x\ty\tz\n"), "no.h5"])
    np.save("n.npy", np.zeros((3, 3)))
    refused(2, "n.npy is a npy file", command=[a, "n.npy", "no.h5"])
    refused(4, "No such file", command=[a, "nowhere.csv", "no.h5"])
    refused(2, "FILE is missing", command=[a])
    refused(2, "SOURCE is missing", command=["-o", "no.h5"])


# ---- rows that do not fit ------------------------------------------------------------------------------


def test_bad_rows():
    """Left out wherever pieces and ranks begin; the others are there."""
    lines, good, bad = ["a,when,name\n"], [], []
    for i in range(200000):  # 4 MB: four pieces
        kind = DICE.choice(["short", "long", "cell", "date", "behind", "inside"]) if DICE.random() < 0.0003 else "good"
        line = {"good": f"{i}.5,2024-01-02,n{i % 7}\n", "short": f"{i}\n", "long": f"{i},2024-01-02,n,more\n", "cell": f"x{i},2024-01-02,n\n",
                "date": f"{i},02.01.2024,n\n", "behind": f'{i},2024-01-02,"n" m\n', "inside": f'{i},2024-01-02,n"m"\n'}[kind]
        (good if kind == "good" else bad).append((i, kind))
        lines.append(line)
    write("bad.csv", "".join(lines))
    options = ["--types", "a=float,when=date", "--no-target", "--layout", "table"]
    refused(3, f"bad.csv line {bad[0][0] + 2}" if bad[0][1] not in ("cell", "date") else "bad.csv", command=["bad.csv", "no.h5", *options])
    result, said = imported("bad.csv", *options, "--bad-rows", "skip", ranks=((1, 1), (2, 1), (5, 2)))
    assert result["rows"] == len(good) and result["bad_rows"] == len(bad), (result, SEED)
    with h5py.File("out.h5") as f:
        np.testing.assert_array_equal(f["table/a"][()], [i + 0.5 for i, _ in good])
    words = {"short": "has 1 field, but", "long": "has 4 fields, but", "cell": "in column 'a', no number (--types a=float)",
             "date": "has '02.01.2024' in column 'when', no date", "behind": "text behind the closing quote of field 3",
             "inside": "a quote inside the unquoted field 3"}
    assert len(result["first_bad_rows"]) == min(5, len(bad))
    for told, (i, kind) in zip(result["first_bad_rows"], bad):
        assert told.startswith(f"bad.csv line {i + 2} ") and words[kind] in told, (told, i, kind)
        assert told in said, said
    assert f"{len(bad)} rows were left out" in said and (len(bad) <= 5 or f"and {len(bad) - 5} more" in said), said
    plain = imported("bad.csv", *options, "--bad-rows", "skip", "--rows", 100)[0]
    assert plain["rows"] == 100


def test_bad_rows_that_swallow_others():
    """A quote that goes on to the next one takes lines with it, which is told; one that is never closed is an error still."""
    write("open.csv", "a,b\n1,2\n3,x\"4\n5,6\n7,\"8\n9,10\n")
    result, said = imported("open.csv", "--bad-rows", "skip", "--no-target")
    assert result["rows"] == 2 and "3 lines" in said, said
    write("open.csv", "a,b\n1,2\n3,\"4\n5,6\n")
    refused(3, "open.csv line 3 has a quote that is never closed", command=["open.csv", "no.h5", "--bad-rows", "skip"])
    write("none.csv", "a,b\n1\n2\n")
    refused(3, "no row of none.csv fits; none.csv line 2 has 1 field", command=["none.csv", "no.h5", "--bad-rows", "skip"])
    refused(2, "--bad-rows must be error or skip", command=["none.csv", "no.h5", "--bad-rows", "drop"], ranks=(1,))
    good = imported(write("good.csv", "a,b\n1,2\n"), "--bad-rows", "skip")
    assert good[0]["bad_rows"] == 0 and "left out" not in good[1]


# ---- dates ---------------------------------------------------------------------------------------------


def microseconds(when):
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (when - datetime.datetime(1970, 1, 1, tzinfo=UTC)) // datetime.timedelta(microseconds=1)


def drawn_moment(year=None):
    start = datetime.datetime(1800, 1, 1) if year is None else datetime.datetime(year, 1, 1)
    moment = start + datetime.timedelta(microseconds=DICE.randrange(10**6 * 86400 * (365 if year else 365 * 300)))
    return moment.replace(microsecond=DICE.choice([0, moment.microsecond]))


def test_dates_as_strptime_reads_them():
    formats = ["%d.%m.%Y", "%m/%d/%Y %I:%M %p", "%b %d, %Y", "%A, %d. %B %Y", "%Y%m%d", "%Y-%m-%dT%H:%M:%S.%f", "%d-%b-%y", "%Y-%j",
               "%H:%M:%S %d/%m/%Y", "%Y-%m-%d %H:%M:%S%z", "%Y", "%m/%Y", "%%%Y%%"]
    columns = []
    for i, given in enumerate(formats):
        short = "%y" in given
        cells = [drawn_moment(DICE.randrange(1970, 2068) if short else None).strftime(given) for _ in range(50)]
        if "%z" in given:
            cells = [c + DICE.choice(["+0000", "-0330", "+05:30", "Z"]) for c in cells]
        columns.append((f"c{i}", given, cells))
    cells = [c for _, _, cells in columns for c in cells]
    text = ",".join(name for name, _, _ in columns) + "\n"
    for row in range(50):
        text += ",".join(f'"{c[row]}"' if row % 10 else "" for _, _, c in columns) + "\n"
    write("dates.csv", text)
    option = ",".join(f"{name}={given}" for name, given, _ in columns)
    result, said = imported("dates.csv", "--date", option, "--no-target")
    assert set(result["types"].values()) == {"date"}, result["types"]
    with h5py.File("out.h5") as f:
        for name, given, cells in columns:
            expected = [microseconds(datetime.datetime.strptime(c, given)) if i % 10 else MISSING_DATE for i, c in enumerate(cells)]
            assert f["table"][name][()].tolist() == expected, (given, SEED)
    assert "zones: they became UTC" in said


def test_halves_of_days_as_strptime_reads_them():
    for given in ("%Y-%m-%d %H:%M %p", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %p %I", "%Y-%m-%d %I", "%Y-%m-%d %H %p %I"):
        kept, wrong = [], []
        for hour in range(25):
            cell = given.replace("%Y-%m-%d", "1999-10-31").replace("%M", "07").replace("%p", DICE.choice(["AM", "pm"]))
            cell = cell.replace("%H", str(DICE.randrange(24))).replace("%I", str(hour)) if "%I" in given else cell.replace("%H", str(hour))
            try:
                kept.append((cell, microseconds(datetime.datetime.strptime(cell, given))))
            except ValueError:
                wrong.append(cell)
        assert len(kept) >= 12 and wrong, given
        write("halves.csv", "a\n" + "".join(f"{c}\n" for c in [c for c, _ in kept] + wrong))
        result, _ = imported("halves.csv", "--date", f"a={given}", "--bad-rows", "skip", "--no-target")
        assert result["bad_rows"] == len(wrong), (given, result)
        with h5py.File("out.h5") as f:
            assert f["table/a"][()].tolist() == [t for _, t in kept], (given, SEED)


def test_dates_that_are_found():
    write("found.csv", "a,b,c\n2012/01/31,2012-01-31,01/31/2012\n2012/02/29 13:45,2012/03/01,02/03/2012\n")
    result, _ = imported("found.csv", "--no-target")
    assert result["types"] == {"a": "date", "b": "date", "c": "text"}, result["types"]
    with h5py.File("out.h5") as f:
        assert f["table/a"][()].tolist() == [microseconds(datetime.datetime(2012, 1, 31)), microseconds(datetime.datetime(2012, 2, 29, 13, 45))]
    result, _ = imported("found.csv", "--no-target", "--date", "c=%m/%d/%Y")
    assert result["types"]["c"] == "date"
    for text in ("2012/13/01", "2012/02/30", "2012/01-02", "2012/1/2"):
        found = imported(write("odd.csv", f"a\n{text}\n{text}x\n"), "--no-target", ranks=((1, 1),))[0]
        assert found["types"]["a"] == "text", text


def test_dates_that_are_none():
    write("dates.csv", "a,b\n31.12.2020,1\n31.02.2020,2\n")
    refused(3, "dates.csv line 3: column 'a' holds '31.02.2020', no date of the form %d.%m.%Y", command=["dates.csv", "no.h5", "--date", "a=%d.%m.%Y"])
    result, _ = imported("dates.csv", "--date", "a=%d.%m.%Y", "--bad-rows", "skip", "--no-target")
    assert result["rows"] == 1 and result["bad_rows"] == 1
    for option, words in (("a=%Q%Y", "'%Q' is not known"), ("a=%d.%m.", "no year"), ("a", "COLUMN=FORMAT"), ("c=%Y", "no such column"), ("a=%Y%", "known")):
        refused(2, words, command=["dates.csv", "no.h5", "--date", option], ranks=(1,))
    refused(2, "two things", command=["dates.csv", "no.h5", "--date", "a=%d.%m.%Y", "--types", "a=category"], ranks=(1,))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(globals())
