#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# From a bare Debian 12 to a trained model: installs what is missing, builds, makes a dataset, searches for the best
# regularisation, fits a pipeline on two ranks and scores it. Everything it writes is under build/.
# usage: jobs/quickstart.sh
set -euo pipefail
cd "$(dirname "$0")/.."

jobs/install-packages.sh build
if [[ ! -f build/release/build.ninja ]]; then
  # The tests need more packages; tests/run.sh installs them and switches the tests on.
  cmake --preset release -DSUPERSTEP_BUILD_TESTS=OFF -DSUPERSTEP_BUILD_BENCH=OFF
fi
cmake --build --preset release --parallel "$(nproc)" --target superstep_app

# Open MPI refuses root, and more ranks than cores, unless it is told.
[[ $(id -u) -ne 0 ]] || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpi=(mpirun --oversubscribe --bind-to none -n 2)

# Shows a command and runs it.
show() {
  echo
  printf '$'
  for word in "$@"; do
    if [[ $word == *[\ \(\)]* ]]; then printf ' "%s"' "$word"; else printf ' %s' "$word"; fi
  done
  echo
  "$@"
}

superstep=build/release/superstep
mkdir -p build/quickstart
data=build/quickstart/train.h5
model=build/quickstart/model.h5
show "${mpi[@]}" $superstep make classification $data --rows 20000 --columns 30 --informative 10 --classes 3 --seed 1
show $superstep info $data
show "${mpi[@]}" $superstep search "make_pipeline(StandardScaler(), LogisticRegression())" $data \
  --grid "{'logisticregression__C': np.logspace(-3, 2, 10)}" --cv 5 --results build/quickstart/results.csv
show "${mpi[@]}" $superstep fit "make_pipeline(StandardScaler(), LogisticRegression(C=0.1))" $data --model $model
show $superstep info $model
show "${mpi[@]}" $superstep score $model $data --scoring accuracy,f1_macro
echo
echo "The dataset is $data, the model $model, the scores of the search build/quickstart/results.csv."
echo "Next: $superstep help"
