// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/mpi_version.hpp>

#include <mpi.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace superstep {

std::string mpi_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string_view all(text.data(), static_cast<std::size_t>(length));
  return std::string(all.substr(0, all.find_first_of(",\n")));  // who built it, and when, follow
}

}  // namespace superstep
