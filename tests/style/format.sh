#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every C++ file as clang-format writes it; every file of ours opens with its licence and a word on what it is
# for; no file longer than a head holds.
# usage: format.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
command -v clang-format > /dev/null || { echo "clang-format is missing; apt-get install clang-format"; exit 1; }

failures=0
fail() {
  echo "$1"
  failures=$((failures + 1))
}
mapfile -t sources < <(find include src tests bench examples -name '*.[ch]pp' 2> /dev/null | sort)
[[ ${#sources[@]} -gt 0 ]] || fail "no files found in $PWD"
for file in "${sources[@]}"; do
  clang-format --dry-run -Werror "$file" 2> /dev/null || fail "$file: mend it with clang-format -i $file"
  [[ $(head -n 1 "$file") == "// SPDX-License-Identifier: BSD-3-Clause" ]] ||
    fail "$file: the first line is not its licence"
  # A .cpp is described in the header it belongs to, a unit test by its name.
  own=${file#src/}
  own=${own%.cpp}.hpp
  [[ -e include/superstep/$own || -e src/$own || $file == tests/unit/*.cpp ||
     $(sed -n 2p "$file") == "// "* ]] || fail "$file: the second line does not say what the file is for"
  lines=$(wc -l < "$file")
  [[ $lines -le 600 ]] || fail "$file: $lines lines; 600 is the limit"
  [[ $file == *.cpp ]] || grep -q '^#pragma once$' "$file" || fail "$file: no #pragma once"
done
while IFS= read -r script; do
  head -n 1 "$script" | grep -q '^#!' || continue
  [[ -x $script ]] || fail "$script: is not executable"
  head -n 5 "$script" | grep -q '# SPDX-License-Identifier: BSD-3-Clause' || fail "$script: no licence"
done < <(find .ci jobs tests bench -type f -not -path '*/__pycache__/*' 2> /dev/null | sort)
echo "${#sources[@]} sources, $failures failures"
[[ $failures -eq 0 ]]
