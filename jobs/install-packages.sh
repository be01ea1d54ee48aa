#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs the Debian packages that are missing, with root or sudo; without, says which line installs them.
# usage: jobs/install-packages.sh build|tests|peers|scaling|simulate
set -euo pipefail

packages=(cmake ninja-build g++ openmpi-bin libopenmpi-dev libhdf5-openmpi-dev libeigen3-dev
          libboost-program-options-dev libboost-context-dev libfmt-dev libdeflate-dev zlib1g-dev
          libxxhash-dev)
case "${1:-}" in
  build) ;;
  tests) packages+=(libgtest-dev libgmock-dev libbenchmark-dev clang-format clang-tidy hdf5-tools
                    python3-sklearn python3-h5py python3-venv valgrind
                    slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge) ;;
  peers) packages+=(libgtest-dev libgmock-dev libbenchmark-dev python3-venv python3-h5py python3-h5py-mpi
                    python3-mpi4py) ;;
  scaling) packages+=(python3-matplotlib valgrind) ;;
  simulate) packages+=(libgtest-dev libgmock-dev libbenchmark-dev valgrind python3 libsimgrid-dev) ;;
  *) echo "usage: $0 build|tests|peers|scaling|simulate" >&2; exit 2 ;;
esac

if ! command -v dpkg-query > /dev/null; then
  echo "$0: this is not Debian, so nothing was checked; the packages are named here as Debian names them:" \
       "${packages[*]}" >&2
  exit 0
fi
missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $(id -u) -eq 0 ]]; then
  as_root=(env)
elif sudo -n true 2> /dev/null; then
  as_root=(sudo env)
else
  echo "$0: packages are missing and this needs root; run:" >&2
  echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "$0: installing ${missing[*]}" >&2
"${as_root[@]}" apt-get update -qq >&2
"${as_root[@]}" DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
