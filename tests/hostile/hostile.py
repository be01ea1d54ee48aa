# SPDX-License-Identifier: BSD-3-Clause
"""Hostile inputs: CSV, LIBSVM, Matrix Market, .npy and HDF5 files, models, words of the command line, options and config files, with mutants drawn by a seed.
Whatever comes in, the program ends within ten seconds with a documented exit code and, if it failed, one message of its own, short and
without control characters; nothing is left beside the named output; a mutant of a file whose chunks have checksums gives the same model
or an error.

usage: hostile.py [--cases N] [--seed S] [--seconds T] [--only KIND] [--slower F] [--sanitized]
       SUPERSTEP names the program; --cases 4000 for an afternoon. With one built with sanitizers (the preset debug) any report of theirs
       fails its case, but one that HDF5 itself is to blame for in the child that looks into a file first, which is there to die of it:
       those are counted. --sanitized asserts that the program is such a one; --slower F gives every case F times the ten seconds.
"""
import argparse
import collections
import concurrent.futures
import gzip
import hashlib
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

PROGRAM = os.environ.get("SUPERSTEP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/release/superstep"))
ENV = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1",
           # Too much memory is answered as malloc answers it without sanitizers.
           ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=1"),
           UBSAN_OPTIONS=os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1"))
CODES = {0, 1, 2, 3, 4, 5, 6, 75}  # 70 is a defect
LONGEST_MESSAGE = 1500
MOST_SECONDS = 10
# What the message may not have: control characters but the line end.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
NUMBERS = [0, 1, 2, 7, 255, 256, 2**15, 2**16 - 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]

Case = collections.namedtuple("Case", "kind words files same")  # same: the digest of a model that is right, or None


def run(words, folder, seconds=MOST_SECONDS):
    start = time.monotonic()
    try:
        done = subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, env=ENV, timeout=3 * seconds, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return None, "", time.monotonic() - start
    return done.returncode, done.stderr.decode("utf-8", "surrogateescape"), time.monotonic() - start


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


# ---- the files that mutants are made of -----------------------------------------------------------------


class Corpus:
    """Good files and what a fit on them gives, in `folder`."""

    def __init__(self, folder, seed):
        self.folder = folder
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(700, 5))
        y = (X[:, 0] + X[:, 1] > 0).astype(int)
        words = np.array(["no", "yes"])[y]
        self.data = {}
        for name, more in (("plain", {}), ("summed", dict(chunks=(64, 5), fletcher32=True)),
                           ("packed", dict(chunks=(50, 5), compression="gzip", shuffle=True, fletcher32=True)), ("lzf", dict(chunks=(64, 2), compression="lzf"))):
            with h5py.File(os.path.join(folder, name + ".h5"), "w", libver="latest" if name == "lzf" else None) as f:
                f.create_dataset("X", data=X, **more)
                f["feature_names"] = np.array([b"a", b"b", b"c", b"d", b"e"])
                f["weight"] = np.ones(700)
                if name == "plain":
                    f.create_dataset("y", data=words.astype(object), dtype=h5py.string_dtype())
                else:
                    f.create_dataset("y", data=y, **({"chunks": (64,), "fletcher32": True} if name in ("summed", "packed") else {}))
        np.save(os.path.join(folder, "x.npy"), X)
        with open(os.path.join(folder, "t.csv"), "w") as f:
            f.write('a,"b ""x""",c,y\r\n' + "".join(f"{r[0]:.3f},{r[1]:.4g},{['', 'NA', '7'][i % 3]},{w}\n" for i, (r, w) in enumerate(zip(X, words))))
        with open(os.path.join(folder, "t.libsvm"), "w") as f:
            f.writelines(f"{label} " + " ".join(f"{k + 1}:{v:.3g}" for k, v in enumerate(row) if v > 0) + " # row\n" for label, row in zip(y, X))
        with open(os.path.join(folder, "t.mtx"), "w") as f:
            cells = [(i + 1, k + 1) for i, k in zip(*np.nonzero(X > 0))]
            f.write(f"%%MatrixMarket matrix coordinate real general\n% text\n700 5 {len(cells)}\n" + "".join(f"{i} {k} {X[i - 1, k - 1]:.3g}\n" for i, k in cells))
        code, err, _ = run(["import", "t.libsvm", "sparse.h5", "--quiet"], folder)
        assert code == 0, err
        with open(os.path.join(folder, "o.conf"), "w") as f:
            f.write("# options\nseed = 3\nthreads = 2\nmemory = 200M\n")
        for model, estimator in (("gnb", "GaussianNB()"), ("pipe", "make_pipeline(StandardScaler(), PCA(n_components=3), Ridge())"), ("km", "KMeans(n_clusters=3)")):
            code, err, _ = run(["fit", estimator, "packed.h5", "--model", model + ".h5", "--quiet"], folder)
            assert code == 0, err
        self.same = {}
        for name in ("summed", "packed"):
            code, err, _ = run(["fit", "GaussianNB()", name + ".h5", "--model", "same.h5", "--quiet"], folder)
            assert code == 0, err
            self.same[name] = digest(os.path.join(folder, "same.h5"))

    def bytes_of(self, name):
        if name not in self.data:
            with open(os.path.join(self.folder, name), "rb") as f:
                self.data[name] = f.read()
        return self.data[name]


