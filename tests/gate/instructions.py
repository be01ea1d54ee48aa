# SPDX-License-Identifier: BSD-3-Clause
"""Instructions per row of the kernels, counted by valgrind on the AVX2 form of them: what three blocks take
more than one, so that start-up and the other kernels cancel.
usage: instructions.py VALGRIND KERNEL_ROWS"""
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from bounds import hold

KERNELS = ["gram", "logistic_1", "logistic_50", "kmeans_50", "naive_bayes", "all_finite", "deposit"]
BLOCK = 1152  # rows, as kernel_rows.cpp has it


def instructions(valgrind, program, kernel):
    command = [valgrind, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", program, kernel]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return int(found.group(1).replace(",", ""))


def main():
    valgrind, program = sys.argv[1:]
    with ThreadPoolExecutor(2) as two:
        none, *counts = two.map(lambda kernel: instructions(valgrind, program, kernel), ["none", *KERNELS])
    measured = {kernel: (count - none) / (2 * BLOCK) for kernel, count in zip(KERNELS, counts)}
    hold("instructions", measured)


if __name__ == "__main__":
    main()
