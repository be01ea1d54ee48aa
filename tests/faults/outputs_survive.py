# SPDX-License-Identifier: BSD-3-Clause
"""Whatever ends a job, its output is the old one or the new one, whole, and what the job had begun is cleared away: by itself, or by the
next job where it was given no time. Signals to the program, to one rank and to mpirun at drawn moments, limits on the size of files, two
jobs that write one output, inputs that change while they are read.

usage: outputs_survive.py [--cases N] [--seed S]      with SUPERSTEP naming the program
"""
import argparse
import fcntl
import hashlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

import h5py
import numpy as np

PROGRAM = os.environ["SUPERSTEP"]
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none"]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1"}
ROWS, COLUMNS = 120_000, 10
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]

# Output, and how it is made in two versions, so that an old one is known from a new one.
JOBS = {
    "make": ("made.h5", lambda v: ["make", "classification", "made.h5", "--rows", "200000", "--columns", "20", "--seed", str(v)]),
    "import": ("imported.h5", lambda v: ["import", f"{'ab'[v]}.csv", "imported.h5", "--target", "y"]),
    "import --compress": ("packed.h5", lambda v: ["import", f"{'ab'[v]}.csv", "packed.h5", "--target", "y", "--compress", "1"]),
    "fit": ("model.h5", lambda v: ["fit", f"LogisticRegression(C={v + 1})", "d.h5", "--model", "model.h5"]),
    "search": ("results.csv", lambda v: ["search", "Ridge()", "d.h5", "--grid", f"{{'alpha': [{v + 1}, 5, 7]}}", "--results", "results.csv"]),
    "predict": ("predicted.h5", lambda v: ["predict", f"m{v}.h5", "d.h5", "--out", "predicted.h5", "--method", "predict_proba"]),
    "predict csv": ("predicted.csv", lambda v: ["predict", f"m{v}.h5", "d.h5", "--out", "predicted.csv", "--method", "predict_proba"]),
    "transform": ("transformed.h5", lambda v: ["transform", f"s{v}.h5", "d.h5", "--out", "transformed.h5"]),
    "split": ("train.h5", lambda v: ["split", "d.h5", "train.h5", "test.h5", "--seed", str(v)]),
}
READS = {"import": "a.csv", "import --compress": "a.csv", "fit": "d.h5", "search": "d.h5", "predict": "d.h5", "predict csv": "d.h5",
         "transform": "d.h5", "split": "d.h5"}


def start(words, ranks=1, mark="", limit=None):
    def limit_files():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    launcher = [*MPIRUN, "-n", str(ranks)] if ranks > 1 else []
    return subprocess.Popen([*launcher, PROGRAM, *words], env={**ENVIRONMENT, "SUPERSTEP_TEST_MARK": mark}, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=limit_files)


def run(words, ranks=1):
    done = start(words, ranks)
    _, err = done.communicate(timeout=120)
    assert done.returncode == 0, (words, done.returncode, err)
    return err


def temporaries():
    return sorted(name for name in os.listdir(".") if ".tmp." in name)


def content(name):
    """What is in an output, but for the times that search measures; nothing where there is none. Fails on one that is not whole."""
    if not os.path.exists(name):
        return None
    with open(name, "rb") as f:
        data = f.read()
    if name == "results.csv":
        rows = [line.split(",") for line in data.decode().splitlines()]
        times = [i for i, title in enumerate(rows[0]) if "_time" in title]
        data = repr([[cell for i, cell in enumerate(row) if i not in times] for row in rows]).encode()
    elif name.endswith(".h5"):
        with h5py.File(name) as f:
            f.visititems(lambda _, item: item[...] if isinstance(item, h5py.Dataset) else None)
    return hashlib.sha256(data).hexdigest()


def processes_with(mark):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/environ", "rb") as f, open(f"/proc/{name}/cmdline", "rb") as g:
                    if f"SUPERSTEP_TEST_MARK={mark}\0".encode() in f.read():
                        found.append((int(name), g.read().split(b"\0")[0].decode()))
            except OSError:
                pass
    return sorted(found)


def wait_until_gone(mark):
    deadline = time.time() + 10
    while processes_with(mark):
        assert time.time() < deadline, f"left behind: {processes_with(mark)}"
        time.sleep(0.02)


def wait_for_work(process, seconds):
    """Until the job has begun its output, at most so long."""
    deadline = time.time() + seconds
    while time.time() < deadline and process.poll() is None and not temporaries():
        time.sleep(0.001)


def end(process, mark, timeout=60):
    """Its exit code and what it said; nobody is left of it."""
    try:
        _, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        for pid, _ in processes_with(mark):
            os.kill(pid, signal.SIGKILL)
        raise AssertionError("it hangs") from None
    wait_until_gone(mark)
    ours = [line for line in err.splitlines() if line.startswith("superstep: error")]
    assert len(ours) <= 1, f"{len(ours)} messages: {err}"
    return process.returncode, ours[0] if ours else ""