# ---- mutants --------------------------------------------------------------------------------------------


def mutant(content, dice, structure=()):
    """The bytes with a few of them changed, cut, doubled or torn out; preferably near `structure`, offsets that matter."""
    out = bytearray(content)
    for _ in range(dice.choice([1, 1, 1, 2, 5])):
        at = dice.choice(structure) + dice.randrange(-4, 64) if structure and dice.random() < 0.8 else dice.randrange(len(out) or 1)
        at = max(0, min(at, len(out) - 1))
        kind = dice.randrange(7)
        if kind == 0:
            out[at:at + 1] = bytes([out[at] ^ (1 << dice.randrange(8))])
        elif kind == 1:
            out[at:at + 8] = struct.pack("<Q", dice.choice(NUMBERS))
        elif kind == 2:
            out[at:at + 4] = struct.pack("<I", dice.choice(NUMBERS) & 0xFFFFFFFF)
        elif kind == 3:
            out[at:at + 1] = bytes([dice.randrange(256)])
        elif kind == 4 and dice.random() < 0.3:
            del out[at:]
        elif kind == 5 and dice.random() < 0.3:
            del out[at:at + dice.choice([1, 4, 100])]
        elif kind == 6 and dice.random() < 0.3:
            out[at:at] = out[at:at + dice.choice([1, 8, 512])]
        if not out:
            break
    return bytes(out)


SIGNATURES = (b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"BTHD", b"BTLF", b"FAHD", b"EAHD", b"FRHP", b"\x89HDF")


def structure_of(content):
    return [m.start() for signature in SIGNATURES for m in re.finditer(re.escape(signature), content)]


def hdf5_case(corpus, dice):
    name = dice.choice(["plain", "summed", "packed", "lzf"])
    content = corpus.bytes_of(name + ".h5")
    words = dice.choice([["fit", "GaussianNB()", "m.h5", "--model", "out.h5", "--quiet"]] * 2 + [
        ["check", "m.h5"], ["info", "m.h5"], ["import", "m.h5", "out.h5"], ["cross-validate", "GaussianNB()", "m.h5", "--cv", "3"]])
    return Case("hdf5", words, {"m.h5": mutant(content, dice, structure_of(content))}, corpus.same.get(name) if words[0] == "fit" else None)


def model_case(corpus, dice):
    content = corpus.bytes_of(dice.choice(["gnb", "pipe", "km"]) + ".h5")
    words = dice.choice([["predict", "m.h5", "summed.h5", "--out", "out.h5"], ["score", "m.h5", "summed.h5"], ["info", "m.h5"]])
    return Case("model", words, {"m.h5": mutant(content, dice, structure_of(content)), "summed.h5": corpus.bytes_of("summed.h5")}, None)


def npy_case(corpus, dice):
    content = corpus.bytes_of("x.npy")
    if dice.random() < 0.5:
        shape = dice.choice([(), (1,), (2**dice.randrange(70), 2**dice.randrange(70)), (-1, 5), (0, 3), (3, 0), (1, 2, 3), ("a",), (1e9,), (2**200, 1)])
        header = repr({"descr": dice.choice(["<f8", ">i2", "|O", "<U99999999999", "|S0", "<f2", "|V7", "", "f"]),
                       "fortran_order": dice.choice([True, False, 3]), "shape": shape})
        header = header[:dice.choice([len(header), 9])].encode() + b" " * dice.randrange(64) + b"\n"
        content = b"\x93NUMPY" + bytes([dice.choice([1, 2, 9]), 0]) + struct.pack("<H", dice.choice([len(header), 65535])) + header + content[128:]
    return Case("npy", ["import", "m.npy", "out.h5"], {"m.npy": mutant(content, dice, [8, 60])}, None)


