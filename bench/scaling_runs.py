# SPDX-License-Identifier: BSD-3-Clause
"""One measured run of the program for bench/scaling.py: how it is launched and what its trace says."""
import csv
import dataclasses
import json
import math
import os
import pathlib
import subprocess
import sys

from process_memory import bytes_of_process


@dataclasses.dataclass(frozen=True)
class Work:
    name: str
    words: tuple  # behind `superstep`, ESTIMATOR and DATA being put in
    streams: bool = False


WORKS = {w.name: w for w in [
    Work("fit", ("fit", "ESTIMATOR", "DATA", "--model", "/dev/null")),
    Work("grid", ("search", "ESTIMATOR", "DATA", "--grid", "{'C': np.logspace(-4, 2, 10)}", "--cv", "5",
                  "--scoring", "neg_log_loss")),
    Work("stream", ("fit", "ESTIMATOR", "DATA", "--model", "/dev/null"), streams=True),
]}


# Other rows take other numbers of iterations to converge, so weak runs do a fixed number.
ESTIMATORS = {"strong": "LogisticRegression()", "weak": "LogisticRegression(tol=0, max_iter=6)"}


class Launcher:
    """mpirun or srun; inside a Slurm job over its nodes, else on this machine."""

    def __init__(self, name):
        self.name = name
        self.nodes = int(os.environ.get("SLURM_JOB_NUM_NODES", 1))
        here = len(os.sched_getaffinity(0))
        cores = int(os.environ.get("SLURM_CPUS_ON_NODE", here))
        self.cores = self.nodes * cores
        # As many ranks as the job has tasks, else as there are cores.
        self.tasks = int(os.environ.get("SLURM_NTASKS", self.cores))
        self.threads = int(os.environ.get("SLURM_CPUS_PER_TASK", 1 if "SLURM_JOB_ID" in os.environ else min(2, cores)))
        self.per_node = math.ceil(self.tasks / self.nodes)
        self.words = f"{name} on {self.nodes} node{'s' if self.nodes > 1 else ''} of {cores} cores"

    def command(self, ranks, threads):
        nodes = min(self.nodes, math.ceil(ranks / self.per_node))
        if self.name == "srun":
            return ["srun", "--mpi=pmix", "--kill-on-bad-exit=1", f"--nodes={nodes}", f"--ntasks={ranks}",
                    f"--cpus-per-task={threads}"]
        spread = ["--map-by", f"ppr:{self.per_node}:node"] if self.nodes > 1 and ranks >= self.per_node else []
        return ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *spread]


def run(command, environment=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"bench/scaling.sh: exit code {done.returncode}: {' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def environment_of(workers, cores):
    """Ranks that have a core each wait without leaving it; others must leave it. What is set already stays."""
    environment = dict(os.environ)
    environment.setdefault("OMPI_MCA_mpi_yield_when_idle", "1" if workers > cores else "0")
    return environment


def make_data(out, launcher, rows, columns, name="scaling"):
    path = pathlib.Path(out) / f"{name}_{rows}x{columns}.h5"
    if not path.exists():
        run([*launcher.command(1, 1), os.environ["SUPERSTEP"], "make", "classification", path, "--rows", rows, "--columns", columns,
             "--seed", 1, "--quiet"])
    return path


def words_of(launcher, work, mode, data, rows, columns, ranks, threads):
    words = [{"DATA": str(data), "ESTIMATOR": ESTIMATORS[mode]}.get(w, w) for w in work.words] + ["--rows", str(rows)]
    if work.streams:  # an eighth of the rows stays in memory, if the work itself needs no more
        of_process = bytes_of_process(launcher.command(ranks, threads), os.environ["SUPERSTEP"])
        words += ["--memory", str(of_process + max(rows * columns // ranks, threads * (8 << 20)))]
    return words


def events_of(path):
    """{rank: [(what, bytes, begin, wait, end)]}, in order."""
    ranks = {}
    with open(path) as file:
        for e in csv.DictReader(file):
            ranks.setdefault(int(e["rank"]), []).append(
                (e["what"], int(e["bytes"]), float(e["begin_s"]), float(e["wait_s"]), float(e["end_s"])))
    return ranks


def phases_of(events, streams):
    """What one rank did from the first pass to the last collective that follows one. Loading counts where it is streamed."""
    local = ("load", "pass")
    first = next(i for i, e in enumerate(events) if e[0] in local)
    last = max(i for i, e in enumerate(events) if e[0] == "pass") + 1
    window = events[first:last + 1]
    loads = sum(e[4] - e[2] for e in window if e[0] == "load")
    passes = [e for e in window if e[0] == "pass"]
    collectives = [e for e in window if e[0] not in local]
    phase = {
        "seconds": window[-1][4] - window[0][2] - (0 if streams else loads),
        "compute_s": sum(e[4] - e[2] - e[3] for e in passes),
        "files_s": sum(e[3] for e in passes) + (loads if streams else 0),
        "wait_s": sum(e[3] for e in collectives),
        "exchange_s": sum(e[4] - e[2] - e[3] for e in collectives),
    }
    phase["update_s"] = phase["seconds"] - sum(v for k, v in phase.items() if k != "seconds")
    return phase


def supersteps_of(events):
    """Seconds from pass to pass, loading left out where it lies before the first."""
    passes = [i for i, e in enumerate(events) if e[0] == "pass"]
    ends = [events[i][2] for i in passes[1:]] + [events[passes[-1] + 1][4]]
    return [end - events[i][2] for i, end in zip(passes, ends)]


def measure(launcher, work, mode, data, rows, columns, ranks, threads, out):
    trace = pathlib.Path(out) / "trace.csv"
    command = [*launcher.command(ranks, threads), os.environ["SUPERSTEP"], *words_of(launcher, work, mode, data, rows, columns, ranks, threads),
               "--threads", threads, "--json", "--quiet", "--trace", trace]
    result = json.loads(run(command, environment_of(ranks * threads, launcher.cores)))
    if result["ranks"] != ranks or result["threads"] != threads:
        sys.exit(f"bench/scaling.sh: asked for {ranks} x {threads}, got {result['ranks']} x {result['threads']}: {command}")
    if work.streams != (result["blocks_streamed"] > 0):
        sys.exit(f"bench/scaling.sh: {work.name} should {'' if work.streams else 'not '}stream; the budget is "
                 f"{result['budget_bytes']} bytes, {result['budget_source']}")
    events = events_of(trace)
    per_rank = [phases_of(e, work.streams) for e in events.values()]
    run_ = {"passes": result["passes"], "supersteps": result["supersteps"], "collectives": result["collectives"],
            "payload_bytes": result["bytes_reduced"],
            "bytes_passed": sum(e[1] for of_rank in events.values() for e in of_rank if e[0] == "pass")}
    run_["seconds"] = max(p["seconds"] for p in per_rank)
    for key in list(per_rank[0])[1:]:
        run_[key] = sum(p[key] for p in per_rank) / len(per_rank)
    run_["imbalance"] = max(p["compute_s"] for p in per_rank) / run_["compute_s"]
    return run_, supersteps_of(events[0])
