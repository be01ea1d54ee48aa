// SPDX-License-Identifier: BSD-3-Clause
// A dataset and its folds: what cross-validation and searches work on.
#pragma once

#include <memory>
#include <vector>

#include <superstep/data/dataset.hpp>
#include <superstep/data/split.hpp>

namespace superstep {

struct FoldedData {
  std::shared_ptr<Dataset> data;
  std::vector<SplitPtr> splits;
};

}  // namespace superstep
