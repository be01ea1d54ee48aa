# SPDX-License-Identifier: BSD-3-Clause
"""A rank that is stopped at any moment of its life, also inside MPI's own calls, ends the job with one message.

usage: stopped_anywhere.py [--cases 8] [--seed N]   ($SUPERSTEP: the program)
Each case draws the command, the number of ranks, the rank and the moment, from the first instruction of the program to
the last of an undisturbed run.
"""
import argparse
import collections
import datetime
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

SUPERSTEP = os.environ["SUPERSTEP"]
PATIENCE_S = 0.5
LONGEST_S = 3 * 2 * (2 * PATIENCE_S + 2) + 10  # while MPI starts, where the rank that speaks last has to

COMMANDS = (
    ("search", "make_pipeline(StandardScaler(), LogisticRegression())", "d.h5", "--grid",
     '{"logisticregression__C": [0.1, 1.0]}', "--model", "m.h5"),
    ("fit", "KMeans(n_clusters=4, n_init=3)", "d.h5", "--model", "m.h5"),
    ("transform", "p.h5", "d.h5", "--out", "t.h5", "--overwrite"),
)


def start(words, ranks):
    return subprocess.Popen(["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), SUPERSTEP, *words,
                             "--quiet"], env=dict(os.environ, SUPERSTEP_WATCHDOG=str(PATIENCE_S)), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def processes_of(job):
    """The ranks of a job that run the program by now."""
    found = subprocess.run(["pgrep", "-P", str(job.pid)], stdout=subprocess.PIPE, text=True, check=False)
    ranks = []
    for pid in map(int, found.stdout.split()):
        try:
            if os.path.samefile(f"/proc/{pid}/exe", SUPERSTEP):
                ranks.append(pid)
        except OSError:  # has ended, or is not the program yet
            pass
    return ranks


def end(job, limit_s):
    """The exit code, what was said, and how many ranks had not ended by then."""
    try:
        out, err = job.communicate(timeout=limit_s)
        return job.returncode, out, err, 0
    except subprocess.TimeoutExpired:
        left = len(processes_of(job))
        os.killpg(job.pid, signal.SIGKILL)
        out, err = job.communicate()
        return None, out, err, left


def verdict(code, err, left, ranks):
    ours = [line for line in err.splitlines() if line.startswith("superstep: ")]
    if len(ours) == 1 and "stopped answering" in ours[0]:
        if code == 6:
            return "ok"
        # Open MPI 4.1.4's mpirun, when it ends a job: it crashes, or hangs when all ranks have gone.
        return "ok, mpirun failed" if (code is not None and code < 0) or (code is None and left == 0) else "BAD"
    # All others had ended: the work was done, and who stops in its last words to the launcher is missed by nobody.
    return "ok, too late" if code is None and left == 1 < ranks and not ours else "BAD"


def stop_one(draw, words, ranks, length_s):
    """Returns when it was stopped, and how the job ended; nothing when the job was over before."""
    job = start(words, ranks)
    deadline = time.monotonic() + 20
    while len(pids := processes_of(job)) < ranks and time.monotonic() < deadline and job.poll() is None:
        time.sleep(0.002)
    assert len(pids) == ranks, f"{ranks} ranks were not seen to start: {job.communicate()}"
    moment_s = draw.uniform(0.0, length_s)
    time.sleep(moment_s)
    begin = time.monotonic()
    try:
        os.kill(draw.choice(pids), signal.SIGSTOP)
    except ProcessLookupError:
        return None
    code, out, err, left = end(job, LONGEST_S)
    return moment_s, code, time.monotonic() - begin, err, verdict(code, err, left, ranks)


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
        subprocess.run([SUPERSTEP, "make", "classification", "d.h5", "--rows", "60000", "--columns", "12", "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run([SUPERSTEP, "fit", "PCA(n_components=3)", "d.h5", "--model", "p.h5", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        lengths = {}
        while said.total() < options.cases:
            words, ranks = draw.choice(COMMANDS), draw.choice((2, 3))
            if (words, ranks) not in lengths:
                begin = time.monotonic()
                code, _, err, _ = end(start(words, ranks), 60)
                assert code == 0, err
                lengths[words, ranks] = time.monotonic() - begin
            case = stop_one(draw, words, ranks, lengths[words, ranks])
            if case is None:
                continue
            moment_s, code, seconds, err, word = case
            said[word] += 1
            print(f"{words[0]:<10} {ranks} ranks, one stopped after {moment_s:.2f} s: exit {code} after {seconds:.1f} s, "
                  f"{word}", flush=True)
            if word == "BAD":
                print(err)
    print(dict(said))
    sys.exit(0 if said["ok"] > 0 and said["BAD"] == 0 else 1)


if __name__ == "__main__":
    main()
