#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Everything from a clean checkout on a bare Debian 12: installs what the tests need, builds, runs all tests
# on the release build and the unit tests once more under the sanitizers. The last line is the sum.
# usage: tests/run.sh [--no-debug] [further arguments of ctest for the release build, such as -L mpi]
set -euo pipefail
cd "$(dirname "$0")/.."

with_debug=yes
if [[ ${1:-} == --no-debug ]]; then
  with_debug=no
  shift
fi
jobs=$(nproc)
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Runs ctest and adds up its closing line "98% tests passed, 1 tests failed out of 50".
count_tests() {
  local rc=0
  ctest --parallel "$jobs" "$@" | tee "$log" || rc=$?
  local closing bad all
  closing=$(grep -E 'tests passed, [0-9]+ tests failed out of [0-9]+' "$log" || true)
  if [[ -z $closing ]]; then
    echo "tests/run.sh: ctest ended with exit code $rc and ran nothing" >&2
    exit 1
  fi
  read -r bad all <<< "$(sed -E 's/.*passed, ([0-9]+) tests failed out of ([0-9]+).*/\1 \2/' <<< "$closing")"
  if [[ $rc -ne 0 && $bad -eq 0 ]]; then bad=1; fi
  failed=$((failed + bad))
  passed=$((passed + all - bad))
}

jobs/install-packages.sh tests
[[ -n ${SUPERSTEP_ORACLE:-} ]] || tests/oracle.sh
cmake --preset release -DSUPERSTEP_BUILD_TESTS=ON -DSUPERSTEP_BUILD_BENCH=ON
cmake --build --preset release --parallel "$jobs"
count_tests --preset release "$@"
if [[ $with_debug == yes ]]; then
  cmake --preset debug
  cmake --build --preset debug --parallel "$jobs" --target unit_tests
  count_tests --preset debug -L unit
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
