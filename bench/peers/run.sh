#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Compares Superstep with its peers: builds, makes an environment of the newest versions from PyPI under build/, and runs the
# same work on the same data and cores, in turn (compare.py, whose arguments are taken). What cannot be had is named and left
# out. Writes build/peers/peers.csv and build/peers/peers.svg.
# usage: bench/peers/run.sh [--peers sklearn,intelex,dask,xgboost,raw,h5py,h5py_mpi] [--works NAME,...] [--runs N] [--scale F]
set -euo pipefail
cd "$(dirname "$0")/../.."
jobs/install-packages.sh peers
cmake --preset release -DSUPERSTEP_BUILD_BENCH=ON > /dev/null
cmake --build --preset release --target superstep_app bench_reading

environment=build/peers/environment
python=$environment/bin/python
[[ -x $python ]] || /usr/bin/python3 -m venv "$environment"
# One by one: each brings what it can of the rest. XGBoost without the libraries for GPUs.
for package in scikit-learn h5py scikit-learn-intelex dask-ml distributed xgboost-cpu lightgbm; do
  "$python" -m pip show --quiet "$package" 2> /dev/null && continue
  "$python" -m pip install --quiet --disable-pip-version-check "$package" 2> build/peers/pip.txt ||
    echo "# could not be had: $package ($(grep -m1 ERROR build/peers/pip.txt || true))"
done
"$python" -m pip show --quiet lightgbm 2> /dev/null &&
  echo "# lightgbm has trees only, of which there are none here: installed, nothing to compare; of xgboost its linear booster runs"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
"$python" bench/peers/compare.py build/release --csv build/peers/peers.csv --svg build/peers/peers.svg "$@"
