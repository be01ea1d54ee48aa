# SPDX-License-Identifier: BSD-3-Clause
"""Every counter of the table (core/counters.hpp) is among what commands that train tell with --json, in its order."""
import json
import os
import re
import subprocess

PROGRAM = os.environ["SUPERSTEP"]
TABLE = os.path.join(os.environ["SUPERSTEP_SOURCE"], "include/superstep/core/counters.hpp")
COMMANDS = [["fit", "LogisticRegression()", "data.h5", "--model", "m.h5"],
            ["cross-validate", "LogisticRegression()", "data.h5", "--cv", "3"],
            ["search", "LogisticRegression()", "data.h5", "--cv", "3", "--grid", "{'C': [0.1, 1.0]}"]]


def main():
    with open(TABLE) as text:
        lines = re.findall(r'^  COUNTER\((\w+), (\w+), (\w+), "(\w*)", ', text.read(), re.MULTILINE)
    keys = [line[3] for line in lines if line[3]]
    assert len(keys) >= 8 and "passes" in keys and "bytes_reduced" in keys, lines
    subprocess.run([PROGRAM, "make", "classification", "data.h5", "--rows", "20000", "--columns", "5", "--quiet"], check=True)
    for command in COMMANDS:
        out = json.loads(subprocess.run([PROGRAM, *command, "--json"], check=True, capture_output=True).stdout)
        told = list(out)
        assert [key for key in told if key in keys] == keys, (command, told)
        assert told.index("threads") + 1 == told.index(keys[0]), told
        assert out["passes"] > 0 and out["collectives"] > 0 and out["bytes_reduced"] > 0 and out["seconds_read"] >= 0, out
    print(f"{len(keys)} counters in the results of {len(COMMANDS)} commands")


if __name__ == "__main__":
    main()
