// SPDX-License-Identifier: BSD-3-Clause
// ROC AUC and average precision, exactly: the scores of all rows are put in order, ties and weights
// included, and counted in integers, so the result does not depend on who held which row.
//
// Every rank keeps the scores of its rows as far as its memory reaches; they are sorted, exchanged
// so that each rank holds a range of scores, and counted. What did not fit is gathered in further
// passes over the data, from the greatest scores to the least.
#pragma once

#include <atomic>
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
  /// `most_rows`: that a rank will give it.
  ScoreRanking(std::vector<RankedColumn> columns, Index classes, Index most_rows);
  ~ScoreRanking();

  /// Before the first pass: Ranking::curve is wanted, of two classes.
  void keep_curve() { keeps_curve_ = true; }
  /// More points than anybody can use, and than are sent to one rank.
  static constexpr Index most_curve_points = Index{1} << 21;

  /// Memory with which one pass is enough: for what is kept, and for putting it in order. Several
  /// rankings of one pass are put in order one after the other.
  std::size_t kept_bytes() const;
  std::size_t sorting_bytes() const;
  /// With which it can be done at all.
  std::size_t least_bytes() const;
  /// Before the first pass: all that one pass takes, or so much.
  void set_memory(std::size_t bytes);

  /// Takes the scores of some rows in the first pass, each row once. Any thread.
  void add(const OutputRows& rows);

  /// Puts the scores in order, with more passes over the table of outputs, which shows the same
  /// rows, where they did not fit. `class_weight`: the sum of each class's weights, about; `codes`:
  /// class codes of the model by those of the table, as in OutputRows. One ranking for each column;
  /// its `auc` is complete only in the row of the column's own class. **Collective.**
  Ranking finish(Engine& engine, const Table& outputs, const std::vector<double>& class_weight,
                 const std::vector<double>& codes);

 private:
  struct Column;
  std::size_t bytes_for(double columns) const;
  void count_sorted(const Communicator& comm, Column& column);
  void next_pass(Engine& engine, const Table& outputs, const std::vector<double>& codes);
  Ranking combined(const Communicator& comm) const;
  void gather_curve(const Communicator& comm, Ranking& into) const;

  Index classes_;
  bool keeps_curve_ = false;
  Index most_rows_;  ///< that a rank has
  std::vector<Column> columns_;
  std::vector<int> grid_;     ///< weights of class c are counted in units of 2^-grid_[c]
  std::size_t capacity_ = 0;  ///< rows a column may hold
  std::size_t columns_at_once_ = 1;
  std::size_t first_pass_columns_ = 0;
  std::size_t slice_bytes_ = 0;
  std::atomic<bool> is_undefined_ = false;  ///< a score was NaN or infinite
  std::mutex mutex_;
};

}  // namespace superstep
