// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/judged_rows.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "learn/features.hpp"

namespace superstep {

namespace {

/// What is kept in a worker's memory, besides what ModelTree keeps there.
enum Doubles : std::size_t {
  gathered_x,
  gathered_y,
  gathered_weight,
  codes,
  own_target = codes,
  beginnings,
  ends
};
enum Integers : std::size_t { chosen_numbers, cells };

/// Some rows of a block, in panels, one behind the other.
class Gatherer {
 public:
  /// `rows`: their numbers; null: the first `count`.
  Gatherer(const Block& block, const std::int32_t* rows, Index count, Workspace& workspace)
      : block_(block), rows_(rows), count_(count), workspace_(workspace) {}

  Index count() const { return count_; }
  math::ConstPanel x(Index first, Index n) const {
    const double* values = with_features(
        block_, [&](auto all) { return of(all.data, block_.columns, gathered_x, first, n); });
    return {values, n, block_.columns};
  }
  SparseRows sparse(const SparseRows& all, Index first, Index n) const {
    static_assert(sizeof(Index) == sizeof(double));
    if (rows_ == nullptr) {
      SparseRows some = all;
      some.begin += first;
      some.end += first;
      return some;
    }
    const auto places = [&](std::size_t slot) {
      return reinterpret_cast<Index*>(workspace_.doubles(slot, ModelTree::panel_rows));
    };
    return chosen_rows(all, {rows_ + first, static_cast<std::size_t>(n)}, places(beginnings),
                       places(ends));
  }
  const double* y(Index first, Index n) const {
    return block_.targets == 1 ? column(block_.y, gathered_y, first, n)
                               : of(block_.y, block_.targets, gathered_y, first, n);
  }
  const double* weight(Index first, Index n) const {
    return column(block_.weight, gathered_weight, first, n);
  }

 private:
  static constexpr Index rows_ahead = 8;

  /// Chosen rows lie apart: the hardware does not see which comes next.
  template <class T>
  void fetch(const T* values, Index width, Index i) const {
    if (i >= count_) return;
    const T* row = values + Index{rows_[i]} * width;
    constexpr Index line = 64 / sizeof(T);
    for (Index c = 0; c < width; c += line) __builtin_prefetch(row + c);
  }

  /// Of one value a row: copied where it stands, not by a call.
  const double* column(const double* values, std::size_t slot, Index first, Index n) const {
    if (values == nullptr) return nullptr;
    if (rows_ == nullptr) return values + first;
    double* const begin = workspace_.doubles(slot, ModelTree::panel_rows);
    for (Index i = 0; i < n; ++i) {
      fetch(values, 1, first + i + rows_ahead);
      begin[i] = values[rows_[first + i]];
    }
    return begin;
  }

  template <class T>
  const double* of(const T* values, Index width, std::size_t slot, Index first, Index n) const {
    if (values == nullptr) return nullptr;
    if constexpr (std::is_same_v<T, double>) {
      if (rows_ == nullptr) return values + first * width;
    }
    double* const begin = workspace_.doubles(slot, ModelTree::panel_rows * width);
    if (rows_ == nullptr) {
      std::copy_n(values + first * width, n * width, begin);
      return begin;
    }
    double* to = begin;
    for (Index i = first; i < first + n; ++i) {
      fetch(values, width, i + rows_ahead);
      to = std::copy_n(values + Index{rows_[i]} * width, width, to);
    }
    return begin;
  }

