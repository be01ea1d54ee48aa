// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_selection/variance_threshold.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/math/column_stats.hpp>

#include "learn/cells.hpp"
#include "learn/preprocessing/column_statistics.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

class SelectionModel final : public Model {
 public:
  SelectionModel(Vector variances, double threshold) : variances_(std::move(variances)) {
    for (Index c = 0; c < variances_.size(); ++c) {
      if (variances_[c] > threshold) kept_.push_back(c);
    }
  }
  Index features() const override { return variances_.size(); }
  bool can(Method method) const override { return method == Method::transform; }
  Index width(Method) const override { return std::ssize(kept_); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss& behind) const override;
  Schema columns_behind(const Schema& in) const override {
    std::vector<std::string> names;
    for (const Index c : kept_) names.push_back(in.name_of(c));
    return Schema::of_numbers(std::ssize(kept_), names);
  }
  void apply(Method, math::ConstPanel x, math::Panel out) const override {
    for (Index i = 0; i < x.rows; ++i) {
      double* to = out.row(i);
      for (const Index c : kept_) *to++ = x.row(i)[c];
    }
  }
  void save(const AttributeWriter& out) const override {
    Length columns;
    out.size("n_features_in_", columns, features());
    out("variances_", variances_, columns, allowed::not_negative_or_nan);
  }

 private:
  Vector variances_;
  std::vector<Index> kept_;
};

/// What is left out may hold anything.
MayMiss SelectionModel::may_miss(const MayMiss& behind) const {
  std::vector<char> where(static_cast<std::size_t>(features()), 1);
  for (std::size_t k = 0; k < kept_.size(); ++k) {
    where[static_cast<std::size_t>(kept_[k])] = behind.in(static_cast<Index>(k)) ? 1 : 0;
  }
  return MayMiss(std::move(where));
}

/// The distance between the greatest and the least value of each column, whatever rows weigh.
/// **Collective.**
std::vector<Vector> ranges_of(Engine& engine, const Table& table,
                              std::span<const SplitPtr> splits) {
  const Index n = table.columns();
  const auto greatest = greatest_of(
      engine, table, splits, 2 * n,
      [n](const Block& block, std::span<double> out, Workspace& workspace) {
        double* low = workspace.doubles(0, n);
        for (Index c = 0; c < n; ++c) low[c] = -out[static_cast<std::size_t>(c)];
        with_features(block, [&](auto x) { math::column_range_add(x, low, out.data() + n); });
        for (Index c = 0; c < n; ++c) out[static_cast<std::size_t>(c)] = -low[c];
      });
  std::vector<Vector> ranges;
  for (const Vector& g : greatest) ranges.push_back(g.tail(n) + g.head(n));
  return ranges;
}

/// As scikit-learn: a range of zero is surer than a variance, which is rounded.
void take_ranges(const Vector& range, const ColumnStatistics& statistics, Index rows,
                 Vector& variances) {
  for (Index c = 0; c < variances.size(); ++c) {
    const bool is_whole = statistics.counts[c] == static_cast<double>(rows);
    if (is_whole) variances[c] = std::min(variances[c], range[c]);
  }
}

void require_one(const Vector& variances, double threshold, Index rows) {
  if ((variances.array() > threshold).any()) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("No feature in X meets the variance threshold {:.5f}{}", threshold,
                                rows == 1 ? " (X contains only one sample)" : ""));
}

}  // namespace

const ParamTable<VarianceThresholdParams>& VarianceThreshold::param_table() {
  static const auto table =
      ParamTable<VarianceThresholdParams>("VarianceThreshold",
                                          "Columns that vary more than so much.")
          .add("threshold", &VarianceThresholdParams::threshold, at_least(0.0),
               "the variance that a column must exceed to be kept")
          .positional(1);
  return table;
}

Footprint VarianceThreshold::footprint(Index columns, Index,
                                       std::span<const Candidate> batch) const {
  const Index cells = cells_of(batch);
  return {cells * statistics_sums(columns), scratch_for_cells(cells, columns),
          8 * std::ssize(batch) * columns};
}

TrainingCost VarianceThreshold::cost(Index columns, Index, std::span<const Candidate>) const {
  const Index passes = params().threshold == 0.0 ? 2 : 1;
  return {passes, passes + 3, 4.0 * static_cast<double>(columns)};
}

std::vector<Trained> VarianceThreshold::train(Engine& engine, const Table& table,
                                              Batch batch) const {
  const std::vector<SplitPtr> splits = splits_of_batch(batch);
  const auto statistics = statistics_of(engine, table, splits, Weighing::none);
  std::vector<Vector> ranges;
  if (std::ranges::any_of(batch, [](const auto& c) { return c.params.threshold == 0.0; })) {
    ranges = ranges_of(engine, table, splits);
  }
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const double threshold = batch[i].params.threshold;
    const Index rows = splits[i] ? splits[i]->train_rows : table.rows();
    models.push_back(attempt([&]() -> Trained {
      Vector variances = statistics[i].variance;
      if (threshold == 0.0) take_ranges(ranges[i], statistics[i], rows, variances);
      require_one(variances, threshold, rows);
      return std::make_shared<SelectionModel>(std::move(variances), threshold);
    }));
  }
  return models;
}

std::shared_ptr<Model> VarianceThreshold::load_fitted(const AttributeReader& in) const {
  Length columns;
  in.size("n_features_in_", columns);
  Vector variances;
  in("variances_", variances, columns, allowed::not_negative_or_nan);
  if (!(variances.array() > params().threshold).any()) {
    throw DataError(fmt::format("{} has none above the threshold", in.path("variances_")));
  }
  return std::make_shared<SelectionModel>(std::move(variances), params().threshold);
}

}  // namespace superstep
