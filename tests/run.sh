#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Everything from a clean checkout on a bare Debian 12: installs what the tests need, builds, runs all tests
# on the release build, and those with the label `sanitized` once more under the sanitizers: presets debug and thread,
# on the engine and what lies below it; those of estimators, too, on odd days under debug, on every fourth under
# thread. The last line is the sum.
# usage: tests/run.sh [--no-sanitizers] [further arguments of ctest for the release build, such as -L mpi]
set -euo pipefail
cd "$(dirname "$0")/.."

sanitizers="debug thread"
if [[ ${1:-} == --no-sanitizers ]]; then
  sanitizers=""
  shift
fi
jobs=$(nproc)
seed=${SEED:-$(date +%Y%m%d)}
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Runs ctest, with more at a time than there are cores, for many tests wait most of their time, and adds up its closing line "98% tests passed, 1 tests failed out of 50".
count_tests() {
  local rc=0
  ctest --parallel $((jobs + 1)) "$@" | tee "$log" || rc=$?
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
for preset in $sanitizers; do
  part=(sanitized_tests -L sanitized)
  if { [[ $preset == thread ]] && ((seed % 4 != 0)); } || { [[ $preset == debug ]] && ((seed % 2 == 0)); }; then
    echo "seed $seed: preset $preset looks at the engine and below it, not at estimators"
    part=(sanitized_engine_tests -L sanitized -L engine)
  fi
  cmake --preset "$preset"
  cmake --build --preset "$preset" --parallel "$jobs" --target "${part[0]}"
  count_tests --preset "$preset" "${part[@]:1}"
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
