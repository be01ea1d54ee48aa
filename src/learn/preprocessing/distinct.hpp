// SPDX-License-Identifier: BSD-3-Clause
// The different values of columns and how often each occurs, over all ranks: what encoders of
// categories and the most frequent value of an imputer are made of.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <superstep/data/schema.hpp>
#include <superstep/engine/engine.hpp>

namespace superstep {

/// Of one column.
struct DistinctValues {
  std::vector<double> values;  ///< ascending, without NaN; of a category numbers of levels
  std::vector<Index> counts;   ///< rows that hold each
  Index missing = 0;           ///< rows that hold none

  Index rows() const;
};

/// Of each column of the table, in its rows; one pass. `columns`: what they are. DataError where a
/// column of numbers has more different ones than can be categories. **Collective.**
std::vector<DistinctValues> distinct_values(Engine& engine, const Table& table,
                                            const Schema& columns, const std::string& what_for);

/// Likewise, of the rows that each of some splits trains on (null: all rows): all in one pass.
class DistinctBySplit {
 public:
  /// **Collective.**
  DistinctBySplit(Engine& engine, const Table& table, std::vector<SplitPtr> splits,
                  const Schema& columns, const std::string& what_for);
  const std::vector<DistinctValues>& of(const SplitPtr& split) const;

 private:
  std::vector<SplitPtr> splits_;
  std::vector<std::vector<DistinctValues>> found_;
};

/// The splits of a batch, each once.
template <class C>
std::vector<SplitPtr> splits_among(std::span<const C> batch) {
  std::vector<SplitPtr> splits;
  for (const C& c : batch) {
    if (std::ranges::find(splits, c.split) == splits.end()) splits.push_back(c.split);
  }
  return splits;
}

/// Doubles that a rank keeps for that, as a rule.
Index doubles_for_distinct(const Schema& columns);

}  // namespace superstep
