#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The newest scikit-learn beside Debian's: makes build/oracle, an environment with scikit-learn, h5py, pandas and anndata
# from PyPI, or uses the one that is there, and prints its versions. The tests that scikit-learn judges run on it.
# usage: tests/oracle.sh
set -euo pipefail
cd "$(dirname "$0")/.."
environment=build/oracle
python=$environment/bin/python
packages=(scikit-learn h5py pandas anndata)

are_there() { "$python" -c 'import anndata, h5py, pandas, sklearn' 2> /dev/null; }

if ! are_there; then
  mkdir -p build
  /usr/bin/python3 -m venv --clear "$environment"
  if ! "$python" -m pip install --quiet --disable-pip-version-check "${packages[@]}"; then
    rm -rf "$environment"
    echo "tests/oracle.sh: ${packages[*]} could not be had from PyPI. Where there is a mirror, name it in PIP_INDEX_URL;" \
         "to test beside Debian's scikit-learn alone, set SUPERSTEP_ORACLE=/usr/bin/python3" >&2
    exit 1
  fi
fi
"$python" - "${packages[@]}" << 'EOF'
import sys
from importlib.metadata import version
print("the oracle:", *(f"{name} {version(name)}" for name in sys.argv[1:]), flush=True)
EOF
