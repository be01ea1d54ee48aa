#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs this build into a scratch directory, then configures, builds and runs the examples with it, as a
# project of a user's own would.
# usage: install.sh BUILD_DIRECTORY      ($MPIEXEC: the launcher, $SUPERSTEP_SOURCE: the sources)
set -euo pipefail
rm -rf prefix build outside
cmake --install "$1" --prefix "$PWD/prefix" > install.txt
cp -r "$SUPERSTEP_SOURCE/examples" outside
cmake -G Ninja -S outside -B build -DCMAKE_PREFIX_PATH="$PWD/prefix" -DCMAKE_BUILD_TYPE=Debug
cmake --build build

superstep=prefix/bin/superstep
$superstep --version
$superstep make classification train.h5 --rows 9000 --columns 8 --classes 2 --seed 1 --quiet
$superstep make classification test.h5 --rows 5000 --columns 8 --classes 2 --seed 1 --quiet

# The same answers on one rank and on three.
for ranks in 1 3; do
  "$MPIEXEC" -n $ranks build/example_fit_and_score train.h5 test.h5 | tee fit_and_score.$ranks
  "$MPIEXEC" -n $ranks build/example_pipeline train.h5 model.$ranks.h5 | tee pipeline.$ranks
  "$MPIEXEC" -n $ranks build/example_own_superstep train.h5 | tee own_superstep.$ranks
done
for example in fit_and_score pipeline own_superstep; do cmp $example.1 $example.3; done
cmp model.1.h5 model.3.h5
grep -Eq '^accuracy 0\.[5-9]|^accuracy 1' fit_and_score.1

# An error that nobody catches: one line, the exit code of the error.
rc=0
build/example_fit_and_score nowhere.h5 test.h5 2> error.txt || rc=$?
[[ $rc -eq 4 ]]
[[ $(grep -c '^superstep: error: ' error.txt) -eq 1 ]]
