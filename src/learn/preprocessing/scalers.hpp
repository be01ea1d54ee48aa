// SPDX-License-Identifier: BSD-3-Clause
// What the scalers share: their models transform column by column, and rows of weight zero count as
// absent.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/model.hpp>
#include <superstep/math/matrix.hpp>
#include <superstep/math/panel.hpp>

#include "learn/features.hpp"

namespace superstep {

/// A model that transforms every column by itself and hands NaN on.
class ScalerModel : public Model {
 public:
  ScalerModel(Index features, FitReport report) : features_(features) {
    report_ = std::move(report);
  }
  Index features() const override { return features_; }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return features_; }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss& behind) const override { return behind; }
  Schema columns_behind(const Schema& in) const override {
    return Schema::of_numbers(in.size(), in.names());
  }

 private:
  Index features_;
};

/// Puts f(column, value) for every value that is stored.
template <class F>
void put_each(const SparseRows& in, Index rows, SparseRowsOut& out, F f) {
  for (Index i = 0; i < rows; ++i) {
    for (Index k = in.begin[i]; k < in.end[i]; ++k) {
      out.put(in.columns[k], f(Index{in.columns[k]}, in.value(k)));
    }
    out.end_row();
  }
}

/// Calls f(rows) for each run of rows with a weight above zero.
template <class F>
void for_present_rows(const Block& block, F f) {
  with_features(block, [&](auto all) {
    if (block.weight == nullptr) return f(all);
    for (Index begin = 0; begin < block.rows;) {
      Index end = begin;
      while (end < block.rows && block.weight[end] > 0.0) ++end;
      if (end > begin) f(all.middle_rows(begin, end - begin));
      begin = end + 1;
    }
  });
}

/// The rows that each of some splits trains on (null: all rows), those with a weight above zero; a
/// pass over the table only if there are weights. AgreedError if there are none. **Collective.**
std::vector<Index> present_rows(Engine& engine, const Table& table,
                                std::span<const SplitPtr> splits);

/// The greatest values that `raise` meets in the rows that each split trains on, `entries` of them;
/// minus infinity where it met none. raise(block, greatest, workspace) raises them by the rows of a
/// block. One pass for all splits. **Collective.**
using Raise = std::function<void(const Block&, std::span<double> greatest, Workspace&)>;
std::vector<Vector> greatest_of(Engine& engine, const Table& table,
                                std::span<const SplitPtr> splits, Index entries,
                                const Raise& raise);

/// The splits of a batch, one a candidate.
template <class Batch>
std::vector<SplitPtr> splits_of_batch(const Batch& batch) {
  std::vector<SplitPtr> splits;
  for (const auto& c : batch) splits.push_back(c.split);
  return splits;
}

/// `split`: of the candidate; null if it has none.
[[noreturn]] void throw_no_rows(const Table& table, const SplitPtr& split);

/// A warning about the columns that are NaN here because no row had a value.
FitReport report_of_missing(const Vector& statistic);

/// As scikit-learn: what is close to zero does not scale.
Vector without_zeros(Vector scale);

}  // namespace superstep