class Survival:
    """The outputs of all jobs in both versions, and the cases."""

    def __init__(self, rng):
        self.rng = rng
        self.make_inputs()
        self.known, self.seconds, self.bytes = {}, {}, {}
        for job, (name, words) in JOBS.items():
            for version in (1, 0):
                begin = time.time()
                run(words(version))
                self.seconds[job] = time.time() - begin
                self.known[job, version] = content(name)
                os.rename(name, f"{version}-{name}")
            assert self.known[job, 0] != self.known[job, 1], job
            self.bytes[job] = os.path.getsize(f"0-{name}")
        self.begun = self.swept = 0

    def make_inputs(self):
        rng = np.random.default_rng(1)
        X = rng.normal(size=(ROWS, COLUMNS))
        y = (X @ rng.normal(size=COLUMNS) + rng.normal(size=ROWS) > 0).astype(float)
        with h5py.File("d.h5", "w") as f:
            f["X"], f["y"] = X, y
        for name, shift in (("a.csv", 0), ("b.csv", 1)):
            np.savetxt(name, np.column_stack([X[:40_000] + shift, y[:40_000]]), delimiter=",", fmt="%.6g",
                       header=",".join([*(f"c{i}" for i in range(COLUMNS)), "y"]), comments="")
        for v in (0, 1):
            run(["fit", f"LogisticRegression(C={0.1 + v})", "d.h5", "--model", f"m{v}.h5"])
            run(["fit", f"StandardScaler(with_mean={bool(v)})", "d.h5", "--model", f"s{v}.h5"])

    def put_old(self, job):
        """An older output, or none. Returns its content."""
        name = JOBS[job][0]
        if os.path.exists(name):
            os.unlink(name)
        if self.rng.random() < 0.3:
            return None
        shutil.copy(f"1-{name}", name)
        return self.known[job, 1]

    def judge(self, job, old, code):
        found = content(JOBS[job][0])
        assert found in (old, self.known[job, 0]), "the output is neither the old nor the new one"
        assert code != 0 or found == self.known[job, 0], "exit 0 without the new output"

    def next_job(self, job, ranks=1):
        """Runs through, clears away and says so."""
        left = temporaries()
        err = run(JOBS[job][1](0), ranks)
        assert not temporaries(), f"still there after the next job: {temporaries()}"
        assert content(JOBS[job][0]) == self.known[job, 0]
        said = re.findall(r"removed '([^']*)'", err)
        assert sorted(said) == [name for name in left if not re.search(r"\.lock(test)?", name)], (said, left)
        self.swept += len(left)

    def signals(self, job):
        name, words = JOBS[job]
        number = self.rng.choice(SIGNALS)
        ranks = self.rng.choice((1, 2, 3))
        victim = "the program" if ranks == 1 else self.rng.choice(["mpirun", "rank 0", f"rank {ranks - 1}"])
        mark = str(uuid.uuid4())
        old = self.put_old(job)
        process = start(words(0), ranks, mark)
        if self.rng.random() < 0.75:
            wait_for_work(process, 10)
            time.sleep(self.rng.uniform(0, 0.1) * self.rng.random())
        else:
            time.sleep(self.rng.uniform(0, 1.2) * (self.seconds[job] + 0.3 * (ranks > 1)))
        self.begun += bool(temporaries())
        pid = process.pid
        if victim.startswith("rank"):  # in the order in which mpirun has started them
            pids = [p for p, program in processes_with(mark) if program == PROGRAM]
            pid = pids[min(int(victim.split()[1]), len(pids) - 1)] if pids else None
        try:
            if pid is not None:
                os.kill(pid, number)
        except ProcessLookupError:
            pass
        what = f"{signal.Signals(number).name} to {victim} of {ranks}"
        try:
            code, _ = end(process, mark)
            if ranks == 1:
                codes = (0, -number)
            elif victim == "mpirun":
                codes = (0, -number, 1, 128 + number)
            else:
                codes = (0, 128 + number)
            assert code in codes, f"exit code {code}"
            self.judge(job, old, code)
            is_given_time = number != signal.SIGKILL
            assert not is_given_time or not temporaries(), f"left: {temporaries()}"
            if not is_given_time:
                self.next_job(job, self.rng.choice((1, 1, 2)))
        except AssertionError as e:
            return what, str(e)
        return what, ""

    def full(self, job):
        """No room for the output: a limit on the size of files, from the beginning or (two ranks) while it is written."""
        ranks = 1 if job in ("fit", "search") else self.rng.choice((1, 2))
        limit = int(self.bytes[job] * self.rng.uniform(0.0, 0.98))
        mark = str(uuid.uuid4())
        old = self.put_old(job)
        what = f"no more than {limit:,} of {self.bytes[job]:,} bytes, {ranks} rank{'s' * (ranks > 1)}"
        try:
            process = start(JOBS[job][1](0), ranks, mark, limit if ranks == 1 else None)
            if ranks > 1:  # MPI has files of its own when it starts
                wait_for_work(process, 10)
                for pid, program in processes_with(mark):
                    if program == PROGRAM:
                        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, limit))
            code, message = end(process, mark)
            assert code == 4 and JOBS[job][0] in message or code == 0 and ranks > 1, (code, message)
            self.judge(job, old, code)
            assert not temporaries(), f"left: {temporaries()}"
        except (AssertionError, ProcessLookupError) as e:
            return what, repr(e)
        return what, ""

    def two_writers(self, job):
        """Whoever comes last, whole; neither takes the other's file for a dead one's."""
        name, words = JOBS[job]
        marks = [str(uuid.uuid4()) for _ in range(2)]
        self.put_old(job)
        processes = []
        for version in (0, 1):
            processes.append(start(words(version), 1, marks[version]))
            time.sleep(self.rng.uniform(0, 0.5) * self.seconds[job] * (version == 0))
        try:
            said = [end(process, mark) for process, mark in zip(processes, marks)]
            assert [code for code, _ in said] == [0, 0], said
            assert content(name) in (self.known[job, 0], self.known[job, 1]), "a mixture"
            assert not temporaries(), f"left: {temporaries()}"
        except AssertionError as e:
            return "two writers", str(e)
        return "two writers", ""

    def changed_input(self, job):
        """Overwritten while it is read: refused, or read before that."""
        source = READS[job]
        shutil.copy(source, "kept")
        mark = str(uuid.uuid4())
        old = self.put_old(job)
        what = f"{source} is cut short or written over"
        process = start(JOBS[job][1](0), 1, mark)
        time.sleep(self.rng.uniform(0.2, 1.0) * self.seconds[job])
        with open(source, "r+b") as f:
            if self.rng.random() < 0.5:
                f.truncate(int(os.path.getsize(source) * self.rng.uniform(0.1, 0.9)))
            else:
                f.seek(int(os.path.getsize(source) * self.rng.uniform(0.3, 0.6)))
                f.write(b"\0" * 500_000)
        try:
            code, message = end(process, mark)
            assert code in (0, 3, 4) and (code == 0 or message), (code, message)
            assert not temporaries(), f"left: {temporaries()}"
            if content(JOBS[job][0]) not in (old, self.known[job, 0]):  # of the changed one, all of it
                found = content(JOBS[job][0])
                run(JOBS[job][1](0))
                assert code == 0 and content(JOBS[job][0]) == found, "the output is of two inputs"
        except AssertionError as e:
            return what, str(e)
        finally:
            shutil.copy("kept", source)
        return what, ""

    def case(self, number):
        job = self.rng.choice(list(JOBS))
        way = self.rng.choices([self.signals, self.full, self.two_writers, self.changed_input], [12, 4, 2, 2])[0]
        if way == self.changed_input and job not in READS:
            way = self.signals
        if job == "search" and way == self.full:  # the table of candidates is shorter than any block of a disk
            way = self.signals
        begin = time.time()
        what, failure = way(job)
        print(f"{number:>4}  {job:<22} {what:<52} {time.time() - begin:5.1f} s  {failure or 'ok'}", flush=True)
        for name in temporaries():
            os.unlink(name)
        return bool(failure)


