# SPDX-License-Identifier: BSD-3-Clause
"""What the process itself takes of a budget: whoever wants an eighth of a file in memory gives an eighth beside that."""
import os
import re
import subprocess
import tempfile


def bytes_of_process(launcher, superstep):
    """`launcher`: the words before the program. The smallest work on the smallest file tells, when it is refused."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = os.path.join(folder, "tiny.h5")
        subprocess.run([superstep, "make", "regression", path, "--rows", "8", "--columns", "1", "--quiet"], check=True,
                       capture_output=True)
        done = subprocess.run([*launcher, superstep, "fit", "MaxAbsScaler()", path, "--model", os.path.join(folder, "m.h5"), "--memory",
                               "1K"], capture_output=True, text=True)
    # What it takes here: the budget that is named leaves room for what starts differ by.
    told = re.search(r"needs at least ([\d.]+) MiB", done.stderr)
    if done.returncode != 5 or not told:
        raise SystemExit(f"a budget of 1K was not refused:\n{done.stderr}")
    return int(float(told.group(1)) * 2**20)