ODD_WORDS = ["1:2", "0:1", "-1:1", "2:", ":", "qid:1", "3:1e999", "3:nan", "4294967296:1", "9223372036854775807:1", "5 5 5", "0", "-1", "1 1", "700", "2147483647", "x" * 5000,
             "%", "#", "\x00", "\x1b[31m", "\xff", "complex", "symmetric", "array", "281474976710656 3 1", "\r", "\n\n", "\t"]


def sparse_case(corpus, dice):
    """Sparse rows as text, and in HDF5."""
    if dice.random() < 0.3:
        content = corpus.bytes_of("sparse.h5")
        words = dice.choice([["fit", "MultinomialNB()", "m.h5", "--model", "out.h5", "--quiet"], ["check", "m.h5"], ["info", "m.h5"],
                             ["fit", "MaxAbsScaler()", "m.h5", "--model", "out.h5", "--quiet"]])
        return Case("sparse", words, {"m.h5": mutant(content, dice, structure_of(content))}, None)
    ending = dice.choice(["libsvm", "mtx"])
    lines = corpus.bytes_of("t." + ending).split(b"\n")
    for _ in range(dice.choice([0, 1, 1, 2, 9])):
        i = dice.choice([0, 2, dice.randrange(len(lines))])
        words = lines[i].split(b" ")
        words[dice.randrange(len(words))] = dice.choice(ODD_WORDS).encode("latin-1")
        lines[i] = b" ".join(words)
    content = b"\n".join(lines)
    if dice.random() < 0.4:
        content = mutant(content, dice, [0, 10, 50])
    if dice.random() < 0.1:
        content = dice.choice([b"", b"\n", b"%", b"%%MatrixMarket", b"1", b"#", b"\x1f\x8b\x08"]) + dice.choice([b"", content[:50]])
    more = dice.choice([[], ["--rows", "3"], ["--dtype", "float32"]] + ([["--width", "9"], ["--zero-based", "no"]] if ending == "libsvm" else [["--transpose"]]))
    return Case("sparse", ["import", "m." + ending, "out.h5", *more], {"m." + ending: content}, None)


ODD_CELLS = ['"', '""', '"\n', "\r", "\x00", "\x1b[31m", "\xff", "é", "1e999", "-1e-999", "9" * 400, "nan(7)", "0x10", "inf", "?", "True", " ", "\t", ",", ",,", "\n\n",
             "2024-01-02", "1,5", "x" * 5000, "1_000", "+-1", "--1"]


def csv_case(corpus, dice):
    lines = corpus.bytes_of("t.csv").split(b"\n")
    for _ in range(dice.choice([0, 1, 1, 2, 9])):
        i = dice.randrange(len(lines))
        cells = lines[i].split(b",")
        cells[dice.randrange(len(cells))] = dice.choice(ODD_CELLS).encode("latin-1" if dice.random() < 0.5 else "utf-8")
        lines[i] = b",".join(cells)
    content = b"\n".join(lines)
    if dice.random() < 0.4:
        content = mutant(content, dice, [0, 10])
    if dice.random() < 0.1:
        content = dice.choice([b"", b"\n", b"a", b"\xef\xbb\xbf", b"\xff\xfea\x00", b"\x1f\x8b\x08", b"PK\x03\x04", b"a,b\n", b'"', b"," * 3000]) + dice.choice([b"", content[:50]])
    more = dice.choice([[], ["--no-header"], ["--target", "y"], ["--drop", "c"], ["--target", "\x1b[1m"], ["--dtype", "float32"], ["--rows", "3"], ["--delimiter", ";"],
                        ["--bad-rows", "skip"], ["--bad-rows", "skip", "--types", "0=float"], ["--date", "0=%d.%m.%Y"], ["m.csv.gz", "-o", "out.h5"]])
    words = ["import", "m.csv", *more] if "-o" in more else ["import", "m.csv", "out.h5", *more]
    return Case("csv", words, {"m.csv": content, "m.csv.gz": gzip.compress(content)}, None)


WORDS = ["LogisticRegression(C=0.1)", "make_pipeline(StandardScaler(), PCA(n_components=2), Ridge(alpha=1e-3))", "Pipeline([('a', StandardScaler()), ('b', GaussianNB())])",
         "KMeans(n_clusters=2, random_state=1)", "Lasso(alpha=[1, {'a': (None, True)}])"]
