# SPDX-License-Identifier: BSD-3-Clause
"""A rank that is stopped while files are written in parallel ends the job with one message, and nothing is left behind
but what was written whole.

usage: stopped_writing.py [--cases 8] [--seed N]   ($SUPERSTEP: the program)
Each case draws the command, the number of ranks, the rank and a moment of the life of the temporary file. Where a rank is inside HDF5
then, it is one of the others that finds it, by the signs of life that do not come.
"""
import argparse
import collections
import datetime
import glob
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from stopped_anywhere import LONGEST_S, SUPERSTEP, end, processes_of, start, verdict

NEW = "new.h5"
BY_SIGNS = "written in parallel"  # what is said by who misses them
COMMANDS = (
    ("make", "classification", NEW, "--rows", "500000", "--compress", "4"),
    ("make", "classification", NEW, "--rows", "800000", "--chunk-rows", "20000"),
    ("make", "regression", NEW, "--rows", "1500000"),
    ("transform", "p.h5", "d.h5", "--out", NEW),
)


def left():
    return glob.glob(NEW + "*")


def wait_for_file(job):
    """Whether the temporary file was seen."""
    while job.poll() is None:
        if any(".tmp." in name for name in left()):
            return True
        time.sleep(0.002)
    return False


def digest():
    with open(NEW, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def undisturbed(words, ranks):
    """Seconds of writing, and what is written."""
    job = start(words, ranks)
    assert wait_for_file(job), job.communicate()
    begin = time.monotonic()
    while job.poll() is None and any(".tmp." in name for name in left()):
        time.sleep(0.002)
    seconds = time.monotonic() - begin
    code, _, err, _ = end(job, 60)
    assert code == 0 and left() == [NEW], (code, err, left())
    whole = digest()
    os.remove(NEW)
    return seconds, whole


def stop_one(draw, words, ranks, length_s, whole):
    """Returns when it was stopped, which rank's process, and how the job ended; nothing when the file was there before."""
    job = start(words, ranks)
    assert wait_for_file(job), job.communicate()
    moment_s = draw.uniform(0.0, length_s)
    time.sleep(moment_s)
    pids = processes_of(job)
    stopped = draw.randrange(ranks)
    if len(pids) < ranks or os.path.exists(NEW):
        end(job, LONGEST_S)
        return None
    begin = time.monotonic()
    os.kill(pids[stopped], signal.SIGSTOP)
    code, _, err, n_left = end(job, LONGEST_S)
    word = verdict(code, err, n_left, ranks)
    seconds = time.monotonic() - begin
    if word == "ok" and left():  # whole, where the last agreement on it was all that was missing
        word = "ok, written" if left() == [NEW] and digest() == whole else f"BAD: {left()} are left"
    return f"{['first', 'second', 'third'][stopped]} stopped after {moment_s:.2f} s", code, seconds, err, word


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=8)
    parser.add_argument("--seed", type=int, default=int(datetime.date.today().strftime("%Y%m%d")))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    draw = random.Random(options.seed)
    said = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        subprocess.run([SUPERSTEP, "make", "classification", "d.h5", "--rows", "2000000", "--columns", "12", "--dtype", "float32", "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run([SUPERSTEP, "fit", "StandardScaler()", "d.h5", "--model", "p.h5", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        lengths = {}
        by_signs = 0
        while said.total() < options.cases or (by_signs < 2 and said.total() < 3 * options.cases):
            words, ranks = draw.choice(COMMANDS), draw.choice((2, 3))
            if (words, ranks) not in lengths:
                lengths[words, ranks] = undisturbed(words, ranks)
            case = stop_one(draw, words, ranks, *lengths[words, ranks])
            for name in left():
                os.remove(name)
            if case is None:
                continue
            which, code, seconds, err, word = case
            said["BAD" if word.startswith("BAD") else word] += 1
            by_signs += word == "ok" and BY_SIGNS in err
            print(f"{' '.join(words[:2]):<20} {ranks} ranks, the {which} of {lengths[words, ranks][0]:.2f}: exit {code} after {seconds:.1f} s, {word}"
                  f"{', by signs of life' if BY_SIGNS in err else ''}", flush=True)
            if word.startswith("BAD"):
                print(err)
    print(dict(said), f"{by_signs} by signs of life")
    sys.exit(0 if said["BAD"] == 0 and by_signs >= 2 else 1)


if __name__ == "__main__":
    main()
