#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs scikit-learn with OpenBLAS from Debian, builds, and compares fits on the same cores in one run.
# usage: bench/peers/run.sh [arguments of fits.py]
set -euo pipefail
cd "$(dirname "$0")/../.."
jobs/install-packages.sh tests
cmake --preset release > /dev/null
cmake --build --preset release --target superstep_app
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
exec /usr/bin/python3 bench/peers/fits.py build/release/superstep "$@"