PIECES = ["(", ")", "[", "]", "{", "}", ",", "=", "'", '"', "1e999", "-", "**", "10**10**10", "\x1b[2J", "é", "\\", "None", "np.logspace(0, 9, 10**12)", " " * 2000, "(" * 3000, "9" * 500,
          "lambda: 0", "__import__('os')", "0/0", "%s%n", "#"]


def words_case(corpus, dice):
    text = dice.choice(WORDS)
    for _ in range(dice.choice([1, 1, 2, 4])):
        at = dice.randrange(len(text) + 1)
        text = text[:at] + dice.choice(PIECES) + text[at + dice.choice([0, 0, 1, 5]):]
    words = dice.choice([["fit", text, "summed.h5", "--model", "out.h5", "--quiet"], ["search", "Ridge()", "summed.h5", "--grid", text],
                         ["search", "Ridge()", "summed.h5", "--grid", "{'alpha': " + dice.choice(PIECES + ["[1, 'a']", "[]", "[None]", "np.arange(3)"]) + "}"],
                         ["help", text], [text], ["cross-validate", "Ridge()", "summed.h5", "--cv", text], ["cross-validate", "Ridge()", "summed.h5", "--scoring", text]])
    return Case("words", words, {"summed.h5": corpus.bytes_of("summed.h5")}, None)


def option_case(corpus, dice):
    value = dice.choice([str(n) for n in NUMBERS] + ["-1", "1.5", "nan", "", " ", "1G", "99999999999G", "1e3", "0x10", "é", "\x1b", "a" * 3000, "/", ".", "m.h5/x"])
    option = dice.choice(["--threads", "--memory", "--seed", "--rows", "--sample", "--x", "--y", "--weight", "--config", "--nothing", "--" + value])
    if option == "--threads" and value.isdigit() and int(value) > 16:
        value = "-" + value
    return Case("option", ["fit", "GaussianNB()", "summed.h5", "--model", "out.h5", "--quiet", option, value], {"summed.h5": corpus.bytes_of("summed.h5")}, None)


def config_case(corpus, dice):
    content = mutant(corpus.bytes_of("o.conf"), dice)
    content = re.sub(rb"threads *= *\d\d+", b"threads = 3", content)
    content += dice.choice([b"", b"model = x.h5", b"\x00", b"= = =", b"seed", b"\xff\xfe", b"[x]\n", b"a" * 100_000, b"config = o.conf\n"])
    return Case("config", ["fit", "GaussianNB()", "summed.h5", "--model", "out.h5", "--quiet", "--config", "o.conf"],
                {"o.conf": content, "summed.h5": corpus.bytes_of("summed.h5")}, None)


KINDS = {"hdf5": hdf5_case, "model": model_case, "npy": npy_case, "csv": csv_case, "sparse": sparse_case, "words": words_case, "option": option_case, "config": config_case}


# ---- the judge ------------------------------------------------------------------------------------------


def is_sanitized():
    """Whether the program lists the options of the sanitizers' runtime when it is asked to."""
    done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, env=dict(ENV, ASAN_OPTIONS=ENV["ASAN_OPTIONS"] + ":help=1"))
    return "AddressSanitizer" in done.stderr + done.stdout


def sanitizer_reports(err):
    """The reports of sanitizers and libstdc++'s assertions in standard error: those of faults of ours, and those of faults of HDF5 in the child that guards against them."""
    reports = re.split(r"(?m)^(?=.*(?:ERROR: \w*Sanitizer|runtime error:|: Assertion '))", err)[1:]
    ours, contained = [], []
    for report in reports:
        frames = re.findall(r"(?m)^ +#\d+ 0x[0-9a-f]+ .*", report)
        own = [f for f in frames if "libsanitizer" not in f and "libasan" not in f and "libubsan" not in f]
        is_contained = "Sanitizer" in report and "runtime error:" not in report and own and "libhdf5" in own[0] and any("in_guarded_child" in f for f in own)
        (contained if is_contained else ours).append(report)
    return ours, contained


