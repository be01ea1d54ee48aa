// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/hdf5_version.hpp>

#include <fmt/format.h>
#include <hdf5.h>

namespace superstep {

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("HDF5 {}.{}.{}", major, minor, release);
}

}  // namespace superstep
