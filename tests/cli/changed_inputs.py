# SPDX-License-Identifier: BSD-3-Clause
"""Inputs that lie or change: nothing wrong comes out with exit 0. Damaged chunk indexes, whole numbers that no double equals, ranks
that see another size of a file, files that are overwritten while they are read.

usage: changed_inputs.py      with SUPERSTEP naming the program
"""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import threading
import time

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))
from common import main, memory, run  # noqa: E402

SEED = int(os.environ.get("SEED", time.strftime("%Y%m%d")))
RNG = np.random.default_rng(SEED)


def fails(code, *words, command, ranks=(1, 3), env=None):
    """The command ends with the code and one message that has the words, and leaves no out.h5."""
    for n in ranks:
        done = run(*command, ranks=n, check=False, env=env)
        errors = [line for line in done.stderr.splitlines() if line.startswith("superstep: error: ")]
        assert done.returncode == code and len(errors) == 1, (command, n, done.returncode, done.stderr, done.stdout)
        for word in words:
            assert word in errors[0], f"'{word}' is not in: {errors[0]}"
        assert not os.path.exists("out.h5")


def chunked(name, rows=600, height=64, **more):
    X = RNG.normal(size=(rows, 5))
    with h5py.File(name, "w") as f:
        f.create_dataset("X", data=X, chunks=(height, 5), **more)
        f["y"] = X[:, 0] > 0
    return X


def change_index(name, entry, at, to):
    """Overwrites four bytes of the index entry of a chunk: its size, the filters left out, or the row it begins at."""
    with h5py.File(name) as f:
        info = f["X"].id.get_chunk_info(entry)
        key = struct.pack("<IIQQQ", info.size, info.filter_mask, *info.chunk_offset, 0)
    with open(name, "r+b") as f:
        content = f.read()
        assert content.count(key) == 1
        f.seek(content.index(key) + at)
        f.write(struct.pack("<I", to))


def test_a_chunk_without_bytes_is_damage():
    for more in ({"fletcher32": True}, {"compression": "gzip"}, {}):
        chunked("size0.h5", **more)
        change_index("size0.h5", int(RNG.integers(1, 9)), at=0, to=0)
        for command in (["check", "size0.h5"], ["fit", "PCA()", "size0.h5", "--model", "out.h5"]):
            fails(4, "size0.h5:/X", *(["damaged", "no bytes"] if more else []), command=command)


def test_a_chunk_that_the_index_lost_is_damage():
    chunked("lost.h5", fletcher32=True)
    change_index("lost.h5", 3, at=8, to=2**31)  # begins far behind the last row
    fails(4, "lost.h5:/X", command=["check", "lost.h5"])


def test_chunks_never_written():
    """Are zeros, as ever, but not where each chunk was to have a checksum."""
    for more in ({}, {"fletcher32": True}):
        with h5py.File("sparse.h5", "w") as f:
            X = f.create_dataset("X", (1000, 3), chunks=(100, 3), **more)
            X[300:400] = 1.5
        if more:
            fails(4, "9 of its 10 chunks are not there", command=["check", "sparse.h5"])
        else:
            assert json.loads(run("check", "sparse.h5", "--json").stdout)["rows"] == 1000


def test_whole_numbers_that_no_double_equals():
    big = 2**53 + int(RNG.integers(1, 2**20)) * 2
    rows = [f"{i},{big + i % 2}" for i in range(200)]
    with open("big.csv", "w") as f:
        f.write("a,y\n" + "\n".join(rows) + "\n")
    fails(3, f"holds {big + 1} in row 1 (line 3)", "2^53", command=["import", "big.csv", "out.h5"])
    with open("even.csv", "w") as f:
        f.write("a,y\n" + "\n".join(f"{i % 7},{big + 2 * (i % 2)}" for i in range(200)) + "\n")
    run("import", "even.csv", "even.h5")
    run("fit", "GaussianNB()", "even.h5", "--model", "even_model.h5")
    assert h5py.File("even_model.h5")["classes_"][:].tolist() == [big, big + 2]


