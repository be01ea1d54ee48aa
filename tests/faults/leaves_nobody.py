# SPDX-License-Identifier: BSD-3-Clause
"""A program that nobody launched with ranks starts no daemon, and leaves no process behind when it is killed.

usage: leaves_nobody.py      with SUPERSTEP naming the program
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

PROGRAM = os.environ["SUPERSTEP"]


def processes_with(mark):
    """The processes that inherited this word in their environment."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/environ", "rb") as f:
                if name.isdigit() and mark.encode() in f.read():
                    found.append(int(name))
        except OSError:
            pass
    return found


def main():
    folder = tempfile.mkdtemp()
    mark = str(uuid.uuid4())
    try:
        program = subprocess.Popen([PROGRAM, "make", "classification", "big.h5", "--rows", "20000000", "--columns", "50"], cwd=folder,
                                   env={**os.environ, "SUPERSTEP_TEST_MARK": mark}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.time() + 60
        while not any(".tmp." in name for name in os.listdir(folder)):  # it is at work
            assert time.time() < deadline and program.poll() is None, "it never began"
            time.sleep(0.05)
        alive = processes_with(mark)
        assert alive == [program.pid], f"others were started: {alive} beside {program.pid}"
        program.send_signal(signal.SIGKILL)
        assert program.wait() == -signal.SIGKILL
        time.sleep(1.0)
        assert processes_with(mark) == [], "somebody was left behind"
        print("nobody beside the program, nobody after it")
    finally:
        for pid in processes_with(mark):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder)


main()
