#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# clang-tidy's naming check (.clang-tidy) on sources of the library and the program, and the headers they include: all of
# them, or as many as MOST says, drawn by SEED (the date), since each takes a second or two and all of them minutes.
# What passed is remembered in ./passed until the file, a header or the rules change.
# usage: naming.sh BUILD_DIRECTORY [MOST]      (the one with compile_commands.json)
set -euo pipefail
command -v clang-tidy > /dev/null || { echo "clang-tidy is missing; apt-get install clang-tidy"; exit 1; }
build=$1
most=${2:-all}
seed=${SEED:-$(date +%Y%m%d)}
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p passed

mapfile -t sources < <(find "$root/src" -name '*.cpp' | sort)
[[ ${#sources[@]} -gt 0 ]] || { echo "no sources in $root/src"; exit 1; }
# Sources without a compile command would be guessed at.
for source in "${sources[@]}"; do
  grep -q "\"$source\"" "$build/compile_commands.json" || { echo "$source: is in no CMakeLists.txt"; exit 1; }
done
all=${#sources[@]}
if [[ $most != all ]]; then
  mapfile -t sources < <(printf '%s\n' "${sources[@]}" | shuf -n "$most" --random-source=<(yes "$seed"))
  echo "seed $seed draws ${#sources[@]} of $all sources"
fi
common=$({ cat "$root/.clang-tidy"; find "$root/include" "$root/src" -name '*.hpp' | sort | xargs cat; } | sha256sum)
todo=()
for source in "${sources[@]}"; do
  key=$({ echo "$common $source"; cat "$source"; } | sha256sum | cut -d' ' -f1)
  [[ -e passed/$key ]] || todo+=("$source" "passed/$key")
done
# -w: warnings are the compiler's business.
check_one() {
  clang-tidy --quiet -p "$3" --extra-arg=-w "$1" 2> "$2.log" && mv "$2.log" "$2" && return 0
  echo "$1: clang-tidy failed"
  cat "$2.log"
  return 1
}
export -f check_one
if [[ ${#todo[@]} -gt 0 ]]; then
  printf '%s\0' "${todo[@]}" | xargs -0 -n 2 -P "$(nproc)" bash -c 'check_one "$0" "$1" "'"$build"'"'
fi
echo "${#sources[@]} sources, $((${#todo[@]} / 2)) of them checked now"
