#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs the commands that a page shows after "$" in its console blocks, and compares their output with the one it shows, times aside. Of a
# command that fails, the page shows its error. With --write: the page gets the output of today's program.
# usage: readme.sh [--write] [PAGE]     PAGE: README.md or docs/guide.md; with SUPERSTEP naming the program and SUPERSTEP_SOURCE the sources
set -euo pipefail
write=
if [[ ${1:-} == --write ]]; then write=1; shift; fi
page=$SUPERSTEP_SOURCE/${1:-README.md}
mkdir -p bin
ln -sf "$SUPERSTEP" bin/superstep
export PATH="$PWD/bin:$PATH"
grep -q '^\$ ' "$page"

run() {
  bash -c "$1" 2> errors.txt < /dev/null || grep '^superstep: error: ' errors.txt || { cat errors.txt >&2; return 1; }
}

block=
while IFS= read -r line; do
  if [[ -z $block || $line == '```' ]]; then
    echo "$line"
    [[ $line == '```console' ]] && block=1 || block=
  elif [[ $line == '$ '* ]]; then
    echo "$line"
    run "${line#\$ }"
  fi
done < "$page" > now.md

# Durations and rates differ from run to run, digests and last digits between processors; nothing else may.
essence() {
  sed -E 's/ in [0-9][^ ]* (ms|s|min|h)( [0-9]+ s)?/ in TIME/; s/\([0-9,]+ rows\/s\)/(RATE)/;
          s/^[0-9a-f]{64}/DIGEST/; s/([0-9]\.[0-9]{6})[0-9]+/\1/'
}
if [[ -n $write ]]; then cp now.md "$page"; fi
diff <(essence < "$page") <(essence < now.md)
# Digests that a page shows side by side are equal, whatever they are.
[[ $(grep -E '^[0-9a-f]{64}  ' now.md | cut -d' ' -f1 | sort -u | wc -l) -le 1 ]]
