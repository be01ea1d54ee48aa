#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# docs/estimators/ says what the parameter tables say, docs/metrics.md what the table of metrics says. With --write: makes it so.
# usage: docs.sh [--write]     with SUPERSTEP naming the program and SUPERSTEP_SOURCE the sources
set -euo pipefail
docs="$SUPERSTEP_SOURCE/docs"
mkdir -p "$docs/estimators" estimators
failed=0
# same NAME PAGE
same() {
  "$SUPERSTEP" help --markdown "$1" > "$2"
  if [[ $write ]]; then cp "$2" "$docs/$2"; fi
  cmp "$2" "$docs/$2" || failed=1
}
write=
if [[ ${1:-} == --write ]]; then write=1; fi
# Every module that has estimators has a page.
mapfile -t modules < <("$SUPERSTEP" help estimators | sed -nE 's/^([a-z_.]+):$/\1/p')
[[ ${#modules[@]} -ge 5 ]] || { echo "help estimators names ${#modules[@]} modules"; exit 1; }
for module in "${modules[@]}" model_selection; do same "$module" "estimators/$module.md"; done
same metrics metrics.md
[[ $failed -eq 0 ]] || { echo "run: SUPERSTEP=... SUPERSTEP_SOURCE=... tests/cli/docs.sh --write"; exit 1; }
