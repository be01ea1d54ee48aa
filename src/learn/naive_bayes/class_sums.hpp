// SPDX-License-Identifier: BSD-3-Clause
// Weighted sums over the rows of each class, for the folds of a batch: one superstep of sums by
// cell and class serves every split. What is added up of a row is its values, or what is told of
// them: whether they lie above a threshold, which category they are.
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>
#include <superstep/math/matrix.hpp>
#include <superstep/math/panel.hpp>

#include "learn/cells.hpp"

namespace superstep {

/// What a row adds to the sums of its class.
struct Summands {
  using Add = std::function<void(const Block&, const double* group, math::Panel sums, Workspace&)>;

  Index width = 0;             ///< how many
  std::vector<int> exponents;  ///< |summand| < 2^e; none: as the columns of the table
  /// sums.row(group[i]) += weight of row i * its summands, for all rows of the block. Has the
  /// doubles of the workspace from 1 on.
  Add add;
  /// The same of sparse rows: sums.row(s)[group[i]] += weight of row i * its summand s. None: they
  /// are written out. What is not stored adds nothing, and is not outside.
  Add add_sparse{};
  /// Values outside are counted.
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();

  bool counts_outside() const { return least > -HUGE_VAL || most < HUGE_VAL; }
};

/// Of some rows.
struct ClassSums {
  Vector weight;   ///< classes
  Matrix sums;     ///< classes x width
  Vector outside;  ///< of each column, in rows with a weight above zero; empty if not counted
};

class SumsByClass {
 public:
  /// **Collective**, one superstep.
  SumsByClass(Engine& engine, const Table& table, Index classes, std::span<const SplitPtr> splits,
              const Summands& summands);

  /// Of the rows the split trains on (null: all rows); the same bits whatever other splits there
  /// are.
  ClassSums of(const SplitPtr& split) const;

  /// What this takes, beside what `add` does.
  static Footprint footprint(Index columns, Index classes, Index width,
                             std::span<const Candidate> batch);

 private:
  Totals add_up(Engine& engine, const Table& table, const Summands& summands);
  void add(const Summands& summands, const Block& block, Partial& sum, Workspace& workspace) const;
  void count_outside(const Summands& summands, const Block& block, const std::int32_t* cell,
                     math::Panel counts) const;

  Totals superstep_of(Engine& engine, const Table& table, const Summands& summands);
  void add_sparse(const Summands& summands, const Block& block, Index first,
                  const std::int32_t* cell, Partial& sum, Workspace& workspace) const;

  Cells cells_;
  bool is_sparse_;
  Index classes_, columns_, width_;
  SumShape shape_;
  Index weights_ = 0, sums_ = 0, outside_ = -1;  ///< runs of the first cell
  Totals totals_;
};

}  // namespace superstep
