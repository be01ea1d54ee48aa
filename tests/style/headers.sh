#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Compiles public headers alone, so that each includes what it needs: all of them, or as many as MOST says, drawn by SEED (the date).
# usage: headers.sh BUILD_DIRECTORY [MOST]
set -euo pipefail
build=$1
most=${2:-all}
seed=${SEED:-$(date +%Y%m%d)}
mapfile -t objects < <(cmake --build "$build" -- -t targets all |
  sed -n 's/^\(src.*superstep_verify_interface_header_sets\/.*\.o\): .*/\1/p' | sort)
[[ ${#objects[@]} -gt 100 ]] || { echo "$build builds ${#objects[@]} headers alone"; exit 1; }
all=${#objects[@]}
if [[ $most != all ]]; then
  mapfile -t objects < <(printf '%s\n' "${objects[@]}" | shuf -n "$most" --random-source=<(yes "$seed"))
fi
echo "seed $seed draws ${#objects[@]} of $all headers"
cmake --build "$build" --parallel "$(nproc)" --target "${objects[@]}"
