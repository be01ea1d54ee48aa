# SPDX-License-Identifier: BSD-3-Clause
"""What every conformance test uses: data sets, running the program, reading models with h5py.

A test is a script tests/conformance/test_NAME.py with functions test_*(); main() runs them all. The oracle is
scikit-learn, the newest or Debian's, called in the test itself: no expected number is copied.
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback

import h5py
import numpy as np
import scipy.sparse
import sklearn

SKLEARN = tuple(int(n) for n in sklearn.__version__.split(".")[:2])  # (1, 9)
PROGRAM = os.environ.get("SUPERSTEP", os.path.join(os.path.dirname(__file__), "../../build/release/superstep"))
ENV = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
           OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_mpi_yield_when_idle="1",
           OMPI_MCA_hwloc_base_binding_policy="none", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
TAKEN = {}  # MiB by the number of ranks
SCRATCH = tempfile.TemporaryDirectory(prefix="superstep-conformance-")


def path(name):
    return os.path.join(SCRATCH.name, name)


def write(name, X, y=None, weight=None, **options):
    """A data set as a user of h5py would write it; text targets become strings. Returns its path."""
    file = path(name + ".h5")
    with h5py.File(file, "w") as f:
        f.create_dataset("X", data=X, **options)
        if y is not None:
            y = np.asarray(y)
            f.create_dataset("y", data=y.astype(object) if y.dtype.kind == "U" else y,
                             dtype=h5py.string_dtype() if y.dtype.kind in "UO" else None)
        if weight is not None:
            f.create_dataset("weight", data=weight)
    return file


def run(*arguments, ranks=1, check=True, env=None):
    """Runs the program; returns the finished process."""
    command = [PROGRAM, *map(str, arguments)]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks)] + command
    done = subprocess.run(command, capture_output=True, text=True, env=dict(ENV, **(env or {})), timeout=300)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def memory(mib, ranks=1):
    """--memory with which a rank has so many MiB beside what the process itself takes, so that it must stream."""
    if ranks not in TAKEN:
        done = run("fit", "MaxAbsScaler()", write("tiny", np.ones((1, 1))), "--model", path("tiny_model.h5"), "--memory", "1K", ranks=ranks,
                   check=False)
        TAKEN[ranks] = int(re.search(r"--memory (\d+)M", done.stderr).group(1))
    return "--memory", f"{TAKEN[ranks] + mib}M"


def attributes(model):
    """The fitted attributes of a model file by path, as numpy arrays, read by h5py."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()]

    with h5py.File(model, "r") as f:
        f.visititems(visit)
        found["estimator"] = f.attrs["estimator"]
    return found


def fit(estimator, data, *options, ranks=2, check=True):
    """Fits on `ranks` ranks; returns (attributes, JSON of the command, path of the model)."""
    model = path("model.h5")
    done = run("fit", estimator, data, "--model", model, "--json", "--quiet", *options, ranks=ranks, check=check)
    return attributes(model), json.loads(done.stdout), model


def output(command, model, data, *options, ranks=2, dataset=None):
    """The array that predict or transform writes."""
    out = path(f"{command}.h5")
    run(command, model, data, "--out", out, "--quiet", *options, ranks=ranks)
    with h5py.File(out, "r") as f:
        item = f[dataset or ("X" if command == "transform" else "predict")]
        if isinstance(item, h5py.Group):  # sparse rows
            parts = (item["data"][()], item["indices"][()], item["indptr"][()])
            return scipy.sparse.csr_matrix(parts, shape=item.attrs["shape"]).toarray()
        return item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()]


def close(actual, expected, rtol=1e-5, atol=1e-9, what=""):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol, err_msg=what)


def not_worse(objective, reference, rtol=1e-8, what=""):
    """Our objective is at most the reference's, within rtol."""
    assert objective <= reference + rtol * abs(reference), f"{what}: objective {objective!r} > {reference!r}"


def main(namespace):
    """Runs the tests of a script, or as many as `--draw N` or `--draw N%` says, drawn by the date."""
    failed = 0
    tests = [(k, v) for k, v in namespace.items() if k.startswith("test_") and callable(v)]
    if sys.argv[1:2] == ["--draw"]:
        seed, wanted = time.strftime("%Y%m%d"), sys.argv[2]
        most = -(-len(tests) * int(wanted[:-1]) // 100) if wanted.endswith("%") else min(int(wanted), len(tests))
        print(f"seed {seed} draws {most} of {len(tests)} tests", flush=True)
        tests = random.Random(seed).sample(tests, most)
    for name, test in tests:
        try:
            test()
            print(f"ok      {name}", flush=True)
        except Exception:  # noqa: BLE001 - every failure is reported, then counted
            failed += 1
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