def only_what_is_ours_and_dead(survival):
    """A live job's file, one that another host wrote a moment ago, and files of other names stay where they are."""
    job = "fit"
    name, words = JOBS[job]
    mine, theirs, old = (f"{name}.tmp.{digits * 8}" for digits in ("0ab", "1cd", "2ef"))
    others = [f"{name}.tmp.notes", f"{name}.tmp.{'a' * 23}", f"x{name}.tmp.{'a' * 24}"]
    for each in (mine, theirs, old, *others):
        with open(each, "w") as f:
            f.write("data")
    for each in (mine, old, *others):
        os.utime(each, (time.time() - 3600,) * 2)
    with open(mine, "r+") as f:
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1 << 62)
        err = run(words(0))
    assert temporaries() == sorted([mine, theirs, *others]), temporaries()
    assert f"removed '{old}'" in err and f"'{theirs}'" in err and "another host" in err and mine not in err, err
    assert content(name) == survival.known[job, 0]
    for each in temporaries():
        os.unlink(each)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=30)
    parser.add_argument("--jobs", default=",".join(JOBS), help="only these")
    parser.add_argument("--seed", type=int, default=int(time.strftime("%Y%m%d")))
    options = parser.parse_args()
    for job in JOBS.keys() - options.jobs.split(","):
        del JOBS[job]
    print(f"seed {options.seed}")
    folder = tempfile.mkdtemp()
    home = os.getcwd()
    try:
        os.chdir(folder)
        survival = Survival(random.Random(options.seed))
        bad = sum(survival.case(number) for number in range(options.cases))
        only_what_is_ours_and_dead(survival)
    finally:
        os.chdir(home)
        shutil.rmtree(folder)
    print(f"{options.cases} cases, {bad} bad; {survival.begun} were ended with an output begun, {survival.swept} files were swept")
    assert survival.begun >= options.cases // 6 and survival.swept > 0, "hardly anything was interrupted"
    raise SystemExit(1 if bad else 0)


main()
