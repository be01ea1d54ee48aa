// SPDX-License-Identifier: BSD-3-Clause
// What boosting knows of the targets before there is a tree.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "learn/trees/boosting_rows.hpp"

namespace superstep::trees {

/// Of the rows that one model trains on.
struct BoostingStart {
  Vector class_factors{};  ///< empty: none
  Vector baseline{};
  std::shared_ptr<const AgreedError> failure{};  ///< why there can be no model
};

/// One pass. **Collective.**
std::vector<BoostingStart> starts_of(Engine& engine, const Table& table, const std::string& name,
                                     std::span<const ModelState> models);

}  // namespace superstep::trees
