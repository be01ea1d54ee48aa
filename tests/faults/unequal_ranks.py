# SPDX-License-Identifier: BSD-3-Clause
"""Ranks that were told or given different things: the same result as equal ranks have, or one message; soon.

usage: unequal_ranks.py   ($SUPERSTEP: the program)
What a node has to give (memory, threads) may differ, and so may another node's copy of the configuration file. What
was asked for (command, options, seed, program) may not, nor the limit of the watch.
"""
import json
import os
import subprocess
import sys
import time

SUPERSTEP = os.environ["SUPERSTEP"]
LIMIT_S = 10
GRID = "{'C': np.logspace(-3, 2, 100)}"
SEARCH = ["search", "LogisticRegression()", "c.h5", "--grid", GRID, "--cv", "5"]
DRAW = ["search", "Ridge()", "r.h5", "--random", "{'alpha': loguniform(1e-3, 1e3)}", "--iterations", "6"]
EXCHANGED = ["search", "Pipeline([('s', StandardScaler()), ('c', GaussianNB())])", "c.h5", "--grid",
             "{'c': [LogisticRegression(C=0.1), LogisticRegression(), GaussianNB()], 's': [StandardScaler(), MinMaxScaler()]}"]


class Rank:
    def __init__(self, words, folder=".", **environment):
        self.words = [SUPERSTEP, *words, "--json", "--quiet"]
        self.folder = folder
        self.environment = environment

    def context(self, count=1):
        settings = [f"{name}={value}" for name, value in self.environment.items()]
        return ["-n", str(count), "-wdir", os.path.abspath(self.folder), "env", *settings, *self.words]


def run(*ranks):
    """Exit code, result and what the program says on standard error; None, None, "" where it does not end."""
    command = ["mpirun", "--oversubscribe", "--bind-to", "none"]
    for i, rank in enumerate(ranks):
        command += ([":"] if i > 0 else []) + rank.context()
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = process.communicate(timeout=3 * LIMIT_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.communicate()
        return None, None, ""
    assert time.monotonic() - start < LIMIT_S, f"took {time.monotonic() - start:.1f} s"
    said = "\n".join(line for line in err.splitlines() if line.startswith("superstep:"))
    return process.returncode, json.loads(out) if out else None, said


def best_of(result):
    return {name: result[name] for name in ("best_params", "best_score", "best_index", "n_candidates")}


def expect_same(what, ranks, alike):
    """`ranks` give the result that as many ranks like `alike` give."""
    code, expected, said = run(*[alike] * len(ranks))
    assert code == 0, (what, code, said)
    code, result, said = run(*ranks)
    assert code == 0, f"{what}: " + ("HANG" if code is None else f"exit code {code}: {said}")
    assert best_of(result) == best_of(expected), f"{what}: {best_of(result)}, expected {best_of(expected)}"
    return result


def expect_refusal(what, ranks, *words):
    code, _, said = run(*ranks)
    assert code == 2, f"{what}: " + ("HANG" if code is None else f"exit code {code}: {said}")
    assert said.count("superstep: error:") == 1 and "\n" not in said, f"{what}: {said}"
    for word in ("started differently", "rank 0 (host", *words):
        assert word in said, f"{what}: no '{word}' in: {said}"


def memory():
    small, large = Rank(SEARCH, SLURM_MEM_PER_NODE=180), Rank(SEARCH, SLURM_MEM_PER_NODE=1200)
    for ranks in ([small, large], [large, small, large]):
        result = expect_same("memory of nodes", ranks, small)
        assert result["budget_bytes"] == 180 * 2**20 // len(ranks) * 4 // 5, result["budget_bytes"]
        assert f"of rank {ranks.index(small)} on host" in result["budget_source"], result["budget_source"]
    little, much = Rank(SEARCH + ["--memory", "60M"]), Rank(SEARCH + ["--memory", "2G"])
    for ranks in ([little, much], [Rank(SEARCH), little]):
        result = expect_same("--memory", ranks, little)
        assert result["budget_bytes"] == 60 * 2**20, result["budget_bytes"]
    tiny = Rank(SEARCH + ["--memory", "100K"])
    for ranks in ([tiny, much], [much, tiny]):
        code, _, said = run(*ranks)
        assert code == 5 and said.count("superstep: error:") == 1, (code, said)


def threads():
    one = Rank(EXCHANGED, SLURM_CPUS_PER_TASK=1)
    for ranks in ([one, Rank(EXCHANGED + ["--threads", "3"])], [Rank(EXCHANGED, SLURM_CPUS_PER_TASK=4), one, one]):
        expect_same("threads", ranks, one)


def configuration():
    for folder, seed in (("here", 1), ("there", 2)):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "o.cfg"), "w") as text:
            text.write(f"seed = {seed}\n")
        for data in ("c.h5", "r.h5"):
            if not os.path.exists(os.path.join(folder, data)):
                os.symlink(os.path.abspath(data), os.path.join(folder, data))
    words = DRAW + ["--config", "o.cfg"]
    expect_same("--config of the root", [Rank(words, "here"), Rank(words, "there")], Rank(DRAW + ["--seed", "1"]))
    expect_same("--config of the root", [Rank(words, "there"), Rank(words, "here")], Rank(DRAW + ["--seed", "2"]))
    os.remove("there/o.cfg")
    expect_same("--config the root alone has", [Rank(words, "here"), Rank(words, "there")], Rank(words, "here"))
    expect_refusal("--config on one rank", [Rank(words, "here"), Rank(DRAW, "here")], "--config", "not given")
    expect_refusal("--config on one rank", [Rank(DRAW, "here"), Rank(words, "here")], "--config", "not given")


def options():
    plain = Rank(DRAW)
    expect_refusal("seed", [Rank(DRAW + ["--seed", "1"]), Rank(DRAW + ["--seed", "2"])], "--seed", "'1'", "'2'",
                   "rank 1 (host")
    expect_refusal("seed", [plain, plain, Rank(DRAW + ["--seed", "2"])], "--seed", "rank 2 (host")
    expect_refusal("folds", [plain, Rank(DRAW + ["--cv", "3"])], "--cv")
    expect_refusal("data", [plain, Rank([w.replace("r.h5", "c.h5") for w in DRAW])], "DATA", "r.h5", "c.h5")
    expect_refusal("command", [plain, Rank(["cross-validate", "Ridge()", "r.h5"])], "the command", "cross-validate")
    expect_refusal("watch", [Rank(DRAW, SUPERSTEP_WATCHDOG=5), Rank(DRAW, SUPERSTEP_WATCHDOG=50)],
                   "SUPERSTEP_WATCHDOG", "'5'", "'50'")
    code, _, said = run(plain, Rank(DRAW + ["--no-such-option", "1"]))
    assert code == 2 and said.count("superstep: error:") == 1 and "no-such-option" in said, (code, said)


def main():
    for kind, file in (("classification", "c.h5"), ("regression", "r.h5")):
        subprocess.run([SUPERSTEP, "make", kind, file, "--rows", "20000", "--columns", "20", "--seed", "1"], check=True,
                       stdout=subprocess.DEVNULL)
    bad = 0
    for check in (memory, threads, configuration, options):
        try:
            check()
            print(f"{check.__name__:<14} ok", flush=True)
        except AssertionError as e:
            bad += 1
            print(f"{check.__name__:<14} {e}", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
