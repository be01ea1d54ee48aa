// SPDX-License-Identifier: BSD-3-Clause
// Folds for tests: rows dealt out in turn, or in runs that are as good as contiguous.
#pragma once

#include <memory>
#include <vector>

#include <superstep/data/split.hpp>
#include <superstep/learn/estimator.hpp>

namespace superstep {

/// Row r lies in cell (r / run) % cells.
class DealtRows final : public Partition {
 public:
  DealtRows(Index cells, Index run) : cells_(cells), run_(run) {}
  Index cells() const override { return cells_; }
  void assign(const Block& block, std::int32_t* cell) const override {
    for (Index i = 0; i < block.rows; ++i) cell[i] = cell_of(block.place(i));
  }
  std::int32_t cell_of(Index row) const { return static_cast<std::int32_t>(row / run_ % cells_); }

 private:
  Index cells_;
  Index run_;
};

/// One split a cell, which it tests on; with `gap` the cell before that is not used at all.
inline std::vector<SplitPtr> splits_of(const std::shared_ptr<const DealtRows>& partition,
                                       Index rows, bool gap = false) {
  std::vector<SplitPtr> splits;
  for (Index test = 0; test < partition->cells(); ++test) {
    auto split = std::make_shared<Split>();
    split->partition = partition;
    split->roles.assign(static_cast<std::size_t>(partition->cells()), Role::train);
    split->roles[static_cast<std::size_t>(test)] = Role::test;
    if (gap && test > 0) split->roles[static_cast<std::size_t>(test - 1)] = Role::unused;
    for (Index r = 0; r < rows; ++r) {
      const Role role = split->role_of(partition->cell_of(r));
      split->train_rows += role == Role::train ? 1 : 0;
      split->test_rows += role == Role::test ? 1 : 0;
    }
    splits.push_back(std::move(split));
  }
  return splits;
}

inline std::vector<SplitPtr> dealt_folds(Index cells, Index rows, Index run = 1, bool gap = false) {
  return splits_of(std::make_shared<DealtRows>(cells, run), rows, gap);
}

/// Every candidate's model; the first failure is thrown.
inline std::vector<Trained> train_all(Engine& engine, const Table& table,
                                      const std::vector<Candidate>& batch) {
  std::vector<Trained> all = batch.front().estimator->fit_batch(engine, table, batch);
  for (const Trained& t : all) {
    if (t.failure) throw *t.failure;
  }
  return all;
}

/// The candidate's model as an estimator finds it that is shown the fold's rows through the map.
inline Trained train_on_rows(Engine& engine, Table table, const Candidate& c) {
  if (c.split) table = table.only(c.split, Role::train);
  if (c.features) table = table.through(c.features);
  return train_all(engine, table, {{c.estimator}}).front();
}

}  // namespace superstep
