# SPDX-License-Identifier: BSD-3-Clause
"""One rank fails in every way a rank can fail: the job must end, soon, with one message and the right exit code.

usage: rank_fails.py PROGRAM   (tests/faults/rank_fails.cpp)
Prints a table; exits 1 if a job hangs, says nothing, or says more than one thing.
"""
import concurrent.futures
import datetime
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

SANITIZED = os.environ.get("SUPERSTEP_SANITIZED", "none") != "none"
SLOWER = 4 if SANITIZED else 1
AT_ONCE = 2 if SANITIZED else 4  # jobs that fail wait for each other most of their time
WATCHDOG_S = 1  # a silent rank is asked after this long and given up after as long again
OURS = "superstep: "
# What mpirun itself says of a rank that died without a word.
LAUNCHER = re.compile(r"mpirun noticed|exited on signal|without calling|has exited improperly|non-zero status")

# way: (exit code or None for any but 0, a word of the message, who says it)
EXPECTED = {
    "throw": (70, "injected exception", "ours"),
    "io_error": (4, "injected I/O error", "ours"),
    "out_of_memory": (5, "out of memory", "ours"),
    "abort": (None, "", "launcher"),
    "exit_0": (None, "", "launcher"),
    "exit_1": (None, "", "launcher"),
    "finalize_exit_0": (6, "stopped answering", "ours"),
    "finalize_exit_1": (None, "", "either"),
    "sigkill": (None, "", "launcher"),
    "sigsegv": (None, "", "launcher"),
    "stall": (6, "stopped answering", "ours"),
    "stop": (6, "stopped answering", "ours"),
    "allocation": (5, "out of memory", "ours"),  # of a drawn number since the place
}


def run(program, data, way, ranks, failing, place, number, *teams):
    environment = dict(os.environ, SUPERSTEP_WATCHDOG=str(WATCHDOG_S))
    start = time.monotonic()
    process = subprocess.Popen(["mpirun", "-n", str(ranks), program, data, way, str(failing), place,
                                str(number), *teams], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, start_new_session=True)
    try:
        out, err = process.communicate(timeout=30 * SLOWER)
        return process.returncode, time.monotonic() - start, out, err
    except subprocess.TimeoutExpired:
        states = subprocess.run(["ps", "--ppid", str(process.pid), "-o", "stat="], stdout=subprocess.PIPE, text=True,
                                check=False).stdout.split()
        ranks_left = [state for state in states if not state.startswith("Z")]
        process.terminate()  # mpirun ends its ranks
        try:
            out, err = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        return None if ranks_left else "mpirun hangs", time.monotonic() - start, out, err


def mpirun_failed(code, err):
    """Open MPI 4.1.4's mpirun, when it ends a job: it crashes, or hangs when all ranks have gone."""
    return code == "mpirun hangs" or (code is not None and code < 0 and "PMIx_server_finalize" in err)


def verdict(way, code, seconds, err):
    if code is None or code == "mpirun hangs":
        return "HANG"
    expected_code, word, speaker = EXPECTED[way]
    ours = [line for line in err.splitlines() if line.startswith(OURS)]
    launcher = bool(LAUNCHER.search(err))
    if expected_code is not None and code != expected_code:
        return f"exit code {code}, expected {expected_code}"
    if code == 0:
        return "exit code 0"
    if way != "sigsegv" and ("Sanitizer" in err or "runtime error" in err):
        return "a sanitizer's report"
    if seconds > (10 + 2 * WATCHDOG_S) * SLOWER:
        return f"took {seconds:.1f} s"
    if len(ours) > 1:
        return f"{len(ours)} messages"
    if speaker == "ours" and not (ours and word in ours[0]):
        return f"no message with '{word}'"
    if speaker == "launcher" and not launcher:
        return "nobody says that a rank died"
    if speaker == "either" and not (ours or launcher):
        return "nobody says that a rank ended early"
    return "ok"


def all_cases(draw):
    """(way, ranks, failing rank, place, number of the allocation that fails, "teams" or nothing)"""
    # The root is the rank that speaks, so it fails too, in turn with another.
    for ranks in (2, 4):
        for failing in (0, ranks - 1):
            yield from ((way, ranks, failing, "map", 0) for way in EXPECTED if way != "allocation")
            yield from (("throw", ranks, failing, place, 0) for place in ("between", "solve", "write"))
            yield "out_of_memory", ranks, failing, "between", 0
            # Allocations of a few bytes and of blocks, at any moment.
            yield "allocation", ranks, failing, "targets", draw.randint(1, 20)
            yield from (("allocation", ranks, failing, "fit", draw.randint(1, 250)) for _ in range(2))
    # By teams, where the other team is at work or done when one fails.
    for failing in (0, 3):
        yield from ((way, 4, failing, "map", 0, "teams")
                    for way in ("throw", "io_error", "sigkill", "finalize_exit_0", "stop"))
        yield from ((way, 4, failing, "between", 0, "teams") for way in ("throw", "out_of_memory"))
        yield "throw", 4, failing, "solve", 0, "teams"


def chosen_cases(draw):
    """All, or of two ranks a few of them, drawn, where sanitizers take their time."""
    cases = list(all_cases(draw))
    return draw.sample([case for case in cases if case[1] == 2], 14) if SANITIZED else cases


class Ending:
    """One case, with a file of data of its own: jobs that fail side by side write beside theirs."""

    def __init__(self, program, data, case):
        self.program, self.data = program, data
        self.way, self.ranks, self.failing, self.place, self.number, *self.teams = case

    def run(self):
        return run(self.program, self.data, self.way, self.ranks, self.failing, self.place, self.number, *self.teams)

    def told(self):
        """Whether it ended well, and the line of the table, with what was said where it did not."""
        code, seconds, out, err = self.run()
        while self.way == "allocation" and "not reached" in out:  # so many there are not
            self.number = (self.number + 1) // 2
            code, seconds, out, err = self.run()
        head = f"{self.way:<18} {self.ranks:>5} {self.failing:>7}"
        text = ""
        for _ in range(4):
            if not mpirun_failed(code, err):
                break
            text += f"{head} mpirun failed while it ended the job; once more\n"
            code, seconds, _, err = self.run()
        said = verdict(self.way, code, seconds, err)
        text += f"{head} {self.place:<8} {self.number:>6} {str(code):>5} {seconds:>8.1f}  {said} {' '.join(self.teams)}"
        return said == "ok", text if said == "ok" else f"{text}\n{err}"


def main():
    program = sys.argv[1]
    seed = int(datetime.date.today().strftime("%Y%m%d"))
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data.h5")
        with h5py.File(data, "w") as f:
            f["X"] = np.arange(5 * 4096 * 3, dtype=float).reshape(-1, 3)
            f["y"] = np.arange(5 * 4096) % 7 % 2
        for teams in ((), ("teams",)):
            code, seconds, out, err = run(program, data, "none", 4, 1, "map", 0, *teams)
            assert code == 0 and "20480 rows" in out, (code, out, err)
        endings = []
        for number, case in enumerate(chosen_cases(random.Random(seed))):
            endings.append(Ending(program, os.path.join(folder, f"{number}.h5"), case))
            os.link(data, endings[-1].data)
        print(f"{'way':<18} {'ranks':>5} {'failing':>7} {'place':<8} {'number':>6} {'exit':>5} {'seconds':>8}  verdict")
        bad = 0
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for is_well, text in pool.map(Ending.told, endings):
                bad += not is_well
                print(text, flush=True)
    print(f"{bad} bad endings")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
