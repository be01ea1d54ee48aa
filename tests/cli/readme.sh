#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs the commands that README.md shows after "$" and compares their output with the one it shows, times aside.
# usage: readme.sh     with SUPERSTEP naming the program and SUPERSTEP_SOURCE the sources
set -euo pipefail
mkdir -p bin
ln -sf "$SUPERSTEP" bin/superstep
export PATH="$PWD/bin:$PATH"
sed -n '/^```console$/,/^```$/p' "$SUPERSTEP_SOURCE/README.md" | grep -v '^```' > shown.txt
grep -q '^\$ ' shown.txt
while IFS= read -r line; do
  echo "$line"
  case $line in
    '$ '*) bash -c "${line#\$ }" 2> errors.txt < /dev/null || { cat errors.txt; exit 1; } ;;
  esac
done < <(grep '^\$ ' shown.txt) > run.txt
# Durations and rates differ from run to run, digests and last digits between processors; nothing else may.
essence() {
  sed -E 's/ in [0-9][^ ]* (ms|s|min|h)( [0-9]+ s)?/ in TIME/; s/\([0-9,]+ rows\/s\)/(RATE)/;
          s/^[0-9a-f]{64}/DIGEST/; s/([0-9]\.[0-9]{6})[0-9]+/\1/'
}
diff <(essence < shown.txt) <(essence < run.txt)
# The digests that the page shows side by side are equal, whatever they are.
[[ $(grep -cE '^[0-9a-f]{64}  ' run.txt) -eq 2 ]]
[[ $(grep -E '^[0-9a-f]{64}  ' run.txt | cut -d' ' -f1 | sort -u | wc -l) -eq 1 ]]
