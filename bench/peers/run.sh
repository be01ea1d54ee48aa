#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs scikit-learn with OpenBLAS from Debian, builds, and compares fits and searches on the same cores, in turn.
# With DASK=yes an environment with dask-ml is made under build/ and the logistic grid is run with it as well.
# usage: bench/peers/run.sh [fits|searches] [arguments of fits.py or searches.py]
set -euo pipefail
cd "$(dirname "$0")/../.."
what=all
case "${1:-}" in fits | searches) what=$1; shift ;; esac
jobs/install-packages.sh peers
cmake --preset release > /dev/null
cmake --build --preset release --target superstep_app
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
dask=()
if [[ ${DASK:-no} == yes ]]; then
  python=build/dask/bin/python
  if [[ ! -x $python ]]; then
    /usr/bin/python3 -m venv build/dask
    build/dask/bin/pip install --quiet dask-ml distributed h5py 'scikit-learn<1.6'
  fi
  dask=(--dask "$python")
fi
[[ $what == searches ]] || /usr/bin/python3 bench/peers/fits.py build/release/superstep "$@"
[[ $what == fits ]] || /usr/bin/python3 bench/peers/searches.py build/release/superstep "${dask[@]}" "$@"
