#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A disk that promises room it has not: fallocate says yes and keeps nothing. Open MPI's collective
# writes then lose data silently, and reading back must find it out. And a file system that cannot
# promise room: then the free space is looked at.
# io_lying_disk.sh TEST_PROGRAM
set -uo pipefail
program=$1
strace=$(command -v strace) || { echo "skipped: strace is not installed"; exit 77; }
"$strace" -f -o /dev/null true 2>/dev/null || { echo "skipped: strace may not trace here"; exit 77; }

run() {  # run INJECTION FILTER
  timeout 50 "$MPIEXEC" -n 3 "$strace" -f -o /dev/null -e trace=fallocate -e "inject=fallocate:$1" \
    "$program" --gtest_also_run_disabled_tests --gtest_filter="$2" >log 2>&1
  local status=$?
  grep -v 'pwritev\|write_all' log
  if grep -q '^skipped on rank 0' log; then echo "skipped: no small disk to fill"; exit 77; fi
  return $status
}

run retval=0 'FullDisk.DISABLED_*' || exit 1
grep -q 'read back wrong' log || { echo "the loss was not found by reading back"; exit 1; }
run error=EOPNOTSUPP 'FullDisk.IsTold*:FullDisk.WhatFits*' || exit 1
