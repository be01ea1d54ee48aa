#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Configuring without MPI, without HDF5, or with the serial HDF5 must fail and name the Debian package.
# usage: missing.sh      ($SUPERSTEP_SOURCE: the sources)
set -euo pipefail
rm -rf build include h5cc

# refuses MESSAGE ARGUMENT...: configuring with these arguments fails with this message.
refuses() {
  local message=$1
  shift
  rm -rf build
  if cmake -G Ninja -S "$SUPERSTEP_SOURCE" -B build "$@" > output.txt 2>&1; then
    echo "configured although it should not: $*"
    exit 1
  fi
  # CMake breaks long messages into lines.
  tr -s ' \n' ' ' < output.txt | grep -qF "$message" || { echo "no word of '$message':"; cat output.txt; exit 1; }
}
refuses 'install it: apt-get install libopenmpi-dev' -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON
refuses 'install it: apt-get install libhdf5-openmpi-dev' -DCMAKE_DISABLE_FIND_PACKAGE_HDF5=ON

# A serial HDF5 as FindHDF5 sees it: a compiler wrapper that leads to a header without H5_HAVE_PARALLEL.
mkdir include
printf '#define H5_VERSION "1.10.8"\n#define H5_VERS_INFO "1.10.8"\n' | tee include/H5pubconf.h > include/hdf5.h
touch include/libhdf5.so
printf '#!/bin/sh\necho "gcc -I%s %s"\n' "$PWD/include" "$PWD/include/libhdf5.so" > h5cc
chmod +x h5cc
refuses 'it is the serial one and Superstep needs the parallel one; install it: apt-get install libhdf5-openmpi-dev' \
  -DHDF5_C_COMPILER_EXECUTABLE="$PWD/h5cc"
echo "three refusals, each with the package"
