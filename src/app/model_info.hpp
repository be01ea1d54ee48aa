// SPDX-License-Identifier: BSD-3-Clause
// What `superstep info` says of a model file: attributes, classes, coefficients by name.
#pragma once

#include <string>

#include <superstep/core/json.hpp>
#include <superstep/io/tree_file.hpp>

namespace superstep::app {

/// One finding in both forms.
struct Report {
  Json json = Json::object();
  std::string text;
  std::string warning{};  ///< why the model cannot be used; empty if it can
};

Report describe_model(const std::string& file, const Tree& tree);

/// "3 x 4".
std::string extents_text(const std::vector<Index>& shape);
Json shape_json(const std::vector<Index>& shape);

constexpr std::size_t most_values_shown = 6;
std::string word_of(const std::string& value);

}  // namespace superstep::app
