# SPDX-License-Identifier: BSD-3-Clause
"""What does not depend on how many cores there are, for bench/scaling.sh --counts: what a superstep sends, as Open MPI's
monitoring counts it, and how many instructions a row costs, as callgrind counts them.

Both are differences of two runs that differ in nothing but the number of supersteps, or of rows, so start-up falls out.
"""
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys

import scaling_runs

BLOCK = 4096
COLUMNS = 20
# {}: the number of iterations. None of them converges within it.
COUNTED = [
    ("fit", ["fit", "LogisticRegression(tol=0, max_iter={})", "DATA", "--model", "/dev/null"], (2, 6)),
    ("grid", ["search", "LogisticRegression(tol=0, max_iter={})", "DATA", "--grid", "{{'C': np.logspace(-4, 2, 10)}}", "--cv", "5",
              "--scoring", "neg_log_loss"], (2, 6)),
    ("kmeans", ["fit", "KMeans(n_clusters=8, n_init=1, tol=0, max_iter={})", "DATA", "--model", "/dev/null"], (2, 8)),
]


def counted_run(launcher, words, data, ranks, out):
    """What every rank sent in the whole run, collectives taken apart into their messages."""
    for old in out.glob("monitor.*.prof"):
        old.unlink()
    trace = out / "trace.csv"
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", ranks, "--mca", "pml_monitoring_enable", 2, "--mca",
               "pml_monitoring_enable_output", 3, "--mca", "pml_monitoring_filename", out / "monitor", os.environ["SUPERSTEP"],
               *[str(data) if w == "DATA" else w for w in words], "--json", "--quiet", "--trace", trace,
               "--memory", "1G"]  # of a node's free memory ranks may see different amounts, and agree on one
    result = json.loads(scaling_runs.run(command, scaling_runs.environment_of(ranks, launcher.cores)))
    sent = [[0, 0] for _ in range(ranks)]
    for path in out.glob("monitor.*.prof"):
        for line in path.read_text().splitlines():
            # "I 0 1 252911 bytes 100 msgs sent": of collectives; E: of the program's own.
            found = re.match(r"[IE]\t(\d+)\t\d+\t(\d+) bytes\t(\d+) msgs", line)
            if found:
                rank, size, messages = map(int, found.groups())
                sent[rank][0] += messages
                sent[rank][1] += size
    rows = [next(e[1] for e in events if e[0] == "pass") for events in scaling_runs.events_of(trace).values()]
    return result, sent, max(rows) * len(rows) / sum(rows)


def count(args, out, launcher):
    data = scaling_runs.make_data(out, launcher, max(args.count_ranks) * BLOCK, COLUMNS, "counts")
    lines = []
    print("| work | ranks | supersteps | collectives | payload bytes | messages sent by a rank (most) | bytes sent by a rank (most) | "
          "rows, most over mean |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, words, iterations in COUNTED:
        for ranks in args.count_ranks:
            runs = [counted_run(launcher, [w.format(n) for w in words], data, ranks, out) for n in iterations]
            (few, few_sent, imbalance), (many, many_sent, _) = runs
            steps = many["supersteps"] - few["supersteps"]
            if steps <= 0:
                sys.exit(f"bench/scaling.sh: {name} did not go on between {iterations} iterations")
            messages = [(b[0] - a[0]) / steps for a, b in zip(few_sent, many_sent)]
            size = [(b[1] - a[1]) / steps for a, b in zip(few_sent, many_sent)]
            line = {"work": name, "ranks": ranks, "supersteps": steps,
                    "collectives": (many["collectives"] - few["collectives"]) / steps,
                    "payload_bytes": (many["bytes_reduced"] - few["bytes_reduced"]) / steps,
                    "messages_mean": sum(messages) / ranks, "messages_most": max(messages),
                    "bytes_mean": sum(size) / ranks, "bytes_most": max(size), "imbalance_rows": imbalance}
            lines.append(line)
            print(f"| {name} | {ranks} | {steps} | {line['collectives']:.2f} | {line['payload_bytes']:,.0f} | "
                  f"{line['messages_mean']:.1f} ({line['messages_most']:.1f}) | {line['bytes_mean']:,.0f} "
                  f"({line['bytes_most']:,.0f}) | {imbalance:.3f} |", flush=True)
    return lines


def excess(lines):
    """What breaks the bounds, as text; None if nothing does. A superstep is one barrier and one allreduce."""
    wrong = []
    for line in lines:
        rounds = math.log2(line["ranks"])
        alone = next(x for x in lines if x["work"] == line["work"])
        if line["collectives"] != 1 or line["payload_bytes"] != alone["payload_bytes"]:
            wrong.append(f"{line['work']} on {line['ranks']} ranks: {line['collectives']} collectives, {line['payload_bytes']} bytes")
        # Log2 messages of the barrier, twice as many of the allreduce; it sends its payload twice, or once each round.
        if line["messages_most"] > 3 * math.ceil(rounds) or line["bytes_most"] > 1.1 * line["payload_bytes"] * max(2, rounds) + 1000:
            wrong.append(f"{line['work']} on {line['ranks']} ranks: {line['messages_most']} messages, {line['bytes_most']} bytes sent")
    return "\n".join(wrong) or None


def executed(program, words, data, ranks, out):
    """Instructions of each rank in a run under callgrind, and its passes."""
    for old in out.glob("callgrind.*"):
        old.unlink()
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", ranks, "valgrind", "--tool=callgrind",
               f"--callgrind-out-file={out}/callgrind.%q{{OMPI_COMM_WORLD_RANK}}", program,
               *[str(data) if w == "DATA" else w for w in words], "--json", "--quiet"]
    output = scaling_runs.run(command, dict(os.environ, OMPI_MCA_mpi_yield_when_idle="1", SUPERSTEP_WATCHDOG="600"))
    totals = [int(re.search(r"^(?:summary|totals): (\d+)", path.read_text(), re.M).group(1)) for path in out.glob("callgrind.*")]
    return totals, json.loads(output[output.index("{"):])["passes"]


def instructions(out, launcher):
    """Of a row in a pass, on one and two ranks; waiting for each other is left out by the difference, but for its jitter."""
    program = os.environ["SUPERSTEP_PORTABLE"]
    if shutil.which("valgrind") is None or shutil.which(program) is None:
        print(f"no instructions: they need valgrind and, as it knows no AVX-512, {program} (cmake --preset portable && "
              "cmake --build --preset portable --target superstep_app)", file=sys.stderr)
        return []
    sizes = (4 * BLOCK, 12 * BLOCK)
    data = scaling_runs.make_data(out, launcher, sizes[1], COLUMNS, "instructions")
    lines = []
    print("\n| work | ranks | instructions per row and pass | of all ranks, relative to one |\n| --- | --- | --- | --- |")
    for name, words, (_, iterations) in COUNTED:
        alone = None
        for ranks in (1, 2):
            runs = [executed(program, [w.format(iterations) for w in words] + ["--rows", str(rows)], data, ranks, out) for rows in sizes]
            (few, passes), (many, _) = runs
            each = (sum(many) - sum(few)) / (sizes[1] - sizes[0]) / passes
            alone = alone or each
            lines.append({"work": name, "ranks": ranks, "instructions_per_row_and_pass": each, "relative": each / alone})
            print(f"| {name} | {ranks} | {each:,.0f} | {each / alone:.3f} |", flush=True)
    return lines
