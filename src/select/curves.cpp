// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/curves.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>

namespace superstep {

namespace {

/// The cells of another partition, each cut in two at a place: those before it, and the rest.
class CutPartition final : public Partition {
 public:
  CutPartition(std::shared_ptr<const Partition> whole, Index place)
      : whole_(std::move(whole)), place_(place) {}
  Index cells() const override { return 2 * whole_->cells(); }
  void assign(const Block& block, std::int32_t* cell) const override {
    whole_->assign(block, cell);
    for (Index i = 0; i < block.rows; ++i)
      cell[i] = 2 * cell[i] + (block.place(i) < place_ ? 0 : 1);
  }

 private:
  std::shared_ptr<const Partition> whole_;
  Index place_;
};

/// The split without the training rows from `place` on.
SplitPtr shortened(const Split& split, Index place, Index rows) {
  Split part;
  part.partition = std::make_shared<CutPartition>(split.partition, place);
  for (const Role role : split.roles) {
    part.roles.push_back(role);
    part.roles.push_back(role == Role::train ? Role::unused : role);
  }
  part.train_rows = rows;
  part.test_rows = split.test_rows;
  part.name = split.name.empty() ? "" : fmt::format("{} first {}", split.name, rows);
  return std::make_shared<Split>(std::move(part));
}

std::vector<Index> rows_of(const std::vector<double>& sizes, Index most) {
  std::vector<Index> rows;
  const bool are_fractions = std::ranges::all_of(sizes, [](double s) { return s <= 1.0; });
  for (const double s : sizes) {
    const double wanted = are_fractions ? s * static_cast<double>(most) : s;
    rows.push_back(static_cast<Index>(wanted));
    if (rows.back() < 1 || rows.back() > most) {
      throw UsageError(fmt::format("train_sizes has to be within (0, {}], but {} means {} rows",
                                   most, s, rows.back()));
    }
  }
  std::ranges::sort(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

/// The place behind the n-th training row of each split, for each n: one word for each block tells
/// how many training rows it has, a second pass looks where the row lies.
class Places {
 public:
  Places(Engine& engine, const Table& table, const std::vector<SplitPtr>& splits)
      : engine_(engine), table_(table), splits_(splits) {}

  std::vector<std::vector<Index>> find(const std::vector<Index>& rows) {
    const std::vector<double> counts = counts_of_blocks();
    const Index blocks = table_.data->blocks().size();
    const auto n = static_cast<Index>(rows.size());
    const std::vector<double> found = engine_.maximum(
        table_, n * static_cast<Index>(splits_.size()),
        [&](const Block& block, std::span<double> out, Workspace& workspace) {
          for (std::size_t s = 0; s < splits_.size(); ++s) {
            const double* of_split = counts.data() + static_cast<Index>(s) * blocks;
            double before = 0.0;
            for (Index b = 0; b < block.position; ++b) before += of_split[b];
            std::int32_t* taken = workspace.integers(1, block.rows);
            const Index mine = rows_with_role(*splits_[s], Role::train, block,
                                              workspace.integers(0, block.rows), taken);
            for (Index i = 0; i < n; ++i) {
              const Index nth = rows[static_cast<std::size_t>(i)] - static_cast<Index>(before);
              if (nth < 1 || nth > mine) continue;
              out[s * rows.size() + static_cast<std::size_t>(i)] =
                  static_cast<double>(block.place(Index{taken[nth - 1]}) + 1);
            }
          }
        });
    std::vector<std::vector<Index>> places(splits_.size());
    for (std::size_t s = 0; s < splits_.size(); ++s) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        places[s].push_back(static_cast<Index>(found[s * rows.size() + i]));
      }
    }
    return places;
  }

 private:
  std::vector<double> counts_of_blocks() {
    const Index blocks = table_.data->blocks().size();
    return engine_.maximum(
        table_, blocks * static_cast<Index>(splits_.size()),
        [&](const Block& block, std::span<double> out, Workspace& workspace) {
          for (std::size_t s = 0; s < splits_.size(); ++s) {
            const Index mine =
                rows_with_role(*splits_[s], Role::train, block, workspace.integers(0, block.rows),
                               workspace.integers(1, block.rows));
            out[s * static_cast<std::size_t>(blocks) + static_cast<std::size_t>(block.position)] =
                static_cast<double>(mine);
          }
        });
  }

  Engine& engine_;
  const Table& table_;
  const std::vector<SplitPtr>& splits_;
};

}  // namespace

std::vector<double> parse_train_sizes(const std::string& text) {
  const Value value = evaluate_grid_value(parse_value("[" + text + "]"));
  Value::Items items = value.items();
  if (items.size() == 1 && items.front().is_sequence()) items = items.front().items();
  std::vector<double> sizes;
  for (const Value& v : items) {
    if (!v.is_number() || !(v.as_double() > 0.0)) {
      throw UsageError(
          fmt::format("--learning-curve takes fractions or numbers of rows above zero "
                      "(0.1,0.5,1.0), got {}",
                      v.repr()));
    }
    sizes.push_back(v.as_double());
  }
  if (sizes.empty()) throw UsageError("--learning-curve names no size: 0.1,0.5,1.0");
  return sizes;
}

LearningCurve plan_learning_curve(Engine& engine, const Estimator& estimator,
                                  const FoldedData& folds, const std::vector<double>& sizes) {
  Index most = std::numeric_limits<Index>::max();
  for (const SplitPtr& split : folds.splits) most = std::min(most, split->train_rows);
  LearningCurve curve;
  collectively(engine.comm(), [&] { curve.sizes = rows_of(sizes, most); });
  Table table;
  table.data = folds.data;
  table.target = estimator.target();
  table.may_miss = estimator.may_miss(&folds.data->schema(), MayMiss::everywhere());
  const auto places = Places(engine, table, folds.splits).find(curve.sizes);
  for (std::size_t i = 0; i < curve.sizes.size(); ++i) {
    auto& splits = curve.splits.emplace_back();
    for (std::size_t s = 0; s < folds.splits.size(); ++s) {
      splits.push_back(shortened(*folds.splits[s], places[s][i], curve.sizes[i]));
    }
  }
  return curve;
}

}  // namespace superstep
