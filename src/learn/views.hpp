// SPDX-License-Identifier: BSD-3-Clause
// What candidates see of a table: which rows, through which map. Those that see the same share
// statistics and what is computed from them.
#pragma once

#include <span>
#include <vector>

#include <superstep/data/split.hpp>
#include <superstep/learn/affine_map.hpp>

namespace superstep {

struct View {
  SplitPtr split{};
  AffineMapPtr features{};
  bool centred = true;  ///< with the means taken out, where that is a choice

  bool operator==(const View& other) const;
};

/// Candidates with one view, by number, ascending.
struct ViewGroup {
  View view{};
  std::vector<std::size_t> members{};
};

/// In the order of their first members.
std::vector<ViewGroup> grouped(std::span<const View> views);

/// The table as an estimator that knows nothing of folds and maps has to see it.
Table seen_by(const View& view, const Table& table);

std::vector<SplitPtr> splits_of(std::span<const ViewGroup> groups);

}  // namespace superstep
