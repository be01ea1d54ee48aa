# SPDX-License-Identifier: BSD-3-Clause
# Everything the library stands on, from the distribution. Nothing is downloaded; what is missing is
# named with its Debian package.

# Finds a package or stops with the name of the Debian package that holds it.
macro(superstep_require name debian)
  find_package(${name} QUIET ${ARGN})
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "${name} was not found; install it: apt-get install ${debian}")
  endif()
endmacro()

set(MPI_CXX_SKIP_MPICXX TRUE)  # the C++ bindings of MPI-2 are not used
set(HDF5_PREFER_PARALLEL TRUE)

superstep_require(Threads libc6-dev)
superstep_require(MPI "libopenmpi-dev openmpi-bin" COMPONENTS C CXX)
superstep_require(HDF5 libhdf5-openmpi-dev COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "HDF5 ${HDF5_VERSION} was found, but it is the serial one and Superstep needs the "
                      "parallel one; install it: apt-get install libhdf5-openmpi-dev")
endif()
superstep_require(Eigen3 libeigen3-dev 3.4 NO_MODULE)
superstep_require(Boost "libboost-program-options-dev libboost-context-dev" 1.74
  COMPONENTS program_options context)
superstep_require(fmt libfmt-dev 9)
superstep_require(libdeflate libdeflate-dev)
superstep_require(ZLIB zlib1g-dev)
superstep_require(xxHash libxxhash-dev)
