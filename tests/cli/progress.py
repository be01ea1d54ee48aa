#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Progress on a pseudo-terminal (a bar that is drawn again and wiped) and in a log (whole lines, or nothing)."""
import os
import pty
import re
import subprocess
import sys

PROGRAM = os.environ["SUPERSTEP"]
# Some seconds of work: a bar is drawn every fifth of one.
FIT = [PROGRAM, "fit", "KMeans(n_clusters=200, n_init=1, max_iter=60, tol=0.0)", "data.h5", "--model", "m.h5"]


def on_terminal(command):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL, env=dict(os.environ, TERM="xterm"))
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        seen += piece
    assert process.wait() == 0, seen
    return seen.decode()


# Models of which half are done early: the bar says so while their batch still runs.
SEARCHES = [("KMeans", ["search", "KMeans(n_init=1, tol=0.0)", "data.h5", "--cv", "2",
                        "--grid", "{'n_clusters': [40, 60, 80], 'max_iter': [2, 12]}"]),
            ("LogisticRegression", ["search", "LogisticRegression(tol=1e-9)", "classes.h5", "--cv", "5",
                                    "--grid", "{'C': np.logspace(-4, 2, 30), 'max_iter': [1, 100]}"])]


def models_done(name, command):
    """The pairs (done, of) in the order in which the bar showed them."""
    bar = name + r" on 1 rank: pass \d+, ([\d,]+) of ([\d,]+) models done \["
    return [tuple(int(n.replace(",", "")) for n in pair) for pair in re.findall(bar, on_terminal(command))]


def main():
    subprocess.run([PROGRAM, "make", "blobs", "data.h5", "--rows", "1000000", "--columns", "20", "--centers", "300", "--quiet"], check=True)
    text = on_terminal(FIT)
    drawn = text.split("\r\033[K")
    bars = [line for line in drawn if re.fullmatch(
        r"KMeans on 1 rank: pass \d+ \[#* *\] +\d+ %(, [\d,]+ rows/s, [\d.]+ GB/s, .+ left in this pass)?", line)]
    assert len(bars) >= 2, repr(text)
    assert any("rows/s" in bar for bar in bars), repr(text)
    assert drawn[-1].strip() == "" or "pass" not in drawn[-1], f"the bar stays on the screen: {drawn[-1]!r}"
    assert on_terminal(FIT + ["--quiet"]) == ""
    log = subprocess.run(FIT, capture_output=True, text=True, check=True).stderr
    assert "\r" not in log and "\033" not in log, repr(log)
    subprocess.run([PROGRAM, "make", "classification", "classes.h5", "--rows", "400000", "--columns", "20", "--quiet"], check=True)
    for name, search in SEARCHES:
        shown = models_done(name, [PROGRAM] + search)
        done = [d for d, _ in shown]
        assert len({of for _, of in shown}) == 1 and done == sorted(done), f"{name}: {shown}"
        assert done and done[0] == 0 and any(2 * d >= of for d, of in shown), f"{name}: {shown}"
    print(f"{len(bars)} bars drawn, models counted")


if __name__ == "__main__":
    sys.exit(main())
