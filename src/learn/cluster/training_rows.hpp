// SPDX-License-Identifier: BSD-3-Clause
// Which rows the candidates of a batch train on: all of the table, or the training rows of a fold.
// The rows of a fold are gathered, so that what is computed of them has the bits it would have if
// the table held no others, and costs no more.
#pragma once

#include <algorithm>
#include <vector>

#include <superstep/data/split.hpp>

#include "learn/cluster/centred_rows.hpp"

namespace superstep {

class TrainingRows {
 public:
  /// The number of the set of rows that this split trains on; null: all. Equal for equal splits.
  Index number_of(const SplitPtr& split) {
    const auto found = std::ranges::find(splits_, split);
    if (found == splits_.end()) {
      splits_.push_back(split);
      return size() - 1;
    }
    return found - splits_.begin();
  }
  Index size() const { return static_cast<Index>(splits_.size()); }
  const SplitPtr& split(Index set) const { return splits_[static_cast<std::size_t>(set)]; }

  /// Calls f(set, panel) for the rows of each set for which wants(set), a set after the other.
  template <class Wants, class F>
  void panels(const Origin& origin, const Block& block, Workspace& workspace, Wants&& wants,
              F&& f) const {
    const Partition* assigned = nullptr;
    std::int32_t* cells = nullptr;
    for (Index set = 0; set < size(); ++set) {
      if (!wants(set)) continue;
      ChosenRows rows{nullptr, block.rows};
      if (const Split* split = splits_[static_cast<std::size_t>(set)].get()) {
        if (split->partition.get() != assigned) {
          assigned = split->partition.get();
          cells = workspace.integers(cell_slot, block.rows);
          assigned->assign(block, cells);
        }
        rows = chosen_by(*split, cells, block.rows, workspace);
      }
      origin.panels(block, rows, workspace, [&](const RowPanel& panel) { f(set, panel); });
    }
  }

 private:
  static ChosenRows chosen_by(const Split& split, const std::int32_t* cells, Index rows,
                              Workspace& workspace) {
    std::int32_t* numbers = workspace.integers(chosen_slot, rows);
    Index n = 0;
    for (Index i = 0; i < rows; ++i) {
      numbers[n] = static_cast<std::int32_t>(i);
      n += split.role_of(cells[i]) == Role::train ? 1 : 0;
    }
    return {numbers, n};
  }

  std::vector<SplitPtr> splits_;
};

}  // namespace superstep
