#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Strong and weak scaling over ranks and threads: one fit, one grid, one streaming fit; CSV, a table, a figure. With
# --counts also what does not depend on the cores of this machine: messages, bytes and instructions.
# usage: bench/scaling.sh [--out DIR] [--ranks 1,2,4] [--threads 1,2] ...    (--help lists all)
# Inside a Slurm job (jobs/scaling.sbatch) the ranks go over its nodes; else mpirun starts them here.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
export SUPERSTEP=${SUPERSTEP:-$source_dir/build/release/superstep}
export SUPERSTEP_PORTABLE=${SUPERSTEP_PORTABLE:-$source_dir/build/portable/superstep}

command -v "$SUPERSTEP" > /dev/null || {
  echo "bench/scaling.sh: there is no program $SUPERSTEP; build it (jobs/quickstart.sh), or set SUPERSTEP" >&2
  exit 1
}
# Open MPI refuses root unless it is told.
[[ $(id -u) -ne 0 ]] || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Debian's Python has what jobs/install-packages.sh installs; another may come first in PATH.
python=/usr/bin/python3
[[ -x $python ]] || python=python3
exec $python "$source_dir/bench/scaling.py" "$@"
