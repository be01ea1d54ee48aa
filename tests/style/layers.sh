#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Dependencies point downwards only: a layer includes itself and the layers named here. Only comm/ includes
# <mpi.h>, only io/ includes <hdf5.h>. A .cpp opens with its own header.
# usage: layers.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

declare -A may_use=(
  [core]=""
  [comm]="core"
  [io]="comm core"
  [data]="io comm core"
  [math]="core"
  [engine]="data comm io core"
  [learn]="engine math data io comm core"
  [select]="learn engine math data io comm core"
  [app]="select learn engine math data io comm core"
)
failures=0
fail() {
  echo "$1"
  failures=$((failures + 1))
}

shopt -s globstar nullglob
files=0
for file in include/superstep/*/**/*.hpp src/*/**/*.hpp src/*/**/*.cpp; do
  layer=${file#include/superstep/}
  layer=${layer#src/}
  layer=${layer%%/*}
  files=$((files + 1))
  if [[ -z ${may_use[$layer]+known} ]]; then
    fail "$file: '$layer' is not a layer; name it in tests/style/layers.sh"
    continue
  fi
  own=""
  first=""
  [[ $file == *.cpp ]] && own=${file#src/} && own=${own%.cpp}.hpp
  while IFS= read -r include; do
    first=${first:-$include}
    case $include in
      mpi.h) [[ $layer == comm ]] || fail "$file: <mpi.h> is for comm/ only" ;;
      hdf5.h | hdf5_hl.h | H5*.h) [[ $layer == io ]] || fail "$file: <$include> is for io/ only" ;;
    esac
    path=${include#superstep/}
    used=${path%%/*}
    [[ $path == */* && $used != "$layer" ]] || continue
    # Third parties have folders too (Eigen/Core, fmt/format.h): ours are those of the table.
    [[ $include == superstep/* || -n ${may_use[$used]+known} ]] || continue
    [[ " ${may_use[$layer]} " == *" $used "* ]] || fail "$file: $layer may not use $used (<$include>)"
  done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]+)[>"].*/\1/p' "$file")
  if [[ -n $own && ( -e include/superstep/$own || -e src/$own ) ]]; then
    [[ ${first#superstep/} == "$own" ]] || fail "$file: opens with <$first> instead of its own header"
  fi
done
[[ $files -gt 0 ]] || fail "no files found in $PWD"
echo "$files files, $failures failures"
[[ $failures -eq 0 ]]
