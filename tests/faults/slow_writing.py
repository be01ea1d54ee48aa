# SPDX-License-Identifier: BSD-3-Clause
"""A disk on which one write takes far longer than the watch's patience is no death: the job waits and ends well.

usage: slow_writing.py LIBRARY   ($SUPERSTEP: the program; LIBRARY: slow_disk.cpp, to be preloaded)
"""
import filecmp
import os
import subprocess
import sys
import tempfile
import time

SUPERSTEP = os.environ["SUPERSTEP"]
LIBRARY = sys.argv[1]
PATIENCE_S = 0.3
SLOW_S = 2 * (2 * PATIENCE_S + 2) + 2  # longer than who is last to speak waits
PLAIN = ("make", "classification", "--rows", "60000")
PACKED = (*PLAIN, "--compress", "1")
CASES = (  # the command, how many ranks, which is slow, in which of its writes
    (PLAIN, 2, 0, 2),
    (PLAIN, 3, 2, 1),
    (PACKED, 2, 1, 1),
    (PACKED, 3, 0, 3),
)


def make(words, ranks, name, **more):
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), SUPERSTEP, *words[:2], name, *words[2:], "--quiet"]
    begin = time.monotonic()
    done = subprocess.run(command, env=dict(os.environ, SUPERSTEP_WATCHDOG=str(PATIENCE_S), **more), text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)
    return done.returncode, done.stderr, time.monotonic() - begin


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for words, ranks, slow, write in CASES:
            code, err, _ = make(words, ranks, "quick.h5")
            assert code == 0, f"undisturbed: {code}: {err}"
            code, err, seconds = make(words, ranks, "slow.h5", LD_PRELOAD=LIBRARY, SLOW_RANK=str(slow), SLOW_WRITE=str(write),
                                      SLOW_SECONDS=str(SLOW_S), SLOW_SAID="said")
            assert code == 0, f"rank {slow} of {ranks} was taken for dead in a write of {SLOW_S} s, exit {code}: {err}"
            assert os.path.exists("said") and seconds > SLOW_S, f"no write of rank {slow} of {ranks} was slow"
            assert filecmp.cmp("quick.h5", "slow.h5", shallow=False)
            print(f"{' '.join(words)}: rank {slow} of {ranks} wrote for {SLOW_S:.1f} s; ok", flush=True)
            for name in ("quick.h5", "slow.h5", "said"):
                os.remove(name)


if __name__ == "__main__":
    main()
