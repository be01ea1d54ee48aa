// SPDX-License-Identifier: BSD-3-Clause
// Sums of targets by the value of each column, for the folds of every split of a batch in one pass:
// what TargetEncoder is made of. Each row counts by its weight.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/engine/engine.hpp>

#include "learn/cells.hpp"
#include "learn/preprocessing/categories_found.hpp"

namespace superstep {

/// The values that columns hold, each with a slot: those of one column lie side by side.
class ValueSlots {
 public:
  /// `found`: of each column.
  explicit ValueSlots(const std::vector<DistinctValues>& found);

  Index columns() const { return std::ssize(values_); }
  Index size() const { return first_.back(); }
  Index first(Index column) const { return first_[static_cast<std::size_t>(column)]; }
  /// NaN stands for what is missing.
  const std::vector<double>& values(Index column) const {
    return values_[static_cast<std::size_t>(column)];
  }
  /// Of rows x columns values. DataError for a value that is none of them.
  void find(const double* x, Index rows, std::int32_t* slots) const;

 private:
  std::vector<std::vector<double>> values_;
  std::vector<CategoryLookup> lookups_;
  std::vector<Index> first_{0};
};

/// How a row's target is read.
struct TargetReading {
  Labels classes{};        ///< none: it is a number
  bool are_codes = false;  ///< y is the number of a class already
  Index outputs() const { return std::max<Index>(classes.size(), 1); }
  bool is_continuous() const { return classes.size() == 0; }
};

/// Of some rows, for each slot: what those weigh that hold the value, and their targets' sums. Of
/// classes those are what the rows of each weigh.
struct TargetSums {
  std::vector<double> counts;   ///< by slot
  std::vector<double> sums;     ///< by slot and output, of deviations from `shift`
  std::vector<double> squares;  ///< likewise
  double shift = 0.0;
};

class TargetSumsByCell {
 public:
  /// `within`: splits whose partitions say in which fold a row lies. **Collective**, one superstep.
  TargetSumsByCell(Engine& engine, const Table& table, const ValueSlots& slots,
                   const TargetReading& reading, std::span<const SplitPtr> within);
  /// Of the rows that train in a split of one of these partitions.
  TargetSums of(const SplitPtr& split) const;

 private:
  Totals add_up(Engine& engine, const Table& table);
  void add(const Block& block, Partial& sum, Workspace& workspace) const;
  std::vector<double> together(Index run, const std::vector<Index>& cells) const;

  const ValueSlots& slots_;
  const TargetReading& reading_;
  Cells cells_;
  double shift_ = 0.0;
  Totals totals_;
};

}  // namespace superstep
