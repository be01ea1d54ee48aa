// SPDX-License-Identifier: BSD-3-Clause
// ROC AUC and average precision, exactly: the scores of all rows are put in order, ties and weights
// included, and counted in integers, so the result does not depend on who held which row.
//
// Every rank keeps the scores of its rows as far as its memory reaches; they are sorted, exchanged
// so that each rank holds a range of scores, and counted. What did not fit is gathered in further
// passes over the data, from the greatest scores to the least.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/metrics/plan.hpp>
#include <superstep/learn/metrics/statistics.hpp>
#include <superstep/learn/metrics/sums.hpp>

namespace superstep {

class ScoreRanking {
 public:
  /// `blocks`: of the dataset, `ranks` that share them.
  ScoreRanking(std::vector<RankedColumn> columns, Index classes, const BlockPlan& blocks,
               int ranks);
  ~ScoreRanking();

  /// Memory with which one pass is enough, and the least with which it can be done at all.
  std::size_t wanted_bytes() const;
  std::size_t least_bytes() const;
  /// Before the first pass.
  void set_memory(std::size_t bytes);

  /// Takes the scores of a block in the first pass, each block once. Any thread. DataError for a
  /// score that is NaN or infinite.
  void add(const OutputRows& rows);

  /// Puts the scores in order, with more passes over the table of outputs where they did not fit.
  /// `class_weight`: the sum of each class's weights, about; `codes`: class codes of the model by
  /// those of the table, as in OutputRows. One ranking for each column; its `auc` is complete only
  /// in the row of the column's own class. **Collective.**
  Ranking finish(Engine& engine, const Table& outputs, const std::vector<double>& class_weight,
                 const std::vector<double>& codes);

 private:
  struct Column;
  static double checked(double score);
  void count_sorted(const Communicator& comm, Column& column);
  void next_pass(Engine& engine, const Table& outputs, const std::vector<double>& codes);
  Ranking combined(const Communicator& comm) const;

  Index classes_;
  Index most_rows_;  ///< that a rank has
  std::vector<Column> columns_;
  std::vector<int> grid_;     ///< weights of class c are counted in units of 2^-grid_[c]
  std::size_t capacity_ = 0;  ///< rows a column may hold
  std::size_t columns_at_once_ = 1;
  std::size_t first_pass_columns_ = 0;
  std::size_t slice_bytes_ = 0;
  std::mutex mutex_;
};

}  // namespace superstep
