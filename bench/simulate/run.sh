#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Records a fit and a search on 1, 2 and 4 ranks, predicts their times on this machine and on the clusters described
# in clusters/, by closed form and, where SimGrid is installed, message by message; compares, tabulates, plots.
# usage: bench/simulate/run.sh [OUT]        default build/simulate
#   RUNS=5 recordings of each   MOST=256 ranks that SimGrid replays at most   SCALE=1 of the rows   PRESET=release
set -euo pipefail
cd "$(dirname "$0")/../.."
here=bench/simulate
preset=${PRESET:-release}
out=${1:-build/simulate}
runs=${RUNS:-5}
most=${MOST:-256}
scale=${SCALE:-1}
jobs/install-packages.sh simulate || echo "$0: going on without what is missing" >&2
cmake --preset "$preset" -DSUPERSTEP_BUILD_BENCH=ON > /dev/null
cmake --build --preset "$preset" --target superstep_app bench_collectives
superstep=build/$preset/superstep
mkdir -p "$out/traces"
rm -f "$out"/traces/* "$out"/collectives-*.txt

# More ranks than cores, also as root in a container.
export OMPI_MCA_rmaps_base_oversubscribe=1
unset OMPI_MCA_hwloc_base_binding_policy
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

cores=$(nproc)
rows() { awk "BEGIN { print int($1 * $scale) }"; }
$superstep make classification "$out/fit.h5" --rows "$(rows 1000000)" --columns 50 --seed 1
$superstep make classification "$out/grid.h5" --rows "$(rows 400000)" --columns 50 --seed 1
crowd=$((2 * cores))
# A rank for each core while there are enough: two that begin on one core may stay there for seconds.
start() { if (($1 <= cores)); then mpirun --bind-to core -n "$@"; else mpirun --bind-to none -n "$@"; fi; }
for ((i = 1; i <= runs; ++i)); do
  for ranks in 1 2 4; do
    start $ranks $superstep fit "LogisticRegression()" "$out/fit.h5" --model "$out/model.h5" --quiet \
      --trace "$out/traces/fit-$ranks-$i.csv" > /dev/null
    start $ranks $superstep search "LogisticRegression()" "$out/grid.h5" --grid "{'C': np.logspace(-3, 2, 10)}" \
      --cv 5 --scoring neg_log_loss --results "$out/results.csv" --quiet \
      --trace "$out/traces/grid-$ranks-$i.csv" > /dev/null
  done
  start 2 "build/$preset/bench/collectives" > "$out/collectives-2-$i.txt"
  start $crowd "build/$preset/bench/collectives" > "$out/collectives-crowded-$i.txt"
done

# This machine, as the clusters are described: latency a hop (barrier and call are two), bandwidth, waking up.
# Whatever else it does makes messages slower, so the fastest round counts.
least() { awk -v key="$1" '$1 == key && (!n++ || $2 < m) { m = $2 } END { print m }' "${@:2}"; }
few=$(least 8 "$out"/collectives-2-*.txt)
many=$(least 1048576 "$out"/collectives-2-*.txt)
crowded=$(least 8 "$out"/collectives-crowded-*.txt)
cat > "$out/traces/here.toml" << EOF
name = "this machine"
cores = $cores
memory_gbs = inf  # is in the recordings, all cores at work
latency_us = 0.0
bandwidth_gbs = inf
node_latency_us = $(awk "BEGIN { printf \"%.3f\", $few / 2 }")
node_bandwidth_gbs = $(awk "BEGIN { printf \"%.3f\", 1048.576 / ($many - $few) }")
crowded_latency_us = $(awk "BEGIN { for (p = 1; p < $crowd; p *= 2) ++n; printf \"%.3f\", $crowded / (2 * n) }")
wake_us = $(least late "$out"/collectives-2-*.txt)
noise = 0.0
EOF

replay=()
if command -v smpicxx > /dev/null; then
  smpicxx -O2 -std=c++20 $here/replay.cpp -o "$out/replay"
  replay=(--replay "$out/replay" --most "$most")
else
  echo "$0: SimGrid is not installed (apt-get install libsimgrid-dev), so only the closed form is computed" >&2
fi
/usr/bin/python3 $here/predict.py "$out/traces" "$out" "${replay[@]}"
/usr/bin/python3 $here/figure.py "$out/scaling.csv" "$out/scaling.svg"
echo "wrote $out/compare.csv $out/scaling.csv $out/scaling.svg"
