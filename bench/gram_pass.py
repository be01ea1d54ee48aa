# SPDX-License-Identifier: BSD-3-Clause
"""One pass of the Gram matrix, 1,000,000 x 100 float64 in memory on two ranks, beside the kernel on a cached block of that
shape on the same cores: in turn, several times, medians.

usage: gram_pass.py SUPERSTEP KERNELS [--runs N] [--rows N]
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

RANKS, COLUMNS = 2, 100


def kernel_rate(kernels):
    """Multiply-adds of one core, in flops a second, with every core busy: one process for each."""
    command = [kernels, f"--benchmark_filter=gram/4096x{COLUMNS}/cached", "--benchmark_format=json", "--benchmark_min_time=0.3"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(RANKS)]
    rates = []
    for process in processes:
        text, _ = process.communicate()
        rates.append(json.loads(text[text.index("{"):])["benchmarks"][0]["GFLOP/s"] * 1e9)
    return statistics.mean(rates)


def pass_rate(superstep, data, rows, model):
    done = subprocess.run(["mpirun", "-n", str(RANKS), superstep, "fit", "PCA()", data, "--model", model, "--json", "--quiet"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    answer = json.loads(done.stdout)
    width = COLUMNS + 1  # and the constant 1
    return answer["passes"] * rows * width * (width + 1) / answer["seconds_passes"] / RANKS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("superstep")
    parser.add_argument("kernels")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    o = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        data, model = os.path.join(folder, "data.h5"), os.path.join(folder, "m.h5")
        subprocess.run(["mpirun", "-n", str(RANKS), o.superstep, "make", "regression", data, "--rows", str(o.rows), "--columns",
                        str(COLUMNS), "--quiet"], check=True, capture_output=True)
        pairs = [(pass_rate(o.superstep, data, o.rows, model), kernel_rate(o.kernels)) for _ in range(o.runs)]
    ratios = sorted(a / b for a, b in pairs)
    print(f"pass {statistics.median(a for a, _ in pairs) / 1e9:.1f} GF/s a core, kernel "
          f"{statistics.median(b for _, b in pairs) / 1e9:.1f} GF/s a core: {statistics.median(ratios):.2f} "
          f"({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