def test_unsigned_numbers_that_are_no_int64():
    X = RNG.normal(size=(300, 4))
    with h5py.File("u64.h5", "w") as f:
        f["X"] = X
        f["y"] = np.array([2**63, 2**63 + 2**12, 5], dtype=np.uint64)[RNG.integers(0, 3, 300)]
    run("fit", "PCA(n_components=2)", "u64.h5", "--model", "pca.h5")
    fails(3, "u64.h5:/y row", "2^63", command=["transform", "pca.h5", "u64.h5", "--out", "out.h5"])
    fails(3, "u64.h5:/y", "2^63", command=["fit", "GaussianNB()", "u64.h5", "--model", "out.h5"])


STALE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>
static int is_ours(const char* path) { return strstr(path, "stale.csv") != 0; }
static void age(struct stat* s) {
  const char* rank = getenv("OMPI_COMM_WORLD_RANK");
  if (rank && atoi(rank) == 1) s->st_size -= 250000;
}
int stat(const char* p, struct stat* s) {
  int (*real)(const char*, struct stat*) = dlsym(RTLD_NEXT, "stat");
  const int k = real(p, s);
  if (k == 0 && is_ours(p)) age(s);
  return k;
}
int fstat(int fd, struct stat* s) {
  int (*real)(int, struct stat*) = dlsym(RTLD_NEXT, "fstat");
  char link[64], path[4096];
  const int k = real(fd, s);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const long n = readlink(link, path, sizeof path - 1);
  if (n > 0) { path[n] = 0; if (k == 0 && is_ours(path)) age(s); }
  return k;
}
"""


def test_a_rank_that_sees_another_size():
    """One whose file system tells it an old size of a file that grew: rows were lost and others doubled."""
    with open("stale.c", "w") as f:
        f.write(STALE)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "stale.so", "stale.c", "-ldl"], check=True)
    values = RNG.normal(size=(40_000, 2))
    with open("stale.csv", "w") as f:
        f.write("a,b\n" + "".join(f"{a:.6f},{b:.6f}\n" for a, b in values))
    fails(4, "'stale.csv' has", "rank 1", ranks=(3,), env={"LD_PRELOAD": os.path.abspath("stale.so")},
          command=["import", "stale.csv", "out.h5"])


def while_it_is_written(path, offset, command, ranks):
    """Runs the command while somebody overwrites eight bytes of the file, again and again."""
    stop = threading.Event()
    dice = random.Random(SEED)

    def overwrite():
        with open(path, "r+b", buffering=0) as f:
            while not stop.wait(0.02):
                f.seek(offset)
                f.write(struct.pack("<d", dice.random()) if path.endswith(".h5") else b"%8d" % dice.randrange(10**7))

    writer = threading.Thread(target=overwrite)
    writer.start()
    try:
        fails(4, path, "nobody", command=command, ranks=ranks)
    finally:
        stop.set()
        writer.join()


def test_an_input_overwritten_while_it_is_read():
    rows = 200_000  # more than either number of ranks can hold, so that the file is read again in every pass
    X = RNG.normal(size=(rows, 20))
    with h5py.File("moving.h5", "w") as f:
        f["X"] = X
        f["y"] = (X[:, 0] + RNG.normal(size=rows) > 0).astype(int)
        offset = f["X"].id.get_offset()
    for ranks in (1, 3):
        command = ["fit", "LogisticRegression(C=100.0, tol=1e-9)", "moving.h5", "--model", "out.h5", *memory(8, ranks=ranks)]
        assert json.loads(run(*command, "--json", ranks=ranks).stdout)["blocks_streamed"] > 0
        os.remove("out.h5")
        while_it_is_written("moving.h5", offset, command, (ranks,))
    with open("moving.csv", "w") as f:
        f.write("aaaaaaaa,bbbbbbbb\n" + "".join(f"{i:8d},{i:8d}\n" for i in range(300_000)))
    while_it_is_written("moving.csv", 18, ["import", "moving.csv", "out.h5"], (1, 3))


def test_an_array_too_large_for_any_file():
    for shape in ((2**48, 65536), (2**32, 2**32), (2**40, 2**40)):
        for order in (True, False):
            header = repr({"descr": "<f8", "fortran_order": order, "shape": shape}).ljust(117) + "\n"
            with open("e.npy", "wb") as f:
                f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
            fails(4, "'e.npy' is", command=["import", "e.npy", "out.h5"])


if __name__ == "__main__":
    print("seed", SEED)
    folder = tempfile.TemporaryDirectory(prefix="superstep-inputs-")
    os.chdir(folder.name)
    main(globals())
