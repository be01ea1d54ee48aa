# SPDX-License-Identifier: BSD-3-Clause
"""What asks for more than any run could hold is refused at once, by a message that says the bound.

usage: asks_too_much.py   ($SUPERSTEP: the program)
"""
import os
import resource
import subprocess
import sys
import time

SUPERSTEP = os.environ["SUPERSTEP"]
SPACE = "{'alpha': loguniform(1e-3, 1e3)}"
VALUES = "{'alpha': range(1, 1000000), 'tol': np.logspace(-9, -3, 1000000)}"
LIMIT_S, LIMIT_KIB = 8, 700 * 1024
CASES = [  # words of the command, words of the message
    (["search", "Ridge()", "r.h5", "--random", SPACE, "--iterations", "10000000"], ["--iterations", "10,000,000", "at most"]),
    (["search", "Ridge()", "r.h5", "--random", SPACE, "--iterations", str(2**62)], ["--iterations", "at most"]),
    (["search", "Ridge()", "r.h5", "--random", SPACE, "--iterations", "1000000", "--memory", "100M"],
     ["--iterations", "1,000,000", "--memory"]),
    (["search", "Ridge()", "r.h5", "--random", "{'alpha': range(1, 1000000)}", "--iterations", "999999", "--memory", "100M"],
     ["--iterations", "at most"]),
    (["search", "Ridge()", "r.h5", "--grid", VALUES], ["--grid", "at most", "--random"]),
    (["search", "Ridge()", "r.h5", "--config", "values.cfg", "--memory", "100M"], ["--grid", "1,000,000", "at most"]),
    (["search", "Ridge()", "r.h5", "--grid", "{'alpha': range(10000000000000)}"], ["range", "1,000,000"]),
    (["search", "Ridge()", "r.h5", "--grid", "{'alpha': np.logspace(0, 1, 1000000000)}"], ["np.logspace", "1,000,000"]),
    (["fit", "KMeans(n_init=9223372036854775807)", "r.h5", "--model", "m.h5"], ["n_init", "10000"]),
    (["fit", "Ridge()", "r.h5", "--model", "m.h5", "--threads", "1000000000"], ["--threads", "1024"]),
    (["fit", "Ridge()", "r.h5", "--model", "m.h5", "--threads", "1000"], ["1000 threads could be started", "fewer --threads"]),
    (["fit", "make_pipeline(" * 5000 + "Ridge()" + ")" * 5000, "r.h5", "--model", "m.h5"], []),
]


def few_threads():
    """Address space for the stacks of some hundred threads."""
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))


def main():
    subprocess.run([SUPERSTEP, "make", "regression", "r.h5", "--rows", "2000", "--columns", "5", "--seed", "1"], check=True,
                   stdout=subprocess.DEVNULL)
    with open("values.cfg", "w") as text:
        text.write("grid = {'alpha': [" + ", ".join(f"{i}.5" for i in range(1000000)) + "]}\n")
    bad = 0
    for words, said in CASES:
        begin = time.monotonic()
        process = subprocess.Popen([SUPERSTEP, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=few_threads if "1000" in words else None)
        try:
            _, err = process.communicate(timeout=2 * LIMIT_S)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            _, err = process.communicate()
            code = None
        seconds = time.monotonic() - begin
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        is_right = (code in (1, 2, 5) and seconds < LIMIT_S and peak < LIMIT_KIB and err.count("superstep: error:") == 1
                    and len(err) < 1000 and all(word in err for word in said))
        bad += not is_right
        print(f"{'ok ' if is_right else 'BAD'} {code} {seconds:4.1f} s {peak >> 10:5} MiB  {' '.join(words)[:90]}\n    {err[:200].strip()}",
              flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