  const Block& block_;
  const std::int32_t* rows_;
  Index count_;
  Workspace& workspace_;
};

}  // namespace

JudgedRows::JudgedRows(std::span<Judging* const> models) : models_(models.begin(), models.end()) {
  for (std::size_t i = 0; i < models_.size(); ++i) {
    set_of(models_[i]->judged).tree.add(i, models_[i]->route, models_[i]->plan);
  }
}

JudgedRows::RowSet& JudgedRows::set_of(const Judged& judged) {
  for (RowSet& set : sets_) {
    if (set.split == judged.split && (!set.split || set.role == judged.role)) return set;
  }
  std::size_t partition = 0;
  if (judged.split) {
    const auto found = std::ranges::find(partitions_, judged.split->partition);
    partition = static_cast<std::size_t>(found - partitions_.begin());
    if (found == partitions_.end()) partitions_.push_back(judged.split->partition);
  }
  return sets_.emplace_back(RowSet{judged.split, judged.role, partition});
}

void JudgedRows::walk(const Block& block, Workspace& workspace, const Take& take) const {
  for (std::size_t p = 0; p < partitions_.size(); ++p) {
    partitions_[p]->assign(block, workspace.integers(cells + p, block.rows));
  }
  for (const RowSet& set : sets_) {
    std::int32_t* chosen = nullptr;
    Index count = block.rows;
    if (set.split) {
      chosen = workspace.integers(chosen_numbers, block.rows);
      const std::int32_t* cell = workspace.integers(cells + set.partition, block.rows);
      count = 0;
      for (Index i = 0; i < block.rows; ++i) {
        chosen[count] = static_cast<std::int32_t>(i);
        count += set.split->role_of(cell[i]) == set.role ? 1 : 0;
      }
    }
    const Gatherer rows(block, chosen, count, workspace);
    const SparseRows* const sparse = block.x.sparse();
    for (Index first = 0; first < count; first += ModelTree::panel_rows) {
      const Index n = std::min(ModelTree::panel_rows, count - first);
      const double* y = rows.y(first, n);
      const double* weight = rows.weight(first, n);
      const auto take_outputs = [&](std::size_t model, math::ConstPanel outputs) {
        take_each(model, {outputs, y, weight}, workspace, take);
      };
      if (sparse != nullptr) {
        set.tree.walk(rows.sparse(*sparse, first, n), n, workspace, take_outputs);
      } else {
        set.tree.walk(rows.x(first, n), workspace, take_outputs);
      }
    }
  }
}

void JudgedRows::take_each(std::size_t model, const OutputRows& rows, Workspace& workspace,
                           const Take& take) const {
  const Index targets = models_[model]->plan.targets();
  if (targets == 1) return take(model, 0, labelled(model, rows, workspace));
  const math::ConstPanel& all = rows.outputs;
  double* const y = workspace.doubles(own_target, ModelTree::panel_rows);
  for (Index t = 0; t < targets; ++t) {
    for (Index i = 0; i < all.rows; ++i) y[i] = rows.y[i * targets + t];
    take(model, t, {{all.data + t, all.rows, all.columns - t, all.stride}, y, rows.weight});
  }
}

/// Class codes as the model has them.
OutputRows JudgedRows::labelled(std::size_t model, OutputRows rows, Workspace& workspace) const {
  const LabelMatch& match = models_[model]->labels;
  if (rows.y == nullptr || match.is_identity) return rows;
  double* to = workspace.doubles(codes, ModelTree::panel_rows);
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    to[i] = match.codes[static_cast<std::size_t>(rows.y[i])];
  }
  rows.y = to;
  return rows;
}

class JudgedRows::ScaleMap final : public RowMap {
 public:
  ScaleMap(const JudgedRows& rows, Index columns) : rows_(rows), columns_(columns) {
    for (const Judging* model : rows.models_) {
      first_.push_back(columns_out_);
      columns_out_ += model->plan.targets();
    }
  }
  Index columns_in() const override { return columns_; }
  Index columns_out() const override { return columns_out_; }

  void apply(const double* in, Index rows, double* out) const override {
    const Index n = std::min(rows, enough);
    std::vector<double> sample;
    for (Index i = 0; i < n; ++i) {
      const double* row = in + i * rows / n * columns_;
      sample.insert(sample.end(), row, row + columns_);
    }
    const std::vector<double> largest =
        largest_of([&](const ModelTree& tree, Workspace& workspace, const ModelTree::Take& take) {
          tree.walk({sample.data(), n, columns_}, workspace, take);
        });
    for (Index i = 0; i < rows; ++i) out = std::ranges::copy(largest, out).out;
  }
  bool keeps_sparse() const override { return true; }
  void apply_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const override {
    const Index n = std::min(rows, enough);
    Index begin[enough], end[enough];
    std::vector<std::int32_t> sample;
    for (Index i = 0; i < n; ++i) sample.push_back(static_cast<std::int32_t>(i * rows / n));
    const SparseRows some = chosen_rows(in, sample, begin, end);
    const std::vector<double> largest =
        largest_of([&](const ModelTree& tree, Workspace& workspace, const ModelTree::Take& take) {
          tree.walk(some, n, workspace, take);
        });
    for (Index i = 0; i < rows; ++i) put_all({largest.data(), 1, std::ssize(largest)}, out);
  }

 private:
  static constexpr Index enough = 64;  ///< rows of a block

  /// Of the outputs for some rows, of which `walk` shows each tree its own.
  template <class Walk>
  std::vector<double> largest_of(const Walk& walk) const {
    std::vector<double> largest(static_cast<std::size_t>(columns_out()), 0.0);
    Workspace workspace;
    for (const RowSet& set : rows_.sets_) {
      walk(set.tree, workspace, [&](std::size_t model, math::ConstPanel outputs) {
        const Index last = rows_.models_[model]->plan.targets() - 1;
        for (Index c = 0; c < outputs.columns; ++c) {
          double& of_target = largest[static_cast<std::size_t>(first_[model] + std::min(c, last))];
          for (Index i = 0; i < outputs.rows; ++i) {
            const double v = std::fabs(outputs.row(i)[c]);
            if (std::isfinite(v)) of_target = std::max(of_target, v);
          }
        }
      });
    }
    return largest;
  }

  const JudgedRows& rows_;
  Index columns_;
  Index columns_out_ = 0;
  std::vector<Index> first_;  ///< of a model's columns
};

std::shared_ptr<const RowMap> JudgedRows::scale_map(Index columns) const {
  return std::make_shared<ScaleMap>(*this, columns);
}

}  // namespace superstep
