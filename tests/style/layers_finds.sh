#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# layers.sh must find each kind of trespass: one file each, in a tree of its own.
set -euo pipefail
layers=$(dirname "$0")/layers.sh
rm -rf tree

# trespass FILE LINE MESSAGE: a tree with this one line in this file is refused with this message.
trespass() {
  mkdir -p "tree/$(dirname "$1")"
  echo "$2" > "tree/$1"
  local output
  if output=$("$layers" tree) || ! grep -qF "$1: $3" <<< "$output"; then
    echo "not found: '$2' in $1; layers.sh said: $output"
    exit 1
  fi
  rm -r tree
}
trespass src/core/a.cpp '#include <superstep/io/b.hpp>' 'core may not use io'
trespass include/superstep/math/a.hpp '#include <superstep/data/b.hpp>' 'math may not use data'
trespass src/learn/linear_model/a.cpp '#include "app/b.hpp"' 'learn may not use app'
trespass src/engine/a.cpp '# include <mpi.h>' '<mpi.h> is for comm/ only'
trespass src/data/a.cpp '#include <hdf5.h>' '<hdf5.h> is for io/ only'
trespass src/other/a.cpp '' "'other' is not a layer"

mkdir -p tree/include/superstep/io tree/src/io
touch tree/include/superstep/io/a.hpp
printf '#include <superstep/io/a.hpp>\n#include <hdf5.h>\n#include <superstep/core/b.hpp>\n' > tree/src/io/a.cpp
"$layers" tree
rm -r tree
mkdir -p tree/include/superstep/io
touch tree/include/superstep/io/a.hpp
trespass src/io/a.cpp '#include <vector>' 'opens with <vector>'
