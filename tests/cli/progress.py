#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Progress on a pseudo-terminal (a bar that is drawn again and wiped) and in a log (whole lines, or nothing)."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

PROGRAM = os.environ["SUPERSTEP"]
# Some seconds of work: a bar is drawn every fifth of one.
FIT = [PROGRAM, "fit", "KMeans(n_clusters=200, n_init=1, max_iter=60, tol=0.0)", "data.h5", "--model", "m.h5"]


COLUMNS = 120


def on_terminal(command, columns=COLUMNS):
    """What the program writes on a terminal of so many columns; its standard output goes there, too."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(command, stderr=theirs, stdout=theirs, env=dict(os.environ, TERM="xterm"))
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


def screen(text):
    """The lines that stay on the screen: what the program wiped is gone, a line too long has wrapped."""
    lines = [""]
    for piece in re.split("(\r\n|\r|\033\\[K)", text):
        if piece == "\r\n":
            lines.append("")
        elif piece == "\033[K":
            lines[-1] = ""
        elif piece != "\r":
            lines[-1] += piece
            assert len(lines[-1]) < COLUMNS or "[#" not in lines[-1], f"too wide for the terminal: {lines[-1]!r}"
    return [line for line in lines if line]


def bars(text):
    return [line for line in text.split("\r\033[K") if re.search(r"\[#* *\] +\d+ %", line)]


# Half of these models are done early: the bar says so while their batch still runs.
SEARCHES = [("KMeans", ["search", "KMeans(n_init=1, tol=0.0)", "data.h5", "--cv", "2", "--grid",
                        "{'n_clusters': [40, 60, 80], 'max_iter': [2, 12]}"], 12),
            ("LogisticRegression", ["search", "LogisticRegression(tol=1e-9)", "classes.h5", "--cv", "5", "--grid",
                                    "{'C': np.logspace(-4, 2, 30), 'max_iter': [1, 100]}"], 300)]


def main():
    subprocess.run([PROGRAM, "make", "blobs", "data.h5", "--rows", "1000000", "--columns", "20", "--centers", "300", "--quiet"], check=True)
    text = on_terminal(FIT)
    drawn = bars(text)
    assert len(drawn) >= 2, repr(text)
    for line in drawn:
        assert re.fullmatch(r"KMeans on 1 rank: pass \d+ \[#* *\] +\d+ %(, about .+ left)?", line), repr(line)
    assert any("left" in line for line in drawn), drawn
    stays = screen(text)
    assert not any("[#" in line or "[ " in line for line in stays), f"the bar stays on the screen: {stays}"
    assert bars(on_terminal(FIT + ["--quiet"])) == []
    log = subprocess.run(FIT, capture_output=True, text=True, check=True).stderr
    assert "\r" not in log and "\033" not in log, repr(log)
    subprocess.run([PROGRAM, "make", "classification", "classes.h5", "--rows", "400000", "--columns", "20", "--quiet"], check=True)
    for name, search, fits in SEARCHES:
        text = on_terminal([PROGRAM] + search)
        drawn = bars(text)
        percent = [int(re.search(r"\] +(\d+) %", line).group(1)) for line in drawn]
        assert len(drawn) >= 3 and percent == sorted(percent) and percent[-1] > 20, f"{name}: {drawn}"
        assert all(f"of {fits} fits done" in line for line in drawn), f"{name}: {drawn}"
        assert any("left" in line for line in drawn), f"{name}: {drawn}"
        assert not any("[#" in line or "[ " in line for line in screen(text)), screen(text)
    # Rungs: the best so far is told from the second on.
    text = on_terminal([PROGRAM, "search", "KMeans(n_init=1, tol=0.0, n_clusters=60)", "data.h5", "--cv", "2", "--grid",
                        "{'max_iter': [2, 3, 4, 5, 6, 7], 'tol': [1/30000]}", "--strategy", "halving"], columns=200)
    assert any("best so far" in line and "candidates stopped" in line for line in bars(text)), bars(text)
    # Numbers have six digits there.
    told = [line for line in bars(text) if "'tol'" in line]
    assert told and all("'tol': 3.33333e-05}" in line for line in told), told
    print(f"{len(drawn)} bars drawn")


if __name__ == "__main__":
    sys.exit(main())
