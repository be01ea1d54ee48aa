// SPDX-License-Identifier: BSD-3-Clause
// Which rows of a block each of many models is judged by, and the models' outputs for them: cells
// are assigned once for each partition, rows gathered once for each split and role. Of a regressor
// with several targets each target is taken by itself.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <superstep/learn/metrics/sums.hpp>

#include "learn/metrics/judging.hpp"
#include "learn/metrics/model_tree.hpp"

namespace superstep {

class JudgedRows {
 public:
  /// What is done with some rows of a model, numbered as they were given, and one of its targets.
  using Take = std::function<void(std::size_t model, Index target, const OutputRows& rows)>;

  /// They must outlive it.
  explicit JudgedRows(std::span<Judging* const> models);

  /// Every model's rows of a block, a panel at a time. Any thread.
  void walk(const Block& block, Workspace& workspace, const Take& take) const;
  /// The largest output of each model, one column for each of its targets, estimated from a few of
  /// the rows: for the bounds of sums. Splits do not matter to it. Must not outlive this.
  std::shared_ptr<const RowMap> scale_map(Index columns) const;

 private:
  struct RowSet {
    SplitPtr split;  ///< null: all rows
    Role role;
    std::size_t partition;  ///< which of partitions_
    ModelTree tree{};
  };
  class ScaleMap;
  RowSet& set_of(const Judged& judged);
  OutputRows labelled(std::size_t model, OutputRows rows, Workspace& workspace) const;
  void take_each(std::size_t model, const OutputRows& rows, Workspace& workspace,
                 const Take& take) const;

  std::vector<Judging*> models_;
  std::vector<std::shared_ptr<const Partition>> partitions_;
  std::vector<RowSet> sets_;
};

}  // namespace superstep
