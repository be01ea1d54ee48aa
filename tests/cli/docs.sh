#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# docs/estimators/ says what the parameter tables say. With --write: makes it so.
# usage: docs.sh [--write]     with SUPERSTEP naming the program and SUPERSTEP_SOURCE the sources
set -euo pipefail
pages="$SUPERSTEP_SOURCE/docs/estimators"
mkdir -p "$pages"
failed=0
for module in cluster decomposition linear_model model_selection naive_bayes preprocessing; do
  "$SUPERSTEP" help --markdown $module > $module.md
  if [[ ${1:-} == --write ]]; then cp $module.md "$pages/$module.md"; fi
  cmp $module.md "$pages/$module.md" || failed=1
done
# Every module that has estimators has a page.
for module in $("$SUPERSTEP" help | sed -n '/^estimators:/,$p' | sed -nE 's/^  ([a-z_]+) .*/\1/p'); do
  [[ -e $pages/$module.md ]] || { echo "docs/estimators/$module.md is missing"; failed=1; }
done
[[ $failed -eq 0 ]] || { echo "run: SUPERSTEP=... SUPERSTEP_SOURCE=... tests/cli/docs.sh --write"; exit 1; }