def judge(case, folder, most_seconds):
    """What is wrong with how the program ended, as a list of words; its standard error; how many faults of HDF5 its child died of."""
    for name, content in case.files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
    words = [w.replace("\x00", "") for w in case.words]
    code, err, seconds = run(words, folder, most_seconds)
    found = []
    if code is None or seconds > most_seconds:
        found.append(f"took {seconds:.0f} s")
    if code is not None and code not in CODES:
        found.append(f"exit {code}")
    ours, contained = sanitizer_reports(err)
    if ours:
        found.append("a sanitizer's report")
    messages = [line for line in err.split("\n") if line.startswith("superstep: error: ")]
    if code is not None and len(messages) != (0 if code == 0 else 1):
        found.append(f"{len(messages)} messages with exit {code}")
    for message in messages:
        if len(message) > LONGEST_MESSAGE:
            found.append(f"a message of {len(message)} characters")
        if CONTROL.search(message) or any(0xDC80 <= ord(c) <= 0xDCFF for c in message):
            found.append("a raw character in the message")
    left = set(os.listdir(folder)) - set(case.files) - ({"out.h5"} if code == 0 else set())
    if left:
        found.append(f"left {sorted(left)}")
    for name, content in case.files.items():
        with open(os.path.join(folder, name), "rb") as f:
            if f.read() != content:
                found.append(f"{name} was changed")
    if case.same and code == 0 and digest(os.path.join(folder, "out.h5")) != case.same and is_data(case):
        found.append("another model of a file with checksums")
    return found, "".join(ours) or err, len(contained)


def is_data(case):
    """Whether all that h5py sees is what it was but the values: then nothing but values could have changed the model. What a mutant
    makes of names, shapes, types and unchecked datasets (weights, names) is another file, not a damaged one."""
    return False if case.files["m.h5"] is None else not is_another_file(case.files["m.h5"])


def is_another_file(content):
    """Asks h5py, in a process of its own, whether the file's outline and its datasets without checksums are those of a good one."""
    script = ("import sys, io, h5py, numpy as np\n"
              "f = h5py.File(io.BytesIO(sys.stdin.buffer.read()), 'r')\n"
              "ok = f['X'].shape == (700, 5) and f['X'].dtype == '<f8' and f['y'].shape == (700,) and f['y'].dtype == '<i8'\n"
              "ok = ok and f['X'].fletcher32 and f['y'].fletcher32 and (f['weight'][:] == 1).all()\n"
              "ok = ok and b''.join(f['feature_names'][:]) == b'abcde'\n"
              "sys.exit(0 if ok else 1)\n")
    return subprocess.run([sys.executable, "-c", script], input=content, capture_output=True, timeout=60).returncode != 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=10**6)
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--seed", type=int, default=int(time.strftime("%Y%m%d")))
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--keep", help="a folder for the files of cases that failed")
    parser.add_argument("--slower", type=float, default=1, help="how many times the seconds a case may take")
    parser.add_argument("--sanitized", action="store_true", help="asserts that the program was built with sanitizers")
    options = parser.parse_args()
    seconds = options.seconds or (60 if options.cases == 10**6 else 10**6)
    assert not options.sanitized or is_sanitized(), f"{PROGRAM} was not built with sanitizers"
    print("seed", options.seed, flush=True)
    end = time.monotonic() + seconds
    kinds = [options.only] if options.only else list(KINDS)
    counts, codes, failed = collections.Counter(), collections.Counter(), []
    with tempfile.TemporaryDirectory(prefix="superstep-hostile-") as root:
        os.mkdir(os.path.join(root, "corpus"))
        corpus = Corpus(os.path.join(root, "corpus"), options.seed)

        def one(number):
            if time.monotonic() > end:
                return
            kind = kinds[number % len(kinds)]
            case = KINDS[kind](corpus, random.Random(f"{options.seed} {number}"))
            folder = os.path.join(root, str(number))
            os.mkdir(folder)
            found, err, contained = judge(case, folder, MOST_SECONDS * options.slower)
            counts[kind] += 1
            codes["contained"] += contained
            codes["failed" if "superstep: error" in err else "done"] += 1
            if found:
                failed.append((number, kind))
                print(f"FAILED  case {number}: {kind}: {'; '.join(found)}\n        {[w[:200] for w in case.words]}\n        {err[-400:]!r}", *([err[:6000]] if "a sanitizer's report" in found else []), sep="\n", flush=True)
                if options.keep:
                    shutil.copytree(folder, os.path.join(options.keep, str(number)))
            shutil.rmtree(folder)

        with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count())) as pool:
            number = 0
            while number < options.cases and time.monotonic() < end:
                batch = range(number, min(number + 64, options.cases))
                list(pool.map(one, batch))
                number = batch.stop
    print(f"{sum(counts.values())} cases ({', '.join(f'{n} {k}' for k, n in sorted(counts.items()))}); {codes['failed']} refused, {codes['done']} done; "
          f"{codes['contained']} faults of HDF5 that sanitizers saw in its child")
    # That mutants are looked at and not all refused at the door.
    assert sum(counts.values()) > 0 and (options.only or (codes["failed"] and codes["done"]))
    print(f"{sum(counts.values()) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
