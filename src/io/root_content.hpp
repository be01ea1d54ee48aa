// SPDX-License-Identifier: BSD-3-Clause
// What one rank adds to a file that all have written: attributes, and texts of any length, which
// parallel HDF5 does not write.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <superstep/io/h5.hpp>

namespace superstep {

struct RootContent {
  struct Attribute {
    std::string object;
    std::string name;
    std::variant<std::string, std::int64_t, bool, std::vector<std::string>,
                 std::vector<std::int64_t>>
        value;
  };
  std::vector<Attribute> attributes;
  std::vector<std::pair<std::string, std::vector<std::string>>> texts;  ///< by path

  bool empty() const { return attributes.empty() && texts.empty(); }
  /// With the serial driver, which writes texts as h5py does. The caller holds library_mutex().
  void write(hid_t file, const std::string& action) const;
};

}  // namespace superstep
