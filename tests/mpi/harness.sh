#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A failure of the last of three ranks must fail the job, within 20 seconds, with one located message; so must a job of fewer ranks than
# were asked for.
# usage: harness.sh PROGRAM      ($MPIEXEC: the launcher)
set -euo pipefail
program=$1
failures=0
for kind in Expect Assert Throw; do
  rc=0
  timeout 20 "$MPIEXEC" -n 3 "$program" --gtest_also_run_disabled_tests --gtest_filter="Failing.*$kind" \
    > "$kind.txt" 2>&1 || rc=$?
  messages=$(grep -c '^FAILED on rank 2 of 3: Failing.DISABLED_' "$kind.txt" || true)
  reasons=$(grep -c 'expected by the harness' "$kind.txt" || true)
  if [[ $rc -eq 0 || $rc -eq 124 || $messages -ne 1 || $reasons -ne 1 ]]; then
    echo "$kind: exit code $rc, $messages messages, $reasons reasons; expected failure with one of each"
    cat "$kind.txt"
    failures=$((failures + 1))
  fi
done
if SUPERSTEP_TEST_RANKS=3 "$MPIEXEC" -n 2 "$program" --gtest_filter=Harness.RanksMeet > fewer.txt 2>&1 ||
  ! grep -q 'there should be 3 ranks, but there are 2' fewer.txt; then
  echo "two ranks instead of three pass:"
  cat fewer.txt
  failures=$((failures + 1))
fi
exit $((failures > 0))
