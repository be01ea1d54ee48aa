#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The file that all ranks write together has the same bytes on 1, 2, 3 and 5 ranks.
# io_same_bytes.sh TEST_PROGRAM
set -euo pipefail
program=$1
for ranks in 1 2 3 5; do
  mkdir -p "np$ranks"
  (cd "np$ranks" && "$MPIEXEC" -n "$ranks" "$program" --gtest_filter='ParallelFile.WhatAllRanks*' 2>log) ||
    { cat "np$ranks/log"; exit 1; }
  cmp np1/written.h5 "np$ranks/written.h5"
done
echo "the same $(stat -c %s np1/written.h5) bytes on 1, 2, 3 and 5 ranks"
